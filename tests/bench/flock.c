/* SPDX-License-Identifier: 0BSD */
/* flock JOBS N COMMAND...: runs the command N times, JOBS at once; each `%` word of it is the number of the run, from 1. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void be(char **command, int number)
{
	for (char **word = command; *word; word++) {
		char *percent = strchr(*word, '%');
		char *with = malloc(strlen(*word) + 16);
		if (!percent || !with)
			continue;
		sprintf(with, "%.*s%d%s", (int)(percent - *word), *word, number, percent + 1);
		*word = with;
	}
	execvp(command[0], command);
	_exit(127);
}

int main(int argc, char **argv)
{
	int jobs = argc > 3 ? atoi(argv[1]) : 0, n = argc > 3 ? atoi(argv[2]) : 0, begun = 0, over = 0, bad = 0, status;

	if (jobs < 1)
		return 2;
	while (over < n) {
		if (begun < n && begun - over < jobs) {
			if (fork() == 0)
				be(argv + 3, begun + 1);
			begun++;
			continue;
		}
		bad |= wait(&status) < 0 || status != 0;
		over++;
	}
	return bad;
}
