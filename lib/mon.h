/* SPDX-License-Identifier: 0BSD */
/* A client of any monitor: QMP or text, UNIX or TCP, QEMU's own or behind a keeper's gate; told by the greeting. */
#ifndef MON_H
#define MON_H

#include "buf.h"
#include "err.h"
#include "hmp.h"
#include "qmp.h"

#include <stdint.h>

enum { MON_QMP_MAX = 64 << 20 };

struct mon_where {
	const char *path;	/* of a UNIX socket, absolute or not; NULL: the port */
	uint16_t port;
};

enum mon_kind { MON_NONE, MON_HMP, MON_QMP };

struct mon {
	int fd;
	enum mon_kind kind;
	int lost;		/* the other end is gone */
	int leaving;		/* `quit` was sent: that is no wonder then */
	unsigned long due;	/* replies still to come, over QMP */
	struct qmp qmp;
	struct hmp hmp;
	struct buf greeting;	/* as it came, byte for byte */
	char tail[256];		/* the last bytes that came: a keeper's farewell */
	size_t tail_n;
	/* told of each event, a whole object, while a reply is awaited; may be NULL */
	void (*event)(void *owner, const struct qmp_message *m);
	/* told once of an opening by port that takes longer than a moment; may be NULL */
	void (*waits)(void *owner, uint16_t port);
	void *owner;
};

/* Each of these returns 0, or -1 and err: TIMED_OUT at the deadline, NO_RIGHT when a keeper says `qinit: denied:`,
 * else FAILED. A command of which QEMU says that it failed has QEMU's words in err and leaves the connection good;
 * so does a deadline: a late reply is passed over. `lost` tells whether another command has a chance. */

/* Connects, reads the greeting, on QMP negotiates. While a keeper says `qinit: busy:` it is tried again. Closes all on
 * failure; errno is that of connect, 0 when the connection was there. */
int mon_open(struct mon *m, const struct mon_where *where, int64_t deadline, struct err *e);
/* The same on m->fd, a nonblocking connection that was just made; all else in m is zero or the caller's. Closes nothing. */
int mon_greet(struct mon *m, int64_t deadline, struct err *e);
void mon_close(struct mon *m);
/* One HMP line, over either kind: the reply's bytes with LF line ends are appended. Losing the connection over `quit`
 * is success. */
int mon_hmp(struct mon *m, const char *line, struct buf *reply, int64_t deadline, struct err *e);
/* One QMP command: a word with arguments (a JSON object, or NULL), or a whole JSON object without arguments. The value
 * of `return` is appended as one line without its end; nothing if `quit` ended the connection first. */
int mon_qmp(struct mon *m, const char *command, const char *arguments, struct buf *result, int64_t deadline, struct err *e);
/* Reads what is there, without waiting, and tells the events in it. 0; -1 and err when the other end is gone. */
int mon_idle(struct mon *m, struct err *e);

#endif
