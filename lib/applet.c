/* SPDX-License-Identifier: 0BSD */
/* What an applet is, and the way from the command line to its function. */
#include "applet.h"

#include "file.h"
#include "text.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

enum { WORDS_MAX = 64 };

static const char qinit_usage[] =
	"usage: qinit APPLET [ARGUMENT...]\n"
	"       qinit --list | --version | --install [-s] DIR\n";

static void verb_usage(struct buf *b, const struct applet *a, const struct verb *v, const char *before)
{
	buf_fmt(b, "%s%s%s%s%s%s%s\n", before, a->name, v->name ? " " : "", v->name ? v->name : "",
		*v->letters ? " [OPTION...]" : "", *v->operands ? " " : "", v->operands);
}

static int takes_words(const struct applet *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (*a->verbs[i].operands)
			return 1;
	return 0;
}

static void usage(struct buf *b, const struct applet *a)
{
	if (a->verbs[0].name)
		buf_fmt(b, "usage: %s VERB [OPTION...]%s\n", a->name, takes_words(a) ? " [NAME...]" : "");
	else
		verb_usage(b, a, &a->verbs[0], "usage: ");
}

static void applet_help(struct buf *b, const struct applet *a)
{
	usage(b, a);
	buf_fmt(b, "%s.\n", a->summary);
	for (size_t i = 0; i < a->n && a->verbs[0].name; i++) {
		const struct verb *v = &a->verbs[i];
		if (v->group)
			buf_fmt(b, "\n%s:\n", v->group);
		buf_fmt(b, "  %-10s %-31s %s\n", v->name, v->operands, v->summary);
	}
	if (!a->verbs[0].name) {
		buf_str(b, "\n");
		opt_help(b, a->verbs[0].letters);
	} else {
		buf_fmt(b, "\n%s VERB -h tells more of a verb, with examples.\n", a->name);
	}
	if (a->examples)
		buf_fmt(b, "\nexamples:\n%s", a->examples);
}

static void verb_help(struct buf *b, const struct applet *a, const struct verb *v)
{
	verb_usage(b, a, v, "usage: ");
	buf_fmt(b, "%s.\n\n", v->summary);
	opt_help(b, v->letters);
	if (v->examples)
		buf_fmt(b, "\nexamples:\n%s", v->examples);
}

static const char *nearest(const struct applet *a, const char *word)
{
	const char *names[WORDS_MAX];
	size_t n = 0;

	for (const struct hint *h = a->hints; h && h->word; h++)
		if (strcmp(h->word, word) == 0)
			return h->verb;
	for (size_t i = 0; i < a->n && n < WORDS_MAX; i++)
		names[n++] = a->verbs[i].name;
	return text_near(word, names, n);
}

static const struct verb *find_verb(const struct applet *a, const char *word, struct err *e)
{
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->verbs[i].name, word) == 0)
			return &a->verbs[i];
	const char *near = nearest(a, word);
	err_code(e, USAGE, "%s: unknown verb%s%s%s", word, near ? "; did you mean `" : "", near ? near : "", near ? "`?" : "");
	return NULL;
}

static int count_words(const struct call *c, struct err *e)
{
	const struct verb *v = c->verb;
	int named = opt_has(&c->o, 'a') || (v->own && (opt_has(&c->o, 'p') || opt_has(&c->o, 'u')));

	if (c->o.n < v->least - named)
		return err_code(e, USAGE, "wants %s", v->operands);
	if (v->most >= 0 && c->o.n > v->most)
		return err_code(e, USAGE, "%s: one word too many", c->o.words[v->most]);
	if (opt_has(&c->o, 'a') && c->o.n && !v->own)
		return err_code(e, USAGE, "%s: a name beside -a", c->o.words[0]);
	return 0;
}

static int is_help(const char *word)
{
	return strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0;
}

static int refuse(struct buf *words, const struct applet *a, const struct err *e)
{
	buf_fmt(words, "%s: %s\n", a->name, e->text);
	return e->code;
}

static int call_applet(const struct applet *a, int argc, char **argv, struct buf *out, struct buf *words)
{
	struct call c = { .applet = a, .verb = &a->verbs[0] };
	struct err e;

	if (argc == 0) {
		usage(words, a);
		return USAGE;
	}
	if (c.verb->name) {
		if (is_help(argv[0])) {
			applet_help(out, a);
			return DONE;
		}
		c.verb = find_verb(a, argv[0], &e);
		if (!c.verb)
			return refuse(words, a, &e);
		argc--;
		argv++;
	}
	if (opt_read(&c.o, c.verb->letters, c.verb->own, argc, argv, &e) < 0)
		return refuse(words, a, c.verb->name ? (err_at(&e, "%s", c.verb->name), &e) : &e);
	if (opt_has(&c.o, 'h')) {
		if (c.verb->name)
			verb_help(out, a, c.verb);
		else
			applet_help(out, a);
		return DONE;
	}
	if (count_words(&c, &e) < 0)
		return refuse(words, a, c.verb->name ? (err_at(&e, "%s", c.verb->name), &e) : &e);
	return c.verb->run(&c);
}

/* `--install [-s] DIR`: a hard or symbolic link to this very file for each applet. */
static int install(const struct applet *const *list, size_t n, int argc, char **argv, struct buf *words)
{
	int symbolic = argc > 0 && strcmp(argv[0], "-s") == 0;
	char self[PATH_MAX], link_path[PATH_MAX];

	argc -= symbolic;
	argv += symbolic;
	if (argc != 1 || *argv[0] == '-') {
		buf_str(words, qinit_usage);
		return USAGE;
	}
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len < 0) {
		buf_fmt(words, "qinit: --install: /proc/self/exe: %s\n", strerror(errno));
		return FAILED;
	}
	self[len] = '\0';
	for (size_t i = 0; i < n; i++) {
		if (file_join(link_path, sizeof(link_path), argv[0], list[i]->name) < 0)
			errno = ENAMETOOLONG;
		else if ((symbolic ? symlink(self, link_path) : link(self, link_path)) == 0)
			continue;
		buf_fmt(words, "qinit: --install: %s/%s: %s\n", argv[0], list[i]->name, strerror(errno));
		return FAILED;
	}
	return DONE;
}

static const struct applet *find_applet(const struct applet *const *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i]->name, name) == 0)
			return list[i];
	return NULL;
}

static int unknown_applet(const struct applet *const *list, size_t n, const char *name, struct buf *words)
{
	const char *names[WORDS_MAX];

	for (size_t i = 0; i < n; i++)
		names[i] = list[i]->name;
	const char *near = text_near(name, names, n);
	buf_fmt(words, "qinit: %s: unknown applet", name);
	if (near)
		buf_fmt(words, "; did you mean `%s`?", near);
	buf_str(words, "\n");
	return NO_APPLET;
}

static int call_qinit(const struct applet *const *list, size_t n, int argc, char **argv, struct buf *out, struct buf *words)
{
	if (argc == 0 || strcmp(argv[0], "--list") == 0) {
		for (size_t i = 0; i < n; i++)
			buf_fmt(out, "%s\n", list[i]->name);
	} else if (strcmp(argv[0], "--version") == 0) {
		buf_str(out, "qinit " VERSION "\n");
	} else if (strcmp(argv[0], "--install") == 0) {
		return install(list, n, argc - 1, argv + 1, words);
	} else if (is_help(argv[0])) {
		buf_str(out, qinit_usage);
		buf_str(out, "\napplets:\n");
		for (size_t i = 0; i < n; i++)
			buf_fmt(out, "  %-10s %s\n", list[i]->name, list[i]->summary);
	} else if (argv[0][0] == '-') {
		buf_fmt(words, "qinit: %s: unknown option\n%s", argv[0], qinit_usage);
		return USAGE;
	} else {
		const struct applet *a = find_applet(list, n, argv[0]);
		return a ? call_applet(a, argc - 1, argv + 1, out, words) : unknown_applet(list, n, argv[0], words);
	}
	return DONE;
}

int applet_main(const struct applet *const *list, size_t n, int argc, char **argv, struct buf *out, struct buf *words)
{
	const char *name = argc ? argv[0] : "qinit";
	const char *slash = strrchr(name, '/');

	name = slash ? slash + 1 : name;
	const struct applet *a = find_applet(list, n, name);
	if (a)
		return call_applet(a, argc - 1, argv + 1, out, words);
	return call_qinit(list, n, argc ? argc - 1 : 0, argv + 1, out, words);
}
