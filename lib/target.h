/* SPDX-License-Identifier: 0BSD */
/* From the words of `start`, `run` and `showcmd` to a VM that is ready to be started: NAME|FILE|FOLDER [KEY=VALUE...]. */
#ifndef TARGET_H
#define TARGET_H

#include "buf.h"
#include "cfg.h"
#include "conf.h"
#include "err.h"
#include "host.h"
#include "keep.h"
#include "uid.h"

struct target {
	const char *operand;	/* a path, a registered name or that of a VM that runs; NULL: there are only settings */
	char *const *settings;
	size_t n;
	int more;		/* others follow it on the line */
	const char *rc;		/* for who changes the file: its absolute path, not to be looked for, */
	const struct buf *text;	/* and what it is going to hold; else NULL */
	/* filled by target_load */
	char name[CONF_NAME_MAX + 1];
	int registered;
	struct conf conf;
	struct cfg raw;
	char program[256];	/* QEMU's absolute path */
	int kvm;
	struct uid_plan uid;
	gid_t group;		/* GROUP, 0 for none */
	const char *temp[4];	/* for throw-away overlays, ends with NULL */
	struct buf rc_words;	/* of one that runs: the rc-file's path, and the settings */
	struct cfg old_settings;
	int throw_away;		/* it runs so */
	struct buf setting_words; /* the settings as words of sh(1) */
	const struct host *host;
};

/* KEY=VALUE: a capital letter first, so that no path or name is taken for one. */
int target_is_setting(const char *word);
/* Splits the words of a line into targets: each operand takes the KEY=VALUEs behind it. `list` has room for n. The number
 * of targets. */
size_t target_split(struct target *list, char *const *words, size_t n);
/* The target that a VM was started from, by its `state` if it lives, else by its name. To be loaded next. */
void target_remember(struct target *t, const struct host *h, const char *name);
/* Reads and checks the rc-file alone, for who does not start it: name, registered, conf. */
int target_conf(struct target *t, const struct host *h, struct buf *errors, struct buf *warnings);
/* Reads and checks all that a start needs, starts nothing. Complaints and warnings are whole lines. DONE, or the exit code.
 * Free it in either case. */
int target_load(struct target *t, const struct host *h, struct buf *errors, struct buf *warnings);
void target_free(struct target *t);
/* Fills the job's part that is known from the target; the job's vm, say, done and the rest stay the caller's. */
void target_job(const struct target *t, struct keep_job *job);
enum { TARGET_THROW_AWAY = 1, TARGET_ALONE = 2 };
/* The command line as it would be executed, with paths instead of descriptors; `how` is of those (ALONE: argv.h). 0; -1 and
 * err. */
int target_argv(const struct target *t, int how, struct argv *a, struct buf *warnings, struct err *e);
/* What a QEMU of that command line may touch: appends lines (cage.h). 0; -1 and err. */
int target_cage(const struct target *t, const struct argv *a, struct buf *out, struct buf *warnings, struct err *e);
/* The part of it that says which programs it may execute, for cage_enter: close it; -1: any. */
int target_programs(const struct target *t, const struct argv *a);

#endif
