/* SPDX-License-Identifier: 0BSD */
/* Raw QEMU options as on a command line (NAME-qemu.cfg, ARGn): words and quotes, no expansion of any kind. */
#ifndef CFG_H
#define CFG_H

#include "buf.h"
#include "err.h"

#include <stddef.h>
#include <sys/types.h>

/* Zeroed is empty. */
struct cfg {
	char **words;	/* NULL behind the last; NULL when there is none */
	size_t n, room;
	int code;	/* after a failure: what it means, enum code */
};

/* Appends the words of n bytes of text. Words end at white space; '...' takes all as it is, "..." knows \" and \\, outside
 * of both a backslash takes the next character as it is and joins lines; # at the start of a word comments to the line's
 * end. 0; -1 and one line "FILE:LINE: why\n" in `errors`. Free it in either case. */
int cfg_read(struct cfg *c, const char *text, size_t n, const char *file, struct buf *errors);
/* The same for a file that root and the owner may write (trust.h); one that is missing has no words. Code: NOT_CONFIGURED, or
 * NO_RIGHT when it cannot be read. */
int cfg_load(struct cfg *c, const char *path, uid_t owner, struct buf *errors);
/* Appends an ARGn: the option up to the first blank, then all the rest as its one value; quotes and backslashes as
 * above, no comments. 0, or -1 and err, which names neither file nor key. */
int cfg_arg(struct cfg *c, const char *value, struct err *e);
void cfg_free(struct cfg *c);

#endif
