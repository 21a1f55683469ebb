/* SPDX-License-Identifier: 0BSD */
/* Knocking at a TCP port again and again until somebody behind it says something. */
#ifndef KNOCK_H
#define KNOCK_H

#include "err.h"
#include "loop.h"
#include "match.h"

#include <netinet/in.h>

union knock_address {
	struct sockaddr any;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
};

/* The best that happened so far: nobody took the connection, it was taken in silence, other words came, the words came. */
enum knock_heard { KNOCK_NOBODY, KNOCK_SILENCE, KNOCK_OTHER, KNOCK_HEARD };

struct knock {
	struct source src;
	struct loop *loop;	/* NULL: it is not knocking */
	union knock_address where;
	struct match match;
	int64_t patience;	/* how long a silent connection is listened to */
	enum knock_heard heard;
};

/* Reads "[ADDR:]N" of n bytes: a numeric IPv4 address, or IPv6 in brackets, else 127.0.0.1. 0; -1 and err. Pure. */
int knock_parse(union knock_address *where, const char *s, size_t n, struct err *e);
/* Not knocking yet; the first time is by knock_begin. The text is match.h's, the caller's. */
void knock_at(struct knock *k, const union knock_address *where, const char *text);
/* Begins, or goes on, until KNOCK_HEARD. Idempotent. 0, or -1 when memory ran out. */
int knock_begin(struct knock *k, struct loop *l);
/* Stops; what was heard stays. Idempotent. */
void knock_end(struct knock *k);

#endif
