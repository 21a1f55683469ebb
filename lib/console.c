/* SPDX-License-Identifier: 0BSD */
/* The serial console. */
#include "console.h"

#include "clock.h"
#include "fd.h"
#include "sock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { REST = 100 }; /* ms that console.sock rests when no descriptor is left */

static void drop_client(struct console_client *k)
{
	loop_del(k->console->loop, &k->in);
	loop_del(k->console->loop, &k->out);
	if (!k->local)
		fd_close(&k->in.fd);
	k->in.fd = k->out.fd = -1;
	buf_free(&k->pending);
}

static void flush_client(struct console_client *k)
{
	while (k->pending.n) {
		/* a local stdout may block: after poll it takes PIPE_BUF bytes for sure, and one piece a round */
		size_t piece = k->local && k->pending.n > PIPE_BUF ? PIPE_BUF : k->pending.n;
		ssize_t n = k->local ? write(k->out.fd, k->pending.s, piece) : send(k->out.fd, k->pending.s, piece, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN) {
			drop_client(k);
			return;
		}
		if (n > 0)
			buf_drop(&k->pending, (size_t)n);
		if (n < 0 || k->local)
			break;
	}
	if (!k->pending.n)
		buf_free(&k->pending);
	k->out.events = k->pending.n ? POLLOUT : 0;
}

static void on_room(struct source *s, short revents)
{
	struct console_client *k = s->owner;

	if (revents & POLLOUT)
		flush_client(k);
	else if (k->local)
		drop_client(k); /* stdout's reader is gone; a socket's end is seen by `in` */
	else
		k->out.events = 0;
}

static void show(struct console *c, const char *bytes, size_t n)
{
	for (int i = 0; i < CONSOLE_CLIENTS; i++) {
		struct console_client *k = &c->client[i];
		if (k->out.fd < 0 || k->pending.n + n > CONSOLE_OUT_MAX)
			continue;
		buf_add(&k->pending, bytes, n);
		if (k->local)
			k->out.events = POLLOUT; /* poll must say yes first */
		else
			flush_client(k);
	}
}

static void flush_keys(struct console *c)
{
	ssize_t n = 0;

	while (c->keys.n && (n = send(c->line.fd, c->keys.s, c->keys.n, MSG_NOSIGNAL)) > 0)
		buf_drop(&c->keys, (size_t)n);
	if (!c->keys.n)
		buf_free(&c->keys);
	c->line.events = c->keys.n ? POLLIN | POLLOUT : POLLIN;
	/* as long as QEMU does not read, nobody's keys are taken, but for the terminal's, whose escape must work */
	for (int i = 0; i < CONSOLE_CLIENTS; i++)
		c->client[i].in.events = c->keys.n > CONSOLE_IN_MAX && !c->client[i].local ? 0 : POLLIN;
}

static void on_line(struct source *s, short revents)
{
	struct console *c = s->owner;
	char bytes[4096];

	if (revents & POLLOUT)
		flush_keys(c);
	if (!(revents & (POLLIN | POLLHUP | POLLERR)))
		return;
	ssize_t n = fd_read(s->fd, bytes, sizeof(bytes));
	if (n > 0) {
		log_write(c->log, bytes, (size_t)n);
		show(c, bytes, (size_t)n);
	} else if (n == 0 || errno != EAGAIN) {
		loop_del(c->loop, s);
		fd_close(&s->fd);
	}
}

static void on_keys(struct source *s, short revents)
{
	struct console_client *k = s->owner;
	struct console *c = k->console;
	char bytes[1024];

	(void)revents;
	ssize_t n = fd_read(s->fd, bytes, sizeof(bytes));
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0 && k->local) {
		loop_del(c->loop, s); /* stdin has ended, stdout goes on */
		return;
	}
	if (n <= 0) {
		drop_client(k);
		return;
	}
	char *escape = k->local ? memchr(bytes, c->escape, (size_t)n) : NULL;
	if (escape)
		n = escape - bytes;
	/* poll tells a hang-up even to one who asks for nothing: keys beyond the limit are lost */
	if (c->line.fd >= 0 && n && c->keys.n <= CONSOLE_IN_MAX) {
		buf_add(&c->keys, bytes, (size_t)n);
		flush_keys(c);
	}
	if (escape)
		c->left(c->arg);
}

static struct console_client *free_place(struct console *c)
{
	for (int i = 0; i < CONSOLE_CLIENTS; i++)
		if (c->client[i].in.fd < 0 && c->client[i].out.fd < 0)
			return &c->client[i];
	return NULL;
}

static void add_client(struct console *c, struct console_client *k, int in, int out, int local)
{
	k->in = (struct source){ .fd = in, .events = POLLIN, .at = CLOCK_NEVER, .ready = on_keys, .owner = k };
	k->out = (struct source){ .fd = out, .at = CLOCK_NEVER, .ready = on_room, .owner = k };
	k->console = c;
	k->local = local;
	if (loop_add(c->loop, &k->in) < 0 || loop_add(c->loop, &k->out) < 0)
		drop_client(k);
}

static void on_door(struct source *s, short revents)
{
	static const char busy[] = "qinit: busy: 8 are attached\r\n";
	static const char denied[] = "qinit: denied: another user's VM\r\n";
	struct console *c = s->owner;
	struct console_client *k = free_place(c);
	int fd = sock_accept(s->fd);

	(void)revents;
	if (fd < 0) {
		s->events = 0;
		s->at = clock_in(REST);
		return;
	}
	if (peer_may(fd, c->peers)) {
		if (k) {
			add_client(c, k, fd, fd, 0);
			return;
		}
		(void)!send(fd, busy, sizeof(busy) - 1, MSG_NOSIGNAL);
	} else {
		(void)!send(fd, denied, sizeof(denied) - 1, MSG_NOSIGNAL);
	}
	fd_close(&fd);
}

static void on_rest(struct source *s)
{
	s->events = POLLIN;
}

void console_none(struct console *c, struct loop *l, struct log *log, const struct peers *peers)
{
	*c = (struct console){ .loop = l, .log = log, .peers = peers };
	c->line.fd = c->door.fd = -1;
	for (int i = 0; i < CONSOLE_CLIENTS; i++)
		c->client[i].in.fd = c->client[i].out.fd = -1;
}

void console_line(struct console *c, int fd)
{
	c->line = (struct source){ .fd = fd, .events = POLLIN, .at = CLOCK_NEVER, .ready = on_line, .owner = c };
	loop_add(c->loop, &c->line);
}

void console_listen(struct console *c, int fd)
{
	loop_del(c->loop, &c->door);
	fd_close(&c->door.fd);
	c->door = (struct source){ .fd = fd, .events = POLLIN, .at = CLOCK_NEVER, .ready = on_door, .due = on_rest, .owner = c };
	loop_add(c->loop, &c->door);
}

void console_local(struct console *c, unsigned char escape, void (*left)(void *arg), void *arg)
{
	c->escape = escape;
	c->left = left;
	c->arg = arg;
	add_client(c, &c->client[0], 0, 1, 1);
}

void console_end(struct console *c, int64_t deadline)
{
	while (c->line.fd >= 0 && clock_left(deadline) && fd_wait(c->line.fd, POLLIN, 0) > 0)
		on_line(&c->line, POLLIN);
	for (int i = 0; i < CONSOLE_CLIENTS; i++) {
		struct console_client *k = &c->client[i];
		while (k->out.fd >= 0 && k->pending.n && fd_wait(k->out.fd, POLLOUT, deadline) > 0)
			flush_client(k);
	}
	console_close(c);
}

void console_close(struct console *c)
{
	loop_del(c->loop, &c->line);
	loop_del(c->loop, &c->door);
	fd_close(&c->line.fd);
	fd_close(&c->door.fd);
	for (int i = 0; i < CONSOLE_CLIENTS; i++)
		if (c->client[i].in.fd >= 0 || c->client[i].out.fd >= 0)
			drop_client(&c->client[i]);
	buf_free(&c->keys);
}
