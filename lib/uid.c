/* SPDX-License-Identifier: 0BSD */
/* The uid and gid of a QEMU. */
#include "uid.h"

#include "clock.h"
#include "fd.h"
#include "file.h"
#include "proc.h"
#include "text.h"
#include "user.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Where a user namespace does not hold UIDBASE: systemd's "HostRange for containers" ends at 60705, 61184 begins the
 * dynamic users (systemd's UIDS-GIDS); what lies between is nobody's and inside the usual map of 65536. */
enum { FALLBACK_FIRST = 60706, FALLBACK_LAST = 61183 };
enum { MAP_ROOM = 4096 };

static int read_runas(struct uid_plan *p, const char *runas, const char *passwd, const char *group, struct err *e)
{
	char user[64];
	const char *colon = strchr(runas, ':');
	size_t n = colon ? (size_t)(colon - runas) : strlen(runas);

	if (n >= sizeof(user))
		return err_code(e, NOT_CONFIGURED, "%s: too long", runas);
	memcpy(user, runas, n);
	user[n] = '\0';
	if (strcmp(user, "root") == 0)
		p->uid = p->gid = 0; /* also where there is no passwd */
	else if (user_number(user, &p->uid) == 0)
		p->gid = p->uid;
	else if (user_find(passwd, user, &p->uid, &p->gid) < 0)
		return err_code(e, NOT_CONFIGURED, "%s: no such user in %s (a number needs none)", user, passwd);
	if (colon && user_number(colon + 1, &p->gid) < 0 && user_find(group, colon + 1, &p->gid, NULL) < 0)
		return err_code(e, NOT_CONFIGURED, "%s: no such group in %s (a number needs none)", colon + 1, group);
	p->way = p->uid == geteuid() && p->gid == getegid() ? UID_SAME : UID_NAMED;
	if (p->way == UID_NAMED && geteuid() != 0)
		return err_code(e, NO_RIGHT, "%s: only root can start a QEMU as somebody else", runas);
	return 0;
}

static int range_there(unsigned long first, unsigned long n)
{
	static const char *const maps[] = { "/proc/self/uid_map", "/proc/self/gid_map" };
	char text[MAP_ROOM];

	for (int i = 0; i < 2; i++)
		if (file_peek(AT_FDCWD, maps[i], text, sizeof(text)) >= 0 && !proc_map_holds(text, first, n))
			return 0;
	return 1; /* without a /proc the kernel's own answer to setuid decides */
}

int uid_plan(struct uid_plan *p, const char *runas, uid_t base, const char *passwd, const char *group, struct err *e)
{
	*p = (struct uid_plan){ .way = UID_SAME };
	if (*runas)
		return read_runas(p, runas, passwd, group, e);
	if (geteuid() != 0)
		return 0;
	p->way = UID_OWN;
	p->uid = p->gid = base;
	p->n = SITE_UIDS;
	if (range_there(base, SITE_UIDS))
		return 0;
	p->uid = p->gid = FALLBACK_FIRST;
	p->n = FALLBACK_LAST - FALLBACK_FIRST + 1;
	if (range_there(p->uid, p->n))
		return 0;
	return err_set(e, "no range of uids for QEMU in this user namespace (neither %ld.. nor %d..): RUNAS=root runs it as root",
		       (long)base, FALLBACK_FIRST);
}

static int become(uid_t uid, gid_t gid, gid_t extra, struct err *e)
{
	if (proc_become(uid, gid, extra) < 0)
		return err_sys(e, "become uid %ld", (long)uid);
	return 0;
}

/* The file has one for each uid that was ever given, at a place of its own: a range is much smaller than RECORDS. */
struct record {
	long long uid, turn;
};
enum { RECORDS = 65536 };

/* Reads the uid's record, and returns its offset; if there is none turn is 0. */
static off_t find_record(int fd, uid_t uid, struct record *r)
{
	off_t at = (off_t)(uid % RECORDS * sizeof(*r));

	if (pread(fd, r, sizeof(*r), at) != sizeof(*r) || r->uid != (long long)uid)
		*r = (struct record){ .uid = uid };
	return at;
}

static int write_turn(int fd, uid_t uid, long long *turn)
{
	struct record r;
	off_t at = find_record(fd, uid, &r);

	/* a moment rather than a count: no turn comes again when the file was deleted */
	int64_t now = clock_boot_ms();
	*turn = r.turn = now > r.turn ? now : r.turn + 1;
	return pwrite(fd, &r, sizeof(r), at) == sizeof(r) ? 0 : -1;
}

int uid_lives(const char *lock_path, uid_t uid, long long turn)
{
	struct record r = { 0 };

	if (!proc_uid_runs(uid))
		return 0;
	int fd = open(lock_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0)
		find_record(fd, uid, &r);
	fd_close(&fd);
	return !r.turn || r.turn == turn;
}

int uid_become(const struct uid_plan *p, gid_t extra, int lock, long long *turn, struct err *e)
{
	unsigned int i = 0;

	*turn = 0;
	if (p->way == UID_SAME)
		return 0;
	if (p->way == UID_NAMED)
		return become(p->uid, p->gid, extra, e);
	if (flock(lock, LOCK_EX) < 0)
		return err_sys(e, "lock the uids");
	while (i < p->n && proc_uid_alive(p->uid + i))
		i++;
	int done = i == p->n ? err_set(e, "all %u uids from %ld are taken", p->n, (long)p->uid)
		   : write_turn(lock, p->uid + i, turn) < 0 ? err_sys(e, "write to the uids")
							    : become(p->uid + i, p->gid + i, extra, e);
	flock(lock, LOCK_UN); /* from here on the kernel shows the uid as taken */
	return done;
}
