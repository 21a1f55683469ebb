/* SPDX-License-Identifier: 0BSD */
/* Tap devices, a guest's network cards as the host sees them: made on a bridge, or opened by name. By ioctl, which sees
 * the network namespace that we are in whatever is mounted. */
#ifndef TAP_H
#define TAP_H

#include "err.h"

#include <stddef.h>

enum { TAP_NAME = 16, TAP_MAC = 18, TAP_HOST = 96 }; /* with their NUL */

/* The tap's name for card `number` of a VM: VM-NUMBER where that fits, else the VM's first letters and a hash; turn 1, 2 ...
 * are others for where that one is taken. Pure. */
void tap_name(char name[TAP_NAME], const char *vm, int number, unsigned int turn);
/* The card's address, the same for ever: locally administered, of one card. `host` is tap_host's. Pure. */
void tap_mac(char mac[TAP_MAC], const char *host, const char *vm, int number);
/* What tells this host from others, and its user from others: /etc/machine-id, or else what there is. */
void tap_host(char host[TAP_HOST]);

/* The host's only bridge that is up, but for those that Docker, Podman, CNI, LXC, LXD and libvirt make for themselves: 1 and
 * its name; 0 when there is none, or several. */
int tap_only_bridge(char name[TAP_NAME]);
/* Each for what can be known without making or using one: 0; -1 and err, with the remedy. tap_there says if it is up. */
int tap_bridge(const char *bridge, struct err *e);
int tap_there(const char *name, int *up, struct err *e);
int tap_device(struct err *e);
/* What tap_make says to who may not. */
int tap_forbidden(struct err *e);

/* The MTU of an interface, 0 when it is not there. */
int tap_mtu(const char *name);

/* Makes a tap that nobody has yet, with the bridge's MTU and without IPv6, up and on that bridge, for a card with this
 * address. It lives as long as the descriptor, close-on-exec, which is returned; -1 and err. */
int tap_make(const char *vm, int number, const char *bridge, const char *mac, struct err *e);
/* Opens one that is there, and makes none. The descriptor, close-on-exec; -1 and err. */
int tap_open(const char *name, struct err *e);
/* The kernel's own worker for a tap: a descriptor, close-on-exec; -1 when there is none for us. */
int tap_vhost(void);

#endif
