/* SPDX-License-Identifier: 0BSD */
#include "notify.h"

#include "scratch.h"
#include "unit.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static char got[128];

static const char *hear(int fd)
{
	ssize_t n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);

	got[n > 0 ? n : 0] = '\0';
	return got;
}

/* A supervisor at that address; @ is an abstract one. */
static void test_socket(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct notify n;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(at.sun_path, path, strlen(path));
	if (*path == '@')
		at.sun_path[0] = '\0';
	CHECK(bind(fd, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))) == 0);
	setenv("NOTIFY_SOCKET", path, 1);
	notify_begin(&n);
	CHECK(n.socket >= 0 && n.ready == -1);
	notify_ready(&n);
	CHECK_TEXT(hear(fd), "READY=1");
	notify_stopping(&n, 65000);
	CHECK_TEXT(hear(fd), "STOPPING=1\nEXTEND_TIMEOUT_USEC=65000000");
	notify_end(&n);
	CHECK(n.socket == -1);
	notify_stopping(&n, 1);
	close(fd);
}

static void test_descriptor(void)
{
	char number[16];
	struct notify n;
	int fds[2];

	if (pipe(fds) < 0)
		exit(1);
	snprintf(number, sizeof(number), "%d", fds[1]);
	unsetenv("NOTIFY_SOCKET");
	setenv("QINIT_READY_FD", number, 1);
	notify_begin(&n);
	CHECK(n.ready == fds[1] && n.socket == -1 && fcntl(fds[1], F_GETFD) & FD_CLOEXEC);
	notify_ready(&n);
	CHECK(read(fds[0], got, 2) == 1 && *got == '\n' && read(fds[0], got, 2) == 0);
	notify_ready(&n); /* not twice */
	notify_end(&n);
	close(fds[0]);
}

static void test_nobody(void)
{
	static const char *const bad[][2] = {
		{ "", "" }, { "relative", "x" }, { "/nobody/there", "2" }, { "@", "-1" }, { "vsock:2:1", "1000000" },
		{ "/n23456789n123456789n123456789n123456789n123456789n123456789n123456789n123456789n123456789n123456789n12345678", "3.5" },
	};
	struct notify n;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		setenv("NOTIFY_SOCKET", bad[i][0], 1);
		setenv("QINIT_READY_FD", bad[i][1], 1);
		notify_begin(&n);
		CHECK(n.socket == -1 && n.ready == -1);
		notify_ready(&n);
		notify_stopping(&n, 1);
		notify_end(&n);
	}
}

int main(void)
{
	char name[64];

	close(scratch_begin());
	snprintf(name, sizeof(name), "@qinit-test-%d", (int)getpid());
	test_socket(scratch_path("socket"));
	test_socket(name);
	test_descriptor();
	test_nobody();
	return unit_failed;
}
