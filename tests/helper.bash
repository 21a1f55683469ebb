# SPDX-License-Identifier: 0BSD
# shellcheck shell=bash disable=SC2034,SC2154
# What every bats file loads: a place of its own for each test, the call wrapper, the waiting, and an end that leaves nothing.
bats_require_minimum_version 1.5.0
export LC_ALL=C
BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-120}
top=${BATS_TEST_DIRNAME%/tests*}
QINIT=${QINIT:-$top/qinit}

fail() {
	echo "$*"
	return 1
}

# like TEXT GLOB, same TEXT TEXT
like() {
	# shellcheck disable=SC2053 # a glob
	[[ $1 == $2 ]] || fail "not like: $2"$'\n'"     got: $1"
}

same() {
	[[ $1 == "$2" ]] || fail "want: $2"$'\n'" got: $1"
}

# requires COMMAND...: a test that cannot run has failed; tests/setup installs them
requires() {
	local command
	for command; do
		command -v "$command" >/dev/null || fail "missing here: $command" || return
	done
}

# The kernel lets nobody make a user namespace in a chroot (user_namespaces(7), EPERM).
has_userns() {
	unshare -U true 2>/dev/null
}

needs_userns() {
	has_userns || skip "the kernel makes no user namespace here: a chroot"
}

# wait_until SECONDS COMMAND...: the only place that sleeps
wait_until() {
	local seconds=$1 end=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	until "$@"; do
		((${EPOCHREALTIME/./} < end)) || fail "not within $seconds s: $*" || return
		sleep 0.02
	done
}

# Each test file has 1,000 ports of its own, below those that the kernel gives to clients.
first_port() {
	local file
	port=10000
	for file in "$top"/tests/*.bats; do
		[[ $file != "$BATS_TEST_FILENAME" ]] || break
		port=$((port + 1000))
	done
}

# use_place DIR: from now on the configuration, run place and VM folders are below DIR
use_place() {
	export QEMU_INIT_ETC=$1/etc QEMU_INIT_RUN=$1/run QEMU_INIT_DAT=$1/dat
	[[ ! -d $QEMU_INIT_ETC ]] || return 0
	mkdir -p "$QEMU_INIT_ETC" "$QEMU_INIT_RUN" "$QEMU_INIT_DAT"
	echo "MONPORT=$port" >"$QEMU_INIT_ETC/monitor.conf"
	printf '%s\n' ACCEL=tcg RAM=16M DISPLAY=none >"$QEMU_INIT_ETC/default.rc"
	places+=("$1")
}

# The place is short, for the sake of the sockets' 107 bytes; the executable is copied, because nobody may not read /root.
# Each test begins and finishes: a process less in these two is seconds less in all.
begin() {
	printf -v scratch /tmp/qi.%04x%04x "$RANDOM" "$RANDOM"
	bin=$scratch/bin pids=() places=() as=
	first_port
	mkdir -m 755 "$scratch" "$bin"
	cp "$QINIT" "$bin/qinit"
	"$bin/qinit" --install -s "$bin"
	use_place "$scratch"
}

# qi STATUS APPLET ARGS...: runs it, by its link in every other test and as `qinit APPLET` in the rest (by $as, if set);
# logs call and results; the exit status is checked first. Leaves $output (stdout) and $stderr, in lines $lines and $stderr_lines.
qi() {
	local want=$1
	shift
	if [[ $1 != -* ]] && ((BATS_TEST_NUMBER % 2)); then
		set -- "$bin/$1" "${@:2}"
	else
		set -- "$bin/qinit" "$@"
	fi
	echo "\$ $*"
	# bats' `run --separate-stderr`, without its mktemp
	local flags=$-
	set +eET
	# shellcheck disable=SC2086 # empty, or a function's name
	output=$($as "$@" 2>"$BATS_TEST_TMPDIR/stderr") && status=0 || status=$?
	set "-$flags"
	read -rd '' stderr <"$BATS_TEST_TMPDIR/stderr" || true
	lines=() stderr_lines=()
	[[ -z $output ]] || mapfile -t lines <<<"$output"
	[[ -z $stderr ]] || mapfile -t stderr_lines <<<"$stderr"
	[[ -z $output ]] || printf '%s\n' "$output"
	[[ -z $stderr ]] || printf '! %s\n' "${stderr//$'\n'/$'\n! '}"
	((status == want)) || fail "exit $status, want $want"
}

# vm NAME [KEY=VALUE...]: a registered VM; linux_vm the same with the Linux guest
vm() {
	local name=$1 dir=$QEMU_INIT_DAT/$1
	shift
	mkdir -p "$dir"
	printf '%s\n' "# made by a test" "$@" >"$dir/$name-qemu.rc"
	echo "$name $dir" >>"$QEMU_INIT_ETC/registered"
}

linux_vm() {
	local name=$1
	shift
	vm "$name" KERNEL="$top/build/guest/vmlinuz" INITRD="$top/build/guest/initrd" RAM=256M \
		APPEND="console=ttyS0 quiet nokaslr" "$@"
}

# says NAME TEXT [SECONDS]: the guest has printed TEXT; tell NAME LINE: types it on the serial line
says() {
	wait_until "${3:-30}" grep -aqF -- "$2" "$QEMU_INIT_RUN/$1/serial.log"
}

tell() {
	printf '%s\n' "$2" | socat -t 0.1 - "UNIX-CONNECT:$QEMU_INIT_RUN/$1/console.sock" >/dev/null
}

# state_of NAME: sets VM_STATE, VM_PID, VM_MONPORT ... as `status -s` tells
state_of() {
	local line
	line=$("$bin/qinit" qemu-init status -s "$1") || true # its code is that of the state
	eval "$line"
}

# background COMMAND...: its pid is $pid, and ends with the test at the latest
background() {
	"$@" &
	pid=$!
	pids+=("$pid")
}

as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$@"
}

# be_nobody: from now on qi is called by an ordinary user, who has a place of his own
be_nobody() {
	use_place "$scratch/nobody"
	chown -R 65534:65534 "$scratch/nobody"
	chmod 700 "$QEMU_INIT_RUN"
	as=as_nobody
}

# The pids of what still lives of this test: by environment, words, descriptors or folder.
alive() {
	local - pid seen=" $$ " status
	set +eET
	# grep and find themselves are gone when they are looked at; a zombie is another's business
	for pid in $(QEMU_INIT_ETC='' QEMU_INIT_RUN='' QEMU_INIT_DAT='' grep -alsF "$scratch/" /proc/[0-9]*/environ /proc/[0-9]*/cmdline
		find /proc/[0-9]*/fd /proc/[0-9]*/cwd -lname "$scratch/*" 2>/dev/null); do
		pid=${pid#/proc/} pid=${pid%%/*}
		[[ $seen != *" $pid "* && -e /proc/$pid ]] || continue
		seen+="$pid "
		status=$(<"/proc/$pid/status") 2>/dev/null
		[[ $status == *State:$'\t'Z* ]] || echo "$pid"
	done
}

none_alive() {
	[[ -z $(alive) ]]
}

show_logs() {
	local place
	for place in "${places[@]}"; do
		tail -n 20 "$place"/run/*/{state,exit,qemu.log} 2>/dev/null
	done
	return 0
}

# nothing_left DIR: no socket and no FIFO is beneath it; each that is, is a line
nothing_left() (
	set +eET
	shopt -s globstar dotglob nullglob
	code=0
	for file in "$1"/**; do
		[[ ! -S $file && ! -p $file ]] || { echo "left: $file" && code=1; }
	done
	exit $code
)

# Ends all that the test started; what does not end so, and sockets and FIFOs that stay, fail the test.
finish() {
	local place pid left=
	[[ -n ${BATS_TEST_COMPLETED-} ]] || show_logs
	for place in "${places[@]}"; do
		QEMU_INIT_ETC=$place/etc QEMU_INIT_RUN=$place/run QEMU_INIT_DAT=$place/dat "$bin/qinit" qemu-init kill -a >/dev/null 2>&1 || true
	done
	for pid in "${pids[@]}"; do
		kill "$pid" 2>/dev/null || true
	done
	if ! wait_until 5 none_alive; then
		left=yes
		for pid in $(alive); do
			echo "left: $pid: $(tr '\0' ' ' <"/proc/$pid/cmdline")"
			kill -KILL "$pid" || true
		done
	fi
	# without a pid it would wait for bats' own children
	((${#pids[@]} == 0)) || wait "${pids[@]}" 2>/dev/null || true
	for place in "${places[@]}"; do
		nothing_left "$place/run" || left=yes
	done
	rm -rf --one-file-system "$scratch"
	[[ -z $left ]]
}

setup() {
	begin
}

teardown() {
	finish
}
