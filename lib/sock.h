/* SPDX-License-Identifier: 0BSD */
/* Sockets: UNIX by absolute path, TCP to use on the loopback addresses alone; nonblocking, close-on-exec. */
#ifndef SOCK_H
#define SOCK_H

#include "err.h"

#include <stdint.h>
#include <sys/types.h>
#include <sys/socket.h>

enum { SOCK_PATH_MAX = 107 };	/* unix(7): sun_path has 108 bytes with its NUL */
enum { SOCK_BACKLOG = 128 };

/* A listening socket at an absolute path that does not exist yet, born with that mode. fd, or -1 and err. */
int sock_listen_unix(const char *path, mode_t mode, int backlog, struct err *e);
/* A connected one; waits for room in the listener's backlog, until the deadline. fd, or -1 and err (errno kept;
 * ETIMEDOUT: the deadline). */
int sock_connect_unix(const char *path, int64_t deadline, struct err *e);
/* A TCP listener on 127.0.0.1 (AF_INET) or ::1 (AF_INET6, V6ONLY). fd, or -1 with errno: EADDRINUSE: taken;
 * EADDRNOTAVAIL or EAFNOSUPPORT: this host has no such address. */
int sock_listen_tcp(int family, uint16_t port);
/* The same on any address of this host's, in numbers, for who only wants to know whether it could be had. */
int sock_listen_at(const char *address, uint16_t port);
/* Connects to 127.0.0.1, or where that is refused to ::1. fd, or -1 and err. */
int sock_connect_tcp(uint16_t port, int64_t deadline, struct err *e);
/* One accepted connection, nonblocking and close-on-exec; -1 with errno. */
int sock_accept(int fd);
void sock_nodelay(int fd);
/* Who is at the other end of a UNIX socket (SO_PEERCRED). 0 or -1 with errno; pid may be NULL. */
int sock_peer(int fd, uid_t *uid, pid_t *pid);
/* Sends n bytes with one descriptor (SCM_RIGHTS). As send(2). */
ssize_t sock_send_fd(int fd, const void *bytes, size_t n, int passed);

#endif
