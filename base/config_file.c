/*
 * config_file: whole files, and files that hold one value.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/arena.h"
#include "base/config_priv.h"

int
config_read_file(const char *path, struct buf *out)
{
	char piece[4096];
	struct stat sb;
	ssize_t n = -1;
	int rc = -1, saved;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd == -1)
		return -1;
	/* At once: what grows leaves copies behind, and it may be a secret. */
	if (fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode) && sb.st_size > 0
	    && (uintmax_t)sb.st_size <= out->max)
		(void)!buf_reserve(out, (size_t)sb.st_size);
	for (;;) {
		n = read(fd, piece, sizeof(piece));
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (buf_add(out, piece, (size_t)n) == -1) {
			errno = EFBIG;
			goto out;
		}
	}
	rc = n == 0 ? 0 : -1;
out:
	saved = errno;
	sodium_memzero(piece, sizeof(piece));
	close(fd);
	errno = saved;
	return rc;
}

int
config_read_value(const char *path, struct buf *out, char *why, size_t max)
{
	char error[128];

	if (config_read_file(path, out) == -1) {
		snprintf(why, max, "%s cannot be read: %s", path,
		    strerror_r(errno, error, sizeof(error)));
		return -1;
	}
	if (out->len > 0 && out->data[out->len - 1] == '\n')
		out->len--;
	if (out->len > 0 && out->data[out->len - 1] == '\r')
		out->len--;
	if (out->len == 0) {
		/* An empty secret is a mistake, never a wish. */
		snprintf(why, max, "%s is empty", path);
		errno = 0;
		return -1;
	}
	out->data[out->len] = '\0';
	return 0;
}

void
config_set_file(struct config *c, size_t i, const char *given, const char *path,
    const char *where, const char *origin)
{
	struct buf text = BUF_INIT(CONFIG_SECRET_MAX);
	char why[CONFIG_PATH_MAX + 160];
	bool is_none;

	if (config_read_value(path, &text, why, sizeof(why)) == 0) {
		if (config_set(c, i, text.data, text.len, where, origin))
			c->slots[i].path = arena_strdup(c->mem, path);
	} else if (errno != EACCES || (c->defs[i].flags & c->closed) == 0) {
		is_none = errno == ENOENT && strchr(given, '/') == NULL;
		config_error(c, where, c->defs[i].key, "%s",
		    is_none ? "the file that is named there cannot be read: "
			      "No such file or directory; expected its path"
			    : why);
	}
	buf_wipe(&text);
}
