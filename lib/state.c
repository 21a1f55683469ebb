/* SPDX-License-Identifier: 0BSD */
/* The files `state` and `exit` of a VM. */
#include "state.h"

#include "file.h"
#include "text.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum kind { TEXT, NUMBER };

#define FIELD(name, kind) { #name, kind, offsetof(struct state, name) },
static const struct field {
	const char *name;
	enum kind kind;
	size_t at;
} fields[] = { STATE_FIELDS(FIELD) };
#undef FIELD

static const size_t field_count = sizeof(fields) / sizeof(*fields);

static const struct field *field_of(const char *key)
{
	for (size_t i = 0; i < field_count; i++)
		if (strcmp(fields[i].name, key) == 0)
			return &fields[i];
	return NULL;
}

static const char **text_at(const struct state *s, const struct field *f)
{
	return (const char **)((char *)s + f->at);
}

static long long *number_at(const struct state *s, const struct field *f)
{
	return (long long *)((char *)s + f->at);
}

static void clear(struct state *s)
{
	*s = (struct state){ 0 };
	for (size_t i = 0; i < field_count; i++)
		if (fields[i].kind == TEXT)
			*text_at(s, &fields[i]) = "";
}

/* One line, NUL-terminated. */
static int parse_line(struct state *s, char *line, struct err *e)
{
	char *equals = strchr(line, '=');

	if (!equals)
		return err_set(e, "state: a line without `=`");
	*equals = '\0';
	const struct field *f = field_of(line);
	if (!f)
		return 0;
	if (f->kind == TEXT)
		*text_at(s, f) = equals + 1;
	else if (text_number(equals + 1, 0, INT64_MAX, number_at(s, f)) < 0)
		return err_set(e, "state: %s: not a number", f->name);
	return 0;
}

/* Lines, the last one ended, too. */
static int is_whole(const char *bytes, size_t n)
{
	return n && bytes[n - 1] == '\n' && !memchr(bytes, '\0', n);
}

int state_parse(struct state *s, const char *bytes, size_t n, struct err *e)
{
	clear(s);
	buf_add(&s->text, bytes, n);
	if (s->text.bad)
		return err_set(e, "state: out of memory");
	if (!is_whole(bytes, n))
		return err_set(e, "state: not a whole text");
	for (char *line = s->text.s, *end; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		if (parse_line(s, line, e) < 0)
			return -1;
	}
	return s->version > 0 ? 0 : err_set(e, "state: no version");
}

void state_free(struct state *s)
{
	buf_free(&s->text);
	clear(s);
}

void state_print(const struct state *s, struct buf *out)
{
	for (size_t i = 0; i < field_count; i++) {
		if (fields[i].kind == TEXT)
			buf_fmt(out, "%s=%s\n", fields[i].name, *text_at(s, &fields[i]));
		else
			buf_fmt(out, "%s=%lld\n", fields[i].name, *number_at(s, &fields[i]));
	}
}

int state_read(struct state *s, int dir, struct err *e)
{
	struct buf text = { 0 };
	int got = file_read(dir, "state", STATE_FILE_MAX, &text, e);

	clear(s);
	if (got == 0)
		got = state_parse(s, buf_text(&text), text.n, e) < 0 ? -1 : 1;
	else if (errno == ENOENT)
		got = 0;
	buf_free(&text);
	return got;
}

int state_write(const struct state *s, int dir, struct err *e)
{
	struct buf text = { 0 };

	state_print(s, &text);
	int done = text.bad ? err_set(e, "state: out of memory") : file_write(dir, "state", text.s, text.n, 0640, 0, e);
	buf_free(&text);
	return done;
}

static void print_ending(struct buf *b, const struct ending *end)
{
	struct buf words = { 0 };

	buf_fmt(b, "when='%lld' how=", end->when);
	text_quote(b, end->how);
	buf_str(b, " step=");
	text_quote(b, end->step);
	buf_fmt(b, " status='%d' words=", end->status);
	text_clean(&words, end->words, strlen(end->words)); /* one line, whatever QEMU said */
	text_quote(b, buf_text(&words));
	buf_str(b, "\n");
	b->bad |= words.bad;
	buf_free(&words);
}

int exit_add(int dir, const struct ending *end, struct err *e)
{
	struct buf text = { 0 };
	size_t at, lines = 0;

	if (file_read(dir, "exit", STATE_FILE_MAX, &text, e) < 0 || !is_whole(buf_text(&text), text.n))
		buf_clear(&text); /* none yet, or a broken one: this end is recorded all the same */
	print_ending(&text, end);
	for (at = text.n; at && (text.s[at - 1] != '\n' || lines++ < EXIT_RECORDS); at--)
		;
	buf_drop(&text, at);
	int done = text.bad ? err_set(e, "exit: out of memory") : file_write(dir, "exit", text.s, text.n, 0640, 0, e);
	buf_free(&text);
	return done;
}

void exit_last(int dir, struct buf *out)
{
	static const char mark[] = " how='";
	struct buf text = { 0 };
	struct err e;

	if (file_read(dir, "exit", STATE_FILE_MAX, &text, &e) == 0) {
		if (text.n)
			text.s[text.n - 1] = '\0'; /* the last line's end */
		const char *line = strrchr(buf_text(&text), '\n');
		/* the first one in the line: what follows may be QEMU's words */
		const char *how = text_in(line ? line : buf_text(&text), mark);
		if (how)
			buf_add(out, how + sizeof(mark) - 1, strcspn(how + sizeof(mark) - 1, "'"));
	}
	buf_free(&text);
}
