/* SPDX-License-Identifier: 0BSD */
/* gate: a caller's first line has the same verdict in pieces; whatever passes holds no web request. */
#include "fuzz.h"

#include "gate.h"
#include "text.h"

static const char *judge(const char *s, size_t n, size_t piece)
{
	struct gate_words w = { 0 };
	const char *why = NULL;

	for (size_t at = 0; at < n && !why; at += piece)
		why = gate_words(&w, s + at, n - at < piece ? n - at : piece);
	return why;
}

static int is_visible(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] > ' ' && s[i] != 0x7f)
			return 1;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const char *s = (const char *)bytes;
	const char *why = judge(s, n, n + 1);
	size_t len = 0;

	MUST(judge(s, n, 1) == why && judge(s, n, 7) == why);
	for (size_t at = 0; !why && at < n; at += len + 1) {
		for (len = 0; at + len < n && s[at + len] != '\n' && s[at + len] != '\r'; len++)
			;
		MUST(len <= GATE_LINE_MAX && !memchr(s + at, '\0', len) && !text_find(s + at, len, " HTTP/", 6));
		MUST(!len || (!(s[at] >= 'A' && s[at] <= 'Z') && s[at] != 0x16));
		if (is_visible(s + at, len))
			break;
	}
	char *exe = fuzz_text(bytes, n);
	MUST(!text_ends(exe, "/qemu-system-x86_64 (deleted)") || gate_process(exe));
	free(exe);
	return 0;
}
