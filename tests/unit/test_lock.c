/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "lock.h"
#include "scratch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

static struct err e;
static int dir;

/* A child that does `hold`, says so, and lives until it is killed. Its pid; *said is what hold returned. */
static pid_t holder(int (*hold)(void), int *said)
{
	int p[2];

	CHECK(pipe2(p, O_CLOEXEC) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		int got = hold();
		if (write(p[1], &got, sizeof(got)) == sizeof(got))
			pause();
		_exit(1);
	}
	close(p[1]);
	CHECK(read(p[0], said, sizeof(*said)) == sizeof(*said));
	close(p[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static struct lock_seen look(void)
{
	struct lock_seen seen;
	int fd = lock_open(dir, 0);

	CHECK(fd >= 0 && lock_look(fd, &seen) == 0);
	close(fd);
	return seen;
}

static int is_free(void)
{
	struct lock_seen seen = look();

	return !seen.qemu && !seen.keeper && seen.pid == 0;
}

static void test_open(void)
{
	struct stat st;
	struct lock_seen seen;
	int fd;

	CHECK(lock_open(dir, 0) == -1 && errno == ENOENT);
	CHECK((fd = lock_open(dir, 1)) >= 0 && fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CHECK(fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0600 && lock_same(fd, dir));
	CHECK(is_free() && lock_look(fd, &seen) == 0 && lock_look(-1, &seen) == -1);
	/* a file of the same name is not the same file */
	CHECK(unlink(scratch_path("lock")) == 0 && !lock_same(fd, dir));
	close(fd);
	CHECK((fd = lock_open(dir, 1)) >= 0 && lock_same(fd, dir));
	CHECK(rename(scratch_path("lock"), scratch_path("old")) == 0 && symlink("old", scratch_path("lock")) == 0);
	CHECK(lock_open(dir, 1) == -1 && errno == ELOOP && !lock_same(fd, dir));
	close(fd);
	CHECK(rename(scratch_path("old"), scratch_path("lock")) == 0);
}

static void test_keeper(void)
{
	int a = lock_open(dir, 1), b = lock_open(dir, 1), r = lock_open(dir, 0);

	CHECK(lock_take(a, LOCK_KEEPER) == 1 && lock_take(a, LOCK_KEEPER) == 1 && lock_take(b, LOCK_KEEPER) == 0);
	CHECK(lock_take(r, LOCK_KEEPER) == -1 && errno == EBADF); /* a reader cannot */
	struct lock_seen seen = look();
	CHECK(seen.keeper && !seen.qemu && seen.pid == 0);
	CHECK(lock_take(b, LOCK_QEMU) == 1 && look().qemu && look().pid == 0); /* the bytes are apart; an OFD lock names nobody */
	close(b);
	close(r); /* closing others' descriptors does not drop it: it is this open file's */
	CHECK(look().keeper && !look().qemu);

	/* who inherits it is the keeper, too */
	int status;
	pid_t pid = fork();
	if (pid == 0)
		_exit(lock_take(a, LOCK_KEEPER) == 1 && look().keeper ? 0 : 1);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0 && look().keeper);
	close(a);
	CHECK(is_free());
}

static int as_qemu(void)
{
	return lock_child(scratch_path("lock"), &e);
}

static int as_qemu_that_lost_it(void)
{
	int fd = as_qemu();

	close(lock_open(dir, 0)); /* any descriptor of the file drops a process's POSIX locks */
	return fd;
}

static int as_mover(void)
{
	struct flock l = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = LOCK_KEEPER, .l_len = 1 };
	int fd = as_qemu();

	return fcntl(fd, F_SETLK, &l) < 0 ? -1 : fd;
}

static void test_qemu(void)
{
	int fd;
	pid_t pid = holder(as_qemu, &fd);

	CHECK(fd >= 0);
	struct lock_seen seen = look();
	CHECK(seen.qemu && seen.pid == pid && !seen.keeper); /* its pid is the kernel's word */
	/* a second QEMU is refused, with who is in its way */
	char who[32];
	CHECK(lock_child(scratch_path("lock"), &e) == -1);
	snprintf(who, sizeof(who), "lives (pid %ld)", (long)pid);
	CHECK(strstr(e.text, who) != NULL);
	/* and nobody takes the byte for writing, while the keeper's is free */
	int a = lock_open(dir, 1);
	CHECK(lock_take(a, LOCK_QEMU) == 0 && lock_take(a, LOCK_KEEPER) == 1);
	CHECK(look().qemu && look().keeper);
	close(a);
	CHECK(look().qemu && look().pid == pid);
	end(pid);
	CHECK(is_free());
}

static void test_traps(void)
{
	int fd;
	pid_t pid = holder(as_qemu_that_lost_it, &fd);

	CHECK(fd >= 0 && is_free());
	end(pid);
	/* a QEMU that takes the keeper's byte is no keeper */
	pid = holder(as_mover, &fd);
	CHECK(fd >= 0 && look().qemu && look().pid == pid && !look().keeper);
	end(pid);
	/* it cannot write: the descriptor that it has is read-only and open across exec */
	fd = lock_child(scratch_path("lock"), &e);
	CHECK(fd >= 0 && !(fcntl(fd, F_GETFD) & FD_CLOEXEC) && write(fd, "x", 1) == -1);
	close(fd);
	CHECK(lock_child(scratch_path("none"), &e) == -1);
	CHECK(strstr(e.text, "/none: no such file") != NULL);
}

/* The lock lives on through exec. */
static void test_exec(void)
{
	int p[2];

	CHECK(pipe(p) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		lock_child(scratch_path("lock"), &e);
		dup2(p[1], 1);
		close(p[0]);
		close(p[1]);
		execl("/bin/sh", "sh", "-c", "echo; exec sleep 60", (char *)NULL);
		_exit(1);
	}
	char byte;
	close(p[1]);
	CHECK(read(p[0], &byte, 1) == 1 && look().qemu && look().pid == pid);
	close(p[0]);
	end(pid);
	CHECK(is_free());
}

int main(void)
{
	dir = scratch_begin();
	test_open();
	test_keeper();
	test_qemu();
	test_traps();
	test_exec();
	close(dir);
	return unit_failed;
}
