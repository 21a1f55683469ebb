/* SPDX-License-Identifier: 0BSD */
/* Changes of one line in a text that people write, too. */
#include "edit.h"

#include "line.h"

#include <string.h>

static int is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Puts other bytes in the place of the n at `at`. */
static void splice(struct buf *text, size_t at, size_t n, const struct buf *put)
{
	struct buf old = *text;

	*text = (struct buf){ .bad = old.bad | put->bad };
	buf_add(text, buf_text(&old), at);
	buf_add(text, buf_text(put), put->n);
	buf_add(text, buf_text(&old) + at + n, old.n - at - n);
	buf_free(&old);
}

/* The first line that begins with the word, a blank or nothing behind it; a key has its `=` behind blanks: 1, and l is there. */
static int find(struct line *l, const struct buf *text, const char *word, int is_key)
{
	size_t n = strlen(word), end;
	struct err e;
	int got;

	*l = (struct line){ .rest = buf_text(text), .left = text->n };
	while ((got = line_next(l, &e))) {
		if (got < 0 || l->n < n || memcmp(l->s, word, n) != 0)
			continue;
		for (end = n; end < l->n && is_blank(l->s[end]); end++)
			;
		if (end == l->n || (is_key ? l->s[end] == '=' : end > n))
			return 1;
	}
	return 0;
}

static void add_line(struct buf *text, const struct buf *line)
{
	if (text->n && text->s[text->n - 1] != '\n')
		buf_char(text, '\n');
	buf_add(text, buf_text(line), line->n);
	buf_char(text, '\n');
}

/* How much of what stands behind the `=` is the value, as line_pair reads it; all, if that is an error. */
static size_t value_length(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && is_blank(s[i]))
		i++;
	if (i < n && s[i] == '"') {
		for (i++; i < n && s[i] != '"'; i++)
			i += s[i] == '\\';
		size_t end = i++;
		while (i < n && is_blank(s[i]))
			i++;
		return end + 1 < n && (i == n || (s[i] == '#' && i > end + 1)) ? end + 1 : n;
	}
	while (i < n && !(s[i] == '#' && i && is_blank(s[i - 1])))
		i++;
	while (i < n && i && is_blank(s[i - 1]))
		i--;
	return i;
}

static void put_value(struct buf *b, const char *value)
{
	size_t n = strlen(value);

	if (!n || (!strpbrk(value, "\"#") && !is_blank(value[0]) && !is_blank(value[n - 1]))) {
		buf_str(b, value);
		return;
	}
	buf_char(b, '"');
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			buf_char(b, '\\');
		buf_char(b, *value);
	}
	buf_char(b, '"');
}

int edit_has(const struct buf *text, const char *key)
{
	struct line l;

	return find(&l, text, key, 1);
}

int edit_pair(struct buf *text, const char *key, const char *value, struct err *e)
{
	struct buf put = { 0 };
	struct line l;

	if (line_check(value, strlen(value), e) < 0)
		return -1;
	if (find(&l, text, key, 1)) {
		const char *is = memchr(l.s, '=', l.n);
		size_t at = is ? (size_t)(is + 1 - l.s) : l.n;
		buf_str(&put, is ? "" : "=");
		put_value(&put, value);
		splice(text, (size_t)(l.s - text->s) + at, value_length(l.s + at, l.n - at), &put);
	} else {
		buf_fmt(&put, "%s=", key);
		put_value(&put, value);
		add_line(text, &put);
	}
	buf_free(&put);
	return text->bad ? err_set(e, "out of memory") : 0;
}

void edit_word(struct buf *text, const char *word, const char *line)
{
	struct buf put = { 0 };
	struct line l;
	int there = find(&l, text, word, 0);
	size_t at = there ? (size_t)(l.s - text->s) : 0, end = there ? at + l.n : 0;

	buf_str(&put, line ? line : "");
	if (!there && line) {
		add_line(text, &put);
	} else if (there) {
		/* a line that goes takes its blanks and its end along */
		while (!line && at && text->s[at - 1] != '\n')
			at--;
		while (!line && end < text->n && text->s[end++] != '\n')
			;
		splice(text, at, end - at, &put);
	}
	buf_free(&put);
}
