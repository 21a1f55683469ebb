/* SPDX-License-Identifier: 0BSD */
/* monitor.conf: what holds for all VMs of a host. */
#ifndef SITE_H
#define SITE_H

#include "buf.h"

#include <stdint.h>
#include <sys/types.h>

enum { SITE_UIDS = 4096 };	/* UIDBASE .. UIDBASE + SITE_UIDS - 1 */

struct site {
	uint16_t monport;	/* MONPORT of slot 0 */
	int tcp;		/* 0: no VM has TCP channels */
	int command;		/* 0: no VM has a CTLPORT */
	uid_t uidbase;
	int code;		/* after a failure: what it means, enum code */
};

/* Reads ETC_DIR/monitor.conf; etc_dir "" or a missing file: the built-in values. Each complaint is one line
 * "FILE:LINE: KEY: why\n" in `errors`. 0; -1 when there is one (code: NOT_CONFIGURED, or NO_RIGHT or FAILED when the
 * file cannot be read). */
int site_load(struct site *s, const char *etc_dir, struct buf *errors);

#endif
