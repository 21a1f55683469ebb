/* SPDX-License-Identifier: 0BSD */
/* Starting one VM in the background, whatever state it is found in. */
#ifndef START_H
#define START_H

#include "target.h"

struct start {
	int throw_away;
	void (*say)(void *arg, const char *words);
	void (*progress)(void *arg, const char *words); /* that it was started */
	void *arg;
};

/* Starts a VM that was loaded. One that runs already from the same file is a success, and gets a keeper if it has lost its
 * own; of one that is being started elsewhere the end of that is awaited. DONE, or the code, and all is said. */
int start_vm(struct target *t, const struct start *s);
/* 1 when it is unknown whether it runs, which is said: none may be started then. */
int start_unknown(const struct target *t, const struct start *s);
/* The same for the holder of the keeper's byte who finds QEMU's free. */
int start_poses(const struct vm *vm, const struct start *s);

#endif
