/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "scratch.h"
#include "uid.h"

#include <grp.h>
#include <sys/wait.h>

enum { BASE = 1879048192 };

static struct err e;
static long long turn;
static struct uid_plan plan;

static int plan_of(const char *runas)
{
	const char *passwd = scratch_path("passwd"), *group = scratch_path("group");

	return uid_plan(&plan, runas, BASE, passwd, group, &e);
}

static void refused(const char *runas, const char *part)
{
	CHECK(plan_of(runas) == -1 && e.code == NOT_CONFIGURED);
	CHECK(strstr(e.text, part) != NULL);
}

static int named(const char *runas, uid_t uid, gid_t gid)
{
	return plan_of(runas) == 0 && plan.way == UID_NAMED && plan.uid == uid && plan.gid == gid;
}

static void write_files(void)
{
	scratch_write("passwd", "root:x:0:0::/:/bin/sh\nbroken\nno:colon\nalice:x:1001:1002:A,B:/home/alice:/bin/sh\n\nlast:x:7:8::/:");
	scratch_write("group", "root:x:0:\nkvm:x:106:alice\nmany:x:9:a,b,c");
}

static void test_named(void)
{
	CHECK(plan_of("root") == 0 && plan.way == UID_SAME);
	CHECK(plan_of("0") == 0 && plan.way == UID_SAME && plan_of("root:root") == 0 && plan.way == UID_SAME);
	CHECK(named("alice", 1001, 1002) && named("alice:kvm", 1001, 106) && named("alice:5", 1001, 5) && named("last", 7, 8));
	CHECK(named("1234", 1234, 1234) && named("1234:many", 1234, 9) && named("4294967294", 4294967294u, 4294967294u));
	CHECK(named("root:kvm", 0, 106));
	refused("bob", "bob: no such user in /");
	refused("4294967295", "no such user"); /* (uid_t)-1 means "leave it" */
	refused("alice:nogroup", "nogroup: no such group in /");
	refused("broken", "no such user");
	refused("ali", "no such user");
	refused(":kvm", "no such user");
	refused("a-name-of-more-than-sixty-three-characters-that-no-host-has-for-a-user", "too long");
	unlink(scratch_path("passwd"));
	refused("alice", "no such user");
	CHECK(plan_of("root") == 0 && plan.way == UID_SAME); /* also where there is no passwd */
	write_files();
}

static int uids_file(void)
{
	return open(scratch_path("uids"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

/* In a child: 0 when it has become the plan's, with no way back. */
static int become(gid_t extra)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		gid_t groups[4];
		uid_t r, f, s;
		if (uid_become(&plan, extra, uids_file(), &turn, &e) < 0)
			_exit(1);
		if (getresuid(&r, &f, &s) < 0 || r != f || r != s || r < plan.uid || r >= plan.uid + (plan.n ? plan.n : 1))
			_exit(2);
		if (getegid() != (plan.way == UID_OWN ? r : plan.gid) || setuid(0) == 0 || setgid(0) == 0)
			_exit(3);
		int n = getgroups(4, groups);
		_exit(extra == (gid_t)-1 ? (n == 0 ? 0 : 4) : n == 1 && groups[0] == extra ? 0 : 5);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_own(void)
{
	CHECK(plan_of("") == 0 && plan.way == UID_OWN && plan.n > 0 && plan.gid == plan.uid);
	CHECK(plan.uid == BASE || plan.uid == 60706);
	CHECK(become((gid_t)-1) == 0 && become(106) == 0);
	plan_of("1234:77");
	CHECK(become((gid_t)-1) == 0 && become(106) == 0);
}

/* A uid that lives is left out; a range that is full is said. */
static void test_taken(void)
{
	int p[2], status;
	char byte;

	CHECK(pipe2(p, O_CLOEXEC) == 0);
	plan = (struct uid_plan){ .way = UID_OWN, .uid = 1879099000, .gid = 1879099000, .n = 2 };
	pid_t first = fork();
	if (first == 0) {
		if (uid_become(&plan, (gid_t)-1, uids_file(), &turn, &e) == 0 && getuid() == 1879099000 && write(p[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	CHECK(read(p[0], &byte, 1) == 1);
	pid_t second = fork();
	if (second == 0)
		_exit(uid_become(&plan, (gid_t)-1, uids_file(), &turn, &e) == 0 && getuid() == 1879099001 ? 0 : 1);
	CHECK(waitpid(second, &status, 0) == second && status == 0);
	plan.n = 1;
	second = fork();
	if (second == 0)
		_exit(uid_become(&plan, (gid_t)-1, uids_file(), &turn, &e) == -1 &&
		      strcmp(e.text, "all 1 uids from 1879099000 are taken") == 0 && getuid() == 0 ? 0 : 1);
	CHECK(waitpid(second, &status, 0) == second && status == 0);
	kill(first, 9);
	waitpid(first, NULL, 0);
	close(p[0]);
	close(p[1]);
}

/* An ordinary user: no uid but its own. */
static int ordinary(void)
{
	if (setgroups(0, NULL) < 0 || setresgid(1002, 1002, 1002) < 0 || setresuid(1001, 1001, 1001) < 0)
		return 1;
	if (plan_of("") != 0 || plan.way != UID_SAME || plan_of("alice") != 0 || plan.way != UID_SAME)
		return 2;
	if (plan_of("1234") != -1 || e.code != NO_RIGHT || plan_of("root") != -1 || e.code != NO_RIGHT)
		return 3;
	return plan_of("bob") == -1 && e.code == NOT_CONFIGURED ? 0 : 4;
}

static void test_ordinary(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(ordinary());
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

int main(void)
{
	plan = (struct uid_plan){ .way = UID_SAME };
	CHECK(uid_become(&plan, (gid_t)-1, -1, &turn, &e) == 0);
	if (geteuid() != 0)
		return unit_failed; /* the rest is root's */
	close(scratch_begin());
	chmod(scratch, 0755);
	write_files();
	test_named();
	test_own();
	test_taken();
	test_ordinary();
	return unit_failed;
}
