/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "clock.h"
#include "file.h"
#include "scratch.h"

#include <dirent.h>
#include <errno.h>

static struct err e;
static int dir;

static void refused(const char *name, const char *why)
{
	struct buf b = { 0 };

	CHECK(file_read(dir, name, 100, &b, &e) == -1);
	CHECK(strstr(e.text, why) != NULL);
	buf_free(&b);
}

static void test_read(void)
{
	struct buf b = { 0 };
	char much[102];

	scratch_write("a", "one\n");
	CHECK(file_read(dir, "a", 100, &b, &e) == 0 && b.n == 4);
	CHECK(file_read(AT_FDCWD, scratch_path("a"), 4, &b, &e) == 0);
	CHECK_TEXT(buf_text(&b), "one\none\n"); /* appended */
	buf_free(&b);
	scratch_write("empty", "");
	CHECK(file_read(dir, "empty", 0, &b, &e) == 0 && b.n == 0);
	buf_free(&b);
	memset(much, 'x', 101);
	much[101] = '\0';
	scratch_write("much", much);
	refused("much", "much: larger than 100 bytes");
	CHECK(errno == EFBIG);
	CHECK(mkdir(scratch_path("dir"), 0755) == 0 && mkfifo(scratch_path("fifo"), 0600) == 0);
	refused("dir", "dir: a directory, not a regular file");
	refused("fifo", "fifo: a device or FIFO, not a regular file"); /* and at once */
	refused("/dev/zero", "/dev/zero: a device");
	refused("none", "none: no such file or directory");
	CHECK(errno == ENOENT && e.code == FAILED);
}

static void test_peek(void)
{
	char text[8];

	CHECK(file_peek(dir, "a", text, sizeof(text)) == 4);
	CHECK_TEXT(text, "one\n");
	CHECK(file_peek(dir, "much", text, sizeof(text)) == 7);
	CHECK_TEXT(text, "xxxxxxx");
	CHECK(file_peek(dir, "empty", text, sizeof(text)) == 0 && !*text);
	CHECK(file_peek(dir, "none", text, sizeof(text)) == -1 && errno == ENOENT);
	CHECK(file_peek(dir, "dir", text, sizeof(text)) == -1 && errno == EISDIR);
}

static int files(void)
{
	DIR *d = opendir(scratch);
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void test_write(void)
{
	struct stat st;
	char name[300];
	int before = files();

	CHECK(file_write(dir, "new", "abc", 3, 0640, 1, &e) == 0);
	CHECK_TEXT(scratch_read("new"), "abc");
	CHECK(stat(scratch_path("new"), &st) == 0 && (st.st_mode & 07777) == 0640);
	scratch_write(".new.new", "left by one that was killed");
	CHECK(file_write(dir, "new", "", 0, 0600, 0, &e) == 0);
	CHECK_TEXT(scratch_read("new"), "");
	CHECK(symlink("a", scratch_path("link")) == 0 && file_write(dir, "link", "zz", 2, 0600, 0, &e) == 0);
	CHECK_TEXT(scratch_read("a"), "one\n"); /* a link is replaced, not followed */
	CHECK_TEXT(scratch_read("link"), "zz");
	CHECK(file_write(dir, "dir", "x", 1, 0600, 0, &e) == -1);
	CHECK(strstr(e.text, "write dir: ") == e.text);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	CHECK(file_write(dir, name, "x", 1, 0600, 0, &e) == -1 && errno == ENAMETOOLONG);
	CHECK(file_write(-1, "x", "x", 1, 0600, 0, &e) == -1);
	CHECK(files() == before + 2); /* no temporary file stays, whatever happened */
}

static void test_dirs(void)
{
	struct stat st;
	int fd;

	CHECK(file_mkdirs(scratch_path("p/q/r"), 0700, NULL) == 0 && file_mkdirs(scratch_path("p/q/r"), 0755, NULL) == 0);
	CHECK(stat(scratch_path("p/q"), &st) == 0 && (st.st_mode & 0777) == 0755);
	CHECK(stat(scratch_path("p/q/r"), &st) == 0 && (st.st_mode & 0777) == 0700);
	CHECK(file_mkdirs(scratch_path("a/b"), 0700, NULL) == -1 && errno == ENOTDIR);

	CHECK((fd = file_open_dir(dir, "p", &e)) >= 0 && fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	CHECK(chmod(scratch_path("p"), 0775) == 0);
	errno = ENOENT; /* an old one must not make "not there" of "not safe" */
	CHECK(file_open_dir(dir, "p", &e) == -1 && e.code == NO_RIGHT && errno != ENOENT);
	CHECK_TEXT(e.text, "p: others may write it (mode 0775): chmod go-w");
	CHECK(chmod(scratch_path("p"), 0755) == 0 && symlink("p", scratch_path("to-p")) == 0);
	CHECK(file_open_dir(dir, "to-p", &e) == -1);
	CHECK(file_open_dir(dir, "a", &e) == -1 && errno == ENOTDIR);
	CHECK(file_open_dir(dir, "none", &e) == -1 && errno == ENOENT);
	if (geteuid() == 0) {
		CHECK(chown(scratch_path("p"), 12345, -1) == 0);
		errno = ENOENT;
		CHECK(file_open_dir(dir, "p", &e) == -1 && e.code == NO_RIGHT && errno != ENOENT);
		CHECK_TEXT(e.text, "p: belongs to uid 12345, not to you");
	}
}

static void test_save(void)
{
	struct buf b = { 0 };
	struct stat st;

	buf_str(&b, "text\n");
	CHECK(file_save(scratch_path("saved"), &b, 0640, &e) == 0);
	CHECK_TEXT(scratch_read("saved"), "text\n");
	CHECK(stat(scratch_path("saved"), &st) == 0 && (st.st_mode & 07777) == 0640);
	/* mode and owner of the old one, through a link that stays */
	CHECK(chmod(scratch_path("saved"), 0604) == 0 && symlink("saved", scratch_path("to-saved")) == 0);
	CHECK(getuid() != 0 || chown(scratch_path("saved"), 12345, 54321) == 0);
	scratch_write(".saved.new", "left by one that was killed");
	buf_str(&b, "more\n");
	CHECK(file_save(scratch_path("to-saved"), &b, 0640, &e) == 0);
	CHECK_TEXT(scratch_read("saved"), "text\nmore\n");
	CHECK(stat(scratch_path("saved"), &st) == 0 && (st.st_mode & 07777) == 0604);
	CHECK(getuid() != 0 || (st.st_uid == 12345 && st.st_gid == 54321));
	CHECK(lstat(scratch_path("to-saved"), &st) == 0 && S_ISLNK(st.st_mode));
	CHECK(access(scratch_path(".saved.new"), F_OK) < 0);
	CHECK(file_save("/no/such/place", &b, 0640, &e) == -1);
	CHECK_TEXT(e.text, "/no/such: no such file or directory");
	CHECK(symlink("nowhere", scratch_path("dangling")) == 0 && file_save(scratch_path("dangling"), &b, 0640, &e) == -1);
	CHECK(strstr(e.text, "dangling: a link to what is not there"));
	CHECK(lstat(scratch_path("dangling"), &st) == 0 && S_ISLNK(st.st_mode));
	buf_free(&b);
}

static void test_lock(void)
{
	char path[256];

	snprintf(path, sizeof(path), "%s", scratch_path("lock"));
	int first = file_lock(path, clock_in(1000), &e);
	CHECK(first >= 0 && file_lock(path, clock_ms(), &e) == -1 && e.code == TIMED_OUT);
	close(first);
	first = file_lock(path, clock_ms(), &e);
	CHECK(first >= 0);
	close(first);
	CHECK(symlink("a", scratch_path("lock-link")) == 0 && file_lock(scratch_path("lock-link"), clock_ms(), &e) == -1);
	CHECK(e.code == FAILED);
}

/* p's folder becomes a link to another while nobody looks */
static void test_remove(void)
{
	char path[256], real[256];
	struct buf b = { 0 };
	const char *base;

	CHECK(mkdir(scratch_path("way"), 0755) == 0 && mkdir(scratch_path("theirs"), 0755) == 0);
	scratch_write("way/file", "mine");
	scratch_write("theirs/file", "precious");
	snprintf(path, sizeof(path), "%s", scratch_path("way/file"));
	CHECK(file_real(path, real, sizeof(real)) == 0);
	CHECK(rename(scratch_path("way"), scratch_path("away")) == 0 && symlink("theirs", scratch_path("way")) == 0);
	CHECK(file_remove(real, real) == -1 && errno == ENOTDIR);
	buf_str(&b, "new");
	CHECK(file_replace(real, &b, &e) == -1);
	CHECK_TEXT(scratch_read("theirs/file"), "precious");
	CHECK(unlink(scratch_path("way")) == 0 && rename(scratch_path("away"), scratch_path("way")) == 0);
	CHECK(file_replace(real, &b, &e) == 0);
	CHECK_TEXT(scratch_read("way/file"), "new");
	CHECK(file_remove(real, real) == 0 && access(real, F_OK) < 0);
	CHECK(file_replace(real, &b, &e) == -1 && symlink("../theirs/file", real) == 0);
	CHECK(file_replace(real, &b, &e) == -1 && strstr(e.text, "not a regular file any more"));
	CHECK_TEXT(scratch_read("theirs/file"), "precious");
	CHECK(unlink(real) == 0);
	buf_free(&b);
	CHECK(file_remove(real, real) == -1 && errno == ENOENT);
	CHECK(file_way("/no/such", "x", &base) == -1 && errno == ENOENT);
}

static void test_remove_folders(void)
{
	char real[256];

	CHECK(file_mkdirs(scratch_path("top/a/b"), 0755, NULL) == 0);
	scratch_write("top/a/x", "");
	scratch_write("top/a/b/y", "");
	snprintf(real, sizeof(real), "%s", scratch_path("top/a/b/y"));
	CHECK(file_remove(real, scratch_path("top")) == 0);
	CHECK(access(scratch_path("top/a/b"), F_OK) < 0 && access(scratch_path("top/a/x"), F_OK) == 0);
	snprintf(real, sizeof(real), "%s", scratch_path("top/a/x"));
	CHECK(file_remove(real, scratch_path("top")) == 0);
	CHECK(access(scratch_path("top/a"), F_OK) < 0 && access(scratch_path("top"), F_OK) == 0);
}

static void test_join(void)
{
	char to[8];

	CHECK(file_join(to, sizeof(to), "/a", "b") == 0);
	CHECK_TEXT(to, "/a/b");
	CHECK(file_join(to, sizeof(to), "/", "b") == 0);
	CHECK_TEXT(to, "/b");
	CHECK(file_join(to, sizeof(to), "/abc", "de") == 0 && file_join(to, sizeof(to), "/abc", "def") == -1);
}

static void has_bytes(const char *name, const char *words)
{
	struct stat st;

	CHECK(stat(scratch_path(name), &st) == 0);
	CHECK((file_has_bytes("it", &st, &e) < 0) == (*words != '\0'));
	if (*words)
		CHECK_TEXT(e.text, words);
}

static void test_bytes(void)
{
	scratch_write("full", "x");
	scratch_write("empty", "");
	CHECK(mkfifo(scratch_path("pipe"), 0600) == 0);
	has_bytes("full", "");
	has_bytes("empty", "it: an empty file");
	has_bytes(".", "it: a directory, not a file");
	has_bytes("pipe", "it: not a regular file");
}

int main(void)
{
	umask(022);
	dir = scratch_begin();
	test_read();
	test_peek();
	test_write();
	test_dirs();
	test_save();
	test_lock();
	test_remove();
	test_bytes();
	test_remove_folders();
	test_join();
	close(dir);
	return unit_failed;
}
