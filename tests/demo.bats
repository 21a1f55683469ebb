#!/usr/bin/env bats
# SPDX-License-Identifier: 0BSD
# The demo as root, as nobody and where it must fail; man pages and completions against what is built.
load helper

# nothing_left: neither a process nor a file of a demo in the run place
nothing_left() {
	[[ -z $(alive) ]] || fail "alive: $(alive)"
	compgen -G "$QEMU_INIT_RUN/demo-*" && fail "files are left"
	return 0
}

# with_path COMMAND...: it alone has $path
with_path() {
	env PATH="$path" "$@"
}

whole_life() {
	local step
	for step in "QEMU: /*" "prepared: *demo.img, 512 bytes" "started: *" "serial line: Hello from a guest*" \
		"console: > hello - you said: hello" "status: running, pid *" "QMP: QEMU [0-9]*.[0-9]*" "monitor: *" \
		"stopped: powered off by the guest" "left: no process, no socket, no file" "all is well"; do
		like "$output" "*[0-9] ms  $step*"
	done
	nothing_left
}

@test "the bytes of the guest are those of demo.S" {
	[[ $(uname -m) == x86_64 || $(uname -m) == i?86 ]] || skip "the assembler is another one"
	gcc -c -o "$scratch/demo.o" "$top/tests/guest/demo.S"
	objcopy -O binary -j .text "$scratch/demo.o" "$scratch/demo.img"
	printf '%s\n' '#include "guest.h"' '#include <stdio.h>' \
		'int main(void) { return fwrite(guest_image, GUEST_BYTES, 1, stdout) != 1; }' >"$scratch/print.c"
	gcc -I"$top/lib" -o "$scratch/print" "$scratch/print.c" "$top/lib/guest.c"
	"$scratch/print" >"$scratch/built.img"
	cmp "$scratch/built.img" "$scratch/demo.img"
	same "$(stat -c %s "$scratch/demo.img")" 512
}

@test "the demo shows a guest's whole life, as root and without a configuration" {
	echo nonsense >"$QEMU_INIT_ETC/default.rc"
	echo nonsense >"$QEMU_INIT_ETC/monitor.conf"
	qi 0 qemu-init demo
	whole_life
}

@test "the demo runs without TERM, HOME, PATH and TMPDIR" {
	run env -i QEMU_INIT_RUN="$QEMU_INIT_RUN" "$bin/qemu-init" demo
	same "$status" 0
	whole_life
}

@test "the demo shows the same to an ordinary user" {
	be_nobody
	qi 0 qemu-init demo
	whole_life
	like "$output" "*uid 65534*"
}

@test "with only another architecture's QEMU the demo does what -M none allows and says what is left out" {
	mkdir "$scratch/only"
	# not a copy: QEMU finds its modules by where it lies
	printf '#!/bin/sh\nexec %s "$@"\n' "$(command -v qemu-system-x86_64)" >"$scratch/only/qemu-system-mips"
	chmod 755 "$scratch/only/qemu-system-mips"
	path=$scratch/only as=with_path
	qi 0 qemu-init demo
	like "$output" "*QEMU: $scratch/only/qemu-system-mips; left out: the guest*"
	like "$output" "*started: *status: running*QMP: QEMU*stopped: forced: QMP quit*left: no process*all is well*"
	nothing_left
}

@test "without any QEMU the demo is 5 and one line, nothing is written" {
	mkdir "$scratch/none"
	path=$scratch/none as=with_path
	qi 5 qemu-init demo
	same "$output" ""
	like "$stderr" "qemu-init: demo: QEMU: no qemu-system-\* in PATH*"
	same "$(find "$QEMU_INIT_RUN" -mindepth 1)" ""
}

@test "a demo that fails names its step, is 1, and leaves nothing" {
	mkdir "$scratch/bad"
	printf '#!/bin/sh\necho no such luck >&2\nexit 1\n' >"$scratch/bad/qemu-system-x86_64"
	chmod 755 "$scratch/bad/qemu-system-x86_64"
	path=$scratch/bad:$PATH as=with_path
	qi 1 qemu-init demo
	like "$stderr" "*qemu-init: demo: no such luck*"
	like "$stderr" "*qemu-init: demo: started: it does not start"
	nothing_left
}

@test "an interrupted demo leaves nothing, at whatever step" {
	local ms
	for ms in 0.01 0.03 0.06 0.1 0.2; do
		# timeout is in the foreground's group: the signal reaches the demo alone
		timeout --foreground -s INT "$ms" "$bin/qemu-init" demo >/dev/null 2>&1 || true
		wait_until 5 nothing_left
	done
}

# fits: what stdin has, on a terminal of 80 x 24
fits() {
	awk -v who="$*" 'length($0) > 80 { print who ": " $0; wide = 1 } END { if (NR > 24) print who ": " NR " lines"; exit wide || NR > 24 || NR < 2 }'
}

@test "each help fits a screen of 80 x 24" {
	local applet verb
	"$bin/qinit" --help | fits qinit
	for applet in $("$bin/qinit" --list); do
		"$bin/$applet" -h | fits "$applet"
		for verb in $("$bin/$applet" -h | sed -n '/^usage.* VERB /,$p' | sed -n '/^examples/q; s/^  \([a-z-]*\) .*/\1/p'); do
			"$bin/$applet" "$verb" -h | fits "$applet $verb"
		done
	done
}

@test "each man page is clean mdoc" {
	requires mandoc
	for page in "$top"/applets/*.[578]; do
		same "$(mandoc -Tlint -Wwarning "$page")" ""
	done
}

@test "each applet has its man page, with every verb and every option of its help" {
	local applet page verb option
	for applet in $("$bin/qinit" --list); do
		page=$top/applets/$applet.8
		[[ -f $page ]] || fail "no $applet.8" || return
		for verb in $("$bin/$applet" -h | sed -n '/^usage.* VERB /,$p' | sed -n '/^examples/q; s/^  \([a-z-]*\) .*/\1/p'); do
			grep -qE "^\.It Cm $verb\$" "$page" || fail "$applet.8: no $verb" || return
			"$bin/$applet" "$verb" -h
		done >"$scratch/help"
		"$bin/$applet" -h >>"$scratch/help"
		for option in $(sed -n 's/^ .*[ ]--\([a-z-]*\) .*/\1/p' "$scratch/help" | sort -u); do
			grep -qE "^\.It (Fl . , )?Fl Fl $option( |\$)" "$page" || fail "$applet.8: no --$option" || return
		done
	done
}

@test "qemu-init.5, the sample and the table of keys name the same keys" {
	sed -n 's/^	X(\([A-Z_]*\),.*/\1/p' "$top/lib/conf.h" | sort >"$scratch/table"
	sed -n '/^\.Sh RC-FILE/,/^\.Sh CFG-FILE/s/^\.It Li \([A-Z_]*\).*/\1/p' "$top/applets/qemu-init.5" | sort >"$scratch/page"
	sed -n 's/^#* *\([A-Z_][A-Z_]*\)[0-9]*=.*/\1/p' "$top/conf/sample-qemu.rc" | sort -u >"$scratch/sample"
	diff "$scratch/table" "$scratch/page"
	diff "$scratch/table" "$scratch/sample"
}

# section KEY: of qemu-init.5
section() {
	sed -n "/^\.It Li $1\( Ns Ar n\)\?\$/,/^\.It\|^\.El/p" "$top/applets/qemu-init.5"
}

# taken FILE LINE: it is a line of an rc-file, and the value is what it says
taken() {
	local key=${2%%=*} value=${2#*=}
	mkdir -p "$scratch/x"
	[[ $key == NAME ]] && value=x
	printf '%s\n' NAME=x KERNEL=vmlinuz "$key=$value" | sort -u >"$scratch/x/x-qemu.rc" # without KERNEL no INITRD
	[[ $value != '"'*'"' ]] || value=${value:1:-1}
	qi 0 qemu-adm get "$scratch/x/" "$key" || fail "$1: $2" || return
	same "$output" "$value"
}

# default.rc apart, since `get` tells what is in force
@test "each key of qemu-init.5 has its default, that of the table, and an example that is taken" {
	local key numbered standard example
	rm "$QEMU_INIT_ETC/default.rc"
	while read -r key numbered standard; do
		section "$key" | grep -q "Default: ${standard:+$standard\.}" || fail "$key: its default is not: $standard" || return
		example=$(section "$key" | sed -n '/^Example:$/,$s/^\.Li //p' | sed 's/\\(dq/"/g')
		[[ ${example%%=*} == "$key${numbered/0/}" ]] || fail "$key: no example" || return
		while read -r example; do
			taken qemu-init.5 "$example"
		done <<<"$example"
	done < <(sed -n '/KIND_GONE/d; s/^	X(\([A-Z_]*\), [A-Z_]*, \([01]\), "\([^"]*\)",.*/\1 \2 \3/p' "$top/lib/conf.h")
}

@test "each line of the sample is the default of the table, or an example that is taken" {
	local key standard line
	rm "$QEMU_INIT_ETC/default.rc"
	taken sample "$(grep '^NAME=' "$top/conf/sample-qemu.rc")"
	while read -r line; do
		key=${line%%=*}
		[[ $key != AUTOSTART ]] || continue
		standard=$(sed -n "s/^	X(${key%%[0-9]*}, [A-Z_]*, [01], \"\([^\"]*\)\",.*/\1/p" "$top/lib/conf.h")
		[[ -z $standard || $line == "$key=$standard" ]] || fail "$line: the default is $standard" || return
		taken sample "$line"
	done < <(sed -n 's/^# \([A-Z_]*[0-9]*=[^ ].*\)$/\1/p' "$top/conf/sample-qemu.rc" | grep -v '^\(NIC\|ALLOW\|AFTER\|DISK\)[0-9]* to ')
}

# in_shell SHELL... : in a terminal, with ours in PATH
in_shell() {
	export TMUX_TMPDIR=$scratch
	tmux -f /dev/null new-session -d -x 100 -y 30 "cd '$scratch' && PATH=$bin:$PATH exec $*"
	pids+=("$(tmux display-message -p '#{pid}')")
}

on_screen() {
	tmux capture-pane -p | grep -qF -- "$1"
}

# completes TYPED WANT: after the Tab key
completes() {
	tmux send-keys C-u "$1" Tab
	wait_until 5 on_screen "> $2" || {
		tmux capture-pane -p
		return 1
	}
}

# the same of each shell: its prompt is `> `
complete_all() {
	wait_until 10 on_screen ">"
	completes "qinit qemu-c" "qinit qemu-cmd"
	completes "qemu-init sho" "qemu-init showcmd"
	completes "qinit qemu-init show" "qinit qemu-init showcmd"
	completes "qemu-init stop we" "qemu-init stop web"
	completes "qinit qemu-init stop wi" "qinit qemu-init stop wiki"
	completes "qemu-cmd we" "qemu-cmd web"
	completes "qemu-init stop --fo" "qemu-init stop --force"
	completes "qemu-mon --un" "qemu-mon --unix"
	completes "qemu-init start $scratch/da" "qemu-init start $scratch/dat"
	tmux send-keys C-u "qemu-init sta" Tab Tab
	wait_until 5 on_screen "start"
	wait_until 5 on_screen "status"
}

@test "bash completes applets, verbs, options and the names of VMs" {
	requires tmux
	vm web
	vm wiki
	echo "PS1='> '; . '$top/conf/completion.bash'" >"$scratch/bashrc"
	in_shell bash --noprofile --rcfile "$scratch/bashrc" -i
	complete_all
}

@test "zsh completes applets, verbs, options and the names of VMs" {
	requires tmux zsh
	vm web
	vm wiki
	mkdir "$scratch/fpath"
	cp "$top/conf/completion.zsh" "$scratch/fpath/_qinit"
	echo "PS1='> '; bindkey -e; fpath=('$scratch/fpath' \$fpath); autoload -U compinit; compinit -u -d '$scratch/dump'" >"$scratch/.zshrc"
	in_shell env ZDOTDIR="$scratch" zsh -d -i
	complete_all
}
