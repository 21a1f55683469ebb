/* SPDX-License-Identifier: 0BSD */
/* QEMU's command line. */
#include "argv.h"

#include "arch.h"
#include "buf.h"
#include "fmt.h"
#include "json.h"
#include "spec.h"
#include "text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char *const argv_sockets[GIVEN_CTL + 1] = {
	[GIVEN_HMP] = "hmp.sock",
	[GIVEN_QMP] = "qmp.sock",
	[GIVEN_KEEPER] = "private/keeper.sock",
	[GIVEN_SERIAL] = "private/serial.sock",
	[GIVEN_MON] = "private/monitor-mon.sock",
	[GIVEN_CTL] = "private/monitor-ctl.sock",
};

const char argv_sandbox[] = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

enum { ID_ROOM = 48 }; /* of a node's name */
enum { USUAL_MTU = 1500 };

/* One command line in the making. */
struct builder {
	struct argv *a;
	const struct argv_from *from;
	const struct conf *conf;
	struct arch arch;
	const char *machine;
	struct err *e;
	int failed;
	int fdset;	/* the last one */
	int ide;	/* the next free place */
	int scsi;	/* there is a controller */
};

/* Machine types that lack what the others have, by the beginning of their name. */
static const struct machine {
	const char *name;
	int bare;	/* no bus at all: no VGA, no CPU of a given model */
	int ide;	/* places for ide disks; 0: none */
	int per_bus;	/* places on each ide bus */
	const char *virtio; /* how its virtio devices end: virtio-blk-pci */
} machines[] = {
	{ "none", 1, 0, 1, "pci" },
	{ "q35", 0, 6, 1, "pci" },
	{ "pc-q35", 0, 6, 1, "pci" },
	{ "pc", 0, 4, 2, "pci" },
	{ "microvm", 0, 0, 1, "device" },
	{ "s390-ccw-virtio", 0, 0, 1, "ccw" },
	{ "", 0, 0, 1, "pci" },
};

static const struct machine *machine_of(const struct builder *b)
{
	const struct machine *m = machines;

	while (!text_begins(b->machine, m->name))
		m++;
	return m;
}

/* Takes over s. */
static void put(struct argv *a, char *s)
{
	char **words = buf_grow(a->words, a->n + 1, &a->room, sizeof(*words));

	if (words)
		a->words = words;
	if (!words || !s) {
		a->bad = 1;
		free(s);
		return;
	}
	words[a->n++] = s;
	words[a->n] = NULL;
}

static void word(struct builder *b, const char *s)
{
	put(b->a, strdup(s));
}

/* An option and its formatted value. */
static void option(struct builder *b, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void option(struct builder *b, const char *name, const char *format, ...)
{
	va_list list;
	struct buf value = { 0 };

	va_start(list, format);
	buf_list(&value, format, list);
	va_end(list);
	if (value.bad)
		buf_free(&value);
	word(b, name);
	put(b->a, value.s);
}

/* Fails with the item's place. */
static void refuse(struct builder *b, const struct conf_item *item, const char *why)
{
	if (b->failed)
		return;
	err_code(b->e, NOT_CONFIGURED, "%s", why);
	conf_at(b->e, item);
	b->failed = 1;
}

/* The number of QEMU's descriptor for it. */
static int give(struct builder *b, struct argv_given what)
{
	struct argv *a = b->a;
	struct argv_given *given = buf_grow(a->given, a->givens, &a->given_room, sizeof(*given));

	if (!given) {
		a->bad = 1;
		return -1;
	}
	a->given = given;
	given[a->givens] = what;
	return ARGV_FD + (int)a->givens++;
}

/* A chardev that listens where the keeper bound it. */
static void listener(struct builder *b, const char *id, enum given_kind kind)
{
	if (b->from->show)
		option(b, "-chardev", "socket,id=%s,path=%s/%s,server=on,wait=off", id, b->from->run, argv_sockets[kind]);
	else
		option(b, "-chardev", "socket,id=%s,fd=%d,server=on,wait=off", id, give(b, (struct argv_given){ .kind = kind }));
}

static void monitor(struct builder *b, const char *id, enum given_kind kind, const char *mode)
{
	listener(b, id, kind);
	option(b, "-mon", "chardev=%s,mode=%s", id, mode);
}

static void make_program(struct builder *b)
{
	word(b, b->from->program);
	word(b, "-nodefaults");
	word(b, "-no-user-config");
	option(b, "-name", "%s", b->conf->name);
}

static void make_machine(struct builder *b)
{
	if (*b->machine)
		option(b, "-machine", "%s", b->machine);
}

static void make_accel(struct builder *b)
{
	const char *accel = conf_text(b->conf, CONF_ACCEL);
	int wants_tcg = strcmp(accel, "tcg") == 0 || (conf_item(b->conf, CONF_KVM, 0) && !conf_yes(b->conf, CONF_KVM));
	int wants_kvm = strcmp(accel, "kvm") == 0 || (conf_item(b->conf, CONF_KVM, 0) && conf_yes(b->conf, CONF_KVM));

	if (wants_kvm || (!wants_tcg && b->from->kvm))
		option(b, "-accel", "kvm");
	if (!wants_kvm)
		option(b, "-accel", "tcg"); /* behind kvm: QEMU falls back by itself */
}

static void make_cpu(struct builder *b)
{
	const char *cpu = conf_text(b->conf, CONF_CPU);

	if (!*cpu && !machine_of(b)->bare)
		cpu = b->arch.cpu;
	if (*cpu)
		option(b, "-cpu", "%s", cpu);
}

/* -kernel and -initrd: /proc/self/fd/N opens the very file, whatever lies at its path by then. */
static void boot_file(struct builder *b, const char *name, enum conf_key key, enum given_kind kind)
{
	const struct conf_item *item = conf_item(b->conf, key, 0);
	char path[4096];

	if (!item)
		return;
	if (conf_path(b->conf, item->value, path, sizeof(path)) < 0)
		refuse(b, item, "the path is too long");
	else if (b->from->show)
		option(b, name, "%s", path);
	else
		option(b, name, "/proc/self/fd/%d", give(b, (struct argv_given){ .kind = kind }));
}

static void make_kernel(struct builder *b)
{
	boot_file(b, "-kernel", CONF_KERNEL, GIVEN_KERNEL);
}

static void make_initrd(struct builder *b)
{
	boot_file(b, "-initrd", CONF_INITRD, GIVEN_INITRD);
}

static void make_monitors(struct builder *b)
{
	if (b->from->alone)
		return;
	monitor(b, "hmp", GIVEN_HMP, "readline");
	monitor(b, "qmp", GIVEN_QMP, "control");
	monitor(b, "keeper", GIVEN_KEEPER, "control");
	if (b->from->mon)
		monitor(b, "mon", GIVEN_MON, "readline");
	if (b->from->ctl)
		monitor(b, "ctl", GIVEN_CTL, "readline");
}

static void make_serial(struct builder *b)
{
	if (!conf_yes(b->conf, CONF_SERIAL))
		return;
	if (!b->from->alone)
		listener(b, "serial", GIVEN_SERIAL);
	option(b, "-serial", "%s", b->from->alone ? "mon:stdio" : "chardev:serial");
}

/* Appends the display device, or nothing for none. */
static void vga_device(const struct builder *b, struct buf *device)
{
	const char *vga = conf_text(b->conf, CONF_VGA);
	const char *virtio = machine_of(b)->virtio;
	int pci = strcmp(virtio, "pci") == 0;

	if (strcmp(vga, "none") == 0 || machine_of(b)->bare)
		return;
	if (strcmp(vga, "virtio") == 0 && pci && strcmp(b->arch.machine, "pc") == 0)
		buf_str(device, "virtio-vga");
	else if (strcmp(vga, "virtio") == 0)
		buf_fmt(device, "virtio-gpu-%s", virtio);
	else if (*vga || (argv_vnc(b->conf) && pci))
		buf_str(device, "VGA");
}

static void make_display(struct builder *b)
{
	struct buf device = { 0 };

	vga_device(b, &device);
	option(b, "-display", "none");
	if (argv_vnc(b->conf))
		option(b, "-vnc", "none");
	if (device.n)
		option(b, "-device", "%s", device.s);
	b->a->bad |= device.bad;
	buf_free(&device);
}

/* -blockdev of the file under a node; the descriptor is in an fdset of its own. */
static void file_node(struct builder *b, const char *id, struct argv_given what, const struct disk_node *node, const char *mode)
{
	struct buf name = { 0 };

	if (b->from->show) {
		char overlay[ID_ROOM + 8];
		fmt(overlay, sizeof(overlay), "%s.qcow2", id);
		const char *path = node ? node->path : overlay; /* an overlay has no path: the caller says how to make one */
		json_quote(&name, path, strlen(path));
	} else {
		b->fdset++;
		option(b, "-add-fd", "fd=%d,set=%d,opaque=%s", give(b, what), b->fdset, id);
		buf_fmt(&name, "\"/dev/fdset/%d\"", b->fdset);
	}
	option(b, "-blockdev", "{\"driver\":\"%s\",\"node-name\":\"%s-file\",\"filename\":%s,%s}",
	       node && node->block ? "host_device" : "file", id, buf_text(&name), mode);
	b->a->bad |= name.bad;
	buf_free(&name);
}

/* One level of a chain: the file node and the format node on it. `below` is NULL at the end of the chain. */
static void level(struct builder *b, const char *id, size_t disk, int at, const char *below)
{
	const struct disk *d = &b->from->disks->list[disk];
	const struct disk_node *node = at < 0 ? NULL : &d->node[at];
	int is_top = at == (d->throw_away ? -1 : 0);
	int read_only = !is_top || (node && !node->writable);
	enum spec_format format = node ? node->format : FORMAT_QCOW2;
	/* a backing file's own node may become writable for a later job, the format node above it says no until then */
	const char *file_mode = !read_only ? "\"read-only\":false,\"discard\":\"unmap\"" : is_top ? "\"read-only\":true" : "\"auto-read-only\":true";
	char backing[96] = "";

	if (format == FORMAT_QCOW2 && below)
		fmt(backing, sizeof(backing), ",\"backing\":\"%s\"", below);
	else if (format == FORMAT_QCOW2)
		text_copy(backing, sizeof(backing), ",\"backing\":null");
	file_node(b, id, (struct argv_given){ .kind = GIVEN_DISK, .which = disk, .node = at }, node, file_mode);
	option(b, "-blockdev", "{\"driver\":\"%s\",\"node-name\":\"%s\",\"read-only\":%s,\"file\":\"%s-file\"%s%s}",
	       spec_format_name(format), id, read_only ? "true" : "false", id, backing,
	       read_only ? "" : ",\"discard\":\"unmap\""); /* on both nodes, or nothing is given back */
}

/* The whole chain, from the base up; returns the top node's name in id. */
static void chain(struct builder *b, size_t disk, char id[ID_ROOM], const char *name)
{
	const struct disk *d = &b->from->disks->list[disk];
	int top = d->throw_away ? -1 : 0;
	char below[ID_ROOM] = "";

	for (int at = (int)d->nodes - 1; at >= top; at--) {
		if (at == top)
			fmt(id, ID_ROOM, "%s", name);
		else
			fmt(id, ID_ROOM, "%s-base%d", name, at - top);
		level(b, id, disk, at, *below ? below : NULL);
		text_copy(below, sizeof(below), id);
	}
}

static void scsi_controller(struct builder *b)
{
	if (!b->scsi)
		option(b, "-device", "virtio-scsi-%s,id=scsi", machine_of(b)->virtio);
	b->scsi = 1;
}

/* A device on the next free ide place. */
static void ide_device(struct builder *b, const struct conf_item *item, const char *model, const char *id)
{
	const struct machine *m = machine_of(b);

	if (b->ide >= m->ide) {
		refuse(b, item, m->ide ? "no ide place left" : "this MACHINE has no ide: if=virtio or if=scsi");
		return;
	}
	option(b, "-device", "%s,id=dev-%s,drive=%s,bus=ide.%d,unit=%d", model, id, id, b->ide / m->per_bus, b->ide % m->per_bus);
	b->ide++;
}

static void cdrom_device(struct builder *b, const struct conf_item *item, const char *id)
{
	if (machine_of(b)->ide) {
		ide_device(b, item, "ide-cd", id);
		return;
	}
	scsi_controller(b);
	option(b, "-device", "scsi-cd,id=dev-%s,drive=%s,bus=scsi.0", id, id);
}

static void disk_device(struct builder *b, const struct disk *d, const char *id)
{
	switch (d->spec.bus) {
	case BUS_VIRTIO:
		option(b, "-device", "virtio-blk-%s,id=dev-%s,drive=%s", machine_of(b)->virtio, id, id);
		break;
	case BUS_IDE:
		ide_device(b, d->item, "ide-hd", id);
		break;
	case BUS_SCSI:
		scsi_controller(b);
		option(b, "-device", "scsi-hd,id=dev-%s,drive=%s,bus=scsi.0", id, id);
	}
}

/* The disks in their order, the CD behind them: it takes the first free ide place. */
static void make_disks(struct builder *b)
{
	const struct disks *all = b->from->disks;

	for (int cdrom = 0; cdrom < 2; cdrom++) {
		for (size_t i = 0; i < all->n; i++) {
			const struct disk *d = &all->list[i];
			char name[16], id[ID_ROOM];
			if (d->cdrom != cdrom)
				continue;
			if (cdrom)
				text_copy(name, sizeof(name), "cdrom");
			else
				fmt(name, sizeof(name), "disk%d", d->number);
			chain(b, i, id, name);
			if (cdrom)
				cdrom_device(b, d->item, id);
			else
				disk_device(b, d, id);
		}
	}
}

/* -netdev of a card behind QEMU's own network. */
static void user_net(struct builder *b, const struct nic *n)
{
	struct buf forwards = { 0 };

	for (size_t i = 0; i < n->spec.forwards; i++) {
		const struct spec_forward *f = &n->spec.forward[i];
		int v6 = strchr(f->address, ':') != NULL;
		buf_fmt(&forwards, ",hostfwd=tcp:%s%s%s:%d-:%d", v6 ? "[" : "", f->address, v6 ? "]" : "", f->port, f->guest);
	}
	option(b, "-netdev", "user,id=nic%d%s", n->item->number, buf_text(&forwards));
	b->a->bad |= forwards.bad;
	buf_free(&forwards);
}

/* The same of one whose tap the keeper has opened. */
static void tap_net(struct builder *b, size_t which, int virtio)
{
	const struct nic *n = &b->from->nics->list[which];
	char vhost[32] = "";

	if (b->from->alone && n->spec.kind == NIC_BRIDGE) { /* the tap is the keeper's: QEMU's own helper makes another */
		option(b, "-netdev", "bridge,id=nic%d,br=%s", n->item->number, n->spec.link);
		return;
	}
	if (b->from->show) {
		option(b, "-netdev", "tap,id=nic%d,ifname=%s,script=no,downscript=no", n->item->number, n->name);
		return;
	}
	int fd = give(b, (struct argv_given){ .kind = GIVEN_TAP, .which = which });
	if (virtio && n->vhost >= 0)
		fmt(vhost, sizeof(vhost), ",vhost=on,vhostfd=%d", give(b, (struct argv_given){ .kind = GIVEN_VHOST, .which = which }));
	option(b, "-netdev", "tap,id=nic%d,fd=%d%s", n->item->number, fd, vhost);
}

static void make_nics(struct builder *b)
{
	for (size_t i = 0; i < b->from->nics->n; i++) {
		const struct nic *n = &b->from->nics->list[i];
		int number = n->item->number;
		char model[SPEC_NIC_WORD], mtu[32] = "";
		fmt(model, sizeof(model), "virtio-net-%s", machine_of(b)->virtio);
		if (*n->spec.model)
			text_copy(model, sizeof(model), n->spec.model);
		int virtio = text_begins(model, "virtio-net");
		if (nic_is_bridged(n))
			tap_net(b, i, virtio);
		else
			user_net(b, n);
		if (virtio && n->mtu && n->mtu != USUAL_MTU)
			fmt(mtu, sizeof(mtu), ",host_mtu=%d", n->mtu); /* the guest need not be told by hand */
		option(b, "-device", "%s,id=dev-nic%d,netdev=nic%d%s%s%s", model, number, number, *n->mac ? ",mac=" : "", n->mac, mtu);
	}
}

static void make_sandbox(struct builder *b)
{
	if (conf_yes(b->conf, CONF_SANDBOX))
		option(b, "-sandbox", "%s", argv_sandbox);
	else if (b->from->alone)
		option(b, "-sandbox", "off");
}

/* What the user wrote in QEMU's own words comes last and so may overrule. */
static void make_raw(struct builder *b)
{
	struct cfg more = { 0 };

	for (const struct conf_item *item = NULL; (item = conf_next(b->conf, CONF_ARG, item));)
		if (cfg_arg(&more, item->value, b->e) < 0)
			refuse(b, item, "not one option with its value");
	for (size_t i = 0; i < more.n; i++)
		word(b, more.words[i]);
	cfg_free(&more);
	for (size_t i = 0; b->from->raw && i < b->from->raw->n; i++)
		word(b, b->from->raw->words[i]);
}

/* The command line, top to bottom: a key that is one option with its value, or a function for what takes more thought. */
static const struct part {
	void (*make)(struct builder *b);
	const char *option;
	enum conf_key key;
} parts[] = {
	{ .make = make_program },
	{ .make = make_machine },
	{ .make = make_accel },
	{ .make = make_cpu, .option = "-cpu", .key = CONF_CPU },
	{ .option = "-smp", .key = CONF_SMP },
	{ .option = "-m", .key = CONF_RAM },
	{ .option = "-boot", .key = CONF_BOOT },
	{ .make = make_kernel, .option = "-kernel", .key = CONF_KERNEL },
	{ .make = make_initrd, .option = "-initrd", .key = CONF_INITRD },
	{ .option = "-append", .key = CONF_APPEND },
	{ .make = make_monitors },
	{ .make = make_serial },
	{ .make = make_display },
	{ .make = make_disks },
	{ .make = make_nics },
	{ .make = make_sandbox },
	{ .make = make_raw },
};

int argv_build(struct argv *a, const struct argv_from *from, struct err *e)
{
	char target[64];
	struct builder b = { .a = a, .from = from, .conf = from->conf, .e = e };

	*a = (struct argv){ 0 };
	argv_target(from->conf, target, sizeof(target));
	b.arch = arch_of(target);
	b.machine = conf_text(from->conf, CONF_MACHINE);
	if (!*b.machine)
		b.machine = b.arch.machine;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts) && !b.failed; i++) {
		if (parts[i].make)
			parts[i].make(&b);
		else if (*conf_text(from->conf, parts[i].key))
			option(&b, parts[i].option, "%s", conf_text(from->conf, parts[i].key));
	}
	if (a->bad && !b.failed)
		return err_set(e, "out of memory");
	return b.failed ? -1 : 0;
}

void argv_free(struct argv *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->words[i]);
	free(a->words);
	free(a->given);
	*a = (struct argv){ 0 };
}

int argv_key(const char *name)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (parts[i].option && strcmp(parts[i].option, name) == 0)
			return (int)parts[i].key;
	return -1;
}

void argv_target(const struct conf *c, char *target, size_t room)
{
	const char *wanted = conf_text(c, CONF_TGTARCH);

	if (*wanted)
		text_copy(target, room, wanted);
	else
		arch_host(target, room);
}

int argv_vnc(const struct conf *c)
{
	struct spec_display d;
	struct err e;

	return spec_display(&d, conf_text(c, CONF_DISPLAY), &e) == 0 && d.vnc;
}
