/* SPDX-License-Identifier: 0BSD */
/* Whether and when a VM that has ended is started again: a pure function of its record and the clock. */
#ifndef RESTART_H
#define RESTART_H

#include <stdint.h>

enum restart_policy { RESTART_NO, RESTART_ON_FAILURE, RESTART_ALWAYS };
enum { RESTART_MINUTE = 60000, RESTART_TIMES = 100 };

/* The first four fields are the configuration's, the rest begins as zeros. */
struct restart {
	enum restart_policy policy;
	int64_t delay;		/* ms before the first; doubles with each that follows soon */
	int64_t longest;	/* and never gets longer */
	int most;		/* restarts within a minute, at most RESTART_TIMES */
	int64_t times[RESTART_TIMES]; /* when it was restarted, a ring */
	long count;
	int row;		/* how many followed soon upon the one before */
};

/* "no", "on-failure", "always"; -1 for another word. */
int restart_policy(const char *word);
/* After an end that nobody asked for: the ms to wait before the start, -1 not to restart; *too_often is 1 when only the
 * limit for a minute forbids it. ran: how long it had run. */
int64_t restart_after(struct restart *r, int64_t now, int64_t ran, int good, int *too_often);

#endif
