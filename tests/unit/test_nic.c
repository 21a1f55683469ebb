/* SPDX-License-Identifier: 0BSD */
#include "nic.h"

#include "scratch.h"
#include "unit.h"

static struct err e;

/* The cards of an rc-file web-qemu.rc with these lines. */
static int read_rc(const char *lines, struct conf *c, struct nics *all)
{
	struct buf errors = { 0 };
	const struct conf_from from = { .file = scratch_path("web-qemu.rc") };

	scratch_write("web-qemu.rc", lines);
	CHECK(conf_load(c, &from, &errors, &errors) == 0);
	buf_free(&errors);
	return nics_read(all, c, "host", &e);
}

static void test_read(void)
{
	struct nics all;
	struct conf c;
	char mac[TAP_MAC];

	CHECK(read_rc("NIC1=none\nNIC2=user\nNIC3=bridge:br0\nNIC4=tap:vm7,mac=52:54:00:AB:00:01\nNIC5=user,mac=52:54:00:ab:00:01\n",
		      &c, &all) == 0 && all.n == 4);
	CHECK(!nic_is_bridged(&all.list[0]) && !*all.list[0].mac && !*all.list[0].name); /* QEMU's */
	tap_mac(mac, "host", "web", 3);
	CHECK_TEXT(all.list[1].mac, mac);
	CHECK_TEXT(all.list[1].name, "web-3");
	CHECK_TEXT(all.list[2].mac, "52:54:00:ab:00:01");
	CHECK_TEXT(all.list[2].name, "vm7");
	CHECK(all.list[2].fd == -1 && all.list[2].vhost == -1);
	CHECK(nics_mac(&all, 4, "52:54:00:ab:00:01") == &all.list[2] && !nics_mac(&all, 2, "52:54:00:ab:00:01"));
	CHECK(!nics_mac(&all, 4, "52:54:00:ab:00:02") && nics_bridged(&c));
	nics_free(&all);
	conf_free(&c);
}

static void test_none(void)
{
	struct nics all;
	struct conf c;

	CHECK(read_rc("NIC1=user\nNIC2=none\n", &c, &all) == 0 && all.n == 1 && !nics_bridged(&c));
	CHECK(nics_open(&all, "web", &e) == 0 && all.list[0].fd == -1);
	nics_free(&all);
	conf_free(&c);
}

static void test_refused(void)
{
	struct nics all;
	struct conf c;

	CHECK(read_rc("# one\nNIC1=tap:no-such-tap\n", &c, &all) == 0 && nics_open(&all, "web", &e) < 0);
	CHECK(strstr(e.text, "web-qemu.rc:2: NIC1: no-such-tap: no such interface; root makes it: ip tuntap add"));
	nics_free(&all);
	conf_free(&c);
}

static void test_load(void)
{
	char host[TAP_HOST], mac[TAP_MAC];
	struct nics all, own;
	struct conf c;

	CHECK(read_rc("NIC1=bridge:br0\n", &c, &all) == 0);
	tap_host(host);
	tap_mac(mac, host, c.name, 1);
	CHECK(nics_load(&own, &c, &e) == 0 && own.n == 1);
	CHECK_TEXT(own.list[0].mac, mac);
	nics_free(&own);
	nics_free(&all);
	conf_free(&c);
}

int main(void)
{
	close(scratch_begin());
	test_read();
	test_none();
	test_refused();
	test_load();
	return unit_failed;
}
