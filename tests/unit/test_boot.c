/* SPDX-License-Identifier: 0BSD */
#include "boot.h"

#include "scratch.h"
#include "text.h"
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static struct place place;
static struct err e;

/* One that starts VMs, deaf to SIGTERM or not, with a child of its own that waits: the end of the pipe is theirs. */
static pid_t starter(int deaf, int *theirs)
{
	int ready[2], lives[2];
	char byte;

	CHECK(pipe(ready) == 0 && pipe(lives) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		pid_t self = getpid();
		close(lives[0]);
		signal(SIGTERM, deaf ? SIG_IGN : SIG_DFL);
		if (boot_begin(&place, &e) < 0)
			_exit(1);
		if (fork() == 0) {
			CHECK(boot_child(self) == 0);
			CHECK(write(ready[1], "", 1) == 1);
		}
		for (;;)
			pause();
	}
	close(lives[1]);
	close(ready[1]);
	CHECK(read(ready[0], &byte, 1) == 1);
	close(ready[0]);
	*theirs = lives[0];
	return pid;
}

/* Ended by that signal, and nobody lives on. */
static void check_end(pid_t pid, int theirs, int by)
{
	int status;
	char byte;

	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == by);
	CHECK(read(theirs, &byte, 1) == 0);
	close(theirs);
}

int main(void)
{
	int one, other;

	close(scratch_begin());
	snprintf(place.run, sizeof(place.run), "%s/run", scratch);
	CHECK(boot_end(&place, &e) == 0 && access(place.run, F_OK) < 0);
	pid_t first = starter(0, &one), second = starter(1, &other);
	CHECK(boot_end(&place, &e) == 2);
	check_end(first, one, SIGTERM);
	check_end(second, other, SIGKILL);
	CHECK(boot_end(&place, &e) == 0);
	CHECK(boot_begin(&place, &e) == 0 && boot_end(&place, &e) == 0); /* not itself */
	CHECK(unlink(scratch_path("run/.starts")) == 0 && symlink("/etc/passwd", scratch_path("run/.starts")) == 0);
	CHECK(boot_begin(&place, &e) == -1 && boot_end(&place, &e) == -1);
	return unit_failed;
}
