/* SPDX-License-Identifier: 0BSD */
/* The conditions of `wait` and AFTER, in words: a VM's state, words on its serial line, an answer on a port, an event. */
#ifndef WANT_H
#define WANT_H

#include "err.h"
#include "knock.h"

#include <stddef.h>
#include <stdint.h>

enum { WANT_MAX = 16 };

enum want_kind { WANT_RUNNING, WANT_STOPPED, WANT_PAUSED, WANT_SERIAL, WANT_PORT, WANT_EVENT };

/* One condition, into the caller's word. */
struct want {
	enum want_kind kind;
	const char *word;
	const char *text;	/* serial:TEXT, event:NAME, port:...=TEXT; "" where there is none */
	union knock_address where;
};

/* Reads n conditions into list, which has room for WANT_MAX. 0; -1 and err (USAGE). Pure. */
int want_parse(struct want *list, char *const *words, size_t n, struct err *e);

enum { WANT_NAME_MAX = 48 };

/* The value of AFTERn: NAME[,time=TIME][:CONDITION]. */
struct want_after {
	char name[WANT_NAME_MAX + 1];
	struct want want;	/* into the value; `running` where it names none */
	int64_t ms;		/* at most so long, 60 s where it says nothing */
};

/* 0; -1 and err, which names neither file nor key. Pure. */
int want_after(struct want_after *a, const char *value, struct err *e);

#endif
