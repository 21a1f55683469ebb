/* SPDX-License-Identifier: 0BSD */
/* What holds for all VMs of whoever calls. */
#include "host.h"

#include "conf.h"
#include "file.h"
#include "fmt.h"
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

static int is_same(const char *path, const struct stat *st)
{
	struct stat other;

	return stat(path, &other) == 0 && other.st_dev == st->st_dev && other.st_ino == st->st_ino;
}

/* One VM's disks, by its rc-file; one that does not parse claims what could be read. */
static int disk_taken(const struct host *h, const struct reg_vm *vm, const char *rc, const struct stat *st, char *what, size_t room)
{
	char defaults[PLACE_MAX + sizeof("/default.rc")], path[PATH_MAX];
	const struct conf_from from = { .defaults = defaults, .file = rc, .name = vm->name };
	struct buf errors = { 0 }, warnings = { 0 };
	struct conf c;
	int taken = 0;

	fmt(defaults, sizeof(defaults), "%s/default.rc", h->place.etc);
	conf_load(&c, &from, &errors, &warnings);
	for (const struct conf_item *item = NULL; !taken && (item = conf_next(&c, CONF_DISK, item));) {
		struct spec_disk d;
		struct err e;
		if (spec_disk(&d, item->value, &e) == 0 && conf_path(&c, d.file, path, sizeof(path)) == 0 && is_same(path, st)) {
			fmt(what, room, "DISK%d of %s", item->number, vm->name);
			taken = 1;
		}
		spec_disk_free(&d);
	}
	conf_free(&c);
	buf_free(&errors);
	buf_free(&warnings);
	return taken;
}

int host_file_taken(const struct host *h, const char *except, const struct stat *st, char *what, size_t room)
{
	char rc[PATH_MAX], cfg[PATH_MAX];
	struct err e;

	for (size_t i = 0; i < h->reg.n; i++) {
		const struct reg_vm *vm = &h->reg.vms[i];
		if (strcmp(vm->name, except) == 0 || reg_rc_file(vm->path, vm->name, rc, sizeof(rc), &e) < 0)
			continue;
		reg_raw_file(vm->path, vm->name, cfg, sizeof(cfg));
		if (is_same(rc, st) || is_same(cfg, st)) {
			fmt(what, room, "the configuration of %s", vm->name);
			return 1;
		}
		if (disk_taken(h, vm, rc, st, what, room))
			return 1;
	}
	return 0;
}
