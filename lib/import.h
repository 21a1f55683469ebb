/* SPDX-License-Identifier: 0BSD */
/* From QEMU's command line, or the ancestor's rc- and cfg-file, to a draft of ours: pure, no file is touched. */
#ifndef IMPORT_H
#define IMPORT_H

#include "draft.h"
#include "err.h"

/* A command line as a shell takes it, and what stands before it. 0; -1 and err ("FILE:LINE: why"), as for what only a shell could
 * know. The draft is empty before; free it in either case. */
int import_command(struct draft *d, const struct draft_from *from, struct err *e);
/* The ancestor's rc-file, comments and all, and its cfg-file (NULL: none), whose options are read as those of a command line. */
int import_rc(struct draft *d, const struct draft_from *rc, const struct draft_from *cfg, struct err *e);

#endif
