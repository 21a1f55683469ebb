/* SPDX-License-Identifier: 0BSD */
/* keep.sock: where verbs ask the keeper. */
#include "desk.h"

#include "clock.h"
#include "err.h"
#include "fd.h"
#include "sock.h"
#include "text.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum {
	REST = 100,		/* ms that the listener rests when no descriptor or place is left */
	PATIENCE = 5000,	/* ms for a caller to say its request, and to take the end of the reply */
};

static void drop(struct desk_caller *c)
{
	struct desk *d = c->desk;

	loop_del(d->loop, &c->src);
	fd_close(&c->src.fd);
	buf_free(&c->in);
	buf_free(&c->out);
	for (int i = 0; i < DESK_CALLERS; i++)
		if (d->caller[i] == c)
			d->caller[i] = NULL;
	free(c);
}

/* Sends what it can; drops the caller when all is said. 1: it is gone. */
static int flush(struct desk_caller *c)
{
	ssize_t n = 0;

	while (c->out.n && (n = send(c->src.fd, c->out.s, c->out.n, MSG_NOSIGNAL)) > 0)
		buf_drop(&c->out, (size_t)n);
	if ((n < 0 && errno != EAGAIN && errno != EINTR) || (!c->out.n && c->ended)) {
		drop(c);
		return 1;
	}
	c->src.events = c->out.n ? POLLIN | POLLOUT : POLLIN;
	return 0;
}

static void take(struct desk_caller *c)
{
	char *end = memchr(buf_text(&c->in), '\n', c->in.n);
	struct request r;

	if (!end && c->in.n < REQUEST_MAX)
		return;
	if (end)
		*end = '\0';
	if (!end || request_parse(&r, c->in.s) < 0) {
		desk_end(c, FAILED, "not a request");
		return;
	}
	text_copy(c->verb, sizeof(c->verb), r.verb);
	c->src.at = CLOCK_NEVER;
	c->desk->asked(c->desk->arg, c, &r);
}

static void on_caller(struct source *s, short revents)
{
	struct desk_caller *c = s->owner;
	char bytes[512];

	if ((revents & POLLOUT) && flush(c))
		return;
	if (!(revents & (POLLIN | POLLHUP | POLLERR)))
		return;
	ssize_t n = fd_read(s->fd, bytes, sizeof(bytes));
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		drop(c); /* whoever asked has gone: what was begun for it goes on */
		return;
	}
	if (*c->verb || c->ended)
		return; /* one request a connection */
	buf_add(&c->in, bytes, (size_t)n);
	take(c);
}

static void on_late(struct source *s)
{
	drop(s->owner);
}

/* A place for a newcomer, if need be that of the one who has kept silent (or the end of its reply) longest; -1. */
static int find_place(struct desk *d)
{
	int64_t fresh = clock_in(PATIENCE - REST); /* who has just come may have asked: it is to be read yet */
	int oldest = -1;

	for (int i = 0; i < DESK_CALLERS; i++) {
		const struct desk_caller *c = d->caller[i];
		if (!c)
			return i;
		if (c->src.at < fresh && (oldest < 0 || c->src.at < d->caller[oldest]->src.at))
			oldest = i;
	}
	if (oldest >= 0)
		drop(d->caller[oldest]);
	return oldest;
}

static void on_door(struct source *s, short revents)
{
	struct desk *d = s->owner;

	(void)revents;
	int i = find_place(d);
	struct desk_caller *c = i >= 0 ? calloc(1, sizeof(*c)) : NULL;
	int fd = c ? sock_accept(s->fd) : -1;
	if (fd < 0) {
		if (!c || (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)) {
			s->events = 0; /* the next ones wait in the backlog */
			s->at = clock_in(REST);
		}
		free(c);
		return;
	}
	c->src = (struct source){ .fd = fd, .events = POLLIN, .at = clock_in(PATIENCE), .ready = on_caller, .due = on_late, .owner = c };
	c->desk = d;
	d->caller[i] = c;
	if (loop_add(d->loop, &c->src) < 0)
		drop(c);
	else if (!peer_may(fd, d->peers))
		desk_end(c, NO_RIGHT, "denied: another user's VM");
}

static void on_rest(struct source *s)
{
	s->events = POLLIN;
}

void desk_open(struct desk *d, struct loop *l, int fd, const struct peers *peers)
{
	d->loop = l;
	d->peers = peers;
	d->door = (struct source){ .fd = fd, .events = POLLIN, .at = CLOCK_NEVER, .ready = on_door, .due = on_rest, .owner = d };
	loop_add(l, &d->door);
}

void desk_say(struct desk_caller *c, const char *words)
{
	if (c->out.n > DESK_OUT_MAX) {
		drop(c); /* it does not read */
		return;
	}
	reply_words(&c->out, words);
	flush(c);
}

void desk_end(struct desk_caller *c, int code, const char *words)
{
	reply_end(&c->out, code, words);
	c->ended = 1;
	c->src.at = clock_in(PATIENCE);
	flush(c);
}

static int is_meant(const struct desk_caller *c, const char *verb)
{
	return c && *c->verb && !c->ended && (!verb || strcmp(c->verb, verb) == 0);
}

void desk_say_all(struct desk *d, const char *verb, const char *words)
{
	for (int i = 0; i < DESK_CALLERS; i++)
		if (is_meant(d->caller[i], verb))
			desk_say(d->caller[i], words);
}

void desk_end_all(struct desk *d, const char *verb, int code, const char *words)
{
	for (int i = 0; i < DESK_CALLERS; i++)
		if (is_meant(d->caller[i], verb))
			desk_end(d->caller[i], code, words);
}

int desk_waits(const struct desk *d, const char *verb)
{
	int n = 0;

	for (int i = 0; i < DESK_CALLERS; i++)
		n += is_meant(d->caller[i], verb);
	return n;
}

void desk_shut(struct desk *d)
{
	if (d->door.fd < 0)
		return;
	loop_del(d->loop, &d->door);
	fd_close(&d->door.fd);
}

void desk_close(struct desk *d)
{
	desk_shut(d);
	for (int i = 0; i < DESK_CALLERS; i++)
		if (d->caller[i])
			drop(d->caller[i]);
}
