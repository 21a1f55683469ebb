/* SPDX-License-Identifier: 0BSD */
/* What the keeper of a VM holds while it lives. */
#include "keep.h"

#include "caps.h"
#include "clock.h"
#include "fmt.h"
#include "journal.h"
#include "user.h"

#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void tell(struct keeper *k, const char *words)
{
	static const char *const hearers[] = { "ready", "stop", "stop-force", "kill" };

	if (k->job->say)
		k->job->say(k->job->arg, words);
	for (size_t i = 0; i < sizeof(hearers) / sizeof(*hearers); i++)
		desk_say_all(&k->desk, hearers[i], words);
}

void keep_say(struct keeper *k, const char *format, ...)
{
	char words[1024];
	va_list list;

	va_start(list, format);
	fmt_list(words, sizeof(words), format, list);
	va_end(list);
	tell(k, words);
}

void keep_note(struct keeper *k, const char *format, ...)
{
	char words[1024];
	va_list list;

	va_start(list, format);
	fmt_list(words, sizeof(words), format, list);
	va_end(list);
	journal(k->vm->name, words);
	tell(k, words);
}

void keep_told(struct keeper *k, int code)
{
	if (!k->told && k->job->done)
		k->job->done(k->job->arg, code);
	k->told = 1;
}

int keep_phase(struct keeper *k, const char *phase)
{
	struct err e;

	k->state.phase = phase;
	if (state_write(&k->state, k->vm->dir, &e) == 0)
		return 0;
	keep_say(k, "%s", e.text);
	k->err = e;
	return -1;
}

int keep_share(struct keeper *k)
{
	gid_t group = (gid_t)k->state.group, want = group ? group : getegid();
	mode_t mode = group ? 02750 : k->job->place->root ? 0750 : 0700;
	struct stat st;

	umask(group ? 027 : 077);
	k->peers = (struct peers){ .owner = geteuid() };
	if (group) {
		peer_add_group(&k->peers, group);
		caps_join(group);
	}
	k->porter.peers = k->peers;
	k->porter.vm = k->vm->name;
	if (fstat(k->vm->dir, &st) < 0 || (st.st_gid != want && fchown(k->vm->dir, (uid_t)-1, want) < 0) ||
	    ((st.st_mode & 07777) != mode && fchmod(k->vm->dir, mode) < 0))
		return err_sys(&k->err, "%s: group %ld", k->vm->path, (long)group);
	return peer_read(&k->porter.peers, k->state.allow, USER_PASSWD, USER_GROUP, &k->err);
}

int keep_strays(const struct keeper *k)
{
	return k->state.turn && uid_lives(UID_FILE, (uid_t)k->state.uid, k->state.turn);
}

void keep_arm(struct keeper *k)
{
	int64_t now = clock_ms(), at = k->limit_hit ? CLOCK_NEVER : k->job->limit, next;

	if (!k->ready && !k->pausing && k->ready_by < at)
		at = k->ready_by;
	if (k->pausing && k->again < at)
		at = k->again;
	/* asking takes a step that is due: only the keeper's own clock may, so look at a copy */
	struct ladder copy = k->ladder;
	if (ladder_due(&copy, now, &next) != LADDER_NONE)
		next = now;
	if (next < at)
		at = next;
	k->clock.at = at;
}

void keep_words(struct keeper *k, const char *bytes, size_t n)
{
	log_write(&k->qemu_log, bytes, n);
	buf_add(&k->last_words, bytes, n);
	if (k->last_words.n > KEEP_WORDS_MAX)
		buf_drop(&k->last_words, k->last_words.n - KEEP_WORDS_MAX);
}

void keep_status(struct keeper *k, const struct qmp_message *m)
{
	int runs = qmp_run_state(m, k->reason, sizeof(k->reason));

	if (runs >= 0)
		k->paused = !runs;
}

void keep_policy(struct keeper *k)
{
	const struct conf *c = k->job->conf;

	if (!c)
		return;
	k->restart.policy = (enum restart_policy)restart_policy(conf_text(c, CONF_RESTART));
	k->restart.delay = conf_ms(c, CONF_RESTART_DELAY);
	k->restart.longest = conf_ms(c, CONF_RESTART_LONGEST);
	k->restart.most = (int)conf_long(c, CONF_RESTART_MOST);
}
