#!/usr/bin/env bats
# SPDX-License-Identifier: 0BSD
# TCP ports: slots, strangers, address families, and doing without.
load helper
load vms

setup() {
	begin
	requires ss socat nsenter
}

# listeners PORT: the addresses that listen on it, sorted
listeners() {
	$as ss -Hltn "sport = :$1" | awk '{ print $4 }' | sort | paste -sd ' '
}

listens() {
	[[ -n $(listeners "$1") ]]
}

# stranger ADDRESS PORT
stranger() {
	local family=4
	[[ $1 != *:* ]] || family=6
	background socat "TCP$family-LISTEN:$2,bind=$1" OPEN:/dev/null
	wait_until 5 listens "$2"
}

# ports_are NAME MONPORT CTLPORT, "" for none
ports_are() {
	state_of "$1"
	same "$VM_STATE/$VM_MONPORT/$VM_CTLPORT" "running/$2/$3"
}

# answers PORT NAME
answers() {
	qi 0 qemu-cmd -p "$1" info name
	same "$output" "$2"
}

@test "two hundred starts at the same moment: all run, no two share a port, slot 100 leaves slot 0's CTLPORT alone" {
	local i name starts=() n=200
	# the machine's cores are shared by all of them
	echo START_TIMEOUT=100 >>"$QEMU_INIT_ETC/default.rc"
	for ((i = 0; i < n; i++)); do
		no_guest "v$i"
	done
	for ((i = 0; i < n; i++)); do
		"$bin/qinit" qemu-init start "v$i" 2>>"$scratch/words" &
		starts+=("$!")
	done
	pids+=("${starts[@]}")
	for i in "${starts[@]}"; do
		wait "$i" || fail "a start failed: $(cat "$scratch/words")"
	done
	same "$(cat "$scratch/words")" ""
	same "$("$bin/qinit" qemu-init list -r | wc -l)" $n
	"$bin/qinit" qemu-init status -s >"$scratch/status" || true
	same "$(sed -n "s/.* VM_MONPORT='\([0-9]*\)' .*/\1/p" "$scratch/status" | sort -n | paste -sd ' ')" \
		"$({ seq "$port" $((port + 99)); seq $((port + 200)) $((port + 299)); } | paste -sd ' ')"
	same "$(sed -n "s/.* VM_CTLPORT='\([0-9]*\)' .*/\1/p" "$scratch/status" | sort -n | uniq | wc -l)" $n
	same "$(sed -n "s/.* VM_UID='\([0-9]*\)'.*/\1/p" "$scratch/status" | sort -n | uniq | wc -l)" $n
	for name in v0 v100 v199; do
		state_of "$name"
		answers "$VM_MONPORT" "$name"
		answers "$VM_CTLPORT" "$name"
	done
	SECONDS=0
	qi 0 qemu-init stop -f -a
	((SECONDS < 30)) || fail "the stop took $SECONDS s"
	same "$("$bin/qinit" qemu-init list -r)" ""
}

@test "each VM has both address families on both ports, none but loopback" {
	no_guest web
	qi 0 qemu-init start web
	ports_are web "$port" $((port + 100))
	same "$(listeners "$port")" "127.0.0.1:$port [::1]:$port"
	same "$(listeners $((port + 100)))" "127.0.0.1:$((port + 100)) [::1]:$((port + 100))"
}

@test "a port that a stranger has, on whichever address of whichever port, is skipped" {
	no_guest web
	stranger ::1 $((port + 100))
	stranger 127.0.0.1 $((port + 1))
	stranger 0.0.0.0 $((port + 2))
	stranger :: $((port + 103))
	qi 0 qemu-init start web
	ports_are web $((port + 4)) $((port + 104))
	answers $((port + 4)) web
}

@test "a slot is taken again after a stop, also when callers have just left" {
	no_guest a
	no_guest b
	no_guest c
	qi 0 qemu-init start a b
	answers "$port" a
	answers $((port + 100)) a
	qi 0 qemu-init stop -f a
	qi 0 qemu-init start c
	ports_are c "$port" $((port + 100))
	qi 0 qemu-init start a
	ports_are a $((port + 2)) $((port + 102))
	ports_are b $((port + 1)) $((port + 101))
}

@test "with IPv6 off everything works on IPv4 alone" {
	background unshare -n sleep 300
	moved() {
		[[ $(readlink "/proc/$pid/ns/net") != "$(readlink /proc/self/ns/net)" ]]
	}
	wait_until 5 moved
	as="nsenter -t $pid -n"
	$as ip link set lo up
	$as sh -c 'for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 >$f; done'
	no_guest web
	no_guest db
	qi 0 qemu-init start web db
	same "$stderr" ""
	ports_are web "$port" $((port + 100))
	ports_are db $((port + 1)) $((port + 101))
	same "$(listeners "$port")" "127.0.0.1:$port"
	answers "$port" web
	answers $((port + 101)) db
	kill_keeper web
	qi 0 qemu-init start web
	ports_are web "$port" $((port + 100))
	answers "$port" web
}

@test "with no address at all a VM runs without TCP" {
	no_guest web
	as="unshare -n" # lo is down there
	qi 0 qemu-init start web
	same "$stderr" ""
	state_of web
	same "$VM_STATE" running
	qi 0 qemu-cmd web info name
}

@test "MONITOR chooses the address family, or none" {
	no_guest four MONITOR=ipv4
	no_guest six MONITOR=ipv6
	no_guest none MONITOR=no
	qi 0 qemu-init start four six none
	ports_are four "$port" $((port + 100))
	ports_are none "" ""
	state_of six
	[[ $VM_MONPORT == "$port" ]] || same "$VM_MONPORT" $((port + 1))
	same "$(listeners "$VM_CTLPORT" | tr ' ' '\n' | grep -F '[')" "[::1]:$VM_CTLPORT"
	qi 0 qemu-init stop -f four
	same "$(listeners "$VM_MONPORT")" "[::1]:$VM_MONPORT"
	answers "$VM_MONPORT" six
	qi 0 qemu-init status none
	like "${lines[1]}" "none * running * - * - * -"
}

@test "TCP=no and COMMAND=no in monitor.conf" {
	no_guest web
	no_guest db
	printf '%s\n' "MONPORT=$port" COMMAND=no >"$QEMU_INIT_ETC/monitor.conf"
	qi 0 qemu-init start web
	ports_are web "$port" ""
	answers "$port" web
	same "$(listeners $((port + 100)))" ""
	printf '%s\n' "MONPORT=$port" TCP=no >"$QEMU_INIT_ETC/monitor.conf"
	qi 0 qemu-init start db
	ports_are db "" ""
	same "$(listeners $((port + 1)))" ""
	qi 0 qemu-cmd db info name
}

@test "with the range used up a VM starts without TCP, silently, and status shows -" {
	no_guest a
	no_guest b
	no_guest c
	echo MONPORT=65434 >"$QEMU_INIT_ETC/monitor.conf"
	qi 0 qemu-init start a b c
	same "$stderr" ""
	ports_are a 65434 65534
	ports_are b 65435 65535
	ports_are c "" ""
	qi 0 qemu-init status c
	like "${lines[1]}" "c * running * - * - * -"
	qi 0 qemu-cmd c info name
	qi 0 qemu-init stop -f a
	qi 0 qemu-init restart -f c
	ports_are c 65434 65534
}

@test "MONPORT in the rc-file is this port and no other: taken, the start fails" {
	no_guest web "MONPORT=$((port + 500))"
	qi 0 qemu-init start web
	ports_are web $((port + 500)) $((port + 600))
	qi 0 qemu-init stop -f web
	stranger 127.0.0.1 $((port + 600))
	qi 1 qemu-init start web
	same "$stderr" "qemu-init: web: $(rc_of web):4: MONPORT: port $((port + 500)) or $((port + 600)): address in use"
	only_records web
}

@test "after kill -9 of a keeper its port is gone, and back after the next start" {
	no_guest web
	qi 0 qemu-init start web
	kill_keeper web
	same "$(listeners "$port")$(listeners $((port + 100)))" ""
	qi 0 qemu-init status web
	like "${lines[1]}" "web * running * - * - * -"
	qi 0 qemu-init start web
	ports_are web "$port" $((port + 100))
	answers $((port + 100)) web
}

@test "a bare number on the first line of monitor.conf is MONPORT" {
	no_guest web
	echo $((port + 40)) >"$QEMU_INIT_ETC/monitor.conf"
	qi 0 qemu-init start web
	ports_are web $((port + 40)) $((port + 140))
}
