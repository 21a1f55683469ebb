/* SPDX-License-Identifier: 0BSD */
/* The kinds of values in an rc-file, and what each may be. */
#ifndef VALUE_H
#define VALUE_H

#include "err.h"

enum { VALUE_NAME_MAX = 48 };

/* The functions are in the table in value.c. KIND_GONE: a key that is no longer read. */
enum value_kind {
	KIND_TEXT, KIND_WORD, KIND_NAME, KIND_ARCH, KIND_YES, KIND_SECONDS, KIND_NUMBER, KIND_PORT, KIND_RAM, KIND_FILE,
	KIND_DISK, KIND_NIC, KIND_DISPLAY, KIND_VGA, KIND_ACCEL, KIND_FAMILY, KIND_RUNAS, KIND_ACCOUNT, KIND_ARG, KIND_COMMAND,
	KIND_RESTART, KIND_ALLOW, KIND_AFTER, KIND_GONE,
};

/* Whether the value is one of its kind: 0, or -1 and err, which names neither file nor key. */
int value_check(enum value_kind kind, const char *value, struct err *e);

#endif
