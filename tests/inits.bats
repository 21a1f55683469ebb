# SPDX-License-Identifier: 0BSD
# conf/init with the real init programs, each pid 1 of a namespace: boot, shutdown, supervision.
load helper
load vms

# glue INIT: conf/init/INIT as `make install` puts it, in $etc, which its init will see as /etc
glue() {
	etc=$scratch/etc.$1
	cp -a /etc "$etc"
	make -s -C "$top" install-init INIT="$1" DESTDIR="$scratch/glue" PREFIX="$scratch" >/dev/null
	cp -a "$scratch/glue/etc/." "$etc/"
}

# boot COMMAND...: as pid 1 there; its pid here is $init, that of the namespace's parent $pid
boot() {
	# shellcheck disable=SC2016 # the inner shell's
	background unshare -m -p -f --kill-child --propagation private sh -c \
		'mount -t proc proc /proc && mount -t tmpfs tmpfs /run && mount --bind "$0" /etc && exec "$@"' "$etc" "$@" >"$scratch/console" 2>&1 </dev/null
	wait_until 5 pgrep -P "$pid"
	init=$(pgrep -P "$pid")
}

# down: it has shut down, and the guests have powered off by themselves
down() {
	local name
	wait_until 60 gone "$pid" || cat "$scratch/console"
	for name; do
		now_is "$name" stopped
		grep -q "how='guest-shutdown'" "$QEMU_INIT_RUN/$name/exit"
	done
}

has_keeper() {
	state_of "$1"
	[[ $VM_STATE == running && -n $VM_KEEPER ]]
}

# supervised NAME: a keeper that is killed has a successor, and the guest does not notice
supervised() {
	local qemu
	wait_until 20 has_keeper "$1"
	says "$1" R
	qemu=$VM_PID
	kill_keeper "$1"
	wait_until 20 has_keeper "$1"
	same "$VM_PID" "$qemu"
}

two_vms() {
	button_vm web
	button_vm db
	echo db >"$QEMU_INIT_ETC/autostart"
}

@test "busybox init: boot starts, shutdown stops, respawn supervises" {
	glue busybox
	two_vms
	sed 's/^#\(::respawn:\)/\1/' "$etc/inittab.qemud" >"$etc/inittab"
	boot busybox init
	wait_until 20 is db running
	says db R
	supervised web
	kill -USR2 "$init"
	down web db
}

@test "runit: boot starts, shutdown stops, runsv supervises" {
	[[ $(command -v runsvdir) ]] || skip "no runit here"
	glue runit
	two_vms
	rm -rf "$etc/service" "$etc/runit"
	mkdir "$etc/service" "$etc/runit"
	cp -r "$etc/sv/qemud" "$etc/service/"
	cp -r "$etc/sv/qemu-init-NAME" "$etc/service/qemu-init-web"
	printf '#!/bin/sh\n%s\n' "touch /etc/runit/stopit /run/runit.stopit; chmod 0 /etc/runit/stopit /run/runit.stopit" >"$etc/runit/1"
	printf '#!/bin/sh\n%s\n' "exec runsvdir -P /etc/service" >"$etc/runit/2"
	printf '#!/bin/sh\n%s\n' "sv -w 60 force-stop /etc/service/*; sv exit /etc/service/*" >"$etc/runit/3"
	chmod 755 "$etc"/runit/*
	boot "$(command -v runit || echo /usr/sbin/runit)"
	wait_until 20 is db running
	says db R
	supervised web
	nsenter -t "$init" -m -r chmod 100 /etc/runit/stopit /run/runit.stopit # Debian's is the latter
	kill -CONT "$init"
	down web db
}

@test "s6: supervises, hears when the guest is ready, stops it" {
	[[ $(command -v s6-svscan) ]] || skip "no s6 here"
	glue s6
	button_vm web
	mkdir -p "$scratch/scan/.s6-svscan"
	cp -r "$etc/s6-rc/source/qemu-init-NAME" "$scratch/scan/qemu-init-web"
	printf '#!/bin/sh\nexit 0\n' >"$scratch/scan/.s6-svscan/finish"
	chmod 755 "$scratch/scan/.s6-svscan/finish"
	boot s6-svscan "$scratch/scan"
	wait_until 20 test -p "$scratch/scan/qemu-init-web/supervise/control"
	s6-svwait -U -t 20000 "$scratch/scan/qemu-init-web"
	now_is web running
	supervised web
	s6-svwait -U -t 20000 "$scratch/scan/qemu-init-web"
	kill -TERM "$init"
	down web
}

@test "s6-rc: the lines of the oneshot run" {
	[[ $(command -v execlineb) ]] || skip "no execline here"
	glue s6
	vm bad PRECMD=false
	no_guest web
	printf '%s\n' bad web >"$QEMU_INIT_ETC/autostart"
	execlineb -P "$etc/s6-rc/source/qemud/up"
	now_is web running
	execlineb -P "$etc/s6-rc/source/qemud/down" &
	pids+=($!)
	wait_until 5 is web stopping
	qi 0 qemu-init kill web
}

@test "the sysv script starts, tells, stops; its codes are the LSB's" {
	glue sysv
	two_vms
	"$etc/init.d/qemud" start
	"$etc/init.d/qemud" start
	"$etc/init.d/qemud" status
	says db R
	"$etc/init.d/qemud" stop
	now_is db stopped
	run "$etc/init.d/qemud" status
	same "$status" 3
	run "$etc/init.d/qemud" nonsense
	same "$status" 2
	grep -q '^### BEGIN INIT INFO$' "$etc/init.d/qemud"
	grep -q '^# Default-Stop: *0 1 6$' "$etc/init.d/qemud"
}

@test "the OpenRC script is up although one VM fails, so that the others are stopped" {
	glue openrc
	vm bad PRECMD=false
	button_vm web
	printf '%s\n' bad web >"$QEMU_INIT_ETC/autostart"
	# shellcheck disable=SC2016 # the inner shell's
	rc='ebegin() { :; }; ewarn() { echo "warning: $*"; }; eend() { return $1; }; . "$0"; "$@"'
	run sh -c "$rc" "$etc/init.d/qemud" start
	same "$status" 0
	like "$output" "*warning: not all of them run*"
	says web R
	run sh -c "$rc" "$etc/init.d/qemud" status
	same "$status" 3
	sh -c "$rc" "$etc/init.d/qemud" stop
	now_is web stopped
}

@test "systemd finds nothing wrong in the units" {
	[[ $(command -v systemd-analyze) ]] || skip "no systemd here"
	glue systemd
	cp "$etc/systemd/system/qemu-init@.service" "$scratch/qemu-init@web.service"
	cp "$etc/systemd/system/qemud.service" "$scratch/"
	run systemd-analyze verify --man=no "$scratch/qemud.service" "$scratch/qemu-init@web.service"
	same "$(grep -F "$scratch" <<<"$output")" ""
	same "$status" 0
}
