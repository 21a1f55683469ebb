/* SPDX-License-Identifier: 0BSD */
/* reach: NAME, port or socket, and why a name leads nowhere. */
#include "reach.h"

#include "lock.h"
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char base[] = "/tmp/test_reach.XXXXXX";

static void put(const char *name, const char *text)
{
	int fd = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0600);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* The words as the parser leaves them. */
static int find(struct reach *r, char letter, const char *value, char **words, int n, struct err *e)
{
	struct opts o = { .words = words, .n = n };

	if (letter)
		o.value[(int)letter] = value;
	return reach_find(r, &o, "qmp.sock", e);
}

static void check_refused(char letter, const char *value, char *name, int code, const char *words)
{
	struct reach r;
	struct err e = { 0 };
	char *list[] = { name, NULL };

	CHECK(find(&r, letter, value, list, 1, &e) < 0 && e.code == code);
	CHECK_TEXT(e.text, words);
}

static void test_addresses(void)
{
	struct reach r;
	struct err e;
	char info[] = "info";
	char *words[] = { info, NULL };

	CHECK(find(&r, 'p', "30320", words, 1, &e) == 0 && !r.where.path && r.where.port == 30320);
	CHECK(!r.name && r.n == 1 && r.words[0] == info);
	CHECK(find(&r, 'u', "x/y.sock", words, 1, &e) == 0 && strcmp(r.where.path, "x/y.sock") == 0 && r.n == 1);
	CHECK(!reach_confined(&r));
	check_refused('p', "0", info, USAGE, "-p 0: not a number from 1 to 65535");
	check_refused('p', "65536", info, USAGE, "-p 65536: not a number from 1 to 65535");
	check_refused('p', "", info, USAGE, "-p : not a number from 1 to 65535");
	check_refused('u', "", info, USAGE, "-u: wants the path of a socket");
}

static void test_names(void)
{
	char web[] = "web", old[] = "old", none[] = "none", bad[] = "../web", empty[] = "", lone[] = "lone";

	mkdir("run", 0700);
	mkdir("etc", 0700);
	put("etc/registered", "web /x/web\n");
	check_refused(0, NULL, none, NOT_CONFIGURED, "no such VM");
	check_refused(0, NULL, web, NOT_UP, "not running");
	check_refused(0, NULL, bad, NOT_CONFIGURED, "not a VM's name");
	check_refused(0, NULL, empty, NOT_CONFIGURED, "not a VM's name");
	mkdir("run/lone", 0700);
	check_refused(0, NULL, lone, NOT_CONFIGURED, "no such VM");
	mkdir("run/old", 0700);
	put("run/old/lock", "");
	check_refused(0, NULL, old, NOT_UP, "not running");
}

/* A process that holds byte 0 stands for QEMU. */
static void test_running(void)
{
	struct reach r;
	struct err e;
	char web[] = "web", info[] = "info", byte, want[128];
	char *words[] = { web, info, NULL };
	int told[2], hold[2];

	mkdir("run/web", 0700);
	put("run/web/lock", "");
	CHECK(pipe(told) == 0 && pipe(hold) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(hold[1]);
		byte = lock_child("run/web/lock", &e) >= 0;
		if (write(told[1], &byte, 1) != 1 || read(hold[0], &byte, 1) != 0)
			_exit(1);
		_exit(0);
	}
	CHECK(read(told[0], &byte, 1) == 1 && byte == 1);
	CHECK(find(&r, 0, NULL, words, 2, &e) == 0 && r.pid == pid && r.n == 1 && r.words[0] == info);
	snprintf(want, sizeof(want), "%s/run/web/qmp.sock", base);
	CHECK_TEXT(r.where.path, want);
	CHECK_TEXT(r.name, "web");
	close(hold[1]);
}

int main(void)
{
	char path[128];

	if (!mkdtemp(base) || chdir(base) < 0)
		return 1;
	snprintf(path, sizeof(path), "%s/run", base);
	setenv("QEMU_INIT_RUN", path, 1);
	snprintf(path, sizeof(path), "%s/etc", base);
	setenv("QEMU_INIT_ETC", path, 1);
	test_addresses();
	test_names();
	test_running();
	static const char *const files[] = { "run/web/lock", "run/old/lock", "etc/registered" };
	static const char *const dirs[] = { "run/web", "run/old", "run/lone", "run", "etc", base };
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlink(files[i]);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		rmdir(dirs[i]);
	return unit_failed;
}
