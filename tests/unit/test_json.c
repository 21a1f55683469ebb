/* SPDX-License-Identifier: 0BSD */
/* json: framing over any chunking, reading in place, writing strings. */
#include "json.h"

#include "unit.h"

#include <limits.h>
#include <stdlib.h>

static struct json_span span(const char *s)
{
	return (struct json_span){ s, strlen(s) };
}

/* The framer's answer for a whole text given in chunks; *end is where the value ended. */
static int feed(const char *s, size_t n, size_t chunk, size_t *end)
{
	struct json_scan scan = { 0 };
	size_t used;
	int got = 0;

	for (*end = 0; *end < n && got == 0; *end += used)
		got = json_feed(&scan, s + *end, n - *end < chunk ? n - *end : chunk, &used);
	return got;
}

static void test_frames(void)
{
	static const struct { const char *text; int got; size_t end; } cases[] = {
		{ "", 0, 0 }, { " \r\n\t", 0, 4 }, { "{}", 1, 2 }, { "{}\n", 1, 2 }, { " [] {}", 1, 3 },
		{ "{\"a\":1}", 1, 7 }, { "{\"a\":1,\"b\":[1,2.5e-3,null,true]}", 1, 32 }, { "{\"a\" :\r\n\"}\"}", 1, 12 },
		{ "{\"a\\\"}\":\"\\u00e4\\\\\"}", 1, 19 }, { "[[],[{}],\"x\"]", 1, 13 },
		{ "{", 0, 1 }, { "{\"a\":\"", 0, 6 }, { "[1", 0, 2 },
		{ "}", -1, 1 }, { "{]", -1, 2 }, { "[}", -1, 2 }, { "[1,]", -1, 4 }, { "{\"a\":1,}", -1, 8 }, { "{\"a\"}", -1, 5 },
		{ "{\"a\" 1}", -1, 6 }, { "{1:2}", -1, 2 }, { "[1 2]", -1, 4 }, { "[,1]", -1, 2 }, { "{\"a\"=1}", -1, 5 },
		{ "1", -1, 1 }, { "\"a\"", -1, 1 }, { "true", -1, 1 }, { "[\"\n\"]", -1, 3 }, { "[\"\\x\"]", -1, 4 },
		{ "[\"\\u12g4\"]", -1, 7 }, { "[x]", -1, 2 }, { "['a']", -1, 2 }, { "{\"a\":1}}", 1, 7 }, { "QEMU", -1, 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t n = strlen(cases[i].text), end;
		for (size_t chunk = 1; chunk <= n + 1; chunk++) {
			int got = feed(cases[i].text, n, chunk, &end);
			if (got != cases[i].got || end != cases[i].end)
				fprintf(stderr, "`%s` by %zu: %d, %zu\n", cases[i].text, chunk, got, end);
			CHECK(got == cases[i].got && end == cases[i].end);
		}
	}
	size_t end;
	CHECK(feed("[\"a\0b\"]", 7, 7, &end) == -1 && end == 4);
	CHECK(feed("\0", 1, 1, &end) == -1);
}

static void test_depth(void)
{
	char text[2 * (JSON_DEPTH_MAX + 1)];
	size_t end;

	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	CHECK(feed(text, 2 * JSON_DEPTH_MAX, 100, &end) == 1 && end == 2 * JSON_DEPTH_MAX);
	memset(text, '[', sizeof(text));
	CHECK(feed(text, sizeof(text), sizeof(text), &end) == -1 && end == JSON_DEPTH_MAX + 1);
}

static void test_stream(void)
{
	static const char text[] = "{\"a\":1}\r\n[2]{}";
	struct json_scan scan = { 0 };
	size_t at = 0, used;
	int values = 0;

	while (at < sizeof(text) - 1) {
		values += json_feed(&scan, text + at, 1, &used) == 1;
		at += used;
	}
	CHECK(values == 3);
}

static void test_large(void)
{
	size_t n = 1 << 20, end;
	char *text = malloc(n);
	struct json_span value;

	memset(text, 'x', n);
	memcpy(text, "[\"", 2);
	memcpy(text + n - 2, "\"]", 2);
	CHECK(feed(text, n, 4096, &end) == 1 && end == n);
	CHECK(json_find((struct json_span){ text, n }, "0", &value) == 0 && value.n == n - 2);
	free(text);
}

static void test_whole(void)
{
	struct json_span out;

	CHECK(json_whole(" {\"a\":1}\r\n", 10, &out) == 0 && out.n == 7);
	CHECK(json_whole("", 0, &out) < 0 && out.n == 0);
	CHECK(json_whole("{} {}", 5, &out) < 0);
	CHECK(json_whole("12", 2, &out) < 0);
	CHECK(json_whole("{", 1, &out) < 0);
}

static void test_find(void)
{
	struct json_span doc = span("{\"id\": 7, \"error\" : {\"class\":\"A\",\"desc\":\"b c\"}, \"a\":[{},{\"x\":[1,2,3]}], \"id\":8, \"t\":true}");
	struct json_span v;
	long long n;

	CHECK(json_find(doc, "id", &v) == 0 && json_number(v, &n) == 0 && n == 7);
	CHECK(json_find(doc, "error.desc", &v) == 0 && v.n == 5);
	CHECK(json_find(doc, "a.1.x.2", &v) == 0 && v.n == 1 && *v.s == '3');
	CHECK(json_find(doc, "t", &v) == 0 && json_true(v));
	CHECK(json_find(doc, "a.2", &v) < 0 && v.n == 0 && !json_true(v));
	CHECK(json_find(doc, "a.x", &v) < 0);
	CHECK(json_find(doc, "id.x", &v) < 0);
	CHECK(json_find(doc, "", &v) == 0 && v.n == doc.n);
	CHECK(json_find((struct json_span){ NULL, 0 }, "x", &v) < 0);
	CHECK(json_find(doc, "a.99999999999999999999999999", &v) < 0);
}

/* A walk over what is no JSON ends, and stays inside. */
static void test_broken(void)
{
	static const char *const cases[] = {
		"{", "[", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":\"", "{\"a\":\"\\", "[1", "[1,", "[1 2]", "{\"a\":}", "[}", "[{]", "{a}", "[\"a", "x", "[=]",
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t n = strlen(cases[i]);
		char *copy = malloc(n); /* without a NUL: the sanitizer sees one byte too far */
		memcpy(copy, cases[i], n);
		struct json_span key, value;
		size_t at = 0;
		int more;
		while ((more = json_next((struct json_span){ copy, n }, &at, &key, &value)) == 1)
			;
		CHECK(more <= 0);
		free(copy);
	}
}

static void check_text(const char *json, const char *want)
{
	struct buf out = { 0 };

	CHECK(json_text(span(json), &out) == 0);
	CHECK_TEXT(buf_text(&out), want);
	buf_free(&out);
}

static void test_text(void)
{
	struct buf out = { 0 };
	static const char *const bad[] = { "", "\"", "1", "{}", "\"\\\"", "\"\\u12\"", "\"\\q\"", "\"\\u12x4\"" };

	check_text("\"\"", "");
	check_text("\"a b\"", "a b");
	check_text("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t");
	check_text("\"\\u0041\\u00e4\\u20AC\"", "A\xc3\xa4\xe2\x82\xac");
	check_text("\"\\ud83d\\ude00!\"", "\xf0\x9f\x98\x80!");
	check_text("\"\\ud83d\"", "\xef\xbf\xbd");
	check_text("\"\\ude00\\ud83d\\u0041\"", "\xef\xbf\xbd\xef\xbf\xbd" "A");
	check_text("\"\\ud83d\\n\"", "\xef\xbf\xbd\n");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(json_text(span(bad[i]), &out) < 0);
	buf_free(&out);
	CHECK(json_text(span("\"a\\u0000b\""), &out) == 0 && out.n == 3 && out.s[1] == '\0');
	buf_free(&out);
}

static void test_number(void)
{
	long long n = 5;

	CHECK(json_number(span("0"), &n) == 0 && n == 0);
	CHECK(json_number(span("-12"), &n) == 0 && n == -12);
	CHECK(json_number(span("9223372036854775807"), &n) == 0 && n == LLONG_MAX);
	CHECK(json_number(span("-9223372036854775808"), &n) == 0 && n == LLONG_MIN);
	n = 5;
	CHECK(json_number(span("9223372036854775808"), &n) < 0);
	CHECK(json_number(span("-9223372036854775809"), &n) < 0);
	CHECK(json_number(span("1.5"), &n) < 0);
	CHECK(json_number(span("-"), &n) < 0);
	CHECK(json_number(span(""), &n) < 0);
	CHECK(json_number(span("\"1\""), &n) < 0 && n == 5);
}

static void check_quote(const char *s, size_t n, const char *want)
{
	struct buf out = { 0 };

	json_quote(&out, s, n);
	CHECK_TEXT(buf_text(&out), want);
	buf_free(&out);
}

static void test_quote(void)
{
	check_quote("", 0, "\"\"");
	check_quote("a\"b\\c\n\t\x01", 8, "\"a\\\"b\\\\c\\n\\t\\u0001\"");
	check_quote("a\0b", 3, "\"a\\u0000b\"");
	check_quote("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"");
	check_quote("\xff", 1, "\"\xef\xbf\xbd\"");
	check_quote("\xc0\x80", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	check_quote("\xc3", 1, "\"\xef\xbf\xbd\"");
	check_quote("\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

int main(void)
{
	test_frames();
	test_depth();
	test_stream();
	test_large();
	test_whole();
	test_find();
	test_broken();
	test_text();
	test_number();
	test_quote();
	return unit_failed;
}
