/* SPDX-License-Identifier: 0BSD */
/* Processes as the kernel tells of them. */
#include "proc.h"

#include "file.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* <linux/pidfd.h> clashes with <fcntl.h>, and libcs before 2.36 have no wrappers: the numbers are the same everywhere */
enum { NR_PIDFD_SEND_SIGNAL = 424, NR_PIDFD_OPEN = 434 };

int proc_uid_alive(uid_t uid)
{
	errno = 0;
	return getpriority(PRIO_USER, uid) != -1 || errno != ESRCH;
}

void proc_boot_id(char id[PROC_BOOT_ID])
{
	if (file_peek(AT_FDCWD, "/proc/sys/kernel/random/boot_id", id, PROC_BOOT_ID) < 0)
		id[0] = '\0';
}

int proc_map_holds(const char *map, unsigned long first, unsigned long n)
{
	for (const char *s = map; *s;) {
		unsigned long long inside, outside, count;
		if (!(s = text_digits(s, &inside)) || !(s = text_digits(s, &outside)) || !(s = text_digits(s, &count)))
			return 0;
		if (first >= inside && first - inside < count && count - (first - inside) >= n)
			return 1;
		s += strspn(s, " \n");
	}
	return 0;
}

int proc_open(pid_t pid)
{
	return (int)syscall(NR_PIDFD_OPEN, pid, 0);
}

int proc_signal(int pidfd, int number)
{
	return (int)syscall(NR_PIDFD_SEND_SIGNAL, pidfd, number, NULL, 0);
}
