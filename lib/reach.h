/* SPDX-License-Identifier: 0BSD */
/* From the words of a command line (NAME, -p PORT, -u SOCKET) to a monitor. */
#ifndef REACH_H
#define REACH_H

#include "err.h"
#include "mon.h"
#include "opt.h"
#include "sock.h"

struct reach {
	struct mon_where where;
	const char *name;	/* of the VM; NULL with -p and -u */
	char path[SOCK_PATH_MAX + 1];
	pid_t pid;		/* QEMU's, from the kernel, of a NAME; 0: not known */
	char **words;		/* those behind the NAME */
	int n;
};

/* `file` is the socket of a VM's run directory. Nothing is connected. 0; -1 and err: USAGE, NOT_UP (the VM does not run),
 * NOT_CONFIGURED (no such VM), NO_RIGHT. */
int reach_find(struct reach *r, const struct opts *o, const char *file, struct err *e);
/* 1 when QEMU runs under a system call filter: a command that starts a program would kill it. */
int reach_confined(const struct reach *r);

#endif
