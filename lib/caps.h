/* SPDX-License-Identifier: 0BSD */
/* What a keeper gives up: root's that which it does not need, everybody's that which could leak. */
#ifndef CAPS_H
#define CAPS_H

#include <sys/types.h>

enum caps_stage {
	CAPS_NET,	/* as CAPS_START, with a card on a bridge or tap */
	CAPS_START,	/* QEMU is to be started, perhaps again */
	CAPS_LIFE,	/* it runs, and is never started again */
};

/* No new privileges, no core dump, nobody looks into its memory; mode bits for nobody else, no folder in use; as root no
 * groups. */
void caps_begin(void);
/* Root's keeper becomes a member of GROUP, to give it the run directory without CAP_CHOWN; others are one already. */
void caps_join(gid_t group);
/* Keeps of its capabilities those of the table in caps.c that this stage needs, and leaves none to what it executes. Never
 * gets one back. */
void caps_keep(enum caps_stage stage);

#endif
