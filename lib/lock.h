/* SPDX-License-Identifier: 0BSD */
/* The file `lock` of a VM: byte 0 is QEMU's, byte 1 the keeper's. Who holds them is the truth about the VM. */
#ifndef LOCK_H
#define LOCK_H

#include "err.h"

#include <sys/types.h>

enum lock_byte { LOCK_QEMU = 0, LOCK_KEEPER = 1 };

struct lock_seen {
	int qemu;	/* somebody holds byte 0 */
	pid_t pid;	/* QEMU's, from the kernel; 0 when it is in another pid namespace: never signal then */
	int keeper;	/* a keeper holds byte 1 */
};

/* Opens `lock` in the VM's run directory, close-on-exec; `create`: also makes it. fd, or -1 with errno. */
int lock_open(int dir, int create);
/* Looks who holds what, takes nothing. 0, or -1 with errno: then nothing is known. */
int lock_look(int fd, struct lock_seen *seen);
/* Takes a byte for this open file description (an OFD lock). 1, 0: somebody else has it, -1 with errno. */
int lock_take(int fd, enum lock_byte byte);
/* 1 when the open file is still the one named `lock` in the directory. */
int lock_same(int fd, int dir);
/* For the forked child that is about to exec QEMU and has no descriptor of `lock` left: opens its own, read-only and open
 * across exec, and takes byte 0, a POSIX lock, for good. The descriptor; -1 and err, also when another holds it. */
int lock_child(const char *path, struct err *e);

#endif
