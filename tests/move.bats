#!/usr/bin/env bats
# SPDX-License-Identifier: 0BSD
# qemu-adm: VMs that are copied, come in and go out.
load helper
load vms

# refused CODE WORDS APPLET-ARGS...: says just that line, makes and changes no file
refused() {
	local before
	before=$(find "$scratch" ! -name .lock ! -path "$QEMU_INIT_RUN/*" -printf '%p %m %s\n' | sort)
	qi "$1" qemu-adm "${@:3}"
	like "$stderr" "qemu-adm: $2"
	same "${#stderr_lines[@]}/$output" 1/
	same "$(find "$scratch" ! -name .lock ! -path "$QEMU_INIT_RUN/*" -printf '%p %m %s\n' | sort)" "$before"
}

# disk_vm NAME [KEY=VALUE...]: with a sparse disk of 64 MB, data at its beginning and end
disk_vm() {
	vm "$1" MACHINE=none SERIAL=no "${@:2}"
	truncate -s 64M "$QEMU_INIT_DAT/$1/a.img"
	printf 'first' | dd of="$QEMU_INIT_DAT/$1/a.img" conv=notrunc status=none
	printf 'last' | dd of="$QEMU_INIT_DAT/$1/a.img" bs=1 seek=$((64 << 20 - 4)) conv=notrunc status=none
}

@test "clone copies folder, rc-file, cfg-file and disks, sparsely; comments and order stay, and what only one can have goes" {
	local new=$QEMU_INIT_DAT/new
	button_vm web "# the disk" "DISK2=sub/b,,c.img # mine" MONPORT=$((port + 10)) \
		NIC1=user,hostfwd=tcp::$((port + 20))-:22,model=e1000,mac=52:54:00:12:34:57 DISPLAY=vnc:$((port + 30)) RAM=16M
	mkdir "$QEMU_INIT_DAT/web/sub"
	truncate -s 64M "$QEMU_INIT_DAT/web/sub/b,c.img"
	printf 'last' | dd of="$QEMU_INIT_DAT/web/sub/b,c.img" bs=1 seek=40000000 conv=notrunc status=none
	echo "-rtc base=utc # mine" >"$QEMU_INIT_DAT/web/web-qemu.cfg"
	qi 0 qemu-adm clone web new
	same "$stderr" "qemu-adm: new: MONPORT: $((port + 10)) stays with web alone
qemu-adm: new: DISPLAY: vnc:$((port + 30)) stays with web alone
qemu-adm: new: NIC1: hostfwd=tcp::$((port + 20))-:22,mac=52:54:00:12:34:57 stays with web alone"
	same "$output" "made $new/new-qemu.rc"$'\n'"next: qemu-init start new"
	same "$(cat "$new/new-qemu.rc")" "# made by a test
MACHINE=pc
DISK1=boot.img,if=ide
# the disk
DISK2=sub/b,,c.img # mine
MONPORT=
NIC1=user,model=e1000
DISPLAY=vnc
RAM=16M
NAME=new"
	cmp "$QEMU_INIT_DAT/web/sub/b,c.img" "$new/sub/b,c.img"
	cmp "$QEMU_INIT_DAT/web/boot.img" "$new/boot.img"
	cmp "$QEMU_INIT_DAT/web/web-qemu.cfg" "$new/new-qemu.cfg"
	(($(stat -c %b "$new/sub/b,c.img") < 1000)) || fail "not sparse"
	same "$(tail -n 1 "$QEMU_INIT_ETC/registered")" "new $new"
	qi 0 qemu-init start web new # at once: nothing of the one is the other's
	now_is new running
	refused 1 "new: it runs; *" clone new other
	qi 0 qemu-init stop web new
	qi 0 qemu-adm delete -f web
	qi 0 qemu-init start new
	says new R
	qi 0 qemu-init stop new
}

@test "clone --linked: an image on each disk, which nobody writes from then on, and which delete keeps" {
	local base=$QEMU_INIT_DAT/web/boot.img new=$QEMU_INIT_DAT/new sum
	button_vm web DISK2=data.qcow2 CDROM=cd.iso
	qemu-img create -q -f qcow2 "$QEMU_INIT_DAT/web/data.qcow2" 1M
	: >"$QEMU_INIT_DAT/web/cd.iso"
	sum=$(md5sum "$base")
	qi 0 qemu-adm clone --linked web new
	like "$stderr" "*$base: nobody may write it from now on, web neither (its start wants -x)"$'\n'"*"
	same "$(stat -c %a "$base")" 444
	same "$(grep -E '^(DISK|CDROM)' "$new/new-qemu.rc")" "DISK1=disk1.qcow2,if=ide,backing=$base
DISK2=disk2.qcow2,backing=$QEMU_INIT_DAT/web/data.qcow2
CDROM=$QEMU_INIT_DAT/web/cd.iso"
	qemu-img check -q "$new/disk1.qcow2"
	qi 0 qemu-adm clone --linked new third
	qi 0 qemu-init start third
	says third R
	qi 1 qemu-init start web
	like "$stderr" "*DISK1: $base: its mode lets nobody write it*"
	qi 0 qemu-init start -x web
	says web R
	qi 0 qemu-init stop web third
	qi 1 qemu-adm delete -f web
	like "$stderr" "*needs it, too"
	qi 1 qemu-adm delete -f new
	qi 0 qemu-adm delete -f third
	qi 0 qemu-adm delete -f new
	same "$(md5sum "$base")" "$sum"
	chmod u+w "$base" "$QEMU_INIT_DAT/web/data.qcow2"
	qi 0 qemu-init start web
	qi 0 qemu-init kill web
}

@test "clone of a chain: what its headers name relatively is copied, the rest is shared" {
	local web=$QEMU_INIT_DAT/web new=$QEMU_INIT_DAT/new
	vm web DISK1=top.qcow2 DISK2=other.qcow2,backing="$scratch/far.img"
	truncate -s 1M "$web/base.img" "$scratch/far.img"
	(cd "$web" && qemu-img create -q -f qcow2 -b base.img -F raw top.qcow2)
	qemu-img create -q -f qcow2 -b "$scratch/far.img" -F raw "$web/other.qcow2"
	qi 0 qemu-adm clone web new
	same "$(grep DISK "$new/new-qemu.rc")" "$(grep DISK "$web/web-qemu.rc")"
	same "$(cd "$new" && echo *)" "base.img new-qemu.rc other.qcow2 top.qcow2"
	qi 0 qemu-init showcmd new
	same "$stderr" ""
	like "$output" "*$new/base.img*$scratch/far.img*"
}

@test "clone refuses, and leaves nothing behind" {
	disk_vm web DISK1=a.img DISK2="$scratch/outside.img"
	truncate -s 1M "$scratch/outside.img"
	refused 1 "*:5: DISK2: $scratch/outside.img: outside the VM's folder, *" clone web new
	refused 1 "web: registered already, *" clone web web
	refused 6 "../x: not a VM's name" clone web ../x
	refused 6 "none: no such VM*" clone none new
	refused 2 "clone: *" clone web
	sed -i /DISK2/d "$(rc_of web)"
	mkdir "$scratch/full"
	: >"$scratch/full/a.img"
	refused 1 "new: $scratch/full/a.img: file exists" clone web new -d "$scratch/full"
	echo "DISK3=none.img" >>"$(rc_of web)"
	refused 1 "*DISK3: $QEMU_INIT_DAT/web/none.img: no such file*" clone web new
	sed -i /DISK3/d "$(rc_of web)"
	mkdir -p "$scratch/linked"
	: >"$scratch/linked/new-qemu.cfg"
	echo "-rtc base=utc" >"$QEMU_INIT_DAT/web/web-qemu.cfg"
	qi 1 qemu-adm clone --linked web new -d "$scratch/linked"
	like "$stderr" "*$scratch/linked/new-qemu.cfg: file exists"
	same "$(cd "$scratch/linked" && echo *)/$(stat -c %a "$QEMU_INIT_DAT/web/a.img")" new-qemu.cfg/644
}

@test "a clone that finds no room leaves nothing" {
	mkdir "$scratch/small"
	mount -t tmpfs -o size=8M none "$scratch/small" || skip "no right to mount"
	disk_vm web DISK1=a.img
	dd if=/dev/urandom of="$QEMU_INIT_DAT/web/a.img" bs=1M count=32 conv=notrunc status=none
	qi 1 qemu-adm clone web new -d "$scratch/small/new"
	like "$stderr" "qemu-adm: new: $scratch/small/new/a.img: no space left on device"
	same "$(ls "$scratch/small")" ""
	umount "$scratch/small"
	same "$(cat "$QEMU_INIT_ETC/registered")" "web $QEMU_INIT_DAT/web"
}
