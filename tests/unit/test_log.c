/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "log.h"
#include "scratch.h"

static int dir;

static void say(struct log *l, const char *s)
{
	log_write(l, s, strlen(s));
}

static void test_turn(void)
{
	struct log l;
	struct stat st;

	log_open(&l, dir, "x.log", 10, 1);
	CHECK(stat(scratch_path("x.log"), &st) == 0 && (st.st_mode & 07777) == 0640 && fcntl(l.fd, F_GETFD) & FD_CLOEXEC);
	say(&l, "12345");
	say(&l, "67890"); /* just full */
	CHECK_TEXT(scratch_read("x.log"), "1234567890");
	CHECK_TEXT(scratch_read("x.log.1"), "(none)");
	say(&l, "a");
	CHECK_TEXT(scratch_read("x.log"), "a");
	CHECK_TEXT(scratch_read("x.log.1"), "1234567890");
	say(&l, "bcdefghij");
	say(&l, "k");
	CHECK_TEXT(scratch_read("x.log"), "k");
	CHECK_TEXT(scratch_read("x.log.1"), "abcdefghij"); /* the older one is gone */
	log_close(&l);
	CHECK(l.fd == -1);
	say(&l, "dropped");
	log_close(&l);
}

static void test_again(void)
{
	struct log l;

	log_open(&l, dir, "x.log", 10, 0); /* an adoption goes on with it, and knows its size */
	say(&l, "lmno");
	CHECK_TEXT(scratch_read("x.log"), "klmno");
	say(&l, "pqrstu");
	CHECK_TEXT(scratch_read("x.log"), "pqrstu");
	CHECK_TEXT(scratch_read("x.log.1"), "klmno");
	log_close(&l);
	log_open(&l, dir, "x.log", 10, 1);
	CHECK_TEXT(scratch_read("x.log"), "");
	CHECK_TEXT(scratch_read("x.log.1"), "(none)");
	log_close(&l);
}

static void test_nowhere(void)
{
	struct log l;

	scratch_write("target", "safe");
	CHECK(symlink("target", scratch_path("l.log")) == 0);
	log_open(&l, dir, "l.log", 10, 1); /* a link is not followed */
	CHECK(l.fd == -1);
	say(&l, "x");
	log_close(&l);
	CHECK_TEXT(scratch_read("target"), "safe");
	log_open(&l, -1, "x.log", 10, 1);
	say(&l, "x");
	log_close(&l);
	CHECK(mkfifo(scratch_path("f.log"), 0600) == 0);
	log_open(&l, dir, "f.log", 10, 0); /* and a FIFO without a reader does not hold us up */
	say(&l, "x");
	log_close(&l);
}

int main(void)
{
	umask(022);
	dir = scratch_begin();
	test_turn();
	test_again();
	test_nowhere();
	close(dir);
	return unit_failed;
}
