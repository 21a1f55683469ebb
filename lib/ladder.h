/* SPDX-License-Identifier: 0BSD */
/* The steps of a stop and their times, as a pure function of the clock. */
#ifndef LADDER_H
#define LADDER_H

#include <stdint.h>

/* From the gentlest on. */
enum ladder_step { LADDER_NONE, LADDER_PRESS, LADDER_QUIT, LADDER_KILL };

/* Zeroed: nobody asked for a stop. */
struct ladder {
	int64_t begun;		/* when it began (clock_ms); meaningful with `on` */
	int64_t deadline;
	int on;
	int presses;		/* so many ACPI presses were sent */
	enum ladder_step least;	/* gentler steps are left out */
	enum ladder_step last;	/* the strongest step that was taken */
};

/* Begins, or joins: a nearer deadline and a stronger first step count, another's are never put off. */
void ladder_begin(struct ladder *l, int64_t now, int64_t deadline, enum ladder_step least);
/* The step to take now, which then counts as taken (LADDER_NONE: none yet), and in *next the moment to ask again. */
enum ladder_step ladder_due(struct ladder *l, int64_t now, int64_t *next);
/* "acpi", "quit", "kill"; "" for none. */
const char *ladder_name(enum ladder_step step);

#endif
