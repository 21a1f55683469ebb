/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "clock.h"
#include "fd.h"
#include "scratch.h"
#include "sock.h"
#include "vnc.h"

#include <poll.h>
#include <sys/wait.h>

static struct err e;
static struct loop l;
static struct wire w;
static struct vnc v;
static struct peers peers;
static struct porter porter = { .vm = "unit" };
static int qemu;

static void on_ready(void *arg)
{
	(void)arg;
}

static void on_event(void *arg, const struct qmp_message *m)
{
	(void)arg;
	(void)m;
}

static void settle(void)
{
	for (int i = 0; i < 50; i++)
		loop_turn(&l, clock_ms());
}

static void tell(const char *words)
{
	CHECK(fd_write(qemu, words, strlen(words)) == 0);
	settle();
}

static void begin(int capable)
{
	int s[2];
	char bytes[200];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, s) == 0);
	qemu = s[1];
	w = (struct wire){ .src.fd = -1, .ready = on_ready, .event = on_event, .closed = on_ready };
	wire_open(&w, &l, s[0]);
	if (capable) {
		tell("{\"QMP\":{}}\n");
		CHECK(recv(qemu, bytes, sizeof(bytes), 0) > 0);
		tell("{\"return\":{},\"id\":1}\n");
	}
	unlink(scratch_path("v"));
	peers.owner = porter.peers.owner = geteuid();
	vnc_none(&v, &l, &w, &peers, &porter);
	vnc_listen(&v, sock_listen_unix(scratch_path("v"), 0600, SOCK_BACKLOG, &e));
}

static void end(void)
{
	vnc_close(&v);
	vnc_close(&v);
	wire_close(&w);
	CHECK(loop_turn(&l, clock_ms()) == 0 && l.n == 0);
	loop_free(&l);
	fd_close(&qemu);
}

/* What QEMU hears, and the descriptor that came with it. */
static int hear(char *bytes, size_t room)
{
	int fd = -1;
	union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control;
	struct iovec part = { bytes, room - 1 };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control.room) };
	ssize_t n = recvmsg(qemu, &m, 0);

	bytes[n > 0 ? n : 0] = '\0';
	if (n > 0 && CMSG_FIRSTHDR(&m))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

static void test_hand_over(void)
{
	char bytes[512], want[300];

	begin(1);
	for (int i = 1; i <= 3; i++) {
		int viewer = sock_connect_unix(scratch_path("v"), clock_in(5000), &e);
		settle();
		int fd = hear(bytes, sizeof(bytes));
		size_t n = strlen(bytes);
		if (n < 80) /* the second command may come apart from the first */
			hear(bytes + n, sizeof(bytes) - n);
		snprintf(want, sizeof(want), "{\"execute\":\"getfd\",\"id\":%d,\"arguments\":{\"fdname\":\"vnc%d\"}}\n", i * 2, i);
		CHECK(strncmp(bytes, want, strlen(want)) == 0);
		snprintf(want, sizeof(want),
			 "{\"execute\":\"add_client\",\"id\":%d,\"arguments\":{\"protocol\":\"vnc\",\"fdname\":\"vnc%d\",\"skipauth\":true}}\n", i * 2 + 1, i);
		CHECK(strstr(bytes, want) != NULL);
		/* QEMU speaks on it, and the keeper has no copy that would hold the line open */
		CHECK(fd >= 0 && write(fd, "RFB 003.008\n", 12) == 12 && recv(viewer, bytes, sizeof(bytes), 0) == 12);
		close(fd);
		CHECK(recv(viewer, bytes, sizeof(bytes), 0) == 0);
		close(viewer);
		snprintf(want, sizeof(want), "{\"return\":{},\"id\":%d}\n{\"return\":{},\"id\":%d}\n", i * 2, i * 2 + 1);
		tell(want);
	}
	end();
}

/* A QEMU that takes no commands yet: the viewer is turned away, not left hanging. */
static void test_not_ready(void)
{
	char byte;

	begin(0);
	int viewer = sock_connect_unix(scratch_path("v"), clock_in(5000), &e);
	settle();
	CHECK(recv(viewer, &byte, 1, 0) == 0);
	close(viewer);
	end();
}

static void test_stranger(void)
{
	int status;
	char bytes[100];

	if (geteuid() != 0)
		return;
	begin(1);
	CHECK(chmod(scratch, 0755) == 0 && chmod(scratch_path("v"), 0777) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		char byte;
		if (setresuid(12345, 12345, 12345) < 0)
			_exit(1);
		int fd = sock_connect_unix(scratch_path("v"), clock_in(5000), &e);
		_exit(fd >= 0 && fd_wait(fd, POLLIN, clock_in(5000)) == 1 && recv(fd, &byte, 1, 0) == 0 ? 0 : 2);
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		loop_turn(&l, clock_in(10));
	CHECK(status == 0 && hear(bytes, sizeof(bytes)) == -1 && !*bytes);
	end();
}

int main(void)
{
	close(scratch_begin());
	test_hand_over();
	test_not_ready();
	test_stranger();
	return unit_failed;
}
