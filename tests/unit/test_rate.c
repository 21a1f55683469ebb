/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "rate.h"

int main(void)
{
	struct rate r = { 0 };
	int told = 0;

	for (int64_t now = 1000; now < 1000 + RATE_MS; now++) {
		told += rate_take(&r, now);
		CHECK(rate_left_out(&r, now) == 0);
	}
	CHECK(told == RATE_MOST);
	CHECK(rate_left_out(&r, 1000 + RATE_MS) == RATE_MS - RATE_MOST);
	CHECK(rate_left_out(&r, 1000 + RATE_MS) == 0);
	CHECK(rate_take(&r, 1000 + RATE_MS) && rate_left_out(&r, 1000 + RATE_MS) == 0);
	CHECK(rate_take(&r, 1000 + 9 * RATE_MS) && rate_left_out(&r, 1000 + 11 * RATE_MS) == 0);
	return unit_failed;
}
