/* SPDX-License-Identifier: 0BSD */
/* Waiting until something holds of a VM: its state, words on its serial line, an answer on a port, an event. */
#ifndef AWAIT_H
#define AWAIT_H

#include "err.h"
#include "host.h"
#include "knock.h"

#include <stddef.h>
#include <stdint.h>

enum { AWAIT_MAX = 16 };

enum await_kind { AWAIT_RUNNING, AWAIT_STOPPED, AWAIT_PAUSED, AWAIT_SERIAL, AWAIT_PORT, AWAIT_EVENT };

/* One condition, into the caller's word. */
struct await_want {
	enum await_kind kind;
	const char *word;
	const char *text;	/* serial:TEXT, event:NAME, port:...=TEXT; "" where there is none */
	union knock_address where;
};

/* Reads n conditions into list, which has room for AWAIT_MAX. 0; -1 and err (USAGE). Pure. */
int await_parse(struct await_want *list, char *const *words, size_t n, struct err *e);
/* Waits for all n of them; a state must hold at the end, the others must have come once, event since the call, serial
 * since the beginning of the run. It only reads. DONE; TIMED_OUT at the deadline; FAILED as soon as one can no longer
 * come (with `running` among them a VM that does not run yet may still be started): err names those that did not come. */
int await_all(const struct host *h, const char *name, const struct await_want *list, size_t n, int64_t deadline,
	      struct err *e);

#endif
