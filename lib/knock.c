/* SPDX-License-Identifier: 0BSD */
/* Knocking at a TCP port again and again until somebody behind it says something. */
#include "knock.h"

#include "clock.h"
#include "fd.h"
#include "text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum { AGAIN_MS = 100 };	/* after a refusal or an end */
/* A connection into user networking whose guest was not there yet may stay silent for ever, a slow server is silent for
 * a while: each silent one is given twice the time of the one before. */
enum { PATIENCE_MS = 1000, PATIENCE_MOST_MS = 16000 };

static int read_port(const char *s, in_port_t *port)
{
	long long n;

	if (text_number(s, 1, 65535, &n) < 0)
		return -1;
	*port = htons((uint16_t)n);
	return 0;
}

int knock_parse(union knock_address *where, const char *s, size_t n, struct err *e)
{
	char text[INET6_ADDRSTRLEN + 16], *addr = text;
	char *colon;

	memset(where, 0, sizeof(*where));
	where->in4.sin_family = AF_INET;
	where->in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (n >= sizeof(text))
		return err_code(e, USAGE, "longer than any address");
	memcpy(text, s, n);
	text[n] = '\0';
	colon = strrchr(text, ':');
	if (colon)
		*colon = '\0';
	if (read_port(colon ? colon + 1 : text, &where->in4.sin_port) < 0)
		return err_code(e, USAGE, "%s: not a port from 1 to 65535", colon ? colon + 1 : text);
	n = strlen(addr);
	if (!colon || inet_pton(AF_INET, addr, &where->in4.sin_addr) == 1)
		return 0;
	if (addr[0] == '[' && n > 2 && addr[n - 1] == ']') {
		in_port_t port = where->in4.sin_port;
		addr[n - 1] = '\0';
		*where = (union knock_address){ .in6 = { .sin6_family = AF_INET6, .sin6_port = port } };
		if (inet_pton(AF_INET6, addr + 1, &where->in6.sin6_addr) == 1)
			return 0;
		addr[n - 1] = ']';
	}
	return err_code(e, USAGE, "%s: not an address (numeric, IPv6 in brackets)", addr);
}

static void note(struct knock *k, enum knock_heard heard)
{
	if (heard > k->heard)
		k->heard = heard;
}

/* Was the connection that now ends one at all? */
static void hang_up(struct knock *k)
{
	union knock_address other;
	socklen_t n = sizeof(other);

	if (k->src.fd >= 0 && getpeername(k->src.fd, &other.any, &n) == 0)
		note(k, KNOCK_SILENCE);
	fd_close(&k->src.fd);
	match_forget(&k->match);
}

static void again(struct knock *k)
{
	hang_up(k);
	k->src.at = clock_in(AGAIN_MS);
}

static void on_answer(struct source *s, short revents)
{
	struct knock *k = s->owner;
	char bytes[512];

	(void)revents;
	ssize_t n = fd_read(s->fd, bytes, sizeof(bytes));
	if (n < 0 && errno == EAGAIN)
		return;
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		note(k, KNOCK_SILENCE); /* it had been taken */
	if (n <= 0) {
		again(k);
	} else if (match_feed(&k->match, bytes, (size_t)n)) {
		note(k, KNOCK_HEARD);
		knock_end(k);
	} else {
		note(k, KNOCK_OTHER);
	}
}

static void knock(struct knock *k)
{
	socklen_t n = k->where.any.sa_family == AF_INET ? sizeof(k->where.in4) : sizeof(k->where.in6);

	k->src.fd = socket(k->where.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* no need to wait for the connection itself: a failed one, too, is ready to be read */
	if (k->src.fd < 0 || (connect(k->src.fd, &k->where.any, n) < 0 && errno != EINPROGRESS))
		again(k);
	else
		k->src.at = clock_in(k->patience);
}

static void on_due(struct source *s)
{
	struct knock *k = s->owner;

	if (s->fd >= 0 && k->patience < PATIENCE_MOST_MS)
		k->patience *= 2;
	hang_up(k);
	knock(k);
}

void knock_at(struct knock *k, const union knock_address *where, const char *text)
{
	*k = (struct knock){ .where = *where, .patience = PATIENCE_MS };
	k->src = (struct source){ .fd = -1, .events = POLLIN, .at = CLOCK_NEVER, .ready = on_answer, .due = on_due, .owner = k };
	match_begin(&k->match, text);
}

int knock_begin(struct knock *k, struct loop *l)
{
	if (k->loop || k->heard == KNOCK_HEARD)
		return 0;
	if (loop_add(l, &k->src) < 0)
		return -1;
	k->loop = l;
	knock(k);
	return 0;
}

void knock_end(struct knock *k)
{
	if (!k->loop)
		return;
	loop_del(k->loop, &k->src);
	k->loop = NULL;
	hang_up(k);
}
