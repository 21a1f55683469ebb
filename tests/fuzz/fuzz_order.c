/* SPDX-License-Identifier: 0BSD */
/* order: a line each, NAME ORDER or NAME AFTER. Whatever waits for whatever, all start and all stop, and none before its
 * turn. */
#include "fuzz.h"

#include "match.h"
#include "order.h"
#include "text.h"
#include "want.h"

enum { VMS = 64, LINES = 256 };

struct fleet {
	struct order_vm list[VMS];
	size_t n;
	char *names[LINES], *values[LINES];
	size_t lines;
};

static size_t place_of(const struct fleet *f, const char *name)
{
	size_t i = 0;

	while (i < f->n && strcmp(f->list[i].name, name) != 0)
		i++;
	return i;
}

static void read_lines(struct fleet *f, char *text)
{
	long long order;
	char *value;

	for (char *line; f->lines < LINES && (line = strsep(&text, "\n")); ) {
		value = line;
		f->names[f->lines] = strsep(&value, " ");
		f->values[f->lines] = value ? value : "";
		size_t i = place_of(f, f->names[f->lines++]);
		if (i == VMS)
			continue;
		if (i == f->n)
			f->list[f->n++] = (struct order_vm){ .name = line, .order = 50, .owner = &f->names[f->lines - 1] };
		if (value && text_number(value, 0, 99, &order) == 0)
			f->list[i].order = (long)order;
	}
}

static void read_waits(struct fleet *f)
{
	struct want_after a;
	struct err e;

	for (size_t k = 0; k < f->lines; k++) {
		const char *value = f->values[k];
		size_t i = place_of(f, f->names[k]);
		if (i == f->n)
			continue;
		if (want_after(&a, value, &e) < 0) {
			MUST(e.text[0]);
			continue;
		}
		MUST(text_name(a.name, WANT_NAME_MAX) && !strncmp(a.name, value, strlen(a.name)) && a.ms > 0);
		MUST(a.want.kind <= WANT_EVENT && strlen(a.want.text) <= (a.want.kind == WANT_EVENT ? strlen(value) : MATCH_MAX));
		if (order_wait(f->list, f->n, i, a.name, &e) < 0)
			MUST(e.code == NOT_CONFIGURED && text_begins(e.text, "AFTER: a ring: "));
	}
}

/* Begins all that may, then they are over: how many rounds that takes. */
static size_t play(struct fleet *f, int stops)
{
	size_t rounds = 0, over = 0;

	for (size_t i = 0; i < f->n; i++)
		f->list[i].at = ORDER_HELD;
	for (; over < f->n; rounds++) {
		size_t before = over;
		for (size_t i = 0; i < f->n; i++) {
			struct order_vm *vm = &f->list[i];
			if (vm->at == ORDER_HELD && (stops ? order_may_stop(f->list, f->n, i) : order_may_start(f->list, i)))
				vm->at = ORDER_BEGUN;
		}
		for (size_t i = 0; i < f->n; i++)
			if (f->list[i].at == ORDER_BEGUN) {
				f->list[i].at = ORDER_OVER;
				over++;
			}
		MUST(over > before);
	}
	return rounds;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct fleet f = { .n = 0 };
	char *text = fuzz_text(bytes, n);
	size_t longest = 0;

	read_lines(&f, text);
	order_sort(f.list, f.n);
	for (size_t i = 1; i < f.n; i++) {
		const struct order_vm *vm = &f.list[i], *before = vm - 1;
		MUST(before->order < vm->order || (before->order == vm->order && (char **)before->owner < (char **)vm->owner));
	}
	read_waits(&f);
	for (size_t i = 0; i < f.n; i++) {
		size_t chain = order_chain(f.list, i);
		MUST(chain && chain <= f.n);
		longest = chain > longest ? chain : longest;
	}
	MUST(play(&f, 0) == longest && play(&f, 1) == longest);
	order_free(f.list, f.n);
	free(text);
	return 0;
}
