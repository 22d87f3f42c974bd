/*
 * config_env: the environment, a file of NAME=value lines, files named by
 * NAME_FILE, and systemd's credentials.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/arena.h"
#include "base/config_priv.h"
#include "base/text.h"

#define ENV_LINES_MAX 2000
#define NOT_UTF8 "expected UTF-8: save the file in this encoding"
#define BOM "\xef\xbb\xbf" /* editors begin a file with it, unseen */

static void
env_of_key(const char *key, char out[CONFIG_NAME_MAX])
{
	size_t i;

	for (i = 0; key[i] != '\0' && i < CONFIG_NAME_MAX - 1; i++)
		out[i] = key[i] == '.' || key[i] == '-'
		    ? '_'
		    : (char)toupper((unsigned char)key[i]);
	out[i] = '\0';
}

bool
config_env_name(const struct config_def *def, size_t i,
    char out[CONFIG_NAME_MAX])
{
	const char *p = def->env;
	size_t len;

	if ((def->flags & CONFIG_NO_ENV) == 0) {
		if (i == 0) {
			env_of_key(def->key, out);
			return true;
		}
		i--;
	}
	while (p != NULL && *(p += strspn(p, " ")) != '\0') {
		len = strcspn(p, " ");
		if (i-- == 0) {
			snprintf(out, CONFIG_NAME_MAX, "%.*s", (int)len, p);
			return true;
		}
		p += len;
	}
	return false;
}

/* NULL when it is not set or empty: empty values do not count. */
static const char *
env_get(char *const *env, const char *name)
{
	size_t len = strlen(name);

	for (; env != NULL && *env != NULL; env++)
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
			return (*env)[len + 1] != '\0' ? *env + len + 1 : NULL;
	return NULL;
}

/* The last one of a name counts, as in a shell. */
static const struct config_env_line *
line_get(const struct config *c, const char *name)
{
	size_t i;

	for (i = c->nenv_lines; i-- > 0;)
		if (strcmp(c->env_lines[i].name, name) == 0)
			return c->env_lines[i].value[0] != '\0'
			    ? &c->env_lines[i]
			    : NULL;
	return NULL;
}

static bool
is_given(const struct config *c, const char *name)
{
	return env_get(c->environ, name) != NULL || line_get(c, name) != NULL;
}

/*
 * Take the quotes off ${s} in place.  Within double quotes \n \t \" \\ \$ are
 * escapes; single quotes keep all; without quotes a # after a blank begins a
 * comment.  deploy/quickstart.d/environment.sh reads the same.
 * False: a quote is not closed, or something follows it.
 */
static bool
unquote(char *s)
{
	char quote = s[0], *from = s + 1, *to = s;
	char *hash;
	size_t len;

	if (quote != '"' && quote != '\'') {
		if (s[0] == '#')
			s[0] = '\0';
		for (hash = s; (hash = strchr(hash, '#')) != NULL; hash++)
			if (hash > s && (hash[-1] == ' ' || hash[-1] == '\t')) {
				*hash = '\0';
				break;
			}
		len = strlen(s);
		while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t'))
			s[--len] = '\0';
		return true;
	}
	for (; *from != quote; from++) {
		if (*from == '\0')
			return false;
		if (quote == '"' && from[0] == '\\' && from[1] != '\0'
		    && strchr("nt\"\\$`", from[1]) != NULL) {
			from++;
			*to++ = *from == 'n' ? '\n'
			    : *from == 't'   ? '\t'
					     : *from;
			continue;
		}
		*to++ = *from;
	}
	from++;
	from += strspn(from, " \t");
	if (*from != '\0' && *from != '#')
		return false;
	*to = '\0';
	return true;
}

/* One line, ended by a NUL; it stays where it is. */
static void
take_line(struct config *c, char *s, int number)
{
	const char *where = arena_printf(c->mem, "%s:%d", c->env_file, number);
	struct config_env_line *line;
	char *equals;
	size_t len;

	s += strspn(s, " \t");
	len = strlen(s);
	while (len > 0 && strchr(" \t\r", s[len - 1]) != NULL)
		s[--len] = '\0';
	if (s[0] == '\0' || s[0] == '#')
		return;
	if (strncmp(s, "export", 6) == 0 && (s[6] == ' ' || s[6] == '\t'))
		s += 6 + strspn(s + 6, " \t");
	equals = strchr(s, '=');
	len = equals == NULL ? 0 : (size_t)(equals - s);
	while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t'))
		len--;
	if (len == 0
	    || strspn(s,
		   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
		   "0123456789.-")
		< len) {
		config_error(c, where, "file", "%s",
		    text_is_utf8(s, strlen(s)) ? "expected NAME=value"
					       : NOT_UTF8);
		return;
	}
	if (c->nenv_lines == ENV_LINES_MAX) {
		config_error(c, where, "file", "expected at most %d lines",
		    ENV_LINES_MAX);
		c->nenv_lines++; /* say it once: further ones fall below */
		return;
	}
	if (c->nenv_lines > ENV_LINES_MAX)
		return;
	s[len] = '\0';
	equals++;
	equals += strspn(equals, " \t");
	if (!unquote(equals)) {
		config_error(c, where, s,
		    "expected a closing quote at the end");
		return;
	}
	line = &c->env_lines[c->nenv_lines++];
	line->name = s;
	line->value = equals;
	line->line = number;
}

void
config_read_env_file(struct config *c, const char *path)
{
	char why[128];
	char *p, *end;
	int number = 0;

	c->env_file = arena_strdup(c->mem, path);
	if (config_read_file(path, &c->env_text) == -1) {
		config_error(c, path, "file", "cannot be read: %s",
		    strerror_r(errno, why, sizeof(why)));
		return;
	}
	if (c->env_text.len == 0)
		return;
	p = c->env_text.data;
	if (strlen(p) != c->env_text.len) {
		/* Every other byte of UTF-16 is one. */
		config_error(c, path, "file", "%s",
		    strncmp(p, "\xff\xfe", 2) == 0
			    || strncmp(p, "\xfe\xff", 2) == 0
			? NOT_UTF8
			: "holds a NUL byte");
		return;
	}
	c->env_lines = arena_alloc(c->mem,
	    (ENV_LINES_MAX + 1) * sizeof(*c->env_lines));
	if (strncmp(p, BOM, strlen(BOM)) == 0)
		p += strlen(BOM);
	for (; p != NULL; p = end) {
		end = strchr(p, '\n');
		if (end != NULL)
			*end++ = '\0';
		take_line(c, p, ++number);
	}
	if (c->nenv_lines > ENV_LINES_MAX)
		c->nenv_lines = ENV_LINES_MAX;
}

/* The lowest source first: each further one wins over those before. */
static void
from_env_file(struct config *c, size_t i, const char *name)
{
	char by_file[CONFIG_NAME_MAX + 8];
	const struct config_env_line *line;
	const char *where;

	snprintf(by_file, sizeof(by_file), "%s_FILE", name);
	line = line_get(c, by_file);
	if (line != NULL && line_get(c, name) == NULL) {
		where = arena_printf(c->mem, "%s:%d", c->env_file, line->line);
		config_set_file(c, i, line->value, line->value, where,
		    arena_printf(c->mem, "file %s (%s %s)", line->value, where,
			by_file));
	}
	line = line_get(c, name);
	if (line == NULL)
		return;
	where = arena_printf(c->mem, "%s:%d", c->env_file, line->line);
	(void)config_set(c, i, line->value, strlen(line->value), where,
	    arena_printf(c->mem, "%s (%s)", where, name));
}

/* The credential of row ${i} into ${path}, its name into ${found}. */
static bool
credential(const struct config *c, size_t i, const char *name,
    char path[CONFIG_PATH_MAX], char found[CONFIG_NAME_MAX])
{
	const char *dir = env_get(c->environ, "CREDENTIALS_DIRECTORY");
	size_t k;
	int way;

	if (dir == NULL
	    || (c->defs[i].type != CONFIG_SECRET
		&& (c->defs[i].flags & CONFIG_PRIVATE) == 0))
		return false;
	for (way = 0; way < 2; way++) { /* in lower case, then as it is */
		for (k = 0; name[k] != '\0' && k < CONFIG_NAME_MAX - 1; k++)
			found[k] = way == 0
			    ? (char)tolower((unsigned char)name[k])
			    : name[k];
		found[k] = '\0';
		snprintf(path, CONFIG_PATH_MAX, "%s/%s", dir, found);
		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}

static bool
from_credentials(struct config *c, size_t i, const char *name)
{
	char found[CONFIG_NAME_MAX], path[CONFIG_PATH_MAX];

	if (!credential(c, i, name, path, found))
		return false;
	config_set_file(c, i, path, path, "credential",
	    arena_printf(c->mem, "credential %s", found));
	return true;
}

static bool
from_file(struct config *c, size_t i, const char *name)
{
	char by_file[CONFIG_NAME_MAX + 8];
	const char *path;

	snprintf(by_file, sizeof(by_file), "%s_FILE", name);
	path = env_get(c->environ, by_file);
	if (path == NULL)
		return false;
	config_set_file(c, i, path, path,
	    arena_printf(c->mem, "environment %s", by_file),
	    arena_printf(c->mem, "file %s (%s)", path, by_file));
	return true;
}

static bool
from_environment(struct config *c, size_t i, const char *name)
{
	const char *value = env_get(c->environ, name);
	const char *where;

	if (value == NULL)
		return false;
	where = arena_printf(c->mem, "environment %s", name);
	(void)config_set(c, i, value, strlen(value), where, where);
	return true;
}

void
config_apply_env(struct config *c)
{
	static bool (*const sources[])(struct config *, size_t, const char *)
	    = { from_environment, from_file, from_credentials };
	char name[CONFIG_NAME_MAX];
	size_t i, k, s, n;

	for (i = 0; i < c->ndefs; i++) {
		bool found = false;

		n = 0;
		while (config_env_name(&c->defs[i], n, name))
			n++;
		/* The highest alone: a file that would not count may be
		 * gone, or closed to us. */
		for (s = 0; s < NELEM(sources) && !found; s++)
			for (k = 0; k < n && !found; k++)
				found = config_env_name(&c->defs[i], k, name)
				    && sources[s](c, i, name);
		/* Of several names the first one wins: so it comes last. */
		for (k = n; k-- > 0 && !found;)
			if (config_env_name(&c->defs[i], k, name))
				from_env_file(c, i, name);
	}
}

bool
config_env_has(const struct config *c, size_t i)
{
	char name[CONFIG_NAME_MAX], by_file[CONFIG_NAME_MAX + 8];
	char found[CONFIG_NAME_MAX], path[CONFIG_PATH_MAX];
	size_t k;

	for (k = 0; config_env_name(&c->defs[i], k, name); k++) {
		snprintf(by_file, sizeof(by_file), "%s_FILE", name);
		if (is_given(c, name) || is_given(c, by_file)
		    || credential(c, i, name, path, found))
			return true;
	}
	return false;
}

const char *
config_variable(void *config, const char *name)
{
	const char *value = getenv(name);
	const struct config_env_line *line;

	if (value != NULL || config == NULL)
		return value;
	line = line_get(config, name);
	return line == NULL ? NULL : line->value;
}
