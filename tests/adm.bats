#!/usr/bin/env bats
# SPDX-License-Identifier: 0BSD
# qemu-adm: the registry and the files.
load helper
load vms

# rc DIR NAME [KEY=VALUE...]: an rc-file that nobody has registered
rc() {
	mkdir -p "$1"
	printf '%s\n' "# by hand" "${@:3}" >"$1/$2-qemu.rc"
}

# vm_rc NAME [KEY=VALUE...]: another rc-file for a VM that is there
vm_rc() {
	printf '%s\n' "${@:2}" >"$(rc_of "$1")"
}

registry() {
	same "$(cat "$QEMU_INIT_ETC/registered")" "$1"
}

autostart() {
	same "$(cat "$QEMU_INIT_ETC/autostart")" "$1"
}

# refused CODE WORDS APPLET-ARGS...: says just that line and changes no file
refused() {
	local before
	before=$(find "$scratch" -type f ! -name .lock -exec md5sum {} + | sort)
	qi "$1" qemu-adm "${@:3}"
	like "$stderr" "qemu-adm: $2"
	same "${#stderr_lines[@]}/$output" 1/
	same "$(find "$scratch" -type f ! -name .lock -exec md5sum {} + | sort)" "$before"
}

@test "register takes a folder or a file, list shows names and folders, twice is once" {
	rc "$scratch/srv" web
	rc "$scratch/two" db
	rc "$scratch/two" mail
	qi 0 qemu-adm register "$scratch/srv"
	qi 0 qemu-adm register "$scratch/two/db-qemu.rc"
	cd "$scratch/two"
	qi 0 qemu-adm register mail-qemu.rc
	cd "$top"
	qi 0 qemu-adm register "$scratch/srv/"
	same "$stderr" ""
	qi 0 qemu-adm list
	same "$output" "web $scratch/srv"$'\n'"db $scratch/two"$'\n'"mail $scratch/two"
	qi 0 qemu-init list
	same "$output" $'web\ndb\nmail'
	registry "web $scratch/srv"$'\n'"db $scratch/two"$'\n'"mail $scratch/two"
}

@test "register makes the place of the registry, and unregister leaves comments, order and other lines as they are" {
	export QEMU_INIT_ETC=$scratch/new/etc
	rc "$scratch/srv" web
	qi 0 qemu-adm register "$scratch/srv"
	registry "web $scratch/srv"
	printf '%s\r\n' "# mine" "" "a  /a # b" "web /x" "  c /c" >"$QEMU_INIT_ETC/registered"
	qi 0 qemu-adm unregister web
	diff "$QEMU_INIT_ETC/registered" <(printf '%s\r\n' "# mine" "" "a  /a # b" "  c /c")
	refused 6 "web: no such VM*" unregister a web
}

@test "register refuses what it cannot keep: another VM of that name, a broken file, none, two" {
	vm web
	rc "$scratch/other" web
	refused 1 "web: registered already, in $QEMU_INIT_DAT/web: if it has moved, \`qemu-adm unregister web\` first" register "$scratch/other"
	rc "$scratch/bad" bad RAM=much
	refused 6 "$scratch/bad/bad-qemu.rc:2: RAM: much*" register "$scratch/bad"
	mkdir "$scratch/empty"
	refused 6 "$scratch/empty: no NAME-qemu.rc is there" register "$scratch/empty"
	refused 6 "$scratch/nowhere: no such file*" register "$scratch/nowhere"
	rc "$scratch/blank " blank
	refused 6 "blank: $scratch/blank : a folder whose name the registry cannot hold" register "$scratch/blank "
	rc "$scratch/two" a
	rc "$scratch/two" b
	refused 6 "*name the one" register "$scratch/two"
}

@test "no VM is made of a name that the run place has for itself" {
	local why="uids: not a VM's name: /run/qemu/uids is the lock for QEMU's uids"
	vm web MACHINE=none
	rc "$scratch/srv" uids
	echo 'qemu-system-x86_64 -M none -name uids' >"$scratch/line"
	refused 6 "$why" create uids
	refused 6 "$why" rename web uids
	refused 6 "$why" clone web uids
	refused 6 "$why" import "$scratch/line"
	refused 6 "$why" register "$scratch/srv"
	[[ ! -e $QEMU_INIT_DAT/uids ]]
}

@test "a registry that cannot be read whole is never written" {
	vm web
	rc "$scratch/srv" db
	echo "nonsense" >>"$QEMU_INIT_ETC/registered"
	refused 6 "$QEMU_INIT_ETC/registered:2: *" register "$scratch/srv"
	refused 6 "$QEMU_INIT_ETC/registered:2: *" autostart on web
	qi 6 qemu-adm list
	same "$output" "web $QEMU_INIT_DAT/web"
}

@test "a registry that is a link: what it leads to is written; a link to nothing stays" {
	rc "$scratch/srv" web
	ln -s "$scratch/elsewhere" "$QEMU_INIT_ETC/registered"
	refused 1 "web: $QEMU_INIT_ETC/registered: a link to what is not there *" register "$scratch/srv"
	[[ -L $QEMU_INIT_ETC/registered && ! -e $scratch/elsewhere ]]
	echo "# mine" >"$scratch/elsewhere"
	qi 0 qemu-adm register "$scratch/srv"
	[[ -L $QEMU_INIT_ETC/registered ]]
	same "$(cat "$scratch/elsewhere")" $'# mine\nweb '"$scratch/srv"
}

@test "autostart on and off, twice is once; the order and the comments stay" {
	vm web
	vm db
	qi 0 qemu-adm autostart on web db
	autostart $'web\ndb'
	echo "# late" >>"$QEMU_INIT_ETC/autostart"
	qi 0 qemu-adm autostart on web
	autostart $'web\ndb\n# late'
	qi 0 qemu-adm autostart off web
	qi 0 qemu-adm autostart off web
	autostart $'db\n# late'
	refused 6 "mail: no such VM*" autostart on web mail
	refused 2 "perhaps: want on or off" autostart perhaps web
	qi 0 qemu-adm unregister db
	autostart '# late'
}

@test "unregister takes along what the last run left; of one that runs, nothing" {
	no_guest web
	no_guest db
	qi 0 qemu-init start web db
	qi 0 qemu-init kill web
	[[ -f $QEMU_INIT_RUN/web/exit ]]
	qi 0 qemu-adm unregister web db
	[[ ! -e $QEMU_INIT_RUN/web ]]
	now_is db running
	qi 0 qemu-init kill db
	wait_until 5 test ! -e "$QEMU_INIT_RUN/db/keep.sock"
}

@test "an ordinary user has a registry of his own, without any folder before" {
	be_nobody
	mkdir -p "$scratch/nobody/srv"
	rc "$scratch/nobody/srv" web
	chown -R 65534:65534 "$scratch/nobody"
	rm -r "$QEMU_INIT_ETC"
	qi 0 qemu-adm register "$scratch/nobody/srv"
	qi 0 qemu-adm list
	same "$output" "web $scratch/nobody/srv"
}

@test "a writer that is stopped is waited for no longer than 10 s" {
	rc "$scratch/srv" web
	background flock "$QEMU_INIT_ETC/.lock" sleep 60
	wait_until 5 bash -c '! flock -n "$1" true' - "$QEMU_INIT_ETC/.lock"
	as="timeout 15"
	qi 124 qemu-adm register "$scratch/srv"
	same "${#stderr_lines[@]}" 1
	same "$stderr" "qemu-adm: $QEMU_INIT_ETC/.lock: another qemu-adm is at work"
	pkill -P "$pid"
}

@test "what is written is on the disk before it is in its place, and the place, too, before the answer" {
	requires strace
	rc "$scratch/srv" web
	timeout -k 1 20 strace -o "$scratch/calls" -e trace=fsync,fdatasync,rename,renameat,renameat2 "$bin/qemu-adm" register "$scratch/srv"
	same "$(sed -n 's/^\([a-z]*\).*/\1/p' "$scratch/calls" | xargs)" "fsync renameat fsync"
}

@test "set changes lines of the file, keeps all others, and quotes where it must" {
	vm web "RAM=16M  # enough" "" "# the disk" 'DESC="a b"'
	chmod 604 "$(rc_of web)"
	qi 0 qemu-adm set web RAM=32M SMP=2 DESC='say "hi" # you' CDROM=
	diff "$(rc_of web)" <(printf '%s\n' "# made by a test" "RAM=32M  # enough" "" "# the disk" 'DESC="say \"hi\" # you"' SMP=2 CDROM=)
	same "$(stat -c %a "$(rc_of web)")" 604
	qi 0 qemu-adm set "$QEMU_INIT_DAT/web" SMP=1
	qi 0 qemu-adm get web
	same "$output" $'NAME=web\nDESC=say "hi" # you\nACCEL=tcg\nSMP=1\nRAM=32M\nDISPLAY=none'
	qi 0 qemu-adm get web RAM VGA STOPDELAY NAME
	same "$output" $'32M\n\n60\nweb'
}

@test "set refuses what is not right, and a file that is wrong can be put right" {
	vm web RAM=16M
	refused 6 "$(rc_of web):4: RAMM: unknown key, nearest is RAM" set web SMP=2 RAMM=1G
	refused 6 "$(rc_of web):2: RAM: much*" set web RAM=much
	refused 6 "RAM: a control character (0x0a)" set web RAM=$'1G\nPRECMD=x'
	refused 6 "$(rc_of web):3: NAME: db, but the file's name says web" set web NAME=db
	refused 2 "ram=1G: want KEY=VALUE" set web ram=1G
	refused 2 "db: want KEY=VALUE" set web RAM=1G db
	refused 6 "db: no such VM*" set db RAM=1G
	refused 2 "web: RAMM: unknown key, nearest is RAM" get web RAMM
	refused 2 "web: DISK0: unknown key, nearest is DISK1" get web DISK0
	echo RAM=x >"$(rc_of web)"
	refused 6 "$(rc_of web):1: RAM: x*" get web
	qi 0 qemu-adm set web RAM=1G
	same "$(cat "$(rc_of web)")" RAM=1G
}

@test "a VM that runs but is not registered is known by its name, too, as long as it runs" {
	rc "$scratch/srv" web MACHINE=none SERIAL=no RAM=16M
	qi 0 qemu-init start "$scratch/srv" DESC=x
	qi 0 qemu-adm get web RAM DESC
	same "$output" $'16M\nx'
	qi 0 qemu-adm set web RAM=32M
	same "$(tail -n 1 "$scratch/srv/web-qemu.rc")" RAM=32M
	qi 0 qemu-init showcmd web
	like "$output" "*-name web *-m 32*"
	qi 0 qemu-adm export web
	like "$output" "*-m 32*"
	qi 0 qemu-adm check web
	qi 0 qemu-init start web
	same "$stderr" "qemu-init: web: runs already"
	same "$(qemus_of web)" 1
	qi 0 qemu-init start NAME=bare MACHINE=none SERIAL=no RAM=16M
	qi 0 qemu-adm get bare RAM
	same "$output" 16M
	qi 0 qemu-init showcmd bare
	refused 6 "bare: runs without an rc-file" set bare RAM=32M
	qi 0 qemu-init kill web bare
	refused 6 "web: no such VM*" get web
	refused 6 "bare: no such VM*" set bare RAM=32M
}

# editor SHELL-COMMANDS: what edit calls; $1 is the draft
editor() {
	printf '%s\n' '#!/bin/sh' '[ "$1" = -w ] && shift' "$@" >"$scratch/editor"
	chmod +x "$scratch/editor"
	export EDITOR="'$scratch/editor' -w"
	unset VISUAL
}

@test "edit checks before it saves; a draft with errors is kept, and the next edit goes on from there" {
	vm web RAM=16M
	editor 'echo RAMM=1G >>"$1"'
	qi 6 qemu-adm edit web
	same "${#stderr_lines[@]}" 2
	like "${stderr_lines[0]}" "qemu-adm: $(rc_of web):3: RAMM: unknown key, nearest is RAM"
	like "${stderr_lines[1]}" "qemu-adm: $(rc_of web).draft: kept; *"
	same "$(cat "$(rc_of web)")" $'# made by a test\nRAM=16M'
	qi 0 qemu-adm get web RAM
	editor 'sed -i s/RAMM=1G/SMP=2/ "$1"'
	qi 0 qemu-adm edit web
	like "$stderr" "*.draft: was kept; it goes on from there"
	same "$(cat "$(rc_of web)")" $'# made by a test\nRAM=16M\nSMP=2'
	[[ ! -e $(rc_of web).draft ]]
}

# with a configuration that nobody can write to
rescued() {
	unshare -m sh -c 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"' "$QEMU_INIT_ETC" "$@"
}

@test "where there can be no lock on the registry, a file that is not in it is changed all the same; for the rest the remedy is named" {
	local why="no lock on the registry (QEMU_INIT_ETC=DIR is another place for it): $QEMU_INIT_ETC/.lock: read-only file system"
	vm web RAM=16M
	rc "$scratch/srv" fix RAM=16M
	as=rescued
	qi 0 qemu-adm set "$scratch/srv" RAM=32M
	same "$stderr$(cat "$scratch/srv/fix-qemu.rc")" $'# by hand\nRAM=32M'
	editor 'echo SMP=2 >>"$1"; echo >"'"$scratch"'/edited"'
	qi 0 qemu-adm edit "$scratch/srv/fix-qemu.rc"
	same "$stderr$(cat "$scratch/srv/fix-qemu.rc")" $'# by hand\nRAM=32M\nSMP=2'
	rm "$scratch/edited"
	refused 1 "$why" set web RAM=32M
	refused 1 "$why" set "$QEMU_INIT_DAT/web" RAM=32M
	refused 1 "$why" edit web
	refused 1 "$why" edit "$QEMU_INIT_DAT/web"
	refused 1 "$why" create -d "$scratch/srv" new
	refused 1 "$why" register "$scratch/srv"
	[[ ! -e $scratch/edited ]] || fail "it is told after the editing"
	as=
	be_nobody
	export QEMU_INIT_ETC=$scratch/etc
	chown -R 65534:65534 "$scratch/srv"
	qi 0 qemu-adm set "$scratch/srv" RAM=64M
	qi 4 qemu-adm register "$scratch/srv"
	like "$stderr" "qemu-adm: no lock on the registry (QEMU_INIT_ETC=*"
}

@test "edit: a failing editor, and a file that changed meanwhile" {
	vm web RAM=16M
	editor 'exit 1'
	qi 1 qemu-adm edit web
	like "${stderr_lines[0]}" "qemu-adm: the editor failed*"
	rm "$(rc_of web).draft"
	editor 'rm "$1"'
	qi 1 qemu-adm edit web
	like "$stderr" "qemu-adm: $(rc_of web).draft: no such file or directory"
	export EDITOR=/no/such/editor
	qi 1 qemu-adm edit web
	rm "$(rc_of web).draft"
	editor "'$bin/qinit' qemu-adm set web RAM=32M" 'echo SMP=2 >>"$1"'
	qi 1 qemu-adm edit web
	like "$stderr" "*the file was changed meanwhile*"
	same "$(cat "$(rc_of web)")" $'# made by a test\nRAM=32M'
}

@test "edit: a ^C is the editor's alone, and a caller that ignores how its children end hides no editor's end" {
	vm web RAM=16M
	editor 'trap : INT' 'kill -INT 0' 'echo SMP=2 >>"$1"'
	as="timeout -k 1 20 setsid -w env --default-signal=INT --ignore-signal=CHLD"
	qi 0 qemu-adm edit web
	same "$output$stderr" ""
	same "$(cat "$(rc_of web)")" $'# made by a test\nRAM=16M\nSMP=2'
}

@test "edit asks on a terminal whether to go on" {
	requires script
	vm web RAM=16M
	editor 'if grep -q RAMM "$1"; then sed -i s/RAMM/SMP/ "$1"; else echo RAMM=2 >>"$1"; fi'
	timeout -k 1 20 script -qec "'$bin/qinit' qemu-adm edit web" /dev/null <<<y
	same "$(cat "$(rc_of web)")" $'# made by a test\nRAM=16M\nSMP=2'
}

@test "create makes folder, rc-file and disk, registers, says what it made and what comes next; the VM starts" {
	: >"$scratch/cd,1.iso"
	as="unshare -n" qi 0 qemu-adm create web --disk 10M --cdrom "$scratch/cd,1.iso" RAM=16M 'DESC=a # b' MACHINE=pc
	same "$output" "made $QEMU_INIT_DAT/web/web-qemu.rc
made $QEMU_INIT_DAT/web/web.img, 10M, which takes room only as it is written
next: qemu-init start web"
	same "$(cat "$(rc_of web)")" "NAME=web
NIC1=user
DISPLAY=none
SERIAL=yes
DISK1=web.img
CDROM=$scratch/cd,1.iso
RAM=16M
DESC=\"a # b\"
MACHINE=pc"
	same "$(stat -c %s.%b.%a "$QEMU_INIT_DAT/web/web.img")" 10485760.0.600
	registry "web $QEMU_INIT_DAT/web"
	qi 0 qemu-init start web
	now_is web running
	refused 1 "web: it runs; *" delete -f web
	qi 0 qemu-init kill web
	qi 0 qemu-adm delete -f web
	same "$output$stderr" ""
	[[ ! -e $QEMU_INIT_DAT/web && ! -e $QEMU_INIT_RUN/web && -e $scratch/cd,1.iso ]]
	registry ""
}

@test "create by a template, in a folder of one's own choice; what the template says is kept" {
	printf '%s\n' "# ours" NAME=other NIC1= "RAM=16M # small" >"$scratch/template.rc"
	mkdir "$scratch/srv"
	cd "$scratch"
	qi 0 qemu-adm create -d srv --from template.rc web SERIAL=no
	qi 0 qemu-adm create -d "$scratch/new/db" --from template.rc db
	cd "$top"
	same "$(cat "$scratch/srv/web-qemu.rc")" $'# ours\nNAME=web\nNIC1=\nRAM=16M # small\nDISPLAY=none\nSERIAL=no'
	registry "web $scratch/srv"$'\n'"db $scratch/new/db"
	qi 0 qemu-init start web
}

@test "create refuses, and leaves nothing behind" {
	local before
	vm web
	rc "$scratch/old" old
	mkdir -p "$scratch/full"
	: >"$scratch/full/full.img"
	echo "-rtc base=utc" >"$scratch/full/foreign-qemu.cfg"
	ln -s nowhere "$scratch/full/link-qemu.cfg"
	ln -s nowhere "$scratch/full/lost-qemu.rc"
	before=$(find "$scratch" | sort)
	refused 1 "web: registered already, in $QEMU_INIT_DAT/web" create web
	refused 6 "../x: not a VM's name" create ../x
	refused 6 "0: not a VM's name" create 0
	refused 1 "old: $scratch/old/old-qemu.rc: is there already (*" create -d "$scratch/old" old
	refused 6 "setting RAMM: unknown key, nearest is RAM" create db RAMM=1G
	refused 6 "setting NAME=x: x, but*" create db NAME=x
	printf '%s\n' "# ours" RAM=1G RAMM=2G >"$scratch/bad.rc"
	before=$(find "$scratch" ! -name .lock | sort)
	refused 6 "$scratch/bad.rc:3: RAMM: unknown key, nearest is RAM" create db --from "$scratch/bad.rc"
	sed -i 's/RAMM=.*/APPEND=x/' "$scratch/bad.rc"
	refused 6 "$scratch/bad.rc:3: APPEND: wants a KERNEL" create db --from "$scratch/bad.rc" SMP=2
	refused 6 "setting SMP=x y: *" create db "SMP=x y"
	refused 6 "setting RAM=much: much: want a size*" create db RAM=much
	refused 6 "setting DESC=a b: a control character (0x0a)" create db DESC=$'a\nb'
	refused 1 "full: $scratch/full/full.img: file exists" create -d "$scratch/full" full --disk 1M
	refused 1 "db: *no such file*" create db --cdrom "$scratch/none.iso"
	refused 1 "db: *no such file*" create db --from "$scratch/none.rc"
	refused 1 "db: *no such file*" create db -d "$scratch/new/q1/q2" --from "$scratch/none.rc"
	refused 1 "db: *no such file*" create db -d "$scratch/new/./q1//" --cdrom "$scratch/none.iso"
	refused 1 "foreign: $scratch/full/foreign-qemu.cfg: is there already (*" create -d "$scratch/full" foreign
	refused 1 "link: $scratch/full/link-qemu.cfg: is there already (*" create -d "$scratch/full" link
	refused 1 "lost: $scratch/full/lost-qemu.rc: a link to what is not there *" create -d "$scratch/full" lost
	refused 2 "--disk much: not a size (10G)" create db --disk much
	refused 2 "--disk is DISK1: want one of them" create db --disk 1M DISK1=/dev/sda
	refused 2 "create: --disk: wants a value, SIZE" create db --disk
	refused 2 "ram: want KEY=VALUE" create db ram
	same "$(find "$scratch" ! -name .lock | sort)" "$before"
}

# a network with a bridge that is up, and others that are down or not ours
bridged() {
	# shellcheck disable=SC2016 # the inner shell's
	unshare -n sh -c 'for br in br0 docker0 virbr1 br-0123456789ab br9; do
			ip link add "$br" type bridge && { [ "$br" = br9 ] || ip link set "$br" up; } || exit
		done
		exec "$@"' sh "$@"
}

@test "create takes the host's own bridge that is up, and says so; a network that somebody chose is kept" {
	as=bridged
	qi 0 qemu-adm create web
	same "${lines[0]}" "made $(rc_of web), with NIC1=bridge:br0"
	grep -x NIC1=bridge:br0 "$(rc_of web)"
	qi 0 qemu-adm create db NIC1=user
	same "${lines[0]}" "made $(rc_of db)"
	grep -x NIC1=user "$(rc_of db)"
}

@test "create tells of files that are not there yet" {
	qi 0 qemu-adm create db DISK1=foo.img KERNEL="$scratch/none"
	same "$stderr" "qemu-adm: setting DISK1=foo.img: $QEMU_INIT_DAT/db/foo.img: no such file or directory (put it there, or name another)
qemu-adm: setting KERNEL=$scratch/none: $scratch/none: no such file or directory (put it there, or name another)"
}

@test "create warns of a folder in memory" {
	mkdir "$scratch/memory"
	mount -t tmpfs none "$scratch/memory" || skip "no right to mount"
	qi 0 qemu-adm create web -d "$scratch/memory/web"
	umount "$scratch/memory"
	same "$stderr" "qemu-adm: web: its folder is in memory, and gone with the next boot"
}

@test "delete takes the files that the rc-file names in its folder, and no others" {
	vm web DISK1=a.img DISK2="$scratch/outside.img" DISK3=link.img DISK4=sub/b.img CDROM=none.iso KERNEL=vmlinuz
	mkdir "$QEMU_INIT_DAT/web/sub"
	touch "$scratch/outside.img" "$QEMU_INIT_DAT"/web/{a.img,sub/b.img,notes,vmlinuz,web-qemu.cfg}
	ln -s "$scratch/outside.img" "$QEMU_INIT_DAT/web/link.img"
	qi 0 qemu-adm autostart on web
	qi 0 qemu-adm delete -f web
	same "$stderr" "qemu-adm: web: $QEMU_INIT_DAT/web: kept: directory not empty"
	same "$(cd "$QEMU_INIT_DAT/web" && find . | sort | xargs)" ". ./link.img ./notes"
	[[ -e $scratch/outside.img ]]
	registry ""
	autostart ""
}

@test "delete takes no file that another VM needs: its disk, an image below its disk, its kernel, one that runs unregistered" {
	requires qemu-img
	local dir=$QEMU_INIT_DAT/web
	vm web DISK1=base.qcow2
	qemu-img create -q -f qcow2 "$dir/base.qcow2" 1M
	qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 "$dir/db.qcow2"
	vm db DISK1="$dir/base.qcow2,ro"
	refused 1 "web: $dir/base.qcow2: db needs it, too" delete -f web
	vm_rc db DISK1="$dir/db.qcow2,backing=$dir/base.qcow2"
	refused 1 "web: $dir/base.qcow2: db needs it, too" delete -f web
	vm_rc db KERNEL="$dir/base.qcow2"
	refused 1 "web: $dir/base.qcow2: db needs it, too" delete -f web
	vm_rc db
	rc "$scratch/x" x MACHINE=pc SERIAL=no "DISK1=$dir/base.qcow2,ro"
	qi 0 qemu-init start "$scratch/x/x-qemu.rc"
	refused 1 "web: $(rc_of web):2: DISK1: $dir/base.qcow2: used by x, which runs" delete -f web
	qi 0 qemu-init kill x
	qi 0 qemu-adm delete -f web
	same "$(ls "$dir")" db.qcow2
}

@test "delete takes nothing while another VM's files do not say what it needs" {
	requires qemu-img
	local dir=$QEMU_INIT_DAT/web why="mend it, or \`qemu-adm unregister db\`"
	vm web DISK1=a.img
	truncate -s 1M "$dir/a.img"
	vm db DISK2="$dir/a.img,rw"
	refused 1 "web: $(rc_of db):2: DISK2: *: so db may need what is here: $why" delete -f web
	vm_rc db "ARG1=-drive file=$dir/a.img,format=raw"
	refused 1 "web: $(rc_of db):1: ARG1: names a file in $dir: so db may need what is here: $why" delete -f web
	ln -s "$dir" "$scratch/way"
	vm_rc db "ARG1=-drive if=none,file=$scratch/way/a.img"
	refused 1 "web: $(rc_of db):1: ARG1: names a file in $dir: *$why" delete -f web
	vm_rc db "ARG1=-drive file=$dir-old/a.img" "ARG2=-drive file=/none/a.img"
	echo "-drive if=none,file=$dir/a.img" >"$QEMU_INIT_DAT/db/db-qemu.cfg"
	refused 1 "web: $QEMU_INIT_DAT/db/db-qemu.cfg: names a file in $dir: *$why" delete -f web
	echo "# a comment" >"$QEMU_INIT_DAT/db/db-qemu.cfg"
	qemu-img create -q -f qcow2 -b "$dir/a.img" -F raw "$QEMU_INIT_DAT/db/top.qcow2"
	vm_rc db DISK1=gone.img DISK2=top.qcow2
	refused 1 "web: $(rc_of db):2: DISK2: $QEMU_INIT_DAT/db/top.qcow2: backing file $dir/a.img: outside *: so db *$why" delete -f web
	rm "$(rc_of db)"
	refused 1 "web: $QEMU_INIT_DAT/db: neither *$why" delete -f web
	vm_rc db DISK1=gone.img
	qi 0 qemu-adm delete -f web
	[[ ! -e $dir ]]
}

@test "delete asks on a terminal; where it cannot, it wants -f" {
	requires script
	vm web
	refused 2 "web: wants -f where nobody can be asked" delete web
	! timeout -k 1 20 script -qec "'$bin/qinit' qemu-adm delete web" /dev/null <<<n || fail "deleted"
	[[ -e $(rc_of web) ]]
	timeout -k 1 20 script -qec "'$bin/qinit' qemu-adm delete web" /dev/null <<<y
	[[ ! -e $QEMU_INIT_DAT/web ]]
	registry ""
}

@test "delete on a full disk makes the room that it needs" {
	mkdir "$scratch/small"
	mount -t tmpfs -o size=1M none "$scratch/small" || skip "no right to mount"
	mkdir "$scratch/small"/{etc,web}
	cp "$QEMU_INIT_ETC"/* "$scratch/small/etc"
	rc "$scratch/small/web" web DISK1=a.img
	QEMU_INIT_ETC=$scratch/small/etc
	qi 0 qemu-adm register "$scratch/small/web"
	echo "db $scratch/db" >>"$QEMU_INIT_ETC/registered"
	rc "$scratch/db" db
	cat /dev/zero >"$scratch/small/web/a.img" 2>/dev/null || true
	qi 1 qemu-adm autostart on db
	like "$stderr" "*: no space left on device"
	qi 0 qemu-adm delete -f web
	registry "db $scratch/db"
	same "$stderr$(ls "$scratch/small")" etc
	QEMU_INIT_ETC=$scratch/etc
	umount "$scratch/small"
}

# delete_while COMMAND...: runs it while delete waits for its answer, which is yes; the words are in $scratch/asked
delete_while() {
	rm -f "$scratch/answer" "$scratch/asked"
	mkfifo "$scratch/answer"
	exec {answer}<>"$scratch/answer" # for both ends: nobody waits for the other
	# shellcheck disable=SC2016 # sh's own
	background sh -c 'exec timeout -k 1 20 script -qefc "$0" "$1/asked" <"$1/answer" >"$1/shown"' "'$bin/qinit' qemu-adm delete web" "$scratch"
	wait_until 5 grep -qs "for ever" "$scratch/asked"
	"$@"
	echo y >&"$answer"
	exec {answer}>&-
}

@test "delete: nobody waits for who is asked, and only what he was asked about goes" {
	requires script
	no_guest web
	no_guest db
	as="timeout 5" delete_while qi 0 qemu-adm autostart on db
	ended "$pid" 0
	registry "db $QEMU_INIT_DAT/db"
	autostart db
	no_guest web DISK1=b/x DISK2=a.img
	mkdir -p "$QEMU_INIT_DAT/web/b" "$scratch/victim"
	touch "$QEMU_INIT_DAT/web/b/x" "$QEMU_INIT_DAT/web/a.img" "$scratch/victim/x"
	delete_while ln -sfT "$scratch/victim/x" "$QEMU_INIT_DAT/web/b/x"
	ended "$pid" 1
	grep -F "something was changed meanwhile" "$scratch/asked"
	[[ -e $scratch/victim/x && -e $(rc_of web) && -e $QEMU_INIT_DAT/web/a.img ]]
	delete_while mv "$(rc_of web)" "$(rc_of web).away"
	ended "$pid" 6
	[[ -e $QEMU_INIT_DAT/web/a.img ]]
}

@test "a VM that is being cloned does not run: a stop is soon done, and says what holds it" {
	requires strace
	local words what cloner
	vm big DISK1=big.img
	truncate -s 1M "$QEMU_INIT_DAT/big/big.img"
	qi 0 qemu-init start big
	kill_keeper big
	kill_qemu big
	what="big: does not run, but its lock is held (by qemu-adm, or by a start that has just begun)"
	background strace -qq -o /dev/null -e inject=fsync:signal=STOP:when=1 "$bin/qinit" qemu-adm clone big two
	wait_until 10 test -e "$QEMU_INIT_DAT/two/big.img"
	cloner=$(pgrep -P "$pid")
	as="timeout 15"
	for words in "qemu-init stop" "qemu-init stop -f" "qemu-init stop -t 0.1" "qemu-init kill"; do
		# shellcheck disable=SC2086 # words
		qi 0 $words big
		same "$stderr" "qemu-init: $what"
	done
	qi 0 qemud stop
	same "$stderr" "qemud: $what"
	qi 0 qemud restart
	same "$stderr" "qemud: $what"
	qi 1 qemu-init restart big
	same "$stderr" "qemu-init: $what"
	kill -CONT "$cloner"
	ended "$pid" 0
	qi 0 qemu-init stop big two
	same "$stderr" ""
	now_is big stopped
}

@test "clone: what another VM began to write while it was copied is no copy" {
	requires strace
	vm big DISK1=big.img
	truncate -s 1M "$QEMU_INIT_DAT/big/big.img"
	vm db DISK1="$QEMU_INIT_DAT/big/big.img"
	background strace -qq -o /dev/null -e inject=fsync:signal=STOP:when=1 "$bin/qinit" qemu-adm clone big two 2>"$scratch/said"
	wait_until 10 test -e "$QEMU_INIT_DAT/two/big.img"
	qi 0 qemu-init start db
	kill -CONT "$(pgrep -P "$pid")"
	ended "$pid" 1
	like "$(cat "$scratch/said")" "qemu-adm: *$QEMU_INIT_DAT/big/big.img: *db*"
	[[ ! -e $QEMU_INIT_DAT/two ]]
	registry "big $QEMU_INIT_DAT/big"$'\n'"db $QEMU_INIT_DAT/db"
}

@test "rename: file, NAME, cfg-file, registry and autostart; the order, the comments and the disks stay" {
	no_guest web NAME=web "# the disk" DISK1=web.img
	no_guest db
	: >"$QEMU_INIT_DAT/web/web.img"
	echo "-device x" >"$QEMU_INIT_DAT/web/web-qemu.cfg"
	qi 0 qemu-adm rename web shop
	registry "shop $QEMU_INIT_DAT/web"$'\n'"db $QEMU_INIT_DAT/db"
	[[ ! -e $QEMU_INIT_ETC/autostart ]]
	same "$(cd "$QEMU_INIT_DAT/web" && echo *)" "shop-qemu.cfg shop-qemu.rc web.img"
	same "$(cat "$QEMU_INIT_DAT/web/shop-qemu.rc")" $'# made by a test\nMACHINE=none\nSERIAL=no\nNAME=shop\n# the disk\nDISK1=web.img'
	qi 0 qemu-adm autostart on db shop
	qi 0 qemu-adm rename db mail
	autostart $'mail\nshop'
	same "$(tail -n 1 "$QEMU_INIT_DAT/db/mail-qemu.rc")" NAME=mail
	refused 1 "mail: registered already, in $QEMU_INIT_DAT/db" rename shop mail
	refused 6 "a/b: not a VM's name" rename shop a/b
	echo "x # y" >>"$QEMU_INIT_ETC/autostart"
	refused 6 "$QEMU_INIT_ETC/autostart:3: x: want nothing behind the name" rename shop post
	sed -i '$d' "$QEMU_INIT_ETC/autostart"
	: >"$QEMU_INIT_DAT/web/stray-qemu.cfg"
	qi 1 qemu-adm rename shop stray
	like "$stderr" "qemu-adm: shop: $QEMU_INIT_DAT/web/stray-qemu.cfg: is there already (*"
	rm "$QEMU_INIT_DAT/web/stray-qemu.cfg"
	refused 6 "web: no such VM*" rename web x
	qi 0 qemu-init start mail
	qi 1 qemu-adm rename mail post
	like "$stderr" "qemu-adm: mail: it runs; *"
	same "$(cd "$QEMU_INIT_DAT/db" && echo *)" mail-qemu.rc
}

@test "rename keeps the address of a card, and tells whose AFTER has the old name" {
	local mac
	no_guest web NIC1=bridge:br7 NIC2=user NIC3=tap:t,mac=52:54:00:00:00:01 "NIC4=bridge:br7,model=e1000 # two"
	no_guest db AFTER1=web,time=5 AFTER2=mail
	no_guest mail AFTER3=db
	mac=$("$bin/qinit" qemu-init showcmd web | grep -o 'mac=52:[0-9a-f:]*' | xargs)
	qi 0 qemu-adm rename web shop
	same "$stderr" "qemu-adm: $(rc_of db):4: AFTER1: web is called shop now"
	same "$("$bin/qinit" qemu-init showcmd shop | grep -o 'mac=52:[0-9a-f:]*' | xargs)" "$mac"
	# shellcheck disable=SC2086 # words
	set -- $mac
	same "$(grep NIC "$QEMU_INIT_DAT/web/shop-qemu.rc")" "NIC1=bridge:br7,$1
NIC2=user
NIC3=tap:t,mac=52:54:00:00:00:01
NIC4=bridge:br7,model=e1000,$3 # two"
}

@test "a rename that the registry does not take leaves nothing behind" {
	no_guest web NAME=web
	echo "-rtc base=utc" >"$QEMU_INIT_DAT/web/web-qemu.cfg"
	mkdir "$QEMU_INIT_ETC/.registered.new" # where the new one would be written
	qi 1 qemu-adm rename web shop
	like "$stderr" "qemu-adm: shop: $QEMU_INIT_ETC: write registered: *"
	same "$(cd "$QEMU_INIT_DAT/web" && echo *)" "web-qemu.cfg web-qemu.rc"
	rmdir "$QEMU_INIT_ETC/.registered.new"
	qi 0 qemu-adm rename web shop
	same "$(cd "$QEMU_INIT_DAT/web" && echo *)" "shop-qemu.cfg shop-qemu.rc"
}

# of_vms: sets output and lines to what check says of VMs, without the notes on this kernel and this host's services
of_vms() {
	output=$(sed '/^host: note: /d; /: note: .*: as 10\.0\.2\.2 the guest reaches /d' <<<"$output")
	lines=()
	[[ -z $output ]] || mapfile -t lines <<<"$output"
}

# finds NAME TEXT...: check names just these findings, exit 1 when one is a failure
finds() {
	local name=$1 code=0
	shift
	[[ ! "$*" =~ (^| )fails: ]] || code=1
	qi "$code" qemu-adm check "$name"
	of_vms
	same "${#lines[@]}" $#
	while (($#)); do
		like "$output" "*$name: $1*"
		shift
	done
}

@test "check finds nothing in a good VM, and starts nothing" {
	qi 0 qemu-adm create good --disk 1M MACHINE=pc NIC1=user,hostfwd=tcp::$((port + 500))-:22 MONPORT=$((port + 600))
	finds good
	qi 0 qemu-adm check
	of_vms
	same "$output$stderr" ""
	qi 0 qemu-adm check -j
	same "$(jq -c 'map(select(.name != "host" and (.text | test("10.0.2.2") | not)))' <<<"$output")" "[]"
	[[ ! -e $QEMU_INIT_RUN/good ]]
	qi 0 qemu-init start good
	finds good
}

# the mistakes: LINES OF THE RC-FILE, "\n" between them | what is said of them, behind the file's name
wrong_machine() {
	sed 's/^	*//' <<-'END'
		RAMM=1G|fails: RC:1: RAMM: unknown key, nearest is RAM
		PLAIN=1|fails: RC:1: PLAIN: unknown key (qemu-init(5) has all)
		RAM=x|fails: RC:1: RAM: x: want a size, as 512M or 2G; a bare number is MiB
		RAM=1G\nRAM=2G|fails: RC:2: RAM: given already in line 1, one must go
		RAM|fails: RC:1: no `=`, want KEY=VALUE
		DESC="a|fails: RC:1: the closing quote is missing
		NAME=other|fails: RC:1: NAME: other, but web was asked for
		DISK=a.img|fails: RC:1: DISK: DISK wants a number, DISK1 to DISK999, no zero before it
		SMP2=1|fails: RC:1: SMP2: SMP takes no number
		ACCEL=xen|fails: RC:1: ACCEL: xen: want kvm or tcg
		ACCEL=tcg\nKVM=yes|fails: RC:2: KVM: yes is at odds with ACCEL=tcg, one must go
		APPEND=quiet|fails: RC:1: APPEND: wants a KERNEL
		TGTARCH=qemu-system-none|fails: qemu-system-none: not found in PATH: install it, or set TGTARCH
		TGTARCH=x86_64|fails: RC:1: TGTARCH: x86_64: did you mean qemu-system-x86_64?
		MACHINE=pc-q35-99.1|fails: RC:1: MACHINE: pc-q35-99.1: not known to this QEMU, take NEWEST
		MACHINE=xyzzy|fails: RC:1: MACHINE: xyzzy: not known to this QEMU, take one of `-machine help`
		MACHINE=nope|fails: RC:1: MACHINE: nope: not known to this QEMU, take one of `-machine help`
		MACHINE=DEPRECATED|note: RC:1: MACHINE: DEPRECATED: deprecated, a later QEMU will not have it, take *
		CPU=Skylak-Server|fails: RC:1: CPU: Skylak-Server: not known to this QEMU, take Skylake-Server
		CPU=host|fails: RC:1: CPU: host: only with KVM, take max
		NIC1=user,model=e1001|fails: RC:1: NIC1: e1001: not known to this QEMU, take e1000
		ARG1=-device virtio-net-pcy|fails: RC:1: ARG1: virtio-net-pcy: not known to this QEMU, take virtio-net-pci
		SMP=99999|fails: RC:1: SMP: QEMU refuses the machine: */qemu-system-x86_64: *99999*
		SMP=4,sockets=3\nMACHINE=q35|fails: RC:1: SMP: QEMU refuses the machine: *opology*
		SMP=4,maxcpus=2|fails: RC:1: SMP: QEMU refuses the machine: *
		MACHINE=q35,foo=1\nSMP=2|fails: RC:1: MACHINE: QEMU refuses the machine: *foo*
		CPU=qemu64,+nosuchflag\nMACHINE=pc|fails: RC:1: CPU: QEMU refuses the machine: *nosuchflag*
		BOOT=zzz|fails: RC:1: BOOT: QEMU refuses the machine: *
		BOOT=menu=maybe|fails: RC:1: BOOT: QEMU refuses the machine: *
		RAM=9999G|fails: RC:1: RAM: QEMU refuses the machine: *memory*
		MACHINE=q35,usb=on\nSMP=4,sockets=2\nBOOT=order=dc,menu=on\nCPU=qemu64,+ssse3\nNIC1=user,model=e1000|
		MACHINE=isapc\nNIC1=none|
		MACHINE=microvm\nNIC1=user|
		MACHINE=none\nSMP=1|
		RUNAS=nobody-at-all|fails: RC:1: RUNAS: nobody-at-all: no such user in /etc/passwd (a number needs none)
		GROUP=nobody-at-all|fails: RC:1: GROUP: nobody-at-all: no such group in /etc/group (a number needs none)
		MONITOR_ALLOW=@nobody-at-all|fails: RC:1: MONITOR_ALLOW: @nobody-at-all: no such group in /etc/group (a number needs none)
		MONITOR_ALLOW=any|note: RC:1: MONITOR_ALLOW: whoever is on this host may command the monitor (USER and @GROUP name some)
		ALLOW1=/none/such|fails: RC:1: ALLOW1: /none/such: no such file or directory (put it there, or name another)
		ARG1=-smbios file=/etc|note: RC:1: ARG1: /etc is not opened to QEMU for a word of its command line (ALLOWn=/etc does it)
		ARG1=-drive file=DIR/plane.img,if=none|note: RC:1: ARG1: DIR/plane.img: no such file or directory, nearest is plain.img
		ARG1=-bios /none/such|note: RC:1: ARG1: /none/such: no such file or directory (put it there, or name another)
		ARG1=-D /none-such|note: RC:1: ARG1: / is not opened to QEMU for a word of its command line (take a folder that holds no more than that)
		ARG1=-chardev socket,id=x,path=DIR/sock,server=on,wait=off|
	END
}

wrong_files() {
	sed 's/^	*//' <<-'END'
		STOPDELAY=soon|fails: RC:1: STOPDELAY: soon: want a time, as 90, 90s or 5m
		MONPORT=70000|fails: RC:1: MONPORT: 70000: want a port, 1 to 65435 (the command port is 100 above)
		PRECMD=no-such-program -x|fails: RC:1: PRECMD: no-such-program: no such program in /usr/local/sbin:*/bin: its whole path, or install it
		PRECMD=/no/such|fails: RC:1: PRECMD: /no/such: no such program in /usr/local/sbin:*/bin: its whole path, or install it
		PRECMD=no-such-program 2>/dev/null; true|note: RC:1: PRECMD: no-such-program: no such program in /usr/local/sbin:*/bin: its whole path, or install it
		POSTCMD=/no/such -x|note: RC:1: POSTCMD: /no/such: no such program in /usr/local/sbin:*/bin: its whole path, or install it
		PRECMD=[ -e / ] && test 1|
		AFTER1=nobody|note: RC:1: AFTER1: nobody: not registered, so nobody starts it: qemu-adm register FOLDER
		AFTER1=other\nAFTER2=web|fails: AFTER: a ring: web, web: one of them without it
		AFTER1=other|
		DISK1=none.img|fails: RC:1: DISK1: DIR/none.img: no such file or directory (put it there, or name another)
		DISK1=plane.img|fails: RC:1: DISK1: DIR/plane.img: no such file or directory, nearest is plain.img
		DISK1=/dev/null|fails: RC:1: DISK1: /dev/null: a character device, not a file or block device
		DISK1=|
		DISK1=.|fails: RC:1: DISK1: DIR/.: a directory, not a file or block device
		DISK1=raw.qcow2|fails: RC:1: DISK1: DIR/raw.qcow2: not a qcow2 image (format=raw?)
		DISK1=plain.img,if=floppy|fails: RC:1: DISK1: if=floppy: want virtio, ide or scsi
		DISK1=plain.img,format=vmdk|fails: RC:1: DISK1: format=vmdk: want raw or qcow2
		DISK1=plain.img,if=ide,ro|fails: RC:1: DISK1: ro: an ide disk cannot be read-only, take if=virtio or if=scsi
		DISK1=plain.img\nDISK2=plain.img|fails: RC:2: DISK2: DIR/plain.img: also in the chain of DISK1, and not `ro` in both
		DISK1=orphan.qcow2|fails: RC:1: DISK1: DIR/orphan.qcow2: backing file gone.qcow2: no such file or directory (bring it back, or qemu-img rebase -u)
		CDROM=none.iso|fails: RC:1: CDROM: DIR/none.iso: no such file or directory (put it there, or name another)
		KERNEL=none|fails: RC:1: KERNEL: DIR/none: no such file or directory (put it there, or name another)
		KERNEL=plain.img\nINITRD=plai.img|fails: RC:2: INITRD: DIR/plai.img: no such file or directory, nearest is plain.img
		KERNEL=empty|fails: RC:1: KERNEL: DIR/empty: an empty file
		KERNEL=plain.img\nINITRD=/tmp|fails: RC:2: INITRD: /tmp: a directory, not a file
		NIC1=user,hostfwd=tcp::BUSY-:22|fails: RC:1: NIC1: port BUSY: take another one: address in use
		NIC1=user,hostfwd=tcp:192.0.2.1:FREE-:22|fails: RC:1: NIC1: 192.0.2.1: no address of this host, take one that is
		NIC1=user,hostfwd=tcp:[::1]:FREE-:22|fails: RC:1: NIC1: hostfwd: QEMU listens on no IPv6 address as ?::1?, take 127.0.0.1
		NIC1=user,hostfwd=tcp:127.0.0.2:FREE-:22|
		NIC1=user,hostfwd=tcp::1-:22\nRUNAS=nobody|fails: RC:1: NIC1: hostfwd: only root may open port 1, others from 1024 on (ip_unprivileged_port_start)
		NIC1=wire|fails: RC:1: NIC1: wire: want none, user, bridge:BR or tap:IF
		NIC1=bridge:no-bridge|fails: RC:1: NIC1: no-bridge: there is no such bridge*
		NIC1=bridge:lo|fails: RC:1: NIC1: lo: is no bridge*
		NIC1=tap:no-tap|fails: RC:1: NIC1: no-tap: no such interface; root makes it: ip tuntap add IF mode tap user NAME
		NIC1=user,hostfwd=tcp::FREE-:1\nMONPORT=FREE|fails: RC:*: port FREE is that of MONPORT already, take another one
		DISPLAY=vnc:BUSY|fails: RC:1: DISPLAY: port BUSY: take another one: address in use*
		DISPLAY=x11|fails: RC:1: DISPLAY: x11: want vnc, vnc:PORT or none
		MONPORT=BUSY|fails: RC:1: MONPORT: port BUSY: take another one: address in use
		ARG1=device|fails: RC:1: ARG1: *
		DISK1=OTHER|note: RC:1: DISK1: OTHER: it is DISK1 of other, too: only one of them can run (ro, snapshot)
		DISK1=OTHER,ro|
		DISK1=frozen.img|fails: RC:1: DISK1: DIR/frozen.img: its mode lets nobody write it, as that of a disk with linked clones (-x: throw the writes away; chmod u+w when it has none)
		DISK1=frozen.img,ro|
		DISK1=frozen.img,snapshot|
		DISK1=vast.img|note: RC:1: DISK1: DIR/vast.img: may grow by * MiB, and its file system has room for *: make room
		DISK1=big1.img\nDISK2=big2.img|note: RC:2: DISK2: DIR/big2.img: may grow by * MiB with those before it, and its file system has room for *: make room
		DISK1=big1.img|
		DISK1=orphan.img|note: RC:1: DISK1: DIR/orphan.img: an image of qcow2 that is taken as raw: format=qcow2
		SANDBOX=no|note: RC:1: SANDBOX: QEMU runs without seccomp filter, Landlock and namespaces (ALLOWn=PATH opens what it needs)
		AUTOSTART=ON|note: RC:1: AUTOSTART: not read; use: qemu-adm autostart on web
		RUNAS=root|note: RC:1: RUNAS: a guest that breaks out of QEMU will be root on this host (no RUNAS: a uid of its own)
		DISPLAY=vnc:FREE|note: RC:1: DISPLAY: a TCP port, for the owner's programs on this host; `vnc` and ssh -L PORT:*/vnc.sock do without
	END
}

# all_found N FUNCTION: check finds each of that many mistakes
all_found() {
	requires qemu-img
	sed -i /RAM/d "$QEMU_INIT_ETC/default.rc" # a machine of which nothing is said is not tried
	local busy=$((port + 500)) lines want left="" n=0 old newest
	newest=$(qemu-system-x86_64 -machine help | grep -o '^pc-q35-[0-9.]*' | sort -V | tail -n 1)
	old=$(qemu-system-x86_64 -machine help | sed -n '/(deprecated)$/{s/ .*//p;q}')
	vm web
	vm other DISK1="$scratch/other.img"
	truncate -s 1M "$scratch/other.img" "$QEMU_INIT_DAT"/web/{plain.img,raw.qcow2,frozen.img}
	chmod a-w "$QEMU_INIT_DAT/web/frozen.img"
	: >"$QEMU_INIT_DAT/web/empty"
	truncate -s 15T "$QEMU_INIT_DAT/web/vast.img"
	truncate -s $(($(stat -fc '%a * %S' "$QEMU_INIT_DAT") * 2 / 3)) "$QEMU_INIT_DAT"/web/big{1,2}.img
	qemu-img create -q -f qcow2 "$QEMU_INIT_DAT/web/gone.qcow2" 1M
	qemu-img create -q -f qcow2 -b gone.qcow2 -F qcow2 "$QEMU_INIT_DAT/web/orphan.qcow2"
	rm "$QEMU_INIT_DAT/web/gone.qcow2"
	cp "$QEMU_INIT_DAT/web/orphan.qcow2" "$QEMU_INIT_DAT/web/orphan.img"
	background socat "TCP-LISTEN:$busy,bind=0.0.0.0,fork" -
	wait_until 5 bash -c "echo >/dev/tcp/127.0.0.1/$busy"
	while IFS='|' read -r lines want; do
		lines=${lines//BUSY/$busy} want=${want//BUSY/$busy}
		lines=${lines//OTHER/$scratch/other.img} lines=${lines//FREE/$((busy + 1))} lines=${lines//DEPRECATED/$old} lines=${lines//DIR/$QEMU_INIT_DAT/web}
		want=${want//OTHER/$scratch/other.img} want=${want//FREE/$((busy + 1))} want=${want//DEPRECATED/$old}
		want=${want//RC:/$(rc_of web):} want=${want//DIR/$QEMU_INIT_DAT/web} want=${want//NEWEST/$newest}
		[[ $lines != MACHINE= ]] || continue # a QEMU without a deprecated one
		printf '%b\n' "$lines" >"$(rc_of web)"
		run --separate-stderr "$bin/qinit" qemu-adm check web
		of_vms
		# shellcheck disable=SC2053 # a glob
		if [[ $output$stderr != ${want:+web: }$want ]] || ((status != $([[ $want != fails* ]]; echo $?))); then
			left+="$lines: want $want"$'\n'"got $status: $output$stderr"$'\n'
		fi
		[[ -z $want ]] || n=$((n + 1))
	done < <("$2")
	[[ -z $left ]] || fail "$left"
	((n >= $1)) || fail "$n"
}

@test "check finds each of forty mistakes of keys, machine, users and words for QEMU, with its place and remedy" {
	all_found 38 wrong_machine
}

@test "check finds each of forty mistakes of times, ports, hooks, files and networks, with its place and remedy" {
	all_found 45 wrong_files
}

@test "check: a disk that a VM which runs has open, also one below a chain that it writes" {
	requires qemu-img
	local dir=$QEMU_INIT_DAT/db
	vm db DISK1=db.img MACHINE=pc SERIAL=no
	truncate -s 1M "$dir/db.img"
	vm web DISK1="$dir/db.img"
	vm low DISK1="low.qcow2,backing=$dir/db.img"
	qemu-img create -q -f qcow2 -b "$dir/db.img" -F raw "$QEMU_INIT_DAT/low/low.qcow2"
	finds low
	qi 0 qemu-init start db
	finds db "note: $(rc_of db):2: DISK1: $dir/db.img: it is DISK1 of web, too: only one of them can run (ro, snapshot)"
	finds web "fails: $(rc_of web):2: DISK1: $dir/db.img: used by db, which runs: stop it, or take \`ro\` in both"
	finds low "fails: $(rc_of low):2: DISK1: $dir/db.img: used by db, which runs: stop it, or take \`ro\` in both"
	qi 0 qemu-init kill db
	finds low
}

@test "check, without a name: names of autostart that nobody registered; JSON" {
	vm web SANDBOX=no
	printf 'web\nnobody\n' >"$QEMU_INIT_ETC/autostart"
	qi 1 qemu-adm check
	of_vms
	like "$output" "autostart: fails: $QEMU_INIT_ETC/autostart:2: nobody: not registered: qemu-adm register FOLDER"$'\nweb: note: *'
	qi 1 qemu-adm check -j
	same "$(jq -r '.[] | select(.name != "host") | "\(.name) \(.kind)"' <<<"$output")" $'autostart fails\nweb note'
	qi 6 qemu-adm check none
	of_vms
	like "$output" "none: fails: none: no such VM*"
	qi 6 qemu-adm check none web
}

@test "check: a guest that wants KVM and cannot have it, and one that does not say" {
	local foreign=qemu-system-riscv64 # nowhere is KVM for it and for ourselves
	[[ $(uname -m) != riscv64 ]] || foreign=qemu-system-x86_64
	mkdir "$scratch/programs"
	printf '#!/bin/sh\nexec qemu-system-x86_64 "$@"\n' >"$scratch/programs/$foreign"
	chmod +x "$scratch/programs/$foreign"
	PATH=$scratch/programs:$PATH
	echo MACHINE=pc >"$QEMU_INIT_ETC/default.rc"
	vm web TGTARCH=$foreign ACCEL=kvm
	finds web "fails: $(rc_of web):3: ACCEL: no usable /dev/kvm for this guest: modprobe kvm_intel or kvm_amd, or ACCEL=tcg"
	vm_rc web TGTARCH=$foreign KVM=yes
	finds web "fails: $(rc_of web):2: KVM: no usable /dev/kvm for this guest: *"
	vm_rc web TGTARCH=$foreign
	finds web "note: no usable /dev/kvm: it will run, but slowly (ACCEL=tcg: so be it)"
	vm_rc web TGTARCH=$foreign ACCEL=tcg
	finds web
}

@test "check: a guest on user networking beside services that trust the loopback, and none of ours among them" {
	vm web NIC1=user,hostfwd=tcp::$((port + 500))-:22
	vm none NIC1=none
	# shellcheck disable=SC2016 # the other shell's
	unshare -n bash -c '
		ip link set lo up
		check() { "$0" qemu-adm check "$1"; echo "code $?"; }
		listen() { socat "TCP-LISTEN:$1,bind=$2,fork" - <&8 & pids+=($!); until grep -q ":$(printf %04X "$1") .* 0A " /proc/net/tcp; do sleep 0.02; done; }
		mkfifo "$1/idle"; exec 8<>"$1/idle"
		listen 22 0.0.0.0; listen 53 127.0.0.53
		"$0" qemu-init start web
		check web
		for port in 5432 631 6379 9001 9002; do listen $port 127.0.0.1; done
		check web; check none
		"$0" qemu-init stop -f web
		kill "${pids[@]}"
	' "$bin/qinit" "$scratch" >"$scratch/said" || true
	same "$(sed '/^host: note: /d' "$scratch/said")" "code 0
web: note: $(rc_of web):2: NIC1: as 10.0.2.2 the guest reaches what listens on 127.0.0.1 of this host, port 631, 5432, 6379, 9001 and 1 more: a password there, or a bridge here
code 0
code 0"
}

@test "check finds no more where the caller ignores how its children end" {
	local before
	no_guest web
	qi 0 qemu-adm check web
	before=$output
	as="env --ignore-signal=CHLD" qi 0 qemu-adm check web
	same "$output" "$before"
}

@test "a cfg-file that is a link to nowhere is refused by start, and told by check" {
	no_guest web
	ln -s nowhere "$QEMU_INIT_DAT/web/web-qemu.cfg"
	finds web "fails: $QEMU_INIT_DAT/web/web-qemu.cfg: no such file or directory"
	qi 6 qemu-init start web
	like "$stderr" "qemu-init: web: $QEMU_INIT_DAT/web/web-qemu.cfg: no such file or directory"
	: >"$QEMU_INIT_DAT/web/nowhere"
	finds web
}

@test "check: a bridge that is down is told, one that is up is not" {
	requires ip
	vm web NIC1=bridge:br0 MACHINE=pc
	# shellcheck disable=SC2016 # the other shell's
	run --separate-stderr unshare -n sh -c 'ip link add br0 type bridge; "$1" qemu-adm check web; ip link set br0 up; "$1" qemu-adm check web' - "$bin/qinit"
	of_vms
	same "$output$stderr" "web: note: $(rc_of web):2: NIC1: br0 is down: ip link set br0 up"
}

@test "check says what an old kernel does not give; nothing of it makes a start fail" {
	vm web
	qi 0 qemu-adm check web
	local here=$output
	run -0 "$top/build/main/tests/fake/kernel" "$bin/qinit" qemu-adm check web
	same "$output" "host: note: no Landlock: only its uid keeps QEMU from the host's files (Linux 5.13, with \`landlock\` among lsm=)
host: note: no sock_diag: who calls a monitor's port is searched for in /proc/net/tcp (modprobe tcp_diag)"
	run -0 setpriv --bounding-set=-sys_admin "$bin/qinit" qemu-adm check web
	same "$output" "${here:+$here$'\n'}host: note: no namespaces for QEMU: it sees the host's network, mounts and IPC (a container wants CAP_SYS_ADMIN)"
}

# qemu_is WORDS...: PATH's first QEMU is a shell script of these lines, which notes in asked that it was called
qemu_is() {
	mkdir -p "$scratch/programs"
	: >>"$scratch/asked"
	chmod 666 "$scratch/asked"
	printf '%s\n' '#!/bin/sh' "echo >>$scratch/asked" "$@" >"$scratch/programs/qemu-system-x86_64"
	chmod +x "$scratch/programs/qemu-system-x86_64"
	PATH=$scratch/programs:$PATH
}

@test "check: a QEMU that does not start here says why itself, one that is silent is waited for 5 s" {
	local real before
	vm web TGTARCH=qemu-system-x86_64
	qemu_is 'echo "error while loading shared libraries: libx.so.1: cannot open" >&2; exit 127'
	finds web "fails: QEMU does not start here, install it anew: $scratch/programs/qemu-system-x86_64: error while loading shared libraries: libx.so.1: cannot open"
	qemu_is 'exec sleep 60'
	before=$SECONDS
	finds web "note: not asked what it has: $scratch/programs/qemu-system-x86_64: it did not answer in time"
	((SECONDS - before <= 7)) || fail "$((SECONDS - before)) s"
	chmod 644 "$scratch/programs/qemu-system-x86_64"
	real=$(PATH=${PATH#"$scratch"/programs:} command -v qemu-system-x86_64)
	qemu_is "exec $real \"\$@\""
	finds web
}

@test "check of a hundred VMs asks QEMU once, and starts their machine once" {
	local i
	: >"$QEMU_INIT_ETC/registered"
	for ((i = 0; i < 100; i++)); do
		vm "web$i" TGTARCH=qemu-system-x86_64 DISK1=a.img NIC1=none AFTER1=web$(((i + 99) % 100))
		truncate -s 1M "$QEMU_INIT_DAT/web$i/a.img"
	done
	vm web0 && sed -i '$d' "$QEMU_INIT_ETC/registered" # the chain has a beginning
	qemu_is "exec $(command -v qemu-system-x86_64) \"\$@\""
	qi 0 qemu-adm check
	of_vms
	same "$output$stderr" ""
	same "$(wc -l <"$scratch/asked")" 2
}

@test "a newcomer: create, check, start, console, stop, delete" {
	qi 0 qemu-adm create tux --disk 10M KERNEL="$top/build/guest/vmlinuz" INITRD="$top/build/guest/initrd" RAM=256M \
		APPEND="console=ttyS0 quiet nokaslr"
	qi 0 qemu-adm check tux
	of_vms
	same "$output$stderr" ""
	qi 0 qemu-init start tux
	says tux "guest: disk vda 10485760" 60
	says tux "guest: ready"
	mkfifo "$scratch/keys"
	# shellcheck disable=SC2016 # the other shell's
	background bash -c 'exec "$1" qemu-init console tux <"$2/keys" >"$2/screen"' - "$bin/qinit" "$scratch"
	# shellcheck disable=SC2016 # the guest's
	exec 8>"$scratch/keys"
	echo 'echo $((6 * 7)) lines' >&8
	wait_until 20 grep -aq "42 lines" "$scratch/screen"
	exec 8>&-
	qi 0 qemu-init stop tux
	qi 0 qemu-adm delete -f tux
	same "$output$stderr" ""
	[[ ! -e $QEMU_INIT_DAT/tux && ! -e $QEMU_INIT_RUN/tux ]]
	qi 0 qemu-init status
	like "$output" "NAME*"
	same "${#lines[@]}" 1
}

# writer NUMBER: registers one name after another, and notes each that was acknowledged
writer() {
	local i
	for ((i = $(wc -l <"$scratch/acknowledged.$1"); i < 250; i++)); do
		"$bin/qinit" qemu-adm register "$scratch/many/w$1-$i-qemu.rc" || return
		echo "w$1-$i" >>"$scratch/acknowledged.$1"
	done
}

acknowledged() {
	cat "$scratch"/acknowledged.?
}

at_least() {
	(($(acknowledged | wc -l) >= $1))
}

# nothing_lost: the registry can be read whole, and has all that was acknowledged
nothing_lost() {
	qi 0 qemu-adm list
	same "$stderr" ""
	same "$(comm -23 <(acknowledged | sort) <(cut -d' ' -f1 <<<"$output" | sort))" ""
}

@test "four writers and 1,000 edits, all killed again and again: the registry is always whole, and no acknowledged edit is lost" {
	local n pid killed
	mkdir "$scratch/many"
	for n in 1 2 3 4; do
		: >"$scratch/acknowledged.$n"
		for ((i = 0; i < 250; i++)); do
			: >"$scratch/many/w$n-$i-qemu.rc"
		done
	done
	export -f writer
	export scratch bin
	for ((killed = 0; killed < 25; killed++)); do
		local group=()
		for n in 1 2 3 4; do
			background setsid bash -c "writer $n"
			group+=("$pid")
		done
		wait_until 60 at_least $((killed * 20))
		for pid in "${group[@]}"; do
			kill -KILL -- "-$pid" || true # it may have come to its end
		done
		wait "${group[@]}" 2>/dev/null || true
		nothing_lost
	done
	for n in 1 2 3 4; do
		background bash -c "writer $n"
	done
	wait_until 120 at_least 1000
	nothing_lost
	same "$(wc -l <"$QEMU_INIT_ETC/registered")" 1000
	same "$(ls -A "$QEMU_INIT_ETC" | xargs)" ".lock default.rc monitor.conf registered"
}
