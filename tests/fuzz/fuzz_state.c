/* SPDX-License-Identifier: 0BSD */
/* state: written and read again it is the same; shown as JSON it is JSON, in the shell's form one line. Then the
 * records of `exit`: the last that was added is the last that is found, whatever stood there before. */
#include "fuzz.h"

#include "claim.h"
#include "json.h"
#include "show.h"
#include "state.h"

static void show(const struct state *s)
{
	struct probe p = { .phase = "running", .state = *s, .has_state = 1 };
	struct json_span doc;
	struct buf out = { 0 };

	show_vms(&out, &p, 1, SHOW_JSON);
	MUST(json_whole(out.s, out.n, &doc) == 0);
	buf_clear(&out);
	show_vms(&out, &p, 1, SHOW_SHELL);
	MUST(fuzz_lines(&out) && memchr(out.s, '\n', out.n) == out.s + out.n - 1);
	buf_clear(&out);
	show_vms(&out, &p, 1, SHOW_ALL);
	MUST(fuzz_lines(&out));
	buf_free(&out);
}

static void read_again(const struct state *s)
{
	struct state t;
	struct buf once = { 0 }, twice = { 0 };
	struct err e;

	state_print(s, &once);
	MUST(state_parse(&t, once.s, once.n, &e) == 0);
	state_print(&t, &twice);
	MUST(fuzz_same(&once, &twice));
	state_free(&t);
	buf_free(&once);
	buf_free(&twice);
}

static void record(const char *text, size_t n)
{
	struct ending end = { .when = 1, .how = "signal", .step = "quit", .status = -9, .words = text };
	struct buf how = { 0 };
	struct err e;

	free(fuzz_file("exit", text, n));
	int dir = open(fuzz_place(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	exit_last(dir, &how);
	buf_clear(&how);
	MUST(exit_add(dir, &end, &e) == 0);
	exit_last(dir, &how);
	close(dir);
	MUST(!strcmp(buf_text(&how), "signal"));
	buf_free(&how);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char *text = fuzz_text(bytes, n);
	struct state s;
	struct err e;

	if (state_parse(&s, text, n, &e) == 0) {
		read_again(&s);
		show(&s);
	}
	state_free(&s);
	MUST(claim_forbids("1:2:r", 1, 2, 1));
	claim_forbids(text, 64768, 12, 0);
	record(text, n);
	free(text);
	return 0;
}
