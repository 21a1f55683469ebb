/* SPDX-License-Identifier: 0BSD */
/* JSON in place: a framer for streams, readers that allocate nothing, a writer of strings. */
#ifndef JSON_H
#define JSON_H

#include "buf.h"

#include <stddef.h>

enum { JSON_DEPTH_MAX = 512 };

/* Zeroed is ready; it is so again after each whole value. */
struct json_scan {
	int state;	/* what may come next */
	int inside;	/* of a string, an escape, a word */
	int hex;	/* digits of \uXXXX still to come */
	size_t depth;
	unsigned char object[JSON_DEPTH_MAX / 8]; /* one bit a level: { or [ */
};

/* Reads on in a stream of objects and arrays (no other value stands alone in it), in chunks of any size. 1: one ends
 * with the first *used of the n bytes; 0: more is wanted, all n are used; -1: not JSON, or deeper than
 * JSON_DEPTH_MAX. White space before a value is skipped. Numbers and words are checked by their letters only. */
int json_feed(struct json_scan *j, const char *s, size_t n, size_t *used);

/* A value's own bytes, or n 0 for none. */
struct json_span {
	const char *s;
	size_t n;
};

/* The value of a whole text without the white space around it; -1 when it is not one object or array. */
int json_whole(const char *s, size_t n, struct json_span *out);
/* Walks an object or array: *at is 0 before the first. 1 and the next *value with its *key (without quotes, escapes
 * as they are; n 0 in an array; may be NULL); 0 at the end; -1 when it is neither, or broken. */
int json_next(struct json_span doc, size_t *at, struct json_span *key, struct json_span *value);
/* The value at a path of keys and of numbers of elements, "error.desc", "disks.0.file". Of a doubled key the first.
 * 0; -1 when it is not there, *out then has n 0. */
int json_find(struct json_span doc, const char *path, struct json_span *out);
/* Appends a string's text; half a surrogate pair becomes U+FFFD. 0; -1 when the value is no string. */
int json_text(struct json_span value, struct buf *out);
/* 0 and *out; -1 when it is no whole number of 64 bits. */
int json_number(struct json_span value, long long *out);
/* 1 when it is `true`. */
int json_true(struct json_span value);
/* Appends n bytes as a JSON string with its quotes; each byte that is not UTF-8 becomes U+FFFD. */
void json_quote(struct buf *out, const char *s, size_t n);

#endif
