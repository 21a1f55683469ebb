/* SPDX-License-Identifier: 0BSD */
/* How applets speak: data on stdout, words on stderr as `applet: VM: what: why`. */
#ifndef SAY_H
#define SAY_H

#include "applet.h"
#include "caller.h"
#include "err.h"
#include "host.h"
#include "text.h"

#include <stdio.h>
#include <unistd.h>

static inline void say_to(FILE *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline void say_to(FILE *to, const char *format, ...)
{
	struct buf b = { 0 };
	va_list list;

	va_start(list, format);
	buf_list(&b, format, list);
	va_end(list);
	fputs(buf_text(&b), to);
	buf_free(&b);
}

/* A line on stderr; `name` is the VM's, or NULL. */
static inline void say(const struct call *c, const char *name, const char *text)
{
	say_to(stderr, "%s: %s%s%s\n", c->applet->name, name ? name : "", name ? ": " : "", text);
}

/* The same for an error; returns its exit code. */
static inline int fail(const struct call *c, const char *name, const struct err *e)
{
	say(c, name, e->text);
	return e->code;
}

/* To one who waits at a TCP port: who is there. A bare client of the port is told nothing, so that no byte is not the
 * monitor's. */
static inline void say_caller(void *call, uint16_t port)
{
	const struct call *c = call;
	struct buf who = { 0 };

	caller_at(port, &who);
	if (who.n)
		say_to(stderr, "%s: waiting: %s is on this port\n", c->applet->name, who.s);
	buf_free(&who);
}

static inline int is_talkative(const struct call *c)
{
	return opt_has(&c->o, 'v') || isatty(2);
}

/* Whole lines, each as the applet's own. */
static inline void say_lines(const struct call *c, const char *name, const struct buf *lines)
{
	const char *rest = buf_text(lines), *line;
	size_t left = lines->n, n;

	while ((line = text_line(&rest, &left, &n)))
		say_to(stderr, "%s: %s%s%.*s\n", c->applet->name, name ? name : "", name ? ": " : "", (int)n, line);
}

/* strict: a broken registry or monitor.conf is a refusal; else it is said and what could be read serves. */
static inline int load_host(const struct call *c, struct host *h, int strict)
{
	struct buf errors = { 0 };
	struct err e;
	int code;

	if (host_load(h, &errors, &code, &e) < 0)
		return fail(c, NULL, &e);
	say_lines(c, NULL, &errors);
	buf_free(&errors);
	return strict ? code : DONE;
}

#endif
