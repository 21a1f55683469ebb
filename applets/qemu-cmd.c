/* SPDX-License-Identifier: 0BSD */
/* qemu-cmd: one command for a VM's monitor, its reply, an exit code. */
#include "clock.h"
#include "guard.h"
#include "json.h"
#include "mon.h"
#include "reach.h"
#include "say.h"
#include "text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { LIMIT_MS = 10000 };

static void join_words(struct buf *line, char *const *words, int n)
{
	for (int i = 0; i < n; i++) {
		buf_str(line, i ? " " : "");
		buf_str(line, words[i]);
	}
}

/* All that can be known to be wrong before anything is sent. */
static int check(const struct call *c, const struct reach *r, const struct buf *line, struct err *e)
{
	const char *s = buf_text(line);
	struct json_span doc;

	if (line->bad)
		return err_set(e, "out of memory");
	if (s[strspn(s, " \t\r\n")] == '\0')
		return err_code(e, USAGE, "wants a COMMAND");
	if (text_in(s, "migrate") && (text_in(s, "exec:") || text_in(s, "\"exec\"")) && reach_confined(r))
		return err_set(e, "exec: would kill the VM: the sandbox forbids starting programs (SANDBOX=no)");
	if (!opt_has(&c->o, 'q'))
		return 0;
	int object = r->words[0][0] == '{';
	if (r->n > 2 - object)
		return err_code(e, USAGE, "-q wants one JSON object, or COMMAND and perhaps one JSON object");
	const char *json = r->words[!object && r->n == 2];
	if ((object || r->n == 2) && (json_whole(json, strlen(json), &doc) < 0 || *doc.s != '{'))
		return err_code(e, USAGE, "%s: not a JSON object", json);
	return 0;
}

static int converse(const struct call *c, const struct reach *r, const char *line, struct buf *reply, int64_t deadline,
		    struct err *e)
{
	struct mon m = { .waits = say_caller, .owner = (void *)c };
	int bad;

	if (mon_open(&m, &r->where, deadline, e) < 0)
		return -1;
	if (!opt_has(&c->o, 'q'))
		bad = mon_hmp(&m, line, reply, deadline, e);
	else
		bad = mon_qmp(&m, r->words[0], r->n > 1 ? r->words[1] : NULL, reply, deadline, e);
	mon_close(&m);
	return bad;
}

static int run(struct call *c)
{
	struct reach r;
	struct err e;
	struct buf line = { 0 }, reply = { 0 };
	int64_t limit = opt_time(&c->o, 't', LIMIT_MS, &e);

	if (limit < 0)
		return fail(c, NULL, &e);
	int bad = reach_find(&r, &c->o, "qmp.sock", &e);
	if (bad == 0) {
		join_words(&line, r.words, r.n);
		bad = check(c, &r, &line, &e);
	}
	if (bad == 0)
		bad = converse(c, &r, line.s, &reply, clock_in(limit), &e);
	if (bad == 0) {
		if (guarded(GUARD_TERMINAL) && reply.n && isatty(1))
			text_tame(reply.s, reply.n); /* of a QEMU that may be anybody's: a file has it to the byte, a terminal not */
		fwrite(buf_text(&reply), 1, reply.n, stdout);
		if (opt_has(&c->o, 'q') && reply.n)
			putchar('\n');
	}
	buf_free(&line);
	buf_free(&reply);
	return bad < 0 ? fail(c, r.name, &e) : DONE;
}

static const struct verb verbs[] = {
	{
		.letters = "pqtu",
		.operands = "NAME COMMAND...",
		.own = 1,
		.least = 2,
		.most = -1,
		.run = run,
	},
};

const struct applet applet_qemu_cmd = {
	.name = "qemu-cmd",
	.summary = "send one command to a VM's monitor",
	.verbs = verbs,
	.n = sizeof(verbs) / sizeof(*verbs),
	.examples =
		"  qemu-cmd web info status\n"
		"  qemu-cmd -q web query-status\n"
		"  qemu-cmd -q web human-monitor-command '{\"command-line\":\"info block\"}'\n"
		"  qemu-cmd -p 30320 info network\n",
};
