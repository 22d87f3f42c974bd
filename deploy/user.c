#include "deploy/user.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deploy/say.h"

#define NAME_MAX_BYTES 256

bool
user_find(const char *text, struct user *out)
{
	char name[NAME_MAX_BYTES];
	const char *group = strchr(text, ':');
	struct passwd *pw;
	struct group *gr;

	if (strcmp(text, "-") == 0)
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(text, ":"), text);
	pw = getpwnam(name);
	if (pw == NULL) {
		say("no such user: %s", name);
		exit(1);
	}
	*out = (struct user){ pw->pw_name, pw->pw_uid, pw->pw_gid };
	if (group == NULL)
		return true;
	gr = getgrnam(group + 1);
	if (gr == NULL) {
		say("no such group: %s", group + 1);
		exit(1);
	}
	out->gid = gr->gr_gid;
	return true;
}

void
user_become(const char *text)
{
	struct user u;

	if (geteuid() != 0 || !user_find(text, &u))
		return;
	if (initgroups(u.name, u.gid) == -1 || setgid(u.gid) == -1
	    || setuid(u.uid) == -1)
		say_fatal("cannot become", text);
}
