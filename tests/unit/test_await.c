/* SPDX-License-Identifier: 0BSD */
/* await: the ends that need no VM. */
#include "await.h"

#include "clock.h"
#include "scratch.h"
#include "unit.h"

static struct want list[WANT_MAX];

static void check_wait(const struct host *h, char *const *words, size_t n, int code, const char *want)
{
	struct err e = { 0 };

	CHECK(want_parse(list, words, n, &e) == 0);
	CHECK(await_all(h, "web", list, n, clock_in(50), &e) == code);
	CHECK_TEXT(e.text, want);
}

/* With a run place and without one, a VM that is not there. */
static void test_nothing(void)
{
	struct host h = { 0 };
	char *const stopped[] = { "stopped" };
	char *const running[] = { "running", "serial:x", "port:1" };
	char *const never[] = { "serial:a\nb", "stopped", "event:RESET" };

	for (int i = 0; i < 2; i++) {
		snprintf(h.place.run, sizeof(h.place.run), "%s%s", scratch, i ? "/none" : "");
		check_wait(&h, stopped, 1, DONE, "");
		check_wait(&h, running, 3, TIMED_OUT, "not in time: running (it is stopped); serial:x; port:1");
		check_wait(&h, never, 3, FAILED, "not running, so this cannot come: serial:a b; event:RESET");
	}
}

int main(void)
{
	close(scratch_begin());
	test_nothing();
	return unit_failed;
}
