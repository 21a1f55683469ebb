/* SPDX-License-Identifier: 0BSD */
/* text: numbers, words and what is printed of foreign bytes; a text found in a stream, in pieces as whole. The first
 * line is looked for in the rest. */
#include "fuzz.h"

#include "match.h"
#include "text.h"

static void read_numbers(const char *s)
{
	static const char *const words[] = { "start", "stop", "restart", "status", "showcmd" };
	unsigned long long digits;
	long long number;
	int64_t ms, size;
	int yes;

	if (text_number(s, -5, 99999, &number) == 0)
		MUST(number >= 0 && number <= 99999);
	if (text_time(s, &ms) == 0)
		MUST(ms > 0 && ms <= 366LL * 86400 * 1000);
	if (text_size(s, 1 << 20, &size) == 0)
		MUST(size >= 0);
	text_digits(s, &digits);
	text_yes(s, &yes);
	text_near(s, words, sizeof(words) / sizeof(*words));
	MUST(!text_name(s, 48) || strspn(s, "-._0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(s));
}

static int comes(const char *text, const char *s, size_t n, size_t piece)
{
	struct match m;

	if (match_begin(&m, text) < 0)
		return -1;
	for (size_t at = 0; at < n; at += piece)
		if (match_feed(&m, s + at, n - at < piece ? n - at : piece))
			return 1;
	return 0;
}

static void look(const char *text, const char *s, size_t n)
{
	int there = memmem(s, n, text, strlen(text)) != NULL;

	MUST((text_find(s, n, text, strlen(text)) != NULL) == there);
	if (n && strlen(text) <= MATCH_MAX)
		MUST(comes(text, s, n, 1) == there && comes(text, s, n, 300) == there);
}

static void print(const char *s, size_t n)
{
	struct buf b = { 0 };

	text_clean(&b, s, n);
	MUST(b.n <= n);
	for (size_t i = 0; i < b.n; i++)
		MUST((unsigned char)b.s[i] >= ' ' && b.s[i] != 0x7f);
	buf_clear(&b);
	text_quote(&b, s);
	MUST(b.n >= 2 && b.s[0] == '\'' && b.s[b.n - 1] == '\'');
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char *text = fuzz_text(bytes, n);
	const char *rest = (const char *)bytes;
	size_t left = n, len, seen = 0;
	char small[8];

	read_numbers(text);
	print(text, n);
	MUST((text_copy(small, sizeof(small), text) == 0) == (strlen(text) < sizeof(small)));
	while (text_line(&rest, &left, &len))
		seen += len;
	MUST(seen <= n && left == 0);
	const char *end = strchr(text, '\n');
	if (end) {
		text[end - text] = '\0';
		look(text, end + 1, n - (size_t)(end + 1 - text));
	}
	free(text);
	return 0;
}
