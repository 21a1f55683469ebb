/* SPDX-License-Identifier: 0BSD */
/* What differs between the architectures that QEMU emulates, and which one this host is. */
#ifndef ARCH_H
#define ARCH_H

#include <stddef.h>
#include <sys/types.h>

struct arch {
	const char *suffix;	/* qemu-system-SUFFIX */
	const char *uname;	/* what uname(2) calls such a host */
	const char *machine;	/* the default MACHINE */
	const char *cpu;	/* the default CPU, "" for the machine's own */
};

/* Of a TGTARCH; an architecture that is not in the table has QEMU's own defaults (all fields but suffix ""). */
struct arch arch_of(const char *target);
/* "qemu-system-..." of this host into room bytes. */
void arch_host(char *target, size_t room);
/* 1 when KVM on this host can run guests for the target: the same architecture and /dev/kvm answers. */
int arch_kvm(const char *target);
/* The group that may use /dev/kvm, where that is not root's; else (gid_t)-1. */
gid_t arch_kvm_group(void);
/* The program's absolute path by $PATH (or the usual places when there is none). 0, or -1. */
int arch_find(const char *program, char *path, size_t room);
/* The same of a QEMU. Where that is a script, and the executable of its name is in the libexec folder beside its own (as for
 * Debian's qemu-system-i386), it is that one. */
int arch_qemu(const char *program, char *path, size_t room);
/* arch_find in these places, parted by colons. */
int arch_find_in(const char *dirs, const char *program, char *path, size_t room);
/* The PATH of who has none, and of hooks. */
#define ARCH_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
/* Some "qemu-system-..." of $PATH into room bytes. 0, or -1: there is none. */
int arch_any(char *target, size_t room);

#endif
