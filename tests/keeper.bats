#!/usr/bin/env bats
# SPDX-License-Identifier: 0BSD
# The keeper keeps only what it needs, and passes on only what it must: capabilities, descriptors, environment, memory.
load helper
load vms

# A bit for each line of the table in lib/caps.c: KILL, SYS_PTRACE, DAC_READ_SEARCH; and what a start needs besides.
life=$((1 << 5 | 1 << 19 | 1 << 2))
start=$((life | 1 << 1 | 1 << 6 | 1 << 7 | 1 << 10 | 1 << 21))

# field NAME PID: of /proc/PID/status, blanks as one space
field() {
	sed -n "s/^$1:[[:space:]]*//p" "/proc/$2/status" | tr '\t' ' ' | sed 's/ *$//'
}

# has_caps PID MASK: permitted and effective, none else; and none for what it executes
has_caps() {
	local name
	for name in Prm Eff; do
		same "$((16#$(field "Cap$name" "$1")))" "$2" || return
	done
	for name in Inh Bnd Amb; do
		same "$(field "Cap$name" "$1")" 0000000000000000 || return
	done
}

secret_file() {
	echo secret >"$scratch/secret"
	exec 9<"$scratch/secret"
	export SECRET=of-the-caller
	umask 000
}

# own PID: it has no descriptor, folder, mode bits or memory of its caller's to give away
own() {
	same "$(field Umask "$1")" 0077
	same "$(readlink "/proc/$1/cwd")" /
	same "$(field NoNewPrivs "$1")" 1
	same "$(field Groups "$1")" ""
	same "$(awk '/^Max core file size/ { print $5 $6 }' "/proc/$1/limits")" 11
	! find "/proc/$1/fd" -lname "$scratch/secret" | grep . || fail "a descriptor of the caller's"
}

@test "root's keeper of a VM that runs has the capabilities of the table, and works with them" {
	button_vm web STOPDELAY=1
	qi 0 qemu-init start web
	state_of web
	has_caps "$VM_KEEPER" "$life"
	qi 0 qemu-cmd -p "$VM_MONPORT" info name
	same "$output" web
	kill -STOP "$VM_PID"
	kill "$VM_KEEPER" # a stop, which nobody else helps with
	wait_until 20 gone "$VM_PID"
}

@test "the gate sees that a guest's network of another uid holds the calling socket, too" {
	local words
	no_guest web
	qi 0 qemu-init start web
	state_of web
	cp "$(command -v sleep)" "$bin/passt"
	kill -STOP "$VM_KEEPER" # until both hold it
	exec 8<>"/dev/tcp/127.0.0.1/$VM_MONPORT"
	background setpriv --reuid=12345 --regid=12345 --clear-groups "$bin/passt" 60
	is_other() {
		[[ $(field Uid "$pid") == 12345* ]]
	}
	wait_until 5 is_other
	kill -CONT "$VM_KEEPER"
	read -r -t 5 words <&8
	exec 8<&-
	like "$words" "qinit: denied: a guest's network is calling*"
}

@test "root's own rc-file may name another user's disk, and a port below 1024" {
	truncate -s 1M "$scratch/disk.img"
	chown 12345 "$scratch/disk.img"
	chmod 600 "$scratch/disk.img"
	vm web MACHINE=pc "DISK1=$scratch/disk.img" MONPORT=701
	qi 0 qemu-init start web
	qi 0 qemu-cmd -p 701 info name
	same "$output" web
}

@test "a keeper that may have to start QEMU again keeps what a start needs" {
	no_guest web RESTART=always RESTART_DELAY=1
	qi 0 qemu-init start web
	state_of web
	has_caps "$VM_KEEPER" "$start"
	local old=$VM_PID
	kill_qemu web
	again() {
		state_of web
		[[ $VM_STATE == running && $VM_PID != "$old" ]]
	}
	wait_until 10 again
	has_caps "$VM_KEEPER" "$start"
	kill_keeper web
	qi 0 qemu-init start web
	state_of web
	has_caps "$VM_KEEPER" "$start"
}

@test "the keeper of run, and one that adopts, give up the same" {
	no_guest web
	background "$bin/qinit" qemu-init run web
	wait_until 10 is web running
	same "$VM_KEEPER" "$pid"
	has_caps "$pid" "$life"
	kill_keeper web
	qi 0 qemu-init start web
	state_of web
	has_caps "$VM_KEEPER" "$life"
}

@test "where root's hook or a QEMU of root's must get all, the keeper gives it up when it is ready" {
	local all
	all=$(field CapPrm self)
	no_guest web "PRECMD=grep CapEff /proc/self/status >$scratch/pre"
	qi 0 qemu-init start web
	same "$(cut -f 2 "$scratch/pre")" "$all"
	state_of web
	has_caps "$VM_KEEPER" "$life"
	qi 0 qemu-init stop -f web
	no_guest db RUNAS=root
	qi 0 qemu-init start db
	state_of db
	has_caps "$VM_KEEPER" "$life"
	same "$(field CapEff "$VM_PID")" "$all"
}

@test "several VMs in the foreground, one after the other: the first takes nothing from the next" {
	no_guest a DAEMON=no
	no_guest b
	background "$bin/qinit" qemu-init start a b
	wait_until 10 is a running
	qi 0 qemu-init stop -f a
	wait_until 10 is b running
	[[ $VM_UID != 0 ]] || fail "QEMU is root"
	has_caps "$VM_KEEPER" "$life"
	ended "$pid" 0
}

@test "no descriptor, folder, mode bits or memory of the caller's is in the keeper, nor its environment in QEMU" {
	no_guest web
	no_guest db
	secret_file
	cd "$scratch"
	qi 0 qemu-init start web
	state_of web
	own "$VM_KEEPER"
	! grep -a SECRET "/proc/$VM_PID/environ" || fail "the caller's environment"
	background "$bin/qinit" qemu-init run db
	wait_until 10 is db running
	own "$pid"
	! grep -a SECRET "/proc/$VM_PID/environ" || fail "the caller's environment"
	same "$(find "$QEMU_INIT_RUN" -perm /022)" ""
	exec 9<&-
	cd "$top"
}

@test "nothing in a run directory is anybody else's to read" {
	button_vm web
	qi 0 qemu-init start web
	kill_qemu web
	wait_until 10 is web crashed
	qi 0 qemu-init start web
	same "$(find "$QEMU_INIT_RUN/web/crash" -type f -perm /077)" ""
	same "$(find "$QEMU_INIT_RUN" -mindepth 1 -printf '%P %m\n' | sort | grep -v '^\.disks\|^web/crash/')" "web 750
web/console.sock 600
web/crash 700
web/exit 600
web/hmp.sock 600
web/keep.sock 600
web/lock 600
web/private 700
web/private/argv 600
web/private/keeper.sock 600
web/private/monitor-ctl.sock 600
web/private/monitor-mon.sock 600
web/private/output 600
web/private/serial.sock 600
web/qemu.log 600
web/qmp.sock 600
web/serial.log 600
web/state 600"
}

@test "an ordinary user's keeper is closed to that user's other programs" {
	be_nobody
	no_guest web
	secret_file
	qi 0 qemu-init start web
	eval "$(as_nobody "$bin/qinit" qemu-init status -s web)"
	same "$(field Uid "$VM_KEEPER")" "65534 65534 65534 65534"
	own "$VM_KEEPER"
	! as_nobody cat "/proc/$VM_KEEPER/environ" >/dev/null 2>&1 || fail "its environment can be read"
	! as_nobody ls "/proc/$VM_KEEPER/fd" >/dev/null 2>&1 || fail "its descriptors can be taken"
	qi 0 qemu-cmd -p "$VM_MONPORT" info name
	same "$output" web
	qi 0 qemu-init stop -f web
	exec 9<&-
}
