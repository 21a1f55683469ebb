#!/usr/bin/env bats
# SPDX-License-Identifier: 0BSD
# A VM's life: start, the verbs, stop, run, console; keepers and QEMUs that are killed.
load helper
load vms

@test "start returns at once inside \$( ), and ready means that QEMU answers" {
	local words
	no_guest web
	SECONDS=0
	# shellcheck disable=SC2034 # the point is that it returns
	words=$("$bin/qinit" qemu-init start web 2>&1)
	((SECONDS < 10)) || fail "took $SECONDS s"
	same "$words" ""
	now_is web running
	qi 0 qemu-cmd web info name
	same "$output" web
	state_of web
	[[ /proc/$VM_KEEPER/cwd -ef / && /proc/$VM_PID/cwd -ef / ]]
	same "$(ps -o ppid= -p "$VM_PID" | tr -d ' ')" "$VM_KEEPER"
}

@test "a second start says that it runs, and is success" {
	no_guest web
	qi 0 qemu-init start web
	state_of web
	local first=$VM_PID
	qi 0 qemu-init start web
	same "$stderr" "qemu-init: web: runs already"
	qi 0 qemu-init start "$(rc_of web)"
	state_of web
	same "$VM_PID" "$first"
}

@test "starts at the same moment make one QEMU, and all succeed" {
	local i starts=()
	no_guest web PRECMD="echo x >>$scratch/starts"
	for i in 1 2 3 4; do
		background "$bin/qinit" qemu-init start web
		starts+=("$pid")
	done
	for i in "${starts[@]}"; do
		ended "$i" 0
	done
	same "$(cat "$scratch/starts")" x
	same "$(pgrep -fc "qemu-system.*-name web .*$port" || true)" 0 # no port in QEMU's words
	now_is web running
}

@test "a running VM of that name from another file is refused, both paths named" {
	no_guest web
	mkdir "$scratch/other"
	printf '%s\n' MACHINE=none SERIAL=no >"$scratch/other/web-qemu.rc"
	qi 0 qemu-init start web
	qi 1 qemu-init start "$scratch/other/web-qemu.rc"
	same "$stderr" "qemu-init: web: runs already from $(rc_of web), not from $scratch/other/web-qemu.rc"
	kill_keeper web
	qi 1 qemu-init start "$scratch/other/web-qemu.rc"
	same "$stderr" "qemu-init: web: runs already from $(rc_of web), not from $scratch/other/web-qemu.rc"
	now_is web running
}

@test "a VM starts by its file, by its folder, and by settings alone; settings stand above the file" {
	mkdir "$scratch/free"
	printf '%s\n' MACHINE=none SERIAL=no RAM=20M >"$scratch/free/free-qemu.rc"
	qi 0 qemu-init start "$scratch/free/free-qemu.rc"
	now_is free running
	tr '\0' ' ' <"/proc/$VM_PID/cmdline" | grep -q -- ' -m 20M'
	qi 0 qemu-init stop -f free
	cd "$scratch"
	qi 0 qemu-init start ./free RAM=24M
	now_is free running
	same "$VM_RC" "$scratch/free/free-qemu.rc"
	tr '\0' ' ' <"/proc/$VM_PID/cmdline" | grep -q -- ' -m 24M'
	qi 0 qemu-init start NAME=bare MACHINE=none SERIAL=no
	now_is bare running
	qi 0 qemu-init status bare free
	qi 0 qemu-init stop -f bare free
}

@test "start of several works in order, and one that fails does not keep the others from their turn" {
	no_guest a PRECMD="echo a >>$scratch/order"
	no_guest b PRECMD="echo b >>$scratch/order; exit 3"
	no_guest c PRECMD="echo c >>$scratch/order"
	qi 1 qemu-init start a b c
	same "$(paste -sd ' ' "$scratch/order")" "a b c"
	now_is a running
	now_is b stopped
	now_is c running
	qi 0 qemu-init start -a || true
	same "$(paste -sd ' ' "$scratch/order")" "a b c b"
}

@test "all of a line is checked before anything is started" {
	no_guest a
	no_guest b NONSENSE=1
	qi 6 qemu-init start a b
	now_is a stopped
	qi 6 qemu-init start a nobody-knows-me
	now_is a stopped
	[[ ! -e $QEMU_INIT_RUN/a ]] || fail "a run directory was made"
}

@test "a VM that QEMU refuses: exit 1, QEMU's own words, nothing left" {
	button_vm web "ARG1=-device nonsense"
	qi 1 qemu-init start web
	like "$stderr" "*qemu-init: web: *'nonsense' is not a valid device model name*"
	like "$stderr" "*qemu-init: web: QEMU ended before it was ready (exit status 1)*"
	only_records web
	qi 3 qemu-init status web
	same "$(alive)" ""
	state_of web
	same "$VM_EXIT" start-failed
}

@test "a disk that is not there: exit 1, the file and the rc-file's line, nothing left" {
	no_guest web MACHINE=pc DISK1=missing.img
	sed -i '/MACHINE=none/d' "$(rc_of web)"
	qi 1 qemu-init start web
	like "$stderr" "qemu-init: web: $(rc_of web):4: DISK1: *$QEMU_INIT_DAT/web/missing.img: no such file*"
	only_records web
	same "$(alive)" ""
}

@test "a kernel that is not there: the same" {
	vm web KERNEL=missing
	qi 1 qemu-init start web
	like "$stderr" "qemu-init: web: $(rc_of web):2: KERNEL: $QEMU_INIT_DAT/web/missing: no such file*"
	: >"$QEMU_INIT_DAT/web/missing"
	qi 1 qemu-init start web
	like "$stderr" "qemu-init: web: $(rc_of web):2: KERNEL: $QEMU_INIT_DAT/web/missing: an empty file"
	only_records web
}

@test "PRECMD's failure fails the start, POSTCMD's is a warning" {
	no_guest pre "PRECMD=echo how sad; exit 7"
	no_guest post "POSTCMD=exit 8"
	qi 1 qemu-init start pre
	like "$stderr" "*how sad*qemu-init: pre: $(rc_of pre):4: PRECMD: ended with status 7"
	only_records pre
	qi 0 qemu-init start post
	same "$stderr" "qemu-init: post: $(rc_of post):4: POSTCMD: ended with status 8"
	now_is post running
}

@test "hooks that hang end with the start's deadline, and with them all that they started" {
	no_guest web START_TIMEOUT=1 "PRECMD=sleep 300 & sleep 300"
	SECONDS=0
	qi 124 qemu-init start web
	same "$stderr" "qemu-init: web: not ready in time: it waited for PRECMD"
	((SECONDS < 10)) || fail "took $SECONDS s"
	only_records web
	wait_until 5 none_alive
	no_guest post START_TIMEOUT=2 "POSTCMD=sleep 300"
	qi 124 qemu-init start post
	same "$stderr" "qemu-init: post: not ready in time: it waited for POSTCMD"
	wait_until 5 none_alive
}

@test "hooks have the VM in VM_* variables, and no descriptor of ours" {
	no_guest web "PRECMD=env >$scratch/pre; exec >$scratch/prefd; ls -l /proc/\$\$/fd; true" \
		"POSTCMD=env >$scratch/post; exec >$scratch/postfd; ls -l /proc/\$\$/fd; true"
	qi 0 qemu-init start web
	state_of web
	same "$(grep '^VM_' "$scratch/post" | sort | paste -sd ' ')" \
		"VM_CTLPORT=$VM_CTLPORT VM_DIR=$QEMU_INIT_DAT/web VM_MONPORT=$VM_MONPORT VM_NAME=web VM_RC=$(rc_of web) VM_RUN=$QEMU_INIT_RUN/web VM_STATE=running"
	grep -qx VM_STATE=starting "$scratch/pre"
	grep -qx VM_NAME=web "$scratch/pre"
	local file
	for file in prefd postfd; do
		same "$(sed -n 's/.* \([0-9]*\) -> .*/\1/p' "$scratch/$file" | sort -n | paste -sd ' ')" "0 1 2"
	done
}

@test "BOOTDELAY is not for a start by hand" {
	no_guest web BOOTDELAY=300
	SECONDS=0
	qi 0 qemu-init start web
	((SECONDS < 20)) || fail "took $SECONDS s"
}

@test "restart with a broken rc-file is 6, and the guest runs on" {
	no_guest web
	qi 0 qemu-init start web
	state_of web
	local first=$VM_PID
	echo NONSENSE=1 >>"$(rc_of web)"
	qi 6 qemu-init restart web
	like "$stderr" "qemu-init: web: $(rc_of web):4: NONSENSE: *"
	state_of web
	same "$VM_STATE $VM_PID" "running $first"
}

@test "restart makes a new QEMU from the same file, with the settings of the start" {
	mkdir "$scratch/free"
	printf '%s\n' MACHINE=none SERIAL=no RAM=20M >"$scratch/free/free-qemu.rc"
	qi 0 qemu-init start "$scratch/free" RAM=24M "DESC=two words, it's"
	state_of free
	local first=$VM_PID
	qi 0 qemu-init restart -t 2 free
	now_is free running
	[[ $VM_PID != "$first" ]] || fail "the same QEMU"
	tr '\0' ' ' <"/proc/$VM_PID/cmdline" | grep -q -- ' -m 24M'
	same "$VM_RC" "$scratch/free/free-qemu.rc"
	qi 0 qemu-init stop -f free
}

@test "restart of a stopped VM starts it" {
	no_guest web
	qi 0 qemu-init restart web
	now_is web running
}

@test "stop of what does not run is success, and so is kill" {
	no_guest web
	qi 0 qemu-init stop web
	qi 0 qemu-init stop -f web
	qi 0 qemu-init kill web
	[[ ! -e $QEMU_INIT_RUN/web ]] || fail "a run directory was made"
	qi 0 qemu-init stop -a
}

@test "stop presses the power button, waits for the guest, and says so with -v" {
	button_vm web
	qi 0 qemu-init start web
	says web R
	qi 0 qemu-init stop -v web
	same "$stderr" "qemu-init: web: powered off by the guest"
	says web B 0
	only_records web
	state_of web
	same "$VM_STATE $VM_EXIT" "stopped guest-shutdown"
	same "$(alive)" ""
}

@test "a real Linux: ten lines of rc-file, answers on its serial line, its last words are on serial.log" {
	linux_vm tux
	qi 0 qemu-init start tux
	says tux "guest: ready" 60
	# shellcheck disable=SC2016 # the guest's
	tell tux 'echo $((6 * 7)) lines'
	says tux "42 lines"
	says tux "guest: status 0"
	qi 0 qemu-init stop -v tux
	same "$stderr" "qemu-init: tux: powered off by the guest"
	like "$(tr -d '\r' <"$QEMU_INIT_RUN/tux/serial.log" | grep . | tail -n 2)" "guest: going down"$'\n'"*reboot: Power down"
	only_records tux
}

@test "a guest that ignores the button is ended by quit before the deadline" {
	no_guest web
	qi 0 qemu-init start web
	SECONDS=0
	qi 0 qemu-init stop -v -t 2 web
	same "$stderr" "qemu-init: web: the guest did not power off, forced: QMP quit"
	((SECONDS < 10)) || fail "took $SECONDS s"
	grep -q "how='host-quit' step='quit'" "$QEMU_INIT_RUN/web/exit"
	only_records web
}

@test "stop -f quits at once, kill kills at once" {
	no_guest web
	no_guest db
	qi 0 qemu-init start web db
	SECONDS=0
	qi 0 qemu-init stop -f web
	grep -q "how='host-quit' step='quit'" "$QEMU_INIT_RUN/web/exit"
	qi 0 qemu-init kill -v db
	same "$stderr" "qemu-init: db: forced: SIGKILL"
	grep -q "how='signal' step='kill' status='-9'" "$QEMU_INIT_RUN/db/exit"
	((SECONDS < 10)) || fail "took $SECONDS s"
	qi 3 qemu-init status db
	only_records web
	only_records db
}

@test "a QEMU that is stopped (SIGSTOP) is killed at the deadline" {
	no_guest web
	qi 0 qemu-init start web
	state_of web
	kill -STOP "$VM_PID"
	qi 4 qemu-init status web
	like "$output" "*web *hung*"
	SECONDS=0
	qi 0 qemu-init stop -t 2 web
	same "$stderr" "qemu-init: web: the guest did not power off, forced: SIGKILL"
	((SECONDS < 10)) || fail "took $SECONDS s"
	only_records web
}

@test "a keeper that is stopped (SIGSTOP) is passed by: status answers, stop ends both" {
	no_guest web
	qi 0 qemu-init start web
	state_of web
	kill -STOP "$VM_KEEPER"
	qi 0 qemu-init status web
	qi 0 qemu-init stop -t 1 web
	like "$stderr" "*qemu-init: web: its keeper does not answer and is replaced*"
	qi 3 qemu-init status web
	only_records web
}

@test "many stops at once join one attempt" {
	local i stops=()
	button_vm web
	qi 0 qemu-init start web
	says web R
	for i in 1 2 3 4; do
		background "$bin/qinit" qemu-init stop web
		stops+=("$pid")
	done
	for i in "${stops[@]}"; do
		ended "$i" 0
	done
	same "$(wc -l <"$QEMU_INIT_RUN/web/exit")" 1
	grep -q guest-shutdown "$QEMU_INIT_RUN/web/exit"
}

@test "a paused guest is un-paused for its stop" {
	button_vm web
	qi 0 qemu-init start web
	says web R
	qi 0 qemu-init pause web
	qi 0 qemu-init stop -v web
	same "$stderr" "qemu-init: web: powered off by the guest"
}

@test "SIGTERM to the keeper is a stop, and QEMU itself does not hear it" {
	button_vm web
	qi 0 qemu-init start web
	says web R
	state_of web
	kill -TERM "$VM_PID"
	kill -INT "$VM_PID"
	kill -HUP "$VM_PID"
	now_is web running
	kill -TERM "$VM_KEEPER"
	wait_until 20 is web stopped
	same "$VM_EXIT" guest-shutdown
	says web B 0
}

@test "pause, resume and reset" {
	button_vm web
	qi 0 qemu-init start web
	says web R
	qi 0 qemu-init pause web
	now_is web paused
	same "$VM_REASON" user
	qi 0 qemu-init status web
	qi 0 qemu-init resume web
	now_is web running
	qi 0 qemu-init reset web
	boots() {
		(($(grep -ac R "$QEMU_INIT_RUN/web/serial.log") == 2))
	}
	wait_until 20 boots
	qi 0 qemu-init stop web
	qi 7 qemu-init pause web
	same "$stderr" "qemu-init: web: not running"
	qi 7 qemu-init resume web
	qi 7 qemu-init reset web
	qi 7 qemu-init console web
}

@test "kill -9 of the keeper: the port is gone, the guest runs on, start adopts it on the same port" {
	button_vm web
	qi 0 qemu-init start web
	says web R
	state_of web
	local port=$VM_MONPORT ctl=$VM_CTLPORT qemu=$VM_PID
	kill_keeper web
	now_is web running
	same "$VM_PID/$VM_KEEPER/$VM_MONPORT/$VM_CTLPORT/$VM_CONSOLE" "$qemu////"
	qi 0 qemu-init status web
	like "${lines[1]}" "web * running * $qemu * - * - * -*"
	qi 1 qemu-cmd -p "$port" info name
	qi 0 qemu-cmd web info name
	qi 0 qemu-init start web
	same "$stderr" "qemu-init: web: runs already; its keeper was lost and is there again"
	state_of web
	same "$VM_PID/$VM_MONPORT/$VM_CTLPORT" "$qemu/$port/$ctl"
	[[ -n $VM_KEEPER ]] || fail "no keeper"
	qi 0 qemu-cmd -p "$port" info name
	same "$output" web
	qi 0 qemu-cmd -p "$ctl" info name
	tell web hello
	says web hello
	qi 0 qemu-init stop -v web
	same "$stderr" "qemu-init: web: powered off by the guest"
	only_records web
}

@test "an adopted VM whose port was taken meanwhile shows - and says so once" {
	requires socat
	no_guest web
	qi 0 qemu-init start web
	state_of web
	local port=$VM_MONPORT
	kill_keeper web
	background socat "TCP-LISTEN:$port,bind=127.0.0.1,reuseaddr,fork" OPEN:/dev/null
	wait_until 5 listens "$port"
	qi 0 qemu-init start web
	like "$stderr" "*qemu-init: web: port $port is taken by somebody else: no TCP any more*"
	state_of web
	same "$VM_STATE/$VM_MONPORT/$VM_CTLPORT" "running//"
	qi 0 qemu-init start web
	same "$stderr" "qemu-init: web: runs already"
}

listens() {
	ss -Hltn "sport = :$1" | grep -q .
}

@test "every verb works on a VM whose keeper was killed" {
	button_vm web
	qi 0 qemu-init start web
	says web R
	local verb
	for verb in pause resume reset; do
		kill_keeper web
		qi 0 qemu-init "$verb" web
	done
	kill_keeper web
	qi 0 qemu-init restart -f web
	says web R
	kill_keeper web
	qi 0 qemu-init stop -v web
	like "$stderr" "*powered off by the guest"
	qi 0 qemu-init start web
	kill_keeper web
	qi 0 qemu-init kill web
	only_records web
}

@test "kill -9 of QEMU: crashed, status 1; the next start clears it" {
	no_guest web
	qi 0 qemu-init start web
	kill_qemu web
	wait_until 5 is web crashed
	qi 1 qemu-init status web
	same "$VM_EXIT" signal
	only_records web
	qi 0 qemu-init start web
	now_is web running
	kill_qemu web
	wait_until 5 is web crashed
	qi 0 qemu-init stop web
	qi 3 qemu-init status web
}

@test "kill -9 of both: crashed; the next start clears it, and the left-over sockets" {
	no_guest web
	qi 0 qemu-init start web
	state_of web
	kill -KILL "$VM_KEEPER" "$VM_PID"
	wait_until 5 gone "$VM_PID"
	wait_until 5 is web crashed
	qi 1 qemu-init status web
	qi 0 qemu-init start web
	now_is web running
	qi 0 qemu-cmd web info name
	kill -KILL "$VM_KEEPER" "$VM_PID"
	wait_until 5 is web crashed
	qi 0 qemu-init stop web
	qi 3 qemu-init status web
	only_records web
}

@test "run stays: 0 when the guest powers off by itself or was asked to stop" {
	button_vm web
	background "$bin/qinit" qemu-init run web
	local run=$pid
	says web R
	qi 0 qemu-cmd web system_powerdown
	ended "$run" 0
	now_is web stopped
	background "$bin/qinit" qemu-init run web
	run=$pid
	wait_until 20 is web running
	says web R
	qi 0 qemu-init stop web
	ended "$run" 0
	only_records web
}

@test "run: 1 when QEMU was killed, 124 at its limit, 1 when it runs already with a keeper" {
	no_guest web
	background "$bin/qinit" qemu-init run web
	local run=$pid
	wait_until 20 is web running
	qi 1 qemu-init run web
	same "$stderr" "qemu-init: web: runs already, with a keeper"
	kill -KILL "$VM_PID"
	ended "$run" 1
	qi 124 qemu-init run -t 0.5 web STOPDELAY=1
	like "$stderr" "*qemu-init: web: the time is over*"
	only_records web
}

@test "SIGINT to run is a stop, a second one a forced stop" {
	button_vm web
	no_guest deaf
	background "$bin/qinit" qemu-init run web
	local run=$pid
	wait_until 20 says web R
	kill -INT "$run"
	ended "$run" 0
	grep -q guest-shutdown "$QEMU_INIT_RUN/web/exit"
	background "$bin/qinit" qemu-init run deaf
	run=$pid
	wait_until 20 is deaf running
	kill -INT "$run"
	wait_until 5 is deaf stopping
	kill -INT "$run"
	ended "$run" 0
	grep -q "step='quit'" "$QEMU_INIT_RUN/deaf/exit"
}

@test "run of an unwatched VM adopts it and stays" {
	button_vm web
	qi 0 qemu-init start web
	says web R
	kill_keeper web
	local qemu=$VM_PID
	background "$bin/qinit" qemu-init run web
	local run=$pid
	watched() {
		state_of web
		[[ $VM_KEEPER == "$run" ]]
	}
	wait_until 10 watched
	same "$VM_PID" "$qemu"
	qi 0 qemu-init stop web
	ended "$run" 0
}

@test "DAEMON=no: start behaves as run" {
	button_vm web DAEMON=no
	background "$bin/qinit" qemu-init start web
	local run=$pid
	says web R
	qi 0 qemu-init stop web
	ended "$run" 0
}

# attached COMMAND...: in the background, stdin is what is written to descriptor 7, stdout is $scratch/out
attached() {
	mkfifo "$scratch/keys"
	exec 7<>"$scratch/keys"
	"$@" <"$scratch/keys" >"$scratch/out" 7>&- &
	pid=$!
	pids+=("$pid")
}

teardown() {
	exec 7>&-
	cd "$top"
	finish
}

@test "run -c joins the serial console to stdin and stdout" {
	button_vm web
	attached "$bin/qinit" qemu-init run -c web
	local run=$pid
	wait_until 20 grep -q R "$scratch/out"
	printf 'hello' >&7
	wait_until 10 grep -q hello "$scratch/out"
	qi 0 qemu-init stop web
	ended "$run" 0
	same "$(tail -n 1 "$scratch/out" | tr -d '\r')" helloB
}

@test "run -c in a terminal: Ctrl-] is a stop" {
	requires script
	button_vm web
	attached script -qec "$bin/qinit qemu-init run -c web" "$scratch/typescript"
	local run=$pid
	wait_until 20 grep -q R "$scratch/out"
	printf '\035' >&7
	ended "$run" 0
	grep -q guest-shutdown "$QEMU_INIT_RUN/web/exit"
}

@test "console in a terminal: what is typed goes to the guest, Ctrl-] leaves, the guest runs on" {
	requires script
	button_vm web
	qi 0 qemu-init start web
	says web R
	attached script -qec "$bin/qinit qemu-init console web" "$scratch/typescript"
	local run=$pid
	wait_until 10 grep -q leaves "$scratch/out"
	printf 'hello' >&7
	wait_until 10 grep -q hello "$scratch/out"
	printf '\035' >&7
	ended "$run" 0
	now_is web running
	no_guest mute
	qi 0 qemu-init start mute
	qi 1 qemu-init console mute
	same "$stderr" "qemu-init: mute: has no serial console (SERIAL=no)"
}

@test "list prints names, -r those that run; status knows registered ones and others that run" {
	no_guest web
	no_guest db
	qi 0 qemu-init list
	same "$output" $'web\ndb'
	qi 0 qemu-init list -r
	same "$output" ""
	qi 0 qemu-init start db NAME=db
	qi 0 qemu-init start NAME=extra MACHINE=none SERIAL=no
	qi 0 qemu-init list -r
	same "$output" $'db\nextra'
	qi 0 qemu-init list
	same "$output" $'web\ndb'
	qi 0 qemu-init status
	like "${lines[0]}" "NAME *STATE *PID *KEEPER *UPTIME *MONPORT *CTLPORT *REASON"
	like "${lines[1]}" "web *stopped *- *-*"
	like "${lines[2]}" "db *running *"
	like "${lines[3]}" "extra *running *"
	qi 3 qemu-init status db web
	qi 0 qemu-init status db
	qi 0 qemu-init status -v
	like "${lines[0]}" "NAME *REASON *RESTARTS *EXIT *RC *DIR *HMP *QMP *VNC *CONSOLE *UID *CAGE *AUTOSTART"
}

@test "status -j is one JSON array with the same columns, -s evals to the same values" {
	requires jq
	no_guest web
	no_guest off
	qi 0 qemu-init start web
	qi 0 qemu-init status -j
	same "$(jq -r 'map(.name + " " + .state) | join(",")' <<<"$output")" "web running,off stopped"
	same "$(jq -r '.[0] | keys_unsorted | join(" ")' <<<"$output")" \
		"name state pid keeper uptime monport ctlport reason restarts exit rc dir hmp qmp vnc console uid cage autostart"
	state_of web
	same "$(jq -r '.[0] | "\(.pid) \(.monport) \(.rc) \(.console)"' <<<"$output")" "$VM_PID $VM_MONPORT $VM_RC null"
	same "$(jq '.[1].pid' <<<"$output")" null
}

@test "status survives names of folders that would hurt a shell, a table and JSON" {
	requires jq
	local nasty=$scratch/$'a \'b"$(touch hurt)\\;\t`touch hurt`'
	cd "$scratch"
	mkdir "$nasty"
	printf '%s\n' MACHINE=none SERIAL=no >"$nasty/web-qemu.rc"
	qi 0 qemu-init start "$nasty"
	state_of web
	same "$VM_DIR" "$nasty"
	same "$VM_RC" "$nasty/web-qemu.rc"
	[[ ! -e hurt ]] || fail "it was executed"
	qi 0 qemu-init status -j web
	same "$(jq -r '.[0].dir' <<<"$output")" "$nasty"
	qi 0 qemu-init status -v web
	same "${#lines[@]}" 2
	qi 0 qemu-init stop -f web
}

@test "a path with a line break is refused" {
	mkdir "$scratch"/$'a\nb'
	echo MACHINE=none >"$scratch"/$'a\nb/web-qemu.rc'
	qi 6 qemu-init start "$scratch"/$'a\nb'
	same "$stderr" "qemu-init: $scratch/a?b: a path with a line break"
}

@test "foreign files and directories in the run place are no VMs, and stay" {
	no_guest web
	cd "$QEMU_INIT_RUN"
	touch uids
	mkdir other theirs
	touch theirs/lock
	chown 4711 theirs
	ln -s nowhere link
	qi 0 qemu-init status
	same "${#lines[@]}/$stderr" 2/
	qi 0 qemu-init list -r
	same "$output$stderr" ""
	qi 0 qemu-init stop -a
	same "$(echo *)" "link other theirs uids"
}

@test "an unregistered VM that ended well leaves nothing" {
	qi 0 qemu-init start NAME=bare MACHINE=none SERIAL=no
	[[ -d $QEMU_INIT_RUN/bare ]]
	qi 0 qemu-init stop -f bare
	[[ ! -e $QEMU_INIT_RUN/bare ]] || fail "left: $(ls "$QEMU_INIT_RUN/bare")"
	qi 6 qemu-init status bare
}

@test "a name that nobody knows is 6 for every verb" {
	local verb
	for verb in start stop restart status showcmd run kill reset pause resume console; do
		qi 6 qemu-init "$verb" web
		like "$stderr" "qemu-init: web: no such VM*"
	done
	qi 6 qemu-cmd web info name
	qi 6 qemu-mon web
}

@test "the run place's own names are no VM's: whoever would start one is told why" {
	local words
	vm uids MACHINE=none
	for words in "start uids" "start NAME=uids" "run NAME=uids" "start $QEMU_INIT_DAT/uids" "status uids" "stop uids"; do
		# shellcheck disable=SC2086 # words
		qi 6 qemu-init $words
		same "$stderr" "qemu-init: uids: not a VM's name: /run/qemu/uids is the lock for QEMU's uids"
	done
	[[ ! -e $QEMU_INIT_RUN/uids ]]
}

to_full() {
	"$@" >/dev/full
}

# what a reader has had enough of is not lost: the one who could read this pipe is gone before anything is written
to_nobody() {
	"$@" >&"$nobody"
}

@test "output that is lost is a failure that says so, whatever verb it is of" {
	local words long reader nobody
	printf -v long '%2000s' x
	no_guest web "DESC=${long// /y}"
	no_guest db
	qi 0 qemu-init start web
	as=to_full
	for words in "qinit --list" "qemu-init -h" "qemu-init status" "qemu-init status -j" "qemu-init list" "qemu-init showcmd web" \
		"qemud status -h" "qemu-adm list" "qemu-adm check -j web" "qemu-adm export web" "qemu-adm get web DESC" "qemu-adm get web" \
		"qemu-cmd web info name" "qemu-adm create new" "qemu-adm clone db two"; do
		# shellcheck disable=SC2086 # words
		qi 1 ${words#qinit }
		same "$stderr" "qinit: stdout: not all of the output could be written; the rest is done"
	done
	qi 3 qemu-init status db
	same "$stderr" "qinit: stdout: not all of the output could be written"
	as=
	qi 0 qemu-init start new two
	mkfifo "$scratch/pipe"
	exec {reader}<>"$scratch/pipe" {nobody}>"$scratch/pipe" {reader}<&-
	as=to_nobody
	qi 1 qemu-adm get web DESC
	same "$stderr" ""
	exec {nobody}>&-
}

@test "an acting verb without a name is 2, -a means all" {
	local verb
	no_guest web
	no_guest db
	for verb in start stop restart kill reset pause resume run console showcmd; do
		qi 2 qemu-init "$verb"
	done
	qi 0 qemu-init start -a
	now_is web running
	now_is db running
	qi 0 qemu-init stop -f -a
	now_is web stopped
	now_is db stopped
}

@test "no QEMU in PATH is 5" {
	no_guest web
	run --separate-stderr env PATH=/nowhere "$bin/qinit" qemu-init start web
	same "$status $stderr" "5 qemu-init: web: qemu-system-$(uname -m): not found in PATH: install it, or set TGTARCH"
	qi 6 qemu-init start web TGTARCH=sparc128
	qi 5 qemu-init start web TGTARCH=qemu-system-sparc128
	same "$stderr" "qemu-init: web: qemu-system-sparc128: not found in PATH: install it, or set TGTARCH"
}

@test "root's VM is 4 to another user" {
	# in a /run of its own: its name must be the real one
	no_guest web
	chmod 755 "$scratch" "$QEMU_INIT_ETC"
	cat >"$scratch/script" <<END
unset QEMU_INIT_RUN
mount -t tmpfs tmpfs /run
$bin/qinit qemu-init start web || exit 10
setpriv --reuid=65534 --regid=65534 --clear-groups env -u QEMU_INIT_ETC HOME=/nonexistent $bin/qinit qemu-init stop web
echo "stop: \$?"
setpriv --reuid=65534 --regid=65534 --clear-groups env -u QEMU_INIT_ETC HOME=/nonexistent $bin/qinit qemu-init status web
echo "status: \$?"
$bin/qinit qemu-init status web >/dev/null || echo "it was stopped"
$bin/qinit qemu-init kill web
END
	run --separate-stderr unshare -m sh "$scratch/script"
	same "$output" "stop: 4"$'\n'"status: 4"
	like "$stderr" "*qemu-init: web: a VM of root*"
}
