#!/usr/bin/env bats
# SPDX-License-Identifier: 0BSD
# Every example command of README and of the man pages is run, as it is written and in the order of the page, by real
# QEMU with a Linux guest that asks for a login: in a world of its own, which has its own /etc, /run, /srv, network and
# processes. A new example is found by itself; what cannot be run here stands in `instead` with its reason.
BATS_TEST_TIMEOUT=400
load helper
load vms

setup() {
	begin
	requires jq ip visudo xorriso tmux
	unset QEMU_INIT_ETC QEMU_INIT_RUN QEMU_INIT_DAT
}

teardown() {
	finish
}

# help_of APPLET: its own and its verbs'
help_of() {
	local verb
	"$QINIT" "$1" -h
	for verb in $("$QINIT" "$1" -h | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do
		"$QINIT" "$1" "$verb" -h
	done
}

# examples PAGE: the lines of its blocks, without comments
examples() {
	if [[ $1 == *' -h' ]]; then
		help_of "${1% -h}" | awk '/^examples:/ { on = 1; next } !/^  / { on = 0 } on && !seen[$0]++' | sed 's/^  //'
	elif [[ $1 == *.md ]]; then
		sed -n '/^```/,/^```/p' "$top/$1" | grep -v '^```'
	else
		sed -n '/^\.Bd -literal/,/^\.Ed/{/^\.[BE]d/d;p}; s/^\.Dl //p' "$top/applets/$1" | sed 's/\\(dq/"/g; s/\\e/\\/g; s/\\&//g'
	fi | sed 's/  *# .*//; /^$/d'
}

# what a host has that is not ours
make_world() {
	mkdir -p "$scratch"/{srv,boot,local,stub,fix/bin,glue,here}
	rm -rf "$scratch/etc"
	cp -a /etc "$scratch/etc"
	rm -rf "$scratch/etc/qemu"
	echo "vmusers:x:64100:" >>"$scratch/etc/group"
	echo "alice:x:64101:64100::/:/bin/sh" >>"$scratch/etc/passwd"
	local init
	for init in runit s6 systemd; do
		make -s -C "$top" install-init INIT=$init DESTDIR="$scratch/glue" >/dev/null
	done
	cp -a "$scratch/glue/etc/." "$scratch/etc/"
	"$top/tests/guest/iso" "$scratch/srv/alpine.iso"
	cp "$scratch/srv/alpine.iso" "$scratch/here/debian.iso"
	cp "$QINIT" "$scratch/here/qinit"
	"$top/tests/guest/button" >"$scratch/srv/ci.img"
	mkdir "$scratch/srv/web"
	echo RAM=64M >"$scratch/srv/web/web-qemu.rc"
	# a rescue system that is through with its work at once
	cp "$(command -v busybox)" "$scratch/fix/bin/busybox"
	printf '%s\n' '#!/bin/busybox sh' '/bin/busybox poweroff -f' >"$scratch/fix/init"
	chmod 755 "$scratch/fix/init"
	(cd "$scratch/fix" && find . | cpio -o -H newc -R 0:0 --quiet) >"$scratch/boot/initrd.img"
	cp "$top/build/guest/vmlinuz" "$scratch/boot/vmlinuz"
	stubs
}

stub() {
	{ echo '#!/bin/bash' && cat; } >"$scratch/stub/$1"
	chmod 755 "$scratch/stub/$1"
}

# Programs that would want another host, a screen or a pid 1: they look whether their arguments lead somewhere.
stubs() {
	stub ssh <<-'EOF'
		last=${!#}
		[[ $last == root@* ]] || exit 1
		while getopts fNp:L: letter; do
			case $letter in
			p) ss -ltn | grep -q "127.0.0.1:$OPTARG " || exit 1 ;;
			L) [[ $(socat -T 2 - "UNIX-CONNECT:${OPTARG#*:}" </dev/null | head -c 3) == RFB ]] || exit 1 ;;
			'?') exit 1 ;;
			esac
		done
	EOF
	stub vncviewer <<-'EOF'
		[[ $* == localhost:1 ]] # 5901
	EOF
	stub systemctl <<-'EOF'
		[[ $1 == enable && $2 == --now && -f /etc/systemd/system/${3%@*}@.service ]]
	EOF
	stub virsh <<-EOF
		cat '$top/tests/corpus/import/libvirt'
	EOF
	stub make <<-EOF
		exec $(command -v make) -n -C '$top' "\$@" >/dev/null # they build and test what is being tested
	EOF
}

# in_world COMMAND...: with pid 1 everything ends
in_world() {
	mkdir -p /var/lib/qemu
	# shellcheck disable=SC2016 # the inner shell's
	scratch=$scratch top=$top QINIT=$QINIT PATH=$scratch/stub:/usr/local/bin:$PATH TMPDIR=/run unshare -m -n -p -f --kill-child --propagation private bash -euc '
		mount -t proc proc /proc
		for dir in etc srv boot; do mount --bind "$scratch/$dir" "/$dir"; done
		mount --bind "$scratch/local" /usr/local/bin
		mount -t tmpfs -o mode=755 tmpfs /run
		mount -t tmpfs -o mode=755 tmpfs /var/lib/qemu
		ip link set lo up
		cd "$scratch/here"
		"$@"' - "$@"
}

# instead LINE: what is done for a line that cannot be run as it stands
instead() {
	case $1 in
	%vmusers*) echo 'echo "$line" >/run/sudoers; visudo -cqf /run/sudoers' ;; # tests/group.bats uses it
	'permit nopass '*) echo : ;; # so does it this one
	::respawn:*) echo 'grep -qF "${line##*/}" "$top/conf/init/busybox/etc/inittab.qemud"' ;; # tests/inits.bats, with busybox init
	[0-9]*' * * * '*) echo "${1#* \* \* \* }" ;; # cron's five words, then a command
	[A-Z]*=*' '*) echo "$1" ;; # a command with its environment
	[A-Z]*=*) echo 'echo "$line" >>/run/by-hand' ;; # a line of an rc-file, see below
	'qemu-init run '*NAME=ci*) # ends when it is asked to
		echo '(until qemu-init wait ci running 2>/dev/null; do sleep 0.1; done; qemu-init stop -f ci) & '"$1" ;;
	'qemu-init run -c '*) echo "qemu-init stop -f web; (qemu-init wait web running; qemu-init stop -f web) & $1" ;; # nor does it end
	'qemu-init status -j '*) echo "qemu-init start ${1##* }; $1" ;; # 3 if it does not run
	'qemu-init wait '*event:RESET) echo '(while qemu-init reset web; do :; done) & '"$1"'; kill $!' ;; # somebody has to do it
	'qemu-init wait '*stopped) echo "qemu-init stop -f web & $1" ;;
	'qemu-adm register ./'*) echo "(cd /srv/web && $1)" ;;
	'qemu-adm register '*) echo "qemu-adm unregister web; $1" ;; # of that name there was another
	'qemu-adm check') echo "qemu-adm unregister lv 2>/dev/null; $1" ;; # what virsh showed has no disk here
	'qemu-adm delete '*) echo "$1 -f" ;; # it asks on a terminal
	'qemu-init console '*) echo "qemu-init wait -t 90s ${1##* } serial:login: && $1" ;; # nobody types before
	*) echo "$1" ;;
	esac
}

# run_page PAGE: in the world; the first line that fails ends it
run_page() {
	local line code
	stage "$1"
	while IFS= read -r line; do
		echo "\$ $line"
		code=0
		eval "$(instead "$line")" </dev/null || code=$?
		((code == 0)) || { echo "exit $code: $line" && return 1; }
	done < <(examples "$1")
	if [[ -e /run/by-hand ]]; then
		mkdir /run/web
		mv /run/by-hand /run/web/web-qemu.rc
		truncate -s 1M /run/web/web.img
		qemu-adm check /run/web/
	fi
	qemu-init kill -a
}

# make_web [KEY=VALUE...]: here is its folder
make_web() {
	qemu-adm create web --disk 10M --cdrom /srv/alpine.iso RAM=256M "$@" >/dev/null
	cd /var/lib/qemu/web
}

# stage PAGE: what it takes for granted
stage() {
	[[ $1 != qemu-init.5 ]] || ip link add br0 type bridge # its page has taps alone
	[[ $1 == README.md ]] || "$scratch/here/qinit" --install -s /usr/local/bin
	case $1 in
	README.md | qemu-init.[57] | qemu-adm.8) ;;
	qemu-adm' -h')
		cp debian.iso /srv/web
		cd /srv/web
		qemu-adm create db --disk 10M RAM=64M >/dev/null
		echo 'qemu-system-x86_64 -m 64M -hda mail.img' >run-vm.sh
		truncate -s 1M mail.img
		;;
	*)
		make_web NIC1=user,hostfwd=tcp::2222-:22
		qemu-adm autostart on web
		;;
	esac
	case $1 in
	qemu-cmd* | qemu-mon*) qemu-init start web ;;
	qemu-init' -h') qemu-adm create db --disk 10M RAM=64M STOPDELAY=3 >/dev/null ;;
	esac
}

# all_run PAGE
all_run() {
	local lines
	make_world
	lines=$(examples "$1" | wc -l)
	((lines > 0)) || fail "$1: no example"
	# shellcheck disable=SC2016 # the inner shell's
	in_world bash -uc "$(declare -f help_of examples instead run_page make_web stage)"'; run_page "$1"' - "$1" </dev/null >"$scratch/log" 2>&1 || fail "$(cat "$scratch/log")" || return
	same "$(grep -c '^\$ ' "$scratch/log")" "$lines"
}

@test "README.md: every example runs" { all_run README.md; }
@test "qemu-init.5: every example runs" { all_run qemu-init.5; }
@test "qemu-init.7: every example runs" { all_run qemu-init.7; }
@test "qemu-init.8: every example runs" { all_run qemu-init.8; }
@test "qemu-adm.8: every example runs" { all_run qemu-adm.8; }
@test "qemu-cmd.8: every example runs" { all_run qemu-cmd.8; }
@test "qemu-mon.8: every example runs" { all_run qemu-mon.8; }
@test "qemud.8: every example runs" { all_run qemud.8; }

@test "qemu-init -h: every example runs" { all_run "qemu-init -h"; }
@test "qemu-adm -h: every example runs" { all_run "qemu-adm -h"; }
@test "qemu-cmd -h: every example runs" { all_run "qemu-cmd -h"; }
@test "qemu-mon -h: every example runs" { all_run "qemu-mon -h"; }
@test "qemud -h: every example runs" { all_run "qemud -h"; }

@test "no page is forgotten" {
	local page
	for page in README.md $(cd "$top/applets" && echo *.[1-9]); do
		grep -q "{ all_run $page; }" "$BATS_TEST_FILENAME" || fail "$page"
	done
}

# type_line LINE: as a person does; each key is counted
type_line() {
	keys=$((keys + ${#1} + 1))
	tmux send-keys -l -- "$1"
	tmux send-keys Enter
}

on_screen() {
	tmux capture-pane -p -J | grep -qE -- "$1"
}

@test "a newcomer, by README alone: create, check, start, console, login, stop, delete in under two minutes of typing" {
	local line keys=0 verb
	make_world
	{
		printf '%q=%q\n' scratch "$scratch" top "$top"
		declare -f in_world
		echo "in_world bash -c '\"\$scratch/here/qinit\" --install -s /usr/local/bin; PS1=\"ready> \" exec sh'"
	} >"$scratch/enter"
	export TMUX_TMPDIR=$scratch
	tmux -f /dev/null new-session -d -x 120 -y 40 "bash '$scratch/enter'"
	pids+=("$(tmux display-message -p '#{pid}')")
	wait_until 20 on_screen '^ready>'
	for verb in create check start console stop delete; do
		line=$(examples README.md | grep -E "^qemu-(adm|init) $verb ")
		tmux send-keys -R # the screen is empty
		type_line "$line"
		case $verb in
		create) wait_until 20 on_screen '^next: ' ;;
		console)
			wait_until 90 on_screen 'login: *$'
			type_line root
			wait_until 20 on_screen '^[~/]+ # *$'
			type_line 'echo $((6 * 7)) in the guest'
			wait_until 20 on_screen '^42 in the guest'
			tmux send-keys 'C-]'
			keys=$((keys + 1))
			;;
		delete)
			wait_until 20 on_screen '\?'
			type_line y
			;;
		esac
		wait_until 90 on_screen 'ready> *$' # perhaps behind the guest's own
		! on_screen '(qemu-adm|qemu-init): .*(error|cannot|no such)' || fail "$(tmux capture-pane -p)"
	done
	type_line "qemu-init status web; echo code \$?"
	wait_until 20 on_screen '^code 6'
	echo "$keys keystrokes"
	((keys < 400)) # 200 a minute
}
