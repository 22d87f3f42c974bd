/*
 * client_legacy: 2025-11-25 and before, which begin with initialize.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <config.h>

#include "base/arena.h"
#include "base/json.h"
#include "mcp/client_priv.h"

static const char *const versions[] = { MCP_NEWEST_LEGACY, "2025-06-18",
	"2025-03-26", "2024-11-05" };

const char *
legacy_version(const char *said)
{
	size_t i;

	for (i = 0; i < NELEM(versions); i++)
		if (said != NULL && strcmp(said, versions[i]) == 0)
			return versions[i];
	return NULL;
}

/*
 * What the server says of the version it wants to speak.  Of one that we do
 * not know, lists and calls look as they did before and after it, so that we
 * go on as of 2025-03-26, with which came no header of the version.  Older
 * ones are another protocol.
 */
const char *
legacy_agreed(const json_t *result)
{
	const char *said = json_member_str(result, "protocolVersion");
	const char *known = legacy_version(said);

	if (known != NULL)
		return known;
	if (said == NULL)
		return json_is_object(json_object_get(result, "capabilities"))
			|| json_is_object(json_object_get(result, "serverInfo"))
		    ? "2025-03-26"
		    : NULL;
	return strlen(said) == strlen(MCP_MODERN)
		&& strspn(said, "0123456789-") == strlen(said)
		&& strcmp(said, "2024-11-05") > 0
	    ? "2025-03-26"
	    : NULL;
}

const char *
legacy_hello(struct arena *mem, const char *version)
{
	return arena_printf(mem,
	    "\"protocolVersion\":\"%s\",\"capabilities\":{},"
	    "\"clientInfo\":{\"name\":\"dragoman\",\"version\":\"%s\"}",
	    version, PACKAGE_VERSION);
}

/* The server's words in a refusal, "" if it is none. */
static const char *
words_of(const struct exchange *x)
{
	if (!x->answered)
		return x->said;
	return x->result == NULL ? x->message : "";
}

/*
 * After initialize was refused with ${asked}: the version to ask for instead,
 * NULL: none.  Some servers do not negotiate, but refuse a version that is not
 * theirs, in any shape (xpzouying/xiaohongshu-mcp#697, hkr04/cpp-mcp#10,
 * sickn33/agentic-awesome-skills#1003).
 */
const char *
legacy_instead(const struct exchange *x, const char *asked)
{
	const char *words = words_of(x), *data = NULL, *next = NULL;
	size_t i;

	if (x->status == 401 || x->status == 403 || x->status == 429
	    || (x->answered && x->code == RPC_BAD_VERSION))
		return NULL;
	if (x->answered && x->data != NULL)
		data = json_text(x->mem, x->data);
	for (i = 0; i < NELEM(versions); i++) {
		/* Dates, so that they are ordered: never a newer one. */
		if (strcmp(versions[i], asked) >= 0)
			continue;
		if (strstr(words, versions[i]) != NULL
		    || (data != NULL && strstr(data, versions[i]) != NULL))
			return versions[i];
		if (next == NULL)
			next = versions[i];
	}
	return strcasestr(words, "version") != NULL ? next : NULL;
}

void
legacy_lines(struct arena *mem, const char *version, const char *session,
    const char *lines[LEGACY_LINES_MAX])
{
	size_t n = 0;

	lines[n++] = "Content-Type: application/json";
	lines[n++] = "Accept: application/json, text/event-stream";
	/* The header came with 2025-06-18. */
	if (version != NULL && strcmp(version, "2025-06-18") >= 0)
		lines[n++] = arena_printf(mem, "MCP-Protocol-Version: %s",
		    version);
	if (session[0] != '\0')
		lines[n++] = arena_printf(mem, "Mcp-Session-Id: %s", session);
	lines[n] = NULL;
}

static void
lines_of(const struct exchange *x, const struct mcp_view *view,
    const char *lines[LEGACY_LINES_MAX])
{
	legacy_lines(x->mem, view->version, view->session, lines);
}

void
legacy_answer(struct exchange *x, const struct rpc_message *m)
{
	const char *lines[LEGACY_LINES_MAX];
	struct buf body = BUF_INIT(64 * KIB);

	/* Each costs a round trip: a server must not hold the caller so. */
	if (exchange_is_over(x) || x->requests++ >= MCP_REQUESTS_MAX)
		return;
	if (x->view->era == ERA_STREAMABLE
	    && rpc_write_answer(&body, m->id, m->method) == 0) {
		lines_of(x, x->view, lines);
		(void)mcp_notify(x->c, x->c->url, lines, &body, MCP_NOTICE_MS);
	}
	buf_fini(&body);
}

int
legacy_write_cancel(const struct exchange *x, struct buf *body)
{
	const char *params = arena_printf(x->mem,
	    "\"requestId\":%" PRId64 ",\"reason\":\"the caller gave up\"",
	    x->id);

	return rpc_write(body, 0, "notifications/cancelled", params, "");
}

/* In these revisions a closed stream does not cancel. */
static void
cancel_at_server(struct exchange *x, const char *const *lines)
{
	struct buf body = BUF_INIT(KIB);

	if (legacy_write_cancel(x, &body) == 0)
		(void)mcp_notify(x->c, x->c->url, lines, &body, MCP_NOTICE_MS);
	buf_fini(&body);
}

static enum mcp_rc
legacy_post(struct exchange *x, const char *const *lines)
{
	struct buf body = BUF_INIT(MCP_ANSWER_MAX);
	enum mcp_rc rc;

	x->id = mcp_next_id(x->c);
	if (rpc_write(&body, x->id, x->method, x->params, exchange_meta(x))
	    == -1)
		rc = exchange_end(x, MCP_PROTOCOL, "the request is too large");
	else
		rc = exchange_post(x, x->c->url, lines, &body);
	buf_fini(&body);
	return rc;
}

/* Do these words say that a session is over, or was never begun? */
static bool
say_no_session(const char *words)
{
	static const char *const ENDS[] = { "not found", "not exist",
		"no valid", "not valid", "no longer", "no session", "no active",
		"not init", "not recogni", "unrecogni", "unknown", "invalid",
		"missing", "expired", "terminated", "closed", "ended",
		"required", "without", "lost" };
	size_t i;

	if (strcasestr(words, "not initialized") != NULL
	    || strcasestr(words, "before initialization") != NULL)
		return true;
	if (strcasestr(words, "session") == NULL)
		return false;
	for (i = 0; i < NELEM(ENDS); i++)
		if (strcasestr(words, ENDS[i]) != NULL)
			return true;
	return false;
}

/*
 * Servers say so in each status and form: 404 as they should, 400 with words
 * (DAWNCR0W/affine-mcp-server#301), 200 with an error
 * (justadityaraj/shim-mcp#8), 500 (sparfenyuk/mcp-proxy#149), or that nobody
 * initialized them, which holds without an id, too.
 */
bool
legacy_session_is_over(const struct exchange *x)
{
	const char *words = words_of(x);
	bool has_id = x->view->session[0] != '\0';

	if ((x->answered && x->result != NULL) || x->status == 429)
		return false;
	if (has_id
	    && (x->status == 404 || x->status == 410
		|| (x->status == 400 && strcasestr(words, "session") != NULL)))
		return true;
	return (has_id || strcasestr(words, "session") == NULL)
	    && x->status != 502 && x->status != 504 && say_no_session(words);
}

enum mcp_rc
legacy_run(struct exchange *x)
{
	const char *lines[LEGACY_LINES_MAX];
	enum mcp_rc rc;
	bool over;

	lines_of(x, x->view, lines);
	rc = legacy_post(x, lines);
	if (exchange_is_unanswered(x, rc))
		return listen_run(x, rc);
	over = rc != MCP_CANCELLED && legacy_session_is_over(x);
	if (over && rc == MCP_UNKNOWN) /* not run, that is */
		rc = exchange_end(x, MCP_UNREACHED, "the session is over");
	if (rc == MCP_CANCELLED
	    || (!over && !x->answered
		&& (rc == MCP_UNKNOWN || x->status == 200)))
		cancel_at_server(x, lines);
	if (over || (rc != MCP_CANCELLED && exchange_is_refused(x))
	    || (x->answered && x->result == NULL && x->code == RPC_BAD_VERSION)
	    || (!x->answered && (x->status == 404 || x->status == 405)))
		x->stale = true;
	return rc;
}

static bool
session_is_valid(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s < 0x21 || *s > 0x7e)
			return false;
	return true;
}

enum mcp_rc
legacy_begin(struct exchange *x, struct mcp_view *view)
{
	const char *lines[LEGACY_LINES_MAX], *ask;
	struct buf body = BUF_INIT(KIB);
	enum mcp_rc rc = MCP_PROTOCOL;

	*view = (struct mcp_view){ .era = ERA_STREAMABLE, .version = "" };
	x->view = view;
	x->method = "initialize";
	lines_of(x, view, lines);
	for (ask = MCP_NEWEST_LEGACY; ask != NULL;
	     ask = legacy_instead(x, ask)) {
		x->params = legacy_hello(x->mem, ask);
		rc = legacy_post(x, lines);
		if (rc != MCP_ERROR && rc != MCP_PROTOCOL)
			break;
	}
	if (rc != MCP_OK)
		goto out;
	view->version = legacy_agreed(x->result);
	if (view->version == NULL) {
		view->version = "";
		rc = exchange_end(x, MCP_PROTOCOL,
		    "the server speaks no version of MCP that we know");
		goto out;
	}
	if (x->long_session) {
		rc = exchange_end(x, MCP_PROTOCOL,
		    "the server's session id is longer than %zu bytes",
		    sizeof(x->session) - 1);
		goto out;
	}
	if (session_is_valid(x->session))
		memcpy(view->session, x->session, sizeof(view->session));
	lines_of(x, view, lines);
	/* What becomes of it is not asked; some never answer it
	 * (wevm/vocs#484), so that a part of the time must do. */
	if (rpc_write(&body, 0, "notifications/initialized", "", "") == 0)
		(void)mcp_notify(x->c, x->c->url, lines, &body,
		    exchange_left_ms(x) / 3 + 1);
out:
	buf_fini(&body);
	return rc;
}

/* Tell the server that nobody comes back. */
void
legacy_end(struct mcp_client *c)
{
	struct arena *mem;
	struct exchange x = { .c = c };
	struct http_request req = { .method = "DELETE",
		.url = c->url,
		.total_ms = MCP_NOTICE_MS };
	struct http_response resp;
	const char *lines[LEGACY_LINES_MAX];

	if (c->view.era == ERA_UNKNOWN || c->view.session[0] == '\0')
		return;
	mem = arena_new();
	x.mem = mem;
	lines_of(&x, &c->view, lines);
	if (mcp_fill(c, &req, lines + 1) == 0) { /* no Content-Type */
		(void)http_send(&req, &resp);
		http_response_fini(&resp);
	}
	arena_free(mem);
}
