/* SPDX-License-Identifier: 0BSD */
/* disk: what a VM's disks may be, and every file that a chain may not reach. */
#include "disk.h"

#include "fd.h"
#include "qcow2.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

static char top[] = "/tmp/test-disk-XXXXXX";

/* top/vm is the VM's folder, top/db another's. */
static const char *at(const char *file)
{
	static char paths[4][512];
	static int turn;
	char *s = paths[turn++ % 4];

	snprintf(s, sizeof(paths[0]), "%s/%s", top, file);
	return s;
}

static void put_file(const char *file, const void *bytes, size_t n, off_t length)
{
	int fd = open(at(file), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0 && fd_write(fd, bytes, n) == 0 && ftruncate(fd, length) == 0);
	fd_close(&fd);
}

static void raw(const char *file)
{
	put_file(file, "", 0, 4096);
}

/* Only a header: what disk reads. Name or format "" leave it out. */
static void qcow2(const char *file, const char *name, const char *format)
{
	struct qcow2_empty image;
	struct err e;
	unsigned char s[2048] = { 0 };

	CHECK(qcow2_empty(1 << 20, &image, &e) == 0);
	memcpy(s, image.header, sizeof(image.header));
	if (*format) {
		memcpy(s + 104, "\xe2\x79\x2a\xca\0\0\0", 7);
		s[111] = (unsigned char)strlen(format);
		memcpy(s + 112, format, strlen(format));
	}
	if (*name) {
		s[15] = 200;
		s[18] = (unsigned char)(strlen(name) >> 8);
		s[19] = (unsigned char)strlen(name);
		memcpy(s + 200, name, strlen(name));
	}
	put_file(file, s, sizeof(s), sizeof(s));
}

/* One VM: its conf by hand, disks opened by disks_open. */
struct vm {
	char dir[512], rc[600];
	struct conf_item items[24];
	struct conf conf;
	struct disk_rules rules;
	struct disks disks;
	struct err e;
	const char *temp[3];
};

static void make(struct vm *v, const char *first, const char *second)
{
	const char *const values[] = { first, second };

	memset(v, 0, sizeof(*v));
	strcpy(v->dir, at("vm"));
	snprintf(v->rc, sizeof(v->rc), "%s/vm-qemu.rc", v->dir);
	v->conf = (struct conf){ .name = "vm", .dir = v->dir, .file = v->rc, .items = v->items };
	for (size_t i = 0; i < 2 && values[i]; i++)
		v->items[v->conf.n++] = (struct conf_item){ CONF_DISK, (int)i + 1, (char *)values[i], "vm-qemu.rc", (int)i + 5 };
	v->temp[0] = "/nonexistent";
	v->temp[1] = top;
	v->rules.temp = v->temp;
}

static int opens(struct vm *v)
{
	return disks_open(&v->disks, &v->conf, &v->rules, &v->e);
}

/* With DISK1 alone: the end of the chain's error, or NULL. */
static const char *refused(const char *disk)
{
	static struct vm v;
	static char text[sizeof(v.e.text)];

	make(&v, disk, NULL);
	int bad = opens(&v);
	disks_free(&v.disks);
	if (!bad)
		return NULL;
	CHECK(v.e.code == FAILED);
	CHECK(strncmp(v.e.text, "vm-qemu.rc:5: DISK1: ", 21) == 0);
	strcpy(text, v.e.text + 21);
	return text;
}

static int ends(const char *text, const char *with)
{
	if (text && strlen(text) >= strlen(with) && strcmp(text + strlen(text) - strlen(with), with) == 0)
		return 1;
	fprintf(stderr, "got `%s`\n", text ? text : "(accepted)");
	return 0;
}

static void plain_files(void)
{
	struct vm v;

	raw("vm/a.img");
	make(&v, "a.img", "a.img,format=qcow2");
	CHECK(opens(&v) == -1);
	CHECK(ends(v.e.text, "/vm/a.img: not a qcow2 image (format=raw?)"));
	disks_free(&v.disks);
	make(&v, "a.img", NULL);
	CHECK(opens(&v) == 0 && v.disks.n == 1 && v.disks.list[0].nodes == 1);
	struct disk_node *n = &v.disks.list[0].node[0];
	CHECK(n->writable && n->format == FORMAT_RAW && n->size == 4096 && !n->block);
	CHECK_TEXT(n->path, at("vm/a.img"));
	CHECK((fcntl(n->fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK)) == O_RDWR && fcntl(n->fd, F_GETFD) == FD_CLOEXEC);
	CHECK(v.disks.list[0].overlay == -1 && v.disks.list[0].number == 1);
	disks_close(&v.disks);
	CHECK(n->fd == -1 && n->path);
	disks_free(&v.disks);
	CHECK(symlink("a.img", at("vm/link.img")) == 0);
	make(&v, "link.img,ro", NULL); /* the user's own FILE may be a link */
	CHECK(opens(&v) == 0 && !v.disks.list[0].node[0].writable);
	CHECK((fcntl(v.disks.list[0].node[0].fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
	disks_free(&v.disks);
	make(&v, NULL, NULL);
	CHECK(opens(&v) == 0 && v.disks.n == 0);
	disks_free(&v.disks);
}

static void cdrom(void)
{
	struct vm v;

	raw("vm/cd.iso");
	make(&v, "a.img", NULL);
	v.items[v.conf.n++] = (struct conf_item){ CONF_CDROM, 0, "cd.iso", "vm-qemu.rc", 9 };
	v.rules.throw_away = 1;
	CHECK(opens(&v) == 0 && v.disks.n == 2);
	struct disk *d = &v.disks.list[1];
	CHECK(d->cdrom && d->number == 0 && d->spec.ro && d->spec.bus == BUS_IDE && d->overlay == -1 && !d->throw_away);
	CHECK(!d->node[0].writable && d->node[0].format == FORMAT_RAW);
	disks_free(&v.disks);
	v.items[1].value = "none.iso";
	CHECK(opens(&v) == -1 && ends(v.e.text, "/vm/none.iso: no such file or directory (put it there, or name another)"));
	CHECK(strncmp(v.e.text, "vm-qemu.rc:9: CDROM: ", 21) == 0);
	disks_free(&v.disks);
}

static void no_images(void)
{
	CHECK(mkfifo(at("vm/fifo"), 0600) == 0);
	CHECK(ends(refused("fifo"), "/vm/fifo: a FIFO, not a file or block device"));
	CHECK(ends(refused("/dev/null"), "/dev/null: a character device, not a file or block device"));
	CHECK(ends(refused("../vm"), ": a directory, not a file or block device"));
	CHECK(ends(refused("none.img"), "/vm/none.img: no such file or directory (put it there, or name another)"));
	CHECK(ends(refused("a.img/x"), "/vm/a.img/x: not a directory"));
}

static void no_right(void)
{
	struct vm v;
	int status = 0;

	if (geteuid() != 0)
		return;
	pid_t pid = fork();
	if (pid == 0) {
		make(&v, "a.img", NULL);
		_exit(setuid(65534) < 0 || opens(&v) == 0 || v.e.code != NO_RIGHT);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void same_file(void)
{
	static const struct { const char *first, *second; int good; } list[] = {
		{ "a.img", "a.img", 0 }, { "a.img", "a.img,ro", 0 }, { "a.img,ro", "./a.img", 0 }, { "a.img", "link.img", 0 },
		{ "a.img,ro", "a.img,ro", 1 }, { "a.img,snapshot", "a.img,snapshot", 1 }, { "a.img,snapshot", "a.img", 0 },
		{ "a.img", "one.qcow2,backing=a.img", 0 }, { "a.img,ro", "one.qcow2,backing=a.img", 1 },
		{ "two.qcow2", "one.qcow2", 1 },
	};
	struct vm v;

	raw("vm/base.img");
	qcow2("vm/two.qcow2", "base.img", "raw");
	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++) {
		qcow2("vm/one.qcow2", i == 9 ? "base.img" : "a.img", "raw");
		make(&v, list[i].first, list[i].second);
		CHECK((opens(&v) == 0) == list[i].good);
		CHECK(list[i].good || ends(v.e.text, ": also in the chain of DISK1, and not `ro` in both"));
		CHECK(list[i].good || strncmp(v.e.text, "vm-qemu.rc:6: DISK2: ", 21) == 0);
		disks_free(&v.disks);
	}
}

static void good_chain(void)
{
	struct vm v;

	raw("vm/sub/base.img");
	qcow2("vm/sub/mid.qcow2", "./x/..//base.img", "raw");
	qcow2("vm/top.qcow2", at("vm/./sub/../sub/mid.qcow2"), "qcow2");
	make(&v, "top.qcow2", NULL);
	CHECK(opens(&v) == 0 && v.disks.list[0].nodes == 3);
	struct disk_node *n = v.disks.list[0].node;
	CHECK(n[0].writable && n[0].format == FORMAT_QCOW2 && n[0].size == 1 << 20);
	CHECK(!n[1].writable && n[1].format == FORMAT_QCOW2);
	CHECK(!n[2].writable && n[2].format == FORMAT_RAW && n[2].size == 4096);
	CHECK_TEXT(n[1].path, at("vm/sub/mid.qcow2"));
	CHECK_TEXT(n[2].path, at("vm/sub/base.img"));
	for (int i = 1; i < 3; i++)
		CHECK((fcntl(n[i].fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK)) == O_RDONLY && fcntl(n[i].fd, F_GETFD) == FD_CLOEXEC);
	disks_free(&v.disks);
	snprintf(v.dir, sizeof(v.dir), "%s", at("vm/../vm//")); /* however the folder is written */
	CHECK(opens(&v) == 0 && v.disks.list[0].nodes == 3);
	disks_free(&v.disks);
	qcow2("vm/end.qcow2", "", "");
	CHECK(!refused("end.qcow2"));
}

static void bad_names(void)
{
	static const struct { const char *name, *format, *why; } list[] = {
		{ "json:{\"driver\":\"file\"}", "raw", ": not a plain path (qemu-img rebase -u)" },
		{ "nbd://127.0.0.1/x", "raw", ": not a plain path (qemu-img rebase -u)" },
		{ "file:a.img", "raw", ": not a plain path (qemu-img rebase -u)" },
		{ "fat:rw:/etc", "raw", ": not a plain path (qemu-img rebase -u)" },
		{ "base.img", "", ": the header does not say its format (qemu-img rebase -u -F FORMAT)" },
		{ "base.img", "vmdk", ": its format is vmdk, neither raw nor qcow2 (qemu-img convert)" },
		{ "../db/db.img", "raw", ": outside the VM's folder (backing=FILE allows it)" },
		{ "../vm-evil/x.img", "raw", ": outside the VM's folder (backing=FILE allows it)" },
		{ "../../../../../../../etc/passwd", "raw", ": outside the VM's folder (backing=FILE allows it)" },
		{ "/etc/passwd", "raw", ": outside the VM's folder (backing=FILE allows it)" },
		{ "sub/..", "raw", ": outside the VM's folder (backing=FILE allows it)" },
		{ "link.img", "raw", ": a link, not a regular file" },
		{ "out/db.img", "raw", ": a link, or no folder, on the way" },
		{ "in/base.img", "raw", ": a link, or no folder, on the way" },
		{ "base.img/x", "raw", ": a link, or no folder, on the way" },
		{ "sub", "raw", ": a directory, not a regular file" },
		{ "fifo", "raw", ": a FIFO, not a regular file" },
		{ "null", "raw", ": a character device, not a regular file" },
		{ "none.img", "raw", ": no such file or directory (bring it back, or qemu-img rebase -u)" },
		{ "none/none.img", "raw", ": no such file or directory (bring it back, or qemu-img rebase -u)" },
		{ "evil.qcow2", "qcow2", ": twice in the chain (qemu-img rebase -u)" },
		{ "sub/../evil.qcow2", "qcow2", ": twice in the chain (qemu-img rebase -u)" },
		{ "hard.qcow2", "qcow2", ": twice in the chain (qemu-img rebase -u)" },
		{ "vm-qemu.rc", "raw", ": it is this VM's configuration (backing=FILE allows it)" },
		{ "vm-qemu.cfg", "raw", ": it is this VM's configuration (backing=FILE allows it)" },
		{ "hard.rc", "raw", ": it is this VM's configuration (backing=FILE allows it)" },
	};

	raw("db/db.img");
	raw("vm-evil/x.img");
	put_file("vm/vm-qemu.rc", "", 0, 0);
	put_file("vm/vm-qemu.cfg", "", 0, 0);
	CHECK(link(at("vm/vm-qemu.rc"), at("vm/hard.rc")) == 0);
	CHECK(symlink("../db", at("vm/out")) == 0 && symlink("sub", at("vm/in")) == 0);
	if (mknod(at("vm/null"), S_IFCHR | 0600, makedev(1, 3)) < 0)
		CHECK(symlink("/dev/null", at("vm/null")) == 0);
	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++) {
		if (geteuid() != 0 && strcmp(list[i].name, "null") == 0)
			continue;
		qcow2("vm/evil.qcow2", list[i].name, list[i].format);
		unlink(at("vm/hard.qcow2"));
		CHECK(link(at("vm/evil.qcow2"), at("vm/hard.qcow2")) == 0);
		CHECK(ends(refused("evil.qcow2"), list[i].why));
	}
	CHECK(strstr(refused("evil.qcow2"), "/vm/evil.qcow2: backing file hard.rc: it is"));
	qcow2("vm/evil.qcow2", "ring.qcow2", "qcow2");
	qcow2("vm/ring.qcow2", "mid.qcow2", "qcow2");
	qcow2("vm/mid.qcow2", "ring.qcow2", "qcow2");
	CHECK(ends(refused("evil.qcow2"), "/vm/mid.qcow2: backing file ring.qcow2: twice in the chain (qemu-img rebase -u)"));
}

static void own_disk(void)
{
	struct vm v;

	qcow2("vm/evil.qcow2", "a.img", "raw");
	make(&v, "evil.qcow2", "a.img");
	CHECK(opens(&v) == -1 && ends(v.e.text, ": it is DISK2 of this VM (backing=FILE allows it)"));
	disks_free(&v.disks);
	CHECK(!refused("evil.qcow2,backing=none.img"));
}

static int taken(void *arg, const struct stat *st, char *what, size_t room)
{
	struct stat *one = arg;

	snprintf(what, room, "DISK1 of db");
	return st->st_dev == one->st_dev && st->st_ino == one->st_ino;
}

static void another_vms(void)
{
	struct stat st;
	struct vm v;

	CHECK(stat(at("vm/base.img"), &st) == 0);
	qcow2("vm/evil.qcow2", "base.img", "raw");
	make(&v, "evil.qcow2", NULL);
	v.rules.taken = taken;
	v.rules.arg = &st;
	CHECK(opens(&v) == -1 && ends(v.e.text, ": it is DISK1 of db (backing=FILE allows it)"));
	disks_free(&v.disks);
	v.items[0].value = "evil.qcow2,backing=base.img"; /* the user says so: never asked */
	CHECK(opens(&v) == 0);
	disks_free(&v.disks);
}

static void listed(void)
{
	struct vm v;
	char value[1024];

	qcow2("vm/evil.qcow2", "../db/db.img", "raw");
	snprintf(value, sizeof(value), "evil.qcow2,backing=x.img,backing=%s", at("db/db.img"));
	CHECK(!refused(value));
	CHECK(symlink("../db/db.img", at("vm/ok.img")) == 0);
	CHECK(!refused("evil.qcow2,backing=ok.img"));
	CHECK(ends(refused("evil.qcow2,backing=a.img"), ": outside the VM's folder (backing=FILE allows it)"));
	qcow2("vm/evil.qcow2", "ok.img", ""); /* without a format: by the ending */
	make(&v, "evil.qcow2,backing=ok.img", NULL);
	CHECK(opens(&v) == 0 && v.disks.list[0].nodes == 2 && v.disks.list[0].node[1].format == FORMAT_RAW);
	disks_free(&v.disks);
	qcow2("db/b.qcow2", "db.img", "raw"); /* the listed file's own header is no more trusted */
	qcow2("vm/evil.qcow2", "../db/b.qcow2", "");
	CHECK(ends(refused("evil.qcow2,backing=../db/b.qcow2"), "/db/b.qcow2: backing file db.img: outside the VM's folder"
		" (backing=FILE allows it)"));
	CHECK(!refused("evil.qcow2,backing=../db/b.qcow2,backing=../db/db.img"));
	qcow2("vm/evil.qcow2", "link.qcow2", "qcow2");
	CHECK(symlink("evil.qcow2", at("vm/link.qcow2")) == 0);
	CHECK(ends(refused("evil.qcow2,backing=evil.qcow2"), ": twice in the chain (qemu-img rebase -u)"));
}

static void levels(void)
{
	char file[32], next[32];

	for (int i = 0; i < 17; i++) {
		snprintf(file, sizeof(file), "vm/l%d.qcow2", i);
		snprintf(next, sizeof(next), "l%d.qcow2", i + 1);
		qcow2(file, i < 16 ? next : "", i < 16 ? "qcow2" : "");
	}
	CHECK(ends(refused("l0.qcow2"), "/vm/l15.qcow2: more than 16 images in the chain (qemu-img commit)"));
	CHECK(!refused("l1.qcow2"));
}

static void bad_headers(void)
{
	struct stat st;
	unsigned char byte = 4;
	int fd;

	qcow2("vm/evil.qcow2", "", "");
	fd = open(at("vm/evil.qcow2"), O_WRONLY | O_CLOEXEC);
	CHECK(pwrite(fd, &byte, 1, 79) == 1);
	CHECK(ends(refused("evil.qcow2"), "/vm/evil.qcow2: its data is in another file (qemu-img convert)"));
	byte = 0;
	CHECK(pwrite(fd, &byte, 1, 79) == 1);
	byte = 2;
	CHECK(pwrite(fd, &byte, 1, 35) == 1);
	CHECK(ends(refused("evil.qcow2"), "/vm/evil.qcow2: it is encrypted (qemu-img convert)"));
	fd_close(&fd);
	raw("vm/zero.qcow2");
	CHECK(ends(refused("zero.qcow2"), "/vm/zero.qcow2: not a qcow2 image (format=raw?)"));
	put_file("vm/none.qcow2", "", 0, 0);
	CHECK(ends(refused("none.qcow2"), "/vm/none.qcow2: not a qcow2 image (format=raw?)"));
	qcow2("vm/evil.qcow2", "zero.qcow2", "qcow2");
	CHECK(ends(refused("evil.qcow2"), "/vm/zero.qcow2: not a qcow2 image (format=raw?)"));
	CHECK(stat(at("vm/zero.qcow2"), &st) == 0 && st.st_size == 4096);
}

static void overlay(const char *temp)
{
	struct vm v;
	struct stat st;
	struct qcow2 q;
	unsigned char head[4096];

	put_file("vm/odd.img", "x", 1, 5000);
	make(&v, "odd.img,snapshot", "top.qcow2");
	v.temp[1] = temp;
	v.rules.throw_away = temp != NULL;
	CHECK(opens(&v) == 0);
	struct disk *d = &v.disks.list[0];
	CHECK(d->throw_away && d->overlay >= 0 && !d->node[0].writable);
	CHECK((fcntl(d->overlay, F_GETFL) & O_ACCMODE) == O_RDWR && fcntl(d->overlay, F_GETFD) == FD_CLOEXEC);
	CHECK(fstat(d->overlay, &st) == 0 && st.st_nlink == 0);
	CHECK(pread(d->overlay, head, sizeof(head), 0) == sizeof(head));
	CHECK(qcow2_read(head, sizeof(head), &q, &v.e) == 0 && q.size == 5120 && !*q.backing);
	d = &v.disks.list[1];
	CHECK(d->nodes == 3 && d->throw_away == v.rules.throw_away && d->node[0].writable != d->throw_away);
	CHECK((d->overlay >= 0) == d->throw_away);
	disks_free(&v.disks);
	make(&v, "odd.img,ro", NULL);
	v.rules.throw_away = 1;
	CHECK(opens(&v) == 0 && v.disks.list[0].overlay == -1 && !v.disks.list[0].throw_away);
	disks_free(&v.disks);
}

static void named(void)
{
	struct buf warnings = { 0 };
	struct vm v;

	make(&v, "top.qcow2", "gone.qcow2,snapshot");
	CHECK(disks_name(&v.disks, &v.conf, &v.rules, &warnings, &v.e) == 0 && v.disks.n == 2);
	CHECK(v.disks.list[0].nodes == 3 && v.disks.list[0].node[0].writable && v.disks.list[0].node[0].fd == -1);
	CHECK(v.disks.list[1].nodes == 1 && v.disks.list[1].overlay == -1 && v.disks.list[1].throw_away);
	CHECK_TEXT(v.disks.list[1].node[0].path, at("vm/gone.qcow2"));
	CHECK(ends(buf_text(&warnings), "/vm/gone.qcow2: no such file or directory, nearest is none.qcow2\n"));
	CHECK(strncmp(buf_text(&warnings), "vm-qemu.rc:6: DISK2: ", 21) == 0);
	disks_free(&v.disks);
	buf_clear(&warnings);
	qcow2("vm/evil.qcow2", "mid2.qcow2", "qcow2");
	qcow2("vm/mid2.qcow2", "/etc/passwd", "raw");
	make(&v, "evil.qcow2", NULL);
	CHECK(disks_name(&v.disks, &v.conf, &v.rules, &warnings, &v.e) == 0 && v.disks.list[0].nodes == 2);
	CHECK(ends(buf_text(&warnings), ": outside the VM's folder (backing=FILE allows it)\n"));
	disks_free(&v.disks);
	buf_free(&warnings);
}

/* A loop device on a file, "" where this machine has none to give. */
static int loop_device(char *path, size_t room)
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int file = open(at("vm/a.img"), O_RDWR | O_CLOEXEC), fd = -1;
	int number = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);

	if (number >= 0) {
		snprintf(path, room, "/dev/loop%d", number);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (fd >= 0 && ioctl(fd, LOOP_SET_FD, file) < 0)
		fd_close(&fd);
	fd_close(&file);
	fd_close(&control);
	return fd;
}

static void block_device(void)
{
	char path[64], value[128];
	struct vm v;
	int fd = loop_device(path, sizeof(path));

	if (fd < 0)
		return;
	make(&v, path, NULL);
	CHECK(opens(&v) == 0);
	struct disk_node *n = &v.disks.list[0].node[0];
	CHECK(n->block && n->size == 4096 && n->writable && n->ino == 0);
	CHECK(ends(refused(path), ": in use (`ro` or `force` allows it)")); /* held by the first, as by a mount */
	snprintf(value, sizeof(value), "%s,ro", path);
	CHECK(!refused(value));
	snprintf(value, sizeof(value), "%s,force", path);
	CHECK(!refused(value));
	snprintf(value, sizeof(value), "%s,snapshot", path);
	CHECK(!refused(value));
	disks_free(&v.disks);
	CHECK(!refused(path));
	ioctl(fd, LOOP_CLR_FD, 0);
	fd_close(&fd);
}

/* The headers that qemu-img itself writes, and its opinion of the overlay. */
static void real_images(void)
{
	static const char *const words[] = {
		"qemu-img create -q -f raw %1$s/vm/r0.img 3M", "qemu-img create -q -f qcow2 -o compat=0.10 -F raw -b r0.img %1$s/vm/r1.qcow2",
		"qemu-img create -q -f qcow2 -F qcow2 -b r1.qcow2 %1$s/vm/r2.qcow2 9M",
		"qemu-img create -q -f qcow2 -o cluster_size=2M,data_file=%1$s/vm/ext.raw %1$s/vm/ext.qcow2 1M",
		"qemu-img create -q -f qcow2 -u -b r1.qcow2 -F qcow2 -o cluster_size=512 %1$s/vm/c512.qcow2 1M",
		"qemu-img create -q -f qcow2 -u -b r1.qcow2 -F qcow2 -o cluster_size=2M,compression_type=zstd,extended_l2=on"
		" %1$s/vm/c2m.qcow2 1M",
	};
	char command[2048];
	struct vm v;

	if (system("qemu-img --version >/dev/null 2>&1") != 0)
		return;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		snprintf(command, sizeof(command), words[i], top);
		CHECK(system(command) == 0);
	}
	make(&v, "r2.qcow2", NULL);
	CHECK(opens(&v) == 0 && v.disks.list[0].nodes == 3);
	struct disk_node *n = v.disks.list[0].node;
	CHECK(n[0].size == 9 << 20 && n[1].size == 3 << 20 && n[2].size == 3 << 20);
	disks_free(&v.disks);
	CHECK(!refused("c512.qcow2"));
	CHECK(!refused("c2m.qcow2"));
	CHECK(ends(refused("ext.qcow2"), ": its data is in another file (qemu-img convert)"));
}

int main(void)
{
	static const char *const dirs[] = { "vm", "vm/sub", "db", "vm-evil" };
	char command[128];

	CHECK(mkdtemp(top));
	CHECK(chmod(top, 0755) == 0);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		CHECK(mkdir(at(dirs[i]), 0755) == 0);
	plain_files();
	cdrom();
	no_images();
	no_right();
	same_file();
	good_chain();
	bad_names();
	own_disk();
	another_vms();
	listed();
	levels();
	bad_headers();
	overlay(top);
	overlay(NULL);
	named();
	block_device();
	real_images();
	snprintf(command, sizeof(command), "rm -r %s", top);
	CHECK(system(command) == 0);
	return unit_failed;
}
