/* SPDX-License-Identifier: 0BSD */
/* The one growable memory: bytes, always followed by a NUL that is not counted. */
#ifndef BUF_H
#define BUF_H

#include <stdarg.h>
#include <stddef.h>

/* Zeroed is empty. `bad` is set, and stays set, when memory ran out: check it once, at the end. */
struct buf {
	char *s;
	size_t n;
	size_t room;
	int bad;
};

void buf_add(struct buf *b, const void *bytes, size_t n);
void buf_str(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_list(struct buf *b, const char *format, va_list list) __attribute__((format(printf, 2, 0)));
void buf_fmt(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Makes room for n more bytes; returns where they go (then add to b->n), NULL when memory ran out. */
char *buf_room(struct buf *b, size_t n);
/* Makes room for one more element in any growing array of n: the array, moved perhaps; NULL when memory ran out. */
void *buf_grow(void *list, size_t n, size_t *room, size_t size);
/* Removes the first n bytes (at most all). */
void buf_drop(struct buf *b, size_t n);
/* Empties, keeps the memory. */
void buf_clear(struct buf *b);
/* Frees; the buf is as new. */
void buf_free(struct buf *b);
/* The content as a string, "" when nothing was ever added; the buf keeps it. */
const char *buf_text(const struct buf *b);

#endif
