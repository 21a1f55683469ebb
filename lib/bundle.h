/* SPDX-License-Identifier: 0BSD */
/* The crash bundle: what is known of a run that ended badly, in one small folder of the run directory. */
#ifndef BUNDLE_H
#define BUNDLE_H

#include "err.h"

#include <stddef.h>

#define BUNDLE_DIR "crash"
enum { BUNDLE_TAIL = 64 * 1024 }; /* of a log */

/* One piece: bytes, or the tail of a file of the run directory. */
struct bundle_part {
	const char *name;
	const char *file;	/* NULL: the bytes */
	const char *bytes;
	size_t n;
};

/* Makes the folder anew with n parts. A part that is not there is left out. 0; -1 and err. */
int bundle_write(int dir, const struct bundle_part *parts, size_t n, struct err *e);
/* Removes the folder. */
void bundle_remove(int dir);

#endif
