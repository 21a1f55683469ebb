/* SPDX-License-Identifier: 0BSD */
/* What holds for all VMs of whoever calls: the places, monitor.conf, the registry and autostart, read once. */
#ifndef HOST_H
#define HOST_H

#include "buf.h"
#include "err.h"
#include "place.h"
#include "reg.h"
#include "site.h"

struct host {
	struct place place;
	struct site site;
	struct reg reg;
	struct reg autostart;	/* its own code says whether it is whole, */
	struct buf untold;	/* and these lines why it is not */
	const struct owners *owners; /* owner_read's, or NULL */
	int code; /* what a complaint about the other files means, DONE for none */
};

/* 0; -1 and err when not even the places are known; complaints about the files are lines in `errors`, *code is then
 * what they mean (DONE for none). Free it in either case. */
int host_load(struct host *h, struct buf *errors, int *code, struct err *e);
void host_free(struct host *h);

#endif
