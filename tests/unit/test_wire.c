/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "clock.h"
#include "fd.h"
#include "sock.h"
#include "wire.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

static const char greeting[] = "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n";

static struct loop l;
static struct wire w;
static int qemu; /* the other end */
static char heard[512];

static void note(const char *word, const char *more)
{
	snprintf(heard + strlen(heard), sizeof(heard) - strlen(heard), "%s%s%s", *heard ? " " : "", word, more);
}

static void on_ready(void *arg)
{
	note("ready", arg);
}

static void on_event(void *arg, const struct qmp_message *m)
{
	(void)arg;
	note("event:", m->name);
}

static void on_closed(void *arg)
{
	note("closed", arg);
}

static void answered(void *arg, const struct qmp_message *m)
{
	note(arg, !m ? ":lost" : m->kind == QMP_RETURN ? ":return" : m->kind == QMP_ERROR ? ":error" : ":?");
}

static void open_wire(void)
{
	int s[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, s) == 0);
	qemu = s[1];
	heard[0] = '\0';
	w = (struct wire){ .src.fd = -1, .ready = on_ready, .event = on_event, .closed = on_closed, .arg = "" };
	wire_open(&w, &l, s[0]);
}

static void close_wire(void)
{
	wire_close(&w);
	wire_close(&w);
	CHECK(w.src.fd == -1 && !w.capable);
	loop_free(&l);
	fd_close(&qemu);
}

/* Lets the loop turn until it has nothing to do. */
static void settle(void)
{
	for (int i = 0; i < 200; i++)
		loop_turn(&l, clock_ms());
}

static void says(const char *bytes, const char *want)
{
	heard[0] = '\0';
	CHECK(fd_write(qemu, bytes, strlen(bytes)) == 0);
	settle();
	CHECK_TEXT(heard, want);
}

/* What has come to QEMU. */
static void got(const char *want)
{
	char bytes[1024];
	ssize_t n = recv(qemu, bytes, sizeof(bytes) - 1, 0);

	bytes[n > 0 ? n : 0] = '\0';
	CHECK_TEXT(bytes, want);
}

static void open_capable(void)
{
	open_wire();
	says(greeting, "");
	got("{\"execute\":\"qmp_capabilities\",\"id\":1}\n");
	says("{\"return\": {}, \"id\": 1}\r\n", "ready");
	CHECK(w.capable);
}

static void test_talk(void)
{
	open_wire();
	CHECK(wire_send(&w, "quit", NULL, NULL, NULL) == -1 && wire_pass(&w, "x", 0) == -1); /* not yet */
	close_wire();
	CHECK_TEXT(heard, "");
	open_capable();
	CHECK(wire_send(&w, "query-status", NULL, answered, "a") == 0 && wire_send(&w, "stop", "{\"x\":1}", answered, "b") == 0);
	CHECK(wire_send(&w, "cont", NULL, NULL, NULL) == 0);
	got("{\"execute\":\"query-status\",\"id\":2}\n{\"execute\":\"stop\",\"id\":3,\"arguments\":{\"x\":1}}\n{\"execute\":\"cont\",\"id\":4}\n");
	/* answers by their id, in any order, events in between, unknown ids to nobody, each once */
	says("{\"event\":\"STOP\",\"timestamp\":{}}\n{\"return\":{},\"id\":4}\n{\"error\":{\"class\":\"GenericError\",\"desc\":\"no\"},\"id\":3}\n"
	     "{\"return\":{},\"id\":99}\n{\"return\":{}}\n{\"return\":{},\"id\":3}\n{\"return\":{\"status\":\"running\"},\"id\":2}\n",
	     "event:STOP b:error a:return");
	says("{\"event\":\"RE", "");
	says("SUME\"}\n", "event:RESUME");
	close_wire();
}

static void test_end(void)
{
	open_capable();
	wire_send(&w, "quit", NULL, answered, "a");
	wire_send(&w, "quit", NULL, NULL, NULL);
	fd_close(&qemu);
	heard[0] = '\0';
	settle();
	CHECK_TEXT(heard, "a:lost closed");
	CHECK(w.src.fd == -1 && wire_send(&w, "quit", NULL, answered, "a") == -1);
	close_wire();

	open_capable();
	wire_send(&w, "quit", NULL, answered, "a");
	heard[0] = '\0';
	close_wire(); /* we close: who waits hears it, `closed` is for QEMU's doing */
	CHECK_TEXT(heard, "a:lost");
}

static void on_event_close(void *arg, const struct qmp_message *m)
{
	on_event(arg, m);
	wire_close(&w);
}

static void test_close_within(void)
{
	open_capable();
	w.event = on_event_close;
	says("{\"event\":\"A\"}\n{\"event\":\"B\"}\n{\"return\":{},\"id\":1}\n", "event:A");
	close_wire();
}

static void test_garbage(void)
{
	static const char *const bad[] = { "QEMU 7.2 monitor\r\n(qemu) ", "]\n", "{]\n", "\x1b[2J", "{\"return\" 1}\n", "HTTP/1.1 400\r\n" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		open_capable();
		wire_send(&w, "cont", NULL, answered, "a");
		says(bad[i], "a:lost closed");
		close_wire();
	}
	open_wire();
	says("what\n", "closed");
	close_wire();
	open_wire();
	says(greeting, "");
	says("{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"x\"}, \"id\": 1}\n", ""); /* no capabilities: never ready */
	CHECK(!w.capable);
	close_wire();
}

/* A message without an end, and messages without end: memory is bounded, and so is a round. */
static void test_flood(void)
{
	static char bytes[65536];
	size_t sent = 0;

	open_capable();
	memset(bytes, ' ', sizeof(bytes));
	bytes[0] = '[';
	memset(bytes + 1, '1', sizeof(bytes) - 1);
	heard[0] = '\0';
	while (!*heard && sent < 4 * WIRE_MESSAGE_MAX) {
		ssize_t n = send(qemu, bytes + (sent ? 1 : 0), sizeof(bytes) - 1, MSG_NOSIGNAL);
		sent += n > 0 ? (size_t)n : 0;
		loop_turn(&l, clock_ms());
		CHECK(w.qmp.in.room <= 4 * WIRE_MESSAGE_MAX);
	}
	settle();
	CHECK_TEXT(heard, "closed");
	close_wire();

	static const char event[] = "{\"event\":\"X\"}\n";
	int events = 0;
	open_capable();
	while (events < 4000) {
		heard[0] = '\0';
		while (send(qemu, event, sizeof(event) - 1, MSG_NOSIGNAL) == sizeof(event) - 1)
			events++;
		loop_turn(&l, clock_ms());
		CHECK(w.qmp.in.room <= WIRE_MESSAGE_MAX);
	}
	settle();
	wire_send(&w, "cont", NULL, answered, "a");
	says("{\"return\":{},\"id\":2}\n", "a:return"); /* it is heard behind all that */
	close_wire();
}

/* A QEMU that does not read, or does not answer. */
static void test_full(void)
{
	int sent = 0;

	open_capable();
	while (wire_send(&w, "cont", NULL, answered, "a") == 0)
		sent++;
	CHECK(sent == WIRE_WAITS);
	heard[0] = '\0';
	close_wire();
	CHECK(strlen(heard) == sizeof("a:lost") * (size_t)sent - 1);

	char *much = malloc(70000);
	memset(much, 'x', 69999);
	much[69999] = '\0';
	open_capable();
	for (sent = 0; wire_send(&w, much, NULL, NULL, NULL) == 0;)
		sent++;
	CHECK(sent > 0 && sent < WIRE_WAITS && w.out.n > WIRE_OUT_MAX);
	CHECK(wire_pass(&w, "x", 0) == -1); /* its byte would not be the next */
	size_t n = 0;
	char bytes[4096];
	while (n < (size_t)sent * 70000) { /* it reads again: all of it comes, whole */
		ssize_t more = recv(qemu, bytes, sizeof(bytes), 0);
		n += more > 0 ? (size_t)more : 0;
		loop_turn(&l, clock_ms());
		if (w.out.n == 0 && more <= 0)
			break;
	}
	CHECK(n > (size_t)sent * 70000 && w.out.n == 0 && w.src.events == POLLIN);
	free(much);
	close_wire();
}

static void test_pass(void)
{
	char bytes[200] = "";
	int p[2], fd = -1;
	union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control;
	struct iovec part = { bytes, sizeof(bytes) - 1 };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control.room) };

	CHECK(pipe2(p, O_CLOEXEC) == 0);
	open_capable();
	CHECK(wire_pass(&w, "vnc1", p[1]) == 0 && recvmsg(qemu, &m, 0) > 0);
	CHECK_TEXT(bytes, "{\"execute\":\"getfd\",\"id\":2,\"arguments\":{\"fdname\":\"vnc1\"}}\n");
	CHECK(CMSG_FIRSTHDR(&m) != NULL);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	CHECK(write(fd, "x", 1) == 1 && read(p[0], bytes, 1) == 1);
	says("{\"return\":{},\"id\":2}\n", "");
	close(fd);
	close(p[0]);
	close(p[1]);
	close_wire();
}

int main(void)
{
	test_talk();
	test_end();
	test_close_within();
	test_garbage();
	test_flood();
	test_full();
	test_pass();
	return unit_failed;
}
