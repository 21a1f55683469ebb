/* SPDX-License-Identifier: 0BSD */
/* edit: KEY, VALUE, and a text, a form feed between them. What was written reads again as the new value; no other line is
 * touched. */
#include "fuzz.h"

#include "edit.h"
#include "line.h"
#include "text.h"

static struct buf copy_of(const char *s, size_t n)
{
	struct buf b = { 0 };

	buf_add(&b, s, n);
	return b;
}

static size_t line_ends(const char *s, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += s[i] == '\n';
	return count;
}

/* What the two do not share, at both ends: within one line; or a new last one, and the end of the line before it. */
static void one_line(const struct buf *old, const struct buf *new)
{
	size_t least = old->n < new->n ? old->n : new->n, begin = 0, end = 0;

	while (begin < least && old->s[begin] == new->s[begin])
		begin++;
	while (end < least - begin && old->s[old->n - 1 - end] == new->s[new->n - 1 - end])
		end++;
	size_t gone = line_ends(buf_text(old) + begin, old->n - begin - end);
	size_t come = line_ends(buf_text(new) + begin, new->n - begin - end);
	MUST(gone <= 1 && come <= (begin == old->n && begin && old->s[begin - 1] != '\n') + 1UL);
	MUST(!gone || !come);
}

/* The first pair of that key: 1 and its value; 0: none; -1: one that cannot be read. */
static int read_back(const struct buf *text, const char *key, struct buf *value)
{
	struct line l = { .rest = buf_text(text), .left = text->n };
	struct line_pair p = { 0 };
	size_t n = strlen(key);
	struct err e;
	int got, found = 0;

	while (!found && (got = line_next(&l, &e))) {
		if (got < 0 || l.n < n || memcmp(l.s, key, n) != 0)
			continue;
		int bad = line_pair(&p, l.s, l.n, &e);
		if (p.n == n && memcmp(p.key, key, n) == 0)
			found = bad ? -1 : 1;
	}
	buf_clear(value);
	buf_add(value, buf_text(&p.value), p.value.n);
	buf_free(&p.value);
	return found;
}

static void edit(const char *key, const char *value, const char *s, size_t n)
{
	struct buf old = copy_of(s, n), new = copy_of(s, n), back = { 0 };
	struct err e;

	if (edit_pair(&new, key, value, &e) < 0) {
		MUST(e.text[0] && fuzz_same(&old, &new));
	} else {
		one_line(&old, &new);
		MUST(edit_has(&new, key) && read_back(&new, key, &back) == 1 && !strcmp(buf_text(&back), value));
	}
	buf_free(&old);
	buf_free(&new);
	buf_free(&back);
}

static void edit_list(const char *word, const char *s, size_t n)
{
	struct buf old = copy_of(s, n), new = copy_of(s, n), line = { 0 };

	buf_fmt(&line, "%s /var/lib/%s", word, word);
	edit_word(&new, word, line.s);
	one_line(&old, &new);
	MUST(text_find(new.s, new.n, line.s, line.n));
	edit_word(&new, word, NULL);
	edit_word(&old, word, NULL);
	/* but for the line end that the last one had lacked */
	MUST(new.n >= old.n && new.n <= old.n + 1 && !memcmp(buf_text(&new), buf_text(&old), old.n));
	buf_free(&old);
	buf_free(&new);
	buf_free(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char *text = fuzz_text(bytes, n), *rest = text;
	const char *key = strsep(&rest, "\f"), *value = strsep(&rest, "\f");

	if (!text_name(key, 48))
		key = "RAM";
	if (rest) {
		edit(key, value, rest, n - (size_t)(rest - text));
		edit_list(key, rest, n - (size_t)(rest - text));
	}
	free(text);
	return 0;
}
