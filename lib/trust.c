/* SPDX-License-Identifier: 0BSD */
/* Files that root believes. */
#include "trust.h"

#include "fd.h"
#include "file.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

int trust_judge(const struct stat *st, uid_t root, uid_t owner, struct err *e)
{
	if (st->st_uid != 0 && st->st_uid != root && st->st_uid != owner)
		return err_code(e, NOT_CONFIGURED, "belongs to uid %ld: chown root", (long)st->st_uid);
	if ((st->st_mode & 022) && !(S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX)))
		return err_code(e, NOT_CONFIGURED, "others may write it (mode %04o): chmod go-w", (unsigned int)st->st_mode & 07777);
	return 0;
}

static int judge_at(const char *path, uid_t root, uid_t owner, struct stat *st, struct err *e)
{
	return lstat(path, st) < 0 ? err_sys(e, "open") : trust_judge(st, root, owner, e);
}

/* From the top: below a folder that nobody else may write no name can change its meaning, so what is at the end of the way
 * is what is open, or the way is not trusted. path has no links in it. */
static int judge_way(char *path, const struct stat *file, uid_t *owner, struct err *e)
{
	struct stat st = { 0 };

	stat("/", &st);
	uid_t root = st.st_uid; /* in a user namespace the host's root has another number */
	uid_t allowed = *owner == TRUST_ANY ? file->st_uid : *owner;
	*owner = file->st_uid == root ? 0 : file->st_uid;
	if (judge_at("/", root, allowed, &st, e) < 0)
		return err_at(e, "/");
	for (char *end = path; (end = strchr(end + 1, '/')); *end = '/') {
		*end = '\0';
		if (judge_at(path, root, allowed, &st, e) < 0)
			return err_at(e, "%s", path);
	}
	if (judge_at(path, root, allowed, &st, e) < 0)
		return -1;
	return st.st_dev == file->st_dev && st.st_ino == file->st_ino ? 0 : err_set(e, "it was moved");
}

static int judge_open(int fd, const char *path, uid_t *owner, struct err *e)
{
	struct stat st;
	char real[PATH_MAX];

	if (fstat(fd, &st) < 0)
		return err_sys(e, "%s", path);
	/* without a /proc the path must do as it is: then a link on it is refused */
	if (file_real_fd(fd, real, sizeof(real)) < 0 && text_copy(real, sizeof(real), path) < 0)
		return err_sys(e, "%s", path);
	if (judge_way(real, &st, owner, e) == 0)
		return 0;
	e->code = NOT_CONFIGURED;
	errno = EPERM;
	return err_at(e, "%s", path);
}

int trust_read(const char *path, uid_t *owner, size_t max, struct buf *out, struct err *e)
{
	int fd = file_open(AT_FDCWD, path);

	if (fd < 0)
		return err_sys(e, "%s", path);
	int bad = 0;
	if (geteuid() == 0)
		bad = judge_open(fd, path, owner, e);
	else
		*owner = geteuid();
	if (!bad)
		bad = file_read_fd(fd, path, max, out, e);
	fd_close(&fd);
	return bad;
}
