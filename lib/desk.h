/* SPDX-License-Identifier: 0BSD */
/* keep.sock: where verbs ask the keeper. Reads requests, keeps those who must wait, writes replies. */
#ifndef DESK_H
#define DESK_H

#include "buf.h"
#include "loop.h"
#include "peer.h"
#include "request.h"

#include <sys/types.h>

/* Those who only watch leave places to those who want something. */
enum { DESK_CALLERS = 64, DESK_WATCHERS = 48, DESK_OUT_MAX = 64 * 1024 };

struct desk_caller {
	struct source src;	/* fd -1: the place is free */
	struct desk *desk;
	struct buf in, out;
	char verb[REQUEST_VERB]; /* "" until the request has come */
	int ended;		/* the last line of the reply is in `out` */
};

struct desk {
	struct loop *loop;
	struct source door;
	struct desk_caller *caller[DESK_CALLERS]; /* NULL: free */
	const struct peers *peers;
	/* A request has come: answer it by desk_end now or later. */
	void (*asked)(void *arg, struct desk_caller *c, const struct request *r);
	void *arg;
};

/* Set asked and arg before. Takes over fd, a listener; the peers, who alone may ask, outlive it. */
void desk_open(struct desk *d, struct loop *l, int fd, const struct peers *peers);
/* Words for people, and the last line with which the connection ends. */
void desk_say(struct desk_caller *c, const char *words);
void desk_end(struct desk_caller *c, int code, const char *words);
/* The same for everybody who waits with that verb (NULL: any). */
void desk_say_all(struct desk *d, const char *verb, const char *words);
void desk_end_all(struct desk *d, const char *verb, int code, const char *words);
/* How many wait with that verb. */
int desk_waits(const struct desk *d, const char *verb);
/* No more callers; those who wait stay until desk_close. */
void desk_shut(struct desk *d);
void desk_close(struct desk *d);

#endif
