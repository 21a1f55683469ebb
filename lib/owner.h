/* SPDX-License-Identifier: 0BSD */
/* Which registered VM a file or a network address belongs to. */
#ifndef OWNER_H
#define OWNER_H

#include "host.h"

#include <sys/stat.h>

/* Zeroed is empty. */
struct owners {
	struct owned *list;
	size_t n, room;
};

/* Whether a file belongs to a registered VM other than `except`: 1 and what it is ("DISK1 of db"), else 0. */
int owner_of_file(const struct host *h, const char *except, const struct stat *st, char *what, size_t room);
/* The same of a card's address on a bridge or tap ("NIC1 of db"). */
int owner_of_mac(const struct host *h, const char *except, const char *mac, char *what, size_t room);
/* For who asks about many VMs: their files are read now, and not again for each question until the host is freed; where
 * memory runs out they are. Free it after the last one. */
void owner_read(struct owners *all, struct host *h);
void owner_free(struct owners *all);

#endif
