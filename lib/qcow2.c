/* SPDX-License-Identifier: 0BSD */
/* What a qcow2 header says, and an empty qcow2 image: pure, bytes in, struct out. */
#include "qcow2.h"

#include <string.h>

/* Where the fields stand: QEMU's docs/interop/qcow2.txt. All numbers are big-endian. */
enum {
	AT_MAGIC = 0, AT_VERSION = 4, AT_BACKING = 8, AT_BACKING_LENGTH = 16, AT_CLUSTER_BITS = 20, AT_SIZE = 24,
	AT_CRYPT = 32, AT_L1_SIZE = 36, AT_L1 = 40, AT_TABLE = 48, AT_TABLE_CLUSTERS = 56, AT_INCOMPATIBLE = 72,
	AT_REFCOUNT_ORDER = 96, AT_HEADER_LENGTH = 100,
	LENGTH_V2 = 72, LENGTH_V3 = 104, AT_NAME = 128,
};
enum { EXTENSION_END = 0, CLUSTER_BITS = 16 };
#define MAGIC 0x514649fbU
#define EXTENSION_FORMAT 0xe2792acaU
#define FEATURE_EXTERNAL 0x4U
#define FEATURES_KNOWN 0x1fU

/* The header as far as it is needed to find the rest. */
struct head {
	const unsigned char *bytes;
	size_t n;
	size_t length;	/* of the header itself; the extensions begin there */
	size_t end;	/* of the extensions: the backing name, or the first cluster's end */
};

static uint32_t get32(const unsigned char *s)
{
	return (uint32_t)s[0] << 24 | (uint32_t)s[1] << 16 | (uint32_t)s[2] << 8 | s[3];
}

static uint64_t get64(const unsigned char *s)
{
	return (uint64_t)get32(s) << 32 | get32(s + 4);
}

static void put32(unsigned char *s, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		s[i] = (unsigned char)(value >> (24 - 8 * i));
}

static void put64(unsigned char *s, uint64_t value)
{
	put32(s, (uint32_t)(value >> 32));
	put32(s + 4, (uint32_t)value);
}

int qcow2_is(const unsigned char bytes[QCOW2_MARK])
{
	return get32(bytes + AT_MAGIC) == MAGIC;
}

static int read_fields(struct head *h, struct qcow2 *q, struct err *e)
{
	const unsigned char *s = h->bytes;

	if (h->n < LENGTH_V2 || !qcow2_is(s))
		return err_set(e, "not a qcow2 image (format=raw?)");
	uint32_t version = get32(s + AT_VERSION);
	if (version != 2 && version != 3)
		return err_set(e, "qcow2 of version %u, not 2 or 3", (unsigned int)version);
	if (version == 3 && h->n < LENGTH_V3)
		return err_set(e, "qcow2 header is cut short");
	uint32_t bits = get32(s + AT_CLUSTER_BITS);
	if (bits < 9 || bits > 21)
		return err_set(e, "qcow2 header is wrong: clusters of 2^%u bytes", (unsigned int)bits);
	if (get64(s + AT_SIZE) > INT64_MAX)
		return err_set(e, "qcow2 header is wrong: the size is too large");
	q->size = (int64_t)get64(s + AT_SIZE);
	q->encrypted = get32(s + AT_CRYPT) != 0;
	h->length = version == 3 ? get32(s + AT_HEADER_LENGTH) : LENGTH_V2;
	h->end = (size_t)1 << bits;
	if (h->end > h->n)
		h->end = h->n;
	if (h->length < (version == 3 ? LENGTH_V3 : LENGTH_V2) || h->length % 8 || h->length > h->end)
		return err_set(e, "qcow2 header is wrong: its length is %zu", h->length);
	if (version == 2)
		return 0;
	uint64_t features = get64(s + AT_INCOMPATIBLE);
	if (features & ~(uint64_t)FEATURES_KNOWN)
		return err_set(e, "qcow2 with unknown features (0x%llx)", (unsigned long long)features);
	q->external = (features & FEATURE_EXTERNAL) != 0;
	return 0;
}

static int read_backing(struct head *h, struct qcow2 *q, struct err *e)
{
	uint64_t at = get64(h->bytes + AT_BACKING);
	size_t n = get32(h->bytes + AT_BACKING_LENGTH);

	if (!at)
		return 0;
	if (n > QCOW2_NAME_MAX)
		return err_set(e, "qcow2 header is wrong: a backing file name of %zu bytes", n);
	if (at < h->length || at > h->end || n > h->end - at)
		return err_set(e, "qcow2 header is wrong: the backing file name is outside of it");
	if (memchr(h->bytes + at, '\0', n))
		return err_set(e, "qcow2 header is wrong: a NUL byte in the backing file name");
	memcpy(q->backing, h->bytes + at, n);
	h->end = (size_t)at;
	return 0;
}

static int read_format(const unsigned char *s, size_t n, struct qcow2 *q, struct err *e)
{
	if (*q->format)
		return err_set(e, "qcow2 header is wrong: two backing formats");
	if (!n || n > QCOW2_FORMAT_MAX || memchr(s, '\0', n))
		return err_set(e, "qcow2 header is wrong: a backing format that is no word");
	memcpy(q->format, s, n);
	return 0;
}

static int read_extensions(const struct head *h, struct qcow2 *q, struct err *e)
{
	size_t at = h->length;

	while (h->end - at >= 8) {
		uint32_t type = get32(h->bytes + at);
		size_t n = get32(h->bytes + at + 4);
		at += 8;
		if (type == EXTENSION_END)
			return 0;
		if (n > h->end - at)
			return err_set(e, "qcow2 header is wrong: an extension of %zu bytes", n);
		if (type == EXTENSION_FORMAT && read_format(h->bytes + at, n, q, e) < 0)
			return -1;
		n = (n + 7) & ~(size_t)7;
		if (n > h->end - at) /* the last one's padding may be missing */
			return 0;
		at += n;
	}
	return 0;
}

int qcow2_read(const void *bytes, size_t n, struct qcow2 *q, struct err *e)
{
	struct head h = { .bytes = bytes, .n = n };

	*q = (struct qcow2){ 0 };
	if (read_fields(&h, q, e) < 0 || read_backing(&h, q, e) < 0)
		return -1;
	return read_extensions(&h, q, e);
}

int qcow2_empty(int64_t size, struct qcow2_empty *image, struct err *e)
{
	const int64_t per_entry = (int64_t)QCOW2_CLUSTER / 8 * QCOW2_CLUSTER;
	const int64_t entries_max = (QCOW2_CLUSTERS_MAX - 3) * (int64_t)QCOW2_CLUSTER / 8;

	*image = (struct qcow2_empty){ 0 };
	if (size < 0 || size > entries_max * per_entry)
		return err_set(e, "a size of %lld bytes does not fit into a qcow2 image", (long long)size);
	size = (size + 511) / 512 * 512;
	int64_t entries = size > per_entry ? (size + per_entry - 1) / per_entry : 1;
	int64_t clusters = 3 + (entries * 8 + QCOW2_CLUSTER - 1) / QCOW2_CLUSTER;
	unsigned char *s = image->header;
	put32(s + AT_MAGIC, MAGIC);
	put32(s + AT_VERSION, 3);
	put32(s + AT_CLUSTER_BITS, CLUSTER_BITS);
	put64(s + AT_SIZE, (uint64_t)size);
	put32(s + AT_L1_SIZE, (uint32_t)entries);
	put64(s + AT_L1, 3 * QCOW2_CLUSTER);
	put64(s + AT_TABLE, QCOW2_TABLE_AT);
	put32(s + AT_TABLE_CLUSTERS, 1);
	put32(s + AT_REFCOUNT_ORDER, 4); /* counts of 16 bits: one block has 32768, more than are ever needed here */
	put32(s + AT_HEADER_LENGTH, LENGTH_V3);
	put64(image->table, QCOW2_COUNTS_AT);
	for (int64_t i = 0; i < clusters; i++)
		image->counts[2 * i + 1] = 1;
	image->length = clusters * QCOW2_CLUSTER;
	return 0;
}

int qcow2_back(struct qcow2_empty *image, const char *name, const char *format, struct err *e)
{
	size_t n = strlen(name), word = strlen(format);
	unsigned char *s = image->header;

	if (!n || n > QCOW2_NAME_MAX || word > 8)
		return err_set(e, "%s: too long a name for a qcow2 image's header", name);
	put64(s + AT_BACKING, AT_NAME);
	put32(s + AT_BACKING_LENGTH, (uint32_t)n);
	put32(s + LENGTH_V3, EXTENSION_FORMAT); /* behind its 16 bytes is EXTENSION_END, eight zeros */
	put32(s + LENGTH_V3 + 4, (uint32_t)word);
	memcpy(s + LENGTH_V3 + 8, format, word + 1);
	memcpy(s + AT_NAME, name, n + 1);
	return 0;
}
