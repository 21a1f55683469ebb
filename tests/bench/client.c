/* SPDX-License-Identifier: 0BSD */
/* The yardstick for qemu-cmd: the same exchange with as little as C can do. client SOCKET LINE */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Reads one line of JSON. */
static const char *line(int fd)
{
	static char text[1 << 20];
	size_t n = 0;

	while (n < sizeof(text) - 1) {
		ssize_t got = read(fd, text + n, sizeof(text) - 1 - n);
		if (got <= 0)
			return NULL;
		n += (size_t)got;
		if (text[n - 1] == '\n')
			break;
	}
	text[n] = '\0';
	return text;
}

static const char *command(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) < 0)
		return NULL;
	return line(fd);
}

/* Prints the string behind `{"return": "`. */
static int print(const char *reply)
{
	static const char begin[] = "{\"return\": \"";
	static char text[1 << 20];
	size_t n = 0;

	if (!reply || strncmp(reply, begin, sizeof(begin) - 1) != 0)
		return 1;
	for (const char *s = reply + sizeof(begin) - 1; *s && *s != '"'; s++) {
		if (*s == '\\') {
			s++;
			if (*s != 'r')
				text[n++] = *s == 'n' ? '\n' : *s == 't' ? '\t' : *s;
		} else {
			text[n++] = *s;
		}
	}
	return write(1, text, n) != (ssize_t)n;
}

int main(int argc, char **argv)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char text[4096];

	if (argc != 3 || strlen(argv[1]) >= sizeof(a.sun_path))
		return 2;
	strcpy(a.sun_path, argv[1]);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return 1;
	if (!line(fd) || !command(fd, "{\"execute\":\"qmp_capabilities\"}\n"))
		return 1;
	snprintf(text, sizeof(text),
		 "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"%s\"}}\n", argv[2]);
	return print(command(fd, text));
}
