/* SPDX-License-Identifier: 0BSD */
/* The file `lock` of a VM: byte 0 is QEMU's, byte 1 the keeper's. */
#include "lock.h"

#include "guard.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct flock byte_lock(short type, enum lock_byte byte)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };
}

int lock_open(int dir, int create)
{
	int fd = openat(dir, "lock", (create ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd >= 0 || !create || errno != ENOENT)
		return fd;
	return openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
}

int lock_look(int fd, struct lock_seen *seen)
{
	struct flock qemu = byte_lock(F_WRLCK, LOCK_QEMU), keeper = byte_lock(F_WRLCK, LOCK_KEEPER);

	*seen = (struct lock_seen){ 0 };
	if (fcntl(fd, F_GETLK, &qemu) < 0 || fcntl(fd, F_GETLK, &keeper) < 0)
		return -1;
	seen->qemu = qemu.l_type != F_UNLCK;
	seen->pid = seen->qemu && qemu.l_pid > 0 ? qemu.l_pid : 0;
	/* an OFD lock names pid -1, and for writing it needs a descriptor that no QEMU has: a POSIX lock, or one for reading, is
	 * that of a QEMU which moves about in its file */
	seen->keeper = keeper.l_type == F_WRLCK && keeper.l_pid == -1;
	return 0;
}

int lock_take(int fd, enum lock_byte byte)
{
	struct flock l = byte_lock(F_WRLCK, byte);

	if (fcntl(fd, F_OFD_SETLK, &l) == 0)
		return 1;
	return errno == EAGAIN || errno == EACCES ? 0 : -1;
}

int lock_same(int fd, int dir)
{
	struct stat open_one, named;

	return fstat(fd, &open_one) == 0 && fstatat(dir, "lock", &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino;
}

int lock_child(const char *path, struct err *e)
{
	struct flock mine = byte_lock(F_RDLCK, LOCK_QEMU), others = byte_lock(F_WRLCK, LOCK_QEMU);
	int fd = open(path, (guarded(GUARD_READING) ? O_RDONLY : O_RDWR) | O_NOFOLLOW);

	if (fd < 0 || fcntl(fd, F_SETLK, &mine) < 0 || fcntl(fd, F_GETLK, &others) < 0)
		return err_sys(e, "%s", path);
	if (others.l_type != F_UNLCK)
		return err_set(e, "%s: another QEMU of this VM lives (pid %ld)", path, (long)others.l_pid);
	return fd;
}
