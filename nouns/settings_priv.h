/*
 * settings_priv: what the files of settings share.
 */
#ifndef NOUNS_SETTINGS_PRIV_H
#define NOUNS_SETTINGS_PRIV_H

#include "nouns/settings.h"

struct buf;

/* Why chat.host is direct where nobody said so. */
#define SETTINGS_NO_KEY "no API key is set"

struct findings {
	struct buf *errors, *warnings;
	size_t nerrors;
};

/* settings_say.c */
/* "ORIGIN: KEY: text" where ${key} was set, as for a single wrong value. */
void settings_error(struct findings *f, const struct settings *s,
    const char *key, const char *fmt, ...) PRINTF_LIKE(4, 5);
void settings_warn(struct findings *f, const struct settings *s,
    const char *key, const char *fmt, ...) PRINTF_LIKE(4, 5);

/*
 * True if what follows from the rows ${keys} (with blanks between) means
 * something: none of them is wrong, or was perhaps set by a file that could
 * not be read.
 */
bool settings_are_certain(const struct settings *s, const char *keys);

/* settings_decide.c: the host, model and addresses that nobody named. */
void settings_decide(struct findings *f, struct settings *s,
    const struct settings_source *src);

/* settings_names.c: variables that nobody reads. */
void settings_names(struct findings *f, const struct settings *s,
    char *const *environ);

/* What must hold between settings that are each right by themselves. */
void settings_check(struct findings *f, const struct settings *s);

/* settings_keys.c */
void settings_keys(struct findings *f, const struct settings *s);

/* settings_served.c: who may use what is served at /mcp. */
void settings_served(struct findings *f, const struct settings *s);

/* settings_mcp.c: the MCP servers, where they are read. */
void settings_mcp(struct findings *f, const struct settings *s);

/*
 * settings_llm.c: llm.backends is read into ${s}; llm.headers and
 * llm.fallback are looked at.
 */
void settings_llm(struct findings *f, struct settings *s);

/* settings_quirks.c */
void settings_quirks(struct findings *f, const struct settings *s);

#endif
