/* SPDX-License-Identifier: 0BSD */
/* Who may: an owner, and users and groups beside. */
#include "peer.h"

#include "user.h"

#include <string.h>
#include <sys/socket.h>

enum { GROUPS = 1024 };

int peer_add_group(struct peers *p, gid_t gid)
{
	if (p->groups == PEER_MAX)
		return -1;
	p->group[p->groups++] = gid;
	return 0;
}

static int add_user(struct peers *p, uid_t uid)
{
	if (p->users == PEER_MAX)
		return -1;
	p->user[p->users++] = uid;
	return 0;
}

static int add_word(struct peers *p, const char *word, const char *passwd, const char *group, struct err *e)
{
	int is_group = *word == '@';
	const char *path = is_group ? group : passwd;
	unsigned int id, gid;

	if (strcmp(word, "any") == 0) {
		p->any = 1;
		return 0;
	}
	if (user_number(word + is_group, &id) < 0 && user_find(path, word + is_group, &id, is_group ? NULL : &gid) < 0)
		return err_code(e, NOT_CONFIGURED, "%s: no such %s in %s (a number needs none)", word, is_group ? "group" : "user", path);
	if (id == USER_NOBODY)
		return err_code(e, NOT_CONFIGURED, "%s: %d stands for nobody", word, USER_NOBODY);
	if ((is_group ? peer_add_group(p, id) : add_user(p, id)) < 0)
		return err_code(e, NOT_CONFIGURED, "%s: more than %d", word, PEER_MAX);
	return 0;
}

int peer_read(struct peers *p, const char *words, const char *passwd, const char *group, struct err *e)
{
	static const char between[] = " \t,";
	char word[64];

	for (size_t n; *(words += strspn(words, between)); words += n) {
		n = strcspn(words, between);
		if (n >= sizeof(word))
			return err_code(e, NOT_CONFIGURED, "%s: too long", words);
		memcpy(word, words, n);
		word[n] = '\0';
		if (add_word(p, word, passwd, group, e) < 0)
			return -1;
	}
	return 0;
}

int peer_user(const struct peers *p, uid_t uid)
{
	int is = p->any || uid == p->owner;

	for (unsigned int i = 0; i < p->users; i++)
		is |= p->user[i] == uid;
	return is;
}

int peer_group(const struct peers *p, const gid_t *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (unsigned int j = 0; j < p->groups; j++)
			if (list[i] == p->group[j])
				return 1;
	return 0;
}

int peer_may(int fd, const struct peers *p)
{
	struct ucred who;
	gid_t list[GROUPS];
	socklen_t n = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0)
		return 0;
	if (who.uid == 0 || peer_user(p, who.uid) || peer_group(p, &who.gid, 1))
		return 1;
	n = sizeof(list);
	return getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, list, &n) == 0 && peer_group(p, list, n / sizeof(*list));
}
