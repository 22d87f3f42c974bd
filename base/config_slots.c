/*
 * config_slots: the rows, where each value came from, and what was said of it.
 *
 * Readers and the loader stand above; this knows none of them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
report(struct buf *out, const struct config *c, const char *where,
    const char *key, const char *text, const char *form)
{
	if (out == NULL)
		return;
	(void)!buf_printf(out, "%s%s%s%s%s%s%s%s\n", where,
	    where[0] != '\0' ? ": " : "", c->prefix == NULL ? "" : c->prefix,
	    key, key[0] != '\0' ? ": " : "", text,
	    form == NULL ? "" : "; write ", form == NULL ? "" : form);
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
	report(c->errors, c, where, key, text, c->form);
	c->nerrors++;
}

void
config_warn(struct config *c, const char *where, const char *key,
    const char *text)
{
	report(c->warnings, c, where, key, text, NULL);
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
