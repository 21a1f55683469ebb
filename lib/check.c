/* SPDX-License-Identifier: 0BSD */
/* What can be known of a VM before it is started. */
#include "check.h"

#include "disk.h"
#include "fd.h"
#include "probe.h"
#include "sock.h"
#include "spec.h"
#include "text.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <unistd.h>

struct check {
	const struct target *t;
	const struct host *host;
	int runs;	/* what it has is then its own */
	struct buf *fails, *notes;
};

/* One finding, with the line of the item if there is one. */
static void put(struct buf *to, const struct conf_item *item, struct err *e)
{
	if (item)
		conf_at(e, item);
	buf_fmt(to, "%s\n", e->text);
}

static void look_accel(const struct check *c)
{
	const struct conf *conf = &c->t->conf;
	const struct conf_item *accel = conf_item(conf, CONF_ACCEL, 0), *kvm = conf_item(conf, CONF_KVM, 0);
	struct err e;

	if (c->t->kvm)
		return;
	if ((accel && strcmp(accel->value, "kvm") == 0) || (kvm && conf_yes(conf, CONF_KVM))) {
		err_set(&e, "no usable /dev/kvm for this guest: modprobe kvm_intel or kvm_amd, or ACCEL=tcg");
		put(c->fails, accel ? accel : kvm, &e);
	} else if (!accel && !kvm) {
		err_set(&e, "no usable /dev/kvm: it will run, but slowly (ACCEL=tcg: so be it)");
		put(c->notes, NULL, &e);
	}
}

static void look_boot(const struct check *c)
{
	static const enum conf_key keys[] = { CONF_KERNEL, CONF_INITRD };
	char path[PATH_MAX];
	struct err e;

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const struct conf_item *item = conf_item(&c->t->conf, keys[i], 0);
		if (item && conf_path(&c->t->conf, item->value, path, sizeof(path)) == 0 && access(path, R_OK) < 0) {
			err_sys(&e, "%s", path);
			put(c->fails, item, &e);
		}
	}
}

static void try_port(const struct check *c, const struct conf_item *item, int family, int port)
{
	int fd = c->runs ? -1 : sock_listen_tcp(family, (uint16_t)port);
	struct err e;

	if (!c->runs && fd < 0 && (errno == EADDRINUSE || errno == EACCES)) {
		err_sys(&e, "port %d: take another one", port);
		put(c->fails, item, &e);
	}
	fd_close(&fd);
}

static void look_ports(const struct check *c)
{
	const struct conf *conf = &c->t->conf;
	const struct conf_item *mon = conf_item(conf, CONF_MONPORT, 0), *vnc = conf_item(conf, CONF_DISPLAY, 0);
	struct spec_display display;
	struct spec_nic nic;
	struct err e;

	int family = strcmp(conf_text(conf, CONF_MONITOR), "ipv6") ? AF_INET : AF_INET6;
	for (int i = 0; mon && i <= 100; i += 100)
		try_port(c, mon, family, (int)conf_long(conf, CONF_MONPORT) + i);
	if (vnc && spec_display(&display, vnc->value, &e) == 0 && display.port) {
		try_port(c, vnc, AF_INET, display.port);
		err_set(&e, "a TCP port, for the owner's programs on this host; `vnc` and ssh -L PORT:%s/%s/vnc.sock do without",
			c->host->place.run, c->t->name);
		put(c->notes, vnc, &e);
	}
	for (const struct conf_item *item = NULL; (item = conf_next(conf, CONF_NIC, item));)
		for (size_t i = 0; spec_nic(&nic, item->value, &e) == 0 && i < nic.forwards; i++)
			try_port(c, item, nic.forward[i].family, nic.forward[i].port);
}

/* It is to be written; one that has not all its room yet will want it from the file system. */
static void look_image(const struct check *c, const struct disk *d)
{
	const struct disk_node *n = &d->node[0];
	struct statfs fs;
	struct stat st;
	struct err e;

	if (n->writable && access(n->path, W_OK) < 0 && errno != ENOENT) {
		err_sys(&e, "%s: to be written, or `ro`", n->path);
		put(c->fails, d->item, &e);
	}
	if (!n->writable || stat(n->path, &st) < 0 || !S_ISREG(st.st_mode) || statfs(n->path, &fs) < 0)
		return;
	long long wants = (long long)n->size - (long long)st.st_blocks * 512;
	long long there = (long long)fs.f_bavail * (long long)fs.f_bsize;
	if (wants <= there)
		return;
	err_set(&e, "%s: may grow by %lld MiB, and its file system has room for %lld: make room", n->path, wants >> 20,
		there >> 20);
	put(c->notes, d->item, &e);
}

static void look_disks(const struct check *c)
{
	const struct disk_rules rules = { 0 };
	struct buf warnings = { 0 };
	struct disks disks = { 0 };
	struct stat st;
	struct err e;
	char what[128];

	if (disks_name(&disks, &c->t->conf, &rules, &warnings, &e) == 0)
		for (size_t i = 0; i < disks.n; i++) {
			const struct disk *d = &disks.list[i];
			look_image(c, d);
			if (d->spec.ro || d->throw_away || stat(d->node[0].path, &st) < 0 ||
			    !host_file_taken(c->host, c->t->name, &st, what, sizeof(what)))
				continue;
			err_set(&e, "%s: it is %s, too: only one of them can run (ro, snapshot)", d->node[0].path, what);
			put(c->notes, d->item, &e);
		}
	disks_free(&disks);
	buf_free(&warnings);
}

/* What QEMU would be given; disks that are not there, or not right. */
static void look_argv(const struct check *c)
{
	struct argv a;
	struct err e;

	if (target_argv(c->t, 0, &a, c->fails, &e) < 0)
		put(c->fails, NULL, &e);
	argv_free(&a);
}

static void (*const looks[])(const struct check *c) = { look_argv, look_disks, look_boot, look_accel, look_ports };

void check_vm(struct target *t, const struct host *h, struct buf *fails, struct buf *notes)
{
	struct check c = { .t = t, .host = h, .fails = fails, .notes = notes };
	struct probe p = { 0 };

	if (target_load(t, h, fails, notes) != DONE)
		return;
	text_copy(p.name, sizeof(p.name), t->name);
	probe_look(&p, h);
	c.runs = p.seen.qemu || p.seen.keeper;
	probe_free(&p);
	for (size_t i = 0; i < sizeof(looks) / sizeof(*looks); i++)
		looks[i](&c);
}
