/* SPDX-License-Identifier: 0BSD */
/* Where things are: the configuration, the run place and the VMs' folders, from the environment and the uid. */
#ifndef PLACE_H
#define PLACE_H

#include "err.h"

#include <stddef.h>

enum { PLACE_MAX = 256 };

/* The longest name of a socket in a VM's run directory; place_fits counts with it, so none may be longer. */
#define PLACE_LONGEST "private/monitor-ctl.sock"

/* Root's, where others find those of its VMs that they may use. */
#define PLACE_SYSTEM "/run/qemu"

/* Its own file (uid.h): no VM is called so, in no run place. Others begin with a dot, which no name does. */
#define PLACE_UIDS "uids"

/* Absolute, without a slash at the end. */
struct place {
	char etc[PLACE_MAX];	/* monitor.conf, registered, autostart, default.rc; "" without a HOME: there are none */
	char run[PLACE_MAX];	/* RUN/NAME/ */
	char data[PLACE_MAX];	/* the parent of the folders that `create` makes; "" without a HOME */
	int root;		/* the effective uid is 0 */
};

/* From QEMU_INIT_ETC, QEMU_INIT_RUN, QEMU_INIT_DAT, else the built-in ones. No file is touched. 0; -1 and err
 * (NOT_CONFIGURED) when one is relative or too long. */
int place_find(struct place *p, struct err *e);
/* Whether the run place has room for a VM of this name: it is not one of its own, and every socket has a path that fits
 * into a socket address. 0; -1 and err (NOT_CONFIGURED). */
int place_fits(const struct place *p, const char *name, struct err *e);
/* RUN/NAME, or RUN/NAME/FILE when file is not NULL. 0, or -1 when it does not fit into room. */
int place_run(const struct place *p, const char *name, const char *file, char *to, size_t room);

#endif
