/* SPDX-License-Identifier: 0BSD */
/* The registry: which VMs there are, in which order, and where. */
#include "reg.h"

#include "edit.h"
#include "file.h"
#include "fmt.h"
#include "line.h"
#include "text.h"
#include "trust.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REG_FILE_MAX = 1 << 22 };

static const char *const rc_ends[] = { "-qemu.rc", "-qemud.rc" };

/* Where the name is, or would be, in r->sorted: 1, or 0 when it is not there. */
static int look_up(const struct reg *r, const char *name, size_t *at)
{
	size_t low = 0, high = r->n;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(name, r->vms[r->sorted[middle]].name);
		if (!order) {
			*at = middle;
			return 1;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	*at = low;
	return 0;
}

static int make_room(struct reg *r)
{
	size_t room = r->room ? 2 * r->room : 64;

	if (r->n < r->room)
		return 0;
	struct reg_vm *vms = realloc(r->vms, room * sizeof(*vms));
	if (vms)
		r->vms = vms;
	size_t *sorted = realloc(r->sorted, room * sizeof(*sorted));
	if (sorted)
		r->sorted = sorted;
	if (!vms || !sorted)
		return -1;
	r->room = room;
	return 0;
}

/* Adds the VM, which is not in there yet; path is copied, NULL for none. */
static int add(struct reg *r, const struct reg_vm *vm, const char *path, size_t at)
{
	char *copy = path ? strdup(path) : NULL;

	if ((path && !copy) || make_room(r) < 0) {
		free(copy);
		return -1;
	}
	memmove(r->sorted + at + 1, r->sorted + at, (r->n - at) * sizeof(*r->sorted));
	r->sorted[at] = r->n;
	r->vms[r->n] = *vm;
	r->vms[r->n++].path = copy;
	return 0;
}

/* The line's first word into name, what is behind it into *path. */
static int split(const struct line *l, char *name, size_t room, const char **path, size_t *n)
{
	size_t len = 0;

	while (len < l->n && l->s[len] != ' ' && l->s[len] != '\t')
		len++;
	if (len >= room)
		return -1;
	memcpy(name, l->s, len);
	name[len] = '\0';
	while (len < l->n && (l->s[len] == ' ' || l->s[len] == '\t'))
		len++;
	*path = l->s + len;
	*n = l->n - len;
	return text_name(name, room - 1) ? 0 : -1;
}

/* The folder of n bytes, without slashes at its end. */
static int read_path(char *path, size_t room, const char *s, size_t n, struct err *e)
{
	if (!n || *s != '/')
		return err_set(e, "want the absolute path of its folder behind the name");
	while (n > 1 && s[n - 1] == '/')
		n--;
	if (n >= room)
		return err_set(e, "the path is longer than %zu bytes", room - 1);
	memcpy(path, s, n);
	path[n] = '\0';
	return 0;
}

static int read_line(struct reg *r, const struct line *l, int paths, struct err *e)
{
	struct reg_vm vm = { .line = l->number };
	char path[PATH_MAX];
	const char *rest;
	size_t n, at;

	if (split(l, vm.name, sizeof(vm.name), &rest, &n) < 0)
		return err_set(e, "%.*s: want a VM's name%s", (int)(l->n < 80 ? l->n : 80), l->s, paths ? " and its folder" : "");
	if (look_up(r, vm.name, &at))
		return err_set(e, "%s: given already in line %d", vm.name, r->vms[r->sorted[at]].line);
	if (!paths && n)
		return err_set(e, "%s: want nothing behind the name", vm.name);
	if (paths && read_path(path, sizeof(path), rest, n, e) < 0)
		return err_at(e, "%s", vm.name);
	return add(r, &vm, paths ? path : NULL, at) < 0 ? err_set(e, "out of memory") : 0;
}

static void read_all(struct reg *r, int paths, struct buf *errors)
{
	struct line line = { .rest = buf_text(&r->text), .left = r->text.n };
	struct err e;
	int got;

	while ((got = line_next(&line, &e))) {
		if (got > 0 && read_line(r, &line, paths, &e) == 0)
			continue;
		buf_fmt(errors, "%s:%d: %s\n", r->file, line.number, e.text);
		r->code = NOT_CONFIGURED;
	}
}

static int load(struct reg *r, const char *etc_dir, const char *name, int paths, struct buf *errors)
{
	char path[PATH_MAX];
	uid_t root = 0;
	struct err e;

	*r = (struct reg){ 0 };
	if (!*etc_dir)
		return 0;
	if (file_join(path, sizeof(path), etc_dir, name) < 0 || !(r->file = strdup(path))) {
		buf_fmt(errors, "%s: too long a path\n", etc_dir);
		r->code = NOT_CONFIGURED;
	} else if (trust_read(path, &root, REG_FILE_MAX, &r->text, &e) == 0) {
		read_all(r, paths, errors);
	} else if (errno != ENOENT) {
		buf_fmt(errors, "%s\n", e.text);
		r->code = e.code == NO_RIGHT ? NO_RIGHT : NOT_CONFIGURED;
	}
	return r->code ? -1 : 0;
}

int reg_load(struct reg *r, const char *etc_dir, struct buf *errors)
{
	return load(r, etc_dir, "registered", 1, errors);
}

int reg_autostart(struct reg *r, const char *etc_dir, struct buf *errors)
{
	return load(r, etc_dir, "autostart", 0, errors);
}

void reg_free(struct reg *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->vms[i].path);
	free(r->vms);
	free(r->sorted);
	free(r->file);
	buf_free(&r->text);
	*r = (struct reg){ 0 };
}

const struct reg_vm *reg_find(const struct reg *r, const char *name)
{
	size_t at;

	return look_up(r, name, &at) ? &r->vms[r->sorted[at]] : NULL;
}

int reg_lock(const char *etc_dir, int64_t deadline, struct err *e)
{
	char path[PATH_MAX];

	if (!*etc_dir)
		return err_code(e, NOT_CONFIGURED, "no place for the registry: neither HOME nor QEMU_INIT_ETC is set");
	if (file_join(path, sizeof(path), etc_dir, ".lock") < 0)
		return err_code(e, NOT_CONFIGURED, "%s: too long a path", etc_dir);
	int fd = file_mkdirs(etc_dir, 0755, NULL) < 0 ? err_sys(e, "%s", etc_dir) : file_lock(path, deadline, e);
	if (fd >= 0)
		return fd;
	if (e->code == TIMED_OUT)
		return err_code(e, TIMED_OUT, "%s: another qemu-adm is at work", path);
	return err_at(e, "no lock on the registry (QEMU_INIT_ETC=DIR is another place for it)");
}

int reg_write(struct reg *r, const char *name, const char *line, struct err *e)
{
	edit_word(&r->text, name, line);
	return file_save(r->file, &r->text, 0644, e);
}

/* DIR/BASE: 1 when it is there, 0, or -1 and err. */
static int is_there(const char *dir, const char *base, char *path, size_t room, struct err *e)
{
	if (file_join(path, room, dir, base) < 0)
		return err_code(e, NOT_CONFIGURED, "%s/%s: too long a path", dir, base);
	if (access(path, F_OK) == 0)
		return 1;
	if (errno == ENOENT || errno == ENOTDIR)
		return 0;
	return err_sys(e, "%s", path);
}

int reg_rc_file(const char *dir, const char *name, char *path, size_t room, struct err *e)
{
	char old[CONF_NAME_MAX + 16], late[CONF_NAME_MAX + 16];

	if (!text_name(name, CONF_NAME_MAX))
		return err_code(e, NOT_CONFIGURED, "%s: not a VM's name", name);
	fmt(old, sizeof(old), "%s%s", name, rc_ends[0]);
	fmt(late, sizeof(late), "%s%s", name, rc_ends[1]);
	int has_late = is_there(dir, late, path, room, e);
	int has_old = has_late < 0 ? -1 : is_there(dir, old, path, room, e);
	if (has_old < 0)
		return -1;
	if (has_old && has_late)
		return err_code(e, NOT_CONFIGURED, "%s: %s and %s are both there, want one", dir, old, late);
	if (!has_old && !has_late)
		return err_code(e, NOT_CONFIGURED, "%s: neither %s nor %s is there", dir, old, late);
	return file_join(path, room, dir, has_old ? old : late);
}

static int is_rc(const char *base)
{
	for (size_t i = 0; i < sizeof(rc_ends) / sizeof(*rc_ends); i++)
		if (base[0] != '.' && text_ends(base, rc_ends[i]) && strlen(base) > strlen(rc_ends[i]))
			return 1;
	return 0;
}

/* Finds rc-files: how many, at most 2, with their names. */
static int find_rcs(DIR *d, char bases[2][NAME_MAX + 1])
{
	int n = 0;

	for (const struct dirent *entry; n < 2 && (entry = readdir(d)); )
		if (is_rc(entry->d_name) && text_copy(bases[n], NAME_MAX + 1, entry->d_name) == 0)
			n++;
	return n;
}

int reg_rc_only(const char *dir, char *path, size_t room, struct err *e)
{
	char bases[2][NAME_MAX + 1];
	DIR *d = opendir(dir);

	if (!d) {
		err_sys(e, "%s", dir);
		if (e->code != NO_RIGHT)
			e->code = NOT_CONFIGURED;
		return -1;
	}
	int n = find_rcs(d, bases);
	closedir(d);
	if (n == 0)
		return err_code(e, NOT_CONFIGURED, "%s: no NAME-qemu.rc is there", dir);
	if (n == 2)
		return err_code(e, NOT_CONFIGURED, "%s: %s and %s are both there, name the one", dir, bases[0], bases[1]);
	if (file_join(path, room, dir, bases[0]) < 0)
		return err_code(e, NOT_CONFIGURED, "%s/%s: too long a path", dir, bases[0]);
	return 0;
}

int reg_raw_file(const char *dir, const char *name, char *path, size_t room)
{
	return fmt(path, room, "%s/%s-qemu.cfg", dir, name) < (int)room ? 0 : -1;
}
