/* SPDX-License-Identifier: 0BSD */
/* What this kernel does not give: a VM runs all the same, with less between its QEMU and the host. */
#ifndef KERNEL_H
#define KERNEL_H

#include "buf.h"

/* Appends a line for each. root: QEMU is to leave the host's namespaces; tcp: VMs have TCP channels. */
void kernel_lacks(struct buf *out, int root, int tcp);
/* What Landlock of this ABI cannot keep from QEMU: a line, or nothing. Pure. */
void kernel_landlock(struct buf *out, int abi);

#endif
