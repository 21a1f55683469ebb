/* SPDX-License-Identifier: 0BSD */
/* The keeper: the process that is QEMU's parent, one for each running VM. */
#ifndef KEEPER_H
#define KEEPER_H

#include "keep.h"

/* Starts the VM and keeps it until it has ended; adopt: takes over a QEMU whose keeper was lost. Nothing is left open.
 * Returns what `run` exits with: DONE when the guest powered off or was asked to stop, TIMED_OUT at the job's limit,
 * else FAILED, or the code of the start that failed. */
int keeper_run(const struct keep_job *job, int adopt);

#endif
