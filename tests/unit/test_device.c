/* SPDX-License-Identifier: 0BSD */
/* device: disks and cards, one at a time. */
#include "unit.h"

#include "device.h"
#include "text.h"

#include <stdlib.h>

static int says_qcow2(const char *path)
{
	return strcmp(path, "/d/q") == 0;
}

static const struct draft_from from = { .file = "f", .dir = "/d", .look = says_qcow2 };

/* The last option by `take` among those before it, on this machine: "rc|cfg|notes", or that it stays. */
static void is(const char *machine, const char *const *options, int (*take)(struct draft *d, struct draft_option *o), const char *want)
{
	struct draft d = { .from = &from, .list = calloc(8, sizeof(*d.list)) };
	struct buf got = { 0 };

	text_copy(d.machine, sizeof(d.machine), machine);
	for (; options[2 * d.n]; d.n++) {
		d.list[d.n].name = options[2 * d.n];
		d.list[d.n].value = options[2 * d.n + 1];
		props_read(&d.list[d.n].props, d.list[d.n].value, NULL);
	}
	if (take(&d, &d.list[d.n - 1]))
		buf_fmt(&got, "%s|%s|%s", buf_text(&d.rc), buf_text(&d.cfg), buf_text(&d.notes));
	else
		buf_str(&got, d.rc.n || d.cfg.n || d.notes.n ? "stays, but leaves something" : "stays");
	unit_one_line(got.s, got.n, ';');
	CHECK_TEXT(buf_text(&got), want);
	draft_free(&d);
	buf_free(&got);
}

#define IS(machine, take, want, ...) is(machine, (const char *const[]){ __VA_ARGS__, NULL }, take, want)

static void test_disks(void)
{
	IS("pc", device_file, "DISK1=/d/a,if=ide;||", "-hda", "a");
	IS("pc", device_file, "DISK1=/d/q,if=ide,format=qcow2;||", "-hda", "q");
	IS("virt", device_file, "DISK1=/d/a.qcow2;||", "", "a.qcow2");
	IS("pc", device_file, "CDROM=/d/a.qcow2;||", "-cdrom", "a.qcow2");
	IS("pc", device_file, "stays", "-hda", "nbd:a");
	IS("pc", device_drive, "DISK1=/a,if=scsi,format=qcow2,ro,snapshot;||", "-drive", "file=/a,format=qcow2,if=scsi,read-only=yes,snapshot=on");
	IS("pseries", device_drive, "DISK1=/d/a,if=scsi;||DISK1: aio=x,cache=none is not kept;", "-drive", "file=a,aio=x,cache=none");
	IS("pc", device_drive, "CDROM=/d/q;||", "-drive", "file=q,media=cdrom");
	IS("pc", device_drive, "stays", "-drive", "file=a.qcow2,media=cdrom");
	IS("pc", device_drive, "stays", "-drive", "file=a,if=none");
	IS("pc", device_drive, "stays", "-drive", "file=a,format=vmdk");
	IS("pc", device_drive, "stays", "-drive", "file=a,cache=none,copy-on-read=on");
	IS("pc", device_drive, "stays", "-drive", "format=raw");
	IS("pc", device_take, "DISK3=/d/a,if=ide;|-set device.dev-disk3.bootindex=1;|", "-drive", "file=a,if=none,id=disk3",
		"-device", "driver=ide-hd,drive=disk3,unit=1,bus=ide.0,bootindex=1");
	IS("pc", device_take, "DISK1=/d/a;|-set device.dev-disk1.x=1;|DISK1: bus=pci.3,addr=0x1 is not kept, QEMU chooses its place;",
		"-drive", "file=a,if=none,id=z", "-device", "driver=virtio-blk-pci,drive=z,bus=pci.3,addr=0x1,x=1");
	IS("pc", device_take, "stays", "-device", "driver=ide-hd,drive=none");
	IS("pc", device_take, "stays", "-drive", "file=a,id=z", "-device", "driver=usb-storage,drive=z");
}

static void test_chains(void)
{
	static const char node[] = "node-name=a,driver=qcow2,file.driver=file,file.filename=/a,backing=b";

	IS("pc", device_take, "DISK1=/a,format=qcow2,backing=/b;||", "-blockdev", node, "-blockdev",
		"node-name=b,driver=raw,file=c", "-blockdev", "node-name=c,driver=host_device,filename=/b", "-device", "driver=virtio-blk,drive=a");
	IS("pc", device_take, "stays", "-blockdev", node, "-device", "driver=virtio-blk,drive=a");
	IS("pc", device_take, "stays", "-blockdev", "node-name=a,driver=qcow2,file.driver=file,file.filename=/a,backing=a",
		"-device", "driver=virtio-blk,drive=a");
	IS("pc", device_take, "stays", "-blockdev", "node-name=a,driver=raw,file.driver=nbd,file.filename=/a", "-device", "driver=virtio-blk,drive=a");
	IS("pc", device_take, "DISK1=/b,snapshot;||", "-blockdev", "node-name=a,driver=qcow2,file.driver=file,file.filename=a.qcow2,backing=b",
		"-blockdev", "node-name=b,driver=raw,read-only=on,file.driver=file,file.filename=/b", "-device", "driver=virtio-blk,drive=a");
}

static void test_cards(void)
{
	IS("pc", device_nic, "NIC1=user,hostfwd=tcp::22-:22,mac=52:54:00:12:34:56,model=e1000;||",
		"-nic", "type=user,hostfwd=tcp::22-:22,macaddr=52:54:00:12:34:56");
	IS("q35", device_nic, "NIC1=bridge:br0,model=e1000e;||", "-nic", "type=bridge");
	IS("virt", device_nic, "NIC1=tap:t0;||", "-nic", "type=tap,ifname=t0,script=no");
	IS("pc", device_nic, "NIC1=user;||", "-nic", "type=user,model=virtio");
	IS("microvm", device_nic, "NIC1=user,model=virtio-net-pci;||", "-nic", "type=user,model=virtio");
	IS("pc", device_nic, "||", "-nic", "type=none");
	IS("pc", device_nic, "stays", "-nic", "type=socket");
	IS("pc", device_nic, "stays", "-nic", "type=user,restrict=on");
	IS("pc", device_nic, "stays", "-nic", "model=virtio");
	IS("pc", device_take, "NIC4=bridge:x;|-set device.dev-nic4.y=1;|", "-netdev", "type=tap,id=nic4,script=/a/qemud-x",
		"-device", "driver=virtio-net-pci,netdev=nic4,host_mtu=9000,bus=pcie.0,y=1");
	IS("pc", device_take, "NIC1=bridge:b;||", "-netdev", "type=tap,id=n,helper=/h,br=b", "-device", "driver=virtio-net-pci,netdev=n");
	IS("pc", device_take, "stays", "-netdev", "type=tap,id=n,script=/x/qemud-", "-device", "driver=virtio-net-pci,netdev=n");
	IS("pc", device_take, "stays", "-netdev", "type=user,id=n", "-device", "netdev=n");
	IS("pc", device_take, "stays", "-device", "driver=e1000");
}

int main(void)
{
	test_disks();
	test_chains();
	test_cards();
	return unit_failed;
}
