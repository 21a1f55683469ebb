/* SPDX-License-Identifier: 0BSD */
/* tests/golden: NAME.rc gives the command lines in NAME.argv, as executed and as shown, or the refusal that is there.
 * Lines of an rc-file that begin with `#:` say what is around it (see `directives`). GOLDEN_WRITE=1 writes anew. */
#include "unit.h"

#include "argv.h"
#include "fd.h"
#include "file.h"
#include "qcow2.h"
#include "scratch.h"
#include "text.h"

#include <glob.h>

/* What is around one rc-file. */
struct around {
	int kvm, no_tcp, no_command, throw_away, vhost, mtu;
	struct cfg raw;
};

static struct err e;
static char golden[256];

static void make_raw(struct around *a, char *const *w)
{
	(void)a;
	scratch_write(w[1], "");
	CHECK(truncate(scratch_path(w[1]), 1 << 20) == 0);
}

/* qcow2 NAME [BACKING FORMAT]: a header, which is all that is read. */
static void make_qcow2(struct around *a, char *const *w)
{
	struct qcow2_empty image;
	unsigned char s[2048] = { 0 };
	int fd = open(scratch_path(w[1]), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	(void)a;
	CHECK(qcow2_empty(1 << 20, &image, &e) == 0);
	memcpy(s, image.header, sizeof(image.header));
	if (w[2]) {
		memcpy(s + 104, "\xe2\x79\x2a\xca\0\0\0", 7);
		s[111] = (unsigned char)strlen(w[3]);
		memcpy(s + 112, w[3], strlen(w[3]));
		s[15] = 200;
		s[19] = (unsigned char)strlen(w[2]);
		memcpy(s + 200, w[2], strlen(w[2]));
	}
	CHECK(fd >= 0 && fd_write(fd, s, sizeof(s)) == 0);
	close(fd);
}

static void take_cfg(struct around *a, char *const *w)
{
	struct buf errors = { 0 };

	for (; *++w;)
		CHECK(cfg_read(&a->raw, *w, strlen(*w), "cfg", &errors) == 0);
	buf_free(&errors);
}

static void set_kvm(struct around *a, char *const *w)
{
	(void)w;
	a->kvm = 1;
}

static void set_no_tcp(struct around *a, char *const *w)
{
	(void)w;
	a->no_tcp = 1;
}

static void set_no_command(struct around *a, char *const *w)
{
	(void)w;
	a->no_command = 1;
}

static void set_throw_away(struct around *a, char *const *w)
{
	(void)w;
	a->throw_away = 1;
}

static void set_vhost(struct around *a, char *const *w)
{
	(void)w;
	a->vhost = 1;
}

static void set_mtu(struct around *a, char *const *w)
{
	a->mtu = atoi(w[1]);
}

static const struct {
	const char *name;
	void (*take)(struct around *a, char *const *words);
} directives[] = {
	{ "raw", make_raw }, { "qcow2", make_qcow2 }, { "cfg", take_cfg }, { "kvm", set_kvm }, { "no-tcp", set_no_tcp },
	{ "no-command", set_no_command }, { "throw-away", set_throw_away }, { "vhost", set_vhost }, { "mtu", set_mtu },
};

static void read_directives(struct around *a, char *text)
{
	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		char *words[8] = { 0 }, *rest = line + 2;
		size_t n = 0, i = 0;
		if (!text_begins(line, "#:"))
			continue;
		*end = '\0';
		while (n < 7 && (words[n] = strsep(&rest, " ")))
			n += *words[n] != '\0';
		while (i < sizeof(directives) / sizeof(*directives) && strcmp(directives[i].name, words[0]) != 0)
			i++;
		CHECK(i < sizeof(directives) / sizeof(*directives));
		directives[i].take(a, words);
	}
}

/* Appends s, the scratch folder in it as /vm. */
static void put(struct buf *out, const char *s)
{
	for (const char *at; (at = strstr(s, scratch)); s = at + strlen(scratch)) {
		buf_add(out, s, (size_t)(at - s));
		buf_str(out, "/vm");
	}
	buf_str(out, s);
	buf_str(out, "\n");
}

static void put_given(struct buf *out, const struct argv *a, const struct disks *disks)
{
	for (size_t i = 0; i < a->givens; i++) {
		const struct argv_given *g = &a->given[i];
		buf_fmt(out, "# %d: ", ARGV_FD + (int)i);
		if (g->kind <= GIVEN_CTL)
			put(out, argv_sockets[g->kind]);
		else if (g->kind == GIVEN_DISK)
			put(out, g->node < 0 ? "overlay" : disks->list[g->which].node[g->node].path);
		else if (g->kind >= GIVEN_TAP)
			buf_fmt(out, "%s %d\n", g->kind == GIVEN_TAP ? "tap" : "vhost", (int)g->which);
		else
			put(out, g->kind == GIVEN_KERNEL ? "kernel" : "initrd");
	}
}

static void build(struct buf *out, const struct around *a, const struct conf *c, int show)
{
	const char *const temp[] = { scratch, NULL };
	const struct disk_rules rules = { .throw_away = a->throw_away, .temp = temp };
	char program[64];
	struct disks disks = { 0 };
	struct nics nics;
	struct argv argv = { 0 };
	struct buf warnings = { 0 };
	const struct argv_from from = {
		.program = program, .conf = c, .disks = &disks, .nics = &nics, .raw = &a->raw, .kvm = a->kvm, .mon = !a->no_tcp,
		.ctl = !a->no_tcp && !a->no_command, .run = "/run/qemu/vm", .show = show,
	};

	argv_target(c, program, sizeof(program));
	int bad = nics_read(&nics, c, "golden", &e);
	for (size_t i = 0; i < nics.n && !show; i++) {
		if (a->vhost)
			nics.list[i].vhost = open("/dev/null", O_RDWR | O_CLOEXEC);
		nics.list[i].mtu = a->mtu;
	}
	bad = bad ? bad : show ? disks_name(&disks, c, &rules, &warnings, &e) : disks_open(&disks, c, &rules, &e);
	if (warnings.n)
		put(out, buf_text(&warnings));
	if (bad < 0 || argv_build(&argv, &from, &e) < 0) {
		buf_str(out, "refused: ");
		put(out, e.text);
	} else {
		for (size_t i = 0; i < argv.n; i++)
			put(out, argv.words[i]);
		put_given(out, &argv, &disks);
		CHECK(argv.words[argv.n] == NULL && !(show && argv.givens));
	}
	buf_free(&warnings);
	argv_free(&argv);
	disks_free(&disks);
	nics_free(&nics);
}

static void write_anew(const char *name, const struct buf *out)
{
	int dir = open(golden, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(file_write(dir, name, out->s, out->n, 0644, 0, &e) == 0);
	close(dir);
}

static void compare(const char *rc, struct buf *out)
{
	char name[300];
	struct buf want = { 0 };

	snprintf(name, sizeof(name), "%.*s.argv", (int)(strlen(rc) - 3), rc);
	if (getenv("GOLDEN_WRITE"))
		write_anew(strrchr(name, '/') + 1, out);
	CHECK(file_read(AT_FDCWD, name, 1 << 20, &want, &e) == 0);
	size_t at = 0, line = 1;
	while (at < out->n && at < want.n && out->s[at] == want.s[at])
		line += out->s[at++] == '\n';
	if (at < out->n || at < want.n) {
		fprintf(stderr, "%s:%zu: differs: got `%.60s`\n", name, line, buf_text(out) + at);
		unit_failed = 1;
	}
	buf_free(&want);
}

static void pair(const char *rc)
{
	struct buf text = { 0 }, out = { 0 }, words = { 0 };
	struct around a = { 0 };
	struct conf c;

	CHECK(file_read(AT_FDCWD, rc, 1 << 20, &text, &e) == 0);
	scratch_write("vm-qemu.rc", buf_text(&text));
	int named = text_begins(buf_text(&text), "TGTARCH=") || strstr(buf_text(&text), "\nTGTARCH=");
	read_directives(&a, text.s);
	char *const settings[] = { "TGTARCH=qemu-system-x86_64" }; /* not this host's */
	const char *file = scratch_path("vm-qemu.rc");
	const struct conf_from from = { .file = file, .settings = settings, .n = !named };
	if (conf_load(&c, &from, &words, &words) == 0) {
		build(&out, &a, &c, 0);
		buf_str(&out, "\n");
		build(&out, &a, &c, 1);
	} else {
		put(&out, buf_text(&words));
	}
	compare(rc, &out);
	conf_free(&c);
	cfg_free(&a.raw);
	buf_free(&text);
	buf_free(&out);
	buf_free(&words);
}

int main(void)
{
	glob_t list;
	const char *slash = strrchr(__FILE__, '/');

	close(scratch_begin());
	snprintf(golden, sizeof(golden), "%.*s/../golden", slash ? (int)(slash - __FILE__) : 1, slash ? __FILE__ : ".");
	char pattern[300];
	snprintf(pattern, sizeof(pattern), "%s/*.rc", golden);
	CHECK(glob(pattern, 0, NULL, &list) == 0 && list.gl_pathc >= 25);
	for (size_t i = 0; i < list.gl_pathc; i++)
		pair(list.gl_pathv[i]);
	globfree(&list);
	return unit_failed;
}
