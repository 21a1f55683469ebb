/* SPDX-License-Identifier: 0BSD */
/* Users and groups by name. */
#include "user.h"

#include "file.h"
#include "text.h"

#include <fcntl.h>
#include <string.h>

enum { DATABASE_MAX = 16 << 20 };

int user_number(const char *word, unsigned int *id)
{
	long long n;

	if (text_number(word, 0, 0xfffffffeLL, &n) < 0)
		return -1;
	*id = (unsigned int)n;
	return 0;
}

/* Field n of "name:x:12:34:...", counted from 0, as a number. */
static int id_field(const char *line, size_t len, int n, unsigned int *id)
{
	const char *end = line + len;
	char word[16];

	for (; n > 0; n--) {
		const char *next = memchr(line, ':', (size_t)(end - line));
		if (!next)
			return -1;
		line = next + 1;
	}
	const char *colon = memchr(line, ':', (size_t)(end - line));
	size_t size = (size_t)((colon ? colon : end) - line);
	if (size >= sizeof(word))
		return -1;
	memcpy(word, line, size);
	word[size] = '\0';
	return user_number(word, id);
}

int user_find(const char *path, const char *name, unsigned int *id, unsigned int *gid)
{
	struct buf text = { 0 };
	struct err ignored;
	size_t left, len, n = name ? strlen(name) : 0;
	const char *line, *rest;
	unsigned int here;
	int found = -1;

	if (file_read(AT_FDCWD, path, DATABASE_MAX, &text, &ignored) < 0)
		return -1;
	rest = buf_text(&text);
	left = text.n;
	while (found < 0 && (line = text_line(&rest, &left, &len))) {
		if (name && (len <= n || line[n] != ':' || memcmp(line, name, n) != 0))
			continue;
		if (id_field(line, len, 2, &here) < 0 || (!name && here != *id))
			continue;
		*id = here;
		found = gid ? id_field(line, len, 3, gid) : 0;
	}
	buf_free(&text);
	return found;
}

unsigned int user_group(const char *path, unsigned int uid)
{
	unsigned int gid;

	return user_find(path, NULL, &uid, &gid) == 0 ? gid : USER_NOBODY;
}
