/* SPDX-License-Identifier: 0BSD */
/* match: every way to cut a stream, texts that begin in themselves, NUL bytes, a megabyte. */
#include "match.h"
#include "unit.h"

#include <stdlib.h>

static int found(const char *text, const char *stream, size_t n, size_t piece)
{
	struct match m;

	CHECK(match_begin(&m, text) == 0);
	for (size_t at = 0; at < n; at += piece)
		if (match_feed(&m, stream + at, n - at < piece ? n - at : piece))
			return 1;
	return 0;
}

static void test_pieces(void)
{
	static const char stream[] = "aab aaab\r\nlog\0in: aaaab";
	static const struct { const char *text; int is_there; } table[] = {
		{ "aaaab", 1 }, { "aab", 1 }, { "b aaab\r", 1 }, { "in: ", 1 }, { "login", 0 }, { "aaaaab", 0 }, { "a", 1 }, { "", 1 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		for (size_t piece = 1; piece <= sizeof(stream); piece++)
			CHECK(found(table[i].text, stream, sizeof(stream) - 1, piece) == table[i].is_there);
	CHECK(!found("", stream, 0, 1)); /* not a byte has come */
	CHECK(!found("x", stream, 0, 1));
}

static void test_long(void)
{
	enum { N = 1 << 20 };
	char text[MATCH_MAX + 2], *stream = malloc(N);
	struct match m;

	memset(text, 'x', sizeof(text));
	text[MATCH_MAX + 1] = '\0';
	CHECK(match_begin(&m, text) < 0);
	text[MATCH_MAX] = '\0';
	text[MATCH_MAX - 1] = 'y';
	memset(stream, 'x', N);
	CHECK(!found(text, stream, N, N) && !found(text, stream, N, 1000));
	stream[N - 1] = 'y';
	CHECK(found(text, stream, N, N) && found(text, stream, N, 1000) && found(text, stream, N, 1));
	free(stream);
}

static void test_forget(void)
{
	struct match m;

	CHECK(match_begin(&m, "login") == 0);
	CHECK(!match_feed(&m, "log", 3));
	match_forget(&m);
	CHECK(!match_feed(&m, "in", 2));
	CHECK(!match_feed(&m, "log", 3) && match_feed(&m, "in", 2));
}

int main(void)
{
	test_pieces();
	test_long();
	test_forget();
	return unit_failed;
}
