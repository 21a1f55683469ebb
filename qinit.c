/* SPDX-License-Identifier: 0BSD */
/* The list of applets, nothing else. */
#include "applet.h"
#include "fd.h"
#include "guard.h"

#include <poll.h>
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

/* Whoever read our output has had enough of it. */
static int has_left(void)
{
	struct pollfd to = { .fd = 1 };

	return poll(&to, 1, 0) > 0 && (to.revents & POLLERR);
}

int main(int argc, char **argv)
{
	struct buf out = { 0 }, words = { 0 };

	fd_sane();
	signal(SIGPIPE, SIG_IGN);
	if (guarded(GUARD_CALLER))
		signal(SIGCHLD, SIG_DFL); /* a caller may have ignored it: then no child's end would be told */
	int code = applet_main(applets, sizeof(applets) / sizeof(*applets), argc, argv, &out, &words);
	fputs(buf_text(&out), stdout);
	int lost = fflush(stdout) != 0 || ferror(stdout);
	if (lost && !has_left())
		buf_fmt(&words, "qinit: stdout: not all of the output could be written%s\n", code == DONE ? "; the rest is done" : "");
	fputs(buf_text(&words), stderr);
	buf_free(&out);
	buf_free(&words);
	return lost && code == DONE ? FAILED : code;
}
