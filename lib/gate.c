/* SPDX-License-Identifier: 0BSD */
/* The gate: who may speak through a TCP port of a VM. */
#include "gate.h"

#include "clock.h"
#include "file.h"
#include "fmt.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/stat.h>

/* Which rules are in force, a bit each. Only tests build it with fewer, to prove that they notice. */
#ifndef GATE_RULES
#define GATE_RULES 7
#endif

enum { RULE_UID = 1, RULE_PROCESS = 2, RULE_WORDS = 4, SEARCH_MS = 500, STATUS_ROOM = 8192 };

const char gate_short[] = "the host is short of descriptors, memory or time";
const char gate_stranger[] = "this VM belongs to another user";
static const char gone[] = "the caller is gone";
static const char unknown[] = "the kernel does not say whose connection this is";

/* The programs that a guest speaks through: QEMU itself (`user` networking), and the user-mode networks beside it. */
static const char *const guests[] = {
	"qemu-system-", "qemu-kvm", "kvm", "passt", "pasta", "slirp4netns", "gvproxy", "rootless", "vpnkit",
};

int gate_alive(int state)
{
	return !(GATE_RULES & RULE_UID) || state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT;
}

/* A caller may have half closed already (nc -N), or have been half closed by us. */
static int theirs_alive(int state)
{
	return gate_alive(state) || state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2;
}

const char *gate_uid(const struct gate_call *c)
{
	if (!(GATE_RULES & RULE_UID))
		return NULL;
	if (!diag_same(&c->asked, &c->answer.pair))
		return unknown;
	/* the kernel reports what nobody holds any more as uid 0; and a reset caller's port may have a new user by now */
	if (c->answer.inode == 0 || !theirs_alive(c->answer.state) || !gate_alive(c->state))
		return gone;
	if (c->nobody && c->answer.uid == c->overflow && !c->peers->any)
		return "the caller's user is not known here";
	return peer_user(c->peers, c->answer.uid) ? NULL : gate_stranger;
}

const char *gate_process(const char *exe)
{
	if (!(GATE_RULES & RULE_PROCESS))
		return NULL;
	if (!exe)
		return "the calling program cannot be read";
	const char *slash = strrchr(exe, '/');
	const char *name = slash ? slash + 1 : exe;
	for (size_t i = 0; i < sizeof(guests) / sizeof(guests[0]); i++)
		if (text_begins(name, guests[i]))
			return "a guest's network is calling";
	return NULL;
}

/* A container in this host's network has another root, and most have namespaces of their own, whatever their uid is. */
static const char *contained(int dir)
{
	static const char *const parts[] = { "ns/user", "ns/pid", "root" };
	struct stat theirs, ours;
	char path[32];

	for (size_t i = 0; (GATE_RULES & RULE_PROCESS) && i < sizeof(parts) / sizeof(*parts); i++) {
		fmt(path, sizeof(path), "/proc/self/%s", parts[i]);
		int lacks = stat(path, &ours) < 0; /* not in this kernel */
		fmt(path, sizeof(path), "../%s", parts[i]);
		if (!lacks && (fstatat(dir, path, &theirs, 0) < 0 || theirs.st_dev != ours.st_dev || theirs.st_ino != ours.st_ino))
			return "the caller is in a container";
	}
	return NULL;
}

int gate_group(const char *status, const struct peers *peers)
{
	static const char acts[] = "\nGid:\t", besides[] = "\nGroups:\t";
	const char *gid = text_in(status, acts), *more = text_in(status, besides);
	unsigned long long id;

	if (!gid || !more)
		return 0;
	gid = text_digits(gid + sizeof(acts) - 1, &id); /* the real one comes first */
	int has = gid && text_digits(gid, &id) && peer_group(peers, (gid_t[]){ (gid_t)id }, 1);
	for (more += sizeof(besides) - 1; (more = text_digits(more, &id));)
		has |= peer_group(peers, (gid_t[]){ (gid_t)id }, 1);
	return has;
}

static int has_group(int dir, const struct peers *peers)
{
	char text[STATUS_ROOM];
	int n = file_peek(dir, "../status", text, sizeof(text));

	/* cut, and the last number may be another's */
	return n >= 0 && n < STATUS_ROOM - 1 && gate_group(text, peers);
}

struct judgement {
	const struct peers *peers;
	int by_group;		/* its uid alone does not let it in */
	struct gate_who *who;
	const char *why;
};

static int judge(void *arg, pid_t pid, int dir, const char *exe)
{
	struct judgement *j = arg;
	const char *slash = exe ? strrchr(exe, '/') : NULL;

	j->who->pid = pid;
	fmt(j->who->program, sizeof(j->who->program), "%s", slash ? slash + 1 : "");
	j->why = gate_process(exe);
	if (!j->why)
		j->why = contained(dir);
	if (!j->why && j->by_group && !has_group(dir, j->peers))
		j->why = gate_stranger;
	return j->why != NULL;
}

/* After a question that failed. */
static const char *unless_short(const char *why)
{
	return errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS || errno == ETIMEDOUT ? gate_short : why;
}

static const char *admit_process(uint64_t inode, struct judgement *j)
{
	const char *none = j->by_group ? gate_stranger : "the calling program was not found";

	if (!(GATE_RULES & RULE_PROCESS) && !j->by_group)
		return NULL;
	int holders = diag_holders(inode, clock_in(SEARCH_MS), judge, j);
	if (holders < 0)
		return unless_short(none);
	return holders || j->peers->any ? j->why : none;
}

const char *gate_admit(int fd, const struct peers *peers, struct gate_who *who)
{
	struct gate_call c = { .peers = peers };
	struct judgement j = { .peers = peers, .who = who };

	*who = (struct gate_who){ .uid = (uid_t)-1 };
	if (!(GATE_RULES & (RULE_UID | RULE_PROCESS)))
		return NULL;
	if (diag_pair(fd, &c.asked) < 0)
		return gone;
	int got = diag_ask(&c.asked, &c.answer);
	if (got <= 0)
		return got < 0 ? unless_short(unknown) : gone;
	c.nobody = diag_nobody(&c.overflow);
	c.state = diag_tcp_state(fd);
	const char *why = gate_uid(&c);
	if (c.answer.inode)
		who->uid = c.answer.uid; /* of a connection that nobody holds the kernel says 0 */
	j.by_group = why == gate_stranger && peers->groups;
	if (!why || j.by_group)
		why = admit_process(c.answer.inode, &j);
	if (!why && !gate_alive(diag_tcp_state(fd)))
		why = gone;
	return why;
}

/* What an HMP line or a key at its readline begins with; 0x16 opens a TLS hello. */
static int begins_line(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || c == '?' || c == '{' || c == ' ' || c == 0x7f || (c < ' ' && c != 0x16);
}

/* 1 when s completes " HTTP/", which can begin anew only at its blank. */
static int match(struct gate_words *w, char c)
{
	static const char mark[] = " HTTP/";

	if (c == mark[w->matched])
		w->matched++;
	else
		w->matched = c == mark[0];
	return mark[w->matched] == '\0';
}

/* A line with nothing to read in it is no first line: a frame of TCP-ICE (RFC 4571) begins with its length, 0x01 0x0a. */
static void end_line(struct gate_words *w)
{
	w->over = w->seen;
	w->n = w->matched = 0;
}

const char *gate_words(struct gate_words *w, const char *s, size_t n)
{
	if (!(GATE_RULES & RULE_WORDS))
		return NULL;
	for (size_t i = 0; i < n && !w->over; i++) {
		/* no key of a monitor sends NUL; a web page's WebRTC (STUN, TURN) does, at once */
		if (s[i] == '\0' || (w->n == 0 && !begins_line((unsigned char)s[i])))
			return "no command of a monitor begins so";
		if (s[i] == '\r' || s[i] == '\n') {
			end_line(w);
			continue;
		}
		w->seen |= (unsigned char)s[i] > ' ' && s[i] != 0x7f;
		if (match(w, s[i]))
			return "this is a web request";
		if (++w->n > GATE_LINE_MAX)
			return "the first line is longer than 4096 bytes";
	}
	return NULL;
}
