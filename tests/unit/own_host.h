/* SPDX-License-Identifier: 0BSD */
/* A host of a unit test's own in its scratch folder: places, and a QEMU that is a shell script. */
#ifndef OWN_HOST_H
#define OWN_HOST_H

#include "scratch.h"

#include "host.h"

/* etc, run and vm; PATH is bin alone, and the script there is qemu-system-x86_64. */
static inline void own_host_begin(struct host *h, const char *script)
{
	static const char *const dirs[] = { "etc", "run", "vm", "bin" };
	struct buf errors = { 0 };
	struct err e;
	int code;

	umask(022);
	close(scratch_begin());
	for (int i = 0; i < 4; i++)
		mkdir(scratch_path(dirs[i]), 0755);
	chmod(scratch, 0755);
	setenv("QEMU_INIT_ETC", scratch_path("etc"), 1);
	setenv("QEMU_INIT_RUN", scratch_path("run"), 1);
	setenv("QEMU_INIT_DAT", scratch_path("vm"), 1);
	setenv("PATH", scratch_path("bin"), 1);
	scratch_write("etc/monitor.conf", "MONPORT=33000\n");
	scratch_write("etc/default.rc", "ACCEL=tcg\nTGTARCH=qemu-system-x86_64\nDISPLAY=none\n");
	scratch_write("bin/qemu-system-x86_64", script);
	chmod(scratch_path("bin/qemu-system-x86_64"), 0755);
	if (host_load(h, &errors, &code, &e) < 0 || code != DONE)
		exit(1);
	buf_free(&errors);
}

/* Registers vm/NAME with that rc-file, and reads the registry anew. */
static inline void own_host_register(struct host *h, const char *name, const char *rc)
{
	char path[128], line[512], file[64];
	struct buf errors = { 0 };
	struct err e;
	int code, fd;

	snprintf(path, sizeof(path), "vm/%s", name);
	mkdir(scratch_path(path), 0755);
	snprintf(file, sizeof(file), "vm/%s/%s-qemu.rc", name, name);
	scratch_write(file, rc);
	fd = open(scratch_path("etc/registered"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	snprintf(line, sizeof(line), "%s %s\n", name, scratch_path(path));
	if (fd < 0 || write(fd, line, strlen(line)) != (ssize_t)strlen(line))
		exit(1);
	close(fd);
	host_free(h);
	if (host_load(h, &errors, &code, &e) < 0 || code != DONE)
		exit(1);
	buf_free(&errors);
}

#endif
