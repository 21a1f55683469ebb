/* SPDX-License-Identifier: 0BSD */
/* The status of VMs in its three forms, all from one table of columns. */
#ifndef SHOW_H
#define SHOW_H

#include "buf.h"
#include "opt.h"
#include "probe.h"

/* SHOW_HOST: the table and AUTOSTART. */
enum show_form { SHOW_TABLE, SHOW_HOST, SHOW_ALL, SHOW_JSON, SHOW_SHELL };

/* Appends the VMs: a table of the first columns, or of all; one JSON array; a line of shell assignments for each. */
void show_vms(struct buf *out, const struct probe *list, size_t n, enum show_form form);
/* What -j, -s, -v ask for. */
enum show_form show_form(const struct opts *o);

#endif
