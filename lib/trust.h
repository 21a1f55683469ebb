/* SPDX-License-Identifier: 0BSD */
/* Files that root believes: nobody else may have written them, as ssh has it. */
#ifndef TRUST_H
#define TRUST_H

#include "buf.h"
#include "err.h"

#include <sys/stat.h>

#define TRUST_ANY ((uid_t)-1)

/* Whether only root (whoever has `/`) and the owner can change this file, or what lies in this folder: 0; -1 and err, which
 * names no file. A folder like /tmp may be anybody's to write if it is sticky. Pure. */
int trust_judge(const struct stat *st, uid_t root, uid_t owner, struct err *e);
/* file_read for a file of the configuration. *owner is who may own it besides root, TRUST_ANY: whoever does; then who owns it.
 * Root is refused a file that others may write, or a folder above it (NOT_CONFIGURED, errno EPERM); other users have nobody to
 * lose, *owner is then who asks. 0; -1 and err with errno. */
int trust_read(const char *path, uid_t *owner, size_t max, struct buf *out, struct err *e);

#endif
