/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "scratch.h"
#include "state.h"

#include <errno.h>

static struct err e;
static int dir;

static void parse_fails(const char *bytes, size_t n, const char *want)
{
	struct state s;

	CHECK(state_parse(&s, bytes, n, &e) == -1);
	CHECK_TEXT(e.text, want);
	state_free(&s);
}

static int parse(struct state *s, const char *text)
{
	return state_parse(s, text, strlen(text), &e);
}

static void test_parse(void)
{
	struct state s;

	CHECK(parse(&s, "version=1\nphase=running\nrc=/a b/c=d-qemu.rc\nmonport=30320\nuid=1879048192\n") == 0);
	CHECK(s.version == 1 && s.monport == 30320 && s.uid == 1879048192 && s.ctlport == 0 && s.restarts == 0);
	CHECK_TEXT(s.phase, "running");
	CHECK_TEXT(s.rc, "/a b/c=d-qemu.rc");
	CHECK_TEXT(s.settings, "");
	state_free(&s);
	CHECK_TEXT(s.phase, "");
	state_free(&s);
	CHECK(parse(&s, "version=2\nfuture=x\nphase=a\nphase=b\nboot=\n") == 0); /* a later version's line; the last of two counts */
	CHECK_TEXT(s.phase, "b");
	CHECK_TEXT(s.boot, "");
	state_free(&s);
	CHECK(parse(&s, "version=1\r\n") == -1);
	state_free(&s);
}

static void test_broken(void)
{
	parse_fails("", 0, "state: not a whole text");
	parse_fails("version=1", 9, "state: not a whole text"); /* no final newline: cut off */
	parse_fails("version=1\nrc=\0\n", 15, "state: not a whole text");
	parse_fails("\n", 1, "state: a line without `=`");
	parse_fails("version=1\nphase\n", 16, "state: a line without `=`");
	parse_fails("phase=running\n", 14, "state: no version");
	parse_fails("version=0\n", 10, "state: no version");
	parse_fails("version=\n", 9, "state: version: not a number");
	parse_fails("version=-1\n", 11, "state: version: not a number");
	parse_fails("version=1\nuid=99999999999999999999\n", 35, "state: uid: not a number");

	size_t n = 1 << 20;
	char *much = malloc(n);
	memset(much, 'x', n);
	much[n - 1] = '\n';
	parse_fails(much, n, "state: a line without `=`");
	much[1] = '=';
	parse_fails(much, n, "state: no version");
	free(much);
}

/* What was printed is read back as it was. */
static void test_round(void)
{
	const struct state s = {
		.version = STATE_VERSION, .boot = "b-1", .phase = "stopping", .rc = "/vm/it's-qemu.rc", .dir = "/vm", .settings = "'APPEND=a b' SMP=2",
		.throw_away = 1, .registered = 1, .since = 123456789012, .stopdelay = 60000, .monport = 1, .ctlport = 65535, .uid = 4294967294,
	};
	struct state t;
	struct buf a = { 0 }, b = { 0 };

	state_print(&s, &a);
	CHECK(strstr(buf_text(&a), "version=1\nboot=b-1\nphase=stopping\nrc=/vm/it's-qemu.rc\n") == a.s);
	CHECK(state_parse(&t, a.s, a.n, &e) == 0);
	state_print(&t, &b);
	CHECK_TEXT(buf_text(&b), buf_text(&a));
	CHECK(t.since == s.since && t.uid == s.uid);
	state_free(&t);

	CHECK(state_write(&s, dir, &e) == 0);
	CHECK_TEXT(scratch_read("state"), a.s);
	CHECK(state_read(&t, dir, &e) == 1 && t.monport == 1);
	state_free(&t);
	buf_free(&a);
	buf_free(&b);
}

static void test_files(void)
{
	struct state s;

	unlink(scratch_path("state"));
	CHECK(state_read(&s, dir, &e) == 0);
	CHECK_TEXT(s.phase, "");
	state_free(&s);
	scratch_write("state", "version=1\nphase=run");
	CHECK(state_read(&s, dir, &e) == -1);
	state_free(&s);
	unlink(scratch_path("state"));
	CHECK(mkdir(scratch_path("state"), 0755) == 0 && state_read(&s, dir, &e) == -1);
	state_free(&s);
	CHECK(rmdir(scratch_path("state")) == 0);
	CHECK(state_read(&s, -1, &e) == -1);
	state_free(&s);
}

static void add(long long when, const char *how, const char *words)
{
	const struct ending end = { .when = when, .how = how, .step = "acpi", .status = -9, .words = words };

	CHECK(exit_add(dir, &end, &e) == 0);
}

static void last_is(const char *want)
{
	struct buf b = { 0 };

	exit_last(dir, &b);
	CHECK_TEXT(buf_text(&b), want);
	buf_free(&b);
}

static void test_exit(void)
{
	last_is("");
	add(1, "panic", "");
	CHECK_TEXT(scratch_read("exit"), "when='1' how='panic' step='acpi' status='-9' words=''\n");
	last_is("panic");
	add(2, "signal", "it's: how='guest-shutdown' "); /* QEMU's words are no record */
	last_is("signal");
	add(3, "unknown", "x\n when='9' how='panic'");
	last_is("unknown");
	for (int i = 4; i <= 9; i++)
		add(i, "host-quit", "");
	CHECK(strstr(scratch_read("exit"), "when='5' ") == scratch_read("exit") && strstr(scratch_read("exit"), "\nwhen='9' "));
	scratch_write("exit", "");
	last_is("");
	scratch_write("exit", " how='");
	last_is("");
	scratch_write("exit", "what\n");
	last_is("");
	add(10, "panic", "");
	last_is("panic");
	scratch_write("exit", "torn how='x' "); /* nothing is put behind what is no whole line */
	add(11, "signal", "");
	last_is("signal");
}

int main(void)
{
	dir = scratch_begin();
	test_parse();
	test_broken();
	test_round();
	test_files();
	test_exit();
	close(dir);
	return unit_failed;
}
