/* SPDX-License-Identifier: 0BSD */
/* A QEMU that was taken over: it serves as the fake one does (tests/fake), but what comes as a HMP command through QMP is
 * an order to try something with all that QEMU has, its ids, descriptors and whatever confines it. It answers
 * `refused: why` or `reached: what`. Each attempt is a forked child's, who cannot hang or fall with more than itself. */
int fake_main(int argc, char **argv);
#define main fake_main
#include "../fake/qemu.c"
#undef main

#include <arpa/inet.h>
#include <linux/capability.h>
#include <linux/inet_diag.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { FOUND = 1024, SECONDS = 8, FORKS = 3000, PID_MAX = 32768, KEY = 4711 };

/* One attempt: 0 and what it found, or -1 with errno. b is "" for an order of one operand. */
struct attempt {
	const char *name;
	int (*make)(const char *a, const char *b, char *found);
};

/* ---- files ---- */

static int read_file(const char *a, const char *b, char *found)
{
	int fd = open(a, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	ssize_t n = fd < 0 ? -1 : read(fd, found, FOUND - 1);

	(void)b;
	return n < 0 ? -1 : 0;
}

static int write_file(const char *a, const char *b, char *found)
{
	int fd = open(a, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY, 0600);

	(void)b;
	(void)found;
	return fd < 0 || write(fd, "taken\n", 6) < 0 ? -1 : 0;
}

static int list_dir(const char *a, const char *b, char *found)
{
	int fd = open(a, O_RDONLY | O_DIRECTORY);

	(void)b;
	return fd < 0 || syscall(SYS_getdents64, fd, found, FOUND) < 0 ? -1 : snprintf(found, FOUND, "listed") < 0;
}

static int make_dir(const char *a, const char *b, char *found)
{
	(void)b;
	(void)found;
	return mkdir(a, 0700);
}

static int unlink_file(const char *a, const char *b, char *found)
{
	(void)b;
	(void)found;
	return unlink(a);
}

static int rename_file(const char *a, const char *b, char *found)
{
	(void)found;
	return rename(a, b);
}

static int link_to(const char *a, const char *b, char *found)
{
	(void)found;
	return symlink(a, b);
}

static int make_node(const char *a, const char *b, char *found)
{
	(void)b;
	(void)found;
	return mknod(a, S_IFCHR | 0600, makedev(1, 3));
}

static int make_fifo(const char *a, const char *b, char *found)
{
	(void)b;
	(void)found;
	return mkfifo(a, 0600);
}

static int change_mode(const char *a, const char *b, char *found)
{
	(void)b;
	(void)found;
	return chmod(a, 0666);
}

static int execute(const char *a, const char *b, char *found)
{
	(void)found;
	execl(a, a, *b ? "-c" : NULL, b, NULL);
	return -1;
}

static int mount_over(const char *a, const char *b, char *found)
{
	(void)b;
	(void)found;
	/* where it is let, the mount shall be nobody else's */
	return unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("none", a, "tmpfs", 0, NULL) < 0 ? -1 : 0;
}

/* ---- what it was given ---- */

/* Every descriptor from 3 on, as `r NAME` or `w NAME`; sockets by their kind alone. */
static int list_fds(const char *a, const char *b, char *found)
{
	char path[64], name[512];
	size_t at = 0;

	(void)a;
	(void)b;
	for (int fd = 3; fd < 1024; fd++) {
		int flags = fcntl(fd, F_GETFL);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		ssize_t n = flags < 0 ? -1 : readlink(path, name, sizeof(name) - 1);
		if (n < 0 || strncmp(name, "pipe:", 5) == 0 || (fcntl(fd, F_GETFD) & FD_CLOEXEC))
			continue;
		name[strncmp(name, "socket:", 7) == 0 ? 6 : n] = '\0';
		at += (size_t)snprintf(found + at, FOUND - at, "%c %s ", (flags & O_ACCMODE) == O_RDONLY ? 'r' : 'w', name);
	}
	return 0;
}

/* Of those it may only read, opened anew for writing. */
static int reopen(const char *a, const char *b, char *found)
{
	char path[64];
	size_t at = 0;

	(void)a;
	(void)b;
	for (int fd = 3; fd < 1024; fd++) {
		struct stat st;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY)
			continue;
		if (open(path, O_RDWR) >= 0)
			at += (size_t)snprintf(found + at, FOUND - at, "%d ", fd);
		else if (fchmod(fd, 0666) == 0)
			at += (size_t)snprintf(found + at, FOUND - at, "chmod %d ", fd);
	}
	errno = EACCES;
	return at ? 0 : -1;
}

static int lock_fd(void)
{
	char path[64], target[4096];

	for (int fd = 3; fd < 1024; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		ssize_t n = readlink(path, target, sizeof(target));
		if (n > 5 && memcmp(target + n - 5, "/lock", 5) == 0)
			return fd;
	}
	return -1;
}

/* The whole of its own lock: for writing, or in the manner of a keeper. */
static int take_lock(const char *a, const char *b, char *found)
{
	struct flock l = { .l_type = *a == 'w' ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 1 };

	(void)b;
	(void)found;
	return fcntl(lock_fd(), F_OFD_SETLK, &l);
}

/* Another's file, flocked or locked as a whole. */
static int lock_file(const char *a, const char *b, char *found)
{
	struct flock l = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	int fd = open(a, O_RDONLY);

	(void)b;
	(void)found;
	return fd < 0 ? -1 : fcntl(fd, F_OFD_SETLK, &l);
}

/* A qcow2 header on the first disk that it may write, which names a raw backing file. */
static int write_header(const char *a, const char *b, char *found)
{
	static const unsigned char extension[24] = { 0xe2, 0x79, 0x2a, 0xca, 0, 0, 0, 3, 'r', 'a', 'w' }; /* and the end of them */
	unsigned char head[8];

	(void)b;
	(void)found;
	for (int fd = 3; fd < 1024; fd++) {
		if (pread(fd, head, 8, 0) != 8 || memcmp(head, "QFI\373", 4) != 0 || (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDWR)
			continue;
		unsigned char offset[12] = { [6] = 1, [11] = (unsigned char)strlen(a) }; /* at 256, so long */
		return pwrite(fd, offset, 12, 8) < 0 || pwrite(fd, a, strlen(a), 256) < 0 ||
		       pwrite(fd, extension, sizeof(extension), head[7] == 2 ? 72 : 112) < 0 ? -1 : 0;
	}
	errno = ENOENT;
	return -1;
}

/* ---- the network ---- */

static int tell(int family, int type, const void *address, socklen_t n)
{
	int fd = socket(family, type, 0);

	if (fd < 0)
		return -1;
	if (type != SOCK_DGRAM || family == AF_UNIX)
		return connect(fd, address, n);
	return sendto(fd, "taken\n", 6, 0, address, n) < 0 ? -1 : 0;
}

static int inet(int type, const char *a, const char *b)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(b)) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = in.sin_port };

	return inet_pton(AF_INET, a, &in.sin_addr) == 1 ? tell(AF_INET, type, &in, sizeof(in))
	       : inet_pton(AF_INET6, a, &in6.sin6_addr) == 1 ? tell(AF_INET6, type, &in6, sizeof(in6)) : -1;
}

static int call_tcp(const char *a, const char *b, char *found)
{
	(void)found;
	return inet(SOCK_STREAM, a, b);
}

static int call_udp(const char *a, const char *b, char *found)
{
	(void)found;
	return inet(SOCK_DGRAM, a, b);
}

/* TCP to who has not called: the data of Fast Open goes by sendto, not by connect. */
static int call_fast(const char *a, const char *b, char *found)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(b)) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)found;
	inet_pton(AF_INET, a, &in.sin_addr);
	return fd < 0 || sendto(fd, "taken\n", 6, MSG_FASTOPEN | MSG_NOSIGNAL, (void *)&in, sizeof(in)) < 0 ? -1 : 0;
}

static int listen_tcp(const char *a, const char *b, char *found)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(a)) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)b;
	(void)found;
	return fd < 0 || bind(fd, (void *)&in, sizeof(in)) < 0 ? -1 : listen(fd, 1);
}

/* `@NAME` is abstract. */
static int call_unix(const char *a, const char *b, char *found)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	(void)found;
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", a);
	if (*a == '@')
		un.sun_path[0] = '\0';
	return tell(AF_UNIX, *b ? SOCK_DGRAM : SOCK_STREAM, &un, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(a)));
}

/* The kernel is asked for all TCP listeners that it sees. */
static int ask_kernel(const char *a, const char *b, char *found)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 body;
	} ask = {
		.head = { .nlmsg_len = sizeof(ask), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_TCP, .idiag_states = 1 << 10 },
	};
	char answer[8192];
	int fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_SOCK_DIAG);

	(void)a;
	(void)b;
	if (fd < 0 || send(fd, &ask, sizeof(ask), 0) < 0)
		return -1;
	ssize_t n = recv(fd, answer, sizeof(answer), 0);
	if (n < (ssize_t)sizeof(struct nlmsghdr))
		return -1;
	errno = ENOENT;
	snprintf(found, FOUND, "listeners");
	return ((struct nlmsghdr *)answer)->nlmsg_type == SOCK_DIAG_BY_FAMILY ? 0 : -1;
}

/* ---- processes ---- */

static int signal_one(const char *a, const char *b, char *found)
{
	(void)b;
	(void)found;
	return kill(atoi(a), SIGCONT);
}

/* Every process that it may signal, but itself and its QEMU. */
static int signal_all(const char *a, const char *b, char *found)
{
	int n = 0;

	(void)a;
	(void)b;
	for (int pid = 1; pid < PID_MAX; pid++)
		n += pid != getpid() && pid != getppid() && kill(pid, 0) == 0;
	snprintf(found, FOUND, "%d", n);
	errno = EPERM;
	return n ? 0 : -1;
}

/* A signal by way of a descriptor's owner. */
static int signal_by_fd(const char *a, const char *b, char *found)
{
	int ends[2];

	(void)b;
	(void)found;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		return -1;
	return fcntl(ends[0], F_SETOWN, atoi(a)) < 0 || fcntl(ends[0], F_SETSIG, SIGTERM) < 0 ||
	       fcntl(ends[0], F_SETFL, O_ASYNC) < 0 || write(ends[1], "x", 1) < 0 ? -1 : 0;
}

static int trace(const char *a, const char *b, char *found)
{
	(void)b;
	(void)found;
	return ptrace(PTRACE_SEIZE, atoi(a), NULL, NULL) < 0 ? -1 : 0;
}

static int look_into(const char *a, const char *b, char *found)
{
	struct iovec mine = { found, FOUND - 1 }, theirs = { (void *)0x400000, FOUND - 1 };

	(void)b;
	return process_vm_readv(atoi(a), &mine, 1, &theirs, 1, 0) < 0 && errno == EPERM ? -1 : snprintf(found, FOUND, "memory") < 0;
}

static int steal_fd(const char *a, const char *b, char *found)
{
	int fd = (int)syscall(434 /* pidfd_open */, atoi(a), 0);

	(void)b;
	(void)found;
	return fd < 0 || syscall(438 /* pidfd_getfd */, fd, 0, 0) < 0 ? -1 : 0;
}

static int limit(const char *a, const char *b, char *found)
{
	struct rlimit l;

	(void)b;
	(void)found;
	return prlimit(atoi(a), RLIMIT_CPU, NULL, &l) < 0 ? -1 : prlimit(atoi(a), RLIMIT_CPU, &l, NULL);
}

static int renice(const char *a, const char *b, char *found)
{
	(void)b;
	(void)found;
	return setpriority(PRIO_PROCESS, (id_t)atoi(a), 1);
}

/* As many children as there can be: how many, up to FORKS. */
static int fork_many(const char *a, const char *b, char *found)
{
	int n = 0, gone[2];

	(void)a;
	(void)b;
	if (pipe(gone) < 0)
		return -1;
	while (n < FORKS) {
		pid_t pid = fork();
		if (pid == 0) {
			close(gone[1]);
			(void)!read(gone[0], found, 1); /* until its parent ends */
			_exit(0);
		}
		if (pid < 0)
			break;
		n++;
	}
	snprintf(found, FOUND, "%d", n);
	return n == FORKS ? 0 : -1;
}

/* ---- rights ---- */

static int become_root(const char *a, const char *b, char *found)
{
	(void)a;
	(void)b;
	(void)found;
	return setuid(0);
}

/* Of capabilities, even of those that it could still be given. */
static int capable(const char *a, const char *b, char *found)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 }, { 0 } };

	(void)a;
	(void)b;
	syscall(SYS_capget, &head, data);
	snprintf(found, FOUND, "%x", data[0].effective | data[0].permitted | data[0].inheritable);
	errno = EPERM;
	return data[0].effective | data[0].permitted | data[0].inheritable ? 0 : -1;
}

static int new_user_namespace(const char *a, const char *b, char *found)
{
	(void)a;
	(void)b;
	(void)found;
	return unshare(CLONE_NEWUSER);
}

static int namespaces(const char *a, const char *b, char *found)
{
	char path[64], name[64];

	(void)b;
	snprintf(path, sizeof(path), "/proc/self/ns/%s", a);
	ssize_t n = readlink(path, name, sizeof(name) - 1);
	if (n < 0)
		return -1;
	name[n] = '\0';
	snprintf(found, FOUND, "%s", name);
	return 0;
}

/* ---- what processes share ---- */

/* b: `make` and `remove` are for him who has the right to. */
static int shared_memory(const char *a, const char *b, char *found)
{
	int id = shmget((key_t)atoi(a), *b == 'm' ? 4096 : 0, *b == 'm' ? IPC_CREAT | 0666 : 0);

	(void)found;
	return id < 0 || (*b == 'r' && shmctl(id, IPC_RMID, NULL) < 0) ? -1 : 0;
}

static int queue(const char *a, const char *b, char *found)
{
	(void)found;
	umask(0);
	if (*b == 'r')
		return (int)syscall(SYS_mq_unlink, a);
	return syscall(SYS_mq_open, a, O_RDWR | (*b == 'm' ? O_CREAT : 0), 0666, NULL) < 0 ? -1 : 0;
}

/* A key of whoever started it. */
static int key_of(const char *a, const char *b, char *found)
{
	long key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", a, 0);

	(void)b;
	return key < 0 || syscall(SYS_keyctl, KEYCTL_READ, key, found, FOUND - 1) < 0 ? -1 : 0;
}

static int environment(const char *a, const char *b, char *found)
{
	const char *value = getenv(a);

	(void)b;
	errno = ENOENT;
	return value ? snprintf(found, FOUND, "%s", value) < 0 : -1;
}

static const struct attempt attempts[] = {
	{ "read", read_file }, { "write", write_file }, { "list", list_dir }, { "mkdir", make_dir }, { "unlink", unlink_file },
	{ "rename", rename_file }, { "symlink", link_to }, { "mknod", make_node }, { "mkfifo", make_fifo }, { "chmod", change_mode },
	{ "exec", execute }, { "mount", mount_over }, { "fds", list_fds }, { "reopen", reopen }, { "lock", take_lock },
	{ "lock-file", lock_file }, { "header", write_header }, { "tcp", call_tcp }, { "udp", call_udp }, { "fast", call_fast },
	{ "listen", listen_tcp }, { "unix", call_unix }, { "netlink", ask_kernel }, { "signal", signal_one },
	{ "signal-all", signal_all }, { "sigio", signal_by_fd }, { "ptrace", trace }, { "memory", look_into },
	{ "steal-fd", steal_fd }, { "limit", limit }, { "renice", renice }, { "fork", fork_many }, { "setuid", become_root },
	{ "caps", capable }, { "userns", new_user_namespace }, { "ns", namespaces }, { "shm", shared_memory }, { "mq", queue },
	{ "key", key_of }, { "environ", environment },
};

/* ---- orders that change how it behaves from now on ---- */

/* QMP, serial line and stderr at once, as fast as they take it. */
static void flood_all(void)
{
	static const char words[] = "taken taken taken taken taken taken taken taken taken taken taken taken taken taken taken\n";
	char many[4096];

	for (size_t i = 0; i < sizeof(many); i++)
		many[i] = words[i % (sizeof(words) - 1)];
	if (fork() > 0)
		return;
	for (;;) {
		(void)!write(2, many, sizeof(many));
		for (int i = 0; i < CLIENTS; i++)
			if (clients[i].fd >= 0)
				send(clients[i].fd, many, sizeof(many), MSG_NOSIGNAL | MSG_DONTWAIT);
	}
}

/* What a terminal, a shell's eval and a reader of lines would fall for. */
static const char lie[] = "\\u001b]0;taken\\u0007\\u009b2J'; taken=yes; '\\nVM_STATE='running' $(taken=yes) `taken=yes`\\u202e";
static int lies;

static void tell_lies(void)
{
	lies = 1;
}

static const struct order {
	const char *name;
	void (*carry_out)(void);
} orders[] = {
	{ "pose", drop_lock }, { "flood", flood_all }, { "lie", tell_lies },
};

/* ---- */

static int attempt(const char *name, const char *a, const char *b, char *found)
{
	for (size_t i = 0; i < sizeof(attempts) / sizeof(*attempts); i++)
		if (strcmp(attempts[i].name, name) == 0)
			return attempts[i].make(a, b, found);
	errno = ENOSYS;
	return -1;
}

/* In a child; the words are what it says up the pipe, and `reached` when it became another program. */
static void try(const char *name, const char *a, const char *b, char *words, size_t room)
{
	int ends[2], status = 0;
	ssize_t n = 0;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	pid_t pid = fork();
	if (pid == 0) {
		char found[FOUND] = "";
		alarm(SECONDS);
		int got = attempt(name, a, b, found);
		dprintf(ends[1], "%s: %s", got < 0 ? "refused" : "reached", got < 0 && !*found ? strerror(errno) : found);
		_exit(0);
	}
	close(ends[1]);
	while (n < (ssize_t)room - 1 && read(ends[0], words + n, 1) == 1)
		n++;
	words[n] = '\0';
	close(ends[0]);
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		snprintf(words, room, "refused: signal %d", WTERMSIG(status));
	else if (n == 0)
		snprintf(words, room, "%s: exit %d", WEXITSTATUS(status) ? "refused" : "reached", WEXITSTATUS(status));
}

static void obey(char *line, char *words, size_t room)
{
	char *a = strchr(line, ' '), *b = a ? strchr(a + 1, ' ') : NULL;

	if (a)
		*a++ = '\0';
	if (b)
		*b++ = '\0';
	for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++) {
		if (strcmp(orders[i].name, line) == 0) {
			orders[i].carry_out();
			snprintf(words, room, "done");
			return;
		}
	}
	try(line, a ? a : "", b ? b : "", words, room);
}

static void answer(struct client *c, const char *command, const char *id)
{
	static const char key[] = "\"command-line\"";
	char words[FOUND + 64], value[sizeof(words) + 2];
	char *line = strcmp(command, "human-monitor-command") == 0 ? strstr(c->in, key) : NULL;
	char text[sizeof(value) + sizeof(lie)];

	if (lies) {
		const char *what = strcmp(command, "query-status") == 0 ? "return\": {\"running\": false, \"status"
				   : line ? "return" : "error\": {\"class\": \"GenericError\", \"desc";
		snprintf(text, sizeof(text), "{\"%s\": \"%s\"%s%s%s}\r\n", what, lie, line ? "" : "}", *id ? ", \"id\": " : "", id);
		say(c, text);
		return;
	}
	if (!line) {
		answer_well(c, command, id);
		return;
	}
	line += sizeof(key) - 1;
	line += strcspn(line, "\"") + 1;
	line[strcspn(line, "\"")] = '\0';
	obey(line, words, sizeof(words));
	for (char *s = words; *s; s++)
		if (*s < ' ' || *s > '~' || *s == '"' || *s == '\\')
			*s = ' ';
	snprintf(value, sizeof(value), "\"%s\"", words);
	snprintf(text, sizeof(text), "{\"return\": %s%s%s}\r\n", value, *id ? ", \"id\": " : "", id);
	say(c, text);
}

static const struct behaviour taken = { .name = "taken", .answer = answer };

/* taken -key NAME VALUE COMMAND...: runs it with a session keyring in which that key is */
static int run_with_key(char **argv)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 ||
	    syscall(SYS_add_key, "user", argv[2], argv[3], strlen(argv[3]), KEY_SPEC_SESSION_KEYRING) < 0)
		return 1;
	execvp(argv[4], argv + 4);
	return 127;
}

int main(int argc, char **argv)
{
	if (argc > 4 && strcmp(argv[1], "-key") == 0)
		return run_with_key(argv);
	behaviour = &taken;
	bad = 1;
	return fake_main(argc, argv);
}
