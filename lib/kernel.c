/* SPDX-License-Identifier: 0BSD */
/* What this kernel does not give. */
#include "kernel.h"

#include "cage.h"
#include "diag.h"
#include "spawn.h"

/* What it cannot do before this ABI (landlock(7)). */
static const struct {
	int abi;
	const char *what;
} limits[] = {
	{ 4, "TCP ports, signals and abstract sockets" },
	{ 6, "signals and abstract sockets" },
};

void kernel_landlock(struct buf *out, int abi)
{
	if (!abi) {
		buf_str(out, "no Landlock: only its uid keeps QEMU from the host's files (Linux 5.13, with `landlock` among lsm=)\n");
		return;
	}
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		if (abi >= limits[i].abi)
			continue;
		buf_fmt(out, "Landlock of ABI %d does not keep QEMU from %s (Linux 6.12 does)\n", abi, limits[i].what);
		return;
	}
}

void kernel_lacks(struct buf *out, int root, int tcp)
{
	kernel_landlock(out, cage_abi());
	if (root && !spawn_may_leave())
		buf_str(out, "no namespaces for QEMU: it sees the host's network, mounts and IPC (a container wants CAP_SYS_ADMIN)\n");
	if (tcp && !diag_kernel())
		buf_str(out, "no sock_diag: who calls a monitor's port is searched for in /proc/net/tcp (modprobe tcp_diag)\n");
}
