/*
 * config_near: what was meant by a name that nobody reads.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/config_priv.h"
#include "base/text.h"

/* Letters of a slip of the finger: two, as when two change places. */
#define SLIP 2

/* Shorter names of variables are near to everything. */
#define NEAR_NAME_MIN 6

/* Other programs put it before all their names, so that people try it. */
#define OUR_PREFIX "DRAGOMAN_"

static const char *
last_part(const char *key)
{
	const char *dot = strrchr(key, '.');

	return dot == NULL ? key : dot + 1;
}

static bool
may_be_file(const struct config_def *def)
{
	return def->type == CONFIG_SECRET || (def->flags & CONFIG_PRIVATE) != 0;
}

static bool
is_shown(const struct config_def *def)
{
	return (def->flags & CONFIG_HIDDEN) == 0 && def->type != CONFIG_IGNORED;
}

/* By a slip of the finger: the row, and its key as it should be written. */
static const char *
slipped(struct config *c, const char *key, int *row)
{
	size_t best_far = strlen(key) < 6 ? SLIP : SLIP + 1, i, far;
	const char *best = NULL, *file;

	for (i = 0; i < c->ndefs; i++) {
		if (!is_shown(&c->defs[i]))
			continue;
		far = text_distance(key, c->defs[i].key, false);
		if (far < best_far) {
			best_far = far;
			best = c->defs[i].key;
			*row = (int)i;
		}
		if (!may_be_file(&c->defs[i]))
			continue;
		file = arena_printf(c->mem, "%s_file", c->defs[i].key);
		far = text_distance(key, file, false);
		if (far < best_far) {
			best_far = far;
			best = file;
			*row = (int)i;
		}
	}
	return best;
}

/*
 * A slip of the finger first; then the right name in the wrong section, which
 * is what people do who know another program's file.
 */
const char *
config_near(struct config *c, const char *key, int *row)
{
	char name[CONFIG_NAME_MAX];
	const char *best;
	size_t i, k;

	*row = -1;
	best = slipped(c, key, row);
	if (best != NULL)
		return best;
	/* The name of its variable, as in an env file. */
	for (i = 0; i < c->ndefs; i++)
		for (k = 0; is_shown(&c->defs[i])
		     && config_env_name(&c->defs[i], k, name);
		     k++)
			if (strcmp(key, name) == 0) {
				*row = (int)i;
				return c->defs[i].key;
			}
	for (i = 0; i < c->ndefs; i++)
		if ((c->defs[i].flags & CONFIG_HIDDEN) == 0
		    && strcmp(last_part(key), last_part(c->defs[i].key)) == 0) {
			*row = (int)i;
			return c->defs[i].key;
		}
	return NULL;
}

/* Is ${name} one of ours, or one of ours with _FILE? */
static bool
is_read(const struct config *c, const char *name)
{
	char ours[CONFIG_NAME_MAX];
	size_t i, k, len;

	for (i = 0; i < c->ndefs; i++)
		for (k = 0; config_env_name(&c->defs[i], k, ours); k++) {
			len = strlen(ours);
			if (strncmp(name, ours, len) == 0
			    && (name[len] == '\0'
				|| strcmp(name + len, "_FILE") == 0))
				return true;
		}
	return false;
}

/* "chat.host", "chat-host" and "chat_host" as the variable's name. */
static void
as_variable(const char *name, char out[CONFIG_NAME_MAX])
{
	size_t i;

	for (i = 0; name[i] != '\0' && i < CONFIG_NAME_MAX - 1; i++)
		out[i] = name[i] == '.' || name[i] == '-'
		    ? '_'
		    : (char)toupper((unsigned char)name[i]);
	out[i] = '\0';
}

/* Takes ${ours} for the best if it is nearer to ${name}. */
static void
take_nearer(const char *name, const char *ours, char best[CONFIG_FILE_NAME_MAX],
    size_t *best_far)
{
	size_t a = strlen(name), b = strlen(ours), far;

	if ((a > b ? a - b : b - a) >= *best_far)
		return; /* it is as far at least */
	far = text_distance(name, ours, false);
	if (far < *best_far) {
		*best_far = far;
		snprintf(best, CONFIG_FILE_NAME_MAX, "%s", ours);
	}
}

/* The name of ours that is nearest to ${name}, or NULL. */
static const char *
near_variable(struct config *c, const char *name)
{
	char ours[CONFIG_NAME_MAX], upper[CONFIG_NAME_MAX];
	char best[CONFIG_FILE_NAME_MAX] = "", file[CONFIG_FILE_NAME_MAX];
	size_t i, k, best_far = SLIP + 1;

	if (strlen(name) < NEAR_NAME_MIN || strlen(name) >= sizeof(upper))
		return NULL;
	as_variable(name, upper);
	if (is_read(c, upper))
		return arena_strdup(c->mem, upper);
	if (strncmp(upper, OUR_PREFIX, strlen(OUR_PREFIX)) == 0
	    && is_read(c, upper + strlen(OUR_PREFIX)))
		return arena_strdup(c->mem, upper + strlen(OUR_PREFIX));
	for (i = 0; i < c->ndefs; i++)
		for (k = 0; config_env_name(&c->defs[i], k, ours); k++) {
			take_nearer(name, ours, best, &best_far);
			snprintf(file, sizeof(file), "%s_FILE", ours);
			take_nearer(name, file, best, &best_far);
		}
	return best[0] == '\0' ? NULL : arena_strdup(c->mem, best);
}

/* Kubernetes tells each container of each service, as NAME_PORT=tcp://... and by
 * longer names, which are near to none of ours. */
static bool
is_of_kubernetes(const char *value)
{
	return strncmp(value, "tcp://", 6) == 0
	    || strncmp(value, "udp://", 6) == 0;
}

static void
add_stray(struct config *c, const char *name, const char *value,
    const char *where, bool in_file)
{
	const char *near;

	if (is_read(c, name) || (!in_file && is_of_kubernetes(value)))
		return;
	near = near_variable(c, name);
	if (near == NULL && !in_file)
		return; /* most of an environment is other programs' */
	c->strays[c->nstrays++] = (struct config_stray){
		.name = arena_strdup(c->mem, name),
		.where = where,
		.near = near,
	};
}

void
config_find_strays(struct config *c)
{
	char name[CONFIG_NAME_MAX];
	const char *equals;
	char *const *env;
	size_t i, n = c->nenv_lines;

	for (env = c->environ; env != NULL && *env != NULL; env++)
		n++;
	c->strays = arena_alloc(c->mem, (n + 1) * sizeof(*c->strays));
	for (i = 0; i < c->nenv_lines; i++)
		add_stray(c, c->env_lines[i].name, c->env_lines[i].value,
		    arena_printf(c->mem, "%s:%d", c->env_file,
			c->env_lines[i].line),
		    true);
	for (env = c->environ; env != NULL && *env != NULL; env++) {
		equals = strchr(*env, '=');
		if (equals == NULL || equals - *env >= CONFIG_NAME_MAX
		    || equals[1] == '\0') /* empty ones do not count */
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(equals - *env),
		    *env);
		add_stray(c, name, equals + 1, "environment", false);
	}
}

const struct config_stray *
config_strays(const struct config *c, size_t *n)
{
	*n = c->nstrays;
	return c->strays;
}
