/* SPDX-License-Identifier: 0BSD */
/* What a VM is, from its lock, its state file and one bounded question; many at once. It only reads. */
#ifndef PROBE_H
#define PROBE_H

#include "ask.h"
#include "host.h"
#include "lock.h"
#include "state.h"
#include "vm.h"
#include "wire.h"

enum { PROBE_MS = 1000 }; /* for all VMs of a call together */

struct probe {
	char name[CONF_NAME_MAX + 1];
	const struct reg_vm *registered; /* or NULL */
	int autostart;
	struct vm vm;
	struct lock_seen seen;
	pid_t keeper;		/* its pid, from the kernel; 0: not known */
	struct state state;
	int has_state;
	const char *phase;	/* running paused starting stopping restarting stopped crashed hung unknown */
	char reason[64];
	int code;		/* what `status NAME` exits with */
	struct err err;		/* of `unknown`: why; text "" for none */
	/* while it is asked */
	struct loop *loop;
	struct ask ask;
	struct wire wire;
	int asked;		/* somebody is being asked */
};

/* Looks at locks and state files; then asks all that live at once. Returns when all are known or the time is over; who
 * has said nothing by then is hung. Each must be freed. */
void probe_all(struct probe *list, size_t n, const struct host *h);
/* The same with a deadline of the caller's. */
void probe_by(struct probe *list, size_t n, const struct host *h, int64_t deadline);
/* Only the look, nobody is asked: phase is running where a question would be needed. */
void probe_look(struct probe *p, const struct host *h);
/* For the holder of the keeper's byte who finds QEMU's free: 1 and err when QEMU may live all the same, so that none may
 * be started. */
int probe_poses(const struct vm *vm, struct err *e);
/* All VMs of the host, allocated: the registered, then those that run although nobody registered them. Each entry is zeroed but
 * for its name. */
struct probe *probe_list(const struct host *h, size_t *n);
void probe_free(struct probe *p);

#endif
