/* SPDX-License-Identifier: 0BSD */
#include "target.h"

#include "unit.h"

int main(void)
{
	char *words[] = { "web", "RAM=1G", "CPU=max", "./a=b", "db" };
	char *alone[] = { "NAME=fix", "RAM=1G" };
	struct target list[5];
	struct host h = { 0 };
	struct buf errors = { 0 }, warnings = { 0 };

	CHECK(target_split(list, words, 5) == 3);
	CHECK_TEXT(list[0].operand, "web");
	CHECK(list[0].n == 2 && list[0].settings == words + 1);
	CHECK_TEXT(list[1].operand, "./a=b"); /* a path, not a setting */
	CHECK(list[1].n == 0 && list[2].n == 0);
	CHECK(target_split(list, alone, 2) == 1 && !list[0].operand && list[0].n == 2 && list[0].settings == alone);
	CHECK(target_split(list, words, 0) == 0);
	CHECK(target_split(list, words + 4, 1) == 1);
	CHECK(target_load(&list[0], &h, &errors, &warnings) == NOT_CONFIGURED && errors.n && !warnings.n);
	target_free(&list[0]);
	buf_free(&errors);
	buf_free(&warnings);
	return unit_failed;
}
