/* SPDX-License-Identifier: 0BSD */
/* import: what a shell or the ancestor reads; the options are in test_adopt.c, the whole is in tests/move.bats. */
#include "unit.h"

#include "import.h"

static struct err e;

/* rc-file | cfg-file of a command line without QEMU's defaults, or the refusal. */
static void is(const char *options, const char *want)
{
	struct draft d = { 0 };
	struct buf line = { 0 }, got = { 0 };

	buf_fmt(&line, "qemu-system-x86_64 -nodefaults -cpu max -m 1G -accel kvm -accel tcg -display none %s", options);
	const struct draft_from from = { .text = buf_text(&line), .n = line.n, .file = "f", .dir = "/d" };
	if (import_command(&d, &from, &e) < 0)
		buf_str(&got, e.text);
	else
		buf_fmt(&got, "%s| %s", buf_text(&d.rc), buf_text(&d.cfg));
	unit_one_line(got.s, got.n, ' ');
	const char *common = "TGTARCH=qemu-system-x86_64 MACHINE=pc CPU=max RAM=1G ";
	const char *s = buf_text(&got);
	CHECK_TEXT(strncmp(s, common, strlen(common)) ? s : s + strlen(common), want);
	draft_free(&d);
	buf_free(&line);
	buf_free(&got);
}

static void test_command(void)
{
	static const char *const cases[][2] = {
		{ "", "NIC1=none SERIAL=no DISPLAY=none VGA=none | " },
		{ "-hda a -hdb /b.qcow2", "DISK1=/d/a,if=ide DISK2=/b.qcow2,if=ide NIC1=none SERIAL=no DISPLAY=none VGA=none | " },
		{ "-kernel k -append 'a  b'", "KERNEL=/d/k APPEND=a  b NIC1=none SERIAL=no DISPLAY=none VGA=none | " },
		{ "-boot \"a b\"", "NIC1=none SERIAL=no DISPLAY=none VGA=none | -boot 'a b' " },
		{ "$x", "f:1: $: a line for a shell, which nothing here executes: write what it stands for" },
		{ "-append '$x' # `", "APPEND=$x NIC1=none SERIAL=no DISPLAY=none VGA=none | " },
		{ "\n# a comment\n -usb", "NIC1=none SERIAL=no DISPLAY=none VGA=none | -usb " },
		{ "\n echo", "f: more than one command" },
		{ "-x 'a", "f:1: the closing quote is missing" },
		{ "\"a\\\nb\"", "f:1: \\: a line for a shell, which nothing here executes: write what it stands for" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		is(cases[i][0], cases[i][1]);
}

/* What stands before the command: notes, or the refusal. */
static void before(const char *text, const char *want)
{
	const struct draft_from from = { .text = text, .n = strlen(text), .file = "f", .dir = "/d" };
	struct draft d = { 0 };

	CHECK_TEXT(import_command(&d, &from, &e) < 0 ? e.text : buf_text(&d.notes), want);
	draft_free(&d);
}

#define KVM "kvm -m 1G -accel kvm -accel tcg -nic none\n"

static void test_before(void)
{
	before(KVM, "");
	before("#!/bin/sh\n\n# a 'comment\n" KVM, "");
	before("A=1 \\\nB='c  d' exec " KVM, "A=1 B=c  d exec: left out: it stands before the command\n");
	before("set -e\nulimit -l 1\n\nnice " KVM "# end\n", "set -e: left out: it stands before the command\n"
		"ulimit -l 1: left out: it stands before the command\nnice: left out: it stands before the command\n");
	before("#!/bin/sh\nset -e\n cd /tmp\n" KVM, "f:3: cd: go there yourself, and leave this out");
	before("cd\n" KVM, "f:1: cd: go there yourself, and leave this out");
	before(KVM "set -e\n" KVM, "f: more than one command");
	before(KVM KVM, "f: more than one command");
	before("set 'a\n" KVM, "f:1: the closing quote is missing");
	before("set -e\n", "f: neither an rc-file, by its name, nor a command line with qemu-system-*");
	before("set -e\necho\n", "f: neither an rc-file, by its name, nor a command line with qemu-system-*");
}

/* name|rc-file|cfg-file|notes of the ancestor's files, or the refusal. */
static void reads(const char *rc, const char *cfg, const char *want)
{
	const struct draft_from a = { .text = rc, .n = strlen(rc), .file = "r", .dir = "/d" };
	const struct draft_from b = { .text = cfg, .n = strlen(cfg), .file = "c", .dir = "/d" };
	struct draft d = { 0 };
	struct buf got = { 0 };

	if (import_rc(&d, &a, *cfg ? &b : NULL, &e) < 0)
		buf_str(&got, e.text);
	else
		buf_fmt(&got, "%s|%s|%s|%s", d.name, buf_text(&d.rc), buf_text(&d.cfg), buf_text(&d.notes));
	CHECK_TEXT(buf_text(&got), want);
	draft_free(&d);
	buf_free(&got);
}

static void test_rc(void)
{
	reads("", "-nic user", "|NIC1=user,model=e1000\n||");
	reads("# a\r\n\n  # b\nNAME=web\nNIC1=user", "", "web|# a\n\n  # b\nNIC1=user\n||");
	reads("\xef\xbb\xbf# a\nNIC1=user\n \n", "", "|\xef\xbb\xbf# a\nNIC1=user\n \n||");
	reads("export DESC='a \"b\" $c' # d\nRAM=16MB # e\nMONITOR=4\nNIC1=none", "", "|DESC=\"a \\\"b\\\" $c\"\nRAM=16M # e\nMONITOR=ipv4\nNIC1=none\n||"
		"RAM=16MB: now 16M\nMONITOR=4: now ipv4\n");
	reads("DISK1=a.qcow2,if=ide,backing=b\nCDROM=c.iso # d\nKERNEL=/k\nINITRD=\nNIC1=none", "", "|DISK1=/d/a.qcow2,if=ide,backing=/d/b\nCDROM=/d/c.iso # d\n"
		"KERNEL=/k\nINITRD=\nNIC1=none\n||");
	reads("RAM=1G\nFOO='x'\n AUTOSTART=ON", "-m 2G\n-net none", "|RAM=1G\n# FOO='x'\n# AUTOSTART=ON\n|-m 2G\n-net none\n|"
		"r:2: FOO: no such key, kept as a comment\nr:3: AUTOSTART: kept as a comment: `qemu-adm autostart on NAME`\n");
	reads("STOPDELAY=39\nPRECMD=echo $A", "", "|STOPDELAY=39\nPRECMD=echo $A\n||STOPDELAY=39: below 40 it did not count, now it does\n"
		"no network card is named: NIC1=bridge:br0 or NIC1=user adds one\n");
	reads("\nRAM=${A}", "", "r:2: RAM: ${A}: nothing here executes a file: write what it stands for");
	reads("RAM='1G'x\n\nfi", "", "r:3: no `=`, want KEY=VALUE");
	reads("RAM=1G\n#\x01", "", "r:2: a control character (0x01)");
	reads("RAM=1G", "-nic none", "|RAM=1G\n||");
	reads("RAM=1G", "-x '\n", "c:1: the closing quote is missing");
	reads("RAM=1G", "-accel hvf", "c: accelerator hvf: want kvm or tcg");
}

int main(void)
{
	test_command();
	test_before();
	test_rc();
	return unit_failed;
}
