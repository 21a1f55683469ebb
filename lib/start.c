/* SPDX-License-Identifier: 0BSD */
/* Starting one VM in the background, whatever state it is found in. */
#include "start.h"

#include "act.h"
#include "ask.h"
#include "clock.h"
#include "launch.h"
#include "probe.h"
#include "request.h"
#include "text.h"

#include <poll.h>
#include <string.h>

enum { GRACE_MS = 5000 };	/* beyond START_TIMEOUT, for a keeper to say that it is over */
enum { AGAIN_MS = 5 };

static int64_t deadline_of(const struct target *t)
{
	return clock_in(conf_ms(&t->conf, CONF_START_TIMEOUT) + GRACE_MS);
}

static const char *rc_of(const struct target *t)
{
	return t->conf.file ? t->conf.file : "";
}

static const char *from_where(const char *rc)
{
	return *rc ? rc : "settings alone";
}

static int fail(const struct start *s, const struct err *e)
{
	s->say(s->arg, e->text);
	return e->code;
}

/* One that runs, unwatched: from the same file it gets a keeper again. */
static int adopt(struct target *t, struct vm *vm, const struct start *s)
{
	struct keep_job job = { .vm = vm };
	struct state state;
	struct err e;
	int got = state_read(&state, vm->dir, &e);
	int same = got <= 0 || strcmp(state.rc, rc_of(t)) == 0;

	if (!same)
		err_set(&e, "runs already from %s, not from %s", from_where(state.rc), from_where(rc_of(t)));
	state_free(&state);
	if (!same) {
		vm_close(vm);
		return fail(s, &e);
	}
	target_job(t, &job);
	int code = launch(&job, 1, deadline_of(t), s->say, s->arg);
	if (code == DONE)
		s->say(s->arg, "runs already; its keeper was lost and is there again");
	return code;
}

/* Somebody else keeps it: waits until it is ready. NOT_UP: it has just ended; ASK_LOST as -1. */
static int ask_ready(const struct target *t, const struct vm *vm, int64_t deadline, const struct start *s)
{
	struct ask a = { .said = s->say, .arg = s->arg };

	ask_one(&a, vm, "ready", 0, rc_of(t), deadline);
	int code = a.state == ASK_WAITS ? TIMED_OUT : a.state == ASK_LOST ? -1 : a.code;
	if (code == REQUEST_UNKNOWN) /* an older one is replaced */
		code = act_end_keeper(a.peer) == 0 ? -1 : FAILED;
	if (a.state == ASK_WAITS)
		s->say(s->arg, "its keeper does not answer");
	else if (code >= 0 && code != NOT_UP)
		s->say(s->arg, a.words);
	return code;
}

static int say_unknown(const struct start *s, struct err *e)
{
	err_at(e, "unknown whether it runs");
	s->say(s->arg, e->text);
	return 1;
}

int start_unknown(const struct target *t, const struct start *s)
{
	struct probe p = { 0 };

	text_copy(p.name, sizeof(p.name), t->name);
	probe_look(&p, t->host);
	int unknown = strcmp(p.phase, "unknown") == 0 && say_unknown(s, &p.err);
	probe_free(&p);
	return unknown;
}

int start_poses(const struct vm *vm, const struct start *s)
{
	struct err e;

	return probe_poses(vm, &e) && say_unknown(s, &e);
}

/* Becomes its keeper, or finds it running. 1: vm is ours and nothing lives; 0: *code says it all. */
static int take(struct target *t, struct vm *vm, const struct start *s, int *code)
{
	int64_t deadline = deadline_of(t);
	struct lock_seen seen;
	struct err e;
	int got;

	*code = FAILED;
	if (start_unknown(t, s))
		return 0;
	while ((got = vm_keep(vm, &t->host->place, t->name, &e)) == 0) {
		*code = ask_ready(t, vm, deadline, s);
		vm_close(vm);
		if (*code >= 0 && *code != NOT_UP)
			return 0;
		/* its keeper has not opened its desk yet, or is just leaving: neither takes long */
		if (clock_left(deadline) == 0) {
			*code = TIMED_OUT;
			s->say(s->arg, "its keeper does not answer");
			return 0;
		}
		poll(NULL, 0, AGAIN_MS);
	}
	if (got < 0 || lock_look(vm->lock, &seen) < 0) {
		*code = got < 0 ? fail(s, &e) : FAILED;
		vm_close(vm);
		return 0;
	}
	if (seen.qemu) {
		*code = adopt(t, vm, s);
		return 0;
	}
	/* once more: the keeper that spoke for it may have gone only now */
	if (!start_poses(vm, s))
		return 1;
	*code = FAILED;
	vm_close(vm);
	return 0;
}

int start_vm(struct target *t, const struct start *s)
{
	struct vm vm;
	int code;

	if (!take(t, &vm, s, &code))
		return code;
	struct keep_job job = { .vm = &vm, .throw_away = s->throw_away };
	target_job(t, &job);
	code = launch(&job, 0, deadline_of(t), s->say, s->arg);
	if (code == DONE)
		s->progress(s->arg, "started");
	return code;
}
