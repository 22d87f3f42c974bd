/*
 * memcp: the meMCP dialect: its tools, and the token flow of chat.auth: memcp.
 */
#ifndef TOOLS_MEMCP_H
#define TOOLS_MEMCP_H

#include "base/arena.h"
#include "base/secret.h"
#include "nouns/session.h"
#include "nouns/tool_result.h"

struct memcp {
	const char *url;
	const struct secret *proxy_secret;
	int timeout_ms; /* of a tool call; verify 8 s, derive 8 s, revoke 5 s */
};

enum memcp_rc {
	MEMCP_OK,
	MEMCP_BAD_TOKEN, /* the server says it is not valid */
	MEMCP_DOWN,      /* no answer: says nothing about the token */
};

/* GET /token/info: tier chat or mcp. */
enum memcp_rc memcp_verify(const struct memcp *m,
    const char *token) WARN_UNUSED;
/* The same of a token that was good: BAD_TOKEN is certain, DOWN may pass. */
enum memcp_rc memcp_verify_again(const struct memcp *m,
    const char *token) WARN_UNUSED;

/*
 * POST /internal/tokens/derive for ${chat}.  OK: ${out} has parent, derived
 * and its end.  When the server derives none (503, 401, 403, 404), the parent
 * itself serves: OK too, with derived = parent and no end (after a 503 a few
 * minutes).  Otherwise ${out} stays as it was; BAD_TOKEN: the parent is good no
 * more, for certain.
 */
enum memcp_rc memcp_derive(const struct memcp *m, const char *parent,
    const char *chat, struct arena *mem, struct session_token *out) WARN_UNUSED;

/* POST /internal/tokens/revoke; the result does not matter. */
void memcp_revoke(const struct memcp *m, const char *derived);

/* GET /mcp/tools: an array of {name, description, inputSchema}, a new
 * reference; NULL: failed, reason in ${why} (160 bytes).  ${cancel} may be
 * NULL. */
json_t *memcp_list(const struct memcp *m, const volatile int *cancel,
    char *why) WARN_UNUSED;

/* POST /mcp/tools/call. */
void memcp_call(const struct memcp *m, const char *token, const char *name,
    const json_t *arguments, const volatile int *cancel, struct arena *mem,
    struct tool_result *result);

#endif
