/* SPDX-License-Identifier: 0BSD */
/* The fork of QEMU, and of the user's hooks. */
#include "spawn.h"

#include "arch.h"
#include "clock.h"
#include "fd.h"
#include "filter.h"
#include "fmt.h"
#include "guard.h"
#include "lock.h"
#include "proc.h"
#include "text.h"
#include "user.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SPAWN_END = 2000 }; /* ms for a uid's last process to be gone after SIGKILL */
enum { OWN_FDS = 2 }; /* the report pipe and the ruleset, behind what is QEMU's */
enum { PROCESSES = 2048 }; /* of an own uid, threads and all: more than a QEMU has, and no more than a host bears */
enum { EXEC_WAIT = 30000 }; /* ms until the child must have executed QEMU or said why not */

/* What the child says up the pipe: who it is (code DONE, and a text that is a warning or ""), or what went wrong. */
struct word {
	struct spawned is;
	struct err err;
};

/* Signals as a fresh program expects them, but the three that end a host's processes blocked: QEMU outlives them. */
static void child_signals(int block)
{
	sigset_t set;

	for (int number = 1; guarded(GUARD_CALLER) && number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&set);
	if (block) {
		sigaddset(&set, SIGTERM);
		sigaddset(&set, SIGINT);
		sigaddset(&set, SIGHUP);
	}
	sigprocmask(SIG_SETMASK, &set, NULL);
}

static int child_stdio(int output)
{
	int null = open("/dev/null", O_RDONLY);

	if (null < 0)
		null = open("/", O_RDONLY | O_DIRECTORY); /* a chroot without /dev: reads fail, that is all */
	return null < 0 ? -1 : fd_stdio(null, output);
}

/* What a QEMU has a use for: its caller's secrets are not its own, nor what the dynamic loader or malloc would obey. */
static void clean_environment(void)
{
	static const char *const kept[] = {
		"PATH=", "HOME=", "TMPDIR=", "TZ=", "LANG=", "LC_", "QEMU_", "DISPLAY=", "WAYLAND_DISPLAY=", "XAUTHORITY=",
		"XDG_RUNTIME_DIR=", "PULSE_", "SDL_",
	};
	char **to = environ;

	if (!to || !guarded(GUARD_ENVIRONMENT))
		return;
	for (char **from = environ; *from; from++)
		for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
			if (text_begins(*from, kept[i]))
				*to++ = *from;
	*to = NULL;
}

static void child_limits(void)
{
	struct rlimit files;

	proc_no_core();
	if (prlimit(0, RLIMIT_NOFILE, NULL, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		prlimit(0, RLIMIT_NOFILE, &files, NULL);
	}
}

/* Root could use KVM and QEMU's own uid cannot: without a word the guest would just be slow. */
static void check_kvm(const struct spawn *s, struct err *warning)
{
	for (char *const *word = s->argv + 1; s->argv[0] && *word; word++) {
		if (strcmp(*word, "kvm") != 0 || strcmp(word[-1], "-accel") != 0)
			continue;
		int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
		if (fd < 0)
			err_code(warning, DONE, "/dev/kvm: not for QEMU's own uid (remedy: chgrp kvm /dev/kvm; chmod 660 /dev/kvm)");
		fd_close(&fd);
	}
}

/* By its path without links: what they lead through may be covered. */
static const char *program(const struct spawn *s)
{
	return s->cage ? s->cage->rules[0].path : s->argv[0];
}

/* Gives up all that QEMU is not to have. Each step takes away what the one before needed. */
static int confine(const struct spawn *s, int ruleset, struct word *w)
{
	const struct rlimit processes = { PROCESSES, PROCESSES };
	int uids = -1; /* opened while it is to be seen */

	if (s->uid.way == UID_OWN && (uids = open(s->uids, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) < 0)
		return err_sys(&w->err, "%s", s->uids);
	w->is.away = s->cage && cage_leave(s->cage);
	if (uid_become(&s->uid, s->group, uids, &w->is.turn, &w->err) < 0)
		return -1;
	if (s->uid.way == UID_OWN)
		prlimit(0, RLIMIT_NPROC, &processes, NULL);
	if (s->uid.way != UID_SAME)
		check_kvm(s, &w->err);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(&w->err, "no_new_privs");
	if (s->ruleset >= 0 && cage_enter(ruleset) < 0)
		return err_sys(&w->err, "Landlock");
	if (s->cage && filter_enter(program(s), (s->cage->net ? FILTER_NET : 0) | (s->cage->folders ? FILTER_PATHS : 0)) < 0)
		return err_sys(&w->err, "seccomp");
	return 0;
}

/* Up to exec; comes back only with an err. */
static int child(const struct spawn *s, int report, struct word *w)
{
	size_t n = s->n;
	int fds[FD_GIVE_MAX];

	if (n + OWN_FDS > FD_GIVE_MAX)
		return err_set(&w->err, "more than %d descriptors to give to QEMU", FD_GIVE_MAX - OWN_FDS);
	memcpy(fds, s->given, n * sizeof(*fds));
	/* given like the rest: they must not be closed, and exec closes them */
	fds[n] = report;
	fds[n + 1] = s->ruleset < 0 ? report : s->ruleset;
	setsid();
	umask(077);
	if (chdir("/") < 0 || child_stdio(s->output) < 0 || fd_give(fds, n + OWN_FDS, s->base) < 0)
		return err_sys(&w->err, "prepare QEMU");
	report = s->base + (int)n;
	for (int i = 0; i < OWN_FDS; i++)
		fcntl(report + i, F_SETFD, FD_CLOEXEC);
	child_limits();
	/* last, so that nothing can drop it: a process loses the lock with any descriptor of the file that it closes */
	if (lock_child(s->lock, &w->err) < 0 || confine(s, report + 1, w) < 0)
		return -1;
	w->is.uid = getuid();
	fd_write(report, w, sizeof(*w));
	child_signals(1);
	clean_environment();
	execv(program(s), s->argv);
	return err_sys(&w->err, "execute %s", s->argv[0]);
}

static _Noreturn void child_main(const struct spawn *s, int report)
{
	struct word w = { 0 };
	int at = s->base + (int)s->n;

	child(s, report, &w);
	if (fcntl(at, F_GETFD) < 0)
		at = report; /* it failed before the descriptors were moved */
	fd_write(at, &w, sizeof(w));
	_exit(127);
}

/* Reads the child's words until it has executed QEMU (end of file) or failed. */
static int hear(int pipe, struct spawned *got, struct err *e)
{
	int64_t deadline = clock_in(EXEC_WAIT);
	struct word w;
	int told = 0;

	while (fd_wait(pipe, POLLIN, deadline) > 0) {
		ssize_t n = fd_read(pipe, &w, sizeof(w));
		if (n == 0 && told)
			return 0;
		if (n != sizeof(w))
			return err_set(e, "QEMU's process ended before it could execute QEMU");
		*e = w.err;
		if (w.err.code != DONE)
			return -1;
		*got = w.is;
		told = 1;
	}
	return err_code(e, TIMED_OUT, "QEMU was not executed within %d s", EXEC_WAIT / 1000);
}

pid_t spawn_qemu(const struct spawn *s, struct spawned *got, struct err *e)
{
	int report[2];

	if (pipe2(report, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	pid_t pid = fork();
	if (pid == 0)
		child_main(s, report[1]);
	fd_close(&report[1]);
	if (pid < 0)
		err_sys(e, "fork");
	else if (hear(report[0], got, e) < 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		pid = -1;
	}
	fd_close(&report[0]);
	return pid;
}

int spawn_end(const char *uids, uid_t uid, long long turn, struct err *e)
{
	int64_t deadline = clock_in(SPAWN_END);
	int lock = open(uids, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), lives;

	if (lock < 0)
		return err_sys(e, "%s", uids);
	/* under the lock nobody is given the uid meanwhile */
	while (flock(lock, LOCK_EX | LOCK_NB) < 0 && clock_left(deadline))
		poll(NULL, 0, 5);
	while ((lives = uid_lives(uids, uid, turn)) && clock_left(deadline)) {
		proc_uid_kill(uid);
		poll(NULL, 0, 5);
	}
	fd_close(&lock);
	return lives ? err_set(e, "processes of its uid %ld live on after SIGKILL", (long)uid) : 0;
}

/* Up to exec; comes back only with an err. */
static int asked_child(char *const *argv, int line, int output, const struct spawn_as *as, struct err *e)
{
	const struct uid_plan *uid = &as->uid;
	const int fds[] = { line, as->ruleset < 0 ? line : as->ruleset };
	uid_t id = uid->way == UID_OWN ? USER_NOBODY : uid->uid;
	gid_t gid = uid->way == UID_OWN ? USER_NOBODY : uid->gid;

	setsid();
	if (chdir("/") < 0 || child_stdio(output) < 0 || fd_give(fds, 2, SPAWN_LINE) < 0)
		return err_sys(e, "prepare QEMU");
	fcntl(SPAWN_LINE + 1, F_SETFD, FD_CLOEXEC);
	child_limits();
	if (uid->way != UID_SAME && proc_become(id, gid, as->group) < 0)
		return err_sys(e, "become uid %ld", (long)id);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (as->ruleset >= 0 && cage_enter(SPAWN_LINE + 1) < 0)
		return err_sys(e, "Landlock");
	child_signals(0);
	clean_environment();
	execv(argv[0], argv);
	return err_sys(e, "execute %s", argv[0]);
}

pid_t spawn_asked(char *const *argv, int line, int output, const struct spawn_as *as, struct err *e)
{
	pid_t pid = fork();

	if (pid < 0)
		err_sys(e, "fork");
	if (pid)
		return pid;
	asked_child(argv, line, output, as, e);
	(void)!write(2, e->text, strlen(e->text));
	_exit(127);
}

int spawn_may_leave(void)
{
	const struct cage nothing = { 0 };
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(!cage_leave(&nothing));
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

int spawn_hook_finds(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-/";
	static const char own[] = ". alias bg break case cd command continue echo eval exec exit export false fg for getopts hash if "
		"jobs kill local printf pwd read readonly return set shift test time times trap true type ulimit umask unset until "
		"wait while";
	char path[PATH_MAX];

	if (!*word || word[strspn(word, plain)])
		return 1;
	if (strchr(word, '/'))
		return *word != '/' || access(word, X_OK) == 0; /* the keeper will stand elsewhere */
	return text_listed(own, word) || arch_find_in(ARCH_PATH, word, path, sizeof(path)) == 0;
}

pid_t spawn_shell(const struct spawn_hook *h, struct err *e)
{
	static const char words[] = "qinit: /bin/sh: cannot be executed\n";
	char *const argv[] = { "sh", "-c", (char *)h->command, NULL };
	pid_t pid = fork();

	if (pid < 0)
		return err_sys(e, "fork");
	if (pid > 0)
		return pid;
	setsid();
	child_stdio(h->output);
	fd_close_from(3, NULL, 0);
	child_signals(0);
	if (h->uid == geteuid() || proc_become(h->uid, h->gid, (gid_t)-1) == 0)
		execve("/bin/sh", argv, h->env);
	(void)!write(2, words, sizeof(words) - 1);
	_exit(127);
}
