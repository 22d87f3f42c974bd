#include "base/inherit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define FIRST_FD 3
#define FDS_MAX 1024

static bool
number_of(const char *variable, int64_t *out)
{
	const char *text = getenv(variable);

	return text != NULL && text_int(text, out) == 0;
}

bool
inherit_is_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= INHERIT_NAME_MAX
	    && strspn(name,
		   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		   "0123456789_-.")
	    == len;
}

int
inherit_socket(const char *name)
{
	const char *names = getenv("LISTEN_FDNAMES");
	int64_t pid = 0, n = 0, i;
	size_t len;

	if (names == NULL || !number_of("LISTEN_PID", &pid) || pid != getpid()
	    || !number_of("LISTEN_FDS", &n) || n > FDS_MAX)
		n = 0;
	for (i = 0; i < n; i++) {
		len = strcspn(names, ":");
		if (len == strlen(name) && memcmp(names, name, len) == 0)
			return FIRST_FD + (int)i;
		if (names[len] == '\0')
			break;
		names += len + 1;
	}
	errno = EBADF; /* what reads numbers sets it, too */
	return -1;
}
