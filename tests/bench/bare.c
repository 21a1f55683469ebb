/* SPDX-License-Identifier: 0BSD */
/* The yardstick for `start`: bare QEMU with the same words and descriptors, until it answers query-status.
 * bare DIR FILE: FILE is a /proc/PID/cmdline of a VM without disks; its listeners are made in DIR, its pid goes to DIR/pid. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { ARGS_MAX = 512 };

static int address(struct sockaddr_un *a, const char *dir, const char *id)
{
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return (size_t)snprintf(a->sun_path, sizeof(a->sun_path), "%s/%s.sock", dir, id) < sizeof(a->sun_path) ? 0 : -1;
}

/* "socket,id=ID,fd=N,..." becomes a listener with that number; other words are left alone. */
static int give(const char *dir, const char *word)
{
	struct sockaddr_un a;
	char id[32];
	int want;

	if (sscanf(word, "socket,id=%31[^,],fd=%d", id, &want) != 2)
		return 0;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0 || address(&a, dir, id) < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 1) < 0)
		return -1;
	if (fd == want)
		return 0;
	return dup2(fd, want) < 0 || close(fd) < 0 ? -1 : 0;
}

static int dial(const char *dir, const char *id)
{
	struct sockaddr_un a;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* above all numbers that QEMU is given */
	int high = fcntl(fd, F_DUPFD_CLOEXEC, 100);
	close(fd);
	return address(&a, dir, id) < 0 || connect(high, (struct sockaddr *)&a, sizeof(a)) < 0 ? -1 : high;
}

/* Reads lines until one begins so. */
static int await(FILE *in, const char *begin)
{
	static char line[65536];

	while (fgets(line, sizeof(line), in))
		if (strncmp(line, begin, strlen(begin)) == 0)
			return 0;
	return -1;
}

static int ready(int fd)
{
	FILE *in = fdopen(fd, "r");

	if (!in || await(in, "{\"QMP\"") < 0)
		return -1;
	dprintf(fd, "{\"execute\":\"qmp_capabilities\"}\n");
	if (await(in, "{\"return\"") < 0)
		return -1;
	dprintf(fd, "{\"execute\":\"query-status\"}\n");
	return await(in, "{\"return\"");
}

static int read_words(const char *file, char **argv)
{
	static char text[65536];
	FILE *f = fopen(file, "re");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	int argc = 0;

	for (char *s = text; s < text + n && argc < ARGS_MAX - 1; s += strlen(s) + 1)
		argv[argc++] = s;
	if (f)
		fclose(f);
	return argc;
}

static int tell_pid(const char *dir, pid_t pid)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/pid", dir);
	FILE *f = fopen(path, "we");
	return !f || fprintf(f, "%d\n", (int)pid) < 0 || fclose(f) != 0;
}

int main(int argc, char **argv)
{
	char *words[ARGS_MAX] = { NULL };

	if (argc != 3 || read_words(argv[2], words) == 0)
		return 2;
	for (char **word = words; *word; word++)
		if (give(argv[1], *word) < 0)
			return 1;
	int qmp = dial(argv[1], "keeper"), serial = dial(argv[1], "serial");
	if (qmp < 0 || serial < 0)
		return 1;
	pid_t pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);
		for (int i = 0; i < 3; i++)
			dup2(null, i);
		setsid();
		execv(words[0], words);
		_exit(127);
	}
	return pid < 0 || tell_pid(argv[1], pid) || ready(qmp) < 0;
}
