/* SPDX-License-Identifier: 0BSD */
/* await: the conditions' words; the ends that need no VM. */
#include "await.h"

#include "clock.h"
#include "scratch.h"
#include "unit.h"

static struct await_want list[AWAIT_MAX];

static void check_refused(const char *word, const char *words)
{
	char *const one[] = { (char *)word };
	struct err e = { 0 };

	CHECK(await_parse(list, one, 1, &e) < 0 && e.code == USAGE);
	CHECK_TEXT(e.text, words);
}

static void test_good(void)
{
	char *const words[] = { "running", "serial:a=b: c", "port:22", "port:[::1]:22=SSH=", "event:GUEST_PANICKED", "running" };
	struct err e;

	CHECK(await_parse(list, words, 6, &e) == 0);
	static const enum await_kind kinds[] = { AWAIT_RUNNING, AWAIT_SERIAL, AWAIT_PORT, AWAIT_PORT, AWAIT_EVENT, AWAIT_RUNNING };
	static const char *const texts[] = { "", "a=b: c", "", "SSH=", "GUEST_PANICKED", "" };
	for (int i = 0; i < 6; i++) {
		CHECK(list[i].kind == kinds[i] && list[i].word == words[i]);
		CHECK_TEXT(list[i].text, texts[i]);
	}
	CHECK(list[2].where.any.sa_family == AF_INET && list[3].where.any.sa_family == AF_INET6);
	CHECK(await_parse(list, words, 0, &e) == 0);
}

static void test_bad(void)
{
	static const char all[] = ": unknown condition (running, stopped, paused, serial:TEXT, port:[ADDR:]N[=TEXT], event:NAME)";
	static char much[1 << 20];
	struct err e;

	check_refused("", all);
	check_refused("runing", "runing: unknown condition; did you mean `running`?");
	check_refused("running ", "running : unknown condition; did you mean `running`?");
	check_refused("serial", "serial: unknown condition; did you mean `serial:`?");
	check_refused("Serial:x", "Serial:x: unknown condition; did you mean `serial:`?");
	check_refused("events:x", "events:x: unknown condition; did you mean `event:`?");
	check_refused("serial:", "serial:: wants a text of 1 to 128 bytes");
	check_refused("port:22=", "port:22=: wants a text of 1 to 128 bytes");
	check_refused("port:", "port:: : not a port from 1 to 65535");
	check_refused("port:=x", "port:=x: : not a port from 1 to 65535");
	check_refused("event:", "event:: QEMU's events are called like SHUTDOWN, RESET, GUEST_PANICKED");
	check_refused("event:RESET\r\n", "event:RESET??: QEMU's events are called like SHUTDOWN, RESET, GUEST_PANICKED");
	memset(much, 'x', sizeof(much) - 1);
	char *const words[] = { much, "serial:x", "serial:x", "x" };
	CHECK(await_parse(list, words, 1, &e) < 0 && e.code == USAGE);
	memcpy(much, "serial:", 7);
	CHECK(await_parse(list, words, 1, &e) < 0 && e.code == USAGE);
	char *const states[] = { "paused", "serial:x", "stopped" };
	CHECK(await_parse(list, states, 3, &e) < 0);
	CHECK_TEXT(e.text, "paused, stopped: never at the same time");
	char *many[AWAIT_MAX + 1];
	for (int i = 0; i <= AWAIT_MAX; i++)
		many[i] = "serial:x";
	CHECK(await_parse(list, many, AWAIT_MAX, &e) == 0);
	CHECK(await_parse(list, many, AWAIT_MAX + 1, &e) < 0);
	CHECK_TEXT(e.text, "serial:x: more than 16 conditions");
}

static void check_wait(const struct host *h, char *const *words, size_t n, int code, const char *want)
{
	struct err e = { 0 };

	CHECK(await_parse(list, words, n, &e) == 0);
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
	test_good();
	test_bad();
	test_nothing();
	return unit_failed;
}
