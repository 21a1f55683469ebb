/* SPDX-License-Identifier: 0BSD */
/* user: words of MONITOR_ALLOW, behind a form feed passwd, behind another group. Who is let in stands in one of them. */
#include "fuzz.h"

#include "peer.h"
#include "text.h"
#include "uid.h"
#include "user.h"

/* Field n of a line, counted from 0, as an id. */
static int field(const char *line, size_t len, int n, unsigned int *id)
{
	char copy[16] = "";

	while (n && len) {
		n -= *line++ == ':';
		len--;
	}
	if (n || (!len && line[-1] != ':'))
		return -1;
	const char *colon = memchr(line, ':', len);
	len = colon ? (size_t)(colon - line) : len;
	if (len < sizeof(copy))
		memcpy(copy, line, len);
	return user_number(copy, id);
}

/* Whether some line gives the name this id; NULL: whether some line has it. */
static int stands(const char *text, const char *name, unsigned int id)
{
	size_t n = strlen(text), len, m = name ? strlen(name) : 0;
	unsigned int here;
	const char *line;

	while ((line = text_line(&text, &n, &len)))
		if ((!name || (len > m && !memcmp(line, name, m) && line[m] == ':')) && field(line, len, 2, &here) == 0 && here == id)
			return 1;
	return 0;
}

static void check_id(const char *word, int is_group, unsigned int id, const char *passwd, const char *group)
{
	unsigned int number;

	MUST(id != USER_NOBODY);
	MUST(user_number(word, &number) == 0 ? number == id : stands(is_group ? group : passwd, word, id));
}

/* Every word has its place among the peers, in order. */
static void check(const struct peers *p, char *words, const char *passwd, const char *group)
{
	unsigned int users = 0, groups = 0;
	int any = 0;

	for (char *word; (word = strsep(&words, " \t,")); ) {
		if (!strcmp(word, "any"))
			any = 1;
		else if (*word == '@')
			check_id(word + 1, 1, p->group[groups++], passwd, group);
		else if (*word)
			check_id(word, 0, p->user[users++], passwd, group);
	}
	MUST(users == p->users && groups == p->groups && any == p->any);
	for (unsigned int i = 0; i < users; i++)
		MUST(peer_user(p, p->user[i]));
	for (unsigned int i = 0; i < groups; i++)
		MUST(peer_group(p, &p->group[i], 1));
	MUST(peer_user(p, p->owner) && (any || !peer_user(p, USER_NOBODY)) && !peer_group(p, (gid_t[]){ USER_NOBODY }, 1));
}

static void look(const char *words, const char *path, const char *passwd, const char *group_path)
{
	struct uid_plan plan;
	unsigned int id = 0, gid;
	struct err e;

	if (user_find(path, words, &id, &gid) == 0)
		MUST(stands(passwd, words, id));
	if (uid_plan(&plan, *words ? words : "0", 1879048192, path, group_path, &e) < 0)
		MUST(e.text[0] && (e.code == NOT_CONFIGURED || e.code == NO_RIGHT));
	id = 1000;
	if (user_find(path, NULL, &id, NULL) == 0)
		MUST(id == 1000 && stands(passwd, NULL, id));
	gid = user_group(path, id);
	MUST(gid == USER_NOBODY || stands(passwd, NULL, id));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char *text = fuzz_text(bytes, n), *rest = text;
	char *words = strsep(&rest, "\f"), *passwd = strsep(&rest, "\f"), *group = rest;

	passwd = passwd ? passwd : "";
	group = group ? group : "";
	char *passwd_path = fuzz_file("passwd", passwd, strlen(passwd)), *group_path = fuzz_file("group", group, strlen(group));
	struct peers p = { .owner = 4711 };
	struct err e;
	look(words, passwd_path, passwd, group_path);
	int bad = peer_read(&p, words, passwd_path, group_path, &e);
	MUST(p.users <= PEER_MAX && p.groups <= PEER_MAX);
	if (bad)
		MUST(e.code == NOT_CONFIGURED && e.text[0]);
	else
		check(&p, words, passwd, group);
	free(passwd_path);
	free(group_path);
	free(text);
	return 0;
}
