/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "clock.h"

#include <limits.h>

int main(void)
{
	int64_t now = clock_ms(), boot = clock_boot_ms();

	CHECK(now > 0 && clock_ms() >= now && clock_boot_ms() >= boot);
	CHECK(boot + 1000 >= now); /* sleep included: never behind, but for the reading of the clocks */
	CHECK(clock_in(CLOCK_NEVER) == CLOCK_NEVER && clock_left(CLOCK_NEVER) == CLOCK_NEVER && clock_poll(CLOCK_NEVER) == -1);
	int64_t soon = clock_in(60000);
	CHECK(soon >= now + 60000 && clock_left(soon) <= 60000 && clock_left(soon) > 30000);
	CHECK(clock_poll(soon) > 30000 && clock_poll(soon) <= 60000);
	CHECK(clock_left(now - 1) == 0 && clock_poll(now - 1) == 0 && clock_left(0) == 0 && clock_left(-5) == 0);
	CHECK(clock_poll(now + (int64_t)INT_MAX * 2) == INT_MAX);
	return unit_failed;
}
