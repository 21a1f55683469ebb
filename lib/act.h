/* SPDX-License-Identifier: 0BSD */
/* The verbs that change VMs that run, on many at once: through their keepers, or past a keeper that does not answer. */
#ifndef ACT_H
#define ACT_H

#include "ask.h"
#include "host.h"
#include "launch.h"
#include "probe.h"

struct act {
	const char *name;
	int code;		/* of this VM */
	int64_t most;		/* its limit is never longer; 0: as long as it is. `may` can set it */
	int done;
	int held;		/* it does not run, but somebody has its lock: it cannot be started now */
	/* the module's own */
	struct probe probe;
	struct ask ask;
	struct loop *loop;
	struct launch launch;	/* of a keeper in place of a lost one */
	struct source hear;	/* and its words */
	struct source again;	/* a moment later, when a keeper has just come or gone */
	int64_t deadline;	/* 0: it has not begun */
	int64_t absent;		/* since then nobody has been behind the keeper's lock; 0: somebody was */
	int begun;
	int passed;		/* its keeper did not do it in time and was replaced */
	const struct act_job *job;
};

struct act_job {
	const struct host *host;
	const char *verb;	/* a keeper's request: stop stop-force kill pause resume reset */
	int stops;		/* it ends the VM: one that does not run is a success */
	int64_t ms;		/* its limit; 0: each VM's own (STOPDELAY) */
	int (*may)(void *arg, struct act *a); /* whether its turn has come; NULL: all at once */
	void (*say)(void *arg, const char *name, const char *words);
	void (*progress)(void *arg, const char *name, const char *words); /* how it went, also when all is well */
	void *arg;
};

/* SIGKILL to a keeper that the kernel named, and its end awaited: its guest does not notice. 0, or -1. */
int act_end_keeper(pid_t pid);
/* All at once, or as `may` allows; fills the codes. */
void act_all(struct act *list, size_t n, const struct act_job *job);

#endif
