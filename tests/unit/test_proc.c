/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "clock.h"
#include "fd.h"
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_uids(void)
{
	CHECK(proc_uid_alive(getuid()) == 1);
	CHECK(proc_uid_alive(1879100000) == 0);
}

static void test_status(void)
{
	static const char runs[] = "Name:\tsh\nState:\tS (sleeping)\nUid:\t1000\t0\t0\t0\nThreads:\t1\n";
	static const char ended[] = "Name:\tsh\nState:\tZ (zombie)\nUid:\t1000\t0\t0\t0\nThreads:\t1\n";
	static const char led[] = "Name:\tsh\nState:\tZ (zombie)\nUid:\t1000\t0\t0\t0\nThreads:\t2\n";

	CHECK(proc_status_runs(runs, 1000) && !proc_status_runs(runs, 0) && !proc_status_runs(runs, 100));
	CHECK(!proc_status_runs(ended, 1000) && proc_status_runs(led, 1000));
	CHECK(proc_status_runs("Name:\tsh\nUid:\t7", 7));
	CHECK(!proc_status_runs("", 0) && !proc_status_runs("\nUid:", 0) && !proc_status_runs("\nUid:\t", 0));
}

static void test_boot(void)
{
	char id[PROC_BOOT_ID], again[PROC_BOOT_ID];

	proc_boot_id(id);
	proc_boot_id(again);
	CHECK(strlen(id) == PROC_BOOT_ID - 1 || !*id);
	CHECK_TEXT(id, again);
}

static void test_map(void)
{
	static const char whole[] = "         0          0 4294967295\n";
	static const char usual[] = "         0       1000          1\n         1     100000      65536\n";

	CHECK(proc_map_holds(whole, 1879048192, 4096) && proc_map_holds(whole, 0, 4294967295UL));
	CHECK(!proc_map_holds(whole, 1, 4294967295UL));
	CHECK(!proc_map_holds(usual, 1879048192, 4096) && proc_map_holds(usual, 60706, 478) && proc_map_holds(usual, 0, 1));
	CHECK(!proc_map_holds(usual, 65536, 2) && proc_map_holds(usual, 65536, 1));
	CHECK(!proc_map_holds("", 0, 1) && !proc_map_holds("\n", 0, 1) && !proc_map_holds("what", 0, 1) && !proc_map_holds("0 0", 0, 1));
	CHECK(proc_map_holds("5 0 10", 5, 10)); /* no final newline */
}

static void test_pidfd(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(1);
	}
	int fd = proc_open(pid);
	if (fd < 0) {
		CHECK(errno == ENOSYS);
		kill(pid, SIGKILL);
	} else {
		CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		CHECK(fd_wait(fd, POLLIN, clock_ms()) == 0 && proc_signal(fd, 0) == 0);
		CHECK(proc_signal(fd, SIGKILL) == 0 && fd_wait(fd, POLLIN, clock_in(10000)) == 1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	if (fd >= 0) {
		CHECK(proc_signal(fd, SIGKILL) == -1 && errno == ESRCH); /* not whoever has the number by then */
		close(fd);
		CHECK(proc_open(pid) == -1);
	}
}

int main(void)
{
	test_uids();
	test_status();
	test_boot();
	test_map();
	test_pidfd();
	return unit_failed;
}
