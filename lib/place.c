/* SPDX-License-Identifier: 0BSD */
/* Where things are: the configuration, the run place and the VMs' folders, from the environment and the uid. */
#include "place.h"

#include "file.h"
#include "fmt.h"
#include "sock.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum which { ETC, RUN, DATA, PLACES };

static const struct {
	const char *override;
	const char *root;	/* root's */
	const char *xdg;	/* another user's: in this, else in HOME's `home`; NULL: it follows from the uid alone */
	const char *home;
} places[PLACES] = {
	[ETC] = { "QEMU_INIT_ETC", "/etc/qemu", "XDG_CONFIG_HOME", ".config" },
	[RUN] = { "QEMU_INIT_RUN", PLACE_SYSTEM, NULL, NULL },
	[DATA] = { "QEMU_INIT_DAT", "/var/lib/qemu", "XDG_DATA_HOME", ".local/share" },
};

static int copy(char *to, const char *from, const char *what, struct err *e)
{
	size_t n;

	if (text_copy(to, PLACE_MAX, from) < 0)
		return err_code(e, NOT_CONFIGURED, "%s: longer than %d bytes", what, PLACE_MAX - 1);
	for (n = strlen(to); n > 1 && to[n - 1] == '/'; n--)
		to[n - 1] = '\0';
	return 0;
}

/* The value of an absolute path, NULL for none: a relative one is to be ignored (XDG Base Directory 0.8). */
static const char *absolute(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] == '/' ? value : NULL;
}

static int find_users(enum which i, char *to, struct err *e)
{
	char path[2 * PLACE_MAX];
	const char *xdg = places[i].xdg ? absolute(places[i].xdg) : NULL;
	const char *home = absolute("HOME");
	int n;

	if (!places[i].xdg)
		n = fmt(path, sizeof(path), "/tmp/qemu-init-%lu", (unsigned long)geteuid());
	else if (xdg)
		n = fmt(path, sizeof(path), "%s/qemu-init", xdg);
	else if (home)
		n = fmt(path, sizeof(path), "%s/%s/qemu-init", home, places[i].home);
	else
		return 0;
	if (n < 0 || (size_t)n >= sizeof(path))
		return err_code(e, NOT_CONFIGURED, "%s: longer than %d bytes", xdg ? places[i].xdg : "HOME", PLACE_MAX - 1);
	return copy(to, path, xdg ? places[i].xdg : "HOME", e);
}

static int find(enum which i, char *to, int root, struct err *e)
{
	const char *override = getenv(places[i].override);

	to[0] = '\0';
	if (override && override[0]) {
		if (override[0] != '/')
			return err_code(e, NOT_CONFIGURED, "%s: %s: want an absolute path", places[i].override, override);
		return copy(to, override, places[i].override, e);
	}
	return root ? copy(to, places[i].root, places[i].override, e) : find_users(i, to, e);
}

int place_find(struct place *p, struct err *e)
{
	p->root = geteuid() == 0;
	if (find(ETC, p->etc, p->root, e) < 0 || find(RUN, p->run, p->root, e) < 0)
		return -1;
	return find(DATA, p->data, p->root, e);
}

int place_run(const struct place *p, const char *name, const char *file, char *to, size_t room)
{
	if (file_join(to, room, p->run, name) < 0)
		return -1;
	size_t n = strlen(to);
	return file ? file_join(to + n, room - n, "", file) : 0;
}

int place_fits(const struct place *p, const char *name, struct err *e)
{
	char path[SOCK_PATH_MAX + 1];

	if (strcmp(name, PLACE_UIDS) == 0)
		return err_code(e, NOT_CONFIGURED, "not a VM's name: %s/%s is the lock for QEMU's uids", PLACE_SYSTEM, name);
	if (place_run(p, name, PLACE_LONGEST, path, sizeof(path)) == 0)
		return 0;
	return err_code(e, NOT_CONFIGURED, "%s/%s/%s: longer than the %d bytes of a socket's path (QEMU_INIT_RUN)",
		p->run, name, PLACE_LONGEST, SOCK_PATH_MAX);
}
