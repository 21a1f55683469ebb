/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "edit.h"

static struct err e;

static struct buf text_of(const char *s)
{
	struct buf b = { 0 };

	buf_str(&b, s);
	return b;
}

static void test_pair(void)
{
	/* before, key, value, after */
	static const char *const cases[][4] = {
		{ "", "RAM", "1G", "RAM=1G\n" },
		{ "NAME=web", "RAM", "1G", "NAME=web\nRAM=1G\n" },
		{ "# RAM=3G\nRAM=2G\nRAMM=x\n", "RAM", "1G", "# RAM=3G\nRAM=1G\nRAMM=x\n" },
		{ "RAM=2G\t# enough\r\nSMP=1\r\n", "RAM", "1G", "RAM=1G\t# enough\r\nSMP=1\r\n" },
		{ " RAM = 2G  ", "RAM", "1G", " RAM =1G  " },
		{ "RAM=\"2G\"  # \"x\"\n", "RAM", "1G", "RAM=1G  # \"x\"\n" },
		{ "DESC=\"a \\\" # b\" # c\n", "DESC", "d", "DESC=d # c\n" },
		{ "DESC=\"a\n", "DESC", "d", "DESC=d\n" },
		{ "DESC=\"a\\", "DESC", "d", "DESC=d" },
		/* errors, of which nothing may be left to make the new value another */
		{ "DESC=\"a\"b\n", "DESC", "d", "DESC=d\n" },
		{ "DESC=\"a\"#b\n", "DESC", "d", "DESC=d\n" },
		{ "DESC=\"a\" b # c\r\n", "DESC", "d", "DESC=d\r\n" },
		{ "RAM= # none\n", "RAM", "1G", "RAM=1G # none\n" },
		{ "RAM=\nRAM=3\n", "RAM", "1G", "RAM=1G\nRAM=3\n" },
		{ "RAM\n", "RAM", "1G", "RAM=1G\n" },
		{ "RAM x\n", "RAM", "1G", "RAM x\nRAM=1G\n" },
		{ "DISK1=a#b\n", "DISK1", "", "DISK1=\n" },
		{ "DISK10=a\n", "DISK1", "b", "DISK10=a\nDISK1=b\n" },
		{ "", "DESC", "a # \"b\" \\", "DESC=\"a # \\\"b\\\" \\\\\"\n" },
		{ "", "DESC", " a", "DESC=\" a\"\n" },
		{ "", "DESC", "a\\b c", "DESC=a\\b c\n" },
		{ "\xef\xbb\xbfRAM=2G\n", "RAM", "1G", "\xef\xbb\xbfRAM=1G\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf b = text_of(cases[i][0]);
		CHECK(edit_pair(&b, cases[i][1], cases[i][2], &e) == 0);
		CHECK_TEXT(buf_text(&b), cases[i][3]);
		CHECK(edit_has(&b, cases[i][1]) && !edit_has(&b, "RA"));
		buf_free(&b);
	}
}

static void test_refused(void)
{
	struct buf b = text_of("RAM=2G\n");

	CHECK(edit_pair(&b, "RAM", "1G\nPRECMD=x", &e) < 0 && e.code == NOT_CONFIGURED);
	CHECK_TEXT(e.text, "a control character (0x0a)");
	CHECK_TEXT(buf_text(&b), "RAM=2G\n");
	buf_free(&b);
}

static void test_word(void)
{
	/* before, word, line or NULL, after */
	static const char *const cases[][4] = {
		{ "", "web", "web /a", "web /a\n" },
		{ "db /b", "web", "web /a", "db /b\nweb /a\n" },
		{ "# list\nweb /x y\r\ndb /b\n", "web", "shop /a", "# list\nshop /a\r\ndb /b\n" },
		{ "a\n  web /x # y\n\nb", "web", NULL, "a\n\nb" },
		{ "web\nwebb\n", "web", NULL, "webb\n" }, { "webb\nweb", "web", NULL, "webb\n" },
		{ "#web\nno line\n", "web", NULL, "#web\nno line\n" }, { "", "web", NULL, "" },
		{ "web\n", "web", "web", "web\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf b = text_of(cases[i][0]);
		edit_word(&b, cases[i][1], cases[i][2]);
		CHECK(!b.bad);
		CHECK_TEXT(buf_text(&b), cases[i][3]);
		buf_free(&b);
	}
}

static void test_zero_and_long(void)
{
	struct buf b = { 0 };

	buf_add(&b, "a\0b\nRAM=1\n", 10);
	CHECK(edit_pair(&b, "RAM", "2", &e) == 0 && b.n == 10 && !memcmp(b.s, "a\0b\nRAM=2\n", 10));
	buf_free(&b);
	for (int i = 0; i < 1 << 20; i++)
		buf_char(&b, 'x');
	CHECK(edit_pair(&b, "RAM", "2", &e) == 0 && b.n == (1 << 20) + 7);
	edit_word(&b, "RAM=2", NULL);
	CHECK(b.n == (1 << 20) + 1);
	buf_free(&b);
}

int main(void)
{
	test_pair();
	test_refused();
	test_word();
	test_zero_and_long();
	return unit_failed;
}
