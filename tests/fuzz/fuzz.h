/* SPDX-License-Identifier: 0BSD */
/* A fuzz target: one parser of foreign bytes, and what must hold whatever they are. Driven by libFuzzer (`make
 * fuzz`), or by replay.c over the files of tests/corpus. Several parsers of a kind may share an input. */
#ifndef FUZZ_H
#define FUZZ_H

#include "buf.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MUST(what) \
	((what) ? (void)0 : (fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what), abort()))

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* The bytes as a string, in memory of its own, which ends where the string does. */
static inline char *fuzz_text(const uint8_t *bytes, size_t n)
{
	char *s = malloc(n + 1);

	MUST(s);
	if (n)
		memcpy(s, bytes, n);
	s[n] = '\0';
	return s;
}

static inline int fuzz_same(const struct buf *a, const struct buf *b)
{
	return a->n == b->n && memcmp(buf_text(a), buf_text(b), a->n) == 0;
}

/* Whether it is whole lines without a byte that could move a cursor. */
static inline int fuzz_lines(const struct buf *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (((unsigned char)b->s[i] < ' ' && b->s[i] != '\n') || b->s[i] == 0x7f)
			return 0;
	return b->n == 0 || b->s[b->n - 1] == '\n';
}

/* A new folder, once for all inputs; whoever called removes it ($TMPDIR). */
static inline const char *fuzz_place(void)
{
	static char place[256];

	if (!*place) {
		const char *temp = getenv("TMPDIR");
		snprintf(place, sizeof(place), "%s/fuzz.XXXXXX", temp ? temp : "/tmp");
		MUST(mkdtemp(place));
	}
	return place;
}

/* Writes n bytes to NAME in it; its path is to be freed. */
static inline char *fuzz_file(const char *name, const void *bytes, size_t n)
{
	struct buf path = { 0 };

	buf_fmt(&path, "%s/%s", fuzz_place(), name);
	int fd = open(buf_text(&path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	MUST(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
	close(fd);
	return path.s;
}

#endif
