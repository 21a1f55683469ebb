/* SPDX-License-Identifier: 0BSD */
/* Whether qemud can do what a VM's AFTER says: who is named is there, and nobody waits in a ring. */
#ifndef AFTER_H
#define AFTER_H

#include "order.h"
#include "target.h"

/* Who waits for whom of the registered VMs, read once one has an AFTER. Zeroed is new. */
struct after {
	struct order_vm *list;
	size_t n;
};

/* Looks at a registered VM's; each finding is a line. */
void after_look(struct after *all, const struct host *h, const struct conf *c, struct buf *fails, struct buf *notes);
void after_free(struct after *all);

#endif
