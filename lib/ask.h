/* SPDX-License-Identifier: 0BSD */
/* Asking a VM's keeper: one request on keep.sock, on a loop, so that many VMs can be asked at once. */
#ifndef ASK_H
#define ASK_H

#include "buf.h"
#include "loop.h"
#include "vm.h"

#include <sys/types.h>

enum ask_state { ASK_WAITS, ASK_DONE, ASK_LOST }; /* lost: no keeper there, or the line broke */

struct ask {
	struct source src;	/* the line; then, for `whole`, the keeper's own end */
	struct loop *loop;
	struct buf in;
	enum ask_state state;
	int nobody;		/* lost, because nobody listens there */
	int whole;		/* done not before the keeper's process has ended */
	int pidfd;
	pid_t peer;		/* the keeper's pid, from the kernel; 0: not known */
	int code;
	char words[256];	/* of the last line */
	void (*said)(void *arg, const char *words); /* words for people; may be NULL */
	void (*done)(void *arg); /* it is no longer ASK_WAITS */
	void *arg;
};

/* Set said, done, arg and whole before. Sends the request; `done` may be called at once. */
void ask_begin(struct ask *a, struct loop *l, const struct vm *vm, const char *verb, long long number, const char *text);
/* The same for one question alone, to its end or the deadline; a is closed then, and `done` is not called. */
void ask_one(struct ask *a, const struct vm *vm, const char *verb, long long number, const char *text, int64_t deadline);
/* Gives up: closes, calls nobody. Idempotent. */
void ask_close(struct ask *a);

#endif
