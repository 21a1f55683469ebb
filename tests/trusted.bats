#!/usr/bin/env bats
# SPDX-License-Identifier: 0BSD
# Files that root believes, and whose words root's keeper acts on: planted files and links, hooks, another user's rc-file.
load helper
load vms

setup() {
	begin
	no_guest web
}

# mallory COMMAND...: as another local user
mallory() {
	setpriv --reuid=12345 --regid=12345 --clear-groups --inh-caps=-all "$@"
}

# refused WORDS: start and showcmd say just that line, exit 6, and nothing was made
refused() {
	local verb before
	before=$(find "$scratch" | sort)
	for verb in start showcmd; do
		qi 6 qemu-init "$verb" web
		like "$stderr" "qemu-init: $1"
		same "${#stderr_lines[@]}/$output" 1/
	done
	same "$(find "$scratch" | sort)" "$before"
	now_is web stopped
}

# loose FILE WORDS: refused while others may write it, or it is another's; then as before
loose() {
	local mode
	for mode in 666 664; do
		chmod $mode "$1"
		refused "$2$1: others may write it (mode 0$mode): chmod go-w"
	done
	chmod 644 "$1"
	[[ -n $3 ]] || return 0
	chown 12345 "$1"
	refused "$2$1: *belongs to uid 12345: chown root"
	chown 0 "$1"
}

@test "an rc-file that others may write" {
	loose "$(rc_of web)" "web: " ""
	qi 0 qemu-init start web
}

@test "a cfg-file that others may write, or that is another user's" {
	echo -no-reboot >"$QEMU_INIT_DAT/web/web-qemu.cfg"
	loose "$QEMU_INIT_DAT/web/web-qemu.cfg" "web: " yes
	qi 0 qemu-init start web
}

@test "default.rc that others may write, or that is another user's" {
	loose "$QEMU_INIT_ETC/default.rc" "web: " yes
	qi 0 qemu-init start web
}

@test "monitor.conf and registered that others may write, or that are another user's" {
	loose "$QEMU_INIT_ETC/monitor.conf" "" yes
	loose "$QEMU_INIT_ETC/registered" "" yes
	qi 0 qemu-init start web
}

@test "a folder above them that others may write; a sticky one is none" {
	local dir
	for dir in "$QEMU_INIT_DAT/web" "$QEMU_INIT_DAT"; do
		chmod 775 "$dir"
		refused "web: $(rc_of web): $dir: others may write it (mode 0775): chmod go-w"
		chmod 1777 "$dir"
		qi 0 qemu-init start web
		qi 0 qemu-init stop -f web
		chmod 755 "$dir"
		chown 12345 "$dir"
		refused "web: $(rc_of web): $dir: belongs to uid 12345: chown root"
		chown 0 "$dir"
	done
	chmod 777 "$QEMU_INIT_ETC"
	qi 6 qemu-init start web
	like "${stderr_lines[0]}" "qemu-init: $QEMU_INIT_ETC/monitor.conf: $QEMU_INIT_ETC: others may write it (mode 0777): chmod go-w"
	now_is web stopped
}

@test "an rc-file that another user planted in a sticky folder counts as that user's" {
	chmod 1777 "$QEMU_INIT_DAT/web"
	rm "$(rc_of web)"
	# shellcheck disable=SC2016 # mallory's shell
	mallory sh -c 'printf "%s\n" MACHINE=none SERIAL=no RUNAS=12345:5 >$1' sh "$(rc_of web)"
	refused "web: $(rc_of web):3: RUNAS: not with an rc-file of uid 12345 (chown root)"
}

@test "a link to a file that others may write" {
	mkdir -m 777 "$scratch/open"
	mv "$(rc_of web)" "$scratch/open/rc"
	ln -s "$scratch/open/rc" "$(rc_of web)"
	refused "web: $(rc_of web): $scratch/open: others may write it (mode 0777): chmod go-w"
}

@test "an adoption does not need a file that is not believed" {
	qi 0 qemu-init start web
	kill_keeper web
	chmod 666 "$(rc_of web)"
	qi 0 qemu-init stop -f web
	now_is web stopped
}

@test "an ordinary user's own files are that user's affair" {
	be_nobody
	no_guest mine
	chmod 666 "$(rc_of mine)"
	qi 0 qemu-init start mine
	qi 0 qemu-init stop -f mine
}

# users_vm [KEY=VALUE...]: of user 12345, in a folder that is registered by root
users_vm() {
	no_guest joe "$@"
	chown -R 12345:12345 "$QEMU_INIT_DAT/joe"
}

@test "another user's rc-file: its hooks have that user's rights and nothing of root's" {
	mkdir -m 777 "$scratch/out"
	users_vm "PRECMD=cat /proc/self/status >$scratch/out/status; env >$scratch/out/env; id -G >$scratch/out/id; exec >$scratch/out/fd; ls -l /proc/\$\$/fd; true" \
		"POSTCMD=id >$scratch/out/post; cat $scratch/secret >>$scratch/out/post"
	install -m 600 /dev/null "$scratch/secret"
	echo secret >"$scratch/secret"
	export SECRET=of-the-caller
	qi 0 qemu-init start joe
	like "$stderr" "*joe-qemu.rc:*: POSTCMD: ended with status 1"
	same "$(grep -E '^(Uid|Gid|Groups|Cap...|NoNewPrivs):' "$scratch/out/status" | tr -s '\t ' ' ' | sed 's/ $//')" "Uid: 12345 12345 12345 12345
Gid: 65534 65534 65534 65534
Groups:
CapInh: 0000000000000000
CapPrm: 0000000000000000
CapEff: 0000000000000000
CapBnd: 0000000000000000
CapAmb: 0000000000000000
NoNewPrivs: 1"
	same "$(sed 's/=.*//' "$scratch/out/env" | grep -vxE '_|PWD|SHLVL|OLDPWD' | sort | paste -sd ' ')" \
		"PATH VM_CTLPORT VM_DIR VM_MONPORT VM_NAME VM_RC VM_RUN VM_STATE"
	grep -qx PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$scratch/out/env"
	same "$(sed -n 's/.* \([0-9]*\) -> .*/\1/p' "$scratch/out/fd" | sort -n | paste -sd ' ')" "0 1 2"
	same "$(cat "$scratch/out/id")" 65534
	like "$(cat "$scratch/out/post")" "uid=12345*" # and nothing secret
}

@test "root's own hooks have a clean environment, too, and root's rights" {
	export SECRET=of-the-caller PATH="$scratch/bin:$PATH"
	echo "PRECMD=env >$scratch/env; id -u >$scratch/id" >>"$(rc_of web)"
	qi 0 qemu-init start web
	same "$(cat "$scratch/id")" 0
	! grep -E 'SECRET|QEMU_INIT|/bin/qi|HOME' "$scratch/env" || fail "of the caller's environment"
	grep -qx VM_NAME=web "$scratch/env"
}

@test "PRECMD in root's default.rc is root's, also for another user's VM" {
	users_vm
	echo "PRECMD=id -u >$scratch/id" >>"$QEMU_INIT_ETC/default.rc"
	qi 0 qemu-init start joe
	same "$(cat "$scratch/id")" 0
}

@test "another user's rc-file names no file that this user could not open" {
	truncate -s 1M "$scratch/secret.img"
	chmod 600 "$scratch/secret.img"
	users_vm MACHINE=pc "DISK1=$scratch/secret.img"
	sed -i /MACHINE=none/d "$(rc_of joe)"
	qi 4 qemu-init start joe
	like "$stderr" "qemu-init: joe: $(rc_of joe):*: DISK1: $scratch/secret.img: permission denied"
	sed -i "s,^DISK1.*,KERNEL=$scratch/secret.img," "$(rc_of joe)"
	qi 4 qemu-init start joe
	like "$stderr" "qemu-init: joe: $(rc_of joe):*: KERNEL: $scratch/secret.img: permission denied"
	sed -i "s,^KERNEL.*,DISK1=own.img\,backing=$scratch/secret.img," "$(rc_of joe)"
	sed -i "s/,backing/,format=qcow2,backing/" "$(rc_of joe)"
	requires qemu-img
	qemu-img create -q -f qcow2 -u -b "$scratch/secret.img" -F raw "$QEMU_INIT_DAT/joe/own.img" 1M
	chown 12345 "$QEMU_INIT_DAT/joe/own.img"
	qi 4 qemu-init start joe
	like "$stderr" "qemu-init: joe: $(rc_of joe):*: DISK1: *$scratch/secret.img: permission denied"
	# its own it does
	sed -i "s,^DISK1.*,DISK1=own.raw," "$(rc_of joe)"
	truncate -s 1M "$QEMU_INIT_DAT/joe/own.raw"
	chmod 600 "$QEMU_INIT_DAT/joe/own.raw"
	chown 12345 "$QEMU_INIT_DAT/joe/own.raw"
	qi 0 qemu-init start joe
	state_of joe
	[[ $VM_UID != 0 && $VM_UID != 12345 ]] || fail "QEMU has uid $VM_UID"
}

@test "another user's rc-file does not become root's by a rename or a clone" {
	mkdir -m 777 "$scratch/out"
	users_vm "PRECMD=id -u >$scratch/out/id"
	chmod 640 "$(rc_of joe)"
	qi 0 qemu-adm rename joe jim
	same "$(stat -c %u.%g.%a "$QEMU_INIT_DAT/joe/jim-qemu.rc")" 12345.12345.640
	qi 0 qemu-init start jim
	same "$(cat "$scratch/out/id")" 12345
	qi 0 qemu-init kill jim
	qi 6 qemu-adm clone jim jon
	like "$stderr" "qemu-adm: jim: $QEMU_INIT_DAT/joe/jim-qemu.rc: of uid 12345, but the clone would be yours: *"
	[[ ! -e $QEMU_INIT_DAT/jon ]]
}

@test "what root sets or edits for another user is written where it was, not where a link leads" {
	users_vm
	cp "$(rc_of joe)" "$scratch/victim"
	export EDITOR="sh -c 'ln -sf $scratch/victim $(rc_of joe); echo SMP=2 >>\"\$0\"'"
	qi 1 qemu-adm edit joe
	like "$stderr" "*the file was changed meanwhile*"
	! grep SMP "$scratch/victim" || fail "written"
	rm "$(rc_of joe)" "$QEMU_INIT_ETC/joe-qemu.rc.draft"
	echo SMP=1 >"$(rc_of joe)"
	chown 12345 "$(rc_of joe)"
	chmod 666 "$(rc_of joe)"
	qi 6 qemu-adm set joe SMP=2
	like "$stderr" "qemu-adm: $(rc_of joe): others may write it *"
	chmod 604 "$(rc_of joe)"
	qi 0 qemu-adm set joe SMP=2
	same "$(cat "$(rc_of joe)"; stat -c %u.%a "$(rc_of joe)")" $'SMP=2\n12345.604'
	ln -s "$scratch/victim" "$(rc_of joe).draft"
	export EDITOR="sh -c 'echo RAM=32M >>\"\$0\"'"
	qi 0 qemu-adm edit joe
	same "$(cat "$(rc_of joe)")" $'SMP=2\nRAM=32M'
	! grep RAM=32M "$scratch/victim" || fail "written"
}

@test "another user's rc-file does not choose whose rights QEMU has" {
	users_vm RUNAS=12345
	qi 6 qemu-init start joe
	like "$stderr" "qemu-init: joe: $(rc_of joe):4: RUNAS: not with an rc-file of uid 12345 (chown root)"
}

@test "a run place, or a VM's directory in it, that another user planted" {
	mkdir -m 1777 "$scratch/sticky"
	mkdir "$scratch/victim"
	export QEMU_INIT_RUN=$scratch/sticky/run
	mallory ln -s "$scratch/victim" "$QEMU_INIT_RUN"
	qi 1 qemu-init start web
	like "$stderr" "qemu-init: web: *$QEMU_INIT_RUN: *"
	rm "$QEMU_INIT_RUN"
	mallory mkdir -m 777 "$QEMU_INIT_RUN"
	qi 1 qemu-init start web
	like "$stderr" "qemu-init: web: *$QEMU_INIT_RUN: belongs to uid 12345*"
	same "$(ls -A "$scratch/victim" "$QEMU_INIT_RUN" | grep -v :)" ""
	rmdir "$QEMU_INIT_RUN"
}

@test "a /run/qemu of another user's, who could choose QEMU's uid" {
	planted() {
		# shellcheck disable=SC2016 # the inner shell's
		unshare -m sh -c 'mount -t tmpfs -o uid=12345,mode=755 tmpfs /run/qemu && exec "$@"' sh "$@"
	}
	mkdir -p /run/qemu
	as=planted
	qi 4 qemu-init start web
	like "$stderr" "qemu-init: web: /run/qemu: belongs to uid 12345*"
}
