/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "clock.h"
#include "ladder.h"

/* Walks the ladder, always at the moment that it names: "0acpi 500acpi ..." */
static const char *walk(struct ladder *l, int64_t now, int64_t until)
{
	static char text[512];
	int64_t next;

	text[0] = '\0';
	while (now <= until) {
		enum ladder_step step = ladder_due(l, now, &next);
		if (step != LADDER_NONE)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%lld%s", *text ? " " : "", (long long)now, ladder_name(step));
		else if (next == CLOCK_NEVER)
			break;
		else if (next <= now)
			return "it does not move on";
		now = next;
	}
	return text;
}

static const char *stop(int64_t ms, enum ladder_step least)
{
	struct ladder l = { 0 };

	ladder_begin(&l, 0, ms, least);
	return walk(&l, 0, INT64_MAX - 1);
}

static void test_whole(void)
{
	struct ladder l = { 0 };
	int64_t next;

	CHECK(ladder_due(&l, 5, &next) == LADDER_NONE && next == CLOCK_NEVER);
	CHECK_TEXT(stop(20000, LADDER_NONE), "0acpi 500acpi 1000acpi 2000acpi 4000acpi 9000acpi 14000acpi 18000quit 19000kill");
	CHECK_TEXT(stop(8000, LADDER_NONE), "0acpi 500acpi 1000acpi 2000acpi 4000acpi 6000quit 7000kill");
	CHECK_TEXT(stop(1000, LADDER_NONE), "0acpi 500acpi 750quit 875kill");
	CHECK_TEXT(stop(1, LADDER_NONE), "0acpi 1kill");
	CHECK_TEXT(stop(0, LADDER_NONE), "0kill");
	CHECK_TEXT(stop(4000, LADDER_QUIT), "0quit 3500kill");
	CHECK_TEXT(stop(4000, LADDER_KILL), "0kill");
}

static void test_late(void)
{
	struct ladder l = { 0 };

	/* who was held up takes one press, not those that were missed, and the strongest step that is due */
	ladder_begin(&l, 1000, 21000, LADDER_NONE);
	CHECK_TEXT(walk(&l, 1000, 1000), "1000acpi");
	CHECK(l.presses == 1 && l.last == LADDER_PRESS);
	CHECK_TEXT(walk(&l, 19500, 19500), "19500quit");
	CHECK_TEXT(walk(&l, 19600, 19999), "");
	CHECK_TEXT(walk(&l, 20000, 30000), "20000kill");
	CHECK_TEXT(walk(&l, 40000, 50000), "");
	l = (struct ladder){ 0 };
	ladder_begin(&l, 0, 1000, LADDER_NONE);
	CHECK_TEXT(walk(&l, 5000, 6000), "5000kill");
}

static void test_join(void)
{
	struct ladder l = { 0 };

	ladder_begin(&l, 0, 60000, LADDER_NONE);
	CHECK_TEXT(walk(&l, 0, 3000), "0acpi 500acpi 1000acpi 2000acpi");
	ladder_begin(&l, 3000, 90000, LADDER_NONE); /* somebody with more patience: nothing is put off */
	CHECK(l.deadline == 60000 && l.begun == 0);
	ladder_begin(&l, 3000, 10000, LADDER_NONE);
	CHECK(l.deadline == 10000);
	CHECK_TEXT(walk(&l, 3000, 8500), "4000acpi 8000quit");
	ladder_begin(&l, 8500, 60000, LADDER_KILL);
	CHECK_TEXT(walk(&l, 8500, 20000), "8500kill");

	l = (struct ladder){ 0 };
	ladder_begin(&l, 0, 60000, LADDER_NONE);
	CHECK_TEXT(walk(&l, 0, 100), "0acpi");
	ladder_begin(&l, 100, 4100, LADDER_QUIT); /* stop -f: no press any more */
	CHECK_TEXT(walk(&l, 100, 20000), "100quit 3588kill");
}

static void test_names(void)
{
	CHECK_TEXT(ladder_name(LADDER_NONE), "");
	CHECK_TEXT(ladder_name(LADDER_PRESS), "acpi");
	CHECK_TEXT(ladder_name(LADDER_QUIT), "quit");
	CHECK_TEXT(ladder_name(LADDER_KILL), "kill");
}

int main(void)
{
	test_whole();
	test_late();
	test_join();
	test_names();
	return unit_failed;
}
