/* SPDX-License-Identifier: 0BSD */
/* Disks are used once. */
#include "claim.h"

#include "file.h"
#include "fmt.h"
#include "lock.h"
#include "state.h"
#include "text.h"
#include "vm.h"

#include <dirent.h>
#include <string.h>

int claim_lock(const struct place *place, int64_t deadline, struct err *e)
{
	char path[PLACE_MAX + sizeof("/.disks")];

	fmt(path, sizeof(path), "%s/.disks", place->run);
	return file_lock(path, deadline, e);
}

int claim_forbids(const char *claims, unsigned long long dev, unsigned long long ino, int writes)
{
	for (const char *s = claims; *s;) {
		unsigned long long d, i = 0;
		const char *end = text_digits(s, &d);
		if (end && *end == ':')
			end = text_digits(end + 1, &i);
		if (end && *end == ':' && d == dev && i == ino && (writes || end[1] == 'w'))
			return 1;
		s += strcspn(s, " ");
		s += strspn(s, " ");
	}
	return 0;
}

static int node_writes(const struct disk *d, size_t node)
{
	return node == 0 && d->node[0].writable;
}

static int check_against(const char *other, const char *claims, const struct disks *all, struct err *e)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct disk *d = &all->list[i];
		for (size_t n = 0; n < d->nodes; n++) {
			if (!claim_forbids(claims, d->node[n].dev, d->node[n].ino, node_writes(d, n)))
				continue;
			err_set(e, "%s: used by %s, which runs", d->node[n].path, other);
			return conf_at(e, d->item);
		}
	}
	return 0;
}

/* One entry of the run place. */
static int check_entry(const struct place *place, const char *other, const struct disks *all, struct err *e)
{
	struct vm vm;
	struct lock_seen seen = { 0 };
	struct state s = { 0 };
	struct err why;
	int bad = 0;

	if (vm_look(&vm, place, other, &why) == 1 && lock_look(vm.lock, &seen) == 0 && (seen.qemu || seen.keeper) &&
	    state_read(&s, vm.dir, &why) == 1)
		bad = check_against(other, s.disks, all, e);
	state_free(&s);
	vm_close(&vm);
	return bad;
}

int claim_check(const struct place *place, const char *name, const struct disks *d, struct err *e)
{
	DIR *dir = d->n ? opendir(place->run) : NULL;
	struct dirent *entry;
	int bad = 0;

	while (dir && !bad && (entry = readdir(dir)))
		if (text_name(entry->d_name, CONF_NAME_MAX) && strcmp(entry->d_name, name) != 0)
			bad = check_entry(place, entry->d_name, d, e);
	if (dir)
		closedir(dir);
	return bad;
}

void claim_print(struct buf *out, const struct disks *all)
{
	for (size_t i = 0; i < all->n; i++)
		for (size_t n = 0; n < all->list[i].nodes; n++)
			buf_fmt(out, "%s%llu:%llu:%c", out->n ? " " : "", (unsigned long long)all->list[i].node[n].dev,
				(unsigned long long)all->list[i].node[n].ino, node_writes(&all->list[i], n) ? 'w' : 'r');
}
