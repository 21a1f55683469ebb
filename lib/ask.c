/* SPDX-License-Identifier: 0BSD */
/* Asking a VM's keeper: one request on keep.sock. */
#include "ask.h"

#include "clock.h"
#include "fd.h"
#include "proc.h"
#include "request.h"
#include "sock.h"
#include "text.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

static void over(struct ask *a, enum ask_state state)
{
	ask_close(a);
	a->state = state;
	a->done(a->arg);
}

static void on_keeper_end(struct source *s, short revents)
{
	(void)revents;
	over(s->owner, ASK_DONE);
}

/* The last line has come: now the process that said it. */
static void await_keeper(struct ask *a)
{
	if (!a->whole || a->pidfd < 0) {
		over(a, ASK_DONE);
		return;
	}
	fd_close(&a->src.fd);
	a->src.fd = a->pidfd;
	a->src.ready = on_keeper_end;
	a->pidfd = -1;
}

static void take_line(struct ask *a, const char *line)
{
	struct reply r;

	reply_parse(&r, line);
	if (r.kind == REPLY_WORDS && a->said)
		a->said(a->arg, r.words);
	if (r.kind != REPLY_END)
		return;
	a->code = (int)r.code;
	a->state = ASK_DONE;
	memcpy(a->words, r.words, strnlen(r.words, sizeof(a->words) - 1));
}

static void on_line(struct source *s, short revents)
{
	struct ask *a = s->owner;
	char bytes[512], *end;

	(void)revents;
	ssize_t n = fd_read(s->fd, bytes, sizeof(bytes));
	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0)
		buf_add(&a->in, bytes, (size_t)n);
	while (a->state == ASK_WAITS && (end = memchr(buf_text(&a->in), '\n', a->in.n))) {
		*end = '\0';
		take_line(a, a->in.s);
		buf_drop(&a->in, (size_t)(end + 1 - a->in.s));
	}
	if (a->state == ASK_DONE)
		await_keeper(a);
	else if (n <= 0 || a->in.n > REQUEST_MAX)
		over(a, ASK_LOST);
}

void ask_begin(struct ask *a, struct loop *l, const struct vm *vm, const char *verb, long long number, const char *text)
{
	char path[SOCK_PATH_MAX + 1];
	struct buf line = { 0 };
	struct err e;
	uid_t uid;

	a->loop = l;
	a->peer = 0;
	a->state = ASK_WAITS;
	a->pidfd = -1;
	a->in = (struct buf){ 0 };
	memset(a->words, 0, sizeof(a->words));
	a->src = (struct source){ .events = POLLIN, .at = CLOCK_NEVER, .ready = on_line, .owner = a };
	vm_file(vm, "keep.sock", path);
	a->src.fd = sock_connect_unix(path, clock_ms(), &e); /* a full backlog is a keeper that does not answer */
	a->nobody = a->src.fd < 0 && (errno == ENOENT || errno == ECONNREFUSED);
	request_print(&line, verb, number, text);
	if (a->src.fd < 0 || line.bad || send(a->src.fd, line.s, line.n, MSG_NOSIGNAL) != (ssize_t)line.n || loop_add(l, &a->src) < 0) {
		buf_free(&line);
		over(a, ASK_LOST);
		return;
	}
	buf_free(&line);
	if (sock_peer(a->src.fd, &uid, &a->peer) == 0 && a->whole && a->peer > 0)
		a->pidfd = proc_open(a->peer);
}

static void nobody_waits(void *arg)
{
	(void)arg;
}

void ask_one(struct ask *a, const struct vm *vm, const char *verb, long long number, const char *text, int64_t deadline)
{
	struct loop l = { 0 };

	a->done = nobody_waits;
	ask_begin(a, &l, vm, verb, number, text);
	while (a->state == ASK_WAITS && clock_left(deadline) > 0)
		loop_turn(&l, deadline);
	ask_close(a);
	loop_free(&l);
}

void ask_close(struct ask *a)
{
	if (a->src.fd < 0)
		return;
	loop_del(a->loop, &a->src);
	fd_close(&a->src.fd);
	fd_close(&a->pidfd);
	buf_free(&a->in);
}
