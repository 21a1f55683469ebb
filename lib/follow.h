/* SPDX-License-Identifier: 0BSD */
/* Reading a log (log.h) from its beginning while it is written, across the turn to NAME.1. */
#ifndef FOLLOW_H
#define FOLLOW_H

#include <sys/types.h>

struct follow {
	int dir;		/* its own; -1: nothing is followed */
	const char *name;
	int fd;
	off_t at;
};

void follow_none(struct follow *f);
/* From the beginning of what is kept. Makes a copy of dir. 0, or -1 with errno. */
int follow_begin(struct follow *f, int dir, const char *name);
/* Hands over all that has come since. n 0: what follows does not continue what came before. 1: there is more at
 * once; 0: all was read. */
int follow_read(struct follow *f, void (*take)(void *arg, const char *bytes, size_t n), void *arg);
void follow_end(struct follow *f);

#endif
