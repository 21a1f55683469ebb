/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "applet.h"
#include "scratch.h"

static char ran[128]; /* what ran, with which words */

static int run(struct call *c)
{
	snprintf(ran, sizeof(ran), "%s%s%s%s", c->applet->name, c->verb->name ? "." : "", c->verb->name ? c->verb->name : "",
		 opt_has(&c->o, 'f') ? " -f" : "");
	for (int i = 0; i < c->o.n; i++)
		snprintf(ran + strlen(ran), sizeof(ran) - strlen(ran), " %s", c->o.words[i]);
	return 42;
}

static const struct verb verbs[] = {
	{ .name = "start", .group = "Life", .letters = "f", .operands = "NAME...", .summary = "start VMs", .least = 1, .most = -1, .run = run },
	{ .name = "stop", .letters = "fa", .operands = "NAME...", .summary = "stop VMs", .examples = "  stop web\n", .least = 1, .most = -1, .run = run },
	{ .name = "demo", .letters = "", .operands = "", .summary = "show it", .run = run },
	{ .name = "pair", .letters = "", .operands = "A [B]", .summary = "two", .least = 1, .most = 2, .run = run },
};
static const struct hint hints[] = { { "boot", "start" }, { "destroy", "stop" }, { NULL, NULL } };
static const struct applet many = {
	.name = "vm-many", .summary = "many verbs", .verbs = verbs, .n = 4, .hints = hints, .examples = "  vm-many start web\n",
};
static const struct verb only[] = {
	{ .letters = "pf", .operands = "NAME WORD...", .summary = "one", .own = 1, .least = 2, .most = -1, .run = run },
};
static const struct applet one = { .name = "vm-one", .summary = "one thing", .verbs = only, .n = 1 };
static const struct verb wordless[] = {
	{ .name = "up", .letters = "f", .operands = "", .summary = "all of it", .run = run },
};
static const struct applet host = { .name = "vm-host", .summary = "the host", .verbs = wordless, .n = 1 };
static const struct applet *const list[] = { &many, &one, &host };

static struct buf out, words;

/* Runs a line; its words are separated by blanks. */
static int call(const char *line)
{
	static char text[256];
	char *argv[32] = { 0 };
	int n = 0;

	buf_clear(&out);
	buf_clear(&words);
	ran[0] = '\0';
	snprintf(text, sizeof(text), "%s", line);
	for (char *w = strtok(text, " "); w; w = strtok(NULL, " "))
		argv[n++] = w;
	return applet_main(list, sizeof(list) / sizeof(*list), n, argv, &out, &words);
}

static void runs(const char *line, const char *want)
{
	CHECK(call(line) == 42);
	CHECK_TEXT(ran, want);
	CHECK(!out.n && !words.n);
}

static void refuses(const char *line, int code, const char *want)
{
	CHECK(call(line) == code);
	CHECK_TEXT(buf_text(&words), want);
	CHECK(!*ran && !out.n);
}

static void says(const char *line, const char *part)
{
	CHECK(call(line) == DONE);
	CHECK(strstr(buf_text(&out), part) != NULL);
	CHECK(!*ran && !words.n);
}

static void test_ways(void)
{
	runs("vm-many start web", "vm-many.start web");
	runs("/usr/bin/vm-many start -f web db", "vm-many.start -f web db");
	runs("qinit vm-many start web", "vm-many.start web");
	runs("./any-name vm-one web info -f", "vm-one web info -f");
	runs("vm-one -f web info", "vm-one -f web info");
	runs("vm-one -p 5 info", "vm-one info");
	runs("vm-many stop -a", "vm-many.stop");
	runs("vm-many demo", "vm-many.demo");
	runs("vm-many pair a b", "vm-many.pair a b");
}

static void test_refused(void)
{
	refuses("vm-many", USAGE, "usage: vm-many VERB [OPTION...] [NAME...]\n");
	refuses("vm-one", USAGE, "usage: vm-one [OPTION...] NAME WORD...\n");
	refuses("vm-many strat", USAGE, "vm-many: strat: unknown verb; did you mean `start`?\n");
	refuses("vm-many destroy", USAGE, "vm-many: destroy: unknown verb; did you mean `stop`?\n");
	refuses("vm-many frobnicate", USAGE, "vm-many: frobnicate: unknown verb\n");
	refuses("vm-many start", USAGE, "vm-many: start: wants NAME...\n");
	refuses("vm-many start -z web", USAGE, "vm-many: start: -z: unknown option\n");
	refuses("vm-many stop -a web", USAGE, "vm-many: stop: web: a name beside -a\n");
	refuses("vm-many demo x", USAGE, "vm-many: demo: x: one word too many\n");
	refuses("vm-many pair a b c", USAGE, "vm-many: pair: c: one word too many\n");
	refuses("vm-one web", USAGE, "vm-one: wants NAME WORD...\n");
	refuses("qinit vm-mony", NO_APPLET, "qinit: vm-mony: unknown applet; did you mean `vm-many`?\n");
	refuses("qinit ls", NO_APPLET, "qinit: ls: unknown applet\n");
	CHECK(call("qinit -x") == USAGE && strstr(buf_text(&words), "qinit: -x: unknown option\n") == words.s);
}

static void test_help(void)
{
	says("qinit", "vm-many\nvm-one\nvm-host\n");
	CHECK_TEXT(buf_text(&out), "vm-many\nvm-one\nvm-host\n");
	says("qinit --list", "vm-many\nvm-one\nvm-host\n");
	says("qinit --version", "qinit " VERSION "\n");
	says("qinit --help", "usage: qinit APPLET");
	says("qinit -h", "\n  vm-many    many verbs\n");
	says("vm-many -h", "\nLife:\n  start      NAME...                         start VMs\n");
	says("vm-many --help", "\nexamples:\n  vm-many start web\n");
	says("vm-host -h", "usage: vm-host VERB [OPTION...]\nthe host.\n");
	says("vm-host up -h", "  -f         --force       at once, without asking\n");
	says("vm-many stop -h", "usage: vm-many stop [OPTION...] NAME...\nstop VMs.\n\n");
	CHECK(strstr(buf_text(&out), "  -a         --all") && strstr(buf_text(&out), "\nexamples:\n  stop web\n"));
	says("vm-many demo --help", "usage: vm-many demo\nshow it.\n");
	says("vm-one -h", "usage: vm-one [OPTION...] NAME WORD...\none thing.\n");
	CHECK(call("") == DONE);
}

static void test_install(void)
{
	char line[128], self[256] = "", to[256] = "";
	struct stat st, own;

	CHECK(mkdir(scratch_path("s"), 0755) == 0 && mkdir(scratch_path("h"), 0755) == 0);
	snprintf(line, sizeof(line), "qinit --install -s %s/s", scratch);
	CHECK(call(line) == DONE && !words.n);
	CHECK(readlink(scratch_path("s/vm-one"), to, sizeof(to) - 1) > 0 && readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	CHECK_TEXT(to, self);
	CHECK(access(scratch_path("s/vm-many"), X_OK) == 0);
	CHECK(call(line) == FAILED && strstr(buf_text(&words), "/vm-many: ") != NULL); /* nothing is written over */
	snprintf(line, sizeof(line), "qinit --install %s/h", scratch);
	if (stat(scratch, &st) == 0 && stat("/proc/self/exe", &own) == 0 && st.st_dev == own.st_dev && own.st_uid == geteuid())
		CHECK(call(line) == DONE && stat(scratch_path("h/vm-one"), &st) == 0 && st.st_ino == own.st_ino);
	CHECK(call("qinit --install") == USAGE && call("qinit --install a b") == USAGE && call("qinit --install -h") == USAGE);
}

int main(void)
{
	close(scratch_begin());
	test_ways();
	test_refused();
	test_help();
	test_install();
	buf_free(&out);
	buf_free(&words);
	return unit_failed;
}
