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

static void end(struct launch *l, int code, const char *words)
{
	l->code = code;
	launch_close(l);
	if (words)
		l->say(l->arg, words);
}

/* One line; the last one ends it. */
static void hear_line(struct launch *l, char *line)
{
	struct reply r;

	reply_parse(&r, line);
	if (r.kind == REPLY_WORDS)
		l->say(l->arg, r.words);
	else if (r.kind == REPLY_END)
		end(l, (int)r.code, NULL);
}

void launch_hear(struct launch *l)
{
	char bytes[512];
	ssize_t n = fd_read(l->fd, bytes, sizeof(bytes));

	if (n <= 0) {
		end(l, FAILED, "the keeper was killed");
		return;
	}
	buf_add(&l->in, bytes, (size_t)n);
	for (char *at; l->fd >= 0 && (at = memchr(buf_text(&l->in), '\n', l->in.n));) {
		struct buf line = { 0 };
		buf_add(&line, l->in.s, (size_t)(at - l->in.s));
		buf_drop(&l->in, line.n + 1);
		hear_line(l, line.s);
		buf_free(&line);
	}
}

void launch_late(struct launch *l)
{
	end(l, TIMED_OUT, "the keeper does not answer");
}

void launch_close(struct launch *l)
{
	fd_close(&l->fd);
	buf_free(&l->in);
}

static void begin(struct launch *l, struct keep_job *job, int adopt)
{
	int report[2];
	struct err e;

	if (pipe2(report, O_CLOEXEC) < 0) {
		err_sys(&e, "pipe");
		vm_close(job->vm);
		end(l, FAILED, e.text);
		return;
	}
	l->pid = fork();
	if (l->pid == 0)
		be_keeper(job, adopt, report[1]);
	fd_close(&report[1]);
	vm_close(job->vm);
	l->fd = report[0];
	if (l->pid < 0)
		end(l, FAILED, "fork: no process left");
}

static int hear_all(struct launch *l, int64_t deadline)
{
	while (l->fd >= 0)
		if (fd_wait(l->fd, POLLIN, deadline) > 0)
			launch_hear(l);
		else
			launch_late(l);
	return l->code;
}

int launch(struct keep_job *job, int adopt, int64_t deadline, void (*say)(void *arg, const char *words), void *arg)
{
	struct launch l = { .fd = -1, .say = say, .arg = arg };

	begin(&l, job, adopt);
	return hear_all(&l, deadline);
}

/* What the VM was started from is wanted for its restart alone: a file that is gone or broken keeps nobody from adopting. */
static void adopt(struct launch *l, const struct host *h, struct vm *vm)
{
	struct keep_job job = { .vm = vm, .place = &h->place, .site = &h->site };
	struct buf errors = { 0 }, warnings = { 0 };
	struct target t;

	target_remember(&t, h, vm->name);
	if (target_load(&t, h, &errors, &warnings) == DONE)
		target_job(&t, &job);
	begin(l, &job, 1);
	target_free(&t);
	buf_free(&errors);
	buf_free(&warnings);
}

void launch_adopt(struct launch *l, const struct host *h, const char *name, void (*say)(void *arg, const char *words), void *arg)
{
	struct vm vm;
	struct lock_seen seen;
	struct err e;

	*l = (struct launch){ .fd = -1, .code = DONE, .say = say, .arg = arg };
	/* look first: a verb must not make a directory for a VM that is not there */
	int got = vm_look(&vm, &h->place, name, &e);
	if (got == 1 && vm_seen(&vm, &seen) < 0)
		got = err_sys(&e, "%s/lock", vm.path);
	if (got == 1 && vm.lock < 0 && seen.qemu && !seen.keeper)
		got = err_code(&e, NO_RIGHT, "its keeper is gone, and only its owner can give it another");
	vm_close(&vm);
	if (got == 1 && seen.qemu && !seen.keeper) {
		got = vm_keep(&vm, &h->place, name, &e);
		if (got == 1 && lock_look(vm.lock, &seen) == 0 && seen.qemu) {
			adopt(l, h, &vm);
			return;
		}
		vm_close(&vm);
	}
	if (got < 0)
		end(l, e.code, e.text);
}

int launch_adopter(const struct host *h, const char *name, void (*say)(void *arg, const char *words), void *arg)
{
	struct launch l;

	launch_adopt(&l, h, name, say, arg);
	return hear_all(&l, clock_in(LAUNCH_ADOPT_MS));
}
