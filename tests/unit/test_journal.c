/* SPDX-License-Identifier: 0BSD */
#include "journal.h"

#include "clock.h"
#include "unit.h"

#include <string.h>

/* Whether or not somebody listens on /dev/log: it says nothing itself and does not wait. */
int main(void)
{
	static char much[4096];
	int64_t begin = clock_ms();

	memset(much, 'x', sizeof(much) - 1);
	journal("unit-test", "a line");
	journal("unit-test", much);
	CHECK(clock_ms() - begin < 5000);
	return unit_failed;
}
