/* SPDX-License-Identifier: 0BSD */
/* Defences that a test build leaves out, to show that an attack is one. */
#ifndef GUARD_H
#define GUARD_H

#ifndef GUARDS
#define GUARDS (~0)
#endif

enum guard {
	GUARD_LOG = 1,		/* a log has an end */
	GUARD_BACKING = 2,	/* a header is not believed */
	GUARD_LOCK = 4,		/* nor a lock that is free */
	GUARD_TERMINAL = 8,	/* words of others move no cursor */
	GUARD_ENVIRONMENT = 16,	/* the caller's is the caller's */
	GUARD_PLACE = 32,	/* a directory is its owner's */
	GUARD_CALLER = 64,	/* descriptors and signals of the caller end with it */
	GUARD_PATH = 128,	/* no program is looked for beside whoever asks */
	GUARD_MEMORY = 256,	/* nobody looks into a keeper */
	GUARD_READING = 512,	/* a lock is given to be read alone */
};

static inline int guarded(enum guard g)
{
	return GUARDS & g;
}

#endif
