/* SPDX-License-Identifier: 0BSD */
/* Reading a log from its beginning while it is written. */
#include "follow.h"

#include "fd.h"
#include "fmt.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 1024, CHUNKS = 4096 }; /* at most so many in one call */

static int open_one(int dir, const char *name, struct stat *st)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd >= 0 && (fstat(fd, st) < 0 || !S_ISREG(st->st_mode)))
		fd_close(&fd);
	return fd;
}

static int same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The file behind the one that is open; -1: that one is the last. The open one keeps its inode's number from being given
 * to another. */
static int open_next(const struct follow *f)
{
	struct stat now = { 0 }, old = { 0 }, open = { 0 };
	char name[NAME_MAX + 1];
	int newest = open_one(f->dir, f->name, &now);
	int is_open = f->fd >= 0 && fstat(f->fd, &open) == 0;

	if (newest >= 0 && is_open && same(&now, &open)) {
		fd_close(&newest);
		return -1;
	}
	fmt(name, sizeof(name), "%s.1", f->name);
	int older = open_one(f->dir, name, &old);
	if (older >= 0 && !(is_open && same(&old, &open)) && !(newest >= 0 && same(&old, &now))) {
		fd_close(&newest);
		return older;
	}
	fd_close(&older);
	return newest;
}

static int was_cut(const struct follow *f)
{
	struct stat st;

	return f->fd >= 0 && fstat(f->fd, &st) == 0 && st.st_size < f->at;
}

void follow_none(struct follow *f)
{
	*f = (struct follow){ .dir = -1, .fd = -1 };
}

int follow_begin(struct follow *f, int dir, const char *name)
{
	follow_none(f);
	f->name = name;
	f->dir = fcntl(dir, F_DUPFD_CLOEXEC, 3);
	return f->dir < 0 ? -1 : 0;
}

int follow_read(struct follow *f, void (*take)(void *arg, const char *bytes, size_t n), void *arg)
{
	char bytes[CHUNK];
	int next = -1, i = 0;

	if (was_cut(f)) {
		f->at = 0;
		take(arg, NULL, 0);
	}
	for (; f->dir >= 0 && i < CHUNKS; i++) {
		ssize_t n = f->fd < 0 ? 0 : pread(f->fd, bytes, sizeof(bytes), f->at);
		if (n > 0) {
			take(arg, bytes, (size_t)n);
			f->at += n;
		} else if (next < 0) {
			/* its writer has closed it by then: once more to its end */
			next = open_next(f);
			if (next < 0)
				break;
		} else {
			fd_close(&f->fd);
			f->fd = next;
			f->at = 0;
			next = -1;
		}
	}
	fd_close(&next);
	return i == CHUNKS;
}

void follow_end(struct follow *f)
{
	fd_close(&f->fd);
	fd_close(&f->dir);
}
