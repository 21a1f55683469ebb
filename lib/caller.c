/* SPDX-License-Identifier: 0BSD */
/* Who has the turn at a TCP port. */
#include "caller.h"

#include "ask.h"
#include "clock.h"
#include "place.h"
#include "state.h"
#include "text.h"

#include <dirent.h>

enum { ANSWER_MS = 500 };

static void ask(const struct vm *vm, uint16_t port, struct buf *out)
{
	struct ask a = { 0 };

	ask_one(&a, vm, "caller", port, "", clock_in(ANSWER_MS));
	if (a.state == ASK_DONE && a.code == DONE)
		buf_str(out, a.words);
}

static void look(const struct place *place, const char *name, uint16_t port, struct buf *out)
{
	struct state s = { 0 };
	struct vm vm;
	struct err e;

	if (vm_look(&vm, place, name, &e) == 1 && state_read(&s, vm.dir, &e) == 1 && (s.monport == port || s.ctlport == port))
		ask(&vm, port, out);
	state_free(&s);
	vm_close(&vm);
}

void caller_at(uint16_t port, struct buf *out)
{
	struct place place;
	struct err e;

	if (place_find(&place, &e) < 0)
		return;
	const char *const dirs[] = { place.run, PLACE_SYSTEM };
	for (size_t i = 0; i < 2; i++) {
		DIR *dir = opendir(dirs[i]);
		for (struct dirent *d; dir && !out->n && (d = readdir(dir));)
			if (text_name(d->d_name, CONF_NAME_MAX))
				look(&place, d->d_name, port, out);
		if (dir)
			closedir(dir);
	}
}
