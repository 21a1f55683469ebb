/* SPDX-License-Identifier: 0BSD */
/* The keeper: what happens to a VM after its start, until its end. */
#include "keeper.h"

#include "bundle.h"
#include "caps.h"
#include "clock.h"
#include "fd.h"
#include "fmt.h"
#include "journal.h"
#include "proc.h"
#include "spawn.h"
#include "steps.h"
#include "text.h"
#include "vanish.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STOPDELAY_MS = 60000 };	/* where the state file is lost */
enum { FORCED_MS = 4000 };	/* the deadline of a forced stop: quit, then SIGKILL after half of it */
enum { LOCK_LOOK_MS = 200 };	/* how often a lock is looked at where the kernel has no pidfd */
enum { CONSOLE_END_MS = 1000 };	/* for stdout to take the last lines of the guest */

/* ---- the end ---- */

/* How QEMU's SHUTDOWN reasons (QAPI ShutdownCause) are called in `exit`. */
static const struct cause {
	const char *reason, *how;
	int good;
} causes[] = {
	{ "guest-shutdown", "guest-shutdown", 1 },
	{ "guest-reset", "guest-reset", 1 },
	{ "guest-panic", "panic", 0 },
	{ "host-qmp-quit", "host-quit", 1 },
	{ "host-signal", "host-signal", 1 },
	{ "", "unknown", 0 },
};

static const struct cause *cause_of(const struct keeper *k)
{
	const struct cause *c = causes;

	while (*c->reason && strcmp(c->reason, k->shutdown) != 0)
		c++;
	return c;
}

/* Fills all but `words`; returns whether it was a good end. */
static int judge_end(const struct keeper *k, int status, struct ending *end)
{
	const struct cause *cause = cause_of(k);
	int asked = k->ladder.on;

	*end = (struct ending){ .when = time(NULL), .how = cause->how, .step = ladder_name(k->ladder.last), .words = "" };
	if (!k->adopted && WIFSIGNALED(status)) {
		end->status = -WTERMSIG(status);
		end->how = "signal";
		return asked;
	}
	if (!k->adopted && WEXITSTATUS(status) != 0) {
		end->status = WEXITSTATUS(status);
		end->how = k->ready ? "qemu-error" : "start-failed";
		return asked;
	}
	return asked || cause->good;
}

/* Says QEMU's last words, line by line. */
static void say_last_words(struct keeper *k)
{
	const char *rest = buf_text(&k->last_words), *line;
	size_t left = k->last_words.n, n;

	while ((line = text_line(&rest, &left, &n))) {
		struct buf clean = { 0 };
		text_clean(&clean, line, n);
		if (clean.n)
			keep_say(k, "%s", clean.s);
		buf_free(&clean);
	}
}

static void read_words(struct keeper *k)
{
	char bytes[1024];
	ssize_t n;

	while (k->words.fd >= 0 && (n = read(k->words.fd, bytes, sizeof(bytes))) > 0)
		keep_words(k, bytes, (size_t)n);
}

static void record(struct keeper *k, struct ending *end)
{
	struct buf clean = { 0 };
	struct err e;

	text_clean(&clean, buf_text(&k->last_words), k->last_words.n);
	end->words = buf_text(&clean);
	if (exit_add(k->vm->dir, end, &e) < 0)
		keep_say(k, "%s", e.text);
	buf_free(&clean);
}

/* A run that ended badly leaves what is known of it; of a series of restarts the first one's stays. */
static void bundle(struct keeper *k, const struct ending *end)
{
	char first[128];
	int n = fmt(first, sizeof(first), "how=%s status=%d step=%s\n", end->how, end->status, end->step);
	const struct bundle_part parts[] = {
		{ .name = "end", .bytes = first, .n = (size_t)n },
		{ .name = "argv", .file = "private/argv" },
		{ .name = "qemu.log", .file = "qemu.log" },
		{ .name = "serial.log", .file = "serial.log" },
		{ .name = "events", .bytes = buf_text(&k->events), .n = k->events.n },
	};
	struct err e;

	if (k->bundled)
		return;
	k->bundled = 1;
	if (bundle_write(k->vm->dir, parts, sizeof(parts) / sizeof(*parts), &e) < 0)
		keep_say(k, "%s", e.text);
	else
		keep_say(k, "more of it is in %s/" BUNDLE_DIR, k->vm->path);
}

/* Closes all that is served but the desk, so that nobody comes to a VM that is no more. */
static void close_all(struct keeper *k)
{
	vanish_end(k);
	console_end(&k->console, clock_in(CONSOLE_END_MS));
	wire_close(&k->wire);
	vnc_close(&k->vnc);
	door_close(&k->mon);
	door_close(&k->ctl);
	port_close(&k->ports);
	for (int i = 0; i <= GIVEN_CTL; i++)
		fd_close(&k->listener[i]);
	fd_close(&k->kernel);
	fd_close(&k->initrd);
	fd_close(&k->output);
	fd_close(&k->words.fd);
	fd_close(&k->pidfd);
	disks_free(&k->disks);
	nics_free(&k->nics);
	argv_free(&k->argv);
	log_close(&k->qemu_log);
	log_close(&k->serial_log);
}

/* Everybody who waits hears how it ended, after the lock is free. */
static void finish(struct keeper *k, int good, const char *words)
{
	close_all(k);
	desk_shut(&k->desk);
	steps_clean(k->vm);
	keep_phase(k, good || !k->lived ? "stopped" : "crashed");
	if (good && !k->state.registered)
		vm_erase(k->vm); /* nobody registered it and it ended well: nothing stays */
	vm_close(k->vm);
	desk_end_all(&k->desk, "stop", DONE, words);
	desk_end_all(&k->desk, "stop-force", DONE, words);
	desk_end_all(&k->desk, "kill", DONE, words);
	desk_end_all(&k->desk, "ready", k->lived ? NOT_UP : k->code, k->lived ? "it has just stopped" : k->err.text);
	desk_end_all(&k->desk, NULL, NOT_UP, "it has just stopped");
	keep_told(k, k->code);
	k->loop.over = 1;
}

/* The VM is down but its keeper stays; the desk is open, all else begins anew with the first step. */
static void pause_for_restart(struct keeper *k, int64_t delay)
{
	close_all(k);
	k->ready = k->failed = k->asking = k->paused = 0;
	k->pausing = 1;
	k->adopted = 0;
	k->again = clock_in(delay);
	k->shutdown[0] = '\0';
	buf_clear(&k->last_words);
	k->state.restarts++;
	keep_phase(k, "restarting");
	desk_end_all(&k->desk, "status", DONE, "restarting");
	keep_arm(k);
}

/* It is down. Nobody restarts what was asked to stop, or has never run. */
static void settle(struct keeper *k, int good, const char *words)
{
	int64_t now = clock_ms();
	int too_often = 0;
	int64_t delay = -1;

	if (k->lived && k->job->conf && !k->ladder.on)
		delay = restart_after(&k->restart, now, k->ready ? now - k->ready_at : 0, good, &too_often);
	if (too_often)
		keep_note(k, "restarted %d times within a minute: it stays down", k->restart.most);
	if (delay >= 0)
		pause_for_restart(k, delay);
	else
		finish(k, good, words);
}

static void restart(struct keeper *k)
{
	k->pausing = 0;
	journal(k->vm->name, "restart");
	steps_begin(k, STEPS_RESTART);
}

static void say_signal(struct keeper *k, int status)
{
	if (!WIFSIGNALED(status) || k->ladder.last == LADDER_KILL)
		return;
	keep_say(k, "QEMU was ended by signal %d%s", WTERMSIG(status),
		 WTERMSIG(status) == SIGSYS ? ": the sandbox forbids starting programs (SANDBOX=no)" : "");
}

static const char *end_words(const struct keeper *k)
{
	static const char *const words[] = {
		[LADDER_NONE] = "it had ended by itself", [LADDER_PRESS] = "powered off by the guest",
		[LADDER_QUIT] = "forced: QMP quit", [LADDER_KILL] = "forced: SIGKILL",
	};

	return words[k->ladder.last];
}

/* How it ended, for whoever asked for it: what went beyond that is said, and no more then. */
static const char *tell_end(struct keeper *k)
{
	const struct ladder *l = &k->ladder;

	if (l->last <= l->least || l->last == LADDER_PRESS)
		return end_words(k);
	keep_note(k, "%s%s", l->least > LADDER_PRESS ? "" : "the guest did not power off, ", end_words(k));
	return "";
}

/* What QEMU has forked goes with it. */
static void end_strays(struct keeper *k)
{
	struct err e;

	if (!keep_strays(k))
		return;
	if (spawn_end(UID_FILE, (uid_t)k->state.uid, k->state.turn, &e) < 0)
		keep_note(k, "%s", e.text);
	else
		keep_note(k, "QEMU had forked: SIGKILL to what was left of it");
}

/* QEMU is gone; status is waitpid's, of an adopted one 0. */
static void ended(struct keeper *k, int status)
{
	struct ending end;

	wire_drain(&k->wire); /* QEMU's last event says why; its end may be seen first */
	int good = judge_end(k, status, &end);
	k->pid = 0;
	end_strays(k);
	loop_del(&k->loop, &k->end);
	loop_del(&k->loop, &k->words);
	read_words(k);
	if (!k->ready && !k->failed) {
		k->code = FAILED;
		say_last_words(k);
		say_signal(k, status);
		if (WIFEXITED(status) && WEXITSTATUS(status) == SPAWN_NOT_EXECUTED && conf_yes(k->job->conf, CONF_SANDBOX))
			keep_say(k, "%s: " CAGE_SCRIPT, k->job->program);
		if (k->limit_hit)
			k->code = TIMED_OUT;
		err_set(&k->err, "QEMU ended before it was ready (%s %d)", WIFSIGNALED(status) ? "signal" : "exit status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		keep_say(k, "%s", k->err.text);
	} else if (k->ready) {
		say_signal(k, status);
		k->code = k->limit_hit ? TIMED_OUT : good ? DONE : FAILED;
		if (!good && !WIFSIGNALED(status))
			say_last_words(k);
	}
	record(k, &end);
	if (!good && k->lived)
		bundle(k, &end); /* a start that fails has said it all on stderr */
	journal(k->vm->name, end.how);
	settle(k, good, tell_end(k));
}

static void kill_qemu(struct keeper *k)
{
	if (k->adopted && k->pidfd >= 0)
		proc_signal(k->pidfd, SIGKILL);
	else if (k->pid > 0)
		kill(k->pid, SIGKILL);
}

static void kill_hook(struct keeper *k)
{
	if (k->hook > 0)
		kill(-k->hook, SIGKILL); /* it leads a session of its own */
}

static void record_failure(struct keeper *k)
{
	const struct ending end = { .when = time(NULL), .how = "start-failed", .step = "", .words = k->err.text };
	struct err e;

	exit_add(k->vm->dir, &end, &e);
}

/* An adoption failed: the guest runs on without a keeper, as before. */
static void abandon(struct keeper *k)
{
	close_all(k);
	desk_shut(&k->desk);
	vm_close(k->vm);
	desk_end_all(&k->desk, NULL, FAILED, k->err.text);
	keep_told(k, k->code);
	k->loop.over = 1;
}

/* A step failed: of a start QEMU, if it is there, goes, too. */
static void failed(struct keeper *k)
{
	k->failed = 1;
	k->code = k->err.code ? k->err.code : FAILED;
	kill_hook(k);
	read_words(k);
	say_last_words(k);
	keep_say(k, "%s", k->err.text);
	if (k->adopted) {
		abandon(k);
	} else if (k->pid > 0) {
		kill_qemu(k); /* `ended` does the rest */
	} else {
		record_failure(k);
		settle(k, 0, "it had not started");
	}
}

/* ---- the stop ---- */

static void press(struct keeper *k)
{
	if (k->paused)
		wire_send(&k->wire, "cont", NULL, NULL, NULL); /* a paused guest cannot react */
	wire_send(&k->wire, "system_powerdown", NULL, NULL, NULL);
}

static void climb(struct keeper *k)
{
	int64_t next;
	enum ladder_step step;

	while ((step = ladder_due(&k->ladder, clock_ms(), &next)) != LADDER_NONE) {
		if (step == LADDER_PRESS) {
			press(k);
			continue;
		}
		if (step == LADDER_QUIT && wire_send(&k->wire, "quit", NULL, NULL, NULL) == 0)
			continue;
		k->ladder.last = LADDER_KILL;
		kill_qemu(k);
	}
}

static void begin_stop(struct keeper *k, int64_t ms, enum ladder_step least)
{
	if (k->failed)
		return;
	if (k->pausing) {
		k->code = k->limit_hit ? TIMED_OUT : DONE;
		finish(k, 1, "it waited for a restart");
		return;
	}
	if (k->pid == 0 && !k->adopted) {
		err_set(&k->err, "stopped before QEMU ran");
		failed(k);
		return;
	}
	/* one that is not ready hears no button */
	ladder_begin(&k->ladder, clock_ms(), clock_in(ms), k->ready || least > LADDER_QUIT ? least : LADDER_QUIT);
	if (k->job->stopping)
		k->job->stopping(k->job->arg, ms);
	if (strcmp(k->state.phase, "stopping") != 0)
		keep_phase(k, "stopping");
	climb(k);
	keep_arm(k);
}

/* ---- what QEMU tells ---- */

static void keep_event(struct keeper *k, const struct qmp_message *m)
{
	buf_add(&k->events, m->whole.s, m->whole.n < KEEP_EVENTS_MAX / 4 ? m->whole.n : 0);
	buf_char(&k->events, '\n');
	while (k->events.n > KEEP_EVENTS_MAX)
		buf_drop(&k->events, (size_t)((char *)memchr(k->events.s, '\n', k->events.n) + 1 - k->events.s));
}

static void on_event(void *arg, const struct qmp_message *m)
{
	struct keeper *k = arg;
	struct json_span reason;
	struct buf text = { 0 };

	keep_event(k, m);
	desk_say_all(&k->desk, "watch", m->name);
	if (strcmp(m->name, "STOP") == 0)
		k->paused = 1;
	else if (strcmp(m->name, "RESUME") == 0)
		k->paused = 0;
	else if (strcmp(m->name, "SHUTDOWN") == 0 && json_find(m->body, "reason", &reason) == 0 && json_text(reason, &text) == 0)
		text_copy(k->shutdown, sizeof(k->shutdown), buf_text(&text));
	buf_free(&text);
}

static void on_capable(void *arg)
{
	steps_capable(arg);
}

static void on_closed(void *arg)
{
	(void)arg; /* QEMU ends, or lies: the lock and waitpid tell which */
}

static void on_words(struct source *s, short revents)
{
	struct keeper *k = s->owner;
	char bytes[1024];

	(void)revents;
	ssize_t n = fd_read(s->fd, bytes, sizeof(bytes));
	if (n > 0) {
		keep_words(k, bytes, (size_t)n);
	} else if (n == 0 || errno != EAGAIN) {
		/* no writer: QEMU is ending, and an end of file would wake us for ever */
		loop_del(&k->loop, s);
	}
}

/* ---- what callers ask ---- */

static const char *shown_phase(const struct keeper *k)
{
	if (k->pausing)
		return "restarting";
	if (k->ladder.on)
		return "stopping";
	if (!k->ready)
		return "starting";
	return k->paused ? "paused" : "running";
}

static void answer_status(struct keeper *k)
{
	char words[64];

	fmt(words, sizeof(words), "%s %s", shown_phase(k), k->paused ? k->reason : "");
	desk_end_all(&k->desk, "status", DONE, words);
}

static void on_status(void *arg, const struct qmp_message *m)
{
	struct keeper *k = arg;

	k->asking = 0;
	if (!m || m->kind != QMP_RETURN)
		return;
	keep_status(k, m);
	answer_status(k);
}

static void ask_status(struct keeper *k, const struct request *r)
{
	(void)r;
	if (!k->ready || (k->ladder.on && !k->wire.capable)) {
		answer_status(k);
		return;
	}
	/* no answer to the caller until QEMU has given one: whoever hears nothing says `hung` */
	if (!k->asking && wire_send(&k->wire, "query-status", NULL, on_status, k) == 0)
		k->asking = 1;
}

static void ask_ready(struct keeper *k, const struct request *r)
{
	if (strcmp(r->text, k->state.rc) != 0) {
		char words[REQUEST_MAX];
		fmt(words, sizeof(words), "runs already from %s, not from %s", *k->state.rc ? k->state.rc : "settings alone",
			 *r->text ? r->text : "settings alone");
		desk_end_all(&k->desk, "ready", FAILED, words);
	} else if (k->ready && !k->ladder.on) {
		desk_end_all(&k->desk, "ready", DONE, "runs already");
	} /* else at the end of the start, or of the VM */
}

static void ask_stop(struct keeper *k, const struct request *r)
{
	begin_stop(k, r->number ? r->number : k->state.stopdelay, LADDER_PRESS);
}

static void ask_stop_force(struct keeper *k, const struct request *r)
{
	begin_stop(k, r->number ? r->number : FORCED_MS, LADDER_QUIT);
}

static void ask_kill(struct keeper *k, const struct request *r)
{
	begin_stop(k, r->number ? r->number : FORCED_MS, LADDER_KILL);
}

/* The verbs that are one QMP command. */
static const struct simple {
	const char *verb, *command;
} simples[] = {
	{ "pause", "stop" },
	{ "resume", "cont" },
	{ "reset", "system_reset" },
};

static void on_simple(struct keeper *k, const char *verb, const struct qmp_message *m)
{
	struct buf words = { 0 };
	struct json_span desc;

	if (m && m->kind == QMP_ERROR && json_find(m->body, "desc", &desc) == 0)
		json_text(desc, &words);
	desk_end_all(&k->desk, verb, m && m->kind == QMP_RETURN ? DONE : FAILED, buf_text(&words));
	buf_free(&words);
}

static void on_pause(void *arg, const struct qmp_message *m)
{
	on_simple(arg, simples[0].verb, m);
}

static void on_resume(void *arg, const struct qmp_message *m)
{
	on_simple(arg, simples[1].verb, m);
}

static void on_reset(void *arg, const struct qmp_message *m)
{
	on_simple(arg, simples[2].verb, m);
}

static void send_simple(struct keeper *k, size_t i)
{
	static void (*const answered[])(void *arg, const struct qmp_message *m) = { on_pause, on_resume, on_reset };

	if (wire_send(&k->wire, simples[i].command, NULL, answered[i], k) < 0)
		desk_end_all(&k->desk, simples[i].verb, FAILED, "QEMU's QMP line is not there");
}

static void ask_simple(struct keeper *k, const struct request *r)
{
	for (size_t i = 0; i < sizeof(simples) / sizeof(*simples); i++) {
		if (strcmp(simples[i].verb, r->verb) != 0)
			continue;
		if (k->wire.capable || k->ready)
			send_simple(k, i);
		else
			k->early |= 1u << i;
	}
}

/* Those who asked during the start or the adoption have waited for this. */
static void begun(struct keeper *k)
{
	if (k->restart.policy == RESTART_NO && !k->job->more)
		caps_keep(CAPS_LIFE);
	vanish_watch(k);
	for (size_t i = 0; i < sizeof(simples) / sizeof(*simples); i++)
		if (k->early & 1u << i)
			send_simple(k, i);
	k->early = 0;
}

/* Stays until the end: hears every event's name as it comes. */
static void ask_watch(struct keeper *k, const struct request *r)
{
	(void)k;
	(void)r;
}

/* Whose turn it is at that port. */
static void ask_caller(struct keeper *k, const struct request *r)
{
	const struct gate_who *who = door_caller(r->number == k->state.monport ? &k->mon : &k->ctl);
	char words[128] = "";

	if (who)
		fmt(words, sizeof(words), "%ld's %s (uid %lu)", (long)who->pid, who->program, (unsigned long)who->uid);
	desk_end_all(&k->desk, r->verb, DONE, words);
}

static const struct {
	const char *verb;
	void (*ask)(struct keeper *k, const struct request *r);
} verbs[] = {
	{ "status", ask_status },
	{ "ready", ask_ready },
	{ "stop", ask_stop },
	{ "stop-force", ask_stop_force },
	{ "kill", ask_kill },
	{ "pause", ask_simple },
	{ "resume", ask_simple },
	{ "reset", ask_simple },
	{ "watch", ask_watch },
	{ "caller", ask_caller },
};

static void on_asked(void *arg, struct desk_caller *c, const struct request *r)
{
	struct keeper *k = arg;

	if (strcmp(r->verb, "watch") == 0 && desk_waits(&k->desk, r->verb) > DESK_WATCHERS) {
		desk_end(c, FAILED, "busy: too many watch already");
		return;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (strcmp(verbs[i].verb, r->verb) == 0) {
			verbs[i].ask(k, r);
			return;
		}
	}
	desk_end(c, REQUEST_UNKNOWN, "this keeper does not know that request");
}

/* ---- signals and the clock ---- */

static void reap(struct keeper *k)
{
	siginfo_t info = { 0 };
	int status;
	pid_t pid;

	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && (pid = info.si_pid) > 0) {
		/* its process group, while the number is sure to be its own: it may have forked */
		if (pid == k->pid && !k->adopted)
			kill(-pid, SIGKILL);
		waitpid(pid, &status, 0);
		info.si_pid = 0;
		if (pid == k->pid && !k->adopted) {
			ended(k, status);
			return;
		}
		if (pid == k->hook)
			steps_hook_ended(k, status);
	}
}

static void on_signal(struct source *s, short revents)
{
	struct keeper *k = s->owner;
	struct signalfd_siginfo info;

	(void)revents;
	while (!k->loop.over && read(s->fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			reap(k);
			continue;
		}
		int again = k->terms++ > 0 && k->job->foreground;
		begin_stop(k, again ? FORCED_MS : k->state.stopdelay, again ? LADDER_QUIT : LADDER_PRESS);
	}
}

static void late(struct keeper *k)
{
	if (k->adopted) {
		keep_say(k, "QEMU does not answer");
		k->ready_by = CLOCK_NEVER;
		steps_next(k);
		return;
	}
	err_code(&k->err, TIMED_OUT, "not ready in time: it waited for %s", steps_name(k));
	failed(k);
}

static void on_clock(struct source *s)
{
	struct keeper *k = s->owner;

	if (k->pausing && clock_left(k->again) == 0)
		restart(k);
	if (!k->ready && !k->failed && !k->pausing && clock_left(k->ready_by) == 0)
		late(k);
	if (!k->loop.over && !k->limit_hit && clock_left(k->job->limit) == 0) {
		k->limit_hit = 1;
		keep_say(k, "the time is over");
		begin_stop(k, k->state.stopdelay, LADDER_PRESS);
	}
	if (k->loop.over)
		return;
	climb(k);
	keep_arm(k);
}

static int watch_signals(struct keeper *k)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -1;
	k->signals = (struct source){ .events = POLLIN, .at = CLOCK_NEVER, .ready = on_signal, .owner = k };
	k->signals.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return k->signals.fd < 0 ? -1 : loop_add(&k->loop, &k->signals);
}

/* ---- an adopted QEMU ---- */

static void look_for_end(struct keeper *k)
{
	struct lock_seen seen;

	if (lock_look(k->qemu_lock >= 0 ? k->qemu_lock : k->vm->lock, &seen) == 0 && !seen.qemu) {
		ended(k, 0);
		return;
	}
	k->end.at = clock_in(LOCK_LOOK_MS);
}

static void on_end(struct source *s, short revents)
{
	(void)revents;
	/* its process has ended: the lock will be free in a moment, if it is not yet */
	loop_del(&((struct keeper *)s->owner)->loop, s);
	ended(s->owner, 0);
}

static void on_look(struct source *s)
{
	look_for_end(s->owner);
}

/* Who may use it, as far as the configuration is known. */
static void settle_access(struct keeper *k)
{
	k->state.group = k->job->group;
	k->state.allow = k->job->conf ? conf_text(k->job->conf, CONF_MONITOR_ALLOW) : "";
}

static int watch_adopted(struct keeper *k)
{
	struct lock_seen seen;

	k->end = (struct source){ .fd = -1, .events = POLLIN, .at = CLOCK_NEVER, .ready = on_end, .due = on_look, .owner = k };
	if (lock_look(k->vm->lock, &seen) < 0)
		return err_sys(&k->err, "%s/lock", k->vm->path);
	k->pid = seen.pid;
	k->pidfd = seen.pid ? proc_open(seen.pid) : -1;
	/* the pid may have been somebody else's by then: it was QEMU's if QEMU still holds the byte */
	if (k->pidfd >= 0 && (lock_look(k->vm->lock, &seen) < 0 || seen.pid != k->pid))
		fd_close(&k->pidfd);
	k->end.fd = k->pidfd;
	if (k->pidfd < 0)
		k->end.at = clock_ms();
	k->adopted = 1;
	keep_policy(k);
	if (state_read(&k->state, k->vm->dir, &k->err) <= 0) {
		/* lost or unreadable: the guest must have a keeper all the same */
		k->state.version = STATE_VERSION;
		k->state.registered = k->state.serial = k->state.vnc = 1;
		k->state.stopdelay = STOPDELAY_MS;
		settle_access(k);
	}
	return loop_add(&k->loop, &k->end);
}

/* ---- the whole ---- */

static void on_left(void *arg)
{
	struct keeper *k = arg;
	int again = k->terms++ > 0;

	begin_stop(k, again ? FORCED_MS : k->state.stopdelay, again ? LADDER_QUIT : LADDER_PRESS);
}

static void prepare(struct keeper *k, const struct keep_job *job)
{
	*k = (struct keeper){ .job = job, .vm = job->vm, .pidfd = -1, .kernel = -1, .initrd = -1, .output = -1, .fail = failed,
		.begun = begun };
	k->watch.fd = k->qemu_lock = -1;
	k->ready_by = CLOCK_NEVER;
	for (int i = 0; i <= GIVEN_CTL; i++)
		k->listener[i] = -1;
	k->words = (struct source){ .fd = -1, .events = POLLIN, .at = CLOCK_NEVER, .ready = on_words, .owner = k };
	k->clock = (struct source){ .fd = -1, .at = CLOCK_NEVER, .due = on_clock, .owner = k };
	k->wire = (struct wire){ .src.fd = -1, .ready = on_capable, .event = on_event, .closed = on_closed, .arg = k };
	k->desk = (struct desk){ .door.fd = -1, .asked = on_asked, .arg = k };
	k->qemu_log.fd = k->serial_log.fd = -1;
	console_none(&k->console, &k->loop, &k->serial_log, &k->peers);
	vnc_none(&k->vnc, &k->loop, &k->wire, &k->peers, &k->porter);
	port_none(&k->ports);
	state_free(&k->state);
	settle_access(k);
}

/* A hook of root's has root's rights, and so has a QEMU that is root's: the keeper cannot give what it has not. */
static int gives_all(const struct keep_job *job)
{
	static const enum conf_key hooks[] = { CONF_PRECMD, CONF_POSTCMD };

	for (int i = 0; job->conf && i < 2; i++) {
		const struct conf_item *item = conf_item(job->conf, hooks[i], 0);
		if (item && conf_owner(job->conf, item) == geteuid())
			return 1;
	}
	return job->conf && job->uid.way == UID_SAME;
}

int keeper_run(const struct keep_job *job, int adopt)
{
	struct keeper k;

	if (!job->more)
		caps_begin();
	if (!job->more && !gives_all(job))
		caps_keep(job->conf && nics_bridged(job->conf) ? CAPS_NET : CAPS_START);
	prepare(&k, job);
	if (watch_signals(&k) < 0 || loop_add(&k.loop, &k.clock) < 0)
		err_sys(&k.err, "keeper");
	if (job->console)
		console_local(&k.console, job->escape, on_left, &k);
	if (*k.err.text || (adopt && watch_adopted(&k) < 0))
		failed(&k);
	else
		steps_begin(&k, adopt ? STEPS_ADOPT : STEPS_START);
	while (!k.loop.over && loop_run(&k.loop, CLOCK_NEVER) < 0)
		;
	desk_close(&k.desk);
	fd_close(&k.signals.fd);
	state_free(&k.state);
	buf_free(&k.last_words);
	buf_free(&k.claims);
	buf_free(&k.events);
	loop_free(&k.loop);
	return k.code;
}
