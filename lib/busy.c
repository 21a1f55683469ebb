/* SPDX-License-Identifier: 0BSD */
/* Why the kernel calls a block device busy (O_EXCL, EBUSY): the words for people. */
#include "busy.h"

#include "buf.h"
#include "file.h"
#include "fmt.h"
#include "text.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { DEVICES_MAX = 128, PROC_MAX = 1 << 22 };

struct devices {
	dev_t list[DEVICES_MAX];	/* the device, then its partitions */
	size_t n;
};

/* Whether a line, or a text, tells of one of the devices, and where. */
typedef int asks(const char *text, const dev_t *devices, size_t n, char *where);

static int is_one(dev_t device, const dev_t *devices, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (devices[i] == device)
			return 1;
	return 0;
}

/* Calls for each line until one is answered with 1. */
static int each_line(const char *text, const dev_t *devices, size_t n, char *where, asks is)
{
	char copy[4096];
	size_t left = strlen(text), len;
	const char *line;

	while ((line = text_line(&text, &left, &len))) {
		if (len >= sizeof(copy))
			continue;
		memcpy(copy, line, len);
		copy[len] = '\0';
		if (is(copy, devices, n, where))
			return 1;
	}
	return 0;
}

/* "7:0", the end of the text or white space behind it; -1 when that is not there. */
static int read_device(const char *text, dev_t *device)
{
	unsigned long long major, minor;
	const char *s = text_digits(text, &major);

	if (!s || *s != ':' || !(s = text_digits(s + 1, &minor)) || (*s && !isspace((unsigned char)*s)))
		return -1;
	*device = makedev((unsigned int)major, (unsigned int)minor);
	return 0;
}

/* Word n of a line, counted from 0; its end when there are fewer. */
static const char *word(const char *line, int n)
{
	for (; n > 0; n--) {
		line += strcspn(line, " ");
		line += strspn(line, " ");
	}
	return line;
}

/* "42 27 7:0 / /mnt rw,relatime - ext4 /dev/loop0 rw" */
static int is_mount(const char *line, const dev_t *devices, size_t n, char *where)
{
	const char *at = word(line, 4);
	dev_t device;

	if (!*at || read_device(word(line, 2), &device) < 0 || !is_one(device, devices, n))
		return 0;
	fmt(where, BUSY_WHERE, "%.*s", (int)strcspn(at, " "), at);
	return 1;
}

/* "/dev/sda2   partition   65532   0   -2" */
static int is_swap(const char *line, const dev_t *devices, size_t n, char *where)
{
	struct stat st;

	fmt(where, BUSY_WHERE, "%.*s", (int)strcspn(line, " \t"), line);
	return *where == '/' && stat(where, &st) == 0 && S_ISBLK(st.st_mode) && is_one(st.st_rdev, devices, n);
}

int busy_mounted(const char *mountinfo, const dev_t *devices, size_t n, char *where)
{
	return each_line(mountinfo, devices, n, where, is_mount);
}

int busy_swapped(const char *swaps, const dev_t *devices, size_t n, char *where)
{
	return each_line(swaps, devices, n, where, is_swap);
}

static DIR *open_sys(dev_t device, const char *below)
{
	char path[96];

	fmt(path, sizeof(path), "/sys/dev/block/%u:%u/%s", major(device), minor(device), below);
	return opendir(path);
}

/* A partition is a folder with the files `partition` and `dev` in its disk's folder. */
static void add_partition(struct devices *d, int dir, const char *name)
{
	char path[300], text[32];
	struct stat st;
	dev_t device;

	fmt(path, sizeof(path), "%s/partition", name);
	if (d->n == DEVICES_MAX || fstatat(dir, path, &st, 0) < 0)
		return;
	fmt(path, sizeof(path), "%s/dev", name);
	if (file_peek(dir, path, text, sizeof(text)) > 0 && read_device(text, &device) == 0)
		d->list[d->n++] = device;
}

static void add_partitions(struct devices *d, dev_t device)
{
	DIR *dir = open_sys(device, "");
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			add_partition(d, dirfd(dir), entry->d_name);
	if (dir)
		closedir(dir);
}

static int is_held(const struct devices *d, char *by)
{
	int found = 0;

	for (size_t i = 0; i < d->n && !found; i++) {
		DIR *dir = open_sys(d->list[i], "holders");
		struct dirent *entry;
		while (dir && !found && (entry = readdir(dir)))
			if (entry->d_name[0] != '.')
				found = fmt(by, BUSY_WHERE, "%s", entry->d_name) > 0;
		if (dir)
			closedir(dir);
	}
	return found;
}

static int told_by(const char *file, const struct devices *d, char *where, asks is)
{
	struct buf text = { 0 };
	struct err e;
	int found = file_read(AT_FDCWD, file, PROC_MAX, &text, &e) == 0 && is(buf_text(&text), d->list, d->n, where);

	buf_free(&text);
	return found;
}

void busy_why(dev_t device, char *why, size_t room)
{
	struct devices d = { .list = { device }, .n = 1 };
	char where[BUSY_WHERE];

	add_partitions(&d, device);
	if (told_by("/proc/self/mountinfo", &d, where, busy_mounted))
		fmt(why, room, "mounted on %s", where);
	else if (told_by("/proc/swaps", &d, where, busy_swapped))
		fmt(why, room, "swap on %s", where);
	else if (is_held(&d, where))
		fmt(why, room, "held by %s", where);
	else
		fmt(why, room, "in use");
}
