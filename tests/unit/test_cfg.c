/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "cfg.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The words as <a><b>, or the complaint. */
static void words_are(const char *text, size_t n, const char *want)
{
	struct cfg c = { 0 };
	struct buf got = { 0 };

	if (cfg_read(&c, text, n, "x.cfg", &got) == 0)
		for (size_t i = 0; i < c.n; i++)
			buf_fmt(&got, "<%s>", c.words[i]);
	else
		CHECK(c.code == NOT_CONFIGURED);
	CHECK(!c.words || !c.words[c.n]);
	CHECK_TEXT(buf_text(&got), want);
	buf_free(&got);
	cfg_free(&c);
}

static void arg_is(const char *value, const char *want)
{
	struct cfg c = { 0 };
	struct buf got = { 0 };
	struct err e;

	if (cfg_arg(&c, value, &e) < 0)
		buf_str(&got, e.text);
	else
		for (size_t i = 0; i < c.n; i++)
			buf_fmt(&got, "<%s>", c.words[i]);
	CHECK_TEXT(buf_text(&got), want);
	buf_free(&got);
	cfg_free(&c);
}

static void test_words(void)
{
	static const char *const cases[][2] = {
		{ "", "" }, { " \n\r\n", "" }, { "# only\n", "" }, { "-a b", "<-a><b>" }, { "-a b\n", "<-a><b>" },
		{ "-a\r\n-b\tc\r\n", "<-a><-b><c>" }, { "-a # b 'c\n-d", "<-a><-d>" }, { "a#b #c", "<a#b>" },
		{ "'a b'\"c d\"e", "<a bc de>" }, { "''", "<>" }, { "\"\"x", "<x>" },
		{ "'a\\'", "<a\\>" }, { "\"a\\\"b\\\\c\\d\"", "<a\"b\\c\\d>" }, { "a\\ b\\'\\\\", "<a b'\\>" },
		{ "-a \\\n b", "<-a><b>" }, { "a\\\nb", "<ab>" }, { "a\\\r\nb", "<ab>" }, { "\\#a \\\n#b", "<#a>" },
		{ "'a\nb'", "<a\nb>" }, { "$HOME `id` * ~", "<$HOME><`id`><*><~>" },
		{ "a\n\n'b\nc", "x.cfg:3: the closing quote is missing\n" },
		{ "\n\"b\\\"", "x.cfg:2: the closing quote is missing\n" }, { "'", "x.cfg:1: the closing quote is missing\n" },
		{ "a\nb\\", "x.cfg:2: a backslash at the end\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		words_are(cases[i][0], strlen(cases[i][0]), cases[i][1]);
	words_are("a\n# b\0\n", 7, "x.cfg:2: a NUL byte\n");
}

static void test_arg(void)
{
	static const char *const cases[][2] = {
		{ "-S", "<-S>" }, { "-device  usb-tablet", "<-device><usb-tablet>" }, { "-append a  b # c", "<-append><a  b # c>" },
		{ "-append \"a b\" ", "<-append><a b >" }, { "-x 'it''s'", "<-x><its>" }, { "-x ''", "<-x><>" },
		{ "--x y", "<--x><y>" }, { "-x 'y", "the closing quote is missing" },
		{ "x y", "x: want an option: -OPTION or -OPTION VALUE" }, { "-", "-: want an option: -OPTION or -OPTION VALUE" },
		{ "", ": want an option: -OPTION or -OPTION VALUE" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		arg_is(cases[i][0], cases[i][1]);
}

static void test_long(void)
{
	size_t n = 1 << 20;
	char *s = malloc(n);
	struct cfg c = { 0 };
	struct buf errors = { 0 };

	memset(s, 'x', n);
	CHECK(cfg_read(&c, s, n, "x.cfg", &errors) == 0 && c.n == 1 && strlen(c.words[0]) == n);
	cfg_free(&c);
	for (size_t i = 0; i < n; i += 2)
		s[i] = ' ';
	CHECK(cfg_read(&c, s, n, "x.cfg", &errors) == 0 && c.n == n / 2);
	cfg_free(&c);
	buf_free(&errors);
	free(s);
}

static void test_load(void)
{
	char dir[] = "/tmp/test_cfg.XXXXXX", path[64];
	struct cfg c = { 0 };
	struct buf errors = { 0 };

	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/a.cfg", dir);
	CHECK(cfg_load(&c, path, geteuid(), &errors) == 0 && !c.n && !errors.n);
	CHECK(mkfifo(path, 0600) == 0);
	CHECK(cfg_load(&c, path, geteuid(), &errors) < 0 && c.code == NOT_CONFIGURED && strstr(errors.s, "not a regular file\n"));
	unlink(path);
	FILE *f = fopen(path, "w");
	fputs("-S -no-reboot", f);
	fclose(f);
	CHECK(cfg_load(&c, path, geteuid(), &errors) == 0 && c.n == 2);
	unlink(path);
	rmdir(dir);
	cfg_free(&c);
	buf_free(&errors);
}

int main(void)
{
	test_words();
	test_arg();
	test_long();
	test_load();
	return unit_failed;
}
