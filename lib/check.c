/* SPDX-License-Identifier: 0BSD */
/* What can be known of a VM before it is started. */
#include "check.h"

#include "arch.h"
#include "cage.h"
#include "claim.h"
#include "clock.h"
#include "disk.h"
#include "fd.h"
#include "file.h"
#include "kernel.h"
#include "nic.h"
#include "probe.h"
#include "service.h"
#include "sock.h"
#include "spec.h"
#include "spawn.h"
#include "text.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { QEMU_MS = 5000, WORD_ROOM = 128 };

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* A QEMU that was asked, and as whom. */
struct check_qemu {
	char program[sizeof(((struct target *)0)->program)];
	struct uid_plan uid;
	int sandbox;
	struct models has;
	struct err e;		/* why it could not be asked, or text "" */
};

/* One VM that is looked at. */
struct vm_check {
	struct check *all;
	const struct target *t;
	const struct conf *conf;
	struct nics nics;
	struct argv argv;	/* no words, where it cannot be built */
	int judged;		/* QEMU answers, and there is all that they name */
	int runs;		/* what it has is then its own */
	struct buf *fails, *notes;
};

/* One finding, with the line of the item if there is one; only once. */
static void put(struct buf *to, const struct conf_item *item, struct err *e)
{
	if (item)
		conf_at(e, item);
	if (!text_in(buf_text(to), e->text))
		buf_fmt(to, "%s\n", e->text);
}

/* What QEMU would be given, and what of its own words is not opened to it; disks that are not there, or not right. */
static void look_argv(struct vm_check *c)
{
	struct buf rules = { 0 };
	struct err e;

	if (target_argv(c->t, 0, &c->argv, c->fails, &e) < 0 || target_cage(c->t, &c->argv, &rules, c->notes, &e) < 0)
		put(c->fails, NULL, &e);
	buf_free(&rules);
}

static int ask(const struct vm_check *c, char *const *words, struct models *has, struct err *e)
{
	const struct target *t = c->t;
	struct model_from from = { .program = t->program, .sandbox = conf_yes(&t->conf, CONF_SANDBOX), .words = words };

	from.as = (struct spawn_as){ t->uid, t->kvm ? arch_kvm_group() : (gid_t)-1, target_programs(t, &c->argv) };
	int bad = model_ask(has, &from, clock_in(QEMU_MS), e);
	fd_close(&from.as.ruleset);
	return bad;
}

static struct check_qemu *asked(const struct vm_check *c)
{
	struct check *all = c->all;
	const struct target *t = c->t;
	int sandbox = conf_yes(&t->conf, CONF_SANDBOX);

	for (struct check_qemu *q = all->qemus; q < all->qemus + all->n; q++)
		if (strcmp(q->program, t->program) == 0 && q->uid.way == t->uid.way && q->uid.uid == t->uid.uid &&
		    q->uid.gid == t->uid.gid && q->sandbox == sandbox)
			return q;
	struct check_qemu *list = buf_grow(all->qemus, all->n, &all->room, sizeof(*list));
	if (!list)
		return NULL;
	all->qemus = list;
	struct check_qemu *q = &list[all->n++];
	*q = (struct check_qemu){ .uid = t->uid, .sandbox = sandbox };
	text_copy(q->program, sizeof(q->program), t->program);
	ask(c, NULL, &q->has, &q->e);
	return q;
}

/* The line that says the name that a judgement begins with. */
static const struct conf_item *item_of(const struct conf *conf, const char *judgement)
{
	static const enum conf_key keys[] = { CONF_MACHINE, CONF_CPU, CONF_NIC, CONF_ARG };
	size_t n = strcspn(judgement, ":");

	for (size_t i = 0; i < COUNT(keys); i++)
		for (const struct conf_item *item = NULL; (item = conf_next(conf, keys[i], item));)
			if (text_find(item->value, strlen(item->value), judgement, n))
				return item;
	return NULL;
}

static int has_kvm(const struct vm_check *c)
{
	for (size_t i = 0; c->t->kvm && i + 1 < c->argv.n; i++)
		if (strcmp(c->argv.words[i], "-accel") == 0 && text_begins(c->argv.words[i + 1], "kvm"))
			return 1;
	return 0;
}

/* Machine type, processor, devices: of the keys, of what is built in, and of the user's own words. */
static void look_models(struct vm_check *c)
{
	const struct check_qemu *q = asked(c);
	struct err e;

	c->judged = q && !*q->e.text && c->argv.n;
	if (q && *q->e.text) {
		e = q->e;
		err_at(&e, "%s", e.code == TIMED_OUT ? "not asked what it has" :
			e.code == NO_RIGHT ? "QEMU is " CAGE_SCRIPT : "QEMU does not start here, install it anew");
		put(e.code == TIMED_OUT ? c->notes : c->fails, NULL, &e);
	}
	for (size_t i = 0; q && i + 1 < c->argv.n; i++) {
		enum model_is is = model_judge(&q->has, c->argv.words[i], c->argv.words[i + 1], has_kvm(c), &e);
		c->judged &= is != MODEL_NONE;
		if (is != MODEL_GOOD)
			put(is == MODEL_OLD ? c->notes : c->fails, item_of(c->conf, e.text), &e);
	}
}

static void look_accel(struct vm_check *c)
{
	const struct conf_item *accel = conf_item(c->conf, CONF_ACCEL, 0), *kvm = conf_item(c->conf, CONF_KVM, 0);
	struct err e;

	if (c->t->kvm)
		return;
	if ((accel && strcmp(accel->value, "kvm") == 0) || (kvm && conf_yes(c->conf, CONF_KVM))) {
		err_set(&e, "no usable /dev/kvm for this guest: modprobe kvm_intel or kvm_amd, or ACCEL=tcg");
		put(c->fails, accel ? accel : kvm, &e);
		c->judged = 0;
	} else if (!accel && !kvm) {
		err_set(&e, "no usable /dev/kvm: it will run, but slowly (ACCEL=tcg: so be it)");
		put(c->notes, NULL, &e);
	}
}

/* What of the command line makes the machine, and whose key it is: the likeliest to be wrong first. */
static const struct {
	const char *option;
	enum conf_key key;
} parts[] = {
	{ "-smp", CONF_SMP }, { "-boot", CONF_BOOT }, { "-cpu", CONF_CPU }, { "-m", CONF_RAM }, { "-machine", CONF_MACHINE },
	{ "-accel", CONF_ACCEL },
};

/* Whether QEMU starts with that machine, but for the words of one key. 1, also where it is silent until the deadline; 0 and err. */
static int starts(const struct vm_check *c, int without, struct err *e)
{
	char *words[MODEL_WORDS + 1];
	struct buf line = { 0 };
	struct models has = { 0 };
	size_t n = 0;

	buf_fmt(&line, "%s", c->t->program);
	for (size_t i = 1; i + 1 < c->argv.n; i++)
		for (size_t k = 0; k < COUNT(parts) && n + 2 <= MODEL_WORDS; k++) {
			if ((int)parts[k].key == without || strcmp(c->argv.words[i], parts[k].option) != 0)
				continue;
			words[n++] = c->argv.words[i];
			words[n++] = c->argv.words[i + 1];
			buf_fmt(&line, " %s %s", words[n - 2], words[n - 1]);
		}
	words[n] = NULL;
	buf_char(&line, '\n');
	int good = line.bad || text_in(buf_text(&c->all->machines), line.s) || ask(c, words, &has, e) == 0 || e->code == TIMED_OUT;
	if (good)
		buf_add(&c->all->machines, line.s, line.n);
	model_free(&has);
	buf_free(&line);
	return good;
}

/* Whether the machine starts without a kernel, a disk and a firmware that must be named. */
static int is_plain_machine(const struct vm_check *c)
{
	static const char *const plain[] = { "pc", "q35", "microvm", "isapc", "none", "virt" };
	const char *name = conf_text(c->conf, CONF_MACHINE);
	size_t i = 0;

	if (!*name)
		name = arch_of(strrchr(c->t->program, '/') + 1).machine;
	while (i < COUNT(plain) && !text_begins(name, plain[i]))
		i++;
	return i < COUNT(plain);
}

/* What the keys say of the machine, judged by QEMU itself; words of the user's own may belong to it, and then it is not tried. */
static void look_machine(struct vm_check *c)
{
	const struct conf_item *item = NULL, *said = NULL;
	struct err e, other;

	for (size_t i = 0; i < COUNT(parts) - 1; i++) /* there is no doubt of ACCEL */
		said = said ? said : conf_item(c->conf, parts[i].key, 0);
	if (!said || c->runs || !c->judged || c->t->raw.n || conf_next(c->conf, CONF_ARG, NULL) ||
	    !is_plain_machine(c) || starts(c, -1, &e))
		return;
	for (size_t i = 0; !item && i < COUNT(parts) - 1; i++)
		if ((said = conf_item(c->conf, parts[i].key, 0)) && starts(c, (int)parts[i].key, &other))
			item = said; /* without which it starts */
	err_at(&e, "QEMU refuses the machine");
	put(c->fails, item, &e);
}

static void look_boot(struct vm_check *c)
{
	static const enum conf_key keys[] = { CONF_KERNEL, CONF_INITRD };
	char path[PATH_MAX];
	struct stat st;
	struct err e;

	for (size_t i = 0; i < COUNT(keys); i++) {
		const struct conf_item *item = conf_item(c->conf, keys[i], 0);
		if (!item || conf_path(c->conf, item->value, path, sizeof(path)) < 0)
			continue;
		if (access(path, R_OK) < 0 || stat(path, &st) < 0 ? file_lacks(path, &e) : file_has_bytes(path, &st, &e))
			put(c->fails, item, &e);
	}
}

static void try_port(const struct vm_check *c, const struct conf_item *item, const char *address, int port)
{
	int fd = c->runs ? -1 : sock_listen_at(address, (uint16_t)port);
	struct err e;

	if (!c->runs && fd < 0 && (errno == EADDRINUSE || errno == EACCES || errno == EADDRNOTAVAIL)) {
		if (errno == EADDRNOTAVAIL)
			err_set(&e, "%s: no address of this host, take one that is", address);
		else
			err_sys(&e, "port %d: take another one", port);
		put(c->fails, item, &e);
	}
	fd_close(&fd);
}

/* QEMU itself listens, and knows only IPv4 there (net/slirp.c, slirp_hostfwd: inet_aton). */
static void try_forward(const struct vm_check *c, const struct nic *n, const struct spec_forward *f)
{
	struct err e;

	if (f->family == AF_INET) {
		try_port(c, n->item, f->address, f->port);
		return;
	}
	err_set(&e, "hostfwd: QEMU listens on no IPv6 address as [%s], take 127.0.0.1", f->address);
	put(c->fails, n->item, &e);
}

static void look_ports(struct vm_check *c)
{
	const struct conf *conf = c->conf;
	const struct conf_item *mon = conf_item(conf, CONF_MONPORT, 0), *vnc = conf_item(conf, CONF_DISPLAY, 0);
	struct spec_display display;
	struct err e;

	const char *own = "127.0.0.1", *address = strcmp(conf_text(conf, CONF_MONITOR), "ipv6") ? own : "::1";
	for (int i = 0; mon && i <= 100; i += 100)
		try_port(c, mon, address, (int)conf_long(conf, CONF_MONPORT) + i);
	if (vnc && spec_display(&display, vnc->value, &e) == 0 && display.port) {
		try_port(c, vnc, own, display.port);
		err_set(&e, "a TCP port, for the owner's programs on this host; `vnc` and ssh -L PORT:%s/%s/vnc.sock do without",
			c->all->host->place.run, c->t->name);
		put(c->notes, vnc, &e);
	}
	for (const struct nic *n = c->nics.list; n < c->nics.list + c->nics.n; n++)
		for (size_t i = 0; i < n->spec.forwards; i++)
			try_forward(c, n, &n->spec.forward[i]);
}

/* Behind `user` networking the guest's calls are this host's own. */
static void look_services(struct vm_check *c)
{
	size_t i = 0;
	struct err e;

	while (i < c->nics.n && c->nics.list[i].spec.kind != NIC_USER)
		i++;
	if (i == c->nics.n)
		return;
	if (!c->all->looked && service_list(&c->all->services) < 0) {
		err_sys(&e, "which services listen on the loopback alone (mount /proc)");
		put(c->notes, NULL, &e);
		return;
	}
	c->all->looked = 1;
	if (!c->all->services.n)
		return;
	err_set(&e, "as 10.0.2.2 the guest reaches what listens on 127.0.0.1 of this host, port %s: a password there, or a bridge here",
		buf_text(&c->all->services));
	put(c->notes, c->nics.list[i].item, &e);
}

/* What it may still want of this file system. */
static long long wants(const struct disk *d, dev_t dev)
{
	const struct disk_node *n = &d->node[0];
	struct stat st;

	if (!n->writable || stat(n->path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_dev != dev)
		return 0;
	return (long long)n->size - (long long)st.st_blocks * 512;
}

/* An image of another format is an odd disk to the guest. */
static void look_format(const struct vm_check *c, const struct disk *d, const struct stat *st)
{
	struct err e;

	if (d->cdrom || d->spec.format != FORMAT_RAW || !S_ISREG(st->st_mode) || disk_is_qcow2(d->node[0].path) != 1)
		return;
	err_set(&e, "%s: an image of qcow2 that is taken as raw: format=qcow2", d->node[0].path);
	put(c->notes, d->item, &e);
}

/* It is to be written; one that has not all its room yet will want it from the file system, as those before it do. */
static void look_image(const struct vm_check *c, const struct disks *disks, size_t i)
{
	const struct disk *d = &disks->list[i];
	const struct disk_node *n = &d->node[0];
	struct statfs fs;
	struct stat st;
	struct err e;

	if (stat(n->path, &st) < 0)
		return;
	look_format(c, d, &st);
	if (!n->writable)
		return;
	if (disk_may_write(n->path, &st, &e) < 0) {
		put(c->fails, d->item, &e);
	} else if (access(n->path, W_OK) < 0) {
		err_sys(&e, "%s: to be written, or `ro`", n->path);
		put(c->fails, d->item, &e);
	}
	if (!S_ISREG(st.st_mode) || statfs(n->path, &fs) < 0)
		return;
	long long there = (long long)fs.f_bavail * (long long)fs.f_bsize, own = wants(d, st.st_dev), before = 0;
	for (size_t k = 0; k < i; k++)
		before += wants(&disks->list[k], st.st_dev);
	if (own + before <= there || before > there) /* once */
		return;
	err_set(&e, "%s: may grow by %lld MiB%s, and its file system has room for %lld: make room", n->path, (own + before) >> 20,
		before ? " with those before it" : "", there >> 20);
	put(c->notes, d->item, &e);
}

static void look_disks(struct vm_check *c)
{
	const struct disk_rules rules = { 0 };
	struct buf warnings = { 0 };
	struct disks disks = { 0 };
	struct stat st;
	struct err e, why;
	char what[128];

	if (disks_name(&disks, c->conf, &rules, &warnings, &e) == 0)
		for (size_t i = 0; i < disks.n; i++) {
			struct disk *d = &disks.list[i];
			look_image(c, &disks, i);
			if (!c->runs && claim_check(&c->all->host->place, c->t->name, &(struct disks){ d, 1 }, &why) < 0) {
				err_set(&e, "%s: stop it, or take `ro` in both", why.text);
				put(c->fails, NULL, &e);
				continue;
			}
			if (d->spec.ro || d->throw_away || stat(d->node[0].path, &st) < 0 ||
			    !owner_of_file(c->all->host, c->t->name, &st, what, sizeof(what)))
				continue;
			err_set(&e, "%s: it is %s, too: only one of them can run (ro, snapshot)", d->node[0].path, what);
			put(c->notes, d->item, &e);
		}
	disks_free(&disks);
	buf_free(&warnings);
}

/* The program that a hook begins with, as far as it is a plain one. */
static void look_hooks(struct vm_check *c)
{
	static const enum conf_key keys[] = { CONF_PRECMD, CONF_POSTCMD };
	char name[WORD_ROOM];
	struct err e;

	for (size_t i = 0; i < COUNT(keys); i++) {
		const struct conf_item *item = conf_item(c->conf, keys[i], 0);
		size_t n = item ? strcspn(item->value, " \t") : 0;
		if (!n || n >= sizeof(name))
			continue;
		memcpy(name, item->value, n);
		name[n] = '\0';
		if (spawn_hook_finds(name))
			continue;
		err_set(&e, "%s: no such program in " ARCH_PATH ": its whole path, or install it", name);
		/* in a longer line the shell may go on without it */
		put(keys[i] == CONF_PRECMD && !item->value[strcspn(item->value, ";|&()")] ? c->fails : c->notes, item, &e);
	}
}

static int try_tap(const char *name, struct err *e)
{
	int fd = tap_open(name, e), bad = fd < 0 ? -1 : 0;

	fd_close(&fd);
	return bad;
}

/* What their taps need; nothing is made for it, and what a running one has is its own. */
static void look_nics(struct vm_check *c)
{
	struct err e;

	for (const struct nic *n = c->nics.list; n < c->nics.list + c->nics.n; n++) {
		int up = 1, bad = 0;
		if (n->spec.kind == NIC_BRIDGE)
			bad = tap_bridge(n->spec.link, &e) < 0 || tap_device(&e) < 0 || (geteuid() != 0 && tap_forbidden(&e));
		else if (n->spec.kind == NIC_TAP)
			bad = tap_there(n->spec.link, &up, &e) < 0 || (!c->runs && try_tap(n->spec.link, &e) < 0);
		if (bad)
			put(c->fails, n->item, &e);
		if (!bad && n->spec.kind == NIC_BRIDGE)
			tap_there(n->spec.link, &up, &e); /* no tap, but up or not */
		if (up)
			continue;
		err_set(&e, "%s is down: ip link set %s up", n->spec.link, n->spec.link);
		put(c->notes, n->item, &e);
	}
}

static void look_after(struct vm_check *c)
{
	if (c->t->registered)
		after_look(&c->all->after, c->all->host, c->conf, c->fails, c->notes);
}

static void (*const looks[])(struct vm_check *c) = {
	look_argv, look_models, look_accel, look_machine, look_disks, look_boot, look_ports, look_nics, look_services, look_hooks,
	look_after,
};

int check_vm(struct check *all, struct target *t, struct buf *fails, struct buf *notes)
{
	struct vm_check c = { .all = all, .t = t, .conf = &t->conf, .fails = fails, .notes = notes };
	struct probe p = { 0 };
	struct err e;

	if (!all->host->owners)
		owner_read(&all->owners, all->host);
	int code = target_load(t, all->host, fails, notes);
	if (code != DONE)
		return t->conf.file ? FAILED : code;
	if (nics_read(&c.nics, c.conf, "", &e) < 0)
		put(fails, NULL, &e); /* memory */
	text_copy(p.name, sizeof(p.name), t->name);
	probe_look(&p, all->host);
	c.runs = p.seen.qemu || p.seen.keeper;
	probe_free(&p);
	for (size_t i = 0; i < COUNT(looks); i++)
		looks[i](&c);
	argv_free(&c.argv);
	nics_free(&c.nics);
	return fails->n ? FAILED : DONE;
}

void check_host(const struct check *all, struct buf *notes)
{
	kernel_lacks(notes, all->host->place.root, all->host->site.tcp);
}

void check_free(struct check *all)
{
	for (size_t i = 0; i < all->n; i++)
		model_free(&all->qemus[i].has);
	free(all->qemus);
	buf_free(&all->machines);
	all->host->owners = NULL;
	owner_free(&all->owners);
	after_free(&all->after);
	buf_free(&all->services);
}
