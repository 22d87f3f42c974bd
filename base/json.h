/*
 * json: jansson with our limits.
 *
 * A document that is put under an arena (json_keep) lives as long as it, and
 * strings borrowed from it too.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <jansson.h>

#include "base/base.h"

#define JSON_DEPTH_MAX 64      /* deeper is nobody's message, only an attack */
#define JSON_VALUES_MAX 500000 /* of one document: some 100 MB at worst */

struct arena;
struct buf;

/*
 * Parse ${len} bytes: strict UTF-8, any value at the top, no NUL in strings,
 * at most JSON_DEPTH_MAX deep and JSON_VALUES_MAX values, duplicate keys
 * refused.  Owned by ${mem}; the
 * result is borrowed.  NULL: not JSON; ${why} (may be NULL) gets a short
 * reason in ${mem}, ${at} (may be NULL) the byte offset.
 */
json_t *json_read(struct arena *mem, const char *bytes, size_t len,
    const char **why, size_t *at) WARN_UNUSED;

/*
 * The same for the answer of a server, of which one bad character must not
 * cost the whole: what json_read refuses is read once more with \u0000, half
 * a surrogate and bytes that are not UTF-8 as U+FFFD, an integer past 64 bits
 * as a real, a real past a double as +-1e308, NaN and Infinity as null, and of
 * a key that stands twice the last.  All limits are those of json_read.
 */
json_t *json_read_lenient(struct arena *mem, const char *bytes,
    size_t len) WARN_UNUSED;

/* The same of a piece: what may be half a character is kept as json_repair.h
 * says, for json_join_halves.  ${halves} is set if there was any such thing. */
json_t *json_read_piece(struct arena *mem, const char *bytes, size_t len,
    bool *halves) WARN_UNUSED;

/* Give ${doc}'s reference to ${mem}; returns ${doc} (NULL stays NULL). */
json_t *json_keep(struct arena *mem, json_t *doc);

/*
 * json_incref and json_decref for a document that threads share unchanged:
 * jansson's look at the count before they change it, which is not atomic.
 * NULL is fine.  What json_keep keeps is given back so too.
 */
json_t *json_share(json_t *doc);
void json_unshare(json_t *doc);

/* Compact text of ${doc}, in ${mem}; NULL if it cannot be written. */
char *json_text(struct arena *mem, const json_t *doc) WARN_UNUSED;

/* Append compact text; -1 when ${out} is full. */
int json_add(struct buf *out, const json_t *doc) WARN_UNUSED;

/* Append ${s} as a JSON string with its quotes, valid UTF-8 only. */
int json_add_str(struct buf *out, const char *s, size_t len) WARN_UNUSED;

/* A member that is a string, else NULL / ${otherwise}. */
const char *json_member_str(const json_t *object, const char *key);
int64_t json_member_int(const json_t *object, const char *key,
    int64_t otherwise);
bool json_member_bool(const json_t *object, const char *key, bool otherwise);

/*
 * The members ${names} (${n} of them) of ${object}: each in its place of
 * ${out}, NULL: there is none.  One walk over the object, where asking for each
 * costs a hash of its name: for what is read many times a second.
 */
void json_members(const json_t *object, const char *const *names, size_t n,
    const json_t **out);
/* The place of ${key} in ${names}; ${n}: it is none of them. */
size_t json_name_at(const char *key, const char *const *names, size_t n);

#endif
