#!/usr/bin/env bats
# SPDX-License-Identifier: 0BSD
# What a QEMU may touch of the host: asked of a real one through its own monitor, so that it tries what a taken-over one would.
load helper
load vms

setup() {
	begin
	requires strace socat
	open=$(mktemp -d /var/tmp/qi.XXXXXX) # not in /tmp, which is covered
}

teardown() {
	rm -rf "$open"
	finish
}

# Each is something that QEMU is told to do to the host: its QMP command, and the arguments.
attempts() {
	printf '%s\t%s\n' \
		blockdev-add '{"driver": "file", "node-name": "a", "filename": "/etc/passwd", "read-only": true}' \
		blockdev-add '{"driver": "file", "node-name": "b", "filename": "'"$open"'/image"}' \
		chardev-add '{"id": "c", "backend": {"type": "file", "data": {"out": "'"$open"'/new"}}}' \
		chardev-add '{"id": "d", "backend": {"type": "socket", "data": {"server": true, "wait": false, "addr": {"type": "unix", "data": {"path": "'"$open"'/sock"}}}}}' \
		chardev-add '{"id": "e", "backend": {"type": "socket", "data": {"server": true, "wait": false, "addr": {"type": "inet", "data": {"host": "127.0.0.1", "port": "'$((port + 903))'"}}}}}' \
		chardev-add '{"id": "f", "backend": {"type": "socket", "data": {"server": false, "addr": {"type": "inet", "data": {"host": "127.0.0.1", "port": "'$((port + 904))'"}}}}}' \
		pmemsave '{"val": 0, "size": 16, "filename": "'"$open"'/memory"}'
}

# tries NAME CODE: each attempt ends so; refused (1) for no other reason than the right
tries() {
	local command arguments
	while IFS=$'\t' read -r command arguments; do
		qi "$2" qemu-cmd -q "$1" "$command" "$arguments"
		(($2 == 0)) || like "$stderr" "*[Pp]ermission denied*"
	done < <(attempts)
}

# what the attempts could reach if nothing but the files' modes stood before it
open_folder() {
	chmod 777 "$open"
	truncate -s 1M "$open/image"
	chmod 666 "$open/image"
	background socat "TCP-LISTEN:$((port + 904)),bind=127.0.0.1,reuseaddr,fork" "SYSTEM:cat"
	wait_until 5 nc -z 127.0.0.1 $((port + 904))
}

no_trace() {
	same "$(ls "$open")" image
}

@test "a QEMU that is root itself opens, makes and reaches nothing; with SANDBOX=no it does" {
	open_folder
	no_guest web RUNAS=root
	qi 0 qemu-init start web
	tries web 1
	no_trace
	qi 0 qemu-init stop -f web
	qi 0 qemu-init start web SANDBOX=no
	state_of web
	same "$VM_CAGE" off
	tries web 0
}

@test "the same for QEMU under its own uid" {
	open_folder
	no_guest web
	qi 0 qemu-init start web
	tries web 1
	no_trace
}

@test "the same for an ordinary user's QEMU" {
	open_folder
	be_nobody
	no_guest web
	qi 0 qemu-init start web
	tries web 1
	no_trace
	qi 0 qemu-init status -s web
	like "$output" "*VM_CAGE='landlock-[1-9]' *"
	qi 0 qemu-init kill web
}

@test "status tells the cage, in each form, also after an adoption" {
	no_guest web
	qi 0 qemu-init start web
	for _ in 1 2; do
		state_of web
		like "$VM_CAGE" "landlock-[1-9]*+namespaces"
		qi 0 qemu-init status -v web
		like "${lines[0]}" "* CAGE *"
		like "${lines[1]}" "* $VM_CAGE *"
		qi 0 qemu-init status -j web
		like "$output" "*\"cage\": \"$VM_CAGE\", *"
		kill_keeper web
		qi 0 qemu-init start web
	done
	qi 0 qemu-init kill web
	state_of web
	same "$VM_CAGE" ""
}

again() {
	state_of web
	[[ $VM_STATE == running && $VM_RESTARTS == 1 ]]
}

@test "a QEMU that its keeper starts again is caged as the first one was" {
	no_guest web RESTART=always
	qi 0 qemu-init start web
	kill_qemu web
	wait_until 10 again
	like "$VM_CAGE" "landlock-[1-9]*+namespaces"
	its_own web net || fail "the host's network"
}

# its_own NAME NAMESPACE
its_own() {
	state_of "$1"
	[[ $(readlink "/proc/$VM_PID/ns/$2") != "$(readlink "/proc/$$/ns/$2")" ]]
}

@test "root's QEMU is in namespaces of its own, /run and /tmp are empty; with user networking it has the host's" {
	local space
	no_guest web
	no_guest net
	qi 0 qemu-init start web net MACHINE=pc NIC1=user
	for space in net mnt ipc; do
		its_own web $space || fail "$space"
	done
	same "$(ls -A "/proc/$VM_PID/root/tmp" "/proc/$VM_PID/root/run")" "/proc/$VM_PID/root/run:

/proc/$VM_PID/root/tmp:"
	! grep -q "[:.]" <(tail -n +3 "/proc/$VM_PID/net/dev" | grep -v '^ *lo:') || fail "a network"
	its_own net mnt || fail "mnt"
	! its_own net net || fail "its own network"
	mountpoint -q /tmp && [[ $(findmnt -no OPTIONS /tmp) == ro,* ]] && fail "the host's /tmp is covered"
	qi 0 qemu-cmd web info name
}

@test "a kernel and an initrd that only their owner may read boot a guest, without a copy" {
	local own=$QEMU_INIT_DAT/web
	vm web KERNEL=vmlinuz INITRD=initrd RAM=256M "APPEND=console=ttyS0 quiet nokaslr" RUNAS=root
	cp "$top/build/guest/vmlinuz" "$top/build/guest/initrd" "$own"
	chmod 600 "$own"/*
	chmod 700 "$own"
	qi 0 qemu-init start web
	says web "guest: ready" 60
	state_of web
	same "$(find "/proc/$VM_PID/fd" -lname '/memfd:boot*')" ""
	[[ -n $(find "/proc/$VM_PID/fd" -lname "$own/vmlinuz") ]] || fail "no kernel"
	qi 0 qemu-init stop web
	be_nobody
	cp -r "$own" "$QEMU_INIT_DAT/web"
	sed -i /RUNAS/d "$(rc_of web)"
	echo "web $QEMU_INIT_DAT/web" >"$QEMU_INIT_ETC/registered"
	chown -R 65534:65534 "$scratch/nobody"
	qi 0 qemu-init start web
	says web "guest: ready" 60
	qi 0 qemu-init stop web
}

@test "user networking: a port of the host leads to the guest, and the guest out" {
	local at=$((port + 901))
	background socat "TCP-LISTEN:$((at + 1)),bind=127.0.0.1,reuseaddr,fork" "SYSTEM:echo from outside"
	linux_vm web NIC1=user,hostfwd=tcp::$at-:22
	qi 0 qemu-init start web
	says web "guest: ready" 60
	tell web 'while :; do echo hello | nc -l -p 22; done &'
	qi 0 qemu-init wait -t 30 web port:$at=hello
	tell web "nc 10.0.2.2 $((at + 1)) </dev/null"
	says web "from outside"
}

@test "ALLOWn opens a folder, with ro for reading alone; what is not there is 6 with its line" {
	local dir=$scratch/allowed # beneath /tmp, which is then not covered
	mkdir -m 777 "$dir"
	truncate -s 1M "$dir/image"
	chmod 666 "$dir/image"
	no_guest web "ALLOW1=$dir"
	qi 0 qemu-init start web
	local image='{"driver": "file", "node-name": "x", "filename": "'$dir'/image"'
	qi 0 qemu-cmd -q web blockdev-add "$image}"
	qi 0 qemu-cmd -q web pmemsave '{"val": 0, "size": 16, "filename": "'"$dir"'/memory"}'
	[[ -e $dir/memory ]]
	qi 0 qemu-init stop -f web
	qi 0 qemu-init start web "ALLOW1=$dir,ro"
	qi 1 qemu-cmd -q web blockdev-add "$image}"
	like "$stderr" "*Permission denied*"
	qi 0 qemu-cmd -q web blockdev-add "$image, \"read-only\": true}"
	qi 0 qemu-init kill web
	no_guest db "ALLOW7=/none/such" ALLOW8=also-none,ro
	for verb in start showcmd; do
		qi 6 qemu-init $verb db
		same "$stderr" "qemu-init: db: $(rc_of db):4: ALLOW7: /none/such: no such file or directory (put it there, or name another)
qemu-init: db: $(rc_of db):5: ALLOW8: $QEMU_INIT_DAT/db/also-none: no such file or directory (put it there, or name another)"
	done
	[[ ! -e $QEMU_INIT_RUN/db ]]
	sed -i '/ALLOW7/s/=.*/=,ro/' "$(rc_of db)"
	qi 6 qemu-init start db
	like "$stderr" "qemu-init: db: $(rc_of db):4: ALLOW7: no file before the options"
}

@test "what ARGn and the cfg-file name is opened, but not the run place or a folder of the system" {
	open_folder
	mkdir -m 777 "$scratch/socks"
	no_guest web "ARG1=-drive if=none,id=x,format=raw,file=$open/image"
	echo "-chardev socket,id=y,path=$scratch/socks/y,server=on,wait=off" >"$QEMU_INIT_DAT/web/web-qemu.cfg"
	qi 0 qemu-init start web
	same "$stderr" ""
	[[ -S $scratch/socks/y ]]
	qi 1 qemu-cmd -q web blockdev-add '{"driver": "file", "node-name": "a", "filename": "/etc/passwd", "read-only": true}'
	qi 0 qemu-init stop -f web
	qi 1 qemu-init start web "ARG2=-chardev socket,id=z,path=$QEMU_INIT_RUN/z,server=on,wait=off" "ARG3=-L /etc"
	like "$stderr" "*qemu-init: web: setting ARG2=*: $QEMU_INIT_RUN is not opened to QEMU for a word of its command line (ALLOWn=$QEMU_INIT_RUN does it)*"
	like "$stderr" "*qemu-init: web: setting ARG3=-L /etc: /etc is not opened to QEMU *"
	like "$stderr" "*Permission denied*"
}

# without CALL:ERROR...: from now on qi's programs find that these calls fail; whoever watches ends with the VM
without() {
	injected=()
	local one
	for one; do
		injected+=(-e "inject=${one%:*}:error=${one#*:}")
	done
	as=under_strace
}

under_strace() {
	timeout -k 1 300 strace -DDD -f -qq --seccomp-bpf -o /dev/null -e trace=landlock_create_ruleset,unshare "${injected[@]}" "$@"
}

@test "a kernel without Landlock, or one that refuses namespaces: the VM runs, and status says so" {
	no_guest web
	without landlock_create_ruleset:ENOSYS
	qi 0 qemu-init start web
	as=
	state_of web
	same "$VM_CAGE" none+namespaces
	qi 0 qemu-init kill web
	without landlock_create_ruleset:EOPNOTSUPP unshare:EPERM
	qi 0 qemu-init start web
	as=
	state_of web
	same "$VM_CAGE" none
	qi 0 qemu-init kill web
	without unshare:EPERM
	qi 0 qemu-init start web
	as=
	state_of web
	like "$VM_CAGE" 'landlock-[1-9]'
}

@test "showcmd -v lists all that QEMU may touch, and what allowed it" {
	local here=$QEMU_INIT_DAT/web
	vm web MACHINE=none KERNEL=k "ALLOW2=$scratch/a b,ro" NIC1=user "ARG1=-drive file=$scratch/arg.img,if=none"
	mkdir "$scratch/a b"
	touch "$here/k" "$scratch/arg.img"
	qi 0 qemu-init showcmd -v web
	like "${lines[0]}" "*/qemu-system-* -kernel $here/k *"
	same "$(grep -vE '^/(usr|lib|opt|nix|gnu|lib64)[^ ]* (rx (libraries|QEMU.s own program)|r (firmware|libraries))$|^/etc/ld[^ ]* r libraries$|^/[^ ]* r time zone$' <<<"$output" | tail -n +2)" \
		"/dev/null rw device
/dev/zero rw device
/dev/random rw device
/dev/urandom rw device
$here/k r $(rc_of web):3: KERNEL
$(readlink -f /etc/resolv.conf) r $(rc_of web):5: NIC1
$scratch/arg.img rw $(rc_of web):6: ARG1
'$scratch/a b' r $(rc_of web):4: ALLOW2
network rw $(rc_of web):5: NIC1"
	like "$output" "*
/*/qemu-system-* rx QEMU's own program
*"
	qi 0 qemu-init showcmd web
	same "${#lines[@]}" 1
	qi 0 qemu-init showcmd -v web SANDBOX=no
	like "${lines[1]}" "/ rw setting SANDBOX=no"
}

# wrapper NAME REAL: NAME is a script that executes this copy of QEMU
wrapper() {
	local real
	real=$(PATH=$scratch/usr/bin:$PATH command -v "$1")
	mkdir -p "$scratch/usr/bin" "$(dirname "$2")"
	ln -sfn /usr/share /usr/lib "$scratch/usr"
	cp "$(readlink -f "$real")" "$2"
	printf '#! /bin/sh\nexec %s "$@"\n' "$2" >"$scratch/usr/bin/$1"
	chmod 755 "$scratch" "$scratch"/usr{,/bin} "$scratch/usr/bin/$1" "$(dirname "$2")"
}

@test "a QEMU that is a script around one in libexec starts in the cage; around one elsewhere it is refused, with a remedy, by check, too" {
	wrapper qemu-system-x86_64 "$scratch/usr/libexec/qemu-system-x86_64"
	PATH=$scratch/usr/bin:$PATH
	no_guest web TGTARCH=qemu-system-x86_64
	qi 0 qemu-adm check web
	qi 0 qemu-init start web
	state_of web
	like "$(readlink "/proc/$VM_PID/exe")" "*$scratch/usr/libexec/qemu-system-x86_64" # in a chroot the whole path
	[[ $VM_CAGE == none* ]] || like "$VM_CAGE" 'landlock-*'
	qi 0 qemu-init kill web
	qi 0 qemu-init showcmd web
	like "$output" "$scratch/usr/libexec/qemu-system-x86_64 *"
	mv "$scratch/usr/libexec" "$scratch/usr/elsewhere"
	sed -i s/libexec/elsewhere/ "$scratch/usr/bin/qemu-system-x86_64"
	[[ $VM_CAGE != none* ]] || return 0 # a kernel without Landlock
	qi 1 qemu-init start web
	like "$stderr" "*qemu-init: web: $scratch/usr/bin/qemu-system-x86_64: a script, which may start programs of /bin and /usr/bin alone: *SANDBOX=no*"
	qi 1 qemu-adm check web
	like "$output" "*web: fails: QEMU is a script, which may start programs of /bin and /usr/bin alone: *SANDBOX=no: *ermission denied*"
	qi 0 qemu-init start web SANDBOX=no
	qi 0 qemu-init kill web
}

@test "Debian's qemu-system-i386, a script, starts in the cage" {
	[[ $(head -c 2 "$(command -v qemu-system-i386)") == '#!' ]] || skip "qemu-system-i386 is not here, or no script"
	no_guest web TGTARCH=qemu-system-i386
	qi 0 qemu-adm check web
	qi 0 qemu-init start web
	state_of web
	like "$(readlink "/proc/$VM_PID/exe")" '*/libexec/qemu-system-i386'
	[[ $VM_CAGE == none* ]] || like "$VM_CAGE" 'landlock-*'
}

old_kernel() {
	timeout -k 1 300 "$bin/kernel" "$@"
}

@test "on a kernel without Landlock and without sock_diag all works: the owner gets in by TCP, nobody else" {
	local got
	cp "$top"/build/main/tests/fake/kernel "$top"/build/main/tests/attack/call "$bin"
	button_vm web
	as=old_kernel
	qi 0 qemu-init start web
	state_of web
	same "$VM_CAGE" none+namespaces
	says web R
	qi 0 qemu-cmd -p "$VM_MONPORT" info name
	same "$output" web
	got=$(setpriv --reuid=64002 --regid=64002 --clear-groups --inh-caps=-all "$bin/call" "$VM_MONPORT" $'quit\n')
	like "$got" "qinit: denied: this VM belongs to another user*"
	same "$(old_kernel "$bin/call" -o "$VM_CTLPORT" | grep -ao QEMU | head -n 1)" QEMU
	qi 0 qemu-init restart web
	says web R
	qi 0 qemu-init stop -v web
	same "$stderr" "qemu-init: web: powered off by the guest"
}
