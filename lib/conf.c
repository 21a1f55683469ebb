/* SPDX-License-Identifier: 0BSD */
/* The configuration of one VM: rc-file, default.rc and settings, parsed, checked, never executed. */
#include "conf.h"

#include "file.h"
#include "fmt.h"
#include "line.h"
#include "spec.h"
#include "text.h"
#include "trust.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { VALUE_MAX = 65536, IDE_PLACES = 4, VIRTIO_DISKS = 24, GONE = -1 };

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

static const char setting[] = "setting";

#define CONF_INFO(key, kind, numbered, standard, about) [CONF_##key] = { #key, kind, numbered, standard, about },
const struct conf_key_info conf_keys[CONF_KEY_COUNT] = { CONF_KEYS(CONF_INFO) };

/* One complaint or warning; they are sorted before they are told. */
struct note {
	int layer, line;
	size_t at;	/* in the texts, which stand in the order of writing */
	int warning;
};

struct load {
	struct conf *c;
	const struct conf_from *from;
	struct note *notes;
	size_t n, room;
	struct buf texts; /* each with its NUL */
	int no_memory;
};

/* default.rc, then the rc-file, then the settings: also the order in which each stands above the one before. */
static int layer_of(const struct conf *c, const char *file)
{
	return file == setting ? 2 : file == c->file ? 1 : 0;
}

/* A new note; its text is to be added to l->texts, and its NUL by end_note. */
static void begin_note(struct load *l, const char *file, int line, int warning)
{
	struct note *notes = buf_grow(l->notes, l->n, &l->room, sizeof(*notes));

	if (!notes) {
		l->no_memory = 1;
		return;
	}
	l->notes = notes;
	notes[l->n++] = (struct note){ layer_of(l->c, file), line, l->texts.n, warning };
}

static void end_note(struct load *l)
{
	buf_add(&l->texts, "", 1);
	if (l->texts.bad)
		l->no_memory = 1;
}

/* "FILE:LINE: WORD: why", each part only as far as there is one. */
static void complain(struct load *l, const char *file, int line, const char *word, const char *why)
{
	struct buf *b = &l->texts;

	begin_note(l, file, line, 0);
	if (line)
		buf_fmt(b, "%s:%d: ", file, line);
	else if (file)
		buf_fmt(b, "%s%s ", file, file == setting ? "" : ":");
	if (*word)
		buf_fmt(b, "%s: ", word);
	buf_str(b, why);
	end_note(l);
}

void conf_key_name(enum conf_key key, int number, char to[CONF_KEY_ROOM])
{
	if (number)
		fmt(to, CONF_KEY_ROOM, "%s%d", conf_keys[key].name, number);
	else
		fmt(to, CONF_KEY_ROOM, "%s", conf_keys[key].name);
}

void conf_place(struct buf *b, const struct conf_item *item)
{
	char name[CONF_KEY_ROOM];

	conf_key_name(item->key, item->number, name);
	if (item->line)
		buf_fmt(b, "%s:%d: ", item->file, item->line);
	else
		buf_fmt(b, "%s ", item->file);
	buf_str(b, name);
	if (!item->line)
		buf_fmt(b, "=%s", item->value);
}

static void note_item(struct load *l, const struct conf_item *item, int warning, const char *why)
{
	begin_note(l, item->file, item->line, warning);
	conf_place(&l->texts, item);
	buf_fmt(&l->texts, ": %s", why);
	end_note(l);
}

int conf_at(struct err *e, const struct conf_item *item)
{
	struct err old = *e;
	struct buf b = { 0 };

	conf_place(&b, item);
	err_code(e, old.code, "%s: %s", buf_text(&b), old.text);
	buf_free(&b);
	return -1;
}

int conf_key_of(const char *word, size_t n, int *number, const char **near)
{
	const char *names[CONF_KEY_COUNT];
	char name[32] = "";
	size_t letters = n;
	long long value = 0;

	while (letters && word[letters - 1] >= '0' && word[letters - 1] <= '9')
		letters--;
	if (letters < sizeof(name))
		memcpy(name, word, letters);
	*near = NULL;
	for (int i = 0; i < CONF_KEY_COUNT; i++) {
		names[i] = conf_keys[i].name;
		if (strcmp(name, names[i]) != 0)
			continue;
		char digits[8] = "";
		if (n - letters < sizeof(digits))
			memcpy(digits, word + letters, n - letters);
		*near = names[i];
		if (conf_keys[i].numbered ? digits[0] == '0' || text_number(digits, 1, CONF_NUMBER_MAX, &value) < 0 : letters < n)
			return -1;
		*number = (int)value;
		return i;
	}
	*near = text_near(name, names, CONF_KEY_COUNT);
	return -1;
}

/* What is wrong with a key that conf_key_of refused. */
static void complain_key(struct load *l, const char *file, int line, const char *word, const char *near)
{
	struct err e;
	int i = 0;

	while (near && strcmp(conf_keys[i].name, near) != 0)
		i++;
	int numbered = near && conf_keys[i].numbered;
	if (!near)
		err_set(&e, "unknown key (qemu-init(5) has all)");
	else if (!text_begins(word, near) || word[strlen(near) + strspn(word + strlen(near), "0123456789")])
		err_set(&e, "unknown key, nearest is %s%s", near, numbered ? "1" : "");
	else if (!numbered)
		err_set(&e, "%s takes no number", near);
	else
		err_set(&e, "%s wants a number, %s1 to %s%d, no zero before it", near, near, near, CONF_NUMBER_MAX);
	complain(l, file, line, word, e.text);
}

static struct conf_item *find(const struct conf *c, const char *file, enum conf_key key, int number)
{
	for (size_t i = 0; i < c->n; i++) {
		struct conf_item *item = &c->items[i];
		if (item->key == key && item->number == number && item->file == file)
			return item;
	}
	return NULL;
}

static void add(struct load *l, const struct conf_item *item)
{
	struct conf *c = l->c;
	struct conf_item *items = buf_grow(c->items, c->n, &c->room, sizeof(*items));
	char *value = strdup(item->value);

	if (items)
		c->items = items;
	if (!items || !value) {
		l->no_memory = 1;
		free(value);
		return;
	}
	items[c->n] = *item;
	items[c->n++].value = value;
}

/* One KEY=VALUE from wherever; key is not terminated. */
static void read_pair(struct load *l, const char *file, int line, const struct line_pair *p)
{
	struct conf_item item = { .value = p->value.n ? p->value.s : (char[]){ "" }, .file = file, .line = line };
	const char *near;
	struct err e;

	err_set(&e, "%.*s", (int)p->n, p->key);
	int key = conf_key_of(p->key, p->n, &item.number, &near);
	if (key < 0) {
		complain_key(l, file, line, e.text, near);
		return;
	}
	item.key = (enum conf_key)key;
	const struct conf_item *first = find(l->c, file, item.key, item.number);
	if (p->value.n > VALUE_MAX)
		complain(l, file, line, e.text, "longer than 65536 bytes");
	else if (!first)
		add(l, &item);
	else if (!line)
		note_item(l, &item, 0, "given twice");
	else if (err_set(&e, "given already in line %d, one must go", first->line))
		note_item(l, &item, 0, e.text);
}

static void read_file(struct load *l, const char *file, int may_lack, uid_t *owner)
{
	struct buf text = { 0 };
	struct line_pair pair = { 0 };
	struct err e;
	int got;

	if (file == l->c->file && l->from->text) {
		*owner = geteuid();
		buf_add(&text, buf_text(l->from->text), l->from->text->n);
	} else if (trust_read(file, owner, CONF_FILE_MAX, &text, &e) < 0) {
		if (!may_lack || errno != ENOENT) {
			begin_note(l, file, 0, 0);
			buf_str(&l->texts, e.text);
			end_note(l);
			l->c->code = e.code == NO_RIGHT ? NO_RIGHT : NOT_CONFIGURED;
		}
		buf_free(&text);
		return;
	}
	struct line line = { .rest = buf_text(&text), .left = text.n };
	while ((got = line_next(&line, &e))) {
		if (got > 0 && line_pair(&pair, line.s, line.n, &e) == 0)
			read_pair(l, file, line.number, &pair);
		else
			complain(l, file, line.number, "", e.text);
	}
	buf_free(&pair.value);
	buf_free(&text);
}

/* The shell has taken quotes away already: the value is what stands behind the `=`. */
static void read_setting(struct load *l, const char *s)
{
	const char *is = strchr(s, '=');
	struct line_pair pair = { .key = s, .n = is ? (size_t)(is - s) : 0 };
	struct err e;

	if (!is || is == s) {
		complain(l, setting, 0, s, "want KEY=VALUE");
	} else if (line_check(s, strlen(s), &e) < 0) {
		complain(l, setting, 0, s, e.text);
	} else {
		buf_str(&pair.value, is + 1);
		read_pair(l, setting, 0, &pair);
	}
	buf_free(&pair.value);
}

/* Empty or 0 takes back what a lower layer said; where 0 is a value of its own, only empty does. */
static int cancels(const struct conf_item *item)
{
	enum value_kind kind = conf_keys[item->key].kind;

	if (!*item->value)
		return 1;
	return !strcmp(item->value, "0") && kind != KIND_YES && kind != KIND_NAME && kind != KIND_ARCH;
}

static void check_items(struct load *l)
{
	struct err e;

	for (size_t i = 0; i < l->c->n; i++) {
		const struct conf_item *item = &l->c->items[i];
		if (!cancels(item) && value_check(conf_keys[item->key].kind, item->value, &e) < 0)
			note_item(l, item, 0, e.text);
	}
}

int conf_file_name(const char *file, char name[CONF_NAME_MAX + 1])
{
	static const char *const ends[] = { "-qemu.rc", "-qemud.rc" };
	const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;

	for (size_t i = 0; i < COUNT(ends); i++) {
		size_t n = strlen(base), end = strlen(ends[i]);
		if (!text_ends(base, ends[i]) || n == end || n - end > CONF_NAME_MAX)
			continue;
		memcpy(name, base, n - end);
		name[n - end] = '\0';
		return 0;
	}
	return -1;
}

/* Takes `name` if there was none before; else both must agree. */
static int agree(struct load *l, const char *name, struct err *e)
{
	struct conf *c = l->c;

	if (!c->name[0])
		return text_copy(c->name, sizeof(c->name), name);
	if (!strcmp(c->name, name))
		return 0;
	if (l->from->name)
		return err_set(e, "%s, but %s was asked for", name, c->name);
	return err_set(e, "%s, but %s says %s", name, c->file ? "the file's name" : "another", c->name);
}

static void name_from_file(struct load *l)
{
	const char *file = l->c->file;
	char name[CONF_NAME_MAX + 1];
	struct err e;

	if (conf_file_name(file, name) < 0 || value_check(KIND_NAME, name, &e) < 0)
		complain(l, file, 0, "", "not called NAME-qemu.rc, with a NAME of letters, digits and . _ -, at most 48");
	else if (agree(l, name, &e) < 0)
		complain(l, file, 0, "its name says", e.text);
}

/* Who says what the VM's name is: the caller, the file's name, NAME= in it, NAME= behind it. All must agree. */
static void find_name(struct load *l)
{
	struct conf *c = l->c;
	const struct conf_item *last = NULL;
	struct err e;

	if (l->from->name && value_check(KIND_NAME, l->from->name, &e) < 0)
		complain(l, NULL, 0, "", e.text);
	else if (l->from->name)
		text_copy(c->name, sizeof(c->name), l->from->name);
	if (c->file)
		name_from_file(l);
	for (size_t i = 0; i < c->n; i++) {
		const struct conf_item *item = &c->items[i];
		if (item->key != CONF_NAME)
			continue;
		last = item;
		if (item->file == c->defaults)
			note_item(l, item, 0, "not in default.rc, as each VM has its own");
		else if (!cancels(item) && value_check(KIND_NAME, item->value, &e) == 0 && agree(l, item->value, &e) < 0)
			note_item(l, item, 0, e.text);
	}
	if (!c->name[0] && !l->n) {
		if (last)
			note_item(l, last, 0, "must not be empty");
		else
			complain(l, c->file, 0, "", "NAME is missing");
	}
}

enum { SORT_SIZE = 64 };
_Static_assert(sizeof(struct conf_item) <= SORT_SIZE && sizeof(struct note) <= SORT_SIZE, "sort");

/* By insertion, stable: what is sorted here stands in its order already, or nearly. */
static void sort(void *list, size_t n, size_t size, int (*compare)(const void *a, const void *b))
{
	char *base = list, temp[SORT_SIZE];

	for (size_t i = 1; i < n; i++) {
		size_t at = i;
		memcpy(temp, base + i * size, size);
		while (at > 0 && compare(base + (at - 1) * size, temp) > 0)
			at--;
		memmove(base + (at + 1) * size, base + at * size, (i - at) * size);
		memcpy(base + at * size, temp, size);
	}
}

static int by_key(const void *a, const void *b)
{
	const struct conf_item *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

/* Drops what a higher layer replaces or cancels, and the keys that are not stored; sorts the rest. */
static void merge(struct conf *c)
{
	const char *const layers[] = { c->defaults, c->file, setting };
	size_t kept = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct conf_item *item = &c->items[i];
		int gone = cancels(item) || item->key == CONF_NAME || conf_keys[item->key].kind == KIND_GONE;
		for (int above = layer_of(c, item->file) + 1; !gone && above < 3; above++)
			gone = layers[above] && find(c, layers[above], item->key, item->number);
		if (gone)
			c->items[i].line = GONE;
	}
	for (size_t i = 0; i < c->n; i++) {
		if (c->items[i].line == GONE)
			free(c->items[i].value);
		else
			c->items[kept++] = c->items[i];
	}
	c->n = kept;
	sort(c->items, kept, sizeof(*c->items), by_key);
}

const struct conf_item *conf_item(const struct conf *c, enum conf_key key, int number)
{
	struct conf_item wanted = { .key = key, .number = number };

	return c->n ? bsearch(&wanted, c->items, c->n, sizeof(*c->items), by_key) : NULL;
}

const struct conf_item *conf_next(const struct conf *c, enum conf_key key, const struct conf_item *last)
{
	for (size_t i = last ? (size_t)(last - c->items) + 1 : 0; i < c->n; i++)
		if (c->items[i].key == key)
			return &c->items[i];
	return NULL;
}

const char *conf_text(const struct conf *c, enum conf_key key)
{
	const struct conf_item *item = conf_item(c, key, 0);

	return item ? item->value : conf_keys[key].standard;
}

int conf_yes(const struct conf *c, enum conf_key key)
{
	int yes = 0;

	text_yes(conf_text(c, key), &yes);
	return yes;
}

int64_t conf_ms(const struct conf *c, enum conf_key key)
{
	int64_t ms = 0;

	text_time(conf_text(c, key), &ms);
	return ms;
}

long conf_long(const struct conf *c, enum conf_key key)
{
	long long n = 0;

	text_number(conf_text(c, key), 0, INT_MAX, &n);
	return (long)n;
}

int64_t conf_bytes(const struct conf *c, enum conf_key key)
{
	int64_t bytes = 0;

	text_size(conf_text(c, key), 1 << 20, &bytes);
	return bytes;
}

uid_t conf_owner(const struct conf *c, const struct conf_item *item)
{
	return item->file == c->file ? c->owner : geteuid();
}

int conf_path(const struct conf *c, const char *file, char *to, size_t room)
{
	if (file[0] == '/')
		return text_copy(to, room, file);
	return file_join(to, room, c->dir, file);
}

static const struct conf_item *odd_accel(const struct conf *c)
{
	const char *accel = conf_text(c, CONF_ACCEL);
	const struct conf_item *kvm = conf_item(c, CONF_KVM, 0);
	int yes;

	if (!*accel || !kvm || text_yes(kvm->value, &yes) < 0)
		return NULL;
	return yes == !strcmp(accel, "kvm") ? NULL : kvm;
}

static void cross_accel(struct load *l)
{
	const struct conf_item *kvm = odd_accel(l->c);
	struct err e;

	if (!kvm)
		return;
	err_set(&e, "%s is at odds with ACCEL=%s, one must go", kvm->value, conf_text(l->c, CONF_ACCEL));
	note_item(l, kvm, 0, e.text);
}

static void cross_kernel(struct load *l)
{
	static const enum conf_key keys[] = { CONF_INITRD, CONF_APPEND };

	for (size_t i = 0; i < COUNT(keys) && !conf_item(l->c, CONF_KERNEL, 0); i++) {
		const struct conf_item *item = conf_item(l->c, keys[i], 0);
		if (item)
			note_item(l, item, 0, "wants a KERNEL");
	}
}

static void cross_disks(struct load *l)
{
	int ide = conf_item(l->c, CONF_CDROM, 0) != NULL, virtio = 0;
	struct spec_disk disk;
	struct err e;

	for (const struct conf_item *item = NULL; (item = conf_next(l->c, CONF_DISK, item)); spec_disk_free(&disk)) {
		if (spec_disk(&disk, item->value, &e) < 0)
			continue;
		if (disk.bus == BUS_IDE && ++ide > IDE_PLACES)
			note_item(l, item, 0, "no place left: ide has four, the CDROM has one of them: if=virtio or if=scsi");
		if (disk.bus == BUS_VIRTIO && ++virtio > VIRTIO_DISKS)
			note_item(l, item, 0, "more than 24 virtio disks, take if=scsi");
	}
}

/* A TCP port of the host that the VM is to listen on. */
struct claim {
	int family;
	char address[46];
	int port;
	const struct conf_item *item;
};

struct claims {
	struct load *l;
	struct claim *list;
	size_t n, room;
};

static int clash(const struct claim *a, const struct claim *b)
{
	const char *any = a->family == AF_INET6 ? "::" : "0.0.0.0";

	if (a->family != b->family || a->port != b->port)
		return 0;
	return !strcmp(a->address, b->address) || !strcmp(a->address, any) || !strcmp(b->address, any);
}

static void claim(struct claims *all, int family, const char *address, int port, const struct conf_item *item)
{
	struct claim *list = buf_grow(all->list, all->n, &all->room, sizeof(*list));
	char name[CONF_KEY_ROOM];
	struct err e;

	if (!list) {
		all->l->no_memory = 1;
		return;
	}
	all->list = list;
	struct claim *new = &list[all->n];
	*new = (struct claim){ .family = family, .port = port, .item = item };
	text_copy(new->address, sizeof(new->address), address);
	for (size_t i = 0; i < all->n; i++) {
		const struct conf_item *other = list[i].item;
		if (!clash(&list[i], new))
			continue;
		conf_key_name(other->key, other->number, name);
		err_set(&e, "port %d is that of %s already, take another one", port, name);
		note_item(all->l, item, 0, e.text);
		return;
	}
	all->n++;
}

static void claim_monitor(struct claims *all)
{
	const struct conf *c = all->l->c;
	const struct conf_item *item = conf_item(c, CONF_MONPORT, 0);
	const char *family = conf_text(c, CONF_MONITOR);
	int port = (int)conf_long(c, CONF_MONPORT);

	for (int i = 0; item && port && i <= 100 && strcmp(family, "no") != 0; i += 100)
		if (strcmp(family, "ipv6") != 0)
			claim(all, AF_INET, "127.0.0.1", port + i, item);
		else
			claim(all, AF_INET6, "::1", port + i, item);
}

static void claim_display(struct claims *all)
{
	const struct conf_item *item = conf_item(all->l->c, CONF_DISPLAY, 0);
	struct spec_display display;
	struct err e;

	if (item && spec_display(&display, item->value, &e) == 0 && display.port)
		claim(all, AF_INET, "127.0.0.1", display.port, item);
}

static void claim_forwards(struct claims *all)
{
	struct spec_nic nic;
	struct err e;

	for (const struct conf_item *item = NULL; (item = conf_next(all->l->c, CONF_NIC, item)); ) {
		if (spec_nic(&nic, item->value, &e) < 0)
			continue;
		for (size_t i = 0; i < nic.forwards; i++)
			claim(all, nic.forward[i].family, nic.forward[i].address, nic.forward[i].port, item);
	}
}

static void cross_ports(struct load *l)
{
	struct claims all = { .l = l };

	claim_monitor(&all);
	claim_display(&all);
	claim_forwards(&all);
	free(all.list);
}

/* RUNAS is root or 0, with or without a group. */
static const struct conf_item *runas_root(const struct conf *c)
{
	const struct conf_item *item = conf_item(c, CONF_RUNAS, 0);
	size_t n = item ? strcspn(item->value, ":") : 0;

	if ((n == 4 && !memcmp(item->value, "root", n)) || (n == 1 && *item->value == '0'))
		return item;
	return NULL;
}

static long first_free_port(void)
{
	char text[16];
	long long n;

	if (file_peek(AT_FDCWD, "/proc/sys/net/ipv4/ip_unprivileged_port_start", text, sizeof(text)) < 0)
		return 1024;
	text[strcspn(text, "\n")] = '\0';
	return text_number(text, 0, 65536, &n) < 0 ? 1024 : (long)n;
}

/* QEMU opens these ports itself, under a uid that is not root's. */
static void cross_rights(struct load *l)
{
	long first = first_free_port();
	struct spec_nic nic;
	struct err e;

	if (runas_root(l->c))
		return;
	for (const struct conf_item *item = NULL; (item = conf_next(l->c, CONF_NIC, item)); ) {
		if (spec_nic(&nic, item->value, &e) < 0)
			continue;
		for (size_t i = 0; i < nic.forwards; i++) {
			if (nic.forward[i].port >= first)
				continue;
			err_set(&e, "hostfwd: only root may open port %d, others from %ld on (ip_unprivileged_port_start)",
				nic.forward[i].port, first);
			note_item(l, item, 0, e.text);
		}
	}
}

static void warn(struct load *l)
{
	const struct conf_item *sandbox = conf_item(l->c, CONF_SANDBOX, 0), *root = runas_root(l->c);
	int yes;

	if (sandbox && text_yes(sandbox->value, &yes) == 0 && !yes)
		note_item(l, sandbox, 1, "QEMU runs without seccomp filter, Landlock and namespaces (ALLOWn=PATH opens what it needs)");
	if (root)
		note_item(l, root, 1, "a guest that breaks out of QEMU will be root on this host (no RUNAS: a uid of its own)");
}

static void (*const crosses[])(struct load *l) = {
	cross_accel, cross_kernel, cross_disks, cross_ports, cross_rights, warn,
};

static void warn_gone(struct load *l)
{
	const struct conf *c = l->c;
	struct err e;

	for (size_t i = 0; i < c->n; i++) {
		if (conf_keys[c->items[i].key].kind != KIND_GONE)
			continue;
		err_set(&e, "not read; use: qemu-adm autostart on %s", c->name[0] ? c->name : "NAME");
		note_item(l, &c->items[i], 1, e.text);
	}
}

static int by_place(const void *a, const void *b)
{
	const struct note *x = a, *y = b;

	if (x->layer != y->layer)
		return x->layer - y->layer;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->at < y->at ? -1 : 1;
}

/* Foreign bytes for people's eyes, a line each. */
static void put_clean(struct buf *to, const char *text)
{
	text_clean(to, text, strlen(text));
	buf_char(to, '\n');
}

/* Hands all notes over, in the order of the files and lines: 0, -1 when there was a complaint. */
static int tell(struct load *l, struct buf *errors, struct buf *warnings)
{
	struct conf *c = l->c;
	int bad = l->no_memory;

	if (!bad)
		sort(l->notes, l->n, sizeof(*l->notes), by_place);
	for (size_t i = 0; i < l->n && !l->no_memory; i++) {
		put_clean(l->notes[i].warning ? warnings : errors, l->texts.s + l->notes[i].at);
		bad |= !l->notes[i].warning;
	}
	if (l->no_memory)
		buf_str(errors, "out of memory\n");
	if (bad && !c->code)
		c->code = l->no_memory ? FAILED : NOT_CONFIGURED;
	free(l->notes);
	buf_free(&l->texts);
	return bad ? -1 : 0;
}

/* The folder: given, else that of the rc-file, else the current one. */
static char *find_dir(const struct conf_from *from)
{
	const char *slash = from->file ? strrchr(from->file, '/') : NULL;

	if (from->dir)
		return strdup(from->dir);
	if (slash)
		return strndup(from->file, slash == from->file ? 1 : (size_t)(slash - from->file));
	return getcwd(NULL, 0);
}

static int set_paths(struct conf *c, const struct conf_from *from)
{
	c->dir = find_dir(from);
	c->file = from->file ? strdup(from->file) : NULL;
	c->defaults = from->defaults ? strdup(from->defaults) : NULL;
	return c->dir && (c->file || !from->file) && (c->defaults || !from->defaults) ? 0 : -1;
}

int conf_load(struct conf *c, const struct conf_from *from, struct buf *errors, struct buf *warnings)
{
	struct load l = { .c = c, .from = from };
	uid_t root = 0;

	*c = (struct conf){ .owner = from->file ? TRUST_ANY : geteuid() };
	if (set_paths(c, from) < 0) {
		buf_fmt(errors, "the VM's folder: %s\n", strerror(errno));
		c->code = FAILED;
		return -1;
	}
	if (c->defaults)
		read_file(&l, c->defaults, 1, &root);
	if (c->file)
		read_file(&l, c->file, 0, &c->owner);
	for (size_t i = 0; i < from->n; i++)
		read_setting(&l, from->settings[i]);
	check_items(&l);
	find_name(&l);
	warn_gone(&l);
	merge(c);
	for (size_t i = 0; i < COUNT(crosses); i++)
		crosses[i](&l);
	return tell(&l, errors, warnings);
}

void conf_free(struct conf *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->items[i].value);
	free(c->items);
	free(c->dir);
	free(c->file);
	free(c->defaults);
	*c = (struct conf){ 0 };
}
