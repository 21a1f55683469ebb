# SPDX-License-Identifier: 0BSD
MAKEFLAGS += -rR --no-print-directory
.DELETE_ON_ERROR:

VERSION = 0.1
PREFIX = /usr/local

# A variant is another build of the same sources, in build/VARIANT: with a rule of the gate (bits of GATE_RULES) or the
# other defences (GUARDS) switched off, sanitizers, the other C library. `make VARIANT=asan unit`, `make build/nogate1/qinit`.
# `fuzz` is for the fuzz targets alone.
VARIANT = main
VARIANTS = asan glibc nogate1 nogate2 nogate3 nogate4 unguarded
CFLAGS_asan = -g -O1 -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
# the two in which a warning is an error, one for each C library
CFLAGS_glibc = -Werror -D_FORTIFY_SOURCE=2
CFLAGS_nogate1 = -Werror -DGATE_RULES=6
CFLAGS_nogate2 = -DGATE_RULES=5
CFLAGS_nogate3 = -DGATE_RULES=4
CFLAGS_nogate4 = -DGATE_RULES=3
CFLAGS_unguarded = -DGUARDS=0
CFLAGS_fuzz = -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -Wno-unknown-warning-option
# variants of a few modules: the others are main's
FEW_nogate2 = lib/gate
FEW_nogate3 = lib/gate
FEW_nogate4 = lib/gate
FEW_unguarded = $(basename $(shell grep -l '"guard.h"' qinit.c applets/*.c lib/*.c))
LINK = -static
LINK_asan = -fsanitize=address,undefined
LINK_fuzz = -fsanitize=fuzzer,address,undefined

CC_asan = cc
CC_glibc = cc
CC_fuzz = clang
MUSL := $(shell command -v musl-gcc 2>/dev/null)
# undefined: a sub-make is given -R
ifneq (,$(filter default undefined,$(origin CC)))
CC := $(or $(CC_$(VARIANT)),$(MUSL),cc)
endif
# musl's wrapper does not look where the kernel's headers are
ifneq (,$(findstring musl-gcc,$(CC)))
KERNEL := -idirafter /usr/include -idirafter /usr/include/$(shell gcc -print-multiarch)
endif
# Small before fast. -Oz is gcc 12's; the rest was found by measuring.
SMALL = -Oz -fno-if-conversion -fno-inline-functions-called-once -fno-shrink-wrap -fno-tree-loop-im -fno-caller-saves
CFLAGS := $(if $(shell echo | $(CC) $(SMALL) -E - 2>/dev/null),$(SMALL),-Os) -g
WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla-larger-than=65536 -Wpointer-arith -Werror=implicit-function-declaration
# Not -fpie: a static executable is not moved anyway, and so tables of pointers are read-only from the first.
# -z noseparate-code, common-page-size: 12 kB less of padding. -z norelro: without -fpie there are 200 bytes for it to protect, in 4 kB of padding.
# What hardening costs, in bytes: the stack protector in the GUARDED modules 3.1 k; left out: everywhere 14.2 k (without
# -strong 8.4 k); -fstack-clash-protection 0.6 k, but no frame grows with its input; static-pie 4.5 k, but its tables of
# pointers can be written to, and relro would be 2.2 k more; auto-var-init 5 k. FORTIFY is glibc's alone, and on there.
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DVERSION='"$(VERSION)"' -Ilib -Iapplets $(WARN) \
	-ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-pie $(KERNEL) $(CFLAGS) $(CFLAGS_$(VARIANT))
ALL_LDFLAGS = $(or $(LINK_$(VARIANT)),$(LINK)) -Wl,--gc-sections -Wl,--fatal-warnings -no-pie -Wl,-z,noseparate-code,-z,norelro,-z,common-page-size=64,-z,noexecstack $(LDFLAGS)

# They read what QEMU, a guest or a stranger at a door may have written.
GUARDED = ask claim console desk diag door follow gate hmp json knock log match model mon proc qcow2 qmp request state text vnc wire

# `make Q=` shows whole commands
Q = @
V = build/$(VARIANT)
FEW := $(FEW_$(VARIANT))
ALL := qinit.o $(patsubst %.c,%.o,$(wildcard applets/*.c lib/*.c))
OWN := $(if $(FEW),$(FEW:%=%.o),$(ALL))
OBJ := $(addprefix $V/,$(OWN)) $(addprefix build/main/,$(filter-out $(OWN),$(ALL)))
LIB := $V/lib.a
UNIT := $(patsubst tests/unit/%.c,$V/unit/%,$(wildcard tests/unit/test_*.c))
FUZZ := $(patsubst tests/fuzz/fuzz_%.c,$V/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH := $(patsubst %.c,build/main/%,$(wildcard tests/bench/*.c tests/fake/*.c tests/attack/*.c))
APPLETS := $(patsubst applets/%.c,%,$(wildcard applets/*.c))
MAN := $(wildcard applets/*.[1-8])

all: qinit ## the executable, ./qinit: static, stripped

qinit: build/main/qinit
	$Qstrip -R .comment -o $@ $<

$(LIB): $(filter $V/lib/% build/main/lib/%,$(OBJ))
	$Qrm -f $@ && ar rcs $@ $^

$V/qinit: $(OBJ)
	@echo "$(notdir $(CC)) $@"
	$Q$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(OBJ)

# The compiler may be another one than last time (musl-gcc was installed): then all is built anew.
$V/flags: export FLAGS = $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)
$V/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' "$$FLAGS" | cmp -s - $@ || printf '%s\n' "$$FLAGS" >$@

$V/%.o: %.c Makefile $V/flags
	@mkdir -p $(@D)
	@echo "$(notdir $(CC)) $@"
	$Q$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(GUARDED:%=$V/lib/%.o): ALL_CFLAGS += -fstack-protector-strong

$V/unit/%: tests/unit/%.c tests/unit/unit.h $(LIB) Makefile
	@mkdir -p $(@D)
	@echo "$(notdir $(CC)) $@"
	$Q$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -MMD -MP -o $@ $< $(LIB)

# driven by libFuzzer, or where that is not by the files of its corpus
$V/fuzz/%: tests/fuzz/fuzz_%.c $(if $(filter-out fuzz,$(VARIANT)),tests/fuzz/replay.c) tests/fuzz/fuzz.h $(LIB) Makefile
	@mkdir -p $(@D)
	@echo "$(notdir $(CC)) $@"
	$Q$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.c %.a,$^)

# bare programs that tests and bench measure against: none of ours in them
build/main/tests/%: tests/%.c Makefile $V/flags
	@mkdir -p $(@D)
	@echo "$(notdir $(CC)) $@"
	$Q$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $<

$(foreach v,$(filter-out $(VARIANT),$(VARIANTS)),build/$v/qinit): build/main/qinit FORCE
	@$(MAKE) VARIANT=$(patsubst build/%/qinit,%,$@) $@

units: $(UNIT)

unit: $(UNIT) ## the unit tests, one program a module
	@set -e; for t in $(UNIT); do $$t; done

targets: $(FUZZ)

fuzz: ## fuzzes each parser of foreign bytes for SECONDS (60), or TARGET alone
	tests/setup fuzz
	@$(MAKE) VARIANT=fuzz targets
	@tests/fuzz/run $(or $(SECONDS),60) $(TARGET)

check: ## installs what the tests need, then runs all of them; the last line counts
	tests/setup check
	@$(MAKE) -j$$(nproc) check-build
	@tests/run

# apart from `check`, because only now the compiler is known
check-build: all units $(BENCH) $(foreach v,$(VARIANTS),build/$v/qinit)
	@$(MAKE) VARIANT=asan units targets
	tests/guest/linux
	tests/guest/inits

demo: ## installs QEMU if there is none, builds, and shows a guest's whole life in seconds
	tests/setup demo
	@$(MAKE) all
	@./qinit qemu-init demo

soak: all ## kills at random moments, N times (1000)
	tests/setup check
	SOAK=$(or $(N),1000) SOAK_TIMEOUT=7200 bats tests/soak.bats

bench: ## measures qinit side by side with bare QEMU and bare clients
	tests/setup check
	@$(MAKE) all $(BENCH)
	@tests/bench/run

lint: ## gcc -fanalyzer, clang-tidy, cppcheck, shellcheck and mandoc: what they find is a failure
	tests/setup lint
	@$(MAKE) -k -j$$(nproc) $(patsubst %,lint/%,qinit.c $(wildcard lib/*.c applets/*.c tests/fuzz/*.c))
	cppcheck -q --std=c11 --enable=warning,portability $(CPPCHECK_NOT:%=--suppress=%) --error-exitcode=1 \
		-Ilib -Iapplets qinit.c lib applets
	shellcheck $$(grep -rlE '^#!.*[ /](ba)?sh$$' .ci tests) tests/*.bash
	mandoc -T lint -W warning $(MAN)

# What is optimised is understood less well. gcc 12 takes pointers in a growing array for lost; clang-tidy does not.
lint/%: FORCE
	@echo "lint $*"
	$Qgcc $(filter -std% -D% -I% -W%,$(ALL_CFLAGS)) -O0 -Werror -fanalyzer -Wno-analyzer-malloc-leak -c -o /dev/null $*
	$Qclang-tidy -quiet $* -- $(filter -std% -D% -I%,$(ALL_CFLAGS)) 2>/dev/null
# wrong each time: a loop's own condition as doubt, an err to be filled, a local's address in a function that never returns
CPPCHECK_NOT = nullPointerRedundantCheck ctuuninitvar autoVariables

install: qinit ## to $(DESTDIR)$(PREFIX): the executable, a link for each applet, man pages, conf/; INIT=systemd|openrc|...: for that init
	@[ -z "$(INIT)" ] || [ -d "conf/init/$(INIT)" ] || { echo "INIT=$(INIT): want one of: $$(ls conf/init | tr '\n' ' ')" >&2; exit 1; }
	install -D -m 755 qinit $(DESTDIR)$(PREFIX)/bin/qinit
	@set -e; for a in $(APPLETS); do ln -sf qinit $(DESTDIR)$(PREFIX)/bin/$$a; done
	@set -e; for m in $(MAN); do install -D -m 644 $$m $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/}; done
	mkdir -p $(DESTDIR)$(PREFIX)/share/qinit
	cp -R conf/. $(DESTDIR)$(PREFIX)/share/qinit/
	@[ -z "$(INIT)" ] || $(MAKE) install-init

install-init: # conf/init/INIT, laid out as from /
	@set -e; cd conf/init/$(INIT); for f in $$(find etc -type f); do \
		echo "$(DESTDIR)/$$f"; mkdir -p $(DESTDIR)/$${f%/*}; cp $$f $(DESTDIR)/$$f; \
		sed 's|@BIN@|$(PREFIX)/bin|g' $$f >$(DESTDIR)/$$f; \
	done

clean: ## removes what was built
	rm -rf build qinit

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile

-include $(OBJ:.o=.d) $(wildcard $V/unit/*.d)
.PHONY: soak all unit units targets fuzz check check-build demo bench lint install install-init clean help FORCE
