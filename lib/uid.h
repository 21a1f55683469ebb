/* SPDX-License-Identifier: 0BSD */
/* The uid and gid of a QEMU: one that nobody else has, or the one that RUNAS names. */
#ifndef UID_H
#define UID_H

#include "err.h"
#include "place.h"
#include "site.h"

#include <sys/types.h>

/* One lock for the whole host, whatever QEMU_INIT_RUN says: the uids are the host's. */
#define UID_DIR PLACE_SYSTEM
#define UID_FILE UID_DIR "/" PLACE_UIDS

enum uid_way {
	UID_SAME,	/* stays who we are: an ordinary user, or RUNAS=root */
	UID_NAMED,	/* uid and gid are given */
	UID_OWN,	/* the lowest free one of the range */
};

struct uid_plan {
	enum uid_way way;
	uid_t uid;	/* UID_NAMED: the uid; UID_OWN: the first of the range */
	gid_t gid;
	unsigned int n;	/* UID_OWN: how many there are */
};

/* What RUNAS (or "") means for whoever runs us. passwd and group are paths of such files. 0; -1 and err: names that
 * are not there NOT_CONFIGURED, another's id without being root NO_RIGHT, no range in this namespace FAILED. */
int uid_plan(struct uid_plan *p, const char *runas, uid_t base, const char *passwd, const char *group, struct err *e);

/* For the forked child: becomes it, for good; extra is the only group besides, -1 for none. lock: the open file under
 * whose flock an own uid is chosen, and where it is written down whose turn it is (-1 where none is to be chosen). *turn tells this holder of an own
 * uid from the ones before and after it; 0 for another's id. 0, or -1 and err. */
int uid_become(const struct uid_plan *p, gid_t extra, int lock, long long *turn, struct err *e);
/* 0 when nothing is left of that turn's holder: no process has the uid, or it was given to another since, which is only
 * done when none has. Else 1. */
int uid_lives(const char *lock_path, uid_t uid, long long turn);

#endif
