/* SPDX-License-Identifier: 0BSD */
/* A VM's rc-file and cfg-file in the making, from what others wrote for QEMU. */
#include "draft.h"

#include "edit.h"
#include "fmt.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = 65536 };

struct draft_path {
	struct draft_path *next;
	char path[];
};

void draft_note(struct draft *d, const char *format, ...)
{
	struct buf line = { 0 };
	va_list list;

	va_start(list, format);
	buf_list(&line, format, list);
	va_end(list);
	text_clean(&d->notes, buf_text(&line), line.n);
	buf_char(&d->notes, '\n');
	buf_free(&line);
}

void draft_tell(struct draft *d, const struct draft_option *o, const char *why)
{
	draft_note(d, "%s%s%s: %s", o->name, o->value ? " " : "", o->value ? o->value : "", why);
}

int draft_put(struct draft *d, enum conf_key key, int number, const char *value)
{
	char name[CONF_KEY_ROOM];
	struct err none;

	conf_key_name(key, number, name);
	if (!*value || !strcmp(value, "0") || strlen(value) > VALUE_MAX || edit_has(&d->rc, name) ||
	    value_check(conf_keys[key].kind, value, &none) < 0)
		return -1;
	return edit_pair(&d->rc, name, value, &none);
}

static int is_free(const struct draft *d, enum conf_key key, long long number)
{
	char name[CONF_KEY_ROOM];

	conf_key_name(key, (int)number, name);
	return !edit_has(&d->rc, name);
}

int draft_number(struct draft *d, enum conf_key key, const char *id, const char *ours)
{
	size_t n = strlen(ours);
	long long number;

	if (id && text_begins(id, ours) && id[n] != '0' && text_number(id + n, 1, CONF_NUMBER_MAX, &number) == 0 &&
	    is_free(d, key, number))
		return (int)number;
	for (number = 1; number < CONF_NUMBER_MAX && !is_free(d, key, number); number++)
		;
	return (int)number;
}

void draft_raw(struct draft *d, const char *option, const char *value)
{
	if (*option)
		text_shell(&d->cfg, option);
	if (*option && value)
		buf_char(&d->cfg, ' ');
	if (value)
		text_shell(&d->cfg, value);
	buf_char(&d->cfg, '\n');
}

const char *draft_path(struct draft *d, const char *path)
{
	size_t room = strlen(d->from->dir) + strlen(path) + 2;
	struct draft_path *new;

	if (*path == '/')
		return path;
	new = malloc(sizeof(*new) + room);
	if (!new) {
		d->rc.bad = 1;
		return path;
	}
	fmt(new->path, room, "%s/%s", d->from->dir, path);
	new->next = d->paths;
	d->paths = new;
	return new->path;
}

struct draft_option *draft_find(struct draft *d, const char *option, const char *key, const char *value)
{
	for (size_t i = 0; value && i < d->n; i++) {
		struct draft_option *o = &d->list[i];
		if (o->fate == DRAFT_STAYS && strcmp(o->name, option) == 0 && props_is(&o->props, key, value)) {
			o->fate = DRAFT_NAMED;
			return o;
		}
	}
	return NULL;
}

void draft_free(struct draft *d)
{
	for (struct draft_path *p = d->paths, *next; p; p = next) {
		next = p->next;
		free(p);
	}
	for (size_t i = 0; i < d->n; i++)
		props_free(&d->list[i].props);
	free(d->list);
	cfg_free(&d->words);
	buf_free(&d->rc);
	buf_free(&d->cfg);
	buf_free(&d->notes);
	*d = (struct draft){ 0 };
}
