/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "buf.h"

#include <stdint.h>

static void test_grow(void)
{
	struct buf b = { 0 };

	CHECK_TEXT(buf_text(&b), "");
	buf_add(&b, "", 0);
	CHECK(b.s && b.n == 0 && !b.bad);
	buf_str(&b, "one");
	buf_char(&b, ' ');
	buf_fmt(&b, "%s %d", "two", 3);
	CHECK_TEXT(buf_text(&b), "one two 3");
	CHECK(b.n == 9);
	buf_add(&b, "\0x", 2);
	CHECK(b.n == 11 && b.s[11] == '\0' && !memcmp(b.s + 9, "\0x", 2));
	buf_free(&b);
	CHECK(!b.s && !b.n && !b.room && !b.bad);
	for (int i = 0; i < 100000; i++)
		buf_fmt(&b, "%d,", i % 10);
	CHECK(b.n == 200000 && strlen(b.s) == 200000 && !memcmp(b.s + 199998, "9,", 3));
	buf_free(&b);
	buf_free(&b);
}

static void test_room(void)
{
	struct buf b = { 0 };
	char *to = buf_room(&b, 100);

	CHECK(to && b.n == 0 && b.room >= 101);
	memset(to, 'x', 100);
	b.n += 100;
	CHECK(buf_room(&b, 0) == b.s + 100);
	buf_add(&b, "", 0);
	CHECK(strlen(b.s) == 100);
	buf_free(&b);
}

static void test_drop(void)
{
	struct buf b = { 0 };

	buf_drop(&b, 5);
	buf_clear(&b);
	CHECK_TEXT(buf_text(&b), "");
	buf_str(&b, "abcdef");
	buf_drop(&b, 0);
	buf_drop(&b, 2);
	CHECK_TEXT(buf_text(&b), "cdef");
	buf_drop(&b, 99);
	CHECK(b.n == 0 && b.s[0] == '\0');
	buf_str(&b, "x");
	size_t room = b.room;
	buf_clear(&b);
	CHECK(b.n == 0 && b.room == room && b.s[0] == '\0');
	buf_free(&b);
}

/* What cannot be had is remembered and costs nothing that is there. */
static void test_bad(void)
{
	struct buf b = { 0 };

	buf_str(&b, "kept");
	CHECK(buf_room(&b, SIZE_MAX / 2) == NULL && b.bad);
	CHECK(buf_room(&b, SIZE_MAX - 2) == NULL && b.bad);
	CHECK_TEXT(buf_text(&b), "kept");
	buf_str(&b, "!");
	CHECK(b.bad);
	CHECK_TEXT(buf_text(&b), "kept!");
	buf_free(&b);
}

int main(void)
{
	test_grow();
	test_room();
	test_drop();
	test_bad();
	return unit_failed;
}
