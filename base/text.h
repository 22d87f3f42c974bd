/*
 * text: UTF-8, counted in code points, and the escaping of strangers' bytes.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdarg.h>

#include "base/base.h"

struct arena;

/* Strict UTF-8: no overlong forms, no surrogates, nothing past U+10FFFF. */
bool text_is_utf8(const char *s, size_t len);

/* How many bytes at ${s} are for certain ASCII that stands in a JSON string as
 * it is; eight are looked at at a time. */
size_t text_plain(const char *s, size_t len);

/* Code points in valid UTF-8. */
size_t text_count(const char *s, size_t len);

/*
 * At most ${max} code points of ${s}: longer text is cut to ${max} - 1 and
 * ends in U+2026.  Returns ${s} itself when it fits.
 */
const char *text_cut(struct arena *mem, const char *s, size_t max);

/* ${len}, or less, where a character of ${s} would be cut there. */
size_t text_whole(const char *s, size_t len);

/*
 * As snprintf, but what does not fit is left out by whole characters: a cut
 * one makes of the text what no JSON takes.
 */
void text_format(char *out, size_t max, const char *fmt, ...) PRINTF_LIKE(3, 4);
void text_vformat(char *out, size_t max, const char *fmt, va_list ap)
    PRINTF_LIKE(3, 0);

/* A copy with bytes that are not UTF-8 and NUL replaced by U+FFFD. */
char *text_clean(struct arena *mem, const char *s, size_t len);

/* How many of the ${len} bytes, from the first, nobody sees: white space,
 * control characters, marks without width. */
size_t text_unseen(const char *s, size_t len);

/* A copy without white space (as Unicode has it) at either end. */
char *text_strip(struct arena *mem, const char *s);

/*
 * The length of what stands at ${s} if it rules a terminal or reorders what it
 * shows: control characters (C0 with \n and \t, DEL, C1, which many terminals
 * obey) and marks, embeddings, overrides and isolates of writing directions.
 * 0: it does not.  ${code} (may be NULL) becomes its code point.
 */
size_t text_control(const char *s, size_t len, unsigned *code);

/* A copy fit for a terminal: what text_control tells but \n and \t dropped. */
char *text_printable(struct arena *mem, const char *s);

/*
 * How many letters of ${a} are to be changed, added or taken away to make ${b}
 * of it (Levenshtein); upper case counts, unless ${fold}.  Of each, no more
 * than the first TEXT_DISTANCE_BYTES are looked at.
 */
#define TEXT_DISTANCE_BYTES 96
size_t text_distance(const char *a, const char *b, bool fold);

/* Lower-case hex of ${len} bytes into ${out} (2 * len + 1). */
void text_hex(const void *bytes, size_t len, char *out);

/*
 * The line at *${at}, ${len} bytes of it without its end; *${at} is then
 * behind it.  Empty ones are passed over; NULL: there is none left.
 */
const char *text_line(const char **at, size_t *len);

/* ${n} random bytes as hex (2 * n + 1); n <= 32. */
void text_random_hex(size_t n, char *out);

/*
 * A whole decimal integer (sign allowed, nothing else, no overflow).
 * 0, or -1 and ${out} unchanged.
 */
int text_int(const char *s, int64_t *out) WARN_UNUSED;

/*
 * What may be shown of an address: ${scheme} bytes from its start, then ${len}
 * at ${rest}.  What stands between them is a login, and what follows a query,
 * which may be a token.
 */
struct text_address {
	int scheme, len;
	const char *rest;
	bool has_login, has_query;
};

void text_address(const char *url, struct text_address *out);

/* So shown: without its login, its query as names alone ("?key=..."; U+2026),
 * but for the value of api-version, which tells who reads it most and is
 * secret nowhere. */
char *text_address_shown(struct arena *mem, const char *url);

/* As a part of a path: all but letters, digits and "-_.~" as %XX. */
char *text_percent(struct arena *mem, const char *s);

/* "name=${NAME}": replaces each ${NAME} by lookup(NAME); NULL: unknown
 * variable, whose name is then left in ${unknown}. */
char *text_expand(struct arena *mem, const char *s,
    const char *(*lookup)(void *ctx, const char *name), void *ctx,
    const char **unknown);

#endif
