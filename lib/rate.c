/* SPDX-License-Identifier: 0BSD */
/* So many in a while are told, the rest are counted. */
#include "rate.h"

int rate_take(struct rate *r, int64_t now)
{
	if (now >= r->until)
		*r = (struct rate){ .until = now + RATE_MS };
	return ++r->n <= RATE_MOST;
}

unsigned int rate_left_out(struct rate *r, int64_t now)
{
	unsigned int n = now >= r->until && r->n > RATE_MOST ? r->n - RATE_MOST : 0;

	if (n)
		r->n = 0;
	return n;
}
