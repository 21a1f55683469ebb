#!/usr/bin/env bats
# SPDX-License-Identifier: 0BSD
# Faults: kill -9 at every step, processes that are stopped, a run place that is full, read-only, without descriptors or rights, or
# deleted under a live VM. After each: one QEMU at most, no false state, the next start works, no file is lost.
BATS_TEST_TIMEOUT=400 # hundreds of starts, each a second on a slow machine
load helper
load vms

slots=3

# A VM for each slot, with all that a start may wait for; QEMU is the fake one, which behaves well.
shooting_range() {
	local i dir
	cp "$top/build/main/tests/fake/qemu" "$bin/qemu-system-fake"
	cp "$top/build/main/tests/fake/sniper" "$bin/sniper"
	export PATH=$bin:$PATH
	head -c 100000 /dev/urandom >"$QEMU_INIT_DAT/disk.img"
	for ((i = 1; i <= slots; i++)); do
		vm "v$i" TGTARCH=qemu-system-fake MACHINE=none DISK1=disk.img STOPDELAY=4 START_TIMEOUT=20 \
			PRECMD=true POSTCMD=true MONPORT=$((port + 500 + i)) # a port of its own: the same number of calls each time
		cp "$QEMU_INIT_DAT/disk.img" "$QEMU_INIT_DAT/v$i/disk.img"
	done
	for ((i = 1; i <= slots; i++)); do
		sha256sum "$QEMU_INIT_DAT/v$i/disk.img" "$(rc_of "v$i")" "$QEMU_INIT_ETC/registered" >"$QEMU_INIT_DAT/v$i.sums"
	done
}

# sweep PHASE VICTIM EVERY CODES: kill -9 at each EVERY-th system call of the keeper, until the phase is over
sweep() {
	local code=0
	shooting_range
	# shellcheck disable=SC2016 # the inner shell's
	seq "$((RANDOM % $3 + 1))" "$3" 3000 | xargs -P "$slots" -n 1 --process-slot-var=S \
		bash -c 'SLOT=$((S + 1)) exec "$0" "$@"' "$top/tests/hostile/shot" "$1" "$2" >"$scratch/shots" 2>"$scratch/end" || code=$?
	echo "# $1, $2: $(wc -l <"$scratch/shots") shots, $(grep -c ' hit ' "$scratch/shots") hit" >&3
	if grep -v -- ' -$' "$scratch/shots"; then
		tail -n 40 "$QEMU_INIT_DAT"/*-*-*.log | grep -v '^+'
		fail "trouble"
	fi
	! grep -vE "^$1 $2 [0-9]+ ($4) " "$scratch/shots" || fail "other codes than $4"
	# a shot that found it over has ended xargs
	same "$code" 124 || fail "not over after $(wc -l <"$scratch/shots") shots: $(cat "$scratch/end")"
	grep -q " hit " "$scratch/shots" || fail "nobody was hit: $(cat "$scratch/shots")"
}

@test "kill -9 of the keeper at every system call of a start" {
	sweep start keeper 1 '0|1'
}

@test "kill -9 of the starter all along a start: its keeper brings it to an end" {
	sweep start starter 4 '0|137'
}

@test "kill -9 of QEMU all along a start" {
	sweep start qemu 2 '0|1'
}

@test "kill -9 of the new keeper at every system call of an adoption" {
	sweep adopt keeper 1 '0|1'
}

@test "kill -9 of QEMU all along its adoption" {
	sweep adopt qemu 2 '0|1'
}

@test "kill -9 of the keeper at every system call of a stop: the stop goes on" {
	sweep stop keeper 1 0
}

@test "kill -9 of the one who asked all along a stop: the stop goes on" {
	sweep stop starter 2 '0|137'
}

@test "kill -9 of QEMU all along a stop" {
	sweep stop qemu 1 0
}

# one_qemu NAME: exactly one lives
one_qemu() {
	same "$(qemus_of "$1")" 1
}

# next_start NAME: works, and so does a stop
next_start() {
	qi 0 qemu-init start "$1"
	now_is "$1" running
	one_qemu "$1"
	qi 0 qemu-init stop -f "$1"
	now_is "$1" stopped
	only_records "$1"
}

@test "keeper and QEMU both stopped (SIGSTOP): hung, no start, and stop ends both" {
	no_guest web STOPDELAY=2
	qi 0 qemu-init start web
	state_of web
	kill -STOP "$VM_KEEPER" "$VM_PID"
	qi 4 qemu-init status web
	like "$output" "*web *hung*it lives, but does not answer*"
	qi 124 qemu-init start web START_TIMEOUT=1
	one_qemu web
	qi 0 qemu-init stop -t 2 web
	like "$stderr" "*forced: SIGKILL*"
	now_is web stopped
	next_start web
}

@test "a keeper that was stopped and goes on finds all as it was" {
	no_guest web
	qi 0 qemu-init start web
	state_of web
	kill -STOP "$VM_KEEPER"
	qi 0 qemu-init status web
	kill -CONT "$VM_KEEPER"
	qi 0 qemu-init pause web
	now_is web paused
	qi 0 qemu-init stop -f web
}

@test "two keepers' worth of verbs at once after the keeper's death: one adopts" {
	local i verb asked=()
	no_guest web
	qi 0 qemu-init start web
	kill_keeper web
	local qemu=$VM_PID
	for verb in start pause resume start reset start pause resume; do
		background "$bin/qinit" qemu-init "$verb" web
		asked+=("$pid")
	done
	for i in "${asked[@]}"; do
		ended "$i" 0
	done
	state_of web
	same "$VM_PID" "$qemu"
	one_qemu web
	same "$(find /proc/[0-9]*/fd -lname "$QEMU_INIT_RUN/web/lock" 2>/dev/null | cut -d/ -f3 | sort -u | wc -l)" 2 # keeper and QEMU
}

# small_place: the run place is a tmpfs
small_place() {
	mount -t tmpfs -o size=512k,mode=755 tmpfs "$QEMU_INIT_RUN"
}

fill() {
	dd if=/dev/zero of="$QEMU_INIT_RUN/filler" bs=4k status=none 2>/dev/null || true
	while dd if=/dev/zero of="$QEMU_INIT_RUN/filler" bs=1 count=1 oflag=append conv=notrunc status=none 2>/dev/null; do :; done
}

teardown() {
	"$bin/qinit" qemu-init kill -a || true
	while umount -l "$QEMU_INIT_RUN" 2>/dev/null; do :; done
	finish
}

@test "a full run place (ENOSPC): a start fails and says so, nothing is left" {
	small_place
	no_guest web
	fill
	qi 1 qemu-init start web
	like "$stderr" "*qemu-init: web: *no space left*"
	same "$(alive)" ""
	qi 3 qemu-init status web
	rm "$QEMU_INIT_RUN/filler"
	next_start web
	"$bin/qinit" qemu-init kill -a
}

@test "a run place that fills up under a live VM: every verb works, the end is no crash" {
	small_place
	no_guest web
	qi 0 qemu-init start web
	fill
	qi 0 qemu-init pause web
	now_is web paused
	qi 0 qemu-init resume web
	kill_keeper web
	now_is web running
	qi 0 qemu-init pause web
	now_is web paused
	qi 0 qemu-init stop -f web
	now_is web stopped
	same "$(alive)" ""
	rm "$QEMU_INIT_RUN/filler"
	next_start web
}

@test "a read-only run place (EROFS): no start, status true, a keeper serves on, without one force still ends the guest" {
	small_place
	no_guest web
	no_guest off
	qi 0 qemu-init start web
	mount --bind "$QEMU_INIT_RUN" "$QEMU_INIT_RUN"
	mount -o remount,bind,ro "$QEMU_INIT_RUN"
	qi 0 qemu-init status web
	qi 1 qemu-init start off
	like "$stderr" "*read-only file system*"
	qi 0 qemu-init pause web
	kill_keeper web
	qi 0 qemu-init status web
	like "$output" "*web *paused*"
	qi 1 qemu-init start web
	qi 1 qemu-init stop web
	like "$stderr" "*read-only file system*"
	one_qemu web
	qi 0 qemu-init stop -f web
	like "$stderr" "*forced: SIGKILL"
	same "$(alive)" ""
	qi 1 qemu-init status web # nobody could write down that it was asked to
	umount "$QEMU_INIT_RUN"
	next_start web
	next_start off
	"$bin/qinit" qemu-init kill -a
}

@test "no descriptor left (EMFILE): a start fails at whatever step that is, nothing is left" {
	local n
	no_guest web
	for n in {3..24}; do
		run bash -c "ulimit -n $n; exec '$bin/qinit' qemu-init start web"
		[[ $status != 0 ]] || "$bin/qinit" qemu-init stop -f web
		[[ $status == 0 || $status == 1 || $status == 4 || $status == 6 ]] || fail "with $n: exit $status: $output"
		same "$(alive)" ""
	done
	next_start web
}

@test "a live keeper without descriptors: status from QEMU, stop passes it by" {
	no_guest web
	qi 0 qemu-init start web
	state_of web
	prlimit --nofile=3 --pid "$VM_KEEPER"
	qi 0 qemu-init status web
	qi 0 qemu-init stop -t 1 web
	now_is web stopped
	next_start web
}

@test "a run directory without rights (EACCES): unknown, no start, and never stopped" {
	be_nobody
	no_guest web
	chown -R 65534:65534 "$scratch/nobody"
	qi 0 qemu-init start web
	state_of web
	chmod 0 "$QEMU_INIT_RUN/web"
	qi 4 qemu-init status web
	like "$output" "*web *unknown*"
	run as_nobody "$bin/qinit" qemu-init start web
	[[ $status == 1 || $status == 4 ]] || fail "exit $status"
	one_qemu web
	run as_nobody "$bin/qinit" qemu-init stop web
	[[ $status == 4 ]] || fail "exit $status"
	chmod 700 "$QEMU_INIT_RUN/web"
	qi 0 qemu-init status web
	next_start_of_nobody
}

next_start_of_nobody() {
	qi 0 qemu-init stop -f web
	qi 0 qemu-init start web
	one_qemu web
	qi 0 qemu-init stop -f web
}

# still_there NAME WHAT: was deleted; it runs, and nobody starts a second one
still_there() {
	local qemu=$VM_PID
	qi 0 qemu-init status "$1"
	now_is "$1" running
	same "${VM_PID:-$qemu}" "$qemu"
	qi 0 qemu-init start "$1"
	one_qemu "$1"
	qi 0 qemu-init pause "$1"
	qi 0 qemu-init resume "$1"
}

@test "files of the run directory deleted under a live VM: it runs, no second start" {
	local file
	no_guest web
	qi 0 qemu-init start web
	for file in keep.sock state lock qmp.sock hmp.sock private/output qemu.log; do
		state_of web
		rm -f "$QEMU_INIT_RUN/web/$file"
		is_back() {
			[[ $file != @(keep.sock|state|lock) || -e $QEMU_INIT_RUN/web/$file ]]
		}
		wait_until 5 is_back
		still_there web
	done
	qi 0 qemu-init stop -f web
	now_is web stopped
	next_start web
}

@test "the whole run directory deleted under a live VM: it runs, no second start" {
	no_guest web
	qi 0 qemu-init start web
	state_of web
	rm -rf "$QEMU_INIT_RUN/web" || true # it is put back so soon that rm may find it not empty
	wait_until 5 test -e "$QEMU_INIT_RUN/web/keep.sock"
	still_there web
	qi 0 qemu-init stop -f web
	now_is web stopped
	next_start web
}

@test "lock deleted and the keeper killed: unknown, no second start, and stop -f ends it" {
	no_guest web
	qi 0 qemu-init start web
	state_of web
	kill -STOP "$VM_KEEPER"
	rm "$QEMU_INIT_RUN/web/lock"
	kill -KILL "$VM_KEEPER"
	wait_until 5 gone "$VM_KEEPER"
	qi 4 qemu-init status web
	qi 1 qemu-init start web
	like "$stderr" "*unknown whether it runs*"
	one_qemu web
	qi 4 qemu-init stop web
	qi 0 qemu-init stop -f web
	same "$(qemus_of web)" 0
	next_start web
}

@test "no clock that can be set decides anything" {
	local found
	# the moment of an end, for people
	found=$(cd "$top" && grep -nE '\b(time|gettimeofday|ftime)\(|CLOCK_REALTIME' lib/*.c applets/*.c | grep -v '\.when = time(NULL)' || true)
	same "$found" ""
}
