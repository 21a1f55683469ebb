/* SPDX-License-Identifier: 0BSD */
#include "bundle.h"

#include "scratch.h"
#include "unit.h"

int main(void)
{
	static char long_log[BUNDLE_TAIL + 10];
	int dir = scratch_begin();
	const struct bundle_part parts[] = {
		{ .name = "end", .bytes = "how=signal\n", .n = 11 },
		{ .name = "log", .file = "qemu.log" },
		{ .name = "none", .file = "missing" },
	};
	struct err e;
	struct stat st;

	memset(long_log, 'x', sizeof(long_log) - 1);
	scratch_write("qemu.log", long_log);
	CHECK(bundle_write(dir, parts, 3, &e) == 0);
	CHECK_TEXT(scratch_read("crash/end"), "how=signal\n");
	CHECK(stat(scratch_path("crash/log"), &st) == 0 && st.st_size == BUNDLE_TAIL); /* the tail alone */
	CHECK(stat(scratch_path("crash/none"), &st) < 0);
	CHECK(bundle_write(dir, parts, 1, &e) == 0); /* anew: nothing of the old one */
	CHECK(stat(scratch_path("crash/log"), &st) < 0);
	bundle_remove(dir);
	bundle_remove(dir);
	CHECK(stat(scratch_path("crash"), &st) < 0);
	close(dir);
	return unit_failed;
}
