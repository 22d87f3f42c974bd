/*
 * params: tool arguments that are mirrored in HTTP headers (x-mcp-header in a
 * tool's inputSchema), and how a header carries any text.
 */
#ifndef MCP_PARAMS_H
#define MCP_PARAMS_H

#include <jansson.h>

#include "base/base.h"

struct arena;

#define PARAMS_MAX 32 /* mirrored arguments of one tool */

/* Around base64 in a header, for a text that no header carries as it is. */
#define PARAMS_B64_BEGIN "=?base64?"
#define PARAMS_B64_END "?="

/*
 * Call ${on} with the header's name (behind "Mcp-Param-") and the value of each
 * annotated property of ${schema}, NULL where ${arguments} have none.  It goes
 * on while ${on} returns true; false: it did not.
 */
bool params_each(const json_t *schema, const json_t *arguments,
    bool (*on)(void *ctx, const char *name, const json_t *value), void *ctx);

/* NULL if each annotation of ${schema} is valid, else why the tool must not
 * be used (a static string). */
const char *params_refuse(const json_t *schema);

/*
 * Add a line "Mcp-Param-NAME: value" to ${lines} for each annotated property
 * that ${arguments} has a value for; lines are in ${mem}.  ${schema} is one
 * that params_refuse takes, or NULL.  Returns how many, at most PARAMS_MAX.
 */
size_t params_headers(struct arena *mem, const json_t *schema,
    const json_t *arguments, const char *lines[PARAMS_MAX]);

/* ${text} itself when a header carries it, else =?base64?...?= in ${mem}. */
const char *params_header_value(struct arena *mem, const char *text);

#endif
