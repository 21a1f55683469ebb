/* SPDX-License-Identifier: 0BSD */
/* What is said on keep.sock: one request line, reply lines, pure text. */
#ifndef REQUEST_H
#define REQUEST_H

#include "buf.h"

#include <stddef.h>

/* The code of a reply from a keeper that does not know the request: an older one, to be replaced. */
enum { REQUEST_UNKNOWN = 98 };
enum { REQUEST_VERSION = 1, REQUEST_MAX = 4400, REQUEST_VERB = 16 };

/* "qinit VERSION VERB NUMBER TEXT\n": number and text are what the verb makes of them. */
struct request {
	long long version;
	char verb[REQUEST_VERB];
	long long number;
	const char *text;	/* into the line */
};

/* Reads one line without its end (NUL-terminated). 0, or -1: it is none. */
int request_parse(struct request *r, const char *line);
void request_print(struct buf *out, const char *verb, long long number, const char *text);

/* A reply is any number of "* WORDS\n", for people, then "= CODE WORDS\n" and the end. Each cut to one line. */
void reply_words(struct buf *out, const char *words);
void reply_end(struct buf *out, int code, const char *words);

enum reply_kind { REPLY_BAD, REPLY_WORDS, REPLY_END };
struct reply {
	enum reply_kind kind;
	long long code;
	const char *words;
};
/* Reads one line of it (NUL-terminated, no line end). */
void reply_parse(struct reply *r, const char *line);

#endif
