/* SPDX-License-Identifier: 0BSD */
/* A folder of a unit test's own, which goes with all that is in it. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch[] = "/tmp/unit-XXXXXX";

static inline int scratch_remove(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static inline void scratch_end(void)
{
	nftw(scratch, scratch_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* Begins; the folder goes at exit. Returns a descriptor of it. */
static inline int scratch_begin(void)
{
	if (!mkdtemp(scratch))
		exit(1);
	atexit(scratch_end);
	return open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The path of a file in it; good until the eighth call from here. */
static inline const char *scratch_path(const char *name)
{
	static char path[8][256];
	static unsigned int n;
	char *to = path[n++ % 8];

	snprintf(to, sizeof(path[0]), "%s/%s", scratch, name);
	return to;
}

static inline void scratch_write(const char *name, const char *text)
{
	int fd = open(scratch_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		exit(1);
	close(fd);
}

/* The text of a file in it, "(none)" when it is not there; good until the next call. */
static inline const char *scratch_read(const char *name)
{
	static char text[1 << 16];
	int fd = open(scratch_path(name), O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return "(none)";
	text[n] = '\0';
	return text;
}

#endif
