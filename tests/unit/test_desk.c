/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "clock.h"
#include "desk.h"
#include "fd.h"
#include "scratch.h"
#include "sock.h"

#include <errno.h>
#include <poll.h>
#include <sys/wait.h>

static struct err e;
static struct loop l;
static struct desk d;
static struct peers peers;
static char asked[256];

/* "now" is answered at once, all else later. */
static void on_asked(void *arg, struct desk_caller *c, const struct request *r)
{
	(void)arg;
	snprintf(asked + strlen(asked), sizeof(asked) - strlen(asked), "[%s %lld %s]", r->verb, r->number, r->text);
	if (strcmp(r->verb, "now") == 0) {
		desk_say(c, "a word");
		desk_end(c, 7, "at once");
	}
}

static void settle(void)
{
	for (int i = 0; i < 100; i++)
		loop_turn(&l, clock_ms());
}

static void begin(void)
{
	peers.owner = geteuid();
	asked[0] = '\0';
	unlink(scratch_path("k"));
	d = (struct desk){ .asked = on_asked };
	desk_open(&d, &l, sock_listen_unix(scratch_path("k"), 0600, SOCK_BACKLOG, &e), &peers);
}

static void end(void)
{
	desk_close(&d);
	desk_close(&d);
	CHECK(loop_turn(&l, clock_ms()) == 0 && l.n == 0);
	loop_free(&l);
}

static int say(const char *words)
{
	int fd = sock_connect_unix(scratch_path("k"), clock_in(5000), &e);

	CHECK(fd >= 0 && fd_write(fd, words, strlen(words)) == 0);
	settle();
	return fd;
}

/* All that was answered, and whether the line is closed behind it. */
static void got(int fd, const char *want, int closed)
{
	char bytes[512];
	size_t n = 0;
	ssize_t some;

	settle();
	while ((some = recv(fd, bytes + n, sizeof(bytes) - 1 - n, MSG_DONTWAIT)) > 0)
		n += (size_t)some;
	bytes[n] = '\0';
	CHECK_TEXT(bytes, want);
	CHECK((some == 0 || errno == ECONNRESET) == closed); /* reset: it was not read to its end */
	if (closed)
		close(fd);
}

static void test_ask(void)
{
	begin();
	got(say("qinit 1 now 5 some words\n"), "* a word\n= 7 at once\n", 1);
	CHECK_TEXT(asked, "[now 5 some words]");
	int a = say("qinit 1 st"), b = say("qinit 1 stop 0 \nqinit 1 kill 0 \n"), c = say("qinit 1 ready 0 ");
	CHECK(fd_write(a, "op 60000 \n", 10) == 0);
	settle();
	CHECK_TEXT(asked, "[now 5 some words][stop 0 ][stop 60000 ]"); /* one request a line, and a whole line */
	CHECK(desk_waits(&d, "stop") && desk_waits(&d, NULL) && !desk_waits(&d, "ready") && !desk_waits(&d, "kill"));
	CHECK(fd_write(c, "\n", 1) == 0);
	settle();
	desk_say_all(&d, "stop", "QMP\nquit");
	got(a, "* QMP quit\n", 0);
	got(b, "* QMP quit\n", 0);
	got(c, "", 0);
	desk_end_all(&d, "stop", 0, "powered off");
	got(a, "= 0 powered off\n", 1);
	got(b, "= 0 powered off\n", 1);
	CHECK(!desk_waits(&d, "stop") && desk_waits(&d, "ready"));
	desk_end_all(&d, NULL, 7, "gone");
	got(c, "= 7 gone\n", 1);
	end();
}

static void test_wrong(void)
{
	static char much[REQUEST_MAX + 600];

	begin();
	got(say("GET / HTTP/1.1\r\n"), "= 1 not a request\n", 1);
	got(say("\n"), "= 1 not a request\n", 1);
	int nul = sock_connect_unix(scratch_path("k"), clock_in(5000), &e);
	CHECK(fd_write(nul, "qinit 1 stop\0 0 \n", 17) == 0);
	got(nul, "= 1 not a request\n", 1);
	memset(much, 'x', sizeof(much) - 1);
	got(say(much), "= 1 not a request\n", 1); /* a line without an end */
	int gone = say("qinit 1 stop 0 \n"), half = say("qinit 1");
	close(gone); /* what was begun for it goes on, and others are served */
	close(half);
	settle();
	CHECK(!desk_waits(&d, NULL));
	CHECK_TEXT(asked, "[stop 0 ]");
	desk_end_all(&d, NULL, 0, "nobody");
	end();
}

static int waiting(void)
{
	int n = 0;

	for (int i = 0; i < DESK_CALLERS; i++)
		n += d.caller[i] && *d.caller[i]->verb;
	return n;
}

/* Until so many wait, and the door rests, or is open. */
static int turn_until(int n, int events)
{
	int64_t until = clock_in(10000);

	while (clock_left(until) && (waiting() != n || d.door.events != events))
		loop_turn(&l, clock_in(10));
	return waiting() == n && d.door.events == events;
}

/* 64 places; the others wait in the backlog and have their turn. Who says nothing gives way. */
static void test_crowd(void)
{
	int fd[DESK_CALLERS + 3], silent[DESK_CALLERS / 2]; /* together they fit into the backlog */

	begin();
	for (int i = 0; i < DESK_CALLERS / 2; i++)
		silent[i] = sock_connect_unix(scratch_path("k"), clock_in(5000), &e);
	for (int i = 0; i < DESK_CALLERS + 3; i++) {
		fd[i] = sock_connect_unix(scratch_path("k"), clock_in(5000), &e);
		CHECK(fd_write(fd[i], "qinit 1 stop 0 \n", 16) == 0);
	}
	CHECK(turn_until(DESK_CALLERS, 0)); /* it rests, and does not spin */
	for (int i = 0; i < DESK_CALLERS / 2; i++)
		got(silent[i], "", 1);
	desk_end_all(&d, "stop", 0, "");
	for (int i = 0; i < DESK_CALLERS; i++)
		got(fd[i], "= 0 \n", 1);
	CHECK(turn_until(3, POLLIN));
	desk_end_all(&d, "stop", 0, "");
	for (int i = DESK_CALLERS; i < DESK_CALLERS + 3; i++)
		got(fd[i], "= 0 \n", 1);
	end();
}

static void test_shut(void)
{
	begin();
	int a = say("qinit 1 stop 0 \n");
	desk_shut(&d);
	desk_shut(&d);
	CHECK(sock_connect_unix(scratch_path("k"), clock_in(1000), &e) == -1);
	desk_end_all(&d, NULL, 0, "stopped"); /* who waited hears the end all the same */
	got(a, "= 0 stopped\n", 1);
	end();
}

static void test_stranger(void)
{
	int status;

	if (geteuid() != 0)
		return;
	begin();
	CHECK(chmod(scratch, 0755) == 0 && chmod(scratch_path("k"), 0777) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		char bytes[100] = "";
		if (setresuid(12345, 12345, 12345) < 0)
			_exit(1);
		int fd = sock_connect_unix(scratch_path("k"), clock_in(5000), &e);
		(void)!send(fd, "qinit 1 now 0 \n", 15, MSG_NOSIGNAL);
		fd_wait(fd, POLLIN, clock_in(5000));
		_exit(fd_read(fd, bytes, 99) > 0 && strcmp(bytes, "= 4 denied: another user's VM\n") == 0 ? 0 : 2);
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		loop_turn(&l, clock_in(10));
	CHECK(status == 0);
	CHECK_TEXT(asked, "");
	end();
}

int main(void)
{
	close(scratch_begin());
	test_ask();
	test_wrong();
	test_crowd();
	test_shut();
	test_stranger();
	return unit_failed;
}
