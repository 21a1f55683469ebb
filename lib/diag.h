/* SPDX-License-Identifier: 0BSD */
/* Whose a TCP connection of this host is: what the kernel says of the other end, and of who holds it. */
#ifndef DIAG_H
#define DIAG_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Addresses in network order, ports in the host's. AF_INET fills 4 bytes, the rest is 0; an IPv6 address that only
 * wraps an IPv4 one (::ffff:127.0.0.1) is told as AF_INET. */
struct diag_pair {
	int family;
	uint8_t theirs[16], ours[16];
	uint16_t their_port, our_port;
};

/* What the kernel knows of the other end. A connection that nobody holds any more has inode 0, and then uid 0! */
struct diag_answer {
	struct diag_pair pair;	/* the one that it speaks of: compare it with the one asked for */
	uid_t uid;		/* of who made it, as seen from this user namespace */
	uint64_t inode;
	int state;		/* TCP_ESTABLISHED ... of <netinet/tcp.h>, TCP_LISTEN for a listener at that address */
};

/* The two ends of a connected TCP socket. 0, or -1 with errno (ENOTCONN: it was reset). */
int diag_pair(int fd, struct diag_pair *p);
int diag_same(const struct diag_pair *a, const struct diag_pair *b);

/* Asks for the other end of p, and never waits: an exact NETLINK_SOCK_DIAG look-up, else /proc/net/tcp and tcp6.
 * 1: an answer; 0: nobody; -1 with errno. */
int diag_ask(const struct diag_pair *p, struct diag_answer *a);
/* The same from /proc alone; reads at most 65536 rows (EFBIG). */
int diag_ask_proc(const struct diag_pair *p, struct diag_answer *a);

/* Calls with each row of /proc/net/tcp and tcp6; a call that returns other than 0 ends it. 1: ended so; 0: no more rows; -1 with
 * errno. */
int diag_rows(int (*each)(void *arg, const struct diag_answer *a), void *arg);
/* Whether this kernel answers such look-ups itself. */
int diag_kernel(void);

/* One netlink message of n bytes: 1: an answer; 0: it says "not found"; -1: errno is what it says, EPROTO: no answer. */
int diag_parse(const void *bytes, size_t n, struct diag_answer *a);
/* One line of /proc/net/tcp or tcp6: 1: a row; 0: none (the heading, garbage). */
int diag_parse_proc(const char *line, size_t n, struct diag_answer *a);

/* TCP_INFO's state of our own end, -1 with errno. */
int diag_tcp_state(int fd);

/* 1 when one uid stands for everybody who has none here (/proc/self/uid_map is not the identity, or unreadable):
 * *uid is that one. 0 when every uid is somebody. */
int diag_nobody(uid_t *uid);

/* Calls each process that has socket:[inode] among its /proc/PID/fd; `dir` is that folder, open: what is read from it
 * as "../NAME" is of that very process, whoever gets its pid next. exe is where "../exe" points, NULL when that cannot
 * be read. Processes that hide their descriptors from us are passed over. A call that returns other
 * than 0 ends the walk. How many were called, or -1 with errno (ETIMEDOUT: the deadline). */
int diag_holders(uint64_t inode, int64_t deadline, int (*each)(void *arg, pid_t pid, int dir, const char *exe), void *arg);

#endif
