# SPDX-License-Identifier: 0BSD
# shellcheck shell=bash
# How many QEMUs there are: what the kernel shows, whatever qinit says.

# qemus_of NAME: how many live; another run of the tests may have a VM of the same name, in another place
qemus_of() {
	local - dir words n=0
	set +eETx
	for dir in /proc/[0-9]*; do
		words=() # of one that is gone there is nothing to read
		mapfile -d '' words <"$dir/cmdline"
		[[ "${words[*]} " == *qemu-system*" -name $1 "* ]] || continue
		[[ -z $(find "$dir/fd" -lname "$QEMU_INIT_RUN/$1/*" -print -quit) ]] || n=$((n + 1))
	done 2>/dev/null
	echo $n
}
