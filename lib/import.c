/* SPDX-License-Identifier: 0BSD */
/* From QEMU's command line, or the ancestor's files, to an rc-file and a cfg-file of ours. */
#include "import.h"

#include "arch.h"
#include "argv.h"
#include "cfg.h"
#include "edit.h"
#include "fmt.h"
#include "json.h"
#include "line.h"
#include "spec.h"
#include "text.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { PROPS_MAX = 64, OPTIONS_MAX = 2048, DEPTH_MAX = 8 };

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* KEY=VALUE,... or JSON: keys with dots for what is nested. Places in `text`. */
struct props {
	struct buf text;
	struct { size_t key, value; } at[PROPS_MAX];
	size_t n;
};

struct option {
	const char *name;	/* "" for a bare word, which is a disk */
	const char *value;	/* NULL: it has none */
	struct props *props;	/* of those that name things to each other */
	int taken;		/* it became a key, or is left out */
};

struct job {
	struct import *im;
	const struct import_from *from;
	struct option *list;
	size_t n;
	struct buf pool[SPEC_BACKING_MAX + 4];	/* paths of the disk in the making */
	size_t paths;
	int defaults;		/* no -nodefaults: QEMU adds devices by itself */
	int accels, kvm, tcg, display, vga, serial, nics, scsi, throw_away;
	char machine[256];
	struct err *e;
	int bad;
};

/* ---- words ---- */

static void note(struct job *j, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note(struct job *j, const char *format, ...)
{
	struct buf line = { 0 };
	va_list list;

	va_start(list, format);
	buf_list(&line, format, list);
	va_end(list);
	text_clean(&j->im->notes, buf_text(&line), line.n);
	buf_char(&j->im->notes, '\n');
	buf_free(&line);
}

/* 0, or -1 when the key cannot hold the value, or is taken. */
static int put(struct job *j, enum conf_key key, int number, const char *value)
{
	char name[CONF_KEY_ROOM];
	struct err none;

	conf_key_name(key, number, name);
	if (!*value || !strcmp(value, "0") || edit_has(&j->im->rc, name) || value_check(conf_keys[key].kind, value, &none) < 0 ||
	    strlen(value) > 65536)
		return -1;
	return edit_pair(&j->im->rc, name, value, &none);
}

/* The number in a name of ours (disk3), if that is free, else the lowest that is. */
static int free_number(struct job *j, enum conf_key key, const char *id, const char *ours)
{
	char name[CONF_KEY_ROOM];
	long long n;

	if (id && text_begins(id, ours) && id[strlen(ours)] != '0' && text_number(id + strlen(ours), 1, CONF_NUMBER_MAX, &n) == 0) {
		conf_key_name(key, (int)n, name);
		if (!edit_has(&j->im->rc, name))
			return (int)n;
	}
	for (n = 1; n < CONF_NUMBER_MAX; n++) {
		conf_key_name(key, (int)n, name);
		if (!edit_has(&j->im->rc, name))
			break;
	}
	return (int)n;
}

static void raw(struct job *j, const char *name, const char *value)
{
	struct buf *b = &j->im->cfg;

	if (*name)
		text_shell(b, name);
	if (value) {
		buf_str(b, *name ? " " : "");
		text_shell(b, value);
	}
	buf_char(b, '\n');
}

/* A path that holds from anywhere; good until the next disk. */
static const char *whole(struct job *j, const char *path)
{
	if (*path == '/' || j->paths == COUNT(j->pool))
		return path;
	struct buf *b = &j->pool[j->paths++];
	buf_clear(b);
	buf_fmt(b, "%s/%s", j->from->dir, path);
	return buf_text(b);
}

/* ---- what options name ---- */

static int add_prop(struct props *p, const char *key, size_t n, const char *value, size_t m)
{
	if (p->n == PROPS_MAX || memchr(key, '\0', n) || memchr(value, '\0', m))
		return -1;
	p->at[p->n].key = p->text.n;
	buf_add(&p->text, key, n);
	buf_char(&p->text, '\0');
	p->at[p->n++].value = p->text.n;
	buf_add(&p->text, value, m);
	buf_char(&p->text, '\0');
	return p->text.bad ? -1 : 0;
}

static int read_json(struct props *p, struct json_span doc, const char *prefix, int depth)
{
	struct json_span key, value;
	size_t at = 0;
	int got, bad = 0, element = 0;

	while (!bad && (got = json_next(doc, &at, &key, &value)) == 1) {
		struct buf name = { 0 }, text = { 0 };
		buf_str(&name, prefix);
		if (key.n)
			buf_add(&name, key.s, key.n);
		else
			buf_fmt(&name, "%d", element++);
		if (value.n && (*value.s == '{' || *value.s == '[')) {
			buf_char(&name, '.');
			bad = depth == DEPTH_MAX ? -1 : read_json(p, value, buf_text(&name), depth + 1);
		} else {
			if (json_text(value, &text) < 0)
				buf_add(&text, value.s, value.n);
			int yes = value.n == 4 && !memcmp(value.s, "true", 4), no = value.n == 5 && !memcmp(value.s, "false", 5);
			bad = yes || no ? add_prop(p, buf_text(&name), name.n, yes ? "on" : "off", 2 + (size_t)no)
					: add_prop(p, buf_text(&name), name.n, buf_text(&text), text.n);
		}
		buf_free(&name);
		buf_free(&text);
	}
	return bad || got < 0 ? -1 : 0;
}

/* The first may lack its key. */
static int read_pairs(struct props *p, const char *s, const char *first)
{
	int bad = 0;

	while (!bad && *s) {
		struct buf part = { 0 };
		for (; *s && (*s != ',' || s[1] == ','); s++)
			buf_char(&part, *s == ',' ? *s++ : *s);
		s += *s == ',';
		const char *text = buf_text(&part), *is = strchr(text, '=');
		if (is)
			bad = add_prop(p, text, (size_t)(is - text), is + 1, strlen(is + 1));
		else if (first && !p->n)
			bad = add_prop(p, first, strlen(first), text, part.n);
		else
			bad = add_prop(p, text, part.n, "on", 2);
		buf_free(&part);
	}
	return bad;
}

static void free_props(struct props *p)
{
	if (p)
		buf_free(&p->text);
	free(p);
}

/* NULL when it is more than we understand: it stays as it is. */
static struct props *parse(const char *s, const char *first)
{
	struct props *p = calloc(1, sizeof(*p));
	struct json_span doc;
	int bad = !p;

	if (!bad && *s == '{')
		bad = json_whole(s, strlen(s), &doc) < 0 || read_json(p, doc, "", 0) < 0;
	else if (!bad)
		bad = read_pairs(p, s, first) < 0;
	if (!bad)
		return p;
	free_props(p);
	return NULL;
}

static const char *get(const struct props *p, const char *key)
{
	for (size_t i = 0; p && i < p->n; i++)
		if (strcmp(p->text.s + p->at[i].key, key) == 0)
			return p->text.s + p->at[i].value;
	return NULL;
}

static int is(const struct props *p, const char *key, const char *value)
{
	const char *got = get(p, key);

	return got && strcmp(got, value) == 0;
}

static int yes(const struct props *p, const char *key)
{
	return is(p, key, "on") || is(p, key, "yes") || is(p, key, "true");
}

/* Whether it has no key but those, which stand in one string with blanks around each. */
static int only(const struct props *p, const char *keys)
{
	char word[40];

	for (size_t i = 0; i < p->n; i++)
		if (fmt(word, sizeof(word), " %s ", p->text.s + p->at[i].key) >= (int)sizeof(word) || !text_in(keys, word))
			return 0;
	return 1;
}

static struct option *find(struct job *j, const char *option, const char *key, const char *value)
{
	for (size_t i = 0; value && i < j->n; i++)
		if (!j->list[i].taken && strcmp(j->list[i].name, option) == 0 && is(j->list[i].props, key, value))
			return &j->list[i];
	return NULL;
}

/* ---- disks ---- */

static const struct model {
	const char *name;
	enum spec_bus bus;
	int cd;
} models[] = {
	{ "virtio-blk-pci", BUS_VIRTIO, 0 }, { "virtio-blk-device", BUS_VIRTIO, 0 }, { "virtio-blk-ccw", BUS_VIRTIO, 0 },
	{ "virtio-blk", BUS_VIRTIO, 0 }, { "ide-hd", BUS_IDE, 0 }, { "ide-cd", BUS_IDE, 1 }, { "scsi-hd", BUS_SCSI, 0 },
	{ "scsi-disk", BUS_SCSI, 0 }, { "scsi-cd", BUS_SCSI, 1 },
};

/* One disk in the making, and the options that it takes. */
struct image {
	struct spec_disk spec;
	struct option *used[2 * SPEC_BACKING_MAX + 4];
	size_t n;
	struct buf lost;	/* what it cannot say */
};

static int use(struct image *im, struct option *o)
{
	if (!o || im->n == COUNT(im->used))
		return -1;
	im->used[im->n++] = o;
	return 0;
}

/* The file of a node: an option of its own, or within the node's. */
static const char *node_file(struct job *j, struct image *im, const struct props *node)
{
	const char *ref = get(node, "file");
	struct option *o = find(j, "-blockdev", "node-name", ref);
	const struct props *p = o ? o->props : node;

	if ((ref && use(im, o) < 0) || (ref ? !is(p, "driver", "file") && !is(p, "driver", "host_device")
					 : !is(p, "file.driver", "file") && !is(p, "file.driver", "host_device")))
		return NULL;
	return get(p, ref ? "filename" : "file.filename");
}

/* A -blockdev and those below it: FILE, then each backing=. */
static int read_chain(struct job *j, struct image *im, const char *name)
{
	struct spec_disk *d = &im->spec;
	char overlay[64];

	for (const char *backing = name; backing && strcmp(backing, "null") != 0; ) {
		struct option *o = find(j, "-blockdev", "node-name", backing);
		const struct props *p = o ? o->props : NULL;
		int qcow2 = is(p, "driver", "qcow2");
		if (use(im, o) < 0 || (!qcow2 && !is(p, "driver", "raw")))
			return -1;
		const char *file = node_file(j, im, p);
		if (!file || (d->file && d->backings == SPEC_BACKING_MAX))
			return -1;
		fmt(overlay, sizeof(overlay), "%s.qcow2", backing);
		backing = qcow2 ? get(p, "backing") : NULL;
		if (!d->file && backing && strcmp(file, overlay) == 0) {
			d->snapshot = 1; /* the overlay that has no path, as `export` shows it */
		} else if (!d->file) {
			d->file = whole(j, file);
			d->format = qcow2 ? FORMAT_QCOW2 : FORMAT_RAW;
			d->ro = yes(p, "read-only") && !d->snapshot;
		} else {
			d->backing[d->backings++] = whole(j, file);
		}
	}
	return d->file ? 0 : -1;
}

static int is_plain(const char *file)
{
	size_t n = strcspn(file, ":/");

	return *file && file[n] != ':';
}

static int read_drive(struct job *j, struct image *im, struct option *o)
{
	static const char *const lost[] = { "cache", "aio", "discard", "detect-zeroes", "werror", "rerror", "serial" };
	const struct props *p = o->props;
	const char *file = get(p, "file"), *format = get(p, "format");
	struct spec_disk *d = &im->spec;

	if (!file || !is_plain(file) || use(im, o) < 0 || !only(p, " file format if id index media readonly read-only snapshot "
		"bus unit cache aio discard detect-zeroes werror rerror serial "))
		return -1;
	d->file = whole(j, file);
	d->format = text_ends(file, ".qcow2") ? FORMAT_QCOW2 : FORMAT_RAW;
	if (format && strcmp(format, "raw") != 0 && strcmp(format, "qcow2") != 0)
		return -1;
	if (format)
		d->format = strcmp(format, "raw") == 0 ? FORMAT_RAW : FORMAT_QCOW2;
	else if (!is(p, "media", "cdrom") && d->format == FORMAT_RAW && j->from->is_qcow2 && j->from->is_qcow2(d->file))
		d->format = FORMAT_QCOW2;
	d->ro = yes(p, "readonly") || yes(p, "read-only");
	d->snapshot = yes(p, "snapshot");
	for (size_t i = 0; i < COUNT(lost); i++)
		if (get(p, lost[i]))
			buf_fmt(&im->lost, "%s%s=%s", im->lost.n ? "," : "", lost[i], get(p, lost[i]));
	return 0;
}

/* Writes the key; its name in `key`. */
static int put_disk(struct job *j, struct image *im, int cd, const char *id, char key[CONF_KEY_ROOM])
{
	struct buf value = { 0 };
	int number = cd ? 0 : free_number(j, CONF_DISK, id, "disk");

	im->spec.snapshot |= j->throw_away && !im->spec.ro;
	if (cd)
		buf_str(&value, im->spec.file);
	else
		spec_disk_text(&im->spec, &value);
	conf_key_name(cd ? CONF_CDROM : CONF_DISK, number, key);
	int bad = (cd && im->spec.format != FORMAT_RAW) || put(j, cd ? CONF_CDROM : CONF_DISK, number, buf_text(&value));
	buf_free(&value);
	if (bad)
		return -1;
	for (size_t i = 0; i < im->n; i++)
		im->used[i]->taken = 1;
	if (im->lost.n)
		note(j, "%s: %s is not kept", key, im->lost.s);
	return 0;
}

/* What a device is told beside that which its key says. */
static void put_extras(struct job *j, const struct props *p, const char *key, int keeps_bus, const char *known)
{
	const char *bus = get(p, "bus");
	int root = !bus || !strcmp(bus, "pci.0") || !strcmp(bus, "pcie.0");
	char device[48], word[40];

	text_copy(word, sizeof(word), key);
	for (char *s = word; *s; s++)
		*s = (char)(*s >= 'A' && *s <= 'Z' ? *s + 32 : *s);
	fmt(device, sizeof(device), "device.dev-%s", word);
	if (!root && keeps_bus)
		note(j, "%s: bus=%s,addr=%s is not kept, QEMU chooses its place", key, bus, get(p, "addr") ? get(p, "addr") : "");
	for (size_t i = 0; i < p->n; i++) {
		const char *name = p->text.s + p->at[i].key;
		struct buf set = { 0 };
		fmt(word, sizeof(word), " %s ", name);
		if (text_in(" driver drive netdev id bus ", word) || text_in(known, word) || (!root && !strcmp(name, "addr")))
			continue;
		buf_fmt(&set, "%s.%s=%s", device, name, p->text.s + p->at[i].value);
		raw(j, "-set", buf_text(&set));
		buf_free(&set);
	}
}

static int take_disk(struct job *j, struct option *o, const struct model *m)
{
	struct image im = { .spec.bus = m->bus };
	const char *drive = get(o->props, "drive");
	char key[CONF_KEY_ROOM];
	struct option *d = find(j, "-drive", "id", drive);

	j->paths = 0;
	int bad = !drive || use(&im, o) < 0 || (d ? read_drive(j, &im, d) : read_chain(j, &im, drive));
	if (!bad)
		bad = put_disk(j, &im, m->cd, drive, key);
	if (!bad)
		put_extras(j, o->props, key, m->bus == BUS_VIRTIO,
			   m->bus == BUS_IDE ? " unit " : m->bus == BUS_SCSI ? " channel " : " ");
	j->scsi |= !bad && m->bus == BUS_SCSI;
	buf_free(&im.lost);
	return bad ? -1 : 0;
}

/* The bus of a disk for which nobody named one. */
static enum spec_bus usual_bus(const struct job *j)
{
	static const char *const virtio[] = { "virt", "microvm", "s390" };

	for (size_t i = 0; i < COUNT(virtio); i++)
		if (text_begins(j->machine, virtio[i]))
			return BUS_VIRTIO;
	return text_begins(j->machine, "pseries") ? BUS_SCSI : BUS_IDE;
}

static int take_drive(struct job *j, struct option *o)
{
	const char *want = get(o->props, "if");
	int cd = is(o->props, "media", "cdrom"), i = 0;
	struct image im = { .spec.bus = usual_bus(j) };
	char key[CONF_KEY_ROOM];

	while (want && i < 3 && strcmp(want, spec_bus_name((enum spec_bus)i)) != 0)
		i++;
	if (i == 3 || !o->props)
		return -1;
	if (want)
		im.spec.bus = (enum spec_bus)i;
	j->paths = 0;
	int bad = read_drive(j, &im, o) < 0 || put_disk(j, &im, cd, NULL, key);
	buf_free(&im.lost);
	return bad ? -1 : 0;
}

/* -hda FILE and the like */
static int take_file(struct job *j, struct option *o, int cd)
{
	struct image im = { .spec.bus = usual_bus(j) };
	char key[CONF_KEY_ROOM];

	j->paths = 0;
	if (!o->value || !is_plain(o->value))
		return -1;
	im.spec.file = whole(j, o->value);
	if (!cd && (text_ends(o->value, ".qcow2") || (j->from->is_qcow2 && j->from->is_qcow2(im.spec.file))))
		im.spec.format = FORMAT_QCOW2;
	return use(&im, o) < 0 ? -1 : put_disk(j, &im, cd, NULL, key);
}

/* ---- networks ---- */

/* The kind and the forwards of NICn. */
static int nic_kind(const struct props *p, const char *type, struct buf *b)
{
	const char *script = get(p, "script"), *br = get(p, "br"), *link = get(p, "ifname");
	const char *base = script ? strrchr(script, '/') : NULL;
	static const char common[] = " type id netdev mac macaddr model name ";
	char known[128];

	fmt(known, sizeof(known), "%s%s ", common, !strcmp(type, "user") ? "hostfwd" : "ifname script downscript vhost br helper");
	base = base ? base + 1 : script;
	if (!only(p, known))
		return -1;
	if (!strcmp(type, "user")) {
		buf_str(b, "user");
		for (size_t i = 0; i < p->n; i++)
			if (!strcmp(p->text.s + p->at[i].key, "hostfwd"))
				buf_fmt(b, ",hostfwd=%s", p->text.s + p->at[i].value);
	} else if (!strcmp(type, "bridge") || (!strcmp(type, "tap") && get(p, "helper"))) {
		buf_fmt(b, "bridge:%s", br ? br : "br0");
	} else if (!strcmp(type, "tap") && base && text_begins(base, "qemud-") && base[6]) {
		buf_fmt(b, "bridge:%s", base + 6); /* the ancestor's helper says by its name where */
	} else if (!strcmp(type, "tap") && link && is(p, "script", "no")) {
		buf_fmt(b, "tap:%s", link);
	} else {
		return -1;
	}
	return 0;
}

static int put_nic(struct job *j, const char *id, struct buf *b, const char *mac, const char *model, int *number)
{
	int odd = text_begins(j->machine, "microvm") || text_begins(j->machine, "s390");

	*number = free_number(j, CONF_NIC, id, "nic");
	if (mac)
		buf_fmt(b, ",mac=%s", mac);
	if (model && (odd || strcmp(model, "virtio-net-pci") != 0))
		buf_fmt(b, ",model=%s", model);
	if (put(j, CONF_NIC, *number, buf_text(b)) < 0)
		return -1;
	j->nics = 1;
	return 0;
}

/* A card and the -netdev that it names. */
static int take_card(struct job *j, struct option *o)
{
	const char *id = get(o->props, "netdev"), *type;
	struct option *net = find(j, "-netdev", "id", id);
	struct buf b = { 0 };
	char key[CONF_KEY_ROOM];
	int number;

	if (!net || !(type = get(net->props, "type")))
		return -1;
	int bad = nic_kind(net->props, type, &b) < 0 || put_nic(j, id, &b, get(o->props, "mac"), get(o->props, "driver"), &number);
	buf_free(&b);
	if (bad)
		return -1;
	o->taken = net->taken = 1;
	conf_key_name(CONF_NIC, number, key);
	put_extras(j, o->props, key, 1, " mac host_mtu ");
	return 0;
}

/* The card that QEMU gives to who names none. */
static const char *usual_card(const struct job *j)
{
	if (text_begins(j->machine, "q35") || text_begins(j->machine, "pc-q35"))
		return "e1000e";
	return usual_bus(j) == BUS_IDE ? "e1000" : NULL;
}

static int take_nic(struct job *j, struct option *o)
{
	const char *type = get(o->props, "type"), *model = get(o->props, "model"), *mac = get(o->props, "mac");
	struct buf b = { 0 };
	int number;

	if (!type)
		return -1;
	if (!strcmp(type, "none") && (j->nics = 1))
		return o->taken = 1, 0;
	if (!model)
		model = usual_card(j);
	else if (!strcmp(model, "virtio"))
		model = "virtio-net-pci";
	int bad = nic_kind(o->props, type, &b) < 0 || put_nic(j, NULL, &b, mac ? mac : get(o->props, "macaddr"), model, &number);
	buf_free(&b);
	o->taken = !bad;
	return bad ? -1 : 0;
}

/* ---- single options ---- */

static int take_device(struct job *j, struct option *o)
{
	static const struct { const char *name, *vga; } videos[] = {
		{ "VGA", "std" }, { "virtio-vga", "virtio" }, { "virtio-gpu-pci", "virtio" }, { "virtio-gpu-device", "virtio" },
		{ "virtio-gpu-ccw", "virtio" },
	};
	static const char *const others[] = { "cirrus-vga", "qxl-vga", "qxl", "vmware-svga", "bochs-display", "ramfb", "vfio-pci" };
	const char *driver = get(o->props, "driver");

	for (size_t i = 0; driver && i < COUNT(models); i++)
		if (!strcmp(driver, models[i].name))
			return take_disk(j, o, &models[i]);
	if (!driver || get(o->props, "netdev"))
		return driver ? take_card(j, o) : -1;
	for (size_t i = 0; i < COUNT(videos); i++) {
		if (strcmp(driver, videos[i].name) != 0 || j->vga++)
			continue;
		if (o->props->n == 1 && !put(j, CONF_VGA, 0, videos[i].vga))
			return o->taken = 1, 0;
		return put(j, CONF_VGA, 0, "none"), -1;
	}
	for (size_t i = 0; i + 1 < COUNT(others); i++)
		if (!strcmp(driver, others[i]) && !j->vga++)
			put(j, CONF_VGA, 0, "none");
	if (!strcmp(driver, "isa-serial") && get(o->props, "chardev") && !j->serial++) {
		struct option *line = find(j, "-chardev", "id", get(o->props, "chardev"));
		put(j, CONF_SERIAL, 0, "yes");
		note(j, "-device isa-serial: left out with its -chardev: `qemu-init console` is the serial line");
		return o->taken = 1, line ? line->taken = 1 : 0;
	}
	return -1;
}

static void take_accels(struct job *j, const char *words)
{
	for (const char *s = words; *s; s += strcspn(s, ":"), s += *s == ':') {
		size_t n = strcspn(s, ":,");
		int kvm = n == 3 && !memcmp(s, "kvm", 3), tcg = n == 3 && !memcmp(s, "tcg", 3);
		if (!kvm && !tcg && !j->bad)
			j->bad = err_code(j->e, NOT_CONFIGURED, "%s: accelerator %s: want kvm or tcg", j->from->file, s);
		if (s[n] == ',')
			note(j, "-accel %s: its options are not kept", s);
		j->kvm |= kvm;
		j->tcg |= tcg;
		j->accels++;
	}
}

/* Its type, and what else it says behind that; several are one to QEMU. */
static void take_machine(struct job *j, struct option *o, struct buf *rest)
{
	for (size_t i = 0; o->props && i < o->props->n; i++) {
		const char *key = o->props->text.s + o->props->at[i].key, *value = o->props->text.s + o->props->at[i].value;
		if (!strcmp(key, "accel"))
			take_accels(j, value);
		else if (!strcmp(key, "type"))
			text_copy(j->machine, sizeof(j->machine), value);
		else
			buf_fmt(rest, ",%s=%s", key, value);
	}
	o->taken = o->props != NULL;
}

static int take_accel(struct job *j, struct option *o)
{
	take_accels(j, !o->value ? strcmp(o->name, "-no-kvm") ? "kvm" : "tcg" : o->value);
	return o->taken = 1, 0;
}

static int take_name(struct job *j, struct option *o)
{
	struct props *p = parse(o->value ? o->value : "", "guest");
	const char *guest = get(p, "guest");

	if (guest && text_name(guest, CONF_NAME_MAX) && !*j->im->name)
		text_copy(j->im->name, sizeof(j->im->name), guest);
	else if (guest)
		note(j, "-name %s: is not the VM's name", guest);
	for (size_t i = 0; p && i < p->n; i++)
		if (strcmp(p->text.s + p->at[i].key, "guest") != 0)
			note(j, "-name: %s=%s is not kept", p->text.s + p->at[i].key, p->text.s + p->at[i].value);
	free_props(p);
	return o->taken = 1, 0;
}

static int take_ram(struct job *j, struct option *o)
{
	struct props *p = parse(o->value ? o->value : "", "size");
	const char *size = get(p, "size");
	char value[32] = "";

	if (size)
		text_copy(value, sizeof(value), size);
	int bad = put(j, CONF_RAM, 0, value) < 0;
	o->taken = !bad && p->n == 1; /* the rest of it stands behind ours, and QEMU takes both */
	free_props(p);
	return 0;
}

static int take_vnc(struct job *j, struct option *o)
{
	const char *colon = strrchr(o->value, ':');
	size_t n = colon ? strspn(colon + 1, "0123456789") : 0;
	int there = n && n < 5 && (!colon[1 + n] || colon[1 + n] == ',') && !text_begins(o->value, "unix:");
	char value[16] = "vnc";

	if (there)
		fmt(value, sizeof(value), "vnc:%d", 5900 + atoi(colon + 1));
	if (strcmp(o->value, "none") != 0)
		note(j, "-vnc %s: DISPLAY=%s, on this host alone, and on vnc.sock", o->value, value);
	j->display++;
	return o->taken = 1, put(j, CONF_DISPLAY, 0, value) < 0 ? put(j, CONF_DISPLAY, 0, "vnc") : 0;
}

/* -display says only that there is one: -vnc may stand beside it. */
static int take_display(struct job *j, struct option *o)
{
	int none = !o->value || strcmp(o->value, "none") == 0;

	j->display |= none;
	if (!none)
		note(j, "%s%s%s: DISPLAY=vnc instead", o->name, o->value ? " " : "", o->value ? o->value : "");
	if (!strcmp(o->name, "-nographic") && !j->serial++)
		put(j, CONF_SERIAL, 0, "yes");
	return o->taken = 1, 0;
}

static int take_vga(struct job *j, struct option *o)
{
	j->vga++;
	if (put(j, CONF_VGA, 0, o->value) == 0)
		return o->taken = 1, 0;
	return put(j, CONF_VGA, 0, "none");
}

static int take_serial(struct job *j, struct option *o)
{
	int none = !strcmp(o->value, "none") || !strcmp(o->value, "null");
	struct option *line = text_begins(o->value, "chardev:") ? find(j, "-chardev", "id", o->value + 8) : NULL;

	if (j->serial++)
		return -1;
	if (line)
		line->taken = 1;
	put(j, CONF_SERIAL, 0, none ? "no" : "yes");
	if (!none && strcmp(o->value, "mon:stdio") != 0)
		note(j, "-serial %s: left out: `qemu-init console` is the serial line, serial.log what it said", o->value);
	return o->taken = 1, 0;
}

static int take_sandbox(struct job *j, struct option *o)
{
	if (!strcmp(o->value, "off"))
		put(j, CONF_SANDBOX, 0, "no");
	return o->taken = 1, 0;
}

static int take_mon(struct job *j, struct option *o)
{
	struct option *line = find(j, "-chardev", "id", get(o->props, "chardev"));

	if (line)
		line->taken = 1;
	note(j, "-mon %s: left out, with its -chardev: qemu-mon and qemu-cmd lead to the monitor", o->value);
	return o->taken = 1, 0;
}

static int take_secret(struct job *j, struct option *o)
{
	if (!is(o->props, "id", "masterKey0"))
		return -1;
	note(j, "-object masterKey0: left out: libvirt's own");
	return o->taken = 1, 0;
}

static int take_snapshot(struct job *j, struct option *o)
{
	(void)j;
	return o->taken = 1, 0;
}

static int take_nodefaults(struct job *j, struct option *o)
{
	j->defaults = 0;
	return o->taken = 1, 0;
}

static int take_cdrom(struct job *j, struct option *o)
{
	return take_file(j, o, 1);
}

static int take_hd(struct job *j, struct option *o)
{
	return take_file(j, o, 0);
}

/* What is not the value of one key, by option; those with a reason are left out. -netdev, -blockdev and -chardev are taken by who
 * names them. */
static const struct rule {
	const char *name;
	int bare;		/* it has no value */
	const char *first;	/* its value is of KEY=VALUEs, of which the first may lack this KEY */
	int (*take)(struct job *j, struct option *o);
	const char *reason;
} rules[] = {
	{ .name = "-nodefaults", .bare = 1, .take = take_nodefaults },
	{ .name = "-no-user-config", .bare = 1, .take = take_snapshot },
	{ .name = "-nodefconfig", .bare = 1, .take = take_snapshot },
	{ .name = "-name", .take = take_name },
	{ .name = "-machine", .first = "type" }, { .name = "-M", .first = "type" },
	{ .name = "-accel", .take = take_accel }, { .name = "-enable-kvm", .bare = 1, .take = take_accel },
	{ .name = "-no-kvm", .bare = 1, .take = take_accel },
	{ .name = "-m", .take = take_ram },
	{ .name = "-drive", .first = "file", .take = take_drive }, { .name = "-blockdev", .first = "driver" },
	{ .name = "-hda", .take = take_hd }, { .name = "-hdb", .take = take_hd }, { .name = "-hdc", .take = take_hd },
	{ .name = "-hdd", .take = take_hd }, { .name = "", .take = take_hd }, { .name = "-cdrom", .take = take_cdrom },
	{ .name = "-snapshot", .bare = 1, .take = take_snapshot },
	{ .name = "-device", .first = "driver", .take = take_device },
	{ .name = "-netdev", .first = "type" }, { .name = "-chardev", .first = "backend" },
	{ .name = "-nic", .first = "type", .take = take_nic },
	{ .name = "-vnc", .take = take_vnc }, { .name = "-vga", .take = take_vga },
	{ .name = "-display", .take = take_display }, { .name = "-nographic", .bare = 1, .take = take_display },
	{ .name = "-curses", .bare = 1, .take = take_display }, { .name = "-sdl", .bare = 1, .take = take_display },
	{ .name = "-serial", .take = take_serial }, { .name = "-sandbox", .take = take_sandbox },
	{ .name = "-mon", .first = "chardev", .take = take_mon }, { .name = "-object", .first = "qom-type", .take = take_secret },
	{ .name = "-monitor", .reason = "qemu-mon leads to the monitor" },
	{ .name = "-qmp", .reason = "`qemu-cmd -q` speaks QMP" }, { .name = "-qmp-pretty", .reason = "`qemu-cmd -q` speaks QMP" },
	{ .name = "-daemonize", .bare = 1, .reason = "`qemu-init start` returns when the guest runs" },
	{ .name = "-pidfile", .reason = "`qemu-init status` knows the pid" },
	{ .name = "-runas", .reason = "QEMU gets a uid of its own (RUNAS names another)" },
	{ .name = "-chroot", .reason = "QEMU is in a cage of its own (SANDBOX)" },
	{ .name = "-S", .bare = 1, .reason = "what is started runs (`qemu-init pause`)" },
	{ .name = "-no-shutdown", .bare = 1, .reason = "a guest that powers off has ended" },
};

static const struct rule *rule_of(const char *name)
{
	for (size_t i = 0; i < COUNT(rules); i++)
		if (!strcmp(rules[i].name, name))
			return &rules[i];
	return NULL;
}

/* An option that is a key's value. */
static void take_key(struct job *j, struct option *o)
{
	int key = argv_key(o->name);

	if (key < 0 || !o->value)
		return;
	j->paths = 0;
	o->taken = put(j, (enum conf_key)key, 0, conf_keys[key].kind == KIND_FILE ? whole(j, o->value) : o->value) == 0;
}

/* ---- all of a command line ---- */

/* What QEMU would have without being told, and we would not. */
static void fill_in(struct job *j, const char *target)
{
	static const struct { const char *target, *cpu; } cpus[] = {
		{ "qemu-system-x86_64", "qemu64" }, { "qemu-system-i386", "qemu32" }, { "qemu-system-aarch64", "cortex-a15" },
	};

	for (size_t i = 0; i < COUNT(cpus); i++)
		if (!strcmp(cpus[i].target, target) && strcmp(j->machine, "none") != 0 && !edit_has(&j->im->rc, "CPU") &&
		    !put(j, CONF_CPU, 0, cpus[i].cpu))
			note(j, "CPU=%s: QEMU's own, as none is named (CPU= is ours, the best there is)", cpus[i].cpu);
	if (!edit_has(&j->im->rc, "RAM") && !put(j, CONF_RAM, 0, "128M"))
		note(j, "RAM=128M: QEMU's own, as none is named");
	if (!j->accels)
		note(j, "ACCEL=tcg: QEMU's own, as none is named (ACCEL= takes KVM where it is)");
	if (j->kvm != j->tcg || !j->accels)
		put(j, CONF_ACCEL, 0, j->kvm ? "kvm" : "tcg");
	if (j->defaults && !j->nics) {
		struct buf b = { 0 };
		int number;
		buf_str(&b, "user");
		put_nic(j, NULL, &b, NULL, usual_card(j), &number);
		note(j, "NIC%d=%s: QEMU's own, as none is named", number, buf_text(&b));
		buf_free(&b);
	}
	put(j, CONF_SERIAL, 0, j->defaults ? "yes" : "no");
	put(j, CONF_DISPLAY, 0, j->display ? "none" : "vnc");
	if (!j->defaults || usual_bus(j) == BUS_IDE)
		put(j, CONF_VGA, 0, j->defaults ? "std" : "none");
}

/* Options with their values; an unknown one has a value when no option follows. */
static int split(struct job *j, char *const *words, size_t n)
{
	j->list = calloc(n + 1, sizeof(*j->list));
	if (!j->list)
		return err_set(j->e, "out of memory");
	for (size_t i = 0; i < n; i++) {
		struct option *o = &j->list[j->n++];
		const char *word = words[i];
		int is_option = word[0] == '-' && word[1];
		if (is_option && word[1] == '-')
			word++;
		const struct rule *r = rule_of(is_option ? word : "");
		int known = is_option && (argv_key(word) >= 0 || (r && !r->bare));
		*o = (struct option){ .name = is_option ? word : "", .value = is_option ? NULL : word };
		if (is_option && i + 1 < n && (known || (!r && *words[i + 1] != '-')))
			o->value = words[++i];
		else if (known)
			return err_code(j->e, NOT_CONFIGURED, "%s: %s wants a value", j->from->file, word);
		if (r && r->first && o->value)
			o->props = parse(o->value, r->first);
	}
	return 0;
}

/* What others depend on, wherever it stands. */
static void look_ahead(struct job *j, const char *target)
{
	struct buf rest = { 0 }, value = { 0 };

	for (size_t i = 0; i < j->n; i++) {
		struct option *o = &j->list[i];
		if (!strcmp(o->name, "-machine") || !strcmp(o->name, "-M"))
			take_machine(j, o, &rest);
		j->throw_away |= !strcmp(o->name, "-snapshot");
	}
	if (target && !*j->machine)
		text_copy(j->machine, sizeof(j->machine), arch_of(target).machine);
	buf_fmt(&value, "%s%s", j->machine, buf_text(&rest));
	if (value.n && put(j, CONF_MACHINE, 0, *value.s == ',' ? value.s + 1 : value.s) < 0)
		raw(j, "-machine", *value.s == ',' ? value.s + 1 : value.s);
	buf_free(&rest);
	buf_free(&value);
}

/* Each option once, in the line's order: a key, or nothing, or as it is. */
static void take_all(struct job *j)
{
	for (size_t i = 0; i < j->n; i++) {
		struct option *o = &j->list[i];
		const struct rule *r = rule_of(o->name);
		if (o->taken)
			continue;
		if (!r) {
			take_key(j, o);
		} else if (r->reason) {
			note(j, "%s%s%s: left out: %s", o->name, o->value ? " " : "", o->value ? o->value : "", r->reason);
			o->taken = 1;
		} else if (r->take) {
			r->take(j, o);
		}
	}
	for (size_t i = 0; i < j->n; i++) /* the controller that ours stands for */
		if (j->scsi && !strcmp(j->list[i].name, "-device") && is(j->list[i].props, "id", "scsi") && j->list[i].props->n == 2)
			j->list[i].taken = 1;
	for (size_t i = 0; i < j->n; i++)
		if (!j->list[i].taken)
			raw(j, j->list[i].name, j->list[i].value);
}

static void end(struct job *j)
{
	for (size_t i = 0; i < j->n; i++)
		free_props(j->list[i].props);
	for (size_t i = 0; i < COUNT(j->pool); i++)
		buf_free(&j->pool[i]);
	free(j->list);
}

static int take_words(struct job *j, char *const *words, size_t n, const char *target)
{
	if (n > OPTIONS_MAX)
		return err_code(j->e, NOT_CONFIGURED, "%s: more than %d words", j->from->file, OPTIONS_MAX);
	if (split(j, words, n) < 0)
		return -1;
	look_ahead(j, target);
	take_all(j);
	if (target)
		fill_in(j, target);
	if (!j->bad && (j->im->rc.bad || j->im->cfg.bad || j->im->notes.bad))
		return err_set(j->e, "out of memory");
	return j->bad;
}

/* Refuses what only a shell could answer, outside of '...'. Where the last command begins: at the last line that is not
 * joined to the one before and does not begin with an option. */
static int no_shell(const struct import_from *from, size_t *last, struct err *e)
{
	char quote = 0;
	int line = 1;

	*last = 0;
	for (size_t i = 0; i < from->n; i++) {
		char c = from->text[i], next = i + 1 < from->n ? from->text[i + 1] : 0;
		line += c == '\n';
		if (quote == '\'' || (c == '\'' && !quote)) {
			quote = c != '\'' ? quote : quote ? 0 : c;
		} else if (c == '"') {
			quote = quote ? 0 : c;
		} else if (c == '#' && !quote && (!i || strchr(" \t\n", from->text[i - 1]))) {
			while (i + 1 < from->n && from->text[i + 1] != '\n')
				i++;
		} else if (c == '\\' && (!quote || !strchr("$`\n", next))) {
			line += next == '\n';
			i++;
		} else if (c == '\n' && !quote) {
			size_t blank = i + 1;
			while (blank < from->n && strchr(" \t\r\n", from->text[blank]) && from->text[blank])
				blank++;
			if (blank < from->n && from->text[blank] != '-' && from->text[blank] != '#')
				*last = blank;
		} else if (c == '\\' || c == '$' || c == '`' || (!quote && strchr(";&|<>(", c))) {
			return err_code(e, NOT_CONFIGURED, "%s:%d: %c: a line for a shell, which nothing here executes: "
				"write what it stands for", from->file, line, c);
		}
	}
	return 0;
}

/* QEMU's name in a word; NULL for any other. kvm and qemu-kvm are this host's own. */
static const char *program(const char *word)
{
	const char *slash = strrchr(word, '/'), *base = slash ? slash + 1 : word;
	struct err none;

	if (!strcmp(base, "kvm") || !strcmp(base, "qemu-kvm"))
		return base;
	return text_begins(base, "qemu-system-") && value_check(KIND_ARCH, base, &none) == 0 ? base : NULL;
}

int import_command(struct import *im, const struct import_from *from, struct err *e)
{
	struct job j = { .im = im, .from = from, .e = e, .defaults = 1 };
	struct buf errors = { 0 };
	struct cfg words = { 0 };
	size_t i = 0, last;
	int bad = no_shell(from, &last, e);

	if (!bad && cfg_read(&words, from->text, last, from->file, &errors) == 0)
		while (!bad && i < words.n)
			if (program(words.words[i++]))
				bad = err_code(e, NOT_CONFIGURED, "%s: more than one command", from->file);
	cfg_free(&words);
	buf_clear(&errors);
	i = 0;
	if (!bad && cfg_read(&words, from->text, from->n, from->file, &errors) < 0)
		bad = err_code(e, NOT_CONFIGURED, "%.*s", (int)errors.n - 1, buf_text(&errors));
	while (!bad && i < words.n && !program(words.words[i]))
		i++;
	if (!bad && i == words.n)
		bad = err_code(e, NOT_CONFIGURED, "%s: neither an rc-file, by its name, nor a command line with qemu-system-*", from->file);
	for (size_t before = 0; !bad && before < i; before++)
		note(&j, "%s: left out: it stands before the command", words.words[before]);
	if (!bad) {
		const char *target = program(words.words[i]);
		if (text_begins(target, "qemu-"))
			put(&j, CONF_TGTARCH, 0, target);
		if (text_ends(target, "kvm"))
			j.accels = j.kvm = j.tcg = 1;
		bad = take_words(&j, words.words + i + 1, words.n - i - 1, target);
	}
	end(&j);
	cfg_free(&words);
	buf_free(&errors);
	return bad ? -1 : 0;
}

/* ---- the ancestor's files ---- */

/* A line that is kept for people alone. */
static void put_comment(struct job *j, const struct line *l)
{
	buf_fmt(&j->im->rc, "# %.*s\n", (int)l->n, l->s);
}

/* $NAME and the like, which the ancestor's shell may have known. */
static int expands(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] == '`' || (s[i] == '$' && i + 1 < n && (s[i + 1] == '{' || s[i + 1] == '(' || s[i + 1] == '_' ||
			((s[i + 1] | 32) >= 'a' && (s[i + 1] | 32) <= 'z'))))
			return 1;
	return 0;
}

/* KEY='VALUE' as a shell has it: what stands between the quotes, when a comment at most is behind. */
static int single_quoted(const char *s, size_t n, struct buf *value)
{
	while (n && (*s == ' ' || *s == '\t')) {
		s++;
		n--;
	}
	const char *end = n && *s == '\'' ? memchr(s + 1, '\'', n - 1) : NULL;
	size_t left = end ? n - (size_t)(end + 1 - s) : 0;
	if (!end || (left && end[1] != ' ' && end[1] != '\t'))
		return 0;
	buf_clear(value);
	buf_add(value, s + 1, (size_t)(end - s - 1));
	return 1;
}

/* What is the same in other words. */
static void translate(struct job *j, int key, struct buf *value)
{
	const char *s = buf_text(value);
	struct buf new = { 0 };
	long long n;

	if (key == CONF_RAM && value->n > 2 && (text_ends(s, "B") || text_ends(s, "b")) && strspn(s, "0123456789") == value->n - 2)
		buf_add(&new, s, value->n - 1);
	else if (key == CONF_MONITOR && (!strcmp(s, "4") || !strcmp(s, "6")))
		buf_fmt(&new, "ipv%s", s);
	else if (key == CONF_STOPDELAY && text_number(s, 1, 39, &n) == 0)
		note(j, "STOPDELAY=%s: below 40 it did not count, now it does", s);
	if (new.n) {
		note(j, "%s=%s: now %s", conf_keys[key].name, s, new.s);
		buf_clear(value);
		buf_add(value, new.s, new.n);
	}
	buf_free(&new);
}

/* Files are where they were: their names hold from anywhere. */
static void place(struct job *j, int key, struct buf *value)
{
	struct spec_disk d = { 0 };
	struct err none;

	j->paths = 0;
	if (conf_keys[key].kind == KIND_FILE && *buf_text(value) != '/' && *buf_text(value)) {
		const char *path = whole(j, buf_text(value));
		buf_clear(value);
		buf_str(value, path);
	} else if (conf_keys[key].kind == KIND_DISK && spec_disk(&d, buf_text(value), &none) == 0) {
		d.file = whole(j, d.file);
		for (size_t i = 0; i < d.backings; i++)
			d.backing[i] = whole(j, d.backing[i]);
		buf_clear(value);
		spec_disk_text(&d, value);
	}
	spec_disk_free(&d);
}

static int read_setting(struct job *j, const struct line *l, struct line_pair *p)
{
	char name[64];
	const char *near;
	int number;
	int key = conf_key_of(p->key, p->n, &number, &near);

	if (key < 0) {
		note(j, "%s:%d: %.*s: no such key, kept as a comment", j->from->file, l->number, (int)p->n, p->key);
		return put_comment(j, l), 0;
	}
	if (key == CONF_AUTOSTART) {
		note(j, "%s:%d: AUTOSTART: kept as a comment: `qemu-adm autostart on NAME`", j->from->file, l->number);
		return put_comment(j, l), 0;
	}
	if (key == CONF_NAME)
		return text_copy(j->im->name, sizeof(j->im->name), buf_text(&p->value)), 0;
	int quoted = single_quoted(p->key + p->n + 1, l->n - (size_t)(p->key + p->n + 1 - l->s), &p->value);
	if (!quoted && conf_keys[key].kind != KIND_COMMAND && conf_keys[key].kind != KIND_TEXT && expands(p->value.s, p->value.n))
		return err_code(j->e, NOT_CONFIGURED, "%s:%d: %.*s: %s: nothing here executes a file: write what it stands for",
			j->from->file, l->number, (int)p->n, p->key, buf_text(&p->value));
	translate(j, key, &p->value);
	place(j, key, &p->value);
	/* the line as it is, with its comment, and the value in it */
	struct buf line = { 0 };
	fmt(name, sizeof(name), "%.*s", (int)p->n, p->key);
	if (quoted)
		buf_fmt(&line, "%s=", name);
	else
		buf_fmt(&line, "%.*s", (int)(l->s + l->n - p->key), p->key);
	int bad = edit_pair(&line, name, buf_text(&p->value), j->e);
	buf_fmt(&j->im->rc, "%s\n", buf_text(&line));
	buf_free(&line);
	return bad;
}

int import_rc(struct import *im, const struct import_from *from, const struct import_from *cfg, struct err *e)
{
	struct job j = { .im = im, .from = from, .e = e };
	struct line l = { .rest = from->text, .left = from->n };
	struct buf errors = { 0 };
	struct line_pair pair = { 0 };
	struct cfg words = { 0 };
	int bad = 0;

	while (!bad && l.left) {
		const char *line = l.rest;
		size_t left = l.left, n;
		struct line one = { .number = l.number };
		const char *s = text_line(&l.rest, &l.left, &n);
		one.rest = line;
		one.left = left - l.left;
		int got = s ? line_next(&one, e) : 0;
		l.number++;
		if (got == 0) {
			buf_fmt(&im->rc, "%.*s\n", (int)n, s ? s : "");
			continue;
		}
		one.number = l.number;
		if (got > 0 && one.n > 7 && !memcmp(one.s, "export ", 7)) {
			one.s += 7;
			one.n -= 7;
		}
		if (got < 0 || line_pair(&pair, one.s, one.n, e) < 0)
			bad = err_at(e, "%s:%d", from->file, l.number);
		else
			bad = read_setting(&j, &one, &pair);
	}
	j.from = cfg;
	if (!bad && cfg && cfg_read(&words, cfg->text, cfg->n, cfg->file, &errors) < 0)
		bad = err_code(e, NOT_CONFIGURED, "%.*s", (int)errors.n - 1, buf_text(&errors));
	if (!bad && cfg)
		bad = take_words(&j, words.words, words.n, NULL);
	if (!bad && !text_in(buf_text(&im->rc), "NIC") && !text_in(buf_text(&im->cfg), "-net"))
		note(&j, "no network card is named: NIC1=bridge:br0 or NIC1=user adds one");
	end(&j);
	cfg_free(&words);
	buf_free(&errors);
	buf_free(&pair.value);
	return bad ? -1 : 0;
}

void import_free(struct import *im)
{
	buf_free(&im->rc);
	buf_free(&im->cfg);
	buf_free(&im->notes);
	*im = (struct import){ 0 };
}
