/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "request.h"

#include <stdlib.h>

static void test_request(void)
{
	static const char *const bad[] = {
		"", "qinit", "qinit ", "qinit 1", "qinit 1 stop", "qinit 1  5 ", "qinit x stop 5 ", "qinit -1 stop 5 ", "qinit 1 stop x ",
		"qinit 1 stop -5 ", " qinit 1 stop 5 ", "QINIT 1 stop 5 ", "qinit 1 a-verb-of-sixteen 5 ", "qinit 1 stop 99999999999999999999999999 ",
		"{\"execute\":\"quit\"}", "qinit\t1 stop 5 ",
	};
	struct request r;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(request_parse(&r, bad[i]) == -1);
	CHECK(request_parse(&r, "qinit 1 stop 60000 ") == 0 && r.version == 1 && r.number == 60000);
	CHECK_TEXT(r.verb, "stop");
	CHECK_TEXT(r.text, "");
	CHECK(request_parse(&r, "qinit 2 a-verb-of-15-ch 0  two  words ") == 0 && r.version == 2);
	CHECK_TEXT(r.verb, "a-verb-of-15-ch");
	CHECK_TEXT(r.text, " two  words ");
	CHECK(request_parse(&r, "qinit 1 status 0") == 0 && !*r.text);
}

static void test_round(void)
{
	struct buf b = { 0 };
	struct request r;

	request_print(&b, "stop", 60000, "/vm/web-qemu.rc");
	CHECK_TEXT(buf_text(&b), "qinit 1 stop 60000 /vm/web-qemu.rc\n");
	b.s[b.n - 1] = '\0';
	CHECK(request_parse(&r, b.s) == 0 && r.number == 60000);
	CHECK_TEXT(r.text, "/vm/web-qemu.rc");
	buf_free(&b);
}

static struct reply parsed(const char *line)
{
	struct reply r;

	reply_parse(&r, line);
	return r;
}

static void test_reply(void)
{
	static const char *const bad[] = { "", "*", "=", "= ", "=0 x", "*x", "= x", "= -1 x", "= 256 x", " * x", "= 1x y", "\x1b[2J" };
	struct buf b = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(parsed(bad[i]).kind == REPLY_BAD);
	CHECK(parsed("* ").kind == REPLY_WORDS && parsed("* QMP quit").kind == REPLY_WORDS);
	CHECK_TEXT(parsed("* QMP quit").words, "QMP quit");
	CHECK(parsed("= 0 ").kind == REPLY_END && parsed("= 124 late").code == 124 && parsed("= 255").code == 255);
	CHECK_TEXT(parsed("= 124 too late").words, "too late");

	/* each is one line, whatever is in it */
	reply_words(&b, "one\ntwo\r\n\x1b[1m = 0 ");
	CHECK_TEXT(buf_text(&b), "* one two  ?[1m = 0\n");
	buf_clear(&b);
	reply_end(&b, 7, "it\n= 0 has stopped\n\n");
	CHECK_TEXT(buf_text(&b), "= 7 it = 0 has stopped\n");
	buf_clear(&b);
	reply_end(&b, 0, "");
	CHECK_TEXT(buf_text(&b), "= 0 \n");
	buf_free(&b);
}

static void test_long(void)
{
	size_t n = 1 << 20;
	char *s = malloc(n + 1);
	struct request r;

	memset(s, 'x', n);
	s[n] = '\0';
	CHECK(request_parse(&r, s) == -1 && parsed(s).kind == REPLY_BAD);
	memcpy(s, "qinit 1 ", 8);
	CHECK(request_parse(&r, s) == -1);
	memcpy(s, "qinit 1 stop 5 ", 15);
	CHECK(request_parse(&r, s) == 0 && strlen(r.text) == n - 15);
	free(s);
}

int main(void)
{
	test_request();
	test_round();
	test_reply();
	test_long();
	return unit_failed;
}
