/*
 * settings_priv: what settings_load.c and settings_check.c share.
 */
#ifndef NOUNS_SETTINGS_PRIV_H
#define NOUNS_SETTINGS_PRIV_H

#include "nouns/settings.h"

struct buf;

struct findings {
	struct buf *errors, *warnings;
	size_t nerrors;
};

/* "ORIGIN: KEY: text" where ${key} was set, as for a single wrong value. */
void settings_error(struct findings *f, const struct settings *s,
    const char *key, const char *fmt, ...) PRINTF_LIKE(4, 5);
void settings_warn(struct findings *f, const struct settings *s,
    const char *key, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* What must hold between settings that are each right by themselves. */
void settings_check(struct findings *f, const struct settings *s);

#endif
