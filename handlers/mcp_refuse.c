/*
 * mcp_refuse: what the route refuses, as JSON-RPC: without an id, as nobody has
 * read it yet.
 */
#include <string.h>

#include "base/json.h"
#include "handlers/handlers.h"
#include "handlers/mcp_priv.h"

#define REALM "Bearer realm=\"dragoman\""

/* The body is no JSON: what a 422 says is a parse error here. */
static const char *
parse_error(const struct request *req, const struct refusal *why)
{
	const json_t *first = json_array_get(why->invalid, 0);
	const char *error = json_member_str(json_object_get(first, "ctx"),
	    "error");
	json_int_t at = json_integer_value(
	    json_array_get(json_object_get(first, "loc"), 1));

	if (error == NULL)
		return "Parse error: the body is empty";
	return arena_printf(req->mem,
	    "Parse error: %s at byte %" JSON_INTEGER_FORMAT, error, at);
}

int
refuse_mcp(struct request *req, const struct refusal *why)
{
	struct mcp_call nobody = { .mem = req->mem };
	struct mcp_fault fault = { .status = why->status,
		.code = why->status, /* JSON-RPC's own have a sign */
		.message = why->detail };
	struct buf out = BUF_INIT(MCP_ANSWER_MAX);
	int rc;

	if (strstr(req->headers, "Access-Control-Allow-Origin") == NULL)
		mcp_allow_origin(req);
	if (why->status == 401)
		response_header(req, "WWW-Authenticate",
		    request_header(req, "Authorization") == NULL
			    && request_header(req, "X-API-Key") == NULL
			? REALM
			: REALM ", error=\"invalid_token\"");
	if (why->status == 400)
		fault.code = RPC_INVALID_REQUEST;
	if (why->status == 422) {
		fault.status = 400;
		fault.code = RPC_PARSE;
		fault.message = parse_error(req, why);
	}
	if (mcp_write_fault(&out, &nobody, &fault) == -1)
		rc = reply_empty(req, fault.status);
	else
		rc = reply_bytes(req, fault.status, MCP_JSON, buf_str(&out),
		    out.len);
	buf_fini(&out);
	return rc;
}
