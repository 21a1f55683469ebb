/* SPDX-License-Identifier: 0BSD */
/* qemu-adm: the registry and the files of VMs. */
#include "arch.h"
#include "cfg.h"
#include "check.h"
#include "claim.h"
#include "clock.h"
#include "disk.h"
#include "edit.h"
#include "fd.h"
#include "file.h"
#include "fmt.h"
#include "json.h"
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
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOCK_MS = 10000 };
enum { TMPFS_MAGIC = 0x01021994, RAMFS_MAGIC = 0x858458f6 }; /* linux/magic.h */

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

/* The line of this name in the list of autostart: itself, NULL for none, or another if it is there. */
static int write_autostart(const struct work *w, const char *name, const char *line)
{
	struct buf errors = { 0 };
	struct reg r;
	struct err e;
	int code = reg_autostart(&r, w->h.place.etc, &errors) < 0 ? r.code : DONE;
	int there = reg_find(&r, name) != NULL, same = line && strcmp(name, line) == 0;

	say_lines(w->c, NULL, &errors);
	if (code == DONE && (there ? !same : same) && reg_write(&r, name, line, &e) < 0)
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
		say_to(stdout, "%s %s\n", w.h.reg.vms[i].name, w.h.reg.vms[i].path);
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
	say_to(stdout, "%s", conf_keys[item->key].name);
	if (item->number)
		say_to(stdout, "%d", item->number);
	say_to(stdout, "=%s\n", item->value);
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
		say_to(stdout, "NAME=%s\n", t.conf.name);
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
	say_to(stderr, "%s: %s [y/N] ", c->applet->name, question);
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

/* ---- create ---- */

struct birth {
	struct work w;
	const char *name;
	char dir[PATH_MAX], rc[PATH_MAX], image[PATH_MAX];
	int made_dir, made_image, made_rc;
	struct buf text;
};

/* The folder; it may be one that is there, but not with a VM of that name in it. */
static int make_dir(struct birth *b, const char *dir, struct err *e)
{
	const struct place *p = &b->w.h.place;
	struct err none;
	char path[PATH_MAX];

	if (!text_name(b->name, CONF_NAME_MAX))
		return err_code(e, NOT_CONFIGURED, "not a VM's name");
	if (place_fits(p, b->name, e) < 0)
		return -1;
	if (reg_find(&b->w.h.reg, b->name))
		return err_set(e, "registered already, in %s", reg_find(&b->w.h.reg, b->name)->path);
	if (!dir && !*p->data)
		return err_code(e, NOT_CONFIGURED, "no place for its folder: neither HOME nor QEMU_INIT_DAT is set (-d DIR)");
	if (dir ? text_copy(path, sizeof(path), dir) : file_join(path, sizeof(path), p->data, b->name))
		return err_set(e, "too long a path");
	b->made_dir = access(path, F_OK) < 0;
	if (file_mkdirs(path, 0755) < 0 || file_real(path, b->dir, sizeof(b->dir)) < 0)
		return err_sys(e, "%s", path);
	if (reg_rc_file(b->dir, b->name, b->rc, sizeof(b->rc), &none) == 0)
		return err_set(e, "%s: is there already (`qemu-adm register` makes it known)", b->rc);
	if (fmt(b->rc, sizeof(b->rc), "%s/%s-qemu.rc", b->dir, b->name) >= PATH_MAX ||
	    fmt(b->image, sizeof(b->image), "%s/%s.img", b->dir, b->name) >= PATH_MAX)
		return err_set(e, "%s: too long a path", b->dir);
	return check_dir(b->dir, e);
}

/* What everybody shall see in the file without knowing what is built in: as default.rc has it, else so. */
static const struct {
	enum conf_key key;
	int number;
	const char *name, *standard;
} explicit[] = {
	{ CONF_NIC, 1, "NIC1", "user" }, { CONF_DISPLAY, 0, "DISPLAY", "vnc" }, { CONF_SERIAL, 0, "SERIAL", "yes" },
};

static int put_explicit(struct birth *b, struct err *e)
{
	struct target t = { .rc = b->rc, .text = &b->text };
	int code = load(&b->w, &t), bad = 0;

	for (size_t i = 0; code == DONE && !bad && i < sizeof(explicit) / sizeof(*explicit); i++) {
		const struct conf_item *item = conf_item(&t.conf, explicit[i].key, explicit[i].number);
		if (!edit_has(&b->text, explicit[i].name))
			bad = edit_pair(&b->text, explicit[i].name, item ? item->value : explicit[i].standard, e);
	}
	target_free(&t);
	return bad ? fail(b->w.c, b->name, e) : code;
}

/* The rc-file's text: template, name, what shall be seen, disk and CD, then the words of the line above all. */
static int write_text(struct birth *b, const struct call *c)
{
	const char *from = opt_value(&c->o, *OPT_FROM), *iso = opt_value(&c->o, *OPT_CDROM);
	char path[PATH_MAX];
	struct err e;

	if ((from && file_read(AT_FDCWD, from, CONF_FILE_MAX, &b->text, &e) < 0) ||
	    (iso && file_real(iso, path, sizeof(path)) < 0 && err_sys(&e, "%s", iso)) ||
	    edit_pair(&b->text, "NAME", b->name, &e) < 0)
		return fail(c, b->name, &e);
	int code = put_explicit(b, &e);
	if (code != DONE)
		return code;
	if ((opt_value(&c->o, *OPT_DISK) && edit_pair(&b->text, "DISK1", strrchr(b->image, '/') + 1, &e) < 0) ||
	    (iso && edit_pair(&b->text, "CDROM", path, &e) < 0))
		return fail(c, b->name, &e);
	return put_settings(&b->w, &b->text, c->o.words + 1, c->o.n - 1);
}

static int make_image(struct birth *b, int64_t size, struct err *e)
{
	int fd = open(b->image, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	b->made_image = fd >= 0;
	int bad = fd < 0 || ftruncate(fd, size) < 0 || fsync(fd) < 0 ? err_sys(e, "%s", b->image) : 0;
	fd_close(&fd);
	return bad;
}

/* All files, and then the name. */
static int make_files(struct birth *b, int64_t size)
{
	struct target t = { .rc = b->rc, .text = &b->text };
	struct err e;
	int code = load(&b->w, &t);

	if (code == DONE && size && make_image(b, size, &e) < 0)
		code = fail(b->w.c, b->name, &e);
	if (code == DONE && !(b->made_rc = file_save(b->rc, &b->text, 0644, &e) == 0))
		code = fail(b->w.c, b->name, &e);
	if (code == DONE)
		code = enter(&b->w, &t);
	target_free(&t);
	return code;
}

/* What was made, and what to do now; after a failure nothing is left. */
static void tell(const struct birth *b, int code, const char *size)
{
	struct statfs fs;

	if (code != DONE) {
		if (b->made_rc)
			unlink(b->rc);
		if (b->made_image)
			unlink(b->image);
		if (b->made_dir)
			rmdir(b->dir);
		return;
	}
	say_to(stdout, "made %s\n", b->rc);
	if (b->made_image)
		say_to(stdout, "made %s, %s, which takes room only as it is written\n", b->image, size);
	say_to(stdout, "next: qemu-init start %s\n", b->name);
	if (statfs(b->dir, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC))
		say(b->w.c, b->name, "its folder is in memory, and gone with the next boot");
}

static int verb_create(struct call *c)
{
	const char *size = opt_value(&c->o, *OPT_DISK);
	struct birth b = { .name = c->o.words[0] };
	struct err e;
	int64_t bytes = 0;
	int code = check_settings(c, 1);

	for (int i = 1; code == DONE && size && i < c->o.n; i++)
		if (text_begins(c->o.words[i], "DISK1=") && err_code(&e, USAGE, "--disk is DISK1: want one of them"))
			code = fail(c, b.name, &e);
	if (code == DONE && size && text_size(size, 1 << 20, &bytes) < 0 && err_code(&e, USAGE, "--disk %s: not a size (10G)", size))
		code = fail(c, b.name, &e);
	if (code != DONE)
		return code;
	code = begin_change(&b.w, c);
	if (code == DONE && make_dir(&b, opt_value(&c->o, 'd'), &e) < 0)
		code = fail(c, b.name, &e);
	if (code == DONE)
		code = write_text(&b, c);
	if (code == DONE)
		code = make_files(&b, bytes);
	tell(&b, code, size);
	buf_free(&b.text);
	return end(&b.w, code);
}

/* ---- delete, rename ---- */

/* A file that is there, by its path without links, with a NUL. */
static void add_file(struct buf *files, const char *path)
{
	char real[PATH_MAX];
	struct stat st;

	if (file_real(path, real, sizeof(real)) == 0 && stat(real, &st) == 0 && S_ISREG(st.st_mode))
		buf_add(files, real, strlen(real) + 1);
}

/* Every file that a VM's configuration names, and the images below its disks. The disks are left to be freed. */
static int name_files(const struct target *t, struct disks *disks, struct buf *files, struct err *e)
{
	static const enum conf_key keys[] = { CONF_KERNEL, CONF_INITRD };
	const struct disk_rules rules = { 0 };
	struct buf warnings = { 0 };
	char path[PATH_MAX];

	int bad = disks_name(disks, &t->conf, &rules, &warnings, e);
	for (size_t i = 0; !bad && i < disks->n; i++)
		for (size_t n = 0; n < disks->list[i].nodes; n++)
			add_file(files, disks->list[i].node[n].path);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (conf_item(&t->conf, keys[i], 0) && conf_path(&t->conf, conf_text(&t->conf, keys[i]), path, sizeof(path)) == 0)
			add_file(files, path);
	if (fmt(path, sizeof(path), "%s/%s-qemu.cfg", t->conf.dir, t->conf.name) < PATH_MAX)
		add_file(files, path);
	add_file(files, t->conf.file);
	buf_free(&warnings);
	return bad;
}

/* Whether the other VM needs one of the files: its path, or NULL. */
static const char *needed(const struct work *w, const char *other, const struct buf *files)
{
	struct target t = { .operand = other };
	struct buf errors = { 0 }, theirs = { 0 };
	struct disks disks = { 0 };
	struct err e;
	const char *found = NULL;

	target_conf(&t, &w->h, &errors, &errors);
	if (t.conf.file)
		name_files(&t, &disks, &theirs, &e);
	for (size_t i = 0; !found && i < files->n; i += strlen(files->s + i) + 1)
		for (size_t n = 0; !found && n < theirs.n; n += strlen(theirs.s + n) + 1)
			if (strcmp(files->s + i, theirs.s + n) == 0)
				found = files->s + i;
	disks_free(&disks);
	target_free(&t);
	buf_free(&theirs);
	buf_free(&errors);
	return found;
}

/* What goes with the VM: of the files that it names those beneath its folder, and no other VM's. DONE, or said. */
static int own_files(const struct work *w, const struct target *t, struct buf *own)
{
	struct buf all = { 0 };
	struct disks disks = { 0 };
	struct err e;
	char dir[PATH_MAX];
	const char *file;
	int bad = name_files(t, &disks, &all, &e);

	if (!bad && file_real(t->conf.dir, dir, sizeof(dir)) < 0)
		bad = err_sys(&e, "%s", t->conf.dir);
	for (size_t i = 0; !bad && i < all.n; i += strlen(all.s + i) + 1)
		if (text_begins(all.s + i, dir) && all.s[i + strlen(dir)] == '/')
			buf_add(own, all.s + i, strlen(all.s + i) + 1);
	for (size_t i = 0; i < disks.n && disks.list[i].nodes; i++)
		disks.list[i].node[0].writable = 1; /* a reader keeps it, too */
	if (!bad)
		bad = claim_check(&w->h.place, t->conf.name, &disks, &e);
	for (size_t i = 0; !bad && i < w->h.reg.n; i++) {
		const char *other = w->h.reg.vms[i].name;
		if (strcmp(other, t->conf.name) != 0 && (file = needed(w, other, own)))
			bad = err_set(&e, "%s: %s needs it, too", file, other);
	}
	disks_free(&disks);
	buf_free(&all);
	return bad ? fail(w->c, t->conf.name, &e) : own->bad ? FAILED : DONE;
}

/* DONE when it may be: asks on the terminal. */
static int consent(const struct call *c, const char *name, const struct buf *files)
{
	struct err e;

	if (opt_has(&c->o, 'f'))
		return DONE;
	if (!isatty(0)) {
		err_code(&e, USAGE, "wants -f where nobody can be asked");
		return fail(c, name, &e);
	}
	for (size_t i = 0; i < files->n; i += strlen(files->s + i) + 1)
		say(c, name, files->s + i);
	return ask(c, "delete these files for ever?") ? DONE : FAILED;
}

static int remove_files(const struct work *w, const struct target *t, const struct buf *files)
{
	struct err e;
	int code = DONE;

	for (size_t i = 0; i < files->n; i += strlen(files->s + i) + 1)
		if (unlink(files->s + i) < 0 && errno != ENOENT && err_sys(&e, "%s", files->s + i))
			code = fail(w->c, t->conf.name, &e);
	if (rmdir(t->conf.dir) < 0) {
		err_sys(&e, "%s: kept", t->conf.dir);
		say(w->c, t->conf.name, e.text);
	}
	return code;
}

static int verb_delete(struct call *c)
{
	struct target t = { .operand = c->o.words[0] };
	const struct reg_vm *known;
	struct buf files = { 0 };
	struct work w;
	struct vm vm;
	struct err e;
	int code = begin_change(&w, c);

	vm_none(&vm);
	if (code == DONE)
		code = find(&w, t.operand, &known);
	if (code == DONE)
		code = load(&w, &t);
	if (code == DONE)
		code = own_files(&w, &t, &files);
	if (code == DONE)
		code = consent(c, t.operand, &files);
	if (code == DONE && hold(&w, t.operand, &vm, &e) < 0)
		code = fail(c, t.operand, &e);
	if (code == DONE)
		code = leave(&w, t.operand);
	if (code == DONE) {
		code = remove_files(&w, &t, &files);
		vm_erase(&vm);
	}
	vm_close(&vm);
	target_free(&t);
	buf_free(&files);
	return end(&w, code);
}

/* The rc-file, and a cfg-file if there is one, under the other name; the old ones stay. */
static int copy_files(const struct work *w, const struct target *old, const char *name, char *rc)
{
	struct target t = { .rc = rc };
	struct buf text = { 0 }, raw = { 0 };
	struct err e;
	char from[PATH_MAX], to[PATH_MAX];
	const char *dir = old->conf.dir;
	int bad = fmt(rc, PATH_MAX, "%s/%s%s", dir, name, strrchr(old->conf.file, '/') + 1 + strlen(old->name)) >= PATH_MAX ||
		fmt(from, sizeof(from), "%s/%s-qemu.cfg", dir, old->name) >= PATH_MAX ||
		fmt(to, sizeof(to), "%s/%s-qemu.cfg", dir, name) >= PATH_MAX ? err_set(&e, "too long a path") : 0;

	if (!bad && (access(rc, F_OK) == 0 || access(to, F_OK) == 0))
		bad = err_set(&e, "%s: a VM of this name is there already", dir);
	if (!bad)
		bad = file_read(AT_FDCWD, old->conf.file, CONF_FILE_MAX, &text, &e) || edit_pair(&text, "NAME", name, &e);
	t.text = &text;
	int code = bad ? fail(w->c, name, &e) : load(w, &t);
	if (code == DONE && ((access(from, F_OK) == 0 && (file_read(AT_FDCWD, from, CONF_FILE_MAX, &raw, &e) < 0 ||
		file_save(to, &raw, 0644, &e) < 0)) || file_save(rc, &text, 0644, &e) < 0))
		code = fail(w->c, name, &e);
	target_free(&t);
	buf_free(&text);
	buf_free(&raw);
	return code;
}

/* Whatever moment it is cut off at, the name in the registry has its files. */
static int rename_held(struct work *w, const struct target *t, const char *name)
{
	struct buf line = { 0 };
	struct err e;
	char path[PATH_MAX];
	int code = copy_files(w, t, name, path);

	buf_fmt(&line, "%s %s", name, t->conf.dir);
	if (code == DONE && reg_write(&w->h.reg, t->name, buf_text(&line), &e) < 0)
		code = fail(w->c, t->name, &e);
	if (code == DONE)
		code = write_autostart(w, t->name, name);
	if (code == DONE) {
		unlink(t->conf.file);
		fmt(path, sizeof(path), "%s/%s-qemu.cfg", t->conf.dir, t->name);
		unlink(path);
	}
	buf_free(&line);
	return code;
}

static int verb_rename(struct call *c)
{
	struct target t = { .operand = c->o.words[0] };
	const char *name = c->o.words[1];
	const struct reg_vm *known;
	struct work w;
	struct vm vm;
	struct err e;
	int code = begin_change(&w, c);

	if (code == DONE)
		code = find(&w, t.operand, &known);
	if (code == DONE && reg_find(&w.h.reg, name) && err_set(&e, "registered already, in %s", reg_find(&w.h.reg, name)->path))
		code = fail(c, name, &e);
	if (code == DONE && !text_name(name, CONF_NAME_MAX) && err_code(&e, NOT_CONFIGURED, "not a VM's name"))
		code = fail(c, name, &e);
	if (code == DONE && place_fits(&w.h.place, name, &e) < 0)
		code = fail(c, name, &e);
	if (code == DONE)
		code = load(&w, &t);
	if (code == DONE && hold(&w, t.operand, &vm, &e) < 0)
		code = fail(c, t.operand, &e);
	else if (code == DONE) {
		code = rename_held(&w, &t, name);
		if (code == DONE)
			vm_erase(&vm);
		vm_close(&vm);
	}
	target_free(&t);
	return end(&w, code);
}

/* ---- check ---- */

/* Findings as lines, or as JSON's objects. */
static void print_findings(const struct call *c, const char *name, const char *kind, const struct buf *lines, struct buf *json)
{
	const char *rest = buf_text(lines), *line;
	size_t left = lines->n, n;

	while ((line = text_line(&rest, &left, &n))) {
		if (!opt_has(&c->o, 'j')) {
			say_to(stdout, "%s: %s: %.*s\n", name, kind, (int)n, line);
			continue;
		}
		buf_fmt(json, "%s{\"name\": ", json->n ? ",\n " : "[");
		json_quote(json, name, strlen(name));
		buf_fmt(json, ", \"kind\": \"%s\", \"text\": ", kind);
		json_quote(json, line, n);
		buf_char(json, '}');
	}
}

/* A name that will not come up with the host. */
static int check_autostart(const struct work *w, struct buf *json)
{
	struct buf errors = { 0 };
	struct reg r;

	reg_autostart(&r, w->h.place.etc, &errors);
	for (size_t i = 0; i < r.n; i++)
		if (!reg_find(&w->h.reg, r.vms[i].name))
			buf_fmt(&errors, "%s:%d: %s: not registered: qemu-adm register FOLDER\n", r.file, r.vms[i].line, r.vms[i].name);
	print_findings(w->c, "autostart", "fails", &errors, json);
	int bad = errors.n != 0;
	buf_free(&errors);
	reg_free(&r);
	return bad ? FAILED : DONE;
}

static int check_one(const struct work *w, const char *name, struct buf *json)
{
	struct buf fails = { 0 }, notes = { 0 };
	struct target t = { .operand = name };

	check_vm(&t, &w->h, &fails, &notes);
	print_findings(w->c, name, "fails", &fails, json);
	print_findings(w->c, name, "note", &notes, json);
	int code = fails.n ? FAILED : DONE;
	target_free(&t);
	buf_free(&fails);
	buf_free(&notes);
	return code;
}

static int verb_check(struct call *c)
{
	struct buf json = { 0 };
	struct work w;
	int code = begin(&w, c);
	size_t n = c->o.n ? (size_t)c->o.n : w.h.reg.n;

	if (code == DONE)
		code = w.h.code;
	if (!c->o.n && check_autostart(&w, &json) != DONE && code == DONE)
		code = FAILED;
	for (size_t i = 0; i < n; i++)
		if (check_one(&w, c->o.n ? c->o.words[i] : w.h.reg.vms[i].name, &json) != DONE && code == DONE)
			code = FAILED;
	if (opt_has(&c->o, 'j'))
		say_to(stdout, "%s]\n", json.n ? buf_text(&json) : "[");
	buf_free(&json);
	return end(&w, code);
}

static const struct verb verbs[] = {
	{ .name = "create", .group = "VMs", .letters = "d" OPT_FROM OPT_DISK OPT_CDROM, .operands = "NAME [KEY=VALUE...]", .least = 1,
	  .most = -1, .summary = "make a VM: folder, rc-file, disk", .run = verb_create,
	  .examples = "  qemu-adm create web --disk 10G --cdrom debian.iso RAM=1G\n" },
	{ .name = "delete", .letters = "f", .operands = "NAME", .least = 1, .most = 1,
	  .summary = "forget it, and delete its files", .run = verb_delete },
	{ .name = "rename", .letters = "", .operands = "NAME NEW", .least = 2, .most = 2,
	  .summary = "another name for one that does not run", .run = verb_rename },
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
	{ .name = "check", .letters = "j", .operands = "[NAME|FILE|FOLDER...]", .most = -1,
	  .summary = "what a start would stumble over", .run = verb_check,
	  .examples = "  qemu-adm check\n  qemu-adm check -j web\n" },
};

static const struct hint hints[] = {
	{ "add", "register" }, { "define", "register" }, { "forget", "unregister" }, { "undefine", "unregister" },
	{ "show", "get" }, { "new", "create" }, { "make", "create" }, { "remove", "delete" },
	{ "rm", "delete" }, { "destroy", "delete" }, { "mv", "rename" }, { "move", "rename" },
	{ "verify", "check" }, { "change", "set" }, { "enable", "autostart" }, { "disable", "autostart" }, { "ls", "list" }, { NULL, NULL },
};

const struct applet applet_qemu_adm = {
	.name = "qemu-adm",
	.summary = "keeps the registry and the files of virtual machines",
	.verbs = verbs,
	.n = sizeof(verbs) / sizeof(*verbs),
	.hints = hints,
	.examples = "  qemu-adm create web --disk 10G --cdrom debian.iso\n  qemu-adm set web RAM=1G\n  qemu-adm autostart on web\n",
};
