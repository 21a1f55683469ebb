/* SPDX-License-Identifier: 0BSD */
/* What QEMU may touch of the host. */
#include "cage.h"

#include "fd.h"
#include "file.h"
#include "spec.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* Linux, include/uapi/linux/landlock.h and asm-generic/unistd.h; written out here, so that older headers do. */
enum { CREATE_RULESET = 444, ADD_RULE, RESTRICT_SELF };
enum { ABI_VERSION = 1, RULE_PATH_BENEATH = 1, NET_BIND_CONNECT = 3, SCOPE_ABSTRACT_AND_SIGNAL = 3 };
enum {
	FS_EXECUTE = 1 << 0, FS_WRITE_FILE = 1 << 1, FS_READ_FILE = 1 << 2, FS_READ_DIR = 1 << 3, FS_REMOVE_FILE = 1 << 5,
	FS_MAKE_CHAR = 1 << 6, FS_MAKE_SOCK = 1 << 9, FS_MAKE_BLOCK = 1 << 11, FS_TRUNCATE = 1 << 14, FS_IOCTL_DEV = 1 << 15,
	FS_FILE = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV, /* the rest is for folders */
	FS_ALL = (1 << 16) - 1,
};

struct ruleset {
	uint64_t fs, net, scoped;
};

struct path_beneath {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

/* What each ABI can forbid; a later one can do more, which is not asked for. */
static const struct ruleset abis[] = {
	{ 0, 0, 0 },
	{ (1 << 13) - 1, 0, 0 },
	{ (1 << 14) - 1, 0, 0 },
	{ (1 << 15) - 1, 0, 0 },
	{ (1 << 15) - 1, NET_BIND_CONNECT, 0 },
	{ FS_ALL, NET_BIND_CONNECT, 0 },
	{ FS_ALL, NET_BIND_CONNECT, SCOPE_ABSTRACT_AND_SIGNAL },
};

static const struct {
	const char *word;
	uint64_t bits;
} rights[] = {
	[CAGE_READ] = { "r", FS_READ_FILE | FS_READ_DIR },
	[CAGE_EXEC] = { "rx", FS_READ_FILE | FS_READ_DIR | FS_EXECUTE },
	[CAGE_WRITE] = { "rw", FS_ALL & ~(FS_EXECUTE | FS_MAKE_CHAR | FS_MAKE_BLOCK) },
	[CAGE_SOCKET] = { "socket", FS_MAKE_SOCK | FS_REMOVE_FILE },
	[CAGE_NAMED] = { "named", 0 },
};

/* Paths of one kind: names, each with its NUL, behind what they share. */
struct set {
	const char *under, *names;
	enum cage_right right;
	const char *why;
};

/* Below the place where QEMU was installed (/usr of /usr/bin/qemu-system-x86_64), and below /usr. */
static const struct set beside[] = {
	{ "/lib", "\0" "64\0", CAGE_EXEC, "libraries" },
	{ "/share/",
	  "qemu\0qemu-kvm\0seabios\0seavgabios\0sgabios\0ipxe\0edk2\0edk2-ovmf\0ovmf\0OVMF\0AAVMF\0qemu-efi-aarch64\0"
	  "qemu-efi-arm\0qemu-efi-riscv64\0openbios\0slof\0opensbi\0",
	  CAGE_READ, "firmware" },
};

static const struct set anywhere[] = {
	{ "/", "lib\0lib64\0usr/local/lib\0nix/store\0gnu/store\0", CAGE_EXEC, "libraries" },
	{ "/etc/", "ld.so.cache\0ld-musl-x86_64.path\0ld-musl-aarch64.path\0", CAGE_READ, "libraries" },
	{ "", "/etc/localtime\0", CAGE_READ, "time zone" },
	{ "/dev/", "null\0zero\0random\0urandom\0", CAGE_WRITE, "device" },
};

static const struct set programs[] = { { "", "/bin\0/usr/bin\0", CAGE_EXEC, "QEMU's program is a script" } };
static const struct set kvm[] = { { "", "/dev/kvm\0", CAGE_WRITE, "KVM" } };

/* Folders that hold too much for one word of a command line to open them. */
static const char *const never[] = { "/", "/etc", "/proc", "/sys", "/dev", "/root", "/home" };

/* How options of QEMU's begin that read what they name. */
static const char *const loads[] = {
	"-drive", "-blockdev", "-hd", "-cdrom", "-pflash", "-bios", "-kernel", "-initrd", "-dtb", "-smbios", "-fw_cfg", "-readconfig",
};

static const char *const covers[] = { "/run", "/tmp" };

/* Options of QEMU's by which it speaks on the network itself, and marks of it in a value. */
static const char *const net_options[] = { "-netdev", "-nic", "-net", "-vnc", "-gdb", "-spice", "-incoming" };
static const char *const net_marks[] = { "tcp:", "udp:", "telnet:", "://", "host=", "port=" };

/* Whose fault a rule is. */
struct whence {
	const char *why;
	const struct conf_item *item;
	int loaded;
};

/* A rule for n bytes of path. */
static struct cage_rule *add(struct cage *c, const char *path, size_t n, enum cage_right right, struct whence from)
{
	struct cage_rule *rules = buf_grow(c->rules, c->n, &c->room, sizeof(*rules));
	char *copy = rules ? strndup(path, n) : NULL;

	if (rules)
		c->rules = rules;
	if (!copy) {
		c->bad = 1;
		return NULL;
	}
	c->rules[c->n] = (struct cage_rule){ .path = copy, .right = right, .why = from.why, .item = from.item, .fd = -1, .loaded = from.loaded };
	return &c->rules[c->n++];
}

/* The sets below n bytes of a prefix. */
static void add_sets(struct cage *c, const char *prefix, size_t n, const struct set *sets, size_t count)
{
	struct buf path = { 0 };

	for (const struct set *s = sets; s < sets + count; s++) {
		const char *name = s->names;
		do {
			buf_clear(&path);
			buf_add(&path, prefix, n);
			buf_fmt(&path, "%s%s", s->under, name);
			add(c, buf_text(&path), path.n, s->right, (struct whence){ .why = s->why });
			name += strlen(name) + 1;
		} while (*name);
	}
	buf_free(&path);
}

/* P of P/bin/PROGRAM: how many bytes of it. */
static size_t prefix_of(const char *program)
{
	size_t n = strlen(program);

	for (int parts = 0; parts < 2 && n; parts++) {
		while (n && program[n - 1] != '/')
			n--;
		n -= n > 0;
	}
	return n;
}

static void need_net(struct cage *c, struct whence from)
{
	if (c->net)
		return;
	c->net = 1;
	c->net_why = from.why;
	c->net_item = from.item;
	add(c, "/etc/resolv.conf", PATH_MAX, CAGE_READ, from);
}

static int speaks(const char *option, const char *word)
{
	if (strcmp(word, "-s") == 0)
		return 1;
	for (size_t i = 0; i < COUNT(net_marks); i++)
		if (text_in(word, net_marks[i]))
			return 1;
	for (size_t i = 0; i < COUNT(net_options); i++)
		if (strcmp(option, net_options[i]) == 0)
			return !text_begins(word, "none") && !text_begins(word, "unix:");
	return 0;
}

/* One path at the beginning of s, in which `,,` is a comma; a quote ends it as well, in JSON. */
static void add_path(struct cage *c, const char *s, struct whence from)
{
	char path[PATH_MAX];
	size_t n = 0;

	for (; *s && *s != '"' && n < sizeof(path); path[n++] = *s++) {
		if (*s == ',' && s[1] == ',')
			s++;
		else if (*s == ',')
			break;
	}
	if (n < sizeof(path))
		add(c, path, n, CAGE_NAMED, from);
}

/* A word of the user's own, behind its option. */
static void take_word(struct cage *c, const char *option, const char *word, struct whence from)
{
	if (speaks(option, word))
		need_net(c, from);
	if (strcmp(option, "-append") == 0 || strcmp(option, "-name") == 0)
		return; /* the guest's paths, if any */
	for (size_t i = 0; i < COUNT(loads); i++)
		from.loaded |= text_begins(option, loads[i]);
	for (const char *s = word; (s = strchr(s, '/')); s++)
		if ((s == word || strchr("=,:\"", s[-1])) && s[1] != '/')
			add_path(c, s, from);
}

static void take_words(struct cage *c, const struct cfg *words, struct whence from)
{
	for (size_t i = 0; words && i < words->n; i++)
		take_word(c, i ? words->words[i - 1] : "", words->words[i], from);
}

static void take_args(struct cage *c, const struct conf *conf)
{
	struct err e;

	for (const struct conf_item *item = NULL; (item = conf_next(conf, CONF_ARG, item));) {
		struct cfg words = { 0 };
		if (cfg_arg(&words, item->value, &e) == 0)
			take_words(c, &words, (struct whence){ .item = item });
		cfg_free(&words);
	}
}

static void take_allowed(struct cage *c, const struct conf *conf)
{
	char path[PATH_MAX];
	struct err e;

	for (const struct conf_item *item = NULL; (item = conf_next(conf, CONF_ALLOW, item));) {
		struct spec_disk allow;
		if (spec_allow(&allow, item->value, &e) == 0 && conf_path(conf, allow.file, path, sizeof(path)) == 0)
			add(c, path, PATH_MAX, allow.ro ? CAGE_READ : CAGE_WRITE, (struct whence){ .item = item });
		spec_disk_free(&allow);
	}
}

static void take_boot_file(struct cage *c, const struct conf *conf, enum conf_key key, int fd)
{
	const struct conf_item *item = conf_item(conf, key, 0);
	char path[PATH_MAX];

	if (!item || conf_path(conf, item->value, path, sizeof(path)) < 0)
		return;
	struct cage_rule *r = add(c, path, PATH_MAX, CAGE_READ, (struct whence){ .item = item });
	if (r && fd >= 0) {
		r->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		r->given = 1;
	}
}

static void take_nics(struct cage *c, const struct conf *conf)
{
	struct spec_nic n;
	struct err e;

	for (const struct conf_item *item = NULL; (item = conf_next(conf, CONF_NIC, item));)
		if (spec_nic(&n, item->value, &e) == 0 && n.kind == NIC_USER)
			need_net(c, (struct whence){ .item = item });
}

static int wants_kvm(char *const *argv)
{
	for (; *argv; argv++)
		if (strcmp(*argv, "-enable-kvm") == 0 || text_in(*argv, "accel=kvm") ||
		    (strcmp(*argv, "-accel") == 0 && argv[1] && text_begins(argv[1], "kvm")))
			return 1;
	return 0;
}

void cage_plan(struct cage *c, const struct cage_from *from)
{
	static const char usr[] = "/usr";
	size_t n = prefix_of(from->program);

	*c = (struct cage){ 0 };
	add(c, from->program, PATH_MAX, CAGE_EXEC, (struct whence){ .why = "QEMU's own program" });
	add_sets(c, from->program, n, beside, COUNT(beside));
	if (n != sizeof(usr) - 1 || memcmp(from->program, usr, n) != 0)
		add_sets(c, usr, sizeof(usr) - 1, beside, COUNT(beside));
	add_sets(c, "", 0, anywhere, COUNT(anywhere));
	if (from->is_script)
		add_sets(c, "", 0, programs, COUNT(programs));
	if (wants_kvm(from->argv))
		add_sets(c, "", 0, kvm, COUNT(kvm));
	take_boot_file(c, from->conf, CONF_KERNEL, from->kernel);
	take_boot_file(c, from->conf, CONF_INITRD, from->initrd);
	take_nics(c, from->conf);
	take_args(c, from->conf);
	take_words(c, from->raw, (struct whence){ .why = "the cfg-file" });
	take_allowed(c, from->conf);
}

/* Whether path is dir or beneath it. */
static int holds(const char *dir, const char *path)
{
	size_t n = strlen(dir);

	return text_begins(path, dir) && (!path[n] || path[n] == '/' || n == 1);
}

static int is_too_much(const char *path, const char *run)
{
	for (size_t i = 0; i < COUNT(never); i++)
		if (strcmp(path, never[i]) == 0)
			return 1;
	return holds(path, run) || holds(run, path);
}

static int open_path(struct cage_rule *r)
{
	if (r->fd < 0)
		r->fd = open(r->path, O_PATH | O_CLOEXEC);
	return r->fd;
}

/* Of what the user's words name, a socket or what is not there is a matter of its folder. -1: not there, either. */
static int open_named(struct cage_rule *r)
{
	struct stat st;

	r->right = CAGE_WRITE;
	if (open_path(r) < 0 ? errno != ENOENT : fstat(r->fd, &st) < 0 || !S_ISSOCK(st.st_mode))
		return r->fd;
	char *slash = strrchr(r->path, '/');
	slash[slash == r->path] = '\0';
	fd_close(&r->fd);
	r->right = CAGE_SOCKET;
	return open_path(r);
}

/* Puts the path without links in the place of the one that was given; without a /proc that stays. */
static void name_really(struct cage_rule *r)
{
	char path[PATH_MAX];
	char *copy = r->given || file_real_fd(r->fd, path, sizeof(path)) < 0 || *path != '/' ? NULL : strdup(path);

	if (copy) {
		free(r->path);
		r->path = copy;
	}
}

static void put_whence(struct buf *out, const char *why, const struct conf_item *item)
{
	if (item)
		conf_place(out, item);
	else
		buf_str(out, why);
}

/* 1 when the rule stays. */
static int find(struct cage_rule *r, const char *run, struct buf *warnings)
{
	int named = r->right == CAGE_NAMED;
	struct err e;

	if (r->loaded && access(r->path, F_OK) < 0 && errno == ENOENT) {
		file_lacks(r->path, &e);
		put_whence(warnings, r->why, r->item);
		buf_fmt(warnings, ": %s\n", e.text);
		return 0;
	}
	if ((named ? open_named(r) : open_path(r)) < 0)
		return 0;
	if (r->item || named) /* our own sets can wait for cage_print */
		name_really(r);
	if (!named || !is_too_much(r->path, run))
		return 1;
	put_whence(warnings, r->why, r->item);
	buf_fmt(warnings, ": %s is not opened to QEMU for a word of its command line (", r->path);
	if (r->path[1])
		buf_fmt(warnings, "ALLOWn=%s does it)\n", r->path);
	else
		buf_str(warnings, "take a folder that holds no more than that)\n");
	return 0;
}

static int is_open_folder(const struct cage_rule *r)
{
	struct stat st;

	return r->right == CAGE_SOCKET || (r->right == CAGE_WRITE && fstat(r->fd, &st) == 0 && S_ISDIR(st.st_mode));
}

static void drop(struct cage_rule *r)
{
	free(r->path);
	fd_close(&r->fd);
}

void cage_find(struct cage *c, const char *run, struct buf *warnings)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (find(&c->rules[i], run, warnings)) {
			c->folders |= is_open_folder(&c->rules[i]);
			c->rules[kept++] = c->rules[i];
		} else {
			drop(&c->rules[i]);
		}
	}
	c->n = kept;
}

int cage_draw(struct cage *c, struct cage_from *from, const char *run, struct buf *warnings, struct err *e)
{
	char program[PATH_MAX], begin[3] = "", place[PATH_MAX];

	if (file_real(from->argv[0], program, sizeof(program)) < 0)
		text_copy(program, sizeof(program), from->argv[0]);
	file_peek(AT_FDCWD, program, begin, sizeof(begin));
	from->program = program;
	from->is_script = strcmp(begin, "#!") == 0;
	cage_plan(c, from);
	cage_find(c, file_real(run, place, sizeof(place)) < 0 ? run : place, warnings);
	return c->bad ? err_set(e, "out of memory") : 0;
}

void cage_free(struct cage *c)
{
	for (size_t i = 0; i < c->n; i++)
		drop(&c->rules[i]);
	free(c->rules);
	*c = (struct cage){ 0 };
}

/* Whether one of n rules says the same. */
static int is_said(const struct cage_rule *rules, size_t n, const struct cage_rule *r)
{
	while (n--)
		if (rules[n].right == r->right && strcmp(rules[n].path, r->path) == 0)
			return 1;
	return 0;
}

void cage_print(struct cage *c, struct buf *out)
{
	for (size_t i = 0; i < c->n; i++) {
		name_really(&c->rules[i]);
		if (is_said(c->rules, i, &c->rules[i]))
			continue;
		text_shell(out, c->rules[i].path);
		buf_fmt(out, " %s ", rights[c->rules[i].right].word);
		put_whence(out, c->rules[i].why, c->rules[i].item);
		buf_char(out, '\n');
	}
	if (!c->net)
		return;
	buf_str(out, "network rw ");
	put_whence(out, c->net_why, c->net_item);
	buf_char(out, '\n');
}

int cage_abi(void)
{
	long abi = syscall(CREATE_RULESET, NULL, 0, ABI_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

int cage_build(const struct cage *c, int *ruleset, struct err *e)
{
	int abi = cage_abi();

	*ruleset = -1;
	if (!abi)
		return 0;
	struct ruleset all = abis[abi < (int)COUNT(abis) ? (size_t)abi : COUNT(abis) - 1];
	if (c->net)
		all.net = 0;
	if (c->programs)
		all = abis[0], all.fs = FS_EXECUTE;
	*ruleset = (int)syscall(CREATE_RULESET, &all, sizeof(all), 0);
	if (*ruleset < 0)
		return err_sys(e, "Landlock");
	fcntl(*ruleset, F_SETFD, FD_CLOEXEC);
	for (size_t i = 0; i < c->n; i++) {
		const struct cage_rule *r = &c->rules[i];
		struct path_beneath p = { rights[r->right].bits & all.fs, r->fd };
		if (syscall(ADD_RULE, *ruleset, RULE_PATH_BENEATH, &p, 0) == 0 || errno != EINVAL)
			continue; /* what is refused else is a memfd, which needs no rule */
		p.allowed &= FS_FILE; /* it is no folder */
		syscall(ADD_RULE, *ruleset, RULE_PATH_BENEATH, &p, 0);
	}
	return abi;
}

/* A rule beneath would be covered, too. */
static int is_needed(const struct cage *c, const char *dir)
{
	for (size_t i = 0; i < c->n; i++)
		if (!c->rules[i].given && holds(dir, c->rules[i].path))
			return 1;
	return 0;
}

int cage_leave(const struct cage *c)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWIPC | (c->net ? 0 : CLONE_NEWNET)) < 0)
		return 0;
	/* in a chroot that is no mount this fails: what is mounted then would be seen by the host */
	if (mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 1;
	for (size_t i = 0; i < COUNT(covers); i++)
		if (!is_needed(c, covers[i]))
			mount("none", covers[i], "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k");
	return 1;
}

int cage_enter(int ruleset)
{
	return (int)syscall(RESTRICT_SELF, ruleset, 0);
}
