/*
 * mcp_access: may this key make these calls now?  Asked once for all messages
 * of a POST, in one round trip, before any of them is looked at closely.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "handlers/mcp_priv.h"
#include "redis/access.h"

/* The tool that ${doc} calls, if there is one of that name: limits of tools
 * that nobody has would have no end. */
static const char *
tool_of(struct mcp_post *p, const json_t *doc, const struct mcp_method *method)
{
	const char *name = json_member_str(json_object_get(doc, "params"),
	    "name");
	struct listing *l;
	bool is_there;

	if (method != &MCP_METHOD[MCP_TOOLS_CALL] || name == NULL)
		return NULL;
	l = listing_ref(mcp_edge_tools(p->edge->mcp));
	is_there = listing_find(l, name) != NULL;
	listing_unref(l);
	return is_there ? name : NULL;
}

static void
set_ask(struct access_ask *ask, struct mcp_post *p, const struct request *req,
    const json_t *doc)
{
	const struct policy *policy = policy_of(p->settings, &p->caller);
	const char *name = json_member_str(doc, "method");
	const struct mcp_method *method = name == NULL ? NULL
						       : mcp_method_find(name);

	*ask = (struct access_ask){ .key = req->shown,
		.address = req->remote,
		.counts = method != NULL && method->counts
		    && json_object_get(doc, "id") != NULL,
		.per_minute = policy->call_limit,
		.tool_per_minute = policy->tool_call_limit };
	if (ask->counts)
		ask->tool = tool_of(p, doc, method);
}

/* What a client is told of its limit. */
static void
add_headers(struct request *req, const struct access *a)
{
	char text[ACCESS_HEADER_MAX];

	access_policy(a, text);
	if (text[0] == '\0')
		return;
	response_header(req, "RateLimit-Policy", text);
	access_rate(a, text);
	response_header(req, "RateLimit", text);
}

static bool
refuse(struct refusal *why, int status, int64_t retry_s, const char *detail)
{
	*why = (struct refusal){ .status = status,
		.retry_s = retry_s,
		.detail = detail };
	return false;
}

/* The same of all messages: it is one key. */
static bool
is_let_in(enum access_verdict verdict, struct refusal *why)
{
	switch (verdict) {
	case ACCESS_OK:
	case ACCESS_LIMITED:
	case ACCESS_TOOL_LIMITED:
		return true;
	case ACCESS_EXPIRED:
		return refuse(why, 401, 0, "this key has expired");
	case ACCESS_REVOKED:
		return refuse(why, 401, 0, "this key was revoked");
	case ACCESS_DOWN:
		return refuse(why, 503, 2, "keys cannot be looked up now");
	default:
		return refuse(why, 401, 0, "this key is not valid");
	}
}

/* Those of messages alone: a body that holds too many is refused later. */
static size_t
messages_of(const json_t *doc)
{
	size_t n = json_is_array(doc) ? json_array_size(doc) : 1;

	return n == 0 || n > MCP_BATCH_MAX ? 1 : n;
}

_Static_assert(MCP_BATCH_MAX <= ACCESS_ASKS_MAX, "one question for all");

bool
mcp_access(struct request *req, struct mcp_post *p, struct refusal *why)
{
	size_t n = messages_of(p->doc), i;
	struct access_ask *asks = arena_alloc(p->mem, n * sizeof(*asks));
	struct access *got = arena_alloc(p->mem, n * sizeof(*got));
	struct mcp_right *rights = arena_alloc(p->mem, n * sizeof(*rights));

	for (i = 0; i < n; i++)
		set_ask(&asks[i], p, req,
		    json_is_array(p->doc) ? json_array_get(p->doc, i) : p->doc);
	asks[0].session = p->sid;
	access_take(p->edge->store, asks, n, p->mem, got);
	for (i = 0; i < n; i++) {
		rights[i] = (struct mcp_right){ .verdict = got[i].verdict,
			.wait_ms = got[i].wait_ms };
		if (!is_let_in(got[i].verdict, why))
			return false;
	}
	p->rights = rights;
	p->mcps = got[0].mcps;
	p->server.ended = p->mcps.ended;
	p->key = &got[0].key;
	p->caller.tenant = p->key->tenant;
	p->caller.key = p->server.key = p->key->id;
	p->caller.role = api_key_role_name(p->key->role);
	req->caller = p->caller;
	add_headers(req, &got[n - 1]);
	return true;
}

/* ---- one message --------------------------------------------------------- */

#define SECONDS(ms) (((ms) + 999) / 1000)

bool
mcp_is_limited(struct mcp_work *w, struct mcp_fault *fault)
{
	struct mcp_post *p = w->post;
	const struct mcp_right *right = &p->rights[p->next];

	if (right->verdict != ACCESS_LIMITED)
		return false;
	if (p->retry_s < SECONDS(right->wait_ms))
		p->retry_s = SECONDS(right->wait_ms);
	*fault = (struct mcp_fault){ .code = 429,
		.status = 429,
		.message = "too many calls with this key in a minute",
		.data = json_keep(w->mem,
		    json_pack("{s:I}", "retryAfterMs",
			(json_int_t)right->wait_ms)) };
	return true;
}

const char *
mcp_tool_limit(struct mcp_work *w)
{
	const struct mcp_right *right = &w->post->rights[w->post->next];

	if (right->verdict != ACCESS_TOOL_LIMITED)
		return NULL;
	return arena_printf(w->mem,
	    "This tool was called too often in the last minute; call it "
	    "again in %" PRId64 " s.",
	    SECONDS(right->wait_ms));
}

bool
mcp_may(const struct mcp_post *p, const struct listed_tool *t)
{
	return api_key_may(p->key, t->name,
	    t->row.read_only
		|| api_key_reads(&policy_of(p->settings, &p->caller)->read_only,
		    t->name));
}

const struct api_key *
mcp_key_copy(struct arena *mem, const struct api_key *key)
{
	struct api_key *out = arena_alloc(mem, sizeof(*out));
	const char **tools = arena_alloc(mem,
	    (key->tools.n + 1) * sizeof(*tools));
	size_t i;

	for (i = 0; i < key->tools.n; i++)
		tools[i] = arena_strdup(mem, key->tools.items[i]);
	*out = *key;
	out->id = arena_strdup(mem, key->id);
	out->tenant = arena_strdup(mem, key->tenant);
	out->name = arena_strdup(mem, key->name);
	out->tools.items = tools;
	out->allow = NULL; /* it was asked */
	out->nallow = 0;
	return out;
}
