/* SPDX-License-Identifier: 0BSD */
/* Whose a TCP connection of this host is. */
#include "diag.h"

#include "clock.h"
#include "fd.h"
#include "file.h"
#include "fmt.h"
#include "text.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROWS_MAX = 65536, FIELDS = 10, NOBODY = 65534 };

static const uint8_t wrapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

/* A program with an IPv6 socket may call 127.0.0.1 as ::ffff:127.0.0.1: one connection, told in two ways. */
static void unwrap(struct diag_pair *p)
{
	if (p->family != AF_INET6 || memcmp(p->theirs, wrapped, 12) != 0 || memcmp(p->ours, wrapped, 12) != 0)
		return;
	p->family = AF_INET;
	memmove(p->theirs, p->theirs + 12, 4);
	memset(p->theirs + 4, 0, 12);
	memmove(p->ours, p->ours + 12, 4);
	memset(p->ours + 4, 0, 12);
}

static int end_of(const struct sockaddr_storage *a, uint8_t *address, uint16_t *port)
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;

	if (a->ss_family == AF_INET) {
		memcpy(&in4, a, sizeof(in4));
		memcpy(address, &in4.sin_addr, 4);
		*port = ntohs(in4.sin_port);
		return 0;
	}
	if (a->ss_family == AF_INET6) {
		memcpy(&in6, a, sizeof(in6));
		memcpy(address, &in6.sin6_addr, 16);
		*port = ntohs(in6.sin6_port);
		return 0;
	}
	errno = EAFNOSUPPORT;
	return -1;
}

int diag_pair(int fd, struct diag_pair *p)
{
	struct sockaddr_storage ours = { 0 }, theirs = { 0 };
	socklen_t n = sizeof(ours);

	*p = (struct diag_pair){ 0 };
	if (getsockname(fd, (struct sockaddr *)&ours, &n) < 0)
		return -1;
	n = sizeof(theirs);
	if (getpeername(fd, (struct sockaddr *)&theirs, &n) < 0)
		return -1;
	if (end_of(&ours, p->ours, &p->our_port) < 0 || end_of(&theirs, p->theirs, &p->their_port) < 0)
		return -1;
	p->family = ours.ss_family;
	unwrap(p);
	return 0;
}

int diag_same(const struct diag_pair *a, const struct diag_pair *b)
{
	return a->family == b->family && a->their_port == b->their_port && a->our_port == b->our_port &&
		memcmp(a->theirs, b->theirs, sizeof(a->theirs)) == 0 && memcmp(a->ours, b->ours, sizeof(a->ours)) == 0;
}

static int parse_answer(const struct inet_diag_msg *m, struct diag_answer *a)
{
	size_t n = m->idiag_family == AF_INET6 ? 16 : 4;

	if (m->idiag_family != AF_INET && m->idiag_family != AF_INET6) {
		errno = EPROTO;
		return -1;
	}
	*a = (struct diag_answer){ .uid = m->idiag_uid, .inode = m->idiag_inode, .state = m->idiag_state };
	a->pair.family = m->idiag_family;
	a->pair.their_port = ntohs(m->id.idiag_sport);
	a->pair.our_port = ntohs(m->id.idiag_dport);
	memcpy(a->pair.theirs, m->id.idiag_src, n);
	memcpy(a->pair.ours, m->id.idiag_dst, n);
	unwrap(&a->pair);
	return 1;
}

int diag_parse(const void *bytes, size_t n, struct diag_answer *a)
{
	const char *body = (const char *)bytes + NLMSG_HDRLEN;
	struct nlmsghdr h;
	struct inet_diag_msg m;
	int why;

	errno = EPROTO;
	if (n < NLMSG_HDRLEN)
		return -1;
	memcpy(&h, bytes, sizeof(h));
	if (h.nlmsg_len < NLMSG_HDRLEN || h.nlmsg_len > n)
		return -1;
	n = h.nlmsg_len - NLMSG_HDRLEN;
	if (h.nlmsg_type == SOCK_DIAG_BY_FAMILY && n >= sizeof(m)) {
		memcpy(&m, body, sizeof(m));
		return parse_answer(&m, a);
	}
	if (h.nlmsg_type != NLMSG_ERROR || n < sizeof(why))
		return -1;
	memcpy(&why, body, sizeof(why));
	if (why == -ENOENT)
		return 0;
	if (why < 0 && why > -4096)
		errno = -why;
	return -1;
}

/* The kernel answers before send returns, so that nothing is waited for. */
static int ask_kernel(const struct diag_pair *p, struct diag_answer *a)
{
	struct { struct nlmsghdr h; struct inet_diag_req_v2 r; } ask = {
		.h = { .nlmsg_len = sizeof(ask), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST },
		.r = { .sdiag_family = (uint8_t)p->family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = ~0U },
	};
	char bytes[1024];
	struct sockaddr_nl from = { 0 };
	socklen_t size = sizeof(from);
	int got = -1;

	ask.r.id.idiag_sport = htons(p->their_port);
	ask.r.id.idiag_dport = htons(p->our_port);
	memcpy(ask.r.id.idiag_src, p->theirs, 16);
	memcpy(ask.r.id.idiag_dst, p->ours, 16);
	ask.r.id.idiag_cookie[0] = ask.r.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
	if (fd < 0)
		return -1;
	if (send(fd, &ask, sizeof(ask), MSG_DONTWAIT) == (ssize_t)sizeof(ask)) {
		ssize_t n = recvfrom(fd, bytes, sizeof(bytes), MSG_DONTWAIT, (struct sockaddr *)&from, &size);
		if (n >= 0 && from.nl_pid == 0)
			got = diag_parse(bytes, (size_t)n, a);
	}
	fd_close(&fd);
	return got;
}

static int digits(const char *s, size_t n, uint32_t *out)
{
	*out = 0;
	for (size_t i = 0; i < n; i++) {
		if (!isxdigit((unsigned char)s[i]))
			return -1;
		*out = *out << 4 | (uint32_t)(isdigit((unsigned char)s[i]) ? s[i] - '0' : (s[i] | 0x20) - 'a' + 10);
	}
	return 0;
}

/* "0100007F:1F90": words of 32 bits as this machine's integers. The length of the address in bytes, or 0. */
static size_t parse_end(const char *s, uint8_t *address, uint16_t *port)
{
	size_t n = strcspn(s, ":");
	uint32_t word;

	if ((n != 8 && n != 32) || strlen(s) != n + 5)
		return 0;
	for (size_t i = 0; i < n / 8; i++) {
		if (digits(s + i * 8, 8, &word) < 0)
			return 0;
		memcpy(address + i * 4, &word, 4);
	}
	if (digits(s + n + 1, 4, &word) < 0)
		return 0;
	*port = (uint16_t)word;
	return n / 2;
}

static int parse_row(char *const *field, struct diag_answer *a)
{
	size_t n = parse_end(field[1], a->pair.theirs, &a->pair.their_port);
	uint32_t state;
	long long uid, inode;

	if (!n || n != parse_end(field[2], a->pair.ours, &a->pair.our_port) ||
	    strlen(field[3]) != 2 || digits(field[3], 2, &state) < 0 ||
	    text_number(field[7], 0, UINT32_MAX, &uid) < 0 || text_number(field[9], 0, LLONG_MAX, &inode) < 0)
		return 0;
	a->pair.family = n == 4 ? AF_INET : AF_INET6;
	a->uid = (uid_t)uid;
	a->inode = (uint64_t)inode;
	a->state = (int)state;
	unwrap(&a->pair);
	return 1;
}

int diag_parse_proc(const char *line, size_t n, struct diag_answer *a)
{
	char text[256], *field[FIELDS], *rest;
	size_t i = 0;

	*a = (struct diag_answer){ 0 };
	if (n >= sizeof(text) || memchr(line, '\0', n))
		return 0;
	memcpy(text, line, n);
	text[n] = '\0';
	for (char *s = strtok_r(text, " \t\r\n", &rest); s && i < FIELDS; s = strtok_r(NULL, " \t\r\n", &rest))
		field[i++] = s;
	return i == FIELDS ? parse_row(field, a) : 0;
}

/* Who gets the rows of a table: other than 0 ends the reading. */
struct rows {
	int (*each)(void *arg, const struct diag_answer *a);
	void *arg;
};

static int read_lines(const char **rest, size_t *n, const struct rows *r)
{
	const char *end;
	struct diag_answer a;
	int rows = 0;

	while ((end = memchr(*rest, '\n', *n))) {
		if (diag_parse_proc(*rest, (size_t)(end - *rest), &a) && r->each(r->arg, &a))
			return -1;
		*n -= (size_t)(end + 1 - *rest);
		*rest = end + 1;
		rows++;
	}
	return rows;
}

static int read_rows(int fd, const struct rows *r)
{
	char text[4096];
	size_t n = 0;
	int total = 0;

	while (total < ROWS_MAX) {
		ssize_t got = fd_read(fd, text + n, sizeof(text) - n);
		if (got <= 0)
			return (int)got;
		n += (size_t)got;
		const char *rest = text;
		int rows = read_lines(&rest, &n, r);
		if (rows < 0)
			return 1;
		if (n == sizeof(text))
			break;
		memmove(text, rest, n);
		total += rows;
	}
	errno = EFBIG;
	return -1;
}

/* 1: the reading was ended; 0: all is read; -1 with errno. */
static int read_table(const char *path, const struct rows *r)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	int got = read_rows(fd, r);
	fd_close(&fd);
	return got;
}

static const char table4[] = "/proc/net/tcp", table6[] = "/proc/net/tcp6";

struct search {
	const struct diag_pair *pair;
	struct diag_answer *found;
};

static int is_wanted(void *arg, const struct diag_answer *a)
{
	const struct search *s = arg;

	*s->found = *a;
	return diag_same(&a->pair, s->pair);
}

int diag_ask_proc(const struct diag_pair *p, struct diag_answer *a)
{
	struct search s = { p, a };
	const struct rows r = { is_wanted, &s };
	int got = p->family == AF_INET ? read_table(table4, &r) : 0;

	if (got)
		return got;
	got = read_table(table6, &r);
	return got < 0 && p->family == AF_INET && errno == ENOENT ? 0 : got;
}

int diag_rows(int (*each)(void *arg, const struct diag_answer *a), void *arg)
{
	const struct rows r = { each, arg };
	int got = read_table(table4, &r);

	if (got)
		return got;
	got = read_table(table6, &r);
	return got < 0 && errno == ENOENT ? 0 : got; /* a kernel without IPv6 */
}

int diag_kernel(void)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct diag_pair listener = { .family = AF_INET };
	struct diag_answer found;
	socklen_t n = sizeof(in4);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	int there = fd >= 0 && bind(fd, (struct sockaddr *)&in4, n) == 0 && listen(fd, 1) == 0 &&
		getsockname(fd, (struct sockaddr *)&in4, &n) == 0;
	if (there) {
		memcpy(listener.theirs, &in4.sin_addr, 4);
		listener.their_port = ntohs(in4.sin_port);
		there = ask_kernel(&listener, &found) > 0;
	}
	fd_close(&fd);
	return there;
}

int diag_ask(const struct diag_pair *p, struct diag_answer *a)
{
	struct diag_pair own = *p;
	struct diag_answer found;
	int got = ask_kernel(p, a);

	if (got > 0)
		return got;
	/* "not found" and "no tcp_diag in this kernel" are one errno: a kernel that finds our own end can be believed */
	memcpy(own.theirs, p->ours, sizeof(own.theirs));
	memcpy(own.ours, p->theirs, sizeof(own.ours));
	own.their_port = p->our_port;
	own.our_port = p->their_port;
	if (got == 0 && ask_kernel(&own, &found) > 0)
		return 0;
	return diag_ask_proc(p, a);
}

int diag_tcp_state(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t n = sizeof(info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) < 0 ? -1 : info.tcpi_state;
}

int diag_nobody(uid_t *uid)
{
	char text[256];
	const char *s = text;
	unsigned long long inside, outside, count;
	long long n;

	*uid = NOBODY;
	if (file_peek(AT_FDCWD, "/proc/sys/kernel/overflowuid", text, sizeof(text)) > 0) {
		text[strcspn(text, "\n")] = '\0';
		if (text_number(text, 0, UINT32_MAX, &n) == 0)
			*uid = (uid_t)n;
	}
	if (file_peek(AT_FDCWD, "/proc/self/uid_map", text, sizeof(text)) <= 0)
		return 1;
	/* a namespace that maps everybody has one line, and its parents map everybody, too */
	if (!(s = text_digits(s, &inside)) || !(s = text_digits(s, &outside)) || !text_digits(s, &count))
		return 1;
	return inside != 0 || outside != 0 || count != UINT32_MAX;
}

struct walk {
	int proc;
	char want[64];
	int64_t deadline;
	int (*each)(void *arg, pid_t pid, int dir, const char *exe);
	void *arg;
	int called;
};

static int search_dir(const struct walk *w, DIR *dir)
{
	char link[64];
	size_t n = strlen(w->want), seen = 0;

	for (struct dirent *e; (e = readdir(dir));) {
		if (++seen % 1024 == 0 && clock_left(w->deadline) == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (readlinkat(dirfd(dir), e->d_name, link, sizeof(link)) == (ssize_t)n && memcmp(link, w->want, n) == 0)
			return 1;
	}
	return 0;
}

static const char *exe_of(int dir, char *text, size_t room)
{
	ssize_t n = readlinkat(dir, "../exe", text, room);

	if (n <= 0 || (size_t)n == room)
		return NULL;
	text[n] = '\0';
	return text;
}

/* Of the process whose fd folder that is: 1 when the walk is over, -1 with errno. */
static int visit_dir(struct walk *w, pid_t pid, DIR *dir)
{
	char text[PATH_MAX];
	int got = search_dir(w, dir);

	if (got <= 0)
		return got;
	const char *exe = exe_of(dirfd(dir), text, sizeof(text));
	/* a child that has ended meanwhile (a shell's) has no exe, and is no holder any more */
	if (!exe) {
		rewinddir(dir);
		if ((got = search_dir(w, dir)) <= 0)
			return got;
	}
	w->called++;
	return w->each(w->arg, pid, dirfd(dir), exe) != 0;
}

/* One whose descriptors are hidden from us, or that is gone, is passed over. */
static int visit(struct walk *w, const char *pid)
{
	char path[32];

	fmt(path, sizeof(path), "%.16s/fd", pid);
	int fd = openat(w->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		fd_close(&fd);
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -1 : 0;
	}
	int got = visit_dir(w, (pid_t)atol(pid), dir);
	int why = errno;
	closedir(dir);
	errno = why;
	return got;
}

int diag_holders(uint64_t inode, int64_t deadline, int (*each)(void *arg, pid_t pid, int dir, const char *exe), void *arg)
{
	struct walk w = { .deadline = deadline, .each = each, .arg = arg };
	int over = 0;
	DIR *proc = opendir("/proc");

	if (!proc)
		return -1;
	w.proc = dirfd(proc);
	fmt(w.want, sizeof(w.want), "socket:[%llu]", (unsigned long long)inode);
	for (struct dirent *e; !over && (e = readdir(proc));) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		errno = ETIMEDOUT;
		over = clock_left(deadline) ? visit(&w, e->d_name) : -1;
	}
	int why = errno;
	closedir(proc);
	errno = why;
	return over < 0 ? -1 : w.called;
}
