/* SPDX-License-Identifier: 0BSD */
/* chain: two images in a VM's folder, a half of the input each, as a guest that broke out may have left them. However their
 * headers name them, no file is opened that is not beneath the folder, and none twice. */
#include "fuzz.h"

#include "disk.h"
#include "file.h"
#include "text.h"

#include <limits.h>

static void check(const struct disk *d, const char *place)
{
	char dir[PATH_MAX], path[PATH_MAX];

	MUST(file_real(place, dir, sizeof(dir)) == 0);
	MUST(d->nodes >= 1 && d->nodes <= DISK_LEVELS && d->node[0].format == FORMAT_QCOW2);
	for (size_t i = 0; i < d->nodes; i++) {
		const struct disk_node *n = &d->node[i];
		MUST(file_real_fd(n->fd, path, sizeof(path)) == 0 && text_begins(path, dir) && path[strlen(dir)] == '/');
		MUST(n->size >= 0 && n->fd >= 0 && !n->block && n->writable == (i == 0));
		for (size_t k = 0; k < i; k++)
			MUST(d->node[k].ino != n->ino || d->node[k].dev != n->dev);
	}
}

/* A folder with the rc-file, a base that is none of the two, a link out of it, and somebody's file beside it. */
static const char *make_place(char **rc)
{
	static const char conf[] = "DISK1=a.qcow2\nDISK2=c.raw\n";
	const char *dir = fuzz_place();
	struct buf to = { 0 };

	free(fuzz_file("base.raw", "base", 4));
	free(fuzz_file("c.raw", "disk", 4));
	*rc = fuzz_file("web-qemu.rc", conf, sizeof(conf) - 1);
	buf_fmt(&to, "%s/link", dir);
	(void)!symlink("/etc", to.s);
	buf_free(&to);
	return dir;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct buf errors = { 0 }, warnings = { 0 };
	const struct disk_rules rules = { 0 };
	struct disks disks = { 0 };
	struct conf conf;
	struct err e;
	char *rc;

	const char *dir = make_place(&rc);
	free(fuzz_file("a.qcow2", bytes, n / 2));
	free(fuzz_file("b.qcow2", bytes + n / 2, n - n / 2));
	const struct conf_from from = { .file = rc };
	MUST(conf_load(&conf, &from, &errors, &warnings) == 0);
	if (disks_open(&disks, &conf, &rules, &e) == 0) {
		MUST(disks.n == 2);
		check(&disks.list[0], dir);
	} else {
		MUST(e.text[0] && !strchr(e.text, '\n'));
	}
	disks_free(&disks);
	MUST(disks_name(&disks, &conf, &rules, &warnings, &e) == 0 && fuzz_lines(&warnings));
	disks_free(&disks);
	conf_free(&conf);
	buf_free(&errors);
	buf_free(&warnings);
	free(rc);
	return 0;
}
