/* SPDX-License-Identifier: 0BSD */
/* Users and groups by name, from files like /etc/passwd and /etc/group, read directly: for getpwnam a static glibc would
 * want shared libraries. */
#ifndef USER_H
#define USER_H

#define USER_PASSWD "/etc/passwd"
#define USER_GROUP "/etc/group"

enum { USER_NOBODY = 65534 }; /* where a user namespace lacks an id, this one stands for it */

/* An id that stands for itself: 0, or -1 when the word is no number of one. */
int user_number(const char *word, unsigned int *id);
/* The line of a name (NULL: of *id) in the file at path: its id, and its fourth field, a user's group, in *gid unless
 * that is NULL. 0, or -1: not there. */
int user_find(const char *path, const char *name, unsigned int *id, unsigned int *gid);
/* The group of a user's, USER_NOBODY where the file at path does not have that uid. */
unsigned int user_group(const char *path, unsigned int uid);

#endif
