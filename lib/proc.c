/* SPDX-License-Identifier: 0BSD */
/* Processes as the kernel tells of them. */
#include "proc.h"

#include "fd.h"
#include "file.h"
#include "fmt.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* <linux/pidfd.h> clashes with <fcntl.h>, and libcs before 2.36 have no wrappers: the numbers are the same everywhere */
enum { NR_PIDFD_SEND_SIGNAL = 424, NR_PIDFD_OPEN = 434 };

int proc_uid_alive(uid_t uid)
{
	errno = 0;
	return getpriority(PRIO_USER, uid) != -1 || errno != ESRCH;
}

/* A leader that has ended is a zombie, too, but its threads go on. */
int proc_status_runs(const char *status, uid_t uid)
{
	const char *uids = text_in(status, "\nUid:\t"), *state = text_in(status, "\nState:\tZ"), *threads = text_in(status, "\nThreads:\t");
	unsigned long long real, count = 1;

	if (!uids || !text_digits(uids + strlen("\nUid:\t"), &real) || real != uid)
		return 0;
	if (threads)
		text_digits(threads + strlen("\nThreads:\t"), &count);
	return !state || count > 1;
}

/* The kernel shows, and lets us kill, what lives in the pid namespaces below ours, too: a container's processes are its own
 * affair, although they may have the uid. */
static int is_of_ours(const char *pid, ino_t ours)
{
	char path[280];
	struct stat st;

	fmt(path, sizeof(path), "/proc/%s/ns/pid", pid);
	return !ours || stat(path, &st) < 0 || st.st_ino == ours;
}

static int has_uid(const char *pid, uid_t uid, ino_t ours)
{
	char path[280], status[4096];

	fmt(path, sizeof(path), "/proc/%s/status", pid);
	return file_peek(AT_FDCWD, path, status, sizeof(status)) > 0 && proc_status_runs(status, uid) && is_of_ours(pid, ours);
}

static void kill_one(const char *pid, uid_t uid, ino_t ours)
{
	long long number;
	int fd = text_number(pid, 1, INT_MAX, &number) < 0 ? -1 : proc_open((pid_t)number);

	/* once more, now that the number cannot be given to another */
	if (fd >= 0 && has_uid(pid, uid, ours))
		proc_signal(fd, SIGKILL);
	fd_close(&fd);
}

/* How many processes have the uid; end: each gets SIGKILL. -1 without a /proc. */
static int walk(uid_t uid, int end)
{
	struct dirent *d;
	struct stat st;
	int n = 0;
	ino_t ours = stat("/proc/self/ns/pid", &st) == 0 ? st.st_ino : 0;
	DIR *dir = opendir("/proc");

	if (!dir)
		return -1;
	while ((d = readdir(dir))) {
		if (d->d_name[0] < '1' || d->d_name[0] > '9' || !has_uid(d->d_name, uid, ours))
			continue;
		n++;
		if (end)
			kill_one(d->d_name, uid, ours);
	}
	closedir(dir);
	return n;
}

int proc_uid_runs(uid_t uid)
{
	return proc_uid_alive(uid) && walk(uid, 0) != 0;
}

void proc_uid_kill(uid_t uid)
{
	walk(uid, 1);
}

int proc_become(uid_t uid, gid_t gid, gid_t extra)
{
	if (syscall(SYS_setgroups32, extra != (gid_t)-1, &extra) < 0 || syscall(SYS_setresgid32, gid, gid, gid) < 0)
		return -1;
	return (int)syscall(SYS_setresuid32, uid, uid, uid);
}

int proc_files_as(uid_t uid, gid_t gid)
{
	setfsgid(gid);
	setfsuid(uid);
	/* they tell of no failure, but what was there before, and no id is -1 */
	if ((uid_t)setfsuid((uid_t)-1) == uid && (gid_t)setfsgid((gid_t)-1) == gid)
		return 0;
	errno = EPERM;
	return -1;
}

void proc_no_core(void)
{
	const struct rlimit core = { 1, 1 }; /* 1, not 0: a pipe in core_pattern ignores 0 (core(5)) */

	prlimit(0, RLIMIT_CORE, &core, NULL);
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
