/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "own_host.h"
#include "target.h"
#include "text.h"

static struct host h;
static struct buf errors, warnings;

/* Loads the one target of a line of words; its code. */
static int load(struct target *t, const char *line)
{
	static char text[512];
	static char *words[8];
	struct target list[8];
	size_t n = 0;

	buf_clear(&errors);
	buf_clear(&warnings);
	snprintf(text, sizeof(text), "%s", line);
	for (char *w = strtok(text, " "); w; w = strtok(NULL, " "))
		words[n++] = w;
	CHECK(target_split(list, words, n) == 1);
	*t = list[0];
	return target_load(t, &h, &errors, &warnings);
}

static void refused(const char *line, int code, const char *part)
{
	struct target t;

	CHECK(load(&t, line) == code);
	CHECK(strstr(buf_text(&errors), part) != NULL);
	target_free(&t);
}

static void test_split(void)
{
	char *const words[] = { "A=1", "web", "RAM=1G", "SMP=2", "db", "./a=b", "x=1", "/vm/x-qemu.rc", "NAME=y" };
	struct target list[9];

	CHECK(target_split(list, words, 0) == 0);
	CHECK(target_split(list, words, 9) == 6);
	CHECK(list[0].operand == NULL && list[0].n == 1);
	CHECK_TEXT(list[1].operand, "web");
	CHECK(list[1].n == 2 && list[1].settings == words + 2 && list[2].n == 0);
	CHECK_TEXT(list[3].operand, "./a=b"); /* a path, and a small letter is no key */
	CHECK_TEXT(list[4].operand, "x=1");
	CHECK_TEXT(list[5].operand, "/vm/x-qemu.rc");
	CHECK(list[5].n == 1);
}

static void test_by_name(void)
{
	struct target t;

	CHECK(load(&t, "web RAM=64M SMP=2") == DONE && t.registered && !errors.n);
	CHECK_TEXT(t.name, "web");
	CHECK_TEXT(conf_text(&t.conf, CONF_RAM), "64M");
	CHECK_TEXT(buf_text(&t.setting_words), "RAM=64M SMP=2");
	CHECK_TEXT(t.program, scratch_path("bin/qemu-system-x86_64"));
	struct keep_job job = { .throw_away = 1 };
	target_job(&t, &job);
	CHECK(job.registered && job.conf == &t.conf && job.rules.throw_away && job.program == t.program && job.rules.temp[0]);
	CHECK_TEXT(job.settings, "RAM=64M SMP=2");
	target_free(&t);
	CHECK(load(&t, "NAME=fix RAM=16M") == DONE && !t.registered && !t.conf.file);
	CHECK_TEXT(t.name, "fix");
	target_free(&t);
}

/* A registered one by its path is registered; another of that name is not. */
static void test_by_path(void)
{
	struct target t;
	char line[256];

	snprintf(line, sizeof(line), "%s/vm/web", scratch);
	CHECK(load(&t, line) == DONE && t.registered);
	target_free(&t);
	snprintf(line, sizeof(line), "%s/vm/web/web-qemu.rc RAM=32M", scratch);
	CHECK(load(&t, line) == DONE && t.registered);
	target_free(&t);
	mkdir(scratch_path("vm/copy"), 0755);
	scratch_write("vm/copy/web-qemu.rc", "RAM=16M\n");
	snprintf(line, sizeof(line), "%s/vm/copy", scratch);
	CHECK(load(&t, line) == DONE && !t.registered);
	CHECK_TEXT(t.name, "web");
	target_free(&t);
}

static void test_refused(void)
{
	char line[256];

	refused("none", NOT_CONFIGURED, "none: no such VM");
	refused("./none", NOT_CONFIGURED, "./none: no such file");
	refused("RAM=16M", NOT_CONFIGURED, "NAME");
	refused("web RAM=much", NOT_CONFIGURED, "RAM=much: much: want a size");
	refused("web NAME=other", NOT_CONFIGURED, "NAME");
	refused("web TGTARCH=qemu-system-none", NOT_INSTALLED, "qemu-system-none: not found in PATH");
	refused("web RUNAS=nobody-of-this-name", NOT_CONFIGURED, "setting RUNAS=nobody-of-this-name: nobody-of-this-name: no such user");
	snprintf(line, sizeof(line), "%s/vm", scratch);
	refused(line, NOT_CONFIGURED, "/vm: ");
	mkdir(scratch_path("vm/a\nb"), 0755);
	scratch_write("vm/a\nb/x-qemu.rc", "RAM=16M\n");
	snprintf(line, sizeof(line), "%s/vm/a\nb", scratch);
	refused(line, NOT_CONFIGURED, "line break"); /* it would be two lines of `state` */
	scratch_write("vm/web/web-qemu.cfg", "-device 'x\n");
	refused("web", NOT_CONFIGURED, "/vm/web/web-qemu.cfg:1: ");
}

static void test_argv(void)
{
	struct target t;
	struct argv a;
	struct err e;
	char path[128] = "";

	scratch_write("vm/web/web-qemu.cfg", "-rtc base=utc\n");
	CHECK(load(&t, "web DISK1=none.img") == DONE);
	CHECK(target_argv(&t, 0, &a, &warnings, &e) == 0 && a.n > 10 && a.givens == 0);
	CHECK_TEXT(a.words[0], t.program);
	CHECK_TEXT(a.words[a.n - 2], "-rtc");
	CHECK(strstr(buf_text(&warnings), "DISK1=none.img: ") != NULL);
	for (size_t i = 0; i < a.n; i++)
		if (strstr(a.words[i], "id=qmp,"))
			snprintf(path, sizeof(path), "%s", strstr(a.words[i], "path="));
	CHECK(text_begins(path, "path=") && text_begins(path + 5, scratch_path("run/web/qmp.sock")));
	argv_free(&a);
	target_free(&t);
}

/* What does not live is its name; what lives is what it was started from. */
static void test_remember(void)
{
	struct vm vm;
	struct target t;
	struct err e;

	target_remember(&t, &h, "web");
	CHECK_TEXT(t.operand, "web");
	CHECK(t.n == 0);
	target_free(&t);
	CHECK(vm_keep(&vm, &h.place, "web", &e) == 1);
	scratch_write("run/web/state", "version=1\nphase=running\nrc=/old/web-qemu.rc\nsettings=RAM=1G 'DESC=a b'\n");
	target_remember(&t, &h, "web");
	CHECK_TEXT(t.operand, "/old/web-qemu.rc");
	CHECK(t.n == 2);
	CHECK_TEXT(t.settings[1], "DESC=a b");
	target_free(&t);
	vm_close(&vm);
	target_remember(&t, &h, "web"); /* a state file that nobody holds up is history */
	CHECK_TEXT(t.operand, "web");
	target_free(&t);
}

int main(void)
{
	own_host_begin(&h, "");
	own_host_register(&h, "web", "RAM=128M\n");
	test_split();
	test_by_name();
	test_by_path();
	test_refused();
	test_argv();
	test_remember();
	host_free(&h);
	buf_free(&errors);
	buf_free(&warnings);
	return unit_failed;
}
