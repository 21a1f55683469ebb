/* SPDX-License-Identifier: 0BSD */
/* Listeners of our own, in a network of our own. */
#include "unit.h"

#include "service.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void lists(const char *want)
{
	struct buf ports = { 0 };

	CHECK(service_list(&ports) == 0);
	CHECK_TEXT(buf_text(&ports), want);
	buf_free(&ports);
}

static int listens(const char *address, int port)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int six = inet_pton(AF_INET6, address, &in6.sin6_addr) == 1, yes = 1;
	int fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(six || inet_pton(AF_INET, address, &in4.sin_addr) == 1);
	if (strcmp(address, "::1") == 0)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
	CHECK(bind(fd, six ? (void *)&in6 : (void *)&in4, six ? sizeof(in6) : sizeof(in4)) == 0 && listen(fd, 1) == 0);
	return fd;
}

int main(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return 0; /* in a chroot nobody but root may */
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHECK(ioctl(fd, SIOCSIFFLAGS, &lo) == 0);
	close(fd);
	lists("");
	listens("0.0.0.0", 22);
	listens("127.0.0.53", 53);
	lists(""); /* reached from elsewhere, or not as 10.0.2.2 */
	listens("127.0.0.1", 6379);
	lists("6379");
	listens("::1", 6379);
	listens("::1", 631);
	listens("::ffff:127.0.0.1", 5432);
	lists("631, 5432, 6379");
	listens("127.0.0.1", 9999);
	listens("127.0.0.1", 65535);
	fd = listens("127.0.0.1", 10000);
	lists("631, 5432, 6379, 9999 and 2 more");
	close(fd);
	lists("631, 5432, 6379, 9999 and 1 more");
	return unit_failed;
}
