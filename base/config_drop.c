/*
 * config_drop: what a program reads along with its own, and must not keep.
 *
 * By a flag of the rows: who adds one with keys in it has nothing else to do.
 */
#include <string.h>

#include <sodium.h>

#include "base/config_priv.h"

static void
drop_text(const char *text)
{
	/* Ours, of an arena; the table's struct has it as const. */
	if (text != NULL)
		sodium_memzero((char *)text, strlen(text));
}

/* All texts, however deep: a member that nobody knows may be a secret too. */
static void
drop_tree(json_t *tree)
{
	const char *name;
	json_t *v;
	size_t i;

	if (json_is_string(tree))
		sodium_memzero((char *)json_string_value(tree),
		    json_string_length(tree));
	json_object_foreach(tree, name, v)
		drop_tree(v);
	json_array_foreach(tree, i, v)
		drop_tree(v);
}

static void
drop_row(struct config *c, size_t i)
{
	void *at = c->settings + c->defs[i].offset;
	const struct config_list *list = at;
	size_t k;

	switch (c->defs[i].type) {
	case CONFIG_SECRET:
		secret_wipe(at); /* the slot's own bytes */
		break;
	case CONFIG_RECORDS:
	case CONFIG_MAP:
		drop_tree(c->slots[i].tree);
		break;
	case CONFIG_STR:
	case CONFIG_URL:
		drop_text(*(const char **)at);
		break;
	case CONFIG_LIST:
		for (k = 0; k < list->n; k++)
			drop_text(list->items[k]);
		break;
	default: /* numbers and words */
		break;
	}
}

void
config_drop(struct config *c)
{
	size_t i;

	for (i = 0; i < c->ndefs; i++)
		if ((c->defs[i].flags & c->drops) != 0)
			drop_row(c, i);
}

void
config_records_drop(struct config_records *out)
{
	struct config *c;
	size_t i;

	for (c = out->read; c != NULL; c = c->next)
		for (i = 0; i < c->ndefs; i++)
			if (c->defs[i].type == CONFIG_URL)
				drop_row(c, i);
}

static void
drop_variable(const char *name, char *const *environ)
{
	size_t len = strlen(name);

	for (; *environ != NULL; environ++)
		if (strncmp(*environ, name, len) == 0 && (*environ)[len] == '=')
			sodium_memzero(*environ + len + 1,
			    strlen(*environ + len + 1));
}

void
config_drop_environ(const struct config_def *defs, size_t ndefs, unsigned drops,
    char *const *environ)
{
	char name[CONFIG_NAME_MAX];
	size_t i, k;

	for (i = 0; i < ndefs; i++)
		for (k = 0; (defs[i].flags & drops) != 0
		     && config_env_name(&defs[i], k, name);
		     k++)
			drop_variable(name, environ);
}
