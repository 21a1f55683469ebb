/* SPDX-License-Identifier: 0BSD */
/* In which order the VMs of a host start and stop. */
#include "order.h"

#include "buf.h"

#include <stdlib.h>
#include <string.h>

void order_sort(struct order_vm *list, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		const struct order_vm vm = list[i];
		size_t at = i;
		for (; at > 0 && list[at - 1].order > vm.order; at--)
			list[at] = list[at - 1];
		list[at] = vm;
	}
}

/* Whether `from` waits, through others or not, for `to`: the names of the way into it. */
static int leads(struct order_vm *list, size_t from, size_t to, struct buf *way)
{
	struct order_vm *vm = &list[from];
	size_t before = way->n;

	if (vm->seen)
		return 0;
	vm->seen = 1;
	buf_fmt(way, ", %s", vm->name);
	if (from == to)
		return 1;
	for (size_t i = 0; i < vm->n; i++)
		if (leads(list, vm->waits[i], to, way))
			return 1;
	way->n = before;
	return 0;
}

int order_ring(struct order_vm *list, size_t n, size_t i, struct err *e)
{
	struct buf way = { 0 };
	int is = 0;

	for (size_t k = 0; k < n; k++)
		list[k].seen = list[k].chain = 0;
	for (size_t w = 0; w < list[i].n && !is; w++)
		is = leads(list, list[i].waits[w], i, &way);
	if (is)
		err_code(e, NOT_CONFIGURED, "AFTER: a ring: %s%s", list[i].name, buf_text(&way));
	buf_free(&way);
	return -is;
}

int order_add(struct order_vm *list, size_t n, size_t i, const char *name, struct err *e)
{
	struct order_vm *vm = &list[i];
	size_t to = 0;

	while (to < n && strcmp(list[to].name, name) != 0)
		to++;
	if (to == n)
		return 0;
	size_t *waits = realloc(vm->waits, (vm->n + 1) * sizeof(*waits));
	if (!waits)
		return err_set(e, "out of memory");
	vm->waits = waits;
	waits[vm->n++] = to;
	return 1;
}

int order_wait(struct order_vm *list, size_t n, size_t i, const char *name, struct err *e)
{
	int added = order_add(list, n, i, name, e);

	if (added <= 0 || order_ring(list, n, i, e) == 0)
		return added < 0 ? -1 : 0;
	list[i].n--;
	return -1;
}

int order_may_start(const struct order_vm *list, size_t i)
{
	for (size_t k = 0; k < list[i].n; k++)
		if (list[list[i].waits[k]].at != ORDER_OVER)
			return 0;
	return 1;
}

int order_may_stop(const struct order_vm *list, size_t n, size_t i)
{
	for (size_t k = 0; k < n; k++)
		for (size_t w = 0; list[k].at != ORDER_OVER && w < list[k].n; w++)
			if (list[k].waits[w] == i)
				return 0;
	return 1;
}

size_t order_chain(struct order_vm *list, size_t i)
{
	struct order_vm *vm = &list[i];
	size_t longest = 0;

	for (size_t k = 0; !vm->chain && k < vm->n; k++) {
		size_t chain = order_chain(list, vm->waits[k]);
		if (chain > longest)
			longest = chain;
	}
	vm->chain = vm->chain ? vm->chain : longest + 1;
	return vm->chain;
}

void order_free(struct order_vm *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i].waits);
}
