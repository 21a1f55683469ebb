/* SPDX-License-Identifier: 0BSD */
/* Which machine types, processors and devices a QEMU has. */
#include "model.h"

#include "argv.h"
#include "buf.h"
#include "clock.h"
#include "fd.h"
#include "json.h"
#include "text.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWER_MAX = 1 << 20, WORDS_MAX = 512, NAME_ROOM = 128, ARGS = 12 /* of every question */, ALL = (1 << MODEL_KINDS) - 1 };

/* No command lists the devices with their other names, but HMP's, in the words of `-device help`. */
static const struct {
	const char *command, *arguments;
} questions[MODEL_KINDS] = {
	[MODEL_MACHINE] = { "query-machines", NULL },
	[MODEL_CPU] = { "query-cpu-definitions", NULL },
	[MODEL_DEVICE] = { "human-monitor-command", "{\"command-line\": \"info qdm\"}" },
};

static void add(struct models *m, enum model_kind kind, const char *name, size_t n, int old)
{
	struct model *list = buf_grow(m->kind[kind].list, m->kind[kind].n, &m->kind[kind].room, sizeof(*list));
	char *copy = list ? strndup(name, n) : NULL;

	if (list)
		m->kind[kind].list = list;
	if (copy)
		list[m->kind[kind].n++] = (struct model){ copy, old };
	else
		m->bad = 1;
}

/* The value of a key, if it is there. */
static void add_value(struct models *m, enum model_kind kind, struct json_span from, const char *key, int old)
{
	struct json_span value;
	struct buf name = { 0 };

	if (json_find(from, key, &value) == 0 && json_text(value, &name) == 0)
		add(m, kind, buf_text(&name), name.n, old);
	m->bad |= name.bad;
	buf_free(&name);
}

static void read_list(struct models *m, enum model_kind kind, struct json_span list)
{
	struct json_span one, deprecated;
	size_t at = 0;

	while (json_next(list, &at, NULL, &one) > 0) {
		int old = json_find(one, "deprecated", &deprecated) == 0 && json_true(deprecated);
		add_value(m, kind, one, "name", old);
		add_value(m, kind, one, "alias", old);
	}
}

/* name "e1000", bus PCI, alias "e1000-82540em", desc "Intel Gigabit Ethernet"; what ends in `, no-user` is no device of ours */
static void read_device(struct models *m, const char *line, size_t n)
{
	static const char *const marks[] = { "name \"", "alias \"" };
	static const char none[] = ", no-user";

	if (n >= sizeof(none) - 1 && memcmp(line + n - (sizeof(none) - 1), none, sizeof(none) - 1) == 0)
		return;
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		const char *name = text_find(line, n, marks[i], strlen(marks[i]));
		const char *end = NULL;
		if (name) {
			name += strlen(marks[i]);
			end = memchr(name, '"', (size_t)(line + n - name));
		}
		if (end)
			add(m, MODEL_DEVICE, name, (size_t)(end - name), 0);
	}
}

static void read_devices(struct models *m, struct json_span text)
{
	struct buf lines = { 0 };
	size_t left, n;

	if (json_text(text, &lines) == 0) {
		const char *rest = buf_text(&lines), *line;
		for (left = lines.n; (line = text_line(&rest, &left, &n));)
			read_device(m, line, n);
	}
	m->bad |= lines.bad;
	buf_free(&lines);
}

int model_take(struct models *m, const struct qmp_message *answer)
{
	if ((answer->kind != QMP_RETURN && answer->kind != QMP_ERROR) || answer->id < 0 || answer->id >= MODEL_KINDS)
		return m->answers == ALL;
	enum model_kind kind = (enum model_kind)answer->id;
	if (answer->kind == QMP_RETURN && !m->kind[kind].known) {
		if (kind == MODEL_DEVICE)
			read_devices(m, answer->body);
		else
			read_list(m, kind, answer->body);
		m->kind[kind].known = m->kind[kind].n > 0;
	}
	m->answers |= 1U << kind;
	return m->answers == ALL;
}

static void put_questions(struct buf *out)
{
	qmp_command(out, -1, "qmp_capabilities", NULL);
	for (int i = 0; i < MODEL_KINDS; i++)
		qmp_command(out, i, questions[i].command, questions[i].arguments);
}

/* 1: all is answered; 0: the line ended, or what came is no QMP; -1: the deadline. */
static int hear(struct models *m, int line, int64_t deadline)
{
	char bytes[4096];
	struct qmp_message answer = { 0 };
	struct qmp q;
	ssize_t n = 0;
	int over = 0, ready = 1;

	qmp_init(&q, ANSWER_MAX);
	while (!over && (ready = fd_wait(line, POLLIN, deadline)) > 0 && (n = fd_read(line, bytes, sizeof(bytes))) > 0) {
		if (qmp_feed(&q, bytes, (size_t)n) < 0)
			break;
		while (!over && qmp_next(&q, &answer) != QMP_NONE && answer.kind != QMP_BAD)
			over = model_take(m, &answer);
		if (answer.kind == QMP_BAD)
			break;
	}
	qmp_free(&q);
	return over ? 1 : ready == 0 ? -1 : 0;
}

/* What it said before it ended. */
static void last_words(int output, const char *program, struct err *e)
{
	char bytes[WORDS_MAX];
	ssize_t n = fd_read(output, bytes, sizeof(bytes));
	struct buf words = { 0 };

	text_clean(&words, bytes, n > 0 ? (size_t)n : 0);
	err_set(e, "%s: %s", program, words.n ? buf_text(&words) : "it ended without a word, and without an answer");
	buf_free(&words);
}

/* Pairs of descriptors, QEMU's the second. */
struct lines {
	int qmp[2], output[2];
};

static int ask(struct models *m, char *const *argv, const struct spawn_as *as, int64_t deadline, struct lines *l, struct err *e)
{
	struct buf text = { 0 };
	pid_t pid = spawn_asked(argv, l->qmp[1], l->output[1], as, e);

	fd_close(&l->qmp[1]);
	fd_close(&l->output[1]);
	if (pid < 0)
		return -1;
	put_questions(&text);
	(void)!send(l->qmp[0], buf_text(&text), text.n, MSG_NOSIGNAL); /* few, in an empty line; who is gone answers nothing */
	buf_free(&text);
	int heard = hear(m, l->qmp[0], deadline);
	int status = 0;
	kill(pid, SIGKILL); /* it holds nothing that could be lost */
	waitpid(pid, &status, 0);
	if (m->bad)
		return err_set(e, "out of memory");
	if (heard < 0)
		return err_code(e, TIMED_OUT, "%s: it did not answer in time", argv[0]);
	if (heard)
		return 0;
	last_words(l->output[0], argv[0], e);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SPAWN_NOT_EXECUTED)
		e->code = NO_RIGHT;
	return -1;
}

int model_ask(struct models *m, const struct model_from *from, int64_t deadline, struct err *e)
{
	static char *const none[] = { "-machine", "none", NULL };
	char *const *words = from->words ? from->words : none;
	const char *argv[ARGS + MODEL_WORDS + 1] = {
		from->program, "-nodefaults", "-no-user-config", "-display", "none", "-S", "-chardev", "socket,id=line,fd=3", "-mon",
		"chardev=line,mode=control", "-sandbox", argv_sandbox,
	};
	size_t n = from->sandbox ? ARGS : ARGS - 2;
	struct lines l = { { -1, -1 }, { -1, -1 } };
	int bad;

	*m = (struct models){ 0 };
	while (n < ARGS + MODEL_WORDS && (argv[n] = *words++))
		n++;
	/* what nobody reads must not stop it */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, l.qmp) < 0 || pipe2(l.output, O_CLOEXEC | O_NONBLOCK) < 0)
		bad = err_sys(e, "a line to QEMU");
	else
		bad = ask(m, (char *const *)argv, &from->as, deadline, &l, e);
	for (int i = 0; i < 2; i++) {
		fd_close(&l.qmp[i]);
		fd_close(&l.output[i]);
	}
	return bad;
}

void model_free(struct models *m)
{
	for (int kind = 0; kind < MODEL_KINDS; kind++) {
		for (size_t i = 0; i < m->kind[kind].n; i++)
			free(m->kind[kind].list[i].name);
		free(m->kind[kind].list);
	}
	*m = (struct models){ 0 };
}

const struct model *model_find(const struct models *m, enum model_kind kind, const char *name, size_t n)
{
	for (size_t i = 0; i < m->kind[kind].n; i++) {
		const struct model *is = &m->kind[kind].list[i];
		/* some architectures' processors are called in any case */
		if (strlen(is->name) == n && (kind == MODEL_CPU ? strncasecmp(is->name, name, n) : memcmp(is->name, name, n)) == 0)
			return is;
	}
	return NULL;
}

/* The latest of pc-q35-*, for pc-q35-9.2. */
static const char *latest(const struct models *m, enum model_kind kind, const char *name)
{
	const char *dash = strrchr(name, '-'), *last = NULL;
	size_t n = dash ? (size_t)(dash - name) + 1 : 0;

	if (!n || dash[1] < '0' || dash[1] > '9')
		return NULL;
	for (size_t i = 0; i < m->kind[kind].n; i++) {
		const struct model *is = &m->kind[kind].list[i];
		if (!is->old && strncmp(is->name, name, n) == 0 && (!last || strverscmp(is->name, last) > 0))
			last = is->name;
	}
	return last;
}

const char *model_near(const struct models *m, enum model_kind kind, const char *name)
{
	const char *near = kind == MODEL_MACHINE ? latest(m, kind, name) : NULL;
	const char **names = near ? NULL : malloc((m->kind[kind].n + 1) * sizeof(*names));
	size_t n = 0;

	for (size_t i = 0; names && i < m->kind[kind].n; i++)
		if (!m->kind[kind].list[i].old && strcmp(m->kind[kind].list[i].name, "none") != 0) /* no machine for a slip of the pen */
			names[n++] = m->kind[kind].list[i].name;
	if (names)
		near = text_near(name, names, n);
	free(names);
	return near;
}

/* Options whose value begins with a name that QEMU knows, or does not. */
static const struct named {
	const char *option;
	enum model_kind kind;
} options[] = {
	{ "-machine", MODEL_MACHINE }, { "-M", MODEL_MACHINE }, { "-cpu", MODEL_CPU }, { "-device", MODEL_DEVICE },
};

static enum model_is judge(const struct models *m, const struct named *n, const char *name, int kvm, struct err *e)
{
	enum model_kind kind = n->kind;
	const struct model *is = model_find(m, kind, name, strlen(name));
	const char *why = is ? "deprecated, a later QEMU will not have it" : "not known to this QEMU", *instead;

	if (is && kind == MODEL_CPU && !kvm && strcmp(name, "host") == 0) {
		err_set(e, "host: only with KVM, take max");
		return MODEL_NONE;
	}
	if (is ? !is->old : kind == MODEL_CPU && text_ends(name, "-cpu")) /* its inner name, which later QEMUs take, too */
		return MODEL_GOOD;
	if ((instead = model_near(m, kind, name)))
		err_set(e, "%s: %s, take %s", name, why, instead);
	else
		err_set(e, "%s: %s, take one of `%s help`", name, why, n->option);
	return is ? MODEL_OLD : MODEL_NONE;
}

enum model_is model_judge(const struct models *m, const char *option, const char *value, int kvm, struct err *e)
{
	char name[NAME_ROOM];
	size_t n = strcspn(value, ",");

	/* options alone and JSON are QEMU's own matter */
	if (n >= sizeof(name) || memchr(value, '=', n) || *value == '{')
		return MODEL_GOOD;
	memcpy(name, value, n);
	name[n] = '\0';
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (strcmp(options[i].option, option) == 0 && m->kind[options[i].kind].known)
			return judge(m, &options[i], name, kvm, e);
	return MODEL_GOOD;
}
