/* SPDX-License-Identifier: 0BSD */
/* uid: RUNAS by name and number in files of passwd and group. */
#include "uid.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BASE = 1879048192 };

static char dir[] = "/tmp/uid.XXXXXX";

static const char *file(const char *name, const char *text, size_t n)
{
	static char path[2][64];
	static int turn;
	char *to = path[turn++ % 2];

	snprintf(to, sizeof(path[0]), "%s/%s", dir, name);
	FILE *f = fopen(to, "w");
	fwrite(text, 1, n, f);
	fclose(f);
	return to;
}

/* uid_plan with this passwd and group. */
static int plan(struct uid_plan *p, const char *runas, const char *users, const char *groups, struct err *e)
{
	const char *passwd = file("passwd", users, strlen(users)), *group = file("group", groups, strlen(groups));

	return uid_plan(p, runas, BASE, passwd, group, e);
}

static const char users[] =
	"root:x:0:0:root:/root:/bin/sh\n"
	"# broken\n"
	"\n"
	"anna\n"
	"annabel:x:7:8::/:/bin/sh\r\n"
	"anna:x:1001:1002:Anna:/home/anna:/bin/sh\n"
	"anna:x:5:6::/:/bin/sh\n"
	"bob:x:12345678901234567890:1::/:\n"
	"carl:x:-1:1::/:\n"
	"dora:x:9\n"
	"emil:x:10:11"; /* no final newline */
static const char groups[] = "kvm:x:104:anna\nvideo:x:44\nbad:x:y:\n";

static void names(void)
{
	static const struct { const char *runas; unsigned int uid, gid; } good[] = {
		{ "anna", 1001, 1002 }, { "annabel", 7, 8 }, { "emil", 10, 11 }, { "anna:kvm", 1001, 104 },
		{ "anna:video", 1001, 44 }, { "anna:7", 1001, 7 }, { "12", 12, 12 }, { "12:kvm", 12, 104 },
	};
	static const char *const wrong[] = {
		"ann", "nobody", "bob", "carl", "dora", "anna:", "anna:none", "anna:bad", "anna:anna", ":kvm", "4294967295",
	};
	struct uid_plan p;
	struct err e;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		int done = plan(&p, good[i].runas, users, groups, &e);
		if (geteuid() != 0) {
			CHECK(done == -1 && e.code == NO_RIGHT);
			continue;
		}
		CHECK(done == 0 && p.way == UID_NAMED);
		CHECK(p.uid == good[i].uid && p.gid == good[i].gid);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		CHECK(plan(&p, wrong[i], users, groups, &e) == -1);
		CHECK(e.code == NOT_CONFIGURED);
	}
}

static void odd_files(void)
{
	static const char with_nul[] = "x\0y:x:1:1\nanna:x:\0001:2:\nfred:x:3:4\n";
	size_t n = 1 << 20;
	char *text = malloc(n + 100);
	struct uid_plan p;
	struct err e;

	CHECK(plan(&p, "anna", "", "", &e) == -1 && e.code == NOT_CONFIGURED);
	CHECK(uid_plan(&p, "anna", BASE, "/nowhere/passwd", "/nowhere/group", &e) == -1 && e.code == NOT_CONFIGURED);
	CHECK(uid_plan(&p, "root", BASE, "/nowhere/passwd", "/nowhere/group", &e) == (geteuid() ? -1 : 0));
	const char *path = file("passwd", with_nul, sizeof(with_nul) - 1);
	CHECK(uid_plan(&p, "anna", BASE, path, path, &e) == -1);
	CHECK(uid_plan(&p, "fred", BASE, path, path, &e) == (geteuid() ? -1 : 0) && p.uid == 3 && p.gid == 4);
	memset(text, 'a', n);
	strcpy(text + n, ":x:1:1\nanna:x:5:6::\n");
	CHECK(plan(&p, "anna", text, "", &e) == (geteuid() ? -1 : 0) && p.uid == 5 && p.gid == 6);
	free(text);
}

static void without_runas(void)
{
	struct uid_plan p;
	struct err e;

	int done = plan(&p, "", users, groups, &e);
	CHECK(done < 0 || p.way == (geteuid() ? UID_SAME : UID_OWN));
}

int main(void)
{
	char command[64];

	if (!mkdtemp(dir))
		return 1;
	names();
	odd_files();
	without_runas();
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return unit_failed || system(command) != 0;
}
