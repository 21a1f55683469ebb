/* SPDX-License-Identifier: 0BSD */
#include "launch.h"

#include "clock.h"
#include "scratch.h"
#include "text.h"
#include "unit.h"

static char said[1024];

static void on_say(void *arg, const char *words)
{
	(void)arg;
	strncat(said, words, sizeof(said) - strlen(said) - 2);
	strcat(said, "|");
}

/* A start that fails at its first own step: told through the pipe, and nothing is held afterwards. */
static void test_failed_start(const struct host *h)
{
	char *settings[] = { "NAME=web", "PRECMD=exit 4", "SERIAL=no", "DISPLAY=none" };
	const struct conf_from from = { .dir = scratch, .settings = settings, .n = 4 };
	struct buf errors = { 0 }, warnings = { 0 };
	struct conf c;
	struct vm vm;
	struct err e;

	CHECK(conf_load(&c, &from, &errors, &warnings) == 0);
	CHECK(vm_keep(&vm, &h->place, "web", &e) == 1);
	struct keep_job job = { .vm = &vm, .place = &h->place, .site = &h->site, .conf = &c, .settings = "", .program = "/bin/false" };
	CHECK(launch(&job, 0, clock_in(10000), on_say, NULL) == FAILED);
	CHECK_TEXT(said, "setting PRECMD=exit 4: ended with status 4|");
	CHECK(vm_keep(&vm, &h->place, "web", &e) == 1); /* the lock is free again */
	vm_close(&vm);
	conf_free(&c);
	buf_free(&errors);
	buf_free(&warnings);
}

int main(void)
{
	struct host h = { 0 };

	close(scratch_begin());
	text_copy(h.place.run, sizeof(h.place.run), scratch);
	CHECK(launch_adopter(&h, "web", on_say, NULL) == DONE && !*said); /* nothing to adopt, nothing made */
	CHECK(access(scratch_path("web"), F_OK) < 0);
	test_failed_start(&h);
	return unit_failed;
}
