/* SPDX-License-Identifier: 0BSD */
/* import: one option at a time; the whole is in tests/move.bats. */
#include "unit.h"

#include "import.h"

static struct err e;

/* rc-file | cfg-file of a command line without QEMU's defaults, or the refusal. */
static void is(const char *options, const char *want)
{
	struct import im = { 0 };
	struct buf line = { 0 }, got = { 0 };

	buf_fmt(&line, "qemu-system-x86_64 -nodefaults -cpu max -m 1G -accel kvm -accel tcg -display none %s", options);
	const struct import_from from = { .text = buf_text(&line), .n = line.n, .file = "f", .dir = "/d" };
	if (import_command(&im, &from, &e) < 0)
		buf_str(&got, e.text);
	else
		buf_fmt(&got, "%s| %s", buf_text(&im.rc), buf_text(&im.cfg));
	for (size_t i = 0; i < got.n; i++)
		if (got.s[i] == '\n')
			got.s[i] = ' ';
	const char *common = "TGTARCH=qemu-system-x86_64 MACHINE=pc CPU=max RAM=1G ";
	const char *s = buf_text(&got);
	CHECK_TEXT(strncmp(s, common, strlen(common)) ? s : s + strlen(common), want);
	import_free(&im);
	buf_free(&line);
	buf_free(&got);
}

int main(void)
{
	static const char *const cases[][2] = {
		{ "", "SERIAL=no DISPLAY=none VGA=none | " },
		{ "-hda a -hdb /b.qcow2", "DISK1=/d/a,if=ide DISK2=/b.qcow2,if=ide SERIAL=no DISPLAY=none VGA=none | " },
		{ "-drive file=a,,b,if=virtio,format=qcow2,readonly=on", "DISK1=/d/a,,b,format=qcow2,ro SERIAL=no DISPLAY=none VGA=none | " },
		{ "-drive file=nbd:x,if=virtio", "SERIAL=no DISPLAY=none VGA=none | -drive file=nbd:x,if=virtio " },
		{ "-drive file=a,if=pflash", "SERIAL=no DISPLAY=none VGA=none | -drive file=a,if=pflash " },
		{ "-drive file=a,if=none,id=x -device scsi-hd,drive=x,serial=7", "DISK1=/d/a,if=scsi SERIAL=no DISPLAY=none VGA=none | "
			"-set device.dev-disk1.serial=7 " },
		{ "-drive file=a,if=none,id=x -device usb-storage,drive=x", "SERIAL=no DISPLAY=none VGA=none | "
			"-drive file=a,if=none,id=x -device usb-storage,drive=x " },
		{ "-netdev bridge,id=n,br=br1 -device e1000,netdev=n", "NIC1=bridge:br1,model=e1000 SERIAL=no DISPLAY=none VGA=none | " },
		{ "-netdev tap,id=n,ifname=t0,script=no -device virtio-net-pci,netdev=n,bus=pci.3,addr=0x1",
			"NIC1=tap:t0 SERIAL=no DISPLAY=none VGA=none | " },
		{ "-netdev tap,id=n,script=/x/qemud-br7 -device virtio-net-pci,netdev=n", "NIC1=bridge:br7 SERIAL=no DISPLAY=none VGA=none | " },
		{ "-netdev user,id=n,restrict=on -device virtio-net-pci,netdev=n", "SERIAL=no DISPLAY=none VGA=none | "
			"-netdev user,id=n,restrict=on -device virtio-net-pci,netdev=n " },
		{ "-nic user,hostfwd=udp::1-:1", "SERIAL=no DISPLAY=none VGA=none | -nic user,hostfwd=udp::1-:1 " },
		{ "-m size=2G,maxmem=4G", "SERIAL=no DISPLAY=none VGA=none | -m size=2G,maxmem=4G " },
		{ "-vga cirrus", "VGA=none SERIAL=no DISPLAY=none | -vga cirrus " },
		{ "-kernel k -append 'a  b'", "KERNEL=/d/k APPEND=a  b SERIAL=no DISPLAY=none VGA=none | " },
		{ "-serial none -serial tcp::1", "SERIAL=no DISPLAY=none VGA=none | -serial tcp::1 " },
		{ "-monitor stdio --daemonize -S", "SERIAL=no DISPLAY=none VGA=none | " },
		{ "-sandbox off", "SANDBOX=no SERIAL=no DISPLAY=none VGA=none | " },
		{ "-newer 'x y' -flag", "SERIAL=no DISPLAY=none VGA=none | -newer 'x y' -flag " },
		{ "-boot \"a b\"", "SERIAL=no DISPLAY=none VGA=none | -boot 'a b' " },
		{ "-drive", "f: -drive wants a value" },
		{ "$x", "f:1: $: a line for a shell, which nothing here executes: write what it stands for" },
		{ "\"a\\\nb\"", "f:1: \\: a line for a shell, which nothing here executes: write what it stands for" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		is(cases[i][0], cases[i][1]);
	return unit_failed;
}
