/* SPDX-License-Identifier: 0BSD */
/* The way from a lock that is held to a guest that runs: the tables of a start and of an adoption. */
#ifndef STEPS_H
#define STEPS_H

#include "keep.h"

enum steps { STEPS_START, STEPS_RESTART, STEPS_ADOPT };

/* Begins with the first step. */
void steps_begin(struct keeper *k, enum steps which);
/* Goes on behind a step that waited, when what it waited for has come. At the end k->ready is set and the job is
 * told; a step that fails fills k->err and calls k->fail. */
void steps_next(struct keeper *k);
/* The QMP line takes commands now, or is given up: goes on if a step waits for that. */
void steps_capable(struct keeper *k);
/* What the step that waits is about. */
const char *steps_name(const struct keeper *k);
/* Binds again those of the keeper's own sockets whose files are gone. */
void steps_rebind(struct keeper *k);
/* A hook has ended: with waitpid's status. */
void steps_hook_ended(struct keeper *k, int status);
/* Takes away sockets, FIFO and `private`; everything is closed before, or its owner is dead. */
void steps_clean(const struct vm *vm);

#endif
