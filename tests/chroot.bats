#!/usr/bin/env bats
# SPDX-License-Identifier: 0BSD
# ./qinit as the only file besides QEMU, its libraries, modules and firmware: no /etc, no shell, no /var, no /proc, no /dev.
load helper
load vms

setup() {
	begin
	root=$scratch/root
	qemu_root "$root"
	"$top/tests/guest/button" >"$root/boot.img"
}

teardown() {
	jail qemu-init kill -a >/dev/null 2>&1 || true
	umount "$root/proc" "$root/dev" 2>/dev/null || true
	finish
}

# jail ARGS...: qinit in the root, with an environment of PATH alone
jail() {
	env -i PATH="$(dirname "$(command -v qemu-system-x86_64)")" "$(command -v chroot)" "$root" /qinit "$@"
}

jailed() {
	local want=$1
	shift
	echo "\$ $*"
	run --separate-stderr jail "$@"
	printf '%s\n' "$output" "$stderr"
	((status == want)) || fail "exit $status, want $want"
}

says_in_jail() {
	wait_until 20 grep -aqF "$1" "$root/run/qemu/fix/serial.log"
}

whole_life() {
	jailed 0 qemu-init start NAME=fix TGTARCH=qemu-system-x86_64 MACHINE=pc ACCEL=tcg RAM=16M DISPLAY=none DISK1=/boot.img,if=ide,snapshot
	same "$stderr" ""
	says_in_jail R
	jailed 0 qemu-init status
	like "${lines[1]}" "fix * running *"
	jailed 0 qemu-cmd fix info name
	same "$output" fix
	eval "$(jail qemu-init status -s fix)"
	[[ $VM_UID != 0 ]] || fail "QEMU is root"
	jailed 0 qemu-init restart fix
	says_in_jail R
	jailed 0 qemu-init stop -v fix
	same "$stderr" "qemu-init: fix: powered off by the guest"
	[[ ! -e $root/run/qemu/fix ]] || fail "left: $(ls "$root/run/qemu/fix")"
}

@test "a VM's whole life in an empty root" {
	jailed 0 --list
	jailed 0 qemu-init list
	whole_life
	same "$(cd "$root" && echo *)" "$(cd "$root" && find . -mindepth 1 -maxdepth 1 \( -name 'lib*' -o -name usr -o -name qinit -o -name boot.img -o -name run \) -printf '%P\n' | sort | paste -sd ' ')"
}

@test "the same with /proc and /dev, and the owner's caller by TCP" {
	mkdir "$root/proc" "$root/dev"
	mount -t proc proc "$root/proc"
	mount --bind /dev "$root/dev"
	whole_life
	jailed 0 qemu-init start NAME=fix TGTARCH=qemu-system-x86_64 MACHINE=none SERIAL=no ACCEL=tcg RAM=16M DISPLAY=none
	eval "$(jail qemu-init status -s fix)"
	jailed 0 qemu-cmd -p "$VM_MONPORT" info name
	same "$output" fix
	jailed 0 qemu-init stop -f fix
}

@test "the demo works in an empty root" {
	jailed 0 qemu-init demo
	like "$output" "*all is well"
}

@test "a hook without a shell is a clear line" {
	jailed 1 qemu-init start NAME=fix TGTARCH=qemu-system-x86_64 MACHINE=none SERIAL=no ACCEL=tcg DISPLAY=none PRECMD=true
	like "$stderr" "*/bin/sh: *"
}
