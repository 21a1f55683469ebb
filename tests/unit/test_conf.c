/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "conf.h"
#include "file.h"
#include "text.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/test_conf.XXXXXX";
static char rc[64], defaults[64];
static struct conf c;
static struct buf errors, warnings;

static void put(const char *path, const void *bytes, size_t n)
{
	FILE *f = fopen(path, "w");

	if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0)
		perror(path), exit(1);
}

/* Loads the files with the settings given, NULL behind the last. */
static int load(const struct conf_from *as, ...)
{
	struct conf_from from = as ? *as : (struct conf_from){ 0 };
	char *settings[8];
	va_list list;

	conf_free(&c);
	buf_clear(&errors);
	buf_clear(&warnings);
	if (!as) {
		from.file = rc;
		from.defaults = defaults;
	}
	va_start(list, as);
	while ((settings[from.n] = va_arg(list, char *)))
		from.n++;
	va_end(list);
	from.settings = settings;
	return conf_load(&c, &from, &errors, &warnings);
}

static int load_text(const char *text)
{
	put(rc, text, strlen(text));
	return load(NULL, (char *)NULL);
}

/* Each line of `got` without the folder of the files is that of `want`. */
static void notes_are(struct buf *got, const char *want)
{
	struct buf b = { 0 };
	const char *s = buf_text(got);

	for (const char *at; (at = strstr(s, dir)); s = at + strlen(dir) + 1)
		buf_add(&b, s, (size_t)(at - s));
	buf_str(&b, s);
	CHECK_TEXT(buf_text(&b), want);
	buf_free(&b);
}

static void text_is(const char *text, const char *want_errors)
{
	CHECK(load_text(text) == (*want_errors ? -1 : 0));
	CHECK(!*want_errors || c.code == NOT_CONFIGURED);
	notes_are(&errors, want_errors);
}

static void test_values(void)
{
	CHECK(load_text("") == 0);
	CHECK_TEXT(c.name, "web");
	CHECK_TEXT(c.dir, dir);
	CHECK_TEXT(conf_text(&c, CONF_RAM), "2G");
	CHECK(conf_bytes(&c, CONF_RAM) == INT64_C(2) << 30);
	CHECK(conf_yes(&c, CONF_SERIAL) && !conf_yes(&c, CONF_KVM) && conf_ms(&c, CONF_STOPDELAY) == 60000);
	CHECK(conf_long(&c, CONF_MONPORT) == 0 && !conf_item(&c, CONF_RAM, 0) && !conf_next(&c, CONF_DISK, NULL));
	CHECK(load_text("NAME=web\r\nRAM = 512 # MiB\r\nDESC=\"a # b\"\nSERIAL=Off\nSTOPDELAY=1.5m\nMONPORT=4000\n"
		"DISK10=b\nDISK2=a\nBOOTDELAY=5") == 0);
	notes_are(&errors, "");
	CHECK(conf_bytes(&c, CONF_RAM) == 512 << 20 && conf_ms(&c, CONF_STOPDELAY) == 90000);
	CHECK(!conf_yes(&c, CONF_SERIAL) && conf_long(&c, CONF_MONPORT) == 4000 && conf_ms(&c, CONF_BOOTDELAY) == 5000);
	CHECK_TEXT(conf_text(&c, CONF_DESC), "a # b");
	const struct conf_item *item = conf_next(&c, CONF_DISK, NULL);
	CHECK(item && item->number == 2 && item->line == 8 && !strcmp(item->value, "a"));
	item = conf_next(&c, CONF_DISK, item);
	CHECK(item && item->number == 10 && conf_item(&c, CONF_DISK, 10) == item && !conf_next(&c, CONF_DISK, item));
}

static void test_layers(void)
{
	static const char text[] = "RAM=1G\nSMP=2\nDISK1=d\nDISK2=e\nSERIAL=no\nCPU=max\nSTOPDELAY=5\nTGTARCH=qemu-system-arm\n";
	static const char high[] = "RAM=\nSMP=0\nDISK1=0\nSERIAL=\nSTOPDELAY=7\nTGTARCH=\n";

	put(defaults, text, strlen(text));
	put(rc, high, strlen(high));
	CHECK(load(NULL, "STOPDELAY=8", "CPU=", "KVM=0", "APPEND= a \"b\" # c", "KERNEL=k", NULL) == 0);
	notes_are(&errors, "");
	CHECK_TEXT(conf_text(&c, CONF_RAM), "2G");
	CHECK_TEXT(conf_text(&c, CONF_SMP), "");
	CHECK_TEXT(conf_text(&c, CONF_CPU), "");
	CHECK_TEXT(conf_text(&c, CONF_TGTARCH), "");
	CHECK_TEXT(conf_text(&c, CONF_APPEND), " a \"b\" # c");
	CHECK(conf_yes(&c, CONF_SERIAL) && conf_ms(&c, CONF_STOPDELAY) == 8000);
	CHECK(conf_item(&c, CONF_KVM, 0) && !conf_item(&c, CONF_DISK, 1) && conf_item(&c, CONF_DISK, 2)->file == c.defaults);
	put(defaults, "NAME=x\nRAN=1\n", 13);
	text_is("RAM=x", "default.rc:1: NAME: not in default.rc, as each VM has its own\n"
		"default.rc:2: RAN: unknown key, nearest is RAM\n"
		"web-qemu.rc:1: RAM: x: want a size, as 512M or 2G; a bare number is MiB\n");
	unlink(defaults);
}

static void test_lines(void)
{
	text_is("RAM\n\n=5\nMACHINE=\"pc\n\nram=1G\nFOO=1\nRAM=1G\nRAM=2G\nDISK=a\nDISK0=a\nDISK01=a\nDISK1000=a\nRAM1=1G\nDSK1=a",
		"web-qemu.rc:1: no `=`, want KEY=VALUE\n"
		"web-qemu.rc:3: no key before the `=`\n"
		"web-qemu.rc:4: the closing quote is missing\n"
		"web-qemu.rc:6: ram: unknown key, nearest is RAM\n"
		"web-qemu.rc:7: FOO: unknown key (qemu-init(5) has all)\n"
		"web-qemu.rc:9: RAM: given already in line 8, one must go\n"
		"web-qemu.rc:10: DISK: DISK wants a number, DISK1 to DISK999, no zero before it\n"
		"web-qemu.rc:11: DISK0: DISK wants a number, DISK1 to DISK999, no zero before it\n"
		"web-qemu.rc:12: DISK01: DISK wants a number, DISK1 to DISK999, no zero before it\n"
		"web-qemu.rc:13: DISK1000: DISK wants a number, DISK1 to DISK999, no zero before it\n"
		"web-qemu.rc:14: RAM1: RAM takes no number\n"
		"web-qemu.rc:15: DSK1: unknown key, nearest is DISK1\n");
	put(rc, "RAM=1G\nSMP=\0\n", 13);
	CHECK(load(NULL, (char *)NULL) < 0);
	notes_are(&errors, "web-qemu.rc:2: a NUL byte\n");
	CHECK(load(NULL, "RAM", "=1", "ram=1G", "SMP=2", "SMP=2", "DESC=a\nb", NULL) < 0);
	notes_are(&errors, "web-qemu.rc:2: a NUL byte\nsetting RAM: want KEY=VALUE\nsetting =1: want KEY=VALUE\nsetting ram: unknown key, nearest is RAM\n"
		"setting SMP=2: given twice\nsetting DESC=a b: a control character (0x0a)\n");
}

static void test_bad_values(void)
{
	static const char *const cases[][3] = {
		{ "TGTARCH", "x86_64", "x86_64: did you mean qemu-system-x86_64?" },
		{ "TGTARCH", "qemu-system-../x", "qemu-system-../x: want qemu-system-ARCH, a program in PATH" },
		{ "TGTARCH", "0", "0: want qemu-system-ARCH, a program in PATH" },
		{ "TGTARCH", "/usr/bin/qemu-system-arm", "/usr/bin/qemu-system-arm: want qemu-system-ARCH, a program in PATH" },
		{ "RUNAS", "a b", "a b: want USER, USER:GROUP or numbers" }, { "RUNAS", "a:", "a:: want USER, USER:GROUP or numbers" },
		{ "RUNAS", "4294967295", "4294967295: want USER, USER:GROUP or numbers" },
		{ "SANDBOX", "maybe", "maybe: want yes or no" }, { "ACCEL", "xen", "xen: want kvm or tcg" },
		{ "MONITOR", "both", "both: want ipv4, ipv6 or no" },
		{ "MONPORT", "65436", "65436: want a port, 1 to 65435 (the command port is 100 above)" },
		{ "MONPORT", "x", "x: want a port, 1 to 65435 (the command port is 100 above)" },
		{ "STOPDELAY", "0.5", "0.5: want at least 1s" }, { "START_TIMEOUT", "1d", "1d: want a time, as 90, 90s or 5m" },
		{ "MACHINE", "pc -S", "pc -S: one word, without blanks" }, { "SMP", "2 4", "2 4: one word, without blanks" },
		{ "RAM", "1000K", "1000K: want at least 1M" }, { "RAM", "-1", "-1: want a size, as 512M or 2G; a bare number is MiB" },
		{ "DISK1", "a,if=sata", "if=sata: want virtio, ide or scsi" },
		{ "DISK1", "a,if=ide,ro", "ro: an ide disk cannot be read-only, take if=virtio or if=scsi" },
		{ "NIC1", "usr", "usr: want none, user, bridge:BR or tap:IF" },
		{ "DISPLAY", "sdl", "sdl: want vnc, vnc:PORT or none" }, { "VGA", "cirrus", "cirrus: want std, virtio or none" },
		{ "ARG1", "usb", "usb: want an option: -OPTION or -OPTION VALUE" },
	};
	char line[128], want[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		snprintf(line, sizeof(line), "%s=%s\n", cases[i][0], cases[i][1]);
		snprintf(want, sizeof(want), "web-qemu.rc:1: %s: %s\n", cases[i][0], cases[i][2]);
		text_is(line, want);
	}
	text_is("RUNAS=_qemu:1000\nMONPORT=65435\nSTOPDELAY=1\nRAM=1\nSMP=cores=2,threads=2\nVGA=none\nDISPLAY=none", "");
}

static void test_names(void)
{
	char other[64];

	text_is("NAME=web2", "web-qemu.rc:1: NAME: web2, but the file's name says web\n");
	text_is("NAME=0", "web-qemu.rc:1: NAME: 0: want a letter or digit, then letters, digits and . _ -, at most 48\n");
	text_is("NAME=../x", "web-qemu.rc:1: NAME: ../x: want a letter or digit, then letters, digits and . _ -, at most 48\n");
	text_is("NAME=", "");
	CHECK(load(NULL, "NAME=x", NULL) < 0);
	notes_are(&errors, "setting NAME=x: x, but the file's name says web\n");
	put(rc, "NAME=b\n", 7);
	CHECK(load(&(struct conf_from){ .file = rc, .name = "a" }, (char *)NULL) < 0);
	notes_are(&errors, "web-qemu.rc: its name says: web, but a was asked for\nweb-qemu.rc:1: NAME: b, but a was asked for\n");
	snprintf(other, sizeof(other), "%s/web.rc", dir);
	put(other, "NAME=web\n", 9);
	CHECK(load(&(struct conf_from){ .file = other }, (char *)NULL) < 0);
	notes_are(&errors, "web.rc: not called NAME-qemu.rc, with a NAME of letters, digits and . _ -, at most 48\n");
	unlink(other);
	snprintf(other, sizeof(other), "%s/web-qemud.rc", dir);
	put(other, "", 0);
	CHECK(load(&(struct conf_from){ .file = other }, (char *)NULL) == 0);
	CHECK_TEXT(c.name, "web");
	unlink(other);
}

static void test_settings_alone(void)
{
	char path[64], cwd[4096];
	const struct conf_from none = { .dir = "/some/where" };

	CHECK(load(&none, "NAME=fix", "KERNEL=k", NULL) == 0 && !c.file);
	CHECK_TEXT(c.name, "fix");
	CHECK(conf_path(&c, "k", path, sizeof(path)) == 0);
	CHECK_TEXT(path, "/some/where/k");
	CHECK(conf_path(&c, "/k", path, sizeof(path)) == 0 && !strcmp(path, "/k") && conf_path(&c, "k", path, 13) < 0);
	CHECK(load(&none, "KERNEL=k", NULL) < 0);
	notes_are(&errors, "NAME is missing\n");
	CHECK(load(&none, "NAME=", NULL) < 0);
	notes_are(&errors, "setting NAME=: must not be empty\n");
	CHECK(load(&none, "NAME=a", "DISK1=b,if=sata", NULL) < 0);
	notes_are(&errors, "setting DISK1=b,if=sata: if=sata: want virtio, ide or scsi\n");
	CHECK(load(&(struct conf_from){ .name = "a/b" }, (char *)NULL) < 0);
	notes_are(&errors, "a/b: want a letter or digit, then letters, digits and . _ -, at most 48\n");
	CHECK(load(&(struct conf_from){ .name = "ab" }, (char *)NULL) == 0);
	CHECK_TEXT(c.dir, getcwd(cwd, sizeof(cwd)));
}

static void test_crosses(void)
{
	struct buf many = { 0 };

	text_is("ACCEL=kvm\nKVM=no\n", "web-qemu.rc:2: KVM: no is at odds with ACCEL=kvm, one must go\n");
	text_is("KVM=on\nACCEL=tcg\n", "web-qemu.rc:1: KVM: on is at odds with ACCEL=tcg, one must go\n");
	text_is("KVM=off\nACCEL=tcg\n", "");
	text_is("APPEND=a\nINITRD=b\n", "web-qemu.rc:1: APPEND: wants a KERNEL\nweb-qemu.rc:2: INITRD: wants a KERNEL\n");
	text_is("APPEND=a\nINITRD=b\nKERNEL=c", "");
	text_is("DISK1=a,if=ide\nDISK2=a,if=ide\nCDROM=c\nDISK3=a,if=ide\nDISK4=a,if=ide\n",
		"web-qemu.rc:5: DISK4: no place left: ide has four, the CDROM has one of them: if=virtio or if=scsi\n");
	for (int i = 1; i <= 25; i++)
		buf_fmt(&many, "DISK%d=d%d\n", i, i);
	text_is(many.s, "web-qemu.rc:25: DISK25: more than 24 virtio disks, take if=scsi\n");
	buf_free(&many);
	text_is("NIC1=user,hostfwd=tcp::8080-:80,hostfwd=tcp:127.0.0.1:8080-:81\n", "web-qemu.rc:1: NIC1: port 8080 is that of NIC1 already, take another one\n");
	text_is("NIC1=user,hostfwd=tcp::8080-:80\nNIC2=user,hostfwd=tcp:0.0.0.0:8080-:81\n",
		"web-qemu.rc:2: NIC2: port 8080 is that of NIC1 already, take another one\n");
	text_is("NIC1=user,hostfwd=tcp::8080-:80,hostfwd=tcp:127.0.0.2:8080-:80,hostfwd=tcp:[::1]:8080-:80\n", "");
	text_is("MONPORT=5801\nDISPLAY=vnc:5901\nNIC1=user,hostfwd=tcp::5801-:22\n",
		"web-qemu.rc:2: DISPLAY: port 5901 is that of MONPORT already, take another one\n"
		"web-qemu.rc:3: NIC1: port 5801 is that of MONPORT already, take another one\n");
	text_is("MONPORT=5801\nDISPLAY=vnc:5901\nMONITOR=no\n", "");
}

static void test_rights(void)
{
	char first[16] = "1024";

	file_peek(AT_FDCWD, "/proc/sys/net/ipv4/ip_unprivileged_port_start", first, sizeof(first));
	if (atoi(first) <= 80)
		return;
	CHECK(load_text("NIC1=user,hostfwd=tcp::80-:80\n") < 0);
	CHECK(strstr(errors.s, "web-qemu.rc:1: NIC1: hostfwd: only root may open port 80, others from "));
	CHECK(load_text("NIC1=user,hostfwd=tcp::80-:80\nRUNAS=root\n") == 0);
}

static void test_warnings(void)
{
	CHECK(load_text("SANDBOX=no\nAUTOSTART=ON\nRUNAS=root:kvm\n") == 0);
	notes_are(&errors, "");
	notes_are(&warnings, "web-qemu.rc:1: SANDBOX: QEMU runs without seccomp filter, Landlock and namespaces (ALLOWn=PATH opens what it needs)\n"
		"web-qemu.rc:2: AUTOSTART: not read; use: qemu-adm autostart on web\n"
		"web-qemu.rc:3: RUNAS: a guest that breaks out of QEMU will be root on this host (no RUNAS: a uid of its own)\n");
	CHECK(!conf_item(&c, CONF_AUTOSTART, 0));
	CHECK(load_text("SANDBOX=yes\nRUNAS=0\n") == 0 && !warnings.n);
}

static void test_files(void)
{
	char *big = calloc(1, CONF_FILE_MAX + 1);

	memset(big, 'x', CONF_FILE_MAX);
	memcpy(big, "DESC=", 5);
	text_is(big, "web-qemu.rc:1: DESC: longer than 65536 bytes\n");
	memset(big, 'x', CONF_FILE_MAX);
	CHECK(load_text(big) < 0 && strstr(errors.s, "no `=`"));
	memset(big, '=', CONF_FILE_MAX);
	CHECK(load_text(big) < 0 && strstr(errors.s, "no key"));
	put(rc, big, CONF_FILE_MAX + 1);
	CHECK(load(NULL, (char *)NULL) < 0 && c.code == NOT_CONFIGURED);
	notes_are(&errors, "web-qemu.rc: larger than 1048576 bytes\n");
	free(big);
	unlink(rc);
	CHECK(load(NULL, (char *)NULL) < 0 && c.code == NOT_CONFIGURED && strstr(errors.s, ": no such file"));
	CHECK(mkfifo(rc, 0600) == 0);
	CHECK(load(NULL, (char *)NULL) < 0);
	notes_are(&errors, "web-qemu.rc: a device or FIFO, not a regular file\n");
	unlink(rc);
	CHECK(mkdir(rc, 0700) == 0);
	CHECK(load(NULL, (char *)NULL) < 0);
	notes_are(&errors, "web-qemu.rc: a directory, not a regular file\n");
	rmdir(rc);
	put(rc, "", 0);
	CHECK(mkdir(defaults, 0700) == 0);
	CHECK(load(NULL, (char *)NULL) < 0);
	notes_are(&errors, "default.rc: a directory, not a regular file\n");
	rmdir(defaults);
}

static void test_place(void)
{
	struct err e;

	CHECK(load_text("\nDISK1=a\n") == 0);
	err_code(&e, NOT_INSTALLED, "no such file");
	conf_at(&e, conf_item(&c, CONF_DISK, 1));
	CHECK(e.code == NOT_INSTALLED && text_ends(e.text, "/web-qemu.rc:2: DISK1: no such file"));
}

/* conf/sample-qemu.rc names each key of the table, in its order, and what it shows can be read. */
static void test_sample(const char *path)
{
	char sample[64];
	struct buf text = { 0 }, all = { 0 };
	struct err e;
	const char *line, *rest, *near;
	size_t len, left;
	int next = 0, number;

	if (file_read(AT_FDCWD, path, 1 << 20, &text, &e) < 0)
		fprintf(stderr, "%s\n", e.text), exit(1);
	rest = text.s;
	left = text.n;
	while ((line = text_line(&rest, &left, &len))) {
		size_t skip = len > 2 && !memcmp(line, "# ", 2) ? 2 : 0, n = 0;
		while (n < len - skip && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", line[skip + n]))
			n++;
		int key = n && line[skip + n] == '=' ? conf_key_of(line + skip, n, &number, &near) : -1;
		if (key < 0)
			continue;
		if (key == next)
			next++;
		else if (key != next - 1)
			fprintf(stderr, "%s: %.*s: not in the order of the table, want %s\n", path, (int)len, line,
				next < CONF_KEY_COUNT ? conf_keys[next].name : "no more"), unit_failed = 1;
		/* of DISK2 and NIC1 the grammar and the example stand there */
		if (!memchr(line, '[', len) && key != CONF_ACCEL)
			buf_add(&all, line + skip, len - skip), buf_char(&all, '\n');
	}
	CHECK(next == CONF_KEY_COUNT);
	snprintf(sample, sizeof(sample), "%s/sample-qemu.rc", dir);
	put(sample, all.s, all.n);
	CHECK(load(&(struct conf_from){ .file = sample }, (char *)NULL) == 0);
	notes_are(&errors, "");
	unlink(sample);
	buf_free(&all);
	buf_free(&text);
}

static void test_parts(void)
{
	char key[CONF_KEY_ROOM], name[CONF_NAME_MAX + 1];

	conf_key_name(CONF_DISK, 12, key);
	CHECK_TEXT(key, "DISK12");
	conf_key_name(CONF_RAM, 0, key);
	CHECK_TEXT(key, "RAM");
	CHECK(conf_file_name("/srv/a b/web-qemu.rc", name) == 0);
	CHECK_TEXT(name, "web");
	CHECK(conf_file_name("my vm-qemud.rc", name) == 0);
	CHECK_TEXT(name, "my vm");
	CHECK(conf_file_name("/srv/-qemu.rc", name) < 0 && conf_file_name("web-qemu.rc.old", name) < 0);
}

int main(int argc, char **argv)
{
	if (!mkdtemp(dir))
		return perror(dir), 1;
	snprintf(rc, sizeof(rc), "%s/web-qemu.rc", dir);
	snprintf(defaults, sizeof(defaults), "%s/default.rc", dir);
	test_values();
	test_layers();
	test_lines();
	test_bad_values();
	test_names();
	test_parts();
	test_settings_alone();
	test_crosses();
	test_rights();
	test_warnings();
	test_files();
	test_place();
	test_sample(argc > 1 ? argv[1] : "conf/sample-qemu.rc");
	unlink(rc);
	rmdir(dir);
	conf_free(&c);
	buf_free(&errors);
	buf_free(&warnings);
	return unit_failed;
}
