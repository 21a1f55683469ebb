/* SPDX-License-Identifier: 0BSD */
/* JSON in place: a framer for streams, readers that allocate nothing, a writer of strings. */
#include "json.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

/* What may come next; TOP is 0, so that a zeroed scan is ready. */
enum { TOP, VALUE, VALUE_OR_END, KEY, KEY_OR_END, COLON, AFTER };
enum { NOTHING, STRING, ESCAPE, WORD };

static int is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '+' || c == '.' || c == 'E';
}

static int hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int takes_value(const struct json_scan *j)
{
	return j->state == VALUE || j->state == VALUE_OR_END;
}

static int takes_key(const struct json_scan *j)
{
	return j->state == KEY || j->state == KEY_OR_END;
}

static int in_object(const struct json_scan *j)
{
	return j->object[(j->depth - 1) / 8] >> ((j->depth - 1) % 8) & 1;
}

static int open_level(struct json_scan *j, int object)
{
	if ((j->state != TOP && !takes_value(j)) || j->depth == JSON_DEPTH_MAX)
		return -1;
	unsigned char bit = (unsigned char)(1 << j->depth % 8);
	unsigned char *at = &j->object[j->depth++ / 8];
	*at = (unsigned char)(object ? *at | bit : *at & ~bit);
	j->state = object ? KEY_OR_END : VALUE_OR_END;
	return 0;
}

static int close_level(struct json_scan *j, int object)
{
	if (!j->depth || in_object(j) != object || (j->state != AFTER && j->state != (object ? KEY_OR_END : VALUE_OR_END)))
		return -1;
	j->depth--;
	j->state = j->depth ? AFTER : TOP;
	return j->depth ? 0 : 1;
}

static int start_string(struct json_scan *j)
{
	if (!takes_key(j) && !takes_value(j))
		return -1;
	j->state = takes_key(j) ? COLON : AFTER;
	j->inside = STRING;
	return 0;
}

static int start_word(struct json_scan *j, char c)
{
	if (!takes_value(j) || (c != '-' && (c < '0' || c > '9') && !strchr("tfn", c)))
		return -1;
	j->state = AFTER;
	j->inside = WORD;
	return 0;
}

static int step_outside(struct json_scan *j, char c)
{
	if (is_space(c))
		return 0;
	switch (c) {
	case '{': case '[':
		return open_level(j, c == '{');
	case '}': case ']':
		return close_level(j, c == '}');
	case '"':
		return start_string(j);
	case ':':
		if (j->state != COLON)
			return -1;
		j->state = VALUE;
		return 0;
	case ',':
		if (j->state != AFTER)
			return -1;
		j->state = in_object(j) ? KEY : VALUE;
		return 0;
	case '\0':
		return -1;
	}
	return start_word(j, c);
}

static int step_escape(struct json_scan *j, char c)
{
	if (j->hex) {
		j->inside = --j->hex ? ESCAPE : STRING;
		return hex_of(c) < 0 ? -1 : 0;
	}
	j->hex = c == 'u' ? 4 : 0;
	j->inside = j->hex ? ESCAPE : STRING;
	return c && strchr("\"\\/bfnrtu", c) ? 0 : -1;
}

static int step_string(struct json_scan *j, char c)
{
	if (c == '\\')
		j->inside = ESCAPE;
	else if (c == '"')
		j->inside = NOTHING;
	return (unsigned char)c < ' ' ? -1 : 0;
}

static int step(struct json_scan *j, char c)
{
	if (j->inside == STRING)
		return step_string(j, c);
	if (j->inside == ESCAPE)
		return step_escape(j, c);
	if (j->inside == WORD && is_word(c))
		return 0;
	j->inside = NOTHING;
	return step_outside(j, c);
}

int json_feed(struct json_scan *j, const char *s, size_t n, size_t *used)
{
	int done = 0;
	size_t i = 0;

	while (i < n && !done)
		done = step(j, s[i++]);
	*used = i;
	return done;
}

int json_whole(const char *s, size_t n, struct json_span *out)
{
	struct json_scan scan = { 0 };
	size_t used;

	*out = (struct json_span){ NULL, 0 };
	while (n && is_space(*s))
		s++, n--;
	while (n && is_space(s[n - 1]))
		n--;
	if (json_feed(&scan, s, n, &used) != 1 || used != n)
		return -1;
	*out = (struct json_span){ s, n };
	return 0;
}

/* The end of the string that begins at `at`, behind its quote; 0 when it has none. */
static size_t string_end(struct json_span d, size_t at)
{
	for (at++; at < d.n; at++) {
		if (d.s[at] == '\\')
			at++;
		else if (d.s[at] == '"')
			return at + 1;
	}
	return 0;
}

/* The end of the value that begins at `at`; 0 when it is broken. No recursion: depth is the sender's choice. */
static size_t value_end(struct json_span d, size_t at)
{
	size_t depth = 0;
	size_t from = at;

	while (at < d.n) {
		char c = d.s[at];
		if (c == '"') {
			at = string_end(d, at);
			if (!at)
				return 0;
		} else if (c == '{' || c == '[') {
			depth++;
			at++;
			continue;
		} else if (c == '}' || c == ']') {
			if (!depth)
				return 0;
			depth--;
			at++;
		} else if (is_word(c)) {
			while (at < d.n && is_word(d.s[at]))
				at++;
		} else if (depth && (is_space(c) || c == ',' || c == ':')) {
			at++;
			continue;
		} else {
			return 0;
		}
		if (!depth)
			return at > from ? at : 0;
	}
	return 0;
}

static size_t skip_space(struct json_span d, size_t at)
{
	while (at < d.n && is_space(d.s[at]))
		at++;
	return at;
}

/* Reads `"key" :` at *at and moves behind it. 0 or -1. */
static int read_key(struct json_span d, size_t *at, struct json_span *key)
{
	size_t from = *at;
	size_t end = from < d.n && d.s[from] == '"' ? string_end(d, from) : 0;

	if (!end)
		return -1;
	*key = (struct json_span){ d.s + from + 1, end - from - 2 };
	*at = skip_space(d, end);
	if (*at >= d.n || d.s[*at] != ':')
		return -1;
	*at = skip_space(d, *at + 1);
	return 0;
}

int json_next(struct json_span d, size_t *at, struct json_span *key, struct json_span *value)
{
	struct json_span name = { NULL, 0 };
	int first = *at == 0;

	if (!d.n || (d.s[0] != '{' && d.s[0] != '['))
		return -1;
	char end = d.s[0] == '{' ? '}' : ']';
	size_t i = skip_space(d, first ? 1 : *at);
	if (i >= d.n)
		return -1;
	if (d.s[i] == end)
		return 0;
	if (!first) {
		if (d.s[i] != ',')
			return -1;
		i = skip_space(d, i + 1);
	}
	if (end == '}' && read_key(d, &i, &name) < 0)
		return -1;
	size_t stop = value_end(d, i);
	if (!stop)
		return -1;
	*value = (struct json_span){ d.s + i, stop - i };
	if (key)
		*key = name;
	*at = stop;
	return 1;
}

/* One step of a path. */
static int find_one(struct json_span doc, const char *name, size_t n, struct json_span *out)
{
	struct json_span key, value;
	size_t at = 0;
	size_t number = 0;
	int array = doc.n && doc.s[0] == '[';

	for (size_t i = 0; array && i < n; i++) {
		if (name[i] < '0' || name[i] > '9' || number > SIZE_MAX / 10 - 9)
			return -1;
		number = number * 10 + (size_t)(name[i] - '0');
	}
	while (json_next(doc, &at, &key, &value) == 1) {
		if (array ? number-- == 0 : key.n == n && memcmp(key.s, name, n) == 0) {
			*out = value;
			return 0;
		}
	}
	return -1;
}

int json_find(struct json_span doc, const char *path, struct json_span *out)
{
	while (*path) {
		size_t n = strcspn(path, ".");
		if (find_one(doc, path, n, &doc) < 0) {
			*out = (struct json_span){ NULL, 0 };
			return -1;
		}
		path += n + (path[n] == '.');
	}
	*out = doc;
	return 0;
}

static void put_utf8(struct buf *out, unsigned int c)
{
	if (c < 0x80) {
		buf_char(out, (char)c);
		return;
	}
	int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const unsigned char lead[] = { 0, 0xc0, 0xe0, 0xf0 };
	buf_char(out, (char)(lead[more] | c >> 6 * more));
	while (more--)
		buf_char(out, (char)(0x80 | (c >> 6 * more & 0x3f)));
}

/* Four hex digits at s, -1 when there are none before `end`. */
static int read_hex(const char *s, const char *end)
{
	int c = 0;

	if (end - s < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_of(s[i]);
		if (digit < 0)
			return -1;
		c = c << 4 | digit;
	}
	return c;
}

/* Appends what \uXXXX at s (behind the u), perhaps with a second one, means; returns where it ends, NULL: broken. */
static const char *read_unicode(const char *s, const char *end, struct buf *out)
{
	int c = read_hex(s, end);

	if (c < 0)
		return NULL;
	s += 4;
	if (c >= 0xd800 && c < 0xdc00 && end - s >= 6 && s[0] == '\\' && s[1] == 'u') {
		int low = read_hex(s + 2, end);
		if (low >= 0xdc00 && low < 0xe000) {
			put_utf8(out, 0x10000 + ((unsigned int)(c - 0xd800) << 10) + (unsigned int)(low - 0xdc00));
			return s + 6;
		}
	}
	put_utf8(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : (unsigned int)c);
	return s;
}

int json_text(struct json_span v, struct buf *out)
{
	static const char letters[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";

	if (v.n < 2 || v.s[0] != '"' || v.s[v.n - 1] != '"')
		return -1;
	const char *s = v.s + 1, *end = v.s + v.n - 1;
	while (s < end) {
		const char *slash = memchr(s, '\\', (size_t)(end - s));
		buf_add(out, s, (size_t)((slash ? slash : end) - s));
		if (!slash)
			return 0;
		if (end - slash < 2)
			return -1;
		s = slash + 2;
		const char *at = slash[1] ? strchr(letters, slash[1]) : NULL;
		if (at)
			buf_char(out, means[at - letters]);
		else if (slash[1] != 'u' || !(s = read_unicode(s, end, out)))
			return -1;
	}
	return 0;
}

int json_number(struct json_span v, long long *out)
{
	unsigned long long n = 0;
	int minus = v.n && v.s[0] == '-';
	unsigned long long max = (unsigned long long)LLONG_MAX + (unsigned long long)minus;

	if (v.n == (size_t)minus)
		return -1;
	for (size_t i = (size_t)minus; i < v.n; i++) {
		unsigned int digit = (unsigned char)v.s[i] - '0';
		if (digit > 9 || n > (max - digit) / 10)
			return -1;
		n = n * 10 + digit;
	}
	*out = minus ? -(long long)(n - (n == max)) - (n == max) : (long long)n;
	return 0;
}

int json_true(struct json_span v)
{
	return v.n == 4 && memcmp(v.s, "true", 4) == 0;
}

/* Length of the UTF-8 character at s, 0 when it is none: no overlong form, no surrogate, not above U+10FFFF. */
static size_t utf8_length(const unsigned char *s, size_t n)
{
	static const struct { unsigned char from, to, low, high; size_t length; } forms[] = {
		{ 0x00, 0x7f, 0x80, 0xbf, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		if (s[0] < forms[i].from || s[0] > forms[i].to)
			continue;
		if (n < forms[i].length)
			return 0;
		for (size_t k = 1; k < forms[i].length; k++)
			if (s[k] < (k == 1 ? forms[i].low : 0x80) || s[k] > (k == 1 ? forms[i].high : 0xbf))
				return 0;
		return forms[i].length;
	}
	return 0;
}

static void quote_ascii(struct buf *out, char c)
{
	static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *at = c ? strchr(plain, c) : NULL;

	if (at) {
		buf_char(out, '\\');
		buf_char(out, letters[at - plain]);
	} else if ((unsigned char)c < ' ') {
		buf_fmt(out, "\\u%04x", c);
	} else {
		buf_char(out, c);
	}
}

void json_quote(struct buf *out, const char *s, size_t n)
{
	buf_char(out, '"');
	while (n) {
		size_t length = utf8_length((const unsigned char *)s, n);
		if (length > 1)
			buf_add(out, s, length);
		else if (length == 1)
			quote_ascii(out, *s);
		else
			buf_str(out, "\xef\xbf\xbd");
		length += !length;
		s += length;
		n -= length;
	}
	buf_char(out, '"');
}
