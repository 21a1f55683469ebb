/* SPDX-License-Identifier: 0BSD */
/* The serial console: QEMU's line to serial.log and to everybody who is attached, their keys to QEMU. */
#ifndef CONSOLE_H
#define CONSOLE_H

#include "buf.h"
#include "log.h"
#include "loop.h"
#include "peer.h"

#include <sys/types.h>

enum { CONSOLE_CLIENTS = 8, CONSOLE_OUT_MAX = 64 * 1024, CONSOLE_IN_MAX = 4096 };

struct console_client {
	struct source in, out;	/* a socket twice, or the program's own stdin and stdout; in.fd -1: the place is free */
	struct console *console;
	int local;
	struct buf pending;	/* output that waits; what does not fit is dropped */
};

struct console {
	struct loop *loop;
	struct source line;	/* to QEMU; fd -1: none */
	struct source door;	/* console.sock; fd -1: none */
	struct console_client client[CONSOLE_CLIENTS];
	struct buf keys;	/* on their way to QEMU */
	struct log *log;
	const struct peers *peers;
	unsigned char escape;		/* the local client's key that calls `left` */
	void (*left)(void *arg);
	void *arg;
};

/* Nothing open. The peers, who alone may come by console.sock, outlive it. */
void console_none(struct console *c, struct loop *l, struct log *log, const struct peers *peers);
/* Each takes over its descriptor; a listener replaces the one before. */
void console_line(struct console *c, int fd);
void console_listen(struct console *c, int fd);
/* Joins stdin and stdout of this program (their flags are not changed); the escape key calls left. */
void console_local(struct console *c, unsigned char escape, void (*left)(void *arg), void *arg);
/* Reads what QEMU has still written and gives the clients until the deadline to take it; then closes all. */
void console_end(struct console *c, int64_t deadline);
/* Closes line, door and clients at once. */
void console_close(struct console *c);

#endif
