/* SPDX-License-Identifier: 0BSD */
/* Whatever fmt knows is what libc writes. */
#include "fmt.h"
#include "unit.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>

/* with room for all, for some, for none */
#define SAME(...) \
	do { \
		char ours[200], libcs[200]; \
		for (size_t room = 1; room <= sizeof(ours); room = room == 1 ? 7 : room == 7 ? sizeof(ours) : room + 1) { \
			CHECK(fmt(ours, room, __VA_ARGS__) == snprintf(libcs, room, __VA_ARGS__)); \
			CHECK_TEXT(ours, libcs); \
		} \
	} while (0)

static void test_words(void)
{
	SAME("%s", "");
	SAME("%s: %s%%", "web", "100");
	SAME("%.3s|%.*s|%.16s", "abcdef", 2, "xyz", "short");
	SAME("%-10s|%8s|%-*s|%.0s", "left", "right", 6, "star", "none");
	SAME("%c%c|%3c|%-3c|", 'a', 'Z', 'r', 'l');
	SAME("no directive at all, and longer than seven");
}

static void test_numbers(void)
{
	SAME("%d %d %d", 0, INT_MAX, INT_MIN);
	SAME("%u %u", 0U, UINT_MAX);
	SAME("%ld %lu", LONG_MIN, ULONG_MAX);
	SAME("%lld %lld %llu", LLONG_MIN, LLONG_MAX, ULLONG_MAX);
	SAME("%zu %zu", (size_t)0, SIZE_MAX);
	SAME("%x %04x %02x %llx", 0xbeefU, 0x1U, 0xffU, ULLONG_MAX);
	SAME("%o %04o", 0750U, 07U);
	SAME("%6lld|%-8d|%05d|%5d|%*d", -42LL, -7, -7, -7, 4, 12);
}

/* what is not terminated is not read beyond its precision */
static void test_unterminated(void)
{
	char *three = malloc(3), out[8];

	memcpy(three, "abc", 3);
	CHECK(fmt(out, sizeof(out), "%.*s", 3, three) == 3);
	CHECK_TEXT(out, "abc");
	free(three);
	CHECK(fmt(NULL, 0, "%s", "counted") == 7);
}

int main(void)
{
	test_words();
	test_numbers();
	test_unterminated();
	return unit_failed;
}
