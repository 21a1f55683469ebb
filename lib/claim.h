/* SPDX-License-Identifier: 0BSD */
/* Disks are used once: what each VM that lives has open, by device and inode, stands in its state file. */
#ifndef CLAIM_H
#define CLAIM_H

#include "buf.h"
#include "disk.h"
#include "err.h"
#include "place.h"

/* Takes the lock of the run place under which claims are checked and written, until the deadline. Its descriptor; close
 * it when `state` is written. -1 and err. */
int claim_lock(const struct place *place, int64_t deadline, struct err *e);
/* Whether another VM that lives uses one of the images, and one of the two writes it. 0; -1 and err with the rc-file's
 * line and the other's name. */
int claim_check(const struct place *place, const char *name, const struct disks *d, struct err *e);
/* Appends the claims as they stand in `state`: "DEVICE:INODE:w" or ":r", one word each. */
void claim_print(struct buf *out, const struct disks *d);
/* 1 when the claims hold this file in a way that forbids the use: it writes, or they do. Pure. */
int claim_forbids(const char *claims, unsigned long long dev, unsigned long long ino, int writes);

#endif
