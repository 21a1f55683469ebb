/* SPDX-License-Identifier: 0BSD */
/* The network cards of a configuration: read as a pure function, then opened. */
#ifndef NIC_H
#define NIC_H

#include "conf.h"
#include "err.h"
#include "spec.h"
#include "tap.h"

#include <stddef.h>

struct nic {
	const struct conf_item *item;	/* the conf's; its number is the card's */
	struct spec_nic spec;		/* not NIC_NONE */
	char mac[TAP_MAC];		/* as given, else of one on a bridge or tap its own; "" */
	char name[TAP_NAME];		/* the tap that there is, or that would be made; "" */
	int mtu;			/* of bridge or tap, 0: not known */
	int fd, vhost;			/* close-on-exec; -1 before nics_open and after nics_close */
};

/* Zeroed is empty. */
struct nics {
	struct nic *list;
	size_t n, room;
};

/* All but `none`, in the order of the numbers; host is tap_host's. 0; -1 and err with the line of the first that is wrong.
 * Free it in either case, before the conf. Pure. */
int nics_read(struct nics *all, const struct conf *c, const char *host, struct err *e);
/* The same with this host's id, which is looked for only where an address is made of it. */
int nics_load(struct nics *all, const struct conf *c, struct err *e);
/* Whether it is on a bridge or a tap of the host's. */
int nic_is_bridged(const struct nic *n);
/* The bridged card with this address among the first n, or NULL. Pure. */
const struct nic *nics_mac(const struct nics *all, size_t n, const char *mac);
/* Whether any card of the configuration is bridged. Pure. */
int nics_bridged(const struct conf *c);
/* Asks for the MTUs, as nics_open does. */
void nics_look(struct nics *all);
/* Makes or opens the taps. 0; -1 and err with the line. */
int nics_open(struct nics *all, const char *vm, struct err *e);
void nics_close(struct nics *all);
void nics_free(struct nics *all);

#endif
