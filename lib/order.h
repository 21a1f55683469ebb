/* SPDX-License-Identifier: 0BSD */
/* In which order the VMs of a host start and stop: by AFTER, then ORDER, then the registry's lines. Pure. */
#ifndef ORDER_H
#define ORDER_H

#include "err.h"

#include <stddef.h>

enum order_at { ORDER_HELD, ORDER_BEGUN, ORDER_OVER };

/* Zeroed but for its first three fields. The list's user sets `at` as it goes. */
struct order_vm {
	const char *name;
	long order;		/* ORDER */
	void *owner;		/* the user's */
	enum order_at at;
	/* the module's own */
	size_t *waits;		/* for whom: places in the list */
	size_t n;
	size_t seen, chain;
};

/* By `order`; equals stay as they stand. Before the first order_wait. */
void order_sort(struct order_vm *list, size_t n);
/* list[i] shall wait for the VM called `name`; one that is not in the list holds up nobody. 0; -1 and err when memory ran out
 * or they would wait in a ring, which err names: then it does not wait. */
int order_wait(struct order_vm *list, size_t n, size_t i, const char *name, struct err *e);
/* The same in two steps. order_add lets it wait even in a ring: 1; 0: not in the list; -1 and err when memory ran out. */
int order_add(struct order_vm *list, size_t n, size_t i, const char *name, struct err *e);
/* Whether list[i] waits, through others or not, for itself: 0; -1 and err, which names the ring. */
int order_ring(struct order_vm *list, size_t n, size_t i, struct err *e);
/* Whether all that list[i] waits for are over. */
int order_may_start(const struct order_vm *list, size_t i);
/* Whether all that wait for list[i] are over. */
int order_may_stop(const struct order_vm *list, size_t n, size_t i);
/* How many stop one after another from list[i] on, itself counted. */
size_t order_chain(struct order_vm *list, size_t i);
void order_free(struct order_vm *list, size_t n);

#endif
