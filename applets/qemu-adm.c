/* SPDX-License-Identifier: 0BSD */
/* qemu-adm: the registry and the files of VMs. */
#include "clock.h"
#include "edit.h"
#include "fd.h"
#include "file.h"
#include "line.h"
#include "probe.h"
#include "say.h"
#include "target.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { LOCK_MS = 10000 };

/* ---- what each verb begins and ends with ---- */

struct work {
	const struct call *c;
	struct host h;
	int lock;	/* of who changes something */
};

static int lock(struct work *w)
{
	struct place place;
	struct err e;

	if (place_find(&place, &e) == 0)
		w->lock = reg_lock(place.etc, clock_in(LOCK_MS), &e);
	return w->lock < 0 ? fail(w->c, NULL, &e) : DONE;
}

/* Who only looks takes what can be read. */
static int begin(struct work *w, const struct call *c)
{
	*w = (struct work){ .c = c, .lock = -1 };
	return load_host(c, &w->h, 0);
}

/* Who changes something refuses what he cannot read, lest he lose it. */
static int begin_change(struct work *w, const struct call *c)
{
	*w = (struct work){ .c = c, .lock = -1 };
	int code = lock(w);
	return code == DONE ? load_host(c, &w->h, 1) : code;
}

static int end(struct work *w, int code)
{
	host_free(&w->h);
	fd_close(&w->lock);
	return code;
}

/* Reads the target's rc-file, or the text that is going to be in it. */
static int load(const struct work *w, struct target *t)
{
	struct buf errors = { 0 }, warnings = { 0 };
	int code = target_conf(t, &w->h, &errors, &warnings);

	say_lines(w->c, NULL, &warnings);
	say_lines(w->c, NULL, &errors);
	buf_free(&errors);
	buf_free(&warnings);
	return code;
}

/* DONE, or said. */
static int find(const struct work *w, const char *name, const struct reg_vm **vm)
{
	*vm = reg_find(&w->h.reg, name);
	if (!*vm)
		say(w->c, name, "no such VM (`qemu-adm list` names them)");
	return *vm ? DONE : NOT_CONFIGURED;
}

/* Becomes its keeper, so that nobody starts it meanwhile. 0; -1 and err. */
static int hold(const struct work *w, const char *name, struct vm *vm, struct err *e)
{
	struct lock_seen seen;
	int got = vm_keep(vm, &w->h.place, name, e);

	if (got == 1 && lock_look(vm->lock, &seen) < 0)
		got = err_sys(e, "%s", vm->path);
	else if (got == 1 && !seen.qemu)
		got = probe_poses(vm, e) ? -1 : 2;
	if (got == 2)
		return 0;
	vm_close(vm);
	return got < 0 ? -1 : err_set(e, "it runs; `qemu-init stop %s` first", name);
}

/* ---- the registry ---- */

/* The line of this name in the list of autostart: another, or NULL for none. */
static int write_autostart(const struct work *w, const char *name, const char *line)
{
	struct buf errors = { 0 };
	struct reg r;
	struct err e;
	int code = reg_autostart(&r, w->h.place.etc, &errors) < 0 ? r.code : DONE;
	const struct reg_vm *there = reg_find(&r, name);

	say_lines(w->c, NULL, &errors);
	if (code == DONE && !(there && line && strcmp(name, line) == 0) && (there || line) && reg_write(&r, name, line, &e) < 0)
		code = fail(w->c, name, &e);
	buf_free(&errors);
	reg_free(&r);
	return code;
}

/* Whether the folder of a VM can stand in a line of the registry. */
static int check_dir(const char *dir, struct err *e)
{
	size_t n = strlen(dir);

	if (line_check(dir, n, e) == 0 && !strchr(" \t", dir[n - 1]))
		return 0;
	return err_code(e, NOT_CONFIGURED, "%s: a folder whose name the registry cannot hold", dir);
}

/* One whose rc-file is loaded; t->conf.file is where the name leads to from now on. */
static int enter(struct work *w, const struct target *t)
{
	const struct reg_vm *vm = reg_find(&w->h.reg, t->conf.name);
	struct buf line = { 0 };
	struct err e;
	char rc[PATH_MAX];
	int bad = 0;

	if (vm && strcmp(vm->path, t->conf.dir) == 0)
		return DONE;
	if (vm)
		bad = err_set(&e, "registered already, in %s", vm->path);
	else if (place_fits(&w->h.place, t->conf.name, &e) < 0 || check_dir(t->conf.dir, &e) < 0 ||
		 reg_rc_file(t->conf.dir, t->conf.name, rc, sizeof(rc), &e) < 0)
		bad = -1;
	buf_fmt(&line, "%s %s", t->conf.name, t->conf.dir);
	if (!bad)
		bad = reg_write(&w->h.reg, t->conf.name, buf_text(&line), &e);
	buf_free(&line);
	return bad ? fail(w->c, t->conf.name, &e) : DONE;
}

static int verb_register(struct call *c)
{
	struct buf path = { 0 };
	struct target t = { 0 };
	struct work w;
	int code = begin_change(&w, c);

	buf_fmt(&path, "%s%s", strchr(c->o.words[0], '/') ? "" : "./", c->o.words[0]);
	t.operand = buf_text(&path);
	if (code == DONE)
		code = load(&w, &t);
	if (code == DONE)
		code = enter(&w, &t);
	target_free(&t);
	buf_free(&path);
	return end(&w, code);
}

/* Out of both lists, first of the one that names the other's; what its last run left goes, too, unless it runs. */
static int leave(struct work *w, const char *name)
{
	struct vm vm;
	struct err e;
	int code = write_autostart(w, name, NULL);

	if (code == DONE && reg_write(&w->h.reg, name, NULL, &e) < 0)
		code = fail(w->c, name, &e);
	if (code == DONE && hold(w, name, &vm, &e) == 0) {
		vm_erase(&vm);
		vm_close(&vm);
	}
	return code;
}

static int verb_unregister(struct call *c)
{
	const struct reg_vm *vm;
	struct work w;
	int code = begin_change(&w, c);

	for (int i = 0; code == DONE && i < c->o.n; i++)
		code = find(&w, c->o.words[i], &vm);
	for (int i = 0; code == DONE && i < c->o.n; i++)
		code = leave(&w, c->o.words[i]);
	return end(&w, code);
}

static int verb_autostart(struct call *c)
{
	const struct reg_vm *vm;
	struct work w;
	struct err e;
	int on = strcmp(c->o.words[0], "on") == 0;

	if (!on && strcmp(c->o.words[0], "off") != 0) {
		err_code(&e, USAGE, "%s: want on or off", c->o.words[0]);
		return fail(c, NULL, &e);
	}
	int code = begin_change(&w, c);
	for (int i = 1; code == DONE && i < c->o.n; i++)
		code = find(&w, c->o.words[i], &vm);
	for (int i = 1; code == DONE && i < c->o.n; i++)
		code = write_autostart(&w, c->o.words[i], on ? c->o.words[i] : NULL);
	return end(&w, code);
}

static int verb_list(struct call *c)
{
	struct work w;
	int code = begin(&w, c);

	for (size_t i = 0; i < w.h.reg.n; i++)
		printf("%s %s\n", w.h.reg.vms[i].name, w.h.reg.vms[i].path);
	return end(&w, code == DONE ? w.h.code : code);
}

static const struct verb verbs[] = {
	{ .name = "register", .group = "registry", .letters = "", .operands = "FILE|FOLDER", .least = 1, .most = 1,
	  .summary = "make a VM known by its name", .run = verb_register,
	  .examples = "  qemu-adm register /srv/web\n  qemu-adm register ./web-qemu.rc\n" },
	{ .name = "unregister", .letters = "", .operands = "NAME...", .least = 1, .most = -1,
	  .summary = "forget it; its files stay", .run = verb_unregister },
	{ .name = "autostart", .letters = "", .operands = "on|off NAME...", .least = 2, .most = -1,
	  .summary = "whether it comes up with the host", .run = verb_autostart,
	  .examples = "  qemu-adm autostart on web db\n" },
	{ .name = "list", .letters = "", .operands = "", .most = 0, .summary = "names and folders, one a line", .run = verb_list },
};

static const struct hint hints[] = {
	{ "add", "register" }, { "define", "register" }, { "forget", "unregister" }, { "undefine", "unregister" },
	{ "enable", "autostart" }, { "disable", "autostart" }, { "ls", "list" }, { NULL, NULL },
};

const struct applet applet_qemu_adm = {
	.name = "qemu-adm",
	.summary = "keeps the registry and the files of virtual machines",
	.verbs = verbs,
	.n = sizeof(verbs) / sizeof(*verbs),
	.hints = hints,
	.examples = "  qemu-adm register /srv/web\n  qemu-adm autostart on web\n",
};
