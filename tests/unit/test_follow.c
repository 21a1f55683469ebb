/* SPDX-License-Identifier: 0BSD */
/* follow: a log that grows, turns once or twice between two looks, is cut, or is not there yet. */
#include "follow.h"

#include "buf.h"
#include "log.h"
#include "scratch.h"
#include "unit.h"

static struct buf got;
static struct follow f;
static struct log l;
static int dir;

static void take(void *arg, const char *bytes, size_t n)
{
	(void)arg;
	if (n)
		buf_add(&got, bytes, n);
	else
		buf_str(&got, "|");
}

static void check_read(const char *want)
{
	while (follow_read(&f, take, NULL))
		;
	CHECK_TEXT(buf_text(&got), want);
	buf_clear(&got);
}

static void put(const char *words)
{
	log_write(&l, words, strlen(words));
}

static void test_grow_and_turn(void)
{
	CHECK(follow_begin(&f, dir, "log") == 0);
	check_read("");
	log_open(&l, dir, "log", 10, 1);
	check_read("");
	put("one ");
	check_read("one ");
	put("two ");
	put("three ");	/* turns */
	check_read("two three ");
	put("four");
	put("five ");	/* turns */
	put("sixes ");	/* and again */
	check_read("fourfive sixes ");
	check_read("");
	follow_end(&f);
	CHECK(follow_begin(&f, dir, "log") == 0);
	check_read("five sixes "); /* from the beginning of what is kept */
	follow_end(&f);
	check_read("");
	log_close(&l);
}

static void test_turn_without_news(void)
{
	log_open(&l, dir, "log", 10, 1);
	put("0123456789");
	CHECK(follow_begin(&f, dir, "log") == 0);
	check_read("0123456789");
	put("abc");
	check_read("abc");
	follow_end(&f);
	log_close(&l);
}

static void test_cut(void)
{
	log_open(&l, dir, "log", 100, 1);
	put("of the run before");
	CHECK(follow_begin(&f, dir, "log") == 0);
	check_read("of the run before");
	log_close(&l);
	log_open(&l, dir, "log", 100, 1);
	put("new");
	check_read("|new");
	follow_end(&f);
	log_close(&l);
}

static void test_strange_files(void)
{
	unlink(scratch_path("log"));
	CHECK(mkfifo(scratch_path("log"), 0600) == 0);
	CHECK(follow_begin(&f, dir, "log") == 0);
	check_read("");
	unlink(scratch_path("log"));
	CHECK(symlink("/etc/passwd", scratch_path("log")) == 0);
	check_read("");
	follow_end(&f);
}

static void test_much(void)
{
	enum { N = 6 << 20 };
	char *much = malloc(N + 1);

	unlink(scratch_path("log"));
	memset(much, 'x', N);
	much[N] = '\0';
	scratch_write("log", much);
	CHECK(follow_begin(&f, dir, "log") == 0);
	CHECK(follow_read(&f, take, NULL) == 1);
	check_read(much);
	follow_end(&f);
	free(much);
}

int main(void)
{
	dir = scratch_begin();
	follow_none(&f);
	check_read("");
	test_grow_and_turn();
	test_turn_without_news();
	test_cut();
	test_strange_files();
	test_much();
	buf_free(&got);
	close(dir);
	return unit_failed;
}
