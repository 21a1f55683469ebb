/* SPDX-License-Identifier: 0BSD */
/* The lines of a configuration file: comments, KEY=VALUE, quotes. */
#include "line.h"

#include "text.h"

#include <string.h>

static int is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void trim(const char **s, size_t *n)
{
	while (*n && is_blank(**s)) {
		++*s;
		--*n;
	}
	while (*n && is_blank((*s)[*n - 1]))
		--*n;
}

int line_check(const char *s, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		if (!c)
			return err_code(e, NOT_CONFIGURED, "a NUL byte");
		if ((c < ' ' && c != '\t') || c == 0x7f)
			return err_code(e, NOT_CONFIGURED, "a control character (0x%02x)", c);
	}
	return 0;
}

int line_next(struct line *l, struct err *e)
{
	for (;;) {
		l->s = text_line(&l->rest, &l->left, &l->n);
		if (!l->s)
			return 0;
		if (l->number++ == 0 && l->n >= 3 && memcmp(l->s, "\xef\xbb\xbf", 3) == 0) {
			l->s += 3; /* a byte order mark, as Windows' editors write */
			l->n -= 3;
		}
		if (line_check(l->s, l->n, e) < 0)
			return -1;
		trim(&l->s, &l->n);
		if (l->n && *l->s != '#')
			return 1;
	}
}

/* s is behind the opening quote. */
static int read_quoted(struct buf *value, const char *s, size_t n, struct err *e)
{
	size_t i = 0;

	for (; i < n && s[i] != '"'; i++) {
		if (s[i] == '\\') {
			if (i + 1 < n && s[i + 1] != '"' && s[i + 1] != '\\')
				return err_code(e, NOT_CONFIGURED, "\\%c: in quotes there are only \\\" and \\\\", s[i + 1]);
			if (++i >= n)
				break;
		}
		buf_char(value, s[i]);
	}
	if (i >= n)
		return err_code(e, NOT_CONFIGURED, "the closing quote is missing");
	const char *behind = s + i + 1;
	size_t left = n - i - 1;
	int blank = left && is_blank(*behind);
	trim(&behind, &left);
	if (left && !(blank && *behind == '#'))
		return err_code(e, NOT_CONFIGURED, "only a comment may follow the closing quote");
	return 0;
}

static int read_bare(struct buf *value, const char *s, size_t n, struct err *e)
{
	size_t i = 0, quotes = 0;

	for (; i < n; i++) {
		if (s[i] == '#' && i && is_blank(s[i - 1]))
			break;
		quotes += s[i] == '"';
	}
	if (i < n && quotes % 2)
		return err_code(e, NOT_CONFIGURED, "a # within quotes: put the whole value in double quotes");
	n = i;
	trim(&s, &n);
	buf_add(value, s, n);
	return 0;
}

int line_pair(struct line_pair *p, const char *s, size_t n, struct err *e)
{
	const char *is = memchr(s, '=', n);

	buf_clear(&p->value);
	p->key = s;
	p->n = is ? (size_t)(is - s) : n;
	trim(&p->key, &p->n);
	if (!is)
		return err_code(e, NOT_CONFIGURED, "no `=`, want KEY=VALUE");
	if (!p->n)
		return err_code(e, NOT_CONFIGURED, "no key before the `=`");
	const char *value = is + 1, *quoted = value;
	size_t left = n - (size_t)(value - s), quoted_left = left;
	trim(&quoted, &quoted_left);
	int bad = quoted_left && *quoted == '"' ? read_quoted(&p->value, quoted + 1, quoted_left - 1, e)
						: read_bare(&p->value, value, left, e);
	if (bad)
		return -1;
	return p->value.bad ? err_set(e, "out of memory") : 0;
}
