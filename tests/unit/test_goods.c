/* SPDX-License-Identifier: 0BSD */
/* goods: which files are a VM's, and which its alone; the many ways to need one are in tests/adm.bats. */
#include "goods.h"

#include "own_host.h"
#include "unit.h"

static struct host h;
static struct err e;

/* The files of such a list, from the scratch folder on, one a line. */
static const char *listed(const struct buf *files)
{
	static char text[2000];

	*text = '\0';
	for (const char *file = NULL; (file = goods_next(files, file));)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s\n", file + strlen(scratch) + 1);
	return text;
}

static struct target load(const char *name)
{
	struct target t = { .operand = name };
	struct buf said = { 0 };

	CHECK(target_conf(&t, &h, &said, &said) == DONE);
	buf_free(&said);
	return t;
}

static void test_named(void)
{
	struct buf files = { 0 }, warnings = { 0 };
	struct disks disks = { 0 };

	own_host_register(&h, "web", "DISK1=a.img\nDISK2=gone.img\nKERNEL=../k\nINITRD=no\n");
	scratch_write("vm/web/a.img", "x");
	scratch_write("vm/web/web-qemu.cfg", "");
	scratch_write("vm/k", "x");
	struct target t = load("web");
	CHECK(goods_named(&t, &disks, &files, &warnings, &e) == 0 && disks.n == 2);
	CHECK_TEXT(listed(&files), "vm/web/a.img\nvm/k\nvm/web/web-qemu.cfg\nvm/web/web-qemu.rc\n");
	CHECK(strstr(buf_text(&warnings), "gone.img") && strstr(buf_text(&warnings), "web-qemu.rc:4: INITRD"));
	disks_free(&disks);
	buf_free(&files);
	buf_free(&warnings);
	CHECK(!goods_next(&files, NULL));
	target_free(&t);
}

/* What becomes of a list when there is another VM with this in its rc-file. */
static const char *beside(const char *rc)
{
	static char said[2000];
	char dir[PATH_MAX];
	struct buf files = { 0 };

	scratch_write("vm/db/db-qemu.rc", rc);
	struct target t = load("web");
	snprintf(said, sizeof(said), "%s", goods_own(&h, &t, dir, &files, &e) == 0 ? listed(&files) : e.text);
	buf_free(&files);
	target_free(&t);
	return said;
}

static void test_own(void)
{
	own_host_register(&h, "db", "");
	CHECK_TEXT(beside("DISK1=b.img\n"), "vm/web/a.img\nvm/web/web-qemu.cfg\nvm/web/web-qemu.rc\n"); /* the kernel is not in its folder */
	CHECK(strstr(beside("DISK1=../web/a.img\n"), "a.img: db needs it, too"));
	CHECK(strstr(beside("RAMM=1\n"), "so db may need what is here"));
	char raw[200];
	snprintf(raw, sizeof(raw), "ARG1=-pflash %s\n", scratch_path("vm/web/f"));
	CHECK(strstr(beside(raw), "so db may need what is here"));
}

int main(void)
{
	own_host_begin(&h, "#!/bin/sh\n");
	test_named();
	test_own();
	host_free(&h);
	return unit_failed;
}
