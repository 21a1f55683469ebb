/* SPDX-License-Identifier: 0BSD */
/* systemd: the lines that depend on something; what systemd makes of them is in tests/inits.bats. */
#include "systemd.h"

#include "unit.h"

#include <stdlib.h>
#include <unistd.h>

static struct err e;

static int has(const struct buf *unit, const char *line)
{
	return strstr(buf_text(unit), line) != NULL;
}

int main(void)
{
	struct conf conf = { .name = "web" };
	struct buf unit = { 0 };

	unsetenv("QEMU_INIT_RUN");
	unsetenv("QEMU_INIT_DAT");
	setenv("QEMU_INIT_ETC", "/my/etc", 1);
	CHECK(systemd_unit(&unit, &conf, &e) == 0);
	CHECK(has(&unit, "Description=virtual machine web\n"));
	CHECK(has(&unit, "Environment=\"QEMU_INIT_ETC=/my/etc\"\n") && !has(&unit, "QEMU_INIT_RUN"));
	CHECK(has(&unit, "/test_systemd qemu-init run web\n")); /* this very program */
	CHECK(has(&unit, "KillMode=process\n")); /* the guest of a killed keeper lives on */
	CHECK(has(&unit, geteuid() ? "WantedBy=default.target\n" : "WantedBy=multi-user.target\n"));
	/* what a start and a stop may take, and some more */
	CHECK(has(&unit, "TimeoutStartSec=70\n") && has(&unit, "TimeoutStopSec=90\n"));
	buf_free(&unit);
	return unit_failed;
}
