/* SPDX-License-Identifier: 0BSD */
#include "claim.h"

#include "clock.h"
#include "scratch.h"
#include "text.h"
#include "unit.h"

static void test_forbids(void)
{
	static const char claims[] = "8:1:w 8:2:r 64513:77:w";

	CHECK(claim_forbids(claims, 8, 1, 0) && claim_forbids(claims, 8, 1, 1));
	CHECK(!claim_forbids(claims, 8, 2, 0) && claim_forbids(claims, 8, 2, 1)); /* read-only is shared */
	CHECK(claim_forbids(claims, 64513, 77, 0) && !claim_forbids(claims, 8, 77, 1) && !claim_forbids(claims, 8, 3, 1));
	CHECK(!claim_forbids("", 0, 0, 1) && !claim_forbids("8", 8, 0, 1) && !claim_forbids("::: x 8:1", 8, 1, 1));
}

static void test_print(void)
{
	struct disk_node chain[] = { { .dev = 8, .ino = 1, .writable = 1 }, { .dev = 8, .ino = 2 } };
	struct disk disk = { .node = chain, .nodes = 2 };
	const struct disks all = { .list = &disk, .n = 1 };
	struct buf out = { 0 };

	claim_print(&out, &all);
	CHECK_TEXT(buf_text(&out), "8:1:w 8:2:r");
	buf_free(&out);
}

static void test_lock(void)
{
	struct place place = { 0 };
	struct err e;

	text_copy(place.run, sizeof(place.run), scratch);
	int first = claim_lock(&place, clock_in(1000), &e);
	CHECK(first >= 0);
	CHECK(claim_lock(&place, clock_ms(), &e) == -1); /* held, and no time left */
	close(first);
	int second = claim_lock(&place, clock_in(1000), &e);
	CHECK(second >= 0);
	close(second);
}

int main(void)
{
	close(scratch_begin());
	test_forbids();
	test_print();
	test_lock();
	return unit_failed;
}
