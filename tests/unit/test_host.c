/* SPDX-License-Identifier: 0BSD */
#include "host.h"

#include "scratch.h"
#include "unit.h"

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
	test_broken();
	buf_free(&errors);
	return unit_failed;
}
