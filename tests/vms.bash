# SPDX-License-Identifier: 0BSD
# shellcheck shell=bash disable=SC2154
# VMs that the suites share, and what they ask about them.
# shellcheck source=tests/qemus.bash
source "$top/tests/qemus.bash"

# no_guest NAME [KEY=VALUE...]: a real QEMU without a machine, the cheapest; no console
no_guest() {
	vm "$1" MACHINE=none SERIAL=no "${@:2}"
}

# button_vm NAME [KEY=VALUE...]: says R, echoes what it is sent, says B and powers off at the power button
button_vm() {
	mkdir -p "$QEMU_INIT_DAT/$1"
	"$top/tests/guest/button" >"$QEMU_INIT_DAT/$1/boot.img"
	vm "$1" MACHINE=pc DISK1=boot.img,if=ide "${@:2}"
}

rc_of() {
	echo "$QEMU_INIT_DAT/$1/$1-qemu.rc"
}

# is NAME STATE
is() {
	state_of "$1"
	[[ $VM_STATE == "$2" ]]
}

now_is() {
	is "$@" || fail "$1 is $VM_STATE, not $2"
}

gone() {
	! kill -0 "$1" 2>/dev/null || grep -qs '^State:.Z' "/proc/$1/status"
}

# kill_keeper NAME, kill_qemu NAME: as the OOM killer does it
kill_keeper() {
	state_of "$1"
	kill -KILL "$VM_KEEPER"
	wait_until 5 gone "$VM_KEEPER"
}

kill_qemu() {
	state_of "$1"
	kill -KILL "$VM_PID"
	wait_until 5 gone "$VM_PID"
}

# ended PID CODE: a background command has ended by itself, with that exit status
ended() {
	local code=0
	wait_until 20 gone "$1"
	wait "$1" || code=$?
	same "$code" "$2"
}

# only_records NAME: what an end leaves behind: lock, state, exit, logs, and after a crash what was known of it
only_records() {
	local left
	left=$(find "$QEMU_INIT_RUN/$1" -mindepth 1 ! -name lock ! -name state ! -name exit ! -name '*.log' \
		! \( -path '*/crash*' \( -type f -o -type d \) \))
	[[ -z $left ]] || fail "left: $left"
	for left in lock state exit; do
		[[ -f $QEMU_INIT_RUN/$1/$left ]] || fail "no $left"
	done
}

# needs ROOT FILE: puts it and the libraries that it wants where they are here
needs() {
	local file
	for file in "$2" $(ldd "$2" 2>/dev/null | grep -o '/[^ ]*'); do
		[[ -e $1$file ]] || install -D "$(readlink -f "$file")" "$1$file"
	done
}

# qemu_root DIR: a root with qinit, QEMU, its libraries, modules and firmware, and nothing else
qemu_root() {
	local file name
	mkdir "$1"
	cp "$QINIT" "$1/qinit"
	needs "$1" "$(command -v qemu-system-x86_64)"
	for file in /usr/lib/*/qemu/accel-tcg-x86_64.so /usr/lib*/qemu/accel-tcg-x86_64.so; do
		[[ ! -e $file ]] || needs "$1" "$file"
	done
	for name in bios-256k.bin kvmvapic.bin linuxboot.bin linuxboot_dma.bin; do
		for file in /usr/share/{qemu,seabios}/$name; do
			[[ ! -e $file ]] || install -D "$(readlink -f "$file")" "$1$file"
		done
	done
}
