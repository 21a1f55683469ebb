/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "clock.h"
#include "fd.h"
#include "scratch.h"
#include "sock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

static struct err e;

/* The port that the kernel chose for a listener. */
static uint16_t port_of(int fd)
{
	union { struct sockaddr any; struct sockaddr_in in4; struct sockaddr_in6 in6; } a;
	socklen_t n = sizeof(a);

	CHECK(getsockname(fd, &a.any, &n) == 0);
	return ntohs(a.any.sa_family == AF_INET ? a.in4.sin_port : a.in6.sin6_port);
}

static int is_ours(int fd)
{
	return fd > 2 && fcntl(fd, F_GETFD) & FD_CLOEXEC && fcntl(fd, F_GETFL) & O_NONBLOCK;
}

static void test_unix(void)
{
	const char *path = scratch_path("s");
	struct stat st;
	uid_t uid;
	pid_t pid;

	umask(0);
	int listener = sock_listen_unix(path, 0600, 1, &e);
	CHECK(is_ours(listener) && stat(path, &st) == 0 && (st.st_mode & 0777) == 0600 && umask(022) == 0);
	CHECK(sock_listen_unix(path, 0600, 1, &e) == -1 && errno == EADDRINUSE);
	int client = sock_connect_unix(path, clock_in(5000), &e), peer = sock_accept(listener);
	CHECK(is_ours(client) && is_ours(peer));
	CHECK(sock_peer(client, &uid, &pid) == 0 && uid == geteuid() && pid == getpid() && sock_peer(peer, &uid, NULL) == 0);
	CHECK(sock_accept(listener) == -1 && errno == EAGAIN);
	close(client);
	close(peer);

	/* a full backlog: waited for until the deadline, then it is one */
	int waiting[8], n = 0;
	while (n < 8 && (waiting[n] = sock_connect_unix(path, clock_in(50), &e)) >= 0)
		n++;
	CHECK(n > 0 && n < 8 && errno == ETIMEDOUT && e.code == TIMED_OUT);
	CHECK(strstr(e.text, "connect to /tmp/") == e.text);
	CHECK(sock_connect_unix(path, clock_ms(), &e) == -1 && errno == ETIMEDOUT);
	while (n)
		close(waiting[--n]);
	close(listener);
	CHECK(sock_connect_unix(path, clock_in(50), &e) == -1 && errno == ECONNREFUSED);
	unlink(path);
	CHECK(sock_connect_unix(path, CLOCK_NEVER, &e) == -1 && errno == ENOENT);
}

/* 107 bytes serve, 108 are refused: never a shorter one in silence. */
static void test_length(void)
{
	char path[SOCK_PATH_MAX + 2];
	size_t n = (size_t)snprintf(path, sizeof(path), "%s/", scratch);

	memset(path + n, 'x', sizeof(path) - 1 - n);
	path[SOCK_PATH_MAX + 1] = '\0';
	CHECK(sock_listen_unix(path, 0600, 1, &e) == -1 && errno == ENAMETOOLONG && e.code == NOT_CONFIGURED);
	CHECK(strstr(e.text, ": 108 bytes, a socket's path has at most 107") != NULL);
	CHECK(sock_connect_unix(path, CLOCK_NEVER, &e) == -1 && errno == ENAMETOOLONG);
	path[SOCK_PATH_MAX] = '\0';
	int listener = sock_listen_unix(path, 0600, 1, &e), client = sock_connect_unix(path, clock_in(5000), &e);
	CHECK(listener >= 0 && client >= 0 && access(path, F_OK) == 0);
	close(client);
	close(listener);
}

static void test_tcp(int family)
{
	int listener = sock_listen_tcp(family, 0), on = 0;
	socklen_t size = sizeof(on);

	if (listener < 0) { /* a host without ::1 says so */
		CHECK(family == AF_INET6 && (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT));
		return;
	}
	uint16_t port = port_of(listener);
	CHECK(is_ours(listener) && sock_listen_tcp(family, port) == -1 && errno == EADDRINUSE);
	int client = sock_connect_tcp(port, clock_in(5000), &e); /* the family that answers is found */
	CHECK(is_ours(client) && getsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, &size) == 0 && on);
	CHECK(fd_wait(listener, POLLIN, clock_in(5000)) == 1);
	int peer = sock_accept(listener);
	CHECK(is_ours(peer));
	/* an old client's TIME_WAIT does not hold the port: the server closes first here */
	close(peer);
	close(client);
	close(listener);
	listener = sock_listen_tcp(family, port);
	CHECK(listener >= 0);
	close(listener);
	CHECK(sock_connect_tcp(port, clock_in(5000), &e) == -1 && errno == ECONNREFUSED && e.code == FAILED);
	CHECK(strstr(e.text, "connect to port ") == e.text);
}

static void test_at(void)
{
	CHECK(sock_listen_at("192.0.2.1", 0) == -1 && errno == EADDRNOTAVAIL); /* nobody's: RFC 5737 */
	int fd = sock_listen_at("127.0.0.2", 0);
	int same = sock_listen_tcp(AF_INET, port_of(fd));
	CHECK(is_ours(fd) && is_ours(same));
	close(same);
	close(fd);
}

static void test_pass(void)
{
	int s[2], p[2], got;
	char byte = 0;
	union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control;
	struct iovec part = { &byte, 1 };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control.room) };

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s) == 0 && pipe(p) == 0);
	CHECK(sock_send_fd(s[0], "x", 1, p[1]) == 1);
	CHECK(recvmsg(s[1], &m, 0) == 1 && byte == 'x' && CMSG_FIRSTHDR(&m) && CMSG_FIRSTHDR(&m)->cmsg_type == SCM_RIGHTS);
	memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(got));
	close(p[1]);
	CHECK(write(got, "y", 1) == 1 && read(p[0], &byte, 1) == 1 && byte == 'y');
	close(got);
	close(p[0]);
	close(s[1]);
	CHECK(sock_send_fd(s[0], "x", 1, 0) == -1 && errno == EPIPE); /* and no SIGPIPE */
	close(s[0]);
}

int main(void)
{
	close(scratch_begin());
	test_unix();
	test_length();
	test_tcp(AF_INET);
	test_tcp(AF_INET6);
	test_at();
	test_pass();
	return unit_failed;
}
