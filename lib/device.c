/* SPDX-License-Identifier: 0BSD */
/* The disks and cards of a command line of QEMU's become keys. */
#include "device.h"

#include "fmt.h"
#include "text.h"

#include <string.h>

static const char yes[] = "on yes true";

/* ---- disks ---- */

/* The models on each bus, and which of their properties our key has said. */
static const struct { const char *models, *said; } buses[] = {
	[BUS_VIRTIO] = { "virtio-blk-pci virtio-blk-device virtio-blk-ccw virtio-blk", "" },
	[BUS_IDE] = { "ide-hd ide-cd", "unit" },
	[BUS_SCSI] = { "scsi-hd scsi-disk scsi-cd", "channel" },
};

#define BUSES (sizeof(buses) / sizeof(*buses))

/* One in the making. */
struct image {
	struct spec_disk spec;
	int cd;
	struct buf lost;		/* what it cannot say */
	char key[CONF_KEY_ROOM];
};

static int is_plain(const char *file)
{
	size_t n = strcspn(file, ":/");

	return *file && file[n] != ':';
}

/* The file of a node: an option of its own, or within the node's. */
static const char *node_file(struct draft *d, const struct props *node)
{
	const char *ref = props_get(node, "file");
	const struct draft_option *o = draft_find(d, "-blockdev", "node-name", ref);

	if (o && props_in(&o->props, "driver", "file host_device"))
		return props_get(&o->props, "filename");
	return !ref && props_in(node, "file.driver", "file host_device") ? props_get(node, "file.filename") : NULL;
}

/* A -blockdev and those below it: FILE, then each backing=. */
static int read_chain(struct draft *d, struct image *im, const char *name)
{
	struct spec_disk *s = &im->spec;
	char overlay[64];

	for (const char *backing = name; backing && strcmp(backing, "null") != 0; ) {
		const struct draft_option *o = draft_find(d, "-blockdev", "node-name", backing);
		if (!o || !props_in(&o->props, "driver", "qcow2 raw"))
			return -1;
		int qcow2 = props_is(&o->props, "driver", "qcow2");
		const char *file = node_file(d, &o->props);
		if (!file || (s->file && s->backings == SPEC_BACKING_MAX))
			return -1;
		fmt(overlay, sizeof(overlay), "%s.qcow2", backing);
		backing = qcow2 ? props_get(&o->props, "backing") : NULL;
		if (!s->file && backing && strcmp(file, overlay) == 0) {
			s->snapshot = 1; /* the overlay that has no path, as `export` shows it */
		} else if (!s->file) {
			s->file = draft_path(d, file);
			s->format = qcow2 ? FORMAT_QCOW2 : FORMAT_RAW;
			s->ro = props_in(&o->props, "read-only", yes) && !s->snapshot;
		} else {
			s->backing[s->backings++] = draft_path(d, file);
		}
	}
	return s->file ? 0 : -1;
}

/* FILE and its format; `look`: by its content, too. */
static int read_file(struct draft *d, struct image *im, const char *file, int look)
{
	if (!file || !is_plain(file))
		return -1;
	im->spec.file = draft_path(d, file);
	im->spec.format = text_ends(file, ".qcow2") || (look && d->from->look && d->from->look(im->spec.file) > 0) ?
		FORMAT_QCOW2 : FORMAT_RAW;
	return 0;
}

static int read_drive(struct draft *d, struct image *im, const struct props *p)
{
	static const char kept[] = "file format if id index media readonly read-only snapshot bus unit";
	static const char lost[] = "cache aio discard detect-zeroes werror rerror serial";
	const char *format = props_get(p, "format"), *key, *value;

	if (read_file(d, im, props_get(p, "file"), !format && !props_is(p, "media", "cdrom")) < 0)
		return -1;
	if (format && !text_listed("raw qcow2", format))
		return -1;
	if (format)
		im->spec.format = *format == 'r' ? FORMAT_RAW : FORMAT_QCOW2;
	im->spec.ro = props_in(p, "readonly", yes) || props_in(p, "read-only", yes);
	im->spec.snapshot = props_in(p, "snapshot", yes);
	for (size_t at = 0; props_next(p, &at, &key, &value); )
		if (text_listed(lost, key))
			buf_fmt(&im->lost, "%s%s=%s", im->lost.n ? "," : "", key, value);
		else if (!text_listed(kept, key))
			return -1;
	return 0;
}

/* Writes the key, if there is nothing against it so far. */
static int put_disk(struct draft *d, struct image *im, int bad, const char *id)
{
	enum conf_key key = im->cd ? CONF_CDROM : CONF_DISK;
	int number = im->cd ? 0 : draft_number(d, key, id, "disk");
	struct buf value = { 0 };

	if (!bad) {
		im->spec.snapshot |= d->throw_away && !im->spec.ro;
		if (!im->cd)
			spec_disk_text(&im->spec, &value);
		bad = im->cd && im->spec.format != FORMAT_RAW ? -1 : draft_put(d, key, number, im->cd ? im->spec.file : buf_text(&value));
	}
	conf_key_name(key, number, im->key);
	if (!bad && im->lost.n)
		draft_note(d, "%s: %s is not kept", im->key, im->lost.s);
	buf_free(&value);
	buf_free(&im->lost);
	return !bad;
}

/* What a device is told beside that which its key says. */
static void put_extras(struct draft *d, const struct props *p, const char *key, int keeps_bus, const char *said)
{
	const char *bus = props_get(p, "bus"), *addr = props_get(p, "addr"), *name, *value;
	int root = !bus || text_listed("pci.0 pcie.0", bus);
	char device[CONF_KEY_ROOM];
	struct buf set = { 0 };

	text_copy(device, sizeof(device), key);
	for (char *s = device; *s; s++)
		*s |= 'a' - 'A';
	if (!root && keeps_bus)
		draft_note(d, "%s: bus=%s,addr=%s is not kept, QEMU chooses its place", key, bus, addr ? addr : "");
	for (size_t at = 0; props_next(p, &at, &name, &value); ) {
		if (text_listed("driver drive netdev id bus", name) || text_listed(said, name) || (!root && !strcmp(name, "addr")))
			continue;
		buf_clear(&set);
		buf_fmt(&set, "device.dev-%s.%s=%s", device, name, value);
		draft_raw(d, "-set", buf_text(&set));
	}
	buf_free(&set);
}

static int take_disk(struct draft *d, const struct props *p, enum spec_bus bus)
{
	const char *drive = props_get(p, "drive");
	struct draft_option *o = draft_find(d, "-drive", "id", drive);
	struct image im = { .spec.bus = bus, .cd = text_ends(props_get(p, "driver"), "-cd") };

	if (!put_disk(d, &im, o ? read_drive(d, &im, &o->props) : read_chain(d, &im, drive), drive))
		return 0;
	put_extras(d, p, im.key, bus == BUS_VIRTIO, buses[bus].said);
	d->scsi |= bus == BUS_SCSI;
	return 1;
}

enum spec_bus device_bus(const struct draft *d)
{
	static const char *const virtio[] = { "virt", "microvm", "s390" };

	for (size_t i = 0; i < sizeof(virtio) / sizeof(*virtio); i++)
		if (text_begins(d->machine, virtio[i]))
			return BUS_VIRTIO;
	return text_begins(d->machine, "pseries") ? BUS_SCSI : BUS_IDE;
}

int device_drive(struct draft *d, struct draft_option *o)
{
	struct image im = { .spec.bus = device_bus(d), .cd = props_is(&o->props, "media", "cdrom") };
	const char *want = props_get(&o->props, "if");

	if (want)
		for (im.spec.bus = 0; im.spec.bus < BUSES && strcmp(want, spec_bus_name(im.spec.bus)) != 0; )
			im.spec.bus++;
	return put_disk(d, &im, im.spec.bus == BUSES ? -1 : read_drive(d, &im, &o->props), NULL);
}

int device_file(struct draft *d, struct draft_option *o)
{
	struct image im = { .spec.bus = device_bus(d), .cd = strcmp(o->name, "-cdrom") == 0 };

	int bad = read_file(d, &im, o->value, !im.cd);
	if (im.cd)
		im.spec.format = FORMAT_RAW;
	return put_disk(d, &im, bad, NULL);
}

/* ---- cards ---- */

/* NICn without its address and model. */
static int nic_kind(const struct props *p, struct buf *b)
{
	const char *script = props_get(p, "script"), *br = props_get(p, "br"), *link = props_get(p, "ifname"), *key, *value;
	const char *slash = script ? strrchr(script, '/') : NULL, *base = slash ? slash + 1 : script;
	int user = props_is(p, "type", "user"), tap = props_is(p, "type", "tap");

	if (user)
		buf_str(b, "user");
	else if (props_is(p, "type", "bridge") || (tap && props_get(p, "helper")))
		buf_fmt(b, "bridge:%s", br ? br : "br0");
	else if (tap && base && text_begins(base, "qemud-") && base[6])
		buf_fmt(b, "bridge:%s", base + 6); /* the ancestor's helper says by its name where */
	else if (tap && link && props_is(p, "script", "no"))
		buf_fmt(b, "tap:%s", link);
	else
		return -1;
	for (size_t at = 0; props_next(p, &at, &key, &value); ) {
		if (user && !strcmp(key, "hostfwd"))
			buf_fmt(b, ",hostfwd=%s", value);
		else if (!text_listed("type id netdev mac macaddr model name", key) &&
			 (user || !text_listed("ifname script downscript vhost br helper", key)))
			return -1;
	}
	return 0;
}

/* The number of the card; 0 when it became none. */
static int put_nic(struct draft *d, const struct props *net, const char *id, const char *mac, const char *model)
{
	int odd = text_begins(d->machine, "microvm") || text_begins(d->machine, "s390");
	int number = draft_number(d, CONF_NIC, id, "nic");
	struct buf b = { 0 };
	int bad = nic_kind(net, &b);

	if (mac)
		buf_fmt(&b, ",mac=%s", mac);
	if (model && (odd || strcmp(model, "virtio-net-pci") != 0))
		buf_fmt(&b, ",model=%s", model);
	bad = bad || draft_put(d, CONF_NIC, number, buf_text(&b)) < 0;
	buf_free(&b);
	return bad ? 0 : number;
}

/* A card and the -netdev that it names. */
static int take_card(struct draft *d, const struct props *p)
{
	const char *id = props_get(p, "netdev"), *model = props_get(p, "driver");
	const struct draft_option *net = draft_find(d, "-netdev", "id", id);
	int number = net && model ? put_nic(d, &net->props, id, props_get(p, "mac"), model) : 0;
	char key[CONF_KEY_ROOM];

	if (!number)
		return 0;
	conf_key_name(CONF_NIC, number, key);
	put_extras(d, p, key, 1, "mac host_mtu");
	return 1;
}

const char *device_usual_card(const struct draft *d)
{
	if (text_begins(d->machine, "q35") || text_begins(d->machine, "pc-q35"))
		return "e1000e";
	return device_bus(d) == BUS_IDE ? "e1000" : NULL;
}

int device_nic(struct draft *d, struct draft_option *o)
{
	const char *model = props_get(&o->props, "model"), *mac = props_get(&o->props, "mac");

	if (props_is(&o->props, "type", "none"))
		return 1;
	if (!model)
		model = device_usual_card(d);
	else if (!strcmp(model, "virtio"))
		model = "virtio-net-pci";
	return put_nic(d, &o->props, NULL, mac ? mac : props_get(&o->props, "macaddr"), model) > 0;
}

int device_take(struct draft *d, struct draft_option *o)
{
	for (enum spec_bus bus = 0; bus < BUSES; bus++)
		if (props_in(&o->props, "driver", buses[bus].models))
			return take_disk(d, &o->props, bus);
	return take_card(d, &o->props);
}
