/* SPDX-License-Identifier: 0BSD */
/* How applets speak: data on stdout, words on stderr as `applet: VM: what: why`. */
#ifndef SAY_H
#define SAY_H

#include "applet.h"
#include "err.h"

#include <stdio.h>

/* A line on stderr; `name` is the VM's, or NULL. */
static inline void say(const struct call *c, const char *name, const char *text)
{
	fprintf(stderr, "%s: %s%s%s\n", c->applet->name, name ? name : "", name ? ": " : "", text);
}

/* The same for an error; returns its exit code. */
static inline int fail(const struct call *c, const char *name, const struct err *e)
{
	say(c, name, e->text);
	return e->code;
}

#endif
