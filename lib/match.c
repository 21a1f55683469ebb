/* SPDX-License-Identifier: 0BSD */
/* Whether a text stands in a stream that comes in pieces. */
#include "match.h"

#include "text.h"

#include <string.h>

int match_begin(struct match *m, const char *text)
{
	m->text = text;
	m->n = strlen(text);
	m->have = 0;
	return m->n > MATCH_MAX ? -1 : 0;
}

int match_feed(struct match *m, const char *bytes, size_t n)
{
	while (n) {
		size_t room = sizeof(m->kept) - m->have, part = n < room ? n : room;
		memcpy(m->kept + m->have, bytes, part);
		m->have += part;
		bytes += part;
		n -= part;
		if (text_find(m->kept, m->have, m->text, m->n))
			return 1;
		/* one byte less than the text may be its beginning */
		size_t keep = m->have < m->n - 1 ? m->have : m->n - 1;
		memmove(m->kept, m->kept + m->have - keep, keep);
		m->have = keep;
	}
	return 0;
}

void match_forget(struct match *m)
{
	m->have = 0;
}
