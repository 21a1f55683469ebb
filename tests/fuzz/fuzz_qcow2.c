/* SPDX-License-Identifier: 0BSD */
/* qcow2: a header that QEMU, and so a guest that broke out of it, may have written; the empty one that we write reads
 * well. */
#include "fuzz.h"

#include "qcow2.h"

#include "err.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct qcow2_empty empty;
	struct qcow2 q;
	struct err e;
	int64_t size = 0;

	if (qcow2_read(bytes, n, &q, &e) == 0)
		MUST(q.size >= 0 && strlen(q.backing) <= QCOW2_NAME_MAX && strlen(q.format) <= QCOW2_FORMAT_MAX);
	else
		MUST(e.text[0] && !strchr(e.text, '\n'));
	memcpy(&size, bytes, n < sizeof(size) ? n : sizeof(size));
	if (qcow2_empty(size, &empty, &e) == 0) {
		MUST(qcow2_read(empty.header, sizeof(empty.header), &q, &e) == 0);
		MUST(q.size >= size && q.size - size < 512 && !*q.backing && !q.external && !q.encrypted);
	}
	return 0;
}
