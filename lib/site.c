/* SPDX-License-Identifier: 0BSD */
/* monitor.conf: what holds for all VMs of a host. */
#include "site.h"

#include "err.h"
#include "file.h"
#include "line.h"
#include "text.h"
#include "trust.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

enum { SITE_FILE_MAX = 1 << 16 };

static int set_monport(struct site *s, const char *value, struct err *e)
{
	long long n;

	if (text_number(value, 1, 65535 - 100, &n) < 0)
		return err_set(e, "%s: want a port, 1 to 65435", value);
	s->monport = (uint16_t)n;
	return 0;
}

static int set_yes(int *to, const char *value, struct err *e)
{
	return text_yes(value, to) < 0 ? err_set(e, "%s: want yes or no", value) : 0;
}

static int set_tcp(struct site *s, const char *value, struct err *e)
{
	return set_yes(&s->tcp, value, e);
}

static int set_command(struct site *s, const char *value, struct err *e)
{
	return set_yes(&s->command, value, e);
}

/* Not among the system's own, and without 65534 and 65535, which stand for nobody. */
static int set_uidbase(struct site *s, const char *value, struct err *e)
{
	const long long low = 65534 - SITE_UIDS, high = 4294967295 - SITE_UIDS;
	long long n;

	if (text_number(value, 1000, high, &n) < 0 || (n > low && n < 65536))
		return err_set(e, "%s: want a uid, 1000 to %lld or 65536 to %lld", value, low, high);
	s->uidbase = (uid_t)n;
	return 0;
}

static const struct {
	const char *key;
	int (*set)(struct site *s, const char *value, struct err *e);
} keys[] = {
	{ "MONPORT", set_monport }, { "TCP", set_tcp }, { "COMMAND", set_command }, { "UIDBASE", set_uidbase },
};
enum { KEYS = sizeof(keys) / sizeof(*keys) };

struct reader {
	struct site *s;
	const char *path;
	struct buf *errors;
	int lines[KEYS];	/* where each key stands */
};

static int find_key(const struct line_pair *p, struct err *e)
{
	const char *names[KEYS];
	char name[32] = "";

	if (p->n < sizeof(name))
		memcpy(name, p->key, p->n);
	for (int i = 0; i < KEYS; i++) {
		names[i] = keys[i].key;
		if (!strcmp(name, names[i]))
			return i;
	}
	const char *near = text_near(name, names, KEYS);
	return err_set(e, "%.*s: unknown key%s%s", (int)p->n, p->key, near ? ", nearest is " : "", near ? near : "");
}

/* Empty is the built-in value. */
static int read_pair(struct reader *r, int line, const struct line_pair *p, struct err *e)
{
	int i = find_key(p, e);

	if (i < 0)
		return -1;
	if (r->lines[i])
		return err_set(e, "%s: given already in line %d", keys[i].key, r->lines[i]);
	r->lines[i] = line;
	if (!p->value.n)
		return 0;
	return keys[i].set(r->s, buf_text(&p->value), e) < 0 ? err_at(e, "%s", keys[i].key) : 0;
}

/* The ancestor's form: the first line is the number alone. */
static int is_bare_port(const struct line *l)
{
	size_t n = 0;

	while (n < l->n && l->s[n] >= '0' && l->s[n] <= '9')
		n++;
	return l->number == 1 && n && (n == l->n || l->s[n] == ' ' || l->s[n] == '\t');
}

static int read_line(struct reader *r, const struct line *l, struct line_pair *p, struct err *e)
{
	if (!is_bare_port(l))
		return line_pair(p, l->s, l->n, e) < 0 ? -1 : read_pair(r, l->number, p, e);
	struct buf bare = { 0 };
	buf_str(&bare, "MONPORT=");
	buf_add(&bare, l->s, l->n);
	int bad = line_pair(p, buf_text(&bare), bare.n, e);
	p->key = "MONPORT";
	buf_free(&bare);
	return bad ? -1 : read_pair(r, l->number, p, e);
}

static void read_all(struct reader *r, const struct buf *text)
{
	struct line line = { .rest = buf_text(text), .left = text->n };
	struct line_pair pair = { 0 };
	struct err e;
	int got;

	while ((got = line_next(&line, &e))) {
		if (got > 0 && read_line(r, &line, &pair, &e) == 0)
			continue;
		buf_fmt(r->errors, "%s:%d: %s\n", r->path, line.number, e.text);
		r->s->code = NOT_CONFIGURED;
	}
	buf_free(&pair.value);
}

int site_load(struct site *s, const char *etc_dir, struct buf *errors)
{
	char path[PATH_MAX];
	struct reader r = { .s = s, .path = path, .errors = errors };
	struct buf text = { 0 };
	uid_t root = 0;
	struct err e;

	*s = (struct site){ .monport = 30320, .tcp = 1, .command = 1, .uidbase = 1879048192 };
	if (!*etc_dir)
		return 0;
	if (file_join(path, sizeof(path), etc_dir, "monitor.conf") < 0) {
		buf_fmt(errors, "%s: too long a path\n", etc_dir);
		s->code = NOT_CONFIGURED;
	} else if (trust_read(path, &root, SITE_FILE_MAX, &text, &e) == 0) {
		read_all(&r, &text);
	} else if (errno != ENOENT) {
		buf_fmt(errors, "%s\n", e.text);
		s->code = e.code == NO_RIGHT ? NO_RIGHT : NOT_CONFIGURED;
	}
	buf_free(&text);
	return s->code ? -1 : 0;
}
