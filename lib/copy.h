/* SPDX-License-Identifier: 0BSD */
/* A copy of a large file: by reference where the file system can, else its data alone, so that holes stay holes. */
#ifndef COPY_H
#define COPY_H

#include "err.h"

#include <stdint.h>

/* Told about every few megabytes how much of the file is done, at the end that all is. Anything but 0 ends the copying. */
struct copy_watch {
	int (*told)(void *arg, const char *path, int64_t done, int64_t size);
	void *arg;
};

/* Copies a regular file, with its mode (and the right to write it), to one that must not be there; it is on the disk when
 * this returns. w may be NULL. 0; -1 and err, and nothing is left. */
int copy_file(const char *from, const char *to, const struct copy_watch *w, struct err *e);

#endif
