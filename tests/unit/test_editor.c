/* SPDX-License-Identifier: 0BSD */
/* editor: which program, and its words; the terminal is in tests/adm.bats. */
#include "editor.h"

#include "scratch.h"
#include "unit.h"

static struct err e;

/* What the editor that VISUAL and EDITOR name makes of the file, or why not. */
static const char *edited(const char *visual, const char *editor)
{
	const char *file = scratch_path("a file");

	scratch_write("a file", "");
	setenv("VISUAL", visual, 1);
	setenv("EDITOR", editor, 1);
	return editor_run(file, &e) == 0 ? scratch_read("a file") : e.text;
}

int main(void)
{
	close(scratch_begin());
	scratch_write("bin", "#!/bin/sh\nfor last; do :; done\necho \"$# $1\" >\"$last\"\n");
	chmod(scratch_path("bin"), 0755);
	const char *bin = scratch_path("bin");
	char words[300];

	snprintf(words, sizeof(words), "1 %s\n", scratch_path("a file"));
	CHECK_TEXT(edited(bin, "false"), words);
	snprintf(words, sizeof(words), "%s 'a b' -c", bin);
	CHECK_TEXT(edited("", words), "3 a b\n");
	CHECK_TEXT(edited("", "false"), "the editor failed (VISUAL, EDITOR)");
	CHECK_TEXT(edited("/nowhere/vi", ""), "the editor failed (VISUAL, EDITOR)");
	CHECK_TEXT(edited("no-such-editor", ""), "the editor failed (VISUAL, EDITOR)");
	CHECK_TEXT(edited("'vi", ""), "the editor failed (VISUAL, EDITOR)");
	return unit_failed;
}
