/* SPDX-License-Identifier: 0BSD */
/* Whether qemud can do what a VM's AFTER says. */
#include "after.h"

#include "order.h"
#include "want.h"

#include <stdlib.h>
#include <string.h>

static int load(struct after *all, const struct host *h)
{
	struct buf said = { 0 };

	all->list = calloc(h->reg.n, sizeof(*all->list));
	for (; all->list && all->n < h->reg.n; all->n++) {
		all->list[all->n].operand = h->reg.vms[all->n].name;
		target_conf(&all->list[all->n], h, &said, &said); /* what is wrong with another's is not this one's */
	}
	buf_free(&said);
	return all->list ? 0 : -1;
}

/* Lets list[i] wait for all that its AFTERs name. 0; -1 and err: in a ring. */
static int wait_all(struct order_vm *list, size_t n, size_t i, const struct conf *c, struct err *e)
{
	struct want_after a;
	struct err why;
	int bad = 0;

	for (const struct conf_item *item = NULL; (item = conf_next(c, CONF_AFTER, item));)
		if (want_after(&a, item->value, &why) == 0 && order_wait(list, n, i, a.name, &why) < 0 && (*e = why, 1))
			bad = -1;
	return bad;
}

/* Its own AFTERs come last, so that a ring in which it stands is its own, and the others' are theirs. */
static int find_ring(const struct after *all, const struct host *h, const struct conf *c, struct err *e)
{
	struct order_vm *list = calloc(all->n, sizeof(*list));
	struct err other;
	size_t own = 0;
	int bad = 0;

	for (size_t i = 0; list && i < all->n; i++)
		list[i].name = h->reg.vms[i].name;
	for (size_t i = 0; list && i < all->n; i++)
		if (strcmp(list[i].name, c->name) == 0)
			own = i;
		else
			wait_all(list, all->n, i, &all->list[i].conf, &other);
	if (list) {
		bad = wait_all(list, all->n, own, c, e);
		order_free(list, all->n);
	}
	free(list);
	return bad;
}

void after_look(struct after *all, const struct host *h, const struct conf *c, struct buf *fails, struct buf *notes)
{
	struct want_after a;
	struct err e;

	if (!conf_next(c, CONF_AFTER, NULL) || (!all->list && load(all, h) < 0))
		return;
	for (const struct conf_item *item = NULL; (item = conf_next(c, CONF_AFTER, item));) {
		if (want_after(&a, item->value, &e) < 0 || reg_find(&h->reg, a.name))
			continue;
		err_set(&e, "%s: not registered, so nobody starts it: qemu-adm register FOLDER", a.name);
		conf_at(&e, item);
		buf_fmt(notes, "%s\n", e.text);
	}
	if (find_ring(all, h, c, &e) < 0)
		buf_fmt(fails, "%s: one of them without it\n", e.text);
}

void after_free(struct after *all)
{
	for (size_t i = 0; i < all->n; i++)
		target_free(&all->list[i]);
	free(all->list);
	*all = (struct after){ 0 };
}
