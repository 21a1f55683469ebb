/* SPDX-License-Identifier: 0BSD */
/* Words and numbers: strict reading, quoting, the nearest word. */
#include "text.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

int text_number(const char *s, long long min, long long max, long long *out)
{
	long long n = 0;

	if (!*s || strlen(s) > 18)
		return -1;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -1;
		n = n * 10 + (*s - '0');
	}
	if (n < min || n > max)
		return -1;
	*out = n;
	return 0;
}

const char *text_digits(const char *s, unsigned long long *out)
{
	unsigned long long n = 0;

	s += strspn(s, " \t");
	if (*s < '0' || *s > '9')
		return NULL;
	for (; *s >= '0' && *s <= '9'; s++) {
		unsigned int digit = (unsigned int)(*s - '0');
		if (n > (ULLONG_MAX - digit) / 10)
			return NULL;
		n = n * 10 + digit;
	}
	*out = n;
	return s;
}

/* Reads "12.345" as thousandths; returns what follows, NULL when there is no number. */
static const char *thousandths(const char *s, int64_t *out)
{
	int64_t n = 0;
	int digits = 0;

	for (; *s >= '0' && *s <= '9'; s++, digits++)
		if ((n = n * 10 + (*s - '0')) > 1000000000)
			return NULL;
	n *= 1000;
	if (*s == '.') {
		s++;
		for (int64_t unit = 100; *s >= '0' && *s <= '9'; s++, digits++, unit /= 10)
			n += (*s - '0') * unit;
	}
	*out = n;
	return digits ? s : NULL;
}

int text_time(const char *s, int64_t *ms)
{
	static const struct { const char *word; int factor; } units[] = {
		{ "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 },
	};
	int64_t n;

	s = thousandths(s, &n);
	if (!s)
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (strcmp(s, units[i].word) != 0)
			continue;
		n *= units[i].factor;
		if (n <= 0 || n > 366 * 86400 * INT64_C(1000))
			return -1;
		*ms = n;
		return 0;
	}
	return -1;
}

int text_size(const char *s, int64_t unit, int64_t *bytes)
{
	static const char letters[] = "KMGT";
	char digits[16];
	size_t n = strspn(s, "0123456789");
	long long value;

	if (!n || n >= sizeof(digits))
		return -1;
	memcpy(digits, s, n);
	digits[n] = '\0';
	if (text_number(digits, 1, INT64_C(1) << 40, &value) < 0)
		return -1;
	if (s[n]) {
		const char *at = strchr(letters, toupper((unsigned char)s[n]));
		if (!at || s[n + 1])
			return -1;
		unit = INT64_C(1024) << 10 * (at - letters);
	}
	if (value > INT64_MAX / unit)
		return -1;
	*bytes = value * unit;
	return 0;
}

int text_yes(const char *s, int *out)
{
	static const struct { const char *word; int value; } words[] = {
		{ "yes", 1 }, { "on", 1 }, { "true", 1 }, { "1", 1 },
		{ "no", 0 }, { "off", 0 }, { "false", 0 }, { "0", 0 },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcasecmp(s, words[i].word) != 0)
			continue;
		*out = words[i].value;
		return 0;
	}
	return -1;
}

int text_begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

int text_ends(const char *s, const char *with)
{
	size_t n = strlen(s), m = strlen(with);

	return n >= m && strcmp(s + n - m, with) == 0;
}

static int is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

int text_name(const char *s, size_t max)
{
	if (!is_plain(*s) || strlen(s) > max)
		return 0;
	for (; *s; s++)
		if (!is_plain(*s) && !strchr("._-", *s))
			return 0;
	return 1;
}

/* Levenshtein's distance, for words of up to 31 letters; else far. */
static size_t distance(const char *a, const char *b)
{
	size_t row[32];
	size_t n = strlen(b);

	if (n >= 32 || strlen(a) >= 32)
		return 99;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t before = row[0];
		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t best = before + (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]));
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			before = row[j];
			row[j] = best;
		}
	}
	return row[n];
}

const char *text_near(const char *s, const char *const *words, size_t n)
{
	const char *best = NULL;
	size_t least = 3;

	for (size_t i = 0; i < n; i++) {
		size_t d = distance(s, words[i]);
		if (d < least && d * 3 <= strlen(words[i]) + 1) {
			least = d;
			best = words[i];
		}
	}
	return best;
}

void text_quote(struct buf *b, const char *s)
{
	buf_char(b, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			buf_str(b, "'\\''");
		else
			buf_char(b, *s);
	}
	buf_char(b, '\'');
}

void text_shell(struct buf *b, const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++) {
		if (!is_plain(s[i]) && !strchr("._-/,:=+@%", s[i])) {
			text_quote(b, s);
			return;
		}
	}
	if (n)
		buf_str(b, s);
	else
		buf_str(b, "''");
}

/* U+200B to 200F, 2028 to 202E, 2060 to 206F: no width, another direction; they make text look like another. */
static int is_unseen(const unsigned char *s)
{
	return s[0] == 0xe2 && ((s[1] == 0x80 && ((s[2] >= 0x8b && s[2] <= 0x8f) || (s[2] >= 0xa8 && s[2] <= 0xae))) ||
				(s[1] == 0x81 && s[2] >= 0xa0 && s[2] <= 0xaf));
}

/* How many bytes a character beyond ASCII has that a terminal may show (RFC 3629, and no C1 control); 0 for none. */
static size_t wide(const unsigned char *s, size_t n)
{
	static const struct {
		unsigned char from, to;		/* the first byte */
		unsigned char least, most;	/* the second: no overlong form, no surrogate, nothing above U+10FFFF */
		size_t len;
	} forms[] = {
		{ 0xc2, 0xc2, 0xa0, 0xbf, 2 }, { 0xc3, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	size_t i = 0, at = 2;

	while (i < sizeof(forms) / sizeof(forms[0]) && (s[0] < forms[i].from || s[0] > forms[i].to))
		i++;
	if (i == sizeof(forms) / sizeof(forms[0]) || n < forms[i].len || s[1] < forms[i].least || s[1] > forms[i].most)
		return 0;
	while (at < forms[i].len && (s[at] & 0xc0) == 0x80)
		at++;
	return at == forms[i].len && !is_unseen(s) ? at : 0;
}

static int is_shown(unsigned char c)
{
	return c >= ' ' && c < 0x7f;
}

void text_tame(char *s, size_t n)
{
	for (size_t i = 0, len; i < n; i += len ? len : 1) {
		len = wide((const unsigned char *)s + i, n - i);
		if (!len && !is_shown((unsigned char)s[i]) && s[i] != '\t' && s[i] != '\n')
			s[i] = '?';
	}
}

void text_clean(struct buf *b, const char *s, size_t n)
{
	size_t len;

	while (n && isspace((unsigned char)s[n - 1]))
		n--;
	for (size_t i = 0; i < n; i += len ? len : 1) {
		len = wide((const unsigned char *)s + i, n - i);
		if (len)
			buf_add(b, s + i, len);
		else if (s[i] == '\t' || s[i] == '\n' || s[i] == '\r')
			buf_char(b, ' ');
		else
			buf_char(b, is_shown((unsigned char)s[i]) ? s[i] : '?');
	}
}

const char *text_line(const char **rest, size_t *n, size_t *len)
{
	const char *line = *rest;

	if (!*n)
		return NULL;
	const char *end = memchr(line, '\n', *n);
	*len = end ? (size_t)(end - line) : *n;
	size_t whole = end ? *len + 1 : *len;
	*rest += whole;
	*n -= whole;
	if (*len && line[*len - 1] == '\r')
		--*len;
	return line;
}

const char *text_find(const char *s, size_t n, const char *needle, size_t m)
{
	for (; n >= m; s++, n--)
		if (memcmp(s, needle, m) == 0)
			return s;
	return NULL;
}

const char *text_in(const char *s, const char *needle)
{
	return text_find(s, strlen(s), needle, strlen(needle));
}

int text_listed(const char *words, const char *word)
{
	for (size_t n; (n = strcspn(words, " ")); words += words[n] ? n + 1 : n)
		if (word && strlen(word) == n && memcmp(words, word, n) == 0)
			return 1;
	return 0;
}

int text_copy(char *to, size_t room, const char *from)
{
	size_t n = strlen(from);

	to[0] = '\0';
	if (n >= room)
		return -1;
	memcpy(to, from, n + 1);
	return 0;
}
