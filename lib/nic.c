/* SPDX-License-Identifier: 0BSD */
/* The network cards of a configuration. */
#include "nic.h"

#include "buf.h"
#include "fd.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

int nic_is_bridged(const struct nic *n)
{
	return n->spec.kind == NIC_BRIDGE || n->spec.kind == NIC_TAP;
}

static void settle(struct nic *n, const char *vm, const char *host)
{
	text_copy(n->mac, sizeof(n->mac), n->spec.mac);
	if (!nic_is_bridged(n))
		return;
	if (!*n->mac)
		tap_mac(n->mac, host, vm, n->item->number);
	if (n->spec.kind == NIC_TAP)
		text_copy(n->name, sizeof(n->name), n->spec.link);
	else
		tap_name(n->name, vm, n->item->number, 0);
}

int nics_read(struct nics *all, const struct conf *c, const char *host, struct err *e)
{
	*all = (struct nics){ 0 };
	for (const struct conf_item *item = NULL; (item = conf_next(c, CONF_NIC, item));) {
		struct nic *list = buf_grow(all->list, all->n, &all->room, sizeof(*list));
		if (!list)
			return err_set(e, "out of memory");
		all->list = list;
		struct nic *n = &list[all->n];
		*n = (struct nic){ .item = item, .fd = -1, .vhost = -1 };
		if (spec_nic(&n->spec, item->value, e) < 0)
			return conf_at(e, item);
		settle(n, c->name, host);
		all->n += n->spec.kind != NIC_NONE;
	}
	return 0;
}

const struct nic *nics_mac(const struct nics *all, size_t n, const char *mac)
{
	for (const struct nic *nic = all->list; nic < all->list + n; nic++)
		if (nic_is_bridged(nic) && strcmp(nic->mac, mac) == 0)
			return nic;
	return NULL;
}

int nics_bridged(const struct conf *c)
{
	struct nics all;
	struct err e;
	int any = 0;

	nics_read(&all, c, "", &e);
	for (size_t i = 0; i < all.n; i++)
		any |= nic_is_bridged(&all.list[i]);
	nics_free(&all);
	return any;
}

int nics_load(struct nics *all, const struct conf *c, struct err *e)
{
	char host[TAP_HOST] = "";

	if (nics_bridged(c))
		tap_host(host);
	return nics_read(all, c, host, e);
}

void nics_look(struct nics *all)
{
	for (size_t i = 0; i < all->n; i++)
		if (nic_is_bridged(&all->list[i]))
			all->list[i].mtu = tap_mtu(all->list[i].spec.link);
}

int nics_open(struct nics *all, const char *vm, struct err *e)
{
	nics_look(all);
	for (size_t i = 0; i < all->n; i++) {
		struct nic *n = &all->list[i];
		if (!nic_is_bridged(n))
			continue;
		n->fd = n->spec.kind == NIC_TAP ? tap_open(n->spec.link, e) : tap_make(vm, n->item->number, n->spec.link, n->mac, e);
		if (n->fd < 0)
			return conf_at(e, n->item);
		n->vhost = tap_vhost();
	}
	return 0;
}

void nics_close(struct nics *all)
{
	for (size_t i = 0; i < all->n; i++) {
		fd_close(&all->list[i].fd);
		fd_close(&all->list[i].vhost);
	}
}

void nics_free(struct nics *all)
{
	nics_close(all);
	free(all->list);
	*all = (struct nics){ 0 };
}
