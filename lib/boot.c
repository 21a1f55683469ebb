/* SPDX-License-Identifier: 0BSD */
/* The start of a host's VMs, while it is under way. */
#include "boot.h"

#include "clock.h"
#include "fd.h"
#include "proc.h"
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { END_MS = 1000 };		/* from a signal to the end of a process */

/* Whoever starts holds a POSIX lock for reading: the kernel names its pid, and lets go of it with the process. */
static int open_file(const struct place *place, int make, struct err *e)
{
	int run, got = vm_run(place, make, &run, e);

	if (got <= 0)
		return got == 0 ? (errno = ENOENT, -1) : -1;
	int fd = openat(run, ".starts", (make ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0)
		err_sys(e, "%s/.starts", place->run);
	fd_close(&run);
	return fd;
}

int boot_begin(const struct place *place, struct err *e)
{
	struct flock mine = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_len = 1 };
	int fd = open_file(place, 1, e); /* never closed: that would be the lock's end */

	if (fd < 0)
		return -1;
	return fcntl(fd, F_SETLK, &mine) < 0 ? err_sys(e, "%s/.starts", place->run) : 0;
}

int boot_child(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return getppid() == parent ? 0 : -1;
}

static pid_t holder(int fd)
{
	struct flock other = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };

	return fcntl(fd, F_GETLK, &other) == 0 && other.l_type != F_UNLCK && other.l_pid > 0 ? other.l_pid : 0;
}

/* 1; 0 when it had ended before; -1: it lives on. */
static int end_one(int fd, pid_t pid)
{
	static const int signals[] = { SIGTERM, SIGKILL };
	int process = proc_open(pid), ended = process < 0 && errno == ESRCH ? 0 : -1;

	/* the number may have been somebody else's by then */
	if (process >= 0 && holder(fd) != pid)
		ended = 0;
	for (size_t i = 0; process >= 0 && ended < 0 && i < sizeof(signals) / sizeof(*signals); i++)
		if (proc_signal(process, signals[i]) == 0 && fd_wait(process, POLLIN, clock_in(END_MS)) > 0)
			ended = 1;
	fd_close(&process);
	return ended;
}

int boot_end(const struct place *place, struct err *e)
{
	int fd = open_file(place, 0, e), ended = 0, n = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	for (pid_t pid; ended >= 0 && (pid = holder(fd));) {
		ended = end_one(fd, pid);
		n += ended > 0;
		if (ended < 0)
			err_set(e, "pid %ld, which starts VMs, could not be ended", (long)pid);
	}
	fd_close(&fd);
	return ended < 0 ? -1 : n;
}
