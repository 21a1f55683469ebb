/* SPDX-License-Identifier: 0BSD */
/* Words and numbers: strict reading, quoting, the nearest word. */
#ifndef TEXT_H
#define TEXT_H

#include "buf.h"

#include <stdint.h>

/* Each reader takes the whole string or returns -1, *out untouched. */
int text_number(const char *s, long long min, long long max, long long *out); /* decimal digits only */
int text_time(const char *s, int64_t *ms);	/* "5" "0.5" "90s" "5m" "1h", > 0, at most a year, in milliseconds */
int text_size(const char *s, int64_t unit, int64_t *bytes); /* "512M" "2G" "1T" "64K"; a bare number counts in units */
int text_yes(const char *s, int *out);		/* yes no on off true false 1 0, any case */
/* The digits that s begins with, behind spaces: what follows them. NULL, *out untouched, when there are none or the
 * number does not fit. For the kernel's tables. */
const char *text_digits(const char *s, unsigned long long *out);

int text_begins(const char *s, const char *with);
int text_ends(const char *s, const char *with);
/* 1 when s is a VM's, user's or key's plain word: [A-Za-z0-9][A-Za-z0-9._-]*, at most max characters. */
int text_name(const char *s, size_t max);

/* The one of n words that is at most 2 typing slips (a third of its length) away from s, else NULL. */
const char *text_near(const char *s, const char *const *words, size_t n);

/* Appends s as one word of sh(1): bare when harmless, else in single quotes. */
void text_shell(struct buf *b, const char *s);
/* Appends s in single quotes, always. */
void text_quote(struct buf *b, const char *s);
/* Appends n foreign bytes for people's eyes: UTF-8 stays, control characters and what is no UTF-8 become '?', tabs and line ends a space; no byte
 * of them can move a cursor. Trailing white space is left out. */
void text_clean(struct buf *b, const char *s, size_t n);
/* In place: control characters but tab and line end become '?'. */
void text_tame(char *s, size_t n);

/* Cuts the next line off *rest (n bytes at *rest): returns its start, its length without LF or CR LF in *len, and
 * moves *rest and *n behind it; NULL when nothing is left. The last line may lack its end. */
const char *text_line(const char **rest, size_t *n, size_t *len);

/* Where the needle's m bytes stand first in n bytes; NULL: nowhere. text_in: the same for strings. */
const char *text_find(const char *s, size_t n, const char *needle, size_t m);
const char *text_in(const char *s, const char *needle);

/* Whether the word (NULL: none) is one of `words`, which are parted by one blank each. */
int text_listed(const char *words, const char *word);

/* Copies into room bytes; -1 when it does not fit, `to` is then "". */
int text_copy(char *to, size_t room, const char *from);

#endif
