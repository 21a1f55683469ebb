/* SPDX-License-Identifier: 0BSD */
/* The values of DISKn, NICn, DISPLAY and RUNAS, read into structs: pure, no file is touched. */
#ifndef SPEC_H
#define SPEC_H

#include "buf.h"
#include "err.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum spec_bus { BUS_VIRTIO, BUS_IDE, BUS_SCSI };
enum spec_format { FORMAT_RAW, FORMAT_QCOW2 };
enum { SPEC_BACKING_MAX = 16, SPEC_FORWARD_MAX = 32, SPEC_NIC_WORD = 64 };

/* FILE[,if=virtio|ide|scsi][,format=raw|qcow2][,ro][,snapshot][,backing=FILE]...[,force]; `,,` is a comma in a FILE. */
struct spec_disk {
	char *text;			/* owns the memory of file and backing */
	const char *file;
	const char *backing[SPEC_BACKING_MAX];
	size_t backings;
	enum spec_bus bus;
	enum spec_format format;	/* as given, else by the ending .qcow2 */
	int ro, snapshot, force;
};

enum spec_nic_kind { NIC_NONE, NIC_USER, NIC_BRIDGE, NIC_TAP };

struct spec_forward {
	int family;		/* AF_INET, AF_INET6 */
	char address[46];	/* as text, "127.0.0.1" when empty */
	uint16_t port;		/* on the host */
	uint16_t guest;
};

/* none | user[,hostfwd=tcp:[ADDR]:PORT-:PORT]... | bridge:BR[,mac=][,model=] | tap:IF; mac and model for user, too */
struct spec_nic {
	enum spec_nic_kind kind;
	char link[SPEC_NIC_WORD];	/* bridge or tap */
	char mac[18];			/* "" when not given */
	char model[SPEC_NIC_WORD];	/* "" when not given: virtio-net-pci */
	struct spec_forward forward[SPEC_FORWARD_MAX];
	size_t forwards;
};

/* vnc | vnc:PORT | none */
struct spec_display {
	int vnc;
	uint16_t port;	/* 0: vnc.sock alone */
};

/* Each returns 0, or -1 and err, which names neither file nor key. Only spec_disk owns memory: free it, also after
 * a failure. */
int spec_disk(struct spec_disk *d, const char *value, struct err *e);
void spec_disk_free(struct spec_disk *d);
/* Appends the value that is read so. */
void spec_disk_text(const struct spec_disk *d, struct buf *out);
/* ALLOWn, PATH[,ro], as a spec_disk of which only file and ro are meant. */
int spec_allow(struct spec_disk *d, const char *value, struct err *e);
int spec_nic(struct spec_nic *n, const char *value, struct err *e);
int spec_display(struct spec_display *d, const char *value, struct err *e);
const char *spec_bus_name(enum spec_bus bus);
const char *spec_format_name(enum spec_format format);

#endif
