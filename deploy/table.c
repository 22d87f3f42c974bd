#include "deploy/table.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deploy/say.h"

#define ARGUMENTS_MAX 32
#define TEXT_MAX (64 * 1024) /* a table of thousands of arguments */
#define SHOWN_MAX 256        /* of a line that is not understood */

/* All of ${text} is a number from ${min} to ${max} of ${base}; -1: it is not. */
static long
read_number(const char *text, int base, long min, long max)
{
	char *end;
	long n = strtol(text, &end, base);

	/* strtol takes blanks, a sign, and nothing at all */
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || n < min
	    || n > max)
		return -1;
	return n;
}

static bool
read_listen(struct table *t, char **fields, size_t n)
{
	(void)n;
	if (t->nsockets == TABLE_SOCKETS_MAX || strchr(fields[1], ':') != NULL
	    || read_number(fields[3], 8, 0, 0777) == -1)
		return false;
	t->sockets[t->nsockets++] = (struct table_socket){ .name = fields[1],
		.address = fields[2],
		.mode = fields[3],
		.user = fields[4],
		.fd = -1 };
	return true;
}

static bool
read_wait(struct table *t, char **fields, size_t n)
{
	(void)n;
	t->wait_for = fields[1];
	t->waiting = t->nprograms;
	return true;
}

static bool
read_stop(struct table *t, char **fields, size_t n)
{
	long seconds = read_number(fields[1], 10, 1, TABLE_STOP_MAX_S);

	(void)n;
	t->stop_ms = (int64_t)seconds * 1000;
	return seconds != -1;
}

static bool
option_socket(struct table *t, struct table_program *p, const char *value)
{
	size_t i;

	for (i = 0; i < t->nsockets; i++)
		if (strcmp(t->sockets[i].name, value) == 0
		    && p->nsockets < TABLE_SOCKETS_MAX) {
			p->sockets[p->nsockets++] = &t->sockets[i];
			return true;
		}
	return false;
}

static bool
option_reload(struct table *t, struct table_program *p, const char *value)
{
	(void)t;
	p->reload = strcmp(value, "no") != 0;
	return !p->reload || strcmp(value, "yes") == 0;
}

/* THE table of options. */
static const struct {
	const char *prefix;
	bool (
	    *read)(struct table *t, struct table_program *p, const char *value);
} OPTIONS[] = {
	{ "reload=", option_reload },
	{ "socket=", option_socket },
};

/* 1: ${field} is an option, and right; 0: none, the command; -1: wrong. */
static int
read_option(struct table *t, struct table_program *p, const char *field)
{
	size_t i, len;

	for (i = 0; i < sizeof(OPTIONS) / sizeof(*OPTIONS); i++) {
		len = strlen(OPTIONS[i].prefix);
		if (strncmp(field, OPTIONS[i].prefix, len) == 0)
			return OPTIONS[i].read(t, p, field + len) ? 1 : -1;
	}
	return 0;
}

static bool
read_program(struct table *t, char **fields, size_t n)
{
	size_t at = 5;
	int rc;
	/* How many there may be in all: process_init. */
	long count = read_number(fields[2], 10, 1, INT_MAX);
	struct table_program *p = &t->programs[t->nprograms];

	if (t->nprograms == TABLE_PROGRAMS_MAX || count == -1)
		return false;
	*p = (struct table_program){ .name = fields[1],
		.count = (int)count,
		.worker = strcmp(fields[0], "worker") == 0,
		.user = fields[3],
		.env = fields[4],
		.reload = true };
	for (; at < n && (rc = read_option(t, p, fields[at])) != 0; at++)
		if (rc == -1)
			return false;
	if (at == n)
		return false;
	p->argv = calloc(n - at + 1, sizeof(*p->argv));
	if (p->argv == NULL)
		abort();
	memcpy(p->argv, fields + at, (n - at) * sizeof(*p->argv));
	t->nprograms++;
	return true;
}

/* THE table of its lines. */
static const struct {
	const char *word;
	size_t min, max; /* fields, with the word */
	bool (*read)(struct table *t, char **fields, size_t n);
} LINES[] = {
	{ "listen", 5, 5, read_listen },
	{ "run", 6, ARGUMENTS_MAX, read_program },
	{ "stop", 2, 2, read_stop },
	{ "wait", 2, 2, read_wait },
	{ "worker", 6, ARGUMENTS_MAX, read_program },
};

static bool
read_line(struct table *t, char *line)
{
	char *fields[ARGUMENTS_MAX], *rest = line, *field;
	size_t n = 0, i;

	while (n < ARGUMENTS_MAX && (field = strsep(&rest, "\t")) != NULL)
		fields[n++] = field;
	if (rest != NULL)
		return false;
	for (i = 0; i < sizeof(LINES) / sizeof(*LINES); i++)
		if (strcmp(fields[0], LINES[i].word) == 0)
			return n >= LINES[i].min && n <= LINES[i].max
			    && LINES[i].read(t, fields, n);
	return false;
}

/* All of ${path}, of the heap. */
static char *
read_text(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = calloc(1, TEXT_MAX + 1);
	ssize_t n = 0;
	size_t len = 0;

	if (text == NULL)
		abort();
	while (fd != -1 && len < TEXT_MAX
	    && (n = read(fd, text + len, TEXT_MAX - len)) > 0)
		len += (size_t)n;
	if (fd == -1 || n == -1)
		say_fatal("cannot read", path);
	if (len == TEXT_MAX) {
		say("%s has more than %d bytes", path, TEXT_MAX);
		exit(1);
	}
	close(fd);
	return text;
}

void
table_read(struct table *t, const char *path)
{
	char shown[SHOWN_MAX], *rest, *line;

	*t = (struct table){ .stop_ms = TABLE_STOP_MS,
		.text = read_text(path) };
	rest = t->text;
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (line[0] == '\0' || line[0] == '#')
			continue;
		snprintf(shown, sizeof(shown), "%s", line);
		if (!read_line(t, line)) {
			say("not understood in %s: %s", path, shown);
			exit(1);
		}
	}
}
