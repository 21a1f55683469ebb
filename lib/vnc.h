/* SPDX-License-Identifier: 0BSD */
/* VNC: QEMU listens nowhere; the keeper accepts and hands the connection over. */
#ifndef VNC_H
#define VNC_H

#include "door.h"
#include "loop.h"
#include "wire.h"

#include <sys/types.h>

struct vnc {
	struct loop *loop;
	struct wire *wire;
	struct source sock;	/* vnc.sock; fd -1: none */
	struct door tcp;	/* DISPLAY=vnc:PORT */
	const struct peers *peers;
	struct porter *porter;
	unsigned long n;	/* connections so far */
};

/* The peers are those of vnc.sock, the porter is that of the TCP port; both outlive it. */
void vnc_none(struct vnc *v, struct loop *l, struct wire *w, const struct peers *peers, struct porter *porter);
/* Takes over the listeners, vnc_listen in place of the one before; a TCP pair goes through the gate's rules 1 and 2. */
void vnc_listen(struct vnc *v, int fd);
void vnc_listen_tcp(struct vnc *v, const int fds[2]);
void vnc_close(struct vnc *v);

#endif
