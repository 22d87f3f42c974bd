/*
 * history_entry: a line of a chat's history.
 */
#ifndef NOUNS_HISTORY_ENTRY_H
#define NOUNS_HISTORY_ENTRY_H

#include "base/base.h"

/* What was said and what was answered. */
struct history_entry {
	const char *user;
	const char *assistant;
};

/* The codec of what is sealed: a JSON text.  Reading borrows from ${mem}. */
struct arena;
char *history_entry_write(struct arena *mem,
    const struct history_entry *h) WARN_UNUSED;
int history_entry_read(struct arena *mem, const char *text, size_t len,
    struct history_entry *out) WARN_UNUSED;

#endif
