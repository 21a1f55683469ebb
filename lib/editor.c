/* SPDX-License-Identifier: 0BSD */
/* The user's editor, which has the terminal meanwhile. */
#include "editor.h"

#include "arch.h"
#include "cfg.h"
#include "text.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int find_program(const char *word, char path[PATH_MAX])
{
	return strchr(word, '/') ? text_copy(path, PATH_MAX, word) : arch_find(word, path, PATH_MAX);
}

/* Waits for a program that has the terminal: what is typed there, ^C too, is meant for it. waitpid's status, or -1. */
static int call_program(const char *path, char *const *argv)
{
	void (*interrupt)(int) = signal(SIGINT, SIG_IGN), (*quit)(int) = signal(SIGQUIT, SIG_IGN);
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGINT, interrupt);
		signal(SIGQUIT, quit);
		signal(SIGPIPE, SIG_DFL);
		execv(path, argv);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	signal(SIGINT, interrupt);
	signal(SIGQUIT, quit);
	return status;
}

int editor_run(const char *file, struct err *e)
{
	static const char *const names[] = { "VISUAL", "EDITOR" };
	const char *command = "vi";
	char path[PATH_MAX];
	struct cfg words = { 0 };
	struct buf errors = { 0 }, line = { 0 };
	int status = -1;

	for (size_t i = sizeof(names) / sizeof(*names); i--;) {
		const char *value = getenv(names[i]);
		if (value && *value)
			command = value;
	}
	buf_fmt(&line, "%s ", command);
	text_quote(&line, file);
	if (cfg_read(&words, buf_text(&line), line.n, command, &errors) == 0 && find_program(words.words[0], path) == 0)
		status = call_program(path, words.words);
	cfg_free(&words);
	buf_free(&errors);
	buf_free(&line);
	return status ? err_set(e, "the editor failed (VISUAL, EDITOR)") : 0;
}
