/* SPDX-License-Identifier: 0BSD */
/* Formatting without libc's printf. */
#include "fmt.h"

#include <limits.h>
#include <string.h>

enum { DIGITS = 3 * sizeof(unsigned long long) }; /* of the longest number, in octal */

struct out {
	char *to;
	size_t room, n;
};

struct directive {
	int left, zero, longs, conversion;
	int width, precision;	/* -1: none */
};

static void put(struct out *o, char c)
{
	if (o->n + 1 < o->room)
		o->to[o->n] = c;
	o->n++;
}

static void put_padded(struct out *o, const struct directive *d, const char *s, size_t n)
{
	size_t width = d->width > 0 ? (size_t)d->width : 0;

	for (size_t i = n; !d->left && i < width; i++)
		put(o, d->zero ? '0' : ' ');
	for (size_t i = 0; i < n; i++)
		put(o, s[i]);
	for (size_t i = n; d->left && i < width; i++)
		put(o, ' ');
}

/* A minus stands before the zeros that pad. */
static void put_number(struct out *o, struct directive *d, unsigned long long value, int negative)
{
	unsigned int base = d->conversion == 'x' ? 16 : d->conversion == 'o' ? 8 : 10;
	char digits[DIGITS + 1], *s = digits + sizeof(digits);

	do
		*--s = "0123456789abcdef"[value % base];
	while (value /= base);
	if (negative && d->zero) {
		put(o, '-');
		d->width--;
	} else if (negative) {
		*--s = '-';
	}
	put_padded(o, d, s, (size_t)(digits + sizeof(digits) - s));
}

static int number(const char **s, va_list *list)
{
	int n = 0;

	if (**s == '*') {
		(*s)++;
		return va_arg(*list, int);
	}
	while (**s >= '0' && **s <= '9')
		n = n * 10 + *(*s)++ - '0';
	return n;
}

static const char *read_directive(struct directive *d, const char *s, va_list *list)
{
	*d = (struct directive){ .precision = -1 };
	for (; *s == '-' || *s == '0'; s++)
		*(*s == '-' ? &d->left : &d->zero) = 1;
	d->width = number(&s, list);
	if (*s == '.') {
		s++;
		d->precision = number(&s, list);
	}
	for (; *s == 'l' || *s == 'z'; s++)
		d->longs++; /* a size_t is as long as a long everywhere */
	d->conversion = (unsigned char)*s;
	return *s ? s + 1 : s;
}

static void put_signed(struct out *o, struct directive *d, va_list *list)
{
	long long value = d->longs > 1 ? va_arg(*list, long long) : d->longs ? va_arg(*list, long) : va_arg(*list, int);

	put_number(o, d, value < 0 ? 0 - (unsigned long long)value : (unsigned long long)value, value < 0);
}

static void put_unsigned(struct out *o, struct directive *d, va_list *list)
{
	put_number(o, d, d->longs > 1 ? va_arg(*list, unsigned long long) : d->longs ? va_arg(*list, unsigned long) :
		   va_arg(*list, unsigned int), 0);
}

static void put_string(struct out *o, struct directive *d, va_list *list)
{
	const char *s = va_arg(*list, const char *);

	if (!s)
		s = "(null)"; /* as libc has it */
	put_padded(o, d, s, d->precision < 0 ? strlen(s) : strnlen(s, (size_t)d->precision));
}

static void convert(struct out *o, struct directive *d, va_list *list)
{
	char c;

	switch (d->conversion) {
	case 's': put_string(o, d, list); break;
	case 'd': put_signed(o, d, list); break;
	case 'u': case 'x': case 'o': put_unsigned(o, d, list); break;
	case 'c': c = (char)va_arg(*list, int); put_padded(o, d, &c, 1); break;
	default: put(o, (char)d->conversion); break;
	}
}

int fmt_list(char *to, size_t room, const char *format, va_list list)
{
	struct out o = { to, room, 0 };
	struct directive d;
	va_list rest;

	va_copy(rest, list);
	while (*format) {
		if (*format != '%') {
			put(&o, *format++);
			continue;
		}
		format = read_directive(&d, format + 1, &rest);
		convert(&o, &d, &rest);
	}
	va_end(rest);
	if (room)
		to[o.n < room ? o.n : room - 1] = '\0';
	return o.n < INT_MAX ? (int)o.n : -1;
}

int fmt(char *to, size_t room, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	int n = fmt_list(to, room, format, list);
	va_end(list);
	return n;
}
