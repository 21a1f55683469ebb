/* SPDX-License-Identifier: 0BSD */
#include "trust.h"

#include "scratch.h"
#include "text.h"
#include "unit.h"

#include <errno.h>

static struct err e;

static int judged(mode_t mode, uid_t uid, uid_t root, uid_t owner)
{
	const struct stat st = { .st_mode = mode, .st_uid = uid };

	return trust_judge(&st, root, owner, &e);
}

static void test_judge(void)
{
	CHECK(judged(S_IFREG | 0644, 0, 0, 0) == 0 && judged(S_IFREG | 0644, 7, 0, 7) == 0 && judged(S_IFDIR | 0755, 0, 0, 7) == 0);
	CHECK(judged(S_IFDIR | 0755, 65534, 65534, 0) == 0); /* the owner of `/` */
	CHECK(judged(S_IFREG | 0644, 7, 0, 0) == -1 && e.code == NOT_CONFIGURED);
	CHECK_TEXT(e.text, "belongs to uid 7: chown root");
	CHECK(judged(S_IFREG | 0644, 7, 0, 8) == -1);
	CHECK(judged(S_IFREG | 0664, 0, 0, 0) == -1);
	CHECK_TEXT(e.text, "others may write it (mode 0664): chmod go-w");
	CHECK(judged(S_IFREG | 0646, 0, 0, 0) == -1 && judged(S_IFDIR | 0775, 0, 0, 0) == -1 && judged(S_IFDIR | 0777, 0, 0, 0) == -1);
	CHECK(judged(S_IFDIR | 01777, 0, 0, 0) == 0 && judged(S_IFDIR | 01777, 7, 0, 0) == -1);
	CHECK(judged(S_IFREG | 01666, 0, 0, 0) == -1); /* sticky means nothing there */
}

/* The text of folder/file, or why not. */
static const char *reading(uid_t allowed, uid_t *owner)
{
	static char text[2048];
	struct buf out = { 0 };

	*owner = allowed;
	int bad = trust_read(scratch_path("folder/file"), owner, 100, &out, &e);
	snprintf(text, sizeof(text), "%s", bad ? e.text : buf_text(&out));
	buf_free(&out);
	return text;
}

static void refused(const char *why)
{
	uid_t owner;
	const char *got = reading(0, &owner);

	int number = errno;

	CHECK(number == EPERM && e.code == NOT_CONFIGURED && strstr(got, why) && text_begins(got, scratch_path("folder/file")));
}

static void test_read(void)
{
	uid_t owner;

	CHECK(mkdir(scratch_path("folder"), 0755) == 0);
	CHECK(strstr(reading(0, &owner), "no such file") && errno == ENOENT);
	scratch_write("folder/file", "words\n");
	CHECK_TEXT(reading(0, &owner), "words\n");
	if (geteuid() != 0)
		return;
	chmod(scratch_path("folder"), 0775);
	refused("/folder: others may write it (mode 0775): chmod go-w");
	chmod(scratch_path("folder"), 0755);
	chmod(scratch_path("folder/file"), 0666);
	refused("/folder/file: others may write it (mode 0666): chmod go-w");
	chmod(scratch_path("folder/file"), 0644);
	CHECK(chown(scratch_path("folder/file"), 1234, 0) == 0);
	refused("/folder/file: belongs to uid 1234: chown root");
	CHECK_TEXT(reading(TRUST_ANY, &owner), "words\n");
	CHECK(owner == 1234);
	CHECK_TEXT(reading(1234, &owner), "words\n");
	CHECK(chown(scratch_path("folder"), 1234, 0) == 0);
	CHECK_TEXT(reading(TRUST_ANY, &owner), "words\n");
	CHECK(chown(scratch_path("folder/file"), 0, 0) == 0);
	CHECK(strstr(reading(TRUST_ANY, &owner), "/folder: belongs to uid 1234: chown root")); /* he can put another in its place */
	CHECK(chown(scratch_path("folder"), 4321, 0) == 0 && chown(scratch_path("folder/file"), 1234, 0) == 0);
	CHECK(strstr(reading(TRUST_ANY, &owner), "/folder: belongs to uid 4321: chown root"));
}

/* A link is followed, and it is where it leads that counts. */
static void test_link(void)
{
	uid_t owner;

	CHECK(mkdir(scratch_path("open"), 0755) == 0 && unlink(scratch_path("folder/file")) == 0);
	CHECK(chown(scratch_path("folder"), geteuid(), (gid_t)-1) == 0);
	scratch_write("open/file", "there\n");
	CHECK(symlink("../open/file", scratch_path("folder/file")) == 0);
	CHECK_TEXT(reading(0, &owner), "there\n");
	chmod(scratch_path("open"), 0777);
	if (geteuid() == 0)
		refused("/open: others may write it (mode 0777): chmod go-w");
}

int main(void)
{
	umask(022);
	close(scratch_begin());
	test_judge();
	test_read();
	test_link();
	return unit_failed;
}
