/*
 * session_id: what a legacy client's session is, in its id.
 *
 * The id itself says it and carries a MAC, so that a session outlives workers,
 * deploys and an emptied Redis: many clients never initialise again.  It is
 * base64url of 32 bytes (format, revision, capabilities, time, whose key,
 * random), a dot, and 32 hex digits.
 */
#ifndef MCP_SESSION_ID_H
#define MCP_SESSION_ID_H

#include "base/base.h"

struct seal_ring;

#define MCP_SESSION_ID_MAX 77 /* with its NUL */
#define MCP_SESSION_RANDOM 16

struct mcp_session {
	int revision;      /* enum mcp_revision_id, a legacy one */
	unsigned client;   /* MCP_CAN_* */
	int64_t created_s; /* Unix time */
	unsigned char random[MCP_SESSION_RANDOM];
};

/* A new one of who has the key of the id ${key} ("": nobody has one). */
void mcp_session_id_make(const struct seal_ring *ring, const char *key,
    int revision, unsigned client, int64_t now_s, char out[MCP_SESSION_ID_MAX]);

/*
 * True: ${text} is an id that was made here, for this key, less than ${max_s}
 * ago; ${out} is filled.  All else is false: forged, another's, too old, or of
 * a format of later.
 */
bool mcp_session_id_read(const struct seal_ring *ring, const char *text,
    const char *key, int64_t now_s, int64_t max_s,
    struct mcp_session *out) WARN_UNUSED;

/* What its record is called: the random part in hex, of an id whose MAC nobody
 * has looked at yet.  "": it is no id. */
#define MCP_SESSION_NAME_MAX (2 * MCP_SESSION_RANDOM + 1)
void mcp_session_name(const char *text, char out[MCP_SESSION_NAME_MAX]);

#endif
