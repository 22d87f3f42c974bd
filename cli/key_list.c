#include "cli/key_list.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/secret.h"
#include "cli/cli.h"

int
key_list_read(struct cli *cli, const struct secret *text, struct key_list *list)
{
	char *rest = arena_strdup(cli->mem, text->bytes);

	while (rest != NULL) {
		char *key = strsep(&rest, ",");

		key += strspn(key, " \t");
		key[strcspn(key, " \t")] = '\0';
		if (key[0] == '\0')
			continue;
		if (list->n == SEAL_KEYS_MAX)
			return -1;
		list->keys[list->n++] = key;
	}
	return 0;
}

const char *
key_list_text(struct cli *cli, const struct key_list *list)
{
	const char *text = list->keys[0];
	size_t i;

	for (i = 1; i < list->n; i++)
		text = arena_printf(cli->mem, "%s,%s", text, list->keys[i]);
	return text;
}

int
key_list_replace(struct cli *cli, const char *path, const char *text)
{
	char file[PATH_MAX], why[128];
	const char *tmp = "";
	struct stat st;
	int fd = -1;

	if (realpath(path, file) == NULL || stat(file, &st) == -1)
		goto bad;
	path = file;
	tmp = arena_printf(cli->mem, "%s.new", path);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (fd == -1)
		goto bad;
	if (dprintf(fd, "%s\n", text) < 0
	    || (fchown(fd, st.st_uid, st.st_gid) == -1 && errno != EPERM)
	    || fchmod(fd, st.st_mode & 07777) == -1 || fsync(fd) == -1
	    || rename(tmp, path) == -1) {
		int saved = errno;

		unlink(tmp);
		errno = saved;
		goto bad;
	}
	close(fd);
	return 0;
bad:
	cli_error(cli, "%s cannot be replaced: %s%s", path,
	    strerror_r(errno, why, sizeof(why)),
	    fd == -1 && errno == EEXIST
		? " (another rotation runs, or one was cut off: look at it, "
		  "then remove FILE.new)"
		: "");
	if (fd != -1)
		close(fd);
	return -1;
}
