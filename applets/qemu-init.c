/* SPDX-License-Identifier: 0BSD */
/* qemu-init: starts, stops and looks at VMs. */
#include "act.h"
#include "await.h"
#include "clock.h"
#include "demo.h"
#include "fd.h"
#include "fmt.h"
#include "json.h"
#include "keeper.h"
#include "launch.h"
#include "notify.h"
#include "say.h"
#include "show.h"
#include "sock.h"
#include "start.h"
#include "target.h"
#include "text.h"
#include "tty.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WAIT_MS = 60000 };
enum { STOP_GRACE_MS = 10000 };	/* what a supervisor shall wait beyond a stop's limit */

/* ---- words ---- */

struct speaker {
	const struct call *c;
	const char *name;
};

static void speak(void *arg, const char *words)
{
	struct speaker *s = arg;

	say(s->c, s->name, words);
}

/* ---- what is read first ---- */

/* Reads and checks all targets of the line before anything is done. */
static int load_targets(const struct call *c, const struct host *h, struct target *list, size_t n)
{
	int first = DONE;

	for (size_t i = 0; i < n; i++) {
		struct buf errors = { 0 }, warnings = { 0 };
		int code = target_load(&list[i], h, &errors, &warnings);
		const char *name = *list[i].name ? list[i].name : NULL;
		say_lines(c, name, &warnings);
		say_lines(c, name, &errors);
		buf_free(&errors);
		buf_free(&warnings);
		if (first == DONE)
			first = code;
	}
	return first;
}

/* The words of the line, or with -a all registered names. Allocated. */
static char **operands(const struct call *c, const struct host *h, size_t *n)
{
	*n = opt_has(&c->o, 'a') ? h->reg.n : (size_t)c->o.n;
	char **words = calloc(*n + 1, sizeof(*words));

	for (size_t i = 0; words && i < *n; i++)
		words[i] = opt_has(&c->o, 'a') ? h->reg.vms[i].name : c->o.words[i];
	return words;
}

/* ---- start ---- */

static void speak_up(void *arg, const char *words)
{
	struct speaker *s = arg;

	if (is_talkative(s->c))
		speak(s, words);
}

static int start_one(const struct call *c, struct target *t)
{
	struct speaker s = { c, t->name };
	const struct start how = { .throw_away = opt_has(&c->o, 'x'), .say = speak, .progress = speak_up, .arg = &s };

	return start_vm(t, &how);
}

/* ---- run ---- */

struct runner {
	struct speaker speaker;
	struct tty tty;
	struct notify notify;
};

static void run_say(void *arg, const char *words)
{
	struct runner *r = arg;

	/* a raw terminal wants its carriage return */
	say_to(stderr, "%s: %s: %s%s\n", r->speaker.c->applet->name, r->speaker.name, words, r->tty.on ? "\r" : "");
}

static void run_done(void *arg, int code)
{
	struct runner *r = arg;

	if (code == DONE)
		notify_ready(&r->notify);
	if (code == DONE && is_talkative(r->speaker.c))
		run_say(r, r->tty.on ? "started (Ctrl-] stops it)" : "started");
}

static void run_stopping(void *arg, int64_t ms)
{
	notify_stopping(&((struct runner *)arg)->notify, ms + STOP_GRACE_MS);
}

static int run_one(const struct call *c, struct target *t, int64_t limit)
{
	struct runner r = { .speaker = { c, t->name } };
	const struct start how = { .say = speak, .arg = &r.speaker };
	struct vm vm;
	struct lock_seen seen;
	struct err e;

	if (start_unknown(t, &how))
		return FAILED;
	int got = vm_keep(&vm, &t->host->place, t->name, &e);
	if (got < 0)
		return fail(c, t->name, &e);
	if (got == 0 || lock_look(vm.lock, &seen) < 0) {
		vm_close(&vm);
		say(c, t->name, "runs already, with a keeper");
		return FAILED;
	}
	if (!seen.qemu && start_poses(&vm, &how)) {
		vm_close(&vm);
		return FAILED;
	}
	struct keep_job job = {
		.vm = &vm, .foreground = 1, .console = opt_has(&c->o, 'c'), .escape = TTY_ESCAPE, .throw_away = opt_has(&c->o, 'x'),
		.limit = limit ? clock_in(limit) : CLOCK_NEVER, .say = run_say, .done = run_done,
		.stopping = run_stopping, .arg = &r,
	};
	target_job(t, &job);
	notify_begin(&r.notify);
	fd_close_from(3, (int[]){ vm.dir, vm.lock, r.notify.socket, r.notify.ready }, 4);
	if (job.console && isatty(0))
		tty_raw(&r.tty, 0);
	int code = keeper_run(&job, seen.qemu);
	notify_end(&r.notify);
	tty_restore(&r.tty);
	return code;
}

/* ---- the verbs ---- */

static int on_targets(struct call *c, int (*each)(const struct call *c, struct target *t, int64_t limit), int64_t limit)
{
	struct host h;
	size_t n = 0;
	int code = load_host(c, &h, 1);
	char **words = code == DONE ? operands(c, &h, &n) : NULL;
	struct target *list = words ? calloc(n + 1, sizeof(*list)) : NULL;

	if (list) {
		n = target_split(list, words, n);
		code = load_targets(c, &h, list, n);
	}
	for (size_t i = 0, ok = code == DONE; list && i < n; i++) {
		int one = ok ? each(c, &list[i], limit) : DONE;
		if (code == DONE)
			code = one;
		target_free(&list[i]);
	}
	free(list);
	free(words);
	host_free(&h);
	return code;
}

static int each_start(const struct call *c, struct target *t, int64_t limit)
{
	(void)limit;
	return conf_yes(&t->conf, CONF_DAEMON) ? start_one(c, t) : run_one(c, t, 0);
}

static int verb_start(struct call *c)
{
	return on_targets(c, each_start, 0);
}

static int each_run(const struct call *c, struct target *t, int64_t limit)
{
	return run_one(c, t, limit);
}

static int verb_run(struct call *c)
{
	struct err e;
	int64_t limit = opt_time(&c->o, 't', 0, &e);

	return limit < 0 ? fail(c, NULL, &e) : on_targets(c, each_run, limit);
}

static void print_words(const struct call *c, const struct argv *a)
{
	struct buf out = { 0 };
	int nul = opt_has(&c->o, '0'), is_json = opt_has(&c->o, 'j');

	buf_str(&out, is_json ? "[" : "");
	for (size_t i = 0; i < a->n; i++) {
		const char *word = a->words[i];
		if (i && !nul)
			buf_str(&out, is_json ? ", " : " ");
		if (nul)
			buf_add(&out, word, strlen(word) + 1);
		else if (is_json)
			json_quote(&out, word, strlen(word));
		else
			text_shell(&out, word);
	}
	buf_str(&out, nul ? "" : is_json ? "]\n" : "\n");
	fwrite(buf_text(&out), 1, out.n, stdout);
	buf_free(&out);
}

static int each_showcmd(const struct call *c, struct target *t, int64_t limit)
{
	struct buf warnings = { 0 }, cage = { 0 };
	struct argv a;
	struct err e;

	(void)limit;
	int bad = target_argv(t, opt_has(&c->o, 'x'), &a, &warnings, &e);
	if (bad == 0 && opt_has(&c->o, 'v'))
		bad = target_cage(t, &a, &cage, &warnings, &e);
	say_lines(c, t->name, &warnings);
	if (bad == 0) {
		print_words(c, &a);
		fwrite(buf_text(&cage), 1, cage.n, stdout);
	}
	buf_free(&cage);
	buf_free(&warnings);
	argv_free(&a);
	return bad == 0 ? DONE : fail(c, t->name, &e);
}

static int verb_showcmd(struct call *c)
{
	return on_targets(c, each_showcmd, 0);
}

/* A name is known when it is registered or has a run directory with a lock in it. DONE, or the code, said. */
static int know(const struct call *c, const struct host *h, const char *name)
{
	struct vm vm;
	struct err e;
	char path[128];

	if (!text_name(name, CONF_NAME_MAX)) {
		err_code(&e, NOT_CONFIGURED, "%s: not a VM's name", name);
		return fail(c, NULL, &e);
	}
	if (place_fits(&h->place, name, &e) < 0)
		return fail(c, name, &e);
	if (reg_find(&h->reg, name))
		return DONE;
	int there = vm_look(&vm, &h->place, name, &e);
	vm_close(&vm);
	if (there > 0)
		return DONE;
	if (there < 0)
		return fail(c, name, &e);
	/* one of the system's, which an ordinary user cannot reach */
	fmt(path, sizeof(path), "%s/%s", PLACE_SYSTEM, name);
	if (!h->place.root && access(path, F_OK) == 0)
		err_code(&e, NO_RIGHT, "%s: a VM of root", name);
	else
		err_code(&e, h->code ? h->code : NOT_CONFIGURED, "%s: no such VM (`qemu-init list` names them)", name);
	return fail(c, NULL, &e);
}

static int all_known(const struct call *c, const struct host *h)
{
	int code = DONE;

	for (int i = 0; i < c->o.n; i++) {
		int one = know(c, h, c->o.words[i]);
		if (code == DONE)
			code = one;
	}
	return code;
}

static int status_code(const struct call *c, const struct probe *list, size_t n)
{
	int code = DONE;

	for (size_t i = 0; i < n; i++) {
		if (*list[i].err.text)
			say(c, list[i].name, list[i].err.text);
		if (strcmp(list[i].reason, "io-error") == 0)
			say(c, list[i].name, "io-error: its disk is full or failing; make room, then `qemu-init resume`");
		/* of all: could each be read? Of names: the first that does not run */
		if (code == DONE && (c->o.n || *list[i].err.text))
			code = list[i].code;
	}
	return code;
}

static struct probe *named_vms(const struct call *c, size_t *n)
{
	struct probe *list = calloc((size_t)c->o.n, sizeof(*list));

	*n = list ? (size_t)c->o.n : 0;
	for (size_t i = 0; i < *n; i++)
		text_copy(list[i].name, sizeof(list->name), c->o.words[i]);
	return list;
}

static int verb_status(struct call *c)
{
	struct host h;
	struct buf out = { 0 };
	size_t n = 0;
	int code = load_host(c, &h, 0);

	if (code == DONE)
		code = all_known(c, &h);
	if (code != DONE) {
		host_free(&h);
		return code;
	}
	struct probe *list = c->o.n ? named_vms(c, &n) : probe_list(&h, &n);
	probe_all(list, n, &h);
	show_vms(&out, list, n, show_form(&c->o));
	fwrite(buf_text(&out), 1, out.n, stdout);
	code = status_code(c, list, n);
	if (code == DONE && !c->o.n)
		code = h.code;
	for (size_t i = 0; i < n; i++)
		probe_free(&list[i]);
	buf_free(&out);
	free(list);
	host_free(&h);
	return code;
}

static int verb_list(struct call *c)
{
	struct host h;
	size_t n = 0;
	int code = load_host(c, &h, 0);

	if (code != DONE)
		return code;
	struct probe *list = opt_has(&c->o, 'r') ? probe_list(&h, &n) : NULL;
	for (size_t i = 0; i < n; i++) {
		probe_look(&list[i], &h);
		if (list[i].seen.qemu)
			puts(list[i].name);
		probe_free(&list[i]);
	}
	for (size_t i = 0; !opt_has(&c->o, 'r') && i < h.reg.n; i++)
		puts(h.reg.vms[i].name);
	code = h.code;
	free(list);
	host_free(&h);
	return code;
}

static void act_say(void *arg, const char *name, const char *words)
{
	say(arg, name, words);
}

static void act_progress(void *arg, const char *name, const char *words)
{
	if (is_talkative(arg))
		say(arg, name, words);
}

/* On the names of the line, or with -a on all that run. */
static int act_on(struct call *c, struct host *h, const char *verb, int stops, int64_t ms)
{
	const struct act_job job = { .host = h, .verb = verb, .stops = stops, .ms = ms, .say = act_say, .progress = act_progress, .arg = c };
	size_t n = 0;
	int code = DONE;
	struct probe *all = opt_has(&c->o, 'a') ? probe_list(h, &n) : named_vms(c, &n);
	struct act *list = calloc(n + 1, sizeof(*list));
	size_t count = 0;

	for (size_t i = 0; list && i < n; i++) {
		int lives = 1;
		if (opt_has(&c->o, 'a')) {
			probe_look(&all[i], h);
			lives = all[i].seen.qemu || all[i].seen.keeper;
			probe_free(&all[i]);
		}
		if (lives)
			list[count++].name = all[i].name;
	}
	if (list)
		act_all(list, count, &job);
	for (size_t i = 0; i < count && code == DONE; i++)
		code = list[i].code;
	free(list);
	free(all);
	return list ? code : FAILED;
}

static int verb_act(struct call *c)
{
	static const struct { const char *verb, *forced; int stops; } table[] = {
		{ "stop", "stop-force", 1 }, { "kill", NULL, 1 }, { "pause", NULL, 0 }, { "resume", NULL, 0 }, { "reset", NULL, 0 },
	};
	struct host h;
	struct err e;
	size_t i = 0;
	int64_t ms = opt_time(&c->o, 't', 0, &e);

	if (ms < 0)
		return fail(c, NULL, &e);
	int code = load_host(c, &h, 0);
	if (code == DONE)
		code = all_known(c, &h);
	while (strcmp(table[i].verb, c->verb->name) != 0)
		i++;
	if (code == DONE)
		code = act_on(c, &h, opt_has(&c->o, 'f') ? table[i].forced : table[i].verb, table[i].stops, ms);
	host_free(&h);
	return code;
}

/* ---- restart ---- */

/* A VM that runs is started again from its own file with its own settings, one that does not from the registry's. */
static int restart_one(struct call *c, struct host *h, const char *name, int64_t ms)
{
	const struct act_job job = {
		.host = h, .verb = opt_has(&c->o, 'f') ? "stop-force" : "stop", .stops = 1, .ms = ms, .say = act_say,
		.progress = act_progress, .arg = c,
	};
	struct act a = { .name = name };
	struct target t;

	target_remember(&t, h, name);
	int code = load_targets(c, h, &t, 1);
	if (code == DONE) {
		act_all(&a, 1, &job);
		code = a.code == DONE && a.held ? FAILED : a.code;
	}
	if (code == DONE)
		code = each_start(c, &t, 0);
	target_free(&t);
	return code;
}

static int verb_restart(struct call *c)
{
	struct host h;
	struct err e;
	size_t n = 0;
	int64_t ms = opt_time(&c->o, 't', 0, &e);

	if (ms < 0)
		return fail(c, NULL, &e);
	int code = load_host(c, &h, 1);
	if (code == DONE)
		code = all_known(c, &h);
	char **words = code == DONE ? operands(c, &h, &n) : NULL;
	for (size_t i = 0; words && i < n; i++) {
		int one = restart_one(c, &h, words[i], ms);
		if (code == DONE)
			code = one;
	}
	free(words);
	host_free(&h);
	return code;
}

/* ---- console ---- */

static int join_console(const struct call *c, const char *name, const struct vm *vm)
{
	char path[SOCK_PATH_MAX + 1];
	struct err e;
	int number = 0;

	vm_file(vm, "console.sock", path);
	int fd = sock_connect_unix(path, clock_in(1000), &e);
	if (fd < 0)
		return errno == ENOENT ? (say(c, name, "has no serial console (SERIAL=no)"), FAILED) : fail(c, name, &e);
	if (isatty(0))
		say(c, name, "Ctrl-] leaves");
	const struct tty_join j = { .in = 0, .out = 1, .sock = fd, .escape = TTY_ESCAPE };
	enum tty_end end = tty_join(&j, &number, &e);
	fd_close(&fd);
	return end == TTY_FAILED ? fail(c, name, &e) : end == TTY_SIGNAL ? FAILED : DONE;
}

static int verb_console(struct call *c)
{
	struct speaker s = { c, c->o.words[0] };
	struct host h;
	struct probe p = { 0 };
	struct err e;
	int code = load_host(c, &h, 0);

	if (code == DONE)
		code = know(c, &h, s.name);
	if (code == DONE)
		code = launch_adopter(&h, s.name, speak, &s);
	if (code != DONE) {
		host_free(&h);
		return code;
	}
	text_copy(p.name, sizeof(p.name), s.name);
	probe_look(&p, &h);
	if (p.seen.qemu)
		code = join_console(c, s.name, &p.vm);
	else
		code = (err_code(&e, NOT_UP, "not running"), fail(c, s.name, &e));
	probe_free(&p);
	host_free(&h);
	return code;
}

/* ---- wait ---- */

static int verb_wait(struct call *c)
{
	struct want list[WANT_MAX];
	const char *name = c->o.words[0];
	size_t n = (size_t)c->o.n - 1;
	struct host h;
	struct err e;
	int64_t ms = opt_time(&c->o, 't', WAIT_MS, &e);

	if (ms < 0 || want_parse(list, c->o.words + 1, n, &e) < 0)
		return fail(c, NULL, &e);
	int64_t deadline = clock_in(ms);
	int code = load_host(c, &h, 0);
	if (code == DONE)
		code = know(c, &h, name);
	if (code == DONE) {
		code = await_all(&h, name, list, n, deadline, &e);
		if (code != DONE)
			fail(c, name, &e);
		else if (is_talkative(c))
			say(c, name, "it holds");
	}
	host_free(&h);
	return code;
}

/* ---- demo ---- */

static void demo_step(void *arg, int64_t ms, const char *text)
{
	int64_t *sum = arg;

	*sum += ms;
	say_to(stdout, "%6lld ms  %s\n", (long long)ms, text);
	fflush(stdout);
}

static void demo_words(void *arg, const char *words)
{
	(void)arg;
	say_to(stderr, "qemu-init: demo: %s\n", words);
}

static int verb_demo(struct call *c)
{
	int64_t sum = 0;
	const struct demo_job job = { .step = demo_step, .words = demo_words, .arg = &sum };
	struct err e;
	int code = demo_run(&job, &e);

	if (code != DONE)
		return e.code = code, fail(c, "demo", &e);
	say_to(stdout, "%6lld ms  all is well\n", (long long)sum);
	return DONE;
}

static const struct verb verbs[] = {
	{ .name = "start", .group = "life", .letters = "avx", .operands = "NAME|FILE|FOLDER [KEY=VALUE...]", .least = 1, .most = -1,
	  .summary = "start; return when the guest runs", .run = verb_start,
	  .examples = "  qemu-init start web\n  qemu-init start ./web-qemu.rc RAM=1G\n  qemu-init start NAME=fix KERNEL=/boot/vmlinuz\n" },
	{ .name = "stop", .letters = "aftv", .operands = "NAME...", .least = 1, .most = -1,
	  .summary = "power down; force at the deadline", .run = verb_act,
	  .examples = "  qemu-init stop web\n  qemu-init stop -t 10 web db\n  qemu-init stop -a\n" },
	{ .name = "restart", .letters = "aftv", .operands = "NAME...", .least = 1, .most = -1,
	  .summary = "check the new file, stop, start", .run = verb_restart },
	{ .name = "kill", .letters = "av", .operands = "NAME...", .least = 1, .most = -1,
	  .summary = "SIGKILL at once", .run = verb_act },
	{ .name = "reset", .letters = "av", .operands = "NAME...", .least = 1, .most = -1,
	  .summary = "press the reset button", .run = verb_act },
	{ .name = "pause", .letters = "av", .operands = "NAME...", .least = 1, .most = -1,
	  .summary = "hold the guest's processors", .run = verb_act },
	{ .name = "resume", .letters = "av", .operands = "NAME...", .least = 1, .most = -1,
	  .summary = "let them go on", .run = verb_act },
	{ .name = "run", .letters = "ctvx", .operands = "NAME|FILE|FOLDER [KEY=VALUE...]", .least = 1, .most = -1,
	  .summary = "start and stay in the foreground", .run = verb_run,
	  .examples = "  qemu-init run -c web\n  qemu-init run -t 5m -x NAME=ci DISK1=/srv/ci.img\n" },
	{ .name = "status", .group = "looking", .letters = "ajsv", .operands = "[NAME...]", .most = -1,
	  .summary = "what they are doing", .run = verb_status,
	  .examples = "  qemu-init status\n  qemu-init status -j web\n  eval $(qemu-init status -s web); echo $VM_STATE\n" },
	{ .name = "wait", .letters = "tv", .operands = "NAME CONDITION...", .least = 2, .most = -1,
	  .summary = "until all of these hold", .run = verb_wait,
	  .examples = "  qemu-init wait -t 5m web running serial:login:\n  qemu-init wait web port:2222=SSH-\n"
		      "  qemu-init wait web event:RESET\n  qemu-init wait web stopped\n"
		      "\nrunning, stopped, paused, serial:TEXT, event:NAME; port:[ADDR:]N holds when\n"
		      "somebody there says a first byte, port:[ADDR:]N=TEXT when TEXT comes.\n"
		      "Exit 0: all hold; 1: one can no longer come; 124: not in time (-t, or 60 s).\n" },
	{ .name = "list", .letters = "r", .operands = "", .most = 0, .summary = "names alone, one a line", .run = verb_list },
	{ .name = "showcmd", .letters = "0jvx", .operands = "NAME|FILE|FOLDER [KEY=VALUE...]", .least = 1, .most = -1,
	  .summary = "QEMU's command line, to run by hand", .run = verb_showcmd },
	{ .name = "console", .letters = "", .operands = "NAME", .least = 1, .most = 1,
	  .summary = "the serial console; Ctrl-] leaves", .run = verb_console },
	{ .name = "demo", .letters = "", .operands = "", .most = 0,
	  .summary = "self-test with a guest of 512 bytes", .run = verb_demo },
};

static const struct hint hints[] = {
	{ "shutdown", "stop" }, { "poweroff", "stop" }, { "down", "stop" }, { "destroy", "kill" }, { "suspend", "pause" },
	{ "continue", "resume" }, { "cont", "resume" }, { "ls", "list" }, { "boot", "start" }, { "up", "start" },
	{ "create", "qemu-adm create" }, { "reboot", "restart" }, { "attach", "console" }, { "info", "status" }, { "ps", "status" },
	{ "cmdline", "showcmd" }, { NULL, NULL },
};

const struct applet applet_qemu_init = {
	.name = "qemu-init",
	.summary = "starts, stops and looks at QEMU's virtual machines",
	.verbs = verbs,
	.n = sizeof(verbs) / sizeof(*verbs),
	.hints = hints,
};
