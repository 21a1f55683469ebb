/* SPDX-License-Identifier: 0BSD */
/* The door: one guarded TCP port of a VM. Callers are judged by the gate, queue, and one at a time is relayed to the
 * port's private monitor; or they are handed over (VNC). */
#ifndef DOOR_H
#define DOOR_H

#include "buf.h"
#include "gate.h"
#include "loop.h"
#include "rate.h"
#include "sock.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	DOOR_WAITING = 8,
	DOOR_PARTING = 16,	/* turned away, and given time to read why */
	DOOR_ROOM = 8192,	/* bytes under way in one direction */
	DOOR_ACCEPTS = 16,	/* a round of the loop: no more than can part in peace */
	DOOR_SILENT_MS = 10000,	/* who says nothing so long gives way to who waits */
	DOOR_ANSWER_MS = 5000,	/* for the monitor to let us in, and for the last answer to be delivered */
	DOOR_RETRY_MS = 20,
	DOOR_REST_MS = 100,	/* of the listeners, when descriptors run out */
	DOOR_PART_MS = 1000,	/* for somebody turned away to read why */
};

/* Bytes under way in one direction: those from `from` to `to` are to be sent. */
struct door_way {
	char *bytes;	/* DOOR_ROOM of them */
	size_t from, to;
};

/* Who is in. Its memory is there only as long as somebody is. */
struct door_turn {
	struct buf memory;	/* of both ways */
	struct door_way there, back; /* to the monitor, to the caller */
	struct gate_words words;
	int64_t connect_by;	/* give up on the monitor then */
	int64_t silent_at;	/* one who has said nothing by then may lose the turn; CLOCK_NEVER: has spoken */
	int eof;		/* the caller's */
	int shut;		/* passed on to the monitor */
	int over;		/* the monitor's EOF */
	int begun;		/* something was relayed to the caller */
};

/* What the doors of a VM share: whom they let in, and how often the system log hears of those they do not. */
struct porter {
	struct peers peers;
	const char *vm;
	struct rate rate;
};

/* Zeroed is closed. The fields are the module's own. It must not move while open: the loop knows its sources. */
struct door {
	struct loop *loop;
	struct porter *porter;
	char path[SOCK_PATH_MAX + 1];
	void (*admitted)(void *arg, int fd);
	void *arg;
	struct source listen[2];
	struct source waiting[DOOR_WAITING]; /* fd -1: free */
	struct gate_who who[DOOR_WAITING + 1]; /* the last one is the caller */
	unsigned long number[DOOR_WAITING]; /* drawn on arrival: the lowest is next */
	unsigned long numbers;
	struct source parting[DOOR_PARTING];
	size_t drained[DOOR_PARTING];
	struct source caller;	/* fd -1: nobody is in */
	struct source line;	/* to the monitor; its fd is -1 whenever nothing is awaited there */
	int line_fd;
	struct door_turn turn;
};

/* Opens it with up to two listeners (-1: none), which are the door's from then on, whatever is returned. Callers whom
 * the porter (it outlives the door) knows are relayed to the UNIX socket at `path`; or, when `admitted` is set, judged by who they are alone and
 * handed over: the fd (nonblocking) is then admitted's, which may close the door. 0, or -1 with errno: the door is closed. */
int door_open(struct door *d, struct loop *l, const int listeners[2], struct porter *porter, const char *path,
	void (*admitted)(void *arg, int fd), void *arg);
/* Closes it with all connections. Nothing happens when it is closed. */
void door_close(struct door *d);
/* How many callers are in, wait, or are being told why not: 0 when closing it disturbs nobody. */
int door_busy(const struct door *d);
/* Who is in, NULL: nobody. */
const struct gate_who *door_caller(const struct door *d);

#endif
