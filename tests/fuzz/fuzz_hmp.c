/* SPDX-License-Identifier: 0BSD */
/* hmp: greeting, then the answer to a command; as whole unless a prompt seems to stand at the end of a piece. */
#include "fuzz.h"

#include "hmp.h"

/* Feeds up to the prompt; how much was read in pieces before it. */
static size_t feed(struct hmp *h, const char *s, size_t n, size_t piece)
{
	size_t at = 0;

	while (at < n && !hmp_ready(h)) {
		size_t part = n - at < piece ? n - at : piece;
		MUST(hmp_feed(h, s + at, part) == hmp_ready(h));
		at += part;
	}
	return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const char *s = (const char *)bytes;
	struct hmp whole = { 0 }, pieces = { 0 };
	struct buf out = { 0 };

	feed(&whole, s, n, n + 1);
	size_t at = feed(&pieces, s, n, 1);
	MUST(at < n || (hmp_ready(&whole) == hmp_ready(&pieces) && fuzz_same(&whole.reply, &pieces.reply)));
	MUST(!hmp_ready(&pieces) || !memchr(buf_text(&pieces.reply), 0x1b, pieces.reply.n));
	if (hmp_ready(&pieces)) {
		hmp_command(&pieces, "info version", &out);
		feed(&pieces, s + at, n - at, 5);
	}
	char *line = fuzz_text(bytes, n);
	if (!hmp_line_bad(line, n)) {
		buf_clear(&out);
		hmp_command(&whole, line, &out);
		MUST(out.n == n + 1 && !memchr(out.s, '\n', n));
	}
	hmp_line_ends(&out);
	free(line);
	buf_free(&out);
	hmp_free(&whole);
	hmp_free(&pieces);
	return 0;
}
