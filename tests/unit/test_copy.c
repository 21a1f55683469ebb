/* SPDX-License-Identifier: 0BSD */
/* copy: holes stay holes, nothing is left of a copy that failed. */
#include "unit.h"

#include "copy.h"
#include "scratch.h"

#include <errno.h>

static struct err e;

static int stop_at(void *arg, const char *path, int64_t done, int64_t size)
{
	CHECK(done > 0 && done <= size && *path == '/');
	return done >= *(int64_t *)arg;
}

static void test_sparse(void)
{
	static char was[1 << 16], is[1 << 16];
	const off_t places[] = { 0, 40 << 20, (64 << 20) - 5 };
	struct stat st;

	scratch_write("a", "");
	int fd = open(scratch_path("a"), O_RDWR | O_CLOEXEC);
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		CHECK(pwrite(fd, "data", 4, places[i]) == 4);
	CHECK(ftruncate(fd, 64 << 20) == 0 && fchmod(fd, 0440) == 0);
	CHECK(copy_file(scratch_path("a"), scratch_path("b"), NULL, &e) == 0);
	int copy = open(scratch_path("b"), O_RDONLY | O_CLOEXEC);
	CHECK(fstat(copy, &st) == 0 && st.st_size == 64 << 20 && st.st_blocks < 1000 && (st.st_mode & 0777) == 0640);
	for (off_t at = 0; at < st.st_size; at += (off_t)sizeof(was)) {
		CHECK(pread(fd, was, sizeof(was), at) == sizeof(was) && pread(copy, is, sizeof(is), at) == sizeof(is));
		CHECK(memcmp(was, is, sizeof(was)) == 0);
	}
	close(fd);
	close(copy);
}

static void test_refusals(void)
{
	int64_t end = 1;
	const struct copy_watch w = { stop_at, &end };

	CHECK(copy_file(scratch_path("a"), scratch_path("b"), NULL, &e) == -1 && strstr(e.text, "/b: file exists"));
	CHECK(access(scratch_path("b"), F_OK) == 0);
	CHECK(copy_file(scratch_path("a"), scratch_path("c"), &w, &e) == -1 && strstr(e.text, "/c: interrupted"));
	CHECK(access(scratch_path("c"), F_OK) < 0 && errno == ENOENT);
	CHECK(copy_file(scratch_path("none"), scratch_path("c"), NULL, &e) == -1 && strstr(e.text, "/none: no such file"));
	CHECK(copy_file(scratch, scratch_path("c"), NULL, &e) == -1 && strstr(e.text, "not a regular file"));
	CHECK(mkfifo(scratch_path("fifo"), 0600) == 0);
	CHECK(copy_file(scratch_path("fifo"), scratch_path("c"), NULL, &e) == -1);
	CHECK(access(scratch_path("c"), F_OK) < 0);
}

static int64_t last;

static int note(void *arg, const char *path, int64_t done, int64_t size)
{
	(void)arg, (void)path;
	CHECK(last <= done && done <= size);
	last = done;
	return 0;
}

/* The end is told, of what ends with a hole and of an empty file, too. */
static void test_progress(void)
{
	const struct copy_watch w = { note, NULL };

	last = -1;
	scratch_write("hole", "data");
	CHECK(truncate(scratch_path("hole"), 8 << 20) == 0 && copy_file(scratch_path("hole"), scratch_path("d"), &w, &e) == 0);
	CHECK(last == 8 << 20);
	last = -1;
	scratch_write("empty", "");
	CHECK(copy_file(scratch_path("empty"), scratch_path("f"), &w, &e) == 0 && last == 0);
}

int main(void)
{
	int dir = scratch_begin();

	test_sparse();
	test_refusals();
	test_progress();
	close(dir);
	return unit_failed;
}
