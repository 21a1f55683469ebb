/* SPDX-License-Identifier: 0BSD */
/* What can be known of a VM before it is started. */
#ifndef CHECK_H
#define CHECK_H

#include "target.h"

/* Loads the target, looks, and starts nothing. Each finding is one line with its place and remedy: what will make the start
 * fail is in `fails`, what only should be known in `notes`. Free the target. */
void check_vm(struct target *t, const struct host *h, struct buf *fails, struct buf *notes);

#endif
