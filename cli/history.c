#include "cli/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"

#define NAME "dragoman/history"

/* Another terminal has the lock for as long as a write takes; who has it for
 * longer is not waited for. */
#define LOCK_TRIES 20
#define LOCK_MOMENT_MS 10

static void
give_up(struct history_file *h, const char *what)
{
	char why[80];

	snprintf(h->why, sizeof(h->why), "%s: %s", what,
	    strerror_r(errno, why, sizeof(why)));
	free(h->path);
	h->path = NULL;
}

/* Takes over ${text}. */
static void
push(struct history_file *h, char *text)
{
	if (text == NULL)
		abort();
	if (h->n == HISTORY_MAX) {
		free(h->entries[0]);
		memmove(h->entries, h->entries + 1,
		    (h->n - 1) * sizeof(*h->entries));
		h->n--;
	}
	if (h->n == h->room) {
		h->room = h->room == 0 ? 64 : 2 * h->room;
		h->entries = realloc(h->entries, h->room * sizeof(char *));
		if (h->entries == NULL)
			abort();
	}
	h->entries[h->n++] = text;
}

/* A line of the file as the message it was. */
static char *
unescape(const char *line, size_t len)
{
	char *out = malloc(len + 1), *p = out;
	size_t i;

	if (out == NULL)
		abort();
	for (i = 0; i < len; i++) {
		if (line[i] == '\\' && i + 1 < len)
			*p++ = line[++i] == 'n' ? '\n' : line[i];
		else
			*p++ = line[i];
	}
	*p = '\0';
	return out;
}

static int
escape(struct buf *out, const char *text)
{
	int rc = 0;

	for (; *text != '\0' && rc == 0; text++)
		if (*text == '\n')
			rc = buf_add_str(out, "\\n");
		else if (*text == '\\')
			rc = buf_add_str(out, "\\\\");
		else
			rc = buf_add_char(out, *text);
	return rc == 0 ? buf_add_char(out, '\n') : rc;
}

static size_t
escaped_len(const char *text)
{
	size_t len = 1;

	for (; *text != '\0'; text++)
		len += *text == '\n' || *text == '\\' ? 2 : 1;
	return len;
}

/* ${HOME}/.local/state/dragoman/history or XDG's; NULL: nowhere. */
static char *
find_path(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *path = NULL;

	if (state != NULL && state[0] == '/') {
		if (asprintf(&path, "%s/" NAME, state) == -1)
			path = NULL;
	} else if (home != NULL && home[0] == '/') {
		if (asprintf(&path, "%s/.local/state/" NAME, home) == -1)
			path = NULL;
	}
	return path;
}

/* The folders on the way; those that are there stay as they are. */
static void
make_folders(char *path)
{
	char *p;

	for (p = strchr(path + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
		*p = '\0';
		(void)!mkdir(path, 0700); /* open tells what is wrong */
		*p = '/';
	}
}

/* The folder is ours, and not what somebody's link leads to. */
static bool
is_own_folder(const char *path)
{
	size_t len = (size_t)(strrchr(path, '/') - path);
	char *folder = strndup(path, len);
	struct stat st;
	bool own;

	if (folder == NULL)
		abort();
	own = lstat(folder, &st) == 0 && S_ISDIR(st.st_mode)
	    && st.st_uid == geteuid();
	free(folder);
	return own;
}

/* The file, ours alone and a file; -1: errno says why not. */
static int
open_file(const char *path, int flags)
{
	struct stat st;
	int fd = -1;

	if (is_own_folder(path))
		fd = open(path,
		    flags | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY
			| O_NONBLOCK, /* for a pipe of that name */
		    0600);
	else
		errno = EPERM;
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)
	    || st.st_uid != geteuid()) {
		close(fd);
		errno = EPERM;
		return -1;
	}
	if ((st.st_mode & 077) != 0)
		(void)!fchmod(fd, 0600);
	return fd;
}

/* The same file as at ${path}?  Another terminal may have cut it. */
static bool
is_still(int fd, const char *path)
{
	struct stat mine, there;

	return fstat(fd, &mine) == 0 && lstat(path, &there) == 0
	    && mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
}

/* Locked; -1: errno says why not, EWOULDBLOCK if somebody keeps it. */
static int
open_locked(const char *path, int flags)
{
	const struct timespec moment = { .tv_nsec = LOCK_MOMENT_MS * 1000000L };

	for (int tries = 0; tries < LOCK_TRIES; tries++) {
		int fd = open_file(path, flags);

		if (fd == -1)
			return -1;
		if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
			if (is_still(fd, path))
				return fd;
		} else
			nanosleep(&moment, NULL);
		close(fd);
	}
	errno = EWOULDBLOCK;
	return -1;
}

/* Those of the last HISTORY_FILE_MAX bytes. */
static void
read_entries(struct history_file *h, int fd)
{
	struct buf all = BUF_INIT(HISTORY_FILE_MAX);
	char piece[4096];
	const char *p, *end;
	off_t size = lseek(fd, 0, SEEK_END), from = 0;
	ssize_t n;

	if (size > (off_t)HISTORY_FILE_MAX)
		from = size - (off_t)HISTORY_FILE_MAX;
	h->too_long = from > 0;
	(void)lseek(fd, from, SEEK_SET);
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		if (buf_add(&all, piece, (size_t)n) == -1)
			break;
	p = buf_str(&all);
	if (from > 0) /* within a line */
		p = strchr(p, '\n') == NULL ? "" : strchr(p, '\n') + 1;
	for (; (end = strchr(p, '\n')) != NULL; p = end + 1) {
		h->in_file++;
		if (end > p && text_is_utf8(p, (size_t)(end - p)))
			push(h, unescape(p, (size_t)(end - p)));
	}
	buf_fini(&all);
}

void
history_close(struct history_file *h)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		free(h->entries[i]);
	free(h->entries);
	free(h->path);
	*h = (struct history_file){ 0 };
}

static int
write_all(int fd, const struct buf *b)
{
	size_t done = 0;
	ssize_t n;

	while (done < b->len) {
		n = write(fd, b->data + done, b->len - done);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

/* ${out} in place of the file: whole, or not at all. */
static int
replace(const char *path, const struct buf *out)
{
	char *beside;
	int fd, rc = -1;

	if (asprintf(&beside, "%s.%d", path, (int)getpid()) == -1)
		return -1;
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (fd == -1)
		goto out;
	rc = write_all(fd, out);
	if (close(fd) == -1 || rc == -1 || rename(beside, path) == -1) {
		(void)unlink(beside);
		rc = -1;
	}
out:
	free(beside);
	return rc;
}

/* Leave the newest HISTORY_MAX in the file.  Others may write to it too: who
 * has the lock reads what is there, not what we remember. */
static int
cut_file(struct history_file *h)
{
	struct history_file now = { 0 };
	struct buf out = BUF_INIT(HISTORY_FILE_MAX / 2);
	int fd = open_locked(h->path, O_RDWR), rc;
	size_t i, size = 0;

	if (fd == -1)
		return errno == EWOULDBLOCK ? 0 : -1; /* the next time */
	read_entries(&now, fd);
	for (i = now.n;
	     i > 0 && size + escaped_len(now.entries[i - 1]) <= out.max; i--)
		size += escaped_len(now.entries[i - 1]);
	h->in_file = now.n - i;
	for (; i < now.n; i++)
		(void)escape(&out, now.entries[i]);
	rc = replace(h->path, &out);
	h->too_long = false;
	buf_fini(&out);
	history_close(&now);
	close(fd);
	return rc;
}

static bool
is_to_be_cut(const struct history_file *h)
{
	return h->in_file > 2 * HISTORY_MAX || h->too_long;
}

void
history_open(struct history_file *h, bool on)
{
	int fd;

	*h = (struct history_file){ 0 };
	h->path = on ? find_path() : NULL;
	if (h->path == NULL)
		return;
	make_folders(h->path);
	fd = open_file(h->path, O_RDONLY);
	if (fd == -1) {
		give_up(h, h->path);
		return;
	}
	read_entries(h, fd);
	close(fd);
	if (is_to_be_cut(h) && cut_file(h) == -1)
		give_up(h, h->path);
}

static int
append(struct history_file *h, const char *text)
{
	struct buf line = BUF_INIT(2 * HISTORY_ENTRY_MAX + 2);
	int fd = open_locked(h->path, O_WRONLY | O_APPEND), rc = -1;

	if (fd == -1)
		return -1;
	if (escape(&line, text) == 0)
		rc = write_all(fd, &line);
	h->too_long = lseek(fd, 0, SEEK_CUR) > (off_t)HISTORY_FILE_MAX;
	buf_fini(&line);
	close(fd);
	h->in_file++;
	return rc;
}

bool
history_add(struct history_file *h, const char *text)
{
	if (text[0] == '\0' || strlen(text) > HISTORY_ENTRY_MAX
	    || history_is_secret(text))
		return false;
	if (h->n > 0 && strcmp(h->entries[h->n - 1], text) == 0)
		return false;
	push(h, strdup(text));
	if (h->path == NULL)
		return true;
	if (append(h, text) == -1 || (is_to_be_cut(h) && cut_file(h) == -1))
		give_up(h, h->path);
	return true;
}
