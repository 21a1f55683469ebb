/* SPDX-License-Identifier: 0BSD */
/* What holds for all VMs of whoever calls: the places, monitor.conf, the registry and autostart, read once. */
#ifndef HOST_H
#define HOST_H

#include "buf.h"
#include "err.h"
#include "place.h"
#include "reg.h"
#include "site.h"

#include <sys/stat.h>

struct host {
	struct place place;
	struct site site;
	struct reg reg;
	struct reg autostart;	/* its own code says whether it is whole */
	int code; /* what a complaint about the other files means, DONE for none */
};

/* 0; -1 and err when not even the places are known; complaints about the files are lines in `errors`, *code is then
 * what they mean (DONE for none). Free it in either case. */
int host_load(struct host *h, struct buf *errors, int *code, struct err *e);
void host_free(struct host *h);
/* Whether a file belongs to a registered VM other than `except`: 1 and what it is ("DISK1 of db"), else 0. */
int host_file_taken(const struct host *h, const char *except, const struct stat *st, char *what, size_t room);
/* The same of a card's address on a bridge or tap ("NIC1 of db"). */
int host_mac_taken(const struct host *h, const char *except, const char *mac, char *what, size_t room);

#endif
