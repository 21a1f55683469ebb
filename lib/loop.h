/* SPDX-License-Identifier: 0BSD */
/* One poll loop. Whoever waits for a descriptor or a moment embeds a source and adds it. */
#ifndef LOOP_H
#define LOOP_H

#include <stddef.h>
#include <stdint.h>

/* Its owner sets the fields and may change fd, events and at whenever it likes. */
struct source {
	int fd;		/* -1: a timer only */
	short events;	/* poll's; 0 with an fd: only errors and hang-ups are told */
	int64_t at;	/* when `due` is called (clock_ms), CLOCK_NEVER for not; the loop sets it to CLOCK_NEVER first */
	void (*ready)(struct source *s, short revents);
	void (*due)(struct source *s);
	void *owner;
};

/* Zeroed is empty. */
struct loop {
	struct source **list;	/* NULL where one was taken out in this round */
	struct pollfd *fds;	/* as many */
	size_t n;
	size_t room;
	int over;
};

/* 0, or -1 when memory ran out. A source that is added already is left where it is. */
int loop_add(struct loop *l, struct source *s);
/* Takes it out (nothing if it is not in); allowed in any callback, its memory may be freed at once. */
void loop_del(struct loop *l, struct source *s);
/* One round: waits for the first event, at most until the deadline, and calls who is meant. 0, -1 with errno. */
int loop_turn(struct loop *l, int64_t deadline);
/* Rounds until `over` is set: 0; 1 at the deadline; -1 with errno. */
int loop_run(struct loop *l, int64_t deadline);
void loop_free(struct loop *l);

#endif
