/* SPDX-License-Identifier: 0BSD */
/* A log file that never grows past its limit: the old half is NAME.1. */
#ifndef LOG_H
#define LOG_H

#include <stddef.h>
#include <sys/types.h>

struct log {
	int dir;		/* the caller's */
	const char *name;
	int fd;
	off_t size, max;
};

/* Begins the file anew (fresh) or goes on with it. Without a place to write all is dropped. */
void log_open(struct log *l, int dir, const char *name, off_t max, int fresh);
void log_write(struct log *l, const void *bytes, size_t n);
void log_close(struct log *l);

#endif
