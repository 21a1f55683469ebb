/* SPDX-License-Identifier: 0BSD */
#include "keeper.h"

#include "clock.h"
#include "scratch.h"
#include "text.h"
#include "unit.h"

#include <sys/prctl.h>

static char said[1024];
static int told = -1;

static void on_say(void *arg, const char *words)
{
	(void)arg;
	snprintf(said, sizeof(said), "%s", words);
}

static void on_done(void *arg, int code)
{
	(void)arg;
	told = code;
}

/* A disk that is not there: FAILED with file and key, and only what is to stay stays. */
int main(void)
{
	char *settings[] = { "NAME=web", "DISK1=missing.img", "SERIAL=no", "DISPLAY=none" };
	const struct conf_from from = { .dir = scratch, .settings = settings, .n = 4 };
	struct buf errors = { 0 }, warnings = { 0 };
	struct place place = { 0 };
	struct site site = { 0 };
	struct conf c;
	struct vm vm;
	struct err e;

	close(scratch_begin());
	text_copy(place.run, sizeof(place.run), scratch);
	CHECK(conf_load(&c, &from, &errors, &warnings) == 0);
	CHECK(vm_keep(&vm, &place, "web", &e) == 1);
	const struct keep_job job = { .vm = &vm, .place = &place, .site = &site, .conf = &c, .settings = "", .program = "/bin/false",
				      .foreground = 1, .limit = CLOCK_NEVER, .say = on_say, .done = on_done };
	CHECK(keeper_run(&job, 0) == FAILED && told == FAILED);
	CHECK(strstr(said, "DISK1") && strstr(said, "missing.img: no such file or directory"));
	CHECK(access(scratch_path("web/keep.sock"), F_OK) < 0 && access(scratch_path("web/private"), F_OK) < 0);
	CHECK(strstr(scratch_read("web/state"), "\nphase=stopped\n") != NULL);
	CHECK(strstr(scratch_read("web/exit"), "how='start-failed'") != NULL);
	conf_free(&c);
	buf_free(&errors);
	buf_free(&warnings);
	CHECK(prctl(PR_GET_DUMPABLE) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0); /* for the leak sanitizer */
	return unit_failed;
}
