/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "clock.h"
#include "console.h"
#include "fd.h"
#include "scratch.h"
#include "sock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

static struct err e;
static struct loop l;
static struct console c;
static struct log serial;
static int dir, qemu;

static void settle(void)
{
	for (int i = 0; i < 50; i++)
		loop_turn(&l, clock_ms());
}

static struct peers peers;

static void begin(uid_t owner)
{
	int s[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, s) == 0);
	qemu = s[1];
	log_open(&serial, dir, "serial.log", 1 << 20, 1);
	peers.owner = owner;
	console_none(&c, &l, &serial, &peers);
	console_line(&c, s[0]);
	unlink(scratch_path("s"));
	console_listen(&c, sock_listen_unix(scratch_path("s"), 0600, SOCK_BACKLOG, &e));
}

static void end(void)
{
	console_close(&c);
	console_close(&c);
	CHECK(l.n == 0 || (loop_turn(&l, clock_ms()), l.n == 0));
	log_close(&serial);
	loop_free(&l);
	fd_close(&qemu);
}

static int attach(void)
{
	int fd = sock_connect_unix(scratch_path("s"), clock_in(5000), &e);

	settle();
	return fd;
}

static void got(int fd, const char *want)
{
	char bytes[256];
	ssize_t n;

	settle();
	n = recv(fd, bytes, sizeof(bytes) - 1, MSG_DONTWAIT);
	bytes[n > 0 ? n : 0] = '\0';
	CHECK_TEXT(bytes, want);
}

static void test_share(void)
{
	begin(geteuid());
	CHECK(fd_write(qemu, "boot\n", 5) == 0);
	settle();
	int a = attach(), b = attach();
	got(a, ""); /* what came before is in the log */
	CHECK(fd_write(qemu, "login: \0\xff", 9) == 0);
	got(a, "login: ");
	got(b, "login: ");
	CHECK(fd_write(a, "ro", 2) == 0);
	got(qemu, "ro");
	CHECK(fd_write(b, "ot\r\x1d", 4) == 0); /* the escape key is the client's own affair */
	got(qemu, "ot\r\x1d");
	got(a, ""); /* keys are not output */
	close(a);
	CHECK(fd_write(qemu, "x", 1) == 0);
	got(b, "x");
	CHECK_TEXT(scratch_read("serial.log"), "boot\nlogin: ");
	fd_close(&qemu); /* QEMU ends: who is attached stays until the console does */
	settle();
	CHECK(c.line.fd == -1 && fd_write(b, "y", 1) == 0);
	settle();
	end();
	got(b, "");
	CHECK(recv(b, &(char){ 0 }, 1, MSG_DONTWAIT) == 0);
	close(b);
}

static void test_crowd(void)
{
	int fd[CONSOLE_CLIENTS + 1];

	begin(geteuid());
	for (int i = 0; i <= CONSOLE_CLIENTS; i++)
		fd[i] = attach();
	got(fd[CONSOLE_CLIENTS], "qinit: busy: 8 are attached\r\n");
	close(fd[0]);
	close(fd[CONSOLE_CLIENTS]);
	settle();
	fd[0] = attach(); /* a place is free again */
	CHECK(fd_write(qemu, "x", 1) == 0);
	for (int i = 0; i < CONSOLE_CLIENTS; i++) {
		got(fd[i], "x");
		close(fd[i]);
	}
	end();
}

static void test_stranger(void)
{
	int status;

	if (geteuid() != 0)
		return;
	begin(0);
	CHECK(chmod(scratch, 0755) == 0 && chmod(scratch_path("s"), 0777) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		char bytes[100] = "";
		if (setresuid(12345, 12345, 12345) < 0)
			_exit(1);
		int fd = sock_connect_unix(scratch_path("s"), clock_in(5000), &e);
		fd_wait(fd, POLLIN, clock_in(5000));
		_exit(fd_read(fd, bytes, 99) > 0 && strcmp(bytes, "qinit: denied: another user's VM\r\n") == 0 ? 0 : 2);
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		loop_turn(&l, clock_in(10));
	CHECK(status == 0);
	end();
}

/* Nobody's slowness stops the guest: who does not read loses output, the others and the log do not. */
static void test_slow(void)
{
	char bytes[1000];
	size_t sent = 0, n = 0;

	memset(bytes, 'o', sizeof(bytes));
	begin(geteuid());
	int slow = attach(), quick = attach();
	while (sent < 2000000) {
		ssize_t some = send(qemu, bytes, sizeof(bytes), MSG_NOSIGNAL);
		sent += some > 0 ? (size_t)some : 0;
		loop_turn(&l, clock_ms());
		while ((some = recv(quick, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
			n += (size_t)some;
		for (int i = 0; i < CONSOLE_CLIENTS; i++)
			CHECK(c.client[i].pending.n <= CONSOLE_OUT_MAX);
	}
	settle();
	for (ssize_t some; (some = recv(quick, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0;)
		n += (size_t)some;
	CHECK(n == sent);
	for (n = 0;; settle()) { /* it wakes up: the beginning, with a gap, then what comes now */
		ssize_t some = recv(slow, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (some <= 0)
			break;
		n += (size_t)some;
	}
	CHECK(n > 0 && n < sent);
	CHECK(fd_write(qemu, "now", 3) == 0);
	got(slow, "now");
	close(slow);
	close(quick);
	end();
}

/* A QEMU that does not read: keys wait, bounded, in their sender's socket. */
static void test_deaf(void)
{
	char bytes[1000];
	size_t sent = 0, n = 0;

	memset(bytes, 'k', sizeof(bytes));
	begin(geteuid());
	int a = attach();
	for (int idle = 0; idle < 100;) {
		ssize_t some = send(a, bytes, sizeof(bytes), MSG_NOSIGNAL | MSG_DONTWAIT);
		sent += some > 0 ? (size_t)some : 0;
		idle = some > 0 ? 0 : idle + 1;
		loop_turn(&l, clock_ms());
		CHECK(c.keys.n <= CONSOLE_IN_MAX + 1024);
	}
	for (int idle = 0; idle < 100; loop_turn(&l, clock_ms())) {
		ssize_t some = recv(qemu, bytes, sizeof(bytes), 0);
		n += some > 0 ? (size_t)some : 0;
		idle = some > 0 ? 0 : idle + 1;
	}
	CHECK(n == sent && c.keys.n == 0);
	close(a);
	end();
}

static void test_end(void)
{
	begin(geteuid());
	int a = attach();
	CHECK(fd_write(qemu, "Power down\n", 11) == 0);
	fd_close(&qemu);
	console_end(&c, clock_in(1000)); /* the last words are read and delivered first */
	got(a, "Power down\n");
	CHECK_TEXT(scratch_read("serial.log"), "Power down\n");
	close(a);
	end();

	/* a QEMU that lives on and pours out: the deadline holds */
	begin(geteuid());
	pid_t pid = fork();
	if (pid == 0) {
		char bytes[4096] = { 'f' };
		close(c.line.fd);
		fcntl(qemu, F_SETFL, 0);
		while (send(qemu, bytes, sizeof(bytes), MSG_NOSIGNAL) > 0)
			;
		_exit(0);
	}
	int64_t before = clock_ms();
	console_end(&c, clock_in(100));
	CHECK(clock_ms() - before < 5000);
	fd_close(&qemu);
	waitpid(pid, NULL, 0);
	end();
}

static int left_called;

static void left(void *arg)
{
	left_called += *(int *)arg;
}

/* This program's own stdin and stdout as a client. In a child, whose they are. */
static int local(void)
{
	int in[2], out[2], one = 1;
	char bytes[100] = "";

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		return 1;
	begin(geteuid());
	dup2(in[0], 0);
	dup2(out[1], 1);
	close(in[0]);
	close(out[1]);
	console_local(&c, 0x1d, left, &one);
	if (fd_write(qemu, "hello\n", 6) < 0 || fd_write(in[1], "key\x1dlost", 8) < 0)
		return 2;
	settle();
	if (left_called != 1 || recv(qemu, bytes, 99, 0) != 3 || memcmp(bytes, "key", 3) != 0)
		return 3;
	if (fd_read(out[0], bytes, 99) != 6 || memcmp(bytes, "hello\n", 6) != 0)
		return 4;
	if (fcntl(0, F_GETFL) & O_NONBLOCK || fcntl(1, F_GETFL) & O_NONBLOCK)
		return 5;
	close(in[1]); /* stdin has ended: the output goes on */
	settle();
	if (fd_write(qemu, "more\n", 5) < 0)
		return 6;
	settle();
	if (fd_read(out[0], bytes, 99) != 5)
		return 7;
	close(out[0]); /* and without a reader it is just not shown */
	signal(SIGPIPE, SIG_IGN);
	if (fd_write(qemu, "gone\n", 5) < 0)
		return 8;
	settle();
	end();
	return unit_failed ? 9 : 0;
}

static void test_local(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(local());
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

int main(void)
{
	dir = scratch_begin();
	test_share();
	test_crowd();
	test_stranger();
	test_slow();
	test_deaf();
	test_end();
	test_local();
	close(dir);
	return unit_failed;
}
