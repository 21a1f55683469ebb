/* SPDX-License-Identifier: 0BSD */
/* Processes as the kernel tells of them. */
#include "proc.h"

#include "file.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

/* status: the text of /proc/PID/status. A leader that has ended is a zombie, too, but its threads go on. */
static int is_running(const char *status, uid_t uid)
{
	const char *uids = text_in(status, "\nUid:"), *state = text_in(status, "\nState:\tZ"), *threads = text_in(status, "\nThreads:\t");
	unsigned long long real, count = 1;

	if (!uids || !text_digits(uids + strlen("\nUid:\t"), &real) || real != uid)
		return 0;
	if (threads)
		text_digits(threads + strlen("\nThreads:\t"), &count);
	return !state || count > 1;
}

int proc_uid_runs(uid_t uid)
{
	char path[280], status[4096];
	struct dirent *d;
	int runs = 0;
	DIR *dir = proc_uid_alive(uid) ? opendir("/proc") : NULL;

	if (!dir)
		return proc_uid_alive(uid);
	while (!runs && (d = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%s/status", d->d_name);
		if (d->d_name[0] >= '1' && d->d_name[0] <= '9' && file_peek(AT_FDCWD, path, status, sizeof(status)) > 0)
			runs = is_running(status, uid);
	}
	closedir(dir);
	return runs;
}

int proc_become(uid_t uid, gid_t gid, gid_t extra)
{
	if (syscall(SYS_setgroups32, extra != (gid_t)-1, &extra) < 0 || syscall(SYS_setresgid32, gid, gid, gid) < 0)
		return -1;
	return (int)syscall(SYS_setresuid32, uid, uid, uid);
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
