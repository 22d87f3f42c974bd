/*
 * versions: numbers of what MCP clients listen to: the lists of tools, prompts
 * and resources, and single resources.
 *
 * Whoever sees that a list has changed raises its version: an edge whose
 * toolbox was read anew (handlers/mcp_lists.h), a watch of a folder.  All edges
 * may see the same change, so each says what the list is now (a digest, any
 * short word): who says what was said last raises nothing.  Then all edges that
 * live are told, as topic VERSIONS_TOPIC: what is parked there on that topic
 * looks at the versions.  A message may be lost, so it also looks every
 * VERSIONS_LOOK_MS.  A listener compares for equality: an emptied Redis begins
 * anew, with higher numbers.
 */
#ifndef REDIS_VERSIONS_H
#define REDIS_VERSIONS_H

#include "base/seal.h"
#include "redis/store.h"

#define VERSIONS_TOPIC "streams" /* of all that listens, of tenant default */
/* Its kinds, 15 letters at most; the piece says nothing that counts. */
#define VERSIONS_KIND_LISTS "lists"
#define VERSIONS_KIND_KEYS "keys"
#define VERSIONS_LOOK_MS 30000
/* So long a resource that changed is known to have: longer than any stream
 * sleeps between two looks. */
#define VERSIONS_RESOURCE_MS ((int64_t)24 * 3600 * 1000)

enum version_list {
	VERSION_TOOLS,
	VERSION_PROMPTS,
	VERSION_RESOURCES,
	VERSION_TEMPLATES, /* of resources: told as the list of those */
	VERSION_LISTS,
};

/* "tools", "prompts", "resources", "templates". */
const char *version_list_name(enum version_list list);

/*
 * The list is ${digest} now.  NULL: it has changed, whatever it is.
 *
 * OK: raised, and the edges are told; EXISTS: it was that already; DAMAGED,
 * DOWN
 */
enum store_rc versions_raise(struct store *st, enum version_list list,
    const char *digest) WARN_UNUSED;
/* The same of one resource. */
enum store_rc versions_raise_resource(struct store *st, const char *uri,
    const char *digest) WARN_UNUSED;

/* All edges that live: what is parked there looks. */
void versions_tell(struct store *st, const char *kind);

/* 0: it was never raised. */
struct versions {
	int64_t keys; /* of the tenant's API keys: redis/api_keys.h */
	int64_t lists[VERSION_LISTS];
};

/* What a resource is called in Redis, however long its URI is. */
#define VERSION_ID_MAX SEAL_DIGEST_MAX
void version_id(const char *uri, char out[VERSION_ID_MAX]);

/* The versions, and those of ${n} resources (version_id): in ${of}, 0 where it
 * did not change within VERSIONS_RESOURCE_MS.  Damaged ones are 0.  OK, DOWN */
enum store_rc versions_read(struct store *st, struct versions *out,
    const char *const *ids, size_t n, int64_t *of) WARN_UNUSED;

#endif
