/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "arch.h"
#include "check.h"
#include "own_host.h"

static struct host h;
static struct check c = { .host = &h };

/* The findings of a VM with this rc-file: failures, then notes, with what stands before the key cut off. */
static void finds(const char *rc, const char *fails, const char *notes)
{
	struct target t = { .operand = scratch_path("vm/web/web-qemu.rc") };
	struct buf f = { 0 }, n = { 0 };

	scratch_write("vm/web/web-qemu.rc", rc);
	check_vm(&c, &t, &f, &n);
	CHECK(*fails ? strstr(buf_text(&f), fails) != NULL : !f.n);
	CHECK(*notes ? strstr(buf_text(&n), notes) != NULL : !n.n);
	if (unit_failed)
		fprintf(stderr, "%s%s%s", rc, buf_text(&f), buf_text(&n));
	target_free(&t);
	buf_free(&f);
	buf_free(&n);
}

/* A QEMU that counts how often it is started. */
static void make_qemu(const char *qemu)
{
	char script[1024];

	snprintf(script, sizeof(script), "#!/bin/sh\nprintf x >>%s\nexec %s \"$@\"\n", scratch_path("asked"), qemu);
	scratch_write("bin/qemu-system-x86_64", script);
	scratch_write("asked", "");
	chmod(scratch_path("asked"), 0666);
}

int main(void)
{
	char qemu[256];

	if (arch_find("qemu-system-x86_64", qemu, sizeof(qemu)) < 0)
		return 1;
	own_host_begin(&h, "");
	make_qemu(qemu);
	mkdir(scratch_path("vm/web"), 0755);
	own_host_register(&h, "db", "DISK1=../a.img\n");
	scratch_write("vm/a.img", "x");
	finds("", "", "");
	finds("RAM=x\n", ":1: RAM: x", "");
	finds("KERNEL=none\n", ":1: KERNEL: ", "");
	finds("DISK1=none\n", ":1: DISK1: ", "");
	finds("DISK1=../a.img\n", "", ":1: DISK1: ");
	finds("DISK1=../a.img,snapshot\n", "", "");
	finds("MACHINE=pcc\n", ":1: MACHINE: pcc: ", "");
	finds("ARG1=-device e1001\n", ":1: ARG1: e1001: ", "");
	finds("PRECMD=no-such-program -x\n", ":1: PRECMD: no-such-program: ", "");
	finds("PRECMD=no-such-program || true\n", "", ":1: PRECMD: no-such-program: ");
	finds("POSTCMD=no-such-program -x\n", "", ":1: POSTCMD: no-such-program: ");
	CHECK_TEXT(scratch_read("asked"), "x"); /* once for all of them */
	finds("SANDBOX=no\n", "", ":1: SANDBOX: ");
	CHECK_TEXT(scratch_read("asked"), "xx");
	check_free(&c);
	c = (struct check){ .host = &h };
	scratch_write("bin/qemu-system-x86_64", "#!/bin/sh\necho 'libx.so.1: not found' >&2\n");
	finds("", "install it anew: " , "");
	finds("", "libx.so.1: not found\n", "");
	check_free(&c);
	host_free(&h);
	return unit_failed;
}
