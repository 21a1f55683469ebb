/* SPDX-License-Identifier: 0BSD */
/* qemu-adm: the registry and the files of VMs. Each verb is a list of steps. */
#include "check.h"
#include "claim.h"
#include "clock.h"
#include "clone.h"
#include "disk.h"
#include "edit.h"
#include "editor.h"
#include "fd.h"
#include "file.h"
#include "fmt.h"
#include "goods.h"
#include "json.h"
#include "line.h"
#include "nic.h"
#include "probe.h"
#include "say.h"
#include "source.h"
#include "systemd.h"
#include "tap.h"
#include "target.h"
#include "trust.h"
#include "want.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { LOCK_MS = 10000 };
enum { TMPFS_MAGIC = 0x01021994, RAMFS_MAGIC = 0x858458f6 }; /* linux/magic.h */

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* What the steps of one call share; zeroed at first. */
struct work {
	const struct call *c;
	char **words;		/* of the line, NULL behind the last */
	const char *name;	/* which VM a complaint is about, once that is known */
	int lock;		/* of who changes something, else -1 */
	struct host h;
	struct target t;	/* the VM as it is, then as it is going to be */
	char rc[PATH_MAX];	/* the rc-file that is to be written, */
	char real[PATH_MAX];	/* without links, if it is there, */
	struct buf text;	/* and what it is going to hold */
	const char *from;	/* the file that its lines came from, "" for none; NULL: they are that file's */
	int quiet;		/* what is only warned of is told later */
	struct buf old;		/* edit: what it held */
	char draft[PATH_MAX];	/* edit */
	struct vm vm;		/* held, so that nobody starts it */
	struct buf files;	/* delete: paths, a NUL behind each */
	const char *next;	/* the new name, */
	char old_rc[PATH_MAX];	/* rename: and the file of the old one, */
	uid_t owner;		/* and whose words are in it */
	char dir[PATH_MAX];	/* the VM's folder, without links */
	char image[PATH_MAX];	/* create: the disk; import, rename: the cfg-file */
	char net[32];		/* create: the network that it chose */
	int64_t size;
	struct clone clone;	/* and whatever folder is made */
	struct target original;	/* clone: the original, and its disks */
	struct disks disks;
	struct draft imported;
	uid_t author;		/* whose words they were, if root takes them over from another */
	int64_t told;		/* when to tell of a copy's progress again, */
	int telling;		/* and that its line is not over */
	int made_image, made_rc, made_draft; /* what goes, or is told of, after a failure */
	struct err e;
};

/* A step returns DONE; an exit code, and all is said; -1, and w->e says why. */
typedef int step(struct work *w);

/* ---- what many begin with ---- */

static int take(struct work *w)
{
	struct place place;

	if (place_find(&place, &w->e) < 0)
		return -1;
	w->lock = reg_lock(place.etc, clock_in(LOCK_MS), &w->e);
	return w->lock < 0 ? -1 : DONE;
}

/* For a file: one that nobody has registered is changed where there can be no lock, too. */
static int take_file(struct work *w)
{
	int code = w->lock < 0 ? take(w) : DONE;

	return code < 0 && w->e.code != TIMED_OUT && !w->t.registered ? DONE : code;
}

/* For as long as nobody has to wait for us. */
static int let_go(struct work *w)
{
	fd_close(&w->lock);
	return DONE;
}

/* Who changes something refuses what he cannot read, lest he lose it; who only looks takes what there is. */
static int read_host(struct work *w)
{
	return load_host(w->c, &w->h, w->lock >= 0);
}

/* As it is now that the lock is held: what came before may have taken its time. */
static int read_again(struct work *w)
{
	host_free(&w->h);
	return read_host(w);
}

static int all_known(struct work *w)
{
	for (char **name = w->words; *name; name++)
		if (!reg_find(&w->h.reg, *name))
			return err_code(&w->e, NOT_CONFIGURED, "%s: no such VM (`qemu-adm list` names them)", *name);
	return DONE;
}

/* A line of a file that is not there yet is told as that of the file it came from, or of none. */
static void say_places(const struct work *w, const struct buf *lines)
{
	const char *rest = buf_text(lines), *line;
	size_t left = lines->n, n;

	while ((line = text_line(&rest, &left, &n))) {
		size_t skip = w->from && text_begins(line, w->rc) ? strlen(w->rc) : 0;
		if (skip && !*w->from) {
			skip += 1 + strspn(line + skip + 1, "0123456789");
			skip += strspn(line + skip, ": ");
		}
		say_to(stderr, "%s: %s%.*s\n", w->c->applet->name, skip ? w->from : "", (int)(n - skip), line + skip);
	}
}

/* The target's rc-file, or the text that is going to be in it. */
static int load_vm(struct work *w)
{
	struct buf errors = { 0 }, warnings = { 0 };
	int code = target_conf(&w->t, &w->h, &errors, &warnings);

	if (!w->quiet)
		say_places(w, &warnings);
	say_places(w, &errors);
	buf_free(&errors);
	buf_free(&warnings);
	if (code == DONE)
		w->name = w->t.conf.name;
	return code;
}

/* Becomes its keeper. */
static int hold(const struct work *w, const char *name, struct vm *vm, struct err *e)
{
	struct lock_seen seen;
	int got = vm_keep(vm, &w->h.place, name, e);

	if (got == 1 && lock_look(vm->lock, &seen) < 0)
		got = err_sys(e, "%s", vm->path);
	else if (got == 1 && !seen.qemu)
		got = probe_poses(vm, e) ? -1 : 2;
	if (got == 2)
		return DONE;
	vm_close(vm);
	return got < 0 ? -1 : err_set(e, "it runs; `qemu-init stop %s` first", name);
}

static int hold_vm(struct work *w)
{
	w->name = w->words[0];
	return hold(w, w->name, &w->vm, &w->e);
}

/* ---- the registry ---- */

/* The line of this name in the list of autostart: itself, NULL for none, or another if it is there. */
static int write_autostart(struct work *w, const char *name, const char *line)
{
	struct buf errors = { 0 };
	struct reg r;
	int code = reg_autostart(&r, w->h.place.etc, &errors) < 0 ? r.code : DONE;
	int there = reg_find(&r, name) != NULL, same = line && strcmp(name, line) == 0;

	say_lines(w->c, NULL, &errors);
	if (code == DONE && (there ? !same : same))
		code = reg_write(&r, name, line, &w->e);
	buf_free(&errors);
	reg_free(&r);
	return code;
}

/* The line of this name in the registry: another, at the same place. */
static int write_line(struct work *w, const char *old, const char *name, const char *dir)
{
	struct buf line = { 0 };

	buf_fmt(&line, "%s %s", name, dir);
	int bad = reg_write(&w->h.reg, old, buf_text(&line), &w->e);
	buf_free(&line);
	return bad;
}

/* Whether the name is a new one, and the run place has room for it. */
static int check_name(struct work *w, const char *name)
{
	const struct reg_vm *vm = reg_find(&w->h.reg, name);

	w->name = name;
	if (value_check(KIND_NAME, name, &w->e) < 0)
		return err_code(&w->e, NOT_CONFIGURED, "not a VM's name");
	return vm ? err_set(&w->e, "registered already, in %s", vm->path) : place_fits(&w->h.place, name, &w->e);
}

/* Whether the folder of a VM can stand in a line of the registry. */
static int check_dir(struct work *w, const char *dir)
{
	size_t n = strlen(dir);

	if (line_check(dir, n, &w->e) == 0 && !strchr(" \t", dir[n - 1]))
		return DONE;
	return err_code(&w->e, NOT_CONFIGURED, "%s: a folder whose name the registry cannot hold", dir);
}

static int by_path(struct work *w)
{
	if (fmt(w->rc, sizeof(w->rc), "%s%s", strchr(w->words[0], '/') ? "" : "./", w->words[0]) >= PATH_MAX)
		return err_set(&w->e, "too long a path");
	w->t.operand = w->rc;
	return DONE;
}

static int enter(struct work *w)
{
	const struct conf *c = &w->t.conf;
	const struct reg_vm *vm = reg_find(&w->h.reg, c->name);
	char rc[PATH_MAX];

	if (vm && strcmp(vm->path, c->dir) == 0)
		return DONE;
	if (vm)
		return err_set(&w->e, "registered already, in %s: if it has moved, `qemu-adm unregister %s` first", vm->path, c->name);
	if (check_name(w, c->name) < 0 || check_dir(w, c->dir) < 0 || reg_rc_file(c->dir, c->name, rc, sizeof(rc), &w->e) < 0)
		return -1;
	return write_line(w, c->name, c->name, c->dir);
}

/* Out of both lists, first of the one that names the other's; what its last run left goes, too, unless it runs. */
static int leave(struct work *w)
{
	struct vm vm;
	struct err e;
	int code = DONE;

	for (char **name = w->words; code == DONE && *name; name++) {
		w->name = *name;
		code = write_autostart(w, *name, NULL);
		if (code == DONE)
			code = reg_write(&w->h.reg, *name, NULL, &w->e);
		if (code == DONE && hold(w, *name, &vm, &e) == DONE) {
			vm_erase(&vm);
			vm_close(&vm);
		}
	}
	return code;
}

static int is_on(const struct work *w)
{
	return strcmp(w->c->o.words[0], "on") == 0;
}

static int on_off(struct work *w)
{
	if (!is_on(w) && strcmp(w->words[0], "off") != 0)
		return err_code(&w->e, USAGE, "%s: want on or off", w->words[0]);
	w->words++;
	return DONE;
}

static int write_all(struct work *w)
{
	int code = DONE;

	for (char **name = w->words; code == DONE && *name; name++)
		code = write_autostart(w, *name, is_on(w) ? *name : NULL);
	return code;
}

static int print_list(struct work *w)
{
	for (size_t i = 0; i < w->h.reg.n; i++)
		say_to(stdout, "%s %s\n", w->h.reg.vms[i].name, w->h.reg.vms[i].path);
	return w->h.code;
}

/* ---- the rc-file ---- */

/* Finds it and reads its text, even one with errors: it may be about to be corrected. */
static int open_file(struct work *w)
{
	struct buf errors = { 0 };
	int code = target_conf(&w->t, &w->h, &errors, &errors);
	int found = w->t.conf.file && (code == DONE || code == NOT_CONFIGURED);

	if (!found)
		say_lines(w->c, NULL, &errors);
	buf_free(&errors);
	if (!found && code == DONE)
		return err_code(&w->e, NOT_CONFIGURED, "%s: runs without an rc-file", w->t.operand);
	if (!found)
		return code;
	uid_t owner = w->t.conf.owner;
	text_copy(w->rc, sizeof(w->rc), w->t.conf.file);
	if (file_real(w->rc, w->real, sizeof(w->real)) < 0)
		return err_sys(&w->e, "%s", w->rc);
	if (trust_read(w->real, &owner, CONF_FILE_MAX, &w->text, &w->e) < 0)
		return -1;
	return owner == w->t.conf.owner ? DONE : err_set(&w->e, "%s: became another user's meanwhile", w->rc);
}

/* KEY=VALUEs are all words but the first. */
static int check_settings(struct work *w)
{
	for (char **word = w->words + 1; *word; word++)
		if (!target_is_setting(*word))
			return err_code(&w->e, USAGE, "%s: want KEY=VALUE", *word);
	return DONE;
}

/* The rc-file as it is must be right. */
static int load_again(struct work *w)
{
	struct target t = { .operand = w->t.operand };

	target_free(&w->t);
	w->t = t;
	return load_vm(w);
}

static int put(struct work *w, const char *key, const char *value)
{
	return edit_pair(&w->text, key, value, &w->e) < 0 ? err_at(&w->e, "%s", key) : DONE;
}

static int put_settings(struct work *w)
{
	int bad = 0;

	for (char **word = w->words + 1; !bad && *word; word++) {
		char *value = *word + strcspn(*word, "=");
		if (*value)
			*value++ = '\0';
		bad = put(w, *word, value);
	}
	return bad;
}

/* The whole file as it is going to be. */
static int check_text(struct work *w)
{
	target_free(&w->t);
	w->t = (struct target){ .rc = w->rc, .text = &w->text };
	return load_vm(w);
}

/* The same with the words of the line, which are put into it later. */
static int check_words(struct work *w)
{
	target_free(&w->t);
	w->t = (struct target){ .rc = w->rc, .text = &w->text, .settings = w->words + 1 };
	while (w->t.settings[w->t.n])
		w->t.n++;
	return load_vm(w);
}

static int save_text(struct work *w)
{
	return file_save(w->rc, &w->text, 0644, &w->e);
}

/* Whatever link its owner may have put in its place. */
static int save_again(struct work *w)
{
	return file_replace(w->real, &w->text, &w->e);
}

static void print_item(const struct conf_item *item)
{
	say_to(stdout, "%s", conf_keys[item->key].name);
	if (item->number)
		say_to(stdout, "%d", item->number);
	say_to(stdout, "=%s\n", item->value);
}

/* The values in force; of a key that nobody has set, the built-in one. */
static int print_values(struct work *w)
{
	const struct conf *conf = &w->t.conf;
	const char *near;
	int number;

	if (!w->words[1])
		say_to(stdout, "NAME=%s\n", conf->name);
	for (size_t i = 0; !w->words[1] && i < conf->n; i++)
		print_item(&conf->items[i]);
	for (char **word = w->words + 1; *word; word++) {
		int key = conf_key_of(*word, strlen(*word), &number, &near);
		int numbered = key < 0 && near && conf_key_of(near, strlen(near), &number, &near) < 0;
		if (key < 0)
			return err_code(&w->e, USAGE, "%s: unknown key%s%s%s", *word, near ? ", nearest is " : "", near ? near : "",
					numbered ? "1" : "");
		const struct conf_item *item = conf_item(conf, (enum conf_key)key, number);
		puts(key == CONF_NAME ? conf->name : item ? item->value : conf_keys[key].standard);
	}
	return DONE;
}

/* ---- edit ---- */

/* Asks on the terminal; without one nobody can, and the answer is no. */
static int ask(const struct call *c, const char *question)
{
	char line[16] = "";

	if (!isatty(0))
		return 0;
	say_to(stderr, "%s: %s [y/N] ", c->applet->name, question);
	return read(0, line, sizeof(line)) > 0 && (line[0] == 'y' || line[0] == 'Y');
}

/* Beside the rc-file; that of another user could become a link while the editor is open, so his is edited in a folder of ours. */
static int name_draft(struct work *w)
{
	const char *etc = w->h.place.etc, *base = strrchr(w->rc, '/') + 1;
	int ours = w->t.conf.owner == geteuid();

	if (!ours && file_mkdirs(etc, 0755, NULL) < 0)
		return err_sys(&w->e, "%s", etc);
	if ((ours ? fmt(w->draft, sizeof(w->draft), "%s.draft", w->rc) : fmt(w->draft, sizeof(w->draft), "%s/%s.draft", etc, base)) >= PATH_MAX)
		return err_set(&w->e, "%s: too long a path", w->rc);
	return DONE;
}

static int begin_draft(struct work *w)
{
	w->old = w->text;
	w->text = (struct buf){ 0 };
	if (name_draft(w) < 0)
		return -1;
	if (access(w->draft, F_OK) == 0)
		say(w->c, w->draft, "was kept; it goes on from there");
	else if (file_save(w->draft, &w->old, 0600, &w->e) < 0)
		return -1;
	w->made_draft = 1;
	return DONE;
}

/* Until it is right, or nobody wants to go on. */
static int edit_draft(struct work *w)
{
	int code;

	do {
		code = editor_run(w->draft, &w->e);
		buf_clear(&w->text);
		if (code == DONE)
			code = file_read(AT_FDCWD, w->draft, CONF_FILE_MAX, &w->text, &w->e);
		if (code == DONE)
			code = check_text(w);
		if (code < 0)
			code = fail(w->c, NULL, &w->e);
	} while (code != DONE && ask(w->c, "edit it again?"));
	return code;
}

/* Another may have changed the file meanwhile. */
static int check_old(struct work *w)
{
	struct buf now = { 0 };
	char real[PATH_MAX];
	int bad = file_read(AT_FDCWD, w->rc, CONF_FILE_MAX, &now, &w->e);

	if (!bad && (file_real(w->rc, real, sizeof(real)) < 0 || strcmp(real, w->real) != 0 || now.n != w->old.n || memcmp(buf_text(&now), buf_text(&w->old), now.n) != 0))
		bad = err_set(&w->e, "the file was changed meanwhile");
	buf_free(&now);
	return bad;
}

static int drop_draft(struct work *w)
{
	w->made_draft = 0;
	return unlink(w->draft) < 0 ? err_sys(&w->e, "%s", w->draft) : DONE;
}

/* ---- create ---- */

/* Whether a word of the line sets the key. */
static int is_said(const struct work *w, const char *key)
{
	for (char **word = w->words + 1; *word; word++)
		if (text_begins(*word, key) && (*word)[strlen(key)] == '=')
			return 1;
	return 0;
}

/* What can be known of the line before anything is read. */
static int check_line(struct work *w)
{
	const char *size = opt_value(&w->c->o, *OPT_DISK);

	w->next = w->words[0];
	if (size && is_said(w, "DISK1"))
		return err_code(&w->e, USAGE, "--disk is DISK1: want one of them");
	if (size && text_size(size, 1 << 20, &w->size) < 0)
		return err_code(&w->e, USAGE, "--disk %s: not a size (10G)", size);
	return check_settings(w);
}

/* Whether the folder has no VM of that name in it. */
static int check_folder(struct work *w)
{
	char rc[PATH_MAX];
	struct err none;

	if (reg_rc_file(w->dir, w->next, rc, sizeof(rc), &none) < 0)
		return DONE;
	return err_set(&w->e, "%s: is there already (`qemu-adm register` makes it known)", rc);
}

/* The folder; it may be one that is there, but not with a VM of that name in it. */
static int make_dir(struct work *w)
{
	const char *name = w->next, *dir = opt_value(&w->c->o, 'd'), *data = w->h.place.data;
	char path[PATH_MAX];
	struct stat st;

	if (check_name(w, name) < 0)
		return -1;
	if (!dir && !*data)
		return err_code(&w->e, NOT_CONFIGURED, "no place for its folder: neither HOME nor QEMU_INIT_DAT is set (-d DIR)");
	if (dir ? text_copy(path, sizeof(path), dir) : file_join(path, sizeof(path), data, name))
		return err_set(&w->e, "too long a path");
	if (file_mkdirs(path, 0755, &w->clone.made) < 0 || file_real(path, w->dir, sizeof(w->dir)) < 0)
		return err_sys(&w->e, "%s", path);
	if (check_folder(w) < 0)
		return -1;
	if (reg_raw_file(w->dir, name, w->image, sizeof(w->image)) < 0)
		return err_set(&w->e, "%s: too long a path", w->dir);
	if (lstat(w->image, &st) == 0)
		return err_set(&w->e, "%s: is there already (remove it, or another -d)", w->image);
	fmt(w->rc, sizeof(w->rc), "%s/%s-qemu.rc", w->dir, name);
	fmt(w->image, sizeof(w->image), "%s/%s.img", w->dir, name);
	return check_dir(w, w->dir);
}

static int begin_text(struct work *w)
{
	const char *from = opt_value(&w->c->o, *OPT_FROM);

	w->from = from ? from : "";
	if (from && file_read(AT_FDCWD, from, CONF_FILE_MAX, &w->text, &w->e) < 0)
		return -1;
	return put(w, "NAME", w->next);
}

static int check_begun(struct work *w)
{
	w->quiet = 1;
	int code = check_text(w);
	w->quiet = 0;
	return code;
}

/* What everybody shall see in the file without knowing what is built in: as default.rc has it, else so. */
static const struct {
	enum conf_key key;
	int number;
	const char *name, *standard;
} explicit[] = {
	{ CONF_NIC, 1, "NIC1", NULL /* host_net */ }, { CONF_DISPLAY, 0, "DISPLAY", "vnc" }, { CONF_SERIAL, 0, "SERIAL", "yes" },
};

/* The host's bridge, where there is no doubt which, and we may use it. */
static const char *host_net(char nic[32])
{
	char bridge[TAP_NAME];

	if (geteuid() != 0 || !tap_only_bridge(bridge))
		return "user";
	fmt(nic, 32, "bridge:%s", bridge);
	return nic;
}

static int put_explicit(struct work *w)
{
	char nic[32];
	int bad = 0;

	for (size_t i = 0; !bad && i < COUNT(explicit); i++) {
		const struct conf_item *item = conf_item(&w->t.conf, explicit[i].key, explicit[i].number);
		if (edit_has(&w->text, explicit[i].name))
			continue;
		const char *value = item ? item->value : explicit[i].standard ? explicit[i].standard : host_net(nic);
		if (value == nic && !is_said(w, explicit[i].name))
			text_copy(w->net, sizeof(w->net), nic);
		bad = put(w, explicit[i].name, value);
	}
	return bad;
}

static int put_drives(struct work *w)
{
	const char *iso = opt_value(&w->c->o, *OPT_CDROM);
	char path[PATH_MAX];

	if (iso && file_real(iso, path, sizeof(path)) < 0)
		return err_sys(&w->e, "%s", iso);
	return (w->size && put(w, "DISK1", strrchr(w->image, '/') + 1) < 0) || (iso && put(w, "CDROM", path) < 0) ? -1 : DONE;
}

static int make_image(struct work *w)
{
	if (!w->size)
		return DONE;
	int fd = open(w->image, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	w->made_image = fd >= 0;
	int bad = fd < 0 || ftruncate(fd, w->size) < 0 || fsync(fd) < 0 ? err_sys(&w->e, "%s", w->image) : DONE;
	fd_close(&fd);
	return bad;
}

static int save_new(struct work *w)
{
	struct stat st;

	w->made_rc = lstat(w->rc, &st) < 0;
	return save_text(w);
}

/* What was made, what it names that is not there yet, and what comes next. */
static int tell(struct work *w)
{
	struct buf files = { 0 }, missing = { 0 };
	struct disks disks = { 0 };
	struct statfs fs;

	if (w->imported.cfg.n)
		say_to(stdout, "made %s, for what has no key\n", w->image);
	say_to(stdout, "made %s%s%s\n", w->rc, *w->net ? ", with NIC1=" : "", w->net);
	if (w->size)
		say_to(stdout, "made %s, %s, which takes room only as it is written\n", w->image, opt_value(&w->c->o, *OPT_DISK));
	if (goods_named(&w->t, &disks, &files, &missing, &w->e) == 0)
		say_lines(w->c, NULL, &missing);
	disks_free(&disks);
	buf_free(&files);
	buf_free(&missing);
	say_to(stdout, "next: qemu-init start %s\n", w->name);
	if (statfs(w->dir, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC))
		say(w->c, w->name, "its folder is in memory, and gone with the next boot");
	w->made_rc = w->made_image = 0;
	clone_free(&w->clone);
	return DONE;
}

/* ---- delete ---- */

/* What goes with the VM. */
static int own_files(struct work *w)
{
	return goods_own(&w->h, &w->t, w->dir, &w->files, &w->e);
}

/* What was agreed to is what goes: a list that another has changed meanwhile was not. */
static int still_these(struct work *w)
{
	struct buf asked = w->files;

	w->files = (struct buf){ 0 };
	int code = load_again(w);
	if (code == DONE)
		code = own_files(w);
	if (code == DONE && (asked.n != w->files.n || memcmp(buf_text(&asked), buf_text(&w->files), asked.n) != 0))
		code = err_set(&w->e, "other files than before: something was changed meanwhile");
	buf_free(&asked);
	return code;
}

/* Whoever is asked may take his time, in which nobody has to wait for the registry. */
static int consent(struct work *w)
{
	static step *const again[] = { take, read_again, still_these };
	int code = DONE;

	if (opt_has(&w->c->o, 'f'))
		return DONE;
	if (!isatty(0))
		return err_code(&w->e, USAGE, "wants -f where nobody can be asked");
	for (const char *file = NULL; (file = goods_next(&w->files, file));)
		say(w->c, w->name, file);
	fd_close(&w->lock);
	if (!ask(w->c, "delete these files for ever?"))
		return FAILED;
	for (size_t i = 0; i < COUNT(again) && code == DONE; i++)
		code = again[i](w);
	return code;
}

static int remove_files(struct work *w)
{
	int code = DONE;

	for (const char *file = NULL; (file = goods_next(&w->files, file));)
		if (file_remove(file, w->dir) < 0 && errno != ENOENT && err_sys(&w->e, "%s", file))
			code = fail(w->c, w->name, &w->e);
	if (rmdir(w->t.conf.dir) < 0 && errno != ENOENT) {
		err_sys(&w->e, "%s: kept", w->t.conf.dir);
		say(w->c, w->name, w->e.text);
	}
	return code;
}

/* Where there is no room for a shorter registry, the files make some: they are agreed to. */
static int leave_for_ever(struct work *w)
{
	int code = leave(w);

	if (code == DONE || w->e.sys != ENOSPC)
		return code;
	code = remove_files(w);
	return code == DONE ? leave(w) : code;
}

static int erase(struct work *w)
{
	vm_erase(&w->vm);
	return DONE;
}

/* ---- rename ---- */

static int new_name(struct work *w)
{
	w->next = w->words[1];
	w->words[1] = NULL;
	return all_known(w) < 0 ? -1 : check_name(w, w->next);
}

/* Its list is going to be written when the name in the registry has been. */
static int whole_autostart(struct work *w)
{
	say_lines(w->c, NULL, &w->h.untold);
	return w->h.autostart.code;
}

/* The new rc-file's place and text. */
static int move_text(struct work *w)
{
	const char *base = strrchr(w->rc, '/') + 1;
	char raw[PATH_MAX];

	text_copy(w->old_rc, sizeof(w->old_rc), w->rc);
	w->owner = w->t.conf.owner;
	w->name = w->words[0];
	if (fmt(w->rc, sizeof(w->rc), "%.*s%s%s", (int)(base - w->rc), w->old_rc, w->next,
		w->old_rc + (base - w->rc) + strlen(w->name)) >= PATH_MAX || reg_raw_file(w->t.conf.dir, w->next, raw, sizeof(raw)) < 0)
		return err_set(&w->e, "too long a path");
	if (access(w->rc, F_OK) == 0 || access(raw, F_OK) == 0)
		return err_set(&w->e, "%s: is there already (remove it, or another name)", access(raw, F_OK) == 0 ? raw : w->rc);
	return put(w, "NAME", w->next);
}

/* A card on a bridge has an address made of the VM's name; what the network knows it by stays. */
static int keep_addresses(struct work *w)
{
	char key[CONF_KEY_ROOM];
	struct nics nics;
	int bad = nics_load(&nics, &w->t.conf, &w->e);

	for (size_t i = 0; !bad && i < nics.n; i++) {
		const struct nic *n = &nics.list[i];
		struct buf value = { 0 };
		if (!nic_is_bridged(n) || *n->spec.mac)
			continue;
		conf_key_name(CONF_NIC, n->item->number, key);
		buf_fmt(&value, "%s,mac=%s", n->item->value, n->mac);
		bad = put(w, key, buf_text(&value));
		buf_free(&value);
	}
	nics_free(&nics);
	return bad;
}

static int link_raw(struct work *w)
{
	char from[PATH_MAX];

	if (reg_raw_file(w->t.conf.dir, w->words[0], from, sizeof(from)) < 0 ||
	    reg_raw_file(w->t.conf.dir, w->next, w->image, sizeof(w->image)) < 0)
		return err_set(&w->e, "too long a path");
	w->made_image = link(from, w->image) == 0;
	return w->made_image || errno == ENOENT ? DONE : err_sys(&w->e, "%s", w->image);
}

/* Another user's words must not become those of root, who renames. */
static int same_owner(struct work *w)
{
	struct stat st;
	int fd = open(w->rc, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int bad = fd < 0 || stat(w->old_rc, &st) < 0 || (w->owner != geteuid() && fchown(fd, w->owner, st.st_gid) < 0) ||
		fchmod(fd, st.st_mode & 07777) < 0;

	w->made_rc = fd >= 0;
	if (bad)
		err_sys(&w->e, "%s", w->rc);
	fd_close(&fd);
	return bad ? -1 : DONE;
}

/* Whatever moment it is cut off at, the name in the registry has its files. */
static int move_name(struct work *w)
{
	int code = write_line(w, w->words[0], w->next, w->t.conf.dir);
	char raw[PATH_MAX];

	if (code == DONE) {
		w->made_rc = w->made_image = 0;
		code = write_autostart(w, w->words[0], w->next);
	}
	if (code == DONE && reg_raw_file(w->t.conf.dir, w->words[0], raw, sizeof(raw)) == 0) {
		unlink(raw);
		unlink(w->old_rc);
	}
	return code;
}

/* Who waits for it by the old name, which is in files of people's. */
static int tell_waiters(struct work *w)
{
	struct want_after a;
	struct err e;

	for (size_t i = 0; i < w->h.reg.n; i++) {
		struct target t = { .operand = w->h.reg.vms[i].name };
		struct buf said = { 0 };
		target_conf(&t, &w->h, &said, &said);
		for (const struct conf_item *item = NULL; (item = conf_next(&t.conf, CONF_AFTER, item));)
			if (want_after(&a, item->value, &e) == 0 && strcmp(a.name, w->words[0]) == 0) {
				err_set(&e, "%s is called %s now", a.name, w->next);
				conf_at(&e, item);
				say(w->c, NULL, e.text);
			}
		buf_free(&said);
		target_free(&t);
	}
	return DONE;
}

/* ---- clone ---- */

/* The copy is that of whoever makes it, and so would be its words: hooks, and what root alone may say. */
static int own_words(struct work *w)
{
	if (w->t.conf.owner == geteuid())
		return DONE;
	return err_code(&w->e, NOT_CONFIGURED, "%s: of uid %ld, but the clone would be yours: clone it as that user, or chown root",
			w->t.conf.file, (long)w->t.conf.owner);
}

/* Another may have made one meanwhile. */
static int still_new(struct work *w)
{
	return check_name(w, w->next) < 0 ? -1 : check_folder(w);
}

/* Whether no other VM writes one of the images; asked again at the end, for one that was started meanwhile. */
static int unused(struct work *w)
{
	for (size_t i = 0; i < w->disks.n; i++)
		w->disks.list[i].node[0].writable = 0;
	return claim_check(&w->h.place, w->words[0], &w->disks, &w->e);
}

/* What becomes of each file; the new text. The disks are those of the original, which is kept for them. */
static int plan_clone(struct work *w)
{
	const struct disk_rules rules = { 0 };
	struct buf missing = { 0 }, notes = { 0 };
	const struct clone_from from = {
		.conf = &w->t.conf, .disks = &w->disks, .name = w->next, .dir = w->dir, .linked = opt_has(&w->c->o, *OPT_LINKED),
	};
	int code = disks_name(&w->disks, &w->t.conf, &rules, &missing, &w->e);

	if (code == DONE && missing.n) {
		say_lines(w->c, NULL, &missing);
		code = FAILED;
	}
	if (code == DONE)
		code = unused(w);
	if (code == DONE)
		code = clone_plan(&w->clone, &from, &w->text, &notes, &w->e);
	if (code == DONE)
		say_lines(w->c, w->next, &notes);
	w->original = w->t;
	w->t = (struct target){ 0 };
	buf_free(&missing);
	buf_free(&notes);
	return code;
}

static const int ends[] = { SIGINT, SIGTERM, SIGHUP };

/* They wait, so that a copy is ended in good order. */
static void hold_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < COUNT(ends); i++)
		sigaddset(&set, ends[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static int is_signalled(void)
{
	sigset_t set;
	int any = 0;

	sigpending(&set);
	for (size_t i = 0; i < COUNT(ends); i++)
		any |= sigismember(&set, ends[i]) == 1;
	return any;
}

/* A terminal is told how far it is. */
static int tell_progress(void *arg, const char *path, int64_t done, int64_t size)
{
	struct work *w = arg;
	int ready = done == size, percent = ready ? 100 : (int)(done * 100 / size);

	if (isatty(2) && (ready || clock_ms() >= w->told)) {
		say_to(stderr, "\r%s: %s: %d%%%s", w->c->applet->name, path, percent, ready ? "\n" : "");
		w->told = clock_in(200);
		w->telling = !ready;
	}
	return is_signalled();
}

static int make_clone(struct work *w)
{
	const struct copy_watch watch = { .told = tell_progress, .arg = w };

	hold_signals();
	int code = clone_make(&w->clone, &watch, &w->e);
	if (w->telling)
		say_to(stderr, "\n");
	return code;
}

/* ---- import, export ---- */

/* FILE|- and then NAME and KEY=VALUEs, or either. */
static int import_line(struct work *w)
{
	char **word = w->words + 1;

	if (*word && !target_is_setting(*word)) {
		w->next = *word;
		for (; *word; word++) /* put_settings takes all words but the first */
			word[0] = word[1];
	}
	return check_settings(w);
}

static int read_import(struct work *w)
{
	int bad = source_read(&w->imported, w->words[0], &w->author, &w->e);

	if (!bad && !w->next)
		w->next = w->imported.name;
	if (!bad && !*w->next)
		bad = err_code(&w->e, USAGE, "%s: it says no name (-name): want one behind the file", w->words[0]);
	return bad;
}

static int import_text(struct work *w)
{
	w->from = "";
	buf_clear(&w->text);
	if (put(w, "NAME", w->next) < 0)
		return -1;
	buf_add(&w->text, buf_text(&w->imported.rc), w->imported.rc.n);
	return DONE;
}

static int tell_changes(struct work *w)
{
	if (w->author && geteuid() == 0)
		source_rights(&w->imported, &w->t.conf, w->author);
	say_lines(w->c, w->next, &w->imported.notes);
	return DONE;
}

static int save_raw(struct work *w)
{
	if (!w->imported.cfg.n)
		return DONE;
	reg_raw_file(w->dir, w->next, w->image, sizeof(w->image)); /* fits and is new: make_dir */
	w->made_image = 1;
	return file_save(w->image, &w->imported.cfg, 0644, &w->e);
}

/* An option and its value a line. */
static void add_command(struct buf *out, const struct argv *a)
{
	for (size_t i = 0; i < a->n; i++) {
		buf_str(out, !i ? "" : a->words[i][0] == '-' ? " \\\n\t" : " ");
		text_shell(out, a->words[i]);
	}
	buf_char(out, '\n');
}

static int export_unit(struct work *w, struct buf *out)
{
	if (!w->t.registered)
		return err_code(&w->e, NOT_CONFIGURED, "not registered: `qemu-adm register` first");
	return systemd_unit(out, &w->t.conf, &w->e);
}

static int export_command(struct work *w, struct buf *out, struct buf *warnings)
{
	struct argv a = { 0 };
	int bad = target_argv(&w->t, TARGET_ALONE, &a, warnings, &w->e);

	if (!bad)
		add_command(out, &a);
	if (!bad && conf_item(&w->t.conf, CONF_MONITOR, 0))
		say(w->c, w->t.conf.name, "MONITOR: not in this line, as QEMU has no such option");
	argv_free(&a);
	return bad;
}

static int export(struct work *w)
{
	struct buf errors = { 0 }, warnings = { 0 }, out = { 0 };
	int code = target_load(&w->t, &w->h, &errors, &warnings);

	if (code == DONE)
		code = opt_has(&w->c->o, *OPT_SYSTEMD) ? export_unit(w, &out) : export_command(w, &out, &warnings);
	fwrite(buf_text(&out), 1, out.n, stdout);
	say_lines(w->c, NULL, &warnings);
	say_lines(w->c, NULL, &errors);
	buf_free(&out);
	buf_free(&errors);
	buf_free(&warnings);
	return code;
}

/* ---- check ---- */

/* Findings as lines, or as JSON's objects. */
static void print_findings(const struct call *c, const char *name, const char *kind, const struct buf *lines,
	struct buf *json)
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
static int check_autostart(struct work *w, struct buf *json)
{
	const struct reg *r = &w->h.autostart;
	struct buf unknown = { 0 };

	for (size_t i = 0; i < r->n; i++)
		if (!reg_find(&w->h.reg, r->vms[i].name))
			buf_fmt(&unknown, "%s:%d: %s: not registered: qemu-adm register FOLDER\n", r->file, r->vms[i].line, r->vms[i].name);
	print_findings(w->c, "autostart", "fails", &w->h.untold, json);
	print_findings(w->c, "autostart", "fails", &unknown, json);
	int bad = unknown.n || w->h.untold.n;
	buf_free(&unknown);
	return bad ? FAILED : DONE;
}

static int check_one(struct work *w, struct check *check, const char *name, struct buf *json)
{
	struct buf fails = { 0 }, notes = { 0 };
	struct target t = { .operand = name };

	int code = check_vm(check, &t, &fails, &notes);
	print_findings(w->c, name, "fails", &fails, json);
	print_findings(w->c, name, "note", &notes, json);
	target_free(&t);
	buf_free(&fails);
	buf_free(&notes);
	return code;
}

static int check_all(struct work *w)
{
	struct check check = { .host = &w->h };
	struct buf json = { 0 }, notes = { 0 };
	int code = w->h.code, all = !*w->words;
	size_t n = all ? w->h.reg.n : (size_t)w->c->o.n;

	check_host(&check, &notes);
	print_findings(w->c, "host", "note", &notes, &json);
	if (all && check_autostart(w, &json) != DONE && code == DONE)
		code = FAILED;
	for (size_t i = 0; i < n; i++) {
		int one = check_one(w, &check, all ? w->h.reg.vms[i].name : w->words[i], &json);
		code = code == DONE ? one : code;
	}
	if (opt_has(&w->c->o, 'j'))
		say_to(stdout, "%s]\n", json.n ? buf_text(&json) : "[");
	check_free(&check);
	buf_free(&notes);
	buf_free(&json);
	return code;
}

/* ---- the verbs ---- */

#define STEPS(...) (step *const[]){ __VA_ARGS__, NULL }

/* Frees all; after a failure nothing is left of what was made, and of a draft it is said where it is. */
static void end(struct work *w)
{
	if (w->made_rc)
		unlink(w->rc);
	if (w->made_image)
		unlink(w->image);
	clone_undo(&w->clone);
	clone_free(&w->clone);
	disks_free(&w->disks);
	target_free(&w->original);
	draft_free(&w->imported);
	if (w->made_draft && access(w->draft, F_OK) == 0)
		say(w->c, w->draft, "kept; the VM's own file is as it was");
	target_free(&w->t);
	host_free(&w->h);
	vm_close(&w->vm);
	buf_free(&w->text);
	buf_free(&w->old);
	buf_free(&w->files);
	fd_close(&w->lock);
}

static int run(struct call *c)
{
	struct work w = { .c = c, .words = c->o.words, .lock = -1, .t.operand = c->o.words[0] };
	int code = DONE;

	vm_none(&w.vm);
	w.words[c->o.n] = NULL; /* at the latest argv's own */
	for (step *const *s = c->verb->arg; *s && code == DONE; s++) {
		code = (*s)(&w);
		if (code < 0)
			code = fail(c, w.name, &w.e);
	}
	end(&w);
	return code;
}

static const struct verb verbs[] = {
	{ .name = "create", .group = "VMs", .letters = "d" OPT_FROM OPT_DISK OPT_CDROM, .operands = "NAME [KEY=VALUE...]",
	  .least = 1, .most = -1, .summary = "make a VM: folder, rc-file, disk", .run = run,
	  .arg = STEPS(check_line, take, read_host, make_dir, begin_text, check_begun, put_explicit, put_drives,
		       check_words, put_settings, make_image, save_new, enter, tell),
	  .examples = "  qemu-adm create web --disk 10G --cdrom debian.iso RAM=1G\n" },
	{ .name = "delete", .letters = "f", .operands = "NAME", .least = 1, .most = 1,
	  .summary = "forget it, and delete its files", .run = run,
	  .arg = STEPS(take, read_host, all_known, load_vm, own_files, consent, hold_vm, leave_for_ever, remove_files, erase) },
	{ .name = "rename", .letters = "", .operands = "NAME NEW", .least = 2, .most = 2,
	  .summary = "another name, while it does not run", .run = run,
	  .arg = STEPS(take, read_host, new_name, whole_autostart, open_file, hold_vm, move_text, keep_addresses, check_text,
		       link_raw, same_owner, save_text, move_name, tell_waiters, erase) },
	{ .name = "clone", .letters = "d" OPT_LINKED, .operands = "NAME NEW", .least = 2, .most = 2,
	  .summary = "a copy of one that does not run", .run = run,
	  .arg = STEPS(read_host, new_name, open_file, load_again, own_words, hold_vm, make_dir, plan_clone, check_text,
		       make_clone, unused, take, read_again, still_new, save_new, enter, tell),
	  .examples = "  qemu-adm clone web web2\n  qemu-adm clone --linked web try\n" },
	{ .name = "import", .letters = "d", .operands = "FILE|FOLDER|- [NAME] [KEY=VALUE...]", .least = 1, .most = -1,
	  .summary = "a VM of a QEMU line or rc-file", .run = run,
	  .arg = STEPS(import_line, read_import, take, read_host, make_dir, import_text, check_words, put_settings, tell_changes,
		       save_raw, save_new, enter, tell),
	  .examples = "  virsh domxml-to-native qemu-argv web.xml | qemu-adm import -\n  qemu-adm import ./run-vm.sh mail RAM=1G\n" },
	{ .name = "export", .letters = OPT_SYSTEMD, .operands = "NAME|FILE|FOLDER", .least = 1, .most = 1,
	  .summary = "its QEMU line for import, or a unit", .run = run, .arg = STEPS(read_host, export),
	  .examples = "  qemu-adm export web >web.sh\n  qemu-adm export --systemd web\n" },
	{ .name = "register", .group = "registry", .letters = "", .operands = "FILE|FOLDER", .least = 1, .most = 1,
	  .summary = "make a VM known by its name", .run = run,
	  .arg = STEPS(take, read_host, by_path, load_vm, enter),
	  .examples = "  qemu-adm register /srv/web\n  qemu-adm register ./web-qemu.rc\n" },
	{ .name = "unregister", .letters = "", .operands = "NAME...", .least = 1, .most = -1,
	  .summary = "forget it; its files stay", .run = run,
	  .arg = STEPS(take, read_host, all_known, leave) },
	{ .name = "autostart", .letters = "", .operands = "on|off NAME...", .least = 2, .most = -1,
	  .summary = "whether it comes up with the host", .run = run,
	  .arg = STEPS(on_off, take, read_host, all_known, write_all),
	  .examples = "  qemu-adm autostart on web db\n" },
	{ .name = "list", .letters = "", .operands = "", .most = 0, .summary = "names and folders, one a line", .run = run,
	  .arg = STEPS(read_host, print_list) },
	{ .name = "set", .group = "files", .letters = "", .operands = "NAME|FILE|FOLDER KEY=VALUE...", .least = 2, .most = -1,
	  .summary = "change lines of the rc-file", .run = run,
	  .arg = STEPS(check_settings, take_file, read_host, open_file, take_file, put_settings, check_text, save_again),
	  .examples = "  qemu-adm set web RAM=1G NIC1=user,hostfwd=tcp::2222-:22\n  qemu-adm set web CDROM=\n" },
	{ .name = "get", .letters = "", .operands = "NAME|FILE|FOLDER [KEY...]", .least = 1, .most = -1,
	  .summary = "what is in force", .run = run,
	  .arg = STEPS(read_host, load_vm, print_values), .examples = "  qemu-adm get web\n  qemu-adm get web RAM DISK1\n" },
	{ .name = "edit", .letters = "", .operands = "NAME|FILE|FOLDER", .least = 1, .most = 1,
	  .summary = "the rc-file in your editor, checked", .run = run,
	  .arg = STEPS(read_host, open_file, take_file, let_go, begin_draft, edit_draft, take_file, check_old, save_again, drop_draft) },
	{ .name = "check", .letters = "j", .operands = "[NAME|FILE|FOLDER...]", .most = -1,
	  .summary = "what a start would stumble over", .run = run,
	  .arg = STEPS(read_host, check_all),
	  .examples = "  qemu-adm check\n  qemu-adm check -j web\n" },
};

static const struct hint hints[] = {
	{ "new", "create" }, { "remove", "delete" }, { "rm", "delete" }, { "destroy", "delete" }, { "mv", "rename" },
	{ "cp", "clone" }, { "copy", "clone" },
	{ "define", "register" }, { "undefine", "unregister" }, { "enable", "autostart" }, { "disable", "autostart" },
	{ "ls", "list" }, { "show", "get" }, { NULL, NULL },
};

const struct applet applet_qemu_adm = {
	.name = "qemu-adm",
	.summary = "keeps the registry and the files of virtual machines",
	.verbs = verbs,
	.n = sizeof(verbs) / sizeof(*verbs),
	.hints = hints,
};
