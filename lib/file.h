/* SPDX-License-Identifier: 0BSD */
/* Small files: read whole or not at all, written whole or not at all. */
#ifndef FILE_H
#define FILE_H

#include "buf.h"
#include "err.h"

#include <stdint.h>
#include <sys/stat.h>

/* Reads a regular file of at most max bytes; a directory, FIFO, device, or larger file is refused at once, without
 * reading. `dir` is a descriptor or AT_FDCWD. 0; -1 and err ("PATH: why", errno is kept, ENOENT told apart by it).
 * file_read_fd reads the open one from its start. A NUL byte in it is the caller's to judge. */
int file_read(int dir, const char *path, size_t max, struct buf *out, struct err *e);
int file_read_fd(int fd, const char *path, size_t max, struct buf *out, struct err *e);
/* For reading; a FIFO hangs nobody. As openat(2). */
int file_open(int dir, const char *path);
/* Reads what /proc or /sys says, cut at room - 1, NUL at the end; its length or -1 with errno. */
int file_peek(int dir, const char *path, char *text, size_t room);
/* Writes NAME by a temporary file beside it and rename: the old content or the new, never a part. For one writer at a
 * time, who holds a lock; what one who was killed has left the next takes away. sync, for a file of people's: that holds
 * for a power loss, too, what returned is there to stay, and the file keeps its mode and owner; `mode` is then a new
 * one's. 0 or -1. */
int file_write(int dir, const char *name, const void *bytes, size_t n, mode_t mode, int sync, struct err *e);
/* The same, with sync, for an absolute path; a link stays, and what it leads to is written, if it is there. */
int file_save(const char *path, const struct buf *text, mode_t mode, struct err *e);
/* Makes the file if it is missing, and takes the flock that whoever changes something holds: its descriptor, close-on-exec,
 * to be closed at the end; -1 and err, also when another holds it until the deadline. */
int file_lock(const char *path, int64_t deadline, struct err *e);
/* mkdir -p: parents 0755, the last with mode; one that exists is left as it is. Appends those that it makes, a NUL behind
 * each, if made is not NULL. 0 or -1 with errno. */
int file_mkdirs(const char *path, mode_t mode, struct buf *made);
/* What is to be loaded from a file must be in a regular one, and something. 0; -1 and err. */
int file_has_bytes(const char *path, const struct stat *st, struct err *e);
/* Opens a directory that only its owner may write: no symlink, owned by the effective user or root, no write bit for
 * others. The descriptor, or -1 and err (errno is kept; EPERM for one that is not so). */
int file_open_dir(int dir, const char *path, struct err *e);
/* The absolute path without links of what lies at `path`, as the kernel has it (/proc/self/fd). 0 or -1 with errno. */
int file_real(const char *path, char *to, size_t room);
int file_real_fd(int fd, char *to, size_t room);
/* Opens (O_PATH) the folder in which `below`, a path beneath dir, has its last part, *base, with no link on the way from dir:
 * step by step, so on every kernel. -1 with errno, ENOTDIR when there is one. */
int file_way(const char *dir, const char *below, const char **base);
/* As file_save, for a regular file that is there, by its path without links: one that another put there since is refused. */
int file_replace(const char *path, const struct buf *text, struct err *e);
/* Removes a file by its path without links (file_real), and the folders beneath `top` that it leaves empty: a link that
 * another put on the way since is not followed. 0 or -1 with errno. */
int file_remove(const char *path, const char *top);
/* Fills err for a file that could not be used (errno): one that is not there, with the name most like it in its folder. -1. */
int file_lacks(const char *path, struct err *e);
/* "A/B", or -1 when it does not fit into room. */
int file_join(char *to, size_t room, const char *a, const char *b);

#endif
