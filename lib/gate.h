/* SPDX-License-Identifier: 0BSD */
/* The gate: who may speak through a TCP port of a VM. Each judgement is NULL for "in", else why not, a few words. */
#ifndef GATE_H
#define GATE_H

#include "diag.h"
#include "peer.h"

#include <stddef.h>
#include <sys/types.h>

enum { GATE_LINE_MAX = 4096 };

/* What rule 1 judges: what was asked, what was answered, and what was seen afterwards. */
struct gate_call {
	struct diag_pair asked;
	struct diag_answer answer;
	int state;		/* TCP_INFO of our own end, taken after the answer */
	const struct peers *peers;
	int nobody;		/* as diag_nobody says: `overflow` is nobody's uid */
	uid_t overflow;
};

/* Rule 1: the other end is one of the peers', and is there still. gate_stranger (the very address) when only a group
 * that its process has could let it in. */
const char *gate_uid(const struct gate_call *c);
/* Rule 2: the program that holds the other end (where /proc/PID/exe points, NULL: unreadable) speaks for no guest. */
const char *gate_process(const char *exe);

/* Whether the text of /proc/PID/status has one of the peers' groups: as the process acts, or besides. Pure. */
int gate_group(const char *status, const struct peers *peers);

/* What is known of a caller. */
struct gate_who {
	uid_t uid;	/* (uid_t)-1: not known */
	pid_t pid;	/* 0: not known */
	char program[32]; /* foreign bytes; "" */
};

/* Both, for an accepted TCP connection: each holder of the other end must also live in our user and pid namespaces and
 * below our root, so be in no container. Where anybody may, one that hides who it is comes in. Never waits; on a host of
 * very many processes it gives up after 0.5 s. Returns gate_short (the very address) when the host cannot judge now,
 * for want of descriptors, memory or time. */
const char *gate_admit(int fd, const struct peers *peers, struct gate_who *who);
extern const char gate_short[], gate_stranger[];

/* Rule 3, fed with all that a caller sends as it comes: no web page's request and no TLS. Zeroed is new. Bytes that are
 * not denied may pass at once; the first line's end only comes out of it when the line was judged. Lines without a
 * visible character are not the first yet. */
struct gate_words {
	size_t n;	/* bytes of the line so far */
	size_t matched;	/* of " HTTP/" */
	int seen;	/* a visible character */
	int over;	/* the first line is: all passes */
};

const char *gate_words(struct gate_words *w, const char *s, size_t n);

/* Of our own end: it is connected, and was not reset. */
int gate_alive(int state);

#endif
