/* SPDX-License-Identifier: 0BSD */
/* import: a command line, or behind a form feed the ancestor's rc-file and behind another its cfg-file. What comes of it is read
 * again: the cfg-file without complaint, and of a command line each line of the rc-file, too. */
#include "fuzz.h"

#include "cfg.h"
#include "conf.h"
#include "import.h"
#include "line.h"

/* Each line has a known key and a value of its kind. */
static void read_lines(const struct buf *rc)
{
	struct line l = { .rest = buf_text(rc), .left = rc->n };
	struct line_pair p = { 0 };
	const char *near;
	struct err e;
	int got, number;

	while ((got = line_next(&l, &e))) {
		MUST(got == 1 && line_pair(&p, l.s, l.n, &e) == 0);
		int key = conf_key_of(p.key, p.n, &number, &near);
		MUST(key >= 0 && value_check(conf_keys[key].kind, buf_text(&p.value), &e) == 0);
	}
	buf_free(&p.value);
}

static void judge(const struct draft *d, const struct err *e, int bad, int strict)
{
	struct buf errors = { 0 };
	struct cfg words = { 0 };

	MUST(fuzz_lines(&d->notes));
	if (bad) {
		MUST(e->text[0] && e->code && !strchr(e->text, '\n'));
	} else {
		MUST(cfg_read(&words, buf_text(&d->cfg), d->cfg.n, "cfg", &errors) == 0);
		if (strict)
			read_lines(&d->rc);
	}
	cfg_free(&words);
	buf_free(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const char *text = (const char *)bytes, *feed = n ? memchr(text, '\f', n) : NULL;
	struct draft d = { 0 };
	struct err e = { 0 };
	struct draft_from from = { .text = text, .n = n, .file = "file", .dir = "/srv" };

	int bad = import_command(&d, &from, &e);
	judge(&d, &e, bad, 1);
	draft_free(&d);
	if (!feed)
		return 0;
	struct draft_from cfg = { .text = feed + 1, .n = n - (size_t)(feed + 1 - text), .file = "cfg", .dir = "/srv" };
	from.n = (size_t)(feed - text);
	bad = import_rc(&d, &from, &cfg, &e);
	judge(&d, &e, bad, 0);
	draft_free(&d);
	return 0;
}
