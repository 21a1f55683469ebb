/* SPDX-License-Identifier: 0BSD */
/* value: a word of the user's as each kind of value, as DISKn, NICn, DISPLAY; words, a line each, as conditions and
 * options. */
#include "fuzz.h"

#include "opt.h"
#include "spec.h"
#include "value.h"
#include "want.h"

enum { WORDS = 24 };

static void read_value(const char *s)
{
	struct spec_display display;
	struct spec_disk disk;
	struct spec_nic nic;
	struct err e;

	for (enum value_kind kind = 0; kind <= KIND_GONE; kind++)
		MUST(value_check(kind, s, &e) == 0 || e.text[0]);
	if (spec_disk(&disk, s, &e) == 0)
		MUST(*disk.file && disk.backings <= SPEC_BACKING_MAX);
	spec_disk_free(&disk);
	if (spec_nic(&nic, s, &e) == 0)
		MUST(nic.forwards <= SPEC_FORWARD_MAX && strlen(nic.link) < sizeof(nic.link) && strlen(nic.mac) < sizeof(nic.mac));
	spec_display(&display, s, &e);
}

static void read_options(char *const *words, int n, int own)
{
	char *copy[WORDS];
	struct opts o;
	struct err e;

	memcpy(copy, words, sizeof(copy));
	if (opt_read(&o, "acfjqrtuvpn", own, n, copy, &e) < 0) {
		MUST(e.code == USAGE);
		return;
	}
	MUST(o.n <= n);
	for (int i = 0; i < o.n; i++)
		MUST(o.words[i]);
	opt_time(&o, 't', 1, &e);
	opt_number(&o, 'n', 0, 9, 1, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct want wants[WANT_MAX];
	char *text = fuzz_text(bytes, n), *rest = text, *words[WORDS] = { 0 };
	struct err e;
	int count = 0;

	read_value(text);
	while (rest && count < WORDS)
		words[count++] = strsep(&rest, "\n");
	for (int own = 0; own < 3; own++)
		read_options(words, count, own);
	if (want_parse(wants, words, (size_t)count, &e) == 0)
		for (int i = 0; i < count; i++)
			MUST(wants[i].word == words[i] && wants[i].text);
	free(text);
	return 0;
}
