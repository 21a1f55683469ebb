/* SPDX-License-Identifier: 0BSD */
/* qmp: the same messages in pieces as whole; commands that are made are JSON, whatever is in them. */
#include "fuzz.h"

#include "qmp.h"

enum { LARGEST = 2048 };

static void note(struct buf *out, const struct qmp_message *m)
{
	char reason[32] = "";
	int runs = qmp_run_state(m, reason, sizeof(reason));

	buf_fmt(out, "%d %lld %s %d %s ", m->kind, m->id, m->name, runs, reason);
	buf_add(out, m->whole.s, m->whole.n);
	buf_add(out, m->body.s, m->body.n);
	buf_char(out, '\n');
}

static void talk(const uint8_t *bytes, size_t n, size_t piece, struct buf *out)
{
	struct qmp q;
	struct qmp_message m;

	qmp_init(&q, LARGEST);
	for (size_t at = 0; at < n; at += piece) {
		int fed = qmp_feed(&q, bytes + at, n - at < piece ? n - at : piece);
		while (qmp_next(&q, &m) != QMP_NONE && m.kind != QMP_BAD)
			note(out, &m);
		MUST(fed == 0 || m.kind == QMP_BAD);
	}
	qmp_free(&q);
}

static void make(const char *text)
{
	struct buf line = { 0 }, back = { 0 };
	struct json_span doc, value;

	qmp_hmp(&line, 7, text);
	MUST(json_whole(line.s, line.n, &doc) == 0 && memchr(line.s, '\n', line.n) == line.s + line.n - 1);
	MUST(json_find(doc, "arguments.command-line", &value) == 0 && json_text(value, &back) == 0);
	buf_free(&line);
	buf_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct buf whole = { 0 }, pieces = { 0 };
	char *text = fuzz_text(bytes, n);

	talk(bytes, n, n + 1, &whole);
	talk(bytes, n, 1, &pieces);
	/* more at once than may wait is too much, although piece by piece it is not */
	MUST(n > LARGEST || fuzz_same(&whole, &pieces));
	make(text);
	qmp_hmp_failed(text);
	free(text);
	buf_free(&whole);
	buf_free(&pieces);
	return 0;
}
