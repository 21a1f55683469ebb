# SPDX-License-Identifier: 0BSD
MAKEFLAGS += -rR
.DELETE_ON_ERROR:

VERSION = 0.1
PREFIX = /usr/local
MUSL := $(shell command -v musl-gcc 2>/dev/null)
ifeq ($(origin CC),default)
CC := $(or $(MUSL),cc)
endif
# musl's wrapper does not look where the kernel's headers are
ifneq (,$(findstring musl-gcc,$(CC)))
KERNEL := -idirafter /usr/include -idirafter /usr/include/$(shell gcc -print-multiarch)
endif
CFLAGS = -Os -g
WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla-larger-than=65536 -Wpointer-arith -Werror=implicit-function-declaration
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DVERSION='"$(VERSION)"' -Ilib -Iapplets $(WARN) \
	-ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables $(KERNEL) $(CFLAGS)
ALL_LDFLAGS = -static -Wl,--gc-sections -Wl,--fatal-warnings -Wl,-z,relro,-z,now,-z,noexecstack $(LDFLAGS)

V = build/main
LIB := $(patsubst %.c,$V/%.o,$(wildcard lib/*.c))
OBJ := $V/qinit.o $(patsubst %.c,$V/%.o,$(wildcard applets/*.c)) $(LIB)
UNIT := $(patsubst tests/unit/%.c,$V/unit/%,$(wildcard tests/unit/test_*.c))

all: qinit ## the executable, ./qinit: static, stripped

qinit: $V/qinit
	strip -o $@ $<

$V/qinit: $(OBJ)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(OBJ)

$V/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$V/unit/%: tests/unit/%.c tests/unit/unit.h $(LIB) Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -MMD -MP -o $@ $< $(LIB)

unit: $(UNIT) ## the unit tests, one program a module
	@set -e; for t in $(UNIT); do $$t; done

clean: ## removes what was built
	rm -rf build qinit

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile

-include $(OBJ:.o=.d) $(wildcard $V/unit/*.d)
.PHONY: all unit clean help
