/* SPDX-License-Identifier: 0BSD */
/* What a keeper gives up. */
#include "caps.h"

#include "guard.h"
#include "proc.h"

#include <linux/capability.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	unsigned char cap, last; /* the last stage that needs it */
} table[] = {
	{ CAP_KILL, CAPS_LIFE },		/* QEMU has a uid of its own, and what it forks */
	{ CAP_SYS_PTRACE, CAPS_LIFE },		/* the gate reads in /proc/PID which program calls, whosever it is */
	{ CAP_DAC_READ_SEARCH, CAPS_LIFE },	/* and so does /proc/PID/fd want it */
	{ CAP_DAC_OVERRIDE, CAPS_START },	/* disks may be anybody's */
	{ CAP_SETUID, CAPS_START },		/* QEMU's uid, a hook's, that of files which another user's rc-file names */
	{ CAP_SETGID, CAPS_START },
	{ CAP_NET_BIND_SERVICE, CAPS_START },	/* MONPORT, DISPLAY=vnc:PORT */
	{ CAP_NET_ADMIN, CAPS_NET },		/* taps, and putting them on a bridge */
	{ CAP_SYS_ADMIN, CAPS_START },		/* QEMU's child leaves the host's namespaces */
};

void caps_begin(void)
{
	umask(077);
	(void)!chdir("/");
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (guarded(GUARD_MEMORY))
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	proc_no_core();
	if (geteuid() == 0)
		syscall(SYS_setgroups32, 0, NULL);
}

void caps_join(gid_t group)
{
	if (geteuid() == 0)
		syscall(SYS_setgroups32, 1, &group);
}

void caps_keep(enum caps_stage stage)
{
	struct __user_cap_header_struct who = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct have[2] = { 0 };
	uint64_t need = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (table[i].last >= stage)
			need |= UINT64_C(1) << table[i].cap;
	for (int cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
		; /* it ends behind the kernel's last one; the second time, without SETPCAP, at once */
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	syscall(SYS_capget, &who, have);
	for (int i = 0; i < 2; i++) {
		have[i].permitted &= (uint32_t)(need >> 32 * i);
		have[i].effective = have[i].permitted;
		have[i].inheritable = 0;
	}
	syscall(SYS_capset, &who, have);
}
