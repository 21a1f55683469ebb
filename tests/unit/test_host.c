/* SPDX-License-Identifier: 0BSD */
#include "host.h"

#include "scratch.h"
#include "tap.h"
#include "unit.h"

#include <sys/stat.h>

static int code;
static struct buf errors;
static struct err e;

static void test_empty(void)
{
	struct host h;

	CHECK(host_load(&h, &errors, &code, &e) == 0 && code == DONE && !errors.n && h.reg.n == 0);
	CHECK(h.site.monport == 30320);
	host_free(&h);
}

static void test_taken(void)
{
	struct host h;
	struct stat st;
	char what[64], line[300];

	CHECK(mkdir(scratch_path("web"), 0755) == 0);
	scratch_write("web/d.img", "x");
	scratch_write("web/web-qemu.rc", "DISK1=d.img\n");
	snprintf(line, sizeof(line), "web %s\n", scratch_path("web"));
	scratch_write("registered", line);
	CHECK(host_load(&h, &errors, &code, &e) == 0 && code == DONE && h.reg.n == 1);
	CHECK(stat(scratch_path("web/d.img"), &st) == 0 && host_file_taken(&h, "db", &st, what, sizeof(what)) == 1);
	CHECK_TEXT(what, "DISK1 of web");
	CHECK(host_file_taken(&h, "web", &st, what, sizeof(what)) == 0); /* its own */
	CHECK(stat(scratch_path("web/web-qemu.rc"), &st) == 0 && host_file_taken(&h, "db", &st, what, sizeof(what)) == 1);
	CHECK_TEXT(what, "the configuration of web");
	CHECK(stat(scratch, &st) == 0 && host_file_taken(&h, "db", &st, what, sizeof(what)) == 0);
	host_free(&h);
}

static void test_mac(void)
{
	struct host h;
	char what[64], id[TAP_HOST], mac[TAP_MAC];

	scratch_write("web/web-qemu.rc", "NIC1=user,mac=52:54:00:00:00:01\nNIC2=bridge:br0\nNIC3=tap:t0,mac=52:54:00:00:00:03\nRAMM=1\n");
	CHECK(host_load(&h, &errors, &code, &e) == 0 && h.reg.n == 1);
	CHECK(host_mac_taken(&h, "db", "52:54:00:00:00:01", what, sizeof(what)) == 0); /* on no network but its own */
	CHECK(host_mac_taken(&h, "db", "52:54:00:00:00:03", what, sizeof(what)) == 1);
	CHECK_TEXT(what, "NIC3 of web");
	tap_host(id);
	tap_mac(mac, id, "web", 2);
	CHECK(host_mac_taken(&h, "db", mac, what, sizeof(what)) == 1);
	CHECK_TEXT(what, "NIC2 of web");
	CHECK(host_mac_taken(&h, "web", mac, what, sizeof(what)) == 0);
	host_free(&h);
}

static void test_broken(void)
{
	struct host h;

	scratch_write("registered", "web\n");
	CHECK(host_load(&h, &errors, &code, &e) == 0 && code == NOT_CONFIGURED && errors.n);
	host_free(&h);
	setenv("QEMU_INIT_ETC", "relative", 1);
	CHECK(host_load(&h, &errors, &code, &e) == -1 && e.code == NOT_CONFIGURED);
}

int main(void)
{
	close(scratch_begin());
	setenv("QEMU_INIT_ETC", scratch, 1);
	setenv("QEMU_INIT_RUN", scratch_path("run"), 1);
	test_empty();
	test_taken();
	test_mac();
	test_broken();
	buf_free(&errors);
	return unit_failed;
}
