/* SPDX-License-Identifier: 0BSD */
/* A keeper in the background: forked here, heard until it is ready. */
#include "launch.h"

#include "clock.h"
#include "fd.h"
#include "keeper.h"
#include "request.h"
#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { ADOPT_MS = 10000 };

/* The keeper's end of the pipe to whoever began it. */
struct pipe_end {
	int fd;
};

static void pipe_say(void *arg, const char *words)
{
	struct pipe_end *p = arg;
	struct buf line = { 0 };

	if (p->fd < 0)
		return;
	reply_words(&line, words);
	fd_write(p->fd, line.s, line.n);
	buf_free(&line);
}

static void pipe_done(void *arg, int code)
{
	struct pipe_end *p = arg;
	struct buf line = { 0 };

	reply_end(&line, code, "");
	fd_write(p->fd, line.s, line.n);
	buf_free(&line);
	fd_close(&p->fd);
}

/* The keeper has no descriptor, terminal or folder of the caller's. */
static _Noreturn void be_keeper(struct keep_job *job, int adopt, int report)
{
	struct pipe_end p = { report };
	int keep[] = { job->vm->dir, job->vm->lock, report };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	if (null < 0)
		null = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd_stdio(null, null);
	fd_close_from(3, keep, 3);
	job->say = pipe_say;
	job->done = pipe_done;
	job->arg = &p;
	job->limit = CLOCK_NEVER;
	job->more = 0;
	_exit(keeper_run(job, adopt));
}

/* Hands the words on until the last line; -1 when it has not come. */
static int hear(int fd, int64_t deadline, void (*say)(void *arg, const char *words), void *arg)
{
	struct buf in = { 0 };
	int code = -1;

	while (code < 0 && fd_wait(fd, POLLIN, deadline) > 0) {
		char bytes[512];
		ssize_t n = fd_read(fd, bytes, sizeof(bytes));
		if (n <= 0)
			break;
		buf_add(&in, bytes, (size_t)n);
		for (char *end; code < 0 && (end = memchr(buf_text(&in), '\n', in.n));) {
			struct reply r;
			*end = '\0';
			reply_parse(&r, in.s);
			if (r.kind == REPLY_WORDS)
				say(arg, r.words);
			else if (r.kind == REPLY_END)
				code = (int)r.code;
			buf_drop(&in, (size_t)(end + 1 - in.s));
		}
	}
	buf_free(&in);
	return code;
}

int launch(struct keep_job *job, int adopt, int64_t deadline, void (*say)(void *arg, const char *words), void *arg)
{
	int report[2];
	struct err e;

	if (pipe2(report, O_CLOEXEC) < 0) {
		err_sys(&e, "pipe");
		say(arg, e.text);
		return FAILED;
	}
	pid_t pid = fork();
	if (pid == 0)
		be_keeper(job, adopt, report[1]);
	fd_close(&report[1]);
	vm_close(job->vm);
	int code = pid < 0 ? -1 : hear(report[0], deadline, say, arg);
	fd_close(&report[0]);
	if (code < 0) {
		say(arg, pid < 0 ? "fork: no process left" : clock_left(deadline) ? "the keeper was killed" : "the keeper does not answer");
		return pid > 0 && !clock_left(deadline) ? TIMED_OUT : FAILED;
	}
	return code;
}

/* What the VM was started from is wanted for its restart alone: a file that is gone or broken keeps nobody from adopting. */
static int adopt(const struct host *h, struct vm *vm, void (*say)(void *arg, const char *words), void *arg)
{
	struct keep_job job = { .vm = vm, .place = &h->place, .site = &h->site };
	struct buf errors = { 0 }, warnings = { 0 };
	struct target t;

	target_remember(&t, h, vm->name);
	if (target_load(&t, h, &errors, &warnings) == DONE)
		target_job(&t, &job);
	int code = launch(&job, 1, clock_in(ADOPT_MS), say, arg);
	target_free(&t);
	buf_free(&errors);
	buf_free(&warnings);
	return code;
}

int launch_adopter(const struct host *h, const char *name, void (*say)(void *arg, const char *words), void *arg)
{
	struct vm vm;
	struct lock_seen seen;
	struct err e;

	/* look first: a verb must not make a directory for a VM that is not there */
	int got = vm_look(&vm, &h->place, name, &e);
	if (got == 1 && vm_seen(&vm, &seen) < 0)
		got = err_sys(&e, "%s/lock", vm.path);
	if (got == 1 && vm.lock < 0 && seen.qemu && !seen.keeper)
		got = err_code(&e, NO_RIGHT, "its keeper is gone, and only its owner can give it another");
	vm_close(&vm);
	if (got == 1 && seen.qemu && !seen.keeper) {
		got = vm_keep(&vm, &h->place, name, &e);
		if (got == 1 && lock_look(vm.lock, &seen) == 0 && seen.qemu)
			return adopt(h, &vm, say, arg);
		vm_close(&vm);
	}
	if (got >= 0)
		return DONE;
	say(arg, e.text);
	return e.code;
}
