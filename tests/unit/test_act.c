/* SPDX-License-Identifier: 0BSD */
#include "act.h"

#include "proc.h"
#include "scratch.h"
#include "text.h"
#include "unit.h"

static struct host h;
static char said[256];

static void on_say(void *arg, const char *name, const char *words)
{
	(void)arg;
	snprintf(said, sizeof(said), "%s: %s", name, words);
}

static int does(const char *verb, int stops)
{
	const struct act_job job = { .host = &h, .verb = verb, .stops = stops, .say = on_say, .progress = on_say };
	struct act a = { .name = "web" };

	said[0] = '\0';
	act_all(&a, 1, &job);
	return a.code;
}

static int may(void *arg, struct act *a)
{
	(void)arg;
	return a[1].name == NULL || a[1].done;
}

/* The first may when the second is over, and so on. */
static void test_turns(void)
{
	const struct act_job job = { .host = &h, .verb = "stop", .stops = 1, .may = may, .say = on_say, .progress = on_say };
	struct act list[] = { { .name = "a" }, { .name = "b" }, { .name = "c" }, { .name = NULL } };

	act_all(list, 3, &job);
	CHECK_TEXT(said, "a: not running"); /* the last that was said */
	CHECK(list[0].done && list[1].done && list[2].done);
}

int main(void)
{
	char boot[PROC_BOOT_ID], text[256];
	struct vm vm;
	struct err e;

	close(scratch_begin());
	text_copy(h.place.run, sizeof(h.place.run), scratch);
	CHECK(does("stop", 1) == DONE);
	CHECK_TEXT(said, "web: not running");
	CHECK(does("pause", 0) == NOT_UP);
	test_turns();
	/* a VM whose keeper and QEMU were lost: the next stop clears it */
	proc_boot_id(boot);
	CHECK(vm_keep(&vm, &h.place, "web", &e) == 1);
	vm_close(&vm);
	snprintf(text, sizeof(text), "version=1\nboot=%s\nphase=running\nregistered=1\n", boot);
	scratch_write("web/state", text);
	CHECK(does("stop", 1) == DONE);
	CHECK(text_in(scratch_read("web/state"), "\nphase=stopped\n") != NULL);
	CHECK(text_in(scratch_read("web/exit"), "how='unknown'") != NULL);
	return unit_failed;
}
