/* SPDX-License-Identifier: 0BSD */
/* The disks and cards of a command line of QEMU's become DISKn, CDROM and NICn of a draft, in which the option stands: 1 when
 * it did, and those that it names are NAMED; 0 when it is more than a key can say. */
#ifndef DEVICE_H
#define DEVICE_H

#include "draft.h"
#include "spec.h"

/* The bus of a disk for which nobody named one. */
enum spec_bus device_bus(const struct draft *d);
/* -device, of a disk or card. What it is told beside that which its key says is a -set in the cfg-file. */
int device_take(struct draft *d, struct draft_option *o);
/* -drive */
int device_drive(struct draft *d, struct draft_option *o);
/* -hda, -cdrom and the like, and a bare word */
int device_file(struct draft *d, struct draft_option *o);
/* -nic */
int device_nic(struct draft *d, struct draft_option *o);
/* The model of the card that QEMU gives to who names none; NULL: ours. */
const char *device_usual_card(const struct draft *d);

#endif
