#!/usr/bin/env bats
# SPDX-License-Identifier: 0BSD
# QEMU is given everything and trusted with nothing: its uid, its descriptors, its disks, its listeners.
load helper
load vms

setup() {
	begin
	requires qemu-img socat ss
}

teardown() {
	cd "$top"
	finish
}

# secret_vm NAME [KEY=VALUE...]: a Linux guest all of whose files are root's alone, with a raw and a qcow2 disk
secret_vm() {
	local dir=$QEMU_INIT_DAT/$1
	vm "$1" KERNEL=vmlinuz INITRD=initrd RAM=256M "APPEND=console=ttyS0 quiet nokaslr" DISK1=raw.img DISK2=q.qcow2 "${@:2}"
	cp "$top/build/guest/vmlinuz" "$top/build/guest/initrd" "$dir"
	truncate -s 1M "$dir/raw.img"
	qemu-img create -q -f qcow2 "$dir/q.qcow2" 2M
	chmod 600 "$dir"/*
	chmod 700 "$dir"
}

# field NAME PID: of /proc/PID/status, blanks as one space
field() {
	sed -n "s/^$1:[[:space:]]*//p" "/proc/$2/status" | tr '\t' ' ' | sed 's/ *$//'
}

modes() {
	find "$QEMU_INIT_DAT" -printf '%P %U:%G %m\n' | sort
}

# files_of PID: what it has open: `r` or `w` and the name, but for sockets and what lives in the kernel
files_of() {
	local fd name flags
	for fd in "/proc/$1/fd"/*; do
		name=$(readlink "$fd") || continue
		flags=$(sed -n 's/^flags:[[:space:]]*//p' "/proc/$1/fdinfo/${fd##*/}")
		case $name in
		socket:* | anon_inode:*) continue ;;
		esac
		if ((8#$flags & 3)); then echo "w $name"; else echo "r $name"; fi
	done | sort -u
}

@test "two VMs of root with secret files: each QEMU is a stranger with nothing but what it was given" {
	local before name uids=()
	secret_vm a
	secret_vm b
	before=$(modes)
	qi 0 qemu-init start a b
	for name in a b; do
		says $name "guest: disk vda 1048576" 60
		says $name "guest: disk vdb 2097152"
		says $name "guest: ready"
		state_of $name
		like "$(field Uid "$VM_PID")" "$VM_UID $VM_UID $VM_UID $VM_UID"
		same "$(field Gid "$VM_PID")" "$VM_UID $VM_UID $VM_UID $VM_UID"
		((VM_UID > 0)) || fail "uid 0"
		same "$(field Groups "$VM_PID")" ""
		same "$(grep -E '^Cap(Inh|Prm|Eff|Amb):' "/proc/$VM_PID/status" | cut -f 2 | sort -u)" 0000000000000000
		same "$(field Seccomp "$VM_PID")/$(field NoNewPrivs "$VM_PID")" 2/1
		same "$(awk '/^Max core file size/ { print $5 }' "/proc/$VM_PID/limits")" 1
		same "$(files_of "$VM_PID" | grep -v ' /memfd:')" "r /dev/null
r $QEMU_INIT_RUN/$name/lock
w $QEMU_INIT_DAT/$name/q.qcow2
w $QEMU_INIT_DAT/$name/raw.img
w $QEMU_INIT_RUN/$name/private/output"
		! tr '\0' ' ' <"/proc/$VM_PID/cmdline" | grep -F "$scratch" || fail "a path of ours in QEMU's words"
		same "$(files_of "$VM_KEEPER" | grep -E '/(dat|etc)/' || true)" "" # a copy would hold the images' locks beyond QEMU's life
		uids+=("$VM_UID")
	done
	[[ ${uids[0]} != "${uids[1]}" ]] || fail "both have uid ${uids[0]}"
	same "$(modes)" "$before"
	qi 0 qemu-init stop a b
	same "$(modes)" "$before"
}

@test "the kernel's copy for a foreign uid cannot be written" {
	secret_vm a
	qi 0 qemu-init start a
	state_of a
	local n
	for n in $(tr '\0' '\n' <"/proc/$VM_PID/cmdline" | sed -n 's,^/proc/self/fd/,,p'); do
		like "$(readlink "/proc/$VM_PID/fd/$n")" "/memfd:boot*"
		! (echo x >"/proc/$VM_PID/fd/$n") 2>/dev/null || fail "written"
	done
	[[ -n $n ]] || fail "no kernel by descriptor"
}

# refused WORDS: the start of VM web, with the rc-file's line of DISK1; nothing is left
refused() {
	qi 1 qemu-init start web
	like "$stderr" "qemu-init: web: $(rc_of web):3: DISK1: *$1*"
	only_records web
}

@test "a backing file that only the header names and that is not ours to give is refused" {
	vm web MACHINE=pc DISK1=top.qcow2
	cd "$QEMU_INIT_DAT/web"
	qemu-img create -q -f qcow2 "$scratch/outside.qcow2" 1M
	qemu-img create -q -f qcow2 -b "$scratch/outside.qcow2" -F qcow2 top.qcow2
	refused outside.qcow2
	qemu-img create -q -f qcow2 -b ../../outside.qcow2 -F qcow2 top.qcow2
	refused outside.qcow2
	ln -s "$scratch/outside.qcow2" link.qcow2
	qemu-img create -q -f qcow2 -b link.qcow2 -F qcow2 top.qcow2
	refused link.qcow2
	qemu-img create -q -f qcow2 -u -b top.qcow2 -F qcow2 new.qcow2 1M
	mv new.qcow2 top.qcow2
	refused top.qcow2
	qemu-img create -q -f qcow2 -u -b 'json:{"driver":"null-co"}' -F raw top.qcow2 1M
	refused json:
	qemu-img create -q -f qcow2 -u -b web-qemu.rc -F raw top.qcow2 1M
	refused web-qemu.rc
	mkfifo pipe
	qemu-img create -q -f qcow2 -u -b pipe -F raw top.qcow2 1M
	refused pipe
}

@test "another VM's disk is refused as a backing file" {
	vm web MACHINE=pc DISK1=top.qcow2
	vm db MACHINE=pc "DISK1=$QEMU_INIT_DAT/web/shared.qcow2"
	cd "$QEMU_INIT_DAT/web"
	qemu-img create -q -f qcow2 shared.qcow2 1M
	qemu-img create -q -f qcow2 -b shared.qcow2 -F qcow2 top.qcow2
	refused shared.qcow2
}

@test "a backing file in the VM's folder, or one that the rc-file names, is given for reading only" {
	vm web MACHINE=pc "DISK1=top.qcow2,backing=$scratch/base.qcow2"
	cd "$QEMU_INIT_DAT/web"
	qemu-img create -q -f qcow2 "$scratch/base.qcow2" 1M
	qemu-img create -q -f qcow2 -b "$scratch/base.qcow2" -F qcow2 middle.qcow2
	qemu-img create -q -f qcow2 -b middle.qcow2 -F qcow2 top.qcow2
	qi 0 qemu-init start web
	state_of web
	same "$(files_of "$VM_PID" | grep qcow2)" "r $scratch/base.qcow2
r $PWD/middle.qcow2
w $PWD/top.qcow2"
}

# a guest with one disk of known bytes; scribble NAME: it writes to it and powers off
scribbler() {
	linux_vm "$1" DISK1="disk.img$2"
	yes 0123456789abcde | head -c 1M >"$QEMU_INIT_DAT/$1/disk.img"
	sum=$(md5sum <"$QEMU_INIT_DAT/$1/disk.img")
}

scribble() {
	says "$1" "guest: ready" 60
	# shellcheck disable=SC2016 # the guest's
	tell "$1" 'echo scribbled >/dev/vda && sync && head -c 9 /dev/vda'
	says "$1" scribbled
	says "$1" "guest: status 0"
	qi 0 qemu-init stop "$1"
}

@test "a snapshot disk and -x leave the image's bytes unchanged; without them they change" {
	scribbler web ,snapshot
	qi 0 qemu-init start web
	state_of web
	same "$(files_of "$VM_PID" | grep disk.img)" "r $QEMU_INIT_DAT/web/disk.img"
	scribble web
	same "$(md5sum <"$QEMU_INIT_DAT/web/disk.img")" "$sum"
	sed -i s/,snapshot// "$(rc_of web)"
	qi 0 qemu-init start -x web
	scribble web
	same "$(md5sum <"$QEMU_INIT_DAT/web/disk.img")" "$sum"
	qi 0 qemu-init start web
	scribble web
	like "$(head -c 9 "$QEMU_INIT_DAT/web/disk.img")" scribbled
}

@test "the same without a /var/tmp" {
	scribbler web ,snapshot
	unset TMPDIR
	readonly_tmp() {
		# shellcheck disable=SC2016 # the inner shell's
		unshare -m sh -c 'mount -t tmpfs -o ro tmpfs /var/tmp && exec "$@"' sh "$@"
	}
	as=readonly_tmp
	qi 0 qemu-init start web
	as=
	scribble web
	same "$(md5sum <"$QEMU_INIT_DAT/web/disk.img")" "$sum"
	same "$(ls "$QEMU_INIT_DAT/web")" $'disk.img\nweb-qemu.rc'
}

@test "VNC answers on vnc.sock, and no QEMU listens on TCP" {
	vm web MACHINE=pc DISPLAY=vnc
	qi 0 qemu-init start web
	state_of web
	same "$VM_VNC" "$QEMU_INIT_RUN/web/vnc.sock"
	vnc() {
		socat -t 2 - "UNIX-CONNECT:$VM_VNC" </dev/null | head -c 11
	}
	same "$(vnc)" "RFB 003.008"
	same "$(ss -Hltnp | grep -F "pid=$VM_PID,")" ""
	ss -Hltnp | grep -qF "pid=$VM_KEEPER," || fail "the keeper should listen"
	kill_keeper web
	qi 0 qemu-init start web
	same "$(vnc)" "RFB 003.008"
}

@test "RUNAS names the uid, root with a warning, somebody unknown is refused" {
	no_guest web
	qi 0 qemu-init start web RUNAS=4711:4712
	state_of web
	same "$(field Uid "$VM_PID")/$(field Gid "$VM_PID")/$(field Groups "$VM_PID")" "4711 4711 4711 4711/4712 4712 4712 4712/"
	qi 0 qemu-init stop -f web
	qi 0 qemu-init start web RUNAS=nobody
	state_of web
	same "$VM_UID" "$(id -u nobody)"
	qi 0 qemu-init stop -f web
	qi 0 qemu-init start web RUNAS=root
	like "$stderr" "qemu-init: web: *RUNAS*root*"
	state_of web
	same "$(field Uid "$VM_PID")" "0 0 0 0"
	qi 0 qemu-init stop -f web
	qi 6 qemu-init start web RUNAS=who-is-this
	like "$stderr" "qemu-init: web: *RUNAS*who-is-this*no such user*"
}

@test "SANDBOX=no is obeyed with a warning" {
	no_guest web SANDBOX=no
	qi 0 qemu-init start web
	like "$stderr" "qemu-init: web: $(rc_of web):4: SANDBOX: *"
	state_of web
	same "$(field Seccomp "$VM_PID")/$(field NoNewPrivs "$VM_PID")" 0/1
}

@test "an ordinary user's QEMU runs as that user; another RUNAS is 4" {
	be_nobody
	chmod 755 "$scratch"
	button_vm web
	chown -R 65534:65534 "$scratch/nobody"
	qi 0 qemu-init start web
	says web R
	state_of() {
		eval "$(as_nobody "$bin/qinit" qemu-init status -s "$1" || true)"
	}
	state_of web
	same "$(field Uid "$VM_PID")" "65534 65534 65534 65534"
	same "$(field Seccomp "$VM_PID")/$(field NoNewPrivs "$VM_PID")" 2/1
	same "$(stat -c %a "$QEMU_INIT_RUN/web")" 700
	qi 0 qemu-cmd -p "$VM_MONPORT" info name
	qi 0 qemu-init stop -v web
	same "$stderr" "qemu-init: web: powered off by the guest"
	qi 4 qemu-init start web RUNAS=root
}
