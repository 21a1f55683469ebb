/* SPDX-License-Identifier: 0BSD */
/* The conditions of `wait` and AFTER, in words. */
#include "want.h"

#include "match.h"
#include "text.h"

#include <string.h>

enum { AFTER_MS = 60000 };

static int parse_serial(struct want *w, const char *rest, struct err *e)
{
	w->text = rest;
	if (!*rest || strlen(rest) > MATCH_MAX)
		return err_code(e, USAGE, "wants a text of 1 to %d bytes", MATCH_MAX);
	return 0;
}

static int parse_port(struct want *w, const char *rest, struct err *e)
{
	size_t n = strcspn(rest, "=");

	if (knock_parse(&w->where, rest, n, e) < 0)
		return -1;
	return rest[n] ? parse_serial(w, rest + n + 1, e) : 0;
}

static int parse_event(struct want *w, const char *rest, struct err *e)
{
	w->text = rest;
	if (!*rest || strspn(rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") != strlen(rest))
		return err_code(e, USAGE, "QEMU's events are called like SHUTDOWN, RESET, GUEST_PANICKED");
	return 0;
}

static const char *const heads[] = { "running", "stopped", "paused", "serial:", "port:", "event:" };
static int (*const parsers[])(struct want *w, const char *rest, struct err *e) = {
	[WANT_SERIAL] = parse_serial, [WANT_PORT] = parse_port, [WANT_EVENT] = parse_event,
};
enum { KINDS = sizeof(heads) / sizeof(*heads) };

static int unknown_word(const char *word, struct err *e)
{
	char head[16];
	size_t n = strcspn(word, ":");

	n += word[n] == ':';
	if (n >= sizeof(head))
		n = sizeof(head) - 1;
	memcpy(head, word, n);
	head[n] = '\0';
	const char *near = text_near(head, heads, KINDS);
	if (near)
		return err_code(e, USAGE, "%s: unknown condition; did you mean `%s`?", word, near);
	return err_code(e, USAGE, "%s: unknown condition (running, stopped, paused, serial:TEXT, port:[ADDR:]N[=TEXT], event:NAME)",
			word);
}

static int parse_one(struct want *w, const char *word, struct err *e)
{
	for (int i = 0; i < KINDS; i++) {
		size_t n = strlen(heads[i]);
		int is_state = heads[i][n - 1] != ':';
		if (is_state ? strcmp(word, heads[i]) != 0 : !text_begins(word, heads[i]))
			continue;
		*w = (struct want){ .kind = (enum want_kind)i, .word = word, .text = "" };
		if (is_state || parsers[i](w, word + n, e) == 0)
			return 0;
		return err_at(e, "%s", word);
	}
	return unknown_word(word, e);
}

int want_parse(struct want *list, char *const *words, size_t n, struct err *e)
{
	const struct want *state = NULL;

	if (n > WANT_MAX)
		return err_code(e, USAGE, "%s: more than %d conditions", words[WANT_MAX], WANT_MAX);
	for (size_t i = 0; i < n; i++) {
		if (parse_one(&list[i], words[i], e) < 0)
			return -1;
		if (list[i].kind > WANT_PAUSED)
			continue;
		if (state && state->kind != list[i].kind)
			return err_code(e, USAGE, "%s, %s: never at the same time", state->word, list[i].word);
		state = &list[i];
	}
	return 0;
}

/* The n bytes as a string; what does not fit is none that its reader takes. */
static const char *cut(char *to, size_t room, const char *s, size_t n)
{
	if (n >= room)
		n = 0;
	memcpy(to, s, n);
	to[n] = '\0';
	return to;
}

int want_after(struct want_after *a, const char *value, struct err *e)
{
	static const char key[] = ",time=";
	const char *rest = value + strcspn(value, ",:");
	const char *word = heads[WANT_RUNNING];
	char time[24];

	a->ms = AFTER_MS;
	if (!text_name(cut(a->name, sizeof(a->name), value, (size_t)(rest - value)), WANT_NAME_MAX))
		return err_set(e, "%s: want NAME[,time=TIME][:CONDITION], NAME a VM's", value);
	if (text_begins(rest, key)) {
		const char *from = rest + strlen(key);
		rest = from + strcspn(from, ":");
		if (text_time(cut(time, sizeof(time), from, (size_t)(rest - from)), &a->ms) < 0)
			return err_set(e, "%s: not a time (5, 0.5, 90s, 5m)", time);
	}
	if (*rest == ':')
		word = rest + 1;
	else if (*rest)
		return err_set(e, "%s: want NAME[,time=TIME][:CONDITION]", value);
	return want_parse(&a->want, (char *const[]){ (char *)word }, 1, e);
}
