/* SPDX-License-Identifier: 0BSD */
/* hmp: readline undone, in any chunking. */
#include "hmp.h"

#include "unit.h"

#include <stdlib.h>

#define BACK "\033[D"
static const char greeting[] = "QEMU 7.2.22 monitor - type 'help' for more information\r\n(qemu) ";
static const char echo[] = "i\033[K" BACK "in\033[K" BACK BACK "info\033[K\r\n";

/* Feeds in chunks; what the last feed said. */
static int feed(struct hmp *h, const char *s, size_t n, size_t chunk)
{
	int got = 0;

	for (size_t at = 0; at < n; at += chunk)
		got = hmp_feed(h, s + at, n - at < chunk ? n - at : chunk);
	return got;
}

static void check_reply(const char *raw, const char *want)
{
	for (size_t chunk = 1; chunk <= strlen(raw); chunk++) {
		struct hmp h = { 0 };
		struct buf out = { 0 };
		struct buf all = { 0 };
		CHECK(feed(&h, greeting, sizeof(greeting) - 1, chunk) == 1 && hmp_ready(&h));
		hmp_command(&h, "info", &out);
		CHECK(!hmp_ready(&h));
		CHECK_TEXT(buf_text(&out), "info\n");
		buf_str(&all, echo);
		buf_str(&all, raw);
		buf_str(&all, "(qemu) ");
		CHECK(feed(&h, all.s, all.n, chunk) == 1);
		CHECK_TEXT(buf_text(&h.reply), want);
		hmp_free(&h);
		buf_free(&out);
		buf_free(&all);
	}
}

static void test_replies(void)
{
	check_reply("", "");
	check_reply("a\r\nb\r\n", "a\nb\n");
	check_reply("no line end", "no line end");
	check_reply("a\r\r\nb\rc\r\n", "a\r\nb\rc\n");
	check_reply("\033[1mbold\033[0m\r\n", "bold\n");
	check_reply("\r\n\r\n", "\n\n");
	check_reply("\303\244\r\n", "\303\244\n");
}

static void test_greeting(void)
{
	struct hmp h = { 0 };

	CHECK(hmp_feed(&h, "", 0) == 0 && !hmp_ready(&h));
	CHECK(hmp_feed(&h, "\xff\xfb\x01\xff\xfb\x03\xff\xfc", 8) == 0);
	CHECK(hmp_feed(&h, "\x01QEMU\r\n(qemu", 12) == 0);
	CHECK(hmp_feed(&h, ") ", 2) == 1);
	CHECK_TEXT(buf_text(&h.reply), "QEMU\n");
	hmp_free(&h);
}

/* A prompt inside a reply does not end it when more came in the same bytes. */
static void test_prompt_inside(void)
{
	struct hmp h = { 0 };
	struct buf out = { 0 };
	static const char text[] = "info\r\na (qemu) b\r\n(qemu) ";

	hmp_feed(&h, greeting, sizeof(greeting) - 1);
	hmp_command(&h, "info", &out);
	CHECK(hmp_feed(&h, text, sizeof(text) - 1) == 1);
	CHECK_TEXT(buf_text(&h.reply), "a (qemu) b\n");
	hmp_free(&h);
	buf_free(&out);
}

static void test_too_large(void)
{
	struct hmp h = { 0 };
	char *block = malloc(1 << 20);
	int got = 0;

	memset(block, 'x', 1 << 20);
	for (int i = 0; i < 17 && got == 0; i++)
		got = hmp_feed(&h, block, 1 << 20);
	CHECK(got == -1);
	hmp_free(&h);
	free(block);
}

static void test_lines(void)
{
	char line[HMP_LINE_MAX + 2];

	memset(line, 'x', sizeof(line));
	CHECK(!hmp_line_bad(line, HMP_LINE_MAX));
	CHECK(hmp_line_bad(line, HMP_LINE_MAX + 1) != NULL);
	CHECK(!hmp_line_bad("", 0));
	CHECK(!hmp_line_bad("info \303\244", 7));
	for (int c = 0; c < 256; c++) {
		char s[2] = { 'a', (char)c };
		CHECK(!hmp_line_bad(s, 2) == (c >= ' ' && c != 0x7f && c != 0x9b));
	}
}

static void test_line_ends(void)
{
	struct buf b = { 0 };

	hmp_line_ends(&b);
	CHECK(b.n == 0);
	buf_str(&b, "a\r\nb\r\r\nc\r");
	hmp_line_ends(&b);
	CHECK_TEXT(buf_text(&b), "a\nb\r\nc\r");
	buf_free(&b);
}

int main(void)
{
	test_replies();
	test_greeting();
	test_prompt_inside();
	test_too_large();
	test_lines();
	test_line_ends();
	return unit_failed;
}
