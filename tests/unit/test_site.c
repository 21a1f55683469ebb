/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "err.h"
#include "site.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/test_site.XXXXXX";
static char path[64];

static void put(const char *text, size_t n)
{
	FILE *f = fopen(path, "w");

	if (!f || fwrite(text, 1, n, f) != n || fclose(f) != 0)
		perror(path), exit(1);
}

/* The values, or the complaints with the line numbers first. */
static void is(const char *text, size_t n, const char *want)
{
	struct site s;
	struct buf errors = { 0 }, got = { 0 };

	put(text, n);
	if (site_load(&s, dir, &errors) == 0) {
		CHECK(!errors.n);
		buf_fmt(&got, "%d %d %d %lu", s.monport, s.tcp, s.command, (unsigned long)s.uidbase);
	} else {
		CHECK(s.code == NOT_CONFIGURED);
		char *rest = errors.s;
		for (char *at; (at = strstr(rest, path)); rest = at + strlen(path) + 1)
			buf_add(&got, rest, (size_t)(at - rest));
		buf_str(&got, rest);
	}
	CHECK_TEXT(buf_text(&got), want);
	buf_free(&got);
	buf_free(&errors);
}

static void test_values(void)
{
	static const char *const cases[][2] = {
		{ "", "30320 1 1 1879048192" }, { "# all\n\n", "30320 1 1 1879048192" },
		{ "4000", "4000 1 1 1879048192" }, { "4000 # first\r\nTCP=off\n", "4000 0 1 1879048192" },
		{ "MONPORT = 5000\nTCP=no\nCOMMAND=\"no\"\nUIDBASE=100000", "5000 0 0 100000" }, { "MONPORT=\n", "30320 1 1 1879048192" },
		{ "UIDBASE=61438", "30320 1 1 61438" },
		{ "0\n", "1: MONPORT: 0: want a port, 1 to 65435\n" }, { "4000x\n", "1: no `=`, want KEY=VALUE\n" },
		{ "\n4000\n", "2: no `=`, want KEY=VALUE\n" }, { "4000\nMONPORT=1\n", "2: MONPORT: given already in line 1\n" },
		{ "MONPROT=1\ntcp=no\nX=1\nTCP=maybe\n", "1: MONPROT: unknown key, nearest is MONPORT\n"
			"2: tcp: unknown key, nearest is TCP\n3: X: unknown key\n4: TCP: maybe: want yes or no\n" },
		{ "UIDBASE=0", "1: UIDBASE: 0: want a uid, 1000 to 61438 or 65536 to 4294963199\n" },
		{ "UIDBASE=61439", "1: UIDBASE: 61439: want a uid, 1000 to 61438 or 65536 to 4294963199\n" },
		{ "UIDBASE=4294963200", "1: UIDBASE: 4294963200: want a uid, 1000 to 61438 or 65536 to 4294963199\n" },
		{ "COMMAND=\"no", "1: the closing quote is missing\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		is(cases[i][0], strlen(cases[i][0]), cases[i][1]);
	is("TCP=no\n#\0\n", 10, "2: a NUL byte\n");
}

static void test_files(void)
{
	struct site s;
	struct buf errors = { 0 };
	char *big = malloc(1 << 20);

	memset(big, '#', 1 << 20);
	put(big, 1 << 20);
	CHECK(site_load(&s, dir, &errors) < 0 && s.code == NOT_CONFIGURED && strstr(errors.s, "larger than"));
	free(big);
	unlink(path);
	buf_clear(&errors);
	CHECK(site_load(&s, dir, &errors) == 0 && s.monport == 30320);
	CHECK(site_load(&s, "", &errors) == 0 && site_load(&s, "/no/such/place", &errors) == 0 && !errors.n);
	CHECK(mkfifo(path, 0600) == 0);
	CHECK(site_load(&s, dir, &errors) < 0 && strstr(errors.s, "not a regular file\n"));
	unlink(path);
	buf_free(&errors);
}

int main(void)
{
	if (!mkdtemp(dir))
		return perror(dir), 1;
	snprintf(path, sizeof(path), "%s/monitor.conf", dir);
	test_values();
	test_files();
	rmdir(dir);
	return unit_failed;
}
