/* SPDX-License-Identifier: 0BSD */
/* A VM's unit for systemd. */
#ifndef SYSTEMD_H
#define SYSTEMD_H

#include "buf.h"
#include "conf.h"
#include "err.h"

/* Appends the unit that runs this VM by this very program: root's for the system, anybody else's for systemd --user. 0; -1
 * and err. */
int systemd_unit(struct buf *out, const struct conf *c, struct err *e);

#endif
