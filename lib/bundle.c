/* SPDX-License-Identifier: 0BSD */
/* The crash bundle. */
#include "bundle.h"

#include "buf.h"
#include "fd.h"
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* The last BUNDLE_TAIL bytes. */
static void read_tail(int dir, const char *name, struct buf *out)
{
	struct stat st;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		size_t n = st.st_size > BUNDLE_TAIL ? BUNDLE_TAIL : (size_t)st.st_size;
		char *to = buf_room(out, n);
		ssize_t got = to ? pread(fd, to, n, st.st_size - (off_t)n) : -1;
		out->n += got > 0 ? (size_t)got : 0;
	}
	fd_close(&fd);
}

static int write_part(int from, int to, const struct bundle_part *part, struct err *e)
{
	struct buf tail = { 0 };

	if (part->file)
		read_tail(from, part->file, &tail);
	else
		buf_add(&tail, part->bytes, part->n);
	int bad = tail.n ? file_write(to, part->name, tail.s, tail.n, 0640, 0, e) : 0;
	buf_free(&tail);
	return bad;
}

void bundle_remove(int dir)
{
	int fd = openat(dir, BUNDLE_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		unlinkat(dirfd(d), entry->d_name, 0); /* "." and ".." refuse */
	if (d)
		closedir(d);
	unlinkat(dir, BUNDLE_DIR, AT_REMOVEDIR);
}

int bundle_write(int dir, const struct bundle_part *parts, size_t n, struct err *e)
{
	bundle_remove(dir);
	if (mkdirat(dir, BUNDLE_DIR, 0700) < 0)
		return err_sys(e, BUNDLE_DIR);
	int to = openat(dir, BUNDLE_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		return err_sys(e, BUNDLE_DIR);
	int bad = 0;
	for (size_t i = 0; i < n && !bad; i++)
		bad = write_part(dir, to, &parts[i], e);
	fd_close(&to);
	return bad;
}
