/* SPDX-License-Identifier: 0BSD */
/* From the words of `start`, `run` and `showcmd` to a VM that is ready to be started. */
#include "target.h"

#include "arch.h"
#include "cage.h"
#include "disk.h"
#include "file.h"
#include "fmt.h"
#include "owner.h"
#include "text.h"
#include "user.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int target_is_setting(const char *word)
{
	size_t n = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return n > 0 && word[n] == '=';
}

size_t target_split(struct target *list, char *const *words, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		int setting = target_is_setting(words[i]);
		if (!setting || count == 0)
			list[count++] = (struct target){ .operand = setting ? NULL : words[i], .settings = words + i + !setting };
		list[count - 1].n += (size_t)setting;
	}
	for (size_t i = 0; i + 1 < count; i++)
		list[i].more = 1;
	return count;
}

static int complain(struct buf *errors, const struct err *e)
{
	buf_fmt(errors, "%s\n", e->text);
	return e->code;
}

/* The rc-file that a path means: itself, or the one in that folder. */
static int find_by_path(const char *operand, char rc[PATH_MAX], struct err *e)
{
	struct stat st;
	char path[PATH_MAX];

	if (file_real(operand, path, sizeof(path)) < 0 || stat(path, &st) < 0) {
		err_sys(e, "%s", operand);
		e->code = e->code == NO_RIGHT ? NO_RIGHT : NOT_CONFIGURED;
		return -1;
	}
	if (strchr(path, '\n')) /* `state` and the registry have one line for it */
		return err_code(e, NOT_CONFIGURED, "%s: a path with a line break", path);
	if (S_ISDIR(st.st_mode))
		return reg_rc_only(path, rc, PATH_MAX, e);
	return text_copy(rc, PATH_MAX, path);
}

/* What a VM that lives was started from: the path of its rc-file, "" for none, and its settings, where there are no others. 1;
 * 0: it does not live. */
static int recall(struct target *t, const struct host *h, const char *name)
{
	struct vm vm;
	struct lock_seen seen;
	struct state s = { 0 };
	struct buf errors = { 0 };
	struct err e;
	int lives = vm_look(&vm, &h->place, name, &e) == 1 && lock_look(vm.lock, &seen) == 0 && (seen.qemu || seen.keeper) &&
		state_read(&s, vm.dir, &e) == 1;

	if (lives) {
		buf_str(&t->rc_words, s.rc);
		cfg_read(&t->old_settings, s.settings, strlen(s.settings), "state", &errors);
		t->throw_away = s.throw_away != 0;
	}
	if (lives && !t->n) {
		t->settings = t->old_settings.words;
		t->n = t->old_settings.n;
	}
	state_free(&s);
	buf_free(&errors);
	vm_close(&vm);
	return lives;
}

/* Where the operand's rc-file is; "" for settings alone. */
static int find_rc(struct target *t, char rc[PATH_MAX], struct err *e)
{
	const struct reg_vm *vm;

	rc[0] = '\0';
	if (t->rc)
		return text_copy(rc, PATH_MAX, t->rc);
	if (!t->operand)
		return 0;
	if (strchr(t->operand, '/'))
		return find_by_path(t->operand, rc, e);
	vm = reg_find(&t->host->reg, t->operand);
	if (!vm && text_name(t->operand, CONF_NAME_MAX) && recall(t, t->host, t->operand))
		return t->rc_words.n ? find_by_path(t->rc_words.s, rc, e) : 0;
	if (!vm)
		return err_code(e, NOT_CONFIGURED, "%s: no such VM (`qemu-init list` names them; a path needs a `/`)", t->operand);
	t->registered = 1;
	text_copy(t->name, sizeof(t->name), vm->name);
	return reg_rc_file(vm->path, vm->name, rc, PATH_MAX, e);
}

/* Registered is also what is started by its path from the registered folder. */
static void see_registered(struct target *t)
{
	const struct reg_vm *vm = reg_find(&t->host->reg, t->conf.name);
	char rc[PATH_MAX];
	struct err e;

	text_copy(t->name, sizeof(t->name), t->conf.name);
	if (vm && t->conf.file && reg_rc_file(vm->path, vm->name, rc, sizeof(rc), &e) == 0)
		t->registered = strcmp(rc, t->conf.file) == 0;
}

static int load_conf(struct target *t, const char *rc, struct buf *errors, struct buf *warnings)
{
	char defaults[PLACE_MAX + sizeof("/default.rc")], here[PATH_MAX];
	struct conf_from from = { .file = *rc ? rc : NULL, .text = t->text, .settings = t->settings, .n = t->n };

	if (*t->host->place.etc) {
		fmt(defaults, sizeof(defaults), "%s/default.rc", t->host->place.etc);
		from.defaults = defaults;
	}
	if (t->registered)
		from.name = t->name;
	if (!*rc)
		from.dir = getcwd(here, sizeof(here)) && !strchr(here, '\n') ? here : "/";
	return conf_load(&t->conf, &from, errors, warnings) < 0 ? t->conf.code : DONE;
}

static int load_raw(struct target *t, struct buf *errors)
{
	char path[PATH_MAX];

	if (!t->conf.file || reg_raw_file(t->conf.dir, t->name, path, sizeof(path)) < 0)
		return DONE;
	return cfg_load(&t->raw, path, t->conf.owner, errors) < 0 ? t->raw.code : DONE;
}

static int find_program(struct target *t, struct buf *errors)
{
	char target[64];
	struct err e;

	argv_target(&t->conf, target, sizeof(target));
	t->kvm = arch_kvm(target);
	if (arch_qemu(target, t->program, sizeof(t->program)) == 0)
		return DONE;
	err_code(&e, NOT_INSTALLED, "%s: not found in PATH: install it, or set TGTARCH", target);
	return complain(errors, &e);
}

static int plan_uid(struct target *t, struct buf *errors)
{
	const struct conf_item *item = conf_item(&t->conf, CONF_RUNAS, 0);
	struct err e;
	int bad = uid_plan(&t->uid, conf_text(&t->conf, CONF_RUNAS), t->host->site.uidbase, USER_PASSWD, USER_GROUP, &e);

	if (!bad && item && t->conf.owner != geteuid())
		bad = err_code(&e, NOT_CONFIGURED, "not with an rc-file of uid %ld (chown root)", (long)t->conf.owner);
	if (!bad)
		return DONE;
	if (item)
		conf_at(&e, item);
	return complain(errors, &e);
}

/* What ALLOWn names must be there: a slip of the pen would else be a guest without its files. */
static int check_allowed(const struct target *t, struct buf *errors)
{
	char path[PATH_MAX];
	int code = DONE;

	for (const struct conf_item *item = NULL; (item = conf_next(&t->conf, CONF_ALLOW, item));) {
		struct spec_disk allow;
		struct err e;
		if (spec_allow(&allow, item->value, &e) == 0 &&
		    (conf_path(&t->conf, allow.file, path, sizeof(path)) < 0 || access(path, F_OK) < 0)) {
			file_lacks(path, &e);
			e.code = NOT_CONFIGURED;
			conf_at(&e, item);
			code = complain(errors, &e);
		}
		spec_disk_free(&allow);
	}
	return code;
}

/* A GROUP that QEMU itself has would let it in. */
static int read_group(struct target *t, const char *word, struct err *e)
{
	unsigned int n = t->uid.way == UID_OWN ? t->uid.n : t->uid.way == UID_NAMED;
	unsigned int gid;
	struct stat kvm;

	if (user_number(word, &gid) < 0 && user_find(USER_GROUP, word, &gid, NULL) < 0)
		return err_code(e, NOT_CONFIGURED, "%s: no such group in %s (a number needs none)", word, USER_GROUP);
	if (gid - t->uid.gid < n || (n && stat("/dev/kvm", &kvm) == 0 && kvm.st_gid == gid))
		return err_code(e, NOT_CONFIGURED, "%s: QEMU itself has this group, take another one", word);
	t->group = gid;
	return 0;
}

/* GROUP and MONITOR_ALLOW. */
static int plan_access(struct target *t, struct buf *errors, struct buf *warnings)
{
	const struct conf_item *group = conf_item(&t->conf, CONF_GROUP, 0), *allow = conf_item(&t->conf, CONF_MONITOR_ALLOW, 0);
	struct peers peers = { 0 };
	struct err e = { 0 };
	int code = DONE;

	if (group && read_group(t, group->value, &e) < 0 && conf_at(&e, group))
		code = complain(errors, &e);
	if (allow && peer_read(&peers, allow->value, USER_PASSWD, USER_GROUP, &e) < 0 && conf_at(&e, allow))
		return complain(errors, &e);
	if (peers.any && err_set(&e, "whoever is on this host may command the monitor (USER and @GROUP name some)") && conf_at(&e, allow))
		complain(warnings, &e);
	return code;
}

/* One card on the host's network: root's alone, and with an address of its own. */
static int check_nic(const struct target *t, const struct nics *nics, size_t i, struct err *e)
{
	const struct nic *n = &nics->list[i], *twin = nics_mac(nics, i, n->mac);
	uid_t owner = conf_owner(&t->conf, n->item);
	char what[CONF_NAME_MAX + 32];

	if (owner != geteuid())
		return err_code(e, NOT_CONFIGURED, "bridge and tap not with an rc-file of uid %ld (NIC%d=... on the command line)",
				(long)owner, n->item->number);
	if (twin)
		fmt(what, sizeof(what), "NIC%d", twin->item->number);
	if (twin || owner_of_mac(t->host, t->name, n->mac, what, sizeof(what)))
		return err_code(e, NOT_CONFIGURED, "%s is the address of %s, too: another mac=", n->mac, what);
	return 0;
}

static int check_nics(struct target *t, struct buf *errors)
{
	struct nics nics;
	struct err e;
	int bad = nics_load(&nics, &t->conf, &e), code = bad ? complain(errors, &e) : DONE;

	for (size_t i = 0; i < nics.n; i++) {
		if (!nic_is_bridged(&nics.list[i]) || check_nic(t, &nics, i, &e) == 0)
			continue;
		conf_at(&e, nics.list[i].item);
		code = complain(errors, &e);
	}
	nics_free(&nics);
	return code;
}

/* Where throw-away overlays may lie: TMPDIR, /var/tmp, the run place. */
static void choose_temp(struct target *t)
{
	const char *first = getenv("TMPDIR");
	size_t n = 0;

	if (first && *first == '/')
		t->temp[n++] = first;
	t->temp[n++] = "/var/tmp";
	t->temp[n] = t->host->place.run;
}

int target_conf(struct target *t, const struct host *h, struct buf *errors, struct buf *warnings)
{
	char rc[PATH_MAX];
	struct err e;
	int code;

	t->host = h;
	if (find_rc(t, rc, &e) < 0)
		return complain(errors, &e);
	if ((code = load_conf(t, rc, errors, warnings)) == DONE)
		see_registered(t);
	return code;
}

static int first_of(int code, int next)
{
	return code != DONE ? code : next;
}

int target_load(struct target *t, const struct host *h, struct buf *errors, struct buf *warnings)
{
	struct err e;
	int code;

	t->host = h;
	choose_temp(t);
	if ((code = target_conf(t, h, errors, warnings)) != DONE)
		return code;
	for (size_t i = 0; i < t->n; i++) {
		if (i)
			buf_char(&t->setting_words, ' ');
		text_shell(&t->setting_words, t->settings[i]);
	}
	if (place_fits(&h->place, t->name, &e) < 0)
		return complain(errors, &e);
	code = first_of(code, load_raw(t, errors));
	code = first_of(code, check_allowed(t, errors));
	code = first_of(code, plan_uid(t, errors));
	code = first_of(code, plan_access(t, errors, warnings));
	code = first_of(code, check_nics(t, errors));
	return first_of(code, find_program(t, errors));
}

void target_remember(struct target *t, const struct host *h, const char *name)
{
	*t = (struct target){ .operand = name };
	text_copy(t->name, sizeof(t->name), name);
	if (recall(t, h, name))
		t->operand = t->rc_words.n ? t->rc_words.s : NULL;
}

void target_free(struct target *t)
{
	conf_free(&t->conf);
	cfg_free(&t->raw);
	cfg_free(&t->old_settings);
	buf_free(&t->rc_words);
	buf_free(&t->setting_words);
}

static int taken(void *arg, const struct stat *st, char *what, size_t room)
{
	const struct target *t = arg;

	return owner_of_file(t->host, t->name, st, what, room);
}

void target_job(const struct target *t, struct keep_job *job)
{
	job->place = &t->host->place;
	job->site = &t->host->site;
	job->conf = &t->conf;
	job->raw = &t->raw;
	job->program = t->program;
	job->settings = buf_text(&t->setting_words);
	job->kvm = t->kvm;
	job->more = t->more;
	job->uid = t->uid;
	job->group = t->group;
	job->registered = t->registered;
	job->throw_away |= t->throw_away;
	job->rules = (struct disk_rules){ .throw_away = job->throw_away, .temp = t->temp, .taken = taken, .arg = (void *)t };
}

int target_argv(const struct target *t, int how, struct argv *a, struct buf *warnings, struct err *e)
{
	const struct disk_rules rules = { .throw_away = how & TARGET_THROW_AWAY, .taken = taken, .arg = (void *)t };
	char run[PATH_MAX];
	struct disks disks = { 0 };
	struct nics nics;
	struct argv_from from = {
		.program = t->program, .conf = &t->conf, .disks = &disks, .nics = &nics, .raw = &t->raw, .kvm = t->kvm, .run = run, .show = 1,
		.alone = (how & TARGET_ALONE) != 0,
	};

	*a = (struct argv){ 0 };
	from.mon = t->host->site.tcp && strcmp(conf_text(&t->conf, CONF_MONITOR), "no") != 0;
	from.ctl = from.mon && t->host->site.command;
	if (place_run(&t->host->place, t->name, NULL, run, sizeof(run)) < 0)
		return err_set(e, "%s: the path is too long", t->name);
	int done = nics_load(&nics, &t->conf, e);
	nics_look(&nics);
	if (done == 0 && (done = disks_name(&disks, &t->conf, &rules, warnings, e)) == 0)
		done = argv_build(a, &from, e);
	disks_free(&disks);
	nics_free(&nics);
	return done;
}

static int draw(struct cage *c, const struct target *t, const struct argv *a, struct buf *warnings, struct err *e)
{
	struct cage_from from = { .conf = &t->conf, .raw = &t->raw, .argv = a->words, .kernel = -1, .initrd = -1 };

	return cage_draw(c, &from, t->host->place.run, warnings, e);
}

int target_programs(const struct target *t, const struct argv *a)
{
	struct cage c = { 0 };
	struct buf warnings = { 0 };
	struct err e;
	int ruleset = -1;

	if (a->n && conf_yes(&t->conf, CONF_SANDBOX) && draw(&c, t, a, &warnings, &e) == 0) {
		c.programs = 1;
		cage_build(&c, &ruleset, &e);
	}
	cage_free(&c);
	buf_free(&warnings);
	return ruleset;
}

int target_cage(const struct target *t, const struct argv *a, struct buf *out, struct buf *warnings, struct err *e)
{
	struct cage c = { 0 };

	if (!conf_yes(&t->conf, CONF_SANDBOX)) {
		buf_str(out, "/ rw ");
		conf_place(out, conf_item(&t->conf, CONF_SANDBOX, 0));
		buf_char(out, '\n');
		return 0;
	}
	int done = draw(&c, t, a, warnings, e);
	if (done == 0)
		cage_print(&c, out);
	cage_free(&c);
	return done;
}
