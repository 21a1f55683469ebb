/* SPDX-License-Identifier: 0BSD */
/* The lines of a configuration file: comments, KEY=VALUE, quotes. */
#ifndef LINE_H
#define LINE_H

#include "buf.h"
#include "err.h"

#include <stddef.h>

/* Set rest and left, zero the others. */
struct line {
	const char *rest;
	size_t left;
	int number;	/* of the line at s, from 1 */
	const char *s;	/* without blanks at its ends, not terminated */
	size_t n;
};

struct line_pair {
	const char *key;	/* not terminated */
	size_t n;
	struct buf value;	/* freed by the caller, may be used again */
};

/* 0, or -1 and err when one of n bytes is a NUL or a control character other than a tab. */
int line_check(const char *s, size_t n, struct err *e);
/* The next line that is neither blank nor a comment (# first): 1; 0 when none is left; -1 and err for one with a NUL or
 * another control character (comments, too): it may be skipped. CR LF is a line end. */
int line_next(struct line *l, struct err *e);
/* Splits KEY=VALUE. The value ends before white space and #; or it is in double quotes, which know \" and \\. 0, or -1 and
 * err, which names neither file nor line. */
int line_pair(struct line_pair *p, const char *s, size_t n, struct err *e);

#endif
