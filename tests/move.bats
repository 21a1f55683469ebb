#!/usr/bin/env bats
# SPDX-License-Identifier: 0BSD
# qemu-adm: VMs that are copied, come in and go out.
load helper
load vms

# refused CODE WORDS APPLET-ARGS...: says just that line, makes and changes no file
refused() {
	local before
	before=$(find "$scratch" ! -name .lock ! -path "$QEMU_INIT_RUN/*" -printf '%p %m %s\n' | sort)
	qi "$1" qemu-adm "${@:3}"
	like "$stderr" "qemu-adm: $2"
	same "${#stderr_lines[@]}/$output" 1/
	same "$(find "$scratch" ! -name .lock ! -path "$QEMU_INIT_RUN/*" -printf '%p %m %s\n' | sort)" "$before"
}

# disk_vm NAME [KEY=VALUE...]: with a sparse disk of 64 MB, data at its beginning and end
disk_vm() {
	vm "$1" MACHINE=none SERIAL=no "${@:2}"
	truncate -s 64M "$QEMU_INIT_DAT/$1/a.img"
	printf 'first' | dd of="$QEMU_INIT_DAT/$1/a.img" conv=notrunc status=none
	printf 'last' | dd of="$QEMU_INIT_DAT/$1/a.img" bs=1 seek=$((64 << 20 - 4)) conv=notrunc status=none
}

@test "clone copies folder, rc-file, cfg-file and disks, sparsely; comments and order stay, and what only one can have goes" {
	local new=$QEMU_INIT_DAT/new
	button_vm web "# the disk" "DISK2=sub/b,,c.img # mine" MONPORT=$((port + 10)) \
		NIC1=user,hostfwd=tcp::$((port + 20))-:22,model=e1000,mac=52:54:00:12:34:57 DISPLAY=vnc:$((port + 30)) RAM=16M
	mkdir "$QEMU_INIT_DAT/web/sub"
	truncate -s 64M "$QEMU_INIT_DAT/web/sub/b,c.img"
	printf 'last' | dd of="$QEMU_INIT_DAT/web/sub/b,c.img" bs=1 seek=40000000 conv=notrunc status=none
	echo "-rtc base=utc # mine" >"$QEMU_INIT_DAT/web/web-qemu.cfg"
	qi 0 qemu-adm clone web new
	same "$stderr" "qemu-adm: new: MONPORT: $((port + 10)) stays with web alone
qemu-adm: new: DISPLAY: vnc:$((port + 30)) stays with web alone
qemu-adm: new: NIC1: hostfwd=tcp::$((port + 20))-:22,mac=52:54:00:12:34:57 stays with web alone"
	same "$output" "made $new/new-qemu.rc"$'\n'"next: qemu-init start new"
	same "$(cat "$new/new-qemu.rc")" "# made by a test
MACHINE=pc
DISK1=boot.img,if=ide
# the disk
DISK2=sub/b,,c.img # mine
MONPORT=
NIC1=user,model=e1000
DISPLAY=vnc
RAM=16M
NAME=new"
	cmp "$QEMU_INIT_DAT/web/sub/b,c.img" "$new/sub/b,c.img"
	cmp "$QEMU_INIT_DAT/web/boot.img" "$new/boot.img"
	cmp "$QEMU_INIT_DAT/web/web-qemu.cfg" "$new/new-qemu.cfg"
	(($(stat -c %b "$new/sub/b,c.img") < 1000)) || fail "not sparse"
	same "$(tail -n 1 "$QEMU_INIT_ETC/registered")" "new $new"
	qi 0 qemu-init start web new # at once: nothing of the one is the other's
	now_is new running
	refused 1 "new: it runs; *" clone new other
	qi 0 qemu-init stop web new
	qi 0 qemu-adm delete -f web
	qi 0 qemu-init start new
	says new R
	qi 0 qemu-init stop new
}

@test "clone tells a terminal how far it is, each file on a line that ends" {
	vm web DISK1=a.img DISK2=b.img
	truncate -s 8M "$QEMU_INIT_DAT/web/a.img"
	printf 'data' | dd of="$QEMU_INIT_DAT/web/a.img" conv=notrunc status=none
	: >"$QEMU_INIT_DAT/web/b.img"
	timeout -k 1 20 script -qec "'$bin/qinit' qemu-adm clone web new" /dev/null </dev/null >"$scratch/screen"
	tr -d '\r' <"$scratch/screen" >"$scratch/lines"
	grep -q "a.img: 100%$" "$scratch/lines"
	grep -q "^made $QEMU_INIT_DAT/new/new-qemu.rc$" "$scratch/lines"
}

@test "clone --linked: an image on each disk, which nobody writes from then on, and which delete keeps" {
	local base=$QEMU_INIT_DAT/web/boot.img new=$QEMU_INIT_DAT/new sum
	button_vm web DISK2=data.qcow2 CDROM=cd.iso
	qemu-img create -q -f qcow2 "$QEMU_INIT_DAT/web/data.qcow2" 1M
	: >"$QEMU_INIT_DAT/web/cd.iso"
	sum=$(md5sum "$base")
	qi 0 qemu-adm clone --linked web new
	like "$stderr" "*$base: nobody may write it from now on, web neither (its start wants -x)"$'\n'"*"
	same "$(stat -c %a "$base")" 444
	same "$(grep -E '^(DISK|CDROM)' "$new/new-qemu.rc")" "DISK1=disk1.qcow2,if=ide,backing=$base
DISK2=disk2.qcow2,backing=$QEMU_INIT_DAT/web/data.qcow2
CDROM=$QEMU_INIT_DAT/web/cd.iso"
	qemu-img check -q "$new/disk1.qcow2"
	qi 0 qemu-adm clone --linked new third
	qi 0 qemu-init start third
	says third R
	qi 1 qemu-init start web
	like "$stderr" "*DISK1: $base: its mode lets nobody write it*"
	qi 0 qemu-init start -x web
	says web R
	qi 0 qemu-init stop web third
	qi 1 qemu-adm delete -f web
	like "$stderr" "*needs it, too"
	qi 1 qemu-adm delete -f new
	qi 0 qemu-adm delete -f third
	qi 0 qemu-adm delete -f new
	same "$(md5sum "$base")" "$sum"
	chmod u+w "$base" "$QEMU_INIT_DAT/web/data.qcow2"
	qi 0 qemu-init start web
	qi 0 qemu-init kill web
}

@test "delete of a clone takes the folders that it leaves empty, and its own alone" {
	local new=$QEMU_INIT_DAT/new
	vm web DISK1=sub/deep/a.img DISK2=two/b.img
	mkdir -p "$QEMU_INIT_DAT/web"/{sub/deep,two}
	truncate -s 1M "$QEMU_INIT_DAT/web"/{sub/deep/a.img,two/b.img}
	qi 0 qemu-adm clone web new
	qi 0 qemu-adm delete -f new
	same "$stderr" ""
	[[ ! -e $new && -e $QEMU_INIT_DAT/web/sub/deep/a.img ]]
	qi 0 qemu-adm clone web new
	: >"$new/sub/mine"
	qi 0 qemu-adm delete -f new
	same "$(cd "$new" && find . | sort | xargs)" ". ./sub ./sub/mine"
}

@test "clone of a chain: what its headers name relatively is copied, the rest is shared" {
	local web=$QEMU_INIT_DAT/web new=$QEMU_INIT_DAT/new
	vm web DISK1=top.qcow2 DISK2=other.qcow2,backing="$scratch/far.img"
	truncate -s 1M "$web/base.img" "$scratch/far.img"
	(cd "$web" && qemu-img create -q -f qcow2 -b base.img -F raw top.qcow2)
	qemu-img create -q -f qcow2 -b "$scratch/far.img" -F raw "$web/other.qcow2"
	qi 0 qemu-adm clone web new
	same "$(grep DISK "$new/new-qemu.rc")" "$(grep DISK "$web/web-qemu.rc")"
	same "$(cd "$new" && echo *)" "base.img new-qemu.rc other.qcow2 top.qcow2"
	qi 0 qemu-init showcmd new
	same "$stderr" ""
	like "$output" "*$new/base.img*$scratch/far.img*"
}

@test "clone refuses, and leaves nothing behind" {
	disk_vm web DISK1=a.img DISK2="$scratch/outside.img"
	truncate -s 1M "$scratch/outside.img"
	refused 1 "*:5: DISK2: $scratch/outside.img: outside the VM's folder, *" clone web new
	refused 1 "web: registered already, *" clone web web
	refused 6 "../x: not a VM's name" clone web ../x
	refused 6 "none: no such VM*" clone none new
	refused 2 "clone: *" clone web
	sed -i /DISK2/d "$(rc_of web)"
	mkdir "$scratch/full"
	: >"$scratch/full/a.img"
	refused 1 "new: $scratch/full/a.img: is there already (remove it, or another -d)" clone web new -d "$scratch/full"
	echo "DISK3=none.img" >>"$(rc_of web)"
	refused 1 "*DISK3: $QEMU_INIT_DAT/web/none.img: no such file*" clone web new
	sed -i /DISK3/d "$(rc_of web)"
	mkdir -p "$scratch/linked"
	: >"$scratch/linked/disk1.qcow2"
	qi 1 qemu-adm clone --linked web new -d "$scratch/linked"
	like "$stderr" "*$scratch/linked/disk1.qcow2: is there already *"
	same "$(cd "$scratch/linked" && echo *)/$(stat -c %a "$QEMU_INIT_DAT/web/a.img")" disk1.qcow2/644
	mv "$QEMU_INIT_ETC/registered" "$scratch/kept" # so that the line cannot be written when all is made
	(cd "$QEMU_INIT_ETC" && ln -s "$scratch/kept" registered && mkdir "$scratch/.kept.new")
	qi 1 qemu-adm clone --linked web new -d "$scratch/other"
	like "$stderr" "*write kept: *"
	same "$(echo "$scratch"/other*)/$(stat -c %a "$QEMU_INIT_DAT/web/a.img")" "$scratch/other*/644"
	: >"$scratch/linked/new-qemu.cfg"
	refused 1 "new: $scratch/linked/new-qemu.cfg: is there already (*" clone web new -d "$scratch/linked"
}

@test "clone copies, and builds on, no disk that another VM writes; one that is only read does" {
	vm web DISK1=a.img
	truncate -s 1M "$QEMU_INIT_DAT/web/a.img"
	vm db MACHINE=pc SERIAL=no DISK1="$QEMU_INIT_DAT/web/a.img"
	qi 0 qemu-init start db
	refused 1 "new: $(rc_of web):2: DISK1: $QEMU_INIT_DAT/web/a.img: used by db, which runs" clone web new
	refused 1 "new: $(rc_of web):2: DISK1: $QEMU_INIT_DAT/web/a.img: used by db, which runs" clone --linked web new
	qi 0 qemu-init kill db
	sed -i 's/a.img/a.img,ro/' "$(rc_of db)"
	qi 0 qemu-init start db
	qi 0 qemu-adm clone web new
	qi 0 qemu-adm clone --linked web third
	qi 0 qemu-init kill db
}

waits_for_registry() {
	[[ -n $(find "/proc/$1/fd" -lname "$QEMU_INIT_ETC/.lock" 2>/dev/null) ]]
}

@test "of two that clone to one name at the same time one is refused, and takes nothing of the other's along" {
	local name lock codes=() code
	vm web MACHINE=none "# of web"
	vm db MACHINE=none "# of db"
	exec {lock}>"$QEMU_INIT_ETC/.lock"
	flock "$lock"
	for name in web db; do
		background "$bin/qinit" qemu-adm clone $name new {lock}>&-
		wait_until 5 waits_for_registry "$pid"
	done
	exec {lock}>&-
	for pid in "${pids[@]}"; do
		code=0
		wait "$pid" || code=$?
		codes+=("$code")
	done
	same "$(printf '%s\n' "${codes[@]}" | sort | xargs)" "0 1"
	name=web
	((codes[0] == 0)) || name=db
	grep -x "# of $name" "$QEMU_INIT_DAT/new/new-qemu.rc"
	same "$(grep -c "^new " "$QEMU_INIT_ETC/registered")" 1
}

@test "a clone that finds no room leaves nothing" {
	mkdir "$scratch/small"
	mount -t tmpfs -o size=8M none "$scratch/small" || skip "no right to mount"
	disk_vm web DISK1=a.img
	dd if=/dev/urandom of="$QEMU_INIT_DAT/web/a.img" bs=1M count=32 conv=notrunc status=none
	qi 1 qemu-adm clone web new -d "$scratch/small/new"
	like "$stderr" "qemu-adm: new: $scratch/small/new/a.img: no space left on device"
	same "$(ls "$scratch/small")" ""
	umount "$scratch/small"
	same "$(cat "$QEMU_INIT_ETC/registered")" "web $QEMU_INIT_DAT/web"
}

# same_argv NAME [KEY=VALUE]: what is exported and imported again gives the same command line, but for the place of its sockets
same_argv() {
	qi 0 qemu-adm export "$1"
	echo "$output" >"$scratch/$1.sh"
	"$bin/qemu-init" showcmd -0 "$1" | tr '\0' '\n' >"$scratch/$1.argv"
	rm -rf "$QEMU_INIT_DAT/again"
	sed -i '/^again /d' "$QEMU_INIT_ETC/registered"
	qi 0 qemu-adm import "$scratch/$1.sh" again "${@:2}"
	qi 0 qemu-adm unregister "$1" # one address of a card, one VM
	# a tap on a bridge is called after its VM
	"$bin/qemu-init" showcmd -0 again | tr '\0' '\n' | sed "s|/run/again/|/run/$1/|; s|^again\$|$1|; s|=again-|=$1-|" |
		diff "$scratch/$1.argv" -
	"$bin/qemu-adm" export again | sed "s/-name again/-name $1/" | diff "$scratch/$1.sh" -
}

@test "export then import gives the same argv: a rich VM" {
	local web=$QEMU_INIT_DAT/web
	vm web TGTARCH=qemu-system-x86_64 MACHINE=pc,usb=off CPU=qemu64,+x2apic SMP=cpus=2,cores=2 RAM=512 BOOT=order=dc,menu=on \
		KERNEL="my kernel" INITRD="it's" 'APPEND="console=ttyS0 a=\"b c\" # $x"' DISK1=a,,b.img DISK2=c.qcow2,if=ide DISK3=d.img,if=scsi,ro \
		DISK5=e.img,snapshot DISK7=f.img,if=scsi CDROM="a b, c.iso" NIC2=user,hostfwd=tcp::$((port + 1))-:22,mac=52:54:00:12:34:56,model=e1000 \
		NIC4=user DISPLAY=vnc VGA=virtio 'ARG1=-device virtio-rng-pci,id=r' 'ARG2=-fw_cfg name=opt/a,string="x y"' ARG3=-usb
	touch "$web"/{a,b.img,d.img,e.img,f.img,"a b, c.iso"}
	echo x | tee "$web/my kernel" >"$web/it's"
	truncate -s 1M "$web"/{"a,b.img",d.img,e.img,f.img,base.img}
	(cd "$web" && qemu-img create -q -f qcow2 -b base.img -F raw c.qcow2)
	echo "-rtc base=utc # a comment" >"$web/web-qemu.cfg"
	same_argv web
	qi 0 qemu-adm check again
	qi 0 qemu-adm get again DISK1 NIC2 APPEND
	same "$output" "$web/a,,b.img
user,hostfwd=tcp:127.0.0.1:$((port + 1))-:22,mac=52:54:00:12:34:56,model=e1000
console=ttyS0 a=\"b c\" # \$x"
}

@test "export then import gives the same argv: each golden rc-file" {
	local rc name dir word words n=0
	local -x PATH=$scratch/path:$PATH
	mkdir "$scratch/path"
	rm "$QEMU_INIT_ETC/default.rc" # theirs are without
	for word in $(sed -n 's/^TGTARCH=//p' "$top"/tests/golden/*.rc); do
		command -v "$word" >/dev/null || install -m 755 /bin/true "$scratch/path/$word"
	done
	for rc in "$top"/tests/golden/*.rc; do
		name=$(basename "$rc" .rc) dir=$QEMU_INIT_DAT/$name
		vm "$name"
		sed '/^#:/d; /^NAME=/d; /-no-shutdown/d' "$rc" >"$dir/$name-qemu.rc" # that is left out, and said so
		while read -r _ word words; do
			case $word in
			raw) truncate -s 1M "$dir/$words" ;;
			qcow2)
				# shellcheck disable=SC2086 # NAME [BACKING FORMAT]
				set -- $words
				# shellcheck disable=SC2016
				(cd "$dir" && qemu-img create -q -u -f qcow2 ${2:+-b "$2" -F "$3"} "$1" 1M)
				;;
			cfg) echo "$words" >>"$dir/$name-qemu.cfg" ;;
			esac
		done < <(grep '^#:' "$rc")
		"$bin/qemu-init" showcmd "$name" >/dev/null 2>&1 || continue # a refusal is what that one shows
		echo "# $name"
		# shellcheck disable=SC2046 # the TCP channels are not QEMU's
		same_argv "$name" $(grep '^MONITOR=' "$rc")
		n=$((n + 1))
	done
	((n >= 25)) || fail "only $n"
}

@test "import of the ancestor's files runs the guest, and tells each change" {
	local old=$scratch/old
	mkdir "$old"
	"$top/tests/guest/button" >"$old/boot.img"
	cat >"$old/web-qemud.rc" <<-'END'
		# section 1
		NAME=web
		DESC='my "web" # server'	# a comment
		TGTARCH=qemu-system-x86_64
		KVM=false
		STOPDELAY=20
		PRECMD=echo $HOME
		RAM=16MB
		AUTOSTART=ON
		KEYBOARD=de
	END
	printf '%s\n' "-drive file=boot.img,format=raw" "-rtc base=utc" >"$old/web-qemu.cfg"
	qi 0 qemu-adm import "$old/web-qemud.rc"
	same "$stderr" "qemu-adm: web: STOPDELAY=20: below 40 it did not count, now it does
qemu-adm: web: RAM=16MB: now 16M
qemu-adm: web: $old/web-qemud.rc:9: AUTOSTART: kept as a comment: \`qemu-adm autostart on NAME\`
qemu-adm: web: $old/web-qemud.rc:10: KEYBOARD: no such key, kept as a comment
qemu-adm: web: no network card is named: NIC1=bridge:br0 or NIC1=user adds one"
	same "$(cat "$(rc_of web)")" "NAME=web
# section 1
DESC=\"my \\\"web\\\" # server\"
TGTARCH=qemu-system-x86_64
KVM=false
STOPDELAY=20
PRECMD=echo \$HOME
RAM=16M
# AUTOSTART=ON
# KEYBOARD=de
DISK1=$old/boot.img,if=ide"
	same "$(cat "$QEMU_INIT_DAT/web/web-qemu.cfg")" "-rtc base=utc"
	qi 0 qemu-init start web
	says web R
	qi 0 qemu-init stop web
}

@test "import of a command line as people write it runs the guest" {
	"$top/tests/guest/button" >"$scratch/boot.img"
	qemu-img convert -f raw -O qcow2 "$scratch/boot.img" "$scratch/disk"
	cat >"$scratch/run.sh" <<-'END'
		#!/bin/sh
		# my guest
		qemu-system-x86_64 -m 16 \
			-drive file=disk,cache=none -monitor stdio -daemonize -vnc :3 -smp 2 -M pc -machine accel=tcg \
			-nic user,model=virtio -rtc base=utc
	END
	cd "$scratch"
	qi 0 qemu-adm import run.sh web DESC=mine
	cd "$top"
	same "$stderr" "qemu-adm: web: DISK1: cache=none is not kept
qemu-adm: web: -monitor stdio: left out: qemu-mon leads to the monitor
qemu-adm: web: -daemonize: left out: \`qemu-init start\` returns when the guest runs
qemu-adm: web: -vnc :3: DISPLAY=vnc:5903, on this host alone, and on vnc.sock
qemu-adm: web: CPU=qemu64: QEMU's own, as none is named (CPU= is ours, the best there is)"
	same "$(cat "$(rc_of web)" "$QEMU_INIT_DAT/web/web-qemu.cfg")" "NAME=web
TGTARCH=qemu-system-x86_64
MACHINE=pc
RAM=16
DISK1=$scratch/disk,if=ide,format=qcow2
DISPLAY=vnc:5903
SMP=2
NIC1=user
CPU=qemu64
ACCEL=tcg
SERIAL=yes
VGA=std
DESC=mine
-rtc base=utc"
	qi 0 qemu-init start web
	says web R
	qi 0 qemu-init stop web
}

@test "import: the files of what has no key are found, too, and QEMU's own stay its own" {
	"$top/tests/guest/button" >"$scratch/boot.img"
	mkdir "$scratch/a, b"
	qemu-img convert -f raw -O vmdk "$scratch/boot.img" "$scratch/a, b/disk.vmdk"
	cp "$scratch/boot.img" "$scratch/a, b/rom.bin"
	cd "$scratch/a, b"
	qi 0 qemu-adm import - web <<-END
		qemu-system-x86_64 -M pc -m 16 -drive file=disk.vmdk,format=vmdk -bios bios-256k.bin -device loader,file=rom.bin,addr=0x500000 \
			-fw_cfg opt/a,file=rom.bin
	END
	cd "$top"
	same "$(cat "$QEMU_INIT_DAT/web/web-qemu.cfg")" "-drive 'file=$scratch/a,, b/disk.vmdk,format=vmdk'
-bios bios-256k.bin
-device 'loader,file=$scratch/a,, b/rom.bin,addr=0x500000'
-fw_cfg 'opt/a,file=$scratch/a,, b/rom.bin'"
	qi 0 qemu-adm set web SANDBOX=no # the files of raw options are QEMU's own affair, its uid's, too
	chmod 666 "$scratch/a, b/disk.vmdk"
	qi 0 qemu-init start web
	says web R
	qi 0 qemu-init stop web
}

@test "import of what virsh domxml-to-native prints, from stdin" {
	run --separate-stderr "$bin/qinit" qemu-adm import - <"$top/tests/corpus/import/libvirt"
	same "$status" 0
	qi 0 qemu-adm get lv
	same "$output" "NAME=lv
TGTARCH=qemu-system-x86_64
ACCEL=kvm
MACHINE=pc-i440fx-7.2,usb=off,dump-guest-core=off,memory-backend=pc.ram
CPU=host,migratable=on
SMP=2,sockets=2,cores=1,threads=1
RAM=512
BOOT=strict=on
DISK1=/srv/a,,b.qcow2
NIC1=user,mac=52:54:00:fd:a1:01
SERIAL=yes
DISPLAY=none
VGA=none"
	qi 0 qemu-adm set lv ACCEL=tcg CPU=max DISK1=
	sed -i /dev-disk1/d "$QEMU_INIT_DAT/lv/lv-qemu.cfg"
	qi 0 qemu-init start lv # the rest is good for QEMU
	qi 0 qemu-init kill lv
}

@test "import says that it has made the cfg-file when it has" {
	mkdir -p "$QEMU_INIT_DAT/x/.x-qemu.cfg.new" # where it would be written
	echo "qemu-system-x86_64 -name x -rtc base=utc,driftfix=slew" >"$scratch/line"
	qi 1 qemu-adm import "$scratch/line"
	like "$stderr" "*write x-qemu.cfg: file exists"
	same "$output" ""
	rmdir "$QEMU_INIT_DAT/x/.x-qemu.cfg.new"
	qi 0 qemu-adm import "$scratch/line"
	same "${lines[0]}" "made $QEMU_INIT_DAT/x/x-qemu.cfg, for what has no key"
}

@test "import of a guest without a network, or with one that is shut in, adds no card" {
	local options
	echo NIC1=user >>"$QEMU_INIT_ETC/default.rc"
	while read -r options; do
		qi 0 qemu-adm import - web -d "$scratch/web" <<<"qemu-system-x86_64 -M pc -m 16 -display none $options"
		[[ $stderr != *NIC* ]] || fail "$stderr"
		"$bin/qemu-init" showcmd -0 web | tr '\0' '\n' >"$scratch/argv"
		# shellcheck disable=SC2086 # words
		diff <(printf '%s\n' ${options/-nic none/} | sed '/^$/d') <(sed -n '/^-net$\|^-netdev$\|^-nic$/,$p' "$scratch/argv" | sed '/^$/d')
		qi 0 qemu-adm delete -f web
	done <<-END
		-net none
		-nic none
		-nic socket,listen=127.0.0.1:$((port + 10))
		-nic user,restrict=on
		-net nic -net user
		-netdev user,restrict=on,id=n -device e1000,netdev=n
		-netdev socket,listen=127.0.0.1:$((port + 10)),id=n -device e1000,netdev=n
	END
	qi 0 qemu-adm import - web <<<"qemu-system-x86_64 -M pc -m 16 -display none -net none"
	qi 0 qemu-init start web
	qi 0 qemu-cmd web info network
	same "$output" ""
	qi 0 qemu-init kill web
}

@test "import tells what stands before the command, and of a QEMU that PATH does not find" {
	mkdir "$scratch/qemu"
	install -m 755 /bin/true "$scratch/qemu/qemu-system-x86_64"
	printf '%s\n' "#!/bin/sh" "set -e" "ulimit -l unlimited" \
		"A=1 nice -n 5 '$scratch/qemu/qemu-system-x86_64' -cpu max -m 16 -accel kvm -accel tcg -nic none" >"$scratch/run.sh"
	qi 0 qemu-adm import "$scratch/run.sh" web
	same "$stderr" "qemu-adm: web: set -e: left out: it stands before the command
qemu-adm: web: ulimit -l unlimited: left out: it stands before the command
qemu-adm: web: A=1 nice -n 5: left out: it stands before the command
qemu-adm: web: $scratch/qemu/qemu-system-x86_64: PATH has another, which is run: $(command -v qemu-system-x86_64)"
	sed -i "s|'.*x86_64'|$(command -v qemu-system-x86_64)|" "$scratch/run.sh"
	qi 0 qemu-adm import "$scratch/run.sh" two
	[[ $stderr != *PATH* ]] || fail "$stderr"
}

@test "export tells that MONITOR is not in its line" {
	no_guest web STOPDELAY=5
	qi 0 qemu-adm export web
	same "$stderr" ""
	no_guest db MONITOR=no
	qi 0 qemu-adm export db
	same "$stderr" "qemu-adm: db: MONITOR: not in this line, as QEMU has no such option"
}

@test "import by root tells what another's words may do from now on" {
	local old=$scratch/old
	mkdir "$old"
	: >"$scratch/secret"
	printf '%s\n' NIC1=none "PRECMD=echo a" RAM=16M "DISK2=$scratch/secret,ro" "POSTCMD=echo b" >"$old/web-qemu.rc"
	echo "-rtc base=utc" >"$old/web-qemu.cfg"
	qi 0 qemu-adm import "$old" one
	same "$stderr" ""
	chown 1234:1234 "$old/web-qemu.rc"
	qi 0 qemu-adm import "$old" two "POSTCMD=echo mine"
	same "$stderr" "qemu-adm: two: PRECMD was uid 1234's and is run as root now
qemu-adm: two: DISK2 was uid 1234's and is used as root now
qemu-adm: two: what has no key was uid 1234's and is root's now"
	echo "kvm -M pc -cpu max -m 16 -accel kvm -accel tcg -hda $scratch/secret -nic none -usb" >"$old/run.sh"
	chown 1235 "$old/run.sh"
	qi 0 qemu-adm import "$old/run.sh" three
	same "$stderr" "qemu-adm: three: DISK1 was uid 1235's and is used as root now
qemu-adm: three: what has no key was uid 1235's and is root's now"
	chown 0 "$old/web-qemu.rc"
	chown 1236 "$old/web-qemu.cfg"
	qi 0 qemu-adm import "$old" four PRECMD= POSTCMD=
	like "$stderr" "*what has no key was uid 1236's and is root's now"
	mkdir "$old/etc" "$old/one"
	chown 1234 "$old/etc" "$old/one"
	QEMU_INIT_ETC=$old/etc as="setpriv --reuid=1234 --regid=1234 --clear-groups" qi 0 qemu-adm import "$old" one -d "$old/one"
	same "$stderr" ""
}

@test "import refuses what it cannot know, and leaves nothing behind" {
	local line
	cd "$scratch"
	while IFS='|' read -r line words; do
		printf '%b\n' "$line" >"$scratch/run.sh"
		refused 6 "$words" import run.sh web
	done <<-'END'
		|run.sh: neither an rc-file, by its name, nor a command line with qemu-system-\*
		kvm -m $RAM|run.sh:1: $: a line for a shell, *
		kvm -m 1 \\\\\n -hda "`x`"|run.sh:2: `: a line for a shell, *
		kvm -m 1 >log|run.sh:1: >: a line for a shell, *
		kvm -m 1\nkvm -m 2|run.sh: more than one command
		kvm -m 1\necho done|run.sh: more than one command
		kvm -hda 'a|*run.sh:1: the closing quote is missing
		kvm -accel xen|run.sh: accelerator xen: want kvm or tcg
		cd /tmp\nkvm -hda a|run.sh:1: cd: go there yourself, and leave this out
		kvm -append x|APPEND: wants a KERNEL
		kvm -m|run.sh: -m wants a value
	END
	refused 6 "setting RAMM: unknown key, nearest is RAM" import - web RAMM=1G <<<"kvm"
	refused 2 "-: it says no name (-name): want one behind the file" import - <<<"kvm"
	mkdir x
	echo 'RAM=$MINE' >x/a-qemu.rc
	refused 6 "$scratch/x/a-qemu.rc:1: RAM: \$MINE: nothing here executes a file*" import x
	echo 'fi' >x/a-qemu.rc
	refused 6 "$scratch/x/a-qemu.rc:1: no \`=\`, want KEY=VALUE" import x/a-qemu.rc
	printf '%s\n' NAME=a "APPEND='x y'" >x/a-qemu.rc
	refused 6 "APPEND: wants a KERNEL" import x b
	refused 1 "none: no such file*" import none
}

@test "export --systemd is a unit that runs this VM" {
	vm web STOPDELAY=100
	qi 0 qemu-adm export --systemd web
	like "$output" "*ExecStart=$bin/qinit qemu-init run web"$'\n'"*TimeoutStartSec=70"$'\n'"TimeoutStopSec=130"$'\n'*
	# what the template unit says of every VM, it says, too
	diff <(grep -E '^(Type|KillMode|Restart.*|WantedBy)=' "$top/conf/init/systemd/etc/systemd/system/qemu-init@.service") \
		<(grep -E '^(Type|KillMode|Restart.*|WantedBy)=' <<<"$output")
	! command -v systemd-analyze >/dev/null || { echo "$output" >"$scratch/web.service" && systemd-analyze verify --man=no "$scratch/web.service"; }
}

runs() {
	# shellcheck disable=SC2086 # empty, or a function's name
	$as "$bin/qinit" qemu-init status "$1" 2>/dev/null | grep -q running
}

# unit_runs NAME: the unit that $output is starts it, in an environment with no more than it says
unit_runs() {
	local words
	mapfile -t words < <(sed -n 's/^Environment="\(.*\)"$/\1/p' <<<"$output")
	# shellcheck disable=SC2046,SC2086 # words
	background $as env -i PATH="$PATH" "${words[@]}" $(sed -n 's/^ExecStart=//p' <<<"$output")
	wait_until 20 runs "$1"
	qi 0 qemu-init stop -f "$1"
	ended "$pid" 0
}

@test "export --systemd is a unit that runs, however the program was installed" {
	no_guest web
	qi 0 qemu-adm export --systemd web
	same "$(grep ^ExecStart= <<<"$output")" "ExecStart=$bin/qinit qemu-init run web"
	unit_runs web
	mkdir "$scratch/own bin" "$scratch/links"
	"$bin/qinit" --install "$scratch/links" # hard ones
	run -0 "$scratch/links/qemu-adm" export --systemd web
	same "$(grep ^ExecStart= <<<"$output")" "ExecStart=$scratch/links/qemu-init run web"
	unit_runs web
	mv "$scratch/links/qemu-init" "$scratch/links/x"
	run -1 "$scratch/links/qemu-adm" export --systemd web
	same "$output" "qemu-adm: $scratch/links/qemu-init: no such file or directory"
	cp "$bin/qinit" "$scratch/own bin/qinit-2"
	run -0 "$scratch/own bin/qinit-2" qemu-adm export --systemd web
	same "$(grep ^ExecStart= <<<"$output")" "ExecStart='$scratch/own bin/qinit-2' qemu-init run web"
}

@test "export --systemd of an ordinary user's VM is a unit of his own manager" {
	be_nobody
	no_guest web
	qi 0 qemu-adm export --systemd web
	like "$output" "# ~/.config/systemd/user/qemu-init-web.service; it is not to be in autostart, too (loginctl enable-linger: *"
	like "$output" "*Environment=\"QEMU_INIT_ETC=$QEMU_INIT_ETC\""$'\n'"*WantedBy=default.target"
	[[ $output != *After=* ]]
	! command -v systemd-analyze >/dev/null ||
		{ echo "$output" >"$scratch/web.service" && systemd-analyze verify --man=no "$scratch/web.service"; }
	unit_runs web
}
