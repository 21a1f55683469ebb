/* SPDX-License-Identifier: 0BSD */
/* A client of any monitor: QMP or text, UNIX or TCP, told by the greeting. */
#include "mon.h"

#include "clock.h"
#include "fd.h"
#include "sock.h"
#include "text.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum { AGAIN_MS = 100, MOMENT_MS = 500 };

static int out_of_memory(struct err *e)
{
	return err_set(e, "out of memory");
}

static void remember(struct mon *m, const char *s, size_t n)
{
	size_t room = sizeof(m->tail);

	if (n >= room) {
		memcpy(m->tail, s + n - room, room);
		m->tail_n = room;
		return;
	}
	if (m->tail_n + n > room) {
		size_t drop = m->tail_n + n - room;
		memmove(m->tail, m->tail + drop, m->tail_n - drop);
		m->tail_n -= drop;
	}
	memcpy(m->tail + m->tail_n, s, n);
	m->tail_n += n;
}

/* What a keeper said before it closed the door: behind "qinit: denied: " or "qinit: busy: "; NULL: nothing. */
static const char *farewell(const struct mon *m, const char *word, size_t *n)
{
	size_t len = strlen(word);
	const char *s = text_find(m->tail, m->tail_n, word, len);

	if (!s)
		return NULL;
	s += len;
	const char *end = memchr(s, '\n', m->tail_n - (size_t)(s - m->tail));
	*n = (size_t)((end ? end : m->tail + m->tail_n) - s);
	return s;
}

static int gone(struct mon *m, const char *before, struct err *e)
{
	struct buf why = { 0 };
	size_t n;
	const char *s = farewell(m, "qinit: denied: ", &n);

	m->lost = 1;
	if (!s)
		return err_set(e, "the connection was closed before the %s", before);
	text_clean(&why, s, n);
	err_code(e, NO_RIGHT, "denied: %s", buf_text(&why));
	buf_free(&why);
	return -1;
}

/* Reads up to room bytes once something is there. Their number, 0: the other end is gone, -1 and err. */
static ssize_t receive(struct mon *m, char *to, size_t room, int64_t deadline, struct err *e)
{
	for (;;) {
		int ready = fd_wait(m->fd, POLLIN, deadline);
		if (ready == 0)
			return err_code(e, TIMED_OUT, "no answer within the time limit");
		if (ready < 0)
			return err_sys(e, "poll");
		ssize_t n = fd_read(m->fd, to, room);
		if (n > 0)
			remember(m, to, (size_t)n);
		if (n >= 0)
			return n;
		if (errno == ECONNRESET || errno == EPIPE)
			return 0;
		if (errno != EAGAIN)
			return err_sys(e, "read");
	}
}

/* A connection that closed while we write may still hold an answer: that is no error yet. */
static int send_all(struct mon *m, const struct buf *b, int64_t deadline, struct err *e)
{
	size_t at = 0;

	if (b->bad)
		return out_of_memory(e);
	while (at < b->n) {
		ssize_t n = send(m->fd, b->s + at, b->n - at, MSG_NOSIGNAL);
		if (n > 0)
			at += (size_t)n;
		else if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			return 0;
		else if (n < 0 && errno != EAGAIN && errno != EINTR)
			return err_sys(e, "write");
		else if (n < 0 && fd_wait(m->fd, POLLOUT, deadline) == 0)
			return err_code(e, TIMED_OUT, "nothing is read within the time limit");
	}
	return 0;
}

static int too_much(struct mon *m, struct err *e)
{
	m->lost = 1;
	return err_set(e, "what the monitor says is broken, or larger than any answer");
}

/* QEMU's own words for an error. */
static int refused(struct json_span body, struct err *e)
{
	struct buf why = { 0 }, clean = { 0 };
	struct json_span desc;

	json_find(body, "desc", &desc);
	if (json_text(desc, &why) < 0)
		buf_str(&why, "the command failed");
	text_clean(&clean, buf_text(&why), why.n);
	err_set(e, "%s", buf_text(&clean));
	buf_free(&clean);
	buf_free(&why);
	return -1;
}

/* Reads the next message that is no event. 0, -1 and err. */
static int next_message(struct mon *m, struct qmp_message *got, const char *before, int64_t deadline, struct err *e)
{
	char bytes[16384];

	for (;;) {
		enum qmp_kind kind = qmp_next(&m->qmp, got);
		if (kind == QMP_BAD)
			return too_much(m, e);
		if (kind == QMP_EVENT && m->event)
			m->event(m->owner, got);
		if (m->due && (kind == QMP_RETURN || kind == QMP_ERROR))
			m->due--;
		if (kind != QMP_NONE && kind != QMP_EVENT)
			return 0;
		if (kind == QMP_EVENT)
			continue;
		ssize_t n = receive(m, bytes, sizeof(bytes), deadline, e);
		if (n < 0)
			return -1;
		if (n == 0)
			return gone(m, before, e);
		if (qmp_feed(&m->qmp, bytes, (size_t)n) < 0)
			return too_much(m, e);
	}
}

/* The reply to the last command. They come in the order of the commands: earlier ones came too late for theirs. */
static int await_reply(struct mon *m, struct qmp_message *got, int64_t deadline, struct err *e)
{
	do {
		if (next_message(m, got, "reply", deadline, e) < 0)
			return -1;
	} while (m->due);
	return got->kind == QMP_ERROR ? refused(got->body, e) : 0;
}

static int ended_well(const struct mon *m, const struct err *e)
{
	return m->leaving && m->lost && e->code == FAILED;
}

/* No id: QEMU 7.2 reads QMP a byte at a time, so that each costs some microseconds. */
static int send_command(struct mon *m, const char *command, const char *arguments, int64_t deadline, struct err *e)
{
	struct buf line = { 0 };

	if (*command == '{')
		buf_str(&line, command);
	else
		qmp_command(&line, -1, command, arguments);
	m->due++;
	int bad = send_all(m, &line, deadline, e);
	buf_free(&line);
	return bad;
}

/* Sends a command and awaits its reply; 1: none, but the connection ended as it should. */
static int converse(struct mon *m, const char *command, const char *arguments, struct qmp_message *got, int64_t deadline,
		    struct err *e)
{
	if (send_command(m, command, arguments, deadline, e) < 0)
		return -1;
	if (await_reply(m, got, deadline, e) == 0)
		return 0;
	return ended_well(m, e) ? 1 : -1;
}

static int negotiate(struct mon *m, int64_t deadline, struct err *e)
{
	struct qmp_message got;

	qmp_init(&m->qmp, MON_QMP_MAX);
	if (qmp_feed(&m->qmp, buf_text(&m->greeting), m->greeting.n) < 0)
		return too_much(m, e);
	do {
		if (next_message(m, &got, "greeting", deadline, e) < 0)
			return -1;
	} while (got.kind != QMP_GREETING);
	/* its reply is passed over before that of the first command: one round trip less */
	return send_command(m, "qmp_capabilities", NULL, deadline, e);
}

/* Reads on until the prompt stands there. */
static int await_prompt(struct mon *m, const char *before, struct buf *raw, int64_t deadline, struct err *e)
{
	char bytes[16384];

	while (!hmp_ready(&m->hmp)) {
		ssize_t n = receive(m, bytes, sizeof(bytes), deadline, e);
		if (n < 0)
			return -1;
		if (n == 0)
			return gone(m, before, e);
		if (raw)
			buf_add(raw, bytes, (size_t)n);
		if (hmp_feed(&m->hmp, bytes, (size_t)n) >= 0)
			continue;
		m->lost = 1;
		return err_set(e, "the reply is larger than %d MiB", HMP_REPLY_MAX >> 20);
	}
	return 0;
}

/* What a greeting is the beginning of; MON_NONE and 0 in *known while too little is there. */
static enum mon_kind judge(const struct buf *b, int *known)
{
	static const char hmp[] = "QEMU ";
	const char *s = buf_text(b);
	size_t n = b->n;

	/* telnet's commands, line ends */
	while (n && (*s == '\r' || *s == '\n' || (*(const unsigned char *)s == 0xff && n >= 3))) {
		size_t skip = *(const unsigned char *)s == 0xff ? 3 : 1;
		s += skip;
		n -= skip;
	}
	*known = 1;
	if (n && *s == '{')
		return MON_QMP;
	if (n >= sizeof(hmp) - 1 && memcmp(s, hmp, sizeof(hmp) - 1) == 0)
		return MON_HMP;
	*known = n > 0 && memcmp(s, hmp, n < sizeof(hmp) - 1 ? n : sizeof(hmp) - 1) != 0 &&
		 *(const unsigned char *)s != 0xff;
	return MON_NONE;
}

static int stranger(struct mon *m, struct err *e)
{
	struct buf shown = { 0 };

	text_clean(&shown, buf_text(&m->greeting), m->greeting.n < 60 ? m->greeting.n : 60);
	err_set(e, "no monitor of QEMU's: it greets with `%s`", buf_text(&shown));
	buf_free(&shown);
	return -1;
}

static int read_greeting(struct mon *m, int64_t deadline, struct err *e)
{
	char bytes[4096];
	int known = 0;
	int keeper = 0;

	while (!known || keeper) {
		ssize_t n = receive(m, bytes, sizeof(bytes), deadline, e);
		if (n < 0 && e->code == TIMED_OUT)
			return err_code(e, TIMED_OUT,
				"no greeting within the time limit: perhaps another client is connected");
		if (n < 0)
			return -1;
		if (n == 0)
			return gone(m, m->greeting.n ? "end of the greeting" : "greeting", e);
		buf_add(&m->greeting, bytes, (size_t)n);
		if (m->greeting.bad)
			return out_of_memory(e);
		m->kind = judge(&m->greeting, &known);
		/* a keeper's refusal is one line and the door: read it to its end */
		size_t have = m->greeting.n < 7 ? m->greeting.n : 7;
		keeper = m->kind == MON_NONE && memcmp(m->greeting.s, "qinit: ", have) == 0 &&
			 m->greeting.n < sizeof(m->tail);
	}
	return m->kind == MON_NONE ? stranger(m, e) : 0;
}

int mon_greet(struct mon *m, int64_t deadline, struct err *e)
{
	if (read_greeting(m, deadline, e) < 0)
		return -1;
	if (m->kind == MON_QMP)
		return negotiate(m, deadline, e);
	if (hmp_feed(&m->hmp, m->greeting.s, m->greeting.n) < 0)
		return out_of_memory(e);
	return await_prompt(m, "prompt", &m->greeting, deadline, e);
}

static void waits(struct mon *m, uint16_t port)
{
	if (m->waits)
		m->waits(m->owner, port);
	m->waits = NULL;
}

static int open_once(struct mon *m, const struct mon_where *where, int64_t deadline, struct err *e)
{
	m->fd = where->path ? sock_connect_unix(where->path, deadline, e) : sock_connect_tcp(where->port, deadline, e);
	if (m->fd < 0)
		return -1;
	int64_t moment = clock_in(MOMENT_MS);
	if (where->port && fd_wait(m->fd, POLLIN, moment < deadline ? moment : deadline) == 0)
		waits(m, where->port);
	int bad = mon_greet(m, deadline, e);
	errno = 0;
	return bad;
}

int mon_open(struct mon *m, const struct mon_where *where, int64_t deadline, struct err *e)
{
	size_t n;

	for (;;) {
		*m = (struct mon){ .fd = -1, .event = m->event, .waits = m->waits, .owner = m->owner };
		if (open_once(m, where, deadline, e) == 0)
			return 0;
		int busy = m->kind == MON_NONE && farewell(m, "qinit: busy: ", &n) != NULL;
		int saved = errno;
		mon_close(m);
		errno = saved;
		if (!busy)
			return -1;
		waits(m, where->port);
		if (clock_left(deadline) <= AGAIN_MS)
			return err_code(e, TIMED_OUT, "other callers wait, no turn within the time limit");
		poll(NULL, 0, AGAIN_MS);
	}
}

void mon_close(struct mon *m)
{
	fd_close(&m->fd);
	qmp_free(&m->qmp);
	hmp_free(&m->hmp);
	buf_free(&m->greeting);
}

static int is_quit(const char *line)
{
	size_t n = strcspn(line += strspn(line, " "), " ");

	return (n == 4 && memcmp(line, "quit", 4) == 0) || (n == 1 && *line == 'q');
}

static int hmp_over_qmp(struct mon *m, const char *line, struct buf *reply, int64_t deadline, struct err *e)
{
	struct qmp_message got;
	struct buf out = { 0 };

	qmp_hmp(&out, -1, line);
	int end = out.bad ? out_of_memory(e) : converse(m, out.s, NULL, &got, deadline, e);
	buf_free(&out);
	if (end == 0 && json_text(got.body, reply) < 0) /* NOLINT: end is not 0 where got is not set */
		return err_set(e, "the reply is no text");
	return end < 0 ? -1 : 0;
}

static int hmp_direct(struct mon *m, const char *line, struct buf *reply, int64_t deadline, struct err *e)
{
	struct buf out = { 0 };
	const char *why = hmp_line_bad(line, strlen(line));

	if (why)
		return err_set(e, "the line %s", why);
	/* a reply that came too late for its command comes first */
	if (await_prompt(m, "reply", NULL, deadline, e) < 0)
		return -1;
	hmp_command(&m->hmp, line, &out);
	int bad = send_all(m, &out, deadline, e);
	buf_free(&out);
	if (bad < 0)
		return -1;
	if (await_prompt(m, "reply", NULL, deadline, e) < 0 && !ended_well(m, e))
		return -1;
	buf_add(reply, buf_text(&m->hmp.reply), m->hmp.reply.n);
	return 0;
}

int mon_hmp(struct mon *m, const char *line, struct buf *reply, int64_t deadline, struct err *e)
{
	struct buf text = { 0 };
	struct buf clean = { 0 };

	m->leaving = is_quit(line);
	int bad = m->kind == MON_QMP ? hmp_over_qmp(m, line, &text, deadline, e) : hmp_direct(m, line, &text, deadline, e);

	if (m->kind == MON_QMP)
		hmp_line_ends(&text);
	if (bad == 0 && (text.bad || reply->bad)) {
		bad = out_of_memory(e);
	} else if (bad == 0 && qmp_hmp_failed(buf_text(&text))) {
		text_clean(&clean, text.s, text.n);
		bad = err_set(e, "%s", buf_text(&clean));
	} else if (bad == 0) {
		buf_add(reply, buf_text(&text), text.n);
	}
	buf_free(&clean);
	buf_free(&text);
	return bad;
}

static int check_json(const char *json, const char *what, struct err *e)
{
	struct json_span doc;

	if (json_whole(json, strlen(json), &doc) == 0 && *doc.s == '{')
		return 0;
	return err_set(e, "the %s no JSON object", what);
}

/* A monitor with pretty=on spreads its JSON over lines; a string has no raw line end. */
static void add_one_line(struct buf *out, struct json_span v)
{
	for (size_t i = 0; i < v.n; i++) {
		if (v.s[i] != '\n' && v.s[i] != '\r')
			buf_char(out, v.s[i]);
		else
			while (i + 1 < v.n && v.s[i + 1] == ' ')
				i++;
	}
}

static int is_qmp_quit(const char *command)
{
	struct json_span doc, value;
	static const char quit[] = "\"quit\"";

	if (*command != '{')
		return strcmp(command, "quit") == 0;
	return json_whole(command, strlen(command), &doc) == 0 && json_find(doc, "execute", &value) == 0 &&
	       value.n == sizeof(quit) - 1 && memcmp(value.s, quit, value.n) == 0;
}

int mon_qmp(struct mon *m, const char *command, const char *arguments, struct buf *result, int64_t deadline, struct err *e)
{
	struct qmp_message got;

	if (m->kind != MON_QMP)
		return err_set(e, "a text monitor, which takes no QMP");
	if (*command == '{' && check_json(command, "command is", e) < 0)
		return -1;
	if (arguments && check_json(arguments, "arguments are", e) < 0)
		return -1;
	m->leaving = is_qmp_quit(command);
	int end = converse(m, command, arguments, &got, deadline, e);
	if (end < 0)
		return -1;
	if (end == 0)
		add_one_line(result, got.body);
	return result->bad ? out_of_memory(e) : 0;
}

/* Reads text that nobody awaits; it is dropped, or ends a reply that came too late. */
static int skim(struct mon *m, struct err *e)
{
	char bytes[4096];

	for (;;) {
		ssize_t n = receive(m, bytes, sizeof(bytes), 0, e);
		if (n == 0)
			return gone(m, "end", e);
		if (n < 0 || hmp_feed(&m->hmp, bytes, (size_t)n) < 0)
			return n < 0 ? -1 : too_much(m, e);
	}
}

int mon_idle(struct mon *m, struct err *e)
{
	struct qmp_message got;
	int bad;

	/* a deadline that has passed: what is there is read, no more */
	do
		bad = m->kind == MON_QMP ? next_message(m, &got, "end", 0, e) : skim(m, e);
	while (bad == 0);
	return e->code == TIMED_OUT ? 0 : -1;
}
