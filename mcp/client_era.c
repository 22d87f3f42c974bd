/*
 * client_era: which revision a server speaks, and requests in it.
 */
#include <string.h>

#include "base/clock.h"
#include "base/cond.h"
#include "mcp/client_priv.h"

#define TRIES 2 /* the second with what the first taught about the server */

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
	struct mcp_view view = { .transport = c->transport, .version = "" };
	struct mcp_link *link = NULL, *old = NULL;
	int64_t limit = clock_boot_ms() + c->timeout_ms;
	enum mcp_rc rc;

	if (limit < p.until)
		p.until = limit;
	c->settling = true;
	pthread_mutex_unlock(&c->lock);
	rc = c->transport->begin(&p, &view, &link);
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
		x->stale = x->ran_perhaps = false;
		rc = x->view->transport->request(x);
		if (!x->stale)
			return rc;
		forget(x->c, x->view->generation);
		/* It may have happened already: never twice. */
		if (x->acts && (rc == MCP_UNKNOWN || x->ran_perhaps))
			return rc;
	}
	return rc;
}
