/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "port.h"
#include "sock.h"

#include <errno.h>
#include <unistd.h>

enum { BASE = 33000, BOTH = PORT_IPV4 | PORT_IPV6 };

static int has_v6;

static void test_slots(void)
{
	CHECK(port_of_slot(30320, 0) == 30320 && port_of_slot(30320, 1) == 30321 && port_of_slot(30320, 99) == 30419);
	CHECK(port_of_slot(30320, 100) == 30520 && port_of_slot(30320, 199) == 30619 && port_of_slot(30320, 200) == 30720);
	/* its CTLPORT is the last to fit */
	CHECK(port_of_slot(65435, 0) == 65435 && port_of_slot(65435, 1) == 0 && port_of_slot(65436, 0) == 0 && port_of_slot(65535, 0) == 0);
	CHECK(port_of_slot(65400, 35) == 65435 && port_of_slot(65400, 36) == 0 && port_of_slot(65400, 100) == 0);
	CHECK(port_of_slot(1, 4000000000u) == 0);

	static unsigned char taken[PORT_LAST + 1];
	uint16_t mon;
	for (unsigned int slot = 0; (mon = port_of_slot(PORT_BASE, slot)) != 0; slot++) {
		CHECK(!taken[mon] && !taken[mon + PORT_COMMAND]);
		taken[mon] = taken[mon + PORT_COMMAND] = 1;
	}
}

/* The first slot at or above from: other programs may sit on some of our ports. */
static void test_take(void)
{
	struct ports a, b, c;

	port_none(&a);
	CHECK(a.mon == 0 && a.ctl == 0 && a.mon_fd[0] == -1 && a.mon_fd[1] == -1 && a.ctl_fd[0] == -1 && a.ctl_fd[1] == -1);
	port_close(&a);
	CHECK(port_take(&a, BASE, BOTH, 1) == 1 && a.mon >= BASE && a.ctl == a.mon + PORT_COMMAND);
	CHECK(a.mon_fd[0] >= 0 && a.ctl_fd[0] >= 0 && (a.mon_fd[1] >= 0) == has_v6 && (a.ctl_fd[1] >= 0) == has_v6);
	CHECK(port_take(&b, BASE, BOTH, 1) == 1 && b.mon > a.mon);
	CHECK(port_take_one(&c, a.mon, PORT_IPV4, 0) == 0 && errno == EADDRINUSE && c.mon == 0 && c.mon_fd[0] == -1);
	uint16_t first = a.mon;
	port_close(&a);
	CHECK(a.mon == 0 && a.ctl_fd[0] == -1);
	CHECK(port_take(&c, BASE, BOTH, 0) == 1 && c.mon == first && c.ctl == 0 && c.ctl_fd[0] == -1 && c.ctl_fd[1] == -1);
	port_close(&b);
	port_close(&c);
}

/* One address of four taken by somebody: another slot, and nothing of this one is held. */
static void test_stranger(int family, uint16_t add)
{
	struct ports a, b;

	CHECK(port_take(&a, BASE, BOTH, 1) == 1);
	uint16_t mon = a.mon;
	port_close(&a);
	int stranger = sock_listen_tcp(family, (uint16_t)(mon + add));
	CHECK(stranger >= 0);
	CHECK(port_take_one(&a, mon, BOTH, 1) == 0 && errno == EADDRINUSE);
	CHECK(port_take(&a, BASE, BOTH, 1) == 1 && a.mon > mon);
	CHECK(port_take_one(&b, mon, add || family == AF_INET6 ? PORT_IPV4 : PORT_IPV6, 0) == (has_v6 || add || family == AF_INET6));
	port_close(&b);
	port_close(&a);
	close(stranger);
}

static void test_end(void)
{
	struct ports a, b;

	CHECK(port_take(&a, 65535, BOTH, 1) == 0 && a.mon_fd[0] == -1);
	if (port_take(&a, 65435, BOTH, 1) == 1) {
		CHECK(a.mon == 65435 && a.ctl == 65535);
		CHECK(port_take(&b, 65435, BOTH, 1) == 0 && b.mon == 0 && b.mon_fd[0] == -1 && b.ctl_fd[0] == -1);
		port_close(&a);
	}
	CHECK(port_take_one(&a, BASE + 50, 0, 1) == 0);
	CHECK(port_take_one(&a, 65500, BOTH, 1) == 0); /* its CTLPORT would be another number */
}

int main(void)
{
	int fd = sock_listen_tcp(AF_INET6, 0);

	has_v6 = fd >= 0;
	if (fd >= 0)
		close(fd);
	test_slots();
	test_take();
	test_stranger(AF_INET, 0);
	test_stranger(AF_INET, PORT_COMMAND);
	if (has_v6) {
		test_stranger(AF_INET6, 0);
		test_stranger(AF_INET6, PORT_COMMAND);
	}
	test_end();
	return unit_failed;
}
