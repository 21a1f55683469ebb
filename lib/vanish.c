/* SPDX-License-Identifier: 0BSD */
/* Files that vanish under a live VM. */
#include "vanish.h"

#include "clock.h"
#include "fd.h"
#include "lock.h"
#include "steps.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SETTLE_MS = 50 }; /* rm -r takes one file after the other, and a QEMU that ends takes its own */

static void watch_path(struct keeper *k)
{
	inotify_add_watch(k->watch.fd, k->vm->path, IN_DELETE | IN_DELETE_SELF | IN_MOVED_FROM | IN_MOVE_SELF | IN_ONLYDIR);
}

static int is_there(const struct keeper *k, const char *file)
{
	struct stat st;

	return fstatat(k->vm->dir, file, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int dir_is_same(const struct keeper *k)
{
	struct stat mine, named;

	return fstat(k->vm->dir, &mine) == 0 && lstat(k->vm->path, &named) == 0 && mine.st_dev == named.st_dev &&
	       mine.st_ino == named.st_ino;
}

/* A new lock, and in it both bytes: QEMU's own is on a file that has no name any more, so the keeper stands in for it. */
static int take_again(struct keeper *k)
{
	struct vm fresh;
	struct err e;

	if (vm_keep(&fresh, k->job->place, k->vm->name, &e) != 1 || lock_take(fresh.lock, LOCK_QEMU) != 1) {
		keep_note(k, "its lock was deleted and could not be put back");
		vm_close(&fresh);
		return -1;
	}
	if (k->qemu_lock < 0)
		k->qemu_lock = k->vm->lock; /* the one that QEMU holds */
	else
		fd_close(&k->vm->lock);
	fd_close(&k->vm->dir);
	*k->vm = fresh;
	if (keep_share(k) < 0)
		keep_note(k, "%s", k->err.text);
	return 0;
}

static void put_back(struct keeper *k)
{
	log_close(&k->qemu_log);
	log_close(&k->serial_log);
	log_open(&k->qemu_log, k->vm->dir, "qemu.log", KEEP_LOG_MAX, 0);
	log_open(&k->serial_log, k->vm->dir, "serial.log", KEEP_LOG_MAX, 0);
	watch_path(k);
}

/* QEMU accepts on these itself: nobody can give them a name again. */
static void say_lost(struct keeper *k)
{
	if (k->lost_said || (is_there(k, argv_sockets[GIVEN_HMP]) && is_there(k, argv_sockets[GIVEN_QMP]) && is_there(k, "private")))
		return;
	k->lost_said = 1;
	keep_note(k, "files of its run directory were deleted: hmp.sock, qmp.sock and TCP come back with a restart");
}

static void check(struct keeper *k)
{
	int same = dir_is_same(k);
	int gone = !same || !lock_same(k->vm->lock, k->vm->dir);

	if (!k->ready || k->ladder.on)
		return;
	if (gone && take_again(k) < 0)
		return;
	if (!same)
		put_back(k);
	if (gone || !is_there(k, "state"))
		keep_phase(k, k->state.phase);
	steps_rebind(k);
	say_lost(k);
}

static void on_change(struct source *s, short revents)
{
	struct keeper *k = s->owner;
	char events[1024] __attribute__((aligned(8)));

	(void)revents;
	while (read(s->fd, events, sizeof(events)) > 0)
		;
	/* the lock at once: until it is back a start would take the VM for stopped */
	if (k->ready && !k->ladder.on && (!dir_is_same(k) || !lock_same(k->vm->lock, k->vm->dir)))
		check(k);
	s->at = clock_in(SETTLE_MS);
}

static void on_settled(struct source *s)
{
	check(s->owner);
}

void vanish_watch(struct keeper *k)
{
	if (k->watch.fd >= 0)
		return;
	k->watch = (struct source){ .events = POLLIN, .at = CLOCK_NEVER, .ready = on_change, .due = on_settled, .owner = k };
	k->watch.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (k->watch.fd < 0 || loop_add(&k->loop, &k->watch) < 0)
		return;
	watch_path(k);
}

void vanish_end(struct keeper *k)
{
	loop_del(&k->loop, &k->watch);
	fd_close(&k->watch.fd);
	fd_close(&k->qemu_lock);
}
