/* SPDX-License-Identifier: 0BSD */
/* The options of a command line of QEMU's become keys of a draft: pure. */
#ifndef ADOPT_H
#define ADOPT_H

#include "draft.h"
#include "err.h"

#include <stddef.h>

/* Of the draft's words from `first` on, what is a key of ours becomes that key, if it is not there yet; what would fight with what
 * we add is left out; all the rest is in the cfg-file as it was. target: the program's name, whose own defaults become keys, too;
 * NULL: they are those of a cfg-file. 0, or -1 and err. */
int adopt_words(struct draft *d, size_t first, const char *target, struct err *e);

#endif
