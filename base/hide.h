/*
 * hide: a secret, in the words of somebody who got it with a request.
 */
#ifndef BASE_HIDE_H
#define BASE_HIDE_H

struct arena;

/* A shorter one is a word that everybody uses. */
#define HIDE_LEAST 8

/* ${text}, or a copy in ${mem} with U+2026 wherever ${secret} (NULL: none)
 * stands in it as a whole. */
const char *hide_secret(struct arena *mem, const char *text,
    const char *secret);

#endif
