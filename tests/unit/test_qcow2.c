/* SPDX-License-Identifier: 0BSD */
/* qcow2: headers as qemu-img writes them, every lie a header can tell, and the empty image judged by qemu-img. */
#include "qcow2.h"

#include "unit.h"

#include <stdlib.h>
#include <unistd.h>

struct image {
	unsigned char s[QCOW2_HEAD];
	size_t n;
};

static void put(struct image *i, size_t at, int width, uint64_t value)
{
	for (int b = 0; b < width; b++)
		i->s[at + (size_t)b] = (unsigned char)(value >> (8 * (width - 1 - b)));
}

/* A whole, good header with backing "base.img" of format raw. */
static void good(struct image *i, int version)
{
	size_t at = version == 3 ? 104 : 72;

	memset(i, 0, sizeof(*i));
	i->n = sizeof(i->s);
	memcpy(i->s, "QFI\xfb", 4);
	put(i, 4, 4, (uint64_t)version);
	put(i, 20, 4, 16);
	put(i, 24, 8, 1 << 20);
	if (version == 3)
		put(i, 100, 4, 104);
	put(i, at, 4, 0x6803f857); /* a feature name table goes first */
	put(i, at + 4, 4, 3);
	put(i, at + 16, 4, 0xe2792aca);
	put(i, at + 20, 4, 3);
	memcpy(i->s + at + 24, "raw", 3);
	put(i, 8, 8, at + 40);
	put(i, 16, 4, 8);
	memcpy(i->s + at + 40, "base.img", 8);
}

/* Reads a copy that ends where the bytes end, so that a sanitizer sees each step beyond. */
static int reads(const struct image *i, struct qcow2 *q, struct err *e)
{
	unsigned char *copy = malloc(i->n ? i->n : 1);

	memcpy(copy, i->s, i->n);
	int bad = qcow2_read(copy, i->n, q, e);
	free(copy);
	return bad;
}

static void good_headers(void)
{
	static struct image i;
	struct qcow2 q;
	struct err e;

	for (int version = 2; version <= 3; version++) {
		good(&i, version);
		CHECK(reads(&i, &q, &e) == 0 && qcow2_is((const unsigned char *)"QFI\xfb") && !qcow2_is((const unsigned char *)"QFI\xfa"));
		CHECK_TEXT(q.backing, "base.img");
		CHECK_TEXT(q.format, "raw");
		CHECK(q.size == 1 << 20 && !q.external && !q.encrypted);
		i.n = 1000; /* a short file */
		CHECK(reads(&i, &q, &e) == 0);
		put(&i, 8, 8, 0); /* the name's length is then undefined */
		put(&i, 16, 4, ~0U);
		CHECK(reads(&i, &q, &e) == 0);
		CHECK_TEXT(q.backing, "");
	}
	good(&i, 3);
	put(&i, 72, 8, 4);
	CHECK(reads(&i, &q, &e) == 0 && q.external);
	good(&i, 3);
	put(&i, 32, 4, 2);
	CHECK(reads(&i, &q, &e) == 0 && q.encrypted);
	good(&i, 3);
	put(&i, 104, 4, 0); /* an end mark: what follows is no extension */
	CHECK(reads(&i, &q, &e) == 0);
	CHECK_TEXT(q.format, "");
	good(&i, 3);
	put(&i, 16, 4, QCOW2_NAME_MAX);
	memset(i.s + 144, 'x', QCOW2_NAME_MAX);
	CHECK(reads(&i, &q, &e) == 0 && strlen(q.backing) == QCOW2_NAME_MAX);
	put(&i, 8, 8, QCOW2_HEAD - QCOW2_NAME_MAX);
	memset(i.s + QCOW2_HEAD - QCOW2_NAME_MAX, 'y', QCOW2_NAME_MAX);
	CHECK(reads(&i, &q, &e) == 0 && strlen(q.backing) == QCOW2_NAME_MAX);
}

static void lies(void)
{
	static const struct { int version; size_t at; int width; uint64_t value; const char *why; } list[] = {
		{ 3, 0, 4, 0x514649fa, "not a qcow2 image (format=raw?)" },
		{ 3, 4, 4, 1, "qcow2 of version 1, not 2 or 3" },
		{ 3, 4, 4, 4, "qcow2 of version 4, not 2 or 3" },
		{ 3, 20, 4, 8, "qcow2 header is wrong: clusters of 2^8 bytes" },
		{ 3, 20, 4, 22, "qcow2 header is wrong: clusters of 2^22 bytes" },
		{ 3, 20, 4, ~0U, "qcow2 header is wrong: clusters of 2^4294967295 bytes" },
		{ 3, 24, 8, ~UINT64_C(0), "qcow2 header is wrong: the size is too large" },
		{ 3, 72, 8, 0x20, "qcow2 with unknown features (0x20)" },
		{ 3, 72, 8, UINT64_C(1) << 63, "qcow2 with unknown features (0x8000000000000000)" },
		{ 3, 100, 4, 96, "qcow2 header is wrong: its length is 96" },
		{ 3, 100, 4, 108, "qcow2 header is wrong: its length is 108" },
		{ 3, 100, 4, 0xfffffff8, "qcow2 header is wrong: its length is 4294967288" },
		{ 3, 8, 8, 96, "qcow2 header is wrong: the backing file name is outside of it" },
		{ 2, 8, 8, 64, "qcow2 header is wrong: the backing file name is outside of it" },
		{ 3, 8, 8, QCOW2_HEAD - 7, "qcow2 header is wrong: the backing file name is outside of it" },
		{ 3, 8, 8, QCOW2_HEAD + 1, "qcow2 header is wrong: the backing file name is outside of it" },
		{ 3, 8, 8, ~UINT64_C(0), "qcow2 header is wrong: the backing file name is outside of it" },
		{ 3, 16, 4, 1024, "qcow2 header is wrong: a backing file name of 1024 bytes" },
		{ 3, 16, 4, ~0U, "qcow2 header is wrong: a backing file name of 4294967295 bytes" },
		{ 3, 146, 1, 0, "qcow2 header is wrong: a NUL byte in the backing file name" },
		{ 3, 108, 4, ~0U, "qcow2 header is wrong: an extension of 4294967295 bytes" },
		{ 3, 108, 4, 33, "qcow2 header is wrong: an extension of 33 bytes" },
		{ 3, 124, 4, 0, "qcow2 header is wrong: a backing format that is no word" },
		{ 3, 124, 4, 4, "qcow2 header is wrong: a backing format that is no word" },
		{ 3, 104, 4, 0xe2792aca, "qcow2 header is wrong: a backing format that is no word" },
		{ 2, 76, 4, ~0U - 7, "qcow2 header is wrong: an extension of 4294967288 bytes" },
	};
	static struct image i;
	struct qcow2 q;
	struct err e;

	for (size_t n = 0; n < sizeof(list) / sizeof(*list); n++) {
		good(&i, list[n].version);
		put(&i, list[n].at, list[n].width, list[n].value);
		CHECK(reads(&i, &q, &e) == -1 && e.code == FAILED);
		CHECK_TEXT(e.text, list[n].why);
	}
	good(&i, 3);
	memcpy(i.s + 104, i.s + 120, 16);
	CHECK(reads(&i, &q, &e) == -1);
	CHECK_TEXT(e.text, "qcow2 header is wrong: two backing formats");
	good(&i, 3);
	put(&i, 124, 4, 16); /* a word of 16 letters ends where the name begins: no padding, no end mark */
	memset(i.s + 128, 'f', 16);
	CHECK(reads(&i, &q, &e) == 0);
	CHECK_TEXT(q.format, "ffffffffffffffff");
}

static void cut_short(void)
{
	static struct image i;
	struct qcow2 q;
	struct err e;

	for (int version = 2; version <= 3; version++)
		for (size_t n = 0; n < 160; n++) {
			good(&i, version);
			i.n = n;
			CHECK(reads(&i, &q, &e) == (n < (version == 3 ? 152U : 120U) ? -1 : 0));
		}
}

/* Not a fuzzer, but each byte of a good header is wrong once, in two ways. */
static void every_byte(void)
{
	static struct image i;
	struct qcow2 q;
	struct err e;

	for (size_t at = 0; at < 160; at++)
		for (int n = 0; n < 2; n++) {
			good(&i, 3);
			i.n = 2048;
			i.s[at] ^= n ? 0xff : 0x01;
			(void)reads(&i, &q, &e);
		}
}

static void empty_image(void)
{
	static const int64_t sizes[] = { 0, 1, 512, 513, 1 << 20, INT64_C(10) << 30, INT64_C(8) << 40, INT64_C(2) << 50 };
	int tool = system("qemu-img --version >/dev/null 2>&1") == 0;
	char path[] = "/tmp/test-qcow2-XXXXXX", command[256];
	struct qcow2_empty image;
	struct qcow2 q;
	struct err e;
	int fd = mkstemp(path);

	CHECK(qcow2_empty(-1, &image, &e) == -1);
	CHECK(qcow2_empty((INT64_C(2) << 50) + 1, &image, &e) == -1);
	CHECK(fd >= 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		CHECK(qcow2_empty(sizes[i], &image, &e) == 0);
		CHECK(ftruncate(fd, 0) == 0 && ftruncate(fd, image.length) == 0);
		CHECK(pwrite(fd, image.header, sizeof(image.header), 0) == sizeof(image.header));
		CHECK(pwrite(fd, image.table, sizeof(image.table), QCOW2_TABLE_AT) == sizeof(image.table));
		CHECK(pwrite(fd, image.counts, sizeof(image.counts), QCOW2_COUNTS_AT) == sizeof(image.counts));
		CHECK(qcow2_read(image.header, sizeof(image.header), &q, &e) == 0);
		CHECK(q.size == (sizes[i] + 511) / 512 * 512 && !*q.backing && !*q.format);
		if (!tool)
			continue;
		snprintf(command, sizeof(command), "qemu-img check -q -f qcow2 %s", path);
		CHECK(system(command) == 0);
		snprintf(command, sizeof(command), "qemu-img info -f qcow2 %s | grep -q '^virtual size:.*(%lld bytes)'", path,
			(long long)q.size);
		CHECK(system(command) == 0);
	}
	close(fd);
	unlink(path);
}

static void backed_image(void)
{
	static struct qcow2_empty image;
	char name[QCOW2_NAME_MAX + 2];
	struct qcow2 q;
	struct err e;

	memset(name, 'x', sizeof(name) - 1);
	name[0] = '/';
	name[QCOW2_NAME_MAX] = '\0';
	CHECK(qcow2_empty(1 << 20, &image, &e) == 0 && qcow2_back(&image, name, "qcow2", &e) == 0);
	CHECK(qcow2_read(image.header, sizeof(image.header), &q, &e) == 0);
	CHECK_TEXT(q.backing, name);
	CHECK_TEXT(q.format, "qcow2");
	name[QCOW2_NAME_MAX] = 'x';
	name[QCOW2_NAME_MAX + 1] = '\0';
	CHECK(qcow2_back(&image, name, "raw", &e) == -1 && qcow2_back(&image, "", "raw", &e) == -1);
}

int main(void)
{
	good_headers();
	lies();
	cut_short();
	every_byte();
	empty_image();
	backed_image();
	return unit_failed;
}
