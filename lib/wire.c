/* SPDX-License-Identifier: 0BSD */
/* The keeper's own QMP line to QEMU, on a loop. */
#include "wire.h"

#include "clock.h"
#include "fd.h"
#include "fmt.h"
#include "sock.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum { DRAIN_READS = 64 };

static void flush(struct wire *w)
{
	while (w->out.n) {
		ssize_t n = send(w->src.fd, w->out.s, w->out.n, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break; /* EAGAIN: later; anything else: the reader will see the end */
		buf_drop(&w->out, (size_t)n);
	}
	if (!w->out.n)
		buf_free(&w->out);
	w->src.events = w->out.n ? POLLIN | POLLOUT : POLLIN;
}

static void answer(struct wire *w, const struct qmp_message *m)
{
	for (int i = 0; i < WIRE_WAITS; i++) {
		struct wire_wait wait = w->wait[i];
		if (!wait.id || wait.id != m->id)
			continue;
		w->wait[i].id = 0;
		if (wait.answered)
			wait.answered(wait.arg, m);
		return;
	}
}

static int send_command(struct wire *w, const char *command, const char *arguments,
			void (*answered)(void *arg, const struct qmp_message *m), void *arg)
{
	int i = 0;

	while (i < WIRE_WAITS && w->wait[i].id)
		i++;
	if (w->src.fd < 0 || i == WIRE_WAITS || w->out.n > WIRE_OUT_MAX)
		return -1;
	w->wait[i] = (struct wire_wait){ .id = ++w->last, .answered = answered, .arg = arg };
	qmp_command(&w->out, w->last, command, arguments);
	flush(w);
	return 0;
}

static void on_capable(void *arg, const struct qmp_message *m)
{
	struct wire *w = arg;

	if (!m || m->kind != QMP_RETURN)
		return;
	w->capable = 1;
	w->ready(w->arg);
}

static void lost(struct wire *w)
{
	wire_close(w);
	w->closed(w->arg);
}

static void on_bytes(struct source *s, short revents)
{
	struct wire *w = s->owner;
	struct qmp_message m;
	char bytes[4096];
	enum qmp_kind kind;

	if (revents & POLLOUT)
		flush(w);
	if (!(revents & (POLLIN | POLLHUP | POLLERR)))
		return;
	ssize_t n = fd_read(s->fd, bytes, sizeof(bytes));
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		lost(w);
		return;
	}
	qmp_feed(&w->qmp, bytes, (size_t)n);
	/* a callback may close the line */
	while (s->fd >= 0 && (kind = qmp_next(&w->qmp, &m)) != QMP_NONE) {
		if (kind == QMP_BAD) {
			lost(w);
			return;
		}
		if (kind == QMP_GREETING)
			send_command(w, "qmp_capabilities", NULL, on_capable, w);
		else if (kind == QMP_EVENT)
			w->event(w->arg, &m);
		else
			answer(w, &m);
	}
}

void wire_open(struct wire *w, struct loop *l, int fd)
{
	w->src = (struct source){ .fd = fd, .events = POLLIN, .at = CLOCK_NEVER, .ready = on_bytes, .owner = w };
	w->loop = l;
	w->last = 0;
	w->capable = 0;
	qmp_init(&w->qmp, WIRE_MESSAGE_MAX);
	if (loop_add(l, &w->src) < 0)
		wire_close(w);
}

void wire_close(struct wire *w)
{
	if (w->src.fd < 0)
		return;
	loop_del(w->loop, &w->src);
	fd_close(&w->src.fd);
	w->capable = 0;
	qmp_free(&w->qmp);
	buf_free(&w->out);
	for (int i = 0; i < WIRE_WAITS; i++) {
		struct wire_wait wait = w->wait[i];
		w->wait[i].id = 0;
		if (wait.id && wait.answered)
			wait.answered(wait.arg, NULL);
	}
}

int wire_send(struct wire *w, const char *command, const char *arguments,
	      void (*answered)(void *arg, const struct qmp_message *m), void *arg)
{
	return w->capable ? send_command(w, command, arguments, answered, arg) : -1;
}

void wire_drain(struct wire *w)
{
	for (int i = 0; i < DRAIN_READS && w->src.fd >= 0 && fd_wait(w->src.fd, POLLIN, 0) > 0; i++)
		on_bytes(&w->src, POLLIN);
}

int wire_pass(struct wire *w, const char *name, int fd)
{
	struct buf line = { 0 };
	char arguments[96];

	/* the descriptor travels with its first byte: nothing may stand before it */
	if (!w->capable || w->out.n)
		return -1;
	fmt(arguments, sizeof(arguments), "{\"fdname\":\"%s\"}", name);
	qmp_command(&line, ++w->last, "getfd", arguments);
	ssize_t n = line.bad ? -1 : sock_send_fd(w->src.fd, line.s, line.n, fd);
	if (n > 0)
		buf_add(&w->out, line.s + n, line.n - (size_t)n);
	buf_free(&line);
	if (n <= 0)
		return -1;
	flush(w);
	return 0;
}
