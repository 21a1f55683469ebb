/* SPDX-License-Identifier: 0BSD */
/* A copy of a VM: which of its files are copied, which are built on and which shared, and what its rc-file then says. */
#ifndef CLONE_H
#define CLONE_H

#include "buf.h"
#include "conf.h"
#include "copy.h"
#include "disk.h"
#include "err.h"

#include <stdint.h>
#include <sys/types.h>

/* One file to make. */
struct clone_file {
	char *from, *to;	/* absolute */
	int linked;		/* an empty image on `from`, which nobody may write from then on; else a copy */
	enum spec_format format; /* of `from` */
	int64_t size;
	mode_t mode;		/* what `from` had, once it is read-only; else 0 */
	int fd;			/* `from`, once it is; else -1 */
};

/* Zeroed is empty. */
struct clone {
	struct clone_file *list;
	size_t n, room;
	struct buf made;	/* paths, a NUL behind each, in their order */
};

struct clone_from {
	const struct conf *conf;	/* the original, stopped and held */
	const struct disks *disks;	/* its disks_name */
	const char *name, *dir;		/* of the new one: dir is absolute, without links */
	int linked;
};

/* Lists the files, and turns the original's rc-file `text` into the new one's: NAME, where files are, and without what only
 * one of two VMs can have (MONPORT, a TCP port of DISPLAY, mac= and hostfwd=). Each thing that the user would not expect is a
 * line in `notes`. Nothing is written. 0; -1 and err, with the rc-file's line where there is one. Free it in either case. */
int clone_plan(struct clone *c, const struct clone_from *from, struct buf *text, struct buf *notes, struct err *e);
/* Makes the files, in folders that it makes where they are missing. 0; -1 and err: clone_undo then. */
int clone_make(struct clone *c, const struct copy_watch *w, struct err *e);
/* Takes back what clone_make did, and all else that is in `made`. */
void clone_undo(struct clone *c);
void clone_free(struct clone *c);

#endif
