#!/usr/bin/env bats
# SPDX-License-Identifier: 0BSD
# What qinit must be known for: a stop that ends in time and says how, a status of many that waits for nobody.
load helper
load vms

now_ms() {
	echo $((${EPOCHREALTIME/./} / 1000))
}

@test "a Linux guest that is deaf to ACPI is down within STOPDELAY + 1 s, the forced step named" {
	linux_vm web STOPDELAY=4 APPEND="console=ttyS0 quiet nokaslr deaf"
	sed -i '/quiet nokaslr$/d' "$(rc_of web)"
	qi 0 qemu-init start web
	says web "guest: ready" 60
	local begin ms
	begin=$(now_ms)
	qi 0 qemu-init stop web
	ms=$(($(now_ms) - begin))
	echo "# down after $ms ms" >&3
	((ms <= 5000)) || fail "took $ms ms"
	like "$stderr" "qemu-init: web: the guest did not power off, forced: QMP quit"
	grep -q "how='host-quit' step='quit'" "$QEMU_INIT_RUN/web/exit"
	only_records web
}

# When QEMU said SHUTDOWN, by its own clock, in ms.
shutdown_ms() {
	jq -r 'select(.event == "SHUTDOWN") | .timestamp | (.seconds * 1000 + (.microseconds / 1000 | floor))' "$scratch/events"
}

@test "a Linux guest that obeys is down within 100 ms of its own power-off" {
	requires jq socat
	local try ms best=100000
	linux_vm web
	for try in 1 2 3; do # a busy machine may be slow once
		qi 0 qemu-init start web
		says web "guest: ready" 60
		echo '{"execute":"qmp_capabilities"}' | socat -t 60 - "UNIX-CONNECT:$QEMU_INIT_RUN/web/qmp.sock,shut-none" >"$scratch/events" &
		pids+=("$!")
		wait_until 10 grep -q return "$scratch/events"
		qi 0 qemu-init stop -v web
		ms=$(($(now_ms) - $(shutdown_ms)))
		like "$stderr" "*powered off by the guest*"
		says web "guest: going down" 0
		echo "# stop returned $ms ms after the guest's power-off" >&3
		((ms >= best)) || best=$ms
		((best > 100)) || break
	done
	((best <= 100)) || fail "$best ms"
}

@test "SIGTERM to QEMU and keeper at the same moment: the guest powers itself off, its last line is on serial.log" {
	linux_vm web
	qi 0 qemu-init start web
	says web "guest: ready" 60
	state_of web
	kill -TERM "$VM_PID" "$VM_KEEPER"
	wait_until 30 is web stopped
	same "$VM_EXIT" guest-shutdown
	says web "guest: going down" 0
	only_records web
}

@test "with 50 VMs of which 5 are SIGSTOPped, status ends within one limit and names the five" {
	local i begin ms hung
	for i in {01..50}; do
		no_guest "vm$i"
	done
	qi 0 qemu-init start -a
	for i in 07 17 27 37 47; do
		state_of "vm$i"
		kill -STOP "$VM_PID"
	done
	begin=$(now_ms)
	qi 0 qemu-init status
	ms=$(($(now_ms) - begin))
	echo "# status of 50 VMs, 5 of them stopped: $ms ms" >&3
	hung=$(awk '$2 == "hung" { print $1 }' <<<"$output" | paste -sd ' ')
	same "$hung" "vm07 vm17 vm27 vm37 vm47"
	same "$(awk '$2 == "running"' <<<"$output" | wc -l)" 45
	((ms < 1500)) || fail "took $ms ms"
	qi 4 qemu-init status vm06 vm07
	begin=$(now_ms)
	qi 0 qemu-init stop -t 2 -a
	echo "# stop -t 2 of all: $(($(now_ms) - begin)) ms" >&3
	(($(now_ms) - begin < 8000)) || fail "stop took $(($(now_ms) - begin)) ms"
}
