/* SPDX-License-Identifier: 0BSD */
/* A list of keys and values, read from KEY=VALUE,... or from JSON. */
#include "props.h"

#include "json.h"
#include "text.h"

#include <string.h>

enum { PROPS_MAX = 64, DEPTH_MAX = 8 };

static int add(struct props *p, const char *key, size_t n, const char *value, size_t m)
{
	if (p->n++ == PROPS_MAX || memchr(key, '\0', n) || memchr(value, '\0', m))
		return -1;
	buf_add(&p->text, key, n);
	buf_char(&p->text, '\0');
	buf_add(&p->text, value, m);
	buf_char(&p->text, '\0');
	return p->text.bad ? -1 : 0;
}

static int read_scalar(struct props *p, const struct buf *name, struct json_span value)
{
	struct buf text = { 0 };

	if (json_true(value))
		buf_str(&text, "on");
	else if (value.n == 5 && memcmp(value.s, "false", 5) == 0)
		buf_str(&text, "off");
	else if (json_text(value, &text) < 0)
		buf_add(&text, value.s, value.n);
	int bad = name->bad || text.bad ? -1 : add(p, buf_text(name), name->n, buf_text(&text), text.n);
	buf_free(&text);
	return bad;
}

/* name: what stands before the keys, the same again at the end. */
static int read_json(struct props *p, struct json_span doc, struct buf *name, int depth)
{
	struct json_span key, value;
	size_t at = 0, prefix = name->n;
	int got, bad = 0, element = 0;

	while (!bad && (got = json_next(doc, &at, &key, &value)) == 1) {
		if (key.n)
			buf_add(name, key.s, key.n);
		else
			buf_fmt(name, "%d", element++);
		if (value.n && (*value.s == '{' || *value.s == '[')) {
			buf_char(name, '.');
			bad = depth == DEPTH_MAX ? -1 : read_json(p, value, name, depth + 1);
		} else {
			bad = read_scalar(p, name, value);
		}
		name->n = prefix;
	}
	return bad || got < 0 ? -1 : 0;
}

static int read_pairs(struct props *p, const char *s, const char *first)
{
	struct buf part = { 0 };
	int bad = 0;

	while (!bad && *s) {
		buf_clear(&part);
		for (; *s && (*s != ',' || s[1] == ','); s++)
			buf_char(&part, *s == ',' ? *s++ : *s);
		s += *s == ',';
		const char *text = buf_text(&part), *is = strchr(text, '=');
		if (is)
			bad = add(p, text, (size_t)(is - text), is + 1, strlen(is + 1));
		else if (first && !p->n)
			bad = add(p, first, strlen(first), text, part.n);
		else
			bad = add(p, text, part.n, "on", 2);
	}
	bad |= part.bad;
	buf_free(&part);
	return bad;
}

int props_read(struct props *p, const char *s, const char *first)
{
	struct json_span doc;
	struct buf name = { 0 };
	int bad;

	if (*s != '{')
		bad = read_pairs(p, s, first);
	else
		bad = json_whole(s, strlen(s), &doc) < 0 || read_json(p, doc, &name, 0) < 0;
	buf_free(&name);
	if (!bad)
		return 0;
	props_free(p);
	return -1;
}

void props_free(struct props *p)
{
	buf_free(&p->text);
	p->n = 0;
}

int props_next(const struct props *p, size_t *at, const char **key, const char **value)
{
	if (*at == p->text.n)
		return 0;
	*key = p->text.s + *at;
	*value = *key + strlen(*key) + 1;
	*at = (size_t)(*value + strlen(*value) + 1 - p->text.s);
	return 1;
}

const char *props_get(const struct props *p, const char *key)
{
	const char *name, *value;

	for (size_t at = 0; props_next(p, &at, &name, &value); )
		if (strcmp(name, key) == 0)
			return value;
	return NULL;
}

int props_is(const struct props *p, const char *key, const char *value)
{
	const char *got = props_get(p, key);

	return got && strcmp(got, value) == 0;
}

int props_in(const struct props *p, const char *key, const char *words)
{
	return text_listed(words, props_get(p, key));
}
