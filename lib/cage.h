/* SPDX-License-Identifier: 0BSD */
/* What QEMU may touch of the host: a list of rules, kept by Landlock, and namespaces that hold nothing. */
#ifndef CAGE_H
#define CAGE_H

#include "buf.h"
#include "cfg.h"
#include "conf.h"
#include "err.h"

#include <stddef.h>

enum cage_right {
	CAGE_READ,
	CAGE_EXEC,	/* and read */
	CAGE_WRITE,	/* read, write, make and remove */
	CAGE_SOCKET,	/* make and remove sockets in a folder */
	CAGE_NAMED,	/* of a plan alone: CAGE_WRITE, of a socket (or what is not there) CAGE_SOCKET on its folder */
};

struct cage_rule {
	char *path;
	enum cage_right right;
	const char *why;		/* "libraries"; NULL: the item says it */
	const struct conf_item *item;
	int fd;				/* O_PATH, -1 before cage_find */
	int given;			/* QEMU has it open, the path is for people */
	int loaded;			/* of CAGE_NAMED: QEMU makes no such file, it must be there */
};

struct cage {
	struct cage_rule *rules;	/* the first is the program's */
	size_t n, room;
	int net;			/* it needs the host's network, and why */
	const char *net_why;
	const struct conf_item *net_item;
	int folders;			/* some words open a folder for writing, or for a socket */
	int programs;			/* only which programs it may execute is kept */
	int bad;			/* memory ran out */
};

struct cage_from {
	const char *program;		/* QEMU's, without links: its place says where libraries and firmware are */
	int is_script;			/* which other programs then interpret */
	const struct conf *conf;
	const struct cfg *raw;		/* the cfg-file's words */
	char *const *argv;		/* QEMU's command line, with all of these */
	int kernel, initrd;		/* open, or -1: then their paths serve */
};

/* What is to be said of a program that is one and cannot start another. */
#define CAGE_SCRIPT "a script, which may start programs of /bin and /usr/bin alone: QEMU itself first in PATH, or SANDBOX=no"

/* The plan: all that could be a rule, whether it is there or not. Pure. Free it in any case. */
void cage_plan(struct cage *c, const struct cage_from *from);
/* Leaves in the plan what is there. What the user's own words name is left out, with a
 * line in `warnings`, where it would open too much: /, /etc and their like, whatever is above or beneath run; or where it is a
 * file to be loaded and not there. */
void cage_find(struct cage *c, const char *run, struct buf *warnings);
/* Both, from->program being argv[0] as it is found. 0; -1 and err. */
int cage_draw(struct cage *c, struct cage_from *from, const char *run, struct buf *warnings, struct err *e);
void cage_free(struct cage *c);
/* Appends a line "PATH RIGHTS WHY" for each rule, its path without links. */
void cage_print(struct cage *c, struct buf *out);

/* Landlock's ABI in this kernel, 0 for none. */
int cage_abi(void);
/* The rules as Landlock has them: its ABI, and in *ruleset a descriptor for cage_enter; 0 when the kernel has no Landlock,
 * *ruleset is then -1; -1 and err. */
int cage_build(const struct cage *c, int *ruleset, struct err *e);

/* For the forked child while it is root: leaves the host's IPC and mount namespaces and, unless it needs it, network; covers
 * /run and /tmp as far as no rule is beneath. 1; 0 where that is refused. */
int cage_leave(const struct cage *c);
/* For the forked child that has no_new_privs: from here on the ruleset holds, also across exec. 0, -1 with errno. */
int cage_enter(int ruleset);

#endif
