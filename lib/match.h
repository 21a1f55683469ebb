/* SPDX-License-Identifier: 0BSD */
/* Whether a text stands in a stream that comes in pieces. Pure. */
#ifndef MATCH_H
#define MATCH_H

#include <stddef.h>

enum { MATCH_MAX = 128 };	/* the longest text */

struct match {
	const char *text;	/* the caller's */
	size_t n;
	size_t have;		/* so many bytes of the stream's end are kept */
	char kept[2 * MATCH_MAX];
};

/* An empty text is found in the first byte that comes. 0; -1: the text is longer than MATCH_MAX. */
int match_begin(struct match *m, const char *text);
/* The next piece: 1 when the text has come, then begin anew; else 0. */
int match_feed(struct match *m, const char *bytes, size_t n);
/* What came before does not count any more. */
void match_forget(struct match *m);

#endif
