/* SPDX-License-Identifier: 0BSD */
/* cfg: the words of a cfg-file and of ARGn; quoted for a shell they are the same words. */
#include "fuzz.h"

#include "cfg.h"
#include "text.h"

static void quote_again(const struct cfg *c)
{
	struct buf line = { 0 }, errors = { 0 };
	struct cfg d = { 0 };

	for (size_t i = 0; i < c->n; i++) {
		text_shell(&line, c->words[i]);
		buf_char(&line, ' ');
	}
	MUST(cfg_read(&d, buf_text(&line), line.n, "again", &errors) == 0 && d.n == c->n);
	for (size_t i = 0; i < c->n; i++)
		MUST(!strcmp(c->words[i], d.words[i]));
	cfg_free(&d);
	buf_free(&line);
	buf_free(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct buf errors = { 0 };
	struct cfg c = { 0 };
	struct err e;

	if (cfg_read(&c, (const char *)bytes, n, "web-qemu.cfg", &errors) == 0) {
		MUST(errors.n == 0 && (!c.words || !c.words[c.n]));
		quote_again(&c);
	} else {
		MUST(errors.n && errors.s[errors.n - 1] == '\n' && c.code);
	}
	cfg_free(&c);
	char *text = fuzz_text(bytes, n);
	if (cfg_arg(&c, text, &e) == 0)
		quote_again(&c);
	cfg_free(&c);
	free(text);
	buf_free(&errors);
	return 0;
}
