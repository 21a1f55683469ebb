/* SPDX-License-Identifier: 0BSD */
/* Sockets: UNIX by absolute path, TCP on the loopback addresses alone. */
#include "sock.h"

#include "clock.h"
#include "fd.h"
#include "text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

union address {
	struct sockaddr any;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
};

static int unix_address(const char *path, struct sockaddr_un *a, struct err *e)
{
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (text_copy(a->sun_path, sizeof(a->sun_path), path) == 0)
		return 0;
	errno = ENAMETOOLONG;
	return err_code(e, NOT_CONFIGURED, "%s: %zu bytes, a socket's path has at most %d", path, strlen(path), SOCK_PATH_MAX);
}

int sock_listen_unix(const char *path, mode_t mode, int backlog, struct err *e)
{
	struct sockaddr_un a;

	if (unix_address(path, &a, e) < 0)
		return -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(e, "%s", path);
	/* Linux gives the file the socket's mode less the umask (unix(7)): never looser, not for a moment */
	mode_t mask = umask(~mode & 0777);
	int bad = bind(fd, (struct sockaddr *)&a, sizeof(a));
	umask(mask);
	if (bad == 0 && listen(fd, backlog) == 0)
		return fd;
	err_sys(e, "listen on %s", path);
	fd_close(&fd);
	return -1;
}

int sock_connect_unix(const char *path, int64_t deadline, struct err *e)
{
	struct sockaddr_un a;

	if (unix_address(path, &a, e) < 0)
		return -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, "%s", path);
	/* A nonblocking connect answers EAGAIN on a full backlog and poll cannot wait for room; a blocking one waits. */
	int64_t left = clock_left(deadline);
	struct timeval limit = { .tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 + 1 };
	if (deadline != CLOCK_NEVER)
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && fd_nonblock(fd) == 0)
		return fd;
	if (errno == EAGAIN)
		errno = ETIMEDOUT;
	err_sys(e, "connect to %s", path);
	if (errno == ETIMEDOUT)
		e->code = TIMED_OUT;
	fd_close(&fd);
	return -1;
}

static socklen_t loopback(int family, uint16_t port, union address *a)
{
	memset(a, 0, sizeof(*a));
	if (family == AF_INET6) {
		a->in6.sin6_family = AF_INET6;
		a->in6.sin6_port = htons(port);
		a->in6.sin6_addr = in6addr_loopback;
		return sizeof(a->in6);
	}
	a->in4.sin_family = AF_INET;
	a->in4.sin_port = htons(port);
	a->in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sizeof(a->in4);
}

int sock_listen_at(const char *address, uint16_t port)
{
	union address a;
	int family = strchr(address, ':') ? AF_INET6 : AF_INET, on = 1;
	socklen_t n = loopback(family, port, &a);
	inet_pton(family, address, family == AF_INET ? (void *)&a.in4.sin_addr : &a.in6.sin6_addr);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	/* SO_REUSEADDR, so that an old client's TIME_WAIT does not hold the port: the listen, not the bind, decides */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    (family == AF_INET || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0) &&
	    bind(fd, &a.any, n) == 0 && listen(fd, SOCK_BACKLOG) == 0)
		return fd;
	fd_close(&fd);
	return -1;
}

int sock_listen_tcp(int family, uint16_t port)
{
	return sock_listen_at(family == AF_INET ? "127.0.0.1" : "::1", port);
}

static int connect_loopback(int family, uint16_t port, int64_t deadline)
{
	union address a;
	socklen_t n = loopback(family, port, &a);
	int why = 0;
	socklen_t size = sizeof(why);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (connect(fd, &a.any, n) < 0) {
		if (errno != EINPROGRESS)
			goto failed;
		if (fd_wait(fd, POLLOUT, deadline) == 0) {
			errno = ETIMEDOUT;
			goto failed;
		}
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &size);
		errno = why;
		if (why)
			goto failed;
	}
	sock_nodelay(fd);
	return fd;
failed:
	fd_close(&fd);
	return -1;
}

int sock_connect_tcp(uint16_t port, int64_t deadline, struct err *e)
{
	int fd = connect_loopback(AF_INET, port, deadline);
	int first = errno;

	if (fd < 0 && first != ETIMEDOUT)
		fd = connect_loopback(AF_INET6, port, deadline);
	if (fd >= 0)
		return fd;
	errno = first;
	err_sys(e, "connect to port %d", port);
	if (first == ETIMEDOUT)
		e->code = TIMED_OUT;
	return -1;
}

int sock_accept(int fd)
{
	return accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

void sock_nodelay(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

int sock_peer(int fd, uid_t *uid, pid_t *pid)
{
	struct ucred who;
	socklen_t n = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0)
		return -1;
	*uid = who.uid;
	if (pid)
		*pid = who.pid;
	return 0;
}

ssize_t sock_send_fd(int fd, const void *bytes, size_t n, int passed)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec part = { .iov_base = (void *)bytes, .iov_len = n };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control.room) };

	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &passed, sizeof(int));
	return sendmsg(fd, &m, MSG_NOSIGNAL);
}
