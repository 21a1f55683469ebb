/* SPDX-License-Identifier: 0BSD */
/* call [-46] [-c] [-f PORT] [-l] [-n N] [-o] [-r] [-s] [-w MS] PORT|PATH [TEXT]: calls PORT on the loopback, or the socket
 * at PATH, sends TEXT, and shows what comes back within MS (-o: until something has). It does what clients do not: -s half
 * closes, -c closes at once, -r resets, -n N times in a row; -f PORT calls from that port, and -l only listens on it.
 * Exit 3: no connection. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct plan {
	int family, from, listen, close, reset, half, once;
	long times, ms;
	int port;
	const char *path, *text;
};

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static socklen_t loopback(int family, int port, struct sockaddr_storage *a)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = in6addr_loopback };

	in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memcpy(a, family == AF_INET ? (void *)&in4 : (void *)&in6, family == AF_INET ? sizeof(in4) : sizeof(in6));
	return family == AF_INET ? sizeof(in4) : sizeof(in6);
}

static int failed(int fd)
{
	perror("call");
	close(fd);
	return -1;
}

static int call_path(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	return connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ? failed(fd) : fd;
}

static int begin(const struct plan *p)
{
	struct sockaddr_storage a;
	int on = 1, fd = socket(p->family, SOCK_STREAM, 0);
	socklen_t n = loopback(p->family, p->from, &a);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (p->from && bind(fd, (struct sockaddr *)&a, n) < 0)
		return failed(fd);
	if (p->listen)
		return listen(fd, 1) < 0 ? failed(fd) : fd;
	n = loopback(p->family, p->port, &a);
	if (connect(fd, (struct sockaddr *)&a, n) < 0)
		return failed(fd);
	return fd;
}

static void show(int fd, long until, int once)
{
	char bytes[4096];
	struct pollfd f = { .fd = fd, .events = POLLIN };
	ssize_t n;

	for (long left; (left = until - now()) > 0;) {
		if (poll(&f, 1, (int)left) <= 0)
			continue;
		n = read(fd, bytes, sizeof(bytes));
		if (n <= 0)
			return;
		fwrite(bytes, 1, (size_t)n, stdout);
		fflush(stdout);
		if (once)
			return;
	}
}

static int call(const struct plan *p)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	int fd = p->path ? call_path(p->path) : begin(p);

	if (fd < 0)
		return -1;
	/* who has closed already may have said why */
	if (!p->listen && p->text)
		(void)!send(fd, p->text, strlen(p->text), MSG_NOSIGNAL);
	if (p->half)
		shutdown(fd, SHUT_WR);
	if (p->reset)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (p->listen)
		poll(NULL, 0, (int)p->ms);
	else if (!p->close && !p->reset)
		show(fd, now() + p->ms, p->once);
	close(fd);
	return 0;
}

int main(int argc, char **argv)
{
	struct plan p = { .family = AF_INET, .times = 1, .ms = 3000 };
	int bad = 0;

	for (int c; (c = getopt(argc, argv, "46cf:ln:orsw:")) != -1;) {
		switch (c) {
		case '4': break;
		case '6': p.family = AF_INET6; break;
		case 'c': p.close = 1; break;
		case 'f': p.from = atoi(optarg); break;
		case 'l': p.listen = 1; break;
		case 'n': p.times = atol(optarg); break;
		case 'o': p.once = 1; break;
		case 'r': p.reset = 1; break;
		case 's': p.half = 1; break;
		case 'w': p.ms = atol(optarg); break;
		default: return 2;
		}
	}
	if (optind >= argc)
		return 2;
	if (argv[optind][0] == '/')
		p.path = argv[optind];
	p.port = atoi(argv[optind]);
	p.text = argv[optind + 1];
	while (p.times-- > 0)
		bad |= call(&p);
	return bad ? 3 : 0;
}
