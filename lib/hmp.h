/* SPDX-License-Identifier: 0BSD */
/* The text monitor without its descriptor: QEMU's readline undone. */
#ifndef HMP_H
#define HMP_H

#include "buf.h"

enum { HMP_LINE_MAX = 1000, HMP_REPLY_MAX = 16 << 20 };

/* Zeroed is a fresh connection, its greeting awaited. */
struct hmp {
	struct buf reply;	/* without echo, escapes and prompt, LF line ends; the greeting at first */
	int state;
	int skip;		/* bytes of a telnet command still to come */
	int escape;		/* inside an escape sequence */
	int cr;			/* a CR that may belong to a line end */
};

void hmp_free(struct hmp *h);
/* Takes n bytes. 1: the prompt is there, `reply` is whole; 0: more is wanted; -1: longer than HMP_REPLY_MAX, or
 * memory ran out. A prompt counts when nothing follows it in these bytes: a reply that contains one is ambiguous. */
int hmp_feed(struct hmp *h, const char *s, size_t n);
/* 1 at the prompt: a command may be sent. */
int hmp_ready(const struct hmp *h);
/* Appends the bytes of one command that hmp_line_bad lets through, and awaits its reply. Only at the prompt. */
void hmp_command(struct hmp *h, const char *line, struct buf *out);
/* Why n bytes cannot be typed as one line, NULL when they can: the echo grows with the square of the length, and
 * readline takes some bytes for keys. */
const char *hmp_line_bad(const char *line, size_t n);
/* CR LF becomes LF, in place. */
void hmp_line_ends(struct buf *b);

#endif
