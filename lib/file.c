/* SPDX-License-Identifier: 0BSD */
/* Small files: read whole or not at all, written whole or not at all. */
#include "file.h"

#include "clock.h"
#include "fd.h"
#include "fmt.h"
#include "guard.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { AGAIN_MS = 5 };

int file_read_fd(int fd, const char *path, size_t max, struct buf *out, struct err *e)
{
	struct stat st;
	off_t at = 0;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "%s", path);
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return err_set(e, "%s: %s, not a regular file", path, S_ISDIR(st.st_mode) ? "a directory" : "a device or FIFO");
	}
	if ((uintmax_t)st.st_size > max) {
		errno = EFBIG;
		return err_set(e, "%s: larger than %zu bytes", path, max);
	}
	for (;;) {
		char *to = buf_room(out, 4096);
		if (!to) {
			errno = ENOMEM;
			return err_sys(e, "%s", path);
		}
		ssize_t n = pread(fd, to, 4096, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "%s", path);
		if (n == 0)
			break;
		at += n;
		if ((uintmax_t)at > max) {
			errno = EFBIG;
			return err_set(e, "%s: larger than %zu bytes", path, max);
		}
		out->n += (size_t)n;
	}
	buf_add(out, "", 0); /* the NUL behind */
	return 0;
}

int file_open(int dir, const char *path)
{
	return openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

int file_read(int dir, const char *path, size_t max, struct buf *out, struct err *e)
{
	int fd = file_open(dir, path);

	if (fd < 0)
		return err_sys(e, "%s", path);
	int bad = file_read_fd(fd, path, max, out, e);
	fd_close(&fd);
	return bad;
}

int file_peek(int dir, const char *path, char *text, size_t room)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got = -1;

	if (fd < 0)
		return -1;
	while (n < room - 1 && (got = fd_read(fd, text + n, room - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	fd_close(&fd);
	return got < 0 ? -1 : (int)n;
}

/* What a file of people's keeps when it is written anew. */
static int keep_owner(int dir, const char *name, int fd)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return 0;
	return (st.st_uid != geteuid() && fchown(fd, st.st_uid, st.st_gid) < 0) || fchmod(fd, st.st_mode & 07777) < 0 ? -1 : 0;
}

int file_write(int dir, const char *name, const void *bytes, size_t n, mode_t mode, int sync, struct err *e)
{
	char temp[NAME_MAX + 1];

	if (fmt(temp, sizeof(temp), ".%s.new", name) >= (int)sizeof(temp)) {
		errno = ENAMETOOLONG;
		return err_sys(e, "write %s", name);
	}
	unlinkat(dir, temp, 0); /* of a writer that was killed */
	int fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return err_sys(e, "write %s", name);
	if (fd_write(fd, bytes, n) < 0 || (sync && (keep_owner(dir, name, fd) < 0 || fsync(fd) < 0)) ||
	    renameat(dir, temp, dir, name) < 0 || (sync && fsync(dir) < 0)) {
		err_sys(e, "write %s", name);
		unlinkat(dir, temp, 0);
		fd_close(&fd);
		return -1;
	}
	fd_close(&fd);
	return 0;
}

int file_lock(const char *path, int64_t deadline, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(e, "%s", path);
	/* not a blocking flock: whoever holds it may be stopped */
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK || clock_left(deadline) == 0) {
			err_sys(e, "%s", path);
			e->code = errno == EWOULDBLOCK ? TIMED_OUT : e->code;
			fd_close(&fd);
			return -1;
		}
		poll(NULL, 0, AGAIN_MS);
	}
	return fd;
}

int file_mkdirs(const char *path, mode_t mode, struct buf *made)
{
	char part[PATH_MAX];
	size_t n = strlen(path);
	int bad = 0;

	if (n >= sizeof(part)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	mode_t mask = umask(022); /* others must be able to go through, whatever the caller's mask */
	for (size_t i = 1; i <= n && !bad; i++) {
		if (path[i] && path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		int is_new = mkdir(part, path[i] ? 0755 : mode) == 0;
		bad = !is_new && errno != EEXIST;
		if (is_new && made)
			buf_add(made, part, i + 1);
	}
	umask(mask);
	return -bad;
}

int file_open_dir(int dir, const char *path, struct err *e)
{
	struct stat st;
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | (guarded(GUARD_PLACE) ? O_NOFOLLOW : 0) | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "%s", path);
	int bad = fstat(fd, &st) < 0 ? err_sys(e, "%s", path) : 0;
	int ours = !bad && (st.st_uid == geteuid() || st.st_uid == 0);
	if (!bad && ((ours && !(st.st_mode & 022)) || !guarded(GUARD_PLACE)))
		return fd;
	if (!bad)
		errno = EPERM;
	if (!bad && !ours)
		err_code(e, NO_RIGHT, "%s: belongs to uid %ld, not to you", path, (long)st.st_uid);
	else if (!bad)
		err_code(e, NO_RIGHT, "%s: others may write it (mode %04o): chmod go-w", path, (unsigned int)st.st_mode & 07777);
	fd_close(&fd);
	return -1;
}

int file_real_fd(int fd, char *to, size_t room)
{
	char link[32];

	fmt(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, to, room);
	if (n < 0)
		return -1;
	if ((size_t)n == room) {
		errno = ENAMETOOLONG;
		return -1;
	}
	to[n] = '\0';
	return 0;
}

int file_real(const char *path, char *to, size_t room)
{
	int fd = open(path, O_PATH | O_CLOEXEC), done = fd < 0 ? -1 : file_real_fd(fd, to, room);

	fd_close(&fd);
	return done;
}

/* From the folder `at`, which is closed, into the one below of that name; -1 with errno. */
static int step(int at, const char *name, size_t n)
{
	char part[NAME_MAX + 1];
	int next = -1;

	errno = ENAMETOOLONG;
	if (n <= NAME_MAX) {
		memcpy(part, name, n);
		part[n] = '\0';
		next = openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	fd_close(&at);
	return next;
}

int file_way(const char *dir, const char *below, const char **base)
{
	int at = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (const char *slash; at >= 0 && (slash = strchr(below, '/')); below = slash + 1)
		at = step(at, below, (size_t)(slash - below));
	*base = below;
	return at;
}

int file_replace(const char *path, const struct buf *text, struct err *e)
{
	const char *base;
	struct stat st = { 0 };
	int way = file_way("/", path + 1, &base), dir = way < 0 ? -1 : openat(way, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), bad = 0;

	if (dir < 0 || fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		bad = err_sys(e, "%s", path);
	else if (!S_ISREG(st.st_mode))
		bad = err_set(e, "%s: not a regular file any more", path);
	else if (text->bad)
		bad = err_set(e, "out of memory");
	else if (file_write(dir, base, buf_text(text), text->n, 0600, 1, e) < 0)
		bad = err_at(e, "%s", path);
	fd_close(&dir);
	fd_close(&way);
	return bad;
}

static int drop(const char *path, int flags)
{
	const char *base;
	int at = file_way("/", path + 1, &base);
	int bad = at < 0 ? -1 : unlinkat(at, base, flags);

	fd_close(&at);
	return bad;
}

int file_remove(const char *path, const char *top)
{
	char part[PATH_MAX];
	int bad = drop(path, 0);

	if (!bad && text_copy(part, sizeof(part), path) == 0)
		do
			*strrchr(part, '/') = '\0';
		while (strlen(part) > strlen(top) && drop(part, AT_REMOVEDIR) == 0);
	return bad;
}

int file_join(char *to, size_t room, const char *a, const char *b)
{
	size_t n = strlen(a);
	int len = fmt(to, room, "%s%s%s", a, n && a[n - 1] == '/' ? "" : "/", b);

	return len < 0 || (size_t)len >= room ? -1 : 0;
}

static int is_plain(const char *s)
{
	while (*s > ' ' && *s < 0x7f)
		s++;
	return !*s;
}

/* The name in the folder of `path` that is most like its last part, "" for none. */
static void find_near(const char *path, char near[NAME_MAX + 1])
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char folder[PATH_MAX];
	int n = slash ? (int)(slash - path) + 1 : 0;

	*near = '\0';
	if (fmt(folder, sizeof(folder), "%.*s.", n, path) >= (int)sizeof(folder))
		return;
	DIR *dir = opendir(folder);
	for (struct dirent *d; dir && (d = readdir(dir));) {
		const char *best = text_near(name, (const char *const[]){ d->d_name, near }, 2);
		if (best == d->d_name && is_plain(best))
			text_copy(near, NAME_MAX + 1, best);
	}
	if (dir)
		closedir(dir);
}

int file_lacks(const char *path, struct err *e)
{
	int why = errno;
	char near[NAME_MAX + 1];

	if (why == ENOENT)
		find_near(path, near);
	errno = why;
	if (why != ENOENT)
		err_sys(e, "%s", path);
	else if (*near)
		err_set(e, "%s: no such file or directory, nearest is %s", path, near);
	else
		err_set(e, "%s: no such file or directory (put it there, or name another)", path);
	errno = why;
	return -1;
}

int file_has_bytes(const char *path, const struct stat *st, struct err *e)
{
	if (S_ISDIR(st->st_mode))
		return err_set(e, "%s: a directory, not a file", path);
	if (!S_ISREG(st->st_mode))
		return err_set(e, "%s: not a regular file", path);
	return st->st_size ? 0 : err_set(e, "%s: an empty file", path);
}

int file_save(const char *path, const struct buf *text, mode_t mode, struct err *e)
{
	char real[PATH_MAX];

	if (file_real(path, real, sizeof(real)) < 0) {
		if (readlink(path, real, 1) == 1)
			return err_set(e, "%s: a link to what is not there (bring that back, or remove the link)", path);
		if (text_copy(real, sizeof(real), path) < 0) {
			errno = ENAMETOOLONG;
			return err_sys(e, "%s", path);
		}
	}
	char *slash = strrchr(real, '/');
	*slash = '\0';
	int dir = open(slash == real ? "/" : real, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int bad = text->bad ? err_set(e, "out of memory") : dir < 0 ? err_sys(e, "%s", real) : 0;
	if (!bad && file_write(dir, slash + 1, buf_text(text), text->n, mode, 1, e) < 0)
		bad = err_at(e, "%s", real);
	fd_close(&dir);
	return bad;
}
