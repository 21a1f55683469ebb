/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "scratch.h"
#include "sock.h"
#include "vm.h"

#include <errno.h>
#include <grp.h>
#include <sys/wait.h>

static struct err e;
static struct place place;

static int mode(const char *name)
{
	struct stat st;

	return stat(scratch_path(name), &st) == 0 ? (int)(st.st_mode & 07777) : -1;
}

static void test_look(void)
{
	struct vm vm;
	char path[SOCK_PATH_MAX + 1];

	CHECK(vm_look(&vm, &place, "web", &e) == 0 && vm.dir == -1 && vm.lock == -1);
	CHECK_TEXT(vm.name, "web");
	CHECK_TEXT(vm.path, scratch_path("run/web"));
	vm_file(&vm, "private/keeper.sock", path);
	CHECK_TEXT(path, scratch_path("run/web/private/keeper.sock"));
	vm_close(&vm);
	CHECK(access(scratch_path("run"), F_OK) < 0); /* looking makes nothing */
	CHECK(mkdir(scratch_path("run"), 0700) == 0 && vm_look(&vm, &place, "web", &e) == 0);
	CHECK(mkdir(scratch_path("run/web"), 0700) == 0 && vm_look(&vm, &place, "web", &e) == 0 && vm.dir >= 0 && vm.lock == -1);
	vm_close(&vm);
	vm_close(&vm);
	CHECK(access(scratch_path("run/web/lock"), F_OK) < 0 && rmdir(scratch_path("run/web")) == 0 && rmdir(scratch_path("run")) == 0);
}

static void test_keep(void)
{
	struct vm a, b, c;
	struct lock_seen seen;

	umask(0);
	CHECK(vm_keep(&a, &place, "web", &e) == 1 && a.dir >= 0 && a.lock >= 0);
	CHECK(umask(022) == 0 && mode("run") == (place.root ? 0755 : 0700) && mode("run/web") == (place.root ? 0750 : 0700));
	CHECK(mode("run/web/lock") == 0600);
	CHECK(vm_keep(&b, &place, "web", &e) == 0);
	vm_close(&b);
	CHECK(vm_look(&c, &place, "web", &e) == 1 && lock_look(c.lock, &seen) == 0 && seen.keeper && !seen.qemu);
	vm_close(&c);
	CHECK(vm_keep(&b, &place, "db", &e) == 1); /* another VM is another matter */
	vm_erase(&b);
	CHECK(mode("run/db") == -1);
	vm_close(&b);
	vm_close(&a);
	CHECK(vm_keep(&a, &place, "web", &e) == 1); /* the directory was there */
	vm_erase(&a);
	vm_close(&a);
	CHECK(mode("run/web") == -1 && mode("run") != -1);
}

static void test_erase(void)
{
	struct vm a;

	CHECK(vm_keep(&a, &place, "web", &e) == 1);
	scratch_write("run/web/state", "x");
	scratch_write("run/web/exit", "x");
	scratch_write("run/web/qemu.log", "x");
	scratch_write("run/web/serial.log.1", "x");
	scratch_write("run/web/notes", "the user's");
	vm_erase(&a);
	CHECK(mode("run/web/state") == -1 && mode("run/web/lock") == -1 && mode("run/web/serial.log.1") == -1);
	CHECK_TEXT(scratch_read("run/web/notes"), "the user's");
	vm_close(&a);
	CHECK(unlink(scratch_path("run/web/notes")) == 0 && rmdir(scratch_path("run/web")) == 0);

	/* not under a QEMU that lives: its byte is held by somebody else */
	CHECK(vm_keep(&a, &place, "web", &e) == 1);
	int other = lock_open(a.dir, 1);
	CHECK(lock_take(other, LOCK_QEMU) == 1);
	vm_erase(&a);
	CHECK(mode("run/web/lock") == 0600);
	close(other);
	vm_erase(&a);
	CHECK(mode("run/web") == -1);
	vm_close(&a);
}

/* Unreadable and unsafe is not "not running". */
static void test_unsafe(void)
{
	struct vm vm;

	CHECK(vm_keep(&vm, &place, "web", &e) == 1);
	vm_close(&vm);
	CHECK(chmod(scratch_path("run/web"), 0777) == 0);
	errno = ENOENT;
	CHECK(vm_look(&vm, &place, "web", &e) == -1 && e.code == NO_RIGHT);
	vm_close(&vm);
	errno = ENOENT;
	CHECK(vm_keep(&vm, &place, "web", &e) == -1 && e.code == NO_RIGHT);
	vm_close(&vm);
	CHECK(chmod(scratch_path("run/web"), 0700) == 0 && chmod(scratch_path("run"), 0777) == 0);
	errno = ENOENT; /* left by something before */
	CHECK(vm_look(&vm, &place, "web", &e) == -1 && e.code == NO_RIGHT);
	vm_close(&vm);
	errno = ENOENT;
	CHECK(vm_keep(&vm, &place, "web", &e) == -1 && e.code == NO_RIGHT);
	vm_close(&vm);
	CHECK(chmod(scratch_path("run"), 0755) == 0);

	CHECK(rename(scratch_path("run/web"), scratch_path("run/old")) == 0 && symlink("old", scratch_path("run/web")) == 0);
	CHECK(vm_look(&vm, &place, "web", &e) == -1);
	vm_close(&vm);
	CHECK(unlink(scratch_path("run/web")) == 0);
	scratch_write("run/web", "a file");
	CHECK(vm_look(&vm, &place, "web", &e) == -1 && vm_keep(&vm, &place, "web", &e) == -1);
	vm_close(&vm);
	CHECK(unlink(scratch_path("run/web")) == 0);
}

/* A member of the VM's group: sees by who answers, opens no lock, becomes no keeper. */
static int member(void)
{
	struct vm vm;
	struct lock_seen seen;

	if (setgroups(0, NULL) < 0 || setresgid(4321, 4321, 4321) < 0 || setresuid(4322, 4322, 4322) < 0)
		return 1;
	place.root = 0;
	if (vm_look(&vm, &place, "shared", &e) != 1 || vm.dir < 0 || vm.lock >= 0 || vm_seen(&vm, &seen) < 0)
		return 2;
	if (!seen.keeper || seen.qemu || seen.pid)
		return 3;
	vm_close(&vm);
	if (vm_keep(&vm, &place, "shared", &e) != -1 || e.code != NO_RIGHT)
		return 4;
	vm_close(&vm);
	/* another's group */
	return vm_look(&vm, &place, "other", &e) == -1 && e.code == NO_RIGHT ? 0 : 5;
}

static void test_member(void)
{
	struct vm vm;
	int status, fd;

	if (!place.root)
		return;
	CHECK(vm_keep(&vm, &place, "other", &e) == 1);
	vm_erase(&vm);
	vm_close(&vm);
	CHECK(mkdir(scratch_path("run/other"), 0750) == 0);
	CHECK(vm_keep(&vm, &place, "shared", &e) == 1);
	CHECK(fchown(vm.dir, -1, 4321) == 0 && fchmod(vm.dir, 02750) == 0);
	CHECK((fd = sock_listen_unix(scratch_path("run/shared/keep.sock"), 0660, 8, &e)) >= 0);
	pid_t pid = fork();
	if (pid == 0)
		_exit(member());
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	close(fd);
	unlink(scratch_path("run/shared/keep.sock"));
	vm_erase(&vm);
	vm_close(&vm);
	CHECK(rmdir(scratch_path("run/other")) == 0);
}

static void test_names(void)
{
	struct vm vm;
	char name[60];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	CHECK(vm_look(&vm, &place, name, &e) == -1 && e.code == NOT_CONFIGURED);
	vm_close(&vm);
	memset(place.run + strlen(place.run), 'r', 48);
	CHECK(vm_keep(&vm, &place, "abcdefghijklmnopqrst", &e) == -1 && e.code == NOT_CONFIGURED);
	vm_close(&vm);
}

int main(void)
{
	close(scratch_begin());
	chmod(scratch, 0755);
	snprintf(place.run, sizeof(place.run), "%s/run", scratch);
	place.root = geteuid() == 0;
	test_look();
	test_keep();
	test_erase();
	test_unsafe();
	test_member();
	test_names();
	return unit_failed;
}
