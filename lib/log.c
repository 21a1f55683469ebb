/* SPDX-License-Identifier: 0BSD */
/* A log file that never grows past its limit. */
#include "log.h"

#include "fd.h"
#include "fmt.h"
#include "guard.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_log(const struct log *l, int flags)
{
	return openat(l->dir, l->name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags, 0640);
}

static void old_name(const struct log *l, char old[NAME_MAX + 1])
{
	fmt(old, NAME_MAX + 1, "%s.1", l->name);
}

void log_open(struct log *l, int dir, const char *name, off_t max, int fresh)
{
	char old[NAME_MAX + 1];
	struct stat st;

	*l = (struct log){ .dir = dir, .name = name, .max = max };
	if (fresh) {
		old_name(l, old);
		unlinkat(dir, old, 0);
	}
	l->fd = open_log(l, fresh ? O_TRUNC : 0);
	if (l->fd >= 0 && fstat(l->fd, &st) == 0)
		l->size = st.st_size;
}

static void turn(struct log *l)
{
	char old[NAME_MAX + 1];

	old_name(l, old);
	fd_close(&l->fd);
	renameat(l->dir, l->name, l->dir, old);
	l->fd = open_log(l, O_TRUNC);
	l->size = 0;
}

void log_write(struct log *l, const void *bytes, size_t n)
{
	if (l->fd < 0)
		return;
	if (guarded(GUARD_LOG) && l->size + (off_t)n > l->max)
		turn(l);
	/* a full disk costs lines of the log, never the guest */
	if (l->fd >= 0 && write(l->fd, bytes, n) > 0)
		l->size += (off_t)n;
}

void log_close(struct log *l)
{
	fd_close(&l->fd);
}
