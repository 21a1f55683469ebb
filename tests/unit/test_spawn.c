/* SPDX-License-Identifier: 0BSD */
#include "spawn.h"

#include "scratch.h"
#include "unit.h"

#include <sys/wait.h>

static struct err e;

static int run(const char *program, int output)
{
	char *argv[] = { (char *)program, "-c", "test -r /proc/self/fd/10 && ! test -e /proc/self/fd/11 && cat /proc/self/fd/10", NULL };
	int given = open(scratch_path("given"), O_RDONLY | O_CLOEXEC), status = -1;
	const struct spawn s = { .argv = argv, .given = &given, .n = 1, .base = 10, .lock = scratch_path("lock"),
				 .uids = scratch_path("uids"), .uid = { .way = UID_SAME }, .group = (gid_t)-1, .output = output, .ruleset = -1 };
	struct spawned got;
	pid_t pid = spawn_qemu(&s, &got, &e);

	close(given);
	if (pid < 0)
		return -1;
	CHECK(got.uid == geteuid() && waitpid(pid, &status, 0) == pid);
	return status;
}

int main(void)
{
	close(scratch_begin());
	scratch_write("given", "what it is given\n");
	scratch_write("lock", "");
	int output = open(scratch_path("output"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK(run("/bin/sh", output) == 0);
	CHECK_TEXT(scratch_read("output"), "what it is given\n");
	CHECK(run("/no/such/program", output) == -1);
	CHECK(strstr(e.text, "/no/such/program") != NULL);
	char *env[] = { "VM_NAME=web", NULL };
	const struct spawn_hook hook = { .command = "echo $VM_NAME; exit 3", .env = env, .output = output, .uid = geteuid() };
	int status;
	pid_t pid = spawn_shell(&hook, &e);
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3);
	CHECK_TEXT(scratch_read("output"), "what it is given\nweb\n");
	return unit_failed;
}
