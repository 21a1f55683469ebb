/* SPDX-License-Identifier: 0BSD */
/* One poll loop. */
#include "loop.h"

#include "clock.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

static void compact(struct loop *l)
{
	size_t to = 0;

	for (size_t i = 0; i < l->n; i++)
		if (l->list[i])
			l->list[to++] = l->list[i];
	l->n = to;
}

int loop_add(struct loop *l, struct source *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->list[i] == s)
			return 0;
	if (l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 8;
		struct source **list = realloc(l->list, room * sizeof(*list));
		l->list = list ? list : l->list;
		struct pollfd *fds = realloc(l->fds, room * sizeof(*fds));
		l->fds = fds ? fds : l->fds;
		if (!list || !fds)
			return -1;
		l->room = room;
	}
	l->list[l->n++] = s;
	return 0;
}

void loop_del(struct loop *l, struct source *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->list[i] == s)
			l->list[i] = NULL;
}

static int64_t earliest(const struct loop *l, int64_t deadline)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->list[i]->at < deadline)
			deadline = l->list[i]->at;
	return deadline;
}

static void call(struct loop *l, size_t n)
{
	/* a source that was taken out, or put in, by an earlier callback of this round is not called */
	for (size_t i = 0; i < n; i++) {
		struct source *s = l->list[i];
		if (s && l->fds[i].revents && s->fd == l->fds[i].fd)
			s->ready(s, l->fds[i].revents);
	}
	int64_t now = clock_ms();
	for (size_t i = 0; i < n; i++) {
		struct source *s = l->list[i];
		if (!s || s->at > now)
			continue;
		s->at = CLOCK_NEVER;
		s->due(s);
	}
}

int loop_turn(struct loop *l, int64_t deadline)
{
	compact(l);
	size_t n = l->n;

	for (size_t i = 0; i < n; i++)
		l->fds[i] = (struct pollfd){ .fd = l->list[i]->fd, .events = l->list[i]->events };
	int got = poll(l->fds, n, clock_poll(earliest(l, deadline)));
	if (got < 0 && errno != EINTR)
		return -1;
	if (got < 0)
		for (size_t i = 0; i < n; i++)
			l->fds[i].revents = 0;
	call(l, n);
	return 0;
}

int loop_run(struct loop *l, int64_t deadline)
{
	while (!l->over) {
		if (clock_left(deadline) == 0)
			return 1;
		if (loop_turn(l, deadline) < 0)
			return -1;
	}
	return 0;
}

void loop_free(struct loop *l)
{
	free(l->list);
	free(l->fds);
	*l = (struct loop){ 0 };
}
