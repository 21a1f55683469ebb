# SPDX-License-Identifier: 0BSD
# conf/init with the real init programs, each pid 1 of a namespace: boot, shutdown, supervision.
load helper
load vms

BATS_TEST_TIMEOUT=180

# glue INIT: conf/init/INIT as `make install` puts it, in $etc, which its init will see as /etc. What tests/guest/inits
# has unpacked of INIT is laid over /usr.
glue() {
	etc=$scratch/etc.$1 over=
	cp -a /etc "$etc"
	rm -rf "$etc"/{init.d,inittab,rc?.d,runit,runlevels,service,systemd}
	if [[ -d $top/build/inits/$1 ]]; then
		over=$top/build/inits/$1/usr
		cp -a "$top/build/inits/$1/etc/." "$etc/"
	fi
	make -s -C "$top" install-init INIT="$1" DESTDIR="$scratch/glue" PREFIX="$scratch" >/dev/null
	cp -a "$scratch/glue/etc/." "$etc/"
}

# needs_unpacked INIT
needs_unpacked() {
	[[ -d $top/build/inits/$1 ]] || skip "Debian's packages of $1 are not here"
	unshare -m mount -t overlay -o "ro,lowerdir=$top/build/inits/$1/usr:/usr" overlay /usr 2>/dev/null || skip "nothing can be laid over /usr here"
}

# boot COMMAND...: as pid 1 there; its pid here is $init, that of the namespace's parent $pid
boot() {
	# shellcheck disable=SC2016 # the inner shell's
	over=$over cgroup=${cgroup-} console=$scratch/console background ${cgroup:+in_cgroup} unshare -m -u -p -f --kill-child --propagation private sh -c '
		set -e
		[ -z "$cgroup" ] || mount -t cgroup2 cgroup2 /sys/fs/cgroup
		mount -t proc proc /proc
		mount -t tmpfs tmpfs /run
		mount -t tmpfs tmpfs /var/log
		mount --bind "$0" /etc
		[ ! -e /dev/console ] || mount --bind "$console" /dev/console
		[ -z "$over" ] || mount -t overlay -o "ro,lowerdir=$over:/usr" overlay /usr
		exec "$@"' "$etc" "$@" >"$scratch/console" 2>&1 </dev/null
	wait_until 5 first_there
}

first_there() {
	init=$(pgrep -P "$pid") && grep -q '^NSpid:.*	1$' "/proc/$init/status"
}

# inside COMMAND...: in the place of that init
inside() {
	nsenter -t "$init" -m -u -p -r -w "$@"
}

# login NAME: starts it from a session on a terminal of its own, and logs out
login() {
	inside script -qc "$bin/qemu-init start $1; kill -HUP 0" /dev/null
	says "$1" R
	has_keeper "$1"
}

# down: it has shut down, and the guests have powered off by themselves
down() {
	local name
	wait_until 60 gone "$pid"
	cat "$scratch/console"
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

# db is in autostart, web supervised, hand started from a login session
three_vms() {
	button_vm web
	button_vm db
	button_vm hand
	echo db >"$QEMU_INIT_ETC/autostart"
}

@test "busybox init: boot starts, shutdown stops, respawn supervises" {
	glue busybox
	three_vms
	sed 's/^#\(::respawn:\)/\1/' "$etc/inittab.qemud" >"$etc/inittab"
	boot busybox init
	wait_until 20 is db running
	says db R
	supervised web
	login hand
	kill -USR2 "$init"
	down web db hand
}

@test "runit: boot starts, shutdown stops, runsv supervises" {
	[[ $(command -v runsvdir) ]] || skip "no runit here"
	glue runit
	three_vms
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
	login hand
	inside chmod 100 /etc/runit/stopit /run/runit.stopit # Debian's is the latter
	kill -CONT "$init"
	down web db hand
}

@test "s6: supervises, hears when the guest is ready, stops it" {
	[[ $(command -v s6-svscan) ]] || skip "no s6 here"
	glue s6
	button_vm web
	button_vm hand
	mkdir -p "$scratch/scan/.s6-svscan"
	cp -r "$etc/s6-rc/source/qemu-init-NAME" "$scratch/scan/qemu-init-web"
	printf '#!/bin/sh\nexeclineb -P %s\n' "$etc/s6-rc/source/qemud/down" >"$scratch/scan/.s6-svscan/finish" # as s6-rc would
	chmod 755 "$scratch/scan/.s6-svscan/finish"
	boot s6-svscan "$scratch/scan"
	wait_until 20 test -p "$scratch/scan/qemu-init-web/supervise/control"
	s6-svwait -U -t 20000 "$scratch/scan/qemu-init-web"
	now_is web running
	supervised web
	s6-svwait -U -t 20000 "$scratch/scan/qemu-init-web"
	login hand
	kill -TERM "$init"
	down web hand
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

@test "sysvinit: boot starts, shutdown stops, respawn supervises" {
	needs_unpacked sysv
	glue sysv
	three_vms
	sed -n 's/^# *\(.*:respawn:\)/\1/p' "$etc/init.d/qemud" >"$etc/inittab"
	same "$(cut -d: -f2,3 "$etc/inittab")" 2345:respawn
	printf '%s\n' id:2:initdefault: si::sysinit:/lib/init/rcS l0:0:wait:"/lib/init/rc 0" off:0:wait:"/sbin/halt -d -f -p" l2:2:wait:"/lib/init/rc 2" >>"$etc/inittab"
	boot sh -c 'insserv qemud sendsigs && exec init'
	wait_until 20 is db running
	says db R
	supervised web
	login hand
	same "$(cd "$etc/rc0.d" && echo K*)" "K01qemud K02sendsigs"
	inside shutdown -h now
	down web db hand
}

@test "the codes of the sysv script are the LSB's" {
	glue sysv
	no_guest web
	echo web >"$QEMU_INIT_ETC/autostart"
	"$etc/init.d/qemud" start
	"$etc/init.d/qemud" start
	"$etc/init.d/qemud" status
	qi 0 qemu-init kill web
	"$etc/init.d/qemud" stop
	run "$etc/init.d/qemud" status
	same "$status" 3
	run "$etc/init.d/qemud" nonsense
	same "$status" 2
}

@test "OpenRC: boot starts, shutdown stops, supervise-daemon supervises" {
	needs_unpacked openrc
	glue openrc
	three_vms
	vm bad PRECMD=false
	echo bad >>"$QEMU_INIT_ETC/autostart"
	mkdir -p "$etc/runlevels/default"
	ln -s qemu-init "$etc/init.d/qemu-init.web"
	ln -s /etc/init.d/qemud /etc/init.d/qemu-init.web "$etc/runlevels/default"
	echo 'rc_env_allow="QEMU_INIT_ETC QEMU_INIT_RUN QEMU_INIT_DAT"' >>"$etc/rc.conf"
	# the order of a shutdown: no VM runs any more when the file systems go
	printf '%s\n' '#!/sbin/openrc-run' 'stop() {' "	$bin/qemu-init list -r >$scratch/late" '}' >"$etc/init.d/localmount"
	chmod 755 "$etc/init.d/localmount"
	mkdir -p "$etc/runlevels/boot"
	ln -s /etc/init.d/localmount "$etc/runlevels/boot"
	boot /sbin/openrc-init
	wait_until 20 is db running
	says db R
	supervised web
	login hand
	inside openrc-shutdown -p now
	down web db hand
	same "$(cat "$scratch/late")" ""
}

# with systemd in place: what of its units a machine without devices needs, and no generator
systemd_units() {
	local unit
	mkdir "$scratch/units" "$scratch/none" "$etc/systemd/system/multi-user.target.wants"
	for unit in {basic,final,local-fs,multi-user,network,paths,poweroff,remote-fs,shutdown,slices,sockets,swap,sysinit,timers,umount}.target \
		systemd-poweroff.service user.slice; do
		cp "$over/lib/systemd/system/$unit" "$scratch/units/"
	done
	# a session as logind makes one, by a service that lets people in
	printf '%s\n' '[Service]' Type=oneshot "ExecStart=systemd-run --scope --slice=user.slice --unit=session-%i -p SendSIGHUP=yes script -qc \"$bin/qemu-init start %i; kill -HUP 0\" /dev/null" >"$etc/systemd/system/login@.service"
	printf '%s\n' '[Manager]' DefaultStandardOutput=inherit "DefaultEnvironment=PATH=$PATH QEMU_INIT_ETC=$QEMU_INIT_ETC QEMU_INIT_RUN=$QEMU_INIT_RUN QEMU_INIT_DAT=$QEMU_INIT_DAT" >"$etc/systemd/system.conf"
	export SYSTEMD_UNIT_PATH=/etc/systemd/system:$scratch/units SYSTEMD_GENERATOR_PATH=$scratch/none \
		SYSTEMD_ENVIRONMENT_GENERATOR_PATH=$scratch/none SYSTEMD_LOG_TARGET=console container=test
}

# in_cgroup COMMAND...: this shell becomes it, in a cgroup of its own, $cgroup; it cannot see one above that
in_cgroup() {
	# shellcheck disable=SC2016 # the inner shell's
	exec unshare -m --propagation private sh -c 'set -e
		mount -t tmpfs tmpfs /sys/fs/cgroup
		mount -t cgroup2 cgroup2 /sys/fs/cgroup
		mkdir "/sys/fs/cgroup/$0"
		echo $$ >"/sys/fs/cgroup/$0/cgroup.procs"
		mount -t tmpfs tmpfs /sys/fs/cgroup
		exec unshare -C "$@"' "$cgroup" "$@"
}

rm_cgroup() {
	# shellcheck disable=SC2016 # the inner shell's
	unshare -m --propagation private sh -c 'mount -t tmpfs tmpfs /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup &&
		[ ! -d "/sys/fs/cgroup/$0" ] || find "/sys/fs/cgroup/$0" -depth -type d -exec rmdir {} +' "$1"
}

needs_cgroups() {
	cgroup=${scratch##*/}
	(in_cgroup sh -c 'mount -t cgroup2 cgroup2 /sys/fs/cgroup && mkdir /sys/fs/cgroup/x && rmdir /sys/fs/cgroup/x') 2>/dev/null ||
		skip "nobody may make a cgroup here"
	rm_cgroup "$cgroup"
}

teardown() {
	finish
	[[ -z ${cgroup-} ]] || rm_cgroup "$cgroup"
}

ctl() {
	inside systemctl "$@"
}

unit_is() {
	same "$(ctl show --value -p "$2" "$1")" "$3"
}

same_qemu() {
	state_of "$1"
	same "$VM_STATE $VM_PID" "running $2"
}

@test "systemd: boot starts, shutdown stops, the unit supervises; sessions end, and an upgrade comes, unnoticed" {
	local web db unit
	needs_unpacked systemd
	needs_cgroups
	glue systemd
	three_vms
	button_vm brief
	no_guest mute STOPDELAY=3
	systemd_units
	mkdir "$etc/systemd/system/qemu-init@mute.service.d"
	printf '%s\n' '[Service]' TimeoutStopSec=1 >"$etc/systemd/system/qemu-init@mute.service.d/impatient.conf"
	for unit in qemud.service qemu-init@web.service; do
		ln -s "../$unit" "$etc/systemd/system/multi-user.target.wants/"
	done
	boot setpriv --bounding-set -sys_module,-sys_time /lib/systemd/systemd --unit=multi-user.target
	wait_until 20 is db running
	says db R
	wait_until 20 unit_is qemu-init@web.service ActiveState active >/dev/null
	supervised web
	unit_is qemu-init@web.service NRestarts 1

	# it waits for readiness, and longer than its own patience when told to
	ctl start qemu-init@mute.service
	now_is mute running
	ctl stop qemu-init@mute.service
	now_is mute stopped
	unit_is qemu-init@mute.service Result success

	ctl start login@hand.service login@brief.service
	says hand R
	says brief R
	has_keeper hand
	grep -q '/user.slice/session-hand.scope$' "/proc/$VM_KEEPER/cgroup"
	ctl stop session-brief.scope # what logind does with KillUserProcesses=yes
	now_is brief stopped
	grep -q "how='guest-shutdown'" "$QEMU_INIT_RUN/brief/exit"

	state_of web; web=$VM_PID
	state_of db; db=$VM_PID
	make -s -C "$top" install INIT=systemd DESTDIR="$scratch/new" PREFIX="$scratch" >/dev/null
	mv "$scratch/new$bin/qinit" "$bin/qinit"
	cp -a "$scratch/new/etc/." "$etc/"
	ctl daemon-reload
	ctl daemon-reexec
	same_qemu web "$web"
	same_qemu db "$db"
	ctl stop qemu-init@web.service
	now_is web stopped
	ctl start qemu-init@web.service
	now_is web running
	says web R

	ctl --no-block poweroff
	down web db hand
}

@test "systemd: a shutdown while the start is under way ends it, and stops what runs" {
	needs_unpacked systemd
	needs_cgroups
	glue systemd
	button_vm db
	no_guest late BOOTDELAY=90
	printf '%s\n' db late >"$QEMU_INIT_ETC/autostart"
	systemd_units
	ln -s ../qemud.service "$etc/systemd/system/multi-user.target.wants/"
	boot setpriv --bounding-set -sys_module,-sys_time /lib/systemd/systemd --unit=multi-user.target
	wait_until 20 is db running
	says db R
	ctl --no-block poweroff
	down db
	now_is late stopped
}

@test "an upgrade touches no running VM, and the new executable stops it" {
	local qemu keeper old
	make -s -C "$top" install DESTDIR="$scratch/root" PREFIX=/opt >/dev/null
	bin=$scratch/root/opt/bin
	button_vm web
	qi 0 qemu-init start web
	says web R
	state_of web
	qemu=$VM_PID keeper=$VM_KEEPER old=$(readlink "/proc/$VM_KEEPER/exe")
	make -s -C "$top" install DESTDIR="$scratch/root" PREFIX=/opt >/dev/null
	same "$(readlink "/proc/$keeper/exe")" "$old (deleted)"
	state_of web
	same "$VM_STATE $VM_PID $VM_KEEPER" "running $qemu $keeper"
	qi 0 qemu-init stop web
	grep -q "how='guest-shutdown'" "$QEMU_INIT_RUN/web/exit"
}

@test "systemd finds nothing wrong in the units" {
	needs_unpacked systemd
	glue systemd
	cp "$etc/systemd/system/qemu-init@.service" "$scratch/qemu-init@web.service"
	cp "$etc/systemd/system/qemud.service" "$scratch/"
	# shellcheck disable=SC2016 # the inner shell's
	run unshare -m --propagation private sh -c 'mount -t overlay -o "ro,lowerdir=$0:/usr" overlay /usr && exec systemd-analyze "$@"' \
		"$over" verify --man=no "$scratch/qemud.service" "$scratch/qemu-init@web.service"
	same "$(grep -F "$scratch" <<<"$output")" ""
	same "$status" 0
}
