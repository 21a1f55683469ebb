/* SPDX-License-Identifier: 0BSD */
/* The list of applets, nothing else. */
#include "applet.h"
#include "fd.h"
#include "guard.h"

#include <signal.h>
#include <stdio.h>

extern const struct applet applet_qemu_adm, applet_qemu_cmd, applet_qemu_init, applet_qemu_mon, applet_qemud;

static const struct applet *const applets[] = {
	&applet_qemu_adm,
	&applet_qemu_cmd,
	&applet_qemu_init,
	&applet_qemu_mon,
	&applet_qemud,
};

int main(int argc, char **argv)
{
	struct buf out = { 0 }, words = { 0 };

	fd_sane();
	signal(SIGPIPE, SIG_IGN);
	if (guarded(GUARD_CALLER))
		signal(SIGCHLD, SIG_DFL); /* a caller may have ignored it: then no child's end would be told */
	int code = applet_main(applets, sizeof(applets) / sizeof(*applets), argc, argv, &out, &words);
	fputs(buf_text(&out), stdout);
	fputs(buf_text(&words), stderr);
	buf_free(&out);
	buf_free(&words);
	if (fflush(stdout) != 0 && code == DONE)
		code = FAILED;
	return code;
}
