/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "line.h"

#include <stdlib.h>

static struct err e;

static struct line lines(const char *s, size_t n)
{
	return (struct line){ .rest = s, .left = n };
}

static void pair_is(const char *line, const char *want)
{
	struct line_pair p = { 0 };

	if (line_pair(&p, line, strlen(line), &e) < 0)
		CHECK_TEXT(e.text, want);
	else
		CHECK_TEXT(buf_text(&p.value), want);
	buf_free(&p.value);
}

static void test_next(void)
{
	static const char text[] = "\xef\xbb\xbf# mark\n\n  \t\r\n A = b \r\n\t# c\nB=2";
	struct line l = lines(text, sizeof(text) - 1);

	CHECK(line_next(&l, &e) == 1 && l.number == 4 && l.n == 5 && !memcmp(l.s, "A = b", 5));
	CHECK(line_next(&l, &e) == 1 && l.number == 6 && l.n == 3 && !memcmp(l.s, "B=2", 3));
	CHECK(line_next(&l, &e) == 0 && line_next(&l, &e) == 0);
	l = lines("", 0);
	CHECK(line_next(&l, &e) == 0);
	l = lines("A=1\nB=\0\n# \x1b\nC=3\n", 16);
	CHECK(line_next(&l, &e) == 1);
	CHECK(line_next(&l, &e) == -1 && l.number == 2);
	CHECK_TEXT(e.text, "a NUL byte");
	CHECK(line_next(&l, &e) == -1 && l.number == 3);
	CHECK_TEXT(e.text, "a control character (0x1b)");
	CHECK(line_next(&l, &e) == 1 && l.number == 4);
}

static void test_pair(void)
{
	static const char *const cases[][2] = {
		{ "A=b", "b" }, { "A =  b c  ", "b c" }, { "A=", "" }, { "A=\"\"", "" }, { "A=b#c", "b#c" }, { "A=#c", "#c" },
		{ "A=b #c", "b" }, { "A= # c", "" }, { "A=b\t# c", "b" }, { "A=\"b # c\"", "b # c" },
		{ "A= \"b \" # c", "b " }, { "A=\"\\\"\\\\\"", "\"\\" }, { "A=b=c", "b=c" }, { "A=it's", "it's" },
		{ "A=say \"x\" # c", "say \"x\"" }, { "A=b\\", "b\\" },
		{ "A=say \"x # c\"", "a # within quotes: put the whole value in double quotes" },
		{ "A=\"b", "the closing quote is missing" }, { "A=\"b\\", "the closing quote is missing" },
		{ "A=\"b\\\"", "the closing quote is missing" },
		{ "A=\"", "the closing quote is missing" },
		{ "A=\"\\n\"", "\\n: in quotes there are only \\\" and \\\\" },
		{ "A=\"b\" c", "only a comment may follow the closing quote" },
		{ "A=\"b\"# c", "only a comment may follow the closing quote" },
		{ "A", "no `=`, want KEY=VALUE" }, { " = b", "no key before the `=`" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		pair_is(cases[i][0], cases[i][1]);
}

static void test_long(void)
{
	size_t n = 1 << 20;
	char *s = malloc(n);
	struct line_pair p = { 0 };

	memset(s, 'x', n);
	s[1] = '=';
	struct line l = lines(s, n);
	CHECK(line_next(&l, &e) == 1 && l.n == n);
	CHECK(line_pair(&p, l.s, l.n, &e) == 0 && p.value.n == n - 2);
	buf_free(&p.value);
	free(s);
}

int main(void)
{
	test_next();
	test_pair();
	test_long();
	return unit_failed;
}
