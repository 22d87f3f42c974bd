#include "base/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/arena.h"
#include "base/config_priv.h"

int
config_find(const struct config *c, const char *key)
{
	size_t i;

	for (i = 0; i < c->ndefs; i++)
		if (strcmp(c->defs[i].key, key) == 0)
			return (int)i;
	return -1;
}

/*
 * The buffers are bounded: what does not fit is lost, but it is counted, so
 * that a flood of errors is still an error.
 */
static void
report(struct buf *out, const char *where, const char *key, const char *text)
{
	if (out == NULL)
		return;
	if (buf_printf(out, "%s%s%s: %s\n", where, where[0] != '\0' ? ": " : "",
		key, text)
	    == -1)
		return;
}

void
config_error(struct config *c, const char *where, const char *key,
    const char *fmt, ...)
{
	char text[512];
	int i = config_find(c, key);
	va_list ap;

	if (i != -1)
		c->slots[i].is_wrong = true;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	report(c->errors, where, key, text);
	c->nerrors++;
}

void
config_warn(struct config *c, const char *where, const char *key,
    const char *text)
{
	report(c->warnings, where, key, text);
}

int
config_read_file(const char *path, struct buf *out)
{
	char piece[4096];
	ssize_t n = -1;
	int rc = -1, saved;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd == -1)
		return -1;
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

static bool
may_lack(const struct config *c, const char *key)
{
	const char *word;
	size_t i, len;

	for (i = 0; c->may_lack != NULL
	     && (len = config_word_at(c->may_lack, i, &word)) > 0;
	     i++)
		if (strlen(key) == len && strncmp(key, word, len) == 0)
			return true;
	return false;
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
config_set_file(struct config *c, size_t i, const char *path, const char *where,
    const char *origin)
{
	struct buf text = BUF_INIT(CONFIG_SECRET_MAX);
	char why[CONFIG_PATH_MAX + 160];

	if (config_read_value(path, &text, why, sizeof(why)) == 0) {
		if (config_set(c, i, text.data, text.len, where, origin))
			c->slots[i].path = arena_strdup(c->mem, path);
	} else if (errno != EACCES || !may_lack(c, c->defs[i].key)) {
		config_error(c, where, c->defs[i].key, "%s", why);
	}
	buf_wipe(&text);
}

static void
set_defaults(struct config *c)
{
	size_t i;

	for (i = 0; i < c->ndefs; i++) {
		const char *text = c->defs[i].fallback;

		if (text == NULL)
			text = "";
		/* A default of ours that is refused: reported as any other,
		 * and found by the tests. */
		(void)config_set(c, i, text, strlen(text), "default",
		    "default");
		c->slots[i].is_default = true;
	}
}

static void
drop_env_file(struct config *c)
{
	buf_wipe(&c->env_text);
	c->env_lines = NULL;
	c->nenv_lines = 0;
}

struct config *
config_load(const struct config_def *defs, size_t ndefs, void *settings,
    size_t size, const struct config_source *src, struct buf *errors,
    struct buf *warnings, size_t *nerrors)
{
	struct arena *mem = arena_new();
	struct config *c = arena_alloc(mem, sizeof(*c));

	(void)size;
	c->mem = mem;
	c->defs = defs;
	c->ndefs = ndefs;
	c->settings = settings;
	c->slots = arena_alloc(mem, ndefs * sizeof(*c->slots));
	c->environ = src->environ;
	c->may_lack = src->may_lack;
	c->errors = errors;
	c->warnings = warnings;
	buf_init(&c->env_text, CONFIG_FILE_MAX);

	set_defaults(c);
	if (src->env_file != NULL)
		config_read_env_file(c, src->env_file);
	config_read_yaml(c, src);
	config_apply_env(c);
	config_find_strays(c);
	/* It may hold secrets of other programs, or that this one drops. */
	if (!src->keeps_env_file)
		drop_env_file(c);

	c->errors = NULL;
	c->warnings = NULL;
	if (nerrors != NULL)
		*nerrors = c->nerrors;
	return c;
}

void
config_free(struct config *c)
{
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i < c->ndefs; i++) {
		secret_clear(&c->slots[i].secret);
		json_decref(c->slots[i].tree);
	}
	drop_env_file(c);
	arena_free(c->mem);
}

const char *
config_origin(const struct config *c, const char *key)
{
	int i = config_find(c, key);

	return i == -1 ? NULL : c->slots[i].origin;
}

const char *
config_value_file(const struct config *c, const char *key)
{
	int i = config_find(c, key);

	return i == -1 ? NULL : c->slots[i].path;
}

bool
config_is_default(const struct config *c, const char *key)
{
	int i = config_find(c, key);

	return i != -1 && c->slots[i].is_default;
}

bool
config_is_wrong(const struct config *c, const char *key)
{
	int i = config_find(c, key);

	return i != -1 && c->slots[i].is_wrong;
}

bool
config_file_failed(const struct config *c)
{
	return c->file_failed;
}

const char *
config_keep(struct config *c, const char *text)
{
	return arena_strdup(c->mem, text);
}

int
config_set_derived(struct config *c, const char *key, const char *text,
    const char *origin)
{
	int i = config_find(c, key);

	if (i == -1 || !c->slots[i].is_default)
		return -1;
	if (!config_set(c, (size_t)i, text, strlen(text), origin, origin))
		return -1;
	c->slots[i].is_default = true; /* nobody set it */
	return 0;
}
