/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "arch.h"
#include "scratch.h"

static void arch_is(const char *target, const char *machine, const char *cpu)
{
	struct arch a = arch_of(target);

	CHECK_TEXT(a.machine, machine);
	CHECK_TEXT(a.cpu, cpu);
}

static void test_table(void)
{
	arch_is("qemu-system-x86_64", "pc", "max");
	arch_is("qemu-system-aarch64", "virt", "max");
	arch_is("qemu-system-arm", "virt", "");
	arch_is("qemu-system-riscv64", "virt", "");
	arch_is("s390x", "s390-ccw-virtio", "");
	arch_is("qemu-system-xtensa", "", ""); /* QEMU's own defaults */
	CHECK_TEXT(arch_of("qemu-system-xtensa").suffix, "xtensa");
	CHECK_TEXT(arch_of("qemu-system-x86_64").suffix, "x86_64");
}

static void test_host(void)
{
	char target[64];

	arch_host(target, sizeof(target));
	CHECK(strncmp(target, "qemu-system-", 12) == 0 && *arch_of(target).machine);
	CHECK(arch_kvm("qemu-system-xtensa") == 0);
}

static void find(const char *path, const char *want)
{
	char found[256] = "";

	CHECK(setenv("PATH", path, 1) == 0);
	CHECK((arch_find("prog", found, sizeof(found)) == 0) == (*want != '\0'));
	if (*want)
		CHECK_TEXT(found, want);
}

static void test_find(void)
{
	char path[512], want[256], found[8];

	mkdir(scratch_path("a"), 0755);
	mkdir(scratch_path("b"), 0755);
	mkdir(scratch_path("b/x"), 0755);
	scratch_write("a/prog", "not executable");
	scratch_write("b/prog", "");
	chmod(scratch_path("b/prog"), 0755);
	snprintf(want, sizeof(want), "%s/b/prog", scratch);
	snprintf(path, sizeof(path), "/none::%s/a:%s/b", scratch, scratch);
	find(path, want);
	snprintf(path, sizeof(path), "%s/b:", scratch);
	find(path, want);
	CHECK(chdir(scratch_path("b")) == 0);
	find(":.:", ""); /* never from where one just stands */
	find("../b", "");
	mkdir(scratch_path("a/dir"), 0755);
	unlink(scratch_path("a/prog"));
	mkdir(scratch_path("a/prog"), 0755);
	snprintf(path, sizeof(path), "%s/a", scratch);
	find(path, ""); /* a folder is no program */
	CHECK(chdir("/") == 0);
	find("", "");
	snprintf(path, sizeof(path), "%s/b", scratch);
	setenv("PATH", path, 1);
	CHECK(arch_find("prog", found, sizeof(found)) == -1); /* does not fit */
	unsetenv("PATH");
	CHECK(arch_find("sh", want, sizeof(want)) == 0); /* the usual places */
}

static void qemu_is(const char *want)
{
	char found[512];

	CHECK(arch_qemu("prog", found, sizeof(found)) == 0);
	CHECK_TEXT(found, scratch_path(want));
}

static void test_wrapper(void)
{
	mkdir(scratch_path("usr"), 0755);
	mkdir(scratch_path("usr/bin"), 0755);
	mkdir(scratch_path("usr/libexec"), 0755);
	mkdir(scratch_path("mine"), 0755);
	setenv("PATH", scratch_path("usr/bin"), 1);
	scratch_write("usr/bin/prog", "#! /bin/sh\n");
	chmod(scratch_path("usr/bin/prog"), 0755);
	qemu_is("usr/bin/prog");
	scratch_write("usr/libexec/prog", "#! /bin/sh\n");
	chmod(scratch_path("usr/libexec/prog"), 0755);
	qemu_is("usr/bin/prog"); /* another script */
	scratch_write("usr/libexec/prog", "\177ELF\2");
	qemu_is("usr/libexec/prog");
	CHECK(symlink("../usr/bin/prog", scratch_path("mine/prog")) == 0);
	setenv("PATH", scratch_path("mine"), 1);
	qemu_is("usr/libexec/prog");
	chmod(scratch_path("usr/libexec/prog"), 0644);
	qemu_is("mine/prog");
	chmod(scratch_path("usr/libexec/prog"), 0755);
	scratch_write("usr/bin/prog", "\177ELF\2"); /* it is a program itself */
	qemu_is("mine/prog");
}

int main(void)
{
	close(scratch_begin());
	test_table();
	test_host();
	test_find();
	test_wrapper();
	return unit_failed;
}
