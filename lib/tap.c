/* SPDX-License-Identifier: 0BSD */
/* Tap devices, a guest's network cards as the host sees them. */
#include "tap.h"

#include "fd.h"
#include "file.h"
#include "fmt.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { TURNS = 16, ID_LEAST = 16, TABLE_MAX = 1 << 20 };

static const char device[] = "/dev/net/tun", owned[] = "ip tuntap add IF mode tap user NAME";

/* FNV-1a, and MurmurHash3's last step, without which one letter at the end would change little. */
static uint64_t hash(const char *s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
	return h ^ h >> 33;
}

void tap_name(char name[TAP_NAME], const char *vm, int number, unsigned int turn)
{
	char text[128];

	if (turn == 0 && fmt(name, TAP_NAME, "%s-%d", vm, number) < TAP_NAME)
		return;
	fmt(text, sizeof(text), "%u %d %s", turn, number, vm);
	fmt(name, TAP_NAME, "%.6s-%08x", vm, (unsigned int)hash(text));
}

void tap_mac(char mac[TAP_MAC], const char *host, const char *vm, int number)
{
	char text[256];

	fmt(text, sizeof(text), "%d %s %s", number, vm, host);
	uint64_t h = hash(text);
	fmt(mac, TAP_MAC, "52:%02x:%02x:%02x:%02x:%02x", (unsigned int)(h >> 32 & 255), (unsigned int)(h >> 24 & 255),
	    (unsigned int)(h >> 16 & 255), (unsigned int)(h >> 8 & 255), (unsigned int)(h & 255));
}

void tap_host(char host[TAP_HOST])
{
	static const char *const files[] = {
		"/etc/machine-id", "/var/lib/dbus/machine-id", "/proc/device-tree/serial-number",
	};
	struct utsname name;
	char id[64];
	size_t n = 0;

	/* a shorter word ("uninitialized", a board's 0001) tells no hosts apart */
	for (size_t i = 0; n < ID_LEAST && i < sizeof(files) / sizeof(*files); i++)
		n = file_peek(AT_FDCWD, files[i], id, sizeof(id)) < 0 ? 0 : strcspn(id, "\n");
	id[n] = '\0';
	if (n < ID_LEAST)
		text_copy(id, sizeof(id), uname(&name) < 0 ? "" : name.nodename);
	if (geteuid() == 0)
		text_copy(host, TAP_HOST, id);
	else
		fmt(host, TAP_HOST, "%s %u", id, (unsigned int)geteuid());
}

/* Asks the kernel about the interface, or changes it. 0 or -1 with errno. */
static int ask(const char *name, unsigned long request, struct ifreq *r)
{
	int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* any family does */

	if (text_copy(r->ifr_name, sizeof(r->ifr_name), name) < 0)
		errno = ENODEV;
	int bad = s < 0 || !*r->ifr_name ? -1 : ioctl(s, request, r);
	fd_close(&s);
	return bad;
}

/* Whether the driver of the interface has these names. */
static int is_of(const char *name, const char *driver, const char *bus)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq r = { .ifr_data = (void *)&info };

	return ask(name, SIOCETHTOOL, &r) == 0 && strcmp(info.driver, driver) == 0 && (!bus || strcmp(info.bus_info, bus) == 0);
}

/* Appends the names of all bridges, a blank between. How many. */
static int bridges(struct buf *out)
{
	struct buf table = { 0 };
	struct err e;
	size_t len;
	int n = 0;

	file_read(AT_FDCWD, "/proc/net/dev", TABLE_MAX, &table, &e);
	const char *rest = buf_text(&table), *line;
	for (size_t left = table.n; (line = text_line(&rest, &left, &len));) {
		char name[TAP_NAME];
		const char *end = memchr(line, ':', len);
		while (end && *line == ' ')
			line++;
		if (!end || end - line >= TAP_NAME)
			continue;
		fmt(name, sizeof(name), "%.*s", (int)(end - line), line);
		if (is_of(name, "bridge", NULL))
			buf_fmt(out, "%s%s", n++ ? " " : "", name);
	}
	buf_free(&table);
	return n;
}

/* Down, or made by one of those programs for its own guests, which is rarely where a guest of ours is to be. */
static int is_foreign(const char *name)
{
	static const char *const begins[] = { "docker", "virbr", "podman", "cni", "lxcbr", "lxdbr" };
	struct ifreq r = { 0 };

	for (size_t i = 0; i < sizeof(begins) / sizeof(*begins); i++)
		if (text_begins(name, begins[i]))
			return 1;
	if (text_begins(name, "br-") && strspn(name + 3, "0123456789abcdef") == 12)
		return 1;
	return ask(name, SIOCGIFFLAGS, &r) < 0 || !(r.ifr_flags & IFF_UP);
}

int tap_only_bridge(char name[TAP_NAME])
{
	struct buf list = { 0 };
	int n = 0;

	bridges(&list);
	for (const char *s = buf_text(&list); *s; s += strspn(s, " ")) {
		char one[TAP_NAME];
		int len = (int)strcspn(s, " ");
		fmt(one, sizeof(one), "%.*s", len, s);
		if (!is_foreign(one) && ++n == 1)
			text_copy(name, TAP_NAME, one);
		s += len;
	}
	buf_free(&list);
	return n == 1;
}

int tap_bridge(const char *bridge, struct err *e)
{
	struct buf list = { 0 };

	if (is_of(bridge, "bridge", NULL))
		return 0;
	const char *what = if_nametoindex(bridge) ? "is no bridge" : "there is no such bridge";
	if (bridges(&list))
		err_set(e, "%s: %s; this host has: %s", bridge, what, buf_text(&list));
	else
		err_set(e, "%s: %s, and this host has none (ip link add %s type bridge)", bridge, what,
			if_nametoindex(bridge) ? "br0" : bridge);
	buf_free(&list);
	return -1;
}

int tap_there(const char *name, int *up, struct err *e)
{
	struct ifreq r = { 0 };

	if (ask(name, SIOCGIFFLAGS, &r) < 0)
		return err_set(e, "%s: no such interface; root makes it: %s", name, owned);
	*up = r.ifr_flags & IFF_UP;
	return is_of(name, "tun", "tap") ? 0 : err_set(e, "%s: is no tap; root makes one: %s", name, owned);
}

static int open_device(struct err *e)
{
	int fd = open(device, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0)
		return fd;
	if (errno == EACCES || errno == EPERM)
		return err_code(e, NO_RIGHT, "%s: permission denied (chmod 666 %s)", device, device);
	return err_sys(e, "%s (modprobe tun)", device);
}

int tap_device(struct err *e)
{
	int fd = open_device(e), bad = fd < 0 ? -1 : 0;

	fd_close(&fd);
	return bad;
}

int tap_forbidden(struct err *e)
{
	return err_code(e, NO_RIGHT, "only root puts a card on a bridge; others take tap:IF, which root makes: %s", owned);
}

/* The tap behind a descriptor of the device. 0 or -1 with errno. */
static int attach(int fd, const char *name, int exclusive)
{
	struct ifreq r = { .ifr_flags = (short)(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | exclusive) };

	if (text_copy(r.ifr_name, sizeof(r.ifr_name), name) < 0) {
		errno = ENODEV;
		return -1;
	}
	return ioctl(fd, TUNSETIFF, &r);
}

int tap_mtu(const char *name)
{
	struct ifreq r = { 0 };

	return ask(name, SIOCGIFMTU, &r) < 0 ? 0 : r.ifr_mtu;
}

/* The host speaks to the guest by its bridge alone. */
static void without_ipv6(const char *name)
{
	char path[64];

	fmt(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		fd_write(fd, "1", 1);
	fd_close(&fd);
}

/* The tap's own address: the card's with a first byte above all others, for a bridge takes the lowest of its ports', and
 * must not change it with a guest that comes or goes. */
static int set_address(const char *name, const char *mac)
{
	struct ifreq r = { .ifr_hwaddr.sa_family = ARPHRD_ETHER };

	for (int i = 0; i < 6; i++) {
		unsigned char *byte = (unsigned char *)&r.ifr_hwaddr.sa_data[i];
		for (int k = 0; k < 2; k++) {
			char c = mac[3 * i + k];
			*byte = (unsigned char)(*byte << 4 | (c <= '9' ? c - '0' : c - 'a' + 10));
		}
	}
	*(unsigned char *)r.ifr_hwaddr.sa_data = 0xfe;
	return ask(name, SIOCSIFHWADDR, &r);
}

static int join(const char *name, const char *bridge, const char *mac, struct err *e)
{
	struct ifreq r = { .ifr_mtu = tap_mtu(bridge) };

	if (ask(name, SIOCSIFMTU, &r) < 0)
		return err_sys(e, "%s: the MTU of %s", name, bridge);
	if (set_address(name, mac) < 0)
		return err_sys(e, "%s: its address", name);
	without_ipv6(name);
	if (ask(name, SIOCGIFFLAGS, &r) < 0)
		return err_sys(e, "%s", name);
	r.ifr_flags |= IFF_UP;
	if (ask(name, SIOCSIFFLAGS, &r) < 0)
		return err_sys(e, "bring %s up", name);
	r.ifr_ifindex = (int)if_nametoindex(name);
	return ask(bridge, SIOCBRADDIF, &r) < 0 ? err_sys(e, "put %s on %s", name, bridge) : 0;
}

int tap_make(const char *vm, int number, const char *bridge, const char *mac, struct err *e)
{
	char name[TAP_NAME] = "";
	int fd, bad = -1;

	if (tap_bridge(bridge, e) < 0 || (fd = open_device(e)) < 0)
		return -1;
	for (unsigned int turn = 0; bad && turn < TURNS && (!turn || errno == EBUSY); turn++) {
		tap_name(name, vm, number, turn);
		bad = attach(fd, name, IFF_TUN_EXCL);
	}
	if (bad && errno == EPERM)
		tap_forbidden(e);
	else if (bad)
		err_sys(e, "make the tap %s", name);
	if (bad || join(name, bridge, mac, e) < 0)
		fd_close(&fd);
	return fd;
}

int tap_open(const char *name, struct err *e)
{
	unsigned int index = if_nametoindex(name);
	int up, fd;

	if (tap_there(name, &up, e) < 0 || (fd = open_device(e)) < 0)
		return -1;
	int bad = attach(fd, name, 0), why = errno;
	if (!bad && if_nametoindex(name) == index)
		return fd;
	errno = why;
	if (!bad)
		err_set(e, "%s: gone while it was opened", name); /* what was made in its place goes with fd */
	else if (errno == EPERM)
		err_code(e, NO_RIGHT, "%s: not this user's; root makes it anew: %s", name, owned);
	else if (errno == EINVAL)
		err_set(e, "%s: has multi_queue or is no tap; root makes one: %s", name, owned);
	else if (errno == EBUSY)
		err_set(e, "%s: another program has it", name);
	else
		err_sys(e, "%s", name);
	fd_close(&fd);
	return -1;
}

int tap_vhost(void)
{
	return open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
}
