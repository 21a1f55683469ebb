/* SPDX-License-Identifier: 0BSD */
/* The one growable memory: bytes, always followed by a NUL that is not counted. */
#include "buf.h"

#include "fmt.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

char *buf_room(struct buf *b, size_t n)
{
	size_t want = b->n + n + 1;
	size_t room = b->room ? b->room : 64;
	int fits = n < SIZE_MAX / 2 - b->n; /* neither the sum nor the doubling wraps round */

	if (fits && want <= b->room)
		return b->s + b->n;
	while (fits && room < want)
		room *= 2;
	char *s = fits ? realloc(b->s, room) : NULL;
	if (!s) {
		b->bad = 1;
		return NULL;
	}
	b->s = s;
	b->room = room;
	return s + b->n;
}

void buf_add(struct buf *b, const void *bytes, size_t n)
{
	char *to = buf_room(b, n);

	if (!to)
		return;
	if (n)
		memcpy(to, bytes, n);
	b->n += n;
	b->s[b->n] = '\0';
}

void buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_list(struct buf *b, const char *format, va_list list)
{
	int n = fmt_list(NULL, 0, format, list);
	char *to = n < 0 ? NULL : buf_room(b, (size_t)n);

	if (!to) {
		b->bad = 1;
		return;
	}
	fmt_list(to, (size_t)n + 1, format, list);
	b->n += (size_t)n;
}

void buf_fmt(struct buf *b, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	buf_list(b, format, list);
	va_end(list);
}

void *buf_grow(void *list, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return list;
	size_t more = *room ? 2 * *room : 32;
	void *bigger = realloc(list, more * size);
	if (bigger)
		*room = more;
	return bigger;
}

void buf_drop(struct buf *b, size_t n)
{
	if (n > b->n)
		n = b->n;
	if (!n)
		return;
	b->n -= n;
	memmove(b->s, b->s + n, b->n + 1);
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	if (b->s)
		b->s[0] = '\0';
}

void buf_free(struct buf *b)
{
	free(b->s);
	*b = (struct buf){ 0 };
}

const char *buf_text(const struct buf *b)
{
	return b->n ? b->s : "";
}
