/* SPDX-License-Identifier: 0BSD */
/* request: both directions of keep.sock; what was read and is written again reads the same. */
#include "fuzz.h"

#include "request.h"

static void ask(char *line)
{
	struct buf again = { 0 };
	struct request r, s;

	if (request_parse(&r, line) < 0)
		return;
	request_print(&again, r.verb, r.number, r.text);
	again.s[--again.n] = '\0';
	MUST(request_parse(&s, again.s) == 0 && s.version == REQUEST_VERSION);
	MUST(s.number == r.number && !strcmp(s.verb, r.verb) && !strcmp(s.text, r.text));
	buf_free(&again);
}

static void answer(const char *words)
{
	struct buf b = { 0 };
	struct reply r;

	reply_parse(&r, words);
	MUST(r.words && r.code >= 0 && (r.kind != REPLY_END || r.code <= 255));
	reply_words(&b, words);
	MUST(fuzz_lines(&b) && memchr(b.s, '\n', b.n) == b.s + b.n - 1);
	reply_parse(&r, b.s);
	MUST(r.kind == REPLY_WORDS);
	buf_clear(&b);
	reply_end(&b, 124, words);
	MUST(fuzz_lines(&b) && memchr(b.s, '\n', b.n) == b.s + b.n - 1);
	reply_parse(&r, b.s);
	MUST(r.kind == REPLY_END && r.code == 124);
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char *text = fuzz_text(bytes, n), *rest = text;

	answer(text);
	for (char *line; (line = strsep(&rest, "\n")); ) {
		ask(line);
		answer(line);
	}
	free(text);
	return 0;
}
