/* SPDX-License-Identifier: 0BSD */
/* The text monitor without its descriptor: QEMU's readline undone. */
#include "hmp.h"

#include <string.h>

enum { REPLY, PROMPT, ECHO };
enum { OUTSIDE, AFTER_ESC, IN_CSI };
enum { ESC = 0x1b, CSI = 0x9b, IAC = 0xff };

static const char prompt[] = "(qemu) ";

void hmp_free(struct hmp *h)
{
	buf_free(&h->reply);
}

int hmp_ready(const struct hmp *h)
{
	return h->state == PROMPT;
}

static void put(struct hmp *h, char c)
{
	if (h->cr && c != '\n')
		buf_char(&h->reply, '\r');
	h->cr = c == '\r';
	if (!h->cr)
		buf_char(&h->reply, c);
}

/* 1 when c belongs to an escape sequence. */
static int in_escape(struct hmp *h, unsigned char c)
{
	if (h->escape == AFTER_ESC)
		h->escape = c == '[' ? IN_CSI : OUTSIDE;
	else if (h->escape == IN_CSI)
		h->escape = c >= 0x40 && c <= 0x7e ? OUTSIDE : IN_CSI;
	else if (c == ESC)
		h->escape = AFTER_ESC;
	else
		return 0;
	return 1;
}

/* 1 when c belongs to a telnet command: a monitor on a `telnet:` port begins with some, all of three bytes. */
static int in_telnet(struct hmp *h, unsigned char c)
{
	if (h->skip)
		h->skip--;
	else if (c == IAC)
		h->skip = 2;
	else
		return 0;
	return 1;
}

static int at_prompt(const struct hmp *h)
{
	size_t n = sizeof(prompt) - 1;

	return h->reply.n >= n && memcmp(h->reply.s + h->reply.n - n, prompt, n) == 0;
}

int hmp_feed(struct hmp *h, const char *s, size_t n)
{
	for (size_t i = 0; i < n && h->state != PROMPT; i++) {
		if (h->state == ECHO) {
			/* neither the line nor its echo has an LF */
			const char *end = memchr(s + i, '\n', n - i);
			if (!end)
				return 0;
			i = (size_t)(end - s);
			h->state = REPLY;
		} else if (!in_telnet(h, (unsigned char)s[i]) && !in_escape(h, (unsigned char)s[i])) {
			put(h, s[i]);
		}
	}
	if (h->reply.bad || h->reply.n > HMP_REPLY_MAX)
		return -1;
	if (h->state == REPLY && at_prompt(h)) {
		h->reply.n -= sizeof(prompt) - 1;
		h->reply.s[h->reply.n] = '\0';
		h->state = PROMPT;
	}
	return h->state == PROMPT;
}

void hmp_command(struct hmp *h, const char *line, struct buf *out)
{
	buf_free(&h->reply);
	*h = (struct hmp){ .state = ECHO };
	buf_str(out, line);
	buf_char(out, '\n');
}

const char *hmp_line_bad(const char *line, size_t n)
{
	if (n > HMP_LINE_MAX)
		return "is longer than 1000 bytes, which the text monitor does not take";
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)line[i];
		if (c < ' ' || c == 0x7f || c == CSI)
			return "has a control character, which the text monitor takes for a key";
	}
	return NULL;
}

void hmp_line_ends(struct buf *b)
{
	size_t to = 0;

	for (size_t i = 0; i < b->n; i++)
		if (b->s[i] != '\r' || i + 1 == b->n || b->s[i + 1] != '\n')
			b->s[to++] = b->s[i];
	if (b->n)
		b->s[to] = '\0';
	b->n = to;
}
