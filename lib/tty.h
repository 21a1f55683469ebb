/* SPDX-License-Identifier: 0BSD */
/* The terminal: raw and back, and joined to a socket. */
#ifndef TTY_H
#define TTY_H

#include "err.h"

#include <stddef.h>
#include <termios.h>

enum { TTY_ESCAPE = 0x1d }; /* Ctrl-] */

/* Zeroed is off. */
struct tty {
	int fd;
	int on;
	struct termios old;
};

/* Every byte as typed, no echo, no signals from keys. 0; -1 with errno (ENOTTY). */
int tty_raw(struct tty *t, int fd);
/* Lines with the terminal's own editing, but a line also ends at the escape key, which is then its last byte. */
int tty_lines(struct tty *t, int fd, unsigned char escape);
/* As it was before; nothing if it is off. errno survives. */
void tty_restore(struct tty *t);

struct tty_join {
	int in, out;		/* as they were given to the program: their flags are not changed */
	int sock;		/* nonblocking, stays open */
	unsigned char escape;	/* the key that leaves, if `in` is a terminal */
	const char *first;	/* n bytes that are written to `out` before anything else */
	size_t n;
};

enum tty_end {
	TTY_FAILED = -1,	/* and err */
	TTY_LEFT,		/* the escape key */
	TTY_CLOSED,		/* the socket's other end closed, or `out` did */
	TTY_SIGNAL,		/* *signal came: SIGTERM, SIGINT, SIGHUP or SIGQUIT */
};

/* Copies in -> sock and sock -> out until one of the ends above. A terminal at `in` is raw meanwhile, at every
 * return it is as it was before, also while the program is stopped by SIGTSTP. If `in` is no terminal its end half
 * closes the socket. Signals are held back by a signalfd; the mask is put back at the end. */
enum tty_end tty_join(const struct tty_join *j, int *signal, struct err *e);

#endif
