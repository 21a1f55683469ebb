/* SPDX-License-Identifier: 0BSD */
/* What went wrong: one line of text and the exit code that it means. */
#ifndef ERR_H
#define ERR_H

/* Exit codes: the LSB's for init scripts (LSB Core 5.0, 22.2), and 124, 127 as timeout(1), sh(1). */
enum code {
	DONE = 0,
	FAILED = 1,
	USAGE = 2,
	NOT_RUNNING = 3, /* `status` alone */
	NO_RIGHT = 4,
	NOT_INSTALLED = 5,
	NOT_CONFIGURED = 6,
	NOT_UP = 7, /* a verb that needs a running VM */
	TIMED_OUT = 124,
	NO_APPLET = 127,
};

struct err {
	int code;	/* enum code */
	int sys;	/* the errno that it tells of, 0 for none */
	char text[1024]; /* one line, no newline; a text that does not fit ends in "..." */
};

/* Each returns -1, so that a failure is one line: `return err_set(e, "...")`. The code is FAILED. */
int err_set(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same with a code of its own. */
int err_code(struct err *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same and ": " and the words for errno, lower case; EACCES and EPERM make the code NO_RIGHT. */
int err_sys(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Puts "PLACE: " before the text, keeps the rest. */
int err_at(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
