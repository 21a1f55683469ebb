/* SPDX-License-Identifier: 0BSD */
/* adopt: one option at a time; the whole is in tests/move.bats. */
#include "unit.h"

#include "adopt.h"

static struct err e;

/* "rc|cfg" of these words behind a program's name, or the refusal. */
static void is(const char *target, const char *options, const char *want)
{
	const struct draft_from from = { .file = "f", .dir = "/d" };
	struct draft d = { .from = &from };
	struct buf got = { 0 };

	CHECK(cfg_read(&d.words, options, strlen(options), "f", &got) == 0);
	if (adopt_words(&d, 0, target, &e) < 0)
		buf_str(&got, e.text);
	else
		buf_fmt(&got, "%s| %s", buf_text(&d.rc), buf_text(&d.cfg));
	unit_one_line(got.s, got.n, ' ');
	CHECK_TEXT(buf_text(&got), want);
	draft_free(&d);
	buf_free(&got);
}

/* Each key and option stays alone: there are no defaults of QEMU's. */
static void test_options(void)
{
	static const char *const cases[][2] = {
		{ "", "| " },
		{ "-hda a -hdb /b.qcow2", "DISK1=/d/a,if=ide DISK2=/b.qcow2,if=ide | " },
		{ "-drive file=a,,b,if=virtio,format=qcow2,readonly=on", "DISK1=/d/a,,b,format=qcow2,ro | " },
		{ "-drive file=a,if=pflash", "| -drive file=/d/a,if=pflash " },
		{ "-m size=2G,maxmem=4G", "RAM=2G | -m size=2G,maxmem=4G " },
		{ "-vga cirrus", "VGA=none | -vga cirrus " },
		{ "-kernel k -append 'a  b'", "KERNEL=/d/k APPEND=a  b | " },
		{ "-serial none -serial tcp::1", "SERIAL=no | -serial tcp::1 " },
		{ "-monitor stdio --daemonize -S", "| " },
		{ "-sandbox off", "SANDBOX=no | " },
		{ "-newer 'x y' -flag", "| -newer 'x y' -flag " },
		{ "-boot \"a b\"", "| -boot 'a b' " },
		{ "-drive", "f: -drive wants a value" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		is(NULL, cases[i][0], cases[i][1]);
}

static void test_defaults(void)
{
	is("qemu-system-x86_64", "", "TGTARCH=qemu-system-x86_64 MACHINE=pc CPU=qemu64 RAM=128M ACCEL=tcg NIC1=user,model=e1000 "
		"SERIAL=yes DISPLAY=vnc VGA=std | ");
	is("qemu-system-x86_64", "-nodefaults -cpu max -m 1G -accel kvm -accel tcg -display none",
		"TGTARCH=qemu-system-x86_64 MACHINE=pc CPU=max RAM=1G NIC1=none SERIAL=no DISPLAY=none VGA=none | ");
	is("kvm", "-machine accel=tcg -M q35,usb=off -nic none", "MACHINE=q35,usb=off RAM=128M NIC1=none SERIAL=yes DISPLAY=vnc VGA=std | ");
	is("qemu-system-s390x", "-nographic -accel tcg", "TGTARCH=qemu-system-s390x MACHINE=s390-ccw-virtio SERIAL=yes RAM=128M ACCEL=tcg "
		"NIC1=user DISPLAY=none | ");
	is("kvm", "-sdl -m 1G -nic none", "RAM=1G NIC1=none SERIAL=yes DISPLAY=vnc VGA=std | ");
	is("kvm", "-m 1G -M microvm -netdev", "f: -netdev wants a value");
	is("kvm", "-m 1G -M microvm", "MACHINE=microvm RAM=1G NIC1=none SERIAL=yes DISPLAY=vnc | ");
	is("kvm", "-accel hvf", "f: accelerator hvf: want kvm or tcg");
}

static int says_rom(const char *path)
{
	return !strcmp(path, "/a, b/rom") ? 0 : -1;
}

/* The files of what stays are those of the folder. */
static void test_files(void)
{
	static const char *const cases[][2] = {
		{ "-drive file=a,format=vmdk", "-drive 'file=/a,, b/a,format=vmdk'" },
		{ "-drive if=none,file=sub/a,,b:c,file.filename=x,readonly", "-drive 'if=none,file=/a,, b/sub/a,,b:c,file.filename=/a,, b/x,readonly'" },
		{ "-drive file=/a,if=none -drive file=nbd:a/b,if=none -drive file=,file,if=none", "-drive file=/a,if=none -drive file=nbd:a/b,if=none -drive file=,file,if=none" },
		{ "-drive", "" },
		{ "-pflash a,b", "-pflash '/a, b/a,b'" },
		{ "-bios rom -bios other -bios /c", "-bios '/a, b/rom' -bios other -bios /c" },
		{ "-option-rom rom,bootindex=1 -device e1000,romfile=rom", "-option-rom '/a, b/rom,bootindex=1' -device 'e1000,romfile=/a,, b/rom'" },
		{ "-device loader,file=x", "-device loader,file=x" },
		{ "-readconfig a -dtb ./b -fda fat:c", "-readconfig '/a, b/a' -dtb '/a, b/./b' -fda fat:c" },
		{ "-blockdev node-name=n,driver=raw,file.driver=file,file.filename=f,file=m -blockdev file,filename=g",
		  "-blockdev 'node-name=n,driver=raw,file.driver=file,file.filename=/a,, b/f,file=m' -blockdev 'file,filename=/a,, b/g'" },
		{ "-object memory-backend-file,mem-path=m,id=m -chardev file,id=x,path=p -fw_cfg opt/a,file=f",
		  "-object 'memory-backend-file,mem-path=/a,, b/m,id=m' -chardev 'file,id=x,path=/a,, b/p' -fw_cfg 'opt/a,file=/a,, b/f'" },
		{ "-netdev user,id=u,tftp=. -other file=a -usb", "-netdev 'user,id=u,tftp=/a,, b/.' -other file=a -usb" },
	};
	const struct draft_from from = { .file = "f", .dir = "/a, b", .look = says_rom };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct draft d = { .from = &from };
		struct buf got = { 0 };
		CHECK(cfg_read(&d.words, cases[i][0], strlen(cases[i][0]), "f", &got) == 0);
		adopt_words(&d, 0, NULL, &e);
		buf_str(&got, buf_text(&d.cfg));
		for (char *s = got.s; s && (s = strchr(s, '\n')); )
			*s = s[1] ? ' ' : '\0';
		CHECK_TEXT(buf_text(&got), cases[i][1]);
		draft_free(&d);
		buf_free(&got);
	}
}

/* What names a card or network stays or becomes a key, and QEMU adds none then. */
static void test_networks(void)
{
	static const char *const cases[][2] = {
		{ "", "user,model=e1000 SERIAL=yes DISPLAY=vnc VGA=std | " },
		{ "-device e1000", "user,model=e1000 SERIAL=yes DISPLAY=vnc VGA=std | -device e1000 " },
		{ "-nodefaults", "none SERIAL=no DISPLAY=vnc VGA=none | " },
		{ "-nic none", "none SERIAL=yes DISPLAY=vnc VGA=std | " },
		{ "-net none", "none SERIAL=yes DISPLAY=vnc VGA=std | -net none " },
		{ "-net nic -net user", "none SERIAL=yes DISPLAY=vnc VGA=std | -net nic -net user " },
		{ "-nic socket,mcast=a:1", "none SERIAL=yes DISPLAY=vnc VGA=std | -nic socket,mcast=a:1 " },
		{ "-nic user,restrict=on", "none SERIAL=yes DISPLAY=vnc VGA=std | -nic user,restrict=on " },
		{ "-netdev user,restrict=on,id=n -device e1000,netdev=n",
		  "none SERIAL=yes DISPLAY=vnc VGA=std | -netdev user,restrict=on,id=n -device e1000,netdev=n " },
		{ "-device e1000,netdev=n -netdev socket,listen=:1,id=n",
		  "none SERIAL=yes DISPLAY=vnc VGA=std | -device e1000,netdev=n -netdev socket,listen=:1,id=n " },
	};
	char line[256], want[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		snprintf(line, sizeof(line), "-M pc -cpu max -m 1G -accel kvm -accel tcg %s", cases[i][0]);
		snprintf(want, sizeof(want), "TGTARCH=qemu-system-x86_64 MACHINE=pc CPU=max RAM=1G NIC1=%s", cases[i][1]);
		is("qemu-system-x86_64", line, want);
	}
}

static void test_notes(void)
{
	static const char line[] = "-name guest=a,x=y -monitor stdio -vnc :1 -device isa-serial,chardev=c -chardev pty,id=c -sdl";
	const struct draft_from from = { .file = "f", .dir = "/d" };
	struct draft d = { .from = &from };
	struct buf errors = { 0 };

	CHECK(cfg_read(&d.words, line, sizeof(line) - 1, "f", &errors) == 0 && adopt_words(&d, 0, NULL, &e) == 0);
	CHECK_TEXT(buf_text(&d.notes), "-name: x=y is not kept\n"
		"-monitor stdio: left out: qemu-mon leads to the monitor\n"
		"-vnc :1: DISPLAY=vnc:5901, on this host alone, and on vnc.sock\n"
		"-device isa-serial: left out with its -chardev: `qemu-init console` is the serial line\n"
		"-sdl: DISPLAY=vnc instead\n");
	CHECK_TEXT(d.name, "a");
	CHECK_TEXT(buf_text(&d.cfg), "");
	draft_free(&d);
}

int main(void)
{
	test_options();
	test_defaults();
	test_files();
	test_networks();
	test_notes();
	return unit_failed;
}
