/* SPDX-License-Identifier: 0BSD */
/* The three rules of the gate as tables. */
#include "unit.h"

#include "gate.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <grp.h>
#include <sys/socket.h>
#include <unistd.h>

static struct peers peers;
static struct gate_who who;

static struct gate_call good(void)
{
	struct gate_call c = { .peers = &peers, .state = TCP_ESTABLISHED, .overflow = 65534 };

	peers = (struct peers){ .owner = 1000 };
	c.asked = (struct diag_pair){ AF_INET, { 127, 0, 0, 1 }, { 127, 0, 0, 1 }, 40000, 30320 };
	c.answer = (struct diag_answer){ .pair = c.asked, .uid = 1000, .inode = 77, .state = TCP_ESTABLISHED };
	return c;
}

static void test_addresses(void)
{
	struct gate_call c = good();

	CHECK(!gate_uid(&c));
	c.answer.pair.their_port++;
	CHECK(gate_uid(&c));
	c = good();
	c.answer.pair.our_port++;
	CHECK(gate_uid(&c));
	c = good();
	c.answer.pair.theirs[3] = 2;
	CHECK(gate_uid(&c));
	c = good();
	c.answer.pair.ours[15] = 1;
	CHECK(gate_uid(&c));
	c = good();
	c.answer.pair.family = AF_INET6;
	CHECK(gate_uid(&c));
}

static void test_group(void)
{
	static const char status[] = "Name:\tsh\nGid:\t5\t27\t5\t5\nFDSize:\t64\nGroups:\t4 100 \nNStgid:\t1\n";
	const struct peers acts = { .groups = 1, .group = { 27 } }, besides = { .groups = 1, .group = { 100 } };
	const struct peers real = { .groups = 1, .group = { 5 } }, other = { .groups = 1, .group = { 1 } }, none = { .groups = 0 };

	CHECK(gate_group(status, &acts) && gate_group(status, &besides));
	CHECK(!gate_group(status, &real) && !gate_group(status, &other) && !gate_group(status, &none));
	CHECK(!gate_group("", &acts) && !gate_group("\nGid:\t5\t27\t", &acts) && !gate_group("\nGid:\t\nGroups:\t", &acts));
	CHECK(gate_group("\nGid:\t5\t27\nGroups:\t", &acts));
}

/* States of the other end, and of ours: the numbers are TCP_INFO's, 1 to 12. */
static void test_states(void)
{
	for (int state = -1; state < 20; state++) {
		struct gate_call c = good();
		c.answer.state = state;
		int in = state == TCP_ESTABLISHED || state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2 || state == TCP_CLOSE_WAIT;
		CHECK((gate_uid(&c) == NULL) == in);
		c = good();
		c.state = state;
		in = state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT;
		CHECK((gate_uid(&c) == NULL) == in);
		CHECK(gate_alive(state) == in);
	}
}

static void test_uids(void)
{
	struct gate_call c = good();

	c.answer.uid = 1001;
	CHECK_TEXT(gate_uid(&c), "this VM belongs to another user");
	c.answer.uid = 0;
	CHECK_TEXT(gate_uid(&c), "this VM belongs to another user");
	/* what nobody holds is reported as root's: the root that owns a VM must not be taken in */
	peers.owner = 0;
	CHECK(!gate_uid(&c));
	c.answer.inode = 0;
	CHECK_TEXT(gate_uid(&c), "the caller is gone");
	c = good();
	c.answer.uid = peers.owner = c.overflow;
	CHECK(!gate_uid(&c));
	c.nobody = 1;
	CHECK_TEXT(gate_uid(&c), "the caller's user is not known here");
	peers.any = 1;
	CHECK(!gate_uid(&c));
	c.answer.inode = 0;
	CHECK_TEXT(gate_uid(&c), "the caller is gone");
	c = good();
	c.answer.uid = 1001;
	CHECK(gate_uid(&c) == gate_stranger);
	peers.user[0] = 1001;
	peers.users = 1;
	CHECK(!gate_uid(&c));
	c = good();
	c.nobody = 1;
	CHECK(!gate_uid(&c));
}

static void test_processes(void)
{
	static const char *const out[] = {
		"/usr/bin/qemu-system-x86_64", "/usr/bin/qemu-system-x86_64 (deleted)", "/usr/libexec/qemu-kvm", "/usr/bin/kvm",
		"/usr/bin/passt", "/usr/bin/passt.avx2", "/usr/bin/pasta.avx2", "/usr/bin/slirp4netns", "/x/gvproxy",
		"/usr/bin/rootlesskit", "/usr/bin/rootlessport", "/usr/bin/vpnkit", "qemu-system-arm",
	};
	static const char *const in[] = {
		"/usr/bin/nc.openbsd", "/usr/local/bin/qinit", "/usr/bin/qemu-x86_64", "/opt/qemu-system-x/bin/bash",
		"/usr/bin/bash (deleted)", "/", "", "/home/kvm/nc",
	};

	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		CHECK_TEXT(gate_process(out[i]), "a guest's network is calling");
	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++)
		CHECK(!gate_process(in[i]));
	CHECK(gate_process(NULL));
}

/* The whole at once, and the same byte by byte: a verdict does not depend on how the bytes come. */
static int words(const char *s, size_t n)
{
	struct gate_words whole = { 0 }, single = { 0 };
	const char *a = gate_words(&whole, s, n), *b = NULL;

	for (size_t i = 0; i < n && !b; i++)
		b = gate_words(&single, s + i, 1);
	CHECK(!a == !b);
	if (a && b)
		CHECK_TEXT(a, b);
	return !a;
}

static void test_first_byte(void)
{
	for (int c = 0; c < 256; c++) {
		char s[2] = { (char)c, 'x' };
		int in = (c >= 'a' && c <= 'z') || c == '?' || c == '{' || c == ' ' || c == 127 || (c > 0 && c < 32 && c != 0x16);
		CHECK(words(s, 2) == in);
	}
	CHECK(words("", 0));
}

static void test_first_line(void)
{
	static const struct { const char *s; int in; } cases[] = {
		{ "info status\n", 1 }, { "\n", 1 }, { "\x1b[A\r", 1 }, { "\x7f", 1 }, { "{\"execute\":\"quit\"}\n", 1 },
		{ "GET / HTTP/1.1\r\n", 0 }, { "POST / HTTP/1.1\r\nquit\n", 0 },
		{ "patch / HTTP/1.1\r\n", 0 }, { "patch / HTTP/1.1", 0 }, { "patch / HTTP/", 0 }, { "get /?a=  HTTP/1.0\n", 0 },
		{ "x HTT HTTP/1.1\n", 0 }, { "x  HTTP/\n", 0 }, { "x HTTP HTTP/\n", 0 },
		{ "patch / HTTP", 1 }, { "xHTTP/\n", 1 }, { "x http/1.1\n", 1 },
		{ "\npatch / HTTP/1.1\r\n", 0 }, { "\x01\n\r \nPOST / HTTP/1.1\r\n", 0 }, { "\n\n", 1 }, { "\n\x16\x03\x01", 0 },
		{ "info status\npatch / HTTP/1.1\r\n", 1 }, { "info\rpatch / HTTP/1.1\n", 1 }, { "\x16\x03\x01", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (words(cases[i].s, strlen(cases[i].s)) == cases[i].in)
			continue;
		unit_failed = 1;
		fprintf(stderr, "%s:%d: `%s`\n", __FILE__, __LINE__, cases[i].s);
	}
	CHECK(words("x\0y HTTP/\n", 10) == 0);
	/* a STUN request behind its length, and the lengths of a page's choice in it */
	CHECK(words("\x01\n\0\x01\x01\n!\x12\xa4" "B", 10) == 0);
	CHECK(words("quit\0\n", 6) == 0);
	CHECK(words("quit\n\0", 6) == 1);
}

static void test_long_line(void)
{
	size_t n = 1 << 20;
	char *s = malloc(n);
	struct gate_words w = { 0 };

	memset(s, 'a', n);
	CHECK(words(s, GATE_LINE_MAX));
	CHECK(!words(s, GATE_LINE_MAX + 1));
	s[GATE_LINE_MAX] = '\n';
	CHECK(words(s, n));
	CHECK(!gate_words(&w, s, GATE_LINE_MAX));
	CHECK(!gate_words(&w, s + GATE_LINE_MAX, 1));
	CHECK(!gate_words(&w, " HTTP/1.1\n", 10));
	free(s);
}

static const char *admit(int fd, uid_t owner)
{
	peers = (struct peers){ .owner = owner };
	return gate_admit(fd, &peers, &who);
}

/* A real connection within this process. */
static void test_admit(void)
{
	struct sockaddr_storage a = { .ss_family = AF_INET };
	socklen_t n = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), caller = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct linger reset = { .l_onoff = 1 };

	CHECK(listen(listener, 1) == 0 && getsockname(listener, (struct sockaddr *)&a, &n) == 0);
	CHECK(connect(caller, (struct sockaddr *)&a, n) == 0);
	int fd = accept(listener, NULL, NULL);
	CHECK(!admit(fd, geteuid()) && who.uid == geteuid() && who.pid == getpid());
	CHECK_TEXT(who.program, "test_gate");
	CHECK(admit(fd, geteuid() + 1) == gate_stranger && who.uid == geteuid() && !who.pid);
	/* by a group that this process has, or has not */
	peers.group[0] = getegid();
	peers.groups = 1;
	CHECK(!gate_admit(fd, &peers, &who) && who.pid == getpid());
	peers.group[0] = getegid() + 12345;
	CHECK(gate_admit(fd, &peers, &who) == gate_stranger && who.pid == getpid());
	if (setgroups(2, (gid_t[]){ 7, peers.group[0] }) == 0)
		CHECK(!gate_admit(fd, &peers, &who));
	shutdown(caller, SHUT_WR);
	CHECK(!admit(fd, geteuid()));
	close(caller);
	CHECK_TEXT(admit(fd, geteuid()), "the caller is gone");
	CHECK_TEXT(admit(fd, 0), "the caller is gone");
	close(fd);

	caller = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(connect(caller, (struct sockaddr *)&a, n) == 0);
	fd = accept(listener, NULL, NULL);
	setsockopt(caller, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	CHECK(send(caller, "quit\n", 5, 0) == 5);
	close(caller);
	CHECK_TEXT(admit(fd, geteuid()), "the caller is gone");
	CHECK_TEXT(admit(fd, 0), "the caller is gone");
	close(fd);
	CHECK(admit(listener, geteuid()) && admit(-1, geteuid()));
	close(listener);
}

int main(void)
{
	test_addresses();
	test_group();
	test_states();
	test_uids();
	test_processes();
	test_first_byte();
	test_first_line();
	test_long_line();
	test_admit();
	return unit_failed;
}
