/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "buf.h"
#include "spec.h"

#include <stdlib.h>
#include <sys/socket.h>

static struct err e;

/* What was read, in one line, or the complaint. */
static void disk_is(const char *value, const char *want)
{
	struct spec_disk d;
	struct buf b = { 0 };

	if (spec_disk(&d, value, &e) < 0) {
		CHECK(e.code == NOT_CONFIGURED);
		buf_str(&b, e.text);
	} else {
		struct buf text = { 0 }, again = { 0 };
		struct spec_disk same;
		spec_disk_text(&d, &text); /* is read as the same */
		CHECK(spec_disk(&same, buf_text(&text), &e) == 0);
		spec_disk_text(&same, &again);
		CHECK_TEXT(buf_text(&again), buf_text(&text));
		CHECK_TEXT(same.file, d.file);
		CHECK(same.bus == d.bus && same.format == d.format && same.ro == d.ro && same.snapshot == d.snapshot &&
			same.force == d.force && same.backings == d.backings);
		spec_disk_free(&same);
		buf_free(&text);
		buf_free(&again);
		buf_fmt(&b, "%s %s %s%s%s%s", d.file, spec_bus_name(d.bus), spec_format_name(d.format), d.ro ? " ro" : "",
			d.snapshot ? " snapshot" : "", d.force ? " force" : "");
		for (size_t i = 0; i < d.backings; i++)
			buf_fmt(&b, " <%s>", d.backing[i]);
	}
	CHECK_TEXT(buf_text(&b), want);
	buf_free(&b);
	spec_disk_free(&d);
}

static void nic_is(const char *value, const char *want)
{
	static const char *const kinds[] = { "none", "user", "bridge", "tap" };
	struct spec_nic n;
	struct buf b = { 0 };

	if (spec_nic(&n, value, &e) < 0) {
		CHECK(e.code == NOT_CONFIGURED);
		buf_str(&b, e.text);
	} else {
		buf_fmt(&b, "%s [%s] [%s] [%s]", kinds[n.kind], n.link, n.mac, n.model);
		for (size_t i = 0; i < n.forwards; i++)
			buf_fmt(&b, " %d:%s:%d>%d", n.forward[i].family == AF_INET6 ? 6 : 4, n.forward[i].address,
				n.forward[i].port, n.forward[i].guest);
	}
	CHECK_TEXT(buf_text(&b), want);
	buf_free(&b);
}

static void display_is(const char *value, const char *want)
{
	struct spec_display d;
	char got[1100];

	if (spec_display(&d, value, &e) < 0)
		snprintf(got, sizeof(got), "%s", e.text);
	else
		snprintf(got, sizeof(got), "%d %d", d.vnc, d.port);
	CHECK_TEXT(got, want);
}

static void test_disk(void)
{
	static const char *const cases[][2] = {
		{ "a.img", "a.img virtio raw" }, { "/x/a.qcow2", "/x/a.qcow2 virtio qcow2" },
		{ "a.qcow2,format=raw", "a.qcow2 virtio raw" }, { "a,if=scsi,format=qcow2,ro", "a scsi qcow2 ro" },
		{ "a,,b,snapshot,force", "a,b virtio raw snapshot force" }, { "a,if=ide", "a ide raw" },
		{ "a,,", "a, virtio raw" }, { ",,", ", virtio raw" }, { "a,,,ro", "a, virtio raw ro" },
		{ "a.qcow2,backing=/b,,c.img,backing=d", "a.qcow2 virtio qcow2 </b,c.img> <d>" },
		{ "a=b c", "a=b c virtio raw" },
		{ "", "no file before the options" }, { ",ro", "no file before the options" },
		{ "a,if=sata", "if=sata: want virtio, ide or scsi" }, { "a,format=vmdk", "format=vmdk: want raw or qcow2" },
		{ "a,", "an option is missing behind a comma (a comma in a file name is `,,`)" },
		{ "a,=b", "unknown option =b: want if, format, ro, snapshot, backing or force" },
		{ "a,fromat=raw", "fromat=raw: unknown option, nearest is format" },
		{ "a,cache=none", "unknown option cache=none: want if, format, ro, snapshot, backing or force" },
		{ "a,ro=1", "ro=1: ro takes no value" }, { "a,if", "if: if wants a value" }, { "a,if=", "if=: if wants a value" },
		{ "a,ro,ro", "ro: given twice" },
		{ "a,if=ide,ro", "ro: an ide disk cannot be read-only, take if=virtio or if=scsi" },
		{ "a,backing=b", "backing=: a raw image has no backing file (format=qcow2?)" },
		{ "a.qcow2,backing=a,backing=a,backing=a,backing=a,backing=a,backing=a,backing=a,backing=a,backing=a,backing=a,"
			"backing=a,backing=a,backing=a,backing=a,backing=a,backing=a,backing=a", "backing=: more than 16" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		disk_is(cases[i][0], cases[i][1]);
}

static void test_nic(void)
{
	static const char *const cases[][2] = {
		{ "none", "none [] [] []" }, { "user", "user [] [] []" }, { "bridge:br0", "bridge [br0] [] []" },
		{ "tap:vm0,model=e1000", "tap [vm0] [] [e1000]" },
		{ "bridge:br0,mac=52:54:00:AB:CD:EF,model=virtio-net-pci", "bridge [br0] [52:54:00:ab:cd:ef] [virtio-net-pci]" },
		{ "user,hostfwd=tcp::2222-:22", "user [] [] [] 4:127.0.0.1:2222>22" },
		{ "user,hostfwd=tcp:0.0.0.0:80-:8080,hostfwd=tcp:[::1]:81-:81,mac=02:00:00:00:00:01",
			"user [] [02:00:00:00:00:01] [] 4:0.0.0.0:80>8080 6:::1:81>81" },
		{ "user,hostfwd=tcp:[0:0::0:1]:81-:81", "user [] [] [] 6:0:0::0:1:81>81" },
		{ "", ": want none, user, bridge:BR or tap:IF" }, { "usr", "usr: want none, user, bridge:BR or tap:IF" },
		{ "user:x", "user:x: user takes no name" }, { "none,mac=02:00:00:00:00:01", "mac=02:00:00:00:00:01: none takes no options" },
		{ "bridge", "bridge: want bridge:BR, a name of at most 15 letters" }, { "tap:", "tap:: want tap:IF, a name of at most 15 letters" },
		{ "tap:a/b", "tap:a/b: want tap:IF, a name of at most 15 letters" },
		{ "tap:sixteen-letters-", "tap:sixteen-letters-: want tap:IF, a name of at most 15 letters" },
		{ "bridge:br0,hostfwd=tcp::1-:1", "unknown option hostfwd=tcp::1-:1: want mac or model" },
		{ "user,hostfwd=udp::53-:53", "hostfwd=udp::53-:53: want tcp:[ADDR]:PORT-:PORT, only tcp is forwarded" },
		{ "user,hostfwd=tcp:80-:80", "hostfwd=tcp:80-:80: want tcp:[ADDR]:PORT-:PORT" },
		{ "user,hostfwd=tcp::80", "hostfwd=tcp::80: want tcp:[ADDR]:PORT-:PORT" },
		{ "user,hostfwd=tcp:-", "hostfwd=tcp:-: want tcp:[ADDR]:PORT-:PORT" },
		{ "user,hostfwd=tcp:localhost:80-:80", "hostfwd=tcp:localhost:80-:80: localhost: want an address in numbers, IPv6 in brackets" },
		{ "user,hostfwd=tcp:::1:80-:80", "hostfwd=tcp:::1:80-:80: ::1: want an address in numbers, IPv6 in brackets" },
		{ "user,hostfwd=tcp:[1.2.3.4]:80-:80", "hostfwd=tcp:[1.2.3.4]:80-:80: [1.2.3.4]: want an address in numbers, IPv6 in brackets" },
		{ "user,hostfwd=tcp::0-:80", "hostfwd=tcp::0-:80: 0: want a port, 1 to 65535" },
		{ "user,hostfwd=tcp::65536-:80", "hostfwd=tcp::65536-:80: 65536: want a port, 1 to 65535" },
		{ "user,hostfwd=tcp::80-80", "hostfwd=tcp::80-80: -80: want -:PORT, the guest's port, 1 to 65535" },
		{ "user,hostfwd=tcp::80-:80x", "hostfwd=tcp::80-:80x: -:80x: want -:PORT, the guest's port, 1 to 65535" },
		{ "user,mac=52:54:00:12:34", "mac=52:54:00:12:34: want six pairs of hex digits, as 52:54:00:12:34:56" },
		{ "user,mac=52:54:00:12:34:567", "mac=52:54:00:12:34:567: want six pairs of hex digits, as 52:54:00:12:34:56" },
		{ "user,mac=53:54:00:12:34:56", "mac=53:54:00:12:34:56: not the address of one card (the second digit must be even)" },
		{ "user,model=a b", "model=a b: want a QEMU device's name, as virtio-net-pci" },
		{ "user,hostfw=x", "hostfw=x: unknown option, nearest is hostfwd" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		nic_is(cases[i][0], cases[i][1]);
}

static void test_many_forwards(void)
{
	struct spec_nic n;
	struct buf b = { 0 };

	buf_str(&b, "user");
	for (int i = 1; i <= SPEC_FORWARD_MAX; i++)
		buf_fmt(&b, ",hostfwd=tcp::%d-:%d", 1000 + i, i);
	CHECK(spec_nic(&n, b.s, &e) == 0 && n.forwards == SPEC_FORWARD_MAX);
	buf_str(&b, ",hostfwd=tcp::2000-:1");
	CHECK(spec_nic(&n, b.s, &e) < 0);
	CHECK_TEXT(e.text, "hostfwd=: more than 32");
	buf_free(&b);
}

static void test_display(void)
{
	static const char *const cases[][2] = {
		{ "vnc", "1 0" }, { "vnc:5901", "1 5901" }, { "none", "0 0" }, { "", ": want vnc, vnc:PORT or none" },
		{ "sdl", "sdl: want vnc, vnc:PORT or none" }, { "vnc:", "vnc:: want vnc:PORT, 1 to 65535" },
		{ "vnc:70000", "vnc:70000: want vnc:PORT, 1 to 65535" }, { "vnc:1", "vnc:1: a TCP port, not a display: vnc:5901?" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		display_is(cases[i][0], cases[i][1]);
}

static void test_long(void)
{
	size_t n = 1 << 20;
	char *s = malloc(n + 1);
	struct spec_disk d;
	struct spec_nic nic;

	memset(s, 'x', n);
	s[n] = '\0';
	CHECK(spec_disk(&d, s, &e) == 0 && strlen(d.file) == n);
	spec_disk_free(&d);
	memcpy(s, "user,hostfwd=tcp:", 17);
	s[n - 9] = '-';
	CHECK(spec_nic(&nic, s, &e) < 0);
	memset(s, ',', n);
	CHECK(spec_disk(&d, s, &e) == 0 && strlen(d.file) == n / 2);
	spec_disk_free(&d);
	free(s);
}

int main(void)
{
	test_disk();
	test_nic();
	test_many_forwards();
	test_display();
	test_long();
	return unit_failed;
}
