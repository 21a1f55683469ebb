/* SPDX-License-Identifier: 0BSD */
/* What a qcow2 header says, and an empty qcow2 image: pure, bytes in, struct out. */
#ifndef QCOW2_H
#define QCOW2_H

#include "err.h"

#include <stddef.h>
#include <stdint.h>

enum {
	QCOW2_HEAD = 64 << 10,		/* so many first bytes of a file suffice; a shorter file is given whole */
	QCOW2_NAME_MAX = 1023,		/* bytes of a backing file's name */
	QCOW2_FORMAT_MAX = 31,
};

struct qcow2 {
	int64_t size;				/* virtual, in bytes */
	char backing[QCOW2_NAME_MAX + 1];	/* "" for none; as it stands there, to be trusted with nothing */
	char format[QCOW2_FORMAT_MAX + 1];	/* of the backing file; "" when the header does not say */
	int external;				/* the guest's data is in another file */
	int encrypted;
};

enum { QCOW2_MARK = 4 };
/* Whether an image that begins with these bytes is called qcow2 by who looks at the content. */
int qcow2_is(const unsigned char bytes[QCOW2_MARK]);
/* Reads the first n bytes of an image, version 2 or 3. 0; -1 and err ("not a qcow2 image", no name in it) for
 * whatever the format forbids, and for a header that does not end within QCOW2_HEAD. */
int qcow2_read(const void *bytes, size_t n, struct qcow2 *q, struct err *e);

enum {
	QCOW2_CLUSTER = 64 << 10,
	QCOW2_CLUSTERS_MAX = 3 + 512,		/* QEMU's limit: an L1 table of 32 MiB */
	QCOW2_TABLE_AT = QCOW2_CLUSTER,
	QCOW2_COUNTS_AT = 2 * QCOW2_CLUSTER,
};

/* An image without content: these pieces at these places, all else up to length is zeros. */
struct qcow2_empty {
	unsigned char header[128 + QCOW2_NAME_MAX + 1];	/* at 0 */
	unsigned char table[8];			/* at QCOW2_TABLE_AT: the one refcount block's place */
	unsigned char counts[2 * QCOW2_CLUSTERS_MAX]; /* at QCOW2_COUNTS_AT */
	int64_t length;				/* of the file */
};

/* For a virtual size in bytes, rounded up to a multiple of 512. 0; -1 and err when it is negative or over 2 PiB. */
int qcow2_empty(int64_t size, struct qcow2_empty *image, struct err *e);
/* Makes it an image on another: the name and format of that one go into its header. 0; -1 and err: too long a name. */
int qcow2_back(struct qcow2_empty *image, const char *name, const char *format, struct err *e);

#endif
