/* SPDX-License-Identifier: 0BSD */
/* Time in milliseconds. */
#include "clock.h"

#include <limits.h>
#include <time.h>

static int64_t now(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_ms(void)
{
	return now(CLOCK_MONOTONIC);
}

int64_t clock_boot_ms(void)
{
	return now(CLOCK_BOOTTIME);
}

int64_t clock_boot_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t clock_in(int64_t ms)
{
	return ms == CLOCK_NEVER ? ms : clock_ms() + ms;
}

int64_t clock_left(int64_t deadline)
{
	if (deadline == CLOCK_NEVER)
		return CLOCK_NEVER;
	int64_t left = deadline - clock_ms();
	return left > 0 ? left : 0;
}

int clock_poll(int64_t deadline)
{
	int64_t left = clock_left(deadline);

	if (left == CLOCK_NEVER)
		return -1;
	return left > INT_MAX ? INT_MAX : (int)left;
}
