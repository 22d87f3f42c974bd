/*
 * memcp: requests to a meMCP server, and the token flow of chat.auth: memcp.
 */
#include "tools/memcp_priv.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/http.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

#define VERIFY_MS 8000
#define DERIVE_MS 8000
#define REVOKE_MS 5000
#define TTL_MINUTES 60
#define REST_MS 600000 /* until it is asked again to derive one */
#define BODY_MAX (1 * MIB)
#define LINE_MAX_BYTES (64 * KIB) /* of an address, a header */

enum http_rc
memcp_request(const struct memcp *m, const char *method, const char *path,
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
	if (memcp_request(m, "GET", "/token/info", token, false, NULL,
		VERIFY_MS, 0, NULL, &resp)
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
	if (memcp_request(m, "POST", "/internal/tokens/derive", NULL, true,
		body, DERIVE_MS, 0, NULL, &resp)
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

	(void)!memcp_request(m, "POST", "/internal/tokens/revoke", NULL, true,
	    body, REVOKE_MS, 0, NULL, &resp);
	http_response_fini(&resp);
	arena_free(mem);
}
