/* SPDX-License-Identifier: 0BSD */
/* System calls that QEMU may not make. */
#include "filter.h"

#include "fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

enum { PROGRAM_MAX = 256, ALL = -1, NEW_SPACES = 0x7e020000 };

/* A call is made only with one of these values in an argument, with none at all, else it fails. */
struct rule {
	short nr;
	unsigned char unless, error, arg, n, value[3];
	int mask;
};

static const struct rule rules[] = {
	/* another program's network and services: UDP and netlink, which Landlock lets pass, TCP's Fast Open, any UNIX socket */
	{ SYS_socket, FILTER_NET | FILTER_PATHS, EACCES, .n = 0 },
	{ SYS_socket, FILTER_PATHS, EACCES, .n = 2, .value = { AF_INET, AF_INET6 }, .mask = ALL },
	{ SYS_socket, FILTER_NET, EACCES, .n = 1, .value = { AF_UNIX }, .mask = ALL },
	{ SYS_socket, 0, EACCES, .n = 3, .value = { AF_INET, AF_INET6, AF_UNIX }, .mask = ALL },
	{ SYS_connect, FILTER_NET | FILTER_PATHS, EACCES, .n = 0 }, /* one that it was given would call anew */
	{ SYS_bind, FILTER_NET | FILTER_PATHS, EACCES, .n = 0 },
	{ SYS_socketpair, FILTER_PATHS, EACCES, .arg = 1, .n = 1, .value = { SOCK_STREAM }, .mask = 15 }, /* a datagram goes to any path */
	/* its owner's files: chmod asks Landlock nothing */
	{ SYS_chmod, FILTER_PATHS, EPERM, .n = 0 },
	{ SYS_fchmod, FILTER_PATHS, EPERM, .n = 0 },
	{ SYS_fchmodat, FILTER_PATHS, EPERM, .n = 0 },
	{ SYS_fchmodat2, FILTER_PATHS, EPERM, .n = 0 },
	{ SYS_chown, FILTER_PATHS, EPERM, .n = 0 },
	{ SYS_lchown, FILTER_PATHS, EPERM, .n = 0 },
	{ SYS_fchown, FILTER_PATHS, EPERM, .n = 0 },
	{ SYS_fchownat, FILTER_PATHS, EPERM, .n = 0 },
	{ SYS_setxattr, FILTER_PATHS, EPERM, .n = 0 },
	{ SYS_lsetxattr, FILTER_PATHS, EPERM, .n = 0 },
	{ SYS_fsetxattr, FILTER_PATHS, EPERM, .n = 0 },
	/* its owner's processes */
	{ SYS_prlimit64, 0, EPERM, .n = 1, .value = { 0 }, .mask = ALL },
	{ SYS_setpriority, 0, EPERM, .n = 0 },
	{ SYS_ioprio_set, 0, EPERM, .n = 0 },
	{ SYS_sched_setparam, 0, EPERM, .n = 0 },
	{ SYS_sched_setscheduler, 0, EPERM, .n = 0 },
	{ SYS_sched_setattr, 0, EPERM, .n = 0 },
	{ SYS_ptrace, 0, EPERM, .n = 0 },
	{ SYS_process_vm_readv, 0, EPERM, .n = 0 },
	{ SYS_process_vm_writev, 0, EPERM, .n = 0 },
	{ SYS_pidfd_getfd, 0, EPERM, .n = 0 },
	/* its caller's keys, and what all share */
	{ SYS_keyctl, 0, EPERM, .n = 0 },
	{ SYS_add_key, 0, EPERM, .n = 0 },
	{ SYS_request_key, 0, EPERM, .n = 0 },
	{ SYS_shmget, 0, EPERM, .n = 0 },
	{ SYS_semget, 0, EPERM, .n = 0 },
	{ SYS_msgget, 0, EPERM, .n = 0 },
	{ SYS_mq_open, 0, EPERM, .n = 0 },
	/* a user namespace has all capabilities, and much of the kernel to try them on; io_uring passes all of this by */
	{ SYS_unshare, 0, EPERM, .n = 0 },
	{ SYS_setns, 0, EPERM, .n = 0 },
	{ SYS_clone, 0, EPERM, .arg = FILTER_CLONE_FLAGS, .n = 1, .value = { 0 }, .mask = NEW_SPACES },
	{ SYS_clone3, 0, ENOSYS, .n = 0 },
	{ SYS_bpf, 0, EPERM, .n = 0 },
	{ SYS_perf_event_open, 0, EPERM, .n = 0 },
	{ SYS_io_uring_setup, 0, ENOSYS, .n = 0 },
};

/* A tap that it was given stays what it is, and goes with it. */
static const uint32_t no_ioctl[] = { TUNSETPERSIST, TUNSETOWNER, TUNSETGROUP, TUNSETLINK, TUNSETIFINDEX, SIOCSIFHWADDR };

struct program {
	struct sock_filter step[PROGRAM_MAX];
	unsigned short n;
};

static void put(struct program *p, unsigned short code, uint32_t k, unsigned char yes, unsigned char no)
{
	p->step[p->n++] = (struct sock_filter){ code, yes, no, k };
}

static void load(struct program *p, size_t at)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)at, 0, 0);
}

static void end(struct program *p, int error)
{
	put(p, BPF_RET | BPF_K, error ? SECCOMP_RET_ERRNO | (uint32_t)error : SECCOMP_RET_ALLOW, 0, 0);
}

/* The low half of an argument: all that are looked at are 32 bits wide. */
static size_t argument(unsigned int i)
{
	static const uint16_t one = 1;

	return offsetof(struct seccomp_data, args) + i * sizeof(uint64_t) + (*(const unsigned char *)&one ? 0 : 4);
}

static void put_rule(struct program *p, const struct rule *r)
{
	if (!r->n) {
		put(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)r->nr, 0, 1);
		end(p, r->error);
		return;
	}
	put(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)r->nr, 0, (unsigned char)(r->n + 4));
	load(p, argument(r->arg));
	put(p, BPF_ALU | BPF_AND | BPF_K, (uint32_t)r->mask, 0, 0);
	for (unsigned char i = 0; i < r->n; i++)
		put(p, BPF_JMP | BPF_JEQ | BPF_K, r->value[i], (unsigned char)(r->n - i), 0);
	end(p, r->error);
	end(p, 0);
}

static void put_ioctls(struct program *p)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, COUNT(no_ioctl) + 3);
	load(p, argument(1));
	for (size_t i = 0; i < COUNT(no_ioctl); i++)
		put(p, BPF_JMP | BPF_JEQ | BPF_K, no_ioctl[i], (unsigned char)(COUNT(no_ioctl) - i), 0);
	end(p, 0);
	end(p, EPERM);
}

/* What the ELF header says of the machine, as seccomp names it (linux/audit.h); 0: no ELF. */
static uint32_t machine(const unsigned char *elf)
{
	uint16_t type;

	memcpy(&type, elf + 18, sizeof(type));
	return memcmp(elf, "\177ELF", 4) != 0 ? 0 : type | (elf[4] == 2 ? 0x80000000U : 0) | (elf[5] == 1 ? 0x40000000U : 0);
}

static int is_foreign(const char *program, uint32_t ours)
{
	unsigned char elf[20];
	int fd = open(program, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : fd_read(fd, elf, sizeof(elf));

	fd_close(&fd);
	return n == sizeof(elf) && machine(elf) && machine(elf) != ours;
}

int filter_enter(const char *program, int wants)
{
	extern const unsigned char header[] __asm__("__ehdr_start"); /* the linker's: our own ELF header */
	uint32_t ours = machine(header);
	struct program p = { .n = 0 };

	if (is_foreign(program, ours))
		return 0;
	load(&p, offsetof(struct seccomp_data, arch));
	put(&p, BPF_JMP | BPF_JEQ | BPF_K, ours, 1, 0);
	end(&p, ENOSYS); /* the same calls by other numbers */
	load(&p, offsetof(struct seccomp_data, nr));
	put(&p, BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1); /* x32, the same again */
	end(&p, ENOSYS);
	for (size_t i = 0; i < COUNT(rules); i++)
		if (!(rules[i].unless & wants))
			put_rule(&p, &rules[i]);
	put_ioctls(&p);
	end(&p, 0);
	const struct sock_fprog whole = { p.n, p.step };
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole) < 0 && errno != EINVAL ? -1 : 0;
}
