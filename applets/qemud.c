/* SPDX-License-Identifier: 0BSD */
/* qemud: all VMs at the host's boot and shutdown. */
#include "act.h"
#include "await.h"
#include "boot.h"
#include "clock.h"
#include "order.h"
#include "say.h"
#include "show.h"
#include "start.h"
#include "target.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STOP_MS = 90000 };	/* for all together: systemd's and OpenRC's patience with a service */
/* Of each VM's part of it this is kept back, at most a quarter: as long as it takes to do without its keeper. */
enum { RESERVE_PART = 4, RESERVE_MOST = 4000 };
enum { JOBS_MOST = 1000 };

/* What becomes of a VM that nobody holds up. */
enum stage { WAITS, READY, STARTS };

struct guest {
	char name[CONF_NAME_MAX + 1];
	struct target t;
	int code;
	int held;		/* it did not run, and somebody has its lock */
	enum stage stage;
	pid_t pid;		/* the process that waits for it, then that starts it */
};

struct fleet {
	struct call *c;
	struct host h;
	struct guest *guests;
	struct order_vm *list;	/* in the order of the start */
	struct act *acts;	/* the same from its end */
	size_t n;
	int64_t deadline;	/* of the stop */
};

/* ---- which VMs ---- */

/* Reads what is to be started; its complaints are the VM's own. quiet: what could be read serves. */
static int load(struct fleet *f, struct guest *g, int quiet)
{
	struct buf errors = { 0 }, warnings = { 0 };
	int code = target_load(&g->t, &f->h, &errors, &warnings);

	if (!quiet) {
		say_lines(f->c, g->name, &warnings);
		say_lines(f->c, g->name, &errors);
	}
	buf_free(&errors);
	buf_free(&warnings);
	return quiet ? DONE : code;
}

static int put_in_order(struct fleet *f)
{
	int code = DONE;

	for (size_t i = 0; i < f->n; i++) {
		struct guest *g = &f->guests[i];
		f->list[i] = (struct order_vm){ .name = g->name, .owner = g };
		f->list[i].order = reg_find(&f->h.reg, g->name) ? conf_long(&g->t.conf, CONF_ORDER) : LONG_MAX; /* first to stop */
	}
	order_sort(f->list, f->n);
	for (size_t i = 0; i < f->n; i++) {
		const struct conf *c = &((struct guest *)f->list[i].owner)->t.conf;
		for (const struct conf_item *item = NULL; (item = conf_next(c, CONF_AFTER, item));) {
			struct want_after a;
			struct err e;
			if (want_after(&a, item->value, &e) == 0 && order_wait(f->list, f->n, i, a.name, &e) < 0)
				code = fail(f->c, f->list[i].name, &e);
		}
	}
	return code;
}

/* With the list of autostart, of which nobody else tells what is wrong. */
static int load_listed(struct host *h, const struct call *c)
{
	int code = load_host(c, h, 1);

	say_lines(c, NULL, &h->untold);
	return code != DONE ? code : h->autostart.code;
}

static int is_wanted(const struct fleet *f, const char *name, int live)
{
	struct probe p = { 0 };

	text_copy(p.name, sizeof(p.name), name);
	probe_look(&p, &f->h);
	int wanted = live ? p.seen.qemu || p.seen.keeper : p.autostart;
	probe_free(&p);
	return wanted;
}

/* The VMs of autostart, or (live) those that run, with their files. The code of the first complaint. */
static int gather(struct fleet *f, struct call *c, int live, int quiet)
{
	size_t n = 0;
	int code = live ? load_host(c, &f->h, 1) : load_listed(&f->h, c);
	struct probe *all = probe_list(&f->h, &n);

	f->c = c;
	f->guests = calloc(n + 1, sizeof(*f->guests));
	f->list = calloc(n + 1, sizeof(*f->list));
	f->acts = calloc(n + 1, sizeof(*f->acts));
	if (!all || !f->guests || !f->list || !f->acts) {
		say(c, NULL, "out of memory");
		free(all);
		return FAILED;
	}
	for (size_t i = 0; i < n; i++) {
		struct guest *g = &f->guests[f->n];
		if (!is_wanted(f, all[i].name, live))
			continue;
		f->n++;
		text_copy(g->name, sizeof(g->name), all[i].name);
		if (live)
			target_remember(&g->t, &f->h, g->name);
		else
			g->t.operand = g->name;
		g->code = load(f, g, quiet);
	}
	free(all);
	int ring = put_in_order(f);
	return code != DONE ? code : quiet ? DONE : ring;
}

/* The first that failed. */
static int code_of(const struct fleet *f, int code)
{
	for (size_t i = 0; code == DONE && i < f->n; i++)
		code = f->guests[i].code;
	return code;
}

static int end(struct fleet *f, int code)
{
	code = code_of(f, code);
	for (size_t i = 0; i < f->n; i++)
		target_free(&f->guests[i].t);
	order_free(f->list, f->n);
	free(f->guests);
	free(f->list);
	free(f->acts);
	host_free(&f->h);
	return code;
}

/* ---- start ---- */

struct speaker {
	const struct fleet *f;
	const char *name;
};

static void speak(void *arg, const char *words)
{
	struct speaker *s = arg;

	say(s->f->c, s->name, words);
}

/* One AFTER. Whatever comes of it, the VM is started. */
static void wait_one(const struct fleet *f, const struct guest *g, const struct conf_item *item, int64_t begun)
{
	struct probe p = { 0 };
	struct want_after a;
	struct err e;

	want_after(&a, item->value, &e);
	text_copy(p.name, sizeof(p.name), a.name);
	probe_look(&p, &f->h);
	int code = p.seen.qemu || p.seen.keeper ? DONE : (err_set(&e, "%s does not run", a.name), NOT_UP);
	probe_free(&p);
	if (code == DONE && is_talkative(f->c))
		say_to(stderr, "%s: %s: waits for %s: %s\n", f->c->applet->name, g->name, a.name, a.want.word);
	if (code == DONE)
		code = await_all(&f->h, a.name, &a.want, 1, begun + a.ms, &e);
	if (code != DONE) {
		conf_at(&e, item);
		err_at(&e, "started all the same");
		say(f->c, g->name, e.text);
	}
}

/* For all that AFTER names, each at most its time from now, then BOOTDELAY. */
static int be_waiter(const struct fleet *f, struct guest *g)
{
	int64_t begun = clock_ms();

	for (const struct conf_item *item = NULL; (item = conf_next(&g->t.conf, CONF_AFTER, item));)
		wait_one(f, g, item, begun);
	poll(NULL, 0, clock_poll(clock_in(conf_ms(&g->t.conf, CONF_BOOTDELAY))));
	return DONE;
}

static int be_starter(const struct fleet *f, struct guest *g)
{
	struct speaker s = { f, g->name };
	const struct start how = { .say = speak, .progress = speak, .arg = &s };

	if (is_talkative(f->c))
		speak(&s, "starting");
	return start_vm(&g->t, &how);
}

/* A process of its own for the VM. 0, or -1. */
static int in_child(const struct fleet *f, struct guest *g, int (*be)(const struct fleet *f, struct guest *g))
{
	pid_t self = getpid();

	g->pid = fork();
	if (g->pid == 0)
		_exit(boot_child(self) < 0 ? FAILED : be(f, g));
	if (g->pid > 0)
		return 0;
	say(f->c, g->name, "fork: no process left");
	g->code = FAILED;
	return -1;
}

/* That it runs is known of one that was started just now. */
static int is_up(const struct fleet *f, const struct want_after *a)
{
	for (size_t i = 0; a->want.kind == WANT_RUNNING && i < f->n; i++)
		if (strcmp(f->list[i].name, a->name) == 0)
			return ((struct guest *)f->list[i].owner)->code == DONE;
	return 0;
}

static int must_wait(const struct fleet *f, const struct guest *g)
{
	for (const struct conf_item *item = NULL; (item = conf_next(&g->t.conf, CONF_AFTER, item));) {
		struct want_after a;
		if (want_after(&a, item->value, &(struct err){ 0 }) == 0 && !is_up(f, &a))
			return 1;
	}
	return conf_item(&g->t.conf, CONF_BOOTDELAY, 0) != NULL;
}

/* Those that nobody holds up any more begin to wait, or are ready; of these the first ones start, as long as there is room.
 * How many are not over. */
static size_t go_on(struct fleet *f, long *room)
{
	size_t left = 0;

	for (size_t i = 0; i < f->n; i++) {
		struct order_vm *vm = &f->list[i];
		struct guest *g = vm->owner;
		if (vm->at == ORDER_HELD && order_may_start(f->list, i)) {
			vm->at = ORDER_BEGUN;
			g->stage = must_wait(f, g) && in_child(f, g, be_waiter) == 0 ? WAITS : READY;
		}
		left += vm->at != ORDER_OVER;
		if (vm->at != ORDER_BEGUN || g->stage != READY || *room == 0)
			continue;
		g->stage = STARTS;
		if (in_child(f, g, be_starter) == 0)
			--*room;
		else
			vm->at = ORDER_OVER;
	}
	return left;
}

/* One of our processes has ended; another's child is nobody. */
static void child_ended(struct fleet *f, pid_t pid, int status, long *room)
{
	for (size_t i = 0; i < f->n; i++) {
		struct guest *g = f->list[i].owner;
		if (g->pid != pid || f->list[i].at != ORDER_BEGUN)
			continue;
		g->pid = 0;
		if (g->stage == WAITS) {
			g->stage = READY;
			continue;
		}
		f->list[i].at = ORDER_OVER;
		g->code = WIFEXITED(status) ? WEXITSTATUS(status) : FAILED;
		++*room;
	}
}

/* All whose files are good: one that is not must not keep the others from it. */
static void start_all(struct fleet *f, long room)
{
	int status;
	pid_t pid;
	struct err e;

	if (f->n && boot_begin(&f->h.place, &e) < 0)
		fail(f->c, NULL, &e);
	for (size_t i = 0; i < f->n; i++) {
		const struct guest *g = f->list[i].owner;
		f->list[i].at = g->code == DONE && !g->held ? ORDER_HELD : ORDER_OVER;
	}
	while (go_on(f, &room) && ((pid = waitpid(-1, &status, 0)) > 0 || errno == EINTR))
		if (pid > 0)
			child_ended(f, pid, status, &room);
}

static long jobs(const struct call *c, struct err *e)
{
	cpu_set_t ours;

	CPU_ZERO(&ours);
	sched_getaffinity(0, sizeof(ours), &ours);
	int cores = CPU_COUNT(&ours); /* 0 beyond 1,024 of them */
	return opt_number(&c->o, 'J', 1, JOBS_MOST, cores ? cores : 1, e);
}

static int verb_start(struct call *c)
{
	struct fleet f = { 0 };
	struct err e;
	long room = jobs(c, &e);

	if (room < 0)
		return fail(c, NULL, &e);
	int code = gather(&f, c, 0, 0);
	start_all(&f, room);
	return end(&f, code);
}

/* ---- stop ---- */

static size_t place_of(const struct fleet *f, const struct act *a)
{
	return f->n - 1 - (size_t)(a - f->acts);
}

/* When all that stand upon it are down it has its part of what is left: as much as each of those that must come after it. */
static int may_stop(void *arg, struct act *a)
{
	struct fleet *f = arg;
	size_t i = place_of(f, a);

	for (size_t k = 0; k < f->n; k++)
		f->list[place_of(f, &f->acts[k])].at = f->acts[k].done ? ORDER_OVER : ORDER_HELD;
	if (!order_may_stop(f->list, f->n, i))
		return 0;
	int64_t part = clock_left(f->deadline) / (int64_t)order_chain(f->list, i);
	int64_t reserve = part / RESERVE_PART;
	a->most = part - (reserve < RESERVE_MOST ? reserve : RESERVE_MOST);
	a->most += !a->most;
	if (is_talkative(f->c))
		say(f->c, a->name, "stopping");
	return 1;
}

static void act_say(void *arg, const char *name, const char *words)
{
	say(((struct fleet *)arg)->c, name, words);
}

static void stop_all(struct fleet *f, int64_t ms)
{
	const struct act_job job = {
		.host = &f->h, .verb = opt_has(&f->c->o, 'f') ? "stop-force" : "stop", .stops = 1, .may = may_stop, .say = act_say,
		.progress = act_say, .arg = f,
	};

	f->deadline = clock_in(ms);
	for (size_t i = 0; i < f->n; i++)
		f->acts[i].name = f->list[f->n - 1 - i].name;
	act_all(f->acts, f->n, &job);
	for (size_t i = 0; i < f->n; i++) {
		struct guest *g = f->list[place_of(f, &f->acts[i])].owner;
		g->code = f->acts[i].code;
		g->held = f->acts[i].held;
	}
}

/* One that is under way would start VMs behind the stop's back. */
static void end_starts(const struct call *c)
{
	struct place place;
	struct err e;
	int n = place_find(&place, &e) < 0 ? 0 : boot_end(&place, &e);

	if (n)
		say(c, NULL, n < 0 ? e.text : "a start that was under way is ended");
}

static int verb_stop(struct call *c)
{
	struct fleet f = { 0 };
	struct err e;
	int64_t ms = opt_time(&c->o, 't', STOP_MS, &e);

	if (ms < 0)
		return fail(c, NULL, &e);
	end_starts(c);
	int code = gather(&f, c, 1, 1);
	stop_all(&f, ms);
	return end(&f, code);
}

/* What runs comes back. Where one file is bad nothing is stopped. */
static int verb_restart(struct call *c)
{
	struct fleet f = { 0 };
	struct err e;
	int64_t ms = opt_time(&c->o, 't', STOP_MS, &e);
	long room = jobs(c, &e);

	if (ms < 0 || room < 0)
		return fail(c, NULL, &e);
	int code = code_of(&f, gather(&f, c, 1, 0));
	if (code == DONE) {
		end_starts(c);
		stop_all(&f, ms);
		start_all(&f, room);
	}
	return end(&f, code);
}

/* ---- status ---- */

static int verb_status(struct call *c)
{
	struct host h;
	struct buf out = { 0 };
	size_t n = 0;
	int code = load_listed(&h, c);
	enum show_form form = show_form(&c->o);
	struct probe *list = probe_list(&h, &n);

	probe_all(list, n, &h);
	show_vms(&out, list, n, form == SHOW_TABLE ? SHOW_HOST : form);
	fwrite(buf_text(&out), 1, out.n, stdout);
	for (size_t i = 0; i < n; i++) {
		if (*list[i].err.text)
			say(c, list[i].name, list[i].err.text);
		if (code == DONE && list[i].autostart && list[i].code != DONE)
			code = NOT_RUNNING;
		probe_free(&list[i]);
	}
	buf_free(&out);
	free(list);
	host_free(&h);
	return code;
}

static const struct verb verbs[] = {
	{ .name = "start", .group = "the host", .letters = "Jv", .operands = "", .summary = "start the VMs of autostart", .run = verb_start,
	  .examples = "  qemud start\n  qemud start -J 4\n" },
	{ .name = "stop", .letters = "ftv", .operands = "", .summary = "stop all that run (-t, or 90 s)", .run = verb_stop,
	  .examples = "  qemud stop\n  qemud stop -t 30\n" },
	{ .name = "restart", .letters = "Jftv", .operands = "", .summary = "stop all that run, start them again", .run = verb_restart },
	{ .name = "status", .letters = "jsv", .operands = "", .summary = "what they are doing",
	  .run = verb_status },
};

static const struct hint hints[] = {
	{ "shutdown", "stop" }, { "boot", "start" }, { "reload", "restart" }, { "list", "status" }, { NULL, NULL },
};

const struct applet applet_qemud = {
	.name = "qemud",
	.summary = "starts and stops all VMs, with the host",
	.verbs = verbs,
	.n = sizeof(verbs) / sizeof(*verbs),
	.hints = hints,
	.examples = "  qemud start\n  qemud status\n  qemud stop -t 60\n",
};
