#!/usr/bin/env bats
# SPDX-License-Identifier: 0BSD
# shellcheck disable=SC2154 # family, to, name: of at_each_door
# The gate: every attack is tried at both ports, on IPv4 and IPv6, on a VM of root's and on an ordinary user's; and it is
# seen to work where the rules that stop it are switched off (build/nogate1: rule 1, nogate2: rule 2, nogate3: both, nogate4: rule 3).
BATS_TEST_TIMEOUT=400 # the whole file takes some three minutes
load helper
load vms

post=$'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\nquit\n'
patch=$'patch / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\nquit\n'

owner=(setpriv --reuid=64001 --regid=64001 --clear-groups --inh-caps=-all)
stranger=(setpriv --reuid=64002 --regid=64002 --clear-groups --inh-caps=-all)

# whose WHO: from now on this is about root's VM, or about that of the ordinary user; "${by[@]}" COMMAND is its owner's
whose() {
	case $1 in
	root) by=() name=roots && use_place "$scratch" ;;
	user) by=("${owner[@]}") name=users && use_place "$scratch/user" ;;
	esac
}

setup() {
	begin
	requires nc socat ss setpriv
	cp "$top/build/main/tests/attack/call" "$bin/call"
	build=$bin at=1
	grep -q ' lo$' /proc/net/if_inet6 2>/dev/null && families='-4 -6' || families=-4
	use_place "$scratch/user"
	chown -R 64001:64001 "$scratch/user"
	chmod 700 "$QEMU_INIT_RUN"
}

# root is refused in the user's place
teardown() {
	QEMU_INIT_ETC=$scratch/user/etc QEMU_INIT_RUN=$scratch/user/run QEMU_INIT_DAT=$scratch/user/dat "${owner[@]}" "$bin/qinit" qemu-init kill -a || true
	finish
}

# up VM: a VM of root's and one of the ordinary user's run, made by that function
up() {
	local who
	for who in root user; do
		whose $who
		"$1" "$name" || return
		start || return
	done
}

start() {
	"${by[@]}" "$build/qinit" qemu-init start "$name"
}

look() {
	eval "$("${by[@]}" "$bin/qinit" qemu-init status -s "$name")"
}

# by_build NAME: both VMs anew, by a keeper with a rule less
by_build() {
	local who
	build=$scratch/$1
	mkdir -p "$build"
	cp "$top/build/$1/qinit" "$build/qinit"
	for who in root user; do
		whose $who
		"${by[@]}" "$bin/qinit" qemu-init kill "$name" || return
		start || return
	done
}

# at_each_door [-o WHO] COMMAND...: calls it with $name and $by, $to and $family
at_each_door() {
	local whom='root user' who family to
	[[ $1 != -o ]] || { whom=$2 && shift 2; }
	for who in $whom; do
		whose "$who"
		look
		for to in $VM_MONPORT $VM_CTLPORT; do
			for family in $families; do
				echo "# $who's VM, port $to, $family: $*"
				"$@"
			done
		done
	done
}

# strange OPTIONS... [TEXT]: a stranger's call; $got is what comes back
strange() {
	got=$("${stranger[@]}" "$bin/call" "$family" "$@" 2>&1) || true
}

# the owner's own client works; so the VM runs, and nobody has stopped or changed it
unharmed() {
	same "$("${by[@]}" "$bin/qinit" qemu-cmd -p "$to" info status)" "VM status: running"
}

only_denied() {
	like "$got" "qinit: denied: *"
	same "$(wc -l <<<"$got")" 1
	unharmed
}

greeted() {
	like "$got" "QEMU*monitor*"
}

# frozen CALL...: runs that, and the keeper sees nothing of it before all is sent and done; $got is what comes back
frozen() {
	look
	kill -STOP "$VM_KEEPER"
	background "$@" >"$scratch/frozen" 2>&1
	wait_until 5 sent || true
	kill -CONT "$VM_KEEPER"
	wait "$pid" || true
	got=$(cat "$scratch/frozen")
}

# the kernel shows the bytes that wait in the keeper's socket
sent() {
	ss -Htan "sport = :$to" | awk '$1 != "LISTEN" && $2 > 0 { n++ } END { exit !n }'
}

# a QEMU that is told to quit again while it quits has been seen to hang: its guest is as dead
fallen_by() {
	"$@" || true
	look
	[[ $VM_STATE == stopped || $VM_STATE == hung ]]
}

# falls_to ATTACK...: ends the VM, if need be in many tries
falls_to() {
	wait_until 60 fallen_by "$@" # some are a race
	"${by[@]}" "$bin/qinit" qemu-init kill "$name"
	start
}

waits() {
	strange -w 5000 "$to"
}

quits_and_closes() {
	strange -c -n "${tries:-1}" "$to" $'quit\n'
}

half_closes() {
	strange -s -w 5000 "$to" $'quit\n'
}

half_closes_with_nc() {
	got=$(printf 'quit\n' | "${stranger[@]}" timeout 5 nc -N "$(address)" "$to" 2>&1) || true
}

address() {
	[[ $family == -6 ]] && echo ::1 || echo 127.0.0.1
}

@test "another user's connection that waits for a greeting is denied" {
	denied() {
		waits
		only_denied
	}
	let_in() {
		strange -o -w 5000 "$to"
		greeted
	}
	up no_guest
	at_each_door denied
	by_build nogate1
	# an ordinary user's keeper does not see who holds another user's socket: there, rule 2 denies as well
	at_each_door -o root let_in
	at_each_door -o user denied
	by_build nogate3
	at_each_door let_in
}

@test "another user's 'quit' whose sender closes at once does nothing" {
	nothing_comes() {
		tries=50 quits_and_closes
		unharmed
		frozen "${stranger[@]}" "$bin/call" "$family" -c "$to" $'quit\n'
		unharmed
	}
	up no_guest
	at_each_door nothing_comes
	by_build nogate3
	at_each_door falls_to quits_and_closes
}

@test "another user's 'quit' whose sender half closes is denied" {
	denied() {
		half_closes
		only_denied
		half_closes_with_nc
		only_denied
		frozen "${stranger[@]}" "$bin/call" "$family" -s -w 5000 "$to" $'quit\n'
		only_denied
	}
	up no_guest
	at_each_door denied
	by_build nogate1
	at_each_door -o root falls_to half_closes
	by_build nogate3
	at_each_door falls_to half_closes
}

crowd() {
	"${stranger[@]}" "$bin/call" "$family" -n 1000 "$@" "$to" $'quit\n' >"$scratch/crowd" 2>&1
}

@test "another user's thousand connections in a row cost the VM and its owner nothing" {
	local before
	descriptors() {
		find "/proc/$VM_KEEPER/fd" -type l | wc -l
	}
	as_few() {
		(($(descriptors) <= before))
	}
	withstood() {
		before=$(descriptors)
		background crowd -c
		local closing=$pid waiting
		background crowd -w 5000
		waiting=$pid
		unharmed
		while kill -0 "$waiting" 2>/dev/null || kill -0 "$closing" 2>/dev/null; do
			unharmed
			(($(descriptors) < before + 40)) || fail "$(descriptors) descriptors"
		done
		wait "$closing" || fail "refused: $(tail -n 1 "$scratch/crowd")"
		wait "$waiting" || fail "refused: $(tail -n 1 "$scratch/crowd")"
		unharmed
		wait_until 5 as_few
	}
	up no_guest
	at_each_door withstood
	by_build nogate3
	at_each_door falls_to crowd -c
}

# resets WHAT: a stranger sends `quit` and resets, 50 times (that QEMU reads one that is gone is a race: one in fifty);
# then the owner connects from that port, or listens on it (-l)
resets() {
	local from=$((port + 500 + at++))
	look
	kill -STOP "$VM_KEEPER"
	"${stranger[@]}" "$bin/call" "$family" -r -n 50 -f "$from" "$to" $'quit\n' || fail "no reset" || true
	background "${by[@]}" "$bin/call" "$family" ${1-} -o -f "$from" -w "$([[ ${1-} ]] && echo 300 || echo 5000)" "$to" >"$scratch/owner"
	wait_until 5 taken "$from" || true
	kill -CONT "$VM_KEEPER"
	wait "$pid" || true
}

taken() {
	ss -Htan "sport = :$1" | grep -qE 'LISTEN|ESTAB'
}

withstands_reset() {
	resets "$@"
	[[ -n ${1-} ]] || like "$(cat "$scratch/owner")" "QEMU*monitor*"
	unharmed
}

@test "another user's 'quit' behind a reset does nothing while the owner connects from its port" {
	up no_guest
	at_each_door withstands_reset
	by_build nogate3
	at_each_door falls_to resets
}

@test "another user's 'quit' behind a reset does nothing while the owner listens on its port" {
	up no_guest
	at_each_door withstands_reset -l
	by_build nogate3
	at_each_door falls_to resets -l
}

# who reads the web page is the owner
requests() {
	got=$("${by[@]}" "$bin/call" "$family" -w 5000 "$to" "$1" 2>&1) || true
}

denied_request() {
	frozen "${by[@]}" "$bin/call" "$family" -w 5000 "$to" "$1"
	only_denied
	# one that comes slower has got the greeting, as its reader may
	requests "$1"
	like "$got" "*qinit: denied: *"
	unharmed
}

@test "the owner's web request in capitals is denied" {
	up no_guest
	at_each_door denied_request "$post"
	by_build nogate4
	at_each_door falls_to requests "$post"
}

@test "the owner's web request in small letters is denied" {
	up no_guest
	at_each_door denied_request "$patch"
	by_build nogate4
	at_each_door falls_to requests "$patch"
}

addressed='until ip -6 address show dev eth0 | grep -v tentative | grep -q "inet6 fec0:"; do sleep 0.1; done; echo guest: addressed'

lan_vm() {
	# an ordinary user may not be able to reach the checkout
	[[ -f $scratch/vmlinuz ]] || install -m 644 "$top"/build/guest/{vmlinuz,initrd} "$scratch"
	linux_vm "$1" NIC1=user
	sed -i "s|$top/build/guest|$scratch|" "$QEMU_INIT_DAT/$1/$1-qemu.rc"
}

# What a guest calls this host's loopback.
host() {
	[[ $family == -6 ]] && echo fec0::2 || echo 10.0.2.2
}

booted() {
	local who
	for who; do
		whose "$who"
		says "$name" "guest: ready" 60 || return
		# IPv6 takes its second for the address
		[[ $families != *-6* ]] || tell "$name" "$addressed"
		[[ $families != *-6* ]] || says "$name" "guest: addressed" 60 || return
	done
}

# calls_home COMMAND: the guest sends it to the door; what comes back is to be seen on its serial line
calls_home() {
	mark=mark$((at++))
	tell "$name" "echo $1 | nc -w 10 $(host) $to; echo $mark is over"
}

guest_denied() {
	calls_home quit
	says "$name" "$mark is over" 60
	got=$(tr -d '\r' <"$QEMU_INIT_RUN/$name/serial.log" | grep -a -B 1 "^$mark is over" | head -n 1)
	only_denied
}

paused() {
	look
	[[ $VM_STATE == paused ]]
}

guest_let_in() {
	calls_home stop
	wait_until 30 paused
	"${by[@]}" "$bin/qinit" qemu-init resume "$name"
	says "$name" "$mark is over" 60
}

@test "a guest's connection to 10.0.2.2, which is this host, is denied" {
	up lan_vm
	booted root user
	at_each_door guest_denied
	# root's guest has a uid of its own, and rule 1 denies as well; an ordinary user's has that user's
	by_build nogate2
	booted root user
	at_each_door -o user guest_let_in
	at_each_door -o root guest_denied
	by_build nogate1
	booted root
	at_each_door -o root guest_denied
	by_build nogate3
	booted root
	at_each_door -o root guest_let_in
}

@test "the owner's nc, nc -N, qemu-mon -p and qemu-cmd -p work while others call" {
	served() {
		like "$(printf 'info status\n' | "${by[@]}" nc -N "$(address)" "$to")" "*VM status: running*"
		like "$(printf 'info status\n' | "${by[@]}" nc -q 1 "$(address)" "$to")" "*VM status: running*"
		like "$(printf 'info status\n' | "${by[@]}" "$bin/qinit" qemu-mon -p "$to")" "*VM status: running*"
		unharmed
	}
	local who family to
	up no_guest
	for who in root user; do
		whose $who
		look
		for to in $VM_MONPORT $VM_CTLPORT; do
			for family in $families; do
				background "${stranger[@]}" "$bin/call" "$family" -n 100000000 -w 5000 "$to" $'quit\n' >"$scratch/crowd" 2>&1
			done
		done
	done
	at_each_door served
}

@test "root, too, is denied at an ordinary user's port, and uses the sockets" {
	denied() {
		got=$("$bin/call" "$family" -w 5000 "$to")
		only_denied
	}
	up no_guest
	at_each_door -o user denied
	same "$("$bin/qinit" qemu-cmd -u "$QEMU_INIT_RUN/$name/hmp.sock" info status)" "VM status: running"
	same "$("$bin/qinit" qemu-cmd -u "$QEMU_INIT_RUN/$name/qmp.sock" info status)" "VM status: running"
}

seen_vm() {
	vm "$1" DISPLAY=vnc
}

# the kinds of sockets that a VM of these has
sockets='hmp qmp keep console vnc'

@test "another user can connect to none of a VM's sockets" {
	local who sock
	up seen_vm
	for who in root user; do
		whose $who
		same "$(stat -c %a "$QEMU_INIT_RUN/$name")" "$([[ $who == root ]] && echo 750 || echo 700)"
		same "$(stat -c %a "$QEMU_INIT_RUN/$name/private")" 700
		for sock in $sockets; do
			same "$(stat -c %a "$QEMU_INIT_RUN/$name/$sock.sock")" 600
			run "${stranger[@]}" socat -u "UNIX-CONNECT:$QEMU_INIT_RUN/$name/$sock.sock" -
			like "$output" "*Permission denied*"
		done
		for sock in "$QEMU_INIT_RUN/$name/private"/*.sock; do
			same "$(stat -c %a "$sock")" 600
		done
	done
}

@test "the keeper's sockets ask who is calling, whatever their modes are" {
	local who sock i
	answer() {
		"${stranger[@]}" "$bin/call" -w 3000 "$QEMU_INIT_RUN/$name/$1.sock" "$2" 2>&1
	}
	up seen_vm
	for who in root user; do
		whose $who
		look
		to=$VM_MONPORT
		chmod 755 "$QEMU_INIT_RUN" "$QEMU_INIT_RUN/$name"
		for sock in keep console vnc; do
			chmod 777 "$QEMU_INIT_RUN/$name/$sock.sock"
		done
		for ((i = 0; i < 20; i++)); do
			like "$(answer keep $'qinit 1 kill 0 \n')" "= 4 denied: *"
			like "$(answer console $'quit\n')" "qinit: denied: *"
			same "$(answer vnc $'RFB 003.008\n')" ""
		done
		chmod 700 "$QEMU_INIT_RUN"
		unharmed
	done
}

# holds N: so many callers of the owner's, who say nothing
holds() {
	local i
	for ((i = 0; i < $1; i++)); do
		background "${by[@]}" "$bin/call" "$family" -w 60000 "$to" >"$scratch/held$i"
		wait_until 10 held $((i + 1))
	done
}

held() {
	(($(ss -Htn state established "sport = :$to" | wc -l) >= $1))
}

@test "eight may wait, the ninth hears that the line is busy" {
	local who i before
	up no_guest
	for who in root user; do
		whose $who
		look
		for to in $VM_MONPORT $VM_CTLPORT; do
			family=-4 before=${#pids[@]}
			holds 9
			same "$("${by[@]}" "$bin/call" -w 5000 "$to")" "qinit: busy: 8 callers wait"
			greeted_first() {
				[[ -s $scratch/held0 ]]
			}
			wait_until 5 greeted_first
			like "$(cat "$scratch/held0")" "QEMU*monitor*"
			for ((i = 1; i < 9; i++)); do
				same "$(cat "$scratch/held$i")" ""
			done
			# a stranger takes nobody's place
			strange "$to"
			like "$got" "qinit: denied: *"
			for i in "${pids[@]:before}"; do
				kill "$i"
			done
			wait_until 5 unharmed
		done
	done
}

@test "who says nothing for ten seconds gives way to who waits" {
	local who family=-4 next=()
	up no_guest
	for who in root user; do
		whose $who
		look
		to=$VM_MONPORT
		holds 1
		mv "$scratch/held0" "$scratch/held.$who"
		background "${by[@]}" "$bin/qinit" qemu-cmd -t 30 -p "$to" info status >"$scratch/next.$who"
		next+=("$pid")
	done
	for who in "${next[@]}"; do
		ended "$who" 0
	done
	for who in root user; do
		same "$(cat "$scratch/next.$who")" "VM status: running"
		like "$(cat "$scratch/held.$who")" "QEMU*qinit: busy: 10 s without a byte, and another waits"
	done
}

# processor time and wake-ups of a process so far
work_of() {
	awk '{ print $14 + $15 }' "/proc/$1/stat"
	grep ctxt_switches "/proc/$1/status"
}

@test "an idle keeper sleeps in one poll and costs nothing" {
	local before
	up seen_vm
	whose root
	look
	asleep() {
		local was
		was=$(work_of "$VM_KEEPER")
		sleep 0.5
		[[ $(work_of "$VM_KEEPER") == "$was" ]]
	}
	wait_until 20 asleep
	before=$(work_of "$VM_KEEPER")
	sleep 2 # the measure itself
	same "$(work_of "$VM_KEEPER")" "$before"
	like "$(cat "/proc/$VM_KEEPER/wchan")" "*poll*"
}

quick_status() {
	local begin=${EPOCHREALTIME/./}
	same "$("${by[@]}" "$bin/qinit" qemu-init status -s "$name" | sed "s/.*VM_STATE='\([a-z]*\)'.*/\1/")" running
	((${EPOCHREALTIME/./} - begin < 1000000)) || fail "status took more than a second"
}

@test "callers who flood, or who stop reading, hurt nobody else" {
	local i sock
	up seen_vm
	whose root
	look
	# each writes for ever and never reads
	for to in "$VM_MONPORT" "$VM_CTLPORT"; do
		background socat -u "EXEC:yes info qtree" "TCP4:127.0.0.1:$to"
	done
	for sock in keep console; do
		background socat -u EXEC:yes "UNIX-CONNECT:$QEMU_INIT_RUN/$name/$sock.sock"
	done
	# more than the keeper has places for, who say nothing at all
	for ((i = 0; i < 70; i++)); do
		background socat -u "UNIX-CONNECT:$QEMU_INIT_RUN/$name/keep.sock" OPEN:/dev/null
	done
	for ((i = 0; i < 20; i++)); do
		quick_status
	done
	same "$("$bin/qinit" qemu-cmd "$name" info status)" "VM status: running"
	((($(awk '/^RssAnon/ { print $2 }' "/proc/$VM_KEEPER/status")) < 2000)) || fail "$(grep Rss "/proc/$VM_KEEPER/status")"
	"$bin/qinit" qemu-init stop -f "$name"
}

# ---- MONITOR_ALLOW ----

second=(setpriv --reuid=64005 --regid=64005 --clear-groups --inh-caps=-all)
in_group=(setpriv --reuid=64006 --regid=64006 --groups=64100 --inh-caps=-all)

# ask WHO... : qemu-cmd at the door; $got is all it says
ask() {
	got=$("$@" "$bin/qinit" qemu-cmd -p "$to" info status 2>&1)
}

let_in() {
	ask "$@" || fail "$got"
	same "$got" "VM status: running"
}

kept_out() {
	! ask "$@" || fail "let in"
	like "$got" "qemu-cmd: denied: *"
}

allowing() {
	no_guest "$1" "MONITOR_ALLOW=\"64002, @64100\""
}

@test "MONITOR_ALLOW lets users and groups in, and nobody else" {
	judged() {
		let_in "${stranger[@]}"
		let_in "${in_group[@]}"
		kept_out "${second[@]}"
		kept_out setpriv --reuid=64005 --regid=64005 --groups=64101 --inh-caps=-all
		unharmed
	}
	up allowing
	at_each_door -o root judged
	# the next keeper goes by it, too
	whose root
	kill_keeper roots
	"$bin/qinit" qemu-init pause roots
	"$bin/qinit" qemu-init resume roots
	at_each_door -o root judged
	# an ordinary user's keeper does not see the programs of others
	not_seen() {
		kept_out "${stranger[@]}"
		unharmed
	}
	at_each_door -o user not_seen
}

@test "names in MONITOR_ALLOW are those of the user database" {
	local family
	requires getent
	whose root
	no_guest roots "MONITOR_ALLOW=games @games"
	start
	look
	to=$VM_MONPORT
	let_in setpriv --reuid="$(id -u games)" --regid=64006 --clear-groups --inh-caps=-all
	let_in setpriv --reuid=64006 --regid="$(getent group games | cut -d: -f3)" --clear-groups --inh-caps=-all
	kept_out "${stranger[@]}"
}

@test "a user or group in MONITOR_ALLOW that is not there is one line with its place, and nothing is started" {
	local word n=0
	whose root
	for word in no-such-user @no-such-group nobody; do
		name=bad$((n++))
		no_guest $name "MONITOR_ALLOW=64002 $word"
		qi 6 qemu-init start $name
		same "${stderr%": $word: "*}" "qemu-init: $name: $(rc_of $name):4: MONITOR_ALLOW"
		same "$(wc -l <<<"$stderr")" 1
		[[ ! -e $QEMU_INIT_RUN/$name ]]
	done
}

@test "an allowed user's web page and its guests are denied all the same" {
	cp "$bin/call" "$bin/qemu-system-none"
	judged() {
		strange -w 5000 "$to" "$post"
		like "$got" "*qinit: denied: *"
		got=$("${stranger[@]}" "$bin/qemu-system-none" "$family" -w 5000 "$to" 2>&1)
		same "$got" "qinit: denied: a guest's network is calling"
		unharmed
	}
	up allowing
	at_each_door -o root judged
}

@test "MONITOR_ALLOW=any lets everybody in, with a warning, but no web page and no guest that can be seen" {
	local who
	anybody() {
		no_guest "$1" MONITOR_ALLOW=any
	}
	judged() {
		let_in "${stranger[@]}"
		strange -w 5000 "$to" "$post"
		like "$got" "*qinit: denied: *"
		unharmed
	}
	guest_kept_out() {
		got=$("${stranger[@]}" "$bin/qemu-system-none" "$family" -w 5000 "$to" 2>&1)
		same "$got" "qinit: denied: a guest's network is calling"
	}
	cp "$bin/call" "$bin/qemu-system-none"
	up anybody 2>"$scratch/said"
	like "$(cat "$scratch/said")" "*roots-qemu.rc:4: MONITOR_ALLOW: whoever is on this host may command the monitor (USER and @GROUP name some)*"
	at_each_door judged
	at_each_door -o root guest_kept_out
}

# ---- user namespaces and containers that share the host's network ----

own_users() {
	"${by[@]}" unshare -U -r "$bin/call" "$family" "$@" "$to" 2>&1
}

@test "the owner's own uid in a user namespace is denied: a rootless container has it" {
	needs_userns
	denied() {
		got=$(own_users -w 5000)
		same "$got" "qinit: denied: the caller is in a container"
		unharmed
	}
	comes_in() {
		got=$(own_users -o -w 5000)
		greeted
	}
	up no_guest
	at_each_door denied
	by_build nogate2
	at_each_door comes_in
}

@test "another user who is root in a user namespace is another user" {
	needs_userns
	denied() {
		got=$("${stranger[@]}" unshare -U -r "$bin/call" "$family" -w 5000 "$to" 2>&1)
		only_denied
	}
	up no_guest
	at_each_door denied
	by_build nogate2
	at_each_door denied
}

# a container's root: other folders below it, the same uid 0, the host's network
contain() {
	mkdir -p "$scratch/image"
	cp "$bin/call" "$scratch/image/call"
	got=$("$@" 2>&1)
}

@test "root in a container that shares the host's network is denied" {
	denied() {
		contain unshare -m -p -f chroot "$scratch/image" /call "$family" -w 5000 "$to"
		same "$got" "qinit: denied: the caller is in a container"
		contain unshare -p -f "$bin/call" "$family" -w 5000 "$to"
		same "$got" "qinit: denied: the caller is in a container"
		contain chroot "$scratch/image" /call "$family" -w 5000 "$to"
		same "$got" "qinit: denied: the caller is in a container"
		if has_userns; then
			contain unshare -U -r -m -p -f chroot "$scratch/image" /call "$family" -w 5000 "$to"
			only_denied
		fi
		# a service with mounts of its own is none
		let_in unshare -m
	}
	comes_in() {
		contain unshare -m -p -f chroot "$scratch/image" /call "$family" -o -w 5000 "$to"
		greeted
		contain chroot "$scratch/image" /call "$family" -o -w 5000 "$to"
		greeted
	}
	up no_guest
	at_each_door -o root denied
	by_build nogate2
	at_each_door -o root comes_in
}

@test "a keeper in a user namespace of its own knows its own callers, and no others" {
	local family=-4 to
	needs_userns
	whose root
	# uid 64001 is root in there, and the only one there is
	QEMU_INIT_RUN=$scratch/user/run QEMU_INIT_ETC=$scratch/user/etc QEMU_INIT_DAT=$scratch/user/dat
	echo "MONPORT=$((port + 800))" >"$QEMU_INIT_ETC/monitor.conf"
	no_guest inner RUNAS=root
	chown -R 64001:64001 "$scratch/user"
	background "${owner[@]}" unshare -U -r sh -c '"$1/qinit" qemu-init run inner & echo $! >"$2/in"; wait' sh "$bin" "$scratch/user"
	to=$((port + 800))
	opened() {
		ss -Hltn "sport = :$to" | grep -q .
	}
	wait_until 20 opened
	inside() {
		"${owner[@]}" nsenter -t "$(cat "$scratch/user/in")" -U --preserve-credentials "$bin/qinit" qemu-cmd -p "$to" info status
	}
	same "$(inside)" "VM status: running"
	kept_out
	kept_out "${stranger[@]}"
	kept_out "${owner[@]}"
	kill "$(cat "$scratch/user/in")"
	stopping() {
		grep -q ^phase=stopping "$scratch/user/run/inner/state"
	}
	wait_until 5 stopping
	kill "$(cat "$scratch/user/in")" # now
	wait "$pid" || true
}

# ---- the system log, and who is told who waits ----

# with_log COMMAND...: runs it where /dev has the few that it needs, and a log of this test's: $scratch/heard
with_log() {
	if [[ ! -S $scratch/log ]]; then
		background socat -u "UNIX-RECV:$scratch/log" "CREATE:$scratch/heard"
		wait_until 5 test -S "$scratch/log"
	fi
	# shellcheck disable=SC2016
	unshare -m --propagation private sh -ec '
		mkdir -p "$0/d"; mount -t tmpfs none "$0/d"
		for f in null zero full random urandom kvm; do
			[ ! -e /dev/$f ] || { touch "$0/d/$f" && mount --bind /dev/$f "$0/d/$f"; }
		done
		ln -s "$0/log" "$0/d/log"; mount --move "$0/d" /dev; exec "$@"' "$scratch" "$@"
}

@test "a denial is a line in the system log with who it was, a few a minute at most" {
	local family=-4
	logged() {
		[[ $(grep -ao '>qinit\[[0-9]*\]: roots: denied: [^<]*' "$scratch/heard" | sed 's/.*roots: //') == "$1"* ]]
	}
	whose root
	no_guest roots GROUP=64100 # so that the program is looked up, too
	with_log "$bin/qinit" qemu-init start roots
	look
	to=$VM_MONPORT
	background "${stranger[@]}" "$bin/call" -w 5000 "$to" >"$scratch/call"
	wait_until 5 logged "denied: uid 64002: pid $pid: this VM belongs to another user"
	got=$("$bin/call" -w 5000 "$to" "$post")
	like "$got" "*qinit: denied: *"
	logged_web() {
		grep -aq "roots: denied: uid 0: pid [0-9]*: no command of a monitor begins so" "$scratch/heard"
	}
	wait_until 5 logged_web
	# a line for each would fill the disk
	"${stranger[@]}" "$bin/call" -n 200 -w 5000 "$to" >"$scratch/crowd"
	same "$(grep -c denied "$scratch/crowd")" 200
	same "$(grep -ao 'roots: denied' "$scratch/heard" | wc -l)" 3
}

@test "qemu-cmd and qemu-mon that wait for their turn say who is there, a bare client gets no byte" {
	local who family=-4 applet
	up no_guest
	for who in root user; do
		whose $who
		look
		for to in $VM_MONPORT $VM_CTLPORT; do
			rm -f "$scratch/holder"
			"${by[@]}" "$bin/call" -w 60000 "$to" info >"$scratch/holder" &
			local holder=$!
			pids+=("$holder")
			wait_until 10 test -s "$scratch/holder"
			background "${by[@]}" "$bin/call" -w 60000 "$to" >"$scratch/bare"
			local bare=$pid
			for applet in "qemu-cmd -t 1 -p $to info status" "qemu-mon -t 1 -p $to"; do
				# shellcheck disable=SC2086 # words
				got=$("${by[@]}" "$bin/qinit" $applet 2>&1 </dev/null) && fail "it had its turn"
				like "$got" "${applet%% *}: waiting: $holder's call (uid $("${by[@]}" id -u)) is on this port"$'\n'"*no greeting within the time limit*"
			done
			same "$(cat "$scratch/bare")" ""
			kill "$holder" "$bare"
			wait_until 5 unharmed
		done
	done
}

# ---- callers who cost others nothing ----

# at_rest: keeper and QEMU have done nothing for a while
at_rest() {
	local was now
	was=$(work_of "$VM_KEEPER" && work_of "$VM_PID")
	sleep 0.3
	now=$(work_of "$VM_KEEPER" && work_of "$VM_PID")
	[[ $was == "$now" ]]
}

no_use() {
	no_guest "$1"
}

@test "who stops reading in the middle of an answer loses only its own" {
	local family
	stops() {
		# its answers are megabytes, its window is a few kilobytes
		background "${by[@]}" socat -u "EXEC:yes info qtree" "TCP:$(bracketed):$to,rcvbuf=2048"
		quick_status
		same "$("${by[@]}" "$bin/qinit" qemu-cmd "$name" info status)" "VM status: running"
		kill "$pid"
		wait_until 10 unharmed
		wait_until 20 at_rest
	}
	bracketed() {
		[[ $family == -6 ]] && echo '[::1]' || echo 127.0.0.1
	}
	up no_use
	at_each_door stops
}

@test "five thousand callers, a thousand a second and more, keep nobody out and leave nobody busy" {
	local callers
	calling() {
		kill -0 "${callers[@]}" 2>/dev/null
	}
	floods() {
		local i begin=${EPOCHREALTIME/./} n=0
		callers=()
		for i in 1 2 3 4; do
			background "${stranger[@]}" "$bin/call" "$family" -n 1250 -w 5000 "$to" $'quit\n' >"$scratch/crowd$i" 2>&1
			callers+=("$pid")
		done
		# these do not wait for an answer
		background "${stranger[@]}" timeout 5 "$bin/call" "$family" -n 100000000 -c "$to" $'quit\n'
		while calling; do
			unharmed
			quick_status
			n=$((n + 1))
		done
		echo "# $n commands of the owner's in $(((${EPOCHREALTIME/./} - begin) / 1000)) ms"
		wait "${callers[@]}"
		same "$(cat "$scratch"/crowd? | grep -c denied)" 5000
		wait_until 20 at_rest
	}
	up no_use
	family=-4
	at_each_door floods
}
