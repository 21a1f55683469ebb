/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "err.h"

#include <errno.h>

static struct err e;

static void test_codes(void)
{
	CHECK(err_set(&e, "%s: %d", "web", 7) == -1 && e.code == FAILED);
	CHECK_TEXT(e.text, "web: 7");
	CHECK(err_code(&e, USAGE, "no") == -1 && e.code == USAGE);
	CHECK_TEXT(e.text, "no");
	errno = ENOENT;
	CHECK(err_sys(&e, "connect /run/%s", "x") == -1 && e.code == FAILED && e.sys == ENOENT && errno == ENOENT);
	CHECK_TEXT(e.text, "connect /run/x: no such file or directory");
	errno = EACCES;
	CHECK(err_sys(&e, "x") == -1 && e.code == NO_RIGHT && errno == EACCES);
	errno = EPERM;
	CHECK(err_sys(&e, "x") == -1 && e.code == NO_RIGHT);
	CHECK(err_at(&e, "y") == -1 && e.sys == EPERM);
	CHECK(err_set(&e, "x") == -1 && e.sys == 0);
}

static void test_place(void)
{
	err_code(&e, NOT_CONFIGURED, "no such file");
	CHECK(err_at(&e, "%s:%d", "a.rc", 3) == -1 && e.code == NOT_CONFIGURED);
	err_at(&e, "web");
	CHECK_TEXT(e.text, "web: a.rc:3: no such file");
}

/* One line, whatever the words are made of. */
static void test_control(void)
{
	err_set(&e, "a\nb\x1b[2J\tc\x7f");
	CHECK_TEXT(e.text, "a?b?[2J?c?");
}

static void test_long(void)
{
	char path[2000];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	err_set(&e, "%s", path);
	CHECK(strlen(e.text) == sizeof(e.text) - 1);
	CHECK_TEXT(e.text + sizeof(e.text) - 5, "x...");
	/* the reason is more than the rest of a path */
	errno = ENOENT;
	err_sys(&e, "%s", path);
	CHECK(strlen(e.text) < sizeof(e.text) && e.text[0] == 'x');
	CHECK(strstr(e.text, "x...: no such file or directory") != NULL);
	/* a text that fits just without its reason is marked, too */
	errno = ENOENT;
	err_sys(&e, "%.*s", (int)sizeof(e.text) - 10, path);
	CHECK(strstr(e.text, "x...: no such file or directory") != NULL);
	err_set(&e, "why");
	err_at(&e, "%.*s", 700, path);
	CHECK(strlen(e.text) == 700 + 5);
	CHECK_TEXT(e.text + 700, ": why");
	err_at(&e, "%.*s", 700, path);
	CHECK(strlen(e.text) == sizeof(e.text) - 1);
	CHECK_TEXT(e.text + sizeof(e.text) - 4, "...");
}

int main(void)
{
	test_codes();
	test_place();
	test_control();
	test_long();
	return unit_failed;
}
