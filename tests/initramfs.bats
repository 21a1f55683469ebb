#!/usr/bin/env bats
# SPDX-License-Identifier: 0BSD
# The rescue case: kernel, busybox, qinit and QEMU are all there is: no /etc, no /var, and /run is a bare tmpfs.
BATS_TEST_TIMEOUT=400 # a guest in a guest, without KVM: a minute on an idle machine
load helper
load vms

setup() {
	begin
}

teardown() {
	finish
}

# pack DIR FILE: as an initramfs
pack() {
	(cd "$1" && find . | cpio -o -H newc -R 0:0 --quiet) >"$2"
}

# boots DIR: puts busybox there, and what stdin holds as the first process
boots() {
	mkdir -p "$1/bin" "$1/proc" "$1/dev"
	cp "$(command -v busybox)" "$1/bin/busybox"
	cat >"$1/init"
	chmod 755 "$1/init"
}

@test "in an initramfs: the demo, and a guest without any file of configuration" {
	mkdir "$scratch/inner"
	boots "$scratch/inner" <<-'EOF'
		#!/bin/busybox sh
		busybox mount -t proc proc /proc
		echo "inner: $(busybox uname -s) with $(busybox sed -n 's/^MemTotal: *//p' /proc/meminfo)"
		busybox poweroff -f
	EOF
	qemu_root "$scratch/root"
	pack "$scratch/inner" "$scratch/root/fix.initrd"
	cp "$top/build/guest/vmlinuz" "$scratch/root/vmlinuz"
	boots "$scratch/root" <<-'EOF'
		#!/bin/busybox sh
		/bin/busybox --install -s /bin
		mkdir /run
		mount -t proc proc /proc
		mount -t devtmpfs dev /dev
		mount -t tmpfs run /run
		export PATH=/bin:/usr/bin
		/qinit --install -s /bin
		qemu-init demo
		echo "demo: $?"
		qemu-init run -c -t 200 NAME=fix RAM=128M DISPLAY=none KERNEL=/vmlinuz INITRD=/fix.initrd \
			'APPEND=console=ttyS0 quiet nokaslr' </dev/null
		echo "fix: $?"
		qemu-init status
		ls /run/qemu
		poweroff -f
	EOF
	pack "$scratch/root" "$scratch/rescue.initrd"
	qi 0 qemu-init run -c -t 280 NAME=rescue RAM=1500M SMP=2 DISPLAY=none KERNEL="$top/build/guest/vmlinuz" \
		INITRD="$scratch/rescue.initrd" 'APPEND=console=ttyS0 quiet nokaslr' <<<''
	like "$output" "*all is well*demo: 0*inner: Linux with *fix: 0*"
}
