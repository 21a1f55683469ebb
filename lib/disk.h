/* SPDX-License-Identifier: 0BSD */
/* Everything that a VM's DISKn and CDROM name, opened: images, their backing chains, throw-away overlays. */
#ifndef DISK_H
#define DISK_H

#include "buf.h"
#include "conf.h"
#include "err.h"
#include "spec.h"

#include <stdint.h>
#include <sys/stat.h>

enum { DISK_LEVELS = 16 };

/* One file of a chain. */
struct disk_node {
	int fd;			/* close-on-exec, blocking; -1 after disks_name and disks_close */
	char *path;		/* absolute */
	enum spec_format format;
	int writable;		/* the fd is O_RDWR, else O_RDONLY */
	int block;		/* a block device: QEMU wants the driver host_device, not file */
	int64_t size;		/* virtual, in bytes; 0 when it could not be read */
	dev_t dev;		/* which file it is; for a block device, dev is the device's number and ino 0 */
	ino_t ino;
};

struct disk {
	const struct conf_item *item;	/* the conf's */
	int number;			/* n of DISKn, 0 for the CDROM */
	int cdrom;			/* spec is then FILE, raw, ro, if=ide */
	struct spec_disk spec;
	struct disk_node *node;		/* [0] is FILE, each is backed by the next, the last has no backing */
	size_t nodes;			/* at least 1 after a success */
	int throw_away;			/* writes go to an overlay: `snapshot`, or -x and not `ro` */
	int overlay;			/* its fd, O_RDWR, an empty qcow2 of node[0]'s size; -1 for none */
};

/* Zeroed is empty. In the order of the numbers, the CDROM last. */
struct disks {
	struct disk *list;
	size_t n;
};

struct disk_rules {
	int throw_away;			/* -x */
	const char *const *temp;	/* folders to try for overlays, NULL behind the last; then memory serves */
	/* Whether a file that only an image's header names belongs to a registered VM: 1 and what it is ("DISK1 of db"),
	 * else 0. NULL: none does. This VM's own files are known without it. */
	int (*taken)(void *arg, const struct stat *st, char *what, size_t room);
	void *arg;
};

/* Opens all. A backing file that a header names counts if it is one of the rc-file's backing=, or lies beneath the VM's
 * folder with no link on the way, is nobody's disk or configuration, and its format stands in the header, too.
 * 0; -1 and err with the line of the first that fails ("FILE:LINE: DISK1: /path: why"). Free it in either case, before
 * the conf. */
int disks_open(struct disks *d, const struct conf *c, const struct disk_rules *r, struct err *e);
/* The same list and chains for people to read: opened read-only, closed again, no overlay. What is missing or refused
 * ends its chain and is a line in `warnings`; node[0] is there all the same. -1 and err only when memory ran out. */
int disks_name(struct disks *d, const struct conf *c, const struct disk_rules *r, struct buf *warnings, struct err *e);
/* What a file is by its first bytes: 1 a qcow2 image, 0 another, -1 none. */
int disk_is_qcow2(const char *path);
/* Whether an image that is to be written may be: 0; -1 and err for a regular file whose mode lets nobody, be it root. */
int disk_may_write(const char *path, const struct stat *st, struct err *e);
/* Writes a new image without content, of that virtual size, on the one at `base` (an absolute path). 0; -1 and err, also when
 * the file is there already. */
int disk_stack(const char *path, int64_t size, const char *base, enum spec_format format, struct err *e);
/* Closes the descriptors, keeps the rest: QEMU's image locks live as long as any copy. */
void disks_close(struct disks *d);
void disks_free(struct disks *d);

#endif
