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

@test "each man page is clean mdoc" {
	requires mandoc
	for page in "$top"/applets/*.[58]; do
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

@test "qemu-init.5 tells the defaults of the table" {
	local key standard
	sed -n 's/^	X(\([A-Z_]*\), [A-Z_]*, [01], "\([^"][^"]*\)",.*/\1 \2/p' "$top/lib/conf.h" | while read -r key standard; do
		sed -n "/^\.It Li $key\$/,/^\.It/p" "$top/applets/qemu-init.5" | grep -q "Default: $standard\." || fail "$key: not $standard" || return
	done
}

# complete_words WORD...: what bash offers for the last one
complete_words() {
	bash -c 'source "$1"; shift; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _qinit; echo "${COMPREPLY[*]}"' - "$top/conf/completion.bash" "$@"
}

@test "bash completes applets, verbs, options and the names of VMs" {
	vm web
	vm wiki
	same "$(complete_words "$bin/qinit" qemu-c)" qemu-cmd
	same "$(complete_words "$bin/qemu-init" sta | tr ' ' '\n' | sort | xargs)" "start status"
	same "$(complete_words "$bin/qinit" qemu-init show)" showcmd
	same "$(complete_words "$bin/qemu-init" stop we)" web
	same "$(complete_words "$bin/qinit" qemu-init stop wi)" wiki
	same "$(complete_words "$bin/qemu-cmd" w)" "web wiki"
	same "$(complete_words "$bin/qemu-init" stop --fo)" --force
	same "$(complete_words "$bin/qemu-mon" --un)" --unix
	same "$(complete_words "$bin/qemu-init" start "$scratch/d")" "$scratch/dat"
}
