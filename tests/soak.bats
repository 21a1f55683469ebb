#!/usr/bin/env bats
# SPDX-License-Identifier: 0BSD
# A loop of kill -9 at random moments over ten VMs; `make soak N=1000` runs a long one.
BATS_TEST_TIMEOUT=${SOAK_TIMEOUT:-300}
load helper
load vms

@test "random kill -9: no false state, no second QEMU, nothing left over" {
	local i n=${SOAK:-60} rounds
	rounds=$(((n + 9) / 10))
	for ((i = 1; i <= 10; i++)); do
		no_guest "soak$i"
	done
	seq -f "soak%.0f" 10 | QINIT=$bin/qinit xargs -P 4 -I NAME "$top/tests/hostile/soak" NAME "$rounds" >"$scratch/rounds" || true
	sort "$scratch/rounds" | uniq -c | sed 's/^/# /' >&3
	! grep trouble "$scratch/rounds" || fail "trouble"
	same "$(wc -l <"$scratch/rounds")" "$((rounds * 10))"
	for ((i = 1; i <= 10; i++)); do
		only_records "soak$i"
	done
}
