/* SPDX-License-Identifier: 0BSD */
#include "owner.h"

#include "scratch.h"
#include "tap.h"
#include "unit.h"

static int code;
static struct buf errors;
static struct err e;

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
	CHECK(stat(scratch_path("web/d.img"), &st) == 0 && owner_of_file(&h, "db", &st, what, sizeof(what)) == 1);
	CHECK_TEXT(what, "DISK1 of web");
	CHECK(owner_of_file(&h, "web", &st, what, sizeof(what)) == 0); /* its own */
	CHECK(stat(scratch_path("web/web-qemu.rc"), &st) == 0 && owner_of_file(&h, "db", &st, what, sizeof(what)) == 1);
	CHECK_TEXT(what, "the configuration of web");
	CHECK(stat(scratch, &st) == 0 && owner_of_file(&h, "db", &st, what, sizeof(what)) == 0);
	host_free(&h);
}

static void test_mac(void)
{
	struct host h;
	char what[64], id[TAP_HOST], mac[TAP_MAC];

	scratch_write("web/web-qemu.rc", "NIC1=user,mac=52:54:00:00:00:01\nNIC2=bridge:br0\nNIC3=tap:t0,mac=52:54:00:00:00:03\nRAMM=1\n");
	CHECK(host_load(&h, &errors, &code, &e) == 0 && h.reg.n == 1);
	CHECK(owner_of_mac(&h, "db", "52:54:00:00:00:01", what, sizeof(what)) == 0); /* on no network but its own */
	CHECK(owner_of_mac(&h, "db", "52:54:00:00:00:03", what, sizeof(what)) == 1);
	CHECK_TEXT(what, "NIC3 of web");
	tap_host(id);
	tap_mac(mac, id, "web", 2);
	CHECK(owner_of_mac(&h, "db", mac, what, sizeof(what)) == 1);
	CHECK_TEXT(what, "NIC2 of web");
	CHECK(owner_of_mac(&h, "web", mac, what, sizeof(what)) == 0);
	host_free(&h);
}

/* Read once: what is written later is not seen until it is read anew. */
static void test_read(void)
{
	struct owners all = { 0 };
	struct host h;
	char what[64];

	CHECK(host_load(&h, &errors, &code, &e) == 0);
	owner_read(&all, &h);
	scratch_write("web/web-qemu.rc", "NIC1=tap:t0,mac=52:54:00:00:00:04\n");
	CHECK(owner_of_mac(&h, "db", "52:54:00:00:00:03", what, sizeof(what)) == 1);
	CHECK(owner_of_mac(&h, "web", "52:54:00:00:00:03", what, sizeof(what)) == 0);
	h.owners = NULL;
	CHECK(owner_of_mac(&h, "db", "52:54:00:00:00:04", what, sizeof(what)) == 1);
	owner_free(&all);
	CHECK(all.n == 0 && !all.list);
	host_free(&h);
}

int main(void)
{
	close(scratch_begin());
	setenv("QEMU_INIT_ETC", scratch, 1);
	setenv("QEMU_INIT_RUN", scratch_path("run"), 1);
	test_taken();
	test_mac();
	test_read();
	buf_free(&errors);
	return unit_failed;
}
