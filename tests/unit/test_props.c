/* SPDX-License-Identifier: 0BSD */
/* props: each list, and what is none. */
#include "unit.h"

#include "props.h"

/* KEY VALUE; ... of it, or "bad" */
static void reads(const char *s, const char *first, const char *want)
{
	struct props p = { 0 };
	struct buf got = { 0 };
	const char *key, *value;
	size_t n = 0;

	if (props_read(&p, s, first) < 0) {
		buf_str(&got, "bad");
		CHECK(!p.n && !p.text.s);
	}
	for (size_t at = 0; props_next(&p, &at, &key, &value); n++)
		buf_fmt(&got, "%s %s;", key, value);
	CHECK(n == p.n);
	CHECK_TEXT(buf_text(&got), want);
	buf_free(&got);
	props_free(&p);
}

/* n times this, with these at its ends */
static void many(const char *begin, const char *s, size_t n, const char *end, int want)
{
	struct props p = { 0 };
	struct buf text = { 0 };

	buf_str(&text, begin);
	for (size_t i = 0; i < n; i++)
		buf_str(&text, s);
	buf_str(&text, end);
	CHECK(props_read(&p, buf_text(&text), NULL) == want);
	props_free(&p);
	buf_free(&text);
}

static void test_pairs(void)
{
	reads("", "file", "");
	reads("a", NULL, "a on;");
	reads("a", "file", "file a;");
	reads("a,b", "file", "file a;b on;");
	reads("b=1,a", "file", "b 1;a on;");
	reads("a=b=c,,d,,,e=", NULL, "a b=c,d,;e ;");
	reads("=x,,", NULL, " x,;");
	reads("a=1,a=2,", NULL, "a 1;a 2;");
	reads(",a", "file", "file ;a on;");
	many("", "a=1,", 64, "", 0);
	many("", "a=1,", 65, "", -1);
}

static void test_json(void)
{
	reads("{}", "file", "");
	reads("{\"a\": \"x,y\", \"b\":true,\"c\": false ,\"d\":12,\"e\":null}", NULL, "a x,y;b on;c off;d 12;e null;");
	reads("{\"a\":{\"b\":{\"c\":1},\"d\":\"\\u0041\"},\"l\":[1,{\"x\":2},[3]]}", NULL, "a.b.c 1;a.d A;l.0 1;l.1.x 2;l.2.0 3;");
	reads("{\"a\":\"true\"}", NULL, "a true;");
	reads("{\"a\":\"x\\u0000\"}", NULL, "bad");
	reads("{\"a\":1", NULL, "bad");
	reads("{\"a\":1} b", NULL, "bad");
	reads("{a}", NULL, "bad");
	many("{\"a\":[", "0,", 63, "0]}", 0);
	many("{\"a\":[", "0,", 64, "0]}", -1);
	many("{\"a\":", "[", 8, "1]]]]]]]]}", 0);
	many("{\"a\":", "[", 9, "1]]]]]]]]]}", -1);
}

static void test_get(void)
{
	struct props p = { 0 };

	CHECK(!props_get(&p, "a") && !props_is(&p, "a", "") && !props_in(&p, "a", "x"));
	CHECK(props_read(&p, "a=1,b=x y,a=2,c", NULL) == 0);
	CHECK_TEXT(props_get(&p, "a"), "1");
	CHECK(!props_get(&p, "1") && !props_get(&p, "d"));
	CHECK(props_is(&p, "b", "x y") && !props_is(&p, "a", "2") && !props_is(&p, "d", "on"));
	CHECK(props_in(&p, "c", "yes on") && !props_in(&p, "b", "x y") && !props_in(&p, "d", "on"));
	props_free(&p);
	CHECK(!props_get(&p, "a"));
}

int main(void)
{
	test_pairs();
	test_json();
	test_get();
	return unit_failed;
}
