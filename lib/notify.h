/* SPDX-License-Identifier: 0BSD */
/* Telling a supervisor how it goes: systemd's sd_notify(3), and s6's newline on a descriptor. */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdint.h>

struct notify {
	int socket;	/* connected, or -1 */
	int ready;	/* who waits for a newline, or -1 */
};

/* From NOTIFY_SOCKET and QINIT_READY_FD; no child inherits the descriptors. What is not there, or cannot be reached, is not told. */
void notify_begin(struct notify *n);
void notify_ready(struct notify *n);
/* That it ends, and takes at most so long. */
void notify_stopping(const struct notify *n, int64_t ms);
void notify_end(struct notify *n);

#endif
