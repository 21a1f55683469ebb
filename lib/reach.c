/* SPDX-License-Identifier: 0BSD */
/* From the words of a command line (NAME, -p PORT, -u SOCKET) to a monitor. */
#include "reach.h"

#include "file.h"
#include "fmt.h"
#include "lock.h"
#include "place.h"
#include "reg.h"
#include "text.h"
#include "vm.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>

static int is_registered(const struct place *place, const char *name)
{
	struct reg reg;
	struct buf errors = { 0 };

	reg_load(&reg, place->etc, &errors);
	int is = reg_find(&reg, name) != NULL;
	reg_free(&reg);
	buf_free(&errors);
	return is;
}

/* Why a VM that does not run cannot be reached. */
static int explain(const struct place *place, const char *name, int there, struct err *e)
{
	struct stat st;
	char path[PATH_MAX];

	if (there || is_registered(place, name))
		return err_code(e, NOT_UP, "not running");
	if (!place->root && file_join(path, sizeof(path), PLACE_SYSTEM, name) == 0 && stat(path, &st) == 0)
		return err_code(e, NO_RIGHT, "one of the system's VMs: permission denied");
	return err_code(e, NOT_CONFIGURED, "no such VM");
}

static int find_name(struct reach *r, const char *name, const char *file, struct err *e)
{
	struct place place;
	struct vm vm;
	struct lock_seen seen = { 0 };

	r->name = name;
	if (!text_name(name, CONF_NAME_MAX))
		return err_code(e, NOT_CONFIGURED, "not a VM's name");
	if (place_find(&place, e) < 0)
		return -1;
	int there = vm_look(&vm, &place, name, e);
	if (there > 0 && vm_seen(&vm, &seen) < 0)
		there = err_sys(e, "%s/lock", vm.path);
	if (there > 0)
		vm_file(&vm, file, r->path);
	vm_close(&vm);
	if (there < 0)
		return -1;
	if (!seen.qemu)
		return explain(&place, name, there, e);
	r->pid = seen.pid;
	r->where.path = r->path;
	return 0;
}

int reach_find(struct reach *r, const struct opts *o, const char *file, struct err *e)
{
	int by_port = opt_has(o, 'p'), by_path = opt_has(o, 'u');
	long port = opt_number(o, 'p', 1, 65535, 0, e);

	*r = (struct reach){ .words = o->words, .n = o->n };
	if (port < 0)
		return -1;
	if (by_port && by_path)
		return err_code(e, USAGE, "-p and -u exclude each other");
	if (by_path && !*o->value['u'])
		return err_code(e, USAGE, "-u: wants the path of a socket");
	r->where = (struct mon_where){ .path = by_path ? o->value['u'] : NULL, .port = (uint16_t)port };
	if (by_port || by_path)
		return 0;
	r->words++;
	r->n--;
	return find_name(r, o->words[0], file, e);
}

int reach_confined(const struct reach *r)
{
	char path[64], text[4096];

	if (r->pid <= 0)
		return 0;
	fmt(path, sizeof(path), "/proc/%ld/status", (long)r->pid);
	return file_peek(AT_FDCWD, path, text, sizeof(text)) > 0 && text_in(text, "\nSeccomp:\t2") != NULL;
}
