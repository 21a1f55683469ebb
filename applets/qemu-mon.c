/* SPDX-License-Identifier: 0BSD */
/* qemu-mon: a terminal on a VM's monitor; of piped input each line is a command. */
#include "clock.h"
#include "fd.h"
#include "mon.h"
#include "reach.h"
#include "say.h"
#include "tty.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { LIMIT_MS = 10000, LINE_MAX_BYTES = 1 << 20 };

struct session {
	const struct call *c;
	const char *name;
	struct mon mon;
	int64_t limit;		/* of one reply, ms */
	unsigned char escape;
	int typed;		/* a person types: prompt, events */
	int prompt;		/* it stands there */
	int code;		/* of the first command that failed */
};

/* For the handler alone: the terminal must be put back whatever ends us. */
static struct tty terminal;

static void leave_by(int number)
{
	tty_restore(&terminal);
	signal(number, SIG_DFL);
	raise(number);
}

static void catch_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction act = { .sa_handler = leave_by };
	struct sigaction old;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(numbers[i], &act, NULL);
}

static void failed(struct session *s, const struct err *e)
{
	say(s->c, s->name, e->text);
	if (s->code == DONE)
		s->code = e->code;
}

static void show(const char *bytes, size_t n, int line_end)
{
	fwrite(bytes, 1, n, stdout);
	if (line_end && n)
		putchar('\n');
	fflush(stdout);
}

static void show_prompt(struct session *s)
{
	s->prompt = s->typed && !s->mon.lost;
	show("(qmp) ", s->prompt ? 6 : 0, 0);
}

static void show_event(void *owner, const struct qmp_message *m)
{
	struct session *s = owner;

	if (!s->typed)
		return;
	show("\n", (size_t)s->prompt, 0);
	show(m->whole.s, m->whole.n, 1);
	if (s->prompt)
		show_prompt(s);
}

static void show_caller(void *owner, uint16_t port)
{
	struct session *s = owner;

	say_caller((void *)s->c, port);
}

static void command(struct session *s, char *line, size_t n)
{
	struct buf reply = { 0 };
	struct err e;
	int qmp, bad;

	while (n && (line[n - 1] == '\r' || line[n - 1] == ' '))
		n--;
	line[n] = '\0';
	if (!n)
		return;
	s->prompt = 0;
	qmp = line[strspn(line, " \t")] == '{';
	if (memchr(line, '\0', n))
		bad = err_set(&e, "the line has a NUL byte");
	else if (qmp)
		bad = mon_qmp(&s->mon, line + strspn(line, " \t"), NULL, &reply, clock_in(s->limit), &e);
	else
		bad = mon_hmp(&s->mon, line, &reply, clock_in(s->limit), &e);
	if (bad < 0)
		failed(s, &e);
	else
		show(buf_text(&reply), reply.n, qmp);
	buf_free(&reply);
}

/* Carries out the whole lines in `in`. 1: the escape key. */
static int commands(struct session *s, struct buf *in)
{
	size_t at = 0;
	int over = 0;

	while (!over && at < in->n && !s->mon.lost) {
		char *line = in->s + at;
		char *end = memchr(line, '\n', in->n - at);
		over = s->typed && memchr(line, s->escape, end ? (size_t)(end - line) : in->n - at);
		if (!end || over)
			break;
		at += (size_t)(end - line) + 1;
		command(s, line, (size_t)(end - line));
	}
	buf_drop(in, at);
	return over;
}

/* Waits for input, and for the monitor's own news meanwhile. 1: there is input; 0: none yet; -1: the monitor is gone. */
static int wait_input(struct session *s)
{
	struct pollfd fds[] = { { .fd = 0, .events = POLLIN }, { .fd = s->mon.fd, .events = POLLIN } };
	struct err e;

	if (s->mon.lost)
		return -1;
	if (poll(fds, 2, -1) < 0)
		return 0;
	if (fds[1].revents && mon_idle(&s->mon, &e) < 0)
		return -1;
	return fds[0].revents != 0;
}

/* Reads on to the line end of a line that is too long. 1: found, 0: the input is over. */
static int skip_line(struct buf *in)
{
	char *end;

	for (;;) {
		buf_clear(in);
		char *to = buf_room(in, 65536);
		ssize_t n = to ? fd_read(0, to, 65536) : 0;
		if (n <= 0)
			return 0;
		in->n = (size_t)n;
		end = memchr(in->s, '\n', in->n);
		if (!end)
			continue;
		buf_drop(in, (size_t)(end - in->s) + 1);
		return 1;
	}
}

/* Reads what is there. 1; 0: the input is over. */
static int read_more(struct session *s, struct buf *in)
{
	char bytes[4096];
	struct err e;

	if (in->n > LINE_MAX_BYTES) {
		err_set(&e, "a line of more than %d bytes", LINE_MAX_BYTES);
		failed(s, &e);
		return skip_line(in);
	}
	ssize_t n = fd_read(0, bytes, sizeof(bytes));
	if (n < 0 && errno == EAGAIN)
		return 1;
	if (n > 0)
		buf_add(in, bytes, (size_t)n);
	return n > 0;
}

/* The monitor went: no wonder after `quit`, if no more is to be sent. */
static void complain(struct session *s, struct buf *in)
{
	struct err e;

	if (s->mon.leaving && fd_wait(0, POLLIN, 0) == 1)
		read_more(s, in);
	if (s->mon.leaving && in->n == strspn(buf_text(in), " \r\n"))
		return;
	err_set(&e, "the monitor closed the connection%s", in->n ? ", the rest was not sent" : "");
	failed(s, &e);
}

static void by_lines(struct session *s)
{
	struct buf in = { 0 };
	int input = 1;

	while (input > 0) {
		if (commands(s, &in))
			break;
		show_prompt(s);
		do
			input = wait_input(s);
		while (input == 0);
		if (input < 0)
			complain(s, &in);
		else
			input = read_more(s, &in);
	}
	if (input == 0 && in.n && !s->mon.lost) {
		buf_char(&in, '\n');
		commands(s, &in);
	}
	buf_free(&in);
}

static void hint(const struct session *s)
{
	if (isatty(2))
		say_to(stderr, "qemu-mon: Ctrl-%c leaves\n", tolower(s->escape ^ 0x40));
}

static void by_keys(struct session *s)
{
	struct tty_join j = {
		.in = 0, .out = 1, .sock = s->mon.fd, .escape = s->escape,
		.first = buf_text(&s->mon.greeting), .n = s->mon.greeting.n,
	};
	struct err e;
	int number = 0;

	hint(s);
	fflush(stdout);
	enum tty_end end = tty_join(&j, &number, &e);
	putchar('\n');
	fflush(stdout);
	if (end == TTY_FAILED)
		failed(s, &e);
	if (end == TTY_SIGNAL)
		leave_by(number);
}

static void converse(struct session *s)
{
	s->typed = isatty(0);
	if (s->typed && s->mon.kind == MON_HMP) {
		by_keys(s);
		return;
	}
	if (s->typed) {
		hint(s);
		catch_signals();
		tty_lines(&terminal, 0, s->escape);
	}
	by_lines(s);
	tty_restore(&terminal);
	if (s->typed)
		putchar('\n');
}

static int read_escape(const struct call *c, unsigned char *escape, struct err *e)
{
	const char *word = opt_has(&c->o, 'e') ? c->o.value['e'] : "]";
	int key = toupper((unsigned char)word[0]);

	if (key < 'A' || key > '_' || word[1])
		return err_code(e, USAGE, "-e %s: not a letter or one of [ \\ ] ^ _", word);
	*escape = (unsigned char)(key ^ 0x40);
	return 0;
}

static int run(struct call *c)
{
	struct session s = { .c = c };
	struct reach r = { 0 };
	struct err e;

	s.limit = opt_time(&c->o, 't', LIMIT_MS, &e);
	if (s.limit < 0 || read_escape(c, &s.escape, &e) < 0)
		return fail(c, NULL, &e);
	if (reach_find(&r, &c->o, "hmp.sock", &e) < 0)
		return fail(c, r.name, &e);
	if (r.n) {
		err_code(&e, USAGE, "%s: a NAME beside -p or -u", r.words[0]);
		return fail(c, NULL, &e);
	}
	s.name = r.name;
	s.mon.event = show_event;
	s.mon.waits = show_caller;
	s.mon.owner = &s;
	if (mon_open(&s.mon, &r.where, clock_in(s.limit), &e) < 0)
		return fail(c, r.name, &e);
	converse(&s);
	mon_close(&s.mon);
	return s.typed && !s.mon.lost ? DONE : s.code;
}

static const struct verb verbs[] = {
	{
		.letters = "eptu",
		.operands = "NAME",
		.own = 1,
		.least = 1,
		.most = 1,
		.run = run,
	},
};

const struct applet applet_qemu_mon = {
	.name = "qemu-mon",
	.summary = "a terminal on a VM's monitor; of piped input each line is a command",
	.verbs = verbs,
	.n = sizeof(verbs) / sizeof(*verbs),
	.examples =
		"  qemu-mon web\n"
		"  echo 'info status' | qemu-mon web\n"
		"  qemu-mon -p 30320\n",
};
