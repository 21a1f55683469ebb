/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "clock.h"
#include "reg.h"
#include "text.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/test_reg.XXXXXX";
static struct reg r;
static struct buf errors;

static void put(const char *base, const char *text, size_t n)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, base);
	FILE *f = fopen(path, "w");
	if (!f || fwrite(text, 1, n, f) != n || fclose(f) != 0)
		perror(path), exit(1);
}

static void drop(const char *base)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, base);
	remove(path);
}

static int load(const char *text, size_t n)
{
	reg_free(&r);
	buf_clear(&errors);
	put("registered", text, n);
	return reg_load(&r, dir, &errors);
}

/* The list as "line:name=path " and the complaints from their line number on. */
static void is(const char *text, size_t n, const char *want)
{
	struct buf got = { 0 };
	size_t skip = strlen(dir) + strlen("/registered:");

	CHECK(load(text, n) == (errors.n ? -1 : 0));
	CHECK(!errors.n || r.code == NOT_CONFIGURED);
	for (size_t i = 0; i < r.n; i++) {
		buf_fmt(&got, "%d:%s=%s ", r.vms[i].line, r.vms[i].name, r.vms[i].path);
		CHECK(reg_find(&r, r.vms[i].name) == &r.vms[i]);
	}
	for (const char *s = buf_text(&errors); *s; s = strchr(s, '\n') + 1)
		buf_fmt(&got, "[%.*s]", (int)(strcspn(s, "\n") - skip), s + skip);
	CHECK_TEXT(buf_text(&got), want);
	buf_free(&got);
}

static void test_lines(void)
{
	static const char *const cases[][2] = {
		{ "", "" }, { "# none\n\n", "" }, { "web /srv/web", "1:web=/srv/web " },
		{ "web\t /srv/a b # c/\r\n\n  db /\n", "1:web=/srv/a b # c 3:db=/ " },
		{ "b /b\na /a\nc /c\n", "1:b=/b 2:a=/a 3:c=/c " },
		{ "web\n", "[1: web: want the absolute path of its folder behind the name]" },
		{ "web srv\na /a", "2:a=/a [1: web: want the absolute path of its folder behind the name]" },
		{ "../x /a\n", "[1: ../x /a: want a VM's name and its folder]" },
		{ "a /a\nb /b\na /c\n", "1:a=/a 2:b=/b [3: a: given already in line 1]" },
		{ "a234567890123456789012345678901234567890123456789 /a", "[1: a234567890123456789012345678901234567890123456789 /a: "
			"want a VM's name and its folder]" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		is(cases[i][0], strlen(cases[i][0]), cases[i][1]);
	is("a /a\nb /\0b\n", 11, "1:a=/a [2: a NUL byte]");
}

static void test_many(void)
{
	struct buf b = { 0 };
	char name[32];

	for (int i = 0; i < 20000; i++)
		buf_fmt(&b, "vm%d /srv/vm%d\n", i * 7919 % 20000, i);
	CHECK(load(b.s, b.n) == 0 && r.n == 20000 && r.text.n == b.n);
	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "vm%d", i);
		const struct reg_vm *vm = reg_find(&r, name);
		CHECK(vm && !strcmp(vm->name, name));
	}
	CHECK(!reg_find(&r, "vm20000") && !reg_find(&r, ""));
	buf_clear(&b);
	buf_str(&b, "a /");
	while (b.n < 1 << 20)
		buf_char(&b, 'x');
	CHECK(load(b.s, b.n) < 0 && strstr(errors.s, ":1: a: the path is longer than 4095 bytes\n"));
	buf_free(&b);
}

static void test_files(void)
{
	reg_free(&r);
	buf_clear(&errors);
	drop("registered");
	CHECK(reg_load(&r, dir, &errors) == 0 && !r.n);
	reg_free(&r);
	CHECK(reg_load(&r, "", &errors) == 0);
	reg_free(&r);
	CHECK(reg_load(&r, "/no/such/place", &errors) == 0 && !errors.n);
	reg_free(&r);
	put("autostart", "web\n# c\ndb\n", 11);
	CHECK(reg_autostart(&r, dir, &errors) == 0 && r.n == 2 && reg_find(&r, "db") && !reg_find(&r, "db")->path);
	reg_free(&r);
	put("autostart", "web /x\n", 7);
	CHECK(reg_autostart(&r, dir, &errors) < 0 && strstr(errors.s, "autostart:1: web: want nothing behind the name\n"));
	reg_free(&r);
	buf_clear(&errors);
	CHECK(reg_load(&r, "/proc/self/cmdline", &errors) < 0 && r.code == NOT_CONFIGURED && strstr(errors.s, ": not a directory\n"));
	drop("autostart");
}

static void test_no_right(void)
{
	char path[128];

	if (getuid() != 0)
		return;
	load("a /a\n", 5);
	reg_free(&r);
	snprintf(path, sizeof(path), "%s/registered", dir);
	CHECK(chmod(path, 0600) == 0 && seteuid(12345) == 0);
	CHECK(reg_load(&r, dir, &errors) < 0 && r.code == NO_RIGHT && strstr(errors.s, ": permission denied\n"));
	CHECK(seteuid(0) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0);	/* for the leak sanitizer */
	drop("registered");
}

static void rc_is(int bad, const char *text, const char *want)
{
	CHECK(bad == (*want == '/' ? 0 : -1));
	CHECK_TEXT(text + strlen(dir), want);
}

static void test_rc_file(void)
{
	char path[128];
	struct err e;

	rc_is(reg_rc_file(dir, "web", path, sizeof(path), &e), e.text, ": neither web-qemu.rc nor web-qemud.rc is there");
	CHECK(e.code == NOT_CONFIGURED);
	rc_is(reg_rc_only(dir, path, sizeof(path), &e), e.text, ": no NAME-qemu.rc is there");
	put("web-qemud.rc", "", 0);
	put("-qemu.rc", "", 0);
	put(".web-qemu.rc", "", 0);
	rc_is(reg_rc_file(dir, "web", path, sizeof(path), &e), path, "/web-qemud.rc");
	rc_is(reg_rc_only(dir, path, sizeof(path), &e), path, "/web-qemud.rc");
	put("web-qemu.rc", "", 0);
	rc_is(reg_rc_file(dir, "web", path, sizeof(path), &e), e.text, ": web-qemu.rc and web-qemud.rc are both there, want one");
	CHECK(reg_rc_only(dir, path, sizeof(path), &e) < 0 && text_ends(e.text, " are both there, name the one"));
	drop("web-qemud.rc");
	rc_is(reg_rc_file(dir, "web", path, sizeof(path), &e), path, "/web-qemu.rc");
	CHECK(reg_rc_file(dir, "web", path, strlen(dir) + 5, &e) < 0 && e.code == NOT_CONFIGURED);
	CHECK(reg_rc_file(dir, "../web", path, sizeof(path), &e) < 0 && e.code == NOT_CONFIGURED);
	CHECK(reg_rc_only("/no/such/place", path, sizeof(path), &e) < 0 && e.code == NOT_CONFIGURED);
	drop("web-qemu.rc");
	drop("-qemu.rc");
	drop(".web-qemu.rc");
}

static void test_write(void)
{
	char etc[64], file[80];
	struct err e;

	snprintf(etc, sizeof(etc), "%s/new/etc", dir);
	CHECK(reg_lock("", clock_ms(), &e) == -1 && e.code == NOT_CONFIGURED);
	int fd = reg_lock(etc, clock_ms(), &e);
	CHECK(fd >= 0 && reg_lock(etc, clock_ms(), &e) == -1 && e.code == TIMED_OUT);
	reg_free(&r);
	CHECK(reg_load(&r, etc, &errors) == 0);
	CHECK(reg_write(&r, "web", "web /a", &e) == 0 && reg_write(&r, "db", "db /b", &e) == 0);
	reg_free(&r);
	CHECK(reg_load(&r, etc, &errors) == 0 && r.n == 2 && !strcmp(r.vms[1].name, "db"));
	CHECK(reg_write(&r, "web", NULL, &e) == 0);
	reg_free(&r);
	CHECK(reg_load(&r, etc, &errors) == 0 && r.n == 1 && !strcmp(r.vms[0].path, "/b"));
	snprintf(file, sizeof(file), "%s/registered", etc);
	CHECK(remove(file) == 0 && mkdir(file, 0755) == 0 && reg_write(&r, "web", "web /a", &e) == -1);
	close(fd);
	drop("new/etc/registered");
	drop("new/etc/.lock");
	drop("new/etc");
	drop("new");
}

int main(void)
{
	if (!mkdtemp(dir) || chmod(dir, 0755) != 0)
		return perror(dir), 1;
	test_lines();
	test_many();
	test_files();
	test_no_right();
	test_rc_file();
	test_write();
	reg_free(&r);
	buf_free(&errors);
	rmdir(dir);
	return unit_failed;
}
