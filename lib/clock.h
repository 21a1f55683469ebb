/* SPDX-License-Identifier: 0BSD */
/* Time in milliseconds. A deadline is one absolute clock_ms(), passed down through the whole exchange. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

#define CLOCK_NEVER INT64_MAX

int64_t clock_ms(void);		/* CLOCK_MONOTONIC: for deadlines */
int64_t clock_boot_ms(void);	/* CLOCK_BOOTTIME: since boot, sleep included; may be stored, with the boot's id */
int64_t clock_boot_ns(void);	/* the same in nanoseconds: no two of a boot are alike */
int64_t clock_in(int64_t ms);	/* the deadline in ms from now; CLOCK_NEVER stays */
int64_t clock_left(int64_t deadline); /* ms until then, never under 0 */
int clock_poll(int64_t deadline); /* the same for poll(2): rounded into int, -1 for CLOCK_NEVER */

#endif
