/* SPDX-License-Identifier: 0BSD */
/* Descriptors: close-on-exec from birth, never 0, 1 or 2 by accident. */
#include "fd.h"

#include "clock.h"
#include "guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int fd_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

int fd_write(int fd, const void *bytes, size_t n)
{
	const char *s = bytes;

	while (n) {
		ssize_t done = write(fd, s, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		s += done;
		n -= (size_t)done;
	}
	return 0;
}

ssize_t fd_read(int fd, void *bytes, size_t room)
{
	ssize_t n;

	do
		n = read(fd, bytes, room);
	while (n < 0 && errno == EINTR);
	return n;
}

int fd_wait(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n;

	do
		n = poll(&p, 1, clock_poll(deadline));
	while (n < 0 && errno == EINTR);
	return n;
}

int fd_sane(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
	/* without a /dev/null (an empty chroot) the places must be filled all the same */
	while (fd < 0 && (fd = open("/", O_RDONLY)) >= 0 && fd <= 2)
		fd = -1;
	if (fd > 2)
		close(fd);
	return fd < 0 ? -1 : 0;
}

int fd_stdio(int in, int out)
{
	return dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 ? -1 : 0;
}

static void close_range_of(unsigned int first, unsigned int last)
{
	struct rlimit limit;

	if (first > last)
		return;
#ifdef SYS_close_range
	if (guarded(GUARD_CALLER) && syscall(SYS_close_range, first, last, 0) == 0)
		return;
#endif
	if (prlimit(0, RLIMIT_NOFILE, NULL, &limit) < 0 || limit.rlim_cur > 65536)
		limit.rlim_cur = 65536;
	/* unguarded, what is not ours stays, as exec leaves it */
	for (unsigned int fd = first; fd <= last && fd < limit.rlim_cur; fd++)
		if (guarded(GUARD_CALLER) || (fcntl((int)fd, F_GETFD) & FD_CLOEXEC))
			close((int)fd);
}

/* The lowest of the list that is at least `from`; -1 for none. */
static int lowest(int from, const int *list, size_t n)
{
	int least = -1;

	for (size_t i = 0; i < n; i++)
		if (list[i] >= from && (least < 0 || list[i] < least))
			least = list[i];
	return least;
}

void fd_close_from(int from, const int *keep, size_t n)
{
	int next;

	while ((next = lowest(from, keep, n)) >= 0) {
		if (next > from)
			close_range_of((unsigned int)from, (unsigned int)next - 1);
		from = next + 1;
	}
	close_range_of((unsigned int)from, ~0U);
}

int fd_give(const int *fds, size_t n, int base)
{
	int above[FD_GIVE_MAX];

	if (n > FD_GIVE_MAX) {
		errno = EMFILE;
		return -1;
	}
	for (size_t i = 0; i < n; i++)
		if ((above[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, base + (int)n)) < 0)
			return -1;
	for (size_t i = 0; i < n; i++)
		if (dup2(above[i], base + (int)i) < 0)
			return -1;
	close_range_of(3, (unsigned int)base - 1);
	fd_close_from(base + (int)n, NULL, 0);
	return 0;
}

int fd_memory(const char *name)
{
	return (int)syscall(SYS_memfd_create, name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

int fd_sealed_copy(int from, const char *name)
{
	struct stat st;
	off_t at = 0;
	int to = fd_memory(name);

	if (to < 0)
		return -1;
	if (fstat(from, &st) < 0)
		goto failed;
	while (at < st.st_size) {
		ssize_t n = sendfile(to, from, &at, (size_t)(st.st_size - at));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			goto failed;
	}
	if (fcntl(to, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0)
		return to;
failed:
	fd_close(&to);
	return -1;
}
