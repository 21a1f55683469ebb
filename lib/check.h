/* SPDX-License-Identifier: 0BSD */
/* What can be known of a VM before it is started. */
#ifndef CHECK_H
#define CHECK_H

#include "after.h"
#include "model.h"
#include "owner.h"
#include "target.h"

/* What is found out once for all VMs of a call. Zeroed but for the host. */
struct check {
	struct host *host;
	struct owners owners;
	struct check_qemu *qemus;	/* each that was asked */
	size_t n, room;
	struct buf machines;		/* words that one of them has started with, a line each */
	int looked;			/* for services: */
	struct buf services;		/* as service_list tells */
	struct after after;
};

/* Each finding is one line with its place and remedy: what will make a start fail is in `fails`, what only should be known in
 * `notes`. */

/* Loads the target, looks, and starts nothing but a QEMU that is asked what it has. DONE; FAILED: a start will
 * fail; else the code of a target that is not there. Free the target. */
int check_vm(struct check *c, struct target *t, struct buf *fails, struct buf *notes);
/* Of the host itself. */
void check_host(const struct check *c, struct buf *notes);
void check_free(struct check *c);

#endif
