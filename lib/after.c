/* SPDX-License-Identifier: 0BSD */
/* Whether qemud can do what a VM's AFTER says. */
#include "after.h"

#include "want.h"

#include <stdlib.h>
#include <string.h>

static void add_all(struct after *all, const struct host *h, size_t i)
{
	struct target t = { .operand = h->reg.vms[i].name };
	struct buf said = { 0 };
	struct want_after a;
	struct err e;

	target_conf(&t, h, &said, &said); /* what is wrong with another's is not this one's */
	for (const struct conf_item *item = NULL; (item = conf_next(&t.conf, CONF_AFTER, item));)
		if (want_after(&a, item->value, &e) == 0)
			order_add(all->list, all->n, i, a.name, &e);
	buf_free(&said);
	target_free(&t);
}

static int load(struct after *all, const struct host *h)
{
	all->list = calloc(h->reg.n, sizeof(*all->list));
	if (!all->list)
		return -1;
	all->n = h->reg.n;
	for (size_t i = 0; i < all->n; i++)
		all->list[i].name = h->reg.vms[i].name;
	for (size_t i = 0; i < all->n; i++)
		add_all(all, h, i);
	return 0;
}

static int find_ring(const struct after *all, const char *name, struct err *e)
{
	size_t i = 0;

	while (i < all->n && strcmp(all->list[i].name, name) != 0)
		i++;
	return i < all->n ? order_ring(all->list, all->n, i, e) : 0;
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
	if (find_ring(all, c->name, &e) < 0)
		buf_fmt(fails, "%s: one of them without it\n", e.text);
}

void after_free(struct after *all)
{
	order_free(all->list, all->n);
	free(all->list);
	*all = (struct after){ 0 };
}
