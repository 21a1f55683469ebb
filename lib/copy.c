/* SPDX-License-Identifier: 0BSD */
/* A copy of a large file. */
#include "copy.h"

#include "fd.h"
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { AT_ONCE = 8 << 20, ROOM = 64 << 10 };

struct job {
	int from, to;
	const char *path;	/* of the copy */
	int64_t size;
	const struct copy_watch *w;
	struct err *e;
};

/* The kernel's own copying is not there on every kernel and between all file systems. */
static ssize_t by_hand(const struct job *j, off_t at, size_t n)
{
	char room[ROOM];
	ssize_t got = pread(j->from, room, n < ROOM ? n : ROOM, at), put = 0;

	for (ssize_t i = 0; i < got; i += put) {
		put = pwrite(j->to, room + i, (size_t)(got - i), at + i);
		if (put < 0)
			return -1;
	}
	return got;
}

static ssize_t some(const struct job *j, off_t at, size_t n)
{
	off_t in = at, out = at;
	ssize_t got = copy_file_range(j->from, &in, j->to, &out, n < AT_ONCE ? n : AT_ONCE, 0);

	return got > 0 ? got : by_hand(j, at, n);
}

static int tell(const struct job *j, off_t done)
{
	return j->w && j->w->told(j->w->arg, j->path, done, j->size) ? err_set(j->e, "%s: interrupted", j->path) : 0;
}

/* The data from `at` to `end`. */
static int copy_range(const struct job *j, off_t at, off_t end)
{
	while (at < end) {
		ssize_t n = some(j, at, (size_t)(end - at));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(j->e, "%s", j->path);
		if (n == 0)
			return err_set(j->e, "%s: the original became shorter", j->path);
		at += n;
		if (at < j->size && tell(j, at) < 0)
			return -1;
	}
	return 0;
}

static int copy_data(const struct job *j)
{
	off_t at = 0;

	if (ioctl(j->to, FICLONE, j->from) == 0)
		return tell(j, j->size);
	if (ftruncate(j->to, j->size) < 0)
		return err_sys(j->e, "%s", j->path);
	while (at < j->size) {
		off_t data = lseek(j->from, at, SEEK_DATA), hole = j->size;
		if (data < 0 && errno == ENXIO)
			break; /* a hole up to the end */
		if (data < 0)
			data = at; /* a file system that does not know */
		else if ((hole = lseek(j->from, data, SEEK_HOLE)) < 0 || hole > j->size)
			hole = j->size;
		if (data < j->size && copy_range(j, data, hole) < 0)
			return -1;
		at = hole;
	}
	return tell(j, j->size);
}

int copy_file(const char *from, const char *to, const struct copy_watch *w, struct err *e)
{
	struct job j = { .from = file_open(AT_FDCWD, from), .to = -1, .path = to, .w = w, .e = e };
	struct stat st = { 0 };
	int bad = 0;

	if (j.from < 0 || fstat(j.from, &st) < 0)
		bad = err_sys(e, "%s", from);
	else if (!S_ISREG(st.st_mode))
		bad = err_set(e, "%s: not a regular file", from);
	j.size = bad ? 0 : st.st_size;
	if (!bad && (j.to = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0)
		bad = err_sys(e, "%s", to);
	if (!bad)
		bad = copy_data(&j);
	if (!bad && (fchmod(j.to, (st.st_mode & 0777) | S_IWUSR) < 0 || fsync(j.to) < 0))
		bad = err_sys(e, "%s", to);
	if (bad && j.to >= 0)
		unlink(to);
	fd_close(&j.to);
	fd_close(&j.from);
	return bad;
}
