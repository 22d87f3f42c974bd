#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log_limit.h"
#include "base/text.h"

#define LINE_MAX_BYTES 8192
#define ID_MAX 72
#define PATH_MAX_BYTES 1024

static _Atomic int log_least = LOG_INFO;
static _Atomic int log_fd = -1;
static atomic_bool to_journal; /* standard error is read by journald */
static char log_worker[32] = "-";
static char log_path[PATH_MAX_BYTES];
static _Thread_local char thread_id[ID_MAX];
static _Thread_local bool reporting; /* what the limit left out */

static const char *const NAMES[] = { "debug", "info", "warn", "error" };

/* syslog(3)'s numbers, as journald reads them (sd-daemon(3)). */
static const char *const PRIORITIES[] = { "<7>", "<6>", "<4>", "<3>" };
#define PRIORITY_LEN 3

struct line {
	char bytes[LINE_MAX_BYTES];
	size_t len;
};

static void
add(struct line *l, const char *bytes, size_t n)
{
	/* Room is kept for the end of the line. */
	if (n > sizeof(l->bytes) - 4 - l->len)
		n = sizeof(l->bytes) - 4 - l->len;
	memcpy(l->bytes + l->len, bytes, n);
	l->len += n;
}

static void
add_name(struct line *l, const char *name)
{
	add(l, ",\"", 2);
	add(l, name, strlen(name));
	add(l, "\":", 2);
}

/* The bytes of the character that begins at ${s}; 0: it is not UTF-8. */
static size_t
character(const char *s, size_t len)
{
	unsigned char c = (unsigned char)*s;
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	return n <= len && (n == 1 || text_is_utf8(s, n)) ? n : 0;
}

/* ${s} as a JSON string; what rules a terminal is escaped and what is not
 * UTF-8 replaced, so that a line is JSON, and harmless to look at, whatever it
 * is given. */
static void
add_str(struct line *l, const char *s)
{
	size_t i, n, len;

	len = strnlen(s, LOG_STR_MAX);
	/* Not in the middle of a character. */
	if (s[len] != '\0')
		while (len > 0 && (s[len] & 0xc0) == 0x80)
			len--;
	if (l->len + len * 6 + 64 > sizeof(l->bytes)) {
		add(l, "\"(cut)\"", 7);
		return;
	}
	add(l, "\"", 1);
	for (i = 0; i < len; i += n == 0 ? 1 : n) {
		unsigned char c = (unsigned char)s[i];
		unsigned code;
		char esc[8];

		n = text_plain(s + i, len - i); /* most is */
		if (n > 0 && memchr(s + i, 0x7f, n) == NULL) {
			add(l, s + i, n);
			continue;
		}
		n = character(s + i, len - i);
		if (c == '"' || c == '\\') {
			esc[0] = '\\';
			esc[1] = (char)c;
			add(l, esc, 2);
		} else if (text_control(s + i, n, &code) > 0) {
			snprintf(esc, sizeof(esc), "\\u%04x", code & 0xffffu);
			add(l, esc, 6);
		} else if (n == 0) {
			add(l, "\\ufffd", 6);
		} else {
			add(l, s + i, n);
		}
	}
	add(l, "\"", 1);
}

static void
add_field(struct line *l, const struct log_field *f)
{
	char number[40];
	int n = 0;

	if (f->type == LOG_F_STR && f->s == NULL)
		return;
	add_name(l, f->name);
	switch (f->type) {
	case LOG_F_STR:
		add_str(l, f->s);
		return;
	case LOG_F_INT:
		n = snprintf(number, sizeof(number), "%lld", (long long)f->i);
		break;
	case LOG_F_REAL:
		n = snprintf(number, sizeof(number), "%.6g", f->d);
		break;
	case LOG_F_BOOL:
		n = snprintf(number, sizeof(number), "%s",
		    f->i ? "true" : "false");
		break;
	}
	add(l, number, (size_t)n);
}

/* What minutes that are over left out. */
static void
report_left_out(int64_t now_ms)
{
	struct log_left left;

	if (reporting)
		return;
	reporting = true;
	while (log_limit_left(now_ms, &left))
		log_event(LOG_WARN, "log_left_out", F_STR("of", left.event),
		    F_STR("source",
			left.source[0] == '\0' ? NULL : left.source),
		    F_INT("lines", left.lines));
	reporting = false;
}

/* The first field says whose doing it is. */
static bool
is_within_limit(enum log_level level, const char *event,
    const struct log_field *fields)
{
	int64_t now_ms = clock_boot_ms();

	report_left_out(now_ms);
	return level < LOG_WARN || reporting
	    || log_limit_take(event,
		fields->name != NULL && fields->type == LOG_F_STR ? fields->s
								  : NULL,
		now_ms);
}

static void
file_failed(int why)
{
	log_event(LOG_ERROR, "log_failed", F_STR("file", log_path),
	    F_STR("why", strerrordesc_np(why)),
	    F_STR("remedy",
		"give this program's user a folder that it may "
		"write to, with room; then send SIGHUP"));
}

/* A full disk is told on standard error, once until a line fits again. */
static void
write_file(const char *bytes, size_t len)
{
	static atomic_bool failing;
	int fd = atomic_load(&log_fd);

	if (fd == -1)
		return;
	if (write(fd, bytes, len) != -1)
		atomic_store(&failing, false);
	else if (!atomic_exchange(&failing, true))
		file_failed(errno);
}

void
log_write(enum log_level level, const char *event,
    const struct log_field *fields)
{
	struct line l; /* of which only what is added is touched */
	char time[CLOCK_ISO_MAX], pid[32];
	size_t skip;
	int saved = errno;

	if ((int)level < atomic_load_explicit(&log_least, memory_order_relaxed)
	    || !is_within_limit(level, event, fields))
		return;
	l.len = 0;
	add(&l, PRIORITIES[level], PRIORITY_LEN);
	add(&l, "{\"time\":\"", 9);
	clock_iso(clock_wall_ms(), time);
	add(&l, time, strlen(time));
	add(&l, "\"", 1);
	add_name(&l, "level");
	add_str(&l, NAMES[level]);
	add_name(&l, "event");
	add_str(&l, event);
	add_name(&l, "worker");
	add_str(&l, log_worker);
	snprintf(pid, sizeof(pid), ",\"pid\":%d", (int)getpid());
	add(&l, pid, strlen(pid));
	if (thread_id[0] != '\0') {
		add_name(&l, "id");
		add_str(&l, thread_id);
	}
	for (; fields->name != NULL; fields++)
		add_field(&l, fields);
	memcpy(l.bytes + l.len, "}\n", 2);
	l.len += 2;
	skip = atomic_load(&to_journal) ? 0 : PRIORITY_LEN;
	(void)!write(STDERR_FILENO, l.bytes + skip, l.len - skip);
	write_file(l.bytes + PRIORITY_LEN, l.len - PRIORITY_LEN);
	errno = saved;
}

/* Root opens what it was given, but nothing that the owner of the folder put in
 * its place: no link, no FIFO that waits for a reader. */
static int
flags_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX_BYTES];
	struct stat st;

	if (geteuid() != 0)
		return 0;
	snprintf(folder, sizeof(folder), "%.*s",
	    slash == NULL ? 1 : (int)(slash - path) + 1,
	    slash == NULL ? "." : path);
	return stat(folder, &st) == 0 && st.st_uid != 0
	    ? O_NOFOLLOW | O_NONBLOCK
	    : 0;
}

static int
open_file(void)
{
	int fd, old = atomic_load(&log_fd);

	if (log_path[0] == '\0' && old == -1)
		return 0;
	/* A file that is no longer wanted: nothing, under its number. */
	fd = open(log_path[0] == '\0' ? "/dev/null" : log_path,
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | flags_of(log_path),
	    0640);
	if (fd == -1) {
		file_failed(errno);
		return -1;
	}
	/* The number stays, so that a thread in mid-write is not surprised. */
	if (old == -1) {
		atomic_store(&log_fd, fd);
		return 0;
	}
	dup3(fd, old, O_CLOEXEC);
	close(fd);
	return 0;
}

/* $JOURNAL_STREAM is "DEVICE:INODE" of the stream that systemd made; whoever
 * inherits the variable alone, with another standard error, has none. */
static bool
is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char own[64];
	struct stat st;

	if (stream == NULL || fstat(fd, &st) == -1)
		return false;
	snprintf(own, sizeof(own), "%llu:%llu", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino);
	return strcmp(stream, own) == 0;
}

int
log_open(const char *worker, enum log_level level, const char *path)
{
	/* Threads read it; when the file is opened anew it is the same. */
	if (strcmp(log_worker, worker) != 0)
		snprintf(log_worker, sizeof(log_worker), "%s", worker);
	atomic_store(&to_journal, is_journal(STDERR_FILENO));
	atomic_store(&log_least, (int)level);
	snprintf(log_path, sizeof(log_path), "%s", path == NULL ? "" : path);
	return open_file();
}

void
log_reopen(void)
{
	(void)!open_file();
}

enum log_level
log_level_parse(const char *name, bool *known)
{
	static const struct {
		const char *name;
		enum log_level level;
	} WORDS[] = {
		{ "debug", LOG_DEBUG },
		{ "info", LOG_INFO },
		{ "warn", LOG_WARN },
		{ "warning", LOG_WARN },
		{ "error", LOG_ERROR },
		{ "critical", LOG_ERROR },
	};
	size_t i;

	for (i = 0; i < NELEM(WORDS); i++)
		if (strcasecmp(WORDS[i].name, name) == 0) {
			if (known != NULL)
				*known = true;
			return WORDS[i].level;
		}
	if (known != NULL)
		*known = false;
	return LOG_INFO;
}

void
log_set_id(const char *id)
{
	snprintf(thread_id, sizeof(thread_id), "%s", id == NULL ? "" : id);
}

const char *
log_id(void)
{
	return thread_id;
}
