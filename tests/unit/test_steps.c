/* SPDX-License-Identifier: 0BSD */
#include "steps.h"

#include "scratch.h"
#include "unit.h"

/* What a start puts into the run directory goes; what is to stay, and what is not ours, stays. */
int main(void)
{
	static const char *const gone[] = { "keep.sock", "console.sock", "vnc.sock", "hmp.sock", "qmp.sock", "private/output",
					    "private/keeper.sock", "private/argv" };
	struct vm vm = { .dir = scratch_begin(), .lock = -1 };

	CHECK(mkdir(scratch_path("private"), 0700) == 0);
	for (size_t i = 0; i < sizeof(gone) / sizeof(*gone); i++)
		scratch_write(gone[i], "");
	scratch_write("lock", "");
	scratch_write("state", "");
	scratch_write("foreign", "");
	steps_clean(&vm);
	steps_clean(&vm);
	for (size_t i = 0; i < sizeof(gone) / sizeof(*gone); i++)
		CHECK(access(scratch_path(gone[i]), F_OK) < 0);
	CHECK(access(scratch_path("private"), F_OK) < 0);
	CHECK(access(scratch_path("lock"), F_OK) == 0 && access(scratch_path("state"), F_OK) == 0);
	CHECK(access(scratch_path("foreign"), F_OK) == 0);
	close(vm.dir);
	return unit_failed;
}
