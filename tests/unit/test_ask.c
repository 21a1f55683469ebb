/* SPDX-License-Identifier: 0BSD */
#include "ask.h"

#include "clock.h"
#include "desk.h"
#include "fd.h"
#include "scratch.h"
#include "sock.h"
#include "unit.h"

static struct loop l;
static struct desk d;
static int answers;

static void on_asked(void *arg, struct desk_caller *c, const struct request *r)
{
	(void)arg;
	desk_say(c, "wait");
	desk_end(c, 7, r->verb);
}

static void on_done(void *arg)
{
	(void)arg;
	answers++;
}

static struct ask ask(const struct vm *vm)
{
	struct ask a = { .done = on_done };

	ask_begin(&a, &l, vm, "verb", 1, "text");
	for (int64_t end = clock_in(5000); a.state == ASK_WAITS && clock_left(end);)
		loop_turn(&l, end);
	ask_close(&a);
	return a;
}

int main(void)
{
	struct vm vm;
	struct err e;

	close(scratch_begin());
	vm_none(&vm);
	strcpy(vm.path, scratch);
	struct ask a = ask(&vm);
	CHECK(a.state == ASK_LOST && answers == 1); /* nobody there */
	struct peers peers = { .owner = geteuid() };
	d = (struct desk){ .asked = on_asked };
	desk_open(&d, &l, sock_listen_unix(scratch_path("keep.sock"), 0600, SOCK_BACKLOG, &e), &peers);
	a = ask(&vm);
	CHECK(a.state == ASK_DONE && a.code == 7 && a.peer == getpid() && answers == 2);
	CHECK_TEXT(a.words, "verb");
	desk_close(&d);
	loop_free(&l);
	return unit_failed;
}
