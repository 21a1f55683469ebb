#!/usr/bin/env bats
# SPDX-License-Identifier: 0BSD
# Cards on a bridge and on a tap, in a network of the test's own with a /dev/net/tun of its own.
# shellcheck disable=SC2034,SC2154
load helper
load vms

setup() {
	begin
	requires ip unshare nsenter setpriv busybox
	mkdir -p /dev/net 2>/dev/null || true
	# shellcheck disable=SC2016 # the inner shell's
	background unshare -n -m --propagation private sh -c 'mount -t tmpfs -o mode=755 none /dev/net && mknod -m 666 /dev/net/tun c 10 200 &&
		: <>/dev/net/tun && ip link set lo up && echo >"$0" && exec sleep 600' "$scratch/net"
	net=$pid as=inside
	wait_until 20 is_settled
	[[ -e $scratch/net ]] || skip "no network namespace with /dev/net/tun here (modprobe tun)"
	inside ip link add br0 type bridge
	inside ip link set br0 mtu 9000 up
}

# the namespace is made, or cannot be
is_settled() {
	[[ -e $scratch/net ]] || gone "$net"
}

inside() {
	nsenter -t "$net" -n -m -r "$@" # -r: a chroot, too
}

nobody_inside() {
	inside setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$@"
}

# pc_vm NAME [KEY=VALUE...]: firmware that finds nothing to boot, and may have a card
pc_vm() {
	vm "$1" MACHINE=pc "${@:2}"
}

# taps: the names of all taps that there are
taps() {
	inside ip -o link show type tun | cut -d: -f2 | sort | xargs
}

no_taps() {
	[[ -z $(taps) ]]
}

# refused STATUS GLOB APPLET ARGS...
refused() {
	local want=$2
	qi "$1" "${@:3}"
	like "$stderr" "$want"
}

# caps_of PID: its capabilities as the kernel prints them, permitted and effective
caps_of() {
	sed -n 's/^Cap\(Prm\|Eff\):\t//p' "/proc/$1/status" | xargs
}

# net_admin PID: 1 or 0
net_admin() {
	local permitted
	permitted=$(sed -n 's/^CapPrm:\t//p' "/proc/$1/status")
	echo $((0x$permitted >> 12 & 1))
}

@test "two Linux guests on one bridge reach each other and the host; their cards have the bridge's MTU" {
	local address n
	inside ip address add 10.9.0.254/24 dev br0
	linux_vm one NIC1=bridge:br0
	linux_vm two NIC1=none NIC2=bridge:br0,mac=52:54:00:aa:bb:cc
	qi 0 qemu-init start one two
	same "$(taps)" "one-1 two-2"
	qi 0 qemu-init showcmd one
	address=$(grep -o 'mac=[0-9a-f:]*' <<<"$output")
	says one "guest: ready" 60
	says two "guest: ready" 60
	for n in 1 2; do
		tell "$([[ $n == 1 ]] && echo one || echo two)" \
			"ip address flush dev eth0; ip address add 10.9.0.$n/24 dev eth0; echo at \$(cat /sys/class/net/eth0/mtu /sys/class/net/eth0/address)"
	done
	says one "at 9000 ${address#mac=}"
	says two "at 9000 52:54:00:aa:bb:cc"
	tell one 'ping -c 3 -s 8900 10.9.0.2 && echo one reaches two'
	says one "one reaches two"
	tell two 'ping -c 1 10.9.0.1 && ping -c 1 10.9.0.254 && echo two reaches both'
	says two "two reaches both"
	inside busybox ping -c 1 -W 5 10.9.0.2
	qi 0 qemu-init stop one two
	no_taps
}

@test "the tap is up, on the bridge, without IPv6 and not persistent; no address of it becomes the bridge's" {
	local before
	inside ip tuntap add far mode tap # another port, of which the bridge has its address
	inside ip link set far address 52:54:00:00:00:01 master br0
	before=$(inside ip -o link show br0 | grep -o 'ether [0-9a-f:]*')
	pc_vm web NIC1=bridge:br0,mac=52:00:00:00:00:01
	qi 0 qemu-init start web
	like "$(inside ip -d -o link show web-1)" "*UP*mtu 9000*master br0*fe:00:00:00:00:01*tun type tap*persist off*"
	same "$(inside ip -6 address show dev web-1)" ""
	same "$(inside ip -o link show br0 | grep -o 'ether [0-9a-f:]*')" "$before"
	qi 0 qemu-init kill web
	same "$(taps)" far
}

@test "QEMU has the tap's descriptor, but no capability, no network and no root; the keeper has neither for long" {
	pc_vm web NIC1=bridge:br0
	qi 0 qemu-init start web
	state_of web
	same "$(caps_of "$VM_PID")" "0000000000000000 0000000000000000"
	(($(stat -c %u "/proc/$VM_PID") >= 60706))
	[[ $(readlink "/proc/$VM_PID/ns/net") != "$(readlink "/proc/$net/ns/net")" ]]
	same "$(inside find "/proc/$VM_PID/fd" -lname /dev/net/tun | wc -l)" 1
	same "$(inside find "/proc/$VM_KEEPER/fd" -lname /dev/net/tun | wc -l)" 0
	same "$(net_admin "$VM_KEEPER")" 0
	qi 0 qemu-cmd web info network
	like "$output" "*nic1: index=0,type=tap,fd=*"
	qi 0 qemu-init stop -f web
}

@test "the tap is gone after stop, after kill -9 of QEMU, and after kill -9 of the keeper and a stop" {
	button_vm web NIC1=bridge:br0
	qi 0 qemu-init start web
	same "$(taps)" web-1
	says web R
	qi 0 qemu-init stop web
	no_taps
	qi 0 qemu-init start web
	kill_qemu web
	wait_until 5 no_taps
	wait_until 5 is web crashed
	qi 0 qemu-init start web
	kill_keeper web
	same "$(taps)" web-1
	qi 0 qemu-init pause web # adopts it
	same "$(taps)" web-1
	kill_keeper web
	qi 0 qemu-init stop -f web
	no_taps
}

# runs_anew NAME PID: by another QEMU
runs_anew() {
	is "$1" running && [[ $VM_PID != "$2" ]]
}

@test "a restart, by hand and by RESTART, makes the tap anew; without a card on a bridge no keeper keeps the right to" {
	local first
	pc_vm web NIC1=bridge:br0 RESTART=on-failure
	pc_vm db NIC1=user RESTART=on-failure
	qi 0 qemu-init start web db
	state_of db
	same "$(net_admin "$VM_KEEPER")" 0
	state_of web
	same "$(net_admin "$VM_KEEPER")" 1
	first=$VM_PID
	kill -KILL "$first"
	wait_until 20 runs_anew web "$first"
	same "$(taps)" web-1
	qi 0 qemu-init restart -f web
	same "$(taps)" web-1
	qi 0 qemu-init kill web db
	no_taps
}

@test "run, and four at once by qemud" {
	local name
	pc_vm web NIC1=bridge:br0
	background inside "$bin/qinit" qemu-init run web
	wait_until 20 is web running
	same "$(taps)" web-1
	qi 0 qemu-init kill web
	for name in a b c d; do
		pc_vm $name NIC1=bridge:br0 NIC2=bridge:br0
		echo $name >>"$QEMU_INIT_ETC/autostart"
	done
	qi 0 qemud start -J 4
	same "$(taps)" "a-1 a-2 b-1 b-2 c-1 c-2 d-1 d-2"
	qi 0 qemu-init kill a b c d
	no_taps
}

@test "a tap's name is the VM's, or begins so; one that is there is never taken" {
	local long=a-name-of-more-than-thirteen
	inside ip tuntap add web-1 mode tap
	inside ip link add db-1 type bridge
	pc_vm web NIC1=bridge:br0
	pc_vm db NIC1=bridge:br0
	pc_vm "$long" NIC1=bridge:br0
	qi 0 qemu-init start web db "$long"
	like "$(taps)" "a-name-* db-???????? web-1 web-????????"
	like "$(inside ip -o link show web-1)" "*<BROADCAST,MULTICAST>*state DOWN*"
	qi 0 qemu-init kill web db "$long"
	same "$(taps)" web-1
}

@test "an ordinary user's guest has the tap that root made for it, and only that" {
	inside ip tuntap add mine mode tap user 65534
	inside ip link set mine mtu 1400 master br0 up
	inside ip tuntap add roots mode tap user 0
	be_nobody
	as=nobody_inside
	pc_vm web NIC1=tap:mine
	pc_vm db NIC1=tap:mine
	pc_vm third NIC1=tap:roots
	pc_vm fourth NIC1=bridge:br0
	chown -R 65534:65534 "$scratch/nobody"
	qi 0 qemu-init showcmd web
	like "$output" "*tap,id=nic1,ifname=mine,script=no,downscript=no*host_mtu=1400*"
	qi 0 qemu-adm check web
	qi 0 qemu-init start web
	qi 0 qemu-adm check web
	like "$(inside ip -o link show mine)" "*LOWER_UP*"
	refused 1 "qemu-init: db: $(rc_of db):3: NIC1: mine: another program has it" qemu-init start db
	refused 4 "qemu-init: third: $(rc_of third):3: NIC1: roots: not this user's; root makes it anew: ip tuntap add IF mode tap user NAME" qemu-init start third
	refused 4 "qemu-init: fourth: $(rc_of fourth):3: NIC1: only root puts a card on a bridge; others take tap:IF, which root makes: ip tuntap add IF mode tap user NAME" qemu-init start fourth
	qi 1 qemu-adm check fourth
	like "$output" "fourth: fails: *: NIC1: only root puts a card on a bridge; *"
	qi 0 qemu-init kill web
	same "$(taps)" "mine roots"
}

@test "what cannot be a bridge or a tap is refused, with the line and what to do; nothing is made" {
	pc_vm web NIC1=bridge:br7
	refused 1 "qemu-init: web: $(rc_of web):3: NIC1: br7: there is no such bridge; this host has: br0" qemu-init start web
	pc_vm lo NIC1=bridge:lo
	refused 1 "qemu-init: lo: $(rc_of lo):3: NIC1: lo: is no bridge; this host has: br0" qemu-init start lo
	pc_vm none NIC1=tap:t0
	refused 1 "qemu-init: none: $(rc_of none):3: NIC1: t0: no such interface; root makes it: ip tuntap add IF mode tap user NAME" qemu-init start none
	pc_vm other NIC1=tap:br0
	refused 1 "qemu-init: other: $(rc_of other):3: NIC1: br0: is no tap; *" qemu-init start other
	inside ip tuntap add many mode tap multi_queue
	pc_vm many NIC1=tap:many
	refused 1 "qemu-init: many: $(rc_of many):3: NIC1: many: has multi_queue or is no tap; *" qemu-init start many
	pc_vm long NIC1=bridge:a-name-of-sixteen
	refused 6 "qemu-init: long: $(rc_of long):3: NIC1: bridge:a-name-of-sixteen: want bridge:BR, a name of at most 15 letters" qemu-init start long
	inside rm /dev/net/tun
	pc_vm dev NIC1=bridge:br0
	refused 1 "qemu-init: dev: $(rc_of dev):3: NIC1: /dev/net/tun (modprobe tun): no such file or directory" qemu-init start dev
	qi 1 qemu-adm check dev
	like "$output" "dev: fails: *: NIC1: /dev/net/tun (modprobe tun): no such file or directory"
	same "$(taps)" many
}

@test "an address is one card's: another VM's, or another card's of the same, is refused" {
	local mac
	pc_vm web NIC1=bridge:br0
	qi 0 qemu-init showcmd web
	mac=$(grep -o 'mac=[0-9a-f:]*' <<<"$output")
	qi 0 qemu-init showcmd web
	like "$output" "*$mac*"
	pc_vm db NIC1=bridge:br0,"$mac"
	refused 6 "qemu-init: db: $(rc_of db):3: NIC1: ${mac#mac=} is the address of NIC1 of web, too: another mac=" qemu-init start db
	pc_vm twin NIC1=bridge:br0,mac=52:54:00:00:00:01 NIC2=tap:t,mac=52:54:00:00:00:01
	refused 6 "*NIC2: 52:54:00:00:00:01 is the address of NIC1, too: another mac=" qemu-init start twin
	pc_vm own NIC1=user,mac=52:54:00:00:00:02 NIC2=bridge:br0,mac=52:54:00:00:00:02
	qi 0 qemu-init start own
	qi 0 qemu-init kill own
}

@test "a user's own file puts no guest of root's on a bridge; root's words do" {
	mkdir -m 755 "$scratch/theirs"
	printf '%s\n' NIC1=bridge:br0 MACHINE=pc >"$scratch/theirs/web-qemu.rc"
	chown -R 65534:65534 "$scratch/theirs"
	refused 6 "*web-qemu.rc:1: NIC1: bridge and tap not with an rc-file of uid 65534 (NIC1=... on the command line)" \
		qemu-init start "$scratch/theirs"
	qi 0 qemu-init start "$scratch/theirs" NIC1=bridge:br0
	same "$(taps)" web-1
	qi 0 qemu-init kill web
}

@test "create takes the host's bridge, if there is one and root asks, else user" {
	qi 0 qemu-adm create one
	same "$(grep ^NIC "$(rc_of one)")" NIC1=bridge:br0
	inside ip link add br1 type bridge
	inside ip link set br1 up
	qi 0 qemu-adm create two
	same "$(grep ^NIC "$(rc_of two)")" NIC1=user
	inside ip link del br1
	be_nobody
	as=nobody_inside
	qi 0 qemu-adm create three
	same "$(grep ^NIC "$(rc_of three)")" NIC1=user
}

@test "check: a tap that is down is a note" {
	inside ip tuntap add t0 mode tap
	pc_vm web NIC1=tap:t0
	qi 0 qemu-adm check web
	like "$output" "web: note: $(rc_of web):3: NIC1: t0 is down: ip link set t0 up"
}
