#!/usr/bin/env bats
# SPDX-License-Identifier: 0BSD
# A round of the whole under AddressSanitizer and UndefinedBehaviorSanitizer: keepers and verbs alike write what they
# find into files, of which there must be none.
load helper
load vms

setup() {
	QINIT=$top/build/asan/qinit
	begin
	found=$(mktemp -d /tmp/qi-asan.XXXXXX)
	chmod 1777 "$found"
	export ASAN_OPTIONS=log_path=$found/asan UBSAN_OPTIONS=log_path=$found/ubsan:print_stacktrace=1
}

teardown() {
	local ended=0 reports
	finish || ended=$?
	reports=$(find "$found" -type f -exec cat {} +)
	rm -rf "$found"
	[[ -z $reports ]] || fail "$reports"
	((!ended))
}

# ask_all NAME: the verbs that only look, and those that change little
ask_all() {
	qi 0 qemu-init status -v "$1"
	qi 0 qemu-init status -j
	qi 0 qemu-init status -s
	qi 0 qemu-init list -r
	qi 0 qemu-init showcmd "$1"
	qi 0 qemu-cmd "$1" info block
	qi 0 qemu-cmd -q "$1" query-status
	qi 1 qemu-cmd "$1" nonsense
	qi 0 qemu-init pause "$1"
	qi 0 qemu-init resume "$1"
	qi 0 qemu-init reset "$1"
	qi 0 qemu-init wait -t 20 "$1" running serial:R
}

@test "the options of the sanitizers are heard, and a finding is seen" {
	yes "# a line of a large registry" | head -c 1500000 >"$QEMU_INIT_ETC/registered"
	qi 0 qemu-init list
	ASAN_OPTIONS+=:max_allocation_size_mb=1:allocator_may_return_null=0 run "$bin/qinit" qemu-init list
	((status)) || fail "no finding"
	grep -q allocation-size-too-big "$found"/asan.*
	rm "$found"/asan.*
}

@test "a guest's life: start, questions, restart, the power button, a run that is stopped" {
	button_vm web
	qi 0 qemu-init start web
	says web R
	ask_all web
	qi 0 qemu-init restart web
	says web R
	qi 0 qemu-init stop web
	qi 3 qemu-init status web
	background "$bin/qinit" qemu-init run web
	local run=$pid
	wait_until 20 is web running
	qi 0 qemu-init stop -f web
	ended "$run" 0
}

@test "what a keeper leaves when it is killed is adopted; a QEMU that is killed is a crash" {
	button_vm web RESTART=no
	qi 0 qemu-init start web
	kill_keeper web
	qi 0 qemu-init start web
	ask_all web
	kill_qemu web
	wait_until 10 is web crashed
	qi 0 qemu-init start web -x
	qi 0 qemu-init kill web
}

@test "callers at the TCP ports: let in, denied, waiting, half closed" {
	local i
	button_vm web
	qi 0 qemu-init start web
	state_of web
	like "$(printf 'info name\n' | nc -N 127.0.0.1 "$VM_CTLPORT")" "*web*"
	like "$(printf 'GET / HTTP/1.1\r\n\r\n' | nc -N 127.0.0.1 "$VM_MONPORT")" "*denied*"
	for i in {1..12}; do
		background nc -d 127.0.0.1 "$VM_MONPORT"
	done
	qi 0 qemu-cmd -p "$VM_CTLPORT" info name
	printf 'info name\n' | qi 0 qemu-mon web
	qi 0 qemu-init stop web
}

@test "files full of faults: an rc-file, monitor.conf, the registry, an image" {
	vm web RAMM=1 DISK1= NIC1=x RAM=1X DISPLAY=vnc:99999999999 "$(printf '%070000d' 0)"
	qi 6 qemu-init start web
	printf 'TCP=perhaps\nUIDBASE=1\n\001\n' >"$QEMU_INIT_ETC/monitor.conf"
	qi 6 qemu-init start web
	rm "$QEMU_INIT_ETC/monitor.conf"
	no_guest disk DISK1=a.qcow2
	head -c 70000 /dev/urandom >"$QEMU_INIT_DAT/disk/a.qcow2"
	printf 'QFI\373\0\0\0\3' | dd of="$QEMU_INIT_DAT/disk/a.qcow2" conv=notrunc status=none
	qi 1 qemu-init start disk
	echo "bad" >>"$QEMU_INIT_ETC/registered"
	qi 6 qemu-init start disk
}
