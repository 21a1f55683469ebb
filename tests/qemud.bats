# SPDX-License-Identifier: 0BSD
# qemud: which VMs, in which order, how many at once, and how long it may take.
load helper
load vms

# autostart NAME...
autostart() {
	printf '%s\n' "$@" >"$QEMU_INIT_ETC/autostart"
}

# said WORDS: who it was said of, in the order of the lines
said() {
	sed -n "s/^qemud: \([^:]*\): $1.*/\1/p" <<<"$stderr" | tr '\n' ' '
}

# deaf NAME [KEY=VALUE...]: has no power button
deaf() {
	no_guest "$@"
}

seconds() {
	local begun=${EPOCHREALTIME/./}
	"$@"
	took=$((${EPOCHREALTIME/./} - begun))
}

@test "without autostart qemud does nothing, in silence" {
	no_guest a
	local verb
	for verb in start stop restart; do
		qi 0 qemud $verb
		same "$output$stderr" ""
	done
	now_is a stopped
	: >"$QEMU_INIT_ETC/autostart"
	qi 0 qemud start
	same "$output$stderr" ""
}

@test "start takes the registered of autostart, by the registry's lines; status tells whether all run" {
	no_guest a
	no_guest b
	no_guest c
	no_guest d
	autostart nobody d a c
	qi 3 qemud status
	like "$output" "NAME *AUTOSTART"$'\n'"a  *yes"$'\n'"b  *no"$'\n'"c  *yes"$'\n'"d  *yes"
	qi 0 qemud start -J 1
	same "$(said started)" "a c d "
	now_is b stopped
	qi 0 qemud status
	qi 0 qemud status -j
	like "$output" '*"name": "b"*"autostart": "no"*'
	kill_qemu c
	wait_until 5 is c crashed
	qi 3 qemud status
	qi 0 qemu-init status
	like "$output" "NAME *REASON"$'\n'*
	qi 0 qemud start
	same "$(said started)" "c "
}

@test "AFTER stands above ORDER, ORDER above the registry" {
	no_guest a AFTER1=d
	no_guest b ORDER=60
	no_guest c
	no_guest d ORDER=70
	no_guest e ORDER=1
	autostart a b c d e
	qi 0 qemud start -J 1
	same "$(said started)" "e c b d a "
}

@test "AFTER waits for its condition, at most its time" {
	button_vm db
	no_guest web AFTER1=db:serial:R "PRECMD=grep -q R $QEMU_INIT_RUN/db/serial.log"
	no_guest late AFTER1=db,time=1:serial:never AFTER2=db
	no_guest alone AFTER1=nobody AFTER2=off
	no_guest off
	autostart web late alone db
	qi 0 qemud start
	like "$(said started)" "*web*late *"
	like "$stderr" *"qemud: late: started all the same: $(rc_of late):4: AFTER1: not in time: serial:never"*
	like "$stderr" *"qemud: alone: started all the same: $(rc_of alone):4: AFTER1: nobody does not run"*
	like "$stderr" *"qemud: alone: started all the same: $(rc_of alone):5: AFTER2: off does not run"*
	now_is web running
	now_is late running
}

@test "a VM that cannot start holds up nobody who comes after it" {
	no_guest db PRECMD=false
	no_guest web AFTER1=db
	vm bad "RAM=much"
	no_guest last AFTER1=bad:serial:x
	autostart db web bad last
	qi 1 qemud start
	like "$stderr" *"qemud: bad: $(rc_of bad):2: RAM: much: want a size"*
	now_is web running
	now_is last running
	now_is db stopped
	qi 3 qemud status
}

@test "who waits in a ring is named, and all the same started" {
	no_guest a AFTER1=c
	no_guest b AFTER1=a
	no_guest c AFTER1=b
	autostart a b c
	qi 6 qemud start
	like "$stderr" *"qemud: c: AFTER: a ring: c, b, a, c"$'\n'*
	same "$(said started)" "c a b "
	qi 0 qemud stop -fv
	same "$(said stopping)" "b a c "
}

@test "at most -J N start at once" {
	local i
	for i in 1 2 3 4; do
		no_guest v$i "PRECMD=mkdir $scratch/busy" "POSTCMD=rmdir $scratch/busy"
	done
	autostart v1 v2 v3 v4
	qi 0 qemud start -J 1
	qi 0 qemud stop -f
	: >"$scratch/busy" # and that they would get in each other's way otherwise
	qi 1 qemud start -J 4
	qi 2 qemud start -J 0
	like "$stderr" "qemud: -J 0: not a number from 1 to 1000"
}

@test "BOOTDELAY puts off one VM alone" {
	no_guest slow BOOTDELAY=2
	no_guest next AFTER1=slow
	no_guest quick
	autostart slow next quick
	seconds qi 0 qemud start -J 1
	same "$(said started)" "quick slow next "
	((took >= 2000000)) || fail "$took us"
}

@test "twice, or beside a start by hand, is harmless" {
	local i first
	for i in 1 2 3 4 5; do
		no_guest v$i
	done
	autostart v1 v2 v3 v4 v5
	background "$bin/qinit" qemud start
	first=$pid
	background "$bin/qinit" qemu-init start v3
	qi 0 qemud start
	ended "$first" 0
	ended "$pid" 0
	for i in 1 2 3 4 5; do
		same "$(qemus_of v$i)" 1
	done
	state_of v3
	first=$VM_PID
	qi 0 qemud start -J 1
	same "$(said 'runs already')" "v1 v2 v3 v4 v5 "
	state_of v3
	same "$VM_PID" "$first"
	background "$bin/qinit" qemud stop -f
	qi 0 qemud stop -f
	ended "$pid" 0
	qi 0 qemud stop
	same "$stderr" ""
}

@test "a stop ends the start that is under way: nothing comes up behind its back" {
	no_guest a
	no_guest slow BOOTDELAY=3
	no_guest asks AFTER1=a,time=3:event:SHUTDOWN
	no_guest hooked "PRECMD=touch $scratch/begun; exec sleep 60"
	autostart a slow asks hooked
	background "$bin/qinit" qemud start
	wait_until 20 is a running
	wait_until 20 test -e "$scratch/begun"
	qi 0 qemud stop -f
	like "$stderr" "qemud: a start that was under way is ended"*
	ended "$pid" 143
	wait_until 1 none_alive
	now_is a stopped
	now_is slow stopped
}

@test "stop ends all that run, the unregistered first, then the registry from its end" {
	no_guest a
	no_guest b
	no_guest c
	autostart b
	qi 0 qemu-init start a b c
	qi 0 qemu-init start NAME=z MACHINE=none SERIAL=no
	qi 0 qemud stop -f -v
	same "$(said stopping)" "z c b a "
	qi 0 qemu-init list -r
	same "$output" ""
}

@test "stop tells of each VM once how it ended, by the step that worked" {
	no_guest deaf
	no_guest stuck AFTER1=deaf
	button_vm good
	qi 0 qemu-init start deaf stuck good
	says good R
	state_of stuck
	kill -STOP "$VM_PID"
	qi 0 qemud stop -t 6
	same "$(sort <<<"$stderr")" "qemud: deaf: the guest did not power off, forced: QMP quit
qemud: good: powered off by the guest
qemud: stuck: the guest did not power off, forced: SIGKILL"
	qi 0 qemu-init start deaf stuck
	state_of stuck
	kill -STOP "$VM_KEEPER" "$VM_PID"
	qi 0 qemud stop -f -t 3
	same "$(said "forced: SIGKILL")" "stuck "
	same "$(said "forced: QMP quit")" "deaf "
	same "$(grep -c forced <<<"$stderr")" 2
}

@test "stop needs no list of autostart: a bad line of it is neither told nor a failure" {
	no_guest a
	autostart a "d # x"
	qi 0 qemu-init start a
	qi 0 qemud stop -f
	like "$stderr" "qemud: a: *forced*"
	same "${#stderr_lines[@]}" 1
	qi 0 qemud stop
	same "$stderr" ""
	qi 6 qemud status
	like "$stderr" "qemud: $QEMU_INIT_ETC/autostart:2: d: want nothing behind the name"
	qi 6 qemud start
	now_is a running
}

@test "stop ends a VM only when those that are AFTER it are down, and all others at once" {
	deaf web AFTER1=db STOPDELAY=3
	button_vm db
	button_vm other
	qi 0 qemu-init start web db other
	says db R
	says other R
	background "$bin/qinit" qemud stop
	wait_until 3 is other stopped
	now_is web stopping
	now_is db running
	ended "$pid" 0
	now_is db stopped
	grep -q "how='guest-shutdown'" "$QEMU_INIT_RUN/db/exit"
}

@test "stop: three that are deaf, beside each other and in a row, are down within -t" {
	deaf a
	deaf b
	deaf c
	button_vm d
	qi 0 qemu-init start a b c d
	says d R
	seconds qi 0 qemud stop -t 4
	((took < 4000000)) || fail "$took us"
	grep -q "how='guest-shutdown'" "$QEMU_INIT_RUN/d/exit"
	qi 0 qemu-init start d
	says d R
	printf 'AFTER1=%s\n' b >>"$(rc_of a)"
	printf 'AFTER1=%s\n' c >>"$(rc_of b)"
	printf 'AFTER1=%s\n' d >>"$(rc_of c)"
	qi 0 qemu-init start a b c
	seconds qi 0 qemud stop -t 6
	((took < 6000000)) || fail "$took us"
	same "$(said "the guest did not power off, forced")" "a b c "
	same "$(tail -n 1 "$QEMU_INIT_RUN/d/exit" | grep -c guest-shutdown)" 1
}

@test "stop: keepers and QEMUs that are stopped themselves are down within -t, too" {
	deaf a
	deaf b AFTER1=a
	qi 0 qemu-init start a b
	state_of b
	kill -STOP "$VM_KEEPER" "$VM_PID"
	state_of a
	kill -STOP "$VM_KEEPER"
	seconds qi 0 qemud stop -t 20
	((took < 20000000)) || fail "$took us"
	qi 0 qemu-init list -r
	same "$output" ""
}

@test "stop: eight that have lost their keepers and are stopped themselves get new ones at the same time" {
	local name
	for name in a b c d e f g h; do
		no_guest $name
	done
	qi 0 qemu-init start a b c d e f g h
	for name in a b c d e f g h; do
		kill_keeper $name
		state_of $name
		kill -STOP "$VM_PID"
	done
	seconds qi 0 qemud stop -t 3
	((took < 3000000)) || fail "$took us"
	like "$stderr" "*: a: *forced: SIGKILL*"
	qi 0 qemu-init list -r
	same "$output" ""
}

@test "restart brings back what ran, with its settings, and nothing where a file is bad" {
	local old
	no_guest a
	no_guest b AFTER1=a
	no_guest c
	autostart c
	qi 0 qemu-init start a b
	qi 0 qemu-init start NAME=z MACHINE=none SERIAL=no RAM=17M
	state_of z
	old=$VM_PID
	echo RAM=much >>"$(rc_of b)"
	qi 6 qemud restart
	state_of z
	same "$VM_PID" "$old"
	sed -i '/much/d' "$(rc_of b)"
	qi 0 qemud restart -f -J 1
	same "$(said started)" "a b z "
	state_of z
	[[ $VM_PID != "$old" ]]
	tr '\0' ' ' <"/proc/$VM_PID/cmdline" | grep -q -- '-m [^ ]*17'
	now_is c stopped
}

@test "a restart does not forget that disks are to be thrown away" {
	local restart
	button_vm web
	qi 0 qemu-init start -x web
	for restart in "qemud restart" "qemu-init restart web"; do
		says web R
		# shellcheck disable=SC2086 # words
		qi 0 $restart
		grep -qx throw_away=1 "$QEMU_INIT_RUN/web/state"
		state_of web
		tr '\0' ' ' <"/proc/$VM_PID/cmdline" | grep -q '"driver":"qcow2"'
	done
}

@test "run tells its supervisor when the guest is ready, and that it stops" {
	requires socat
	button_vm web STOPDELAY=20
	socat -u UNIX-RECV:"$scratch/notify" CREATE:"$scratch/told" &
	pids+=($!)
	wait_until 5 test -S "$scratch/notify"
	mkfifo "$scratch/ready"
	exec 7<>"$scratch/ready"
	background env NOTIFY_SOCKET="$scratch/notify" QINIT_READY_FD=8 "$bin/qinit" qemu-init run web 8>&7 7>&-
	read -r -t 20 -u 7
	exec 7>&-
	now_is web running
	wait_until 5 grep -qx READY=1 "$scratch/told"
	says web R
	kill -TERM "$pid"
	ended "$pid" 0
	wait_until 5 grep -q '^EXTEND_TIMEOUT_USEC=30000000$' "$scratch/told"
	grep -q 'READY=1STOPPING=1\|^STOPPING=1$' "$scratch/told"
}
