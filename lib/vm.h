/* SPDX-License-Identifier: 0BSD */
/* A VM's run directory: its paths, and becoming its keeper. */
#ifndef VM_H
#define VM_H

#include "conf.h"
#include "err.h"
#include "lock.h"
#include "place.h"

enum { VM_PATH_MAX = 84 }; /* with "/" and PLACE_LONGEST 107 bytes */

struct vm {
	char name[CONF_NAME_MAX + 1];
	char path[VM_PATH_MAX];	/* RUN/NAME */
	int dir;		/* -1: it does not exist */
	int lock;		/* -1: no such file */
};

/* Nothing open. */
void vm_none(struct vm *vm);
void vm_close(struct vm *vm);
/* Opens the run place, which is checked anew at each use: 1 and *run; 0 when it is not there; -1 and err. */
int vm_run(const struct place *place, int make, int *run, struct err *e);
/* Opens the directory and the lock to look at them; neither is made. Where an ordinary user has no such VM, root's of
 * that name. 1; 0 when there is no such directory, or none with a lock: nothing runs; -1 and err: nothing is known. The
 * lock stays -1 for a member of its GROUP: whoever may open it may hold it. */
int vm_look(struct vm *vm, const struct place *place, const char *name, struct err *e);
/* Looks at the lock (a member at who answers), and believes a keeper, who has waitid, that its QEMU lives although that has dropped its byte.
 * 0, or -1 with errno. */
int vm_seen(const struct vm *vm, struct lock_seen *seen);
/* Makes directory and lock where they are missing, and takes the keeper's byte. 1: this process (and who inherits the lock)
 * is the keeper now; 0: there is one; -1 and err. */
int vm_keep(struct vm *vm, const struct place *place, const char *name, struct err *e);
/* Removes the directory with all that this project puts there, if nobody holds QEMU's byte: for the holder of the
 * keeper's. Files of others stay, and with them the directory. */
void vm_erase(struct vm *vm);
/* RUN/NAME/FILE. `to` has SOCK_PATH_MAX + 1 bytes; place_fits made sure that it fits. */
void vm_file(const struct vm *vm, const char *file, char *to);

#endif
