/* SPDX-License-Identifier: 0BSD */
/* The arithmetic of the TCP ports, and taking them. */
#include "port.h"

#include "fd.h"
#include "sock.h"

#include <errno.h>

uint16_t port_of_slot(uint16_t base, unsigned int slot)
{
	unsigned long mon = base + slot / PORT_COMMAND * 2UL * PORT_COMMAND + slot % PORT_COMMAND;

	return mon + PORT_COMMAND <= PORT_LAST ? (uint16_t)mon : 0;
}

void port_none(struct ports *p)
{
	*p = (struct ports){ .mon_fd = { -1, -1 }, .ctl_fd = { -1, -1 } };
}

void port_close(struct ports *p)
{
	for (int i = 0; i < 2; i++) {
		fd_close(&p->mon_fd[i]);
		fd_close(&p->ctl_fd[i]);
	}
	p->mon = p->ctl = 0;
}

/* A host without ::1 (or without 127.0.0.1) is served on the other alone; one of the two must be there. */
static int listen_both(int fd[2], uint16_t port, int families)
{
	static const int family[2] = { AF_INET, AF_INET6 };
	static const int bit[2] = { PORT_IPV4, PORT_IPV6 };

	for (int i = 0; i < 2; i++) {
		if (!(families & bit[i]))
			continue;
		fd[i] = sock_listen_tcp(family[i], port);
		if (fd[i] < 0 && errno != EADDRNOTAVAIL && errno != EAFNOSUPPORT)
			return 0;
	}
	return fd[0] >= 0 || fd[1] >= 0;
}

int port_take_one(struct ports *p, uint16_t mon, int families, int with_ctl)
{
	port_none(p);
	if (mon > PORT_LAST - PORT_COMMAND) {
		errno = ERANGE;
		return 0;
	}
	if (listen_both(p->mon_fd, mon, families) &&
	    (!with_ctl || listen_both(p->ctl_fd, (uint16_t)(mon + PORT_COMMAND), families))) {
		p->mon = mon;
		p->ctl = with_ctl ? (uint16_t)(mon + PORT_COMMAND) : 0;
		return 1;
	}
	int why = errno;
	port_close(p);
	errno = why;
	return 0;
}

int port_take(struct ports *p, uint16_t base, int families, int with_ctl)
{
	uint16_t mon;

	port_none(p);
	for (unsigned int slot = 0; (mon = port_of_slot(base, slot)) != 0; slot++) {
		if (port_take_one(p, mon, families, with_ctl))
			return 1;
		if (errno != EADDRINUSE && errno != EACCES)
			return 0;
	}
	return 0;
}
