#include "deploy/user.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deploy/say.h"

bool
user_find(const char *text, struct user *out)
{
	struct passwd *pw;

	if (strcmp(text, "-") == 0)
		return false;
	pw = getpwnam(text);
	if (pw == NULL) {
		say("no such user: %s", text);
		exit(1);
	}
	*out = (struct user){ pw->pw_name, pw->pw_uid, pw->pw_gid };
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
