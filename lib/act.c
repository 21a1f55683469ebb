/* SPDX-License-Identifier: 0BSD */
/* The verbs that change VMs that run. */
#include "act.h"

#include "clock.h"
#include "fd.h"
#include "launch.h"
#include "proc.h"
#include "steps.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SHORT_MS = 10000 };	/* of a verb that is one QMP command */
enum { FORCED_MS = 4000 };	/* of stop -f and kill, as in the keeper */
enum { GRACE_MS = 500 };	/* beyond a stop's limit, before its keeper is passed by */
enum { DEATH_MS = 2000 };	/* from SIGKILL to the end of a process */

static void say(struct act *a, const char *words)
{
	a->job->say(a->job->arg, a->name, words);
}

static void on_said(void *arg, const char *words)
{
	say(arg, words);
}

static void adopter_said(void *arg, const char *words)
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

/* The keeper did not do it in time: keeper first, so that it cannot interfere, then QEMU. */
static void pass_by(struct act *a)
{
	struct lock_seen seen = { 0 };
	pid_t keeper = a->ask.peer;

	ask_close(&a->ask);
	if (lock_look(a->probe.vm.lock, &seen) == 0 && seen.keeper && end_process(keeper, &a->probe.vm, 0) < 0) {
		finish(a, FAILED, "its keeper does not answer and could not be ended");
		return;
	}
	if (lock_look(a->probe.vm.lock, &seen) == 0 && seen.qemu && end_process(seen.pid, &a->probe.vm, 1) < 0) {
		finish(a, FAILED, "QEMU could not be ended");
		return;
	}
	bury(a, "unknown");
	say(a, "its keeper did not answer; forced: SIGKILL");
	finish(a, DONE, NULL);
}

static void on_answer(void *arg)
{
	struct act *a = arg;

	if (a->ask.state == ASK_LOST) {
		/* the keeper has just ended, or was killed: look again */
		probe_free(&a->probe);
		probe_look(&a->probe, a->job->host);
		if (a->job->stops && !a->probe.seen.qemu && !a->probe.seen.keeper)
			bury(a, "unknown");
		if (a->job->stops && !a->probe.seen.qemu)
			finish(a, DONE, "stopped");
		else
			finish(a, FAILED, "its keeper went away");
		return;
	}
	finish(a, a->ask.code, a->ask.words);
}

/* A free VM whose uid is still alive: QEMU dropped its lock and poses as stopped. */
static void refuse_unknown(struct act *a)
{
	finish(a, NO_RIGHT, *a->probe.err.text ? a->probe.err.text : "nothing is known about it");
}

static void begin(struct act *a, struct loop *l)
{
	const struct act_job *job = a->job;
	int64_t ms = job->ms;

	if (strcmp(a->probe.phase, "unknown") == 0) {
		refuse_unknown(a);
		return;
	}
	if (!a->probe.seen.qemu && !a->probe.seen.keeper) {
		if (job->stops)
			bury(a, "unknown");
		finish(a, job->stops ? DONE : NOT_UP, job->stops ? "not running" : "not running");
		return;
	}
	if (launch_adopter(&job->host->place, &job->host->site, a->name, adopter_said, a) != DONE) {
		finish(a, FAILED, "it has no keeper");
		return;
	}
	if (!ms)
		ms = !job->stops ? SHORT_MS : strcmp(job->verb, "stop") == 0 && a->probe.state.stopdelay ? a->probe.state.stopdelay : FORCED_MS;
	a->deadline = clock_in(ms + GRACE_MS);
	a->ask = (struct ask){ .whole = job->stops, .said = on_said, .done = on_answer, .arg = a };
	ask_begin(&a->ask, l, &a->probe.vm, job->verb, job->stops ? ms : 0, "");
}

static int64_t next_deadline(const struct act *list, size_t n, int *left)
{
	int64_t at = CLOCK_NEVER;

	*left = 0;
	for (size_t i = 0; i < n; i++) {
		if (list[i].done)
			continue;
		*left = 1;
		if (list[i].deadline < at)
			at = list[i].deadline;
	}
	return at;
}

static void late(struct act *a)
{
	if (a->job->stops) {
		pass_by(a);
		return;
	}
	ask_close(&a->ask);
	finish(a, TIMED_OUT, "no answer in time");
}

void act_all(struct act *list, size_t n, const struct act_job *job)
{
	struct loop l = { 0 };
	int left;
	int64_t at;

	for (size_t i = 0; i < n; i++) {
		struct act *a = &list[i];
		a->job = job;
		a->done = 0;
		a->ask.src.fd = -1;
		snprintf(a->probe.name, sizeof(a->probe.name), "%s", a->name);
		probe_look(&a->probe, job->host);
		begin(a, &l);
	}
	while ((at = next_deadline(list, n, &left)), left) {
		loop_turn(&l, at);
		for (size_t i = 0; i < n; i++)
			if (!list[i].done && clock_left(list[i].deadline) == 0)
				late(&list[i]);
	}
	for (size_t i = 0; i < n; i++)
		probe_free(&list[i].probe);
	loop_free(&l);
}
