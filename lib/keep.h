/* SPDX-License-Identifier: 0BSD */
/* What the keeper of a VM holds while it lives: the parts that its steps and its events share. */
#ifndef KEEP_H
#define KEEP_H

#include "argv.h"
#include "cfg.h"
#include "claim.h"
#include "conf.h"
#include "console.h"
#include "desk.h"
#include "disk.h"
#include "door.h"
#include "ladder.h"
#include "log.h"
#include "loop.h"
#include "nic.h"
#include "place.h"
#include "port.h"
#include "proc.h"
#include "restart.h"
#include "site.h"
#include "state.h"
#include "uid.h"
#include "vm.h"
#include "vnc.h"
#include "wire.h"

/* What a keeper is begun with. All of it is the caller's and outlives the keeper; of vm, the keeper closes the
 * descriptors at its end. */
struct keep_job {
	struct vm *vm;			/* with the keeper's byte held */
	const struct place *place;
	const struct site *site;
	/* of a start; unused by an adoption */
	const struct conf *conf;
	const struct cfg *raw;		/* the cfg-file's words */
	const char *program;		/* QEMU's absolute path */
	const char *settings;		/* for `state` */
	int kvm;			/* KVM may be tried */
	struct uid_plan uid;
	gid_t group;			/* GROUP, 0 for none */
	struct disk_rules rules;
	int throw_away;
	int registered;
	/* of `run` */
	int more;			/* the process goes on as before afterwards: it gives nothing up */
	int foreground;			/* SIGINT and SIGTERM twice are `stop -f` */
	int console;			/* join stdin and stdout */
	unsigned char escape;		/* its key that stops */
	int64_t limit;			/* stop at this moment (clock_ms), CLOCK_NEVER for not */
	/* words for whoever began it, and once: it is ready (DONE), or failed (the code) */
	void (*say)(void *arg, const char *words);
	void (*done)(void *arg, int code);
	void (*stopping)(void *arg, int64_t ms); /* a stop has begun; or NULL */
	void *arg;
};

enum { KEEP_LOG_MAX = 1 << 20, KEEP_WORDS_MAX = 4096, KEEP_EVENTS_MAX = 4096 };

struct keeper {
	const struct keep_job *job;
	struct vm *vm;
	struct loop loop;
	struct state state;
	struct peers peers;		/* who may use its sockets */
	struct porter porter;		/* who may come by TCP */
	char boot[PROC_BOOT_ID];
	struct err err;			/* why a step failed */

	/* the start, or the adoption: a walk down a table */
	const struct keep_step *steps;
	size_t step, step_count;
	int adopted;
	int64_t ready_by;
	int ready;			/* all steps are done */
	int lived;			/* it was ready once: now the restart policy counts */
	int told;			/* whoever began it has heard how it went */
	int64_t ready_at;		/* clock_ms of the last time it became ready */
	struct restart restart;
	int pausing;			/* before a restart, until `again` */
	int64_t again;
	int failed;			/* one failed: only the end is awaited */
	void (*fail)(struct keeper *k); /* called when one fails */
	void (*begun)(struct keeper *k); /* and when all are done */

	/* what QEMU is given; closed when it is ready */
	struct disks disks;
	struct nics nics;
	struct buf claims;		/* the images, as they stand in `state` */
	struct argv argv;
	int listener[GIVEN_CTL + 1];
	int kernel, initrd;
	char cage[40];			/* for `state` */

	/* QEMU */
	pid_t pid;			/* 0: none (yet, or any more) */
	int pidfd;			/* of an adopted one, -1 */
	struct source end;		/* tells when an adopted one ends */
	int output;			/* the FIFO, as QEMU and the hooks have it */
	struct source words;		/* and where we read it */
	struct buf last_words;		/* the end of what QEMU said */
	int paused;
	int asking;			/* a query-status is under way */
	char reason[32];		/* QEMU's word for its run state */
	struct buf events;		/* the last ones, a line each, for the crash bundle */
	int bundled;			/* of a series of restarts the first failure's stays */
	char shutdown[32];		/* the reason of its SHUTDOWN event, "" before */
	pid_t hook;			/* PRECMD's or POSTCMD's process, 0 */

	/* who is served */
	struct source signals;
	struct source watch;		/* inotify on the run directory */
	int qemu_lock;			/* the lock file that QEMU holds, when its name was taken away; else -1 */
	int lost_said;
	struct source clock;		/* deadlines: start, stop, -t */
	struct wire wire;
	struct console console;
	struct vnc vnc;
	struct desk desk;
	struct door mon, ctl;
	struct ports ports;
	struct log qemu_log, serial_log;

	struct ladder ladder;
	unsigned int early;		/* which one-command verbs wait for the QMP line, a bit each */
	int terms;			/* so many signals asked for a stop */
	int limit_hit;			/* -t */
	int code;			/* what `run` returns */
};

/* Words for whoever began it and for those who wait for a stop. */
void keep_say(struct keeper *k, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same, and a line in the system log: a moment of the VM's life. */
void keep_note(struct keeper *k, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Tells whoever began it, once, how it went. */
void keep_told(struct keeper *k, int code);
/* Writes `state` with this phase; a failure is said. 0 or -1. */
int keep_phase(struct keeper *k, const char *phase);
/* Gives the run directory to GROUP, or takes it back, and makes the peers; as `state` says. All that is born in it is
 * then of that group, by its setgid bit. 0; -1 and k->err, what could be done is. */
int keep_share(struct keeper *k);
/* Whether processes of QEMU's own uid live, as far as it has one. */
int keep_strays(const struct keeper *k);
/* Sets the clock for the nearest of the deadlines. */
void keep_arm(struct keeper *k);
/* Appends n bytes of QEMU's words to its log and to last_words. */
void keep_words(struct keeper *k, const char *bytes, size_t n);
/* Reads RESTART and its like from the configuration, if that is known. */
void keep_policy(struct keeper *k);
/* Takes the run state from an answer to query-status. */
void keep_status(struct keeper *k, const struct qmp_message *m);

#endif
