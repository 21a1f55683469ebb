/* SPDX-License-Identifier: 0BSD */
/* The QMP protocol without its descriptor: bytes in, messages out, command lines made. */
#include "qmp.h"

#include "text.h"

#include <string.h>

void qmp_init(struct qmp *q, size_t max)
{
	*q = (struct qmp){ .max = max };
}

void qmp_free(struct qmp *q)
{
	buf_free(&q->in);
}

static void drop_taken(struct qmp *q)
{
	if (q->taken == q->in.n)
		buf_clear(&q->in);
	else
		buf_drop(&q->in, q->taken);
	q->seen -= q->taken;
	q->taken = 0;
}

static int spoil(struct qmp *q)
{
	q->bad = 1;
	buf_free(&q->in);
	q->taken = q->seen = 0;
	return -1;
}

int qmp_feed(struct qmp *q, const void *bytes, size_t n)
{
	if (q->bad)
		return -1;
	drop_taken(q);
	if (n > q->max || q->in.n > q->max - n)
		return spoil(q);
	buf_add(&q->in, bytes, n);
	return q->in.bad ? spoil(q) : 0;
}

/* A string's text that is plain and fits, else "". */
static void read_name(struct json_span value, char *to, size_t room)
{
	if (value.n < 2 || value.s[0] != '"' || value.n - 2 >= room || memchr(value.s, '\\', value.n))
		return;
	memcpy(to, value.s + 1, value.n - 2);
	to[value.n - 2] = '\0';
}

static int is_key(struct json_span key, const char *word)
{
	return key.n == strlen(word) && memcmp(key.s, word, key.n) == 0;
}

static void read_member(struct qmp_message *m, struct json_span key, struct json_span value, struct json_span *data)
{
	static const struct { const char *key; enum qmp_kind kind; } kinds[] = {
		{ "return", QMP_RETURN }, { "event", QMP_EVENT }, { "error", QMP_ERROR }, { "QMP", QMP_GREETING },
	};

	if (is_key(key, "id") && json_number(value, &m->id) < 0)
		m->id = -1;
	if (is_key(key, "data"))
		*data = value;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (m->kind == QMP_NONE && is_key(key, kinds[i].key)) {
			m->kind = kinds[i].kind;
			m->body = value;
		}
	}
}

static enum qmp_kind read_message(struct qmp_message *m)
{
	struct json_span key, value, data = { NULL, 0 };
	size_t at = 0;
	int more;

	while ((more = json_next(m->whole, &at, &key, &value)) == 1)
		read_member(m, key, value, &data);
	if (more < 0 || m->kind == QMP_NONE)
		return QMP_BAD;
	if (m->kind == QMP_ERROR && json_find(m->body, "class", &value) == 0)
		read_name(value, m->name, sizeof(m->name));
	if (m->kind == QMP_EVENT) {
		read_name(m->body, m->name, sizeof(m->name));
		m->body = data;
	}
	return m->kind;
}

enum qmp_kind qmp_next(struct qmp *q, struct qmp_message *m)
{
	size_t used;
	size_t from = q->seen;

	*m = (struct qmp_message){ .kind = QMP_BAD, .id = -1 };
	if (q->bad)
		return QMP_BAD;
	int whole = json_feed(&q->scan, buf_text(&q->in) + from, q->in.n - from, &used);
	q->seen += used;
	m->kind = QMP_NONE;
	if (whole == 0) {
		if (q->scan.depth == 0) {
			buf_free(&q->in);
			q->taken = q->seen = 0;
		}
		return QMP_NONE;
	}
	if (whole == 1) {
		m->whole = (struct json_span){ q->in.s + q->taken, q->seen - q->taken };
		while (m->whole.s[0] != '{' && m->whole.s[0] != '[')
			m->whole.s++, m->whole.n--;
		q->taken = q->seen;
		if (read_message(m) != QMP_BAD)
			return m->kind;
	}
	spoil(q);
	*m = (struct qmp_message){ .kind = QMP_BAD, .id = -1 };
	return QMP_BAD;
}

void qmp_command(struct buf *out, long long id, const char *command, const char *arguments)
{
	buf_str(out, "{\"execute\":");
	json_quote(out, command, strlen(command));
	if (id >= 0)
		buf_fmt(out, ",\"id\":%lld", id);
	if (arguments) {
		buf_str(out, ",\"arguments\":");
		buf_str(out, arguments);
	}
	buf_str(out, "}\n");
}

void qmp_hmp(struct buf *out, long long id, const char *line)
{
	struct buf arguments = { 0 };

	buf_str(&arguments, "{\"command-line\":");
	json_quote(&arguments, line, strlen(line));
	buf_char(&arguments, '}');
	qmp_command(out, id, "human-monitor-command", buf_text(&arguments));
	out->bad |= arguments.bad;
	buf_free(&arguments);
}

static int begins_with_one(const char *line, const char *const *words)
{
	for (; *words; words++)
		if (text_begins(line, *words))
			return 1;
	return 0;
}

int qmp_hmp_failed(const char *reply)
{
	/* how QEMU's monitor speaks of a command that it did not carry out: anywhere, and at the beginning alone */
	static const char *const lines[] = { "Error: ", "Try \"help ", NULL };
	static const char *const first[] = {
		"unknown command: '", "unknown event ", "invalid ", "Error ", "Device '", "Command '", NULL,
	};

	if (begins_with_one(reply, first))
		return 1;
	for (; reply; reply = strchr(reply, '\n')) {
		reply += *reply == '\n';
		if (begins_with_one(reply, lines))
			return 1;
	}
	return 0;
}

int qmp_run_state(const struct qmp_message *m, char *reason, size_t room)
{
	static const struct { const char *state, *word; } ours[] = {
		{ "running", "" }, { "paused", "user" }, { "guest-panicked", "panicked" },
	};
	struct json_span value;
	struct buf text = { 0 };
	const char *word = NULL;

	if (m->kind == QMP_RETURN && json_find(m->body, "status", &value) == 0 && json_text(value, &text) == 0)
		word = buf_text(&text);
	for (size_t i = 0; word && i < sizeof(ours) / sizeof(*ours); i++)
		if (strcmp(word, ours[i].state) == 0)
			word = ours[i].word;
	int known = word && *buf_text(&text) && text_copy(reason, room, word) == 0;
	buf_free(&text);
	return known ? !*reason : -1;
}
