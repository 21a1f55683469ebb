/* SPDX-License-Identifier: 0BSD */
/* The values of DISKn, NICn, DISPLAY and RUNAS, read into structs: pure, no file is touched. */
#include "spec.h"

#include "text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_MAX = 8 };

/* One option behind a comma: NAME or NAME=VALUE. */
struct option {
	const char *name;
	int wants_value;
	int many;	/* may be given more than once */
	int (*set)(void *to, const char *value, struct err *e);
};

static const char *const buses[] = { [BUS_VIRTIO] = "virtio", [BUS_IDE] = "ide", [BUS_SCSI] = "scsi" };
static const char *const formats[] = { [FORMAT_RAW] = "raw", [FORMAT_QCOW2] = "qcow2" };

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* Cuts the next part off at a comma, in place, and makes `,,` a comma; NULL when none is left. */
static char *next_part(char **rest)
{
	char *part = *rest, *to = part;

	if (!part)
		return NULL;
	for (char *s = part; ; s++) {
		if (*s == ',' && s[1] == ',') {
			s++;
		} else if (!*s || *s == ',') {
			*rest = *s ? s + 1 : NULL;
			*to = '\0';
			return part;
		}
		*to++ = *s;
	}
}

/* The message for a wrong word: "WORD: want A, B or C". */
static int want(const char *what, const char *word, const char *const *words, size_t n, struct err *e)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < n; i++)
		buf_fmt(&b, "%s%s", i == 0 ? "" : i + 1 < n ? ", " : " or ", words[i]);
	err_code(e, NOT_CONFIGURED, "%s%s: want %s", what, word, buf_text(&b));
	buf_free(&b);
	return -1;
}

static int find_word(const char *word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(word, words[i]))
			return (int)i;
	return -1;
}

static const struct option *find_option(const char *part, const struct option *options, size_t n, struct err *e)
{
	const char *names[OPTIONS_MAX];
	char word[32] = "";

	size_t len = strcspn(part, "=");
	if (len < sizeof(word))
		memcpy(word, part, len);
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(word, options[i].name))
			return &options[i];
		names[i] = options[i].name;
	}
	const char *near = text_near(word, names, n);
	if (near)
		err_code(e, NOT_CONFIGURED, "%s: unknown option, nearest is %s", part, near);
	else if (*part)
		want("unknown option ", part, names, n, e);
	else
		err_code(e, NOT_CONFIGURED, "an option is missing behind a comma (a comma in a file name is `,,`)");
	return NULL;
}

static int read_options(char *rest, const struct option *options, size_t n, void *to, struct err *e)
{
	unsigned int seen = 0;

	for (char *part; (part = next_part(&rest)); ) {
		const struct option *o = find_option(part, options, n, e);
		if (!o)
			return -1;
		unsigned int bit = 1u << (o - options);
		const char *value = strchr(part, '=');
		if (value && !o->wants_value)
			return err_code(e, NOT_CONFIGURED, "%s: %s takes no value", part, o->name);
		if (o->wants_value && (!value || !value[1]))
			return err_code(e, NOT_CONFIGURED, "%s: %s wants a value", part, o->name);
		if (seen & bit && !o->many)
			return err_code(e, NOT_CONFIGURED, "%s: given twice", o->name);
		seen |= bit;
		if (o->set(to, value ? value + 1 : NULL, e) < 0)
			return -1;
	}
	return 0;
}

static int set_bus(void *to, const char *value, struct err *e)
{
	struct spec_disk *d = to;
	int i = find_word(value, buses, COUNT(buses));

	if (i < 0)
		return want("if=", value, buses, COUNT(buses), e);
	d->bus = (enum spec_bus)i;
	return 0;
}

static int set_format(void *to, const char *value, struct err *e)
{
	struct spec_disk *d = to;
	int i = find_word(value, formats, COUNT(formats));

	if (i < 0)
		return want("format=", value, formats, COUNT(formats), e);
	d->format = (enum spec_format)i;
	return 0;
}

static int set_backing(void *to, const char *value, struct err *e)
{
	struct spec_disk *d = to;

	if (d->backings == SPEC_BACKING_MAX)
		return err_code(e, NOT_CONFIGURED, "backing=: more than %d", SPEC_BACKING_MAX);
	d->backing[d->backings++] = value;
	return 0;
}

static int set_ro(void *to, const char *value, struct err *e)
{
	(void)value;
	(void)e;
	((struct spec_disk *)to)->ro = 1;
	return 0;
}

static int set_snapshot(void *to, const char *value, struct err *e)
{
	(void)value;
	(void)e;
	((struct spec_disk *)to)->snapshot = 1;
	return 0;
}

static int set_force(void *to, const char *value, struct err *e)
{
	(void)value;
	(void)e;
	((struct spec_disk *)to)->force = 1;
	return 0;
}

static enum spec_format format_of(const char *file)
{
	return text_ends(file, ".qcow2") ? FORMAT_QCOW2 : FORMAT_RAW;
}

/* FILE and the options behind it. */
static int read_file(struct spec_disk *d, const char *value, const struct option *options, size_t n, struct err *e)
{
	*d = (struct spec_disk){ .text = strdup(value) };
	if (!d->text)
		return err_set(e, "out of memory");
	char *rest = d->text;
	d->file = next_part(&rest);
	if (!*d->file)
		return err_code(e, NOT_CONFIGURED, "no file before the options");
	d->format = format_of(d->file);
	return read_options(rest, options, n, d, e);
}

int spec_allow(struct spec_disk *d, const char *value, struct err *e)
{
	static const struct option options[] = { { "ro", 0, 0, set_ro } };

	return read_file(d, value, options, COUNT(options), e);
}

int spec_disk(struct spec_disk *d, const char *value, struct err *e)
{
	static const struct option options[] = {
		{ "if", 1, 0, set_bus }, { "format", 1, 0, set_format }, { "ro", 0, 0, set_ro },
		{ "snapshot", 0, 0, set_snapshot }, { "backing", 1, 1, set_backing }, { "force", 0, 0, set_force },
	};

	if (read_file(d, value, options, COUNT(options), e) < 0)
		return -1;
	if (d->ro && d->bus == BUS_IDE)
		return err_code(e, NOT_CONFIGURED, "ro: an ide disk cannot be read-only, take if=virtio or if=scsi");
	if (d->backings && d->format == FORMAT_RAW)
		return err_code(e, NOT_CONFIGURED, "backing=: a raw image has no backing file (format=qcow2?)");
	return 0;
}

/* Appends a FILE, its commas doubled. */
static void put_file(struct buf *out, const char *file)
{
	for (; *file; file++) {
		buf_char(out, *file);
		if (*file == ',')
			buf_char(out, ',');
	}
}

void spec_disk_text(const struct spec_disk *d, struct buf *out)
{
	put_file(out, d->file);
	if (d->bus != BUS_VIRTIO)
		buf_fmt(out, ",if=%s", buses[d->bus]);
	if (d->format != format_of(d->file))
		buf_fmt(out, ",format=%s", formats[d->format]);
	buf_str(out, d->ro ? ",ro" : "");
	buf_str(out, d->snapshot ? ",snapshot" : "");
	for (size_t i = 0; i < d->backings; i++) {
		buf_str(out, ",backing=");
		put_file(out, d->backing[i]);
	}
	buf_str(out, d->force ? ",force" : "");
}

void spec_disk_free(struct spec_disk *d)
{
	free(d->text);
	*d = (struct spec_disk){ 0 };
}

static int set_mac(void *to, const char *value, struct err *e)
{
	struct spec_nic *n = to;
	size_t i = 0;

	for (; i < 17 && value[i]; i++) {
		if (i % 3 == 2 ? value[i] != ':' : !isxdigit((unsigned char)value[i]))
			break;
		n->mac[i] = (char)tolower((unsigned char)value[i]);
	}
	if (i != 17 || value[17])
		return err_code(e, NOT_CONFIGURED, "mac=%s: want six pairs of hex digits, as 52:54:00:12:34:56", value);
	if (strchr("13579bdf", n->mac[1]) || !strcmp(n->mac, "00:00:00:00:00:00"))
		return err_code(e, NOT_CONFIGURED, "mac=%s: not the address of one card (the second digit must be even)", value);
	return 0;
}

static int set_model(void *to, const char *value, struct err *e)
{
	struct spec_nic *n = to;

	if (!text_name(value, sizeof(n->model) - 1))
		return err_code(e, NOT_CONFIGURED, "model=%s: want a QEMU device's name, as virtio-net-pci", value);
	return text_copy(n->model, sizeof(n->model), value);
}

static int read_port(const char *s, uint16_t *port)
{
	long long n;

	if (text_number(s, 1, 65535, &n) < 0)
		return -1;
	*port = (uint16_t)n;
	return 0;
}

/* "" is 127.0.0.1, IPv6 is in brackets. */
static int read_address(struct spec_forward *f, const char *s, size_t n)
{
	char word[64];
	unsigned char bytes[16];
	int six = n >= 2 && s[0] == '[' && s[n - 1] == ']';

	if (six) {
		s++;
		n -= 2;
	} else if (!n) {
		s = "127.0.0.1";
		n = strlen(s);
	}
	if (n >= sizeof(word))
		return -1;
	memcpy(word, s, n);
	word[n] = '\0';
	f->family = six ? AF_INET6 : AF_INET;
	if (inet_pton(f->family, word, bytes) != 1)
		return -1;
	return text_copy(f->address, sizeof(f->address), word);
}

/* tcp:[ADDR]:PORT-:PORT */
static int read_forward(struct spec_forward *f, const char *s, struct err *e)
{
	char port[16];
	const char *dash = strchr(s, '-');

	if (!text_begins(s, "tcp:"))
		return err_code(e, NOT_CONFIGURED, "want tcp:[ADDR]:PORT-:PORT, only tcp is forwarded");
	s += 4;
	const char *colon = dash && dash > s ? memrchr(s, ':', (size_t)(dash - s)) : NULL;
	if (!colon)
		return err_code(e, NOT_CONFIGURED, "want tcp:[ADDR]:PORT-:PORT");
	if (read_address(f, s, (size_t)(colon - s)) < 0)
		return err_code(e, NOT_CONFIGURED, "%.*s: want an address in numbers, IPv6 in brackets", (int)(colon - s), s);
	size_t n = (size_t)(dash - colon - 1);
	if (n < sizeof(port)) {
		memcpy(port, colon + 1, n);
		port[n] = '\0';
	}
	if (n >= sizeof(port) || read_port(port, &f->port) < 0)
		return err_code(e, NOT_CONFIGURED, "%.*s: want a port, 1 to 65535", (int)n, colon + 1);
	if (dash[1] != ':' || read_port(dash + 2, &f->guest) < 0)
		return err_code(e, NOT_CONFIGURED, "%s: want -:PORT, the guest's port, 1 to 65535", dash);
	return 0;
}

static int set_forward(void *to, const char *value, struct err *e)
{
	struct spec_nic *n = to;

	if (n->forwards == SPEC_FORWARD_MAX)
		return err_code(e, NOT_CONFIGURED, "hostfwd=: more than %d", SPEC_FORWARD_MAX);
	if (read_forward(&n->forward[n->forwards], value, e) < 0)
		return err_at(e, "hostfwd=%s", value);
	n->forwards++;
	return 0;
}

/* A network interface's name as the kernel takes it (dev_valid_name), without what QEMU's options would split. */
static int is_link(const char *s)
{
	size_t n = strlen(s);

	if (!n || n > 15 || !strcmp(s, ".") || !strcmp(s, ".."))
		return 0;
	return n == strcspn(s, "/:, \t'\"\\");
}

static int read_kind(struct spec_nic *n, const char *part, struct err *e)
{
	static const struct {
		const char *name, *form;
		int link;
	} kinds[] = {
		[NIC_NONE] = { "none", "none", 0 }, [NIC_USER] = { "user", "user", 0 },
		[NIC_BRIDGE] = { "bridge", "bridge:BR", 1 }, [NIC_TAP] = { "tap", "tap:IF", 1 },
	};
	const char *forms[COUNT(kinds)];
	size_t len = strcspn(part, ":");

	for (size_t i = 0; i < COUNT(kinds); i++) {
		forms[i] = kinds[i].form;
		if (strlen(kinds[i].name) != len || memcmp(part, kinds[i].name, len) != 0)
			continue;
		n->kind = (enum spec_nic_kind)i;
		if (!kinds[i].link && !part[len])
			return 0;
		if (!kinds[i].link)
			return err_code(e, NOT_CONFIGURED, "%s: %s takes no name", part, kinds[i].name);
		if (!part[len] || !is_link(part + len + 1))
			return err_code(e, NOT_CONFIGURED, "%s: want %s, a name of at most 15 letters", part, kinds[i].form);
		return text_copy(n->link, sizeof(n->link), part + len + 1);
	}
	return want("", part, forms, COUNT(forms), e);
}

int spec_nic(struct spec_nic *n, const char *value, struct err *e)
{
	static const struct option options[] = {
		{ "mac", 1, 0, set_mac }, { "model", 1, 0, set_model }, { "hostfwd", 1, 1, set_forward },
	};
	char *text = strdup(value), *rest = text;

	*n = (struct spec_nic){ .kind = NIC_NONE };
	if (!text)
		return err_set(e, "out of memory");
	int bad = read_kind(n, next_part(&rest), e);
	if (!bad && rest && n->kind == NIC_NONE)
		bad = err_code(e, NOT_CONFIGURED, "%s: none takes no options", rest);
	if (!bad) /* hostfwd is the last in the table */
		bad = read_options(rest, options, COUNT(options) - (n->kind != NIC_USER), n, e);
	free(text);
	return bad;
}

int spec_display(struct spec_display *d, const char *value, struct err *e)
{
	*d = (struct spec_display){ 0 };
	if (!strcmp(value, "none"))
		return 0;
	d->vnc = 1;
	if (!strcmp(value, "vnc"))
		return 0;
	if (!text_begins(value, "vnc:"))
		return err_code(e, NOT_CONFIGURED, "%s: want vnc, vnc:PORT or none", value);
	if (read_port(value + 4, &d->port) < 0)
		return err_code(e, NOT_CONFIGURED, "%s: want vnc:PORT, 1 to 65535", value);
	if (d->port < 100)
		return err_code(e, NOT_CONFIGURED, "%s: a TCP port, not a display: vnc:%d?", value, 5900 + d->port);
	return 0;
}

const char *spec_bus_name(enum spec_bus bus)
{
	return buses[bus];
}

const char *spec_format_name(enum spec_format format)
{
	return formats[format];
}
