/* SPDX-License-Identifier: 0BSD */
/* A VM's run directory: its paths, and becoming its keeper. */
#include "vm.h"

#include "bundle.h"
#include "clock.h"
#include "fd.h"
#include "file.h"
#include "fmt.h"
#include "sock.h"
#include "state.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void vm_none(struct vm *vm)
{
	*vm = (struct vm){ .dir = -1, .lock = -1 };
}

void vm_close(struct vm *vm)
{
	fd_close(&vm->lock);
	fd_close(&vm->dir);
}

static int name_it(struct vm *vm, const struct place *place, const char *name, struct err *e)
{
	vm_none(vm);
	if (place_fits(place, name, e) < 0)
		return -1;
	if (text_copy(vm->name, sizeof(vm->name), name) < 0 || place_run(place, name, NULL, vm->path, sizeof(vm->path)) < 0)
		return err_code(e, NOT_CONFIGURED, "%s: the name is too long", name);
	return 0;
}

int vm_run(const struct place *place, int make, int *run, struct err *e)
{
	if (make && file_mkdirs(place->run, place->root ? 0755 : 0700, NULL) < 0)
		return err_sys(e, "%s", place->run);
	*run = file_open_dir(AT_FDCWD, place->run, e);
	if (*run >= 0)
		return 1;
	return errno == ENOENT ? 0 : -1;
}

static int is_others(int dir)
{
	struct stat st;

	return fstat(dir, &st) == 0 && st.st_uid != geteuid();
}

static int look(struct vm *vm, const struct place *place, const char *name, struct err *e)
{
	int run;
	int there = name_it(vm, place, name, e) < 0 ? -1 : vm_run(place, 0, &run, e);

	if (there <= 0)
		return there;
	errno = 0;
	vm->dir = file_open_dir(run, name, e);
	there = vm->dir >= 0 ? 1 : errno == ENOENT ? 0 : -1;
	fd_close(&run);
	if (there <= 0)
		return there;
	vm->lock = lock_open(vm->dir, 0);
	if (vm->lock >= 0)
		return 1;
	if (errno == EACCES && is_others(vm->dir))
		return 1;
	return errno == ENOENT ? 0 : err_sys(e, "%s/lock", vm->path);
}

int vm_look(struct vm *vm, const struct place *place, const char *name, struct err *e)
{
	const struct place system = { .run = PLACE_SYSTEM };
	struct vm theirs;
	struct err ignored;
	int there = look(vm, place, name, e);

	if (there || place->root || vm->dir >= 0)
		return there;
	if (look(&theirs, &system, name, &ignored) == 1) {
		*vm = theirs;
		e->text[0] = '\0';
		return 1;
	}
	vm_close(&theirs);
	return 0;
}

/* 1 when somebody listens on that socket. */
static int answers(const struct vm *vm, const char *file)
{
	char path[SOCK_PATH_MAX + 1];
	struct err e;

	vm_file(vm, file, path);
	int fd = sock_connect_unix(path, clock_ms(), &e);
	int there = fd >= 0 || errno == ETIMEDOUT; /* its backlog is full */
	fd_close(&fd);
	return there;
}

int vm_seen(const struct vm *vm, struct lock_seen *seen)
{
	struct state s;
	struct err e;

	if (vm->lock < 0) {
		*seen = (struct lock_seen){ .keeper = answers(vm, "keep.sock"), .qemu = answers(vm, "qmp.sock") };
		return 0;
	}
	if (lock_look(vm->lock, seen) < 0)
		return -1;
	if (seen->keeper && !seen->qemu) {
		seen->qemu = state_read(&s, vm->dir, &e) == 1 && strcmp(s.phase, "running") == 0;
		state_free(&s);
	}
	return 0;
}

/* One try: 1, 0, -1, or 2 when the directory was taken away meanwhile by a keeper that ended. */
static int try_keep(struct vm *vm, int run, const struct place *place, struct err *e)
{
	vm_close(vm);
	if (mkdirat(run, vm->name, place->root ? 0750 : 0700) < 0 && errno != EEXIST)
		return err_sys(e, "%s", vm->path);
	errno = 0;
	vm->dir = file_open_dir(run, vm->name, e);
	if (vm->dir < 0)
		return errno == ENOENT ? 2 : -1;
	vm->lock = lock_open(vm->dir, 1);
	if (vm->lock < 0)
		return errno == ENOENT ? 2 : err_sys(e, "%s/lock", vm->path);
	int taken = lock_take(vm->lock, LOCK_KEEPER);
	if (taken < 0)
		return err_sys(e, "%s/lock", vm->path);
	return taken && !lock_same(vm->lock, vm->dir) ? 2 : taken;
}

int vm_keep(struct vm *vm, const struct place *place, const char *name, struct err *e)
{
	int run = -1, got = 2;

	if (name_it(vm, place, name, e) < 0 || vm_run(place, 1, &run, e) < 0)
		return -1;
	mode_t mask = umask(027);
	for (int tries = 0; got == 2 && tries < 100; tries++)
		got = try_keep(vm, run, place, e);
	umask(mask);
	fd_close(&run);
	return got == 2 ? err_set(e, "%s: taken away again and again", vm->path) : got;
}

void vm_erase(struct vm *vm)
{
	static const char *const files[] = { "state", "exit", "qemu.log", "qemu.log.1", "serial.log", "serial.log.1", "lock" };

	if (lock_take(vm->lock, LOCK_QEMU) != 1)
		return;
	bundle_remove(vm->dir);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlinkat(vm->dir, files[i], 0);
	rmdir(vm->path);
}

void vm_file(const struct vm *vm, const char *file, char *to)
{
	fmt(to, SOCK_PATH_MAX + 1, "%s/%s", vm->path, file);
}
