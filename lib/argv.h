/* SPDX-License-Identifier: 0BSD */
/* QEMU's command line: built from a configuration as a pure function, for starting and for showing alike. */
#ifndef ARGV_H
#define ARGV_H

#include "cfg.h"
#include "conf.h"
#include "disk.h"
#include "err.h"
#include "nic.h"

#include <stddef.h>

enum { ARGV_FD = 10 }; /* the first descriptor that QEMU is given; fd 3..9 are left to it and to `lock` */

/* The value of -sandbox. */
extern const char argv_sandbox[];

/* What a given descriptor is: the keeper puts the real one in its place. */
enum given_kind {
	GIVEN_HMP, GIVEN_QMP, GIVEN_KEEPER, GIVEN_SERIAL, GIVEN_MON, GIVEN_CTL, GIVEN_KERNEL, GIVEN_INITRD, GIVEN_DISK, GIVEN_TAP,
	GIVEN_VHOST,
};

struct argv_given {
	enum given_kind kind;
	size_t which;	/* of the disks (GIVEN_DISK) or cards (GIVEN_TAP, GIVEN_VHOST) */
	int node;	/* GIVEN_DISK: which of its nodes, -1: the throw-away overlay */
};

/* The sockets that QEMU is given, by kind: their names in the run directory. */
extern const char *const argv_sockets[GIVEN_CTL + 1];

struct argv_from {
	const char *program;		/* TGTARCH's absolute path, or its name */
	const struct conf *conf;
	const struct disks *disks;
	const struct nics *nics;
	const struct cfg *raw;		/* the cfg-file's words */
	int kvm;			/* KVM may be tried */
	int mon, ctl;			/* there is a TCP port */
	const char *run;		/* the run directory; show: paths in it instead of descriptors */
	int show;
	int alone;			/* shown for who runs it without a keeper: no monitors, the serial line on stdio */
};

struct argv {
	char **words;			/* ends with NULL */
	size_t n, room;
	struct argv_given *given;	/* the i-th is QEMU's descriptor ARGV_FD + i */
	size_t givens, given_room;
	int bad;			/* memory ran out */
};

/* 0; -1 and err (with the rc-file's line). Free it in either case. */
int argv_build(struct argv *a, const struct argv_from *from, struct err *e);
void argv_free(struct argv *a);
/* The key whose whole value is this option's (-smp), or -1. */
int argv_key(const char *option);
/* The target of a configuration: TGTARCH or the host's own. */
void argv_target(const struct conf *c, char *target, size_t room);
/* 1 when the configuration gives the guest a display. */
int argv_vnc(const struct conf *c);

#endif
