/* SPDX-License-Identifier: 0BSD */
#include "filter.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct want {
	int errors[10];
};

static int error_of(long result)
{
	return result < 0 ? errno : 0;
}

/* What a child that wants this is answered: socket of three families and netlink, chmod, unshare, prlimit of two, ioctl of two. */
static void wanted(int wants, struct want want)
{
	struct rlimit files = { 256, 256 };
	struct want got = { { 0 } };
	int pipes[2];

	CHECK(pipe(pipes) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || filter_enter("/proc/self/exe", wants) < 0)
			_exit(1);
		const int errors[10] = {
			error_of(socket(AF_INET, SOCK_DGRAM, 0)), error_of(socket(AF_INET6, SOCK_DGRAM, 0)), error_of(socket(AF_UNIX, SOCK_STREAM, 0)),
			error_of(socket(AF_NETLINK, SOCK_RAW, 0)), error_of(fchmod(-1, 0)), error_of(syscall(SYS_unshare, 0x10000000)),
			error_of(prlimit(1, RLIMIT_NOFILE, &files, NULL)), error_of(prlimit(0, RLIMIT_NOFILE, &files, NULL)),
			error_of(ioctl(-1, TUNSETPERSIST, 1)), error_of(ioctl(-1, TUNSETOFFLOAD, 0)),
		};
		(void)!write(pipes[1], errors, sizeof(errors));
		_exit(0);
	}
	close(pipes[1]);
	CHECK(read(pipes[0], got.errors, sizeof(got.errors)) == sizeof(got.errors));
	close(pipes[0]);
	waitpid(pid, NULL, 0);
	for (int i = 0; i < 10; i++)
		if (want.errors[i] != got.errors[i] && want.errors[i] >= 0)
			fprintf(stderr, "wants %d, call %d: %s, want %s\n", wants, i, strerror(got.errors[i]), strerror(want.errors[i]));
	CHECK(memcmp(&want, &got, sizeof(got)) == 0);
}

int main(void)
{
	wanted(0, (struct want){ { EACCES, EACCES, EACCES, EACCES, EPERM, EPERM, EPERM, 0, EPERM, EBADF } });
	wanted(FILTER_NET, (struct want){ { 0, 0, EACCES, EACCES, EPERM, EPERM, EPERM, 0, EPERM, EBADF } });
	wanted(FILTER_PATHS, (struct want){ { EACCES, EACCES, 0, EACCES, EBADF, EPERM, EPERM, 0, EPERM, EBADF } });
	wanted(FILTER_NET | FILTER_PATHS, (struct want){ { 0, 0, 0, EACCES, EBADF, EPERM, EPERM, 0, EPERM, EBADF } });
	return unit_failed;
}
