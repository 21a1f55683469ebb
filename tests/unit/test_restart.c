/* SPDX-License-Identifier: 0BSD */
#include "restart.h"

#include "unit.h"

static int often;

static int64_t after(struct restart *r, int64_t now, int64_t ran, int good)
{
	return restart_after(r, now, ran, good, &often);
}

static void test_policy(void)
{
	struct restart r = { .policy = RESTART_NO, .delay = 1000, .longest = 8000, .most = 10 };

	CHECK(restart_policy("no") == RESTART_NO && restart_policy("on-failure") == RESTART_ON_FAILURE);
	CHECK(restart_policy("always") == RESTART_ALWAYS && restart_policy("yes") == -1 && restart_policy("") == -1);
	CHECK(after(&r, 0, 5, 0) == -1 && !often);
	r.policy = RESTART_ON_FAILURE;
	CHECK(after(&r, 0, 5, 1) == -1 && after(&r, 0, 5, 0) == 1000);
	r.policy = RESTART_ALWAYS;
	CHECK(after(&r, 1, 5, 1) == 2000);
}

static void test_delay(void)
{
	static const int64_t want[] = { 1000, 2000, 4000, 8000, 8000 };
	struct restart r = { .policy = RESTART_ALWAYS, .delay = 1000, .longest = 8000, .most = 100 };

	for (int i = 0; i < 5; i++)
		CHECK(after(&r, i, 5, 0) == want[i]);
	CHECK(after(&r, 10, 8001, 0) == 1000); /* it had come to something */
	CHECK(after(&r, 11, 8000, 0) == 2000);
}

static void test_often(void)
{
	struct restart r = { .policy = RESTART_ALWAYS, .delay = 1, .longest = 1, .most = 3 };

	for (int i = 0; i < 3; i++)
		CHECK(after(&r, 1000 + i, 0, 0) == 1);
	CHECK(after(&r, 60999, 0, 0) == -1 && often);
	CHECK(after(&r, 61000, 0, 0) == 1 && !often); /* the first is a minute ago */
	CHECK(after(&r, 61000, 0, 0) == -1 && often);
}

int main(void)
{
	test_policy();
	test_delay();
	test_often();
	return unit_failed;
}
