/* SPDX-License-Identifier: 0BSD */
/* The terminal: raw and back, and joined to a socket. */
#include "tty.h"

#include "clock.h"
#include "fd.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

static int change(struct tty *t, int fd, void (*how)(struct termios *, unsigned char), unsigned char key)
{
	struct termios now;

	if (tcgetattr(fd, &now) < 0)
		return -1;
	if (!t->on) {
		t->old = now;
		t->fd = fd;
	}
	how(&now, key);
	if (tcsetattr(fd, TCSADRAIN, &now) < 0)
		return -1;
	t->on = 1;
	return 0;
}

static void make_raw(struct termios *now, unsigned char key)
{
	(void)key;
	cfmakeraw(now);
}

static void make_lines(struct termios *now, unsigned char key)
{
	now->c_lflag |= ICANON | ECHO | ISIG | IEXTEN;
	now->c_cc[VEOL] = key;
}

int tty_raw(struct tty *t, int fd)
{
	return change(t, fd, make_raw, 0);
}

int tty_lines(struct tty *t, int fd, unsigned char escape)
{
	return change(t, fd, make_lines, escape);
}

void tty_restore(struct tty *t)
{
	int saved = errno;

	if (t->on)
		tcsetattr(t->fd, TCSADRAIN, &t->old);
	t->on = 0;
	errno = saved;
}

/* One direction: at most what one write takes without blocking once poll says that there is room. */
struct pipe_end {
	char bytes[PIPE_BUF];
	size_t at, n;	/* what is still to be written: n bytes from `at` */
	int over;	/* nothing more will be read */
};

struct join {
	const struct tty_join *j;
	struct tty tty;
	int is_tty;
	int signals;	/* signalfd */
	int number;	/* of the signal that ended it */
	const char *first;
	size_t first_n;
	struct pipe_end to_sock, to_out;
	struct err *e;
};

enum { GO_ON = 100 }; /* no tty_end */

static int read_signal(struct join *s)
{
	struct signalfd_siginfo info;

	if (fd_read(s->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return GO_ON;
	if (info.ssi_signo == SIGTSTP) {
		tty_restore(&s->tty);
		raise(SIGSTOP);
	} else if (info.ssi_signo != SIGCONT) {
		s->number = (int)info.ssi_signo;
		return TTY_SIGNAL;
	}
	/* stopped, and on again: the shell has had the terminal meanwhile */
	if (s->is_tty)
		tty_raw(&s->tty, s->j->in);
	return GO_ON;
}

static int end_of_input(struct join *s)
{
	s->to_sock.over = 1;
	if (s->is_tty)
		return TTY_LEFT;
	if (!s->to_sock.n)
		shutdown(s->j->sock, SHUT_WR);
	return GO_ON;
}

static int read_input(struct join *s)
{
	char bytes[PIPE_BUF];
	struct pipe_end *p = &s->to_sock;
	ssize_t n = fd_read(s->j->in, bytes, sizeof(bytes));

	if (n < 0 && errno == EAGAIN)
		return GO_ON;
	if (n <= 0)
		return end_of_input(s);
	if (s->is_tty && memchr(bytes, s->j->escape, (size_t)n))
		return TTY_LEFT;
	/* a terminal is read even while the other end is deaf, for the escape key's sake: what is too much is lost */
	size_t room = sizeof(p->bytes) - p->n;
	if (p->at) {
		memmove(p->bytes, p->bytes + p->at, p->n);
		p->at = 0;
	}
	memcpy(p->bytes + p->n, bytes, (size_t)n < room ? (size_t)n : room);
	p->n += (size_t)n < room ? (size_t)n : room;
	return GO_ON;
}

static int read_sock(struct join *s)
{
	ssize_t n = fd_read(s->j->sock, s->to_out.bytes, sizeof(s->to_out.bytes));

	if (n < 0 && errno == EAGAIN)
		return GO_ON;
	if (n <= 0)
		return TTY_CLOSED;
	s->to_out.at = 0;
	s->to_out.n = (size_t)n;
	return GO_ON;
}

static int write_sock(struct join *s)
{
	struct pipe_end *p = &s->to_sock;
	ssize_t n = send(s->j->sock, p->bytes + p->at, p->n, MSG_NOSIGNAL);

	if (n < 0) /* a dead one still has its last words to be read */
		n = errno == EAGAIN || errno == EINTR ? 0 : (ssize_t)p->n;
	p->at += (size_t)n;
	p->n -= (size_t)n;
	if (!p->n && p->over)
		shutdown(s->j->sock, SHUT_WR);
	return GO_ON;
}

static int write_out(struct join *s)
{
	struct pipe_end *p = &s->to_out;

	if (!p->n && s->first_n) {
		p->n = s->first_n < sizeof(p->bytes) ? s->first_n : sizeof(p->bytes);
		memcpy(p->bytes, s->first, p->n);
		p->at = 0;
		s->first += p->n;
		s->first_n -= p->n;
	}
	ssize_t n = write(s->j->out, p->bytes + p->at, p->n);
	if (n < 0 && errno != EINTR && errno != EAGAIN) {
		if (errno == EPIPE || errno == EIO)
			return TTY_CLOSED;
		err_sys(s->e, "write");
		return TTY_FAILED;
	}
	if (n > 0) {
		p->at += (size_t)n;
		p->n -= (size_t)n;
	}
	return GO_ON;
}

static int turn(struct join *s)
{
	int pending = s->to_out.n || s->first_n;
	int wants_in = !s->to_sock.over && (s->is_tty || !s->to_sock.n);
	struct pollfd fds[] = {
		{ .fd = s->signals, .events = POLLIN },
		{ .fd = wants_in ? s->j->in : -1, .events = POLLIN },
		{ .fd = s->j->sock, .events = (short)((pending ? 0 : POLLIN) | (s->to_sock.n ? POLLOUT : 0)) },
		{ .fd = pending ? s->j->out : -1, .events = POLLOUT },
	};
	static const struct { int fd; short events; int (*ready)(struct join *); } steps[] = {
		{ 0, POLLIN, read_signal },
		{ 1, POLLIN | POLLHUP | POLLERR | POLLNVAL, read_input },
		{ 2, POLLOUT, write_sock },
		{ 3, POLLOUT | POLLHUP | POLLERR | POLLNVAL, write_out },
		{ 2, POLLIN | POLLHUP | POLLERR, read_sock },
	};

	if (pending && !s->to_sock.n)
		fds[2].fd = -1; /* else a hang-up would keep poll awake while `out` is slow */
	if (poll(fds, 4, -1) < 0 && errno != EINTR) {
		err_sys(s->e, "poll");
		return TTY_FAILED;
	}
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		if (!(fds[steps[i].fd].revents & steps[i].events) || (steps[i].ready == read_sock && pending))
			continue;
		int end = steps[i].ready(s);
		if (end != GO_ON)
			return end;
	}
	return GO_ON;
}

static int hold_signals(sigset_t *old)
{
	static const int held[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(held) / sizeof(*held); i++)
		sigaddset(&set, held[i]);
	if (sigprocmask(SIG_BLOCK, &set, old) < 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

enum tty_end tty_join(const struct tty_join *j, int *number, struct err *e)
{
	struct join s = { .j = j, .first = j->first, .first_n = j->n, .is_tty = isatty(j->in), .e = e };
	sigset_t old;
	int end = GO_ON;

	s.signals = hold_signals(&old);
	if (s.signals < 0 || (s.is_tty && tty_raw(&s.tty, j->in) < 0)) {
		err_sys(e, "the terminal");
		end = TTY_FAILED;
	}
	while (end == GO_ON)
		end = turn(&s);
	tty_restore(&s.tty);
	fd_close(&s.signals);
	sigprocmask(SIG_SETMASK, &old, NULL);
	*number = s.number;
	return end;
}
