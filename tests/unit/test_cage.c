/* SPDX-License-Identifier: 0BSD */
#include "cage.h"

#include "scratch.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { SETTINGS = 8 };

static struct buf out, warnings;
static struct err e;

/* The plan of a VM of settings alone, its lines in `out`. */
static void plan(const char *program, const char *cfg, ...)
{
	char *settings[SETTINGS] = { "NAME=web" }, *const argv[] = { "qemu", "-accel", "kvm", NULL };
	struct conf_from from = { .dir = "/vm", .settings = settings, .n = 1 };
	struct buf errors = { 0 };
	struct conf conf;
	struct cfg raw = { 0 };
	struct cage c;
	va_list list;

	va_start(list, cfg);
	while ((settings[from.n] = va_arg(list, char *)))
		from.n++;
	va_end(list);
	CHECK(conf_load(&conf, &from, &errors, &errors) == 0 && !errors.n);
	CHECK(cfg_read(&raw, cfg, strlen(cfg), "cfg", &errors) == 0);
	cage_plan(&c, &(struct cage_from){ .program = program, .conf = &conf, .raw = &raw, .argv = argv, .kernel = -1, .initrd = -1 });
	buf_clear(&out);
	buf_char(&out, '\n');
	cage_print(&c, &out);
	cage_free(&c);
	cfg_free(&raw);
	conf_free(&conf);
	buf_free(&errors);
}

static int has(const char *line)
{
	char whole[512];

	snprintf(whole, sizeof(whole), "\n%s\n", line);
	return strstr(buf_text(&out), whole) != NULL;
}

static void test_own(void)
{
	plan("/opt/q/bin/qemu-system-arm", "", NULL);
	CHECK(has("/opt/q/bin/qemu-system-arm rx QEMU's own program"));
	CHECK(has("/opt/q/lib rx libraries") && has("/opt/q/share/qemu r firmware") && has("/usr/share/qemu r firmware"));
	CHECK(has("/lib64 rx libraries") && has("/etc/ld.so.cache r libraries") && has("/dev/urandom rw device") && has("/dev/kvm rw KVM"));
	CHECK(!strstr(out.s, "resolv.conf") && !strstr(out.s, "network") && !has("/bin rx QEMU's program is a script"));
	plan("/bin/qemu-system-arm", "", NULL);
	CHECK(has("/lib rx libraries") && has("/share/qemu r firmware"));
	plan("/qemu", "", NULL);
	CHECK(has("/share/qemu r firmware"));
	plan("qemu", "", NULL);
	CHECK(has("qemu rx QEMU's own program"));
}

static void test_boot(void)
{
	plan("/q", "", "KERNEL=k", "INITRD=/boot/i", NULL);
	CHECK(has("/vm/k r setting KERNEL=k") && has("/boot/i r setting INITRD=/boot/i"));
}

static void test_words(void)
{
	plan("/q", "-drive 'file=/a b/c,,d,format=raw' -blockdev '{\"filename\":\"/e/f\",\"x\":1}' -mon unix:/g/h -append root=/dev/sda",
	     "ARG1=-device \"x,path=/i,romfile=j/k\"", "ARG2=-nic none", NULL);
	CHECK(has("'/a b/c,d' named the cfg-file") && has("/e/f named the cfg-file") && has("/g/h named the cfg-file"));
	CHECK(has("/i named setting ARG1=-device \"x,path=/i,romfile=j/k\""));
	CHECK(!strstr(out.s, "sda") && !has("/k named the cfg-file") && !strstr(out.s, "network"));
}

static void test_network(void)
{
	static const char *const cfgs[] = { "-netdev user,id=a", "-s", "-serial tcp:1.2.3.4:5", "-vnc :1", "-drive file=http://a/b",
					    "-device x -chardev socket,host=a,port=1,id=c" };

	plan("/q", "", "NIC1=none", "NIC2=user", NULL);
	CHECK(has("network rw setting NIC2=user") && has("/etc/resolv.conf r setting NIC2=user"));
	plan("/q", "-vnc unix:/x -net none -S", NULL);
	CHECK(!strstr(out.s, "network"));
	for (size_t i = 0; i < sizeof(cfgs) / sizeof(*cfgs); i++) {
		plan("/q", cfgs[i], NULL);
		CHECK(has("network rw the cfg-file"));
	}
}

static void test_allow(void)
{
	plan("/q", "", "ALLOW1=/a,,b", "ALLOW2=sub,ro", NULL);
	CHECK(has("/a,b rw setting ALLOW1=/a,,b") && has("/vm/sub r setting ALLOW2=sub,ro"));
}

static void bind_socket(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(a.sun_path, path);
	CHECK(bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	close(fd);
}

/* A cage of what the words name, as it is found here. */
static void find(struct cage *c, const char *const *names)
{
	struct cfg raw = { 0 };
	struct conf conf = { 0 };
	struct buf text = { 0 };
	char *const argv[] = { "/bin/sh", NULL };

	for (; *names; names++)
		buf_fmt(&text, "-x %s ", **names == '/' ? *names : scratch_path(*names));
	CHECK(cfg_read(&raw, buf_text(&text), text.n, "cfg", &warnings) == 0);
	struct cage_from from = { .conf = &conf, .raw = &raw, .argv = argv, .kernel = -1, .initrd = -1 };
	CHECK(cage_draw(c, &from, scratch_path("top/run"), &warnings, &e) == 0);
	buf_clear(&out);
	buf_char(&out, '\n');
	cage_print(c, &out);
	buf_free(&text);
	cfg_free(&raw);
}

static int has_of(const char *file, const char *rest)
{
	char line[300];

	snprintf(line, sizeof(line), "%s%s", scratch_path(file), rest);
	return has(line);
}

static void test_found(void)
{
	static const char *const good[] = { "file", "link", "dir/sock", "new/none", "gone/none", NULL };
	static const char *const bad[] = { "top", "top/run/web/x", "top/run/none", "/", "/etc", "/etc/..", "/none", NULL };
	struct cage c;

	scratch_write("file", "");
	scratch_write("target", "");
	CHECK(symlink("target", scratch_path("link")) == 0 && mkdir(scratch_path("dir"), 0755) == 0 && mkdir(scratch_path("new"), 0755) == 0);
	CHECK(mkdir(scratch_path("top"), 0755) == 0 && mkdir(scratch_path("top/run"), 0755) == 0 && mkdir(scratch_path("top/run/web"), 0755) == 0);
	bind_socket(scratch_path("dir/sock"));
	find(&c, good);
	CHECK(has_of("file", " rw the cfg-file") && has_of("target", " rw the cfg-file"));
	CHECK(has_of("dir", " socket the cfg-file") && has_of("new", " socket the cfg-file") && !strstr(out.s, "gone"));
	CHECK(!warnings.n);
	cage_free(&c);
	find(&c, bad);
	CHECK(!strstr(out.s, "cfg-file"));
	size_t lines = 0;
	for (const char *s = buf_text(&warnings); (s = strstr(s, "the cfg-file: /")); s++)
		lines++;
	CHECK(lines == 7 && strstr(warnings.s, "the cfg-file: /etc is not opened to QEMU for a word of its command line (ALLOWn=/etc does it)\n"));
	cage_free(&c);
}

/* In a child: opened as the cage of `file` lets it, 0, or errno. */
static int opens(const struct cage *c, const char *path, int how)
{
	int ruleset, status;
	pid_t pid = fork();

	if (pid == 0) {
		if (cage_build(c, &ruleset, &e) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || cage_enter(ruleset) < 0)
			_exit(255);
		_exit(open(path, how | O_CLOEXEC, 0600) < 0 ? errno : 0);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static void test_kept(void)
{
	static const char *const names[] = { "file", "dir", NULL };
	struct cage c;
	int ruleset;

	find(&c, names);
	if (cage_build(&c, &ruleset, &e) > 0) {
		close(ruleset);
		CHECK(opens(&c, scratch_path("file"), O_RDWR) == 0 && opens(&c, scratch_path("dir/made"), O_WRONLY | O_CREAT) == 0);
		CHECK(opens(&c, "/dev/null", O_RDWR) == 0 && opens(&c, "/usr/lib", O_RDONLY) == 0);
		CHECK(opens(&c, scratch_path("target"), O_RDONLY) == EACCES && opens(&c, scratch_path("made"), O_WRONLY | O_CREAT) == EACCES);
		CHECK(opens(&c, "/etc/passwd", O_RDONLY) == EACCES && opens(&c, "/usr/lib/made", O_WRONLY | O_CREAT) != 0);
	}
	cage_free(&c);
}

int main(void)
{
	close(scratch_begin());
	test_own();
	test_boot();
	test_words();
	test_network();
	test_allow();
	test_found();
	test_kept();
	buf_free(&out);
	buf_free(&warnings);
	return unit_failed;
}
