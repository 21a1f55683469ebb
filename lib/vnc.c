/* SPDX-License-Identifier: 0BSD */
/* VNC: QEMU listens nowhere; the keeper accepts and hands the connection over. */
#include "vnc.h"

#include "clock.h"
#include "fd.h"
#include "fmt.h"
#include "sock.h"

#include <poll.h>

enum { REST = 100 }; /* ms that vnc.sock rests when no descriptor is left */

/* Takes over fd. QEMU has a copy of its own when getfd has been sent. */
static void hand_over(void *arg, int fd)
{
	struct vnc *v = arg;
	char name[32], arguments[96];

	fmt(name, sizeof(name), "vnc%lu", ++v->n);
	fmt(arguments, sizeof(arguments), "{\"protocol\":\"vnc\",\"fdname\":\"%s\",\"skipauth\":true}", name);
	if (wire_pass(v->wire, name, fd) == 0)
		wire_send(v->wire, "add_client", arguments, NULL, NULL);
	fd_close(&fd);
}

static void on_sock(struct source *s, short revents)
{
	struct vnc *v = s->owner;
	int fd = sock_accept(s->fd);

	(void)revents;
	if (fd < 0) {
		s->events = 0;
		s->at = clock_in(REST);
		return;
	}
	if (peer_may(fd, v->peers))
		hand_over(v, fd);
	else
		fd_close(&fd);
}

static void on_rest(struct source *s)
{
	s->events = POLLIN;
}

void vnc_none(struct vnc *v, struct loop *l, struct wire *w, const struct peers *peers, struct porter *porter)
{
	*v = (struct vnc){ .loop = l, .wire = w, .peers = peers, .porter = porter, .sock = { .fd = -1 } };
}

void vnc_listen(struct vnc *v, int fd)
{
	loop_del(v->loop, &v->sock);
	fd_close(&v->sock.fd);
	v->sock = (struct source){ .fd = fd, .events = POLLIN, .at = CLOCK_NEVER, .ready = on_sock, .due = on_rest, .owner = v };
	loop_add(v->loop, &v->sock);
}

void vnc_listen_tcp(struct vnc *v, const int fds[2])
{
	door_open(&v->tcp, v->loop, fds, v->porter, NULL, hand_over, v);
}

void vnc_close(struct vnc *v)
{
	loop_del(v->loop, &v->sock);
	fd_close(&v->sock.fd);
	door_close(&v->tcp);
}
