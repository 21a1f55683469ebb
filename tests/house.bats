# SPDX-License-Identifier: 0BSD
# The rules of the house: layers, what lib may not do, the shape of the tree and of the executable.
load helper

setup() {
	begin
	cd "$top"
}

modules() {
	sed '/^#/d; /^$/d' lib/ORDER
}

# the part of ORDER that knows nothing of QEMU
plain_modules() {
	sed '/^# QEMU half/,$d; /^#/d; /^$/d' lib/ORDER
}

nothing() {
	local found
	found=$(cat)
	[[ -z $found ]] || fail "$found"
}

@test "a lib file includes only modules above it in lib/ORDER, and its own header first" {
	# shellcheck disable=SC2046,SC2016 # names without blanks; awk's
	awk '
		FILENAME == "lib/ORDER" { if (!/^#/ && NF) at[$1] = ++n; next }
		FNR == 1 { own = FILENAME; gsub(/^lib\/|\.[ch]$/, "", own); first = FILENAME ~ /c$/ }
		/^#include/ && first { if ($2 != "\"" own ".h\"") print FILENAME ": not its own header first"; first = 0; next }
		/^#include "/ { name = $2; gsub(/"|\.h/, "", name); if (!(at[name] < at[own])) print FILENAME " includes " name ".h" }
	' lib/ORDER lib/*.[ch] | nothing
}

@test "lib/ORDER and lib hold the same modules, each once" {
	diff <(modules | sort) <(printf '%s\n' lib/*.h | sed 's/.*\///; s/\.h$//' | sort)
}

@test "each lib/x.c has its x.h and its tests/unit/test_x.c" {
	local file m
	for file in lib/*.c; do
		m=$(basename "$file" .c)
		[[ -e lib/$m.h ]] || echo "no lib/$m.h"
		[[ -e tests/unit/test_$m.c ]] || echo "no tests/unit/test_$m.c"
	done | nothing
}

@test "each fuzz target has a corpus, of small files, and all of them are few" {
	diff <(printf '%s\n' tests/fuzz/fuzz_*.c | sed 's/.*fuzz_//; s/\.c$//') <(ls tests/corpus)
	find tests/corpus -type f -size +8 | nothing
	(($(find tests/corpus -type f | wc -l) < 700))
}

@test "ground and plain half hold no word of QEMU" {
	local m
	for m in $(plain_modules); do
		grep -in qemu "lib/$m.h" "lib/$m.c" || true
	done | nothing
}

# undefined, defined: FILE SYMBOL, of these objects
undefined() {
	nm -uA "$@" | awk '{ sub(/:.*/, "", $1); print $1, $NF }'
}

defined() {
	nm -gA --defined-only "$@" | awk '{ sub(/:.*/, "", $1); print $1, $NF }'
}

@test "applets include lib and say.h only, and no applet uses another's symbol" {
	local file name
	for file in applets/*.c; do
		for name in $(sed -n 's/^#include "\(.*\)"/\1/p' "$file"); do
			[[ $name == say.h || -e lib/$name ]] || echo "$file includes $name"
		done
	done | nothing
	# shellcheck disable=SC2016 # awk's
	awk 'NR == FNR { of[$2] = $1; next } $2 in of { print $1 " uses " $2 " of " of[$2] }' \
		<(defined build/main/applets/*.o) <(undefined build/main/applets/*.o) | nothing
}

@test "qinit --list names the files of applets/, one a line" {
	qi 0 --list
	diff <(sort <<<"$output") <(printf '%s\n' applets/*.c | sed 's/.*\///; s/\.c$//' | sort)
}

# what of lib is built now: others may be left from before
objects() {
	printf '%s\n' lib/*.c | sed 's|.*|build/main/&|; s/c$/o/'
}

@test "lib neither prints nor exits" {
	# shellcheck disable=SC2046 # names without blanks
	undefined $(objects) |
		grep -E ' (exit|abort|v?printf|v?fprintf|v?dprintf|puts|putchar|putc|fputc|fputs|fwrite|perror|psignal|syslog|stdout|stderr|__.*printf_chk)$' | nothing
}

@test "in lib only the modules that fork call _exit" {
	# shellcheck disable=SC2046 # names without blanks
	undefined $(objects) | grep -E ' (_exit|_Exit)$' | grep -vE '/(editor|proc|spawn|launch)\.o ' | nothing
}

@test "lib has no writable data" {
	# .data.rel.ro: constant tables of pointers, read-only once the loader is through
	# shellcheck disable=SC2046,SC2016 # names without blanks; awk's
	readelf -SW $(objects) | sed 's/^ *\[ *[0-9]*\] *//' |
		awk '/^File:/ { file = $2 } /^\.(data|bss|tdata|tbss)/ && !/^\.data\.rel\.ro/ && $5 !~ /^0+$/ { print file ": " $1 }' | nothing
}

@test "each header compiles alone" {
	local file
	for file in lib/*.h applets/*.h; do
		gcc -std=c11 -D_GNU_SOURCE -Ilib -Wall -Wextra -Werror -fsyntax-only -x c "$file" -Wno-unused-function 2>&1
	done | grep -v 'pragma once' | nothing
}

# standalone FILE: no loader and no shared library at run time
standalone() {
	readelf -lW "$1" | grep -q LOAD || fail "$1: not readable" || return
	readelf -lW "$1" | grep -E 'INTERP|DYNAMIC' | nothing
}

# what lib/fmt.h knows is enough, and a tenth of its size
@test "libc's printf is not in the executable" {
	same "$(nm build/main/qinit | grep -i ' t .*printf')" ""
	same "$(grep -ohE '%[-0]*[0-9*]*(\.[0-9*]+)?(l|ll|z)?[a-zA-Z]' lib/*.[ch] applets/*.[ch] qinit.c | sed '/\..*s$/!s/\./?/' | tr -d '0-9.*-' | sort -u | grep -vE '^%(l|ll|z)?[dux]$|^%[cso]$')" ""
}

# 200 kB with the first version's applets; qemud, qemu-adm, the cage, taps and the keys since then are worth their bytes
@test "qinit is one static file under 300 kB" {
	standalone qinit
	(($(stat -c %s qinit) < 300000)) || fail "$(stat -c %s qinit) bytes"
}

@test "with the other C library, too, qinit needs no shared library" {
	standalone build/glibc/qinit
}

@test "a function has at most 60 lines" {
	# from the brace in the first column to its end
	awk '/^{/ { start = FNR } /^}/ && start { if (FNR - start - 1 > 60) print FILENAME ":" start; start = 0 }' qinit.c lib/*.c applets/*.c | nothing
}

@test "no #if in a .c file, but for the gate's rules" {
	grep -nE '^[ 	]*# *(if|ifdef|ifndef|elif)\b' qinit.c lib/*.c applets/*.c | grep -vE '^lib/(gate\.c:.*GATE_RULES|fd\.c:.*SYS_close_range)' | nothing
}

@test "every source names its licence in the first lines" {
	awk '
		FNR == 1 { named = 0 }
		/SPDX-License-Identifier: 0BSD/ { named = 1 }
		FNR == 3 { if (!named) print FILENAME; nextfile }
	' Makefile qinit.c lib/*.[ch] applets/*.[ch] tests/*.b* tests/setup tests/run tests/*/*.[ch] | nothing
}

@test "shellcheck finds nothing in the scripts" {
	requires shellcheck
	# shellcheck disable=SC2046 # names without blanks
	shellcheck -x tests/*.bash $(git ls-files 2>/dev/null | while read -r f; do head -c 60 "$f" | grep -aqE '^#!.*sh\b' && echo "$f"; done)
}

@test "the top level is that of the design" {
	diff <(printf '%s\n' LICENSE Makefile README.md applets conf lib qinit.c tests) <(for f in *; do echo "$f"; done | grep -vxE 'build|qinit')
}

@test "make install honours DESTDIR and PREFIX: executable, links, man pages, conf" {
	local page
	make -s install DESTDIR="$scratch/root" PREFIX=/opt >/dev/null
	cmp qinit "$scratch/root/opt/bin/qinit"
	same "$("$scratch/root/opt/bin/qemu-init" --help)" "$(./qinit qemu-init --help)"
	diff <(cd "$scratch/root/opt/bin" && for f in *; do echo "$f"; done) <({ ./qinit --list; echo qinit; } | sort)
	for page in applets/*.[1-8]; do
		[[ -e $page ]] || continue # a glob without a file
		cmp "$page" "$scratch/root/opt/share/man/man${page##*.}/$(basename "$page")"
	done
	diff -r conf "$scratch/root/opt/share/qinit"
}

@test "make help names every target that a user types" {
	local target
	for target in all unit fuzz check demo bench lint install clean help; do
		make -s help | grep -q "^$target	." || echo "$target"
	done | nothing
}
