/*
 * memcp_source: the tools of a meMCP server.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hide.h"
#include "base/json.h"
#include "base/text.h"
#include "tools/memcp_priv.h"
#include "tools/source.h"

#define LIST_MS 10000
#define ERROR_CHARS 200 /* of a body that the model is shown */

json_t *
memcp_read_list(struct arena *mem, const char *body, size_t len)
{
	const json_t *doc = json_read(mem, body, len, NULL, NULL);
	json_t *tools = json_object_get(json_object_get(doc, "data"), "tools");

	if (tools == NULL)
		tools = json_object_get(doc, "tools");
	return json_is_array(tools) ? json_incref(tools) : NULL;
}

json_t *
memcp_list(const struct memcp *m, const volatile int *cancel, char *why)
{
	struct http_response resp;
	struct arena *mem = arena_new();
	json_t *tools = NULL;

	if (memcp_request(m, "GET", "/mcp/tools", NULL, false, NULL, LIST_MS, 0,
		cancel, &resp)
	    != HTTP_OK) {
		text_format(why, HTTP_WHY_MAX, "%s", resp.why);
	} else if (resp.status != 200) {
		text_format(why, HTTP_WHY_MAX, "status %d", resp.status);
	} else {
		tools = memcp_read_list(mem, buf_str(&resp.body),
		    resp.body.len);
		if (tools == NULL)
			text_format(why, HTTP_WHY_MAX, "no list of tools");
	}
	http_response_fini(&resp);
	arena_free(mem);
	return tools;
}

static char *
error_text(struct arena *mem, const char *error, const char *message)
{
	return json_text(mem,
	    json_keep(mem,
		json_pack("{s:s, s:s}", "error", error, "message", message)));
}

/* It may have run.  The model is to know that, and the person, too. */
static char *
unknown_text(struct arena *mem, const char *why)
{
	return error_text(mem, "outcome_unknown",
	    arena_printf(mem,
		"The call was interrupted (%s); " TOOL_OUTCOME_UNKNOWN, why));
}

/* 403 says two things: this token is no good, or not good enough. */
static bool
says_invalid_token(const char *body)
{
	if (strcasestr(body, "\"stage\":\"anonymous\"") != NULL
	    || strcasestr(body, "\"stage\": \"anonymous\"") != NULL)
		return true;
	return strcasestr(body, "token") != NULL
	    && (strcasestr(body, "expired") != NULL
		|| strcasestr(body, "invalid") != NULL
		|| strcasestr(body, "revoked") != NULL);
}

void
memcp_read_result(struct arena *mem, int status, const char *body, size_t len,
    bool has_token, struct tool_result *result)
{
	const char *text = text_clean(mem, body, len);
	json_t *doc;

	*result = (struct tool_result){ .end = TOOL_FAILED };
	if (status == 200) {
		doc = json_read(mem, text, strlen(text), NULL, NULL);
		tool_result_say(mem, result, TOOL_DONE,
		    json_text(mem,
			json_keep(mem,
			    doc != NULL ? json_pack("{s:O}", "result", doc)
					: json_pack("{s:s}", "result", text))));
	} else if (has_token
	    && (status == 401 || (status == 403 && says_invalid_token(text)))) {
		result->refusal = TOOL_REFUSED_TOKEN;
		tool_result_say(mem, result, TOOL_FAILED,
		    error_text(mem, "token_expired",
			"The access token is no longer valid."));
	} else if (status == 403) {
		result->refusal = TOOL_REFUSED_RIGHTS;
		tool_result_say(mem, result, TOOL_FAILED,
		    error_text(mem, "access_denied",
			"This needs a higher-tier token."));
	} else if (status == 502 || status == 504) {
		/* A gateway: no answer came from the server behind it. */
		tool_result_say(mem, result, TOOL_FAILED,
		    unknown_text(mem, arena_printf(mem, "HTTP %d", status)));
	} else {
		tool_result_say(mem, result, TOOL_FAILED,
		    error_text(mem, arena_printf(mem, "http_%d", status),
			text_cut(mem, text, ERROR_CHARS)));
	}
}

void
memcp_call(const struct memcp *m, const char *token, const char *name,
    const json_t *arguments, const volatile int *cancel, struct arena *mem,
    struct tool_result *result)
{
	struct http_response resp;
	const char *said;
	const char *body = json_text(mem,
	    json_keep(mem,
		json_pack("{s:s, s:O}", "tool", name, "arguments", arguments)));

	*result = (struct tool_result){ .end = TOOL_FAILED };
	switch (memcp_request(m, "POST", "/mcp/tools/call", token, false, body,
	    m->timeout_ms, HTTP_ONCE, cancel, &resp)) {
	case HTTP_OK:
		said = hide_secret(mem,
		    text_clean(mem, buf_str(&resp.body), resp.body.len), token);
		memcp_read_result(mem, resp.status, said, strlen(said),
		    token != NULL, result);
		break;
	case HTTP_BLOCKED:
	case HTTP_UNREACHED: /* it never ran */
		tool_result_say(mem, result, TOOL_FAILED,
		    error_text(mem, "network_error", resp.why));
		break;
	default:
		tool_result_say(mem, result, TOOL_FAILED,
		    unknown_text(mem, resp.why));
		break;
	}
	http_response_fini(&resp);
}

/* ---- as a source --------------------------------------------------------- */

struct own {
	struct settings *settings; /* its secret and time-outs */
	struct memcp memcp;
};

static json_t *
list(struct source *s, const volatile int *cancel, struct source_answer *answer)
{
	const struct own *own = s->own;
	json_t *tools = memcp_list(&own->memcp, cancel, answer->why);

	text_format(answer->reason, sizeof(answer->reason), "%s", answer->why);
	answer->away = tools == NULL;
	return tools;
}

static void
call(struct source *s, const struct catalogue_tool *tool,
    const struct tool_ctx *ctx, const json_t *arguments, struct arena *mem,
    struct tool_result *result)
{
	const struct own *own = s->own;

	memcp_call(&own->memcp, ctx->token, tool->name, arguments, ctx->cancel,
	    mem, result);
}

static void
close_own(struct source *s)
{
	struct own *own = s->own;

	settings_unref(own->settings);
	free(own);
}

static const struct source_kind MEMCP = {
	.name = "memcp",
	.label = SOURCE_MEMCP,
	.reads = true,
	.list = list,
	.call = call,
	.close = close_own,
};

struct source *
memcp_source(struct settings *s)
{
	struct own *own = calloc(1, sizeof(*own));

	if (own == NULL)
		abort();
	own->settings = settings_ref(s);
	own->memcp = (struct memcp){ .url = s->chat_memcp_url,
		.proxy_secret = &s->proxy_secret,
		.timeout_ms = (int)s->mcp_timeout_ms };
	return source_new(&MEMCP, MEMCP.name, s->chat_memcp_url, own);
}
