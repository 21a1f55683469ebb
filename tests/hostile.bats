#!/usr/bin/env bats
# SPDX-License-Identifier: 0BSD
# The hostile bench: every verb against every liar (tests/fake). The whole matrix runs once, in setup_file; each test is one
# row of it, its documented exit codes in the order of `verbs`. See tests/hostile/cell for what a cell does.
load helper

verbs=(start stop stop-f restart status list showcmd kill reset pause resume console wait run cmd mon)
# The most that each may take, ms: start has START_TIMEOUT=3 and 5 s for a keeper's last word, stop -t 2 and the time to pass by
# its keeper, status 1 s, one command 10 s; the rest is for a busy machine.
limits=(11000 8000 8000 9000 4000 4000 4000 8000 13000 13000 13000 5000 4000 7000 18000 18000)

rows() {
	sed -n 's/^	row \([a-z]* [a-z-]*\) .*/\1/p' "$BATS_TEST_FILENAME"
}

cells() {
	local side behaviour verb
	rows | while read -r side behaviour; do
		for verb in "${verbs[@]}"; do
			echo "$side $behaviour $verb"
		done
	done
}

# They cost a processor; the others only wait.
heavy() {
	grep "$@" -E ' (huge|flood|stderr) '
}

setup_file() {
	local side behaviour verb
	begin
	export scratch bin PATH=$bin:$PATH
	cp "$top/build/main/tests/fake/qemu" "$bin/qemu-system-fake"
	cp "$top/build/main/tests/fake/keeper" "$bin/fake-keeper"
	cells | while read -r side behaviour verb; do
		echo "$side-$behaviour-$verb $QEMU_INIT_DAT/$side-$behaviour-$verb"
	done >"$QEMU_INIT_ETC/registered"
	{
		cells | heavy -v | xargs -P 24 -n 3 "$top/tests/hostile/cell"
		cells | heavy | xargs -P 8 -n 3 "$top/tests/hostile/cell"
	} >"$scratch/matrix" 3>&-
	printf '# %-18s' '' >&3
	printf '%8s' "${verbs[@]}" >&3
	echo >&3
}

setup() {
	:
}

teardown() {
	:
}

teardown_file() {
	local BATS_TEST_COMPLETED=1 pids=() places=("$scratch")
	finish
}

# row SIDE BEHAVIOUR CODE...: the codes that the verbs must have had
row() {
	local side=$1 behaviour=$2 i=0 verb line=() wrong=()
	shift 2
	same "$#" "${#verbs[@]}"
	printf '# %-18s' "$side $behaviour" >&3
	for verb in "${verbs[@]}"; do
		read -ra line < <(grep "^$side $behaviour $verb " "$scratch/matrix") || line=(- - - none 0 "not run")
		printf '%8s' "${line[3]}" >&3
		[[ ${line[3]} == "$1" ]] || wrong+=("$verb: exit ${line[3]}, want $1")
		((line[4] <= limits[i++])) || wrong+=("$verb: took ${line[4]} ms")
		[[ ${line[*]:5} == - ]] || wrong+=("$verb: ${line[*]:5}")
		[[ ${#wrong[@]} == 0 || -n ${shown-} ]] || { shown=1 && cat "$scratch/$side-$behaviour-$verb.log"; }
		shift
	done
	echo >&3
	[[ ${#wrong[@]} == 0 ]] || fail "$(printf '%s\n' "${wrong[@]}")"
}

# ---- QEMU; its keeper is ours ----

@test "a QEMU as it should be: the bench itself" {
	row qemu well 0 0 0 0 0 0 0 0 0 0 0 0 124 124 0 0
}

@test "a QEMU that greets never" {
	row qemu greet-never 124 0 0 0 4 0 0 0 124 124 124 0 124 124 124 124
}

@test "a QEMU that greets twice" {
	row qemu greet-twice 0 0 0 0 0 0 0 0 0 0 0 0 124 124 0 0
}

@test "a QEMU that answers half a line" {
	row qemu half 124 0 0 0 4 0 0 0 124 124 124 0 124 124 1 124
}

@test "a QEMU that answers garbage" {
	row qemu garbage 124 0 0 0 4 0 0 0 1 1 1 0 124 124 1 124
}

@test "a QEMU that answers with a wrong id" {
	row qemu wrong-id 124 0 0 0 4 0 0 0 124 124 124 0 124 124 1 0
}

@test "a QEMU that closes in mid-reply" {
	row qemu close 124 0 0 0 4 0 0 0 1 1 1 0 124 124 1 1
}

@test "a QEMU that answers a byte at a time, for ever" {
	row qemu trickle 124 0 0 0 4 0 0 0 124 124 124 0 124 124 124 124
}

@test "a QEMU that answers with 100 MB" {
	row qemu huge 124 0 0 0 4 0 0 0 1 1 1 0 124 124 1 1
}

@test "a QEMU that floods events without end" {
	row qemu flood 124 0 0 0 4 0 0 0 124 124 124 0 124 124 124 1
}

@test "a QEMU that writes a megabyte to stderr" {
	row qemu stderr 0 0 0 0 0 0 0 0 0 0 0 0 124 124 0 0
}

@test "a QEMU that ignores power-down, quit and SIGTERM" {
	row qemu deaf 0 0 0 0 0 0 0 0 0 0 0 0 124 124 0 0
}

@test "a QEMU that stops itself" {
	row qemu stopped 124 0 0 0 4 0 0 0 124 124 124 0 124 124 124 124
}

@test "a QEMU that forks away" {
	row qemu fork 1 0 0 0 1 0 0 0 7 7 7 7 0 1 7 7
}

@test "a QEMU that forks away into a session of its own" {
	row qemu daemon 1 0 0 0 1 0 0 0 7 7 7 7 0 1 7 7
}

@test "a QEMU that exits with a status" {
	row qemu exit 1 0 0 0 1 0 0 0 7 7 7 7 0 1 7 7
}

@test "a QEMU that drops its lock: its keeper is believed" {
	row qemu unlock 0 0 0 0 0 0 0 0 0 0 0 0 124 124 0 0
}

# ---- the same, unwatched: its keeper was killed ----

@test "unwatched: a QEMU as it should be" {
	row lost well 0 0 0 0 0 0 0 0 0 0 0 0 124 124 0 0
}

@test "unwatched: a QEMU that greets never" {
	row lost greet-never 0 0 0 0 4 0 0 0 1 1 1 0 124 124 124 124
}

@test "unwatched: a QEMU that answers half a line" {
	row lost half 0 0 0 0 4 0 0 0 1 1 1 0 124 124 1 124
}

@test "unwatched: a QEMU that answers garbage" {
	row lost garbage 0 0 0 0 4 0 0 0 1 1 1 0 124 124 1 124
}

@test "unwatched: a QEMU that answers with a wrong id" {
	row lost wrong-id 0 0 0 0 4 0 0 0 1 1 1 0 124 124 1 0
}

@test "unwatched: a QEMU that closes in mid-reply" {
	row lost close 0 0 0 0 4 0 0 0 1 1 1 0 124 124 1 1
}

@test "unwatched: a QEMU that answers a byte at a time" {
	row lost trickle 0 0 0 0 4 0 0 0 1 1 1 0 124 124 124 124
}

@test "unwatched: a QEMU that answers with 100 MB" {
	row lost huge 0 0 0 0 4 0 0 0 1 1 1 0 124 124 1 1
}

@test "unwatched: a QEMU that floods events" {
	row lost flood 0 0 0 0 4 0 0 0 1 1 1 0 124 124 124 1
}

@test "unwatched: a QEMU that ignores power-down, quit and SIGTERM" {
	row lost deaf 0 0 0 0 0 0 0 0 0 0 0 0 124 124 0 0
}

@test "unwatched: a QEMU that stops itself" {
	row lost stopped 0 0 0 0 4 0 0 0 1 1 1 0 124 124 124 124
}

@test "unwatched: a QEMU that drops its lock is unknown: no start, and only force ends it" {
	row lost unlock 1 4 0 4 4 0 0 0 4 4 4 7 124 1 7 7
}

# ---- the keeper, over a good QEMU ----

@test "a keeper that never answers is passed by" {
	row keeper silent 124 0 0 0 0 0 0 0 124 124 124 1 124 1 0 0
}

@test "a keeper that answers half a line" {
	row keeper half 124 0 0 0 0 0 0 0 124 124 124 1 124 1 0 0
}

@test "a keeper that answers garbage" {
	row keeper garbage 124 0 0 0 0 0 0 0 124 124 124 1 124 1 0 0
}

@test "a keeper that answers with a code of 23 digits" {
	row keeper codes 124 0 0 0 0 0 0 0 124 124 124 1 124 1 0 0
}

@test "a keeper that answers with a negative code" {
	row keeper negative 124 0 0 0 0 0 0 0 124 124 124 1 124 1 0 0
}

@test "a keeper that floods" {
	row keeper flood 124 0 0 0 0 0 0 0 124 124 124 1 124 1 0 0
}

@test "a keeper that closes" {
	row keeper close 124 0 0 0 0 0 0 0 124 124 124 1 124 1 0 0
}

@test "a keeper that says yes to all and does nothing: a stop is believed when QEMU is gone" {
	row keeper yes 0 0 0 0 0 0 0 0 0 0 0 1 124 1 0 0
}

@test "a keeper that does not know the request, an older one, is replaced" {
	row keeper unknown 0 0 0 0 0 0 0 0 0 0 0 1 124 1 0 0
}

@test "a lock that somebody holds and no keeper behind it: said, nothing is touched" {
	row keeper absent 124 1 1 1 0 0 0 1 124 124 124 1 124 1 0 0
}

# ---- the keeper alone, QEMU was killed ----

@test "without QEMU: a keeper that never answers" {
	row alone silent 124 0 0 0 4 0 0 0 124 124 124 1 124 1 1 1
}

@test "without QEMU: a keeper that answers half a line" {
	row alone half 124 0 0 0 4 0 0 0 124 124 124 1 124 1 1 1
}

@test "without QEMU: a keeper that answers garbage" {
	row alone garbage 124 0 0 0 4 0 0 0 124 124 124 1 124 1 1 1
}

@test "without QEMU: a keeper that answers with a code of 23 digits" {
	row alone codes 124 0 0 0 4 0 0 0 124 124 124 1 124 1 1 1
}

@test "without QEMU: a keeper that answers with a negative code" {
	row alone negative 124 0 0 0 4 0 0 0 124 124 124 1 124 1 1 1
}

@test "without QEMU: a keeper that floods" {
	row alone flood 124 0 0 0 4 0 0 0 124 124 124 1 124 1 1 1
}

@test "without QEMU: a keeper that closes" {
	row alone close 124 0 0 0 4 0 0 0 124 124 124 1 124 1 1 1
}

@test "without QEMU: a keeper that says yes to all" {
	row alone yes 0 0 0 0 0 0 0 0 0 0 0 1 124 1 1 1
}

@test "without QEMU: an older keeper goes" {
	row alone unknown 0 0 0 0 4 0 0 0 7 7 7 1 124 1 1 1
}

@test "without QEMU: a lock that somebody holds" {
	row alone absent 124 0 0 1 4 0 0 0 124 124 124 1 124 1 1 1
}
