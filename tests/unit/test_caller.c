/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "caller.h"
#include "fd.h"
#include "request.h"
#include "scratch.h"
#include "sock.h"
#include "state.h"

#include <sys/wait.h>

/* Answers one request as a keeper does. */
static pid_t keep(const char *reply)
{
	struct err e;
	char line[256] = "";
	int listener = sock_listen_unix(scratch_path("web/keep.sock"), 0600, 1, &e);
	pid_t pid = fork();

	if (pid == 0) {
		fcntl(listener, F_SETFL, 0);
		int fd = accept(listener, NULL, NULL);
		_exit(fd_read(fd, line, sizeof(line) - 1) <= 0 || strcmp(line, "qinit 1 caller 34567 \n") != 0 ||
		      fd_write(fd, reply, strlen(reply)) < 0);
	}
	close(listener);
	return pid;
}

static void asks(uint16_t port, const char *reply, const char *want)
{
	struct buf out = { 0 };
	int status = 0;
	pid_t pid = reply ? keep(reply) : 0;

	caller_at(port, &out);
	CHECK_TEXT(buf_text(&out), want);
	buf_free(&out);
	if (pid)
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	unlink(scratch_path("web/keep.sock"));
}

int main(void)
{
	int dir = scratch_begin();

	setenv("QEMU_INIT_RUN", scratch, 1);
	mkdir(scratch_path("web"), 0700);
	mkdir(scratch_path("foreign"), 0700);
	scratch_write("web/lock", "");
	scratch_write("web/state", "version=1\nmonport=34467\nctlport=34567\n");
	asks(34567, "= 0 12's nc (uid 5)\n", "12's nc (uid 5)");
	asks(34567, "= 0 \n", "");
	asks(34567, "= 98 unknown\n", "");
	asks(34567, NULL, "");	/* no keeper */
	asks(34566, NULL, "");
	close(dir);
	return unit_failed;
}
