/* SPDX-License-Identifier: 0BSD */
/* Which machine types, processors and devices a QEMU has: asked of itself. */
#ifndef MODEL_H
#define MODEL_H

#include "err.h"
#include "qmp.h"
#include "spawn.h"

#include <stddef.h>
#include <stdint.h>

enum model_kind { MODEL_MACHINE, MODEL_CPU, MODEL_DEVICE, MODEL_KINDS };

struct model {
	char *name;
	int old;	/* QEMU calls it deprecated */
};

/* Zeroed is empty. */
struct models {
	struct {
		struct model *list;
		size_t n, room;
		int known;	/* QEMU has told; some tell no processors */
	} kind[MODEL_KINDS];
	unsigned int answers;	/* a bit for each kind */
	int bad;		/* memory ran out */
};

enum { MODEL_WORDS = 16 };

struct model_from {
	const char *program;	/* QEMU's path */
	struct spawn_as as;
	int sandbox;		/* with the VMs' -sandbox */
	char *const *words;	/* its machine, at most MODEL_WORDS, ends with NULL; NULL: none */
};

/* Starts that QEMU and asks; it is gone when this returns. 0; -1 and err: TIMED_OUT, it was silent until the
 * deadline; else it does not start here, and err is its last words,
 * with NO_RIGHT that of a script that may not start a program. Free it in either case. */
int model_ask(struct models *m, const struct model_from *from, int64_t deadline, struct err *e);
/* Takes one answer. 1 when nothing more is to come, else 0. Pure. */
int model_take(struct models *m, const struct qmp_message *answer);
void model_free(struct models *m);

/* The model of that name (n bytes), NULL: QEMU has none. */
const struct model *model_find(const struct models *m, enum model_kind kind, const char *name, size_t n);
/* What to take instead, none that is deprecated: the latest version of the same machine, else a name that is a slip of the
 * pen away; NULL for none. */
const char *model_near(const struct models *m, enum model_kind kind, const char *name);

enum model_is { MODEL_GOOD, MODEL_OLD, MODEL_NONE };

/* What becomes of an option with this value; MODEL_GOOD also where it names nothing, or nothing is known. Else err begins
 * with the name, and says what to take instead. kvm: the guest has it. Pure. */
enum model_is model_judge(const struct models *m, const char *option, const char *value, int kvm, struct err *e);

#endif
