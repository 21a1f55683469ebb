/* SPDX-License-Identifier: 0BSD */
/* The gate: who may speak through a TCP port of a VM. */
#include "gate.h"

#include "clock.h"
#include "text.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

/* Which rules are in force, a bit each. Only tests build it with fewer, to prove that they notice. */
#ifndef GATE_RULES
#define GATE_RULES 7
#endif

enum { RULE_UID = 1, RULE_PROCESS = 2, RULE_WORDS = 4, SEARCH_MS = 500 };

const char gate_short[] = "the host is short of descriptors or memory";
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
	if (c->nobody && c->answer.uid == c->overflow)
		return "the caller's user is not known here";
	return c->answer.uid == c->owner ? NULL : "this VM belongs to another user";
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

static int judge(void *arg, pid_t pid, const char *exe)
{
	const char **why = arg;

	(void)pid;
	*why = gate_process(exe);
	return *why != NULL;
}

/* After a question that failed. */
static const char *unless_short(const char *why)
{
	return errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS ? gate_short : why;
}

static const char *admit_process(uint64_t inode)
{
	static const char none[] = "the calling program was not found";
	const char *why = NULL;

	if (!(GATE_RULES & RULE_PROCESS))
		return NULL;
	int holders = diag_holders(inode, clock_in(SEARCH_MS), judge, &why);
	if (holders < 0)
		return unless_short(none);
	return holders ? why : none;
}

const char *gate_admit(int fd, uid_t owner)
{
	struct gate_call c = { .owner = owner };

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
	if (!why)
		why = admit_process(c.answer.inode);
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
