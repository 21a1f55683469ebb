/* SPDX-License-Identifier: 0BSD */
/* The arithmetic of the TCP ports, and taking them. */
#ifndef PORT_H
#define PORT_H

#include "err.h"

#include <stdint.h>

enum { PORT_BASE = 30320, PORT_COMMAND = 100, PORT_LAST = 65535 };
enum { PORT_IPV4 = 1, PORT_IPV6 = 2 };

/* MONPORT of slot s: base + (s / 100) * 200 + s % 100, so that no MONPORT meets a CTLPORT; 0 when it or its CTLPORT
 * ends past 65535. */
uint16_t port_of_slot(uint16_t base, unsigned int slot);

/* The listeners of one port: [0] IPv4, [1] IPv6, -1 for none. */
struct ports {
	uint16_t mon, ctl;	/* 0: none */
	int mon_fd[2], ctl_fd[2];
};

/* All of it unset. */
void port_none(struct ports *p);
/* Takes the lowest slot on whose every address it can listen; with_ctl: the command port, too. 1; 0: none is left. */
int port_take(struct ports *p, uint16_t base, int families, int with_ctl);
/* Takes this MONPORT and no other. 1, or 0 with errno. */
int port_take_one(struct ports *p, uint16_t mon, int families, int with_ctl);
void port_close(struct ports *p);

#endif
