/* SPDX-License-Identifier: 0BSD */
#include "probe.h"

#include "proc.h"
#include "scratch.h"
#include "text.h"
#include "unit.h"

static struct host h;

static void looks(const char *phase, int code)
{
	struct probe p = { 0 };

	strcpy(p.name, "web");
	probe_look(&p, &h);
	CHECK_TEXT(p.phase, phase);
	CHECK(p.code == code);
	probe_free(&p);
	probe_all(&p, 1, &h); /* the same when somebody could be asked */
	CHECK_TEXT(p.phase, phase);
	probe_free(&p);
}

static void state(const char *boot, const char *phase)
{
	char text[256];

	snprintf(text, sizeof(text), "version=1\nboot=%s\nphase=%s\n", boot, phase);
	scratch_write("web/state", text);
}

int main(void)
{
	char boot[PROC_BOOT_ID];
	struct vm vm;
	struct err e;

	close(scratch_begin());
	proc_boot_id(boot);
	text_copy(h.place.run, sizeof(h.place.run), scratch);
	looks("stopped", NOT_RUNNING);
	CHECK(mkdir(scratch_path("web"), 0700) == 0);
	looks("stopped", NOT_RUNNING); /* no lock: somebody else's folder */
	CHECK(vm_keep(&vm, &h.place, "web", &e) == 1);
	vm_close(&vm);
	looks("stopped", NOT_RUNNING);
	state(boot, "running");
	looks("crashed", FAILED);
	state("another-boot", "running");
	looks("stopped", NOT_RUNNING);
	scratch_write("web/state", "half a li");
	looks("unknown", NO_RIGHT);
	state(boot, "restarting");
	CHECK(vm_keep(&vm, &h.place, "web", &e) == 1);
	looks("restarting", NOT_RUNNING); /* its keeper holds its byte */
	vm_close(&vm);
	CHECK(chmod(scratch_path("web"), 0777) == 0);
	looks("unknown", NO_RIGHT); /* others may write it */
	return unit_failed;
}
