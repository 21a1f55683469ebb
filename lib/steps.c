/* SPDX-License-Identifier: 0BSD */
/* The way from a lock that is held to a guest that runs. */
#include "steps.h"

#include "arch.h"
#include "clock.h"
#include "fd.h"
#include "file.h"
#include "fmt.h"
#include "journal.h"
#include "proc.h"
#include "sock.h"
#include "spawn.h"
#include "text.h"
#include "user.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ADOPT_MS = 500 }; /* for a QEMU to greet its new keeper; a later greeting is heard, too */

enum step_result { FAIL = -1, WAIT, NEXT };

struct keep_step {
	enum step_result (*take)(struct keeper *k);
	const char *name; /* for "not ready within ...: it waited for NAME" */
};

static const char keep_sock[] = "keep.sock", console_sock[] = "console.sock", vnc_sock[] = "vnc.sock";
static const char output_fifo[] = "private/output", argv_file[] = "private/argv";
static const char *const sockets[] = { keep_sock, console_sock, vnc_sock };

/* A listener at RUN/NAME/FILE in place of a left-over. */
static int bind_sock(struct keeper *k, const char *file)
{
	char path[SOCK_PATH_MAX + 1];

	vm_file(k->vm, file, path);
	if (unlink(path) < 0 && errno != ENOENT) {
		err_sys(&k->err, "%s", path);
		return -1;
	}
	return sock_listen_unix(path, k->state.group && !strchr(file, '/') ? 0660 : 0600, SOCK_BACKLOG, &k->err);
}

/* The first thing: whoever comes second shall find somebody to ask. */
static enum step_result open_desk(struct keeper *k)
{
	int fd = keep_share(k);

	if (fd < 0 && !k->adopted)
		return FAIL;
	if (fd < 0)
		keep_say(k, "%s", k->err.text);
	if ((fd = bind_sock(k, keep_sock)) < 0)
		return FAIL;
	flock(k->vm->dir, LOCK_SH | LOCK_NB); /* systemd-tmpfiles leaves alone what somebody has locked */
	desk_open(&k->desk, &k->loop, fd, &k->peers);
	return NEXT;
}

static enum step_result begin_state(struct keeper *k)
{
	struct state *s = &k->state;
	const struct conf *c = k->job->conf;

	proc_boot_id(k->boot);
	s->version = STATE_VERSION;
	s->boot = k->boot;
	s->rc = c->file ? c->file : "";
	s->dir = c->dir ? c->dir : "";
	s->settings = k->job->settings;
	s->throw_away = k->job->throw_away;
	s->registered = k->job->registered;
	s->since = clock_boot_ms();
	s->stopdelay = conf_ms(c, CONF_STOPDELAY);
	s->serial = conf_yes(c, CONF_SERIAL);
	s->vnc = argv_vnc(c);
	k->ready_by = clock_in(conf_ms(c, CONF_START_TIMEOUT));
	keep_policy(k);
	return keep_phase(k, "starting") < 0 ? FAIL : NEXT;
}

static enum step_result output_failed(struct keeper *k)
{
	return (enum step_result)err_sys(&k->err, "%s/%s", k->vm->path, output_fifo);
}

static int open_fifo(const struct keeper *k, int flags)
{
	return openat(k->vm->dir, output_fifo, flags | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
}

static enum step_result open_output(struct keeper *k)
{
	if (mkdirat(k->vm->dir, "private", 0700) < 0 && errno != EEXIST)
		return (enum step_result)err_sys(&k->err, "%s/private", k->vm->path);
	unlinkat(k->vm->dir, output_fifo, 0);
	if (mkfifoat(k->vm->dir, output_fifo, 0600) < 0)
		return output_failed(k);
	log_open(&k->qemu_log, k->vm->dir, "qemu.log", KEEP_LOG_MAX, !k->adopted);
	log_open(&k->serial_log, k->vm->dir, "serial.log", KEEP_LOG_MAX, !k->adopted);
	k->words.fd = open_fifo(k, O_RDONLY);
	/* QEMU must be able neither to block on it nor to see its end: read and write (qemu-facts) */
	k->output = open_fifo(k, O_RDWR);
	if (k->words.fd < 0 || k->output < 0)
		return output_failed(k);
	return loop_add(&k->loop, &k->words) < 0 ? FAIL : NEXT;
}

enum { HOOK_WORDS = 8 }; /* PATH and VM_... */

/* The environment of a hook: NAME=VALUE, each with its NUL. */
static void hook_environment(const struct keeper *k, struct buf *text)
{
	const struct { const char *name, *value; } words[] = {
		{ "NAME", k->vm->name }, { "STATE", k->state.phase }, { "DIR", k->state.dir }, { "RC", k->state.rc },
		{ "RUN", k->vm->path },
	};

	_Static_assert(sizeof(words) / sizeof(*words) + 3 == HOOK_WORDS, "with PATH and the two ports");
	buf_str(text, "PATH=" ARCH_PATH);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		buf_add(text, "", 1);
		buf_fmt(text, "VM_%s=%s", words[i].name, words[i].value);
	}
	buf_add(text, "", 1);
	buf_fmt(text, "VM_MONPORT=%lld", k->state.monport);
	buf_add(text, "", 1);
	buf_fmt(text, "VM_CTLPORT=%lld", k->state.ctlport);
}

/* The owner's only group: what the file's own group is, a folder may have said. */
static gid_t group_of(uid_t uid)
{
	return uid == geteuid() ? getegid() : user_group(USER_PASSWD, uid);
}

static enum step_result hook(struct keeper *k, enum conf_key key)
{
	const struct conf_item *item = conf_item(k->job->conf, key, 0);
	struct buf text = { 0 };
	char *env[HOOK_WORDS + 1], *s;
	size_t n = 0;

	if (!item)
		return NEXT;
	hook_environment(k, &text);
	for (s = text.s; !text.bad && s < text.s + text.n; s += strlen(s) + 1)
		env[n++] = s;
	env[n] = NULL;
	struct spawn_hook h = { .command = item->value, .env = env, .output = k->output, .uid = conf_owner(k->job->conf, item) };
	h.gid = group_of(h.uid);
	k->hook = text.bad ? err_set(&k->err, "out of memory") : spawn_shell(&h, &k->err);
	buf_free(&text);
	if (k->hook > 0)
		return WAIT;
	k->hook = 0;
	conf_at(&k->err, item);
	return FAIL;
}

static enum step_result precmd(struct keeper *k)
{
	return hook(k, CONF_PRECMD);
}

static enum step_result postcmd(struct keeper *k)
{
	k->state.phase = "running";
	enum step_result r = hook(k, CONF_POSTCMD);

	if (r == FAIL)
		keep_say(k, "%s", k->err.text); /* a warning: the guest runs */
	return r == FAIL ? NEXT : r;
}

/* What the rc-file names is opened with its owner's rights: a user's words must not make root open /dev/sda. */
static enum step_result with_owner(struct keeper *k, int (*open_them)(struct keeper *k))
{
	uid_t owner = k->job->conf->owner;

	if (proc_files_as(owner, group_of(owner)) < 0)
		return (enum step_result)err_sys(&k->err, "become uid %ld", (long)owner);
	int bad = open_them(k);
	if (proc_files_as(geteuid(), getegid()) < 0)
		bad = err_sys(&k->err, "become root again");
	return bad ? FAIL : NEXT;
}

static int open_images(struct keeper *k)
{
	return disks_open(&k->disks, k->job->conf, &k->job->rules, &k->err);
}

static enum step_result open_disks(struct keeper *k)
{
	return with_owner(k, open_images);
}

/* From the check to the written state under one lock, or two starts would each find the image free. */
static enum step_result claim_disks(struct keeper *k)
{
	if (k->disks.n == 0)
		return NEXT;
	int lock = claim_lock(k->job->place, k->ready_by, &k->err);
	if (lock < 0)
		return FAIL;
	int bad = claim_check(k->job->place, k->vm->name, &k->disks, &k->err);
	if (!bad) {
		buf_clear(&k->claims);
		claim_print(&k->claims, &k->disks);
		k->state.disks = buf_text(&k->claims);
		bad = keep_phase(k, "starting");
	}
	fd_close(&lock);
	return bad ? FAIL : NEXT;
}

/* KERNEL or INITRD as QEMU can open it again by /proc/self/fd: the file, or a copy where QEMU's own uid may not. */
static int open_boot_file(struct keeper *k, enum conf_key key, int *fd)
{
	const struct conf_item *item = conf_item(k->job->conf, key, 0);
	char path[4096];
	struct stat st;

	if (!item)
		return 0;
	if (conf_path(k->job->conf, item->value, path, sizeof(path)) < 0)
		err_set(&k->err, "%s: the path is too long", item->value);
	else if ((*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) < 0 || fstat(*fd, &st) < 0)
		err_sys(&k->err, "%s", path);
	else if (file_has_bytes(path, &st, &k->err) < 0)
		;
	else if (k->job->uid.way == UID_SAME || (st.st_mode & S_IROTH))
		return 0;
	else {
		int copy = fd_sealed_copy(*fd, "boot");
		fd_close(fd);
		if ((*fd = copy) >= 0)
			return 0;
		err_sys(&k->err, "copy %s", path);
	}
	return conf_at(&k->err, item);
}

static int open_kernel(struct keeper *k)
{
	return open_boot_file(k, CONF_KERNEL, &k->kernel) < 0 || open_boot_file(k, CONF_INITRD, &k->initrd) < 0;
}

static enum step_result open_boot_files(struct keeper *k)
{
	return with_owner(k, open_kernel);
}

static enum step_result bind_own(struct keeper *k)
{
	int fd;

	if (k->state.serial) {
		if ((fd = bind_sock(k, console_sock)) < 0)
			return FAIL;
		console_listen(&k->console, fd);
	}
	if (k->state.vnc) {
		if ((fd = bind_sock(k, vnc_sock)) < 0)
			return FAIL;
		vnc_listen(&k->vnc, fd);
	}
	return NEXT;
}

static int families(const char *word)
{
	static const struct { const char *word; int bits; } table[] = {
		{ "ipv4", PORT_IPV4 }, { "ipv6", PORT_IPV6 }, { "", PORT_IPV4 | PORT_IPV6 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(word, table[i].word) == 0)
			return table[i].bits;
	return 0;
}

static int vnc_port(struct keeper *k, uint16_t port, int bits)
{
	int fds[2] = { -1, -1 };
	static const int family[2] = { AF_INET, AF_INET6 };

	for (int i = 0; i < 2; i++) {
		if (bits & (i ? PORT_IPV6 : PORT_IPV4))
			fds[i] = sock_listen_tcp(family[i], port);
		if (fds[i] < 0 && errno != EADDRNOTAVAIL && errno != EAFNOSUPPORT) {
			err_sys(&k->err, "VNC on port %d", port);
			fd_close(&fds[0]);
			return -1;
		}
	}
	vnc_listen_tcp(&k->vnc, fds);
	k->state.vncport = port;
	return 0;
}

static enum step_result bind_ports(struct keeper *k)
{
	const struct conf *c = k->job->conf;
	const struct site *site = k->job->site;
	const struct conf_item *fixed = conf_item(c, CONF_MONPORT, 0);
	struct spec_display display;
	int bits = families(conf_text(c, CONF_MONITOR));

	k->state.family = bits;
	if (bits && site->tcp && fixed) {
		if (!port_take_one(&k->ports, (uint16_t)conf_long(c, CONF_MONPORT), bits, site->command)) {
			err_sys(&k->err, "port %s or %ld", fixed->value, conf_long(c, CONF_MONPORT) + PORT_COMMAND);
			return (enum step_result)conf_at(&k->err, fixed);
		}
	} else if (bits && site->tcp && !(k->state.monport && port_take_one(&k->ports, (uint16_t)k->state.monport, bits, site->command))) {
		/* after a restart the port of before, if it is still free */
		port_take(&k->ports, site->monport, bits, site->command); /* none left: no TCP, silently (design) */
	}
	k->state.monport = k->ports.mon;
	k->state.ctlport = k->ports.ctl;
	if (spec_display(&display, conf_text(c, CONF_DISPLAY), &k->err) == 0 && display.port)
		if (vnc_port(k, display.port, PORT_IPV4 | PORT_IPV6) < 0)
			return (enum step_result)conf_at(&k->err, conf_item(c, CONF_DISPLAY, 0));
	return NEXT;
}

static enum step_result open_nics(struct keeper *k)
{
	if (nics_load(&k->nics, k->job->conf, &k->err) < 0 || nics_open(&k->nics, k->vm->name, &k->err) < 0)
		return FAIL;
	return NEXT;
}

static enum step_result build_argv(struct keeper *k)
{
	const struct argv_from from = {
		.program = k->job->program, .conf = k->job->conf, .disks = &k->disks, .nics = &k->nics, .raw = k->job->raw,
		.kvm = k->job->kvm, .mon = k->ports.mon != 0, .ctl = k->ports.ctl != 0,
	};

	return argv_build(&k->argv, &from, &k->err) < 0 ? FAIL : NEXT;
}

static enum step_result bind_given(struct keeper *k)
{
	for (size_t i = 0; i < k->argv.givens; i++) {
		enum given_kind kind = k->argv.given[i].kind;
		if (kind <= GIVEN_CTL && (k->listener[kind] = bind_sock(k, argv_sockets[kind])) < 0)
			return FAIL;
	}
	return NEXT;
}

/* The private lines; they wait in the listeners' backlogs until QEMU is there, and lose not a byte. */
static enum step_result connect_lines(struct keeper *k)
{
	char path[SOCK_PATH_MAX + 1];
	int64_t deadline = k->ready_by;
	int fd;

	vm_file(k->vm, argv_sockets[GIVEN_KEEPER], path);
	if ((fd = sock_connect_unix(path, deadline, &k->err)) < 0)
		return FAIL;
	wire_open(&k->wire, &k->loop, fd);
	if (!k->state.serial)
		return NEXT;
	vm_file(k->vm, argv_sockets[GIVEN_SERIAL], path);
	if ((fd = sock_connect_unix(path, deadline, &k->err)) < 0)
		return FAIL;
	console_line(&k->console, fd);
	return NEXT;
}

static int given_fd(const struct keeper *k, const struct argv_given *g)
{
	switch (g->kind) {
	case GIVEN_KERNEL:
		return k->kernel;
	case GIVEN_INITRD:
		return k->initrd;
	case GIVEN_DISK:
		return g->node < 0 ? k->disks.list[g->which].overlay : k->disks.list[g->which].node[g->node].fd;
	case GIVEN_TAP:
		return k->nics.list[g->which].fd;
	case GIVEN_VHOST:
		return k->nics.list[g->which].vhost;
	default:
		return k->listener[g->kind];
	}
}

static pid_t spawn(struct keeper *k, const int *given, const struct cage *cage, int ruleset, struct spawned *got)
{
	char lock[SOCK_PATH_MAX + 1];
	const struct spawn s = {
		.argv = k->argv.words, .given = given, .n = k->argv.givens, .base = ARGV_FD, .lock = lock, .uids = UID_FILE,
		.uid = k->job->uid, .group = k->job->kvm ? arch_kvm_group() : (gid_t)-1, .output = k->output, .cage = cage, .ruleset = ruleset,
	};

	vm_file(k->vm, "lock", lock);
	if (k->job->uid.way == UID_OWN) {
		file_mkdirs(UID_DIR, 0755, NULL);
		int dir = file_open_dir(AT_FDCWD, UID_DIR, &k->err); /* whoever may write there could choose the uid */
		if (dir < 0)
			return -1;
		fd_close(&dir);
	}
	return spawn_qemu(&s, got, &k->err);
}

/* The ABI of Landlock, 0: the kernel has none; -1. */
static int make_cage(struct keeper *k, struct cage *c, int *ruleset)
{
	struct cage_from from = {
		.conf = k->job->conf, .raw = k->job->raw, .argv = k->argv.words, .kernel = k->kernel, .initrd = k->initrd,
	};
	struct buf warnings = { 0 };
	size_t n;

	int abi = cage_draw(c, &from, k->job->place->run, &warnings, &k->err) < 0 ? -1 : cage_build(c, ruleset, &k->err);
	const char *rest = buf_text(&warnings), *line;
	for (size_t left = warnings.n; (line = text_line(&rest, &left, &n));)
		keep_say(k, "%.*s", (int)n, line);
	buf_free(&warnings);
	return abi;
}

static void tell_cage(struct keeper *k, int is_on, int abi, int away)
{
	const char *more = away ? "+namespaces" : "";

	if (abi)
		fmt(k->cage, sizeof(k->cage), "landlock-%d%s", abi, more);
	else
		fmt(k->cage, sizeof(k->cage), "%s%s", is_on ? "none" : "off", more);
}

static pid_t spawn_caged(struct keeper *k, const int *given, struct spawned *got)
{
	struct cage c = { 0 };
	int is_on = conf_yes(k->job->conf, CONF_SANDBOX), ruleset = -1, abi = is_on ? make_cage(k, &c, &ruleset) : 0;
	pid_t pid = abi < 0 ? -1 : spawn(k, given, is_on ? &c : NULL, ruleset, got);

	fd_close(&ruleset);
	cage_free(&c);
	if (pid > 0)
		tell_cage(k, is_on, abi, got->away);
	return pid;
}

/* For the crash bundle. */
static void keep_argv(struct keeper *k)
{
	struct buf line = { 0 };
	struct err e;

	for (size_t i = 0; i < k->argv.n; i++) {
		buf_str(&line, i ? " " : "");
		text_shell(&line, k->argv.words[i]);
	}
	buf_char(&line, '\n');
	int dir = openat(k->vm->dir, "private", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0 && !line.bad)
		file_write(dir, strrchr(argv_file, '/') + 1, line.s, line.n, 0600, 0, &e);
	fd_close(&dir);
	buf_free(&line);
}

static enum step_result fork_qemu(struct keeper *k)
{
	int *given = calloc(k->argv.givens + 1, sizeof(*given));
	struct spawned got;

	if (!given)
		return (enum step_result)err_set(&k->err, "out of memory");
	for (size_t i = 0; i < k->argv.givens; i++)
		given[i] = given_fd(k, &k->argv.given[i]);
	pid_t pid = spawn_caged(k, given, &got);
	free(given);
	if (pid < 0)
		return FAIL;
	if (*k->err.text)
		keep_say(k, "%s", k->err.text);
	k->pid = pid;
	keep_argv(k);
	disks_close(&k->disks); /* a copy of ours would hold the images' locks beyond QEMU's life */
	nics_close(&k->nics); /* and a tap */
	fd_close(&k->kernel);
	fd_close(&k->initrd);
	k->state.uid = got.uid;
	k->state.turn = got.turn;
	k->state.cage = k->cage;
	return keep_phase(k, "starting") < 0 ? FAIL : NEXT;
}

/* Until the wire says that it is capable. */
static enum step_result wait_capable(struct keeper *k)
{
	return k->wire.capable ? NEXT : WAIT;
}

/* An adopted one is not our child. */
static int has_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	return pid > 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

static void on_status(void *arg, const struct qmp_message *m)
{
	struct keeper *k = arg;

	if (!m || m->kind != QMP_RETURN)
		return;
	if (has_ended(k->pid) && keep_strays(k))
		return; /* what it has forked answers for it; its own end will be heard of */
	keep_status(k, m);
	steps_next(k);
}

/* Readiness is this answer; the greeting comes before disks and devices are there. */
static enum step_result ask_status(struct keeper *k)
{
	if (wire_send(&k->wire, "query-status", NULL, on_status, k) < 0)
		return (enum step_result)err_set(&k->err, "the QMP line takes no command");
	return WAIT;
}

static enum step_result ask_if_capable(struct keeper *k)
{
	return k->wire.capable ? ask_status(k) : NEXT;
}

/* QEMU made the backlogs 1 deep when it opened the listeners; the sockets are still ours, too. */
static enum step_result deepen(struct keeper *k)
{
	for (int i = 0; i <= GIVEN_CTL; i++) {
		if (k->listener[i] >= 0)
			listen(k->listener[i], SOCK_BACKLOG);
		fd_close(&k->listener[i]);
	}
	return NEXT;
}

static void open_door(struct keeper *k, struct door *d, const int fds[2], enum given_kind kind)
{
	char path[SOCK_PATH_MAX + 1];

	vm_file(k->vm, argv_sockets[kind], path);
	door_open(d, &k->loop, fds, &k->porter, path, NULL, NULL);
}

/* Not before the guest is there: a caller would wait for a monitor that may never come. */
static enum step_result open_doors(struct keeper *k)
{
	if (k->ports.mon)
		open_door(k, &k->mon, k->ports.mon_fd, GIVEN_MON);
	if (k->ports.ctl)
		open_door(k, &k->ctl, k->ports.ctl_fd, GIVEN_CTL);
	for (int i = 0; i < 2; i++)
		k->ports.mon_fd[i] = k->ports.ctl_fd[i] = -1; /* the doors' now */
	return NEXT;
}

static enum step_result be_ready(struct keeper *k)
{
	k->ready = k->lived = 1;
	k->ready_at = clock_ms();
	k->err.text[0] = '\0';
	disks_free(&k->disks);
	nics_free(&k->nics);
	argv_free(&k->argv);
	fd_close(&k->output);
	if (strcmp(k->state.phase, "stopping") != 0)
		keep_phase(k, "running");
	desk_end_all(&k->desk, "ready", DONE, "running");
	journal(k->vm->name, k->adopted ? "has a keeper again" : "runs");
	k->begun(k);
	keep_told(k, DONE);
	return NEXT;
}

/* The same ports as before or none: a running VM never changes them. */
static enum step_result rebind_ports(struct keeper *k)
{
	if (k->state.monport &&
	    !port_take_one(&k->ports, (uint16_t)k->state.monport, (int)k->state.family, k->state.ctlport != 0)) {
		keep_say(k, "port %lld is taken by somebody else: no TCP any more", k->state.monport);
		k->state.monport = k->state.ctlport = 0;
	}
	if (k->state.vncport && vnc_port(k, (uint16_t)k->state.vncport, PORT_IPV4 | PORT_IPV6) < 0)
		keep_say(k, "%s", k->err.text);
	return NEXT;
}

/* A QEMU that is stopped or lies must not keep its new keeper from a stop: without the lines it goes on. */
static enum step_result reconnect_lines(struct keeper *k)
{
	k->ready_by = clock_in(ADOPT_MS);
	if (connect_lines(k) == FAIL)
		keep_say(k, "%s", k->err.text);
	return NEXT;
}

static enum step_result adopt_output(struct keeper *k)
{
	log_open(&k->qemu_log, k->vm->dir, "qemu.log", KEEP_LOG_MAX, 0);
	log_open(&k->serial_log, k->vm->dir, "serial.log", KEEP_LOG_MAX, 0);
	k->words.fd = open_fifo(k, O_RDONLY);
	if (k->words.fd >= 0)
		loop_add(&k->loop, &k->words);
	return NEXT;
}

static const struct keep_step start_steps[] = {
	{ open_desk, "keep.sock" },
	{ begin_state, "state" },
	{ open_output, "output" },
	{ precmd, "PRECMD" },
	{ open_disks, "disks" },
	{ claim_disks, "the lock on disks" },
	{ open_boot_files, "kernel" },
	{ bind_own, "sockets" },
	{ bind_ports, "ports" },
	{ open_nics, "network cards" },
	{ build_argv, "argv" },
	{ bind_given, "sockets" },
	{ connect_lines, "private lines" },
	{ fork_qemu, "QEMU" },
	{ wait_capable, "QMP's greeting" },
	{ ask_status, "QMP's answer" },
	{ deepen, "backlogs" },
	{ open_doors, "doors" },
	{ postcmd, "POSTCMD" },
	{ be_ready, "ready" },
};

static const struct keep_step adopt_steps[] = {
	{ open_desk, "keep.sock" },
	{ adopt_output, "output" },
	{ bind_own, "sockets" },
	{ rebind_ports, "ports" },
	{ reconnect_lines, "private lines" },
	{ open_doors, "doors" },
	{ wait_capable, "QMP's greeting" },
	{ ask_if_capable, "QMP's answer" },
	{ be_ready, "ready" },
};

static void walk(struct keeper *k)
{
	while (k->step < k->step_count) {
		enum step_result r = k->steps[k->step].take(k);
		if (r == FAIL) {
			k->fail(k);
			return;
		}
		if (r == WAIT)
			break;
		k->step++;
	}
	keep_arm(k);
}

void steps_begin(struct keeper *k, enum steps which)
{
	static const struct {
		const struct keep_step *steps;
		size_t n;
	} tables[] = {
		[STEPS_START] = { start_steps, sizeof(start_steps) / sizeof(*start_steps) },
		/* the desk is open already */
		[STEPS_RESTART] = { start_steps + 1, sizeof(start_steps) / sizeof(*start_steps) - 1 },
		[STEPS_ADOPT] = { adopt_steps, sizeof(adopt_steps) / sizeof(*adopt_steps) },
	};

	k->adopted = which == STEPS_ADOPT;
	k->steps = tables[which].steps;
	k->step_count = tables[which].n;
	k->step = 0;
	walk(k);
}

void steps_next(struct keeper *k)
{
	if (k->failed || k->pausing || k->step >= k->step_count)
		return;
	k->step++;
	walk(k);
}

void steps_capable(struct keeper *k)
{
	if (!k->failed && k->step < k->step_count && k->steps[k->step].take == wait_capable)
		steps_next(k);
}

void steps_rebind(struct keeper *k)
{
	struct stat st;
	int fd;

	if (fstatat(k->vm->dir, keep_sock, &st, AT_SYMLINK_NOFOLLOW) < 0 && (fd = bind_sock(k, keep_sock)) >= 0) {
		desk_shut(&k->desk);
		desk_open(&k->desk, &k->loop, fd, &k->peers);
	}
	if (k->state.serial && fstatat(k->vm->dir, console_sock, &st, AT_SYMLINK_NOFOLLOW) < 0 && (fd = bind_sock(k, console_sock)) >= 0)
		console_listen(&k->console, fd);
	if (k->state.vnc && fstatat(k->vm->dir, vnc_sock, &st, AT_SYMLINK_NOFOLLOW) < 0 && (fd = bind_sock(k, vnc_sock)) >= 0)
		vnc_listen(&k->vnc, fd);
}

const char *steps_name(const struct keeper *k)
{
	return k->step < k->step_count ? k->steps[k->step].name : "nothing";
}

void steps_hook_ended(struct keeper *k, int status)
{
	int is_post = k->steps[k->step].take == postcmd;
	int bad = !WIFEXITED(status) || WEXITSTATUS(status) != 0;

	k->hook = 0;
	if (k->failed || k->step >= k->step_count)
		return;
	if (bad) {
		err_set(&k->err, "ended with %s %d", WIFEXITED(status) ? "status" : "signal",
			WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
		conf_at(&k->err, conf_item(k->job->conf, is_post ? CONF_POSTCMD : CONF_PRECMD, 0));
	}
	if (bad && !is_post) {
		k->fail(k);
		return;
	}
	if (bad)
		keep_say(k, "%s", k->err.text);
	steps_next(k);
}

void steps_clean(const struct vm *vm)
{
	for (size_t i = 0; i < sizeof(sockets) / sizeof(*sockets); i++)
		unlinkat(vm->dir, sockets[i], 0);
	for (int i = 0; i <= GIVEN_CTL; i++)
		unlinkat(vm->dir, argv_sockets[i], 0);
	unlinkat(vm->dir, output_fifo, 0);
	unlinkat(vm->dir, argv_file, 0);
	unlinkat(vm->dir, "private", AT_REMOVEDIR);
}
