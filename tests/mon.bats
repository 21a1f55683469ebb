#!/usr/bin/env bats
# SPDX-License-Identifier: 0BSD
# qemu-cmd and qemu-mon, on a QEMU that was started by hand with every kind of monitor, and by NAME.
load helper

setup() {
	begin
	requires qemu-system-x86_64 socat tmux script
	h=$scratch/h q=$scratch/q p=$port
}

# A QEMU by hand: a text monitor on $h and on TCP port $p, QMP on $q, pretty QMP on $scratch/pretty.
by_hand() {
	background qemu-system-x86_64 -M none -nodefaults -display none -S "$@" \
		-monitor "unix:$h,server,nowait" -qmp "unix:$q,server,nowait" -qmp-pretty "unix:$scratch/pretty,server,nowait" \
		-monitor "tcp:127.0.0.1:$p,server,nowait"
	qemu=$pid
	wait_until 10 answers
}

answers() {
	"$bin/qinit" qemu-cmd -p "$p" -t 5 info name >/dev/null 2>&1 && [[ -S $q ]]
}

qemu_gone() {
	! kill -0 "$qemu" 2>/dev/null
}

# each COMMAND...: once for each way to reach the same QEMU, the way in $way
each() {
	for way in "-u $h" "-u $q" "-u $scratch/pretty" "-p $p"; do
		"$@"
	done
}

mute() {
	background socat -u "UNIX-LISTEN:$scratch/mute,fork" OPEN:/dev/null
	wait_until 5 test -S "$scratch/mute"
}

# speaker TEXT: a socket that says it to everyone and hangs up
speaker() {
	printf '%b' "$1" >"$scratch/text"
	background socat -U "UNIX-LISTEN:$scratch/speaker,fork" "OPEN:$scratch/text,rdonly"
	wait_until 5 test -S "$scratch/speaker"
}

@test "one command, its reply byte for byte, over QMP and the text monitor alike" {
	by_hand -name right
	ask() {
		# shellcheck disable=SC2086 # two words
		qi 0 qemu-cmd $way info name
		same "$output" right
		# shellcheck disable=SC2086
		"$bin/qinit" qemu-cmd $way info status | od -c >"$scratch/od"
		same "$(head -n 1 "$scratch/od")" "0000000   V   M       s   t   a   t   u   s   :       p   a   u   s   e"
		! grep -q '\\r' "$scratch/od" || fail "a CR in the reply"
		# shellcheck disable=SC2086
		same "$("$bin/qinit" qemu-cmd $way help | md5sum)" "$("$bin/qinit" qemu-cmd -u "$q" help | md5sum)"
		# shellcheck disable=SC2086
		qi 0 qemu-cmd $way -- info name
		same "$output" right
	}
	each ask
}

@test "a wrong HMP command is an error with QEMU's words, nothing on stdout" {
	by_hand
	wrong() {
		# shellcheck disable=SC2086
		qi 1 qemu-cmd $way nonsense 1 2
		same "$stderr" "qemu-cmd: unknown command: 'nonsense'"
		same "$output" ""
		# shellcheck disable=SC2086
		qi 1 qemu-cmd $way netdev_del nope
		same "$stderr" "qemu-cmd: Error: Device 'nope' not found"
		# shellcheck disable=SC2086
		qi 1 qemu-cmd $way print 1+
		like "$stderr" "qemu-cmd: unexpected end of expression*"
	}
	each wrong
}

@test "-q sends QMP and prints the return value as one line" {
	by_hand
	qi 0 qemu-cmd -u "$q" -q query-status
	like "$output" '{"status": "prelaunch"*}'
	qi 0 qemu-cmd -u "$scratch/pretty" -q query-version
	same "${#lines[@]}" 1
	like "$output" '{"qemu": {"micro": *}*}'
	qi 0 qemu-cmd -u "$q" -q '{"execute": "query-name"}'
	same "$output" "{}"
	qi 0 qemu-cmd -u "$q" -q '{"execute": "query-kvm", "id": 1}'
	like "$output" '{*"present": *}'
	qi 0 qemu-cmd -u "$q" -q human-monitor-command '{"command-line": "info status"}'
	same "$output" '"VM status: paused (prelaunch)\r\n"'
	qi 1 qemu-cmd -u "$q" -q nonsense
	same "$stderr" "qemu-cmd: The command nonsense has not been found"
	qi 1 qemu-cmd -u "$h" -q query-status
	same "$stderr" "qemu-cmd: a text monitor, which takes no QMP"
}

@test "-q with what is no JSON is refused before anything is sent" {
	mute
	qi 2 qemu-cmd -u "$scratch/mute" -q '{"execute": }'
	same "$stderr" 'qemu-cmd: {"execute": }: not a JSON object'
	qi 2 qemu-cmd -u "$scratch/mute" -q stop '[]'
	qi 2 qemu-cmd -u "$scratch/mute" -q stop '{}' '{}'
	qi 2 qemu-cmd -u "$scratch/mute" -q '{}' '{}'
	qi 2 qemu-cmd -u "$scratch/mute" " "
	same "$stderr" "qemu-cmd: wants a COMMAND"
}

@test "quit is done when the connection ends, over each kind of monitor" {
	local kind
	for kind in h q p Q; do
		h=$scratch/$kind-h q=$scratch/$kind-q p=$((p + 1))
		by_hand
		case $kind in
		h) qi 0 qemu-cmd -u "$h" quit ;;
		q) qi 0 qemu-cmd -u "$q" quit ;;
		p) qi 0 qemu-cmd -p "$p" quit ;;
		Q) qi 0 qemu-cmd -u "$q" -q quit ;;
		esac
		[[ $output == "{}" ]] || same "$output" ""
		same "$stderr" ""
		wait_until 5 qemu_gone
	done
}

@test "a socket that says nothing, hangs up, or is no monitor: a line and its exit code, in time" {
	mute
	SECONDS=0
	qi 124 qemu-cmd -u "$scratch/mute" -t 0.3 info name
	same "$stderr" "qemu-cmd: no greeting within the time limit: perhaps another client is connected"
	qi 124 qemu-mon -u "$scratch/mute" -t 0.3 </dev/null
	((SECONDS < 5)) || fail "took $SECONDS s"
	qi 1 qemu-cmd -u "$scratch/nothing" info name
	same "$stderr" "qemu-cmd: connect to $scratch/nothing: no such file or directory"
	qi 1 qemu-cmd -p "$((port + 900))" info name
	same "$stderr" "qemu-cmd: connect to port $((port + 900)): connection refused"
	speaker 'SSH-2.0-OpenSSH\r\n'
	qi 1 qemu-cmd -u "$scratch/speaker" info name
	same "$stderr" "qemu-cmd: no monitor of QEMU's: it greets with \`SSH-2.0-OpenSSH\`"
}

@test "a keeper's refusal is exit 4, a busy one is asked again until the limit" {
	speaker 'qinit: denied: uid 7 is not the owner\n'
	qi 4 qemu-cmd -u "$scratch/speaker" info name
	same "$stderr" "qemu-cmd: denied: uid 7 is not the owner"
	qi 4 qemu-mon -u "$scratch/speaker" </dev/null
	printf 'qinit: busy: 8 callers wait\n' >"$scratch/text"
	qi 124 qemu-cmd -u "$scratch/speaker" -t 0.5 info name
	same "$stderr" "qemu-cmd: other callers wait, no turn within the time limit"
}

@test "a second client waits for the first one, and is served when that leaves" {
	by_hand -name right
	background socat -u "UNIX-CONNECT:$h" "CREATE:$scratch/greeting"
	local first=$pid
	wait_until 5 grep -qs monitor "$scratch/greeting"
	qi 124 qemu-cmd -u "$h" -t 0.3 info name
	background "$bin/qinit" qemu-cmd -u "$h" info name >"$scratch/out"
	kill "$first"
	wait "$pid"
	same "$(cat "$scratch/out")" right
}

@test "lines that a text monitor would take for keys, or that are too long, are refused there" {
	by_hand
	local long
	long=$(printf '%01001d' 1)
	for way in "-u $h" "-p $p"; do
		# shellcheck disable=SC2086
		qi 1 qemu-cmd $way "$long"
		same "$stderr" "qemu-cmd: the line is longer than 1000 bytes, which the text monitor does not take"
		for word in $'a\tb' $'a\nb' $'a\rb' $'a\033b' $'a\177b' Û; do
			# shellcheck disable=SC2086
			qi 1 qemu-cmd $way "$word"
			same "$stderr" "qemu-cmd: the line has a control character, which the text monitor takes for a key"
		done
		# shellcheck disable=SC2086
		qi 1 qemu-cmd $way "${long:1}"
		like "$stderr" "qemu-cmd: unknown command: '0000*"
	done
	qi 1 qemu-cmd -u "$q" "$long"
	like "$stderr" "qemu-cmd: unknown command: '0000*"
}

@test "piped input is one command a line: replies on stdout, a failed one is 1 at the end" {
	by_hand -name right
	pipe() {
		# shellcheck disable=SC2086
		qi 0 qemu-mon $way < <(printf 'info name\r\n\n   \ninfo status')
		same "$output" $'right\nVM status: paused (prelaunch)'
		# shellcheck disable=SC2086
		qi 1 qemu-mon $way < <(printf 'nonsense\ninfo name\n')
		same "$output" right
		same "$stderr" "qemu-mon: unknown command: 'nonsense'"
		# shellcheck disable=SC2086
		qi 1 qemu-mon $way < <(printf 'info\0name\ninfo name\n')
		same "$stderr" "qemu-mon: the line has a NUL byte"
		same "$output" right
		# shellcheck disable=SC2086
		qi 1 qemu-mon $way < <(head -c 3000000 /dev/zero | tr '\0' x; printf '\ninfo name\n')
		same "$stderr" "qemu-mon: a line of more than 1048576 bytes"
		same "$output" right
		# shellcheck disable=SC2086
		qi 0 qemu-mon $way </dev/null
		same "$output$stderr" ""
	}
	each pipe
	qi 1 qemu-mon -u "$q" < <(printf '{"execute":"query-name"}\n{"execute":"x"}\n{\ninfo name\n')
	same "$output" $'{"name": "right"}\nright'
	same "$stderr" $'qemu-mon: The command x has not been found\nqemu-mon: the command is no JSON object'
}

@test "piped quit is success; lines behind it that cannot be sent are not passed over in silence" {
	by_hand
	qi 0 qemu-mon -u "$h" < <(printf 'info status\nquit\n')
	same "$stderr" ""
	wait_until 5 qemu_gone
	p=$((port + 1)) h=$scratch/h1 q=$scratch/q1
	by_hand
	qi 1 qemu-mon -u "$q" < <(printf 'quit\ninfo status\n')
	like "$stderr" "qemu-mon: the *connection *"
	same "$output" ""
}

@test "a QEMU that dies under an open pipe ends qemu-mon at once" {
	by_hand
	local mon status=0 hold
	mkfifo "$scratch/in"
	exec {hold}<>"$scratch/in"
	"$bin/qinit" qemu-mon -u "$q" <"$scratch/in" >"$scratch/out" 2>"$scratch/err" {hold}>&- &
	mon=$! pids+=("$mon")
	echo "info status" >&"$hold"
	wait_until 5 grep -q prelaunch "$scratch/out"
	kill -KILL "$qemu"
	wait "$mon" || status=$?
	exec {hold}>&-
	same "$status" 1
	same "$(cat "$scratch/err")" "qemu-mon: the monitor closed the connection"
}

@test "wrong options and names: a line each, and nothing is done" {
	qi 2 qemu-cmd
	qi 2 qemu-cmd web
	same "$stderr" "qemu-cmd: wants NAME COMMAND..."
	qi 2 qemu-cmd -p 0 info
	qi 2 qemu-cmd -p 70000 info
	qi 2 qemu-cmd -p 1 -u x info
	same "$stderr" "qemu-cmd: -p and -u exclude each other"
	qi 2 qemu-cmd -u "" info
	qi 2 qemu-cmd -t soon -p 1 info
	qi 2 qemu-mon
	qi 2 qemu-mon -p 1 web </dev/null
	same "$stderr" "qemu-mon: web: a NAME beside -p or -u"
	qi 2 qemu-mon -e 12 -p 1 </dev/null
	qi 2 qemu-mon -e 5 -p 1 </dev/null
	qi 6 qemu-cmd ../x info
	same "$stderr" "qemu-cmd: ../x: not a VM's name"
	qi 6 qemu-cmd nosuch info
	same "$stderr" "qemu-cmd: nosuch: no such VM"
	vm web
	qi 7 qemu-cmd web info
	same "$stderr" "qemu-cmd: web: not running"
	qi 7 qemu-mon web </dev/null
	same "$stderr" "qemu-mon: web: not running"
}

# in_terminal WORDS...: qemu-mon in a terminal of 100 x 30
in_terminal() {
	export TMUX_TMPDIR=$scratch
	tmux -f /dev/null new-session -d -x 100 -y 30 "PS1='$ ' PATH=$bin:$PATH sh"
	pids+=("$(tmux display-message -p '#{pid}')")
	tmux send-keys "qemu-mon $* ; echo left \$?; stty -a | grep -o ' echo '" Enter
}

on_screen() {
	tmux capture-pane -p | grep -qF -- "$1"
}

@test "in a terminal QEMU's own completion and history work, Ctrl-] leaves, the terminal is as before" {
	by_hand -name right
	in_terminal -u "$h"
	wait_until 5 on_screen "(qemu)"
	tmux send-keys 'info na' Tab Enter
	wait_until 5 on_screen right
	tmux send-keys 'info stat' Tab
	wait_until 5 on_screen "stats     status"
	tmux send-keys us Enter
	wait_until 5 on_screen "VM status: paused (prelaunch)"
	tmux send-keys clear Up Up C-c 'x' 'C-]'
	wait_until 5 on_screen "left 0"
	wait_until 5 on_screen " echo "
}

@test "in a terminal on QMP: HMP and JSON lines, events as they come, another escape key" {
	by_hand -name right
	in_terminal -e a -u "$q"
	wait_until 5 on_screen "Ctrl-a leaves"
	tmux send-keys 'info name' Enter
	wait_until 5 on_screen "right"
	tmux send-keys '{"execute":"query-name"}' Enter
	wait_until 5 on_screen '{"name": "right"}'
	qi 0 qemu-cmd -u "$h" cont
	wait_until 5 on_screen '"event": "RESUME"'
	tmux send-keys 'x' 'C-a'
	wait_until 5 on_screen "left 0"
	wait_until 5 on_screen " echo "
}

@test "a signal ends the terminal's session and puts the terminal back" {
	by_hand
	in_terminal -u "$h"
	wait_until 5 on_screen "(qemu)"
	kill -TERM "$(pgrep -f "^qemu-mon -u $h")"
	wait_until 5 on_screen "left 143"
	wait_until 5 on_screen " echo "
}

@test "by NAME: qemu-cmd over QMP, qemu-mon over the text monitor, at the same time" {
	vm web SERIAL=no
	qi 0 qemu-init start web
	qi 0 qemu-cmd web info name
	same "$output" web
	qi 0 qemu-cmd -q web query-name
	same "$output" '{"name": "web"}'
	qi 1 qemu-cmd web nonsense
	same "$stderr" "qemu-cmd: web: unknown command: 'nonsense'"
	qi 0 qemu-mon web <<<"info name"
	same "$output" web
	state_of web
	qi 0 qemu-cmd -p "$VM_MONPORT" info name
	same "$output" web
	qi 0 qemu-mon -p "$VM_MONPORT" <<<"info name"
	same "$output" web
}

@test "exec: is refused where the sandbox would kill the VM for it" {
	vm web SERIAL=no
	qi 0 qemu-init start web
	qi 1 qemu-cmd web migrate exec:true
	same "$stderr" "qemu-cmd: web: exec: would kill the VM: the sandbox forbids starting programs (SANDBOX=no)"
	qi 1 qemu-cmd -q web migrate '{"uri": "exec:true"}'
	qi 0 qemu-cmd web info name
}
