/* SPDX-License-Identifier: 0BSD */
/* Why the kernel calls a block device busy (O_EXCL, EBUSY): the words for people. */
#ifndef BUSY_H
#define BUSY_H

#include <stddef.h>
#include <sys/types.h>

enum { BUSY_WHERE = 1024 };

/* Looks in the text of /proc/self/mountinfo for a mount of one of the n devices: 1 and the mount point as it stands
 * there in `where` (BUSY_WHERE bytes), 0 for none. Pure. */
int busy_mounted(const char *mountinfo, const dev_t *devices, size_t n, char *where);
/* The same in the text of /proc/swaps; asks the file system which devices its paths are. */
int busy_swapped(const char *swaps, const dev_t *devices, size_t n, char *where);
/* "mounted on /home", "swap on /dev/sda2", "held by dm-0" of the device or one of its partitions; "in use" when
 * neither /proc nor /sys tells. */
void busy_why(dev_t device, char *why, size_t room);

#endif
