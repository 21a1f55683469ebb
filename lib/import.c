/* SPDX-License-Identifier: 0BSD */
/* From QEMU's command line, or the ancestor's files, to a draft. */
#include "import.h"

#include "adopt.h"
#include "cfg.h"
#include "edit.h"
#include "fmt.h"
#include "line.h"
#include "spec.h"
#include "text.h"

#include <ctype.h>
#include <string.h>

/* ---- a command line ---- */

/* QEMU's name in a word; NULL for any other. kvm and qemu-kvm are this host's own. */
static const char *program(const char *word)
{
	const char *slash = strrchr(word, '/'), *base = slash ? slash + 1 : word;
	struct err none;

	if (!strcmp(base, "kvm") || !strcmp(base, "qemu-kvm"))
		return base;
	return text_begins(base, "qemu-system-") && value_check(KIND_ARCH, base, &none) == 0 ? base : NULL;
}

/* The index of QEMU's name; what stands before it is told. */
static size_t leave_out(struct draft *d, char *const *words, size_t n)
{
	struct buf said = { 0 };
	size_t i;

	for (i = 0; i < n && !program(words[i]); i++)
		buf_fmt(&said, "%s%s", i ? " " : "", words[i]);
	if (i)
		draft_note(d, "%s: left out: it stands before the command", buf_text(&said));
	buf_free(&said);
	return i;
}

/* A command from `at` to `end` before the one that is wanted: the number of its words; -1 and err. */
static int skip_command(struct draft *d, const struct draft_from *from, size_t at, size_t end, struct err *e)
{
	struct cfg words = { 0 };
	struct buf none = { 0 };
	int n, line = 1;

	cfg_read(&words, from->text + at, end - at, from->file, &none); /* what is wrong with it is wrong with all of it */
	n = (int)words.n;
	while (at)
		line += from->text[--at] == '\n';
	if (n && text_listed("cd pushd", words.words[0]))
		n = err_code(e, NOT_CONFIGURED, "%s:%d: %s: go there yourself, and leave this out", from->file, line, words.words[0]);
	else if (leave_out(d, words.words, words.n) < words.n)
		n = err_code(e, NOT_CONFIGURED, "%s: more than one command", from->file);
	cfg_free(&words);
	buf_free(&none);
	return n;
}

/* Refuses what only a shell could answer, outside of '...', and skips all commands but the last, each of which begins at a line
 * that is not joined to the one before and does not begin with an option. The number of words before the last; -1 and err. */
static int no_shell(struct draft *d, const struct draft_from *from, struct err *e)
{
	size_t last = 0, before = 0;
	char quote = 0;
	int line = 1;

	for (size_t i = 0; i < from->n; i++) {
		char c = from->text[i], next = i + 1 < from->n ? from->text[i + 1] : 0;
		line += c == '\n';
		if (quote == '\'' || (c == '\'' && !quote)) {
			quote = c != '\'' ? quote : quote ? 0 : c;
		} else if (c == '"') {
			quote = quote ? 0 : c;
		} else if (c == '#' && !quote && (!i || strchr(" \t\n", from->text[i - 1]))) {
			while (i + 1 < from->n && from->text[i + 1] != '\n')
				i++;
		} else if (c == '\\' && (!quote || !strchr("$`\n", next))) {
			line += next == '\n';
			i++;
		} else if (c == '\n' && !quote) {
			size_t blank = i + 1;
			while (blank < from->n && strchr(" \t\r\n", from->text[blank]) && from->text[blank])
				blank++;
			if (blank == from->n || from->text[blank] == '-' || from->text[blank] == '#')
				continue;
			int words = skip_command(d, from, last, blank, e);
			if (words < 0)
				return -1;
			before += (size_t)words;
			last = blank;
		} else if (c == '\\' || c == '$' || c == '`' || (!quote && strchr(";&|<>(", c))) {
			return err_code(e, NOT_CONFIGURED, "%s:%d: %c: a line for a shell, which nothing here executes: "
				"write what it stands for", from->file, line, c);
		}
	}
	return (int)before;
}

static int read_words(struct cfg *words, const struct draft_from *from, struct err *e)
{
	struct buf errors = { 0 };
	int bad = cfg_read(words, from->text, from->n, from->file, &errors);

	if (bad)
		err_code(e, NOT_CONFIGURED, "%.*s", (int)errors.n - 1, buf_text(&errors));
	buf_free(&errors);
	return bad;
}

int import_command(struct draft *d, const struct draft_from *from, struct err *e)
{
	struct cfg *words = &d->words;
	int before = no_shell(d, from, e);
	size_t i = (size_t)before;

	d->from = from;
	if (before < 0 || read_words(words, from, e) < 0)
		return -1;
	i += leave_out(d, words->words + i, words->n - i);
	if (i == words->n)
		return err_code(e, NOT_CONFIGURED, "%s: neither an rc-file, by its name, nor a command line with qemu-system-*", from->file);
	d->program = words->words[i];
	return adopt_words(d, i + 1, program(d->program), e);
}

/* ---- the ancestor's files ---- */

/* $NAME and the like, which the ancestor's shell may have known. */
static int expands(const char *s)
{
	for (; (s = strpbrk(s, "$`")); s++)
		if (*s == '`' || (s[1] && strchr("{(_", s[1])) || isalpha((unsigned char)s[1]))
			return 1;
	return 0;
}

/* KEY='VALUE' as a shell has it, behind the `=`: what stands between the quotes, when a comment at most is behind. */
static int single_quoted(const char *s, const char *end, struct buf *value)
{
	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	const char *quote = s < end && *s == '\'' ? memchr(s + 1, '\'', (size_t)(end - s - 1)) : NULL;
	if (!quote || (quote + 1 < end && quote[1] != ' ' && quote[1] != '\t'))
		return 0;
	buf_clear(value);
	buf_add(value, s + 1, (size_t)(quote - s - 1));
	return 1;
}

/* The new value, if there is one. */
static void replace(struct buf *value, struct buf *new)
{
	if (!new->n)
		return;
	buf_free(value);
	*value = *new;
}

/* What is the same in other words. */
static void translate(struct draft *d, enum conf_key key, struct buf *value)
{
	const char *s = buf_text(value);
	size_t digits = strspn(s, "0123456789");
	struct buf new = { 0 };
	long long n;

	if (key == CONF_RAM && digits && value->n == digits + 2 && (s[digits + 1] == 'B' || s[digits + 1] == 'b'))
		buf_add(&new, s, value->n - 1);
	else if (key == CONF_MONITOR && text_listed("4 6", s))
		buf_fmt(&new, "ipv%s", s);
	else if (key == CONF_STOPDELAY && text_number(s, 1, 39, &n) == 0)
		draft_note(d, "STOPDELAY=%s: below 40 it did not count, now it does", s);
	if (new.n)
		draft_note(d, "%s=%s: now %s", conf_keys[key].name, s, new.s);
	replace(value, &new);
}

/* Files are where they were: their names hold from anywhere. */
static void place(struct draft *d, enum conf_key key, struct buf *value)
{
	const char *s = buf_text(value);
	struct buf new = { 0 };
	struct spec_disk disk = { 0 };
	struct err none;

	if (conf_keys[key].kind == KIND_FILE && *s) {
		buf_str(&new, draft_path(d, s));
	} else if (conf_keys[key].kind == KIND_DISK && spec_disk(&disk, s, &none) == 0) {
		disk.file = draft_path(d, disk.file);
		for (size_t i = 0; i < disk.backings; i++)
			disk.backing[i] = draft_path(d, disk.backing[i]);
		spec_disk_text(&disk, &new);
	}
	spec_disk_free(&disk);
	replace(value, &new);
}

/* The line as it is, with its comment, and the value in it. */
static int put_line(struct draft *d, enum conf_key key, struct line_pair *p, const char *end, struct err *e)
{
	enum value_kind kind = conf_keys[key].kind;
	struct buf line = { 0 };
	char name[64];

	fmt(name, sizeof(name), "%.*s", (int)p->n, p->key);
	if (!single_quoted(p->key + p->n + 1, end, &p->value)) {
		if (kind != KIND_COMMAND && kind != KIND_TEXT && expands(buf_text(&p->value)))
			return err_code(e, NOT_CONFIGURED, "%s: %s: nothing here executes a file: write what it stands for",
				name, buf_text(&p->value));
		buf_fmt(&line, "%.*s\n", (int)(end - p->key), p->key);
	}
	translate(d, key, &p->value);
	place(d, key, &p->value);
	int bad = edit_pair(&line, name, buf_text(&p->value), e);
	buf_str(&d->rc, buf_text(&line));
	buf_free(&line);
	return bad;
}

static int read_setting(struct draft *d, const struct line *l, struct line_pair *p, struct err *e)
{
	const char *near, *why = NULL;
	int number, key = conf_key_of(p->key, p->n, &number, &near);

	if (key < 0)
		why = "no such key, kept as a comment";
	else if (key == CONF_AUTOSTART)
		why = "kept as a comment: `qemu-adm autostart on NAME`";
	else if (key != CONF_NAME)
		return put_line(d, (enum conf_key)key, p, l->s + l->n, e);
	else
		text_copy(d->name, sizeof(d->name), buf_text(&p->value));
	if (why) {
		draft_note(d, "%s:%d: %.*s: %s", d->from->file, l->number, (int)p->n, p->key, why);
		buf_fmt(&d->rc, "# %.*s\n", (int)l->n, l->s);
	}
	return 0;
}

/* One line of n bytes, what is none of a key's as it is. */
static int read_line(struct draft *d, struct line *l, size_t n, struct line_pair *p, struct err *e)
{
	const char *s = l->rest;
	int got = line_next(l, e);

	if (!got) {
		buf_add(&d->rc, s, n);
		buf_char(&d->rc, '\n');
		return 0;
	}
	if (got > 0 && l->n > 7 && !memcmp(l->s, "export ", 7)) {
		l->s += 7;
		l->n -= 7;
	}
	return got < 0 || line_pair(p, l->s, l->n, e) < 0 ? -1 : read_setting(d, l, p, e);
}

int import_rc(struct draft *d, const struct draft_from *from, const struct draft_from *cfg, struct err *e)
{
	const char *rest = from->text, *s;
	size_t left = from->n, n;
	struct line_pair pair = { 0 };
	struct line l = { 0 };
	int bad = 0;

	d->from = from;
	while (!bad && (s = text_line(&rest, &left, &n))) {
		l = (struct line){ .rest = s, .left = (size_t)(rest - s), .number = l.number };
		bad = read_line(d, &l, n, &pair, e) ? err_at(e, "%s:%d", from->file, l.number) : 0;
	}
	buf_free(&pair.value);
	d->from = cfg;
	if (!bad && cfg)
		bad = read_words(&d->words, cfg, e) || adopt_words(d, 0, NULL, e);
	if (!bad && !text_in(buf_text(&d->rc), "NIC") && !d->nics)
		draft_note(d, "no network card is named: NIC1=bridge:br0 or NIC1=user adds one");
	return bad ? -1 : 0;
}
