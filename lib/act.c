/* SPDX-License-Identifier: 0BSD */
/* The verbs that change VMs that run. */
#include "act.h"

#include "clock.h"
#include "fd.h"
#include "fmt.h"
#include "proc.h"
#include "request.h"
#include "spawn.h"
#include "steps.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>

enum { SHORT_MS = 10000 };	/* of a verb that is one QMP command */
enum { FORCED_MS = 4000 };	/* of stop -f and kill, as in the keeper */
enum { AGAIN_MS = 10 };
enum { GRACE_MS = 500 };	/* beyond a stop's limit, before its keeper is passed by */
enum { PASSED_MS = 1000 };	/* for the keeper that takes its place to force it */
enum { DEATH_MS = 2000 };	/* from SIGKILL to the end of a process */
enum { ABSENT_MS = 2000 };	/* a keeper that begins opens its desk first thing */

static void say(struct act *a, const char *words)
{
	a->job->say(a->job->arg, a->name, words);
}

static void on_said(void *arg, const char *words)
{
	say(arg, words);
}

static void finish(struct act *a, int code, const char *words)
{
	a->code = code;
	a->done = 1;
	if (code != DONE && words && *words)
		say(a, words);
	else if (words && *words)
		a->job->progress(a->job->arg, a->name, words);
}

/* A VM of which nothing lives: what a lost keeper left behind goes, and "crashed" becomes "stopped". */
static void bury(struct act *a, const char *how)
{
	struct vm vm;
	struct lock_seen seen;
	struct state s;
	struct err e;

	if (vm_keep(&vm, &a->job->host->place, a->name, &e) == 1 && lock_look(vm.lock, &seen) == 0 && !seen.qemu) {
		const struct ending end = { .when = time(NULL), .how = how, .step = "", .words = "" };
		int known = state_read(&s, vm.dir, &e) == 1;
		steps_clean(&vm);
		if (known && strcmp(s.phase, "stopped") != 0) {
			if (strcmp(s.phase, "crashed") != 0)
				exit_add(vm.dir, &end, &e);
			s.phase = "stopped";
			if (state_write(&s, vm.dir, &e) < 0)
				say(a, e.text);
		}
		if (known && !s.registered)
			vm_erase(&vm);
		state_free(&s);
	}
	vm_close(&vm);
}

/* SIGKILL to a process that the kernel named, and its end awaited. 0, or -1. */
static int end_process(pid_t pid, const struct vm *vm, int check_lock)
{
	struct lock_seen seen;
	int ended = 0;
	int fd = pid > 0 ? proc_open(pid) : -1;

	if (fd < 0)
		return -1;
	if (!check_lock || (lock_look(vm->lock, &seen) == 0 && seen.pid == pid))
		ended = proc_signal(fd, SIGKILL) == 0 && fd_wait(fd, POLLIN, clock_in(DEATH_MS)) > 0;
	fd_close(&fd);
	return ended ? 0 : -1;
}

int act_end_keeper(pid_t pid)
{
	return end_process(pid, NULL, 0);
}

/* Listens no more to its keeper, nor to one that is on its way. */
static void hang_up(struct act *a)
{
	ask_close(&a->ask);
	loop_del(a->loop, &a->hear);
	launch_close(&a->launch);
}

/* One that is still on its way is our own child. */
static int end_keeper(struct act *a)
{
	struct lock_seen seen = { 0 };
	pid_t keeper = a->launch.fd >= 0 ? a->launch.pid : a->ask.peer;

	hang_up(a);
	if (lock_look(a->probe.vm.lock, &seen) < 0 || !seen.keeper || end_process(keeper, &a->probe.vm, 0) == 0)
		return 0;
	finish(a, FAILED, "its keeper does not answer and could not be ended");
	return -1;
}

/* Else we are a member of its GROUP, who can do no more than ask its keeper. */
static int is_ours(const struct act *a)
{
	return a->probe.vm.lock >= 0;
}

/* Not even a new keeper could do it. */
static void kill_qemu(struct act *a)
{
	struct lock_seen seen = { 0 };

	if (end_keeper(a) < 0)
		return;
	if (lock_look(a->probe.vm.lock, &seen) == 0 && seen.qemu && end_process(seen.pid, &a->probe.vm, 1) < 0) {
		finish(a, FAILED, "QEMU could not be ended");
		return;
	}
	bury(a, "unknown");
	say(a, "forced: SIGKILL");
	finish(a, DONE, NULL);
}

/* The keeper has just ended, was killed, or has not opened its desk yet: look again in a moment. */
static void try_again(struct act *a)
{
	a->again.at = clock_in(AGAIN_MS);
	loop_add(a->loop, &a->again);
}

/* Whether its lock is held, but by no keeper, and no QEMU lives: nothing runs, and the lock is not ours to break. */
static int is_absent(struct act *a)
{
	struct lock_seen seen;
	struct err e;

	if (!a->job->stops || !a->ask.nobody || lock_look(a->probe.vm.lock, &seen) < 0 || seen.qemu || !seen.keeper ||
	    probe_poses(&a->probe.vm, &e)) {
		a->absent = 0;
		return 0;
	}
	if (!a->absent)
		a->absent = clock_ms();
	return 1;
}

static void leave_absent(struct act *a)
{
	say(a, "does not run, but its lock is held (by qemu-adm, or by a start that has just begun)");
	a->held = 1;
	finish(a, DONE, NULL);
}

static void on_answer(void *arg)
{
	struct act *a = arg;

	if (a->ask.state == ASK_LOST) {
		if (is_absent(a) && clock_ms() - a->absent >= ABSENT_MS)
			leave_absent(a);
		else
			try_again(a);
	} else if (a->ask.code == REQUEST_UNKNOWN) {
		/* an older keeper: the guest does not notice that it gets another */
		end_process(a->ask.peer, &a->probe.vm, 0);
		try_again(a);
	} else {
		int unasked = a->passed && a->ask.code == DONE && *a->ask.words; /* force that is always told */
		if (unasked)
			say(a, a->ask.words);
		finish(a, a->ask.code, unasked ? NULL : a->ask.words);
	}
}

static int is_forced(const struct act *a)
{
	return a->job->stops && (a->passed || strcmp(a->job->verb, "stop") != 0);
}

/* A free VM whose uid is still alive: QEMU dropped its lock and poses as stopped. Only force ends it. */
static void end_unknown(struct act *a)
{
	const struct state *s = &a->probe.state;
	struct err e;

	if (!is_forced(a) || !a->probe.has_state || !s->turn) {
		finish(a, NO_RIGHT, *a->probe.err.text ? a->probe.err.text : "nothing is known about it");
	} else if (spawn_end(UID_FILE, (uid_t)s->uid, s->turn, &e) < 0) {
		finish(a, FAILED, e.text);
	} else {
		bury(a, "unknown");
		say(a, "forced: SIGKILL to all of its uid");
		finish(a, DONE, NULL);
	}
}

static int64_t own_limit(const struct act *a)
{
	const struct act_job *job = a->job;

	if (job->ms)
		return job->ms;
	if (!job->stops)
		return SHORT_MS;
	return strcmp(job->verb, "stop") == 0 && a->probe.state.stopdelay ? a->probe.state.stopdelay : FORCED_MS;
}

/* The limit of this VM's verb. */
static int64_t limit_of(const struct act *a)
{
	int64_t ms = own_limit(a);

	return a->most && a->most < ms ? a->most : ms;
}

/* Nothing lives: for a stop that is what was wanted. */
static void is_down(struct act *a)
{
	const struct act_job *job = a->job;
	int asked = a->ask.peer > 0; /* its keeper was asked before and is gone with it */

	if (job->stops && a->probe.vm.lock >= 0)
		bury(a, "unknown");
	finish(a, job->stops ? DONE : NOT_UP, asked ? "stopped" : "not running");
}

/* It has one now, or there is none to be had. Force needs none; the guest's own way down is worth another try. */
static void has_keeper(struct act *a)
{
	const struct act_job *job = a->job;

	if (a->launch.code == DONE) {
		int64_t ms = clock_left(a->deadline) - GRACE_MS;
		a->ask = (struct ask){ .whole = job->stops, .said = on_said, .done = on_answer, .arg = a };
		ask_begin(&a->ask, a->loop, &a->probe.vm, a->passed ? "stop-force" : job->verb, ms > 1 ? ms : 1, "");
	} else if (!is_ours(a)) {
		finish(a, NO_RIGHT, NULL);
	} else if (is_forced(a)) {
		kill_qemu(a);
	} else {
		finish(a, FAILED, job->stops ? "it has no keeper (`stop -f` does without)" : "it has no keeper");
	}
}

static void begin(struct act *a)
{
	const struct act_job *job = a->job;

	probe_look(&a->probe, job->host);
	if (strcmp(a->probe.phase, "unknown") == 0) {
		end_unknown(a);
		return;
	}
	if (!a->probe.seen.qemu && !a->probe.seen.keeper) {
		is_down(a);
		return;
	}
	if (!a->deadline)
		a->deadline = clock_in(limit_of(a) + GRACE_MS);
	launch_adopt(&a->launch, job->host, a->name, on_said, a);
	if (a->launch.fd < 0) {
		has_keeper(a);
		return;
	}
	a->hear.fd = a->launch.fd;
	a->hear.at = clock_in(LAUNCH_ADOPT_MS);
	loop_add(a->loop, &a->hear);
}

static void heard(struct act *a)
{
	if (a->launch.fd >= 0)
		return;
	loop_del(a->loop, &a->hear);
	has_keeper(a);
}

static void on_hear(struct source *s, short revents)
{
	struct act *a = s->owner;

	(void)revents;
	launch_hear(&a->launch);
	heard(a);
}

static void on_late(struct source *s)
{
	struct act *a = s->owner;

	launch_late(&a->launch);
	heard(a);
}

static void on_again(struct source *s)
{
	struct act *a = s->owner;

	loop_del(a->loop, s);
	probe_free(&a->probe);
	begin(a);
}

static int64_t next_deadline(const struct act *list, size_t n, int *left)
{
	int64_t at = CLOCK_NEVER;

	*left = 0;
	for (size_t i = 0; i < n; i++) {
		if (list[i].done)
			continue;
		*left = 1;
		if (!list[i].begun)
			continue;
		if (list[i].deadline < at)
			at = list[i].deadline;
	}
	return at;
}

/* A keeper that does not do it in time is passed by: it goes first, so that it cannot interfere; another takes its place. */
static void late(struct act *a)
{
	loop_del(a->loop, &a->again);
	if (is_absent(a)) {
		leave_absent(a);
	} else if (!a->job->stops || !is_ours(a)) {
		hang_up(a);
		finish(a, TIMED_OUT, "no answer in time");
	} else if (a->passed) {
		kill_qemu(a);
	} else if (end_keeper(a) == 0) {
		say(a, "its keeper does not answer and is replaced");
		a->passed = 1;
		a->deadline = clock_in(PASSED_MS + GRACE_MS);
		try_again(a);
	}
}

/* Whose turn has come: one that is over at once may be what another waits for. */
static void begin_all(struct act *list, size_t n, const struct act_job *job)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i].begun || (job->may && !job->may(job->arg, &list[i])))
			continue;
		list[i].begun = 1;
		begin(&list[i]);
		if (list[i].done && job->may)
			i = (size_t)-1;
	}
}

void act_all(struct act *list, size_t n, const struct act_job *job)
{
	struct loop l = { 0 };
	int left;
	int64_t at;

	for (size_t i = 0; i < n; i++) {
		struct act *a = &list[i];
		a->job = job;
		a->loop = &l;
		a->done = 0;
		a->deadline = 0;
		a->held = 0;
		a->absent = 0;
		a->begun = 0;
		a->passed = 0;
		a->ask = (struct ask){ .src.fd = -1 };
		a->launch = (struct launch){ .fd = -1 };
		a->hear = (struct source){ .events = POLLIN, .ready = on_hear, .due = on_late, .owner = a };
		a->again = (struct source){ .fd = -1, .at = CLOCK_NEVER, .due = on_again, .owner = a };
		vm_none(&a->probe.vm);
		fmt(a->probe.name, sizeof(a->probe.name), "%s", a->name);
	}
	while (begin_all(list, n, job), (at = next_deadline(list, n, &left)), left) {
		loop_turn(&l, at);
		for (size_t i = 0; i < n; i++)
			if (list[i].begun && !list[i].done && clock_left(list[i].deadline) == 0)
				late(&list[i]);
	}
	for (size_t i = 0; i < n; i++)
		probe_free(&list[i].probe);
	loop_free(&l);
}
