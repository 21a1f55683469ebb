/* SPDX-License-Identifier: 0BSD */
/* Telling a supervisor how it goes. */
#include "notify.h"

#include "fd.h"
#include "fmt.h"
#include "text.h"

#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Connected at once: later we may have lost the right to reach it. */
static int reach(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t n = strlen(path);

	if ((*path != '/' && *path != '@') || n > sizeof(to.sun_path))
		return -1;
	memcpy(to.sun_path, path, n);
	if (*path == '@') /* abstract */
		to.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		fd_close(&fd);
	return fd;
}

void notify_begin(struct notify *n)
{
	const char *path = getenv("NOTIFY_SOCKET"), *number = getenv("QINIT_READY_FD");
	long long fd;

	n->socket = path ? reach(path) : -1;
	n->ready = number && text_number(number, 3, INT_MAX, &fd) == 0 && fcntl((int)fd, F_SETFD, FD_CLOEXEC) == 0 ? (int)fd : -1;
}

static void tell(const struct notify *n, const char *words)
{
	if (n->socket >= 0)
		(void)!send(n->socket, words, strlen(words), MSG_NOSIGNAL);
}

void notify_ready(struct notify *n)
{
	tell(n, "READY=1");
	if (n->ready >= 0)
		fd_write(n->ready, "\n", 1);
	fd_close(&n->ready);
}

void notify_stopping(const struct notify *n, int64_t ms)
{
	char words[64];

	fmt(words, sizeof(words), "STOPPING=1\nEXTEND_TIMEOUT_USEC=%lld", (long long)ms * 1000);
	tell(n, words);
}

void notify_end(struct notify *n)
{
	fd_close(&n->socket);
	fd_close(&n->ready);
}
