/* SPDX-License-Identifier: 0BSD */
#include "tap.h"

#include "text.h"
#include "unit.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct err e;

static void test_name(void)
{
	char name[TAP_NAME], other[TAP_NAME];

	tap_name(name, "web", 1, 0);
	CHECK_TEXT(name, "web-1");
	tap_name(name, "thirteen-long", 1, 0);
	CHECK_TEXT(name, "thirteen-long-1");
	tap_name(name, "thirteen-long", 12, 0);
	tap_name(other, "thirteen-long", 13, 0);
	CHECK(strlen(name) == 15 && text_begins(name, "thirte-") && strcmp(name, other) != 0);
	tap_name(other, "thirteen-long", 12, 0);
	CHECK_TEXT(other, name);
	tap_name(other, "thirteen-long", 12, 1);
	CHECK(strcmp(name, other) != 0);
	tap_name(name, "w", 1, 1);
	CHECK(strlen(name) == 10 && text_begins(name, "w-"));
	tap_name(name, "a-name-of-the-forty-eight-letters-that-one-may-h", 999, 0);
	CHECK(strlen(name) == 15);
}

/* Of all addresses none is another's, and each is of one card and locally administered. */
static void test_mac(void)
{
	enum { HOSTS = 8, NAMES = 64, CARDS = 8, ALL = HOSTS * NAMES * CARDS };
	static char mac[ALL][TAP_MAC];
	char host[40], name[40];
	int n = 0;

	for (int h = 0; h < HOSTS; h++)
		for (int v = 0; v < NAMES; v++)
			for (int c = 1; c <= CARDS; c++) {
				snprintf(host, sizeof(host), "3d1219c7c4c5404aaa1f6d2a48adfd%02x", (unsigned int)h);
				snprintf(name, sizeof(name), "vm%d", v);
				tap_mac(mac[n], host, name, c);
				CHECK(strlen(mac[n]) == 17 && text_begins(mac[n], "52:"));
				n++;
			}
	qsort(mac, ALL, TAP_MAC, (int (*)(const void *, const void *))strcmp);
	for (int i = 1; i < ALL; i++)
		CHECK(strcmp(mac[i - 1], mac[i]) != 0);
	tap_mac(mac[0], "3d1219c7c4c5404aaa1f6d2a48adfda4", "web", 1);
	CHECK_TEXT(mac[0], "52:f2:06:a0:8e:2f"); /* for ever */
}

static void test_host(void)
{
	char host[TAP_HOST], again[TAP_HOST];

	tap_host(host);
	tap_host(again);
	CHECK(*host);
	CHECK_TEXT(again, host);
}

static int ask(const char *name, unsigned long request, struct ifreq *r)
{
	int s = socket(AF_UNIX, SOCK_DGRAM, 0);

	strcpy(r->ifr_name, name);
	int bad = ioctl(s, request, r);
	close(s);
	return bad;
}

static int flags_of(const char *name)
{
	struct ifreq r;

	return ask(name, SIOCGIFFLAGS, &r) < 0 ? 0 : r.ifr_flags;
}

static void add_bridge(const char *name)
{
	int s = socket(AF_UNIX, SOCK_DGRAM, 0);

	CHECK(ioctl(s, SIOCBRADDBR, name) == 0);
	close(s);
}

static void drop_bridge(const char *name)
{
	struct ifreq r = { 0 };
	int s = socket(AF_UNIX, SOCK_DGRAM, 0);

	CHECK(ask(name, SIOCSIFFLAGS, &r) == 0 && ioctl(s, SIOCBRDELBR, name) == 0);
	close(s);
}

static int bring_up(const char *name)
{
	struct ifreq r = { .ifr_flags = IFF_UP };

	return ask(name, SIOCSIFFLAGS, &r) == 0;
}

static void test_bridges(void)
{
	static const char *const foreign[] = { "docker0", "virbr0", "br-0123456789ab", "lxcbr0" };
	char name[TAP_NAME];

	CHECK(!tap_only_bridge(name) && tap_bridge("br0", &e) < 0);
	CHECK_TEXT(e.text, "br0: there is no such bridge, and this host has none (ip link add br0 type bridge)");
	CHECK(tap_bridge("lo", &e) < 0);
	CHECK_TEXT(e.text, "lo: is no bridge, and this host has none (ip link add br0 type bridge)");
	add_bridge("br0");
	CHECK(!tap_only_bridge(name) && tap_bridge("br0", &e) == 0);
	CHECK(bring_up("br0") && tap_only_bridge(name));
	CHECK_TEXT(name, "br0");
	for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++) {
		add_bridge(foreign[i]);
		CHECK(bring_up(foreign[i]) && tap_only_bridge(name));
		CHECK_TEXT(name, "br0");
		drop_bridge(foreign[i]);
	}
	add_bridge("br1");
	CHECK(tap_only_bridge(name) && bring_up("br1"));
	CHECK(!tap_only_bridge(name) && tap_bridge("br2", &e) < 0);
	CHECK(strstr(e.text, "br2: there is no such bridge; this host has: br0 br1") ||
	      strstr(e.text, "br2: there is no such bridge; this host has: br1 br0"));
}

/* Made with the bridge's MTU, beside one of the same name; gone with its descriptor. */
static void test_make(void)
{
	struct ifreq r = { .ifr_mtu = 9000 };
	char other[TAP_NAME];

	CHECK(ask("br0", SIOCSIFMTU, &r) == 0);
	int fd = tap_make("web", 1, "br0", "52:54:00:ab:cd:ef", &e);
	CHECK(fd >= 0 && (flags_of("web-1") & IFF_UP) && tap_mtu("web-1") == 9000);
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHECK(ask("web-1", SIOCGIFHWADDR, &r) == 0 && memcmp(r.ifr_hwaddr.sa_data, "\xfe\x54\x00\xab\xcd\xef", 6) == 0);
	int second = tap_make("web", 1, "br0", "52:54:00:ab:cd:ef", &e);
	tap_name(other, "web", 1, 1);
	CHECK(second >= 0 && if_nametoindex(other));
	close(second);
	CHECK(!if_nametoindex(other) && if_nametoindex("web-1"));
	close(fd);
	CHECK(!if_nametoindex("web-1"));
	CHECK(tap_make("web", 1, "lo", "52:54:00:ab:cd:ef", &e) < 0 && !if_nametoindex("web-1"));
}

static void test_open(void)
{
	struct ifreq r = { .ifr_flags = IFF_TAP | IFF_NO_PI, .ifr_name = "t0" };
	int up;

	CHECK(tap_open("t0", &e) < 0 && !if_nametoindex("t0"));
	CHECK(tap_open("lo", &e) < 0);
	CHECK_TEXT(e.text, "lo: is no tap; root makes one: ip tuntap add IF mode tap user NAME");
	int made = open("/dev/net/tun", O_RDWR);
	CHECK(ioctl(made, TUNSETIFF, &r) == 0 && ioctl(made, TUNSETPERSIST, 1) == 0);
	CHECK(tap_there("t0", &up, &e) == 0 && !up);
	CHECK(tap_open("t0", &e) < 0);
	CHECK_TEXT(e.text, "t0: another program has it");
	close(made);
	int fd = tap_open("t0", &e);
	CHECK(fd >= 0 && ioctl(fd, TUNGETIFF, &r) == 0 && (r.ifr_flags & IFF_VNET_HDR));
	close(fd);
	CHECK(if_nametoindex("t0"));
}

/* In a network of its own, where we may and there is the device. */
static int in_child(void)
{
	int fd = unshare(CLONE_NEWNET) == 0 ? open("/dev/net/tun", O_RDWR) : -1;

	if (fd < 0)
		return 0;
	close(fd);
	test_bridges();
	test_make();
	test_open();
	return unit_failed;
}

int main(void)
{
	int status;

	test_name();
	test_mac();
	test_host();
	pid_t pid = fork();
	if (pid == 0)
		_exit(in_child());
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	return unit_failed;
}
