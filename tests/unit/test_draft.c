/* SPDX-License-Identifier: 0BSD */
/* draft: keys, numbers, paths, options that name each other. */
#include "unit.h"

#include "draft.h"

#include <stdlib.h>

static const struct draft_from from = { .file = "f", .dir = "/d" };

static void test_put(void)
{
	struct draft d = { .from = &from };

	CHECK(draft_put(&d, CONF_RAM, 0, "1G") == 0);
	CHECK(draft_put(&d, CONF_RAM, 0, "2G") < 0);	/* it is there */
	CHECK(draft_put(&d, CONF_SMP, 0, "") < 0);
	CHECK(draft_put(&d, CONF_SMP, 0, "0") < 0);
	CHECK(draft_put(&d, CONF_VGA, 0, "qxl") < 0);
	CHECK(draft_put(&d, CONF_DISK, 3, "a # b") == 0);
	CHECK_TEXT(buf_text(&d.rc), "RAM=1G\nDISK3=\"a # b\"\n");
	char *much = malloc(70000);
	memset(much, 'x', 69999);
	much[69999] = '\0';
	CHECK(draft_put(&d, CONF_APPEND, 0, much) < 0);
	free(much);
	draft_free(&d);
	CHECK(!d.rc.s && !d.from);
}

static void test_number(void)
{
	struct draft d = { .from = &from };

	CHECK(draft_number(&d, CONF_DISK, NULL, "disk") == 1);
	CHECK(draft_number(&d, CONF_DISK, "disk7", "disk") == 7);
	CHECK(draft_number(&d, CONF_DISK, "disk07", "disk") == 1);
	CHECK(draft_number(&d, CONF_DISK, "disk1000", "disk") == 1);
	CHECK(draft_number(&d, CONF_DISK, "nic7", "disk") == 1);
	CHECK(draft_put(&d, CONF_DISK, 1, "a") == 0 && draft_put(&d, CONF_DISK, 2, "a") == 0);
	CHECK(draft_number(&d, CONF_DISK, "disk2", "disk") == 3);
	CHECK(draft_number(&d, CONF_NIC, "disk2", "disk") == 2);
	draft_free(&d);
}

static void test_words(void)
{
	struct draft d = { .from = &from };
	struct draft_option o = { .name = "-a", .value = "b\033c" }, bare = { .name = "-a" };

	CHECK_TEXT(draft_path(&d, "/x"), "/x");
	CHECK_TEXT(draft_path(&d, "x"), "/d/x");
	CHECK_TEXT(draft_path(&d, ""), "/d/");
	draft_tell(&d, &o, "why");
	draft_tell(&d, &bare, "why");
	draft_note(&d, "%s\n%d", "x", 1);
	CHECK_TEXT(buf_text(&d.notes), "-a b?c: why\n-a: why\nx 1\n");
	draft_raw(&d, "-a", NULL);
	draft_raw(&d, "-a", "x y");
	draft_raw(&d, "", "it's");
	CHECK_TEXT(buf_text(&d.cfg), "-a\n-a 'x y'\n'it'\\''s'\n");
	draft_free(&d);
}

static void test_find(void)
{
	struct draft d = { .from = &from, .list = calloc(4, sizeof(*d.list)), .n = 4 };
	static const char *const options[][2] = {
		{ "-a", "id=x,to=z" }, { "-b", "id=x" }, { "-a", "id=y" }, { "-a", "id=x" },
	};

	for (size_t i = 0; i < d.n; i++) {
		d.list[i].name = options[i][0];
		CHECK(props_read(&d.list[i].props, options[i][1], NULL) == 0);
	}
	CHECK(!draft_find(&d, "-a", "id", NULL) && !draft_find(&d, "-a", "id", "z") && !draft_find(&d, "-c", "id", "x"));
	CHECK(draft_find(&d, "-a", "id", "x") == &d.list[0] && d.list[0].fate == DRAFT_NAMED);
	CHECK(draft_find(&d, "-a", "id", "x") == &d.list[3]);
	CHECK(!draft_find(&d, "-a", "id", "x"));
	d.list[1].fate = DRAFT_TAKEN;
	CHECK(!draft_find(&d, "-b", "id", "x") && d.list[2].fate == DRAFT_STAYS);
	draft_free(&d);
}

int main(void)
{
	test_put();
	test_number();
	test_words();
	test_find();
	return unit_failed;
}
