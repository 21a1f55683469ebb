/* SPDX-License-Identifier: 0BSD */
/* The demo: a guest of 512 bytes lives its whole life. */
#include "demo.h"

#include "act.h"
#include "arch.h"
#include "clock.h"
#include "fd.h"
#include "file.h"
#include "fmt.h"
#include "guest.h"
#include "launch.h"
#include "mon.h"
#include "sock.h"
#include "target.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { START_MS = 30000, GUEST_MS = 10000, MONITOR_MS = 5000, STOP_MS = 10000, FORCED_MS = 4000, LOOK_MS = 10 };

static const char image[] = "demo.img", said[] = "hello";

struct demo {
	const struct demo_job *job;
	struct host host;	/* the built-in values, no registry */
	const char *accel;	/* a setting, or NULL: probed */
	char arch[64];		/* TGTARCH */
	int bare;		/* the guest is for another architecture: QEMU without a machine */
	struct target target;
	struct vm vm;
	char name[CONF_NAME_MAX + 1];
	int launched;
	int works;		/* the guest has answered */
	pid_t pid;		/* QEMU's */
	uint16_t port;
	int console;
	struct buf serial;	/* what came over the console */
	struct buf text;	/* what the step has to tell */
	struct err *e;
};

/* Signals are held back so that the end is always the same: the step's waits look here. */
static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

static void hold_signals(sigset_t *old)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, old);
}

static int is_interrupted(struct demo *d)
{
	sigset_t set;

	sigpending(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		if (sigismember(&set, signals[i]) > 0)
			return err_set(d->e, "interrupted");
	return 0;
}

static void say_name(void *arg, const char *name, const char *words)
{
	struct demo *d = arg;

	(void)name;
	d->job->words(d->job->arg, words);
}

static void tell_name(void *arg, const char *name, const char *words)
{
	struct demo *d = arg;

	(void)name;
	buf_str(&d->text, words);
}

static int act(struct demo *d, const char *verb, int64_t ms)
{
	const struct act_job job = { .host = &d->host, .verb = verb, .stops = 1, .ms = ms, .say = say_name, .progress = tell_name, .arg = d };
	struct act a = { .name = d->name };

	act_all(&a, 1, &job);
	return a.code == DONE ? 0 : err_set(d->e, "it did not end");
}

/* ---- the steps: 0 and what there is to tell; -1 and err ---- */

static int find_qemu(struct demo *d)
{
	static const char *const x86[] = { "qemu-system-x86_64", "qemu-system-i386" };
	char path[256];

	for (size_t i = 0; i < 2; i++)
		if (arch_find(x86[i], path, sizeof(path)) == 0) {
			text_copy(d->arch, sizeof(d->arch), x86[i]);
			buf_str(&d->text, path);
			return 0;
		}
	d->bare = 1;
	arch_host(d->arch, sizeof(d->arch));
	if (arch_find(d->arch, path, sizeof(path)) < 0 &&
	    (arch_any(d->arch, sizeof(d->arch)) < 0 || arch_find(d->arch, path, sizeof(path)) < 0))
		return err_code(d->e, NOT_INSTALLED, "no qemu-system-* in PATH; `make demo` or your package manager installs one");
	buf_fmt(&d->text, "%s; left out: the guest, its console and power button, which want x86", path);
	return 0;
}

static int prepare(struct demo *d)
{
	int got = vm_keep(&d->vm, &d->host.place, d->name, d->e);

	if (got <= 0)
		return got < 0 ? -1 : err_set(d->e, "%s: somebody else's", d->vm.path);
	buf_str(&d->text, d->vm.path);
	if (d->bare)
		return 0;
	buf_fmt(&d->text, "/%s, %d bytes", image, GUEST_BYTES);
	return file_write(d->vm.dir, image, guest_image, GUEST_BYTES, 0600, 0, d->e);
}

/* Each line is said; all of it is then freed. */
static void say_lines(struct demo *d, struct buf *lines)
{
	for (char *s = lines->s, *end; s && (end = strchr(s, '\n')); s = end + 1) {
		*end = '\0';
		d->job->words(d->job->arg, s);
	}
	buf_free(lines);
}

static void put_disk(const struct demo *d, struct buf *b)
{
	buf_str(b, "DISK1=");
	for (const char *s = d->vm.path; *s; s++)
		buf_str(b, *s == ',' ? ",," : (char[]){ *s, 0 });
	buf_fmt(b, "/%s,if=ide", image);
}

static int start(struct demo *d)
{
	char name[sizeof(d->name) + 5], arch[sizeof(d->arch) + 8];
	struct buf disk = { 0 }, errors = { 0 }, warnings = { 0 };
	struct keep_job job = { .vm = &d->vm };
	char path[SOCK_PATH_MAX + 1];

	put_disk(d, &disk);
	fmt(name, sizeof(name), "NAME=%s", d->name);
	fmt(arch, sizeof(arch), "TGTARCH=%s", d->arch);
	char *settings[] = {
		name, arch, "RAM=16M", "DISPLAY=none", "START_TIMEOUT=20", d->bare ? "MACHINE=none" : "MACHINE=pc",
		d->bare ? "SERIAL=no" : disk.s, (char *)d->accel,
	};
	d->target = (struct target){ .settings = settings, .n = sizeof(settings) / sizeof(*settings) - !d->accel };
	int code = target_load(&d->target, &d->host, &errors, &warnings);
	say_lines(d, &warnings);
	say_lines(d, &errors);
	if (code == DONE) {
		target_job(&d->target, &job);
		d->launched = 1;
		code = launch(&job, 0, clock_in(START_MS), d->job->words, d->job->arg);
		vm_file(&d->vm, image, path);
		unlink(path); /* QEMU has it open */
	}
	buf_free(&disk);
	buf_str(&d->text, "QEMU answers");
	return code == DONE ? 0 : err_set(d->e, "it does not start");
}

/* What the guest says first may be said before anybody can attach: it is in the log. */
static int greeting(struct demo *d)
{
	int64_t deadline = clock_in(GUEST_MS);
	char path[SOCK_PATH_MAX + 1], text[256] = "";

	vm_file(&d->vm, "serial.log", path);
	while (!text_in(text, "\r\n> ")) {
		if (is_interrupted(d))
			return -1;
		if (clock_left(deadline) == 0)
			return err_set(d->e, "the guest says nothing");
		poll(NULL, 0, LOOK_MS);
		file_peek(AT_FDCWD, path, text, sizeof(text));
	}
	buf_add(&d->text, text, strcspn(text, "\r"));
	return 0;
}

/* Until the console has said the text, or has ended. */
static int hear(struct demo *d, const char *text)
{
	int64_t deadline = clock_in(GUEST_MS);
	char bytes[256];
	ssize_t n = 1;

	while (!text_in(buf_text(&d->serial), text)) {
		if (is_interrupted(d))
			return -1;
		if (n == 0 || clock_left(deadline) == 0)
			return err_set(d->e, "the guest does not say `%s`", text);
		if (fd_wait(d->console, POLLIN, clock_in(LOOK_MS)) > 0 && (n = fd_read(d->console, bytes, sizeof(bytes))) > 0)
			buf_add(&d->serial, bytes, (size_t)n);
	}
	return 0;
}

static int answer(struct demo *d)
{
	char path[SOCK_PATH_MAX + 1], want[32], line[32];

	vm_file(&d->vm, "console.sock", path);
	d->console = sock_connect_unix(path, clock_in(MONITOR_MS), d->e);
	if (d->console < 0)
		return -1;
	fmt(line, sizeof(line), "%s\r", said);
	fmt(want, sizeof(want), "you said: %s", said);
	if (fd_write(d->console, line, strlen(line)) < 0)
		return err_sys(d->e, "%s", path);
	buf_fmt(&d->text, "> %s - %s", said, want);
	if (hear(d, want) < 0)
		return -1;
	d->works = 1;
	return 0;
}

static int look(struct demo *d)
{
	struct probe p = { 0 };

	text_copy(p.name, sizeof(p.name), d->name);
	probe_all(&p, 1, &d->host);
	d->pid = p.seen.pid;
	d->port = (uint16_t)p.state.monport;
	buf_fmt(&d->text, "%s, pid %d, uid %lld", p.phase, (int)d->pid, p.state.uid);
	int bad = strcmp(p.phase, "running") == 0 ? 0 : err_set(d->e, "%s", buf_text(&d->text));
	probe_free(&p);
	return bad;
}

static long long number(const struct buf *json, const char *path)
{
	struct json_span doc = { buf_text(json), json->n }, value;
	long long n = 0;

	if (json_find(doc, path, &value) == 0)
		json_number(value, &n);
	return n;
}

static int qmp(struct demo *d)
{
	char path[SOCK_PATH_MAX + 1];
	const struct mon_where where = { .path = path };
	int64_t deadline = clock_in(MONITOR_MS);
	struct buf version = { 0 }, kvm = { 0 };
	struct mon m = { 0 };

	vm_file(&d->vm, "qmp.sock", path);
	if (mon_open(&m, &where, deadline, d->e) < 0)
		return -1;
	int bad = mon_qmp(&m, "query-version", NULL, &version, deadline, d->e) < 0 ||
		  mon_qmp(&m, "query-kvm", NULL, &kvm, deadline, d->e) < 0;
	mon_close(&m);
	buf_fmt(&d->text, "QEMU %lld.%lld.%lld, %s", number(&version, "qemu.major"), number(&version, "qemu.minor"),
		number(&version, "qemu.micro"), text_in(buf_text(&kvm), "\"enabled\": true") ? "KVM" : "TCG");
	buf_free(&version);
	buf_free(&kvm);
	return -bad;
}

static int tcp(struct demo *d)
{
	const struct mon_where where = { .port = d->port };
	int64_t deadline = clock_in(MONITOR_MS);
	struct buf reply = { 0 };
	struct mon m = { 0 };

	if (!d->port || access("/proc/self", F_OK) < 0) {
		buf_str(&d->text, d->port ? "left out: without /proc no caller is let in" : "left out: no port is free");
		return 0;
	}
	if (mon_open(&m, &where, deadline, d->e) < 0) {
		if (errno != ENETUNREACH)
			return -1;
		buf_str(&d->text, "left out: the loopback interface is down");
		return 0;
	}
	int bad = mon_hmp(&m, "info status", &reply, deadline, d->e);
	mon_close(&m);
	buf_fmt(&d->text, "port %d: info status - ", d->port);
	text_clean(&d->text, buf_text(&reply), reply.n);
	buf_free(&reply);
	return bad;
}

static int stop(struct demo *d)
{
	if (act(d, d->bare ? "stop-force" : "stop", d->bare ? FORCED_MS : STOP_MS) < 0)
		return -1;
	return d->bare ? 0 : hear(d, "good bye");
}

static int gone(struct demo *d)
{
	if (access(d->vm.path, F_OK) == 0)
		return err_set(d->e, "%s is still there", d->vm.path);
	if (d->pid > 0 && kill(d->pid, 0) == 0)
		return err_set(d->e, "QEMU's process %d is still there", (int)d->pid);
	buf_str(&d->text, "no process, no socket, no file");
	return 0;
}

static const struct step {
	const char *name;
	int (*take)(struct demo *d);
	int guest; /* not without the guest */
} steps[] = {
	{ "QEMU", find_qemu, 0 },
	{ "prepared", prepare, 0 },
	{ "started", start, 0 },
	{ "serial line", greeting, 1 },
	{ "console", answer, 1 },
	{ "status", look, 0 },
	{ "QMP", qmp, 0 },
	{ "monitor", tcp, 0 },
	{ "stopped", stop, 0 },
	{ "left", gone, 0 },
};

static int walk(struct demo *d)
{
	int bad = 0;

	for (size_t i = 0; !bad && i < sizeof(steps) / sizeof(*steps); i++) {
		const struct step *s = &steps[i];
		int64_t since = clock_ms();
		if (s->guest && d->bare)
			continue;
		buf_clear(&d->text);
		buf_fmt(&d->text, "%s: ", s->name);
		bad = is_interrupted(d) || s->take(d) < 0;
		if (bad)
			err_at(d->e, "%s", s->name);
		else
			d->job->step(d->job->arg, clock_ms() - since, buf_text(&d->text));
	}
	return bad ? -1 : 0;
}

/* After a failed step nothing may stay, either. */
static void clear(struct demo *d)
{
	struct err why, *e = d->e;

	d->e = &why;
	vm_close(&d->vm);
	if (d->launched)
		act(d, "kill", FORCED_MS);
	if (vm_look(&d->vm, &d->host.place, d->name, &why) > 0) {
		vm_close(&d->vm);
		if (vm_keep(&d->vm, &d->host.place, d->name, &why) > 0) {
			unlinkat(d->vm.dir, image, 0);
			vm_erase(&d->vm);
		}
	}
	vm_close(&d->vm);
	d->e = e;
}

static int once(struct demo *d)
{
	vm_none(&d->vm);
	d->target = (struct target){ 0 };
	d->console = -1;
	d->launched = d->works = d->bare = 0;
	int bad = walk(d);
	fd_close(&d->console);
	if (bad)
		clear(d);
	target_free(&d->target);
	buf_free(&d->serial);
	buf_free(&d->text);
	return bad;
}

int demo_run(const struct demo_job *job, struct err *e)
{
	struct demo d = { .job = job, .e = e };
	struct buf none = { 0 };
	sigset_t old;

	if (place_find(&d.host.place, e) < 0)
		return e->code;
	*d.host.place.etc = '\0';
	site_load(&d.host.site, "", &none);
	fmt(d.name, sizeof(d.name), "demo-%d", (int)getpid());
	hold_signals(&old);
	int bad = once(&d);
	if (bad && d.target.kvm && !d.works && !is_interrupted(&d)) {
		/* there is a /dev/kvm, and yet: nested virtualisation does that */
		job->words(job->arg, e->text);
		job->words(job->arg, "once more without KVM");
		d.accel = "ACCEL=tcg";
		bad = once(&d);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	return !bad ? DONE : e->code == NOT_INSTALLED ? NOT_INSTALLED : FAILED;
}
