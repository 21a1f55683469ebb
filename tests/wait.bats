#!/usr/bin/env bats
# SPDX-License-Identifier: 0BSD
# qemu-init wait: until a VM's state, serial line, port or event is as asked; its ends and its limit.
load helper
load vms

# waits CONDITION...: `wait web` in the background; its words go to $scratch/words
waits() {
	background "$bin/qinit" qemu-init wait -t 30 web "$@" 2>"$scratch/words"
}

words_are() {
	same "$(cat "$scratch/words")" "$1"
}

# It sleeps in poll, with the keeper's line in its hand.
is_watching() {
	find "/proc/$1/fd" -lname 'socket:*' 2>/dev/null | grep -q . && grep -q 'S (sleeping)' "/proc/$1/status"
}

@test "a bad condition is 2 with the nearest word, before anything is asked; an unknown VM is 6" {
	no_guest web
	qi 2 qemu-init wait web runing
	same "$stderr" 'qemu-init: runing: unknown condition; did you mean `running`?'
	qi 2 qemu-init wait web running serail:x
	same "$stderr" 'qemu-init: serail:x: unknown condition; did you mean `serial:`?'
	qi 2 qemu-init wait nobody-knows-me port:0
	qi 2 qemu-init wait web running stopped
	qi 2 qemu-init wait web
	qi 2 qemu-init wait -t soon web running
	qi 6 qemu-init wait nobody-knows-me running
	[[ ! -e $QEMU_INIT_RUN/web && ! -e $QEMU_INIT_RUN/nobody-knows-me ]] || fail "a directory was made"
}

@test "what holds already is success at once, in silence; what can never come is 1 at once" {
	button_vm web
	SECONDS=0
	qi 0 qemu-init wait web stopped
	qi 1 qemu-init wait web serial:R
	same "$stderr" "qemu-init: web: not running, so this cannot come: serial:R"
	qi 1 qemu-init wait web paused port:1 event:STOP
	same "$stderr" "qemu-init: web: not running, so this cannot come: paused; port:1; event:STOP"
	qi 1 qemu-init wait web stopped event:STOP
	qi 0 qemu-init start web
	qi 0 qemu-init wait web running serial:R
	same "$output$stderr" ""
	((SECONDS < 20)) || fail "took $SECONDS s"
}

@test "running waits for somebody to start it, even where no run place is there yet" {
	button_vm web
	rmdir "$QEMU_INIT_RUN"
	waits running serial:R
	wait_until 5 grep -q 'S (sleeping)' "/proc/$pid/status"
	qi 0 qemu-init start web
	ended "$pid" 0
	words_are ""
}

@test "at the limit: 124 and a line with what did not come, and how far it is" {
	button_vm web
	qi 124 qemu-init wait -t 0.2 web running
	same "$stderr" "qemu-init: web: not in time: running (it is stopped)"
	qi 0 qemu-init start web
	qi 124 qemu-init wait -t 0.5 web serial:R "serial:no such words" paused
	same "$stderr" "qemu-init: web: not in time: serial:no such words; paused (it is running)"
	qi 0 qemu-init pause web
	qi 124 qemu-init wait -t 0.2 web running
	like "$stderr" "qemu-init: web: not in time: running (it is paused*)"
}

@test "pause, resume and stop end waits within a moment, without polling" {
	button_vm web
	qi 0 qemu-init start web
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=poll,ppoll -o "$scratch/trace" "$bin/qinit" qemu-init wait -t 30 web paused event:STOP &
	pid=$!
	pids+=("$pid")
	wait_until 10 grep -q poll "$scratch/trace"
	sleep 1 # so long it must not wake
	(($(grep -c poll "$scratch/trace") < 12)) || fail "$(cat "$scratch/trace")"
	qi 0 qemu-init pause web
	ended "$pid" 0
	waits running
	qi 0 qemu-init resume web
	ended "$pid" 0
	waits stopped
	qi 0 qemu-init stop web
	ended "$pid" 0
	waits stopped
	ended "$pid" 0
}

@test "serial: the guest's last words before its end count, words that never came are 1 at the end" {
	button_vm web
	local last none
	qi 0 qemu-init start web
	qi 0 qemu-init wait web serial:R
	waits serial:B stopped
	last=$pid
	waits serial:B serial:no
	none=$pid
	wait_until 10 is_watching "$last"
	wait_until 10 is_watching "$none"
	qi 0 qemu-init stop web
	ended "$last" 0
	ended "$none" 1
	words_are "qemu-init: web: ended, and this did not come: serial:no"
}

@test "serial: looks at this run from its beginning, not at the one before; over chunks and the log's turn" {
	button_vm web
	qi 0 qemu-init start web
	qi 0 qemu-init wait web serial:R
	tell web "of the first run"
	qi 0 qemu-init wait web "serial:of the first run"
	qi 0 qemu-init stop -f web
	waits running "serial:of the first run"
	qi 0 qemu-init start web
	qi 124 qemu-init wait -t 0.5 web "serial:of the first run"
	# the log is full and turns, the words stand across both files
	local log=$QEMU_INIT_RUN/web/serial.log
	head -c 1048000 /dev/zero | tr '\0' x >>"$log"
	printf 'first, of the fi' >>"$log"
	mv "$log" "$log.1"
	printf 'rst run' >"$log"
	ended "$pid" 0
	qi 0 qemu-init wait -t 5 web "serial:xxfirst, of the first run"
}

@test "a guest without a serial line is told at once" {
	no_guest web
	qi 0 qemu-init start web
	qi 1 qemu-init wait web serial:x
	same "$stderr" "qemu-init: web: it has no serial line (SERIAL=no): serial:x"
}

@test "event: from now on; without a keeper 1 and the remedy; other conditions need none" {
	button_vm web
	qi 0 qemu-init start web
	qi 0 qemu-init wait web serial:R
	waits event:RESET
	wait_until 10 is_watching "$pid"
	until gone "$pid"; do
		qi 0 qemu-init reset web
	done
	ended "$pid" 0
	waits event:STOP
	wait_until 10 is_watching "$pid"
	kill_keeper web
	ended "$pid" 1
	words_are 'qemu-init: web: it has no keeper to tell of events (`qemu-init start` gives it one): event:STOP'
	qi 1 qemu-init wait web event:STOP
	qi 0 qemu-init wait web running serial:R
	state_of web
	same "$VM_KEEPER" "" # it only reads
	waits paused
	qi 0 qemu-init pause web
	ended "$pid" 0
	kill_keeper web
	waits stopped
	kill_qemu web
	ended "$pid" 0
	qi 0 qemu-init stop web
}

@test "event:SHUTDOWN is not missed though the VM ends with it" {
	button_vm web
	local all=() one
	qi 0 qemu-init start web
	qi 0 qemu-init wait web serial:R
	for one in 1 2 3 4 5 6; do
		waits event:SHUTDOWN stopped
		all+=("$pid")
	done
	for one in "${all[@]}"; do
		wait_until 10 is_watching "$one"
	done
	qi 0 qemu-init stop web
	for one in "${all[@]}"; do
		ended "$one" 0
	done
}

@test "port: a first byte or TEXT counts, a connection alone does not, and at the limit it says so" {
	local open=$((port + 900))
	no_guest web
	qi 0 qemu-init start web
	qi 124 qemu-init wait -t 0.3 web port:$open
	same "$stderr" "qemu-init: web: not in time: port $open: nobody took a connection"
	background socat "TCP-LISTEN:$open,bind=127.0.0.1,reuseaddr,fork" "EXEC:sleep 300"
	wait_until 5 nc -z 127.0.0.1 $open
	qi 124 qemu-init wait -t 0.5 web running port:127.0.0.1:$open
	same "$stderr" "qemu-init: web: not in time: port 127.0.0.1:$open: connected, but not a byte came (a protocol in which the guest is silent cannot be waited for)"
	kill "$pid"
	wait_until 5 gone "$pid"
	waits "port:$open=SSH-2" port:$open
	background socat "TCP-LISTEN:$open,bind=127.0.0.1,reuseaddr,fork" "SYSTEM:echo hello; printf S; sleep 0.2; echo SH-2.0"
	ended "${pids[-2]}" 0
	qi 124 qemu-init wait -t 0.5 web port:$open=nonsense
	same "$stderr" "qemu-init: web: not in time: port $open: connected, but other words came than nonsense"
}

@test "port: behind user networking it holds when the guest itself speaks, not before" {
	local open=$((port + 901))
	linux_vm web NIC1=user,hostfwd=tcp::$open-:22
	waits running port:$open=hello
	local hello=$pid
	qi 0 qemu-init start web
	qi 0 qemu-init wait -t 60 web "serial:guest: ready"
	qi 124 qemu-init wait -t 1.5 web port:$open
	like "$stderr" "*port $open: connected, but not a byte came*"
	gone "$hello" && fail "too early"
	tell web 'while :; do echo hello | nc -l -p 22; done &'
	ended "$hello" 0
	words_are ""
}

@test "VM ended while a port is waited for: 1" {
	no_guest web
	qi 0 qemu-init start web
	waits port:$((port + 902)) running
	wait_until 10 is_watching "$pid"
	qi 0 qemu-init kill web
	ended "$pid" 1
	words_are "qemu-init: web: ended, and this did not come: port:$((port + 902))"
}

@test "a silent QEMU or keeper does not hold up the limit, and is waited out" {
	no_guest web
	qi 0 qemu-init start web
	state_of web
	kill -STOP "$VM_PID"
	SECONDS=0
	qi 124 qemu-init wait -t 0.3 web running
	like "$stderr" "qemu-init: web: not in time: running (it is hung*)"
	((SECONDS < 3)) || fail "took $SECONDS s"
	waits running
	kill -CONT "$VM_PID"
	ended "$pid" 0
	kill -STOP "$VM_KEEPER"
	qi 0 qemu-init wait -t 5 web running
	waits paused
	qi 0 qemu-cmd web stop
	ended "$pid" 0
	kill -CONT "$VM_KEEPER"
}

@test "files that vanish under a live VM are not taken for its end" {
	button_vm web
	qi 0 qemu-init start web
	qi 0 qemu-init wait web serial:R
	waits stopped
	local end=$pid
	waits "serial:written later"
	local later=$pid
	wait_until 10 is_watching "$end"
	wait_until 10 is_watching "$later"
	mv "$QEMU_INIT_RUN/web" "$scratch/gone"
	rm -r "$scratch/gone"
	wait_until 10 test -S "$QEMU_INIT_RUN/web/console.sock"
	tell web "written later"
	ended "$later" 0
	gone "$end" && fail "said to have stopped"
	qi 0 qemu-init stop -f web
	ended "$end" 0
}

@test "eighty wait at once, of all kinds, and verbs have their turn" {
	button_vm web
	local all=() i
	qi 0 qemu-init start web
	qi 0 qemu-init wait web serial:R
	for ((i = 0; i < 40; i++)); do
		waits stopped
		all+=("$pid")
		waits serial:B
		all+=("$pid")
	done
	for pid in "${all[@]}"; do
		wait_until 20 grep -q 'S (sleeping)' "/proc/$pid/status"
	done
	qi 0 qemu-init status web
	like "$output" "*running*"
	qi 0 qemu-init stop web
	for pid in "${all[@]}"; do
		ended "$pid" 0
	done
}

@test "a restart by policy is no end: the next run counts" {
	button_vm web RESTART=always RESTART_DELAY=1
	qi 0 qemu-init start web
	qi 0 qemu-init wait web serial:R
	waits "serial:of the second run" event:RESET
	wait_until 10 is_watching "$pid"
	kill_qemu web
	wait_until 20 is web running
	wait_until 20 grep -q R "$QEMU_INIT_RUN/web/serial.log"
	tell web "of the second run"
	qi 0 qemu-init wait web "serial:of the second run"
	until gone "$pid"; do
		qi 0 qemu-init reset web
	done
	ended "$pid" 0
}
