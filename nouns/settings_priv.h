/*
 * settings_priv: what the files of settings share.
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

/*
 * settings_llm.c: llm.backends is read into ${s}; llm.headers, llm.fallback
 * and llm.quirks are looked at.
 */
void settings_llm(struct findings *f, struct settings *s);
void settings_llm_free(struct settings *s);

#endif
