#!/usr/bin/env bats
# SPDX-License-Identifier: 0BSD
# Bad input: one clear line with its place, the exit code, nothing changed, and no hanging.
load helper
load vms

setup() {
	begin
	no_guest web
	as=in_time
}

in_time() {
	timeout -k 1 10 "$@"
}

nobody_in_time() {
	as_nobody timeout -k 1 10 "$@"
}

# refused CODE WORDS [OPERAND...]: start says just that line, and made nothing; so does showcmd
refused() {
	local verb before
	before=$(find "$scratch" | sort)
	for verb in start showcmd; do
		qi "$1" qemu-init "$verb" "${@:3}"
		like "$stderr" "qemu-init: $2"
		same "${#stderr_lines[@]}/$output" 1/
	done
	same "$(find "$scratch" | sort)" "$before"
}

@test "a wrong key: its file, line and the nearest key" {
	echo RAMM=1G >>"$(rc_of web)"
	refused 6 "web: $(rc_of web):4: RAMM: unknown key, nearest is RAM" web
}

@test "a wrong value, a doubled key, a line without =: all of them, each with its place" {
	printf '%s\n' RAM=much RAM=1G nonsense ACCEL=xen >>"$(rc_of web)"
	qi 6 qemu-init start web
	same "${#stderr_lines[@]}" 4
	like "${stderr_lines[0]}" "qemu-init: web: $(rc_of web):4: RAM: *much*"
	like "${stderr_lines[1]}" "qemu-init: web: $(rc_of web):5: RAM: *4*"
	like "${stderr_lines[2]}" "qemu-init: web: $(rc_of web):6: *=*"
	like "${stderr_lines[3]}" "qemu-init: web: $(rc_of web):7: ACCEL: *xen*"
	now_is web stopped
}

@test "a wrong setting behind the name" {
	refused 6 "web: *RAM=much: *" web RAM=much
	refused 6 "web: setting RAMM: unknown key, nearest is RAM" web RAMM=1
}

@test "a wrong default.rc, monitor.conf or registered" {
	echo NONSENSE=1 >>"$QEMU_INIT_ETC/default.rc"
	refused 6 "web: $QEMU_INIT_ETC/default.rc:4: NONSENSE: *" web
	sed -i '$d' "$QEMU_INIT_ETC/default.rc"
	echo MONPORT=99999 >"$QEMU_INIT_ETC/monitor.conf"
	refused 6 "$QEMU_INIT_ETC/monitor.conf:1: MONPORT: *99999*" web
	echo MONPORT="$port" >"$QEMU_INIT_ETC/monitor.conf"
	qi 0 qemu-init start web
}

@test "a wrong option, verb or applet: 2 (127), the nearest word" {
	qi 2 qemu-init start --nonsense web
	same "${#stderr_lines[@]}" 1
	like "$stderr" "qemu-init*: *--nonsense*"
	qi 2 qemu-init start -Z web
	same "${#stderr_lines[@]}" 1
	qi 2 qemu-init stop -t soon web
	like "$stderr" "*soon*"
	qi 2 qemu-init strat web
	like "$stderr" "*strat*start*"
	qi 2 qemu-init shutdown web
	like "$stderr" "*shutdown*stop*"
	as=
	run -127 --separate-stderr "$bin/qinit" qemu-nonsense
	now_is web stopped
}

@test "a name with / or .. or that is none" {
	local name
	for name in .. . .web -- 'a b' "$(printf 'x%.0s' {1..49})"; do
		[[ $name == -- ]] || refused 6 "*$name*" "$name"
		qi 6 qemu-init stop -- "$name"
	done
	refused 6 "setting NAME=../x: *" NAME=../x MACHINE=none
	qi 6 qemu-init stop a/../web
	same "${#stderr_lines[@]}" 1
	qi 6 qemu-cmd ../web info name
	qi 6 qemu-init status ../web
	[[ ! -e $scratch/x ]]
}

@test "an rc-file that is not there, a folder without one, or with both" {
	refused 6 "$scratch/nothing: no such file*" "$scratch/nothing"
	mkdir "$scratch/empty"
	refused 6 "*$scratch/empty*" "$scratch/empty"
	rm "$(rc_of web)"
	refused 6 "web: *$QEMU_INIT_DAT/web*" web
	touch "$(rc_of web)" "$QEMU_INIT_DAT/web/web-qemud.rc"
	refused 6 "web: *qemud.rc*" web
}

@test "NAME in the file that is another's" {
	echo NAME=db >>"$(rc_of web)"
	refused 6 "web: $(rc_of web):4: NAME: *db*" web
}

@test "an rc-file that is a directory or a FIFO" {
	rm "$(rc_of web)"
	mkdir "$(rc_of web)"
	refused 6 "web: $(rc_of web): *" web
	rmdir "$(rc_of web)"
	mkfifo "$(rc_of web)"
	refused 6 "web: $(rc_of web): *regular file*" web
}

@test "an rc-file with NUL bytes" {
	printf 'RAM=1\0002G\n' >>"$(rc_of web)"
	refused 6 "web: $(rc_of web):4: *NUL*" web
}

@test "an rc-file, a cfg-file or a registry of 2 GB" {
	truncate -s 2G "$(rc_of web)"
	refused 6 "web: $(rc_of web): *large*" web
	truncate -s 100 "$(rc_of web)"
	no_guest db
	truncate -s 2G "$QEMU_INIT_DAT/db/db-qemu.cfg"
	refused 6 "db: $QEMU_INIT_DAT/db/db-qemu.cfg: *large*" db
	truncate -s 2G "$QEMU_INIT_ETC/registered"
	refused 6 "$QEMU_INIT_ETC/registered: *large*" db
	: >"$QEMU_INIT_ETC/registered"
}

@test "an rc-file that may not be read is 4" {
	be_nobody
	no_guest mine
	chmod 755 "$scratch"
	chown -R 65534:65534 "$scratch/nobody"
	chown 0:0 "$(rc_of mine)"
	chmod 600 "$(rc_of mine)"
	as=nobody_in_time
	refused 4 "mine: $(rc_of mine): permission denied" mine
}

@test "a config directory that is missing or empty is no error, one that cannot be read is 4" {
	rm -r "$QEMU_INIT_ETC"
	qi 0 qemu-init list
	same "$output$stderr" ""
	qi 0 qemu-init status
	qi 6 qemu-init start web
	mkdir "$QEMU_INIT_ETC"
	qi 0 qemu-init list
	qi 6 qemu-init start web
	qi 0 qemu-init start NAME=bare MACHINE=none SERIAL=no ACCEL=tcg
	qi 0 qemu-init stop -f bare
	chmod 700 "$QEMU_INIT_ETC"
	mkdir "$scratch/run2"
	chown 65534 "$scratch/run2"
	export QEMU_INIT_RUN=$scratch/run2
	as=nobody_in_time
	local verb
	for verb in "list" "status" "start web" "stop web"; do
		# shellcheck disable=SC2086 # words
		qi 4 qemu-init $verb
		like "${stderr_lines[1]}" "qemu-init: $QEMU_INIT_ETC/registered: permission denied"
	done
}

@test "a run place that is too long for a socket's name is 6, and nothing is made" {
	export QEMU_INIT_RUN=$scratch/$(printf 'x%.0s' {1..90})
	refused 6 "web: $QEMU_INIT_RUN/web/*: longer than the 107 bytes of a socket's path (QEMU_INIT_RUN)" web
	[[ ! -e $QEMU_INIT_RUN ]]
	qi 6 qemu-init status web
	export QEMU_INIT_RUN=relative
	qi 6 qemu-init start web
	like "$stderr" "qemu-init: QEMU_INIT_RUN: relative: *absolute*"
}

@test "a run place that is a link, a file, or that others may write to" {
	local real=$QEMU_INIT_RUN
	export QEMU_INIT_RUN=$scratch/link
	ln -s "$real" "$QEMU_INIT_RUN"
	qi 1 qemu-init start web
	like "$stderr" "qemu-init: web: *$QEMU_INIT_RUN*"
	rm "$QEMU_INIT_RUN"
	touch "$QEMU_INIT_RUN"
	qi 1 qemu-init start web
	like "$stderr" "qemu-init: web: *$QEMU_INIT_RUN*"
	rm "$QEMU_INIT_RUN"
	mkdir "$QEMU_INIT_RUN"
	chmod 777 "$QEMU_INIT_RUN"
	qi 1 qemu-init start web
	like "$stderr" "qemu-init: web: *$QEMU_INIT_RUN*"
	same "$(ls "$QEMU_INIT_RUN")" ""
}

@test "a full disk while state is written: the start fails with a line, and leaves no QEMU" {
	cat >"$scratch/script" <<-END
		mount -t tmpfs -o size=64k,mode=755 tmpfs $QEMU_INIT_RUN
		head -c 1M /dev/zero >$QEMU_INIT_RUN/fill 2>/dev/null
		timeout -k 1 20 $bin/qinit qemu-init start web
		echo "start: \$?"
		$bin/qinit qemu-init list -r
		$bin/qinit qemu-init kill web >/dev/null 2>&1
		find $QEMU_INIT_RUN -type s -o -type p
	END
	run --separate-stderr unshare -m sh "$scratch/script"
	same "$output" "start: 1"
	like "$stderr" "qemu-init: web: *: no space left on device*"
	same "$(alive)" ""
}

@test "a disk that fills up while a VM runs does not hurt it, and its stop works" {
	button_vm full
	cat >"$scratch/script" <<-END
		mount -t tmpfs -o size=64k,mode=755 tmpfs $QEMU_INIT_RUN
		$bin/qinit qemu-init start full || exit
		head -c 1M /dev/zero >$QEMU_INIT_RUN/fill 2>/dev/null
		timeout -k 1 20 $bin/qinit qemu-init pause full || echo "pause: \$?"
		timeout -k 1 20 $bin/qinit qemu-init resume full || echo "resume: \$?"
		$bin/qinit qemu-init list -r
		timeout -k 1 20 $bin/qinit qemu-init stop -t 8 full
		echo "stop: \$?"
		find $QEMU_INIT_RUN -type s -o -type p
		rm $QEMU_INIT_RUN/fill
		$bin/qinit qemu-init start full
		echo "start: \$?"
		$bin/qinit qemu-init kill full
	END
	run --separate-stderr unshare -m sh "$scratch/script"
	same "$output" $'full\nstop: 0\nstart: 0'
	same "$(alive)" ""
}

@test "a state file of nonsense: status says what it is, start and stop work" {
	qi 0 qemu-init start web
	qi 0 qemu-init stop -f web
	local bytes
	for bytes in '' 'nonsense' 'version=1\nphase=running\nboot=\0\n' 'version=99999999999999999999\n'; do
		printf "%b" "$bytes" >"$QEMU_INIT_RUN/web/state"
		qi 4 qemu-init status web
		like "$stderr" "qemu-init: web: *state: *"
	done
	rm "$QEMU_INIT_RUN/web/state"
	qi 3 qemu-init status web
	qi 0 qemu-init start web
}
