/* SPDX-License-Identifier: 0BSD */
/* What a VM is, from its lock, its state file and one bounded question. */
#include "probe.h"

#include "clock.h"
#include "guard.h"
#include "proc.h"
#include "sock.h"
#include "text.h"
#include "uid.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What `status NAME` exits with (LSB: 0 runs, 1 dead and left something, 3 not running, 4 unknown). */
static const struct phase {
	const char *name;
	int code;
} phases[] = {
	{ "running", DONE }, { "paused", DONE }, { "starting", DONE }, { "stopping", DONE },
	{ "restarting", NOT_RUNNING }, { "stopped", NOT_RUNNING }, { "crashed", FAILED }, { "hung", NO_RIGHT },
	{ "unknown", NO_RIGHT },
};

static void set_phase(struct probe *p, const char *name)
{
	const struct phase *phase = phases;

	while (strcmp(phase->name, name) != 0 && phase < phases + sizeof(phases) / sizeof(*phases) - 1)
		phase++;
	p->phase = phase->name;
	p->code = phase->code;
}

static int of_this_boot(const struct state *s)
{
	char boot[PROC_BOOT_ID];

	proc_boot_id(boot);
	return strcmp(boot, s->boot) == 0;
}

/* A QEMU that dropped its byte and lives on is not "stopped". One of another's uid (RUNAS) cannot be told from that
 * other's processes. */
static int poses(const struct state *s, struct err *e)
{
	if (!guarded(GUARD_LOCK) || !s->turn || strcmp(s->phase, "stopped") == 0 || strcmp(s->phase, "crashed") == 0 || !of_this_boot(s) ||
	    !uid_lives(UID_FILE, (uid_t)s->uid, s->turn))
		return 0;
	err_set(e, "its locks are free, but a process of its uid %lld lives (`stop -f` ends it)", s->uid);
	return 1;
}

int probe_poses(const struct vm *vm, struct err *e)
{
	struct state s;
	int got = state_read(&s, vm->dir, e);
	int unknown = got < 0 || (got && poses(&s, e));

	state_free(&s);
	return unknown;
}

/* Nobody holds anything. */
static void judge_free(struct probe *p)
{
	const struct state *s = &p->state;

	if (!p->has_state || !of_this_boot(s) || strcmp(s->phase, "stopped") == 0) {
		set_phase(p, "stopped");
	} else if (poses(s, &p->err)) {
		set_phase(p, "unknown");
	} else {
		set_phase(p, "crashed");
	}
}

/* The keeper alone: it is before the start of QEMU or behind its end. */
static void judge_keeper(struct probe *p)
{
	const char *phase = p->has_state ? p->state.phase : "starting";
	int known = strcmp(phase, "stopping") == 0 || strcmp(phase, "restarting") == 0;

	set_phase(p, known ? phase : strcmp(phase, "starting") == 0 ? "starting" : "stopping");
}

static void unknown(struct probe *p)
{
	set_phase(p, "unknown");
}

void probe_look(struct probe *p, const struct host *h)
{
	vm_none(&p->vm);
	p->state = (struct state){ 0 };
	p->loop = NULL;
	p->asked = 0;
	p->keeper = 0;
	p->ask.src.fd = p->wire.src.fd = -1;
	p->registered = reg_find(&h->reg, p->name);
	p->autostart = p->registered && reg_find(&h->autostart, p->name);
	p->err = (struct err){ 0 };
	p->reason[0] = '\0';
	p->seen = (struct lock_seen){ 0 };
	p->has_state = 0;
	int there = vm_look(&p->vm, &h->place, p->name, &p->err);
	if (there == 0)
		p->err.text[0] = '\0';
	if (there < 0 || (there && vm_seen(&p->vm, &p->seen) < 0 && err_sys(&p->err, "%s/lock", p->vm.path) < 0)) {
		unknown(p);
		return;
	}
	/* also where `lock` was deleted: its QEMU may live on without a keeper */
	int got = p->vm.dir >= 0 ? state_read(&p->state, p->vm.dir, &p->err) : 0;
	if (got < 0 && !there)
		got = 0; /* no VM: somebody else's file */
	p->has_state = got > 0;
	if (got == 0)
		p->err.text[0] = '\0';
	if (p->seen.qemu)
		set_phase(p, "running");
	else if (p->seen.keeper)
		judge_keeper(p);
	else if (got < 0)
		unknown(p);
	else
		judge_free(p);
}

static void hear_phase(struct probe *p, const char *phase, const char *reason)
{
	set_phase(p, phase);
	text_copy(p->reason, sizeof(p->reason), reason);
}

static void known(struct probe *p)
{
	p->asked = 0;
	ask_close(&p->ask);
	wire_close(&p->wire);
}

static void on_ask(void *arg)
{
	struct probe *p = arg;
	char *blank = strchr(p->ask.words, ' ');

	if (p->ask.state != ASK_DONE || p->ask.code != DONE || !p->asked)
		return; /* the other way may still answer */
	if (blank)
		*blank++ = '\0';
	hear_phase(p, p->ask.words, blank ? blank : "");
	known(p);
}

static void on_status(void *arg, const struct qmp_message *m)
{
	struct probe *p = arg;
	char reason[sizeof(p->reason)];
	int runs = m ? qmp_run_state(m, reason, sizeof(reason)) : -1;

	if (runs < 0)
		return;
	hear_phase(p, runs ? "running" : "paused", reason);
	p->asked = 0;
}

static void on_capable(void *arg)
{
	struct probe *p = arg;

	wire_send(&p->wire, "query-status", NULL, on_status, p);
}

static void on_event(void *arg, const struct qmp_message *m)
{
	(void)arg;
	(void)m;
}

static void on_closed(void *arg)
{
	(void)arg;
}

/* QEMU itself, where there is no keeper or it is silent. */
static void ask_qemu(struct probe *p)
{
	char path[SOCK_PATH_MAX + 1];
	struct err e;

	vm_file(&p->vm, "qmp.sock", path);
	int fd = sock_connect_unix(path, clock_ms(), &e);
	if (fd < 0)
		return;
	p->wire = (struct wire){ .src.fd = -1, .ready = on_capable, .event = on_event, .closed = on_closed, .arg = p };
	wire_open(&p->wire, p->loop, fd);
}

static void begin(struct probe *p, struct loop *l)
{
	if (!p->seen.qemu && !p->seen.keeper)
		return;
	p->loop = l;
	p->asked = p->seen.qemu;
	p->ask.said = NULL;
	p->ask.done = on_ask;
	p->ask.arg = p;
	p->ask.whole = 0;
	p->ask.state = ASK_LOST;
	if (p->seen.keeper)
		ask_begin(&p->ask, l, &p->vm, "status", 0, "");
	p->keeper = p->ask.peer;
	if (p->asked && p->ask.state != ASK_WAITS)
		ask_qemu(p);
}

static int any_asked(const struct probe *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].asked)
			return 1;
	return 0;
}

static void listen_until(struct loop *l, struct probe *list, size_t n, int64_t deadline)
{
	while (any_asked(list, n) && clock_left(deadline) > 0 && loop_turn(l, deadline) == 0)
		;
}

/* Nobody has said anything: it hangs, unless something has ended meanwhile. */
static void known_late(struct probe *p, const struct host *h)
{
	struct lock_seen seen;
	int waited = p->asked;

	known(p);
	if (!waited)
		return;
	if (vm_seen(&p->vm, &seen) == 0 && seen.qemu == p->seen.qemu && seen.pid == p->seen.pid) {
		set_phase(p, "hung");
		text_copy(p->reason, sizeof(p->reason), "it lives, but does not answer");
	} else {
		probe_free(p);
		probe_look(p, h);
	}
}

void probe_by(struct probe *list, size_t n, const struct host *h, int64_t deadline)
{
	int64_t half = clock_in(clock_left(deadline) / 2);
	struct loop l = { 0 };

	for (size_t i = 0; i < n; i++) {
		probe_look(&list[i], h);
		begin(&list[i], &l);
	}
	listen_until(&l, list, n, half);
	for (size_t i = 0; i < n; i++)
		if (list[i].asked && list[i].wire.src.fd < 0)
			ask_qemu(&list[i]);
	listen_until(&l, list, n, deadline);
	for (size_t i = 0; i < n; i++) {
		struct probe *p = &list[i];
		known_late(p, h);
	}
	loop_free(&l);
}

void probe_all(struct probe *list, size_t n, const struct host *h)
{
	probe_by(list, n, h, clock_in(PROBE_MS));
}

struct probe *probe_list(const struct host *h, size_t *n)
{
	size_t room = h->reg.n + 16;
	struct probe *list = calloc(room, sizeof(*list));
	DIR *dir = opendir(h->place.run);
	struct dirent *d;

	for (*n = 0; list && *n < h->reg.n; ++*n)
		text_copy(list[*n].name, sizeof(list->name), h->reg.vms[*n].name);
	while (list && dir && (d = readdir(dir))) {
		if (!text_name(d->d_name, CONF_NAME_MAX) || reg_find(&h->reg, d->d_name))
			continue;
		struct probe *more = buf_grow(list, *n, &room, sizeof(*list));
		if (!more)
			break;
		list = more;
		memset(&list[*n], 0, sizeof(*list));
		text_copy(list[*n].name, sizeof(list->name), d->d_name);
		probe_look(&list[*n], h);
		/* what has no lock is another's: a file, a directory of QEMU's own */
		int lives = list[*n].seen.qemu || list[*n].seen.keeper ||
			    (strcmp(list[*n].phase, "unknown") == 0 && list[*n].vm.lock >= 0);
		probe_free(&list[*n]);
		*n += (size_t)lives;
	}
	if (dir)
		closedir(dir);
	return list;
}

void probe_free(struct probe *p)
{
	state_free(&p->state);
	vm_close(&p->vm);
}
