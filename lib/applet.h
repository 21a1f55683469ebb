/* SPDX-License-Identifier: 0BSD */
/* What an applet is, and the way from the command line to its function. */
#ifndef APPLET_H
#define APPLET_H

#include "buf.h"
#include "err.h"
#include "opt.h"

/* One call: what stood on the line. */
struct call {
	const struct applet *applet;
	const struct verb *verb;
	struct opts o;
};

/* One thing that an applet does. */
struct verb {
	const char *name;	/* NULL: the applet has no verbs, this is all it does */
	const char *group;	/* heading in the help; NULL: as the verb before */
	const char *letters;	/* the options it takes, besides -h */
	const char *operands;	/* "NAME..." */
	const char *summary;
	const char *examples;	/* lines for its own help, or NULL */
	int own;		/* > 0: so many words, then foreign ones (opt.h) */
	int least, most;	/* how many words it wants; most 0: none, -1: any number; -a stands for the names */
	int (*run)(struct call *c); /* returns the exit code */
	const void *arg;	/* for it, where verbs share one */
};

/* A word of other tools and ours. */
struct hint {
	const char *word, *verb;
};

struct applet {
	const char *name;
	const char *summary;
	const struct verb *verbs;
	size_t n;
	const struct hint *hints; /* ends with a NULL word; or NULL */
	const char *examples;	/* lines for the help */
};

/* The way of a command line: finds the applet by argv[0] or, as `qinit APPLET`, by argv[1]; checks verb, options
 * and number of words; calls. Help and the answers to --list, --version go to `out`, refusals ("applet: what:
 * why\n") to `words`. The exit code. */
int applet_main(const struct applet *const *list, size_t n, int argc, char **argv, struct buf *out, struct buf *words);

#endif
