/* SPDX-License-Identifier: 0BSD */
#include "order.h"

#include "unit.h"

static struct order_vm list[5];

/* a to e, in the registry's order, with these ORDERs; sorted. */
static void make(const long *orders)
{
	static const char *const names[] = { "a", "b", "c", "d", "e" };

	order_free(list, 5);
	for (int i = 0; i < 5; i++)
		list[i] = (struct order_vm){ .name = names[i], .order = orders ? orders[i] : 50 };
	order_sort(list, 5);
}

static size_t place(const char *name)
{
	size_t i = 0;

	while (strcmp(list[i].name, name) != 0)
		i++;
	return i;
}

static int waits(const char *who, const char *whom, struct err *e)
{
	return order_wait(list, 5, place(who), whom, e);
}

/* One at a time: the first that may. */
static const char *starts(void)
{
	static char text[6];

	memset(text, 0, sizeof(text));
	for (int round = 0; round < 5; round++)
		for (size_t i = 0; i < 5; i++)
			if (list[i].at == ORDER_HELD && order_may_start(list, i)) {
				strcat(text, list[i].name);
				list[i].at = ORDER_OVER;
				break;
			}
	for (size_t i = 0; i < 5; i++)
		list[i].at = ORDER_HELD;
	return text;
}

/* All that may, then all of those are down: "edc ba". */
static const char *stops(void)
{
	static char text[16];

	memset(text, 0, sizeof(text));
	for (int round = 0; round < 5; round++) {
		for (size_t i = 5; i-- > 0;)
			if (list[i].at == ORDER_HELD && order_may_stop(list, 5, i)) {
				strcat(text, list[i].name);
				list[i].at = ORDER_BEGUN;
			}
		strcat(text, " ");
		for (size_t i = 0; i < 5; i++)
			if (list[i].at == ORDER_BEGUN)
				list[i].at = ORDER_OVER;
	}
	while (*text && text[strlen(text) - 1] == ' ')
		text[strlen(text) - 1] = '\0';
	for (size_t i = 0; i < 5; i++)
		list[i].at = ORDER_HELD;
	return text;
}

/* Each waits for the two before it: that many ways lead down as Fibonacci counts. */
static void test_many_ways(void)
{
	enum { MANY = 100 };
	static struct order_vm many[MANY];
	static char names[MANY][12];
	struct err e;

	for (int i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "%d", i);
		many[i] = (struct order_vm){ .name = names[i] };
	}
	for (size_t i = 2; i < MANY; i++)
		CHECK(order_wait(many, MANY, i, names[i - 1], &e) == 0 && order_wait(many, MANY, i, names[i - 2], &e) == 0);
	CHECK(order_chain(many, MANY - 1) == MANY - 1 && order_chain(many, 0) == 1);
	CHECK(order_wait(many, MANY, 1, names[0], &e) == 0 && order_chain(many, MANY - 1) == MANY);
	order_free(many, MANY);
}

int main(void)
{
	struct err e = { 0 };

	make(NULL);
	CHECK_TEXT(starts(), "abcde");
	CHECK_TEXT(stops(), "edcba");
	make((const long[]){ 50, 7, 90, 50, 7 });
	CHECK_TEXT(starts(), "beadc");
	CHECK_TEXT(stops(), "cdaeb");
	/* AFTER stands above ORDER */
	CHECK(waits("b", "c", &e) == 0 && waits("c", "d", &e) == 0 && waits("a", "nobody", &e) == 0);
	CHECK_TEXT(starts(), "eadcb");
	CHECK_TEXT(stops(), "aeb c d");
	CHECK(order_chain(list, place("b")) == 3 && order_chain(list, place("d")) == 1 && order_chain(list, place("a")) == 1);
	/* twice is once; a diamond is no ring */
	make(NULL);
	CHECK(waits("d", "b", &e) == 0 && waits("d", "c", &e) == 0 && waits("d", "c", &e) == 0);
	CHECK(waits("b", "a", &e) == 0 && waits("c", "a", &e) == 0 && waits("e", "d", &e) == 0);
	CHECK_TEXT(e.text, "");
	CHECK_TEXT(starts(), "abcde");
	CHECK_TEXT(stops(), "e d cb a");
	CHECK(order_chain(list, place("e")) == 4);
	/* a ring is named, and broken where it closes */
	CHECK(waits("a", "e", &e) < 0 && e.code == NOT_CONFIGURED);
	CHECK_TEXT(e.text, "AFTER: a ring: a, e, d, b, a");
	CHECK_TEXT(starts(), "abcde");
	CHECK(waits("c", "c", &e) < 0);
	CHECK_TEXT(e.text, "AFTER: a ring: c, c");
	order_free(list, 5);
	test_many_ways();
	return unit_failed;
}
