/* SPDX-License-Identifier: 0BSD */
/* What a QEMU has: answers made by hand, then those of a real one. */
#include "unit.h"

#include "arch.h"
#include "clock.h"
#include "model.h"
#include "scratch.h"

static void take(struct models *m, const char *text)
{
	struct qmp q;
	struct qmp_message answer;

	qmp_init(&q, 1 << 16);
	qmp_feed(&q, text, strlen(text));
	while (qmp_next(&q, &answer) != QMP_NONE && answer.kind != QMP_BAD)
		model_take(m, &answer);
	qmp_free(&q);
}

static void judged(const struct models *m, const char *option, const char *value, enum model_is want, const char *words)
{
	struct err e = { 0 };

	CHECK(model_judge(m, option, value, 0, &e) == want);
	CHECK_TEXT(e.text, words);
}

static void test_answers(void)
{
	struct models m = { 0 };

	judged(&m, "-machine", "pc", MODEL_GOOD, ""); /* nobody was asked */
	take(&m, "{\"QMP\": {}}{\"return\": {}}"
		"{\"return\": [{\"name\": \"pc-q35-7.2\", \"alias\": \"q35\"}, {\"name\": \"pc-q35-10.1\"}, {\"name\": \"pc-q35-9.2\"},"
		" {\"name\": \"old\", \"deprecated\": true}, {\"name\": 7}, {}, 1], \"id\": 0}"
		"{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"\"}, \"id\": 1}");
	CHECK(m.kind[MODEL_MACHINE].n == 5 && m.kind[MODEL_MACHINE].known && !m.kind[MODEL_CPU].known && m.answers == 3);
	take(&m, "{\"return\": \"Network devices:\\r\\nname \\\"e1000\\\", bus PCI, alias \\\"e1000-82540em\\\"\\r\\n"
		"name \\\"mch\\\", bus PCI, no-user\\r\\nname \\\"\\r\\nname\\r\\n\", \"id\": 2}");
	CHECK(m.kind[MODEL_DEVICE].n == 2 && m.answers == 7);
	judged(&m, "-machine", "q35,smm=on", MODEL_GOOD, "");
	judged(&m, "-machine", "accel=tcg", MODEL_GOOD, "");
	judged(&m, "-machine", "pc-q35-6.0", MODEL_NONE, "pc-q35-6.0: not known to this QEMU, take pc-q35-10.1");
	judged(&m, "-machine", "old,x=y", MODEL_OLD, "old: deprecated, a later QEMU will not have it, take one of `-machine help`");
	judged(&m, "-M", "", MODEL_NONE, ": not known to this QEMU, take one of `-M help`");
	judged(&m, "-cpu", "anything", MODEL_GOOD, ""); /* it did not tell */
	judged(&m, "-device", "e1000-82540em,mac=1", MODEL_GOOD, "");
	judged(&m, "-device", "{\"driver\":\"x\"}", MODEL_GOOD, "");
	judged(&m, "-device", "mch", MODEL_NONE, "mch: not known to this QEMU, take one of `-device help`");
	judged(&m, "-device", "e1001", MODEL_NONE, "e1001: not known to this QEMU, take e1000");
	judged(&m, "-name", "e1001", MODEL_GOOD, "");
	CHECK(!m.bad);
	model_free(&m);
}

static void test_real(const char *qemu)
{
	struct model_from from = { .program = qemu, .as = { { .way = geteuid() == 0 ? UID_OWN : UID_SAME }, (gid_t)-1, -1 } };
	struct models m;
	struct err e;

	for (from.sandbox = 0; from.sandbox < 2; from.sandbox++) {
		CHECK(model_ask(&m, &from, clock_in(10000), &e) == 0);
		judged(&m, "-machine", "pc", MODEL_GOOD, "");
		judged(&m, "-machine", "none", MODEL_GOOD, "");
		judged(&m, "-cpu", "max,+avx", MODEL_GOOD, "");
		judged(&m, "-cpu", "maxx", MODEL_NONE, "maxx: not known to this QEMU, take max");
		judged(&m, "-cpu", "host", MODEL_NONE, "host: only with KVM, take max");
		CHECK(model_judge(&m, "-cpu", "host", 1, &e) == MODEL_GOOD);
		judged(&m, "-device", "virtio-net-pci", MODEL_GOOD, "");
		judged(&m, "-device", "virtio-net", MODEL_GOOD, "");
		model_free(&m);
	}
}

/* One that is none. */
static void refused(const char *script, int code, const char *words)
{
	const struct model_from from = { scratch_path("qemu"), { { .way = UID_SAME }, (gid_t)-1, -1 }, 1, NULL };
	struct models m;
	struct err e = { 0 };

	scratch_write("qemu", script);
	chmod(scratch_path("qemu"), 0755);
	CHECK(model_ask(&m, &from, clock_in(code == TIMED_OUT ? 200 : 10000), &e) == -1);
	CHECK(e.code == code);
	CHECK(strstr(e.text, words));
	if (unit_failed)
		fprintf(stderr, "%s", e.text);
	model_free(&m);
}

int main(void)
{
	char qemu[256];

	close(scratch_begin());
	test_answers();
	if (arch_find("qemu-system-x86_64", qemu, sizeof(qemu)) < 0)
		return 1;
	test_real(qemu);
	refused("#!/bin/sh\n", FAILED, "/qemu: it ended without a word, and without an answer");
	refused("#!/bin/sh\necho out; printf 'err\\033\\nor\\n' >&2\n", FAILED, "/qemu: out err? or");
	refused("#!/bin/sh\nexec /dev/null\n", NO_RIGHT, "/qemu: ");
	refused("#!/bin/sh\nexec sleep 30\n", TIMED_OUT, "/qemu: it did not answer in time");
	refused("#!/bin/sh\nyes >&3\n", FAILED, "/qemu: ");
	refused("#!/none\n", FAILED, "/qemu: execute ");
	return unit_failed;
}
