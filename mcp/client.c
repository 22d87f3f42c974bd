/*
 * client: the era of a server, and calls.
 */
#include "mcp/client_priv.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/json.h"
#include "base/text.h"

#define TIMEOUT_MS_DEFAULT 30000
#define TRIES 2 /* the second with what the first taught about the server */

static char *
copy(const char *s)
{
	char *c = strdup(s);

	if (c == NULL)
		abort();
	return c;
}

struct mcp_client *
mcp_client_new(const char *name, const char *url, const char *const *headers,
    int timeout_ms)
{
	struct mcp_client *c = calloc(1, sizeof(*c));
	size_t n = 0;

	if (c == NULL)
		abort();
	while (headers != NULL && headers[n] != NULL)
		n++;
	c->headers = calloc(n + 1, sizeof(*c->headers));
	if (c->headers == NULL)
		abort();
	for (; c->nheaders < n; c->nheaders++)
		c->headers[c->nheaders] = copy(headers[c->nheaders]);
	c->name = copy(name);
	c->url = copy(url);
	mcp_client_set_timeout(c, timeout_ms);
	c->view.version = "";
	pthread_mutex_init(&c->lock, NULL);
	cond_init(&c->settled);
	return c;
}

void
mcp_client_free(struct mcp_client *c)
{
	size_t i;

	if (c == NULL)
		return;
	legacy_end(c);
	link_unref(c->link);
	for (i = 0; i < c->nheaders; i++) {
		sodium_memzero(c->headers[i], strlen(c->headers[i]));
		free(c->headers[i]);
	}
	free(c->headers);
	free(c->name);
	free(c->url);
	pthread_cond_destroy(&c->settled);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

bool
mcp_client_is_same(const struct mcp_client *a, const struct mcp_client *b)
{
	size_t i;

	if (strcmp(a->url, b->url) != 0 || a->nheaders != b->nheaders)
		return false;
	for (i = 0; i < a->nheaders; i++)
		if (strcmp(a->headers[i], b->headers[i]) != 0)
			return false;
	return true;
}

void
mcp_client_set_timeout(struct mcp_client *c, int timeout_ms)
{
	atomic_store(&c->timeout_ms,
	    timeout_ms > 0 ? timeout_ms : TIMEOUT_MS_DEFAULT);
}

/* ---- exchanges ----------------------------------------------------------- */

int64_t
mcp_next_id(struct mcp_client *c)
{
	return (int64_t)atomic_fetch_add(&c->last_id, 1) + 1;
}

int
exchange_left_ms(const struct exchange *x)
{
	int64_t left = x->until - clock_boot_ms();

	return left < 1 ? 1 : left > INT32_MAX ? INT32_MAX : (int)left;
}

bool
exchange_is_cancelled(const struct exchange *x)
{
	return x->o != NULL && x->o->cancel != NULL
	    && __atomic_load_n(x->o->cancel, __ATOMIC_RELAXED) != 0;
}

bool
exchange_is_over(const struct exchange *x)
{
	return exchange_is_cancelled(x) || clock_boot_ms() >= x->until;
}

/* ---- the era ------------------------------------------------------------- */

/*
 * Which era is it?  ${p} is an exchange of its own.  The order and what counts
 * as evidence are the revision's: an outage or a refusal tells nothing.
 */
static enum mcp_rc
find_era(struct exchange *p, struct mcp_view *view, struct mcp_link **link)
{
	bool no_discover, modern_only;
	enum mcp_rc rc = modern_probe(p, view), link_rc;
	char why[MCP_WHY_MAX];

	if (rc != MCP_OK || view->era == ERA_MODERN)
		return rc;
	/* It has none, or did not get to say. */
	no_discover = p->answered ? p->code == RPC_NO_METHOD
				  : p->status == 0 || p->status >= 500;

	rc = legacy_begin(p, view);
	if (rc == MCP_OK && atomic_load(&p->c->listens)
	    && listen_begin(p, view, link) == MCP_OK)
		view->era = ERA_LINK;
	if (rc == MCP_OK || rc == MCP_DENIED || rc == MCP_CANCELLED
	    || rc == MCP_UNREACHED || rc == MCP_UNKNOWN)
		return rc;
	/* server/discover is optional: a modern server without it. */
	modern_only = p->answered && p->result == NULL
	    && (p->code == RPC_BAD_VERSION
		|| (no_discover && p->code == RPC_NO_METHOD));
	if (modern_only) {
		*view = (struct mcp_view){ .era = ERA_MODERN,
			.version = MCP_MODERN };
		return MCP_OK;
	}
	if (rc == MCP_ERROR && p->status >= 500)
		rc = exchange_end(p, MCP_UNREACHED, "HTTP %d: %s", p->status,
		    p->message);
	if (p->status != 400 && p->status != 404 && p->status != 405)
		return rc;
	memcpy(why, p->why, sizeof(why));
	link_rc = link_begin(p, view, link);
	if (link_rc == MCP_OK || link_rc == MCP_CANCELLED)
		return link_rc;
	memcpy(p->why, why, sizeof(why)); /* the newer transport's matters */
	return rc;
}

static void
wait_settled(struct mcp_client *c)
{
	(void)cond_wait_ms(&c->settled, &c->lock, MCP_SLICE_MS);
}

/* Ask the server, as the only one; under the lock, which is left meanwhile. */
static enum mcp_rc
settle(struct exchange *x)
{
	struct mcp_client *c = x->c;
	struct mcp_call_options o = { .cancel = x->o == NULL ? NULL
							     : x->o->cancel };
	struct exchange p = { .c = c,
		.mem = x->mem,
		.scratch = x->scratch,
		.method = "server/discover",
		.params = "",
		.o = &o,
		.until = x->until,
		.why = x->why };
	struct mcp_view view = { .version = "" };
	struct mcp_link *link = NULL, *old = NULL;
	int64_t limit = clock_boot_ms() + c->timeout_ms;
	enum mcp_rc rc;

	if (limit < p.until)
		p.until = limit;
	c->settling = true;
	pthread_mutex_unlock(&c->lock);
	rc = find_era(&p, &view, &link);
	pthread_mutex_lock(&c->lock);
	c->settling = false;
	if (rc == MCP_OK) {
		view.generation = c->view.generation + 1;
		c->view = view;
		old = c->link;
		c->link = link;
	}
	pthread_cond_broadcast(&c->settled);
	if (old != NULL) {
		pthread_mutex_unlock(&c->lock);
		link_unref(old);
		pthread_mutex_lock(&c->lock);
	}
	return rc;
}

/* Fill x->view with what is known of the server now. */
static enum mcp_rc
look(struct exchange *x)
{
	struct mcp_client *c = x->c;
	enum mcp_rc rc = MCP_OK;

	pthread_mutex_lock(&c->lock);
	while (c->view.era == ERA_UNKNOWN && rc == MCP_OK) {
		if (exchange_is_cancelled(x))
			rc = exchange_end(x, MCP_CANCELLED, "cancelled");
		else if (clock_boot_ms() >= x->until)
			rc = exchange_end(x, MCP_UNREACHED,
			    "no answer in time");
		else if (c->settling)
			wait_settled(c);
		else
			rc = settle(x);
	}
	*x->view = c->view;
	pthread_mutex_unlock(&c->lock);
	return rc;
}

static void
forget(struct mcp_client *c, unsigned generation)
{
	pthread_mutex_lock(&c->lock);
	if (c->view.generation == generation)
		c->view.era = ERA_UNKNOWN;
	pthread_mutex_unlock(&c->lock);
}

enum mcp_rc
exchange_run(struct exchange *x)
{
	enum mcp_rc rc = MCP_OK;
	int tries;

	for (tries = 0; tries < TRIES; tries++) {
		rc = look(x);
		if (rc != MCP_OK)
			return rc;
		x->stale = false;
		switch (x->view->era) {
		case ERA_MODERN:
			rc = modern_run(x);
			break;
		case ERA_STREAMABLE:
			rc = legacy_run(x);
			break;
		default:
			rc = link_run(x);
			break;
		}
		if (!x->stale)
			return rc;
		forget(x->c, x->view->generation);
		/* It may have happened already: never twice. */
		if (x->acts && rc == MCP_UNKNOWN)
			return rc;
	}
	return rc;
}

/* ---- calls --------------------------------------------------------------- */

/* The server's own list says which arguments it wants in headers. */
static const json_t *
schema_now(struct exchange *call)
{
	struct exchange x = *call;
	const json_t *found = NULL;
	json_t *tools, *tool;
	int64_t ttl_ms;
	enum mcp_rc rc;
	size_t i;

	x.name = NULL;
	x.arguments = x.schema = NULL;
	x.acts = false;
	atomic_store(&call->c->list_changed, true);
	tools = mcp_list(&x, &ttl_ms, &rc);
	json_array_foreach(tools, i, tool) {
		if (strcmp(json_member_str(tool, "name"), call->name) == 0)
			found = json_object_get(tool, "inputSchema");
	}
	json_keep(call->mem, tools); /* ${found} is borrowed from it */
	return found;
}

static int
write_call(struct buf *params, const char *name, const json_t *arguments,
    const struct mcp_call_options *o)
{
	if (buf_add_str(params, "\"name\":") == -1
	    || json_add_str(params, name, strlen(name)) == -1
	    || buf_add_str(params, ",\"arguments\":") == -1
	    || (arguments == NULL ? buf_add_str(params, "{}")
				  : json_add(params, arguments))
		== -1)
		return -1;
	if (o != NULL && o->answers != NULL
	    && (buf_add_str(params, ",\"inputResponses\":") == -1
		|| json_add(params, o->answers) == -1))
		return -1;
	if (o != NULL && o->state != NULL
	    && (buf_add_str(params, ",\"requestState\":") == -1
		|| json_add_str(params, o->state, strlen(o->state)) == -1))
		return -1;
	return 0;
}

enum mcp_rc
mcp_client_call(struct mcp_client *c, const char *name, const json_t *arguments,
    const json_t *schema, const struct mcp_call_options *o, struct arena *mem,
    json_t **result, char why[MCP_WHY_MAX])
{
	struct mcp_view view = { .version = "" };
	struct buf params = BUF_INIT(MCP_ANSWER_MAX);
	struct exchange x = { .c = c,
		.mem = mem,
		.scratch = arena_new(),
		.method = "tools/call",
		.name = name,
		.arguments = arguments,
		.schema = schema,
		.o = o,
		.until = clock_boot_ms()
		    + (o != NULL && o->deadline_ms > 0 ? o->deadline_ms
						       : c->timeout_ms),
		.acts = true,
		.view = &view,
		.why = why };
	enum mcp_rc rc;

	why[0] = '\0';
	*result = NULL;
	if (write_call(&params, name, arguments, o) == -1) {
		rc = exchange_end(&x, MCP_PROTOCOL,
		    "the arguments are too large");
		goto out;
	}
	x.params = buf_str(&params);
	rc = exchange_run(&x);
	/* Its schema changed since the caller read it. */
	if (rc == MCP_ERROR && x.code == RPC_HEADER_MISMATCH
	    && x.view->era == ERA_MODERN) {
		x.schema = schema_now(&x);
		rc = exchange_run(&x);
	}
	if (rc == MCP_OK) {
		*result = x.result;
		why[0] = '\0';
	}
out:
	arena_free(x.scratch);
	buf_fini(&params);
	return rc;
}

bool
mcp_client_list_changed(struct mcp_client *c)
{
	return atomic_exchange(&c->list_changed, false);
}

const char *
mcp_client_version(struct mcp_client *c)
{
	const char *version;

	pthread_mutex_lock(&c->lock);
	version = c->view.version;
	pthread_mutex_unlock(&c->lock);
	return version;
}
