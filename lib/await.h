/* SPDX-License-Identifier: 0BSD */
/* Waiting until something holds of a VM: the conditions of want.h. */
#ifndef AWAIT_H
#define AWAIT_H

#include "err.h"
#include "host.h"
#include "want.h"

#include <stddef.h>
#include <stdint.h>

/* Waits for all n of them; a state must hold at the end, the others must have come once, event since the call, serial
 * since the beginning of the run. It only reads. DONE; TIMED_OUT at the deadline; FAILED as soon as one can no longer
 * come (with `running` among them a VM that does not run yet may still be started): err names those that did not come. */
int await_all(const struct host *h, const char *name, const struct want *list, size_t n, int64_t deadline,
	      struct err *e);

#endif
