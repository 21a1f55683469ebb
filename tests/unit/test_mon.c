/* SPDX-License-Identifier: 0BSD */
/* mon: every greeting and every way to fall silent, played by a forked server. */
#include "mon.h"

#include "clock.h"
#include "fd.h"
#include "sock.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define QMP_HELLO "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n"
#define HMP_HELLO "QEMU 7.2.22 monitor - type 'help' for more information\r\n(qemu) "
#define CAPABLE "{\"return\": {}}\r\n"

/* What the server does at each turn: says `says`, then waits for a byte; NULL: hangs up. */
struct turn {
	const char *says;
};

static char path[64];
static pid_t server;

static void play(int listener, const struct turn *turns)
{
	char bytes[4096];
	int fd = -1;

	for (;; turns++) {
		while (fd < 0 && (fd = sock_accept(listener)) < 0)
			fd_wait(listener, POLLIN, CLOCK_NEVER);
		if (!turns->says) {
			fd_close(&fd);
			if (!turns[1].says)
				break;
			continue;
		}
		fd_write(fd, turns->says, strlen(turns->says));
		if (!turns[1].says)
			continue;
		fd_wait(fd, POLLIN, CLOCK_NEVER);
		if (fd_read(fd, bytes, sizeof(bytes)) <= 0)
			break;
	}
	_exit(0);
}

static void serve(const struct turn *turns)
{
	struct err e;

	unlink(path);
	int listener = sock_listen_unix(path, 0600, 8, &e);
	CHECK(listener >= 0);
	server = fork();
	if (server == 0)
		play(listener, turns);
	fd_close(&listener);
}

static void stop_server(void)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

static int open_it(struct mon *m, int64_t ms, struct err *e)
{
	struct mon_where where = { .path = path };

	*m = (struct mon){ 0 };
	return mon_open(m, &where, clock_in(ms), e);
}

static void check_refused(const struct turn *turns, int code, const char *words)
{
	struct mon m;
	struct err e;

	serve(turns);
	int64_t from = clock_ms();
	CHECK(open_it(&m, 300, &e) < 0);
	CHECK(clock_ms() - from < 2000);
	CHECK(e.code == code && errno == 0 && m.fd == -1);
	CHECK_TEXT(e.text, words);
	stop_server();
}

static void test_refusals(void)
{
	check_refused((struct turn[]){ { "" }, { "" }, { NULL }, { NULL } }, TIMED_OUT,
		"no greeting within the time limit: perhaps another client is connected");
	check_refused((struct turn[]){ { NULL }, { NULL } }, FAILED, "the connection was closed before the greeting");
	check_refused((struct turn[]){ { "QEM" }, { NULL }, { NULL } }, FAILED, "the connection was closed before the end of the greeting");
	check_refused((struct turn[]){ { "qinit: denied: you are uid 7\r\n" }, { NULL }, { NULL } }, NO_RIGHT, "denied: you are uid 7");
	check_refused((struct turn[]){ { "qinit: busy: 8 callers wait\n" }, { NULL }, { "qinit: busy: 8 callers wait\n" }, { NULL },
			{ "qinit: busy: 8 callers wait\n" }, { NULL }, { "qinit: busy: x\n" }, { NULL }, { "qinit: busy: x\n" }, { NULL }, { NULL } },
		TIMED_OUT, "other callers wait, no turn within the time limit");
	check_refused((struct turn[]){ { "SSH-2.0-x\033[2J\r\n" }, { "" }, { NULL }, { NULL } }, FAILED,
		"no monitor of QEMU's: it greets with `SSH-2.0-x?[2J`");
	check_refused((struct turn[]){ { "{\"QMP\": x" }, { "" }, { NULL }, { NULL } }, FAILED,
		"what the monitor says is broken, or larger than any answer");
}

static void test_nobody(void)
{
	struct mon m;
	struct err e;

	unlink(path);
	CHECK(open_it(&m, 100, &e) < 0 && errno == ENOENT && e.code == FAILED && m.fd == -1);
}

static void test_busy_then_in(void)
{
	struct mon m;
	struct err e;

	serve((struct turn[]){ { "qinit: busy: 8 callers wait\n" }, { NULL }, { QMP_HELLO }, { "" }, { NULL }, { NULL } });
	CHECK(open_it(&m, 5000, &e) == 0 && m.kind == MON_QMP);
	mon_close(&m);
	stop_server();
}

static void check_hmp(struct mon *m, const char *line, const char *want)
{
	struct buf reply = { 0 };
	struct err e;

	CHECK(mon_hmp(m, line, &reply, clock_in(5000), &e) == 0);
	CHECK_TEXT(buf_text(&reply), want);
	buf_free(&reply);
}

static void check_failed(struct mon *m, const char *line, int64_t ms, int code, const char *words)
{
	struct buf reply = { 0 };
	struct err e = { 0 };

	CHECK(mon_hmp(m, line, &reply, clock_in(ms), &e) < 0 && reply.n == 0);
	CHECK(e.code == code);
	CHECK_TEXT(e.text, words);
	buf_free(&reply);
}

static void test_qmp(void)
{
	struct mon m;
	struct err e;
	struct buf result = { 0 };

	serve((struct turn[]){ { QMP_HELLO }, { CAPABLE "{\"event\": \"RESUME\"}\r\n{\"return\": \"a\\r\\nb\\r\\n\"}\r\n" },
		{ "{\"return\": \"unknown command: 'x'\\r\\n\"}\r\n" }, { "{\"return\": {\n    \"a\": 1\n}}\r\n" },
		{ "{\"error\": {\"class\": \"X\", \"desc\": \"not\\nso\"}}\r\n" }, { "" }, { "" }, { "" }, { NULL }, { NULL } });
	CHECK(open_it(&m, 5000, &e) == 0);
	poll(NULL, 0, 50); /* the first turn's wait ends with the negotiation alone */
	check_hmp(&m, "info", "a\nb\n");
	check_failed(&m, "x", 5000, FAILED, "unknown command: 'x'");
	CHECK(mon_qmp(&m, "query", NULL, &result, clock_in(5000), &e) == 0);
	CHECK_TEXT(buf_text(&result), "{\"a\": 1}");
	CHECK(mon_qmp(&m, "query", "{}", &result, clock_in(5000), &e) < 0);
	CHECK_TEXT(e.text, "not so");
	CHECK(mon_qmp(&m, "query", "[]", &result, clock_in(5000), &e) < 0);
	CHECK_TEXT(e.text, "the arguments are no JSON object");
	CHECK(mon_qmp(&m, "{\"a\"}", NULL, &result, clock_in(5000), &e) < 0);
	CHECK_TEXT(e.text, "the command is no JSON object");
	check_failed(&m, "info", 100, TIMED_OUT, "no answer within the time limit");
	CHECK(!m.lost);
	buf_free(&result);
	mon_close(&m);
	stop_server();
}

/* A reply that comes after its deadline is not taken for the next command's. */
static void test_late(void)
{
	struct mon m;
	struct err e;

	serve((struct turn[]){ { QMP_HELLO }, { CAPABLE }, { "" }, { "{\"return\": \"late\"}{\"return\": \"mine\"}" }, { NULL }, { NULL } });
	CHECK(open_it(&m, 5000, &e) == 0);
	poll(NULL, 0, 50);
	check_failed(&m, "slow", 100, TIMED_OUT, "no answer within the time limit");
	check_hmp(&m, "info", "mine");
	mon_close(&m);
	serve((struct turn[]){ { HMP_HELLO }, { "" }, { "slow\r\nlate\r\n(qemu) " }, { NULL }, { NULL } });
	CHECK(open_it(&m, 5000, &e) == 0 && m.kind == MON_HMP);
	check_failed(&m, "slow", 100, TIMED_OUT, "no answer within the time limit");
	CHECK(!m.lost && !hmp_ready(&m.hmp));
	mon_close(&m);
	stop_server();
}

static void test_hmp(void)
{
	struct mon m;
	struct err e;
	struct buf result = { 0 };

	serve((struct turn[]){ { HMP_HELLO }, { "i\033[K\r\na\r\n(qemu) " }, { "x\033[K\r\nunknown command: 'x'\r\n(qemu) " },
		{ "q\r\n" }, { NULL }, { NULL } });
	CHECK(open_it(&m, 5000, &e) == 0 && m.kind == MON_HMP);
	CHECK_TEXT(buf_text(&m.greeting), HMP_HELLO);
	check_hmp(&m, "i", "a\n");
	check_failed(&m, "x", 5000, FAILED, "unknown command: 'x'");
	check_failed(&m, "a\tb", 5000, FAILED, "the line has a control character, which the text monitor takes for a key");
	CHECK(mon_qmp(&m, "stop", NULL, &result, clock_in(100), &e) < 0);
	check_hmp(&m, "quit", "");
	CHECK(m.lost);
	check_failed(&m, "i", 5000, FAILED, "the connection was closed before the reply");
	mon_close(&m);
	stop_server();
}

/* The gate judges the first line: its refusal may come behind the greeting. */
static void test_denied_late(void)
{
	struct mon m;
	struct err e;

	serve((struct turn[]){ { HMP_HELLO }, { "i\033[Kqinit: denied: an HTTP request\n" }, { NULL }, { NULL } });
	CHECK(open_it(&m, 5000, &e) == 0);
	check_failed(&m, "i", 5000, NO_RIGHT, "denied: an HTTP request");
	mon_close(&m);
	stop_server();
}

static void test_lost(void)
{
	struct mon m;
	struct err e;

	serve((struct turn[]){ { QMP_HELLO }, { NULL }, { NULL } });
	CHECK(open_it(&m, 5000, &e) == 0);
	check_failed(&m, "info", 5000, FAILED, "the connection was closed before the reply");
	CHECK(m.lost);
	mon_close(&m);
	stop_server();
	serve((struct turn[]){ { QMP_HELLO }, { NULL }, { NULL } });
	CHECK(open_it(&m, 5000, &e) == 0);
	check_hmp(&m, " quit", "");
	mon_close(&m);
	stop_server();
}

static int events;

static void count(void *owner, const struct qmp_message *got)
{
	CHECK(owner == &events && got->kind == QMP_EVENT);
	events++;
}

static void test_idle(void)
{
	struct mon m = { .event = count, .owner = &events };
	struct mon_where where = { .path = path };
	struct err e;

	serve((struct turn[]){ { QMP_HELLO }, { CAPABLE "{\"event\": \"A\"}{\"event\": \"B\"}" }, { NULL }, { NULL } });
	CHECK(mon_open(&m, &where, clock_in(5000), &e) == 0);
	int64_t deadline = clock_in(5000);
	while (mon_idle(&m, &e) == 0 && clock_left(deadline))
		poll(NULL, 0, 5);
	CHECK(events == 2 && m.lost);
	CHECK_TEXT(e.text, "the connection was closed before the end");
	mon_close(&m);
	stop_server();
}

int main(void)
{
	char dir[] = "/tmp/test_mon.XXXXXX";

	signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/s", dir);
	test_refusals();
	test_nobody();
	test_busy_then_in();
	test_qmp();
	test_late();
	test_hmp();
	test_denied_late();
	test_lost();
	test_idle();
	unlink(path);
	rmdir(dir);
	return unit_failed;
}
