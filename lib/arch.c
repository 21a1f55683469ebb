/* SPDX-License-Identifier: 0BSD */
/* What differs between the architectures that QEMU emulates, and which one this host is. */
#include "arch.h"

#include "fd.h"
#include "file.h"
#include "fmt.h"
#include "guard.h"
#include "text.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

static const char prefix[] = "qemu-system-";

/* cpu: `max` is what the accelerator can give; the machines' own defaults are too old for today's guests (x86), or
 * 32 bits wide (aarch64) */
static const struct arch archs[] = {
	{ "x86_64", "x86_64", "pc", "max" },
	{ "i386", "i686", "pc", "max" },
	{ "aarch64", "aarch64", "virt", "max" },
	{ "arm", "armv7l", "virt", "" },
	{ "riscv64", "riscv64", "virt", "" },
	{ "riscv32", "riscv32", "virt", "" },
	{ "loongarch64", "loongarch64", "virt", "" },
	{ "ppc64", "ppc64le", "pseries", "" },
	{ "s390x", "s390x", "s390-ccw-virtio", "" },
};

struct arch arch_of(const char *target)
{
	const char *suffix = text_begins(target, prefix) ? target + sizeof(prefix) - 1 : target;

	for (size_t i = 0; i < sizeof(archs) / sizeof(*archs); i++)
		if (strcmp(archs[i].suffix, suffix) == 0)
			return archs[i];
	return (struct arch){ suffix, "", "", "" };
}

static const char *host_suffix(void)
{
	static const struct { const char *uname, *suffix; } also[] = {
		{ "i586", "i386" }, { "i486", "i386" }, { "armv6l", "arm" }, { "armv8l", "arm" }, { "ppc64", "ppc64" },
	};
	struct utsname u;

	if (uname(&u) < 0)
		return archs[0].suffix;
	for (size_t i = 0; i < sizeof(archs) / sizeof(*archs); i++)
		if (strcmp(archs[i].uname, u.machine) == 0)
			return archs[i].suffix;
	for (size_t i = 0; i < sizeof(also) / sizeof(*also); i++)
		if (strcmp(also[i].uname, u.machine) == 0)
			return also[i].suffix;
	return archs[0].suffix;
}

void arch_host(char *target, size_t room)
{
	fmt(target, room, "%s%s", prefix, host_suffix());
}

int arch_kvm(const char *target)
{
	const char *host = host_suffix();
	const char *suffix = arch_of(target).suffix;

	if (strcmp(suffix, host) != 0 && !(strcmp(host, "x86_64") == 0 && strcmp(suffix, "i386") == 0))
		return 0;
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int there = fd >= 0 && ioctl(fd, KVM_GET_API_VERSION, 0) == KVM_API_VERSION;
	fd_close(&fd);
	return there;
}

gid_t arch_kvm_group(void)
{
	struct stat st;

	return stat("/dev/kvm", &st) < 0 || st.st_gid == 0 || (st.st_mode & 060) != 060 ? (gid_t)-1 : st.st_gid;
}

static int is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* The next absolute place of *dirs: an empty or relative one would run what lies in the current directory. Its length, 0 at
 * the end; *dirs moves behind it. */
static size_t next_dir(const char **dirs, const char **dir)
{
	size_t n;

	while (**dirs) {
		*dir = *dirs;
		n = strcspn(*dirs, ":");
		*dirs += n + ((*dirs)[n] == ':');
		if (**dir == '/' || !guarded(GUARD_PATH))
			return n;
	}
	return 0;
}

static const char *search_path(void)
{
	const char *dirs = getenv("PATH");

	return dirs && *dirs ? dirs : ARCH_PATH;
}

int arch_find_in(const char *dirs, const char *program, char *path, size_t room)
{
	const char *dir;
	size_t n;

	while ((n = next_dir(&dirs, &dir)))
		if (fmt(path, room, "%.*s/%s", (int)n, dir, program) < (int)room && is_program(path))
			return 0;
	return -1;
}

int arch_find(const char *program, char *path, size_t room)
{
	return arch_find_in(search_path(), program, path, room);
}

static int begins(const char *path, const char *mark)
{
	char begin[8];

	return file_peek(AT_FDCWD, path, begin, sizeof(begin)) > 0 && text_begins(begin, mark);
}

int arch_qemu(const char *program, char *path, size_t room)
{
	char real[PATH_MAX], itself[PATH_MAX + sizeof("/../libexec/")];
	const char *name;

	if (arch_find(program, path, room) < 0)
		return -1;
	if (!begins(path, "#!") || file_real(path, real, sizeof(real)) < 0 || !(name = strrchr(real, '/')))
		return 0;
	fmt(itself, sizeof(itself), "%.*s/../libexec%s", (int)(name - real), real, name);
	if (!is_program(itself) || !begins(itself, "\177ELF") || file_real(itself, real, sizeof(real)) < 0 || strlen(real) >= room)
		return 0;
	return text_copy(path, room, real);
}

int arch_any(char *target, size_t room)
{
	const char *dirs = search_path(), *dir;
	char path[PATH_MAX];
	int found = -1;
	size_t n;

	while (found < 0 && (n = next_dir(&dirs, &dir))) {
		fmt(path, sizeof(path), "%.*s", (int)n, dir);
		DIR *list = opendir(path);
		for (struct dirent *d; list && found < 0 && (d = readdir(list));) {
			fmt(path, sizeof(path), "%.*s/%s", (int)n, dir, d->d_name);
			if (text_begins(d->d_name, prefix) && is_program(path))
				found = text_copy(target, room, d->d_name);
		}
		if (list)
			closedir(list);
	}
	return found;
}
