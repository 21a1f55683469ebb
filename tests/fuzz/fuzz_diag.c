/* SPDX-License-Identifier: 0BSD */
/* diag: the kernel's answers and tables: netlink, /proc/net/tcp and tcp6, uid_map, mountinfo, /proc/PID/status. */
#include "fuzz.h"

#include "busy.h"
#include "diag.h"
#include "gate.h"
#include "proc.h"
#include "text.h"

#include <sys/socket.h>
#include <sys/sysmacros.h>

static void check(const struct diag_answer *a)
{
	static const uint8_t zero[12];

	MUST(a->pair.family == AF_INET || a->pair.family == AF_INET6);
	MUST(a->pair.family == AF_INET6 || (!memcmp(a->pair.theirs + 4, zero, 12) && !memcmp(a->pair.ours + 4, zero, 12)));
	MUST(diag_same(&a->pair, &a->pair));
}

static void read_status(const char *status)
{
	struct peers nobody = { .owner = 0 }, some = { .groups = 1, .group = { 27 } };

	MUST(!proc_status_runs(status, 7) || (text_in(status, "\nUid:") && text_in(status, "7")));
	MUST(!gate_group(status, &nobody));
	MUST(!gate_group(status, &some) || (text_in(status, "\nGid:\t") && text_in(status, "27")));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const dev_t devices[] = { makedev(7, 0), makedev(8, 1) };
	char *text = fuzz_text(bytes, n), where[BUSY_WHERE] = "";
	const char *rest = (const char *)bytes, *line;
	size_t left = n, len;
	struct diag_answer a;

	if (diag_parse(bytes, n, &a) == 1)
		check(&a);
	while ((line = text_line(&rest, &left, &len)))
		if (diag_parse_proc(line, len, &a))
			check(&a);
	read_status(text);
	proc_map_holds(text, 1879048192, 4096);
	MUST(!busy_mounted(text, devices, 2, where) || strlen(where) < sizeof(where));
	free(text);
	return 0;
}
