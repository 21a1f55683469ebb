/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "check.h"
#include "own_host.h"

static struct host h;

/* The findings of a VM with this rc-file: failures, then notes, with what stands before the key cut off. */
static void finds(const char *rc, const char *fails, const char *notes)
{
	struct target t = { .operand = scratch_path("vm/web/web-qemu.rc") };
	struct buf f = { 0 }, n = { 0 };

	scratch_write("vm/web/web-qemu.rc", rc);
	check_vm(&t, &h, &f, &n);
	CHECK(*fails ? strstr(buf_text(&f), fails) != NULL : !f.n);
	CHECK(*notes ? strstr(buf_text(&n), notes) != NULL : !n.n);
	if (unit_failed)
		fprintf(stderr, "%s%s%s", rc, buf_text(&f), buf_text(&n));
	target_free(&t);
	buf_free(&f);
	buf_free(&n);
}

int main(void)
{
	own_host_begin(&h, "#!/bin/sh\n");
	mkdir(scratch_path("vm/web"), 0755);
	own_host_register(&h, "db", "DISK1=../a.img\n");
	scratch_write("vm/a.img", "x");
	finds("", "", "");
	finds("RAM=x\n", ":1: RAM: x", "");
	finds("KERNEL=none\n", ":1: KERNEL: ", "");
	finds("DISK1=none\n", ":1: DISK1: ", "");
	finds("DISK1=../a.img\n", "", ":1: DISK1: ");
	finds("DISK1=../a.img,snapshot\n", "", "");
	finds("SANDBOX=no\n", "", ":1: SANDBOX: ");
	host_free(&h);
	return unit_failed;
}
