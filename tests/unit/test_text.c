/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "text.h"

#include <stdlib.h>

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

static void test_number(void)
{
	static const char *const bad[] = { "", " ", "-1", "+1", "1 ", " 1", "0x1", "1.0", "a", "1\n", "9999999999999999999", "99999999999999999999999" };
	long long n = 42;

	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK(text_number(bad[i], 0, INT64_MAX, &n) == -1 && n == 42);
	CHECK(text_number("0", 0, 5, &n) == 0 && n == 0);
	CHECK(text_number("007", 0, 7, &n) == 0 && n == 7);
	CHECK(text_number("8", 0, 7, &n) == -1 && text_number("4", 5, 7, &n) == -1 && n == 7);
	CHECK(text_number("999999999999999999", 0, INT64_MAX, &n) == 0 && n == 999999999999999999);
}

static void test_time(void)
{
	static const struct { const char *s; int64_t ms; } good[] = {
		{ "5", 5000 }, { "0.5", 500 }, { ".5", 500 }, { "90s", 90000 }, { "5m", 300000 }, { "1h", 3600000 },
		{ "1.5m", 90000 }, { "0.001", 1 }, { "1.2345", 1234 }, { "8784h", 31622400000 }, { "5.", 5000 },
	};
	static const char *const bad[] = {
		"", "0", "0.0", "0.0001", "-1", "s", ".", ".s", "1d", "5 s", "5ss", "1:30", "1e3", "8785h", "99999999999999999999",
		"1000000001", "inf", "1,5",
	};
	int64_t ms;

	for (size_t i = 0; i < COUNT(good); i++) {
		CHECK(text_time(good[i].s, &ms) == 0);
		CHECK(ms == good[i].ms);
	}
	ms = 42;
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK(text_time(bad[i], &ms) == -1 && ms == 42);
}

static void test_size(void)
{
	int64_t n = 42;

	CHECK(text_size("512", 1 << 20, &n) == 0 && n == 512LL << 20);
	CHECK(text_size("512M", 1, &n) == 0 && n == 512LL << 20);
	CHECK(text_size("2g", 1, &n) == 0 && n == 2LL << 30);
	CHECK(text_size("1T", 1, &n) == 0 && n == 1LL << 40);
	CHECK(text_size("64K", 1, &n) == 0 && n == 64 << 10);
	n = 42;
	static const char *const bad[] = { "", "0", "0M", "-1", "M", "1MM", "1MB", "1 M", "1.5G", "1P", "9999999T", "99999999999999999999" };
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK(text_size(bad[i], 1, &n) == -1 && n == 42);
}

static void test_yes(void)
{
	static const char *const yes[] = { "yes", "YES", "on", "True", "1" }, *const no[] = { "no", "Off", "FALSE", "0" };
	static const char *const bad[] = { "", "y", "n", "yess", "2", " yes" };
	int out = 7;

	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK(text_yes(bad[i], &out) == -1 && out == 7);
	for (size_t i = 0; i < COUNT(yes); i++)
		CHECK(text_yes(yes[i], &out) == 0 && out == 1);
	for (size_t i = 0; i < COUNT(no); i++)
		CHECK(text_yes(no[i], &out) == 0 && out == 0);
}

static void test_names(void)
{
	CHECK(text_name("web", 48) && text_name("9.a_b-c", 48) && text_name("abc", 3));
	CHECK(!text_name("", 48) && !text_name(".web", 48) && !text_name("-a", 48) && !text_name("_a", 48));
	CHECK(!text_name("a b", 48) && !text_name("a/b", 48) && !text_name("a\n", 48) && !text_name("\xc3\xa4", 48) && !text_name("abcd", 3));
	CHECK(text_begins("qemu-x", "qemu-") && text_begins("a", "") && !text_begins("qem", "qemu"));
	CHECK(text_ends("a.rc", ".rc") && text_ends("a", "") && text_ends("", "") && !text_ends("rc", ".rc"));
}

static void test_near(void)
{
	static const char *const words[] = { "start", "stop", "status", "showcmd", "SANDBOX" };
	char much[100];

	CHECK_TEXT(text_near("strat", words, 5), "start");
	CHECK_TEXT(text_near("stopp", words, 5), "stop");
	CHECK_TEXT(text_near("shwocmd", words, 5), "showcmd");
	CHECK_TEXT(text_near("sandbix", words, 5), "SANDBOX");
	CHECK(!text_near("kill", words, 5) && !text_near("", words, 5) && !text_near("x", words, 0));
	memset(much, 's', sizeof(much) - 1);
	much[sizeof(much) - 1] = '\0';
	CHECK(!text_near(much, words, 5));
}

static void quoted(const char *s, const char *want)
{
	struct buf b = { 0 };

	text_shell(&b, s);
	CHECK_TEXT(buf_text(&b), want);
	buf_free(&b);
}

static void test_quote(void)
{
	struct buf b = { 0 };

	quoted("", "''");
	quoted("a/b-c_d.e,f:g=h+@%", "a/b-c_d.e,f:g=h+@%");
	quoted("a b", "'a b'");
	quoted("it's", "'it'\\''s'");
	quoted("$x`y`\n", "'$x`y`\n'");
	quoted("~", "'~'");
	quoted("a*", "'a*'");
	text_quote(&b, "plain");
	CHECK_TEXT(buf_text(&b), "'plain'");
	buf_free(&b);
}

static void cleaned(const char *s, size_t n, const char *want)
{
	struct buf b = { 0 };

	text_clean(&b, s, n);
	CHECK_TEXT(buf_text(&b), want);
	CHECK(b.n == strlen(want));
	buf_free(&b);
}

static void test_clean(void)
{
	cleaned("", 0, "");
	cleaned(" \n\t ", 4, "");
	cleaned("a\tb\r\nc  \n", 9, "a b  c");
	cleaned("\x1b[2J\x07\x7f\0x", 8, "?[2J???x");
	cleaned("\x9b" "1m \xc3\xa4", 6, "?1m \xc3\xa4");
	cleaned("\xc3\x84\xe2\x82\xac\xf0\x9f\x90\xa7", 9, "\xc3\x84\xe2\x82\xac\xf0\x9f\x90\xa7");
	cleaned("\xc2\x9b" "1m", 4, "??1m");			/* CSI in UTF-8 */
	cleaned("\xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80", 11, "?? ??? ????");
	cleaned("cut \xe2\x82", 6, "cut ??");
	cleaned("\xe2\x80\x9c" "a\xe2\x80\xae" "b\xe2\x81\xa6", 11, "\xe2\x80\x9c" "a???b???");

	char wild[] = "a\tb\r\n\x1b[2J\x9b\0 \xc3\xa4";
	text_tame(wild, sizeof(wild) - 1);
	CHECK_TEXT(wild, "a\tb?\n?[2J?? \xc3\xa4");
}

static void test_line(void)
{
	static const char text[] = "one\r\n\ntwo\0x\nthree";
	const char *rest = text, *line;
	size_t left = sizeof(text) - 1, n;

	CHECK((line = text_line(&rest, &left, &n)) && n == 3 && !memcmp(line, "one", 3));
	CHECK(text_line(&rest, &left, &n) && n == 0);
	CHECK((line = text_line(&rest, &left, &n)) && n == 5 && !memcmp(line, "two\0x", 5));
	CHECK((line = text_line(&rest, &left, &n)) && n == 5 && !memcmp(line, "three", 5) && left == 0);
	CHECK(!text_line(&rest, &left, &n) && !text_line(&rest, &left, &n));
	rest = "\r";
	left = 1;
	CHECK(text_line(&rest, &left, &n) && n == 0);

	size_t much = 1 << 20;
	char *s = malloc(much);
	memset(s, 'x', much);
	rest = s;
	left = much;
	CHECK(text_line(&rest, &left, &n) == s && n == much && left == 0);
	free(s);
}

static void test_copy(void)
{
	char to[4] = "zzz";

	CHECK(text_copy(to, sizeof(to), "abcd") == -1 && !*to);
	CHECK(text_copy(to, sizeof(to), "abc") == 0);
	CHECK_TEXT(to, "abc");
	CHECK(text_copy(to, 1, "") == 0 && !*to);
}

static void test_listed(void)
{
	CHECK(text_listed("a", "a") && text_listed("ab c de", "ab") && text_listed("ab c de", "c") && text_listed("ab c de", "de"));
	CHECK(!text_listed("ab c de", "a") && !text_listed("ab c de", "b") && !text_listed("ab c de", "c de") && !text_listed("ab c", "abc"));
	CHECK(!text_listed("a", "") && !text_listed("", "") && !text_listed("", "a") && !text_listed("a", NULL));
}

static void test_digits(void)
{
	static const char *const none[] = { "", " ", "x1", "-1", "\n1", "18446744073709551616", "99999999999999999999999" };
	unsigned long long n = 7;

	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		CHECK(!text_digits(none[i], &n) && n == 7);
	CHECK_TEXT(text_digits(" \t12:3", &n), ":3");
	CHECK(n == 12);
	CHECK_TEXT(text_digits("18446744073709551615", &n), "");
	CHECK(n == 18446744073709551615ULL);
}

int main(void)
{
	test_number();
	test_digits();
	test_time();
	test_size();
	test_yes();
	test_names();
	test_near();
	test_quote();
	test_clean();
	test_line();
	test_listed();
	test_copy();
	return unit_failed;
}
