/* SPDX-License-Identifier: 0BSD */
/* The steps of a stop and their times. */
#include "ladder.h"

#include "clock.h"

#include <stddef.h>

/* When the power button is pressed, in ms from the beginning: a guest that still boots is deaf at first. */
static const int64_t presses[] = { 0, 500, 1000, 2000, 4000 };
enum { PRESSES = sizeof(presses) / sizeof(*presses), PRESS_AGAIN = 5000 };

/* What is kept back of the whole time for the forced steps: a quarter, at most 2 s; half of that for the last. */
enum { RESERVE_PART = 4, RESERVE_MOST = 2000 };

static int64_t press_at(const struct ladder *l, int n)
{
	if (n < PRESSES)
		return l->begun + presses[n];
	return l->begun + presses[PRESSES - 1] + (int64_t)(n - PRESSES + 1) * PRESS_AGAIN;
}

static int64_t step_at(const struct ladder *l, enum ladder_step step)
{
	int64_t reserve = (l->deadline - l->begun) / RESERVE_PART;

	if (reserve > RESERVE_MOST)
		reserve = RESERVE_MOST;
	switch (step) {
	case LADDER_PRESS:
		return press_at(l, l->presses);
	case LADDER_QUIT:
		return l->least >= LADDER_QUIT ? l->begun : l->deadline - reserve;
	case LADDER_KILL:
		return l->least >= LADDER_KILL ? l->begun : l->deadline - reserve / 2;
	default:
		return CLOCK_NEVER;
	}
}

void ladder_begin(struct ladder *l, int64_t now, int64_t deadline, enum ladder_step least)
{
	if (!l->on)
		*l = (struct ladder){ .on = 1, .begun = now, .deadline = deadline };
	if (deadline < l->deadline)
		l->deadline = deadline;
	if (least > l->least)
		l->least = least;
}

enum ladder_step ladder_due(struct ladder *l, int64_t now, int64_t *next)
{
	*next = CLOCK_NEVER;
	if (!l->on || l->last == LADDER_KILL)
		return LADDER_NONE;
	for (enum ladder_step step = LADDER_KILL; step > l->last || step == LADDER_PRESS; step--) {
		if (step < l->least || step == LADDER_NONE)
			break;
		int64_t at = step_at(l, step);
		if (at <= now) {
			l->last = step;
			l->presses += step == LADDER_PRESS;
			*next = now;
			return step;
		}
		if (at < *next)
			*next = at;
	}
	return LADDER_NONE;
}

const char *ladder_name(enum ladder_step step)
{
	static const char *const names[] = { "", "acpi", "quit", "kill" };

	return names[step];
}
