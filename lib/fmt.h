/* SPDX-License-Identifier: 0BSD */
/* Formatting without libc's printf, which brings ten thousand bytes of floating point into a static program. */
#ifndef FMT_H
#define FMT_H

#include <stdarg.h>
#include <stddef.h>

/* As snprintf(3): writes at most room bytes with the NUL, returns the length that the whole has. It knows %% %c %s %d %u %x
 * %o, with l ll z, the flags - and 0, a width and, of %s, a precision; `*` for both. */
int fmt(char *to, size_t room, const char *format, ...) __attribute__((format(printf, 3, 4)));
int fmt_list(char *to, size_t room, const char *format, va_list list) __attribute__((format(printf, 3, 0)));

#endif
