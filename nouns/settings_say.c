/*
 * settings_say: what is wrong with a setting, where it was set.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "nouns/settings_priv.h"

static void report(struct buf *out, const struct settings *s, const char *key,
    const char *fmt, va_list ap) PRINTF_LIKE(4, 0);

static void
report(struct buf *out, const struct settings *s, const char *key,
    const char *fmt, va_list ap)
{
	const char *origin = config_origin(s->config, key);
	char text[600];

	vsnprintf(text, sizeof(text), fmt, ap);
	if (origin == NULL || strcmp(origin, "default") == 0)
		origin = "";
	if (buf_printf(out, "%s%s%s: %s\n", origin,
		origin[0] != '\0' ? ": " : "", key, text)
	    == -1)
		return; /* full: it is counted all the same */
}

void
settings_error(struct findings *f, const struct settings *s, const char *key,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(f->errors, s, key, fmt, ap);
	va_end(ap);
	f->nerrors++;
}

void
settings_warn(struct findings *f, const struct settings *s, const char *key,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(f->warnings, s, key, fmt, ap);
	va_end(ap);
}

bool
settings_are_certain(const struct settings *s, const char *keys)
{
	char key[64];
	size_t len;

	for (; *(keys += strspn(keys, " ")) != '\0'; keys += len) {
		len = strcspn(keys, " ");
		snprintf(key, sizeof(key), "%.*s", (int)len, keys);
		if (config_is_wrong(s->config, key)
		    || (config_file_failed(s->config)
			&& config_is_default(s->config, key)))
			return false;
	}
	return true;
}
