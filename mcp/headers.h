/*
 * headers: what HTTP headers repeat of a message.
 *
 * Whoever stands between reads the header, and we act on the body: so they
 * must be equal, or the request is refused.
 */
#ifndef MCP_HEADERS_H
#define MCP_HEADERS_H

#include <jansson.h>

#include "base/base.h"

struct arena;

/* Does ${header} (NULL: there is none) say what the body says: a string,
 * integer or boolean? */
bool mcp_header_says(struct arena *mem, const char *header, const json_t *body);

/* What a client takes, by its Accept; NULL: anything. */
struct mcp_accepts {
	bool json, stream;
};
struct mcp_accepts mcp_accepts(const char *accept);

#endif
