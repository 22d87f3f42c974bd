/*
 * user: whom a process becomes.
 */
#ifndef DEPLOY_USER_H
#define DEPLOY_USER_H

#include <sys/types.h>

#include <stdbool.h>

struct user {
	const char *name;
	uid_t uid;
	gid_t gid;
};

/* ${text} of the table, "USER" or "USER:GROUP", into ${out}; false: "-", who we are.  Said, and exit 1,
 * when there is none of that name.  out->name lives until the next call. */
bool user_find(const char *text, struct user *out);

/* Become ${text}, for good; nothing when we are not root. */
void user_become(const char *text);

#endif
