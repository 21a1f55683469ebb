/* SPDX-License-Identifier: 0BSD */
/* A copy of a VM. */
#include "clone.h"

#include "edit.h"
#include "fd.h"
#include "file.h"
#include "fmt.h"
#include "qcow2.h"
#include "reg.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct plan {
	struct clone *c;
	const struct clone_from *from;
	struct buf *text, *notes;
	struct err *e;
	char dir[PATH_MAX];	/* the original's folder, without links */
};

static int no_memory(struct err *e)
{
	return err_set(e, "out of memory");
}

static int put(const struct plan *p, const struct conf_item *item, const char *value)
{
	char key[CONF_KEY_ROOM];

	conf_key_name(item->key, item->number, key);
	return edit_pair(p->text, key, value, p->e) < 0 ? conf_at(p->e, item) : 0;
}

/* What of a path without links is below the original's folder; NULL: it is outside. */
static const char *below(const struct plan *p, const char *real)
{
	size_t n = strlen(p->dir);

	return text_begins(real, p->dir) && real[n] == '/' ? real + n + 1 : NULL;
}

static int find(const struct plan *p, const char *path, char real[PATH_MAX])
{
	return file_real(path, real, PATH_MAX) < 0 ? err_sys(p->e, "%s", path) : 0;
}

/* The file is to be made in the new folder, once. */
static struct clone_file *add(const struct plan *p, const char *real, const char *name)
{
	struct clone *c = p->c;
	struct buf to = { 0 };

	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->list[i].from, real) == 0)
			return &c->list[i];
	struct clone_file *list = buf_grow(c->list, c->n, &c->room, sizeof(*list));
	if (list)
		c->list = list;
	buf_fmt(&to, "%s/%s", p->from->dir, name);
	char *from = list ? strdup(real) : NULL;
	if (!from || to.bad) {
		buf_free(&to);
		free(from);
		no_memory(p->e);
		return NULL;
	}
	list[c->n] = (struct clone_file){ .from = from, .to = to.s, .fd = -1 };
	return &list[c->n++];
}

/* A key whose value is a file: the CD, the kernel. */
static int place_file(const struct plan *p, const struct conf_item *item)
{
	char path[PATH_MAX], real[PATH_MAX];

	if (!item)
		return 0;
	if (conf_path(p->from->conf, item->value, path, sizeof(path)) < 0)
		return err_set(p->e, "too long a path"), conf_at(p->e, item);
	if (find(p, path, real) < 0)
		return conf_at(p->e, item);
	const char *name = p->from->linked ? NULL : below(p, real);
	if (name && !add(p, real, name))
		return -1;
	if (!name && *item->value == '/')
		return 0;
	return name && strcmp(name, item->value) == 0 ? 0 : put(p, item, name ? name : real);
}

/* Whether the image's header names the one below it by a path that is relative to its folder. */
static int names_relative(const char *image)
{
	char head[QCOW2_NAME_MAX + 4096];
	struct qcow2 q = { 0 };
	struct err e;
	int fd = file_open(AT_FDCWD, image);
	ssize_t n = fd < 0 ? -1 : fd_read(fd, head, sizeof(head));

	fd_close(&fd);
	return n > 0 && qcow2_read(head, (size_t)n, &q, &e) == 0 && *q.backing != '/';
}

/* A disk of the new rc-file in the making: what it names stands in `words`. */
struct new_disk {
	struct spec_disk spec;
	char words[DISK_LEVELS][PATH_MAX];
};

/* One more image below it. */
static int add_backing(struct new_disk *new, const char *path, struct err *e)
{
	if (new->spec.backings == SPEC_BACKING_MAX || new->spec.backings + 1 >= DISK_LEVELS)
		return err_set(e, "more than %d images in the chain", DISK_LEVELS);
	char *word = new->words[1 + new->spec.backings];
	text_copy(word, PATH_MAX, path);
	new->spec.backing[new->spec.backings++] = word;
	return 0;
}

/* The image stays where it is and is read only; so are those below it. */
static int share_from(const struct plan *p, const struct disk *d, size_t node, struct new_disk *new)
{
	char real[PATH_MAX];

	for (; node < d->nodes; node++)
		if (find(p, d->node[node].path, real) < 0 || add_backing(new, real, p->e) < 0)
			return -1;
	return 0;
}

/* An empty image on top of it. */
static int link_disk(const struct plan *p, const struct disk *d, struct new_disk *new)
{
	char real[PATH_MAX];

	if (find(p, d->node[0].path, real) < 0 || share_from(p, d, 0, new) < 0)
		return -1;
	fmt(new->words[0], PATH_MAX, "disk%d.qcow2", d->number);
	new->spec.format = FORMAT_QCOW2;
	new->spec.force = 0;
	struct clone_file *file = add(p, real, new->words[0]);
	if (!file)
		return -1;
	if (file->linked)
		return err_set(p->e, "%s: another DISK, too", real);
	file->linked = 1;
	file->format = d->node[0].format;
	file->size = d->node[0].size;
	return 0;
}

/* It and those below it that lie in the folder and are looked for in the copy's folder. */
static int copy_disk(const struct plan *p, const struct disk *d, const char *real, struct new_disk *new)
{
	int listed = d->spec.backings != 0;
	char at[PATH_MAX];

	text_copy(new->words[0], PATH_MAX, below(p, real));
	if (!add(p, real, new->words[0]))
		return -1;
	for (size_t i = 1; i < d->nodes; i++) {
		if (!names_relative(d->node[i - 1].path))
			return share_from(p, d, i, new);
		if (find(p, d->node[i].path, at) < 0)
			return -1;
		const char *name = below(p, at);
		if (!name)
			return err_set(p->e, "%s: outside the VM's folder, and named relative to it: "
				"`qemu-img rebase -u` names it wholly, or --linked", d->node[i].path);
		if (!add(p, at, name) || (listed && add_backing(new, name, p->e) < 0))
			return -1;
	}
	return 0;
}

/* What becomes of one disk: never written, so shared; copied; or built on. */
static int choose(const struct plan *p, const struct disk *d, struct new_disk *new)
{
	int reads = d->spec.ro || d->spec.snapshot;
	char real[PATH_MAX];

	if (find(p, d->node[0].path, real) < 0)
		return -1;
	if (p->from->linked && !reads)
		return link_disk(p, d, new);
	if (!p->from->linked && below(p, real))
		return copy_disk(p, d, real, new);
	if (!reads)
		return err_set(p->e, "%s: outside the VM's folder, so not copied, and two VMs cannot write it: "
			"move it into the folder, or `ro`, or --linked", real);
	text_copy(new->words[0], PATH_MAX, real);
	return share_from(p, d, 1, new);
}

static int place_disk(const struct plan *p, const struct disk *d)
{
	struct new_disk *new = calloc(1, sizeof(*new));
	struct buf was = { 0 }, is = { 0 };

	if (!new)
		return no_memory(p->e);
	new->spec = d->spec;
	new->spec.file = new->words[0];
	new->spec.backings = 0;
	int bad = choose(p, d, new) < 0 ? conf_at(p->e, d->item) : 0;
	spec_disk_text(&d->spec, &was);
	spec_disk_text(&new->spec, &is);
	if (!bad && strcmp(buf_text(&was), buf_text(&is)) != 0)
		bad = put(p, d->item, buf_text(&is));
	buf_free(&was);
	buf_free(&is);
	free(new);
	return bad;
}

static int place_files(const struct plan *p)
{
	static const enum conf_key keys[] = { CONF_CDROM, CONF_KERNEL, CONF_INITRD };
	int bad = 0;

	for (size_t i = 0; !bad && i < p->from->disks->n; i++)
		if (!p->from->disks->list[i].cdrom)
			bad = place_disk(p, &p->from->disks->list[i]);
	for (size_t i = 0; !bad && i < sizeof(keys) / sizeof(*keys); i++)
		bad = place_file(p, conf_item(p->from->conf, keys[i], 0));
	return bad;
}

/* The cfg-file; what it names is QEMU's business. */
static int place_raw(const struct plan *p)
{
	const struct conf *conf = p->from->conf;
	char path[PATH_MAX], name[CONF_NAME_MAX + 16];
	struct buf raw = { 0 };
	struct err e;
	int bad = 0;

	if (reg_raw_file(conf->dir, conf->name, path, sizeof(path)) < 0 || access(path, F_OK) < 0)
		return 0;
	fmt(name, sizeof(name), "%s-qemu.cfg", p->from->name);
	if (file_read(AT_FDCWD, path, CONF_FILE_MAX, &raw, &e) == 0 && text_find(buf_text(&raw), raw.n, p->dir, strlen(p->dir)))
		buf_fmt(p->notes, "%s: names files in %s, which both then use\n", path, p->dir);
	if (!add(p, path, name))
		bad = -1;
	buf_free(&raw);
	return bad;
}

/* What only one of two can have is the original's; default.rc's is nobody's own. */
static int give_up(const struct plan *p, const struct conf_item *item, const char *value, const char *what)
{
	char key[CONF_KEY_ROOM];

	if (!item || item->file != p->from->conf->file)
		return 0;
	conf_key_name(item->key, item->number, key);
	buf_fmt(p->notes, "%s: %s stays with %s alone\n", key, what, p->from->conf->name);
	return put(p, item, value);
}

static int part_nic(const struct plan *p, const struct conf_item *item)
{
	struct buf kept = { 0 }, gone = { 0 };

	for (const char *s = item->value, *end; *s; s = end + (*end == ',')) {
		end = s + strcspn(s, ",");
		struct buf *to = text_begins(s, "mac=") || text_begins(s, "hostfwd=") ? &gone : &kept;
		buf_fmt(to, "%s%.*s", to->n ? "," : "", (int)(end - s), s);
	}
	int bad = gone.n ? give_up(p, item, buf_text(&kept), buf_text(&gone)) : 0;
	buf_free(&kept);
	buf_free(&gone);
	return bad;
}

static int part_ways(const struct plan *p)
{
	const struct conf *conf = p->from->conf;
	const struct conf_item *port = conf_item(conf, CONF_MONPORT, 0), *display = conf_item(conf, CONF_DISPLAY, 0), *nic = NULL;
	int bad = give_up(p, port, "", port ? port->value : "");

	if (!bad && display && text_begins(display->value, "vnc:"))
		bad = give_up(p, display, "vnc", display->value);
	while (!bad && (nic = conf_next(conf, CONF_NIC, nic)))
		bad = part_nic(p, nic);
	return bad;
}

int clone_plan(struct clone *c, const struct clone_from *from, struct buf *text, struct buf *notes, struct err *e)
{
	struct plan p = { .c = c, .from = from, .text = text, .notes = notes, .e = e };

	if (file_real(from->conf->dir, p.dir, sizeof(p.dir)) < 0)
		return err_sys(e, "%s", from->conf->dir);
	if (edit_pair(text, "NAME", from->name, e) < 0 || place_files(&p) < 0 || place_raw(&p) < 0 || part_ways(&p) < 0)
		return -1;
	for (size_t i = 0; i < c->n; i++)
		if (c->list[i].linked)
			buf_fmt(notes, "%s: nobody may write it from now on, %s neither (its start wants -x)\n",
				c->list[i].from, from->conf->name);
	return notes->bad ? no_memory(e) : 0;
}

/* Notes a path that is there now. */
static int made(struct clone *c, const char *path, struct err *e)
{
	buf_add(&c->made, path, strlen(path) + 1);
	return c->made.bad ? no_memory(e) : 0;
}

/* The folders that lead to the file. */
static int make_way(struct clone *c, const char *path, struct err *e)
{
	char dir[PATH_MAX];

	if (fmt(dir, sizeof(dir), "%.*s", (int)(strrchr(path, '/') - path), path) >= PATH_MAX)
		return err_set(e, "%s: too long a path", path);
	return file_mkdirs(dir, 0755, &c->made) < 0 ? err_sys(e, "%s", dir) : 0;
}

/* A block device has no mode that would keep its users off. The file stays open, so that it is this one that is given back. */
static int freeze(struct clone_file *f, struct err *e)
{
	char real[PATH_MAX];
	struct stat st;

	f->fd = file_open(AT_FDCWD, f->from);
	if (f->fd < 0 || fstat(f->fd, &st) < 0 || file_real_fd(f->fd, real, sizeof(real)) < 0)
		return err_sys(e, "%s", f->from);
	if (strcmp(real, f->from) != 0)
		return err_set(e, "%s: became a link meanwhile", f->from);
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0222))
		return 0;
	if (fchmod(f->fd, st.st_mode & 07555) < 0 && errno != EROFS)
		return err_sys(e, "%s: to be read-only", f->from);
	f->mode = st.st_mode & 07777;
	return 0;
}

int clone_make(struct clone *c, const struct copy_watch *w, struct err *e)
{
	struct stat st;

	for (size_t i = 0; i < c->n; i++)
		if (lstat(c->list[i].to, &st) == 0)
			return err_set(e, "%s: is there already (remove it, or another -d)", c->list[i].to);
	for (size_t i = 0; i < c->n; i++) {
		const struct clone_file *f = &c->list[i];
		int bad = make_way(c, f->to, e);
		if (!bad)
			bad = f->linked ? disk_stack(f->to, f->size, f->from, f->format, e) : copy_file(f->from, f->to, w, e);
		if (bad || made(c, f->to, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < c->n; i++)
		if (c->list[i].linked && freeze(&c->list[i], e) < 0)
			return -1;
	return 0;
}

void clone_undo(struct clone *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->list[i].mode)
			fchmod(c->list[i].fd, c->list[i].mode);
	for (size_t end = c->made.n; end;) {
		size_t at = end - 1;
		while (at && c->made.s[at - 1])
			at--;
		if (unlink(c->made.s + at) < 0)
			rmdir(c->made.s + at);
		end = at;
	}
	buf_clear(&c->made);
}

void clone_free(struct clone *c)
{
	for (size_t i = 0; i < c->n; i++) {
		fd_close(&c->list[i].fd);
		free(c->list[i].from);
		free(c->list[i].to);
	}
	free(c->list);
	buf_free(&c->made);
	*c = (struct clone){ 0 };
}
