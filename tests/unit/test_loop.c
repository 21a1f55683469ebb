/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "clock.h"
#include "fd.h"
#include "loop.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

static struct loop l;
static char heard[64]; /* the names of those that were called, in order */

/* A source that has a name, and does one thing when it is called. */
struct named {
	struct source src;
	char name;
	void (*act)(struct named *n);
	struct named *other;
};

static void called(struct source *s)
{
	struct named *n = s->owner;
	size_t at = strlen(heard);

	if (at < sizeof(heard) - 1)
		heard[at] = n->name;
	if (n->act)
		n->act(n);
}

static void ready(struct source *s, short revents)
{
	(void)revents;
	called(s);
}

static struct named source(char name, int fd)
{
	return (struct named){ .name = name, .src = { .fd = fd, .events = POLLIN, .at = CLOCK_NEVER, .ready = ready, .due = called } };
}

static void add(struct named *n)
{
	n->src.owner = n;
	CHECK(loop_add(&l, &n->src) == 0);
}

static void heard_is(const char *want)
{
	CHECK(loop_turn(&l, clock_ms()) == 0);
	CHECK_TEXT(heard, want);
	memset(heard, 0, sizeof(heard));
}

static int pipe_full(void)
{
	int p[2];

	CHECK(pipe2(p, O_CLOEXEC) == 0 && write(p[1], "x", 1) == 1);
	close(p[1]);
	return p[0];
}

static void del_other(struct named *n)
{
	loop_del(&l, &n->other->src);
}

static void free_self(struct named *n)
{
	loop_del(&l, &n->src);
	free(n);
}

static void add_other(struct named *n)
{
	add(n->other);
}

/* Out and in again: behind those of this round. */
static void renew_other(struct named *n)
{
	loop_del(&l, &n->other->src);
	add(n->other);
}

static void move_other(struct named *n)
{
	n->other->src.fd = -1;
}

static void test_order(void)
{
	int fd = pipe_full();
	struct named a = source('a', fd), b = source('b', fd), c = source('c', fd);

	add(&a);
	add(&b);
	add(&c);
	add(&b); /* it is in already */
	heard_is("abc");
	loop_del(&l, &b.src);
	loop_del(&l, &b.src);
	heard_is("ac");
	a.src.events = 0;
	c.src.fd = -1;
	heard_is("a"); /* the writer is gone: a hang-up is told to who wants no events */
	loop_free(&l);
	loop_free(&l);
	close(fd);
}

static void test_changes(void)
{
	int fd = pipe_full();
	struct named a = source('a', fd), b = source('b', fd), c = source('c', fd);

	a.other = &b;
	add(&a);
	add(&b);
	add(&c);
	a.act = del_other;
	heard_is("ac");
	heard_is("ac");
	a.act = add_other;
	heard_is("ac");
	heard_is("acb");
	a.act = renew_other;
	heard_is("ac");
	a.act = move_other;
	heard_is("ac"); /* its descriptor is another one than poll looked at */
	loop_free(&l);

	struct named *gone = malloc(sizeof(*gone));
	*gone = source('g', fd);
	gone->act = free_self;
	add(gone);
	add(&c);
	heard_is("gc");
	heard_is("c");
	loop_free(&l);
	close(fd);
}

static void add_many(struct named *n)
{
	static struct named many[50];

	for (size_t i = 0; i < 50; i++) {
		many[i] = source('m', -1);
		add(&many[i]);
	}
	n->act = NULL;
}

static void test_timers(void)
{
	struct named a = source('a', -1), b = source('b', -1);

	a.src.at = clock_ms();
	b.src.at = clock_in(40);
	add(&a);
	add(&b);
	heard_is("a");
	CHECK(a.src.at == CLOCK_NEVER);
	heard_is("");
	int64_t before = clock_ms(), due = b.src.at;
	CHECK(loop_turn(&l, clock_in(60000)) == 0);
	CHECK(clock_ms() >= due && clock_ms() - before < 10000);
	CHECK_TEXT(heard, "b");
	memset(heard, 0, sizeof(heard));
	before = clock_ms();
	CHECK(loop_turn(&l, clock_in(20)) == 0 && clock_ms() - before >= 20);
	a.act = add_many; /* the list moves while it is walked */
	a.src.at = b.src.at = clock_ms();
	heard_is("ab");
	CHECK(l.n == 52);
	a.act = del_other;
	a.other = &b;
	a.src.at = b.src.at = clock_ms();
	heard_is("a");
	loop_free(&l);
}

static void stop(struct named *n)
{
	(void)n;
	l.over = 1;
}

static void test_run(void)
{
	struct named a = source('a', -1);

	CHECK(loop_run(&l, clock_in(20)) == 1);
	a.act = stop;
	a.src.at = clock_in(10);
	add(&a);
	CHECK(loop_run(&l, clock_in(60000)) == 0 && l.over);
	loop_free(&l);
	CHECK(!l.over);
}

int main(void)
{
	test_order();
	test_changes();
	test_timers();
	test_run();
	return unit_failed;
}
