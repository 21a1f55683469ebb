/* SPDX-License-Identifier: 0BSD */
/* conf: an rc-file, behind a form feed default.rc, behind another a setting; what is accepted becomes QEMU's command
 * line. */
#include "fuzz.h"

#include "argv.h"
#include "conf.h"

static void build(const struct conf *c, int show)
{
	struct disks none = { 0 };
	struct nics nics;
	struct cfg raw = { 0 };
	struct argv a = { 0 };
	struct err e;
	MUST(nics_read(&nics, c, "host", &e) == 0);
	const struct argv_from from = {
		.program = "qemu-system-x86_64", .conf = c, .disks = &none, .nics = &nics, .raw = &raw, .run = "/run/qemu/web", .show = show,
	};

	if (argv_build(&a, &from, &e) == 0)
		MUST(a.n && !a.words[a.n]);
	else
		MUST(e.text[0]);
	argv_free(&a);
	nics_free(&nics);
}

static void ask(const struct conf *c)
{
	for (enum conf_key key = 0; key < CONF_KEY_COUNT; key++) {
		MUST(conf_text(c, key));
		MUST(conf_ms(c, key) >= 0 && conf_bytes(c, key) >= 0 && conf_long(c, key) >= 0);
	}
	for (size_t i = 0; i < c->n; i++)
		MUST(*c->items[i].value && conf_item(c, c->items[i].key, c->items[i].number) == &c->items[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char *text = fuzz_text(bytes, n), *rest = text;
	struct buf errors = { 0 }, warnings = { 0 };
	struct conf c;

	char *own = strsep(&rest, "\f"), *defaults = strsep(&rest, "\f");
	char *rc = fuzz_file("web-qemu.rc", own, rest || defaults ? strlen(own) : n); /* a NUL in it counts */
	char *standard = fuzz_file("default.rc", defaults ? defaults : "", defaults ? strlen(defaults) : 0);
	const struct conf_from from = { .defaults = standard, .file = rc, .settings = &rest, .n = rest != NULL };
	if (conf_load(&c, &from, &errors, &warnings) == 0) {
		MUST(errors.n == 0 && !strcmp(c.name, "web"));
		ask(&c);
		build(&c, 0);
		build(&c, 1);
	} else {
		MUST(errors.n && c.code);
	}
	MUST(fuzz_lines(&errors) && fuzz_lines(&warnings));
	conf_free(&c);
	buf_free(&errors);
	buf_free(&warnings);
	free(rc);
	free(standard);
	free(text);
	return 0;
}
