/* SPDX-License-Identifier: 0BSD */
/* So many in a while are told, the rest are counted. */
#ifndef RATE_H
#define RATE_H

#include <stdint.h>

enum { RATE_MOST = 3, RATE_MS = 60000 };

/* Zeroed is new. */
struct rate {
	int64_t until;		/* the while's end (clock_ms) */
	unsigned int n;		/* of this while */
};

/* One more at the moment `now`: 1 when it is to be told. Pure. */
int rate_take(struct rate *r, int64_t now);
/* How many of a while that is over were not told; asked once, 0 while it lasts. Pure. */
unsigned int rate_left_out(struct rate *r, int64_t now);

#endif
