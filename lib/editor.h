/* SPDX-License-Identifier: 0BSD */
/* The user's editor. */
#ifndef EDITOR_H
#define EDITOR_H

#include "err.h"

/* Runs what VISUAL or else EDITOR says, words and quotes as in sh(1), or vi, with the file behind it, and waits for its end.
 * 0; -1 and err when it is not there or has failed. */
int editor_run(const char *file, struct err *e);

#endif
