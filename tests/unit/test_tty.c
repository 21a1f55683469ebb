/* SPDX-License-Identifier: 0BSD */
/* tty: the terminal as it was at every end; both directions of the join. */
#include "tty.h"

#include "fd.h"
#include "clock.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A join in a child: its terminal or pipe, its socket, its end. */
struct scene {
	int in;		/* our end of what it reads */
	int out;	/* our end of what it writes */
	int sock;	/* our end of its socket */
	int slave;	/* its terminal, -1 for pipes */
	pid_t pid;
};

static void child(const struct tty_join *j)
{
	struct err e;
	int number = 0;
	enum tty_end end = tty_join(j, &number, &e);

	_exit(end == TTY_SIGNAL ? 100 + number : (int)end);
}

static void start(struct scene *s, int terminal, const char *first)
{
	int sock[2], in[2], out[2];

	*s = (struct scene){ .slave = -1 };
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock) == 0 && fd_nonblock(sock[1]) == 0);
	if (terminal) {
		s->in = s->out = posix_openpt(O_RDWR | O_NOCTTY);
		CHECK(s->in >= 0 && grantpt(s->in) == 0 && unlockpt(s->in) == 0);
		s->slave = in[0] = out[1] = open(ptsname(s->in), O_RDWR | O_NOCTTY);
		CHECK(s->slave >= 0);
	} else {
		CHECK(pipe(in) == 0 && pipe(out) == 0);
		s->in = in[1];
		s->out = out[0];
	}
	s->sock = sock[0];
	s->pid = fork();
	if (s->pid == 0) {
		close(sock[0]);
		if (!terminal)
			close(in[1]), close(out[0]);
		child(&(struct tty_join){ .in = in[0], .out = out[1], .sock = sock[1], .escape = TTY_ESCAPE, .first = first, .n = strlen(first) });
	}
	close(sock[1]);
	if (!terminal)
		close(in[0]), close(out[1]);
}

static int finish(struct scene *s)
{
	int status = 0;

	waitpid(s->pid, &status, 0);
	close(s->in);
	if (s->out != s->in)
		close(s->out);
	fd_close(&s->slave);
	fd_close(&s->sock);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Reads until `want` has come, at most 5 s. */
static void expect(int fd, const char *want)
{
	char got[256] = "";
	size_t n = 0;
	int64_t deadline = clock_in(5000);

	while (n < strlen(want) && fd_wait(fd, POLLIN, deadline) == 1) {
		ssize_t more = fd_read(fd, got + n, strlen(want) - n);
		if (more <= 0)
			break;
		n += (size_t)more;
	}
	CHECK_TEXT(got, want);
}

static int is_raw(const struct scene *s)
{
	struct termios now;

	return tcgetattr(s->slave, &now) == 0 && !(now.c_lflag & (ICANON | ECHO | ISIG));
}

static int wait_raw(const struct scene *s, int raw)
{
	int64_t deadline = clock_in(5000);

	while (is_raw(s) != raw && clock_left(deadline))
		poll(NULL, 0, 2);
	return is_raw(s) == raw;
}

static void test_terminal(void)
{
	struct scene s;

	start(&s, 1, "hello ");
	CHECK(wait_raw(&s, 1));
	CHECK(fd_write(s.sock, "there\r\n", 7) == 0);
	expect(s.out, "hello there\r\n");
	CHECK(fd_write(s.in, "a\003\032\r", 4) == 0);
	expect(s.sock, "a\003\032\r");
	CHECK(fd_write(s.in, "\035", 1) == 0);
	CHECK(finish(&s) == TTY_LEFT);
}

static void test_restores(int how, int want)
{
	struct scene s;

	start(&s, 1, "");
	CHECK(wait_raw(&s, 1));
	if (how == 0)
		fd_close(&s.sock);
	else
		kill(s.pid, how);
	CHECK(wait_raw(&s, 0));
	CHECK(finish(&s) == want);
}

static void test_stopped(void)
{
	struct scene s;
	int status;

	start(&s, 1, "");
	CHECK(wait_raw(&s, 1));
	kill(s.pid, SIGTSTP);
	CHECK(waitpid(s.pid, &status, WUNTRACED) == s.pid && WIFSTOPPED(status) && !is_raw(&s));
	kill(s.pid, SIGCONT);
	CHECK(wait_raw(&s, 1));
	CHECK(fd_write(s.in, "x", 1) == 0);
	expect(s.sock, "x");
	CHECK(fd_write(s.in, "\035", 1) == 0);
	CHECK(finish(&s) == TTY_LEFT);
}

/* A deaf other end does not keep the escape key from leaving. */
static void test_deaf(void)
{
	struct scene s;
	char keys[1000];

	memset(keys, 'x', sizeof(keys));
	start(&s, 1, "");
	CHECK(wait_raw(&s, 1));
	for (int i = 0; i < 600; i++)
		CHECK(fd_write(s.in, keys, sizeof(keys)) == 0);
	CHECK(fd_write(s.in, "\035", 1) == 0);
	CHECK(finish(&s) == TTY_LEFT);
}

static void test_pipes(void)
{
	struct scene s;
	char byte;

	start(&s, 0, "first\n");
	CHECK(fd_write(s.in, "a\035b", 3) == 0);
	expect(s.sock, "a\035b");
	close(s.in);
	s.in = open("/dev/null", O_RDONLY);
	CHECK(fd_wait(s.sock, POLLIN, clock_in(5000)) == 1 && fd_read(s.sock, &byte, 1) == 0);
	CHECK(fd_write(s.sock, "answer\n", 7) == 0);
	shutdown(s.sock, SHUT_RDWR);
	expect(s.out, "first\nanswer\n");
	CHECK(finish(&s) == TTY_CLOSED);
}

/* Ten megabytes through both directions at once. */
static void test_bulk(void)
{
	static char block[65536];
	struct scene s;
	size_t want = 10 << 20, sent = 0, back = 0, out = 0;
	int64_t deadline = clock_in(20000);

	start(&s, 0, "");
	fd_nonblock(s.in);
	fd_nonblock(s.sock);
	fd_nonblock(s.out);
	while ((back < want || out < want) && clock_left(deadline)) {
		ssize_t n = write(s.in, block, want - sent < 4096 ? want - sent : 4096);
		sent += n > 0 ? (size_t)n : 0;
		n = read(s.sock, block, sizeof(block));
		back += n > 0 ? (size_t)n : 0;
		if (out < want && write(s.sock, block, 4096) < 0)
			poll(NULL, 0, 0);
		n = read(s.out, block, sizeof(block));
		out += n > 0 ? (size_t)n : 0;
	}
	CHECK(back == want && out >= want);
	fd_close(&s.sock);
	while (fd_wait(s.out, POLLIN, deadline) == 1 && fd_read(s.out, block, sizeof(block)) > 0)
		;
	CHECK(finish(&s) == TTY_CLOSED);
}

static void test_lines(void)
{
	struct scene s;
	struct termios now, before;
	struct tty t = { 0 };

	start(&s, 1, "");
	CHECK(wait_raw(&s, 1));
	CHECK(fd_write(s.in, "\035", 1) == 0 && wait_raw(&s, 0));
	tcgetattr(s.slave, &before);
	CHECK(tty_lines(&t, s.slave, TTY_ESCAPE) == 0 && tcgetattr(s.slave, &now) == 0);
	CHECK(now.c_cc[VEOL] == TTY_ESCAPE && (now.c_lflag & ICANON));
	CHECK(tty_raw(&t, s.slave) == 0 && is_raw(&s));
	tty_restore(&t);
	tty_restore(&t);
	tcgetattr(s.slave, &now);
	CHECK(now.c_cc[VEOL] == before.c_cc[VEOL] && now.c_lflag == before.c_lflag && now.c_iflag == before.c_iflag);
	CHECK(finish(&s) == TTY_LEFT);
	int null = open("/dev/null", O_RDWR);
	CHECK(tty_raw(&t, null) < 0 && errno == ENOTTY && !t.on);
	close(null);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	test_terminal();
	test_restores(0, TTY_CLOSED);
	test_restores(SIGTERM, 100 + SIGTERM);
	test_restores(SIGINT, 100 + SIGINT);
	test_restores(SIGHUP, 100 + SIGHUP);
	test_stopped();
	test_deaf();
	test_pipes();
	test_bulk();
	test_lines();
	return unit_failed;
}
