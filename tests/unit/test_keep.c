/* SPDX-License-Identifier: 0BSD */
#include "keep.h"

#include "clock.h"
#include "unit.h"

static char said[64];
static int told, times;

static void on_say(void *arg, const char *words)
{
	(void)arg;
	snprintf(said, sizeof(said), "%s", words);
}

static void on_done(void *arg, int code)
{
	(void)arg;
	told = code;
	times++;
}

static void test_words(struct keeper *k)
{
	char many[1000];

	memset(many, 'x', sizeof(many));
	for (int i = 0; i < 10; i++)
		keep_words(k, many, sizeof(many));
	keep_words(k, "end", 3);
	CHECK(k->last_words.n == KEEP_WORDS_MAX && strcmp(k->last_words.s + KEEP_WORDS_MAX - 3, "end") == 0);
	buf_free(&k->last_words);
}

static void test_clock(struct keeper *k, struct keep_job *job)
{
	job->limit = 500;
	k->ready_by = 300;
	keep_arm(k);
	CHECK(k->clock.at == 300);
	k->ready = 1;
	keep_arm(k);
	CHECK(k->clock.at == 500);
	k->limit_hit = 1; /* or it would be due for ever */
	keep_arm(k);
	CHECK(k->clock.at == CLOCK_NEVER);
	ladder_begin(&k->ladder, clock_ms(), clock_in(60000), LADDER_PRESS);
	keep_arm(k);
	CHECK(k->clock.at <= clock_ms());
}

int main(void)
{
	struct keep_job job = { .say = on_say, .done = on_done };
	struct keeper k = { .job = &job, .qemu_log.fd = -1 };

	keep_say(&k, "number %d", 7);
	CHECK_TEXT(said, "number 7");
	keep_told(&k, 6);
	keep_told(&k, 0);
	CHECK(told == 6 && times == 1);
	test_words(&k);
	test_clock(&k, &job);
	return unit_failed;
}
