/* SPDX-License-Identifier: 0BSD */
/* The fork of QEMU: with what it is given and nothing else, as whom it shall run, holding byte 0 of the lock. */
#ifndef SPAWN_H
#define SPAWN_H

#include "cage.h"
#include "err.h"
#include "uid.h"

#include <stddef.h>

struct spawn {
	char *const *argv;
	const int *given;	/* the i-th becomes descriptor ARGV_FD + i */
	size_t n;
	int base;		/* ARGV_FD */
	const char *lock;	/* the path of `lock` */
	const char *uids;	/* the file under whose lock an own uid is chosen */
	struct uid_plan uid;
	gid_t group;		/* the only group besides, (gid_t)-1 for none */
	int output;		/* its stdout and stderr */
	const struct cage *cage; /* NULL: QEMU may do all that its uid may */
	int ruleset;		/* of cage_build, -1: no Landlock */
};

/* What became of it. */
struct spawned {
	uid_t uid;
	long long turn;		/* which turn with that uid it has (uid.h) */
	int away;		/* it has left the host's namespaces */
};

/* Returns the child's pid when it has executed QEMU, and in err a warning or ""; -1 and err. */
pid_t spawn_qemu(const struct spawn *s, struct spawned *got, struct err *e);

/* SIGKILL to all that has an own uid, if it is still that turn's: what a QEMU has forked escapes no other way. 0; -1 and err. */
int spawn_end(const char *uids, uid_t uid, long long turn, struct err *e);

enum { SPAWN_LINE = 3, SPAWN_NOT_EXECUTED = 126 /* as a shell ends whose `exec` is refused */ };

/* Who a QEMU that is only to be asked shall be: who the VM's would be, nobody in the place of an own uid. */
struct spawn_as {
	struct uid_plan uid;
	gid_t group;		/* as in spawn */
	int ruleset;		/* as in spawn */
};

/* Forks a QEMU that is only to be asked, and runs no guest: argv[0] is its path, `line` becomes SPAWN_LINE, its words go to
 * `output`, also why it could not be executed. It ends with us. The pid; -1 and err. */
pid_t spawn_asked(char *const *argv, int line, int output, const struct spawn_as *as, struct err *e);

/* Whether a child may leave the host's namespaces, as root's QEMU shall. */
int spawn_may_leave(void);

/* Whether a hook that begins with this word finds a program of that name, or a word of the shell's own. 1 also for what is no
 * plain name. */
int spawn_hook_finds(const char *word);

struct spawn_hook {
	const char *command;
	char *const *env;	/* all of it */
	int output;
	uid_t uid;		/* whose rights it has; gid is then its only group */
	gid_t gid;
};

/* Forks `/bin/sh -c command` in a session of its own, nothing open but its output. The pid; -1 and err. */
pid_t spawn_shell(const struct spawn_hook *h, struct err *e);

#endif
