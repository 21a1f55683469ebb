/* SPDX-License-Identifier: 0BSD */
/* Options: one table of letters for all applets, and the one parser that reads it. */
#include "opt.h"

#include "fmt.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

const struct opt_letter opt_letters[] = {
	{ 'a', "all", NULL, "all VMs" },
	{ 'c', "console", NULL, "join the serial console to stdin and stdout" },
	{ 'd', "dir", "DIR", "the VM's folder" },
	{ 'e', "escape", "CHAR", "leave by Ctrl-CHAR instead of Ctrl-]" },
	{ 'f', "force", NULL, "at once, without asking" },
	{ 'h', "help", NULL, "this help" },
	{ 'j', "json", NULL, "print JSON" },
	{ 'n', "number", "N", "so many" },
	{ 'p', "port", "PORT", "the TCP port of a monitor, on 127.0.0.1 or ::1" },
	{ 'q', "qmp", NULL, "speak QMP" },
	{ 'r', "read-only", NULL, "only what runs; change nothing" },
	{ 's', "shell", NULL, "print shell assignments" },
	{ 't', "time", "TIME", "at most so long: 5, 0.5, 90s, 5m" },
	{ 'u', "unix", "SOCKET", "the path of a monitor's UNIX socket" },
	{ 'v', "verbose", NULL, "say more" },
	{ 'w', "watch", "SEC", "again every SEC seconds" },
	{ 'x', "throw-away", NULL, "disks forget at the end what is written to them" },
	{ '0', "nul", NULL, "end each word with a NUL byte" },
	{ 'E', "event", "EVENT", "this event" },
	{ 'J', "jobs", "N", "so many at once" },
	{ '\1', "from", "FILE", "begin with the lines of this rc-file" },
	{ '\2', "disk", "SIZE", "make an empty disk: 10G" },
	{ '\3', "cdrom", "ISO", "with this CD image" },
	{ '\4', "linked", NULL, "disks build on the original, then read-only" },
	{ '\5', "systemd", NULL, "a unit for systemd" },
};
const size_t opt_letter_count = sizeof(opt_letters) / sizeof(*opt_letters);

static const struct opt_letter *by_letter(char letter)
{
	for (size_t i = 0; i < opt_letter_count; i++)
		if (opt_letters[i].letter == letter)
			return &opt_letters[i];
	return NULL;
}

static int is_taken(const char *letters, char letter)
{
	return letter == 'h' || strchr(letters, letter) != NULL;
}

static const struct opt_letter *by_name(const char *name, size_t n, const char *letters)
{
	for (size_t i = 0; i < opt_letter_count; i++)
		if (strlen(opt_letters[i].name) == n && memcmp(opt_letters[i].name, name, n) == 0)
			return is_taken(letters, opt_letters[i].letter) ? &opt_letters[i] : NULL;
	return NULL;
}

/* Where the reading stands. */
struct line {
	char **argv;
	int n, at;
	const char *letters;
	struct opts *o;
	struct err *e;
};

/* Gives the letter its value: the text behind it, or the next word. */
static int give(struct line *l, const struct opt_letter *letter, const char *behind)
{
	if (letter->arg && !behind) {
		if (l->at >= l->n)
			return err_code(l->e, USAGE, "--%s: wants a value, %s", letter->name, letter->arg);
		behind = l->argv[l->at++];
	}
	l->o->value[(int)letter->letter] = behind ? behind : "";
	return 0;
}

static int read_long(struct line *l, const char *word)
{
	const char *equals = strchr(word, '=');
	size_t n = equals ? (size_t)(equals - word) : strlen(word);
	const struct opt_letter *letter = by_name(word, n, l->letters);

	if (!letter)
		return err_code(l->e, USAGE, "--%s: unknown option", word);
	if (equals && !letter->arg)
		return err_code(l->e, USAGE, "--%s: takes no value", letter->name);
	return give(l, letter, equals ? equals + 1 : NULL);
}

static int read_letters(struct line *l, const char *word)
{
	for (; *word; word++) {
		const struct opt_letter *letter = is_taken(l->letters, *word) ? by_letter(*word) : NULL;
		if (!letter)
			return err_code(l->e, USAGE, "-%c: unknown option", *word);
		if (letter->arg)
			return give(l, letter, word[1] ? word + 1 : NULL);
		give(l, letter, NULL);
	}
	return 0;
}

int opt_read(struct opts *o, const char *letters, int own, int n, char **argv, struct err *e)
{
	struct line l = { .argv = argv, .n = n, .letters = letters, .o = o, .e = e };
	enum { MIXED, WORDS, REST } now = MIXED; /* WORDS: behind `--`, but one more may stand before the foreign words */

	*o = (struct opts){ .words = argv };
	while (l.at < n) {
		char *word = argv[l.at++];
		int foreign = own && o->n >= own - (opt_has(o, 'p') || opt_has(o, 'u'));
		if (now != REST && strcmp(word, "--") == 0 && (now == MIXED || foreign)) {
			now = foreign || !own ? REST : WORDS;
		} else if (now == MIXED && word[0] == '-' && word[1]) {
			if ((word[1] == '-' ? read_long(&l, word + 2) : read_letters(&l, word + 1)) < 0)
				return -1;
		} else {
			o->words[o->n++] = word;
			if (foreign)
				now = REST;
		}
	}
	return 0;
}

int opt_has(const struct opts *o, char letter)
{
	return o->value[(int)letter] != NULL;
}

const char *opt_value(const struct opts *o, char letter)
{
	return o->value[(int)letter];
}

int64_t opt_time(const struct opts *o, char letter, int64_t standard, struct err *e)
{
	int64_t ms;

	if (!opt_has(o, letter))
		return standard;
	if (text_time(o->value[(int)letter], &ms) == 0)
		return ms;
	return err_code(e, USAGE, "-%c %s: not a time (5, 0.5, 90s, 5m)", letter, o->value[(int)letter]);
}

long opt_number(const struct opts *o, char letter, long min, long max, long standard, struct err *e)
{
	long long n;

	if (!opt_has(o, letter))
		return standard;
	if (text_number(o->value[(int)letter], min, max, &n) == 0)
		return (long)n;
	return err_code(e, USAGE, "-%c %s: not a number from %ld to %ld", letter, o->value[(int)letter], min, max);
}

void opt_help(struct buf *b, const char *letters)
{
	for (size_t i = 0; i < opt_letter_count; i++) {
		const struct opt_letter *l = &opt_letters[i];
		char both[64] = "";
		if (!is_taken(letters, l->letter))
			continue;
		if (l->letter >= ' ')
			fmt(both, sizeof(both), "-%c%s%s", l->letter, l->arg ? " " : "", l->arg ? l->arg : "");
		else
			fmt(both, sizeof(both), "%s", l->arg ? l->arg : "");
		buf_fmt(b, "  %-10s --%-11s %s\n", both, l->name, l->about);
	}
}
