/* SPDX-License-Identifier: 0BSD */
/* Files that vanish under a live VM: noticed by inotify, put back where that can be. */
#ifndef VANISH_H
#define VANISH_H

#include "keep.h"

/* Watches the run directory from now on. Without inotify nothing is noticed, and nothing breaks. */
void vanish_watch(struct keeper *k);
/* Before the keeper itself takes the files away. Idempotent. */
void vanish_end(struct keeper *k);

#endif
