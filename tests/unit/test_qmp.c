/* SPDX-License-Identifier: 0BSD */
/* qmp: messages out of any chunking, command lines, the words of a failed HMP command. */
#include "qmp.h"

#include "unit.h"

#include <stdlib.h>

static const char talk[] =
	"{\"QMP\": {\"version\": {\"qemu\": {\"major\": 7}}, \"capabilities\": [\"oob\"]}}\r\n"
	"{\"return\": {}, \"id\": 1}\r\n"
	"{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"STOP\"}\r\n"
	"{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"SHUTDOWN\", \"data\": {\"guest\": false}}\r\n"
	"{\"id\": 2, \"error\": {\"class\": \"CommandNotFound\", \"desc\": \"no\"}}\r\n"
	"{\"return\": [1, 2], \"id\": \"x\"}";

static const struct { enum qmp_kind kind; long long id; const char *name; size_t body; } wanted[] = {
	{ QMP_GREETING, -1, "", 60 }, { QMP_RETURN, 1, "", 2 }, { QMP_EVENT, -1, "STOP", 0 },
	{ QMP_EVENT, -1, "SHUTDOWN", 16 }, { QMP_ERROR, 2, "CommandNotFound", 42 }, { QMP_RETURN, -1, "", 6 },
};
enum { WANTED = sizeof(wanted) / sizeof(*wanted) };

static void test_chunks(size_t chunk)
{
	struct qmp q;
	struct qmp_message m;
	size_t n = sizeof(talk) - 1, got = 0;

	qmp_init(&q, 1000);
	for (size_t at = 0; at < n; at += chunk) {
		CHECK(qmp_feed(&q, talk + at, n - at < chunk ? n - at : chunk) == 0);
		while (qmp_next(&q, &m) != QMP_NONE) {
			CHECK(got < WANTED && m.kind == wanted[got].kind);
			if (got >= WANTED || m.kind == QMP_BAD)
				break;
			CHECK(m.id == wanted[got].id && m.body.n == wanted[got].body && m.whole.s[0] == '{');
			CHECK_TEXT(m.name, wanted[got].name);
			got++;
		}
	}
	CHECK(got == WANTED && q.in.room == 0);
	qmp_free(&q);
}

static enum qmp_kind only(const char *text)
{
	struct qmp q;
	struct qmp_message m;

	qmp_init(&q, 1000);
	qmp_feed(&q, text, strlen(text));
	enum qmp_kind kind = qmp_next(&q, &m);
	if (kind == QMP_BAD) {
		/* for good */
		CHECK(qmp_feed(&q, "{\"return\":{}}", 13) < 0 && qmp_next(&q, &m) == QMP_BAD);
	}
	qmp_free(&q);
	return kind;
}

static void test_bad(void)
{
	CHECK(only("") == QMP_NONE);
	CHECK(only("{\"return\": {}") == QMP_NONE);
	CHECK(only("{\"return\": {}}") == QMP_RETURN);
	CHECK(only("{\"return\": {}, \"error\": {}}") == QMP_RETURN);
	CHECK(only("QEMU 7.2 monitor") == QMP_BAD);
	CHECK(only("{}") == QMP_BAD);
	CHECK(only("[]") == QMP_BAD);
	CHECK(only("{\"x\": 1}") == QMP_BAD);
	CHECK(only("{\"error\": 5}") == QMP_ERROR);
	CHECK(only("{\"event\": 5}") == QMP_EVENT);
}

static void test_names(void)
{
	struct qmp q;
	struct qmp_message m;
	char text[200];

	snprintf(text, sizeof(text), "{\"event\": \"%0100d\"}", 1);
	qmp_init(&q, 1000);
	CHECK(qmp_feed(&q, text, strlen(text)) == 0 && qmp_next(&q, &m) == QMP_EVENT);
	CHECK_TEXT(m.name, "");
	qmp_free(&q);
}

static void test_max(void)
{
	struct qmp q;
	struct qmp_message m;

	qmp_init(&q, 20);
	CHECK(qmp_feed(&q, "{\"return\": {}}", 14) == 0 && qmp_next(&q, &m) == QMP_RETURN);
	CHECK(qmp_feed(&q, "{\"return\": \"xxxxxxx", 19) == 0 && qmp_next(&q, &m) == QMP_NONE);
	CHECK(qmp_feed(&q, "xx", 2) < 0 && qmp_next(&q, &m) == QMP_BAD);
	qmp_free(&q);
}

static void test_large(void)
{
	struct qmp q;
	struct qmp_message m;
	char chunk[1000];

	memset(chunk, 'x', sizeof(chunk));
	qmp_init(&q, 2 << 20);
	qmp_feed(&q, "{\"return\": \"", 12);
	for (int i = 0; i < 1000; i++)
		CHECK(qmp_next(&q, &m) == QMP_NONE && qmp_feed(&q, chunk, sizeof(chunk)) == 0);
	qmp_feed(&q, "\"}", 2);
	CHECK(qmp_next(&q, &m) == QMP_RETURN && m.body.n == 1000002);
	qmp_free(&q);
}

static void test_commands(void)
{
	struct buf out = { 0 };

	qmp_command(&out, 3, "stop", NULL);
	qmp_command(&out, -1, "a", "{\"b\":1}");
	qmp_hmp(&out, 4, "info \"x\"");
	CHECK_TEXT(buf_text(&out),
		"{\"execute\":\"stop\",\"id\":3}\n"
		"{\"execute\":\"a\",\"arguments\":{\"b\":1}}\n"
		"{\"execute\":\"human-monitor-command\",\"id\":4,\"arguments\":{\"command-line\":\"info \\\"x\\\"\"}}\n");
	buf_free(&out);
}

static void test_hmp_failed(void)
{
	static const char *const bad[] = {
		"unknown command: 'foo'\n", "Error: Device 'x' not found\r\n", "some\nError: more\n",
		"unexpected end of expression\nTry \"help print\" for more information\n", "Device 'foo' not found\n",
		"invalid parameter: foo\n", "Error opening logfile /x: No\n", "unknown event \"foo\"\n", "invalid CPU index\n",
	};
	static const char *const good[] = { "", "VM status: running\n", "text about an Error: here\n", "name\nunknown\n" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(qmp_hmp_failed(bad[i]));
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		CHECK(!qmp_hmp_failed(good[i]));
}

int main(void)
{
	for (size_t chunk = 1; chunk <= sizeof(talk); chunk++)
		test_chunks(chunk);
	test_bad();
	test_names();
	test_max();
	test_large();
	test_commands();
	test_hmp_failed();
	return unit_failed;
}
