/* SPDX-License-Identifier: 0BSD */
/* System calls that QEMU may not make: what neither its uid nor Landlock keeps it from. Its own -sandbox comes on top. */
#ifndef FILTER_H
#define FILTER_H

#include <sys/syscall.h>

/* What the rc-file's words ask for. */
enum {
	FILTER_NET = 1,		/* the network: Internet sockets */
	FILTER_PATHS = 2,	/* paths of their own: UNIX sockets, modes and owners of files */
};

/* For the forked child that has no_new_privs and will execute program: from here on, also across exec. A kernel without
 * seccomp, and a program for another machine than ours, go without. 0, -1 with errno. */
int filter_enter(const char *program, int wants);

/* Old calls that newer machines do not have, a new one that older headers do not have; -1 is no call. */
#ifndef SYS_chmod
#define SYS_chmod (-1)
#define SYS_chown (-1)
#define SYS_lchown (-1)
#endif
#ifndef SYS_shmget
#define SYS_shmget (-1)
#define SYS_semget (-1)
#define SYS_msgget (-1)
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifdef __s390__
#define FILTER_CLONE_FLAGS 1
#else
#define FILTER_CLONE_FLAGS 0
#endif

#endif
