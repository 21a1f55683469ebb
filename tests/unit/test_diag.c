/* SPDX-License-Identifier: 0BSD */
/* What the kernel says of connections: messages and rows made by hand, then real ones. */
#include "unit.h"

#include "clock.h"
#include "diag.h"
#include "file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct answer {
	struct nlmsghdr h;
	struct inet_diag_msg m;
};

static struct answer made(void)
{
	struct answer a = { .h = { .nlmsg_len = sizeof(a), .nlmsg_type = SOCK_DIAG_BY_FAMILY } };

	a.m.idiag_family = AF_INET;
	a.m.idiag_state = TCP_FIN_WAIT2;
	a.m.id.idiag_sport = htons(40000);
	a.m.id.idiag_dport = htons(30320);
	a.m.id.idiag_src[0] = a.m.id.idiag_dst[0] = htonl(INADDR_LOOPBACK);
	a.m.idiag_uid = 1000;
	a.m.idiag_inode = 4711;
	return a;
}

static void test_message(void)
{
	struct answer a = made();
	struct diag_answer got;
	const struct diag_pair want = { AF_INET, { 127, 0, 0, 1 }, { 127, 0, 0, 1 }, 40000, 30320 };

	CHECK(diag_parse(&a, sizeof(a), &got) == 1);
	CHECK(diag_same(&got.pair, &want) && got.uid == 1000 && got.inode == 4711 && got.state == TCP_FIN_WAIT2);
	/* only the family's own bytes count */
	a.m.id.idiag_src[1] = 7;
	CHECK(diag_parse(&a, sizeof(a), &got) == 1 && diag_same(&got.pair, &want));
	/* ::ffff:127.0.0.1 is 127.0.0.1 */
	a.m.idiag_family = AF_INET6;
	memset(a.m.id.idiag_src, 0, 16);
	memset(a.m.id.idiag_dst, 0, 16);
	a.m.id.idiag_src[2] = a.m.id.idiag_dst[2] = htonl(0xffff);
	a.m.id.idiag_src[3] = a.m.id.idiag_dst[3] = htonl(INADDR_LOOPBACK);
	CHECK(diag_parse(&a, sizeof(a), &got) == 1 && diag_same(&got.pair, &want));
	/* ::127.0.0.1 is not */
	a.m.id.idiag_src[2] = 0;
	CHECK(diag_parse(&a, sizeof(a), &got) == 1 && got.pair.family == AF_INET6);
	a.m.idiag_family = AF_UNIX;
	CHECK(diag_parse(&a, sizeof(a), &got) == -1 && errno == EPROTO);
}

static void test_message_broken(void)
{
	struct answer a = made();
	struct diag_answer got;
	struct { struct nlmsghdr h; int why; } no = { .h = { .nlmsg_len = sizeof(no), .nlmsg_type = NLMSG_ERROR } };

	for (size_t n = 0; n < sizeof(a); n++) {
		char *exact = malloc(n ? n : 1);
		memcpy(exact, &a, n);
		CHECK(diag_parse(exact, n, &got) == -1 && errno == EPROTO);
		free(exact);
	}
	for (unsigned int n = 0; n < sizeof(a); n++) {
		a.h.nlmsg_len = n;
		CHECK(diag_parse(&a, sizeof(a), &got) == -1);
	}
	a.h.nlmsg_len = ~0U;
	CHECK(diag_parse(&a, sizeof(a), &got) == -1);
	no.why = -ENOENT;
	CHECK(diag_parse(&no, sizeof(no), &got) == 0);
	no.why = -EPERM;
	CHECK(diag_parse(&no, sizeof(no), &got) == -1 && errno == EPERM);
	no.why = 0;
	CHECK(diag_parse(&no, sizeof(no), &got) == -1 && errno == EPROTO);
	no.why = -2147483647 - 1;
	CHECK(diag_parse(&no, sizeof(no), &got) == -1 && errno == EPROTO);
	CHECK(diag_parse(&no, sizeof(no) - 1, &got) == -1 && errno == EPROTO);
	no.h.nlmsg_type = NLMSG_DONE;
	CHECK(diag_parse(&no, sizeof(no), &got) == -1 && errno == EPROTO);
}

static int row(const char *line, struct diag_answer *got)
{
	size_t n = strlen(line);
	char *exact = malloc(n ? n : 1);

	memcpy(exact, line, n);
	int is = diag_parse_proc(exact, n, got);
	free(exact);
	return is;
}

/* 127.0.0.1 as this machine prints it */
static const char *loopback(void)
{
	return htonl(1) == 1 ? "7F000001" : "0100007F";
}

static void test_row(void)
{
	const struct diag_pair want = { AF_INET, { 127, 0, 0, 1 }, { 127, 0, 0, 1 }, 40000, 30320 };
	const char *mark = htonl(1) == 1 ? "0000FFFF" : "FFFF0000";
	struct diag_answer got;
	char line[512];

	snprintf(line, sizeof(line), "   9: %s:9C40 %s:7670 05 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000 20",
		loopback(), loopback());
	CHECK(row(line, &got) == 1);
	CHECK(diag_same(&got.pair, &want) && got.uid == 1000 && got.inode == 4711 && got.state == TCP_FIN_WAIT2);
	snprintf(line, sizeof(line), "9: 0000000000000000%s%s:9c40 0000000000000000%s%s:7670 05 0:0 0:0 0 1000 0 4711\r\n",
		mark, loopback(), mark, loopback());
	CHECK(row(line, &got) == 1 && diag_same(&got.pair, &want));
	snprintf(line, sizeof(line), "9: %032d:0001 %032d:0002 0A 0:0 0:0 0 4294967295 0 18446744073709551615", 0, 0);
	CHECK(row(line, &got) == 0);
	snprintf(line, sizeof(line), "9: %032d:0001 %032d:0002 0A 0:0 0:0 0 4294967295 0 999999999999999999", 0, 0);
	CHECK(row(line, &got) == 1 && got.uid == UINT32_MAX && got.inode == 999999999999999999 && got.pair.family == AF_INET6);
}

static void test_row_broken(void)
{
	static const char *const none[] = {
		"", "\n", "\r\n", " ", ":", "a b c d e f g h i j", "9: 0:0 0:0 0 0 0 0 0 0 0",
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
		"9: 0100007F:9C40 0100007F:7670 05 0:0 0:0 0 1000 0",
		"9: 0100007F:9C40 0100007F:7670 05 0:0 0:0 0 -1 0 4711",
		"9: 0100007F:9C40 0100007F:7670 05 0:0 0:0 0 4294967296 0 4711",
		"9: 0100007F:9C40 0100007F:7670 5 0:0 0:0 0 1000 0 4711",
		"9: 0100007G:9C40 0100007F:7670 05 0:0 0:0 0 1000 0 4711",
		"9: 0100007F:9C4 0100007F:7670 05 0:0 0:0 0 1000 0 4711",
		"9: 0100007F:9C401 0100007F:7670 05 0:0 0:0 0 1000 0 4711",
		"9: 0100007F 0100007F:7670 05 0:0 0:0 0 1000 0 4711",
		"9: 00000000000000000000000000000000:9C40 0100007F:7670 05 0:0 0:0 0 1000 0 4711",
	};
	struct diag_answer got;
	size_t n = 1 << 20;
	char *big = malloc(n);

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		if (row(none[i], &got) == 0)
			continue;
		unit_failed = 1;
		fprintf(stderr, "%s:%d: `%s`\n", __FILE__, __LINE__, none[i]);
	}
	memset(big, '0', n);
	CHECK(diag_parse_proc(big, n, &got) == 0);
	CHECK(diag_parse_proc("9: 0100007F:9C40 0100007F:7670 05 0:0\0 0:0 0 1000 0 4711", 56, &got) == 0);
	free(big);
}

struct ends {
	int listener, caller, ours;
};

static int connected(int family, struct ends *e, const char *from)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	void *a = family == AF_INET ? (void *)&in4 : (void *)&in6;
	socklen_t n = family == AF_INET ? sizeof(in4) : sizeof(in6);

	e->listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (e->listener < 0 || bind(e->listener, a, n) < 0 || listen(e->listener, 4) < 0)
		return 0;
	getsockname(e->listener, a, &n);
	if (from) {	/* an IPv6 socket that calls an IPv4 address */
		in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = in4.sin_port };
		inet_pton(AF_INET6, from, &in6.sin6_addr);
		a = &in6;
		n = sizeof(in6);
	}
	e->caller = socket(((struct sockaddr *)a)->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (e->caller < 0 || connect(e->caller, a, n) < 0)
		return 0;
	e->ours = accept(e->listener, NULL, NULL);
	return 1;
}

static void disconnect(struct ends *e)
{
	close(e->listener);
	close(e->caller);
	close(e->ours);
}

static int count(void *arg, pid_t pid, int dir, const char *exe)
{
	int *n = arg;

	char status[64];

	/* the folder is that process's */
	CHECK(file_peek(dir, "../stat", status, sizeof(status)) > 0 && atoi(status) == pid);
	if (pid == getpid())
		CHECK(exe && strstr(exe, "test_diag"));
	++*n;
	return 0;
}

static void check_found(const struct diag_pair *p, int (*ask)(const struct diag_pair *, struct diag_answer *),
	int state, int also)
{
	struct diag_answer a = { 0 };
	int n = 0;

	CHECK(ask(p, &a) == 1);
	CHECK(diag_same(&a.pair, p) && a.uid == geteuid() && a.inode && (a.state == state || a.state == also));
	CHECK(diag_holders(a.inode, clock_in(5000), count, &n) == 1 && n == 1);
}

static void test_real(int family, const char *from)
{
	struct ends e;
	struct diag_pair p, listener;
	struct diag_answer a;

	if (!connected(family, &e, from))
		return;
	CHECK(diag_pair(e.ours, &p) == 0 && p.family == family);
	CHECK(diag_tcp_state(e.ours) == TCP_ESTABLISHED && diag_tcp_state(e.listener) == TCP_LISTEN);
	check_found(&p, diag_ask, TCP_ESTABLISHED, TCP_ESTABLISHED);
	check_found(&p, diag_ask_proc, TCP_ESTABLISHED, TCP_ESTABLISHED);
	shutdown(e.caller, SHUT_WR);
	check_found(&p, diag_ask, TCP_FIN_WAIT1, TCP_FIN_WAIT2);
	check_found(&p, diag_ask_proc, TCP_FIN_WAIT1, TCP_FIN_WAIT2);
	listener = p;
	listener.their_port ^= 1;
	CHECK(diag_ask(&listener, &a) == 0 && diag_ask_proc(&listener, &a) == 0);
	close(e.caller);
	e.caller = -1;
	if (diag_ask(&p, &a))
		CHECK(a.inode == 0);
	if (diag_ask_proc(&p, &a))
		CHECK(a.inode == 0);
	disconnect(&e);
	/* even our own end is gone now */
	a.inode = 0;
	CHECK(diag_ask(&p, &a) == 0 || a.inode == 0);
}

static int over(void *arg, pid_t pid, int dir, const char *exe)
{
	(void)pid;
	(void)dir;
	(void)exe;
	++*(int *)arg;
	return 1;
}

static void test_holders(void)
{
	struct ends e;
	struct diag_pair p;
	struct diag_answer a;
	int n = 0, gate[2];
	char c;

	CHECK(connected(AF_INET, &e, NULL) && diag_pair(e.ours, &p) == 0 && diag_ask(&p, &a) == 1 && pipe(gate) == 0);
	pid_t child = fork();
	if (child == 0) {
		close(gate[1]);
		_exit(read(gate[0], &c, 1) != 0);
	}
	CHECK(diag_holders(a.inode, clock_in(5000), count, &n) == 2 && n == 2);
	n = 0;
	CHECK(diag_holders(a.inode, clock_in(5000), over, &n) == 1 && n == 1);
	CHECK(diag_holders(a.inode, clock_in(-1), over, &n) == -1 && errno == ETIMEDOUT);
	close(gate[1]);
	waitpid(child, NULL, 0);
	n = 0;
	CHECK(diag_holders(a.inode, clock_in(5000), count, &n) == 1);
	CHECK(diag_holders(0, clock_in(5000), count, &n) == 0);
	close(gate[0]);
	disconnect(&e);
}

static void test_refused(void)
{
	struct diag_pair p;
	uid_t uid;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(diag_pair(fd, &p) == -1 && errno == ENOTCONN);
	CHECK(diag_pair(-1, &p) == -1 && errno == EBADF);
	CHECK(diag_tcp_state(-1) == -1);
	close(fd);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(diag_tcp_state(fd) == -1 && diag_pair(fd, &p) == -1);
	close(fd);
	diag_nobody(&uid);
	CHECK(uid == 65534);
	pid_t child = fork();
	if (child == 0) {
		if (unshare(CLONE_NEWUSER) == 0)
			CHECK(diag_nobody(&uid) == 1);
		_exit(unit_failed);
	}
	int status = -1;
	CHECK(waitpid(child, &status, 0) == child && status == 0);
}

int main(void)
{
	test_message();
	test_message_broken();
	test_row();
	test_row_broken();
	test_real(AF_INET, NULL);
	test_real(AF_INET6, NULL);
	test_real(AF_INET, "::ffff:127.0.0.1");
	test_holders();
	test_refused();
	return unit_failed;
}
