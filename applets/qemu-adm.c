/* SPDX-License-Identifier: 0BSD */
/* qemu-adm: the registry and the files of VMs. */
#include "arch.h"
#include "cfg.h"
#include "clock.h"
#include "edit.h"
#include "fd.h"
#include "file.h"
#include "line.h"
#include "probe.h"
#include "say.h"
#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* ---- the rc-file ---- */

/* Finds a VM's rc-file and reads its text, even one with errors: it may be about to be corrected. DONE, or said. */
static int open_file(const struct work *w, struct target *t, struct buf *text)
{
	struct buf errors = { 0 }, warnings = { 0 };
	struct err e;
	int code = target_conf(t, &w->h, &errors, &warnings);

	if (code == NOT_CONFIGURED && t->conf.file)
		code = DONE;
	else
		say_lines(w->c, NULL, &errors);
	buf_free(&errors);
	buf_free(&warnings);
	if (code == DONE && file_read(AT_FDCWD, t->conf.file, CONF_FILE_MAX, text, &e) < 0)
		code = fail(w->c, NULL, &e);
	return code;
}

/* Writes the rc-file anew if the whole of it is right. */
static int save_file(const struct work *w, const struct target *old, const struct buf *text)
{
	struct target t = { .rc = old->conf.file, .text = text, .registered = old->registered };
	struct err e;

	text_copy(t.name, sizeof(t.name), old->name);
	int code = load(w, &t);
	if (code == DONE && file_save(old->conf.file, text, 0644, &e) < 0)
		code = fail(w->c, NULL, &e);
	target_free(&t);
	return code;
}

/* KEY=VALUEs into the text. DONE, or said. */
static int put_settings(const struct work *w, struct buf *text, char *const *words, int n)
{
	struct err e;

	for (int i = 0; i < n; i++) {
		size_t key = strcspn(words[i], "=");
		char *name = strndup(words[i], key);
		int bad = !name ? err_set(&e, "out of memory") : edit_pair(text, name, words[i] + key + 1, &e);
		if (bad)
			err_at(&e, "%s", name ? name : words[i]);
		free(name);
		if (bad)
			return fail(w->c, NULL, &e);
	}
	return DONE;
}

/* Whether all words from the first on are KEY=VALUE. */
static int check_settings(const struct call *c, int first)
{
	struct err e;

	for (int i = first; i < c->o.n; i++)
		if (!target_is_setting(c->o.words[i]) && err_code(&e, USAGE, "%s: want KEY=VALUE", c->o.words[i]))
			return fail(c, NULL, &e);
	return DONE;
}

static int verb_set(struct call *c)
{
	struct target t = { .operand = c->o.words[0] };
	struct buf text = { 0 };
	struct work w;
	int code = check_settings(c, 1);

	if (code != DONE)
		return code;
	code = begin_change(&w, c);
	if (code == DONE)
		code = open_file(&w, &t, &text);
	if (code == DONE)
		code = put_settings(&w, &text, c->o.words + 1, c->o.n - 1);
	if (code == DONE)
		code = save_file(&w, &t, &text);
	target_free(&t);
	buf_free(&text);
	return end(&w, code);
}

static void print_item(const struct conf_item *item)
{
	printf("%s", conf_keys[item->key].name);
	if (item->number)
		printf("%d", item->number);
	printf("=%s\n", item->value);
}

/* The value in force; of a key that nobody has set, the built-in one. */
static int print_value(const struct call *c, const struct conf *conf, const char *word)
{
	const char *near;
	struct err e;
	int number, key = conf_key_of(word, strlen(word), &number, &near);

	if (key < 0) {
		err_code(&e, USAGE, "%s: unknown key%s%s", word, near ? ", nearest is " : "", near ? near : "");
		return fail(c, NULL, &e);
	}
	const struct conf_item *item = conf_item(conf, (enum conf_key)key, number);
	puts(key == CONF_NAME ? conf->name : item ? item->value : conf_keys[key].standard);
	return DONE;
}

static int verb_get(struct call *c)
{
	struct target t = { .operand = c->o.words[0] };
	struct work w;
	int code = begin(&w, c);

	if (code == DONE)
		code = load(&w, &t);
	if (code == DONE && c->o.n == 1)
		printf("NAME=%s\n", t.conf.name);
	for (size_t i = 0; code == DONE && c->o.n == 1 && i < t.conf.n; i++)
		print_item(&t.conf.items[i]);
	for (int i = 1; code == DONE && i < c->o.n; i++)
		code = print_value(c, &t.conf, c->o.words[i]);
	target_free(&t);
	return end(&w, code);
}

/* ---- edit ---- */

/* What the user calls his editor, with the file behind it. */
static int run_editor(const struct call *c, const char *file)
{
	static const char *const names[] = { "VISUAL", "EDITOR" };
	const char *command = "vi";
	char path[PATH_MAX];
	struct cfg words = { 0 };
	struct buf errors = { 0 }, line = { 0 };
	int status = -1;

	for (size_t i = sizeof(names) / sizeof(*names); i--;)
		if (getenv(names[i]) && *getenv(names[i]))
			command = getenv(names[i]);
	buf_fmt(&line, "%s ", command);
	text_quote(&line, file);
	if (cfg_read(&words, buf_text(&line), line.n, command, &errors) == 0 &&
	    (strchr(words.words[0], '/') ? text_copy(path, sizeof(path), words.words[0]) : arch_find(words.words[0], path, sizeof(path))) == 0) {
		pid_t pid = vfork();
		if (pid == 0) {
			signal(SIGPIPE, SIG_DFL);
			execv(path, words.words);
			_exit(127);
		}
		while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	cfg_free(&words);
	buf_free(&errors);
	buf_free(&line);
	if (status)
		say(c, NULL, "the editor failed (VISUAL, EDITOR)");
	return status ? FAILED : DONE;
}

/* Asks on the terminal; without one nobody can, and the answer is no. */
static int ask(const struct call *c, const char *question)
{
	char line[16] = "";

	if (!isatty(0))
		return 0;
	fprintf(stderr, "%s: %s [y/N] ", c->applet->name, question);
	return read(0, line, sizeof(line)) > 0 && (line[0] == 'y' || line[0] == 'Y');
}

/* The draft, until it is right or nobody wants to go on. */
static int edit_draft(const struct work *w, const struct target *old, const char *draft, struct buf *text)
{
	struct err e;
	int code;

	do {
		struct target t = { .rc = old->conf.file, .text = text, .registered = old->registered };
		text_copy(t.name, sizeof(t.name), old->name);
		code = run_editor(w->c, draft);
		buf_clear(text);
		if (code == DONE && file_read(AT_FDCWD, draft, CONF_FILE_MAX, text, &e) < 0)
			code = fail(w->c, NULL, &e);
		if (code == DONE)
			code = load(w, &t);
		target_free(&t);
	} while (code != DONE && ask(w->c, "edit it again?"));
	return code;
}

/* Another may have changed the file while it was being edited. */
static int save_draft(struct work *w, const struct target *t, const struct buf *old, const struct buf *text)
{
	struct buf now = { 0 };
	struct err e;
	int code = lock(w);

	if (code == DONE && file_read(AT_FDCWD, t->conf.file, CONF_FILE_MAX, &now, &e) < 0)
		code = fail(w->c, NULL, &e);
	if (code == DONE && (now.n != old->n || memcmp(buf_text(&now), buf_text(old), now.n) != 0)) {
		say(w->c, NULL, "the file was changed meanwhile");
		code = FAILED;
	}
	if (code == DONE)
		code = save_file(w, t, text);
	buf_free(&now);
	return code;
}

static int verb_edit(struct call *c)
{
	struct target t = { .operand = c->o.words[0] };
	struct buf old = { 0 }, text = { 0 }, draft = { 0 };
	struct work w;
	struct err e;
	int code = begin(&w, c);

	if (code == DONE)
		code = open_file(&w, &t, &old);
	buf_fmt(&draft, "%s.draft", code == DONE ? t.conf.file : "");
	if (code == DONE && access(buf_text(&draft), F_OK) == 0)
		say(c, buf_text(&draft), "was kept; it goes on from there");
	else if (code == DONE && file_save(buf_text(&draft), &old, 0600, &e) < 0)
		code = fail(c, NULL, &e);
	if (code == DONE) {
		code = edit_draft(&w, &t, buf_text(&draft), &text);
		if (code == DONE)
			code = save_draft(&w, &t, &old, &text);
		if (code == DONE)
			unlink(buf_text(&draft));
		else
			say(c, buf_text(&draft), "kept; the VM's own file is as it was");
	}
	target_free(&t);
	buf_free(&old);
	buf_free(&text);
	buf_free(&draft);
	return end(&w, code);
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
	{ .name = "set", .group = "files", .letters = "", .operands = "NAME|FILE|FOLDER KEY=VALUE...", .least = 2, .most = -1,
	  .summary = "change lines of the rc-file", .run = verb_set,
	  .examples = "  qemu-adm set web RAM=1G NIC1=user,hostfwd=tcp::2222-:22\n  qemu-adm set web CDROM=\n" },
	{ .name = "get", .letters = "", .operands = "NAME|FILE|FOLDER [KEY...]", .least = 1, .most = -1,
	  .summary = "what is in force", .run = verb_get, .examples = "  qemu-adm get web\n  qemu-adm get web RAM DISK1\n" },
	{ .name = "edit", .letters = "", .operands = "NAME|FILE|FOLDER", .least = 1, .most = 1,
	  .summary = "the rc-file in your editor, checked", .run = verb_edit },
};

static const struct hint hints[] = {
	{ "add", "register" }, { "define", "register" }, { "forget", "unregister" }, { "undefine", "unregister" },
	{ "show", "get" }, { "change", "set" }, { "enable", "autostart" }, { "disable", "autostart" }, { "ls", "list" }, { NULL, NULL },
};

const struct applet applet_qemu_adm = {
	.name = "qemu-adm",
	.summary = "keeps the registry and the files of virtual machines",
	.verbs = verbs,
	.n = sizeof(verbs) / sizeof(*verbs),
	.hints = hints,
	.examples = "  qemu-adm register /srv/web\n  qemu-adm autostart on web\n",
};
