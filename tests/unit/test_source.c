/* SPDX-License-Identifier: 0BSD */
/* source: which file is read, and whose it is; what is in it is import's (test_import.c). */
#include "source.h"

#include "scratch.h"
#include "unit.h"

static struct err e;
static uid_t author;

/* The name and the first lines of what is imported from there, or why it is not. */
static const char *read_from(const char *file)
{
	static char said[2000];
	struct draft d = { 0 };

	author = (uid_t)-1;
	if (source_read(&d, file, &author, &e) == 0)
		snprintf(said, sizeof(said), "%s: %s%s", d.name, buf_text(&d.rc), buf_text(&d.cfg));
	else
		snprintf(said, sizeof(said), "%s", e.text);
	draft_free(&d);
	return said;
}

static void test_pair(void)
{
	CHECK(mkdir(scratch_path("web"), 0755) == 0);
	scratch_write("web/web-qemu.rc", "RAM=1G\n");
	CHECK_TEXT(read_from(scratch_path("web/web-qemu.rc")), "web: RAM=1G\n");
	CHECK(author == geteuid());
	scratch_write("web/web-qemu.cfg", "-x y\n");
	CHECK(strstr(read_from(scratch_path("web")), "web: ") && strstr(read_from(scratch_path("web")), "-x y"));
	scratch_write("web/two-qemu.rc", "");
	CHECK(strncmp(read_from(scratch_path("web")), scratch, strlen(scratch)) == 0); /* which of them? */
	scratch_write("web/other.rc", "");
	CHECK(strstr(read_from(scratch_path("web/other.rc")), "not called NAME-qemu.rc"));
	CHECK(strstr(read_from(scratch_path("none")), "o such file"));
}

static void test_command(void)
{
	scratch_write("line", "qemu-system-x86_64 -name mail -m 2G\n");
	CHECK(strstr(read_from(scratch_path("line")), "mail: ") && strstr(read_from(scratch_path("line")), "RAM=2G"));
	CHECK(author == geteuid());
	int in = dup(0), file = open(scratch_path("line"), O_RDONLY | O_CLOEXEC);
	dup2(file, 0);
	CHECK(strstr(read_from("-"), "RAM=2G") && author == (uid_t)-1);
	dup2(in, 0);
	close(file);
	close(in);
}

static void test_rights(void)
{
	char rc[] = "rc";
	struct conf_item items[] = {
		{ .key = CONF_PRECMD, .value = "x", .file = rc }, { .key = CONF_RAM, .value = "1G", .file = rc },
		{ .key = CONF_KERNEL, .value = "/k", .file = rc }, { .key = CONF_INITRD, .value = "/i", .file = "default.rc" },
	};
	const struct conf c = { .file = rc, .items = items, .n = 4 };
	struct draft d = { 0 };

	source_rights(&d, &c, 1000);
	CHECK_TEXT(buf_text(&d.notes), "PRECMD was uid 1000's and is run as root now\nKERNEL was uid 1000's and is used as root now\n");
	draft_free(&d);
}

int main(void)
{
	close(scratch_begin());
	test_pair();
	test_command();
	test_rights();
	return unit_failed;
}
