/* SPDX-License-Identifier: 0BSD */
/* Processes as the kernel tells of them: never a pid from a file. */
#ifndef PROC_H
#define PROC_H

#include <sys/syscall.h>
#include <sys/types.h>

/* The calls whose ids have 32 bits; on 64-bit machines there are no others. */
#ifndef SYS_setresuid32
#define SYS_setgroups32 SYS_setgroups
#define SYS_setresgid32 SYS_setresgid
#define SYS_setresuid32 SYS_setresuid
#endif

enum { PROC_BOOT_ID = 37 };

/* 1 when a process (a zombie counts) has this real uid, 0 when none has. getpriority(2), PRIO_USER. */
int proc_uid_alive(uid_t uid);
/* The same of this pid namespace alone, and zombies do not count: where nobody reaps they stay for ever. Looks through
 * /proc; 1 without one. */
int proc_uid_runs(uid_t uid);
/* Whether the text of /proc/PID/status is of one of those. Pure. */
int proc_status_runs(const char *status, uid_t uid);
/* SIGKILL to each of those, as they are seen now. */
void proc_uid_kill(uid_t uid);
/* Becomes uid and gid for good, with `extra` as the only other group ((gid_t)-1: none). For a process with one thread: libc's
 * own functions would tell the others. 0 or -1 with errno. */
int proc_become(uid_t uid, gid_t gid, gid_t extra);
/* From now on files are opened with the rights of uid and gid, for root without its own. 0 or -1 with errno. */
int proc_files_as(uid_t uid, gid_t gid);
/* Whatever becomes of us, and of what we execute, nobody gets a core dump. */
void proc_no_core(void);
/* This boot's id with its NUL, "" without /proc. */
void proc_boot_id(char id[PROC_BOOT_ID]);
/* 1 when uids (or gids) first .. first + n - 1 exist in this user namespace; map is the text of uid_map. Pure. */
int proc_map_holds(const char *map, unsigned long first, unsigned long n);
/* A descriptor that polls readable when the process has ended, close-on-exec; -1 with errno (ENOSYS before 5.3). */
int proc_open(pid_t pid);
/* Sends a signal to the process behind such a descriptor. 0, or -1 with errno. */
int proc_signal(int pidfd, int number);

#endif
