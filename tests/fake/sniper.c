/* SPDX-License-Identifier: 0BSD */
/* Kills at a chosen moment: `sniper VICTIM N LOCK [-p KEEPER] COMMAND...` runs COMMAND and, when the keeper (the process that
 * COMMAND forks, or that pid) enters its N-th system call, sends SIGKILL to the VICTIM: starter, keeper or qemu (whoever holds
 * byte 0 of LOCK). Prints `hit` or, if COMMAND ended before, how many calls there were. Exits like COMMAND, 137 when killed;
 * ends itself after 30 s. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t qemu_of(const char *lock)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	int fd = open(lock, O_RDONLY | O_CLOEXEC);
	pid_t pid = fd >= 0 && fcntl(fd, F_GETLK, &l) == 0 && l.l_type != F_UNLCK ? l.l_pid : 0;

	if (fd >= 0)
		close(fd);
	return pid;
}

/* Runs COMMAND; traced until it has forked. */
static pid_t begin(char **argv, int traced)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (traced) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
	}
	execvp(argv[0], argv);
	_exit(127);
}

static pid_t forked_by(pid_t starter)
{
	unsigned long child;
	int status;

	waitpid(starter, &status, 0);
	ptrace(PTRACE_SETOPTIONS, starter, 0, PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE);
	ptrace(PTRACE_CONT, starter, 0, 0);
	while (waitpid(starter, &status, 0) == starter && WIFSTOPPED(status)) {
		if (status >> 16) {
			ptrace(PTRACE_GETEVENTMSG, starter, 0, &child);
			ptrace(PTRACE_DETACH, starter, 0, 0);
			waitpid((pid_t)child, NULL, __WALL);
			/* not QEMU */
			ptrace(PTRACE_SETOPTIONS, (pid_t)child, 0, PTRACE_O_TRACESYSGOOD);
			return (pid_t)child;
		}
		int number = WSTOPSIG(status);
		ptrace(PTRACE_CONT, starter, 0, number == SIGTRAP ? 0 : number);
	}
	exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/* Until the N-th call, 1, or the end of starter or keeper, 0. */
static int count(pid_t keeper, pid_t starter, long n, long *calls, int *code)
{
	int status, inside = 0;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (pid == starter && !WIFSTOPPED(status)) {
			*code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
			return 0;
		}
		if (pid != keeper || !WIFSTOPPED(status))
			continue;
		int number = WSTOPSIG(status);
		if (number == (SIGTRAP | 0x80) && (inside = !inside) && ++*calls == n)
			return 1;
		if (number == (SIGTRAP | 0x80) || status >> 16 || number == SIGTRAP)
			number = 0;
		ptrace(PTRACE_SYSCALL, keeper, 0, number);
	}
	return 0;
}

int main(int argc, char **argv)
{
	int at = 4, code = -1, status;
	long calls = 0;
	pid_t keeper = 0;

	alarm(30);
	if (argc > 6 && strcmp(argv[4], "-p") == 0) {
		keeper = atoi(argv[5]);
		at = 6;
	}
	if (argc <= at)
		return 2;
	if (keeper && (ptrace(PTRACE_SEIZE, keeper, 0, PTRACE_O_TRACESYSGOOD) < 0 || ptrace(PTRACE_INTERRUPT, keeper, 0, 0) < 0))
		return 2;
	if (keeper) {
		waitpid(keeper, &status, __WALL);
		ptrace(PTRACE_SYSCALL, keeper, 0, 0);
	}
	pid_t starter = begin(argv + at, !keeper);
	if (!keeper) {
		keeper = forked_by(starter);
		ptrace(PTRACE_SYSCALL, keeper, 0, 0);
	}
	if (count(keeper, starter, atol(argv[2]), &calls, &code)) {
		pid_t victim = *argv[1] == 's' ? starter : *argv[1] == 'k' ? keeper : qemu_of(argv[3]);
		if (victim > 0)
			kill(victim, SIGKILL);
		ptrace(PTRACE_DETACH, keeper, 0, 0);
		puts(victim > 0 ? "hit" : "none");
	} else {
		/* to detach, it must be stopped: our end lets it go, too */
		printf("%ld\n", calls);
	}
	while (code < 0 && waitpid(starter, &status, 0) == starter)
		code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return code;
}
