/*
 * api_key: what a client shows to be let in, and what it may do then.
 *
 * A key of ours is "dm_TENANT_SECRET"; a double click takes all of it.  Its id
 * is a hash of it, in Redis, in logs and in struct caller: nobody makes the key
 * of it.  A key of mcp_api_keys (MCP_API_KEYS) is any text; it is in no Redis,
 * and may be one that can be guessed, so its id is made with the sealing key
 * (redis/access.h).
 */
#ifndef NOUNS_API_KEY_H
#define NOUNS_API_KEY_H

#include "base/base.h"
#include "base/config.h"
#include "base/net.h"
#include "base/seal.h"

#define API_KEY_PREFIX "dm_"
#define API_KEY_TENANT "default" /* the one there is */
#define API_KEY_TENANT_MAX 33    /* [a-z0-9]{1,32} */
#define API_KEY_SECRET_LEN 43    /* letters and digits: 256 bits */
#define API_KEY_TEXT_MAX 80      /* of a key of ours, with its NUL */
#define API_KEY_GIVEN_MAX 512 /* bytes that are looked at: no key is longer */
#define API_KEY_ID_MAX SEAL_DIGEST_MAX
#define API_KEY_NAME_MAX 65 /* letters, digits, _ . - */
#define API_KEY_TOOLS_MAX 64
#define API_KEY_ALLOW_MAX 64

/* Each may what those before it may. */
enum api_key_role { ROLE_READ, ROLE_WRITE, ROLE_ADMIN, ROLES };
const char *api_key_role_name(enum api_key_role role);
/* -1: no role. */
int api_key_role_parse(const char *text) WARN_UNUSED;

/* What is known of a key.  All that it points to is borrowed. */
struct api_key {
	const char *id, *tenant, *name;
	enum api_key_role role;
	struct config_list tools; /* globs; none: all tools */
	const struct net *allow;  /* none: any address */
	size_t nallow;
	int64_t created_ms;
	int64_t expires_ms; /* 0: never */
	int64_t rate;       /* calls a minute; 0: any; -1: mcp.rate_limit */
};

/*
 * May it call ${tool}?  What it may not call it does not see.  ${read_only}:
 * the tool's row says so, or api_key_reads does.
 */
bool api_key_may(const struct api_key *key, const char *tool, bool read_only);

/* Does mcp.read_only name ${tool}? */
bool api_key_reads(const struct config_list *read_only, const char *tool);

/* Is it for ${address}, as request.remote has it? */
bool api_key_is_for(const struct api_key *key, const char *address);

/* ---- what a client shows ---- */

enum api_key_kind {
	API_KEY_NOBODY,     /* none was needed */
	API_KEY_CONFIGURED, /* one of mcp_api_keys */
	API_KEY_STORED,     /* formed as ours: Redis knows whether it is one */
};

struct api_key_given {
	enum api_key_kind kind;
	char tenant[API_KEY_TENANT_MAX];
	char id[API_KEY_ID_MAX]; /* STORED */
	const char *text;        /* CONFIGURED: borrowed */
};

/*
 * Read ${text}, what stands behind "Bearer" or in X-API-Key, without blanks
 * around it.  ${configured} is settings.mcp_api_keys.  -1: nobody's key, and
 * Redis need not be asked.  Takes as long for a wrong key as for a right one.
 */
struct secret;
int api_key_read(struct api_key_given *out, const char *text,
    const struct secret *configured) WARN_UNUSED;
/* Who comes without a key, where that is allowed. */
void api_key_nobody(struct api_key_given *out);

/* A new key of ${tenant} into ${text}, which is to be wiped, and its id. */
void api_key_make(const char *tenant, char text[API_KEY_TEXT_MAX],
    char id[API_KEY_ID_MAX]);

/* ---- how it is kept: JSON, sealed by who keeps it ---- */

struct arena;
char *api_key_write(struct arena *mem, const struct api_key *key) WARN_UNUSED;
/* ${out}->id and ${out}->tenant are the caller's.  -1: not a key. */
int api_key_parse(struct arena *mem, const char *text, size_t len,
    struct api_key *out) WARN_UNUSED;

#endif
