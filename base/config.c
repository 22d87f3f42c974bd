#include "base/config.h"

#include <string.h>

#include "base/arena.h"
#include "base/config_priv.h"

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
	c->drops = src->drops;
	c->closed = src->closed;
	c->errors = errors;
	c->warnings = warnings;
	buf_init(&c->env_text, CONFIG_FILE_MAX);

	config_set_defaults(c);
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
