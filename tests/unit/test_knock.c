/* SPDX-License-Identifier: 0BSD */
/* knock: addresses; nobody, silence, other words, the words in pieces, a port that opens later. */
#include "knock.h"

#include "clock.h"
#include "sock.h"
#include "unit.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

static struct loop l;
static struct knock k;

static void check_address(const char *s, int family, const char *addr, int port)
{
	union knock_address a;
	struct err e = { 0 };
	char text[64] = "";

	CHECK(knock_parse(&a, s, strlen(s), &e) == 0);
	CHECK_TEXT(e.text, "");
	CHECK(a.any.sa_family == family);
	inet_ntop(family, family == AF_INET ? (void *)&a.in4.sin_addr : (void *)&a.in6.sin6_addr, text, sizeof(text));
	CHECK_TEXT(text, addr);
	CHECK(ntohs(family == AF_INET ? a.in4.sin_port : a.in6.sin6_port) == port);
}

static void check_refused(const char *s, const char *words)
{
	union knock_address a;
	struct err e = { 0 };

	CHECK(knock_parse(&a, s, strlen(s), &e) < 0 && e.code == USAGE);
	CHECK_TEXT(e.text, words);
}

static void test_addresses(void)
{
	static char long_one[1 << 20];

	check_address("22", AF_INET, "127.0.0.1", 22);
	check_address("10.1.2.3:65535", AF_INET, "10.1.2.3", 65535);
	check_address("[::1]:22", AF_INET6, "::1", 22);
	check_address("[2001:db8::1]:22", AF_INET6, "2001:db8::1", 22);
	check_refused("", ": not a port from 1 to 65535");
	check_refused("0", "0: not a port from 1 to 65535");
	check_refused("65536", "65536: not a port from 1 to 65535");
	check_refused("22\n", "22?: not a port from 1 to 65535");
	check_refused("1.2.3.4:", ": not a port from 1 to 65535");
	check_refused(":22", ": not an address (numeric, IPv6 in brackets)");
	check_refused("::1:22", "::1: not an address (numeric, IPv6 in brackets)");
	check_refused("[::1:22", "[::1: not an address (numeric, IPv6 in brackets)");
	check_refused("[]:22", "[]: not an address (numeric, IPv6 in brackets)");
	check_refused("[1.2.3.4]:22", "[1.2.3.4]: not an address (numeric, IPv6 in brackets)");
	check_refused("localhost:22", "localhost: not an address (numeric, IPv6 in brackets)");
	memset(long_one, '1', sizeof(long_one) - 1);
	check_refused(long_one, "longer than any address");
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in a;
	socklen_t n = sizeof(a);

	CHECK(getsockname(fd, (struct sockaddr *)&a, &n) == 0);
	return ntohs(a.sin_port);
}

static void begin(uint16_t port, const char *text)
{
	union knock_address a = { .in4 = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) } };

	knock_at(&k, &a, text);
	CHECK(knock_begin(&k, &l) == 0 && knock_begin(&k, &l) == 0);
}

static void turn_until(enum knock_heard heard, int64_t ms)
{
	int64_t until = clock_in(ms);

	while (k.heard < heard && clock_left(until))
		loop_turn(&l, until);
	CHECK(k.heard == heard);
}

/* The next caller of the listener, for whom words are sent. */
static int answer(int listener, const char *words)
{
	int64_t until = clock_in(5000);
	int fd;

	while ((fd = sock_accept(listener)) < 0 && clock_left(until))
		loop_turn(&l, clock_in(5));
	CHECK(fd >= 0 && write(fd, words, strlen(words)) == (ssize_t)strlen(words));
	return fd;
}

static void test_later(void)
{
	int fd = sock_listen_tcp(AF_INET, 0);
	uint16_t port = port_of(fd);

	close(fd);
	begin(port, "");
	for (int64_t until = clock_in(250); clock_left(until);)
		loop_turn(&l, until);
	CHECK(k.heard == KNOCK_NOBODY);
	fd = sock_listen_tcp(AF_INET, port);
	int caller = answer(fd, "x");
	turn_until(KNOCK_HEARD, 5000);
	CHECK(!k.loop && l.over == 0);
	CHECK(knock_begin(&k, &l) == 0 && !k.loop); /* once is enough */
	close(caller);
	close(fd);
}

static void test_words(void)
{
	int fd = sock_listen_tcp(AF_INET, 0);

	begin(port_of(fd), "SSH-2");
	int caller = answer(fd, "");
	close(caller);
	turn_until(KNOCK_SILENCE, 5000);
	caller = answer(fd, "hello SSH");
	turn_until(KNOCK_OTHER, 5000);
	close(caller);
	caller = answer(fd, "-2"); /* of another connection: it does not continue that */
	for (int64_t until = clock_in(100); clock_left(until);)
		loop_turn(&l, until);
	CHECK(k.heard == KNOCK_OTHER);
	close(caller);
	caller = answer(fd, "\nSSH");
	for (int64_t until = clock_in(50); clock_left(until);)
		loop_turn(&l, until);
	CHECK(write(caller, "-2.0", 4) == 4);
	turn_until(KNOCK_HEARD, 5000);
	close(caller);
	close(fd);
}

/* Taken by the kernel's backlog, never a byte: known when the knocking ends; after a second another is tried. */
static void test_silence(void)
{
	int fd = sock_listen_tcp(AF_INET, 0);

	begin(port_of(fd), "");
	int first = answer(fd, "");
	CHECK(k.heard == KNOCK_NOBODY);
	int second = answer(fd, "");
	CHECK(k.heard == KNOCK_SILENCE && k.patience > 1000);
	k.heard = KNOCK_NOBODY;
	knock_end(&k);
	knock_end(&k);
	CHECK(k.heard == KNOCK_SILENCE);
	close(first);
	close(second);
	close(fd);
}

int main(void)
{
	test_addresses();
	test_later();
	test_words();
	test_silence();
	loop_free(&l);
	return unit_failed;
}
