/* SPDX-License-Identifier: 0BSD */
/* mon: all that a monitor, or who poses as one, ever sends: greeting and answers to commands. Whatever it is, each wait ends,
 * and what is said of it is one line. */
#include "fuzz.h"

#include "clock.h"
#include "mon.h"

#include <sys/socket.h>

static void check(int bad, const struct err *e)
{
	struct buf line = { 0 };

	if (bad) {
		buf_fmt(&line, "%s\n", e->text);
		MUST(line.n > 1 && fuzz_lines(&line) && memchr(line.s, '\n', line.n) == line.s + line.n - 1);
	}
	buf_free(&line);
}

static void on_event(void *owner, const struct qmp_message *m)
{
	(void)owner;
	MUST(m->kind == QMP_EVENT && m->whole.n);
}

static void ask(struct mon *m)
{
	struct buf reply = { 0 };
	struct err e = { 0 };
	int bad;

	check(mon_hmp(m, "info version", &reply, 0, &e), &e);
	buf_clear(&reply);
	bad = mon_qmp(m, "query-status", "{}", &reply, 0, &e);
	check(bad, &e);
	MUST(bad || !memchr(buf_text(&reply), '\n', reply.n));
	check(mon_idle(m, &e), &e);
	buf_clear(&reply);
	check(mon_qmp(m, "quit", NULL, &reply, 0, &e), &e);
	buf_free(&reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct mon m = { .event = on_event };
	struct err e = { 0 };
	int pair[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	MUST(send(pair[1], bytes, n, MSG_NOSIGNAL) == (ssize_t)n);
	MUST(shutdown(pair[1], SHUT_WR) == 0);
	m.fd = pair[0];
	int bad = mon_greet(&m, clock_in(1000), &e);
	check(bad, &e);
	MUST(bad || m.kind != MON_NONE);
	if (!bad)
		ask(&m);
	mon_close(&m);
	close(pair[1]);
	return 0;
}
