/* SPDX-License-Identifier: 0BSD */
/* Options: one table of letters for all applets, and the one parser that reads it. */
#ifndef OPT_H
#define OPT_H

#include "buf.h"
#include "err.h"

#include <stddef.h>
#include <stdint.h>

/* The letters of options that have none to type; as strings, to be joined to others. */
#define OPT_FROM "\1"
#define OPT_DISK "\2"
#define OPT_CDROM "\3"
#define OPT_LINKED "\4"
#define OPT_SYSTEMD "\5"

/* A letter means the same in every applet and verb. */
struct opt_letter {
	char letter;
	const char *name;	/* --name */
	const char *arg;	/* what its value is called, NULL: it has none */
	const char *about;
};
extern const struct opt_letter opt_letters[];
extern const size_t opt_letter_count;

/* What stood on the line. */
struct opts {
	const char *value[128];	/* by letter: NULL absent, "" for a letter without value */
	char **words;		/* all that is no option, in order */
	int n;
};

/* Reads argv (n words, the applet's and verb's own names left out), of which `letters` are taken and -h always.
 * Words and options may be mixed, `--` ends the options. With own > 0 the words after the first `own` are foreign:
 * options end at the first of them, and one `--` directly before it is dropped; -p and -u stand for the one own
 * word. Reorders argv. 0; -1 and err, code USAGE. */
int opt_read(struct opts *o, const char *letters, int own, int n, char **argv, struct err *e);
/* 1 when the letter was given. */
int opt_has(const struct opts *o, char letter);
/* The value, NULL when it was not given. */
const char *opt_value(const struct opts *o, char letter);
/* The value of -t in ms, `standard` when it is not there; -1 and err for a bad one. */
int64_t opt_time(const struct opts *o, char letter, int64_t standard, struct err *e);
/* The value of a number: standard when not there; -1 and err for a bad one. */
long opt_number(const struct opts *o, char letter, long min, long max, long standard, struct err *e);
/* Appends a line of help for each of the letters. */
void opt_help(struct buf *b, const char *letters);

#endif
