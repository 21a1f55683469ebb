/* SPDX-License-Identifier: 0BSD */
/* Services of this host that trust its loopback: they listen there and nowhere else. */
#ifndef SERVICE_H
#define SERVICE_H

#include "buf.h"

/* Appends their TCP ports for people, "631, 5432 and 3 more"; nothing when there is none. Those that a QEMU or a keeper holds
 * are none. 0, -1 with errno: it could not be seen. */
int service_list(struct buf *out);

#endif
