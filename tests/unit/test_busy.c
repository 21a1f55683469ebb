/* SPDX-License-Identifier: 0BSD */
/* busy: which mount or swap of a device is found in the kernel's tables. */
#include "busy.h"

#include "unit.h"

#include <stdlib.h>
#include <sys/sysmacros.h>

static void mounts(void)
{
	static const char text[] =
		"22 27 0:21 / /proc rw,relatime - proc proc rw\n"
		"broken\n"
		"1 2 8 / /no rw\n"
		"27 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw\n"
		"42 27 7:0 / /mnt/a\\040b rw,relatime - ext4 /dev/loop0 rw\r\n"
		"43 27 7:1 / /last rw"; /* no final newline */
	const dev_t root[] = { makedev(8, 0), makedev(8, 1), makedev(8, 2) };
	const dev_t loop[] = { makedev(7, 0), makedev(7, 1) };
	char where[BUSY_WHERE] = "";

	CHECK(busy_mounted(text, root, 3, where) == 1);
	CHECK_TEXT(where, "/");
	CHECK(busy_mounted(text, root, 2, where) == 0);
	CHECK(busy_mounted(text, loop, 1, where) == 1);
	CHECK_TEXT(where, "/mnt/a\\040b");
	CHECK(busy_mounted(text, loop + 1, 1, where) == 1);
	CHECK_TEXT(where, "/last");
	CHECK(busy_mounted("", root, 3, where) == 0);
	CHECK(busy_mounted(text, root, 0, where) == 0);
}

static void long_line(void)
{
	const dev_t loop = makedev(7, 0);
	size_t n = 1 << 20;
	char *text = malloc(n + 100), where[BUSY_WHERE];

	memset(text, 'x', n);
	strcpy(text + n, "\n42 27 7:0 / /mnt rw - ext4 /dev/loop0 rw\n");
	CHECK(busy_mounted(text, &loop, 1, where) == 1);
	CHECK_TEXT(where, "/mnt");
	free(text);
}

static void swaps(void)
{
	const dev_t none = makedev(0, 0);
	char where[BUSY_WHERE];

	CHECK(busy_swapped("", &none, 1, where) == 0);
	CHECK(busy_swapped("Filename\tType\tSize\n/swapfile file 1 0 -2\n/dev/null partition 1 0 -2", &none, 1, where) == 0);
}

static void nobody_knows(void)
{
	char why[64];

	busy_why(makedev(4000, 4000), why, sizeof(why));
	CHECK_TEXT(why, "in use");
}

int main(void)
{
	mounts();
	long_line();
	swaps();
	nobody_knows();
	return unit_failed;
}
