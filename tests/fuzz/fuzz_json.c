/* SPDX-License-Identifier: 0BSD */
/* json: in pieces as whole; what is accepted, written again, is accepted, and is the same from then on. */
#include "fuzz.h"

#include "json.h"

static void write_again(struct json_span v, struct buf *out)
{
	struct json_span key, value;
	size_t at = 0;
	int object = v.s[0] == '{', more;

	if (v.s[0] == '"') {
		struct buf text = { 0 };
		MUST(json_text(v, &text) == 0);
		json_quote(out, buf_text(&text), text.n);
		buf_free(&text);
	} else if (object || v.s[0] == '[') {
		buf_char(out, v.s[0]);
		for (int i = 0; (more = json_next(v, &at, &key, &value)) == 1; i++) {
			MUST(value.n && (object || key.n == 0));
			if (i)
				buf_char(out, ',');
			if (object)
				buf_fmt(out, "\"%.*s\":", (int)key.n, key.s);
			write_again(value, out);
		}
		MUST(more == 0);
		buf_char(out, object ? '}' : ']');
	} else {
		buf_add(out, v.s, v.n);
	}
}

/* Where the first value ends; -1: it never does. */
static int scan(const char *s, size_t n, size_t piece, size_t *end)
{
	struct json_scan j = { 0 };
	size_t used;
	int got = 0;

	for (*end = 0; *end < n && got == 0; *end += used) {
		got = json_feed(&j, s + *end, n - *end < piece ? n - *end : piece, &used);
		MUST(used <= piece && (got || used));
	}
	return got;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const char *s = (const char *)bytes;
	struct json_span doc, value;
	struct buf once = { 0 }, twice = { 0 };
	size_t whole, pieces;
	long long number;

	int got = scan(s, n, n + 1, &whole);
	MUST(scan(s, n, 1, &pieces) == got && pieces == whole);
	MUST(scan(s, n, 3, &pieces) == got && pieces == whole);
	if (json_whole(s, n, &doc) == 0) {
		write_again(doc, &once);
		MUST(json_whole(buf_text(&once), once.n, &value) == 0 && value.n == once.n);
		write_again(value, &twice);
		MUST(fuzz_same(&once, &twice));
	} else {
		doc = (struct json_span){ s, n }; /* a walk over what is none stays inside, too */
	}
	char *path = fuzz_text(bytes, n);
	MUST(json_find(doc, path, &value) == 0 || value.n == 0);
	MUST(json_find(doc, "error.desc", &value) < 0 || (value.s >= doc.s && value.s + value.n <= doc.s + doc.n));
	if (json_find(doc, "a.0", &value) == 0)
		json_number(value, &number);
	buf_clear(&once);
	json_quote(&once, s, n);
	buf_clear(&twice);
	MUST(json_text((struct json_span){ once.s, once.n }, &twice) == 0);
	free(path);
	buf_free(&once);
	buf_free(&twice);
	return 0;
}
