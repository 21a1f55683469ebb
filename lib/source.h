/* SPDX-License-Identifier: 0BSD */
/* What is to be imported, found and read: a file, a folder or stdin. */
#ifndef SOURCE_H
#define SOURCE_H

#include "conf.h"
#include "draft.h"
#include "err.h"

#include <sys/types.h>

/* Reads an rc-file (with the cfg-file beside it), the only one of a folder, or else a command line ("-": from stdin), whose
 * relative files are those of the current folder. *author becomes whose it is, and stays for stdin. 0; -1 and err. Free the
 * draft in either case. */
int source_read(struct draft *d, const char *file, uid_t *author, struct err *e);
/* Notes what the author's words could not do for him, and can as root's: `c` is what the draft has become. */
void source_rights(struct draft *d, const struct conf *c, uid_t author);

#endif
