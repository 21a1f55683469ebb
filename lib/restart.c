/* SPDX-License-Identifier: 0BSD */
/* Whether and when a VM that has ended is started again. */
#include "restart.h"

#include <string.h>

int restart_policy(const char *word)
{
	static const char *const words[] = { "no", "on-failure", "always" };

	for (int i = 0; i < 3; i++)
		if (strcmp(word, words[i]) == 0)
			return i;
	return -1;
}

static int within_minute(const struct restart *r, int64_t now)
{
	int n = 0;

	for (long i = r->count - 1; i >= 0 && i >= r->count - RESTART_TIMES; i--)
		n += now - r->times[i % RESTART_TIMES] < RESTART_MINUTE;
	return n;
}

int64_t restart_after(struct restart *r, int64_t now, int64_t ran, int good, int *too_often)
{
	int64_t delay = r->delay;

	*too_often = 0;
	if (r->policy == RESTART_NO || (r->policy == RESTART_ON_FAILURE && good))
		return -1;
	if (within_minute(r, now) >= r->most) {
		*too_often = 1;
		return -1;
	}
	if (ran > r->longest)
		r->row = 0; /* it had come to something: begin anew */
	for (int i = 0; i < r->row && delay < r->longest; i++)
		delay *= 2;
	r->row++;
	r->times[r->count++ % RESTART_TIMES] = now;
	return delay < r->longest ? delay : r->longest;
}
