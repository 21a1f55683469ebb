/* SPDX-License-Identifier: 0BSD */
/* Everything that a VM's DISKn and CDROM name, opened: images, their backing chains, throw-away overlays. */
#include "disk.h"

#include "busy.h"
#include "fd.h"
#include "file.h"
#include "fmt.h"
#include "guard.h"
#include "qcow2.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What every step needs. */
struct job {
	const struct conf *conf;
	const struct disk_rules *rules;
	const struct disks *all;
	struct buf *warnings;	/* NULL: opened for QEMU; else only looked at */
};

enum { OPEN_FLAGS = O_CLOEXEC | O_NOCTTY | O_NONBLOCK }; /* a FIFO that appears after the stat must not hang us */

static int no_memory(struct err *e)
{
	errno = ENOMEM;
	return err_sys(e, "disks");
}

/* Puts the image, and which backing file of it, before the text; paths are longer than err_at's places. */
static int at_image(struct err *e, const char *image, const char *backing)
{
	char why[sizeof(e->text)];

	strcpy(why, e->text);
	if (backing)
		return err_code(e, e->code, "%s: backing file %s: %s", image, backing, why);
	return err_code(e, e->code, "%s: %s", image, why);
}

static void identify(struct disk_node *n, const struct stat *st)
{
	n->block = S_ISBLK(st->st_mode);
	n->dev = n->block ? st->st_rdev : st->st_dev;
	n->ino = n->block ? 0 : st->st_ino;
}

static int is_same(const struct disk_node *a, const struct disk_node *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

/* NULL for what can be an image. */
static const char *why_no_image(mode_t mode)
{
	static const struct { mode_t kind; const char *name; } kinds[] = {
		{ S_IFDIR, "a directory" }, { S_IFCHR, "a character device" }, { S_IFIFO, "a FIFO" },
		{ S_IFSOCK, "a socket" }, { S_IFLNK, "a link" },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if ((mode & S_IFMT) == kinds[i].kind)
			return kinds[i].name;
	return NULL;
}

/* Reads what is open: kind, identity, size in bytes. */
static int fill(struct disk_node *n, struct stat *st, struct err *e)
{
	int flags = fcntl(n->fd, F_GETFL);

	if (flags < 0 || fcntl(n->fd, F_SETFL, flags & ~O_NONBLOCK) < 0 || fstat(n->fd, st) < 0)
		return err_sys(e, "%s", n->path);
	const char *why = why_no_image(st->st_mode);
	if (why)
		return err_set(e, "%s: %s, not a file or block device", n->path, why);
	identify(n, st);
	off_t end = lseek(n->fd, 0, SEEK_END); /* a block device's size, too */
	if (end < 0 || lseek(n->fd, 0, SEEK_SET) < 0)
		return err_sys(e, "%s", n->path);
	n->size = end;
	return 0;
}

static int open_failed(const struct disk_node *n, const struct stat *st, int flags, struct err *e)
{
	char why[512];

	if (errno != EBUSY || !(flags & O_EXCL))
		return err_sys(e, "%s", n->path);
	busy_why(st->st_rdev, why, sizeof(why));
	return err_set(e, "%s: %s (`ro` or `force` allows it)", n->path, why);
}

int disk_is_qcow2(const char *path)
{
	unsigned char head[QCOW2_MARK];
	int fd = file_open(AT_FDCWD, path), is = fd < 0 ? -1 : fd_read(fd, head, sizeof(head)) == sizeof(head) && qcow2_is(head);

	fd_close(&fd);
	return is;
}

int disk_may_write(const char *path, const struct stat *st, struct err *e)
{
	if (!S_ISREG(st->st_mode) || st->st_mode & 0222)
		return 0;
	return err_set(e, "%s: its mode lets nobody write it, as that of a disk with linked clones (-x: throw the writes away; "
		"chmod u+w when it has none)", path);
}

/* A FILE that the rc-file itself names: any place, links allowed. O_EXCL on a block device is the kernel's own answer
 * to "mounted, swap, part of something": it knows all namespaces, and keeps others off while QEMU has it. */
static int open_user(const struct job *j, const char *file, int force, struct disk_node *n, struct err *e)
{
	char path[PATH_MAX];
	struct stat st;
	int flags = OPEN_FLAGS | (n->writable && !j->warnings ? O_RDWR : O_RDONLY);

	if (conf_path(j->conf, file, path, sizeof(path)) < 0)
		return err_set(e, "%s: path too long", file);
	n->path = strdup(path);
	if (!n->path)
		return no_memory(e);
	if (stat(path, &st) < 0)
		return file_lacks(path, e);
	const char *why = why_no_image(st.st_mode);
	if (why)
		return err_set(e, "%s: %s, not a file or block device", path, why);
	if ((flags & O_ACCMODE) == O_RDWR && disk_may_write(path, &st, e) < 0)
		return -1;
	identify(n, &st);
	if (n->block && (flags & O_ACCMODE) == O_RDWR && !force)
		flags |= O_EXCL;
	n->fd = open(path, flags);
	if (n->fd < 0)
		return open_failed(n, &st, flags, e);
	return fill(n, &st, e);
}

/* Resolves ".", ".." and "//" by the letters alone, in place; s is absolute, "/" becomes "". */
static void tidy(char *s)
{
	char *to = s;

	for (const char *from = s; *from; ) {
		while (*from == '/')
			from++;
		size_t n = strcspn(from, "/");
		if (n == 2 && from[0] == '.' && from[1] == '.') {
			while (to > s && *--to != '/')
				;
		} else if (n && !(n == 1 && *from == '.')) {
			*to++ = '/';
			memmove(to, from, n);
			to += n;
		}
		from += n;
	}
	*to = '\0';
}

/* The header's name as an absolute path; a relative one is in the image's folder. */
static int name_path(const char *image, const char *name, char *path, size_t room)
{
	const char *slash = strrchr(image, '/');
	int dir = *name != '/' && slash ? (int)(slash - image) + 1 : 0;

	return fmt(path, room, "%.*s%s", dir, image, name) < (int)room ? 0 : -1;
}

/* Whether it has no `json:` or `PROTO:` before it, as QEMU would see it. */
static int is_plain(const char *name)
{
	size_t n = strcspn(name, ":/");

	return name[n] != ':';
}

/* The backing= of the rc-file that is this file, NULL when none is. */
static const char *listed(const struct job *j, const struct disk *d, const char *path)
{
	struct stat named, st;
	char own[PATH_MAX];

	if (!d->spec.backings || stat(path, &named) < 0)
		return NULL;
	for (size_t i = 0; i < d->spec.backings; i++)
		if (conf_path(j->conf, d->spec.backing[i], own, sizeof(own)) == 0 && stat(own, &st) == 0 &&
			st.st_dev == named.st_dev && st.st_ino == named.st_ino)
			return d->spec.backing[i];
	return NULL;
}

static int is_file(const struct stat *st, const char *dir, const char *suffix, const char *name)
{
	char path[PATH_MAX];
	struct stat own;

	if (fmt(path, sizeof(path), "%s/%s%s", dir, name, suffix) >= (int)sizeof(path))
		return 0;
	return stat(path, &own) == 0 && own.st_dev == st->st_dev && own.st_ino == st->st_ino;
}

/* Whether the file is one of this VM's own DISKn or configuration: they count for a VM that is not registered, too. */
static int is_ours(const struct job *j, const struct stat *st, char *what, size_t room)
{
	static const char *const suffixes[] = { "-qemu.rc", "-qemud.rc", "-qemu.cfg" };
	const struct conf *c = j->conf;
	struct stat own;
	char path[PATH_MAX];

	for (size_t i = 0; i < j->all->n; i++) {
		const struct disk *d = &j->all->list[i];
		if (d->cdrom || conf_path(c, d->spec.file, path, sizeof(path)) < 0 || stat(path, &own) < 0)
			continue;
		if (own.st_dev == st->st_dev && own.st_ino == st->st_ino)
			return fmt(what, room, "DISK%d of this VM", d->number);
	}
	int config = c->file && stat(c->file, &own) == 0 && own.st_dev == st->st_dev && own.st_ino == st->st_ino;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes) && !config; i++)
		config = is_file(st, c->dir, suffixes[i], c->name);
	return config ? fmt(what, room, "this VM's configuration") : 0;
}

static int no_backing(struct err *e)
{
	return errno == ENOENT ? err_set(e, "no such file or directory (bring it back, or qemu-img rebase -u)") : err_sys(e, "open");
}

/* Opens a regular file that lies beneath dir with no link on the way: what is opened is what was judged. */
static int open_beneath(const char *dir, const char *below, struct err *e)
{
	struct stat st;
	const char *base;
	int fd = -1, at = file_way(*dir ? dir : "/", below, &base);

	if (at < 0)
		return errno == ENOTDIR ? err_set(e, "a link, or no folder, on the way") : no_backing(e);
	if (fstatat(at, base, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		no_backing(e);
	} else if (!S_ISREG(st.st_mode)) {
		const char *why = why_no_image(st.st_mode);
		err_set(e, "%s, not a regular file", why ? why : "a block device");
	} else {
		fd = openat(at, base, OPEN_FLAGS | O_RDONLY | O_NOFOLLOW);
		if (fd < 0)
			err_sys(e, "open");
	}
	fd_close(&at);
	return fd;
}

/* Opens what only a header names; path is tidy. */
static int open_named(const struct job *j, const char *path, struct disk_node *n, struct err *e)
{
	char dir[PATH_MAX], what[256];
	struct stat st;

	if (text_copy(dir, sizeof(dir), j->conf->dir) < 0)
		return err_set(e, "path too long");
	tidy(dir);
	size_t len = strlen(dir);
	if (!text_begins(path, dir) || path[len] != '/')
		return err_set(e, "outside the VM's folder (backing=FILE allows it)");
	n->fd = open_beneath(dir, path + len + 1, e);
	if (n->fd < 0)
		return -1;
	n->path = strdup(path);
	if (!n->path)
		return no_memory(e);
	if (fill(n, &st, e) < 0)
		return -1;
	if (!S_ISREG(st.st_mode))
		return err_set(e, "not a regular file");
	if (is_ours(j, &st, what, sizeof(what)) ||
		(j->rules->taken && j->rules->taken(j->rules->arg, &st, what, sizeof(what))))
		return err_set(e, "it is %s (backing=FILE allows it)", what);
	return 0;
}

/* The format that the header gives; without one, that of an rc-file's FILE by its ending. */
static int backing_format(const struct qcow2 *q, const char *own, enum spec_format *format, struct err *e)
{
	if (!*q->format && own)
		*format = text_ends(own, ".qcow2") ? FORMAT_QCOW2 : FORMAT_RAW;
	else if (!*q->format)
		return err_set(e, "the header does not say its format (qemu-img rebase -u -F FORMAT)");
	else if (strcmp(q->format, spec_format_name(FORMAT_RAW)) == 0)
		*format = FORMAT_RAW;
	else if (strcmp(q->format, spec_format_name(FORMAT_QCOW2)) == 0)
		*format = FORMAT_QCOW2;
	else
		return err_set(e, "its format is %s, neither raw nor qcow2 (qemu-img convert)", q->format);
	return 0;
}

static int is_twice(const struct disk *d, const struct disk_node *n)
{
	for (size_t i = 0; i < d->nodes; i++)
		if (is_same(&d->node[i], n))
			return 1;
	return 0;
}

/* Opens the backing file that the image's header names; err says only why. */
static int open_backing(const struct job *j, const struct disk *d, const struct qcow2 *q, struct disk_node *n,
	struct err *e)
{
	char path[PATH_MAX];
	struct stat st;

	if (!is_plain(q->backing))
		return err_set(e, "not a plain path (qemu-img rebase -u)");
	if (name_path(d->node[d->nodes - 1].path, q->backing, path, sizeof(path)) < 0)
		return err_set(e, "path too long");
	const char *own = guarded(GUARD_BACKING) ? listed(j, d, path) : path;
	if (backing_format(q, own, &n->format, e) < 0)
		return -1;
	tidy(path);
	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		identify(n, &st); /* a ring is called one, even though it is also "DISK1 of this VM" */
		if (is_twice(d, n))
			return err_set(e, "twice in the chain (qemu-img rebase -u)");
	}
	if ((own ? open_user(j, own, 0, n, e) : open_named(j, path, n, e)) < 0)
		return -1;
	return is_twice(d, n) ? err_set(e, "twice in the chain (qemu-img rebase -u)") : 0;
}

static int read_header(struct disk_node *n, struct qcow2 *q, struct err *e)
{
	struct buf head = { 0 };
	ssize_t got = -1;

	if (buf_room(&head, QCOW2_HEAD))
		do
			got = pread(n->fd, head.s, QCOW2_HEAD, 0);
		while (got < 0 && errno == EINTR);
	int bad = got < 0 ? err_sys(e, "read") : qcow2_read(head.s, (size_t)got, q, e);
	buf_free(&head);
	if (!bad && q->external)
		bad = err_set(e, "its data is in another file (qemu-img convert)");
	if (!bad && q->encrypted)
		bad = err_set(e, "it is encrypted (qemu-img convert)");
	n->size = bad ? 0 : q->size;
	return bad ? at_image(e, n->path, NULL) : 0;
}

static struct disk_node *add_node(struct disk *d)
{
	struct disk_node *list = realloc(d->node, (d->nodes + 1) * sizeof(*list));

	if (!list)
		return NULL;
	d->node = list;
	list[d->nodes] = (struct disk_node){ .fd = -1 };
	return &list[d->nodes];
}

static void free_node(struct disk_node *n)
{
	fd_close(&n->fd);
	free(n->path);
	n->path = NULL;
}

/* Follows the chain from FILE to its base. */
static int open_chain(const struct job *j, struct disk *d, struct err *e)
{
	struct qcow2 q = { 0 };

	while (d->node[d->nodes - 1].format == FORMAT_QCOW2) {
		struct disk_node *n = &d->node[d->nodes - 1];
		if (read_header(n, &q, e) < 0)
			return -1;
		if (!*q.backing)
			return 0;
		if (d->nodes == DISK_LEVELS)
			return err_set(e, "%s: more than %d images in the chain (qemu-img commit)", n->path, DISK_LEVELS);
		n = add_node(d);
		if (!n)
			return no_memory(e);
		if (open_backing(j, d, &q, n, e) < 0) {
			free_node(n);
			return at_image(e, d->node[d->nodes - 1].path, q.backing);
		}
		d->nodes++;
	}
	return 0;
}

static int put(int fd, const void *bytes, size_t n, off_t at)
{
	return pwrite(fd, bytes, n, at) == (ssize_t)n ? 0 : -1;
}

static int write_empty(int fd, const struct qcow2_empty *q)
{
	if (ftruncate(fd, q->length) < 0)
		return -1;
	return put(fd, q->header, sizeof(q->header), 0) | put(fd, q->table, sizeof(q->table), QCOW2_TABLE_AT) |
		put(fd, q->counts, sizeof(q->counts), QCOW2_COUNTS_AT);
}

/* An unnamed file where one can be written, else memory. */
static int open_overlay(const struct disk_rules *r, int64_t size, struct err *e)
{
	struct qcow2_empty image;

	if (qcow2_empty(size, &image, e) < 0)
		return -1;
	for (const char *const *dir = r->temp; dir && *dir; dir++) {
		int fd = open(*dir, O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
		if (fd >= 0 && write_empty(fd, &image) == 0)
			return fd;
		fd_close(&fd);
	}
	int fd = fd_memory("overlay");
	if (fd >= 0 && write_empty(fd, &image) == 0)
		return fd;
	err_sys(e, "throw-away disk");
	fd_close(&fd);
	return -1;
}

/* A file that one disk writes may not be in another's chain. */
static int is_shared(const struct job *j, const struct disk *d, struct err *e)
{
	for (const struct disk *other = j->all->list; other < d; other++)
		for (size_t i = 0; i < d->nodes; i++)
			for (size_t k = 0; k < other->nodes; k++) {
				const struct disk_node *a = &d->node[i], *b = &other->node[k];
				if (a->path && b->path && is_same(a, b) && (a->writable || b->writable) && (a->dev || a->ino))
					return err_set(e, "%s: also in the chain of DISK%d, and not `ro` in both", a->path,
						other->number);
			}
	return 0;
}

static int open_disk(const struct job *j, struct disk *d, struct err *e)
{
	struct disk_node *n = add_node(d);

	if (!n)
		return no_memory(e);
	d->nodes = 1;
	n->format = d->spec.format;
	n->writable = !d->spec.ro && !d->throw_away;
	if (open_user(j, d->spec.file, d->spec.force, n, e) < 0 || open_chain(j, d, e) < 0 || is_shared(j, d, e) < 0)
		return -1;
	if (!d->throw_away || j->warnings)
		return 0;
	d->overlay = open_overlay(j->rules, d->node[0].size, e);
	return d->overlay < 0 ? -1 : 0;
}

static int read_spec(struct disk *d, const struct disk_rules *r, struct err *e)
{
	if (!d->cdrom && spec_disk(&d->spec, d->item->value, e) < 0)
		return conf_at(e, d->item);
	if (d->cdrom) {
		d->spec.text = strdup(d->item->value);
		if (!d->spec.text)
			return no_memory(e);
		d->spec.file = d->spec.text;
		d->spec.bus = BUS_IDE;
		d->spec.format = FORMAT_RAW;
		d->spec.ro = 1;
	}
	d->throw_away = !d->spec.ro && (d->spec.snapshot || r->throw_away);
	return 0;
}

/* The list with all specs read; nothing is opened yet. */
static int read_list(struct disks *all, const struct conf *c, const struct disk_rules *r, struct err *e)
{
	const struct conf_item *cdrom = conf_item(c, CONF_CDROM, 0), *item = NULL;
	size_t room = cdrom ? 1 : 0;

	while ((item = conf_next(c, CONF_DISK, item)))
		room++;
	*all = (struct disks){ .list = calloc(room + 1, sizeof(*all->list)) };
	if (!all->list)
		return no_memory(e);
	while (all->n < room) {
		item = all->n + 1 == room && cdrom ? cdrom : conf_next(c, CONF_DISK, item);
		struct disk *d = &all->list[all->n++];
		*d = (struct disk){ .item = item, .number = item->number, .cdrom = item == cdrom, .overlay = -1 };
		if (read_spec(d, r, e) < 0)
			return -1;
	}
	return 0;
}

int disks_open(struct disks *all, const struct conf *c, const struct disk_rules *r, struct err *e)
{
	const struct job j = { .conf = c, .rules = r, .all = all };

	if (read_list(all, c, r, e) < 0)
		return -1;
	for (size_t i = 0; i < all->n; i++)
		if (open_disk(&j, &all->list[i], e) < 0)
			return conf_at(e, all->list[i].item);
	return 0;
}

int disks_name(struct disks *all, const struct conf *c, const struct disk_rules *r, struct buf *warnings, struct err *e)
{
	const struct job j = { .conf = c, .rules = r, .all = all, .warnings = warnings };
	struct err why;

	if (read_list(all, c, r, e) < 0)
		return -1;
	for (size_t i = 0; i < all->n; i++) {
		struct disk *d = &all->list[i];
		if (open_disk(&j, d, &why) < 0) {
			if (!d->nodes || !d->node[0].path)
				return *e = why, -1;
			conf_at(&why, d->item);
			buf_fmt(warnings, "%s\n", why.text);
		}
	}
	disks_close(all);
	return 0;
}

int disk_stack(const char *path, int64_t size, const char *base, enum spec_format format, struct err *e)
{
	struct qcow2_empty image;

	if (qcow2_empty(size, &image, e) < 0 || qcow2_back(&image, base, spec_format_name(format), e) < 0)
		return -1;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int bad = fd < 0 || write_empty(fd, &image) < 0 || fsync(fd) < 0 ? err_sys(e, "%s", path) : 0;
	if (bad && fd >= 0)
		unlink(path);
	fd_close(&fd);
	return bad;
}

void disks_close(struct disks *all)
{
	for (size_t i = 0; i < all->n; i++) {
		struct disk *d = &all->list[i];
		fd_close(&d->overlay);
		for (size_t k = 0; k < d->nodes; k++)
			fd_close(&d->node[k].fd);
	}
}

void disks_free(struct disks *all)
{
	disks_close(all);
	for (size_t i = 0; i < all->n; i++) {
		struct disk *d = &all->list[i];
		for (size_t k = 0; k < d->nodes; k++)
			free_node(&d->node[k]);
		free(d->node);
		spec_disk_free(&d->spec);
	}
	free(all->list);
	*all = (struct disks){ 0 };
}
