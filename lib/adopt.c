/* SPDX-License-Identifier: 0BSD */
/* The options of a command line of QEMU's become keys of a draft. */
#include "adopt.h"

#include "arch.h"
#include "argv.h"
#include "device.h"
#include "fmt.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

enum { OPTIONS_MAX = 2048 };

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* ---- single options: 1 when it became a key or is left out, 0 when it stays ---- */

/* The -chardev of one that is taken goes with it. */
static void name_line(struct draft *d, const char *id)
{
	draft_find(d, "-chardev", "id", id);
}

/* What VGA cannot be ("": not said by this alone) stays, beside VGA=none. */
static int put_vga(struct draft *d, const char *vga)
{
	if (draft_put(d, CONF_VGA, 0, vga) == 0)
		return 1;
	draft_put(d, CONF_VGA, 0, "none");
	return 0;
}

static int take_device(struct draft *d, struct draft_option *o)
{
	static const struct { const char *drivers, *vga; } videos[] = {
		{ "VGA", "std" },
		{ "virtio-vga virtio-gpu-pci virtio-gpu-device virtio-gpu-ccw", "virtio" },
		{ "cirrus-vga qxl-vga qxl vmware-svga bochs-display ramfb", "" },
	};
	const char *line = props_get(&o->props, "chardev");

	if (device_take(d, o))
		return 1;
	for (size_t i = 0; i < COUNT(videos); i++)
		if (props_in(&o->props, "driver", videos[i].drivers) && !d->vga++)
			return put_vga(d, o->props.n == 1 ? videos[i].vga : "");
	if (!line || !props_is(&o->props, "driver", "isa-serial") || d->serial++)
		return 0;
	name_line(d, line);
	draft_put(d, CONF_SERIAL, 0, "yes");
	draft_note(d, "-device isa-serial: left out with its -chardev: `qemu-init console` is the serial line");
	return 1;
}

static void take_accels(struct draft *d, const char *words)
{
	for (const char *s = words; *s; s += strcspn(s, ":"), s += *s == ':') {
		size_t n = strcspn(s, ":,");
		int kvm = n == 3 && !memcmp(s, "kvm", 3), tcg = n == 3 && !memcmp(s, "tcg", 3);
		if (!kvm && !tcg && !d->strange)
			d->strange = s;
		if (s[n] == ',')
			draft_note(d, "-accel %s: its options are not kept", s);
		d->kvm |= kvm;
		d->tcg |= tcg;
		d->accels++;
	}
}

static int take_accel(struct draft *d, struct draft_option *o)
{
	take_accels(d, o->value ? o->value : strcmp(o->name, "-no-kvm") ? "kvm" : "tcg");
	return 1;
}

static int take_name(struct draft *d, struct draft_option *o)
{
	const char *guest = props_get(&o->props, "guest"), *key, *value;

	if (guest && text_name(guest, CONF_NAME_MAX) && !*d->name)
		text_copy(d->name, sizeof(d->name), guest);
	else if (guest)
		draft_note(d, "-name %s: is not the VM's name", guest);
	for (size_t at = 0; props_next(&o->props, &at, &key, &value); )
		if (strcmp(key, "guest") != 0)
			draft_note(d, "-name: %s=%s is not kept", key, value);
	return o->props.n || !*o->value;
}

static int take_ram(struct draft *d, struct draft_option *o)
{
	const char *size = props_get(&o->props, "size");

	/* the rest of it stands behind ours, and QEMU takes both */
	return size && draft_put(d, CONF_RAM, 0, size) == 0 && o->props.n == 1;
}

static int take_vnc(struct draft *d, struct draft_option *o)
{
	const char *colon = strrchr(o->value, ':');
	size_t n = colon ? strspn(colon + 1, "0123456789") : 0;
	char value[16] = "vnc";

	if (n && n < 5 && (!colon[1 + n] || colon[1 + n] == ',') && !text_begins(o->value, "unix:"))
		fmt(value, sizeof(value), "vnc:%d", 5900 + atoi(colon + 1));
	if (strcmp(o->value, "none") != 0)
		draft_note(d, "-vnc %s: DISPLAY=%s, on this host alone, and on vnc.sock", o->value, value);
	d->headless = 1;
	if (draft_put(d, CONF_DISPLAY, 0, value) < 0)
		draft_put(d, CONF_DISPLAY, 0, "vnc");
	return 1;
}

/* -display says only that there is one: -vnc may stand beside it. */
static int take_display(struct draft *d, struct draft_option *o)
{
	int none = o->value ? !strcmp(o->value, "none") : !strcmp(o->name, "-nographic");

	d->headless |= none;
	if (!none)
		draft_tell(d, o, "DISPLAY=vnc instead");
	if (!strcmp(o->name, "-nographic") && !d->serial++)
		draft_put(d, CONF_SERIAL, 0, "yes");
	return 1;
}

static int take_vga(struct draft *d, struct draft_option *o)
{
	d->vga++;
	return put_vga(d, o->value);
}

static int take_serial(struct draft *d, struct draft_option *o)
{
	int none = text_listed("none null", o->value);

	if (d->serial++)
		return 0;
	if (text_begins(o->value, "chardev:"))
		name_line(d, o->value + 8);
	draft_put(d, CONF_SERIAL, 0, none ? "no" : "yes");
	if (!none && strcmp(o->value, "mon:stdio") != 0)
		draft_tell(d, o, "left out: `qemu-init console` is the serial line, serial.log what it said");
	return 1;
}

static int take_sandbox(struct draft *d, struct draft_option *o)
{
	if (!strcmp(o->value, "off"))
		draft_put(d, CONF_SANDBOX, 0, "no");
	return 1;
}

static int take_mon(struct draft *d, struct draft_option *o)
{
	name_line(d, props_get(&o->props, "chardev"));
	draft_tell(d, o, "left out, with its -chardev: qemu-mon and qemu-cmd lead to the monitor");
	return 1;
}

static int take_secret(struct draft *d, struct draft_option *o)
{
	if (!props_is(&o->props, "id", "masterKey0"))
		return 0;
	draft_note(d, "-object masterKey0: left out: libvirt's own");
	return 1;
}

static int take_nothing(struct draft *d, struct draft_option *o)
{
	(void)d;
	(void)o;
	return 1;
}

static int take_nodefaults(struct draft *d, struct draft_option *o)
{
	(void)o;
	d->bare = 1;
	return 1;
}

/* What is not the value of one key, by option; those with a reason are left out. -netdev, -blockdev and -chardev are taken with who
 * names them, -machine before all others. */
static const struct rule {
	const char *names;
	const char *first;	/* NULL: it has one value; "": it has none; else one of KEY=VALUEs, of which the first may lack this KEY */
	int (*take)(struct draft *d, struct draft_option *o);
	const char *reason;
} rules[] = {
	{ .names = "-nodefaults", .first = "", .take = take_nodefaults },
	{ .names = "-no-user-config -nodefconfig -snapshot", .first = "", .take = take_nothing },
	{ .names = "-name", .first = "guest", .take = take_name },
	{ .names = "-machine -M", .first = "type" },
	{ .names = "-accel", .take = take_accel }, { .names = "-enable-kvm -no-kvm", .first = "", .take = take_accel },
	{ .names = "-m", .first = "size", .take = take_ram },
	{ .names = "-drive", .first = "file", .take = device_drive }, { .names = "-blockdev", .first = "driver" },
	{ .names = "-hda -hdb -hdc -hdd -cdrom", .take = device_file },
	{ .names = "-device", .first = "driver", .take = take_device },
	{ .names = "-netdev", .first = "type" }, { .names = "-chardev", .first = "backend" },
	{ .names = "-nic", .first = "type", .take = device_nic },
	{ .names = "-vnc", .take = take_vnc }, { .names = "-vga", .take = take_vga },
	{ .names = "-display", .take = take_display }, { .names = "-nographic -curses -sdl", .first = "", .take = take_display },
	{ .names = "-serial", .take = take_serial }, { .names = "-sandbox", .take = take_sandbox },
	{ .names = "-mon", .first = "chardev", .take = take_mon }, { .names = "-object", .first = "qom-type", .take = take_secret },
	{ .names = "-monitor", .reason = "left out: qemu-mon leads to the monitor" },
	{ .names = "-qmp -qmp-pretty", .reason = "left out: `qemu-cmd -q` speaks QMP" },
	{ .names = "-daemonize", .first = "", .reason = "left out: `qemu-init start` returns when the guest runs" },
	{ .names = "-pidfile", .reason = "left out: `qemu-init status` knows the pid" },
	{ .names = "-runas", .reason = "left out: QEMU gets a uid of its own (RUNAS names another)" },
	{ .names = "-chroot", .reason = "left out: QEMU is in a cage of its own (SANDBOX)" },
	{ .names = "-S", .first = "", .reason = "left out: what is started runs (`qemu-init pause`)" },
	{ .names = "-no-shutdown", .first = "", .reason = "left out: a guest that powers off has ended" },
};

/* A bare word is a disk. */
static const struct rule *rule_of(const char *name)
{
	for (size_t i = 0; i < COUNT(rules); i++)
		if (text_listed(rules[i].names, *name ? name : "-hda"))
			return &rules[i];
	return NULL;
}

/* ---- what stays ---- */

/* The keys that are files, "": the whole value is one. */
static const struct { const char *options, *keys; } files[] = {
	{ "-bios -option-rom", "" }, { "-device", "romfile file" },
	{ "-pflash -mtdblock -sd -fda -fdb -cdrom -kernel -initrd -dtb -readconfig -mem-path -D -L", "" },
	{ "-blockdev", "filename file.filename" },
	{ "-drive -object -chardev -fsdev -virtfs -fw_cfg -smbios -acpitable -netdev -nic -net", "file filename file.filename mem-path path dir tftp smb" },
};

enum { SEARCHED = 2 }; /* so many of them: QEMU has a folder of its own for these, too */

/* Whether n bytes name a file in the folder. */
static int is_relative(struct draft *d, size_t row, const char *s, size_t n)
{
	size_t plain = strcspn(s, ":/,");
	char name[4096];

	if (row >= SEARCHED || !plain || s[plain] == ':')
		return plain && s[plain] != ':';
	fmt(name, sizeof(name), "%.*s", (int)n, s);
	return d->from->look && d->from->look(draft_path(d, name)) >= 0;
}

/* A value, with the folder before each file that is in it. */
static void put_files(struct draft *d, size_t row, const char *s, struct buf *to)
{
	int whole = !*files[row].keys;
	char key[32];

	for (const char *end; *s; s = end, whole = 0) {
		size_t n = whole ? 0 : strcspn(s, "=,");
		fmt(key, sizeof(key), "%.*s", (int)n, s);
		n += s[n] == '=';
		for (end = s + n; *end && (*end != ',' || end[1] == ','); end++)
			end += *end == ',';
		buf_add(to, s, n);
		if ((whole || text_listed(files[row].keys, key)) && is_relative(d, row, s + n, (size_t)(end - s) - n)) {
			for (const char *dir = d->from->dir; *dir; buf_char(to, *dir++))
				if (*dir == ',' && !whole)
					buf_char(to, ',');
			buf_char(to, '/');
		}
		end += *end == ',';
		buf_add(to, s + n, (size_t)(end - s) - n);
	}
}

/* An option that stays: its files are found from anywhere. */
static void put_raw(struct draft *d, const struct draft_option *o)
{
	struct buf to = { 0 };

	for (size_t i = 0; o->value && i < COUNT(files); i++)
		if (text_listed(files[i].options, o->name))
			put_files(d, i, o->value, &to);
	draft_raw(d, o->name, to.n ? buf_text(&to) : o->value);
	buf_free(&to);
}

/* ---- all of a command line ---- */

/* Options with their values; an unknown one has a value when no option follows. */
static int split(struct draft *d, char *const *words, size_t n, struct err *e)
{
	if (n > OPTIONS_MAX)
		return err_code(e, NOT_CONFIGURED, "%s: more than %d words", d->from->file, OPTIONS_MAX);
	d->n = 0;
	d->list = calloc(n + 1, sizeof(*d->list));
	if (!d->list)
		return err_set(e, "out of memory");
	for (size_t i = 0; i < n; i++) {
		struct draft_option *o = &d->list[d->n++];
		const char *word = words[i];
		int is_option = word[0] == '-' && word[1];
		o->name = is_option ? word + (word[1] == '-') : "";
		const struct rule *r = rule_of(o->name);
		int bare = r && r->first && !*r->first, known = is_option && !bare && (r || argv_key(o->name) >= 0);
		if (!is_option)
			o->value = word;
		else if (i + 1 < n && (known || (!r && *words[i + 1] != '-')))
			o->value = words[++i];
		else if (known)
			return err_code(e, NOT_CONFIGURED, "%s: %s wants a value", d->from->file, o->name);
		if (r && r->first && o->value)
			props_read(&o->props, o->value, r->first); /* what is no list has no props, and stays */
	}
	return 0;
}

/* MACHINE of all -machine, which are one to QEMU, and what else others depend on, wherever it stands. */
static void look_ahead(struct draft *d, const char *target)
{
	struct buf rest = { 0 }, value = { 0 };
	const char *key, *word;

	for (size_t i = 0; i < d->n; i++) {
		struct draft_option *o = &d->list[i];
		d->throw_away |= !strcmp(o->name, "-snapshot");
		d->nics |= text_listed("-net -netdev -nic", o->name);
		if (!text_listed("-machine -M", o->name) || !o->props.n)
			continue;
		o->fate = DRAFT_TAKEN;
		for (size_t at = 0; props_next(&o->props, &at, &key, &word); ) {
			if (!strcmp(key, "accel"))
				take_accels(d, word);
			else if (!strcmp(key, "type"))
				text_copy(d->machine, sizeof(d->machine), word);
			else
				buf_fmt(&rest, ",%s=%s", key, word);
		}
	}
	if (target && !*d->machine)
		text_copy(d->machine, sizeof(d->machine), arch_of(target).machine);
	buf_fmt(&value, "%s%s", d->machine, buf_text(&rest));
	const char *machine = buf_text(&value) + (value.n && *value.s == ',');
	if (*machine && draft_put(d, CONF_MACHINE, 0, machine) < 0)
		draft_raw(d, "-machine", machine);
	buf_free(&rest);
	buf_free(&value);
}

/* An option that is a key's value. */
static int take_key(struct draft *d, const struct draft_option *o)
{
	int key = argv_key(o->name);

	return key >= 0 && draft_put(d, (enum conf_key)key, 0,
		conf_keys[key].kind == KIND_FILE ? draft_path(d, o->value) : o->value) == 0;
}

static int take(struct draft *d, struct draft_option *o)
{
	const struct rule *r = rule_of(o->name);

	if (!r)
		return take_key(d, o);
	if (r->reason)
		draft_tell(d, o, r->reason);
	return r->reason || (r->take && r->take(d, o));
}

/* Each option once, in the line's order: a key, or nothing, or as it is. */
static void take_all(struct draft *d)
{
	for (size_t i = 0; i < d->n; i++) {
		if (d->list[i].fate == DRAFT_TAKEN)
			continue;
		enum draft_fate fate = take(d, &d->list[i]) ? DRAFT_TAKEN : DRAFT_STAYS;
		d->list[i].fate = fate;
		for (size_t k = 0; k < d->n; k++)
			if (d->list[k].fate == DRAFT_NAMED)
				d->list[k].fate = fate;
	}
	for (size_t i = 0; i < d->n; i++) {
		struct draft_option *o = &d->list[i];
		int ours = d->scsi && !strcmp(o->name, "-device") && o->props.n == 2 && props_is(&o->props, "id", "scsi");
		if (o->fate == DRAFT_STAYS && !ours) /* the controller that ours stands for */
			put_raw(d, o);
	}
}

static void assume(struct draft *d, enum conf_key key, int number, const char *value, const char *why)
{
	char name[CONF_KEY_ROOM];

	conf_key_name(key, number, name);
	if (draft_put(d, key, number, value) == 0)
		draft_note(d, "%s=%s: QEMU's own, as none is named%s", name, value, why);
}

/* What QEMU would have without being told, and we would not. */
static void fill_in(struct draft *d, const char *target)
{
	static const struct { const char *target, *cpu; } cpus[] = {
		{ "qemu-system-x86_64", "qemu64" }, { "qemu-system-i386", "qemu32" }, { "qemu-system-aarch64", "cortex-a15" },
	};
	const char *card = device_usual_card(d);
	char nic[32];

	for (size_t i = 0; i < COUNT(cpus); i++)
		if (!strcmp(cpus[i].target, target) && strcmp(d->machine, "none") != 0)
			assume(d, CONF_CPU, 0, cpus[i].cpu, " (CPU= is ours, the best there is)");
	assume(d, CONF_RAM, 0, "128M", "");
	if (!d->accels)
		assume(d, CONF_ACCEL, 0, "tcg", " (ACCEL= takes KVM where it is)");
	else if (d->kvm != d->tcg)
		draft_put(d, CONF_ACCEL, 0, d->kvm ? "kvm" : "tcg");
	fmt(nic, sizeof(nic), "user%s%s", card ? ",model=" : "", card ? card : "");
	if (!d->bare && !d->nics && !text_listed("none microvm", d->machine))
		assume(d, CONF_NIC, 1, nic, "");
	draft_put(d, CONF_NIC, 1, "none"); /* lest default.rc adds one */
	draft_put(d, CONF_SERIAL, 0, d->bare ? "no" : "yes");
	draft_put(d, CONF_DISPLAY, 0, d->headless ? "none" : "vnc");
	if (d->bare || device_bus(d) == BUS_IDE)
		draft_put(d, CONF_VGA, 0, d->bare ? "none" : "std");
}

int adopt_words(struct draft *d, size_t first, const char *target, struct err *e)
{
	if (target && text_begins(target, "qemu-"))
		draft_put(d, CONF_TGTARCH, 0, target);
	if (target && text_ends(target, "kvm"))
		d->accels = d->kvm = d->tcg = 1;
	if (split(d, d->words.words + first, d->words.n - first, e) < 0)
		return -1;
	look_ahead(d, target);
	take_all(d);
	if (target)
		fill_in(d, target);
	if (d->strange)
		return err_code(e, NOT_CONFIGURED, "%s: accelerator %s: want kvm or tcg", d->from->file, d->strange);
	return d->rc.bad || d->cfg.bad || d->notes.bad ? err_set(e, "out of memory") : 0;
}
