/* SPDX-License-Identifier: 0BSD */
/* The registry: which VMs there are, in which order, and where. */
#ifndef REG_H
#define REG_H

#include "buf.h"
#include "conf.h"
#include "err.h"

struct reg_vm {
	char name[CONF_NAME_MAX + 1];
	char *path;	/* the folder, absolute; NULL in the list of autostart */
	int line;
};

struct reg {
	char *file;		/* ETC_DIR/registered or ETC_DIR/autostart */
	struct buf text;	/* the file as read: a rewrite keeps every line that it does not mean */
	struct reg_vm *vms;	/* in the file's order */
	size_t n, room;
	size_t *sorted;		/* their numbers, by name */
	int code;		/* after a failure: what it means, enum code */
};

/* Reads ETC_DIR/registered, a line each: NAME PATH. etc_dir "", a missing directory or file: an empty list. Each
 * complaint is one line "FILE:LINE: why\n" in `errors`; the good lines are in the list all the same. 0; -1 when there is
 * a complaint (code: NOT_CONFIGURED, or NO_RIGHT or FAILED when the file cannot be read). Free it in either case. */
int reg_load(struct reg *r, const char *etc_dir, struct buf *errors);
/* The same for ETC_DIR/autostart: names, one a line. */
int reg_autostart(struct reg *r, const char *etc_dir, struct buf *errors);
void reg_free(struct reg *r);
/* NULL when it is not there. */
const struct reg_vm *reg_find(const struct reg *r, const char *name);

/* For who changes anything in ETC_DIR or a VM's files: makes the folder where it is missing and takes its lock until the
 * deadline. Read what is to be changed when you have it. A descriptor, to be closed; -1 and err. */
int reg_lock(const char *etc_dir, int64_t deadline, struct err *e);
/* Makes `line` the line of that name, NULL: none, and writes the file, for good when it returns. The lines around stay, and
 * so does the list in memory. 0; -1 and err. */
int reg_write(struct reg *r, const char *name, const char *line, struct err *e);

/* The VM's rc-file: DIR/NAME-qemu.rc or the later DIR/NAME-qemud.rc. 0; -1 and err: NOT_CONFIGURED when both or none are
 * there, NO_RIGHT when that cannot be seen. */
int reg_rc_file(const char *dir, const char *name, char *path, size_t room, struct err *e);
/* The VM's raw options, whether there are any or not: DIR/NAME-qemu.cfg. 0, -1: too long. */
int reg_raw_file(const char *dir, const char *name, char *path, size_t room);
/* The same for a folder alone: the one rc-file in it, whatever its NAME. */
int reg_rc_only(const char *dir, char *path, size_t room, struct err *e);

#endif
