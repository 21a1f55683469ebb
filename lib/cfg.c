/* SPDX-License-Identifier: 0BSD */
/* Raw QEMU options as on a command line (NAME-qemu.cfg, ARGn): words and quotes, no expansion of any kind. */
#include "cfg.h"

#include "trust.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CFG_FILE_MAX = 1 << 20 };

struct reader {
	const char *s;
	const char *end;
	int line;	/* of s */
	int begun;	/* where the open quote began; the place of an error */
	struct buf word;
};

static int is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

static char take(struct reader *r)
{
	if (*r->s == '\n')
		r->line++;
	return *r->s++;
}

static void skip_comment(struct reader *r)
{
	while (r->s < r->end && *r->s != '\n')
		take(r);
}

/* A backslash that joins lines: how long it is, with its line end; else 0. */
static size_t joins(const struct reader *r)
{
	size_t left = (size_t)(r->end - r->s);

	if (left >= 2 && memcmp(r->s, "\\\n", 2) == 0)
		return 2;
	return left >= 3 && memcmp(r->s, "\\\r\n", 3) == 0 ? 3 : 0;
}

static void skip_join(struct reader *r)
{
	for (size_t n = joins(r); n; n--)
		take(r);
}

/* To the start of the next word: 1; 0 at the end. */
static int skip_white(struct reader *r)
{
	while (r->s < r->end) {
		if (*r->s == '#')
			skip_comment(r);
		else if (is_white(*r->s))
			take(r);
		else if (joins(r))
			skip_join(r);
		else
			return 1;
	}
	return 0;
}

static int read_quoted(struct reader *r, struct err *e)
{
	r->begun = r->line;
	for (char quote = take(r); r->s < r->end; ) {
		char c = take(r);
		if (c == quote)
			return 0;
		if (c == '\\' && quote == '"' && r->s < r->end && (*r->s == '"' || *r->s == '\\'))
			c = take(r);
		buf_char(&r->word, c);
	}
	return err_code(e, NOT_CONFIGURED, "the closing quote is missing");
}

static int read_escaped(struct reader *r, struct err *e)
{
	if (joins(r)) {
		skip_join(r);
		return 0;
	}
	r->begun = r->line;
	take(r);
	if (r->s >= r->end)
		return err_code(e, NOT_CONFIGURED, "a backslash at the end");
	buf_char(&r->word, take(r));
	return 0;
}

/* One word into r->word; `whole`: white space does not end it. */
static int read_word(struct reader *r, int whole, struct err *e)
{
	int bad = 0;

	buf_clear(&r->word);
	while (!bad && r->s < r->end && (whole || !is_white(*r->s))) {
		if (*r->s == '\'' || *r->s == '"')
			bad = read_quoted(r, e);
		else if (*r->s == '\\')
			bad = read_escaped(r, e);
		else
			buf_char(&r->word, take(r));
	}
	return bad;
}

static int add(struct cfg *c, struct reader *r, struct err *e)
{
	char **words = buf_grow(c->words, c->n + 1, &c->room, sizeof(*words)); /* and the NULL */
	char *word = words && !r->word.bad ? strdup(buf_text(&r->word)) : NULL;

	if (words)
		c->words = words;
	if (!word)
		return err_set(e, "out of memory");
	c->words[c->n++] = word;
	c->words[c->n] = NULL;
	return 0;
}

static int read_all(struct cfg *c, struct reader *r, struct err *e)
{
	while (skip_white(r))
		if (read_word(r, 0, e) < 0 || add(c, r, e) < 0)
			return -1;
	return 0;
}

static int no_nul(struct reader *r, struct err *e)
{
	const char *nul = memchr(r->s, '\0', (size_t)(r->end - r->s));

	if (!nul)
		return 0;
	for (r->begun = 1; r->s < nul; r->s++)
		r->begun += *r->s == '\n';
	return err_code(e, NOT_CONFIGURED, "a NUL byte");
}

int cfg_read(struct cfg *c, const char *text, size_t n, const char *file, struct buf *errors)
{
	struct reader r = { .s = text, .end = text + n, .line = 1, .begun = 1 };
	struct err e;

	int bad = no_nul(&r, &e) < 0 || read_all(c, &r, &e) < 0;
	buf_free(&r.word);
	if (!bad)
		return 0;
	buf_fmt(errors, "%s:%d: %s\n", file, r.begun, e.text);
	c->code = e.code;
	return -1;
}

int cfg_load(struct cfg *c, const char *path, uid_t owner, struct buf *errors)
{
	struct buf text = { 0 };
	struct err e;
	int bad = 0;

	if (trust_read(path, &owner, CFG_FILE_MAX, &text, &e) == 0) {
		bad = cfg_read(c, buf_text(&text), text.n, path, errors);
	} else if (errno != ENOENT || readlink(path, (char[1]){ 0 }, 1) > 0) { /* a link that leads nowhere is a mistake */
		c->code = e.code == NO_RIGHT ? NO_RIGHT : NOT_CONFIGURED;
		buf_fmt(errors, "%s\n", e.text);
		bad = -1;
	}
	buf_free(&text);
	return bad;
}

/* The option alone: no quotes, as each begins with `-` and is one plain word. */
static int read_option(struct cfg *c, struct reader *r, struct err *e)
{
	while (r->s < r->end && !is_white(*r->s))
		buf_char(&r->word, *r->s++);
	const char *option = buf_text(&r->word);
	if (option[0] != '-' || !option[strspn(option, "-")])
		return err_code(e, NOT_CONFIGURED, "%s: want an option: -OPTION or -OPTION VALUE", option);
	return add(c, r, e);
}

int cfg_arg(struct cfg *c, const char *value, struct err *e)
{
	struct reader r = { .s = value, .end = value + strlen(value), .line = 1 };

	while (r.s < r.end && is_white(*r.s))
		r.s++;
	int bad = read_option(c, &r, e);
	while (r.s < r.end && is_white(*r.s))
		r.s++;
	if (!bad && r.s < r.end)
		bad = read_word(&r, 1, e) < 0 ? -1 : add(c, &r, e);
	buf_free(&r.word);
	return bad;
}

void cfg_free(struct cfg *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->words[i]);
	free(c->words);
	*c = (struct cfg){ 0 };
}
