/*
 * memcp: what a meMCP server is asked, and what its answers mean.
 */
#include "tools/memcp_priv.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/hide.h"
#include "base/http.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "tools/tool.h"

#define VERIFY_MS 8000
#define DERIVE_MS 8000
#define REVOKE_MS 5000
#define LIST_MS 10000
#define TTL_MINUTES 60
#define REST_MS 600000 /* until it is asked again to derive one */
#define BODY_MAX (1 * MIB)
#define ERROR_CHARS 200           /* of a body that the model is shown */
#define LINE_MAX_BYTES (64 * KIB) /* of an address, a header */

static enum http_rc
request(const struct memcp *m, const char *method, const char *path,
    const char *token, bool with_secret, const char *body, int timeout_ms,
    unsigned flags, const volatile int *cancel, struct http_response *resp)
{
	char bearer[4096]; /* is_token looks at the length */
	struct buf url = BUF_INIT(LINE_MAX_BYTES);
	struct buf secret = BUF_INIT(LINE_MAX_BYTES);
	struct http_request req = { .method = method,
		.body = body,
		.body_len = body == NULL ? 0 : strlen(body),
		.body_max = BODY_MAX,
		.total_ms = timeout_ms,
		.flags = HTTP_OPERATOR | flags,
		.cancel = cancel };
	size_t n = 0, len = strlen(m->url);
	const char *first;
	enum http_rc rc;

	while (len > 0 && m->url[len - 1] == '/')
		len--;
	(void)!buf_printf(&url, "%.*s%s", (int)len, m->url, path);
	req.url = buf_str(&url);
	req.headers[n++] = "Accept: application/json";
	if (body != NULL)
		req.headers[n++] = "Content-Type: application/json";
	if (token != NULL) {
		snprintf(bearer, sizeof(bearer), "Authorization: Bearer %s",
		    token);
		req.headers[n++] = bearer;
	}
	if (with_secret && secret_is_set(m->proxy_secret)) {
		/* The first of two is the one in force. */
		first = m->proxy_secret->bytes;
		first += strspn(first, " ");
		len = strcspn(first, ",");
		while (len > 0 && first[len - 1] == ' ')
			len--;
		(void)!buf_printf(&secret, "X-Proxy-Secret: %.*s", (int)len,
		    first);
		req.headers[n++] = buf_str(&secret);
	}
	rc = http_send(&req, resp);
	explicit_bzero(bearer, sizeof(bearer));
	buf_wipe(&secret);
	buf_fini(&url);
	return rc;
}

/* True if ${status} speaks of the token, and not of this server or of a wrong
 * address in the configuration. */
static bool
is_about_token(int status)
{
	return status == 400 || status == 401 || status == 403 || status == 422;
}

/*
 * True if the answer says for certain that the token is good no more.  A page
 * of a gateway with 403, an odd request (400, 422) or an answer without a tier
 * may pass: a person's connection does not end for them.
 */
static bool
is_refusal(struct arena *mem, int status, const char *body, size_t len)
{
	const char *text = body + strspn(body, " \t\r\n");

	if (status == 200)
		return json_member_str(
			   json_object_get(
			       json_read(mem, body, len, NULL, NULL), "data"),
			   "tier")
		    != NULL;
	return (status == 401 || status == 403) && text[0] != '<';
}

/* What may stand in a header: a token with a line end is none. */
static bool
is_token(const char *token)
{
	size_t i;

	for (i = 0; token[i] != '\0'; i++)
		if ((unsigned char)token[i] < 0x21 || token[i] == 0x7f)
			return false;
	return i > 0 && i < 4000;
}

enum memcp_rc
memcp_read_verified(struct arena *mem, int status, const char *body, size_t len)
{
	const json_t *doc;
	const char *tier;

	if (status != 200)
		return is_about_token(status) ? MEMCP_BAD_TOKEN : MEMCP_DOWN;
	doc = json_read(mem, body, len, NULL, NULL);
	if (doc == NULL)
		return MEMCP_DOWN; /* not a meMCP server's answer */
	tier = json_member_str(json_object_get(doc, "data"), "tier");
	return tier != NULL
		&& (strcmp(tier, "chat") == 0 || strcmp(tier, "mcp") == 0)
	    ? MEMCP_OK
	    : MEMCP_BAD_TOKEN;
}

/* ${certain}: only what ends a connection is MEMCP_BAD_TOKEN. */
static enum memcp_rc
verify(const struct memcp *m, const char *token, bool certain)
{
	struct http_response resp;
	struct arena *mem = arena_new();
	enum memcp_rc rc = MEMCP_DOWN;

	if (!is_token(token)) {
		arena_free(mem);
		return MEMCP_BAD_TOKEN;
	}
	if (request(m, "GET", "/token/info", token, false, NULL, VERIFY_MS, 0,
		NULL, &resp)
	    == HTTP_OK)
		rc = memcp_read_verified(mem, resp.status, buf_str(&resp.body),
		    resp.body.len);
	if (rc == MEMCP_BAD_TOKEN && certain
	    && !is_refusal(mem, resp.status, buf_str(&resp.body),
		resp.body.len))
		rc = MEMCP_DOWN;
	if (rc == MEMCP_DOWN)
		log_event(LOG_WARN, "memcp_failed", F_STR("call", "verify"),
		    F_INT("status", resp.status), F_STR("why", resp.why));
	http_response_fini(&resp);
	arena_free(mem);
	return rc;
}

enum memcp_rc
memcp_verify(const struct memcp *m, const char *token)
{
	return verify(m, token, false);
}

enum memcp_rc
memcp_verify_again(const struct memcp *m, const char *token)
{
	return verify(m, token, true);
}

/* "2026-11-20T10:00:00Z", with a fraction or an offset; 0: not one. */
static int64_t
iso_time_ms(const char *text)
{
	struct tm tm = { 0 };
	const char *rest = text == NULL
	    ? NULL
	    : strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int h, min;
	char sign;
	int64_t s;

	if (rest == NULL)
		return 0;
	s = timegm(&tm);
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (sscanf(rest, "%c%2d:%2d", &sign, &h, &min) == 3
	    && (sign == '+' || sign == '-'))
		s -= (sign == '-' ? -1 : 1) * (h * 3600 + min * 60);
	return s * 1000;
}

bool
memcp_read_derived(struct arena *mem, const char *body, size_t len,
    struct session_token *out)
{
	json_t *doc = json_read(mem, body, len, NULL, NULL);
	const char *derived = json_member_str(doc, "derived_token");

	if (derived == NULL || !is_token(derived))
		return false;
	out->derived = derived;
	out->derived_until_ms = iso_time_ms(json_member_str(doc, "expires_at"));
	return true;
}

enum memcp_rc
memcp_derive(const struct memcp *m, const char *parent, const char *chat,
    struct arena *mem, struct session_token *out)
{
	struct session_token got = { .parent = arena_strdup(mem, parent) };
	struct http_response resp;
	enum memcp_rc rc = MEMCP_DOWN;
	const char *body;

	body = json_text(mem,
	    json_keep(mem,
		json_pack("{s:s, s:s, s:i, s:s}", "parent_token", parent,
		    "scope", "mcp_read", "ttl_minutes", TTL_MINUTES, "chat_id",
		    chat)));
	if (request(m, "POST", "/internal/tokens/derive", NULL, true, body,
		DERIVE_MS, 0, NULL, &resp)
	    == HTTP_OK) {
		if (resp.status == 200
		    && memcp_read_derived(mem, buf_str(&resp.body),
			resp.body.len, &got)) {
			rc = MEMCP_OK;
		} else if (resp.status == 503 || resp.status == 401
		    || resp.status == 403 || resp.status == 404) {
			/* This server derives none, or not for this token:
			 * whether the parent is good, verify knows. */
			rc = memcp_verify_again(m, parent);
			got.derived = got.parent;
			if (resp.status == 503) /* perhaps it only rests */
				got.derived_until_ms = clock_wall_ms()
				    + REST_MS;
		}
	}
	if (rc == MEMCP_OK)
		*out = got;
	if (rc == MEMCP_DOWN)
		log_event(LOG_WARN, "memcp_failed", F_STR("call", "derive"),
		    F_INT("status", resp.status), F_STR("why", resp.why));
	http_response_fini(&resp);
	return rc;
}

void
memcp_revoke(const struct memcp *m, const char *derived)
{
	struct http_response resp;
	struct arena *mem = arena_new();
	const char *body = json_text(mem,
	    json_keep(mem, json_pack("{s:s}", "derived_token", derived)));

	(void)!request(m, "POST", "/internal/tokens/revoke", NULL, true, body,
	    REVOKE_MS, 0, NULL, &resp);
	http_response_fini(&resp);
	arena_free(mem);
}

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

	if (request(m, "GET", "/mcp/tools", NULL, false, NULL, LIST_MS, 0,
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
	switch (request(m, "POST", "/mcp/tools/call", token, false, body,
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
