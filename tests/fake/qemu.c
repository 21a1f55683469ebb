/* SPDX-License-Identifier: 0BSD */
/* A QEMU that lies, hangs and floods: it takes the listeners that it is given, speaks QMP and HMP on them, and behaves as
 * `-fake NAME` says once it was ready, with `-fake NAME,early` from the beginning. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINES = 8, CLIENTS = 256, LINE_ROOM = 16384, HUGE = 100 << 20, TRICKLE_MS = 50 };

enum kind { NONE, QMP, HMP, RAW };

struct line {
	char id[32];
	int fd;
	enum kind kind;
};

struct client {
	int fd;		/* -1: free */
	const struct line *line;
	char in[LINE_ROOM];
	size_t n;
	size_t filler;	/* so many bytes of a reply are still to come */
	const char *tail; /* and behind them */
	int trickle;	/* a blank again and again, for ever */
};

struct behaviour {
	const char *name;
	void (*once)(void);				/* when it begins */
	void (*greet)(struct client *c);		/* NULL: as QEMU does */
	void (*answer)(struct client *c, const char *command, const char *id); /* NULL: as QEMU does */
	int floods;
};

static struct line lines[LINES];
static struct client clients[CLIENTS];
static const struct behaviour *behaviour;
static int bad;		/* it has begun */
static int paused;

static void put(struct client *c, const char *bytes, size_t n)
{
	while (n) {
		ssize_t sent = send(c->fd, bytes, n, MSG_NOSIGNAL);
		if (sent < 0 && errno == EAGAIN) {
			struct pollfd p = { .fd = c->fd, .events = POLLOUT };
			if (poll(&p, 1, 1000) > 0)
				continue;
		}
		if (sent < 0)
			return;
		bytes += sent;
		n -= (size_t)sent;
	}
}

static void say(struct client *c, const char *text)
{
	put(c, text, strlen(text));
}

static void leave(struct client *c)
{
	close(c->fd);
	c->fd = -1;
}

/* ---- as QEMU does ---- */

static void greet_well(struct client *c)
{
	if (c->line->kind == QMP)
		say(c, "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 2, \"major\": 7}, \"package\": \"fake\"}, \"capabilities\": [\"oob\"]}}\r\n");
	else if (c->line->kind == HMP)
		say(c, "QEMU 7.2.0 monitor - type 'help' for more information\r\n(qemu) ");
}

static void event(const char *text)
{
	for (int i = 0; i < CLIENTS; i++)
		if (clients[i].fd >= 0 && clients[i].line->kind == QMP) {
			say(&clients[i], "{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": ");
			say(&clients[i], text);
			say(&clients[i], "}\r\n");
		}
}

static void reply(struct client *c, const char *value, const char *id)
{
	char text[512];

	if (c->line->kind == HMP) {
		say(c, "fake\r\n(qemu) ");
		return;
	}
	snprintf(text, sizeof(text), "{\"return\": %s%s%s}\r\n", value, *id ? ", \"id\": " : "", id);
	say(c, text);
}

static void do_status(struct client *c, const char *id)
{
	reply(c, paused ? "{\"status\": \"paused\", \"singlestep\": false, \"running\": false}"
			: "{\"status\": \"running\", \"singlestep\": false, \"running\": true}", id);
}

static void do_stop(struct client *c, const char *id)
{
	paused = 1;
	event("\"STOP\"");
	reply(c, "{}", id);
}

static void do_cont(struct client *c, const char *id)
{
	paused = 0;
	event("\"RESUME\"");
	reply(c, "{}", id);
}

static void do_powerdown(struct client *c, const char *id)
{
	reply(c, "{}", id);
	event("\"POWERDOWN\"");
	event("\"SHUTDOWN\", \"data\": {\"guest\": true, \"reason\": \"guest-shutdown\"}");
	exit(0);
}

static void do_quit(struct client *c, const char *id)
{
	event("\"SHUTDOWN\", \"data\": {\"guest\": false, \"reason\": \"host-qmp-quit\"}");
	reply(c, "{}", id);
	exit(0);
}

static void do_human(struct client *c, const char *id)
{
	reply(c, "\"fake\\r\\n\"", id);
}

static void answer_well(struct client *c, const char *command, const char *id)
{
	static const struct {
		const char *command;
		void (*carry_out)(struct client *c, const char *id);
	} table[] = {
		{ "query-status", do_status }, { "stop", do_stop }, { "cont", do_cont }, { "system_powerdown", do_powerdown },
		{ "quit", do_quit }, { "human-monitor-command", do_human },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (strcmp(table[i].command, command) == 0) {
			table[i].carry_out(c, id);
			return;
		}
	}
	reply(c, "{}", id);
}

/* ---- as no QEMU should ---- */

static void greet_never(struct client *c)
{
	(void)c;
}

static void greet_twice(struct client *c)
{
	greet_well(c);
	greet_well(c);
}

static void answer_never(struct client *c, const char *command, const char *id)
{
	(void)c;
	(void)command;
	(void)id;
}

static void answer_half(struct client *c, const char *command, const char *id)
{
	(void)command;
	(void)id;
	say(c, "{\"return\": {\"stat");
}

static void answer_garbage(struct client *c, const char *command, const char *id)
{
	static const char garbage[] = "]\0\377\300\200}{ \"return\": nonsense\r\n\033[2J{{{{\r\n{\"return\": {}, \"id\": 1e999}\r\n";

	(void)command;
	(void)id;
	put(c, garbage, sizeof(garbage) - 1);
}

static void answer_wrong_id(struct client *c, const char *command, const char *id)
{
	(void)command;
	(void)id;
	reply(c, "{\"status\": \"shutdown\", \"running\": false}", "4711");
	reply(c, "{}", "\"qinit\"");
	reply(c, "{}", "null");
}

static void answer_huge(struct client *c, const char *command, const char *id)
{
	static char tail[64];

	(void)command;
	say(c, "{\"return\": \"");
	c->filler = HUGE;
	snprintf(tail, sizeof(tail), "\"%s%s}\r\n", *id ? ", \"id\": " : "", id);
	c->tail = tail;
}

static void answer_trickle(struct client *c, const char *command, const char *id)
{
	(void)command;
	(void)id;
	c->trickle = 1;
}

static void answer_and_close(struct client *c, const char *command, const char *id)
{
	answer_half(c, command, id);
	leave(c);
}

/* Says yes to all, does nothing that would end it. */
static void answer_deaf(struct client *c, const char *command, const char *id)
{
	if (strcmp(command, "system_powerdown") == 0 || strcmp(command, "quit") == 0)
		reply(c, "{}", id);
	else
		answer_well(c, command, id);
}

static void stop_self(void)
{
	raise(SIGSTOP);
}

static void fork_away(void)
{
	if (fork() > 0)
		_exit(0);
}

static void fork_far(void)
{
	fork_away();
	setsid();
}

static void end_badly(void)
{
	_exit(3);
}

static void cry(void)
{
	char words[1024];

	memset(words, 'x', sizeof(words));
	words[sizeof(words) - 1] = '\n';
	for (int i = 0; i < 1024; i++)
		if (write(2, words, sizeof(words)) < 0)
			usleep(100);
}

static void drop_lock(void)
{
	char path[64], target[4096];

	for (int fd = 3; fd < 1024; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		ssize_t n = readlink(path, target, sizeof(target));
		if (n > 5 && memcmp(target + n - 5, "/lock", 5) == 0)
			close(fd);
	}
}

static const struct behaviour behaviours[] = {
	{ .name = "well" },
	{ .name = "greet-never", .greet = greet_never, .answer = answer_never },
	{ .name = "greet-twice", .greet = greet_twice },
	{ .name = "half", .answer = answer_half },
	{ .name = "garbage", .answer = answer_garbage },
	{ .name = "wrong-id", .answer = answer_wrong_id },
	{ .name = "huge", .answer = answer_huge },
	{ .name = "trickle", .answer = answer_trickle },
	{ .name = "flood", .answer = answer_never, .floods = 1 },
	{ .name = "close", .answer = answer_and_close },
	{ .name = "deaf", .answer = answer_deaf },
	{ .name = "stopped", .once = stop_self },
	{ .name = "fork", .once = fork_away },
	{ .name = "daemon", .once = fork_far },
	{ .name = "exit", .once = end_badly },
	{ .name = "stderr", .once = cry },
	{ .name = "unlock", .once = drop_lock },
	{ .name = NULL },
};

static void begin(void)
{
	bad = 1;
	if (behaviour->once)
		behaviour->once();
}

/* ---- what it is given ---- */

static struct line *line_of(const char *id, size_t n)
{
	int i = 0;

	while (i < LINES - 1 && *lines[i].id && (strncmp(lines[i].id, id, n) != 0 || lines[i].id[n]))
		i++;
	if (!*lines[i].id)
		snprintf(lines[i].id, sizeof(lines[i].id), "%.*s", (int)n, id);
	return &lines[i];
}

static size_t word(const char *value, const char *key, const char **start)
{
	const char *at = strstr(value, key);

	if (!at)
		return 0;
	*start = at + strlen(key);
	return strcspn(*start, ",");
}

static void take_option(const char *name, const char *value, int *early)
{
	const char *id, *fd;
	size_t n;

	if (strcmp(name, "-chardev") == 0 && (n = word(value, "id=", &id)) && word(value, "fd=", &fd)) {
		line_of(id, n)->fd = atoi(fd);
		line_of(id, n)->kind = RAW;
	} else if (strcmp(name, "-mon") == 0 && (n = word(value, "chardev=", &id))) {
		line_of(id, n)->kind = strstr(value, "mode=control") ? QMP : HMP;
	} else if (strcmp(name, "-fake") == 0) {
		n = strcspn(value, ",");
		*early = value[n] == ',';
		for (behaviour = behaviours; behaviour->name; behaviour++)
			if (strncmp(behaviour->name, value, n) == 0 && !behaviour->name[n])
				break;
	}
}

/* ---- its life ---- */

static void accept_one(const struct line *l)
{
	int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), i = 0;

	while (i < CLIENTS && clients[i].fd >= 0)
		i++;
	if (fd < 0 || i == CLIENTS) {
		close(fd);
		return;
	}
	clients[i].fd = fd;
	clients[i].line = l;
	clients[i].n = clients[i].filler = 0;
	clients[i].trickle = 0;
	(bad && behaviour->greet ? behaviour->greet : greet_well)(&clients[i]);
}

/* The value behind a key, up to the , or } that ends it. */
static void field(const char *text, const char *key, char *to, size_t room)
{
	const char *at = strstr(text, key);

	*to = '\0';
	if (!at)
		return;
	at += strlen(key);
	while (*at == ' ' || *at == ':' || *at == '"')
		at++;
	snprintf(to, room, "%.*s", (int)strcspn(at, ",}\" "), at);
}

static void take_line(struct client *c, char *text)
{
	char command[64], id[32] = "";
	int first = !bad && strcmp(c->line->id, "keeper") == 0;

	if (c->line->kind == QMP) {
		field(text, "\"execute\"", command, sizeof(command));
		field(text, "\"id\"", id, sizeof(id));
	} else {
		say(c, text);
		say(c, "\r\n");
		snprintf(command, sizeof(command), "%.*s", (int)strcspn(text, " "), text);
	}
	(bad && behaviour->answer ? behaviour->answer : answer_well)(c, command, id);
	if (first && strcmp(command, "query-status") == 0)
		begin(); /* now it is ready */
}

static void take(struct client *c)
{
	ssize_t got = read(c->fd, c->in + c->n, sizeof(c->in) - c->n - 1);
	size_t n;

	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		leave(c);
		return;
	}
	c->n += (size_t)got;
	c->in[c->n] = '\0';
	if (c->line->kind == RAW) {
		put(c, c->in, c->n);
		c->n = 0;
	}
	while (c->fd >= 0 && (n = strcspn(c->in, "\r\n")) < c->n) {
		c->in[n] = '\0';
		if (n)
			take_line(c, c->in);
		memmove(c->in, c->in + n + 1, c->n - n);
		c->n -= n + 1;
	}
	if (c->n == sizeof(c->in) - 1)
		c->n = 0;
}

static void fill(struct client *c)
{
	static const char flood[] = "{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"RTC_CHANGE\", \"data\": {\"offset\": 0}}\r\n";
	static char many[64 * (sizeof(flood) - 1)], filler[65536];

	if (bad && behaviour->floods && c->line->kind != RAW) {
		for (size_t i = 0; !many[sizeof(many) - 1] && i < 64; i++)
			memcpy(many + i * (sizeof(flood) - 1), flood, sizeof(flood) - 1);
		put(c, many, sizeof(many));
	} else if (c->filler) {
		memset(filler, 'a', sizeof(filler));
		ssize_t n = send(c->fd, filler, c->filler < sizeof(filler) ? c->filler : sizeof(filler), MSG_NOSIGNAL);
		if (n > 0 && (c->filler -= (size_t)n) == 0)
			say(c, c->tail);
		if (n < 0 && errno != EAGAIN)
			leave(c);
	} else if (c->trickle) {
		say(c, " ");
	}
}

static void turn(void)
{
	struct pollfd fds[LINES + CLIENTS];
	int trickles = 0;

	for (int i = 0; i < LINES; i++)
		fds[i] = (struct pollfd){ .fd = lines[i].kind == NONE ? -1 : lines[i].fd, .events = POLLIN };
	for (int i = 0; i < CLIENTS; i++) {
		struct client *c = &clients[i];
		int full = c->fd >= 0 && (c->filler || (bad && behaviour->floods && c->line->kind != RAW));
		fds[LINES + i] = (struct pollfd){ .fd = c->fd, .events = (short)(full ? POLLIN | POLLOUT : POLLIN) };
		trickles |= c->fd >= 0 && c->trickle;
	}
	poll(fds, LINES + CLIENTS, trickles ? TRICKLE_MS : -1);
	for (int i = 0; i < LINES; i++)
		if (fds[i].revents)
			accept_one(&lines[i]);
	for (int i = 0; i < CLIENTS; i++) {
		struct client *c = &clients[i];
		if (c->fd >= 0 && c->fd == fds[LINES + i].fd && (fds[LINES + i].revents & ~POLLOUT))
			take(c);
		if (c->fd >= 0 && ((fds[LINES + i].revents & POLLOUT) || c->trickle))
			fill(c);
	}
}

int main(int argc, char **argv)
{
	int early = 0;

	if (!behaviour)
		behaviour = behaviours;
	for (int i = 0; i < CLIENTS; i++)
		clients[i].fd = -1;
	for (int i = 1; i + 1 < argc; i++)
		take_option(argv[i], argv[i + 1], &early);
	if (!behaviour->name)
		return 2;
	for (int i = 0; i < LINES; i++)
		if (lines[i].kind != NONE)
			fcntl(lines[i].fd, F_SETFL, O_NONBLOCK);
	signal(SIGTERM, SIG_IGN);
	if (early)
		begin();
	for (;;)
		turn();
}
