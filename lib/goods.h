/* SPDX-License-Identifier: 0BSD */
/* The files of a VM: those that its configuration names, and which of them are its alone. A list of files has a NUL behind
 * each path. */
#ifndef GOODS_H
#define GOODS_H

#include "buf.h"
#include "disk.h"
#include "err.h"
#include "host.h"
#include "target.h"

#include <limits.h>

/* The path behind this one in a list, or the first; NULL: no more. */
const char *goods_next(const struct buf *files, const char *last);
/* Appends each file that is there, by its path without links: what the keys name, the images below its disks (which are put in
 * `disks`: free them), its rc- and cfg-file. What is not there is a line in `warnings`. 0; -1 and err. */
int goods_named(const struct target *t, struct disks *disks, struct buf *files, struct buf *warnings, struct err *e);
/* Appends those of them that are beneath the VM's folder, whose path without links is put in `dir`. 0; -1 and err, also when one
 * is in use, or another registered VM needs it, or may: on doubt it is not this one's alone. */
int goods_own(const struct host *h, const struct target *t, char dir[PATH_MAX], struct buf *files, struct err *e);

#endif
