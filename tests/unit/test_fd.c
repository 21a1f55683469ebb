/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "clock.h"
#include "fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static ino_t inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

/* In a child, whose descriptors may be done with as one likes: its answer is its exit code. */
static int in_child(int (*what)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(what());
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_close(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), old = fd;

	errno = EBUSY;
	fd_close(&fd);
	CHECK(fd == -1 && errno == EBUSY);
	CHECK(!is_open(old));
	errno = EBUSY;
	fd_close(&fd);
	CHECK(fd == -1 && errno == EBUSY);
}

static void test_wait(void)
{
	int p[2];
	char byte;

	CHECK(pipe2(p, O_CLOEXEC) == 0);
	CHECK(fd_nonblock(p[0]) == 0 && fcntl(p[0], F_GETFL) & O_NONBLOCK);
	CHECK(fd_read(p[0], &byte, 1) == -1 && errno == EAGAIN);
	CHECK(fd_wait(p[0], POLLIN, clock_ms()) == 0);
	int64_t before = clock_ms();
	CHECK(fd_wait(p[0], POLLIN, clock_in(30)) == 0 && clock_ms() - before >= 30);
	CHECK(fd_write(p[1], "x", 1) == 0 && fd_wait(p[0], POLLIN, CLOCK_NEVER) == 1 && fd_read(p[0], &byte, 1) == 1 && byte == 'x');
	fd_close(&p[1]);
	CHECK(fd_wait(p[0], POLLIN, CLOCK_NEVER) == 1 && fd_read(p[0], &byte, 1) == 0);
	fd_close(&p[0]);
	CHECK(fd_nonblock(-1) == -1 && fd_write(-1, "x", 1) == -1 && errno == EBADF);
}

static int sane(void)
{
	ino_t null = inode(open("/dev/null", O_RDONLY));

	close(0);
	close(2);
	int other = dup(1);
	close(1);
	if (other == 0 || other == 2) { /* it took one of the places itself: give all three back */
		close(other);
		other = -1;
	}
	if (fd_sane() < 0)
		return 1;
	return inode(0) == null && inode(1) == null && inode(2) == null && fd_sane() == 0 ? 0 : 2;
}

static int stdio(void)
{
	int in = open("/", O_RDONLY), out = open("/dev/zero", O_RDWR);

	return fd_stdio(in, out) == 0 && inode(0) == inode(in) && inode(1) == inode(out) && inode(2) == inode(out) ? 0 : 1;
}

static int close_from(void)
{
	static const int keep[] = { 2, 40, 41, 60 };

	for (int fd = 20; fd < 70; fd++)
		dup2(2, fd);
	fd_close_from(30, keep, 4);
	for (int fd = 20; fd < 70; fd++)
		if (is_open(fd) != (fd < 30 || fd == 40 || fd == 41 || fd == 60))
			return fd;
	fd_close_from(30, NULL, 0);
	return is_open(2) && is_open(20) && !is_open(40) && !is_open(60) ? 0 : 1;
}

/* The given ones lie where others of them are to go, in every order. */
static int give(void)
{
	static const char *const paths[] = { "/", "/dev", "/proc", "/tmp", "/usr" };
	static const int at[] = { 13, 10, 11, 3, 12 };
	ino_t want[5];
	int fds[5];

	for (int i = 0; i < 5; i++) {
		int fd = open(paths[i], O_RDONLY | O_CLOEXEC);
		if (fd >= 10) /* a place that is wanted: too many are open */
			return 9;
		want[i] = inode(fd);
		dup3(fd, fds[i] = at[i] + 20, O_CLOEXEC);
		close(fd);
	}
	for (int i = 0; i < 5; i++) {
		dup3(fds[i], at[i], O_CLOEXEC);
		close(fds[i]);
		fds[i] = at[i];
	}
	dup2(2, 5);
	dup2(2, 99);
	if (fd_give(fds, 5, 10) < 0)
		return 1;
	for (int i = 0; i < 5; i++)
		if (inode(10 + i) != want[i] || fcntl(10 + i, F_GETFD) & FD_CLOEXEC)
			return 2;
	return is_open(2) && !is_open(3) && !is_open(5) && !is_open(15) && !is_open(99) ? 0 : 3;
}

/* One descriptor twice, and none at all. */
static int give_few(void)
{
	const int twice[] = { 2, 2 }, bad[] = { 2, 77 };

	close(77);
	if (fd_give(bad, 2, 10) != -1)
		return 1;
	if (fd_give(twice, 2, 10) < 0 || inode(10) != inode(2) || inode(11) != inode(2) || is_open(12))
		return 2;
	return fd_give(NULL, 0, 10) == 0 && !is_open(10) && is_open(2) ? 0 : 3;
}

static void test_sealed(void)
{
	size_t n = 3 << 20;
	char *bytes = malloc(n), *got = malloc(n);
	int from = fd_memory("from");

	for (size_t i = 0; i < n; i++)
		bytes[i] = (char)(i * 7);
	CHECK(from > 2 && fcntl(from, F_GETFD) & FD_CLOEXEC && fd_write(from, bytes, n) == 0);
	int copy = fd_sealed_copy(from, "copy"); /* from's own position is at its end: that does not matter */
	CHECK(copy > 2 && fcntl(copy, F_GETFD) & FD_CLOEXEC);
	CHECK(pread(copy, got, n, 0) == (ssize_t)n && memcmp(bytes, got, n) == 0);
	CHECK(write(copy, "x", 1) == -1 && ftruncate(copy, 1) == -1 && fcntl(copy, F_ADD_SEALS, F_SEAL_WRITE) == -1);
	close(copy);
	close(from);
	free(bytes);
	free(got);
	CHECK(fd_sealed_copy(-1, "copy") == -1 && errno == EBADF);
}

int main(void)
{
	test_close();
	test_wait();
	CHECK(in_child(sane) == 0);
	CHECK(in_child(stdio) == 0);
	CHECK(in_child(close_from) == 0);
	CHECK(in_child(give) == 0);
	CHECK(in_child(give_few) == 0);
	test_sealed();
	return unit_failed;
}
