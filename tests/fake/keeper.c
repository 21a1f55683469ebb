/* SPDX-License-Identifier: 0BSD */
/* A keeper that lies: `keeper RUNDIR BEHAVIOUR` takes the keeper's byte in RUNDIR/lock and listens on its keep.sock. It goes
 * to the background when both are done, and prints its pid. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CALLERS = 64 };

struct behaviour {
	const char *name;
	const char *words;	/* to each request; NULL: nothing */
	int floods;		/* again and again */
	int closes;
	int deaf;		/* binds no socket at all */
};

static const struct behaviour behaviours[] = {
	{ .name = "silent" },
	{ .name = "absent", .deaf = 1 },
	{ .name = "half", .words = "= 0 runn" },
	{ .name = "garbage", .words = "\001\377\200 =\n== 0\n=\n= x\n\n*\n" },
	{ .name = "codes", .words = "= 77777777777777777777777 web\n" },
	{ .name = "negative", .words = "= -300 running\n" },
	{ .name = "unknown", .words = "= 98 this keeper does not know that request\n" },
	{ .name = "yes", .words = "* all is well\n= 0 running\n" },
	{ .name = "flood", .words = "* \033[2Jall is well, all is well, all is well, all is well, all is well, all is well\n", .floods = 1 },
	{ .name = "close", .closes = 1 },
	{ .name = NULL },
};

static int listen_at(const char *dir)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s/keep.sock", dir);
	unlink(at.sun_path);
	return bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 16) < 0 ? -1 : fd;
}

static int take_lock(const char *dir)
{
	struct flock mine = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 1 };
	char path[256];

	snprintf(path, sizeof(path), "%s/lock", dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return fd < 0 || fcntl(fd, F_OFD_SETLK, &mine) < 0 ? -1 : fd;
}

static void answer(struct pollfd *caller, const struct behaviour *b)
{
	char request[512];
	int asked = caller->revents & POLLIN;

	if (asked && read(caller->fd, request, sizeof(request)) <= 0 && errno != EAGAIN)
		asked = -1;
	if (asked >= 0 && b->words && (asked || b->floods) && send(caller->fd, b->words, strlen(b->words), MSG_NOSIGNAL) < 0 && errno != EAGAIN)
		asked = -1;
	if (asked < 0 || (asked && b->closes)) {
		close(caller->fd);
		caller->fd = -1;
	} else if (b->floods) {
		caller->events = POLLIN | POLLOUT;
	}
}

static void serve(int door, const struct behaviour *b)
{
	struct pollfd fds[CALLERS + 1] = { { .fd = door, .events = POLLIN } };

	for (int i = 1; i <= CALLERS; i++)
		fds[i].fd = -1;
	for (;;) {
		if (poll(fds, CALLERS + 1, -1) < 0)
			continue;
		for (int i = 1; i <= CALLERS; i++)
			if (fds[i].fd >= 0 && fds[i].revents)
				answer(&fds[i], b);
		for (int i = 1; i <= CALLERS && fds[0].revents; i++) {
			if (fds[i].fd >= 0)
				continue;
			fds[i].fd = accept4(door, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
			fds[i].events = POLLIN;
			break;
		}
	}
}

int main(int argc, char **argv)
{
	const struct behaviour *b = behaviours;
	int report[2];
	char ready = 0;

	while (argc == 3 && b->name && strcmp(b->name, argv[2]) != 0)
		b++;
	if (argc != 3 || !b->name || pipe2(report, O_CLOEXEC) < 0)
		return 2;
	pid_t pid = fork();
	if (pid) {
		close(report[1]);
		if (read(report[0], &ready, 1) != 1)
			return 1;
		printf("%ld\n", (long)pid);
		return 0;
	}
	setsid();
	signal(SIGTERM, SIG_IGN);
	int lock = take_lock(argv[1]), door = b->deaf ? -1 : listen_at(argv[1]);
	if (lock < 0 || (door < 0 && !b->deaf) || write(report[1], &ready, 1) != 1)
		return 1;
	close(0);
	close(1);
	close(2);
	serve(door, b);
}
