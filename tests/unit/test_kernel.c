/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "cage.h"
#include "diag.h"
#include "kernel.h"
#include "spawn.h"

static void landlock(int abi, const char *want)
{
	struct buf b = { 0 };

	kernel_landlock(&b, abi);
	CHECK_TEXT(buf_text(&b), want);
	buf_free(&b);
}

int main(void)
{
	struct buf none = { 0 }, all = { 0 };

	landlock(0, "no Landlock: only its uid keeps QEMU from the host's files (Linux 5.13, with `landlock` among lsm=)\n");
	landlock(1, "Landlock of ABI 1 does not keep QEMU from TCP ports, signals and abstract sockets (Linux 6.12 does)\n");
	landlock(3, "Landlock of ABI 3 does not keep QEMU from TCP ports, signals and abstract sockets (Linux 6.12 does)\n");
	landlock(4, "Landlock of ABI 4 does not keep QEMU from signals and abstract sockets (Linux 6.12 does)\n");
	landlock(6, "");
	landlock(99, "");
	kernel_landlock(&none, cage_abi());
	kernel_lacks(&all, 1, 1);
	/* each line is there when, and only when, the thing is not */
	CHECK(!none.n || strstr(buf_text(&all), none.s));
	CHECK(spawn_may_leave() == !strstr(buf_text(&all), "no namespaces"));
	CHECK(diag_kernel() == !strstr(buf_text(&all), "no sock_diag"));
	buf_free(&none);
	buf_free(&all);
	return unit_failed;
}
