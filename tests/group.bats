#!/usr/bin/env bats
# SPDX-License-Identifier: 0BSD
# GROUP: what members of a VM's group may, and others may not.
BATS_TEST_TIMEOUT=240
load helper
load vms

group=64100
member=(setpriv --reuid=64003 --regid=64003 --groups=$group --inh-caps=-all)
primary=(setpriv --reuid=64004 --regid=$group --clear-groups --inh-caps=-all)
stranger=(setpriv --reuid=64002 --regid=64002 --groups=64101 --inh-caps=-all)

as_member() {
	"${member[@]}" "$@"
}

as_primary() {
	"${primary[@]}" "$@"
}

as_stranger() {
	"${stranger[@]}" "$@"
}

setup() {
	begin
	requires setpriv socat unshare strace
	cp "$top/build/main/tests/attack/call" "$bin/call"
}

# by WHO STATUS ...: qi, called by that one
by() {
	local as=as_$1
	shift
	qi "$@"
}

# shared NAME [KEY=VALUE...]: runs, with a console and a screen, for the group
shared() {
	vm "$1" GROUP=$group DISPLAY=vnc "${@:2}"
	qi 0 qemu-init start "$1"
}

mode() {
	stat -c '%a %u %g' "$QEMU_INIT_RUN/$1"
}

# all that is the group's of that VM, and nothing else is
is_shared() {
	local file
	same "$(mode "$1")" "2750 0 $group"
	for file in hmp qmp keep console vnc; do
		same "$(mode "$1/$file.sock")" "660 0 $group"
	done
	same "$(stat -c %a "$QEMU_INIT_RUN/$1/lock")" 600
	same "$(stat -c %A "$QEMU_INIT_RUN/$1/private")" drwx--S---
	for file in "$QEMU_INIT_RUN/$1"/private/*; do
		same "$(stat -c %a "$file")" 600
	done
}

# answer SOCKET WHO...: what a socket's first words are to them
answer() {
	"${@:2}" "$bin/call" -o -w 5000 "$1" "${text-}" 2>&1
}

@test "without GROUP nobody else has a way in" {
	no_guest web
	qi 0 qemu-init start web
	same "$(mode web)" "750 0 0"
	same "$(mode web/keep.sock)" "600 0 0"
	by member 4 qemu-init status web
	by member 4 qemu-init stop web
	by member 4 qemu-cmd web info status
	now_is web running
}

@test "the run directory, five sockets and no more are the group's" {
	shared web
	is_shared web
}

@test "members come to every socket, strangers to none" {
	local sock who
	shared web
	for sock in hmp:QEMU qmp:'*"QMP"' vnc:RFB; do
		for who in "${member[*]}" "${primary[*]}"; do
			# shellcheck disable=SC2086 # words
			like "$(answer "$QEMU_INIT_RUN/web/${sock%%:*}.sock" $who)" "${sock#*:}*"
		done
		like "$(answer "$QEMU_INIT_RUN/web/${sock%%:*}.sock" "${stranger[@]}")" "*ermission denied*"
	done
	text=$'qinit 1 status 0 \n'
	like "$(answer "$QEMU_INIT_RUN/web/keep.sock" "${member[@]}")" "= 0 running*"
	like "$(answer "$QEMU_INIT_RUN/web/keep.sock" "${stranger[@]}")" "*ermission denied*"
}

@test "the keeper asks for the group, whatever the modes are" {
	shared web
	chmod 755 "$QEMU_INIT_RUN/web"
	chmod 666 "$QEMU_INIT_RUN"/web/{keep,console,vnc}.sock
	text=$'qinit 1 kill 0 \n'
	like "$(answer "$QEMU_INIT_RUN/web/keep.sock" "${stranger[@]}")" "= 4 denied: *"
	like "$(answer "$QEMU_INIT_RUN/web/console.sock" "${stranger[@]}")" "qinit: denied: *"
	same "$(answer "$QEMU_INIT_RUN/web/vnc.sock" "${stranger[@]}")" ""
	now_is web running
}

@test "a member asks for its status, commands its monitor, pauses, resets and stops it; a stranger does nothing" {
	local who
	mkdir -p "$QEMU_INIT_DAT/web"
	button_vm web GROUP=$group
	for who in member primary; do
		qi 0 qemu-init start web
		says web R
		by stranger 4 qemu-init status web
		by stranger 4 qemu-init kill web
		by stranger 4 qemu-cmd web quit
		by $who 0 qemu-init status web
		like "$output" "*web *running*"
		by $who 0 qemu-init pause web
		now_is web paused
		by $who 0 qemu-init resume web
		by $who 0 qemu-init reset web
		by $who 0 qemu-cmd web info status
		same "$output" "VM status: running"
		by $who 0 qemu-init wait web -t 5 running
		by $who 0 qemu-init stop web
		now_is web stopped
		by $who 3 qemu-init status web
		like "$output" "*web *stopped*"
		by $who 0 qemu-init stop web
		by $who 4 qemu-init start web || by $who 6 qemu-init start web
		qi 0 qemu-init start web
		by $who 0 qemu-init kill web
		now_is web stopped
	done
}

@test "a member does nothing to another VM, whose group it has not" {
	local verb
	shared web
	no_guest other GROUP=64101
	no_guest third
	qi 0 qemu-init start other third
	for verb in status stop kill pause reset; do
		by member 4 qemu-init $verb other
		by member 4 qemu-init $verb third
	done
	by member 4 qemu-cmd other quit
	by member 4 qemu-mon third </dev/null
	by member 0 qemu-init kill web
	now_is other running
	now_is third running
}

@test "a member can neither hold its lock nor write a file of it" {
	local file
	shared web
	for file in lock private/output private/argv; do
		run as_member sh -c "exec 3<'$QEMU_INIT_RUN/web/$file'"
		((status != 0))
	done
	for file in state exit serial.log qemu.log new; do
		run as_member sh -c "exec 3>>'$QEMU_INIT_RUN/web/$file'"
		((status != 0))
	done
	run as_member rm -f "$QEMU_INIT_RUN/web/state"
	((status != 0))
}

@test "members come by TCP, too, strangers do not" {
	no_guest web GROUP=$group
	qi 0 qemu-init start web
	state_of web
	by member 0 qemu-cmd -p "$VM_MONPORT" info status
	by primary 0 qemu-cmd -p "$VM_CTLPORT" info status
	by stranger 4 qemu-cmd -p "$VM_MONPORT" info status
	like "$stderr" "*denied: this VM belongs to another user"
}

@test "the group is kept by a new keeper, a restart, and for sockets and a directory that vanished" {
	watched() {
		state_of web
		[[ $VM_KEEPER ]]
	}
	shared web RESTART=always RESTART_DELAY=1
	kill_keeper web
	by member 4 qemu-init stop web
	like "$stderr" "*its keeper is gone*"
	by member 0 qemu-cmd web info status
	# also where its file is gone
	mv "$QEMU_INIT_DAT/web/web-qemu.rc" "$scratch/rc"
	qi 0 qemu-init pause web
	mv "$scratch/rc" "$QEMU_INIT_DAT/web/web-qemu.rc"
	is_shared web
	by member 0 qemu-init resume web
	rm "$QEMU_INIT_RUN"/web/{keep,console,vnc}.sock
	wait_until 5 is_shared web
	wait_until 5 watched # a socket is there before it listens
	kill_keeper web
	qi 0 qemu-init start web
	kill_qemu web
	again() {
		is web running && is_shared web
	}
	wait_until 20 again
	by member 0 qemu-init pause web
	mv "$QEMU_INIT_RUN/web" "$scratch/away"
	back() {
		same "$(mode web)" "2750 0 $group" && same "$(mode web/keep.sock)" "660 0 $group" &&
			same "$(mode web/vnc.sock)" "660 0 $group"
	}
	wait_until 5 back
	by member 0 qemu-init kill web
}

@test "a VM that has no GROUP any more is closed again" {
	shared web
	qi 0 qemu-init stop -f web
	sed -i /GROUP/d "$(rc_of web)"
	qi 0 qemu-init start web
	same "$(mode web)" "750 0 0"
	same "$(mode web/qmp.sock | cut -d' ' -f1)" 600
	by member 4 qemu-init status web
}

@test "no file and no socket is open to more, for a moment, than in the end" {
	vm web GROUP=$group DISPLAY=vnc
	background timeout -k 1 60 strace -qq -o "$scratch/trace" -e trace=umask,fchmod,chmod,fchmodat,fchown,chown,fchownat,bind,mkdir,mkdirat,mknod,mknodat \
		"$bin/qinit" qemu-init run web
	wait_until 20 is web running
	qi 0 qemu-init kill web
	wait "$pid" || true
	# the directory is given to the group before its mode says so, and nothing else is changed afterwards
	same "$(grep -E '^f?ch(mod|own)' "$scratch/trace" | sed 's/(.*//' | xargs)" "fchown fchmod"
	grep -qE '^fchmod\([0-9]+, 02750\)' "$scratch/trace"
	same "$(grep -c '^bind(.*AF_UNIX' "$scratch/trace")" "$(grep -B 1 '^bind(.*AF_UNIX' "$scratch/trace" | grep -cE '^umask\(0?1[17]7\)')"
	! grep -v EEXIST "$scratch/trace" | grep -E '^mk(dir|nod)(at)?\(' | grep -vE ', (S_IFIFO\|)?0(750|700|600)\b'
}

@test "QEMU's own uid connects nowhere, and a GROUP that QEMU has is refused" {
	local sock
	shared web
	state_of web
	for sock in "$QEMU_INIT_RUN"/web/*.sock "$QEMU_INIT_RUN"/web/private/*.sock; do
		like "$(answer "$sock" setpriv --reuid="$VM_UID" --regid="$VM_UID" --clear-groups --inh-caps=-all)" "*ermission denied*"
	done
	no_guest own GROUP="$VM_UID"
	qi 6 qemu-init start own
	same "$stderr" "qemu-init: own: $(rc_of own):4: GROUP: $VM_UID: QEMU itself has this group, take another one"
	no_guest named RUNAS=64001:$group GROUP=$group
	qi 6 qemu-init start named
	like "$stderr" "*QEMU itself has this group, take another one"
}

@test "a GROUP that is not there is one line with its place, and nothing is started" {
	no_guest web GROUP=no-such-group
	qi 6 qemu-init start web
	same "$stderr" "qemu-init: web: $(rc_of web):4: GROUP: no-such-group: no such group in /etc/group (a number needs none)"
	[[ ! -e $QEMU_INIT_RUN/web ]]
	no_guest other GROUP=a:b
	qi 6 qemu-init start other
	like "$stderr" "*other-qemu.rc:4: GROUP: a:b: want a name or number"
}

@test "an ordinary user's VM can be for a group of that user's, and for no other" {
	local as
	as_user() {
		setpriv --reuid=64001 --regid=64001 --groups=$group --inh-caps=-all "$@"
	}
	use_place "$scratch/user"
	no_guest web GROUP=$group
	no_guest other GROUP=64101
	chown -R 64001:64001 "$scratch/user"
	as=as_user
	qi 0 qemu-init start web
	qi 4 qemu-init start other
	like "$stderr" "*: group 64101: operation not permitted"
	same "$(mode web)" "2750 64001 $group"
	same "$(mode web/hmp.sock)" "660 64001 $group"
	# by its path: a place that another than root may write is not believed
	by member 0 qemu-cmd -u "$QEMU_INIT_RUN/web/hmp.sock" info status
	by member 4 qemu-init status web
	by stranger 4 qemu-cmd -u "$QEMU_INIT_RUN/web/hmp.sock" info status
	as=as_user
	qi 0 qemu-init kill web
}

# in_own_host SCRIPT: runs it as root where /etc/qemu, /run/qemu and the user database are a copy of the test's own
in_own_host() {
	mkdir -p "$scratch/etc-copy"
	cp /etc/passwd /etc/group "$scratch/etc-copy"
	echo "vmuser:*:64003:64003::/:/bin/sh" >>"$scratch/etc-copy/passwd"
	echo "vmusers:x:$group:vmuser" >>"$scratch/etc-copy/group"
	mkdir -p /etc/qemu /run/qemu
	env -u QEMU_INIT_ETC -u QEMU_INIT_RUN -u QEMU_INIT_DAT top="$top" scratch="$scratch" bin="$bin" port="$port" timeout -k 1 100 \
		unshare -m --propagation private bash -euc '
		for f in passwd group; do mount --bind "$scratch/etc-copy/$f" "/etc/$f"; done
		mount -t tmpfs none /etc/qemu
		mount -t tmpfs -o mode=755 none /run/qemu
		echo "MONPORT=$port" >/etc/qemu/monitor.conf
		printf "%s\n" ACCEL=tcg RAM=16M DISPLAY=none MACHINE=none SERIAL=no >/etc/qemu/default.rc
		for vm in web other; do
			mkdir -p "$scratch/own/$vm"
			echo GROUP=vmusers >"$scratch/own/$vm/$vm-qemu.rc"
			echo "$vm $scratch/own/$vm" >>/etc/qemu/registered
		done
		echo "GROUP=root" >>"$scratch/own/other/other-qemu.rc"
		sed -i 1d "$scratch/own/other/other-qemu.rc"
		trap "\"$bin/qemu-init\" kill -a" EXIT
		as() { env -u HOME setpriv --reuid=64003 --regid=64003 --init-groups --inh-caps=-all "$@"; }
		'"$1"
}

@test "a member finds root's VM by its name, its own place stays apart" {
	in_own_host '
		"$bin/qemu-init" start web
		[[ $(stat -c %G /run/qemu/web) == vmusers ]]
		as "$bin/qemu-init" status web
		[[ $(as "$bin/qemu-cmd" web info status) == "VM status: running" ]]
		as "$bin/qemu-init" stop -f web
		code=0; as "$bin/qemu-init" start web || code=$?
		[[ $code == 6 ]]
		code=0; as "$bin/qemu-init" status web || code=$?
		[[ $code == 3 ]]
	'
}

@test "members start one VM by sudo, and can do nothing else by it" {
	requires sudo
	in_own_host '
		mount -t tmpfs -o mode=755 none /etc/sudoers.d
		sed -n "s|^\.Dl \(%vmusers .*\)|\1|p" "$top/applets/qemu-init.5" | sed "s|/usr/local/bin|$bin|" >/etc/sudoers.d/qemu
		chmod 440 /etc/sudoers.d/qemu
		grep -q "qemu-init start web" /etc/sudoers.d/qemu
		visudo -cqf /etc/sudoers.d/qemu
		as sudo -n "$bin/qemu-init" start web
		as "$bin/qemu-init" status web
		refused() { ! as sudo -n "$@" 2>/dev/null; }
		refused "$bin/qemu-init" start other
		refused "$bin/qemu-init" start web PRECMD=id
		refused "$bin/qemu-init" start web other
		refused "$bin/qemu-init" kill other
		refused QEMU_INIT_ETC=/tmp "$bin/qemu-init" start web
		refused sh -c id
		as "$bin/qemu-init" stop -f web
	'
}

# there may be no /etc/doas.conf to cover: the whole folder is a copy
@test "members start one VM by doas, and can do nothing else by it" {
	requires doas
	in_own_host '
		cp -a /etc "$scratch/etc-whole"
		mount --bind "$scratch/etc-whole" /etc
		sed -n "s|^\.Dl \(permit .*\)|\1|p" "$top/applets/qemu-init.5" | sed "s|/usr/local/bin|$bin|" >/etc/doas.conf
		chmod 600 /etc/doas.conf
		grep -q "args start web" /etc/doas.conf
		doas -C /etc/doas.conf
		refused() { ! as doas -n "$@" 2>/dev/null; }
		refused "$bin/qemu-init" start other
		refused "$bin/qemu-init" start
		refused "$bin/qemu-init" start web PRECMD=id
		refused "$bin/qemu-init" start web other
		refused "$bin/qemu-init" kill web
		refused -u vmuser "$bin/qemu-init" start web
		refused sh -c id
		code=0; "$bin/qemu-init" status web || code=$?
		[[ $code == 3 ]]
		# where it looks is not for the caller to say
		QEMU_INIT_ETC=/tmp QEMU_INIT_RUN=/tmp as doas -n "$bin/qemu-init" start web
		as "$bin/qemu-init" status web
		[[ $(stat -c %G /run/qemu/web) == vmusers ]]
		as "$bin/qemu-init" stop -f web
	'
}

@test "no program of the installation is setuid or setgid" {
	make -s -C "$top" install DESTDIR="$scratch/root" >/dev/null
	[[ -z $(find "$scratch/root" -perm /7000) ]]
	same "$(find "$scratch/root" -path '*/bin/*' -type f -printf '%f %m\n')" "qinit 755"
}
