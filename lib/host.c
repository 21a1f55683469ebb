/* SPDX-License-Identifier: 0BSD */
/* What holds for all VMs of whoever calls. */
#include "host.h"

#include "conf.h"
#include "file.h"
#include "fmt.h"
#include "nic.h"
#include "spec.h"

#include <limits.h>
#include <string.h>

int host_load(struct host *h, struct buf *errors, int *code, struct err *e)
{
	*h = (struct host){ 0 };
	*code = DONE;
	if (place_find(&h->place, e) < 0)
		return -1;
	if (site_load(&h->site, h->place.etc, errors) < 0)
		*code = h->site.code;
	if (reg_load(&h->reg, h->place.etc, errors) < 0)
		*code = h->reg.code;
	reg_autostart(&h->autostart, h->place.etc, errors);
	h->code = *code;
	return 0;
}

void host_free(struct host *h)
{
	reg_free(&h->autostart);
	reg_free(&h->reg);
}

/* What is looked for in the configurations of others, and where it was found. */
struct seek {
	const struct stat *st;
	const char *mac, *id;
	const struct reg_vm *vm;
	char *what;
	size_t room;
};

static int is_same(const char *path, const struct stat *st)
{
	struct stat other;

	return stat(path, &other) == 0 && other.st_dev == st->st_dev && other.st_ino == st->st_ino;
}

/* Calls take for the configuration of each registered VM but `except`, until one says yes; one that does not parse is
 * what could be read. */
static int any_conf(const struct host *h, const char *except, int (*take)(struct seek *s, const struct conf *c), struct seek *s)
{
	char defaults[PLACE_MAX + sizeof("/default.rc")], rc[PATH_MAX];
	int taken = 0;

	fmt(defaults, sizeof(defaults), "%s/default.rc", h->place.etc);
	for (size_t i = 0; i < h->reg.n && !taken; i++) {
		const struct reg_vm *vm = &h->reg.vms[i];
		const struct conf_from from = { .defaults = defaults, .file = rc, .name = vm->name };
		struct buf errors = { 0 };
		struct conf c;
		struct err e;
		if (strcmp(vm->name, except) == 0 || reg_rc_file(vm->path, vm->name, rc, sizeof(rc), &e) < 0)
			continue;
		conf_load(&c, &from, &errors, &errors);
		s->vm = vm;
		taken = take(s, &c);
		conf_free(&c);
		buf_free(&errors);
	}
	return taken;
}

static int files_taken(struct seek *s, const struct conf *c)
{
	char path[PATH_MAX];

	reg_raw_file(s->vm->path, s->vm->name, path, sizeof(path));
	if (is_same(c->file, s->st) || is_same(path, s->st)) {
		fmt(s->what, s->room, "the configuration of %s", s->vm->name);
		return 1;
	}
	for (const struct conf_item *item = NULL; (item = conf_next(c, CONF_DISK, item));) {
		struct spec_disk d;
		struct err e;
		int taken = spec_disk(&d, item->value, &e) == 0 && conf_path(c, d.file, path, sizeof(path)) == 0 && is_same(path, s->st);
		spec_disk_free(&d);
		if (taken) {
			fmt(s->what, s->room, "DISK%d of %s", item->number, s->vm->name);
			return 1;
		}
	}
	return 0;
}

int host_file_taken(const struct host *h, const char *except, const struct stat *st, char *what, size_t room)
{
	struct seek s = { .st = st, .what = what, .room = room };

	return any_conf(h, except, files_taken, &s);
}

static int mac_taken(struct seek *s, const struct conf *c)
{
	struct nics nics;
	struct err e;

	nics_read(&nics, c, s->id, &e);
	const struct nic *n = nics_mac(&nics, nics.n, s->mac);
	if (n)
		fmt(s->what, s->room, "NIC%d of %s", n->item->number, s->vm->name);
	nics_free(&nics);
	return n != NULL;
}

int host_mac_taken(const struct host *h, const char *except, const char *mac, char *what, size_t room)
{
	char id[TAP_HOST];
	struct seek s = { .mac = mac, .id = id, .what = what, .room = room };

	tap_host(id);
	return any_conf(h, except, mac_taken, &s);
}
