/*
 * access: may this key make this call now?  One script, one round trip.
 *
 * It looks the key up, notes when it was last used (at most once a minute) and
 * takes the limits: of the key, and of the key for one tool.  Up to
 * ACCESS_EXACT_MAX a minute they are exact over all processes, as that of chats
 * is (lua/part_limited.lua); what is refused, by either of the two, counts for
 * neither.
 *
 * What a key may is sealed in its record, so that who can write to Redis alone
 * makes no key and widens none.
 */
#ifndef REDIS_ACCESS_H
#define REDIS_ACCESS_H

#include "nouns/api_key.h"
#include "redis/mcps.h"
#include "redis/store.h"

#define ACCESS_EXACT_MAX 1000 /* above: a tenth at once, then evenly */

/* lua/access.lua has the numbers up to ACCESS_DAMAGED, too. */
enum access_verdict {
	ACCESS_OK,
	ACCESS_UNKNOWN,      /* 401 */
	ACCESS_EXPIRED,      /* 401 */
	ACCESS_REVOKED,      /* 401 */
	ACCESS_ELSEWHERE,    /* not from this address: 401, as if unknown */
	ACCESS_LIMITED,      /* the key's limit: 429 */
	ACCESS_TOOL_LIMITED, /* its limit for this tool: a tool error */
	ACCESS_DAMAGED,      /* others wrote its record: 401.  Logged */
	ACCESS_DOWN,         /* Redis failed, or the record is sealed with a key
			     that this process lacks: 503.  Logged */
};
const char *access_verdict_name(enum access_verdict v); /* for the log */

struct access_ask {
	const struct api_key_given *key;
	const char *address; /* request.remote */
	bool counts;      /* a call: takes from the limits.  Else the key alone
			     is looked up, as for lists and streams */
	const char *tool; /* a name that there is; NULL: no tool is called */
	int64_t per_minute;      /* policy's call_limit; 0: none */
	int64_t tool_per_minute; /* policy's tool_call_limit */
	/* The name of its MCP session, looked up in the same round trip; of the
	 * first question alone.  NULL, "": it has none. */
	const char *session;
};

struct access {
	enum access_verdict verdict;
	/* OK, LIMITED, TOOL_LIMITED; in mem.  Its expires_ms (wall) is when it
	 * ends: after a rotation, that may be its overlap's end. */
	struct api_key key;
	/* The key's limit, where the call counts; quota 0: there is none. */
	int64_t quota, left;
	int64_t reset_ms; /* until more is left than now */
	int64_t wait_ms;  /* LIMITED, TOOL_LIMITED: until a repeat is let in */
	struct mcps mcps; /* of its session */
};

/*
 * Answer ${n} questions into ${out}, in their order and in one round trip: the
 * calls of one batch.  All memory is ${mem}'s.
 *
 * A key of mcp_api_keys needs no Redis: while that is down it is OK, without a
 * limit.  So is who comes without a key.
 */
#define ACCESS_ASKS_MAX 100 /* at once */
struct arena;
void access_take(struct store *st, const struct access_ask *ask, size_t n,
    struct arena *mem, struct access *out);

/*
 * What answers carry: "\"key\";q=600;w=60", "\"key\";r=599;t=60".  Both are ""
 * where nothing was counted, or no limit is set.
 */
#define ACCESS_HEADER_MAX 64
void access_policy(const struct access *a, char out[ACCESS_HEADER_MAX]);
void access_rate(const struct access *a, char out[ACCESS_HEADER_MAX]);
/* Retry-After: whole seconds, at least 1. */
int64_t access_retry_after(const struct access *a);

#endif
