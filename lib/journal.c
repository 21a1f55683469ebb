/* SPDX-License-Identifier: 0BSD */
/* The system log. syslog(3) itself may block on a reader that is slow; a keeper must not. */
#include "journal.h"

#include "fd.h"
#include "fmt.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { DAEMON_NOTICE = 3 << 3 | 5 }; /* RFC 3164, 4.1.1 */

void journal(const char *vm, const char *words)
{
	const struct sockaddr_un log = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
	char line[512];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return;
	/* without a time: the log's reader puts its own (RFC 3164, 4.3.2) */
	int n = fmt(line, sizeof(line), "<%d>qinit[%d]: %s: %s", DAEMON_NOTICE, (int)getpid(), vm, words);
	if (n > 0)
		sendto(fd, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1, MSG_NOSIGNAL, (const struct sockaddr *)&log, sizeof(log));
	fd_close(&fd);
}
