/* SPDX-License-Identifier: 0BSD */
#include "unit.h"

#include "opt.h"

static struct err e;
static struct opts o;

/* Splits a line at blanks and reads it; "%" stands for an empty word. Then the words that are left, in one line, or the
 * complaint. */
static const char *read_line(const char *letters, int own, const char *line)
{
	static char text[256], left[256];
	char *argv[32];
	int n = 0;

	snprintf(text, sizeof(text), "%s", line);
	for (char *w = strtok(text, " "); w; w = strtok(NULL, " "))
		argv[n++] = strcmp(w, "%") == 0 ? w + 1 : w;
	if (opt_read(&o, letters, own, n, argv, &e) < 0) {
		CHECK(e.code == USAGE);
		return e.text;
	}
	left[0] = '\0';
	for (int i = 0; i < o.n; i++)
		snprintf(left + strlen(left), sizeof(left) - strlen(left), "%s%s", i ? " " : "", *o.words[i] ? o.words[i] : "%");
	return left;
}

static const char *value(char letter)
{
	return opt_has(&o, letter) ? o.value[(int)letter] : "(none)";
}

static void test_table(void)
{
	for (size_t i = 0; i < opt_letter_count; i++)
		for (size_t j = 0; j < i; j++)
			CHECK(opt_letters[i].letter != opt_letters[j].letter && strcmp(opt_letters[i].name, opt_letters[j].name) != 0);
}

static void test_mixed(void)
{
	CHECK_TEXT(read_line("aft", 0, ""), "");
	CHECK_TEXT(read_line("aft", 0, "web -f db -t 5 -a x"), "web db x");
	CHECK(opt_has(&o, 'f') && opt_has(&o, 'a') && !opt_has(&o, 'h'));
	CHECK_TEXT(value('t'), "5");
	CHECK_TEXT(read_line("aft", 0, "-aft5 web"), "web");
	CHECK(opt_has(&o, 'a') && opt_has(&o, 'f'));
	CHECK_TEXT(value('t'), "5");
	CHECK_TEXT(read_line("aft", 0, "--time=5 --all web --force"), "web");
	CHECK_TEXT(value('t'), "5");
	CHECK_TEXT(read_line("aft", 0, "--time 90s"), "");
	CHECK_TEXT(value('t'), "90s");
	CHECK_TEXT(read_line("t", 0, "-t 1 -t 2"), ""); /* the last one counts */
	CHECK_TEXT(value('t'), "2");
	CHECK_TEXT(read_line("t", 0, "--time="), "");
	CHECK_TEXT(value('t'), "");
	CHECK_TEXT(read_line("t", 0, "-t -f"), ""); /* a value may look like an option */
	CHECK_TEXT(value('t'), "-f");
	CHECK_TEXT(read_line("", 0, "-h"), "");
	CHECK(opt_has(&o, 'h'));
	CHECK_TEXT(read_line("", 0, "--help"), "");
	CHECK(opt_has(&o, 'h'));
	CHECK_TEXT(read_line("f", 0, "- % a=b"), "- % a=b");
	CHECK_TEXT(read_line("f", 0, "-f -- -f -- --force"), "-f -- --force");
}

static void test_refused(void)
{
	CHECK_TEXT(read_line("f", 0, "-a"), "-a: unknown option");
	CHECK_TEXT(read_line("f", 0, "-fz"), "-z: unknown option");
	CHECK_TEXT(read_line("f", 0, "--all"), "--all: unknown option");
	CHECK_TEXT(read_line("f", 0, "--"), "");
	CHECK_TEXT(read_line("f", 0, "---"), "---: unknown option");
	CHECK_TEXT(read_line("f", 0, "--forc"), "--forc: unknown option");
	CHECK_TEXT(read_line("f", 0, "--force=1"), "--force: takes no value");
	CHECK_TEXT(read_line("t", 0, "web -t"), "--time: wants a value, TIME");
	CHECK_TEXT(read_line("t", 0, "--time"), "--time: wants a value, TIME");
	CHECK_TEXT(read_line("f", 0, "-\xc3\xa4"), "-\xc3: unknown option");
}

/* NAME, then another program's words: nothing of them is an option. */
static void test_foreign(void)
{
	CHECK_TEXT(read_line("tpu", 1, "web info -t 5"), "web info -t 5");
	CHECK(!opt_has(&o, 't'));
	CHECK_TEXT(read_line("tpu", 1, "-t 5 web -t 6 info -- -t 7"), "web info -- -t 7");
	CHECK_TEXT(value('t'), "6");
	CHECK_TEXT(read_line("tpu", 1, "web -- -x -- y"), "web -x -- y");
	CHECK_TEXT(read_line("tpu", 1, "-- web -x"), "web -x");
	CHECK_TEXT(read_line("tpu", 1, "-- -web -- -x"), "-web -x");
	CHECK_TEXT(read_line("tpu", 1, "-p 30320 -- -x -t"), "-x -t");
	CHECK_TEXT(read_line("tpu", 1, "-p 30320 info -t"), "info -t");
	CHECK_TEXT(read_line("tpu", 1, "-u /s info status"), "info status");
	CHECK_TEXT(value('u'), "/s");
	CHECK_TEXT(read_line("tpu", 1, "web"), "web");
}

static void test_values(void)
{
	read_line("tn", 0, "");
	CHECK(opt_time(&o, 't', 777, &e) == 777 && opt_number(&o, 'n', 1, 9, 5, &e) == 5);
	read_line("tn", 0, "-t 0.5 -n 9");
	CHECK(opt_time(&o, 't', 777, &e) == 500 && opt_number(&o, 'n', 1, 9, 5, &e) == 9);
	read_line("tn", 0, "-t soon -n 10");
	CHECK(opt_time(&o, 't', 777, &e) == -1 && e.code == USAGE);
	CHECK_TEXT(e.text, "-t soon: not a time (5, 0.5, 90s, 5m)");
	CHECK(opt_number(&o, 'n', 1, 9, 5, &e) == -1 && e.code == USAGE);
	CHECK_TEXT(e.text, "-n 10: not a number from 1 to 9");
}

static void test_help(void)
{
	struct buf b = { 0 };

	opt_help(&b, "tf");
	CHECK(strstr(buf_text(&b), "  -f         --force       ") == b.s);
	CHECK(strstr(buf_text(&b), "\n  -t TIME    --time        ") != NULL && strstr(buf_text(&b), "--help") != NULL);
	CHECK(!strstr(buf_text(&b), "--all"));
	buf_free(&b);
}

int main(void)
{
	test_table();
	test_mixed();
	test_refused();
	test_foreign();
	test_values();
	test_help();
	return unit_failed;
}
