/* SPDX-License-Identifier: 0BSD */
/* The demo: a guest of 512 bytes lives its whole life, by the very code of start, status and stop; also a host's self-test. */
#ifndef DEMO_H
#define DEMO_H

#include "err.h"

#include <stdint.h>

struct demo_job {
	void (*step)(void *arg, int64_t ms, const char *text); /* one is done; it took so long */
	void (*words)(void *arg, const char *text);	/* what else is to be said */
	void *arg;
};

/* Nothing of the user's configuration is read but where the run place is. DONE; NOT_INSTALLED without any QEMU, else
 * FAILED, and err, which names the step. Nothing is left in either case; SIGINT, SIGTERM and SIGHUP wait until then. */
int demo_run(const struct demo_job *job, struct err *e);

#endif
