/* SPDX-License-Identifier: 0BSD */
/* Which registered VM a file or a network address belongs to. */
#include "owner.h"

#include "conf.h"
#include "fmt.h"
#include "nic.h"
#include "spec.h"
#include "text.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* One thing of a VM's: a file, or (mac) a card. */
struct owned {
	const struct reg_vm *vm;
	enum { OWNED_CONF, OWNED_DISK, OWNED_NIC } kind;
	int number;
	dev_t dev;
	ino_t ino;
	char mac[TAP_MAC];
};

static int add(struct owners *all, const struct owned *one)
{
	struct owned *list = buf_grow(all->list, all->n, &all->room, sizeof(*list));

	if (!list)
		return -1;
	all->list = list;
	list[all->n++] = *one;
	return 0;
}

/* One that is not there is nobody's. */
static int add_file(struct owners *all, struct owned one, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return 0;
	one.dev = st.st_dev;
	one.ino = st.st_ino;
	return add(all, &one);
}

static int add_disks(struct owners *all, const struct reg_vm *vm, const struct conf *c)
{
	char path[PATH_MAX];
	int bad = 0;

	for (const struct conf_item *item = NULL; !bad && (item = conf_next(c, CONF_DISK, item));) {
		struct spec_disk d;
		struct err e;
		if (spec_disk(&d, item->value, &e) == 0 && conf_path(c, d.file, path, sizeof(path)) == 0)
			bad = add_file(all, (struct owned){ .vm = vm, .kind = OWNED_DISK, .number = item->number }, path);
		spec_disk_free(&d);
	}
	return bad;
}

static int add_cards(struct owners *all, const struct reg_vm *vm, const struct conf *c)
{
	struct nics nics;
	struct err e;
	int bad = 0;

	nics_load(&nics, c, &e);
	for (size_t i = 0; i < nics.n && !bad; i++) {
		struct owned one = { .vm = vm, .kind = OWNED_NIC, .number = nics.list[i].item->number };
		text_copy(one.mac, sizeof(one.mac), nics.list[i].mac);
		bad = nic_is_bridged(&nics.list[i]) ? add(all, &one) : 0;
	}
	nics_free(&nics);
	return bad;
}

/* One whose file does not parse owns what could be read. */
static int add_vm(struct owners *all, const struct host *h, const struct reg_vm *vm)
{
	char defaults[PLACE_MAX + sizeof("/default.rc")], rc[PATH_MAX], raw[PATH_MAX];
	const struct conf_from from = { .defaults = defaults, .file = rc, .name = vm->name };
	const struct owned files = { .vm = vm, .kind = OWNED_CONF };
	struct buf errors = { 0 };
	struct conf c;
	struct err e;

	if (reg_rc_file(vm->path, vm->name, rc, sizeof(rc), &e) < 0)
		return 0;
	fmt(defaults, sizeof(defaults), "%s/default.rc", h->place.etc);
	reg_raw_file(vm->path, vm->name, raw, sizeof(raw));
	conf_load(&c, &from, &errors, &errors);
	int bad = add_file(all, files, rc) < 0 || add_file(all, files, raw) < 0 || add_disks(all, vm, &c) < 0 ||
		add_cards(all, vm, &c) < 0;
	conf_free(&c);
	buf_free(&errors);
	return bad ? -1 : 0;
}

static int load(struct owners *all, const struct host *h)
{
	int bad = 0;

	for (size_t i = 0; i < h->reg.n && !bad; i++)
		bad = add_vm(all, h, &h->reg.vms[i]);
	return bad;
}

static int is_same(const struct owned *a, const struct owned *b)
{
	if (b->kind == OWNED_NIC)
		return a->kind == OWNED_NIC && strcmp(a->mac, b->mac) == 0;
	return a->kind != OWNED_NIC && a->dev == b->dev && a->ino == b->ino;
}

static int find(const struct owners *all, const char *except, const struct owned *one, char *what, size_t room)
{
	static const char *const kinds[] = { [OWNED_DISK] = "DISK", [OWNED_NIC] = "NIC" };

	for (const struct owned *o = all->list; o < all->list + all->n; o++) {
		if (!is_same(o, one) || strcmp(o->vm->name, except) == 0)
			continue;
		if (o->kind == OWNED_CONF)
			fmt(what, room, "the configuration of %s", o->vm->name);
		else
			fmt(what, room, "%s%d of %s", kinds[o->kind], o->number, o->vm->name);
		return 1;
	}
	return 0;
}

/* What cannot be known is taken. */
static int ask(const struct host *h, const char *except, const struct owned *one, char *what, size_t room)
{
	struct owners now = { 0 };
	int bad = h->owners ? 0 : load(&now, h);
	int taken = bad ? fmt(what, room, "perhaps another VM's (out of memory)") > 0 :
		find(h->owners ? h->owners : &now, except, one, what, room);

	free(now.list);
	return taken;
}

int owner_of_file(const struct host *h, const char *except, const struct stat *st, char *what, size_t room)
{
	const struct owned one = { .kind = OWNED_DISK, .dev = st->st_dev, .ino = st->st_ino };

	return ask(h, except, &one, what, room);
}

int owner_of_mac(const struct host *h, const char *except, const char *mac, char *what, size_t room)
{
	struct owned one = { .kind = OWNED_NIC };

	text_copy(one.mac, sizeof(one.mac), mac);
	return ask(h, except, &one, what, room);
}

void owner_read(struct owners *all, struct host *h)
{
	if (load(all, h) == 0)
		h->owners = all;
}

void owner_free(struct owners *all)
{
	free(all->list);
	*all = (struct owners){ 0 };
}
