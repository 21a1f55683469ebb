/* SPDX-License-Identifier: 0BSD */
/* From QEMU's command line, or the ancestor's rc- and cfg-file, to an rc-file and a cfg-file of ours: pure, no file is touched. */
#ifndef IMPORT_H
#define IMPORT_H

#include "buf.h"
#include "conf.h"
#include "err.h"

struct import_from {
	const char *text;	/* n bytes of anything */
	size_t n;
	const char *file;	/* what messages call it */
	const char *dir;	/* absolute: where relative file names begin */
	int (*is_qcow2)(const char *path); /* by its content, where QEMU would have looked, too; NULL: nobody looks */
};

/* Zeroed is empty. */
struct import {
	char name[CONF_NAME_MAX + 1];	/* by -name or NAME=, "" for none; it does not stand in `rc` */
	struct buf rc, cfg;
	struct buf notes;		/* each thing that has changed or is not kept, a line */
};

/* A command line as a shell takes it, and what stands before it: what is a key of ours becomes that key, what would fight with
 * what we add is left out, all the rest is in `cfg` as it was. 0; -1 and err ("FILE:LINE: why"), as for what only a shell
 * could know. Free it in either case. */
int import_command(struct import *im, const struct import_from *from, struct err *e);
/* The ancestor's rc-file, comments and all, and its cfg-file (NULL: none), whose options are read as those of a command line. */
int import_rc(struct import *im, const struct import_from *rc, const struct import_from *cfg, struct err *e);
void import_free(struct import *im);

#endif
