/* SPDX-License-Identifier: 0BSD */
/* A unit test: a program that says nothing and exits 0, or names each check that failed and exits 1. */
#ifndef UNIT_H
#define UNIT_H

#include <stdio.h>
#include <string.h>

static int unit_failed;

#define CHECK(what) \
	((what) ? (void)0 : (void)(unit_failed = 1, fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what)))
#define CHECK_TEXT(got, want) \
	do { \
		const char *got_ = (got), *want_ = (want); \
		if (!got_ || strcmp(got_, want_) != 0) { \
			unit_failed = 1; \
			fprintf(stderr, "%s:%d: got `%s`, want `%s`\n", __FILE__, __LINE__, got_ ? got_ : "(null)", want_); \
		} \
	} while (0)

/* n bytes of text, on one line: `end` for each line's end. */
static inline void unit_one_line(char *s, size_t n, char end)
{
	for (char *at = s; n && (at = memchr(at, '\n', n - (size_t)(at - s)));)
		*at++ = end;
}

#endif
