/* SPDX-License-Identifier: 0BSD */
/* The files `state` and `exit` of a VM: what the keeper last wrote of it, KEY=VALUE lines. */
#ifndef STATE_H
#define STATE_H

#include "buf.h"
#include "err.h"

enum { STATE_VERSION = 1, STATE_FILE_MAX = 1 << 20, EXIT_RECORDS = 5 };

/* Every line of `state`: X(name, kind). A text is "" when it is not there, a number 0. */
#define STATE_FIELDS(X) \
	X(version, NUMBER)	/* of this format */ \
	X(boot, TEXT)		/* /proc/sys/kernel/random/boot_id */ \
	X(phase, TEXT)		/* starting running stopping stopped crashed */ \
	X(rc, TEXT)		/* the rc-file, absolute; "" for a VM of settings alone */ \
	X(dir, TEXT)		/* the VM's folder */ \
	X(settings, TEXT)	/* the KEY=VALUEs behind the operand, as words of sh(1) */ \
	X(throw_away, NUMBER)	/* started with -x */ \
	X(registered, NUMBER)	/* found by name: its directory stays */ \
	X(since, NUMBER)	/* clock_boot_ms of the start */ \
	X(stopdelay, NUMBER)	/* ms */ \
	X(monport, NUMBER) \
	X(ctlport, NUMBER) \
	X(family, NUMBER)	/* which addresses: PORT_IPV4 | PORT_IPV6 */ \
	X(vncport, NUMBER) \
	X(vnc, NUMBER)		/* there is a vnc.sock */ \
	X(serial, NUMBER)	/* there is a console.sock */ \
	X(uid, NUMBER)		/* QEMU's */ \
	X(turn, NUMBER)		/* which holder of that uid; 0: the uid is not its own (uid.h) */ \
	X(restarts, NUMBER) \
	X(disks, TEXT)		/* which images it has open (claim.h) */ \
	X(cage, TEXT)		/* landlock-ABI, none or off, and +namespaces */ \
	X(group, NUMBER)	/* GROUP, 0 for none */ \
	X(allow, TEXT)		/* MONITOR_ALLOW's words */

#define STATE_TYPE_TEXT const char *
#define STATE_TYPE_NUMBER long long
#define STATE_FIELD(name, kind) STATE_TYPE_##kind name;
struct state {
	STATE_FIELDS(STATE_FIELD)
	struct buf text;	/* what state_parse read: the texts point into it */
};
#undef STATE_FIELD

/* Reads n bytes of a state file, its memory copied into s->text. Unknown lines are left out (a later version may have
 * more). 0; -1 and err for what is none. Free it in either case. Pure. */
int state_parse(struct state *s, const char *bytes, size_t n, struct err *e);
void state_free(struct state *s);
/* Appends the lines. Pure. */
void state_print(const struct state *s, struct buf *out);
/* The same from and to the file `state` in a directory. state_read: 1; 0 when there is none; -1 and err. */
int state_read(struct state *s, int dir, struct err *e);
int state_write(const struct state *s, int dir, struct err *e);

/* How a run ended. */
struct ending {
	long long when;		/* seconds since 1970 */
	const char *how;	/* guest-shutdown guest-reset panic host-quit signal qemu-error start-failed unknown */
	const char *step;	/* the step of the stop that ended it; "" when nobody had asked */
	int status;		/* waitid's: exit status, or minus the signal; unknown: 0 */
	const char *words;	/* QEMU's last words */
};

/* Adds a record to the file `exit`, which keeps the last EXIT_RECORDS, each a line of shell assignments. 0 or -1. */
int exit_add(int dir, const struct ending *end, struct err *e);
/* The word `how` of the last record: appended to out; nothing when there is no record. */
void exit_last(int dir, struct buf *out);

#endif
