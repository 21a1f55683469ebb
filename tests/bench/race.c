/* SPDX-License-Identifier: 0BSD */
/* race ROUNDS COMMAND... [-- COMMAND...]...: runs the commands in turn, each so many times, and prints the median wall
 * time of each in microseconds. Their output goes nowhere; one that fails ends the race with exit 1. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COMMANDS_MAX = 8, ROUNDS_MAX = 1000 };

static long times[COMMANDS_MAX][ROUNDS_MAX];

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int run(char **command)
{
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 1);
		execvp(command[0], command);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
		fprintf(stderr, "race: %s failed\n", command[0]);
		return -1;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[1]) : 0, n = 0;
	char **commands[COMMANDS_MAX];

	if (rounds < 1 || rounds > ROUNDS_MAX)
		return 2;
	commands[n++] = argv + 2;
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--") != 0)
			continue;
		if (n == COMMANDS_MAX)
			return 2;
		argv[i] = NULL;
		commands[n++] = argv + i + 1;
	}
	for (int round = 0; round < rounds; round++) {
		for (int i = 0; i < n; i++) {
			long begin = now();
			if (run(commands[i]) < 0)
				return 1;
			times[i][round] = now() - begin;
		}
	}
	for (int i = 0; i < n; i++) {
		qsort(times[i], (size_t)rounds, sizeof(long), compare);
		printf("%ld%c", times[i][rounds / 2], i == n - 1 ? '\n' : ' ');
	}
	return 0;
}
