/* SPDX-License-Identifier: 0BSD */
/* A VM's rc-file and cfg-file in the making, from what others wrote for QEMU: pure, no file is touched. */
#ifndef DRAFT_H
#define DRAFT_H

#include "buf.h"
#include "cfg.h"
#include "conf.h"
#include "props.h"

#include <stddef.h>

struct draft_from {
	const char *text;	/* n bytes of anything */
	size_t n;
	const char *file;	/* what messages call it */
	const char *dir;	/* absolute: where relative file names begin */
	int (*look)(const char *path); /* at what a file is, where QEMU would have: 1 qcow2, 0 another, -1 none; NULL: nobody does */
};

enum draft_fate { DRAFT_STAYS, DRAFT_TAKEN, DRAFT_NAMED };

struct draft_option {
	const char *name;	/* "" for a bare word, which is a disk */
	const char *value;	/* NULL: it has none */
	struct props props;	/* of one whose value is such a list */
	enum draft_fate fate;	/* TAKEN: it became a key, or is left out; NAMED: as the one that is being read */
};

/* Zeroed is empty. */
struct draft {
	char name[CONF_NAME_MAX + 1];	/* by -name or NAME=, "" for none; it does not stand in `rc` */
	struct buf rc, cfg;
	struct buf notes;		/* each thing that has changed or is not kept, a line */
	/* what follows is for those who make it */
	const struct draft_from *from;	/* the caller's */
	struct cfg words;		/* of the command line or cfg-file, */
	const char *program;		/* and QEMU among them */
	struct draft_option *list;	/* the options among them */
	size_t n;
	struct draft_path *paths;
	/* and what the options have said so far */
	char machine[256];		/* its type */
	const char *strange;		/* the first accelerator that is none of ours */
	int accels, kvm, tcg;
	int bare;			/* -nodefaults: no devices but those named */
	int throw_away;			/* -snapshot */
	int headless, vga, serial;
	int nics;			/* -net, -netdev or -nic is there: QEMU adds no card */
	int scsi;			/* there is a disk on our SCSI controller */
};

void draft_note(struct draft *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "OPTION VALUE: why" */
void draft_tell(struct draft *d, const struct draft_option *o, const char *why);
/* KEY=VALUE: 0, or -1 when the key cannot hold the value, or is there. */
int draft_put(struct draft *d, enum conf_key key, int number, const char *value);
/* The number for a key: that of `id`, if it is called as ours are ("disk3" where `ours` is "disk") and free, else the lowest that is. */
int draft_number(struct draft *d, enum conf_key key, const char *id, const char *ours);
/* An option as it is, for the cfg-file. */
void draft_raw(struct draft *d, const char *option, const char *value);
/* The path as it holds from anywhere; good until draft_free. */
const char *draft_path(struct draft *d, const char *path);
/* The option that stays yet and has KEY=VALUE among its props, or NULL (also for no value): it is NAMED from now on. */
struct draft_option *draft_find(struct draft *d, const char *option, const char *key, const char *value);
void draft_free(struct draft *d);

#endif
