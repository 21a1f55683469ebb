/* SPDX-License-Identifier: 0BSD */
#include "caps.h"

#include "proc.h"
#include "scratch.h"
#include "unit.h"

#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define BIT(cap) (UINT64_C(1) << (cap))

static uint64_t now(int effective)
{
	struct __user_cap_header_struct who = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct have[2] = { 0 };

	syscall(SYS_capget, &who, have);
	return effective ? have[0].effective | (uint64_t)have[1].effective << 32 : have[0].permitted | (uint64_t)have[1].permitted << 32;
}

static void test_root(void)
{
	const uint64_t life = BIT(CAP_KILL) | BIT(CAP_SYS_PTRACE) | BIT(CAP_DAC_READ_SEARCH);
	uint64_t before = now(0);

	caps_keep(CAPS_NET);
	CHECK((now(0) & BIT(CAP_NET_ADMIN)) == (before & BIT(CAP_NET_ADMIN)));
	caps_keep(CAPS_START);
	CHECK(!(now(0) & BIT(CAP_NET_ADMIN)));
	CHECK((now(0) & life) == (before & life) && now(1) == now(0) && !(now(0) & BIT(CAP_SYS_MODULE)));
	CHECK(prctl(PR_CAPBSET_READ, CAP_CHOWN) == 0 && prctl(PR_CAPBSET_READ, CAP_KILL) == 0);
	caps_keep(CAPS_LIFE);
	CHECK(now(0) == (before & life) && now(1) == now(0));
	caps_keep(CAPS_START);
	CHECK(now(0) == (before & life));
	CHECK(getgroups(0, NULL) == 0);
	CHECK(setuid(12345) < 0);
}

static int in_child(void)
{
	struct rlimit core;

	caps_begin();
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && prctl(PR_GET_DUMPABLE) == 0 && umask(0) == 077);
	CHECK(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 1 && core.rlim_max == 1);
	if (geteuid() == 0)
		test_root();
	return unit_failed;
}

/* Without root's rights while it lasts, and with them afterwards. */
static void test_files_as(void)
{
	if (geteuid() != 0)
		return;
	scratch_write("secret", "x");
	chmod(scratch_path("secret"), 0600);
	CHECK(proc_files_as(12345, 12345) == 0 && open(scratch_path("secret"), O_RDONLY) < 0);
	CHECK(proc_files_as(0, 0) == 0 && access(scratch_path("secret"), R_OK) == 0);
	int fd = open(scratch_path("secret"), O_RDONLY);
	CHECK(fd >= 0);
	close(fd);
}

int main(void)
{
	int status;

	close(scratch_begin());
	test_files_as();
	pid_t pid = fork();
	if (pid == 0)
		_exit(in_child());
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	return unit_failed;
}
