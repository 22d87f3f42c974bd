/*
 * memcp_priv: requests to a meMCP server; its answers, read without a network.
 */
#ifndef TOOLS_MEMCP_PRIV_H
#define TOOLS_MEMCP_PRIV_H

#include "base/http.h"
#include "tools/memcp.h"

/* ${token}, ${body} may be NULL; ${flags} besides HTTP_OPERATOR.  ${resp} is to
 * be given to http_response_fini. */
enum http_rc memcp_request(const struct memcp *m, const char *method,
    const char *path, const char *token, bool with_secret, const char *body,
    int timeout_ms, unsigned flags, const volatile int *cancel,
    struct http_response *resp);

/* GET /token/info. */
enum memcp_rc memcp_read_verified(struct arena *mem, int status,
    const char *body, size_t len);
/* POST /internal/tokens/derive, 200; false: not what it should be. */
bool memcp_read_derived(struct arena *mem, const char *body, size_t len,
    struct session_token *out);
/* GET /mcp/tools, 200: a new reference, or NULL. */
json_t *memcp_read_list(struct arena *mem, const char *body, size_t len);
/* POST /mcp/tools/call. */
void memcp_read_result(struct arena *mem, int status, const char *body,
    size_t len, bool has_token, struct tool_result *result);

#endif
