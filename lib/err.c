/* SPDX-License-Identifier: 0BSD */
/* What went wrong: one line of text and the exit code that it means. */
#include "err.h"

#include "fmt.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

static void put(struct err *e, const char *format, va_list list)
{
	int n = fmt_list(e->text, sizeof(e->text), format, list);

	if (n < 0)
		e->text[0] = '\0';
	else if ((size_t)n >= sizeof(e->text))
		strcpy(e->text + sizeof(e->text) - 4, "...");
	for (char *s = e->text; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
}

int err_set(struct err *e, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	put(e, format, list);
	va_end(list);
	e->code = FAILED;
	e->sys = 0;
	return -1;
}

int err_code(struct err *e, int code, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	put(e, format, list);
	va_end(list);
	e->code = code;
	e->sys = 0;
	return -1;
}

int err_sys(struct err *e, const char *format, ...)
{
	int number = errno;
	char why[128];
	va_list list;

	va_start(list, format);
	put(e, format, list);
	va_end(list);
	fmt(why, sizeof(why), "%s", strerror(number));
	why[0] = (char)tolower((unsigned char)why[0]);
	e->code = number == EACCES || number == EPERM ? NO_RIGHT : FAILED;
	e->sys = number;
	size_t n = strlen(e->text);
	if (n + strlen(why) + 3 > sizeof(e->text)) {
		n = sizeof(e->text) - strlen(why) - 3;
		memcpy(e->text + n - 3, "...", 3);
	}
	fmt(e->text + n, sizeof(e->text) - n, ": %s", why);
	errno = number;
	return -1;
}

int err_at(struct err *e, const char *format, ...)
{
	char old[sizeof(e->text)];
	char place[sizeof(e->text)];
	int code = e->code, sys = e->sys;
	va_list list;

	va_start(list, format);
	fmt_list(place, sizeof(place), format, list);
	va_end(list);
	strcpy(old, e->text);
	err_set(e, "%s: %s", place, old);
	e->code = code;
	e->sys = sys;
	return -1;
}
