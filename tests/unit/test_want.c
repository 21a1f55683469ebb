/* SPDX-License-Identifier: 0BSD */
#include "want.h"

#include "unit.h"

static struct want list[WANT_MAX];

static void check_refused(const char *word, const char *words)
{
	char *const one[] = { (char *)word };
	struct err e = { 0 };

	CHECK(want_parse(list, one, 1, &e) < 0 && e.code == USAGE);
	CHECK_TEXT(e.text, words);
}

static void test_good(void)
{
	char *const words[] = { "running", "serial:a=b: c", "port:22", "port:[::1]:22=SSH=", "event:GUEST_PANICKED", "running" };
	struct err e;

	CHECK(want_parse(list, words, 6, &e) == 0);
	static const enum want_kind kinds[] = { WANT_RUNNING, WANT_SERIAL, WANT_PORT, WANT_PORT, WANT_EVENT, WANT_RUNNING };
	static const char *const texts[] = { "", "a=b: c", "", "SSH=", "GUEST_PANICKED", "" };
	for (int i = 0; i < 6; i++) {
		CHECK(list[i].kind == kinds[i] && list[i].word == words[i]);
		CHECK_TEXT(list[i].text, texts[i]);
	}
	CHECK(list[2].where.any.sa_family == AF_INET && list[3].where.any.sa_family == AF_INET6);
	CHECK(want_parse(list, words, 0, &e) == 0);
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
	CHECK(want_parse(list, words, 1, &e) < 0 && e.code == USAGE);
	memcpy(much, "serial:", 7);
	CHECK(want_parse(list, words, 1, &e) < 0 && e.code == USAGE);
	char *const states[] = { "paused", "serial:x", "stopped" };
	CHECK(want_parse(list, states, 3, &e) < 0);
	CHECK_TEXT(e.text, "paused, stopped: never at the same time");
	char *many[WANT_MAX + 1];
	for (int i = 0; i <= WANT_MAX; i++)
		many[i] = "serial:x";
	CHECK(want_parse(list, many, WANT_MAX, &e) == 0);
	CHECK(want_parse(list, many, WANT_MAX + 1, &e) < 0);
	CHECK_TEXT(e.text, "serial:x: more than 16 conditions");
}

static void check_after(const char *value, const char *name, int64_t ms, enum want_kind kind, const char *text)
{
	struct want_after a;
	struct err e = { 0 };

	CHECK(want_after(&a, value, &e) == 0);
	CHECK_TEXT(e.text, "");
	CHECK_TEXT(a.name, name);
	CHECK(a.ms == ms && a.want.kind == kind);
	CHECK_TEXT(a.want.text, text);
}

static void check_no_after(const char *value, const char *words)
{
	struct want_after a;
	struct err e = { 0 };

	CHECK(want_after(&a, value, &e) < 0);
	CHECK_TEXT(e.text, words);
}

static void test_after(void)
{
	check_after("db", "db", 60000, WANT_RUNNING, "");
	check_after("db,time=1.5", "db", 1500, WANT_RUNNING, "");
	check_after("d.b:serial:a,time=3: b", "d.b", 60000, WANT_SERIAL, "a,time=3: b");
	check_after("db,time=5m:port:[::1]:22=SSH", "db", 300000, WANT_PORT, "SSH");
	check_no_after("", ": want NAME[,time=TIME][:CONDITION], NAME a VM's");
	check_no_after(":running", ":running: want NAME[,time=TIME][:CONDITION], NAME a VM's");
	check_no_after("db web", "db web: want NAME[,time=TIME][:CONDITION], NAME a VM's");
	check_no_after("n23456789n123456789n123456789n123456789n1234567890", "n23456789n123456789n123456789n123456789n1234567890: "
		       "want NAME[,time=TIME][:CONDITION], NAME a VM's");
	check_no_after("db,port:22", "db,port:22: want NAME[,time=TIME][:CONDITION]");
	check_no_after("db,time=:running", ": not a time (5, 0.5, 90s, 5m)");
	check_no_after("db,time=99999999999999999999999999999", ": not a time (5, 0.5, 90s, 5m)");
	check_no_after("db,time=x", "x: not a time (5, 0.5, 90s, 5m)");
	check_no_after("db:", ": unknown condition (running, stopped, paused, serial:TEXT, port:[ADDR:]N[=TEXT], event:NAME)");
	check_no_after("db:runing", "runing: unknown condition; did you mean `running`?");
}

int main(void)
{
	test_good();
	test_bad();
	test_after();
	return unit_failed;
}
