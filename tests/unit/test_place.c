/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "place.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

static struct place p;
static struct err e;

static void clear(void)
{
	static const char *const names[] = {
		"QEMU_INIT_ETC", "QEMU_INIT_RUN", "QEMU_INIT_DAT", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unsetenv(names[i]);
}

static void test_root(void)
{
	char name[49];

	setenv("HOME", "/root", 1);
	CHECK(place_find(&p, &e) == 0 && p.root);
	CHECK_TEXT(p.etc, "/etc/qemu");
	CHECK_TEXT(p.run, "/run/qemu");
	CHECK_TEXT(p.data, "/var/lib/qemu");
	memset(name, 'n', 48);
	name[48] = '\0';
	CHECK(place_fits(&p, name, &e) == 0);
}

static void test_user(void)
{
	char run[64];

	CHECK(place_find(&p, &e) == 0 && !p.root);
	CHECK_TEXT(p.etc, "");
	CHECK_TEXT(p.data, "");
	setenv("HOME", "/home/me/", 1);
	setenv("XDG_DATA_HOME", "not/absolute", 1);
	snprintf(run, sizeof(run), "/tmp/qemu-init-%u", (unsigned int)geteuid());
	CHECK(place_find(&p, &e) == 0);
	CHECK_TEXT(p.etc, "/home/me//.config/qemu-init");
	CHECK_TEXT(p.run, run);
	CHECK_TEXT(p.data, "/home/me//.local/share/qemu-init");
	setenv("XDG_CONFIG_HOME", "/c", 1);
	setenv("XDG_DATA_HOME", "/d", 1);
	CHECK(place_find(&p, &e) == 0);
	CHECK_TEXT(p.etc, "/c/qemu-init");
	CHECK_TEXT(p.data, "/d/qemu-init");
}

static void test_override(void)
{
	char path[128], longest[400];

	setenv("QEMU_INIT_ETC", "/e//", 1);
	setenv("QEMU_INIT_RUN", "/r", 1);
	setenv("QEMU_INIT_DAT", "/", 1);
	CHECK(place_find(&p, &e) == 0);
	CHECK_TEXT(p.etc, "/e");
	CHECK_TEXT(p.run, "/r");
	CHECK_TEXT(p.data, "/");
	CHECK(place_run(&p, "web", NULL, path, sizeof(path)) == 0);
	CHECK_TEXT(path, "/r/web");
	CHECK(place_run(&p, "web", "lock", path, sizeof(path)) == 0);
	CHECK_TEXT(path, "/r/web/lock");
	CHECK(place_run(&p, "web", "lock", path, 11) < 0 && place_run(&p, "web", NULL, path, 6) < 0);
	setenv("QEMU_INIT_RUN", "r", 1);
	CHECK(place_find(&p, &e) < 0 && e.code == NOT_CONFIGURED);
	CHECK_TEXT(e.text, "QEMU_INIT_RUN: r: want an absolute path");
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[256] = '\0';
	setenv("QEMU_INIT_RUN", longest, 1);
	CHECK(place_find(&p, &e) < 0 && e.code == NOT_CONFIGURED);
	CHECK_TEXT(e.text, "QEMU_INIT_RUN: longer than 255 bytes");
	longest[107 - 28] = '\0';	/* /web/private/monitor-ctl.sock */
	setenv("QEMU_INIT_RUN", longest, 1);
	CHECK(place_find(&p, &e) == 0 && place_fits(&p, "web", &e) < 0 && e.code == NOT_CONFIGURED);
	CHECK(strstr(e.text, "/web/private/monitor-ctl.sock: longer than the 107 bytes"));
	CHECK(place_fits(&p, "we", &e) == 0);
	setenv("QEMU_INIT_RUN", "/r", 1);
	CHECK(place_find(&p, &e) == 0 && place_fits(&p, "uids", &e) < 0 && e.code == NOT_CONFIGURED);
	CHECK_TEXT(e.text, "not a VM's name: /run/qemu/uids is the lock for QEMU's uids");
	CHECK(place_fits(&p, "uid", &e) == 0 && place_fits(&p, "uids2", &e) == 0);
}

int main(void)
{
	clear();
	if (geteuid() == 0) {
		test_root();
		clear();
		CHECK(seteuid(12345) == 0);
	}
	test_user();
	clear();
	test_override();
	if (getuid() == 0)
		CHECK(seteuid(0) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0); /* for the leak sanitizer */
	return unit_failed;
}
