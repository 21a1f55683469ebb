/* SPDX-License-Identifier: 0BSD */
/* Changes of one line in a text that people write, too: comments, order and every other byte stay. Pure. */
#ifndef EDIT_H
#define EDIT_H

#include "buf.h"
#include "err.h"

/* Whether a line has this key. */
int edit_has(const struct buf *text, const char *key);
/* Gives KEY the value, in quotes where it must: in the first line of that key, whose comment stays, else in a new last
 * line. 0; -1 and err, which names no key, for a value that no line can hold. */
int edit_pair(struct buf *text, const char *key, const char *value, struct err *e);
/* The line that begins with this word becomes `line`, or goes if that is NULL; without one, `line` is a new last one. */
void edit_word(struct buf *text, const char *word, const char *line);

#endif
