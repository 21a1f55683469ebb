/* SPDX-License-Identifier: 0BSD */
/* The door with a monitor made of a UNIX listener, and callers over real loopback sockets, all in one loop. */
#include "unit.h"

#include "buf.h"
#include "clock.h"
#include "door.h"
#include "fd.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CALLERS = 200, BIG = 337000 };

static const char greeting[] = "QEMU fake monitor\r\n(qemu) ";

static struct loop loop;
static struct door door;
static struct monitor {
	struct source listen, line;
	struct buf got, out;
	size_t sent;
	int greeted;	/* so many connections had */
	int ends;	/* closes when all is sent */
	int clings;	/* does not end at the caller's EOF */
} monitor;
static struct caller {
	int fd;
	struct buf got;
	int eof;
	int lazy;	/* does not read */
} callers[CALLERS];
static char dir[] = "/tmp/test_door.XXXXXX", path[64], program[64];
static uint16_t port;
static int turns;

static void monitor_line(const char *s, size_t n)
{
	char filler[1000];

	if (n == 3 && memcmp(s, "big", 3) == 0) {
		memset(filler, '.', sizeof(filler));
		for (int i = 0; i < BIG / 1000; i++)
			buf_add(&monitor.out, filler, sizeof(filler));
		buf_str(&monitor.out, "\r\n(qemu) ");
	} else if (n == 4 && memcmp(s, "quit", 4) == 0) {
		buf_str(&monitor.out, "bye");
		monitor.ends = 1;
	} else {
		buf_str(&monitor.out, "you said: ");
		buf_add(&monitor.out, s, n);
		buf_str(&monitor.out, "\r\n(qemu) ");
	}
}

static size_t unsent(void)
{
	return monitor.out.n - monitor.sent;
}

static void line_ready(struct source *s, short revents)
{
	char bytes[4096];
	ssize_t n = recv(s->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	(void)revents;
	for (ssize_t i = 0; i < n; i++) {
		buf_char(&monitor.got, bytes[i]);
		if (bytes[i] != '\n')
			continue;
		const char *start = memrchr(monitor.got.s, '\n', monitor.got.n - 1);
		start = start ? start + 1 : monitor.got.s;
		monitor_line(start, (size_t)(monitor.got.s + monitor.got.n - 1 - start));
	}
	if (n == 0 && !monitor.clings)
		monitor.ends = 1;
	int gone = n < 0 && errno != EAGAIN;
	ssize_t sent = send(s->fd, buf_text(&monitor.out) + monitor.sent, unsent(), MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent > 0)
		monitor.sent += (size_t)sent;
	if (gone || (sent < 0 && errno == EPIPE) || (monitor.ends && !unsent())) {
		fd_close(&s->fd);
		monitor.listen.events = POLLIN;
		return;
	}
	s->events = (short)((n == 0 ? 0 : POLLIN) | (unsent() ? POLLOUT : 0));
}

static void monitor_ready(struct source *s, short revents)
{
	(void)revents;
	monitor.line.fd = sock_accept(s->fd);
	if (monitor.line.fd < 0)
		return;
	s->events = 0;	/* one client at a time, as QEMU */
	buf_clear(&monitor.got);
	buf_clear(&monitor.out);
	monitor.sent = 0;
	buf_str(&monitor.out, greeting);
	monitor.ends = 0;
	monitor.greeted++;
	monitor.line.events = POLLIN | POLLOUT;
}

static void open_monitor(int backlog)
{
	struct err e;

	monitor = (struct monitor){ 0 };
	monitor.listen = (struct source){ .fd = sock_listen_unix(path, 0600, backlog, &e), .events = POLLIN, .at = CLOCK_NEVER, .ready = monitor_ready };
	monitor.line = (struct source){ .fd = -1, .at = CLOCK_NEVER, .ready = line_ready };
	CHECK(monitor.listen.fd >= 0);
	loop_add(&loop, &monitor.listen);
	loop_add(&loop, &monitor.line);
}

static void hang_up_monitor(void)
{
	fd_close(&monitor.line.fd);
	monitor.listen.events = POLLIN;
}

static void close_monitor(void)
{
	loop_del(&loop, &monitor.listen);
	loop_del(&loop, &monitor.line);
	fd_close(&monitor.listen.fd);
	fd_close(&monitor.line.fd);
	buf_free(&monitor.got);
	buf_free(&monitor.out);
	unlink(path);
}

static struct porter porter = { .vm = "unit" };

static void open_door_to(const char *where, int family, void (*admitted)(void *, int), void *arg)
{
	struct sockaddr_in6 a;
	socklen_t n = sizeof(a);
	int fds[2] = { sock_listen_tcp(family, 0), -1 };

	CHECK(fds[0] >= 0 && getsockname(fds[0], (struct sockaddr *)&a, &n) == 0);
	port = ntohs(a.sin6_port);	/* at the same place in both families */
	porter.peers.owner = geteuid();
	CHECK(door_open(&door, &loop, fds, &porter, where, admitted, arg) == 0);
}

static void open_all(void)
{
	open_monitor(SOCK_BACKLOG);
	open_door_to(path, AF_INET, NULL, NULL);
}

static int call_port(int family)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, family == AF_INET ? (void *)&in4 : (void *)&in6,
			family == AF_INET ? sizeof(in4) : sizeof(in6)) == 0)
		return fd;
	fd_close(&fd);
	return -1;
}

static void call(int i)
{
	callers[i].fd = call_port(AF_INET);
	CHECK(callers[i].fd >= 0);
}

static void say(int i, const char *s)
{
	CHECK(send(callers[i].fd, s, strlen(s), MSG_NOSIGNAL) == (ssize_t)strlen(s));
}

static void hang_up(int i)
{
	if (callers[i].fd > 0)
		close(callers[i].fd);
	buf_free(&callers[i].got);
	callers[i] = (struct caller){ 0 };
}

static void reset(int i)
{
	struct linger now = { .l_onoff = 1 };

	setsockopt(callers[i].fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	hang_up(i);
}

static void close_all(void)
{
	for (int i = 0; i < CALLERS; i++)
		hang_up(i);
	door_close(&door);
	close_monitor();
}

static void turn(void)
{
	static char bytes[65536];
	ssize_t n;

	turns++;
	loop_turn(&loop, clock_in(5));
	for (struct caller *c = callers; c < callers + CALLERS; c++) {
		if (c->fd <= 0 || c->eof || c->lazy)
			continue;
		while ((n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
			buf_add(&c->got, bytes, (size_t)n);
		c->eof = n == 0 || (n < 0 && errno != EAGAIN);
	}
}

#define UNTIL(what) \
	do { \
		int64_t by_ = clock_in(8000); \
		while (!(what) && clock_left(by_)) \
			turn(); \
		CHECK(what); \
	} while (0)

static void run_for(int64_t ms)
{
	for (int64_t by = clock_in(ms); clock_left(by);)
		turn();
}

/* A tenth of a second goes by in few turns of 5 ms: nothing spins. What was under way before may take its turns first. */
static int at_rest(void)
{
	turns = 0;
	run_for(100);
	return turns < 50;
}

static int got(int i, const char *s)
{
	return strstr(buf_text(&callers[i].got), s) != NULL;
}

static int ended(int i, const char *with)
{
	const char *s = buf_text(&callers[i].got);

	return callers[i].eof && strlen(s) >= strlen(with) && strcmp(s + strlen(s) - strlen(with), with) == 0;
}

static void test_relay(void)
{
	open_all();
	CHECK(door_busy(&door) == 0);
	call(0);
	UNTIL(got(0, greeting));
	CHECK(door_busy(&door) == 1);
	say(0, "info");
	UNTIL(strcmp(buf_text(&monitor.got), "info") == 0);
	say(0, " status\n");
	UNTIL(got(0, "you said: info status\r\n(qemu) "));
	say(0, "GET / HTTP/1.1\n");
	UNTIL(got(0, "you said: GET / HTTP/1.1\r\n(qemu) "));
	say(0, "quit\n");
	UNTIL(ended(0, "bye"));
	hang_up(0);
	UNTIL(door_busy(&door) == 0);
	CHECK(!door.turn.there.bytes);
	close_all();
}

static void test_ipv6(void)
{
	int fd = sock_listen_tcp(AF_INET6, 0);

	if (fd < 0)
		return;
	close(fd);
	open_monitor(SOCK_BACKLOG);
	open_door_to(path, AF_INET6, NULL, NULL);
	callers[0].fd = call_port(AF_INET6);
	UNTIL(got(0, greeting));
	close_all();
}

static void test_queue(void)
{
	open_all();
	for (int i = 0; i < 9; i++) {
		call(i);
		UNTIL(door_busy(&door) == i + 1);
	}
	call(9);
	UNTIL(ended(9, "qinit: busy: 8 callers wait\n"));
	CHECK(callers[9].got.n == strlen("qinit: busy: 8 callers wait\n"));
	hang_up(9);
	for (int i = 0; i < 9; i++) {
		UNTIL(got(i, greeting));
		CHECK(monitor.greeted == i + 1);
		CHECK(i == 8 || callers[i + 1].got.n == 0);
		hang_up(i);
	}
	UNTIL(door_busy(&door) == 0);
	close_all();
}

static void test_half_close(void)
{
	open_all();
	for (int i = 0; i < 3; i++) {
		call(i);
		say(i, "big\n");
		shutdown(callers[i].fd, SHUT_WR);
	}
	for (int i = 0; i < 3; i++) {
		UNTIL(ended(i, "\r\n(qemu) "));
		CHECK(callers[i].got.n == strlen(greeting) + BIG + strlen("\r\n(qemu) "));
		hang_up(i);
	}
	/* a monitor that never ends */
	monitor.clings = 1;
	call(0);
	say(0, "info\n");
	shutdown(callers[0].fd, SHUT_WR);
	UNTIL(got(0, "you said: info\r\n(qemu) ") && door.turn.shut);
	CHECK(!callers[0].eof && door.line.at - clock_ms() > 4000 && door.line.at - clock_ms() <= DOOR_ANSWER_MS);
	door.line.at = clock_ms();
	UNTIL(ended(0, "(qemu) "));
	close_all();
}

static void test_web(void)
{
	static const char *const requests[] = {
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "POST / HTTP/1.1\r\n\r\nquit\n", "\x16\x03\x01\n", "patch / HTTP/1.1\r\nquit\n",
	};

	open_all();
	for (int i = 0; i < 4; i++) {
		call(i);
		say(i, requests[i]);
		UNTIL(callers[i].eof);
		CHECK(got(i, "qinit: denied: ") && !got(i, "you said"));
		hang_up(i);
		UNTIL(door_busy(&door) == 0);
	}
	/* in two parts: its bytes pass, its line end never */
	call(0);
	UNTIL(got(0, greeting));
	say(0, "patch /?quit HT");
	UNTIL(strcmp(buf_text(&monitor.got), "patch /?quit HT") == 0);
	say(0, "TP/1.1\r\nquit\r\n");
	UNTIL(ended(0, "(qemu) \nqinit: denied: this is a web request\n"));
	UNTIL(monitor.line.fd < 0);
	CHECK_TEXT(buf_text(&monitor.got), "patch /?quit HT");
	/* 1 MB without a line end */
	call(1);
	char *big = malloc(1 << 20);
	memset(big, 'a', 1 << 20);
	fd_nonblock(callers[1].fd);
	CHECK(send(callers[1].fd, big, 1 << 20, MSG_NOSIGNAL) > GATE_LINE_MAX);
	UNTIL(got(1, "qinit: denied: the first line is longer than 4096 bytes\n"));
	CHECK(!monitor.got.n || !memchr(monitor.got.s, '\n', monitor.got.n));
	free(big);
	close_all();
}

/* A program of its own that calls and says all it got. Its output, read while the loop runs. */
static void foreign(uid_t uid, const char *exe, struct buf *out)
{
	char number[8], bytes[512];
	int ends[2];
	ssize_t n = -1;

	CHECK(pipe2(ends, O_CLOEXEC) == 0 && fd_nonblock(ends[0]) == 0);
	snprintf(number, sizeof(number), "%d", port);
	pid_t pid = fork();
	if (pid == 0) {
		if (dup2(ends[1], 1) < 0 || (uid && setuid(uid) < 0))
			_exit(1);
		execl(exe, exe, number, (char *)NULL);
		_exit(1);
	}
	close(ends[1]);
	for (int64_t by = clock_in(8000); n && clock_left(by); turn()) {
		n = read(ends[0], bytes, sizeof(bytes));
		if (n > 0)
			buf_add(out, bytes, (size_t)n);
	}
	CHECK(n == 0);
	close(ends[0]);
	if (n)
		kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* In that program: sends more than is ever read, before it reads. */
static int foreign_main(const char *number)
{
	char bytes[20000];
	ssize_t n;

	port = (uint16_t)atoi(number);
	int fd = call_port(AF_INET);
	if (fd < 0)
		return 1;
	memset(bytes, 'q', sizeof(bytes));
	memcpy(bytes, "quit\n", 5);
	send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL);
	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		fd_write(1, bytes, (size_t)n);
	return n < 0;
}

static void copy_program(void)
{
	char bytes[65536];
	ssize_t n;
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to = open(program, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	while ((n = read(from, bytes, sizeof(bytes))) > 0)
		CHECK(fd_write(to, bytes, (size_t)n) == 0);
	close(from);
	close(to);
}

static void test_strangers(void)
{
	struct buf out = { 0 };

	copy_program();
	chmod(dir, 0755);
	open_all();
	for (int i = 0; i < 20; i++) {
		foreign(0, program, &out);
		CHECK_TEXT(buf_text(&out), "qinit: denied: a guest's network is calling\n");
		buf_clear(&out);
	}
	if (geteuid() == 0) {
		call(0);
		UNTIL(got(0, greeting));
		foreign(65534, "/proc/self/exe", &out);
		CHECK_TEXT(buf_text(&out), "qinit: denied: this VM belongs to another user\n");
		CHECK(!callers[0].eof);
	}
	CHECK(monitor.got.n == 0);
	buf_free(&out);
	close_all();
}

static void test_resets(void)
{
	open_all();
	for (int i = 0; i < 4; i++)
		call(i);
	UNTIL(door_busy(&door) == 4);
	say(2, "quit\n");
	reset(2);
	UNTIL(door_busy(&door) == 3);
	reset(0);
	UNTIL(got(1, greeting));
	say(1, "hello\n");
	UNTIL(got(1, "you said: hello"));
	reset(1);
	UNTIL(got(3, greeting));
	CHECK(monitor.greeted == 3 && monitor.got.n == 0);
	close_all();
}

static void test_silence(void)
{
	open_all();
	call(0);
	call(1);
	UNTIL(got(0, greeting) && door_busy(&door) == 2);
	CHECK(door.caller.at - clock_ms() > 9000 && door.caller.at - clock_ms() <= DOOR_SILENT_MS);
	door.turn.silent_at = door.caller.at = clock_ms();
	UNTIL(ended(0, "(qemu) \nqinit: busy: 10 s without a byte, and another waits\n"));
	UNTIL(got(1, greeting));
	hang_up(0);
	/* alone one may be silent, until somebody comes */
	door.turn.silent_at = door.caller.at = clock_ms();
	run_for(30);
	CHECK(!callers[1].eof);
	call(0);
	UNTIL(callers[1].eof && got(0, greeting));
	/* who has spoken stays */
	say(0, "x");
	UNTIL(monitor.got.n == 1);
	CHECK(door.turn.silent_at == CLOCK_NEVER);
	door.caller.at = clock_ms();
	hang_up(1);
	call(1);
	UNTIL(door_busy(&door) == 2);
	run_for(30);
	CHECK(!callers[0].eof && !callers[1].got.n);
	close_all();
}

/* Fills the backlog of a monitor that does not accept. */
static void test_deaf_monitor(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fds[4] = { -1, -1, -1, -1 }, n = 0;

	open_monitor(1);
	open_door_to(path, AF_INET, NULL, NULL);
	monitor.listen.events = 0;
	strcpy(a.sun_path, path);
	do
		fds[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	while (connect(fds[n], (struct sockaddr *)&a, sizeof(a)) == 0 && ++n < 4);
	CHECK(errno == EAGAIN);
	call(0);
	UNTIL(door.caller.fd >= 0);
	UNTIL(at_rest());
	CHECK(!callers[0].got.n && !callers[0].eof);
	say(0, "early\n");
	for (int i = 0; i < 4; i++)
		fd_close(&fds[i]);
	monitor.listen.events = POLLIN;
	UNTIL(got(0, "you said: early"));
	monitor.listen.events = 0;
	reset(0);
	UNTIL(door_busy(&door) == 0);
	/* and nobody there at all */
	close_monitor();
	call(0);
	UNTIL(ended(0, "qinit: busy: the monitor does not answer\n"));
	open_monitor(1);
	close_all();
}

static void test_deaf_caller(void)
{
	open_all();
	call(0);
	UNTIL(got(0, greeting));
	callers[0].lazy = 1;
	/* more than the buffers of three sockets take */
	for (int i = 0; i < 40; i++)
		say(0, "big\n");
	UNTIL(monitor.got.n == 160);
	for (size_t before = 0; before != unsent();) {
		before = unsent();
		run_for(50);
	}
	CHECK(unsent() > BIG);
	UNTIL(at_rest());
	callers[0].lazy = 0;
	UNTIL(callers[0].got.n == strlen(greeting) + 40 * (BIG + strlen("\r\n(qemu) ")));
	/* a monitor that hangs up on a caller who does not read */
	callers[0].lazy = 1;
	for (int i = 0; i < 40; i++)
		say(0, "big\n");
	UNTIL(monitor.got.n == 320 && monitor.line.events & POLLOUT);
	run_for(100);
	hang_up_monitor();
	UNTIL(at_rest());
	CHECK(door_busy(&door) == 1);
	/* what it had sent is delivered */
	callers[0].lazy = 0;
	UNTIL(callers[0].eof);
	CHECK(!got(0, "qinit"));
	hang_up(0);
	/* or not, when nobody reads it */
	call(0);
	callers[0].lazy = 1;
	UNTIL(door.turn.begun);
	say(0, "big\n");
	UNTIL(monitor.got.n == 4);
	int size = 4096;
	setsockopt(door.caller.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	monitor.ends = 1;
	for (int i = 0; i < 60; i++)
		say(0, "big\n");
	UNTIL(monitor.line.events & POLLOUT);
	run_for(50);
	hang_up_monitor();
	run_for(50);
	door.line.at = clock_ms();
	UNTIL(door.caller.fd < 0);
	close_all();
}

static void test_flood(void)
{
	int busy = 0;

	open_all();
	for (int i = 0; i < CALLERS; i++) {
		call(i);
		say(i, "info\n");
		if (i % 100 == 99)	/* the backlog is 128 */
			UNTIL(got(i, "busy"));
	}
	UNTIL(got(0, "you said: info"));
	run_for(100);
	for (int i = 0; i < CALLERS; i++)
		busy += got(i, "qinit: busy: 8 callers wait\n");
	CHECK(busy == CALLERS - 9);
	CHECK(door_busy(&door) <= 9 + DOOR_PARTING);
	close_all();
}

static void test_descriptors(void)
{
	struct rlimit old, few;
	int last = -1, spare;

	open_all();
	getrlimit(RLIMIT_NOFILE, &old);
	call(0);
	call(1);
	spare = dup(0);
	for (int fd = 0; fd >= 0 && fd < 64; fd = dup(0))
		last = fd;
	few = old;
	few.rlim_cur = (rlim_t)last + 1;
	setrlimit(RLIMIT_NOFILE, &few);
	/* one to accept with, none to judge with */
	close(spare);
	UNTIL(got(0, "qinit: busy: the host is short of descriptors, memory or time\n"));
	UNTIL(door.listen[0].events == 0);
	UNTIL(at_rest());
	CHECK(!callers[1].eof);
	setrlimit(RLIMIT_NOFILE, &old);
	UNTIL(got(1, greeting));
	close_all();
	fd_close_from(3, NULL, 0);
}

static void take(void *arg, int fd)
{
	*(int *)arg = fd;
}

static void take_and_close(void *arg, int fd)
{
	*(int *)arg = fd;
	door_close(&door);
}

static void test_handed_over(void)
{
	struct buf out = { 0 };
	int fd = -1;

	open_monitor(1);
	open_door_to(NULL, AF_INET, take, &fd);
	call(0);
	say(0, "GET");
	UNTIL(fd >= 0);
	CHECK(door_busy(&door) == 0 && send(fd, "RFB", 3, 0) == 3);
	UNTIL(got(0, "RFB"));
	fd_close(&fd);
	foreign(0, program, &out);
	CHECK_TEXT(buf_text(&out), "qinit: denied: a guest's network is calling\n");
	CHECK(fd == -1);
	buf_free(&out);
	door_close(&door);
	open_door_to(NULL, AF_INET, take_and_close, &fd);
	hang_up(0);
	call(0);
	call(1);
	UNTIL(fd >= 0);
	CHECK(!door.loop);
	fd_close(&fd);
	close_all();
}

static void test_closed(void)
{
	struct door none = { 0 };
	char longest[200];
	int fds[2] = { sock_listen_tcp(AF_INET, 0), -1 };

	door_close(&none);
	CHECK(door_busy(&none) == 0 && fcntl(0, F_GETFD) >= 0);
	memset(longest, 'x', sizeof(longest));
	longest[199] = '\0';
	CHECK(door_open(&none, &loop, fds, &porter, longest, NULL, NULL) == -1 && errno == ENAMETOOLONG);
	CHECK(fcntl(fds[0], F_GETFD) == -1 && !none.loop);
	/* with all there is: callers in, waiting and parting */
	open_all();
	for (int i = 0; i < 12; i++)
		call(i);
	UNTIL(door_busy(&door) >= 9);
	door_close(&door);
	door_close(&door);
	UNTIL(callers[0].eof && callers[8].eof);
	close_all();
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return foreign_main(argv[1]);
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/m.sock", dir);
	snprintf(program, sizeof(program), "%s/qemu-system-fake", dir);
	test_relay();
	test_ipv6();
	test_queue();
	test_half_close();
	test_web();
	test_strangers();
	test_resets();
	test_silence();
	test_deaf_monitor();
	test_deaf_caller();
	test_flood();
	test_descriptors();
	test_handed_over();
	test_closed();
	loop_free(&loop);
	unlink(program);
	rmdir(dir);
	return unit_failed;
}
