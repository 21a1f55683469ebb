/* SPDX-License-Identifier: 0BSD */
/* What is said on keep.sock. */
#include "request.h"

#include "text.h"

#include <stdint.h>
#include <string.h>

/* Cuts the next word off *rest into `to`; -1 when there is none or it does not fit. */
static int next_word(const char **rest, char *to, size_t room)
{
	size_t n = strcspn(*rest, " ");

	if (n == 0 || n >= room)
		return -1;
	memcpy(to, *rest, n);
	to[n] = '\0';
	*rest += n;
	*rest += **rest == ' ';
	return 0;
}

static int next_number(const char **rest, long long *n)
{
	char word[24];

	return next_word(rest, word, sizeof(word)) < 0 ? -1 : text_number(word, 0, INT64_MAX, n);
}

int request_parse(struct request *r, const char *line)
{
	static const char mark[] = "qinit ";

	*r = (struct request){ .text = "" };
	if (!text_begins(line, mark))
		return -1;
	line += sizeof(mark) - 1;
	if (next_number(&line, &r->version) < 0 || next_word(&line, r->verb, sizeof(r->verb)) < 0 ||
	    next_number(&line, &r->number) < 0)
		return -1;
	r->text = line;
	return 0;
}

void request_print(struct buf *out, const char *verb, long long number, const char *text)
{
	buf_fmt(out, "qinit %d %s %lld %s\n", REQUEST_VERSION, verb, number, text);
}

void reply_words(struct buf *out, const char *words)
{
	buf_str(out, "* ");
	text_clean(out, words, strlen(words));
	buf_str(out, "\n");
}

void reply_end(struct buf *out, int code, const char *words)
{
	buf_fmt(out, "= %d ", code);
	text_clean(out, words, strlen(words));
	buf_str(out, "\n");
}

void reply_parse(struct reply *r, const char *line)
{
	*r = (struct reply){ .kind = REPLY_BAD, .words = "" };
	if (text_begins(line, "* ")) {
		r->kind = REPLY_WORDS;
		r->words = line + 2;
	} else if (text_begins(line, "= ")) {
		line += 2;
		if (next_number(&line, &r->code) < 0 || r->code > 255)
			return;
		r->kind = REPLY_END;
		r->words = line;
	}
}
