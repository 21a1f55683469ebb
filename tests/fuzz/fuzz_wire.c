/* SPDX-License-Identifier: 0BSD */
/* wire: all that QEMU, or what took it over, ever says to its keeper. Who waits is answered once, and nothing is told before
 * the line is capable or after it closed. */
#include "fuzz.h"

#include "wire.h"

#include <sys/socket.h>

enum { ASKED = WIRE_WAITS + 2 };

struct talk {
	struct wire w;
	int ready, closed, sent, answered;
};

static void on_answer(void *arg, const struct qmp_message *m)
{
	struct talk *t = arg;

	MUST(!m || m->kind == QMP_RETURN || m->kind == QMP_ERROR);
	t->answered++;
}

static void on_ready(void *arg)
{
	struct talk *t = arg;

	MUST(t->w.capable && !t->closed);
	for (int i = 0; i < ASKED; i++)
		t->sent += wire_send(&t->w, "query-status", "{}", on_answer, t) == 0;
	MUST(t->sent <= WIRE_WAITS * ++t->ready);
}

static void on_event(void *arg, const struct qmp_message *m)
{
	struct talk *t = arg;
	char reason[32] = "";

	MUST(m->kind == QMP_EVENT && !t->closed);
	qmp_run_state(m, reason, sizeof(reason));
}

static void on_closed(void *arg)
{
	struct talk *t = arg;

	MUST(t->w.src.fd < 0 && !t->closed++);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct talk t = { .w = { .src.fd = -1, .ready = on_ready, .event = on_event, .closed = on_closed, .arg = &t } };
	struct loop loop = { 0 };
	int pair[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	MUST(send(pair[1], bytes, n, MSG_NOSIGNAL) == (ssize_t)n);
	wire_open(&t.w, &loop, pair[0]);
	wire_drain(&t.w);
	MUST(t.closed == (t.w.src.fd < 0));
	wire_close(&t.w);
	MUST(t.answered == t.sent);
	close(pair[1]);
	loop_free(&loop);
	return 0;
}
