/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "peer.h"
#include "scratch.h"
#include "sock.h"
#include "user.h"

#include <grp.h>
#include <sys/wait.h>

static struct err e;

static int reads(struct peers *p, const char *words)
{
	return peer_read(p, words, scratch_path("passwd"), scratch_path("group"), &e);
}

static void refused(const char *words, const char *part)
{
	struct peers p = { 0 };

	CHECK(reads(&p, words) == -1 && e.code == NOT_CONFIGURED && strstr(e.text, part));
}

static void test_words(void)
{
	struct peers p = { .owner = 5 };

	CHECK(reads(&p, "") == 0 && reads(&p, " ,\t ") == 0 && !p.users && !p.groups && !p.any);
	CHECK(peer_user(&p, 5) && !peer_user(&p, 0) && !peer_user(&p, 1001));
	CHECK(reads(&p, "alice, 77 @staff,@88") == 0 && p.users == 2 && p.groups == 2);
	CHECK(peer_user(&p, 1001) && peer_user(&p, 77) && !peer_user(&p, 88) && !peer_user(&p, 50));
	CHECK(peer_group(&p, (gid_t[]){ 1, 50 }, 2) && peer_group(&p, (gid_t[]){ 88 }, 1) && !peer_group(&p, (gid_t[]){ 77, 1001 }, 2));
	CHECK(!peer_group(&p, NULL, 0));
	CHECK(reads(&p, "any") == 0 && peer_user(&p, 4242));
	refused("bob", "bob: no such user in /");
	refused("alice bob", "bob: no such user in /");
	refused("staff", "staff: no such user in /");
	refused("@alice", "@alice: no such group in /");
	refused("@", "@: no such group");
	refused("@any", "no such group");
	refused("65534", "nobody");
	refused("nobody", "nobody");
	refused("4294967295", "no such user");
	refused("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", "more than 16");
	refused("a-name-of-more-than-sixty-three-characters-that-no-host-has-for-a-user", "too long");
}

/* Connects in a child that has become this; what peer_may says of it. */
static int may(const struct peers *p, uid_t uid, gid_t gid, gid_t extra)
{
	int pair[2], status;
	char byte;
	const char *path = scratch_path("s");
	int listener = sock_listen_unix(path, 0600, 1, &e);

	CHECK(listener >= 0 && pipe(pair) == 0 && chmod(path, 0777) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(pair[1]);
		if (setgroups(1, &extra) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0 ||
		    sock_connect_unix(path, INT64_MAX, &e) < 0)
			_exit(1);
		_exit(read(pair[0], &byte, 1) != 0);
	}
	close(pair[0]);
	fcntl(listener, F_SETFL, 0);
	int fd = sock_accept(listener);
	int yes = peer_may(fd, p);
	close(pair[1]);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	close(fd);
	close(listener);
	unlink(path);
	return yes;
}

static void test_may(void)
{
	struct peers p = { .owner = 1001 };

	CHECK(peer_add_group(&p, 50) == 0);
	CHECK(may(&p, 0, 0, 0) && may(&p, 1001, 9, 9) && !may(&p, 1002, 9, 9));
	CHECK(may(&p, 1002, 50, 9) && may(&p, 1002, 9, 50));
	CHECK(!peer_may(-1, &p));
	while (peer_add_group(&p, 1) == 0)
		;
	CHECK(p.groups == PEER_MAX);
}

int main(void)
{
	close(scratch_begin());
	chmod(scratch, 0755);
	scratch_write("passwd", "alice:x:1001:1002:A,B:/home/alice:/bin/sh\nnobody:x:65534:65534::/:\n");
	scratch_write("group", "staff:x:50:alice\nnogroup:x:65534:\n");
	test_words();
	if (geteuid() == 0) /* the rest is root's */
		test_may();
	return unit_failed;
}
