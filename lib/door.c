/* SPDX-License-Identifier: 0BSD */
/* The door: one guarded TCP port of a VM. Every call here is nonblocking, and any callback may come for nothing: none
 * trusts what poll said. */
#include "door.h"

#include "clock.h"
#include "fd.h"
#include "fmt.h"
#include "journal.h"
#include "text.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

enum { DRAIN_MAX = 65536, ROUND_MS = 100, SOURCES = 2 + DOOR_WAITING + DOOR_PARTING + 2 };

static int would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static int short_of_fds(void)
{
	return errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
}

/* Reads what is there and fits: > 0; 0: EOF; -1 with errno, EAGAIN also when there is no room. */
static ssize_t fill(struct door_way *w, int fd)
{
	if (w->from == w->to)
		w->from = w->to = 0;
	errno = EAGAIN;
	if (w->to == DOOR_ROOM)
		return -1;
	ssize_t n = recv(fd, w->bytes + w->to, DOOR_ROOM - w->to, MSG_DONTWAIT);
	if (n > 0)
		w->to += (size_t)n;
	return n;
}

/* Sends what can be sent: its number of bytes, -1 with errno when the other end is gone. */
static ssize_t flush(struct door_way *w, int fd)
{
	if (w->from == w->to)
		return 0;
	ssize_t n = send(fd, w->bytes + w->from, w->to - w->from, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return would_block() ? 0 : -1;
	w->from += (size_t)n;
	return n;
}

static int room_in(const struct door_way *w)
{
	return w->from == w->to || w->to < DOOR_ROOM;
}

/* Parting: close() on unread bytes sends a reset, which may destroy the last words before they are read. So what
 * still comes is read and thrown away for a while. */

static void parted(struct source *s)
{
	fd_close(&s->fd);
	s->at = CLOCK_NEVER;
}

static void parting_ready(struct source *s, short revents)
{
	struct door *d = s->owner;
	size_t *drained = &d->drained[s - d->parting];
	char bytes[4096];
	ssize_t n = recv(s->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	(void)revents;
	if (n < 0 && would_block())
		return;
	if (n > 0 && (*drained += (size_t)n) < DRAIN_MAX)
		return;
	parted(s);
}

/* In a crowd, who has had the longest time goes. */
static struct source *parting_place(struct door *d)
{
	struct source *oldest = &d->parting[0];

	for (struct source *s = d->parting; s < d->parting + DOOR_PARTING; s++) {
		if (s->fd < 0)
			return s;
		if (s->at < oldest->at)
			oldest = s;
	}
	parted(oldest);
	return oldest;
}

static void part(struct door *d, int fd, const char *words)
{
	size_t n = strlen(words);

	if ((n && send(fd, words, n, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)n) || shutdown(fd, SHUT_WR) < 0) {
		fd_close(&fd);
		return;
	}
	struct source *s = parting_place(d);
	s->fd = fd;
	s->at = clock_in(DOOR_PART_MS);
	d->drained[s - d->parting] = 0;
}

/* `begun`: it has got other bytes already, so that the words need a line of their own. */
static void turn_away(struct door *d, int fd, int begun, const char *what, const char *why)
{
	char words[128];

	fmt(words, sizeof(words), "%sqinit: %s: %s\n", begun ? "\n" : "", what, why);
	part(d, fd, words);
}

/* A while is over: how many of it were not told of. */
static void tell_left_out(struct porter *p)
{
	char words[64];
	unsigned int n = rate_left_out(&p->rate, clock_ms());

	fmt(words, sizeof(words), "denied: %u more callers", n);
	if (n)
		journal(p->vm, words);
}

static void tell_denied(struct door *d, const struct gate_who *who, const char *why)
{
	struct porter *p = d->porter;
	struct buf b = { 0 };

	tell_left_out(p);
	if (!rate_take(&p->rate, clock_ms())) {
		d->listen[0].at = p->rate.until;
		return;
	}
	buf_str(&b, "denied: ");
	if (who->uid != (uid_t)-1)
		buf_fmt(&b, "uid %lu: ", (unsigned long)who->uid);
	if (who->pid)
		buf_fmt(&b, "pid %ld: ", (long)who->pid);
	buf_str(&b, why);
	journal(p->vm, buf_text(&b));
	buf_free(&b);
}

/* Nobody is in afterwards. The caller's descriptor, which is left to part with. */
static int end_turn(struct door *d)
{
	int fd = d->caller.fd;

	d->caller.fd = d->line.fd = -1;
	d->caller.at = d->line.at = CLOCK_NEVER;
	fd_close(&d->line_fd);
	buf_free(&d->turn.memory);
	d->turn = (struct door_turn){ 0 };
	return fd;
}

static void leave(struct door *d)
{
	part(d, end_turn(d), "");
}

static void dismiss(struct door *d, const char *what, const char *why)
{
	int begun = d->turn.begun;

	turn_away(d, end_turn(d), begun, what, why);
}

/* A connection to the monitor, at once or not at all: -1 with errno, EAGAIN when its backlog is full. */
static int connect_now(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (text_copy(a.sun_path, sizeof(a.sun_path), path) == 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	fd_close(&fd);
	return -1;
}

static void dial(struct door *d)
{
	d->line_fd = connect_now(d->path);
	if (d->line_fd >= 0)
		return;
	if ((would_block() || short_of_fds()) && clock_left(d->turn.connect_by))
		d->line.at = clock_in(DOOR_RETRY_MS);
	else
		dismiss(d, "busy", "the monitor does not answer");
}

static void enter(struct door *d, int fd)
{
	struct door_turn *t = &d->turn;

	d->caller.fd = fd;
	d->caller.at = clock_in(DOOR_SILENT_MS);
	t->silent_at = d->caller.at;
	t->connect_by = clock_in(DOOR_ANSWER_MS);
	char *bytes = buf_room(&t->memory, 2 * DOOR_ROOM - 1);
	if (!bytes) {
		dismiss(d, "busy", "no memory");
		return;
	}
	t->there.bytes = bytes;
	t->back.bytes = bytes + DOOR_ROOM;
	dial(d);
}

/* Its place, or -1 when nobody waits. */
static int first_waiting(const struct door *d)
{
	int first = -1;

	for (int i = 0; i < DOOR_WAITING; i++)
		if (d->waiting[i].fd >= 0 && (first < 0 || d->number[i] < d->number[first]))
			first = i;
	return first;
}

/* What is awaited from here on, both ends only as far as there is room for it. */
static void arm(struct door *d)
{
	const struct door_turn *t = &d->turn;
	int both = d->line_fd >= 0 && !t->over;

	d->caller.events = (short)((both && !t->eof && room_in(&t->there) ? POLLIN : 0) |
		(t->back.from < t->back.to ? POLLOUT : 0));
	d->line.events = (short)((both && room_in(&t->back) ? POLLIN : 0) |
		(both && t->there.from < t->there.to ? POLLOUT : 0));
	/* a UNIX socket tells its hang-up even to one who asks for nothing, and would again and again */
	d->line.fd = d->line.events ? d->line_fd : -1;
}

/* Every callback ends here: whose turn is it, and what is awaited. */
static void settle(struct door *d)
{
	int next = first_waiting(d);

	if (next >= 0 && d->caller.fd >= 0 && clock_left(d->turn.silent_at) == 0)
		dismiss(d, "busy", "10 s without a byte, and another waits");
	for (; next >= 0 && d->caller.fd < 0; next = first_waiting(d)) {
		int fd = d->waiting[next].fd;
		d->waiting[next].fd = -1;
		d->who[DOOR_WAITING] = d->who[next];
		enter(d, fd);
	}
	arm(d);
}

/* From the caller: 0, or -1 when that ended the turn. */
static int hear(struct door *d)
{
	struct door_turn *t = &d->turn;

	if (t->eof || t->over)
		return 0;
	ssize_t n = fill(&t->there, d->caller.fd);
	if (n < 0 && would_block())
		return 0;
	if (n < 0) {
		leave(d);
		return -1;
	}
	t->silent_at = CLOCK_NEVER;
	t->eof = n == 0;
	const char *why = gate_words(&t->words, t->there.bytes + t->there.to - n, (size_t)n);
	if (!why)
		return 0;
	tell_denied(d, &d->who[DOOR_WAITING], why);
	dismiss(d, "denied", why);
	return -1;
}

/* To the monitor. One that closed takes nothing more: the bytes are dropped, its EOF is read next. */
static void pass_on(struct door *d)
{
	struct door_turn *t = &d->turn;

	if (flush(&t->there, d->line_fd) < 0)
		t->there.from = t->there.to;
	if (!t->eof || t->shut || t->there.from < t->there.to)
		return;
	shutdown(d->line_fd, SHUT_WR);
	t->shut = 1;
	d->line.at = clock_in(DOOR_ANSWER_MS);
}

static void relay(struct door *d)
{
	struct door_turn *t = &d->turn;

	if (hear(d) < 0)
		return;
	pass_on(d);
	ssize_t n = t->over ? 0 : fill(&t->back, d->line_fd);
	if (n > 0)
		t->begun = 1;
	if (!t->over && (n == 0 || (n < 0 && !would_block()))) {
		t->over = 1;
		if (!t->shut)
			d->line.at = clock_in(DOOR_ANSWER_MS);
	}
	if (flush(&t->back, d->caller.fd) < 0 || (t->over && t->back.from == t->back.to))
		leave(d);
}

static void caller_ready(struct source *s, short revents)
{
	struct door *d = s->owner;

	/* hung up: we have closed neither direction, so it was reset */
	if (revents & (POLLERR | POLLHUP) && !gate_alive(diag_tcp_state(s->fd)))
		leave(d);
	else if (d->line_fd >= 0)
		relay(d);
	settle(d);
}

static void caller_due(struct source *s)
{
	settle(s->owner);
}

static void line_ready(struct source *s, short revents)
{
	struct door *d = s->owner;

	(void)revents;
	relay(d);
	settle(d);
}

static void line_due(struct source *s)
{
	struct door *d = s->owner;

	if (d->line_fd < 0)
		dial(d);
	else
		leave(d);
	if (d->line_fd >= 0)
		relay(d);
	settle(d);
}

static void waiting_ready(struct source *s, short revents)
{
	(void)revents;
	if (!gate_alive(diag_tcp_state(s->fd)))
		fd_close(&s->fd);
}

static int queue(struct door *d, int fd, const struct gate_who *who)
{
	for (size_t i = 0; i < DOOR_WAITING; i++) {
		if (d->waiting[i].fd >= 0)
			continue;
		d->waiting[i].fd = fd;
		d->who[i] = *who;
		d->number[i] = d->numbers++;
		return 1;
	}
	return 0;
}

/* Judged on arrival, so that no stranger ever takes a place in the queue. */
static void come(struct door *d, int fd)
{
	struct gate_who who;
	const char *why = gate_admit(fd, &d->porter->peers, &who);

	sock_nodelay(fd);
	if (why == gate_short) {
		turn_away(d, fd, 0, "busy", why);
	} else if (why) {
		tell_denied(d, &who, why);
		turn_away(d, fd, 0, "denied", why);
	} else if (d->admitted) {
		d->admitted(d->arg, fd);
	} else if (queue(d, fd, &who)) {
		settle(d);
	} else {
		turn_away(d, fd, 0, "busy", "8 callers wait");
	}
}

static void listen_ready(struct source *s, short revents)
{
	struct door *d = s->owner;
	int64_t until = clock_in(ROUND_MS);

	(void)revents;
	for (int i = 0; i < DOOR_ACCEPTS && clock_left(until); i++) {
		int fd = sock_accept(s->fd);
		if (fd < 0 && short_of_fds()) {
			s->events = 0;
			s->at = clock_in(DOOR_REST_MS);
		}
		if (fd < 0)
			return;
		come(d, fd);
		if (!d->loop)
			return;
	}
}

static void listen_due(struct source *s)
{
	struct door *d = s->owner;

	s->events = POLLIN;
	tell_left_out(d->porter);
}

static size_t sources(struct door *d, struct source *all[SOURCES])
{
	size_t n = 0;

	for (size_t i = 0; i < 2; i++)
		all[n++] = &d->listen[i];
	for (size_t i = 0; i < DOOR_WAITING; i++)
		all[n++] = &d->waiting[i];
	for (size_t i = 0; i < DOOR_PARTING; i++)
		all[n++] = &d->parting[i];
	all[n++] = &d->caller;
	all[n++] = &d->line;
	return n;
}

static int add(struct door *d, struct source *s, void (*ready)(struct source *, short), void (*due)(struct source *))
{
	*s = (struct source){ .fd = -1, .events = POLLIN, .at = CLOCK_NEVER, .ready = ready, .due = due, .owner = d };
	return loop_add(d->loop, s);
}

/* All at once, so that later nothing can fail for want of memory. */
static int add_all(struct door *d)
{
	int bad = add(d, &d->caller, caller_ready, caller_due) | add(d, &d->line, line_ready, line_due);

	for (size_t i = 0; i < 2; i++)
		bad |= add(d, &d->listen[i], listen_ready, listen_due);
	for (size_t i = 0; i < DOOR_PARTING; i++)
		bad |= add(d, &d->parting[i], parting_ready, parted);
	for (size_t i = 0; i < DOOR_WAITING; i++) {
		bad |= add(d, &d->waiting[i], waiting_ready, parted);
		d->waiting[i].events = 0;
	}
	return bad;
}

int door_open(struct door *d, struct loop *l, const int listeners[2], struct porter *porter, const char *path,
	void (*admitted)(void *arg, int fd), void *arg)
{
	int why = 0;

	*d = (struct door){ .loop = l, .porter = porter, .admitted = admitted, .arg = arg, .line_fd = -1 };
	if (add_all(d) < 0)
		why = ENOMEM;
	d->listen[0].fd = listeners[0];
	d->listen[1].fd = listeners[1];
	if (path && text_copy(d->path, sizeof(d->path), path) < 0)
		why = ENAMETOOLONG;
	if (!why)
		return 0;
	door_close(d);
	errno = why;
	return -1;
}

void door_close(struct door *d)
{
	struct source *all[SOURCES];

	if (!d->loop)
		return;
	size_t n = sources(d, all);
	/* the line's source may be without its descriptor */
	d->line.fd = -1;
	fd_close(&d->line_fd);
	for (size_t i = 0; i < n; i++) {
		loop_del(d->loop, all[i]);
		fd_close(&all[i]->fd);
	}
	buf_free(&d->turn.memory);
	*d = (struct door){ 0 };
}

int door_busy(const struct door *d)
{
	int n = 0;

	if (!d->loop)
		return 0;
	n += d->caller.fd >= 0;
	for (size_t i = 0; i < DOOR_WAITING; i++)
		n += d->waiting[i].fd >= 0;
	for (size_t i = 0; i < DOOR_PARTING; i++)
		n += d->parting[i].fd >= 0;
	return n;
}

const struct gate_who *door_caller(const struct door *d)
{
	return d->loop && d->caller.fd >= 0 ? &d->who[DOOR_WAITING] : NULL;
}
