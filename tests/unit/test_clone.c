/* SPDX-License-Identifier: 0BSD */
/* clone: what is planned, made and taken back; the whole is in tests/move.bats. */
#include "unit.h"

#include "clone.h"
#include "scratch.h"

static struct err e;

/* Plans a clone of an rc-file of these lines: the new rc-file, "(refused) why", with the notes behind. */
static const char *plan(struct clone *c, const char *rc, int linked)
{
	static char out[4096];
	struct buf text = { 0 }, notes = { 0 };
	const struct conf_from from = { .file = scratch_path("web-qemu.rc"), .text = &text };
	const struct disk_rules rules = { 0 };
	struct disks disks;
	struct conf conf;

	buf_str(&text, rc);
	CHECK(conf_load(&conf, &from, &notes, &notes) == 0 && disks_name(&disks, &conf, &rules, &notes, &e) == 0 && !notes.n);
	const struct clone_from what = {
		.conf = &conf, .disks = &disks, .name = "new", .dir = scratch_path("new"), .linked = linked,
	};
	*c = (struct clone){ 0 };
	if (clone_plan(c, &what, &text, &notes, &e) < 0)
		snprintf(out, sizeof(out), "(refused) %s", e.text);
	else
		snprintf(out, sizeof(out), "%s%s", buf_text(&text), buf_text(&notes));
	disks_free(&disks);
	conf_free(&conf);
	buf_free(&text);
	buf_free(&notes);
	return out;
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	return stat(scratch_path(name), &st) < 0 ? 0 : st.st_mode & 0777;
}

static void test_copy(void)
{
	struct clone c;

	CHECK_TEXT(plan(&c, "# x\nDISK1=a.img # y\nMONPORT=30000\nKERNEL=sub/b\n", 0),
		"# x\nDISK1=a.img # y\nMONPORT=\nKERNEL=sub/b\nNAME=new\nMONPORT: 30000 stays with web alone\n");
	CHECK(c.n == 2 && clone_make(&c, NULL, &e) == 0);
	CHECK(mode_of("new/a.img") && mode_of("new/sub/b") && mode_of("a.img") == 0644);
	clone_undo(&c);
	CHECK(!mode_of("new") && mode_of("a.img") == 0644);
	clone_free(&c);
}

static void test_linked(void)
{
	struct clone c;
	char want[512];

	snprintf(want, sizeof(want), "DISK1=disk1.qcow2,if=scsi,backing=%s/a.img\nKERNEL=%s/sub/b\nNAME=new\n"
		"%s/a.img: nobody may write it from now on, web neither (its start wants -x)\n", scratch, scratch, scratch);
	CHECK_TEXT(plan(&c, "DISK1=a.img,if=scsi\nKERNEL=sub/b\n", 1), want);
	CHECK(clone_make(&c, NULL, &e) == 0 && mode_of("new/disk1.qcow2") && mode_of("a.img") == 0444);
	clone_undo(&c);
	CHECK(!mode_of("new") && mode_of("a.img") == 0644);
	clone_free(&c);
}

/* What came to the path since is not what was made read-only. */
static void test_swapped(void)
{
	struct clone c;

	plan(&c, "DISK1=a.img\n", 1);
	CHECK(clone_make(&c, NULL, &e) == 0);
	CHECK(rename(scratch_path("a.img"), scratch_path("moved")) == 0);
	scratch_write("a.img", "another");
	CHECK(chmod(scratch_path("a.img"), 0400) == 0);
	clone_undo(&c);
	CHECK(mode_of("a.img") == 0400 && mode_of("moved") == 0644);
	clone_free(&c);

	plan(&c, "DISK1=a.img\n", 1);
	CHECK(unlink(scratch_path("a.img")) == 0 && symlink("moved", scratch_path("a.img")) == 0);
	CHECK(clone_make(&c, NULL, &e) < 0 && strstr(e.text, "a.img: became a link meanwhile"));
	clone_undo(&c);
	CHECK(mode_of("moved") == 0644);
	clone_free(&c);
}

static void test_refusals(void)
{
	struct clone c;

	CHECK(strstr(plan(&c, "DISK1=a.img\nKERNEL=none\n", 0), "(refused) "));
	CHECK(strstr(e.text, ":2: KERNEL: "));
	clone_free(&c);
}

int main(void)
{
	int dir = scratch_begin();

	CHECK(mkdir(scratch_path("sub"), 0755) == 0);
	scratch_write("a.img", "disk");
	scratch_write("sub/b", "kernel");
	test_copy();
	test_linked();
	test_refusals();
	test_swapped();
	close(dir);
	return unit_failed;
}
