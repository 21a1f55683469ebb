/* SPDX-License-Identifier: 0BSD */
/* The demo where it must fail: without QEMU, without a run place, with a QEMU that ends at once. Nothing stays. */
#include "demo.h"
#include "unit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch[] = "/tmp/qiu.XXXXXX", program[128], run[64];
static int steps, words;

static void on_step(void *arg, int64_t ms, const char *text)
{
	(void)arg;
	CHECK(ms >= 0 && *text);
	steps++;
}

static void on_words(void *arg, const char *text)
{
	(void)arg;
	CHECK(*text);
	words++;
}

static int demo(struct err *e)
{
	const struct demo_job job = { on_step, on_words, NULL };

	steps = words = 0;
	return demo_run(&job, e);
}

static void fake_qemu(const char *name)
{
	snprintf(program, sizeof(program), "%s/%s", scratch, name);
	FILE *f = fopen(program, "w");
	CHECK(f && fputs("#!/bin/sh\necho no such machine >&2\nexit 1\n", f) >= 0 && fclose(f) == 0);
	CHECK(chmod(program, 0755) == 0);
}

/* A start that fails: both ways, with the guest and without. */
static void test_refused(const char *name)
{
	struct err e;

	fake_qemu(name);
	CHECK(demo(&e) == FAILED);
	CHECK_TEXT(e.text, "started: it does not start");
	CHECK(steps >= 2 && words >= 1); /* with /dev/kvm it is tried twice */
	CHECK(unlink(program) == 0);
}

int main(void)
{
	struct err e;

	CHECK(mkdtemp(scratch) != NULL);
	CHECK(chmod(scratch, 0755) == 0);
	snprintf(run, sizeof(run), "%s/run", scratch);
	setenv("PATH", scratch, 1);
	setenv("QEMU_INIT_RUN", run, 1);
	CHECK(demo(&e) == NOT_INSTALLED);
	CHECK(strncmp(e.text, "QEMU: no qemu-system-*", 22) == 0);
	CHECK(steps == 0 && words == 0);
	test_refused("qemu-system-x86_64");
	test_refused("qemu-system-mips");
	snprintf(program, sizeof(program), "%s/.disks", run);
	unlink(program);
	CHECK(rmdir(run) == 0);
	CHECK(rmdir(scratch) == 0);
	setenv("QEMU_INIT_RUN", "relative", 1);
	CHECK(demo(&e) != DONE && *e.text);
	return unit_failed;
}
