/* SPDX-License-Identifier: 0BSD */
/* Waiting until something holds of a VM. */
#include "await.h"

#include "ask.h"
#include "clock.h"
#include "fd.h"
#include "follow.h"
#include "match.h"
#include "proc.h"
#include "probe.h"
#include "text.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { AGAIN_MS = 200 };	/* where the kernel cannot wake us */
enum { REFUSED_MS = 1000 };	/* to a keeper that does not let us watch */
enum { CHANGES = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF };

/* How far one condition is. */
struct one {
	const struct want *want;
	int came;
	struct knock knock;	/* of a port; of serial only its match */
};

struct await {
	const struct host *host;
	int64_t deadline;
	struct one one[WANT_MAX];
	size_t n;
	unsigned int kinds;	/* which there are: a bit each */

	struct loop loop;
	struct source notify;	/* inotify on RUN and RUN/NAME; fd -1: there is none to be had */
	struct source again;	/* a timer for what the kernel does not tell */
	struct source end;	/* QEMU's own end, where no keeper tells it */
	struct ask watch;
	int64_t watch_at;	/* not before */
	int refused;		/* the keeper does not let us watch: watch.words */
	int run_wd;

	struct probe probe;
	struct follow serial;
	long long since;	/* which run is followed */
	int look, read;		/* there may be news: of the state, of the serial line */
	int fresh;		/* looked since the last sleep */
	int ran;		/* it has been seen alive */
};

/* Files may vanish under a VM that lives: while its keeper or QEMU's process is there, it is not over. */
static int is_over(const struct await *a)
{
	const char *phase = a->probe.phase;
	int is_there = a->watch.state == ASK_WAITS || a->end.fd >= 0;

	return !is_there && (strcmp(phase, "stopped") == 0 || strcmp(phase, "crashed") == 0);
}

static int wants(const struct await *a, enum want_kind kind)
{
	return a->kinds >> kind & 1;
}

static int holds(const struct await *a, const struct one *o)
{
	switch (o->want->kind) {
	case WANT_STOPPED:
		return is_over(a);
	case WANT_RUNNING:
	case WANT_PAUSED:
		return strcmp(a->probe.phase, o->want->word) == 0;
	case WANT_PORT:
		return o->knock.heard == KNOCK_HEARD;
	default:
		return o->came;
	}
}

static int watches(const struct await *a)
{
	return a->watch.state == ASK_WAITS;
}

/* Why it can no longer come; NULL: it can. */
static const char *hopeless(const struct await *a, const struct one *o)
{
	const struct probe *p = &a->probe;
	enum want_kind kind = o->want->kind;

	if (holds(a, o) || kind == WANT_RUNNING || kind == WANT_STOPPED)
		return NULL;
	if (kind == WANT_SERIAL && p->seen.qemu && p->has_state && !p->state.serial)
		return "it has no serial line (SERIAL=no)";
	if (kind == WANT_EVENT && watches(a))
		return NULL; /* at its end the keeper closes the line, and what it said before has been read then */
	if (is_over(a) && a->ran)
		return "ended, and this did not come";
	if (is_over(a))
		return wants(a, WANT_RUNNING) ? NULL : "not running, so this cannot come";
	if (kind == WANT_EVENT && p->seen.qemu && !p->seen.keeper)
		return "it has no keeper to tell of events (`qemu-init start` gives it one)";
	return kind == WANT_EVENT && a->refused ? a->watch.words : NULL;
}

/* ---- what wakes us ---- */

static void note_change(struct await *a, const struct inotify_event *i)
{
	const char *name = i->len ? i->name : "";

	if (i->wd == a->run_wd && i->len) {
		a->look |= strcmp(name, a->probe.name) == 0;
	} else if (text_begins(name, "serial.log")) {
		a->read = 1;
	} else if (!i->len || strcmp(name, "state") == 0 || strcmp(name, "lock") == 0 || text_ends(name, ".sock")) {
		a->look = a->read = 1; /* without a name: the directory itself, or more than the queue could hold */
	}
}

static void on_notify(struct source *s, short revents)
{
	union {
		struct inotify_event first;
		char bytes[4096];
	} got;
	ssize_t n;

	(void)revents;
	n = fd_read(s->fd, got.bytes, sizeof(got));
	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *i = (const void *)(got.bytes + at);
		note_change(s->owner, i);
		at += (ssize_t)(sizeof(*i) + i->len);
	}
}

static void on_again(struct source *s)
{
	struct await *a = s->owner;

	a->look = a->read = 1;
}

static void on_end(struct source *s, short revents)
{
	struct await *a = s->owner;

	(void)revents;
	fd_close(&s->fd);
	a->look = 1;
}

static void on_event(void *arg, const char *name)
{
	static const char *const states[] = { "STOP", "RESUME", "SUSPEND", "WAKEUP", "GUEST_PANICKED" };
	struct await *a = arg;

	for (size_t i = 0; i < a->n; i++)
		if (a->one[i].want->kind == WANT_EVENT && strcmp(a->one[i].want->text, name) == 0)
			a->one[i].came = 1;
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		a->look |= strcmp(states[i], name) == 0;
}

static void on_watch_end(void *arg)
{
	struct await *a = arg;

	a->look = 1;
	a->refused = a->watch.state == ASK_DONE && a->watch.code != NOT_UP;
	a->watch_at = clock_in(a->refused ? REFUSED_MS : AGAIN_MS);
}

/* ---- looking ---- */

/* Before the look itself, so that no change can fall between. A watch that is there already stays. */
static void watch_places(struct await *a)
{
	char path[PLACE_MAX + CONF_NAME_MAX + 2];

	a->run_wd = inotify_add_watch(a->notify.fd, a->host->place.run, CHANGES | IN_ONLYDIR);
	if (place_run(&a->host->place, a->probe.name, NULL, path, sizeof(path)) == 0)
		inotify_add_watch(a->notify.fd, path, CHANGES | (wants(a, WANT_SERIAL) ? IN_MODIFY : 0) | IN_ONLYDIR);
}

static void watch_keeper(struct await *a)
{
	if (!a->probe.seen.keeper || watches(a) || clock_left(a->watch_at))
		return;
	a->watch = (struct ask){ .src.fd = -1, .said = on_event, .done = on_watch_end, .arg = a };
	ask_begin(&a->watch, &a->loop, &a->probe.vm, "watch", 0, "");
}

static void watch_qemu(struct await *a)
{
	struct lock_seen seen;
	const struct probe *p = &a->probe;

	if (watches(a) || !p->seen.qemu || !p->seen.pid || a->end.fd >= 0)
		return;
	a->end.fd = proc_open(p->seen.pid);
	/* the number may have been somebody else's by then */
	if (a->end.fd >= 0 && (lock_look(p->vm.lock, &seen) < 0 || seen.pid != p->seen.pid))
		on_end(&a->end, 0);
}

static void take_serial(void *arg, const char *bytes, size_t n)
{
	struct await *a = arg;

	for (size_t i = 0; i < a->n; i++) {
		struct one *o = &a->one[i];
		if (o->want->kind != WANT_SERIAL || o->came)
			continue;
		if (!n)
			match_forget(&o->knock.match);
		o->came = match_feed(&o->knock.match, bytes, n);
	}
}

static void read_serial(struct await *a)
{
	a->read = wants(a, WANT_SERIAL) && follow_read(&a->serial, take_serial, a);
}

static int is_same_dir(int one, int other)
{
	struct stat a, b;

	return fstat(one, &a) == 0 && fstat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* A log is that of a run once QEMU holds its byte: it was begun anew before. */
static void find_serial(struct await *a)
{
	struct lock_seen seen;
	const struct probe *p = &a->probe;
	int same_run = a->serial.dir >= 0 && p->has_state && a->since == p->state.since;

	if (!p->seen.qemu || (same_run && is_same_dir(a->serial.dir, p->vm.dir)))
		return;
	if (same_run)
		read_serial(a); /* its directory vanished and was made again, with a new log */
	/* the same QEMU before and after `state` was read: it is of this one */
	if (vm_seen(&p->vm, &seen) < 0 || !seen.qemu || seen.pid != p->seen.pid) {
		a->look = 1;
		return;
	}
	follow_end(&a->serial);
	for (size_t i = 0; i < a->n && !same_run; i++)
		match_forget(&a->one[i].knock.match);
	a->since = p->state.since;
	follow_begin(&a->serial, p->vm.dir, "serial.log");
}

/* Only while it lives: what answers on that port else is somebody else. */
static void find_ports(struct await *a)
{
	for (size_t i = 0; i < a->n; i++) {
		struct one *o = &a->one[i];
		if (o->want->kind != WANT_PORT)
			continue;
		if (a->probe.seen.qemu)
			knock_begin(&o->knock, &a->loop);
		else
			knock_end(&o->knock);
	}
}

/* When to look again though nobody wakes us. */
static void arm(struct await *a)
{
	const struct probe *p = &a->probe;
	int asks = wants(a, WANT_RUNNING) || wants(a, WANT_PAUSED);
	int silent = p->ask.state == ASK_WAITS; /* its keeper did not answer in time */
	int blind = a->notify.fd < 0 || a->run_wd < 0 || strcmp(p->phase, "hung") == 0 || strcmp(p->phase, "unknown") == 0;

	if (p->seen.keeper)
		blind |= !watches(a) || (asks && silent);
	else if (p->seen.qemu)
		blind |= a->end.fd < 0 || asks;
	a->again.at = blind ? clock_in(AGAIN_MS) : CLOCK_NEVER;
}

static void look(struct await *a)
{
	struct probe *p = &a->probe;
	int64_t limit = clock_in(PROBE_MS);

	a->look = 0;
	a->fresh = 1;
	watch_places(a);
	probe_free(p);
	if (wants(a, WANT_RUNNING) || wants(a, WANT_PAUSED))
		probe_by(p, 1, a->host, limit < a->deadline ? limit : a->deadline);
	else
		probe_look(p, a->host);
	a->ran |= p->seen.qemu;
	watch_keeper(a);
	watch_qemu(a);
	if (wants(a, WANT_SERIAL))
		find_serial(a);
	a->read = 1;
	find_ports(a);
	arm(a);
}

/* ---- the end ---- */

static void describe_port(const struct one *o, struct buf *out)
{
	static const char *const heard[] = {
		[KNOCK_NOBODY] = "nobody took a connection",
		[KNOCK_SILENCE] = "connected, but not a byte came (a protocol in which the guest is silent cannot be waited for)",
		[KNOCK_OTHER] = "connected, but other words came than ",
	};
	const char *where = strchr(o->want->word, ':') + 1;

	buf_fmt(out, "port %.*s: %s", (int)strcspn(where, "="), where, heard[o->knock.heard]);
	if (o->knock.heard == KNOCK_OTHER)
		text_clean(out, o->want->text, strlen(o->want->text));
}

static void describe(const struct await *a, const struct one *o, int late, struct buf *out)
{
	const struct probe *p = &a->probe;

	if (late && o->want->kind == WANT_PORT && a->ran) {
		describe_port(o, out);
		return;
	}
	text_clean(out, o->want->word, strlen(o->want->word));
	if (late && (o->want->kind == WANT_RUNNING || o->want->kind == WANT_PAUSED))
		buf_fmt(out, " (it is %s%s%s)", p->phase, *p->reason ? ": " : "", p->reason);
}

/* Names what did not come: at the limit all of it, else what can no longer come and why. */
static int complain(struct await *a, int code, const char *why, struct err *e)
{
	struct buf list = { 0 };

	for (size_t i = 0; i < a->n; i++) {
		struct one *o = &a->one[i];
		knock_end(&o->knock);
		if (holds(a, o) || (code == FAILED && hopeless(a, o) != why))
			continue;
		buf_str(&list, list.n ? "; " : "");
		describe(a, o, code == TIMED_OUT, &list);
	}
	err_code(e, code, "%s: %s", why, buf_text(&list));
	buf_free(&list);
	return code;
}

/* 1: all hold now. Else 0, and why it cannot become better, NULL if it can. */
static int judge(const struct await *a, const char **why)
{
	int all = 1;

	*why = NULL;
	for (size_t i = 0; i < a->n; i++) {
		all &= holds(a, &a->one[i]);
		if (!*why)
			*why = hopeless(a, &a->one[i]);
	}
	return all;
}

static int wait_on(struct await *a, struct err *e)
{
	const char *why;

	for (;;) {
		if (a->look)
			look(a);
		if (a->read)
			read_serial(a);
		if (judge(a, &why)) {
			if (a->fresh)
				return DONE;
			a->look = 1; /* a state may have changed since */
			continue;
		}
		if (why && !a->look)
			return complain(a, FAILED, why, e);
		if (clock_left(a->deadline) == 0)
			return complain(a, TIMED_OUT, "not in time", e);
		a->fresh = 0;
		if (loop_turn(&a->loop, a->look || a->read ? clock_ms() : a->deadline) < 0)
			return err_sys(e, "poll"), e->code;
	}
}

static void prepare(struct await *a, const struct want *list)
{
	for (size_t i = 0; i < a->n; i++) {
		a->one[i].want = &list[i];
		knock_at(&a->one[i].knock, &list[i].where, list[i].text);
		a->kinds |= 1u << list[i].kind;
	}
	follow_none(&a->serial);
	vm_none(&a->probe.vm);
	a->watch = (struct ask){ .src.fd = -1, .state = ASK_LOST };
	a->notify = (struct source){ .events = POLLIN, .at = CLOCK_NEVER, .ready = on_notify, .owner = a };
	a->notify.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	a->again = (struct source){ .fd = -1, .at = CLOCK_NEVER, .due = on_again, .owner = a };
	a->end = (struct source){ .fd = -1, .events = POLLIN, .at = CLOCK_NEVER, .ready = on_end, .owner = a };
}

int await_all(const struct host *h, const char *name, const struct want *list, size_t n, int64_t deadline,
	      struct err *e)
{
	struct await a = { .host = h, .deadline = deadline, .n = n, .look = 1, .run_wd = -1 };
	int code = FAILED;

	prepare(&a, list);
	text_copy(a.probe.name, sizeof(a.probe.name), name);
	if (loop_add(&a.loop, &a.notify) < 0 || loop_add(&a.loop, &a.again) < 0 || loop_add(&a.loop, &a.end) < 0)
		err_sys(e, "memory");
	else
		code = wait_on(&a, e);
	for (size_t i = 0; i < n; i++)
		knock_end(&a.one[i].knock);
	ask_close(&a.watch);
	probe_free(&a.probe);
	follow_end(&a.serial);
	fd_close(&a.notify.fd);
	fd_close(&a.end.fd);
	loop_free(&a.loop);
	return code;
}
