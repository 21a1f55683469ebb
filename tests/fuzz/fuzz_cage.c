/* SPDX-License-Identifier: 0BSD */
/* cage: an rc-file, behind a form feed a cfg-file. What the words name is in the plan, and what nobody named is not. */
#include "fuzz.h"

#include "argv.h"
#include "cage.h"
#include "text.h"

#include <limits.h>

static const char program[] = "/opt/qemu/bin/qemu-system-x86_64";

static int has(const struct cage *c, const char *path, enum cage_right right)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->rules[i].right == right && !strcmp(c->rules[i].path, path))
			return 1;
	return 0;
}

/* How many rules are from whatever the user wrote. */
static size_t count_named(const struct cage *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += c->rules[i].item || c->rules[i].right == CAGE_NAMED;
	return n;
}

static void check(const struct cage *c)
{
	MUST(c->n && !strcmp(c->rules[0].path, program) && c->rules[0].right == CAGE_EXEC && !c->bad);
	for (size_t i = 0; i < c->n; i++) {
		const struct cage_rule *r = &c->rules[i];
		MUST(r->path[0] == '/' && strlen(r->path) < PATH_MAX && (r->why || r->item));
		/* none for programs but the fixed ones, none of a word's alone for writing before its file was looked at */
		MUST(r->right != CAGE_EXEC || !r->item);
		MUST(r->right != CAGE_NAMED || r->path[1] != '/');
		MUST(r->fd < 0 && !r->given);
	}
	MUST(!c->net == !has(c, "/etc/resolv.conf", CAGE_READ));
	MUST(!c->net || c->net_why || c->net_item);
}

static void check_words(const struct cage *c, const struct cfg *words)
{
	for (size_t i = 0; i < words->n; i++) {
		const char *word = words->words[i], *option = i ? words->words[i - 1] : "";
		int is_path = *word == '/' && word[1] != '/' && strlen(word) < PATH_MAX && !strpbrk(word, ",\"");
		MUST(!is_path || !strcmp(option, "-append") || !strcmp(option, "-name") || has(c, word, CAGE_NAMED));
		MUST(strcmp(option, "-netdev") != 0 || text_begins(word, "none") || text_begins(word, "unix:") || c->net);
	}
}

static void plan(const struct conf *conf, const struct cfg *raw)
{
	struct disks none = { 0 };
	struct nics nics;
	struct argv a = { 0 };
	struct cage c, again;
	struct err e;
	const struct argv_from argv_from = { .program = program, .conf = conf, .disks = &none, .nics = &nics, .raw = raw,
		.run = "/run/qemu/web" };
	struct cage_from from = { .program = program, .conf = conf, .raw = raw, .kernel = -1, .initrd = -1 };

	if (nics_read(&nics, conf, "host", &e) == 0 && argv_build(&a, &argv_from, &e) == 0) {
		from.argv = a.words;
		cage_plan(&c, &from);
		check(&c);
		check_words(&c, raw);
		from.is_script = 1;
		cage_plan(&again, &from);
		MUST(again.n == c.n + 2 && again.net == c.net && count_named(&again) == count_named(&c));
		cage_free(&again);
		cage_free(&c);
	}
	argv_free(&a);
	nics_free(&nics);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char *text = fuzz_text(bytes, n), *rest = text;
	struct buf errors = { 0 }, warnings = { 0 };
	struct cfg raw = { 0 };
	struct conf conf;

	const char *rc = strsep(&rest, "\f"), *words = rest ? rest : "";
	char *path = fuzz_file("web-qemu.rc", rc, strlen(rc));
	const struct conf_from from = { .file = path };
	if (conf_load(&conf, &from, &errors, &warnings) == 0 && cfg_read(&raw, words, strlen(words), "web-qemu.cfg", &errors) == 0)
		plan(&conf, &raw);
	conf_free(&conf);
	cfg_free(&raw);
	buf_free(&errors);
	buf_free(&warnings);
	free(path);
	free(text);
	return 0;
}
