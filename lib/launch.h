/* SPDX-License-Identifier: 0BSD */
/* A keeper in the background: forked here, heard until it is ready. */
#ifndef LAUNCH_H
#define LAUNCH_H

#include "host.h"
#include "keep.h"

/* Forks the keeper of the job, whose vm holds the keeper's byte; here the vm is closed then. Its words go to say, until it is
 * ready or has failed, at most until the deadline. Returns the code. */
int launch(struct keep_job *job, int adopt, int64_t deadline, void (*say)(void *arg, const char *words), void *arg);
/* Becomes, in the background, the keeper of a VM that has lost its own, if that is so: byte 1 free, byte 0 held. It knows the
 * configuration, for RESTART, as far as that can still be read. Without words when there is nothing to do. DONE, or the code. */
int launch_adopter(const struct host *h, const char *name, void (*say)(void *arg, const char *words), void *arg);

#endif
