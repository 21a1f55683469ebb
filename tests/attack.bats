#!/usr/bin/env bats
# SPDX-License-Identifier: 0BSD
# shellcheck disable=SC2154 # keeper, db_pid...: of look
# A QEMU that was taken over (tests/attack/taken.c, in QEMU's place) tries to get out, as root's and as an ordinary user's.
# Each attempt is seen to work for the same program with the defences switched off: SANDBOX=no, and for root RUNAS=root; where
# that switches nothing off, by a keeper without them (build/unguarded, lib/guard.h).
# Other users try to get in: at the TCP ports and sockets (gate.bats), at the files (trusted.bats), and here.
load helper
load vms

owner=(setpriv --reuid=64001 --regid=64001 --clear-groups --inh-caps=-all)
stranger=(setpriv --reuid=64002 --regid=64002 --clear-groups --inh-caps=-all)

# whose WHO: from now on this is about root's VMs, or about those of an ordinary user; "${by[@]}" COMMAND is their owner's
whose() {
	build=$bin
	case $1 in
	root) by=() && use_place "$scratch" ;;
	user) by=("${owner[@]}") && use_place "$scratch/user" ;;
	esac
}

setup() {
	begin
	requires setpriv socat
	cp "$top/build/main/tests/attack/taken" "$bin/qemu-system-taken"
	PATH=$bin:$PATH build=$bin
	# the same folder, as one sees it who has left our mounts: in a chroot its paths begin above it
	away=$(unshare -m readlink /proc/self/fd/9 9<"$scratch")
	use_place "$scratch/user"
	chown -R 64001:64001 "$scratch/user"
	chmod 700 "$QEMU_INIT_RUN"
}

# root is refused in the user's place
teardown() {
	rm -rf {/run,/tmp,/var/tmp}/qi.$$.sock /tmp/qemu-init-64001
	QEMU_INIT_ETC=$scratch/user/etc QEMU_INIT_RUN=$scratch/user/run QEMU_INIT_DAT=$scratch/user/dat "${owner[@]}" "$bin/qinit" qemu-init kill -a || true
	finish
}

qinit() {
	"${by[@]}" "$build/qinit" "$@"
}

# from now on it is another build, without defences
unguarded() {
	build=$scratch/unguarded
	mkdir -p "$build"
	[[ -e $build/qinit ]] || cp "$top/build/unguarded/qinit" "$build"
}

# taken_vm NAME [KEY=VALUE...]: with a disk of its own, and one that it may only read
taken_vm() {
	local dir=$QEMU_INIT_DAT/$1
	vm "$1" TGTARCH=qemu-system-taken MACHINE=pc START_TIMEOUT=10 DISK1=own.img DISK2=base.img,ro "${@:2}"
	echo "$1's bytes" | tee "$dir/own.img" >"$dir/base.img"
	truncate -s 1M "$dir/own.img" "$dir/base.img"
	chmod 600 "$dir"/*
	[[ ${#by[@]} == 0 ]] || chown -R 64001:64001 "$dir"
	qinit qemu-init start "$1"
}

# up [WHO]: of each there runs `web`, which was taken over; `db`, its neighbour; `bare`, the same as web without a defence
up() {
	local who
	for who in ${1:-root user}; do
		whose "$who"
		taken_vm web
		taken_vm db
		taken_vm bare SANDBOX=no "RUNAS=$([[ $who == root ]] && echo root)" 2>/dev/null
	done
}

look() {
	eval "$(qinit qemu-init status -s web)"
	keeper=$VM_KEEPER
	eval "$(qinit qemu-init status -s db)"
}

# at_each [-o WHO] COMMAND...: calls it with $who's VMs
at_each() {
	local whom='root user' who
	[[ $1 != -o ]] || { whom=$2 && shift 2; }
	for who in $whom; do
		whose "$who"
		look
		echo "# $who's VMs: $*"
		"$@"
	done
}

# tries VM ORDER: $got is what came of it, with paths as we see them
tries() {
	got=$(qinit qemu-cmd "$1" "${*:2}" 2>&1) || true
	got=${got//"$away"/$scratch}
	echo "# $1: ${*:2}: $got"
}

# kept_from ORDER: the one that is guarded is refused
kept_from() {
	tries web "$@"
	like "$got" "refused: *"
}

# held ORDER: the one that is guarded is refused, the bare one is not
held() {
	kept_from "$@" || return
	tries bare "$@"
	like "$got" "reached: *"
}

# ---- files ----

@test "it has no descriptor but its disks, its lock for reading, its line for words, and its own lines" {
	given() {
		tries web fds
		like "$got" "reached: *"
		same "$(tr ' ' '\n' <<<"${got#reached: }" | xargs -n 2 | sort | uniq -c | sed 's/^ *//')" "1 r $QEMU_INIT_DAT/web/base.img
1 r $QEMU_INIT_RUN/web/lock
1 w $QEMU_INIT_DAT/web/own.img
6 w socket"
		# by a keeper that closes nothing which is not its own
		qinit qemu-init kill web
		unguarded
		qinit qemu-init start web 9<"$scratch/secret"
		tries web fds
		like "$got" "* r $scratch/secret *"
	}
	echo treasure >"$scratch/secret"
	up
	at_each given
}

@test "it reads no file of the host, none of its owner's, and no other VM's disk" {
	reads() {
		held read "$QEMU_INIT_DAT/db/own.img"
		held read "$QEMU_INIT_DAT/db/db-qemu.rc"
		held read "$QEMU_INIT_DAT/web/base.img"
		held read "$QEMU_INIT_ETC/monitor.conf"
		held read /etc/passwd
		held read /etc/hostname
		held read /proc/cmdline
		held list /
		held list /proc
		held list "$QEMU_INIT_RUN"
		held list "$QEMU_INIT_DAT/db"
	}
	up
	at_each reads
	at_each -o root held read /etc/shadow
}

@test "it writes, makes, moves and deletes nothing, in no place" {
	writes() {
		local dir
		touch "$QEMU_INIT_DAT/file"
		chmod 666 "$QEMU_INIT_DAT"/file*
		chmod 777 "$QEMU_INIT_DAT"
		for dir in "$QEMU_INIT_RUN" "$QEMU_INIT_RUN/web" "$QEMU_INIT_DAT" "$QEMU_INIT_DAT/web"; do
			held write "$dir/taken"
			held mkdir "$dir/taken.d"
			held symlink /etc/shadow "$dir/taken.link"
		done
		for dir in /tmp /var/tmp /dev/shm; do
			held write "$dir/taken.$who.$$"
			rm -f "$dir/taken.$who.$$"
		done
		held write "$QEMU_INIT_DAT/file"
		held chmod "$QEMU_INIT_DAT/db/own.img"
		held chmod "$QEMU_INIT_DAT/web/base.img"
		held rename "$QEMU_INIT_DAT/file" "$QEMU_INIT_DAT/moved"
		held unlink "$QEMU_INIT_DAT/moved"
		held unlink "$QEMU_INIT_RUN/db/state"
		held mkfifo "$QEMU_INIT_DAT/fifo"
	}
	up
	at_each writes
	at_each -o root held mknod "$QEMU_INIT_DAT/null"
}

@test "what it may only read it cannot open again for writing" {
	up
	at_each held reopen
}

@test "it starts no program" {
	up
	at_each held exec /bin/true
	at_each held exec /bin/sh "exit 0"
}

# ---- locks ----

@test "it takes no lock but its own, and none of the host's" {
	locks() {
		tries web lock w
		like "$got" "refused: *"
		tries web lock r
		like "$got" "refused: *"
		held lock-file "$QEMU_INIT_DAT/db/base.img"
		# without a keeper it gets what is no keeper's lock; by one that gives it more than a lock to read, a keeper's
		kill -KILL "$keeper"
		wait_until 5 gone "$keeper"
		tries web lock w
		like "$got" "refused: *"
		tries web lock r
		like "$got" "reached: *"
		qinit qemu-init stop -f web
		unguarded
		qinit qemu-init start web
		eval "$(qinit qemu-init status -s web)"
		kill -KILL "$VM_KEEPER"
		wait_until 5 gone "$VM_KEEPER"
		tries web lock w
		like "$got" "reached: *"
		# now it passes for one, and no other can be
		build=$bin
		run qinit qemu-init stop -f -t 1 web
		same "$(qemus_of web)" 1
		kill -KILL "$VM_PID"
		wait_until 5 gone "$VM_PID"
		qinit qemu-init stop web
	}
	up
	at_each -o root held lock-file "$QEMU_INIT_RUN/.disks"
	at_each -o root held lock-file /run/qemu/uids
	at_each locks
}

# ---- processes ----

@test "it signals nobody: not its keeper, not init, no other QEMU, no group" {
	signals() {
		held signal "$keeper"
		held signal "-$keeper"
		held signal "$VM_PID"
		held signal "-$VM_PID"
		held signal-all
	}
	up
	at_each signals
	at_each -o root held signal 1
}

@test "it signals nobody by way of a descriptor's owner" {
	by_fd() {
		local victim
		background "${by[@]}" sleep 100 3>&-
		victim=$pid
		asleep() {
			[[ $(cat "/proc/$victim/comm") == sleep ]]
		}
		wait_until 5 asleep
		tries web sigio "$victim"
		tries web ns pid # after it
		! gone "$victim" || fail "ended by $who's"
		tries bare sigio "$victim"
		wait_until 5 gone "$victim"
	}
	up
	at_each by_fd
}

@test "it looks into no process, stops none and limits none" {
	touches() {
		held renice "$VM_PID"
		kept_from renice "$keeper"
		kept_from limit "$keeper"
		looks held "$VM_PID"
		looks kept_from "$keeper"
	}
	looks() {
		$1 ptrace "$2"
		$1 memory "$2"
		$1 steal-fd "$2"
		$1 read "/proc/$2/environ"
		$1 read "/proc/$2/maps"
		$1 list "/proc/$2/fd"
	}
	# an ordinary user's keeper is closed even to the bare one
	closed() {
		eval "$(qinit qemu-init status -s bare)"
		looks bare_from "$VM_KEEPER"
		qinit qemu-init kill bare
		unguarded
		qinit qemu-init start bare 2>/dev/null
		eval "$(qinit qemu-init status -s bare)"
		looks bare_at "$VM_KEEPER"
		bare_at renice "$VM_KEEPER"
		bare_at limit "$VM_KEEPER"
	}
	bare_from() {
		tries bare "$@"
		like "$got" "refused: *"
	}
	bare_at() {
		tries bare "$@"
		like "$got" "reached: *"
	}
	up
	at_each touches
	at_each -o user closed
	at_each -o root held read "/proc/$$/environ"
}

@test "its uid has no more processes than a QEMU needs" {
	up root
	at_each -o root held fork
}

# ---- the network ----

@test "it calls nobody by TCP: no other VM's port, and nobody outside; and listens on no port" {
	local outside
	outside=$(hostname -I | awk '{ print $1 }')
	background socat TCP4-LISTEN:$((port + 900)),fork,reuseaddr OPEN:/dev/null 3>&-
	calls() {
		held tcp 127.0.0.1 "$VM_MONPORT"
		held tcp 127.0.0.1 "$VM_CTLPORT"
		! grep -q ' lo$' /proc/net/if_inet6 || held tcp ::1 "$VM_MONPORT"
		held fast 127.0.0.1 "$VM_MONPORT"
		held tcp "${outside:-127.0.0.2}" $((port + 900))
		held listen $((port + 901))
	}
	up
	at_each calls
}

@test "it sends no datagram, and the kernel tells it nothing of the host's network" {
	sends() {
		held udp 127.0.0.1 9
		held netlink
	}
	up
	at_each sends
}

@test "it opens no UNIX socket: no other VM's, not the keeper's, and none that everybody may" {
	local dir
	opens() {
		local sock
		for sock in hmp qmp keep console; do
			held unix "$QEMU_INIT_RUN/db/$sock.sock"
		done
		for dir in /run /tmp /var/tmp; do
			held unix "$dir/qi.$$.sock"
		done
		held unix "@qi.$$"
		held unix "$scratch/datagram" d
	}
	for dir in /run /tmp /var/tmp; do
		background socat "UNIX-LISTEN:$dir/qi.$$.sock,fork,mode=777,unlink-early" OPEN:/dev/null 3>&-
		wait_until 5 test -S "$dir/qi.$$.sock"
	done
	background socat "ABSTRACT-LISTEN:qi.$$,fork" OPEN:/dev/null 3>&-
	background socat -u "UNIX-RECV:$scratch/datagram,mode=777" OPEN:/dev/null 3>&-
	wait_until 5 test -S "$scratch/datagram"
	up
	at_each opens
}

# ---- rights, and what processes share ----

@test "it has no right, and gains none" {
	rights() {
		held caps
		held setuid
		held mount /mnt
	}
	up
	at_each -o root rights
	# where nobody can make one, the bare one cannot, either
	if has_userns; then at_each held userns; else at_each kept_from userns; fi
	namespaces() {
		local ns
		for ns in net mnt ipc; do
			tries web ns $ns
			[[ $got != "reached: $(readlink "/proc/$$/ns/$ns")" ]] || fail "the host's $ns namespace"
		done
	}
	at_each -o root namespaces
}

@test "it shares no memory, no queue and no key with anybody" {
	shares() {
		tries bare shm 4711 make
		tries bare mq qi.4711 make
		held shm 4711
		held mq qi.4711
		tries bare shm 4711 remove
		tries bare mq qi.4711 remove
	}
	up
	at_each shares
	by_key() {
		qinit qemu-init kill web bare
		by=("${by[@]}" "$bin/qemu-system-taken" -key secret treasure)
		qinit qemu-init start web bare 2>/dev/null
		tries web key secret
		like "$got" "refused: *"
	}
	at_each by_key
}

@test "it knows nothing of its caller's environment" {
	local -x SECRET=treasure LD_BIND_NOW=1
	knows() {
		tries web environ PATH
		like "$got" "reached: *"
		for word in SECRET LD_BIND_NOW; do
			tries web environ $word
			like "$got" "refused: *"
		done
		unguarded
		qinit qemu-init kill web
		qinit qemu-init start web
		tries web environ SECRET
		same "$got" "reached: treasure"
	}
	up
	at_each knows
}

# ---- lies ----

@test "a header that names a secret as backing file is refused at the next start" {
	requires qemu-img
	names() {
		local secret=$scratch/secret
		echo treasure >"$secret"
		truncate -s 1M "$secret"
		qinit qemu-init kill web
		qemu-img create -q -f qcow2 "$QEMU_INIT_DAT/web/own.qcow2" 1M
		[[ $who == root ]] || chown 64001 "$QEMU_INIT_DAT/web/own.qcow2"
		sed -i s/own.img/own.qcow2/ "$(rc_of web)"
		qinit qemu-init start web
		tries web header "$secret"
		like "$got" "reached: *"
		qinit qemu-init kill web
		# the attack is a real one: who believes the header gives the secret away
		qemu-img convert -O raw "$QEMU_INIT_DAT/web/own.qcow2" "$scratch/given-away"
		same "$(head -c 8 "$scratch/given-away")" treasure
		run qinit qemu-init start web
		same "$status" 1
		like "$output" "qemu-init: web: $(rc_of web):*: DISK1: *$secret*"
		unguarded
		qinit qemu-init start web
		tries web fds
		like "$got" "* r $secret *"
	}
	up
	at_each names
}

@test "a flood on every line costs a bounded log, a bounded keeper, and its neighbour nothing" {
	floods() {
		local begin
		tries web flood
		begin=${EPOCHREALTIME/./}
		turned() {
			[[ -f $QEMU_INIT_RUN/web/qemu.log.1 ]]
		}
		wait_until 20 turned
		same "$(qinit qemu-cmd db ns pid | cut -c 1-7)" reached
		begin=${EPOCHREALTIME/./}
		qinit qemu-init status >/dev/null || true
		((${EPOCHREALTIME/./} - begin < 2000000)) || fail "status took more than a second"
		(($(du -sk "$QEMU_INIT_RUN/web" | cut -f 1) < 4300)) || fail "$(du -ak "$QEMU_INIT_RUN/web")"
		(($(awk '/^RssAnon/ { print $2 }' "/proc/$keeper/status") < 2000)) || fail "$(grep Rss "/proc/$keeper/status")"
		timeout 20 "${by[@]}" "$bin/qinit" qemu-init stop -f web
		unguarded
		qinit qemu-init start web
		tries web flood
		too_much() {
			(($(du -sk "$QEMU_INIT_RUN/web" | cut -f 1) > 4300))
		}
		wait_until 20 too_much
		qinit qemu-init kill web
	}
	up
	at_each floods
}

@test "one that drops its lock and poses as stopped is not started a second time; stop -f ends it" {
	poses() {
		look
		tries web pose
		same "$got" "done"
		qinit qemu-init start web # runs already: its keeper is believed
		same "$(qemus_of web)" 1
		kill -KILL "$keeper"
		wait_until 5 gone "$keeper"
		run qinit qemu-init status web
		same "$status" 4
		run qinit qemu-init start web
		same "$status" 1
		same "$(qemus_of web)" 1
		qinit qemu-init stop -f web
		same "$(qemus_of web)" 0
		qinit qemu-init start web
		state_of web
		first=$VM_PID
		tries web pose
		kill_keeper web
		unguarded
		qinit qemu-init start web
		same "$(qemus_of web)" 2
		kill -KILL "$first"
	}
	local first
	up root
	at_each -o root poses
}

@test "one that poses as its own keeper is stopped all the same" {
	poses() {
		kill -KILL "$keeper"
		wait_until 5 gone "$keeper"
		tries web lock r
		like "$got" "reached: *"
		timeout 20 "${by[@]}" "$bin/qinit" qemu-init stop -f web
		same "$(qemus_of web)" 0
		qinit qemu-init start web
	}
	up root
	at_each -o root poses
}

@test "what it says runs nowhere, and moves nobody's terminal" {
	requires script
	local taken=
	lies() {
		local form verb
		tries web lie
		unguarded
		run "${by[@]}" timeout 20 script -qec "$build/qinit qemu-cmd web info" /dev/null </dev/null
		like "$output" $'*\e]0;taken*'
		build=$bin
		for form in '' -v -s -j; do
			qinit qemu-init status $form web >"$scratch/said" 2>&1 || true
			harmless "status $form"
			[[ $form != -s ]] || eval "$(cat "$scratch/said")"
			[[ $form != -j ]] || jq . "$scratch/said" >/dev/null
		done
		same "$taken" ""
		for verb in "qemu-init pause web" "qemu-init reset web" "qemu-cmd web info" "qemu-cmd -q web query-version" "qemu-init stop -t 1 web"; do
			"${by[@]}" timeout 20 script -qec "$bin/qinit $verb" /dev/null </dev/null >"$scratch/said" 2>&1 || true
			harmless "$verb"
		done
	}
	# harmless WHO: no control character but those of lines in what was said
	harmless() {
		cat -v "$scratch/said"
		! LC_ALL=C grep -aqP '[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]' "$scratch/said" || fail "$1: $(cat -v "$scratch/said")"
	}
	up
	at_each lies
}

# ---- other users ----

# planted COMMAND...: what the stranger made in the place of the user's own run directory is not used, and not changed
planted() {
	local planted=/tmp/qemu-init-64001 before
	"$@"
	before=$(find "$planted" "$scratch/strange" -printf '%p %u %m %l %s\n' | sort)
	run --separate-stderr "${owner[@]}" "$bin/qinit" qemu-init start web
	[[ $status == [14] ]] || fail "exit $status"
	like "$stderr" "qemu-init: *$planted: *"
	same "$(find "$planted" "$scratch/strange" -printf '%p %u %m %l %s\n' | sort)" "$before"
	rm -rf "$planted"
}

@test "another user's directory, file or link in the place of one's own in /tmp is refused" {
	whose user
	no_guest web
	chmod 755 "$QEMU_INIT_DAT/web"
	unset QEMU_INIT_RUN
	as_owner() {
		"${owner[@]}" "$@"
	}
	mkdir "$scratch/strange" "$scratch/strange/his" "$scratch/strange/own"
	chown 64002 "$scratch/strange/his"
	chown 64001 "$scratch/strange/own"
	planted "${stranger[@]}" mkdir -m 700 /tmp/qemu-init-64001
	planted "${stranger[@]}" mkdir -m 777 /tmp/qemu-init-64001
	planted "${stranger[@]}" ln -s "$scratch/strange/his" /tmp/qemu-init-64001
	planted "${stranger[@]}" ln -s "$scratch/strange/own" /tmp/qemu-init-64001
	planted "${stranger[@]}" ln -s /etc /tmp/qemu-init-64001
	planted "${stranger[@]}" mkfifo /tmp/qemu-init-64001
	planted "${stranger[@]}" touch /tmp/qemu-init-64001
	planted "${owner[@]}" mkdir -m 777 /tmp/qemu-init-64001
	# who does not ask whose it is works in the stranger's folder; what is none cannot be worked in by anybody
	unguarded
	mkdir -m 777 "$scratch/strange/open"
	chown 64002 "$scratch/strange/open"
	for planted in "mkdir -m 777" "ln -s $scratch/strange/open"; do
		# shellcheck disable=SC2086 # words
		"${stranger[@]}" $planted /tmp/qemu-init-64001
		qinit qemu-init start web
		[[ -S /tmp/qemu-init-64001/web/qmp.sock ]] || fail "no attack: $planted"
		qinit qemu-init kill web
		rm -rf /tmp/qemu-init-64001
	done
	as=as_owner qi 0 qemu-init start web
	same "$(stat -c '%u %a' /tmp/qemu-init-64001)" "64001 700"
	as=as_owner qi 0 qemu-init kill web
}

@test "a QEMU planted in the current directory is not started, whatever PATH says" {
	whose root
	cp "$bin/qemu-system-taken" "$scratch/qemu-system-planted"
	vm web TGTARCH=qemu-system-planted MACHINE=none
	cd "$scratch"
	for path in ".:$PATH" ":$PATH" "$PATH:" "$PATH:." "../${scratch##*/}:$PATH"; do
		PATH=$path qi 5 qemu-init start web
	done
	cd / # where a keeper stands, too
	PATH=${scratch#/}:$PATH qi 5 qemu-init start web
	unguarded
	PATH=${scratch#/}:$PATH qinit qemu-init start web
	tries web ns pid
	like "$got" "reached: *"
	qinit qemu-init kill web
	cd "$top"
	PATH=$scratch:$PATH qi 0 qemu-init start web
}

@test "descriptors, signals and a mask that its caller left behind change nothing" {
	whose root
	taken_vm web
	qinit qemu-init kill web
	odd() {
		(
			umask 0
			trap '' CHLD PIPE TERM
			exec 9<"$scratch/secret" "$@"
		) <&- >&- 2>&-
	}
	loose() {
		find "$QEMU_INIT_RUN/web" -perm /077 ! -type l ! -path "$QEMU_INIT_RUN/web" -printf '%P %m\n'
	}
	down() {
		is web "$1"
	}
	echo treasure >"$scratch/secret"
	odd "$bin/qinit" qemu-init start web
	tries web fds
	[[ $got != *secret* ]] || fail "QEMU has the caller's descriptor"
	look
	like "$(stat -c %s "$QEMU_INIT_RUN/web/lock" "$QEMU_INIT_ETC/registered" | paste -sd' ')" "0 *"
	same "$(loose)" ""
	kill_qemu web
	wait_until 5 down crashed
	# a keeper that keeps them does not hear of its QEMU's end; the mask is set by whoever makes a file, not in one place
	unguarded
	odd "$build/qinit" qemu-init start web
	tries web fds
	like "$got" "* r $scratch/secret *"
	kill_qemu web
	wait_until 5 down hung
}

# No switch of ours turns this off: what he could read is a file that has a name, and none is ever made. That the disk is in
# his folder nonetheless is seen at the end.
@test "TMPDIR that leads to another user's directory gives him nothing of a throw-away disk" {
	whose root
	vm web TGTARCH=qemu-system-taken MACHINE=pc DISK1=own.img
	truncate -s 1M "$QEMU_INIT_DAT/web/own.img"
	mkdir "$scratch/his"
	chown 64002 "$scratch/his"
	ln -s "$scratch/his" "$scratch/planted"
	TMPDIR=$scratch/planted qi 0 qemu-init start -x web
	same "$(ls -A "$scratch/his")" ""
	tries web fds
	like "$got" "*w $scratch/his/#*(deleted)*"
}
