/* SPDX-License-Identifier: 0BSD */
/* A list of keys and values, read from KEY=VALUE,... or from JSON. Pure. */
#ifndef PROPS_H
#define PROPS_H

#include "buf.h"

#include <stddef.h>

/* Zeroed is empty. What is nested in JSON has keys with dots ("file.driver", "list.0"); true and false are on and off. */
struct props {
	struct buf text;	/* KEY NUL VALUE NUL ... */
	size_t n;		/* pairs */
};

/* In KEY=VALUE,... `,,` is a comma, a KEY alone is on; the first word may be the value of the key `first` (NULL: it is a KEY).
 * 0; -1 and an empty list when it is broken, or more than is ever meant. Free it in either case. */
int props_read(struct props *p, const char *s, const char *first);
void props_free(struct props *p);
/* Walks them in their order: *at is 0 before the first. 1 and the next; 0 at the end. */
int props_next(const struct props *p, size_t *at, const char **key, const char **value);
/* The first value of the key, or NULL. */
const char *props_get(const struct props *p, const char *key);
/* Whether that is this value; one of these words, which are parted by blanks. */
int props_is(const struct props *p, const char *key, const char *value);
int props_in(const struct props *p, const char *key, const char *words);

#endif
