/* SPDX-License-Identifier: 0BSD */
/* Who may: an owner, and users and groups beside. Groups are those that the kernel has for a process, not a file's. */
#ifndef PEER_H
#define PEER_H

#include "err.h"

#include <stddef.h>
#include <sys/types.h>

enum { PEER_MAX = 16 };

struct peers {
	uid_t owner;
	int any;	/* everybody */
	unsigned int users, groups; /* so many there are of each */
	uid_t user[PEER_MAX];
	gid_t group[PEER_MAX];
};

/* Adds those that the words name: USER, @GROUP, or numbers; `any`. passwd and group are paths of such files. 0; -1 and
 * err (NOT_CONFIGURED) for the first that is not there; those before it are in. */
int peer_read(struct peers *p, const char *words, const char *passwd, const char *group, struct err *e);
int peer_add_group(struct peers *p, gid_t gid);	/* 0, -1: full */
int peer_user(const struct peers *p, uid_t uid);
int peer_group(const struct peers *p, const gid_t *list, size_t n);
/* Whether who connected a UNIX socket may: root, or one of these, by uid, group or supplementary groups. */
int peer_may(int fd, const struct peers *p);

#endif
