/* SPDX-License-Identifier: 0BSD */
#include "start.h"

#include "own_host.h"
#include "unit.h"

static char said[1024];

static void on_say(void *arg, const char *words)
{
	(void)arg;
	strncat(said, words, sizeof(said) - strlen(said) - 2);
	strcat(said, "|");
}

/* A QEMU that ends before it is ready, and a VM of which nothing is known. */
int main(void)
{
	const struct start how = { .say = on_say, .progress = on_say };
	struct host h = { 0 };
	struct target t = { .operand = "web" };
	struct buf errors = { 0 };
	struct vm vm;

	own_host_begin(&h, "#!/bin/sh\necho no such machine >&2\nexit 3\n");
	own_host_register(&h, "web", "SERIAL=no\n");
	CHECK(target_load(&t, &h, &errors, &errors) == DONE);
	CHECK(!start_unknown(&t, &how) && !*said);
	CHECK(start_vm(&t, &how) == FAILED);
	CHECK_TEXT(said, "no such machine|QEMU ended before it was ready (exit status 3)|");
	said[0] = '\0';
	CHECK(vm_keep(&vm, &h.place, "web", &(struct err){ 0 }) == 1); /* nothing is held */
	CHECK(!start_poses(&vm, &how));
	vm_close(&vm);
	scratch_write("run/web/state", "nonsense");
	CHECK(start_unknown(&t, &how) && strncmp(said, "unknown whether it runs: ", 25) == 0);
	CHECK(start_vm(&t, &how) == FAILED);
	target_free(&t);
	buf_free(&errors);
	host_free(&h);
	return unit_failed;
}
