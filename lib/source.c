/* SPDX-License-Identifier: 0BSD */
/* What is to be imported, found and read. */
#include "source.h"

#include "arch.h"
#include "disk.h"
#include "fd.h"
#include "file.h"
#include "fmt.h"
#include "import.h"
#include "reg.h"
#include "text.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_stdin(struct buf *text, struct err *e)
{
	ssize_t n = 1;

	while (n > 0 && text->n <= CONF_FILE_MAX) {
		char *to = buf_room(text, 4096);
		n = to ? fd_read(0, to, 4096) : -1;
		text->n += n > 0 ? (size_t)n : 0;
	}
	if (n > 0)
		return err_set(e, "-: larger than %d bytes", CONF_FILE_MAX);
	return n < 0 ? err_sys(e, "-") : 0;
}

/* NAME-qemu.rc or NAME-qemud.rc with NAME-qemu.cfg beside it, if there is one. */
static int read_pair(struct draft *d, const struct draft_from *from, uid_t *author, struct err *e)
{
	struct draft_from raw = *from;
	struct stat st;
	struct buf text = { 0 };
	char path[PATH_MAX], name[CONF_NAME_MAX + 1];

	if (conf_file_name(from->file, name) < 0)
		return err_code(e, NOT_CONFIGURED, "%s: not called NAME-qemu.rc or NAME-qemud.rc", from->file);
	if (reg_raw_file(from->dir, name, path, sizeof(path)) < 0)
		return err_set(e, "%s: too long a path", from->file);
	int there = stat(path, &st) == 0;
	if (there && !*author)
		*author = st.st_uid;
	int bad = there ? file_read(AT_FDCWD, path, CONF_FILE_MAX, &text, e) : 0;
	raw.text = buf_text(&text);
	raw.n = text.n;
	raw.file = path;
	if (!bad)
		bad = import_rc(d, from, there ? &raw : NULL, e);
	if (!bad && !*d->name)
		text_copy(d->name, sizeof(d->name), name);
	buf_free(&text);
	return bad;
}

/* The one of this name in PATH is what will be run. */
static void tell_program(struct draft *d)
{
	const char *slash = strrchr(d->program, '/');
	char found[PATH_MAX];

	if (slash && text_begins(slash, "/qemu-") && arch_find(slash + 1, found, sizeof(found)) == 0 && strcmp(found, d->program) != 0)
		draft_note(d, "%s: PATH has another, which is run: %s", d->program, found);
}

/* The file's path without links, that of the rc-file in a folder; 0, -1 and err. */
static int find(const char *file, char path[PATH_MAX], struct err *e)
{
	char dir[PATH_MAX];
	struct stat st;

	if (file_real(file, path, PATH_MAX) < 0 || stat(path, &st) < 0)
		return err_sys(e, "%s", file);
	if (!S_ISDIR(st.st_mode))
		return 0;
	text_copy(dir, sizeof(dir), path);
	return reg_rc_only(dir, path, PATH_MAX, e);
}

/* Its text, and whose it is. */
static int read_file(const char *path, struct buf *text, uid_t *author, struct err *e)
{
	struct stat st;

	if (file_read(AT_FDCWD, path, CONF_FILE_MAX, text, e) < 0)
		return -1;
	if (stat(path, &st) == 0)
		*author = st.st_uid;
	return 0;
}

int source_read(struct draft *d, const char *file, uid_t *author, struct err *e)
{
	char path[PATH_MAX] = "", dir[PATH_MAX];
	struct buf text = { 0 };
	int is_stdin = strcmp(file, "-") == 0;
	int bad = is_stdin ? read_stdin(&text, e) : find(file, path, e) < 0 ? -1 : read_file(path, &text, author, e);
	struct draft_from from = {
		.text = buf_text(&text), .n = text.n, .file = file, .dir = dir, .look = disk_is_qcow2,
	};

	if (!bad && text_ends(path, ".rc")) {
		from.file = path;
		fmt(dir, sizeof(dir), "%.*s", (int)(strrchr(path, '/') - path), path);
		bad = read_pair(d, &from, author, e);
	} else if (!bad) {
		bad = getcwd(dir, sizeof(dir)) ? import_command(d, &from, e) : err_sys(e, "the current folder");
		if (!bad)
			tell_program(d);
	}
	buf_free(&text);
	return bad;
}

void source_rights(struct draft *d, const struct conf *c, uid_t author)
{
	char name[CONF_KEY_ROOM];

	for (size_t i = 0; i < c->n; i++) {
		const struct conf_item *item = &c->items[i];
		enum value_kind kind = conf_keys[item->key].kind;
		if (item->file != c->file || !(1 << kind & (1 << KIND_COMMAND | 1 << KIND_FILE | 1 << KIND_DISK | 1 << KIND_ALLOW |
							    1 << KIND_RUNAS | 1 << KIND_ARG)))
			continue;
		conf_key_name(item->key, item->number, name);
		draft_note(d, "%s was uid %ld's and is %s as root now", name, (long)author,
			   kind == KIND_COMMAND ? "run" : "used");
	}
	if (d->cfg.n)
		draft_note(d, "what has no key was uid %ld's and is root's now", (long)author);
}
