/* SPDX-License-Identifier: 0BSD */
/* A keeper in the background: forked here, heard until it is ready. */
#ifndef LAUNCH_H
#define LAUNCH_H

#include "buf.h"
#include "host.h"
#include "keep.h"

#include <sys/types.h>

/* A keeper that is on its way. Zeroed, with fd -1, is none. */
struct launch {
	int fd;			/* where its words come from; -1: it is over */
	pid_t pid;
	struct buf in;
	int code;		/* once it is over */
	void (*say)(void *arg, const char *words);
	void *arg;
};

/* Forks the keeper of the job, whose vm holds the keeper's byte; here the vm is closed then. Its words go to say, until it is
 * ready or has failed, at most until the deadline. Returns the code. */
int launch(struct keep_job *job, int adopt, int64_t deadline, void (*say)(void *arg, const char *words), void *arg);
/* Becomes, in the background, the keeper of a VM that has lost its own, if that is so: byte 1 free, byte 0 held. It knows the
 * configuration, for RESTART, as far as that can still be read. Without words when there is nothing to do. DONE, or the code. */
int launch_adopter(const struct host *h, const char *name, void (*say)(void *arg, const char *words), void *arg);
/* The same for who has more to do meanwhile: launch_hear whenever fd can be read, launch_late when it takes longer than
 * LAUNCH_ADOPT_MS; it is over, with its code, as soon as fd is -1. */
enum { LAUNCH_ADOPT_MS = 10000 };
void launch_adopt(struct launch *l, const struct host *h, const char *name, void (*say)(void *arg, const char *words), void *arg);
void launch_hear(struct launch *l);
void launch_late(struct launch *l);
/* Forgets it: the keeper goes on. */
void launch_close(struct launch *l);

#endif
