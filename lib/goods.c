/* SPDX-License-Identifier: 0BSD */
/* The files of a VM, and whether another needs them. */
#include "goods.h"

#include "claim.h"
#include "file.h"
#include "fmt.h"
#include "text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file that is there, by its path without links, with a NUL. */
static void add_file(struct buf *files, const char *path)
{
	char real[PATH_MAX];
	struct stat st;

	if (file_real(path, real, sizeof(real)) == 0 && stat(real, &st) == 0 && S_ISREG(st.st_mode))
		buf_add(files, real, strlen(real) + 1);
}

const char *goods_next(const struct buf *files, const char *last)
{
	const char *next = last ? last + strlen(last) + 1 : buf_text(files);

	return next < buf_text(files) + files->n ? next : NULL;
}

int goods_named(const struct target *t, struct disks *disks, struct buf *files, struct buf *warnings, struct err *e)
{
	static const enum conf_key keys[] = { CONF_KERNEL, CONF_INITRD };
	const struct disk_rules rules = { 0 };
	char path[PATH_MAX];
	struct err why;
	int bad = disks_name(disks, &t->conf, &rules, warnings, e);

	for (size_t i = 0; !bad && i < disks->n; i++)
		for (size_t n = 0; n < disks->list[i].nodes; n++)
			add_file(files, disks->list[i].node[n].path);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const struct conf_item *item = conf_item(&t->conf, keys[i], 0);
		if (!item || conf_path(&t->conf, item->value, path, sizeof(path)) < 0)
			continue;
		add_file(files, path);
		if (access(path, F_OK) < 0 && file_lacks(path, &why) && conf_at(&why, item))
			buf_fmt(warnings, "%s\n", why.text);
	}
	if (reg_raw_file(t->conf.dir, t->conf.name, path, sizeof(path)) == 0)
		add_file(files, path);
	add_file(files, t->conf.file);
	return bad;
}

/* Whether QEMU's own words name something in the folder, be it by a link; a name may hold what ends a word here. */
static int names_in(const char *words, const char *dir)
{
	static const char ends[] = " \t\n,=:'\"";
	char path[PATH_MAX], real[PATH_MAX];

	for (size_t len; *words; words += len + !!words[len]) {
		len = strcspn(words, ends);
		if (*words != '/' || fmt(path, sizeof(path), "%.*s", (int)len, words) >= PATH_MAX)
			continue;
		const char *is = file_real(path, real, sizeof(real)) == 0 ? real : path;
		if (text_begins(is, dir) ? strchr("/", is[strlen(dir)]) != NULL : text_begins(dir, is) && strchr(ends, dir[strlen(is)]))
			return 1;
	}
	return 0;
}

/* What no key says: ARGn and the cfg-file. */
static int check_raw(const struct target *t, const char *dir, struct err *e)
{
	struct buf raw = { 0 };
	char path[PATH_MAX];
	int bad = 0;

	for (const struct conf_item *item = NULL; !bad && (item = conf_next(&t->conf, CONF_ARG, item));)
		if (names_in(item->value, dir) && err_set(e, "names a file in %s", dir))
			bad = conf_at(e, item);
	if (!bad && reg_raw_file(t->conf.dir, t->conf.name, path, sizeof(path)) == 0 && access(path, F_OK) == 0)
		bad = file_read(AT_FDCWD, path, CONF_FILE_MAX, &raw, e);
	if (!bad && names_in(buf_text(&raw), dir))
		bad = err_set(e, "%s: names a file in %s", path, dir);
	buf_free(&raw);
	return bad;
}

/* An image that is not there needs nothing, one whose chain breaks off may: the line that says so, or NULL. */
static const char *broken_chain(const struct buf *warnings)
{
	const char *text = buf_text(warnings), *at = text_in(text, ": backing file ");

	while (at > text && at[-1] != '\n')
		at--;
	return at;
}

/* Whether another VM needs one of the files, or may: on doubt nothing is deleted. */
static int check_other(const struct host *h, const char *other, const char *dir, const struct buf *files, struct err *e)
{
	struct target t = { .operand = other };
	struct buf said = { 0 }, warnings = { 0 }, theirs = { 0 };
	struct disks disks = { 0 };
	struct err why;
	int bad = 0, code = target_conf(&t, h, &said, &warnings);
	const char *doubt = code == DONE ? NULL : buf_text(&said);

	if (!doubt && (goods_named(&t, &disks, &theirs, &warnings, &why) < 0 || check_raw(&t, dir, &why) < 0))
		doubt = why.text;
	if (!doubt)
		doubt = broken_chain(&warnings);
	if (doubt)
		bad = err_set(e, "%.*s: so %s may need what is here: mend it, or `qemu-adm unregister %s`",
			      (int)strcspn(doubt, "\n"), doubt, other, other);
	for (const char *own = NULL; (own = goods_next(files, own));)
		for (const char *file = NULL; (file = goods_next(&theirs, file));)
			if (strcmp(own, file) == 0)
				bad = err_set(e, "%s: %s needs it, too", own, other);
	disks_free(&disks);
	target_free(&t);
	buf_free(&theirs);
	buf_free(&warnings);
	buf_free(&said);
	return bad;
}

int goods_own(const struct host *h, const struct target *t, char dir[PATH_MAX], struct buf *files, struct err *e)
{
	struct buf all = { 0 }, warnings = { 0 };
	struct disks disks = { 0 };
	const char *name = t->conf.name;
	int bad = goods_named(t, &disks, &all, &warnings, e);

	if (!bad && file_real(t->conf.dir, dir, PATH_MAX) < 0)
		bad = err_sys(e, "%s", t->conf.dir);
	for (const char *file = NULL; !bad && (file = goods_next(&all, file));)
		if (text_begins(file, dir) && file[strlen(dir)] == '/')
			buf_add(files, file, strlen(file) + 1);
	for (size_t i = 0; !bad && i < disks.n; i++)
		disks.list[i].node[0].writable = 1; /* a reader keeps it, too */
	if (!bad)
		bad = claim_check(&h->place, name, &disks, e);
	for (size_t i = 0; !bad && i < h->reg.n; i++)
		if (strcmp(h->reg.vms[i].name, name) != 0)
			bad = check_other(h, h->reg.vms[i].name, dir, files, e);
	disks_free(&disks);
	buf_free(&warnings);
	buf_free(&all);
	return !bad && files->bad ? err_set(e, "out of memory") : bad;
}
