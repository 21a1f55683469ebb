/* SPDX-License-Identifier: 0BSD */
/* The keeper's own QMP line to QEMU, on a loop: commands out, answers and events in. */
#ifndef WIRE_H
#define WIRE_H

#include "loop.h"
#include "qmp.h"

enum { WIRE_WAITS = 16, WIRE_MESSAGE_MAX = 256 * 1024, WIRE_OUT_MAX = 64 * 1024 };

struct wire_wait {
	long long id; /* 0: free */
	void (*answered)(void *arg, const struct qmp_message *m);
	void *arg;
};

struct wire {
	struct source src;	/* fd -1: closed */
	struct loop *loop;
	struct qmp qmp;
	struct buf out;
	long long last;		/* id of the last command */
	int capable;		/* greeting and qmp_capabilities are done: commands are taken */
	struct wire_wait wait[WIRE_WAITS];
	/* what its owner wants to hear; set before wire_open */
	void (*ready)(void *arg);	/* capable now */
	void (*event)(void *arg, const struct qmp_message *m);
	void (*closed)(void *arg);	/* by QEMU, or because what came is no QMP */
	void *arg;
};

/* Takes over fd, a nonblocking connection whose greeting is still to come. */
void wire_open(struct wire *w, struct loop *l, int fd);
/* Closes; who waits for an answer gets NULL. `closed` is not called. Idempotent. */
void wire_close(struct wire *w);
/* Sends a command; `answered` (NULL: nobody cares) gets its RETURN or ERROR, or NULL when the line closes before.
 * 0; -1 when the line is not capable or full. */
int wire_send(struct wire *w, const char *command, const char *arguments,
	      void (*answered)(void *arg, const struct qmp_message *m), void *arg);
/* Takes what has come already, a bounded lot of it: for the moment when QEMU is gone and its last events count. */
void wire_drain(struct wire *w);
/* getfd: hands a descriptor to QEMU under that name. 0 or -1. */
int wire_pass(struct wire *w, const char *name, int fd);

#endif
