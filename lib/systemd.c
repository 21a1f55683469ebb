/* SPDX-License-Identifier: 0BSD */
/* A VM's unit for systemd. */
#include "systemd.h"

#include "file.h"
#include "text.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How this very program is called as qemu-init: by its own name, or when that is an applet's by the link beside it. */
static int find_init(struct buf *words, struct err *e)
{
	char path[PATH_MAX + sizeof("qemu-init")];
	int got = file_real("/proc/self/exe", path, PATH_MAX), linked = got == 0 && text_begins(strrchr(path, '/'), "/qemu");

	if (linked)
		memcpy(strrchr(path, '/'), "/qemu-init", sizeof("/qemu-init"));
	if (got < 0 || access(path, X_OK) < 0)
		return err_sys(e, "%s", got < 0 ? "/proc/self/exe" : path);
	text_shell(words, path);
	buf_str(words, linked ? "" : " qemu-init");
	return 0;
}

/* Where it looks for its files, as far as that is not built in. */
static void name_places(struct buf *out)
{
	static const char *const names[] = { "QEMU_INIT_ETC", "QEMU_INIT_RUN", "QEMU_INIT_DAT" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (getenv(names[i]))
			buf_fmt(out, "Environment=\"%s=%s\"\n", names[i], getenv(names[i]));
}

int systemd_unit(struct buf *out, const struct conf *c, struct err *e)
{
	struct buf words = { 0 };
	int own = geteuid() != 0, bad = find_init(&words, e);

	if (!bad) {
		buf_fmt(out, "# %s/qemu-init-%s.service; it is not to be in autostart, too%s\n[Unit]\n"
			"Description=virtual machine %s\nDocumentation=man:qemu-init(8)\n%s\n[Service]\nType=notify\n",
			own ? "~/.config/systemd/user" : "/etc/systemd/system", c->name,
			own ? " (loginctl enable-linger: it comes up with the host)" : "", c->name,
			own ? "" : "After=network.target remote-fs.target\n");
		name_places(out);
		buf_fmt(out, "ExecStart=%s run %s\nKillMode=process\nTimeoutStartSec=%d\nTimeoutStopSec=%d\nRestart=on-failure\n"
			"RestartPreventExitStatus=2 4 5 6\n\n[Install]\nWantedBy=%s.target\n", buf_text(&words), c->name,
			(int)(conf_ms(c, CONF_START_TIMEOUT) / 1000) + 10, (int)(conf_ms(c, CONF_STOPDELAY) / 1000) + 30,
			own ? "default" : "multi-user");
	}
	buf_free(&words);
	return bad;
}
