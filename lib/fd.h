/* SPDX-License-Identifier: 0BSD */
/* Descriptors: close-on-exec from birth, never 0, 1 or 2 by accident. */
#ifndef FD_H
#define FD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Closes *fd if it is open (>= 0) and makes it -1; errno survives. */
void fd_close(int *fd);
/* 0, or -1 with errno. */
int fd_nonblock(int fd);
/* Writes all of it to a blocking descriptor: 0, or -1 with errno. */
int fd_write(int fd, const void *bytes, size_t n);
/* As read(2), tried again on EINTR. */
ssize_t fd_read(int fd, void *bytes, size_t room);
/* Waits until fd is ready for events (poll's) or in error: 1, 0 at the deadline, -1 with errno. */
int fd_wait(int fd, short events, int64_t deadline);
/* Opens /dev/null on each of 0, 1 and 2 that is closed, so that no later descriptor takes their place. 0 or -1. */
int fd_sane(void);
/* Makes fd 0, 1 and 2 copies of `in`, `out` and `out`. 0 or -1. */
int fd_stdio(int in, int out);
/* Closes every descriptor >= from except the n listed. */
void fd_close_from(int from, const int *keep, size_t n);
enum { FD_GIVE_MAX = 1024 };
/* In a child that will exec: puts fds[i] at base + i, open across exec, and closes all else above 2. 0 or -1
 * (EMFILE: more than FD_GIVE_MAX). */
int fd_give(const int *fds, size_t n, int base);
/* An anonymous file in memory, close-on-exec. -1 with errno. */
int fd_memory(const char *name);
/* Copies a regular file's n bytes into a sealed memory file: its descriptor, or -1 with errno. */
int fd_sealed_copy(int from, const char *name);

#endif
