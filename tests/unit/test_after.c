/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "after.h"
#include "own_host.h"

#include <time.h>

enum { MANY = 400 };

static struct host h;

static void looks(const char *name, const char *fails, const char *notes)
{
	struct target t = { .operand = name };
	struct after all = { 0 };
	struct buf f = { 0 }, n = { 0 };

	CHECK(target_conf(&t, &h, &f, &n) == DONE);
	after_look(&all, &h, &t.conf, &f, &n);
	CHECK_TEXT(buf_text(&f), fails);
	CHECK(*notes ? strstr(buf_text(&n), notes) != NULL : !n.n);
	after_free(&all);
	target_free(&t);
	buf_free(&f);
	buf_free(&n);
}

/* Each waits for the two before it. */
static void test_many(void)
{
	struct after all = { 0 };
	struct buf f = { 0 }, n = { 0 };
	char name[32], text[64];

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		snprintf(text, sizeof(text), "AFTER1=m%d\nAFTER2=m%d\n", i ? i - 1 : 0, i > 1 ? i - 2 : 0);
		own_host_register(&h, name, i ? text : "");
	}
	clock_t begun = clock();
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		struct target t = { .operand = name };
		target_conf(&t, &h, &f, &n);
		after_look(&all, &h, &t.conf, &f, &n);
		target_free(&t);
	}
	CHECK(!f.n && clock() - begun < 5 * CLOCKS_PER_SEC);
	after_free(&all);
	buf_free(&f);
	buf_free(&n);
}

int main(void)
{
	own_host_begin(&h, "");
	own_host_register(&h, "a", "AFTER1=b\n");
	own_host_register(&h, "b", "AFTER1=c:running\nAFTER2=none,time=5\n");
	own_host_register(&h, "c", "");
	own_host_register(&h, "x", "AFTER1=y\n");
	own_host_register(&h, "y", "AFTER1=x\n");
	own_host_register(&h, "z", "AFTER1=x\n");
	own_host_register(&h, "self", "AFTER1=self\n");
	looks("a", "", "");
	looks("b", "", "b-qemu.rc:2: AFTER2: none: not registered, so nobody starts it: qemu-adm register FOLDER\n");
	looks("c", "", "");
	looks("x", "AFTER: a ring: x, y, x: one of them without it\n", "");
	looks("y", "AFTER: a ring: y, x, y: one of them without it\n", "");
	looks("z", "", ""); /* it only waits for who is in one */
	looks("self", "AFTER: a ring: self, self: one of them without it\n", "");
	test_many();
	host_free(&h);
	return unit_failed;
}
