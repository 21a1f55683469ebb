/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "scratch.h"
#include "user.h"

int main(void)
{
	unsigned int id = 1, gid = 1;

	close(scratch_begin());
	scratch_write("passwd", "root:x:0:0::/:/bin/sh\nbroken\nno:colon\nbad:x:y:1\nalice:x:1001:1002:A,B:/home/alice:/bin/sh\n\nlast:x:7:8");
	const char *passwd = scratch_path("passwd");
	CHECK(user_number("4294967294", &id) == 0 && id == 4294967294u);
	CHECK(user_number("4294967295", &id) < 0 && user_number("", &id) < 0 && user_number("-1", &id) < 0 && user_number("1x", &id) < 0);
	CHECK(user_find(passwd, "alice", &id, &gid) == 0 && id == 1001 && gid == 1002);
	CHECK(user_find(passwd, "last", &id, &gid) == 0 && id == 7 && gid == 8);
	CHECK(user_find(passwd, "root", &id, NULL) == 0 && id == 0);
	static const char *const bad[] = { "ali", "alice:", "", "broken", "no", "bad", "bob" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(user_find(passwd, bad[i], &id, &gid) < 0);
	CHECK(user_find(scratch_path("none"), "root", &id, NULL) < 0);
	CHECK(user_group(passwd, 1001) == 1002 && user_group(passwd, 7) == 8);
	CHECK(user_group(passwd, 12) == USER_NOBODY && user_group(scratch_path("none"), 7) == USER_NOBODY);
	return unit_failed;
}
