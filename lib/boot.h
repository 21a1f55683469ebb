/* SPDX-License-Identifier: 0BSD */
/* The start of a host's VMs, while it is under way: who it is, for the stop that comes meanwhile. */
#ifndef BOOT_H
#define BOOT_H

#include "err.h"
#include "place.h"

#include <sys/types.h>

/* This process, not its children, starts VMs from now on, until it ends. There may be several. 0; -1 and err. */
int boot_begin(const struct place *place, struct err *e);
/* For a child of it: it ends with it from now on. 0; -1: that has ended already. */
int boot_child(pid_t parent);
/* Ends all that do; the VMs that they have begun are held by their keepers by then. How many; -1 and err. */
int boot_end(const struct place *place, struct err *e);

#endif
