/* SPDX-License-Identifier: 0BSD */
/* The QMP protocol without its descriptor: bytes in, messages out, command lines made. */
#ifndef QMP_H
#define QMP_H

#include "buf.h"
#include "json.h"

enum qmp_kind { QMP_NONE, QMP_GREETING, QMP_RETURN, QMP_ERROR, QMP_EVENT, QMP_BAD };

struct qmp_message {
	enum qmp_kind kind;
	struct json_span whole;
	struct json_span body;	/* the value of QMP, return or error, the event's data (n 0 when it has none) */
	long long id;		/* -1: none, or no number */
	char name[64];		/* the event's name or the error's class; "" when it is longer than any that is known */
};

struct qmp {
	struct buf in;
	size_t taken;	/* bytes of `in` that were handed out */
	size_t seen;	/* bytes of `in` that the scan has read */
	size_t max;
	int bad;
	struct json_scan scan;
};

/* max: the largest message. */
void qmp_init(struct qmp *q, size_t max);
void qmp_free(struct qmp *q);
/* Takes n bytes. 0; -1 when more than max wait or memory ran out: qmp_next says QMP_BAD from then on. */
int qmp_feed(struct qmp *q, const void *bytes, size_t n);
/* The next message. QMP_NONE: more bytes are wanted (an empty buffer is given back then); QMP_BAD: what came is no
 * QMP, for good. The spans are valid until the next qmp_feed or qmp_next. */
enum qmp_kind qmp_next(struct qmp *q, struct qmp_message *m);

/* Appends one command as a line. id < 0: none; arguments: a JSON object or NULL. */
void qmp_command(struct buf *out, long long id, const char *command, const char *arguments);
/* Appends human-monitor-command with one HMP line. */
void qmp_hmp(struct buf *out, long long id, const char *line);
/* 1 when an HMP reply is the text of a failure: QEMU reports a wrong HMP command as text of a good reply. */
int qmp_hmp_failed(const char *reply);
/* From an answer to query-status: 1 the guest runs, *reason ""; 0 it does not, *reason is why in our words (user,
 * panicked) or QEMU's (io-error, watchdog, ...; QAPI RunState); -1 it is no such answer. */
int qmp_run_state(const struct qmp_message *m, char *reason, size_t room);

#endif
