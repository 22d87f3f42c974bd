/*
 * client: what is known of one server: made, asked about, freed.
 */
#include "mcp/client_priv.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/cond.h"

#define TIMEOUT_MS_DEFAULT 30000

static char *
copy(const char *s)
{
	char *c = strdup(s);

	if (c == NULL)
		abort();
	return c;
}

struct mcp_client *
mcp_client_new(const struct mcp_client_options *o)
{
	struct mcp_client *c = calloc(1, sizeof(*c));
	size_t n = 0;

	if (c == NULL)
		abort();
	while (o->headers != NULL && o->headers[n] != NULL)
		n++;
	c->headers = calloc(n + 1, sizeof(*c->headers));
	if (c->headers == NULL)
		abort();
	for (; c->nheaders < n; c->nheaders++)
		c->headers[c->nheaders] = copy(o->headers[c->nheaders]);
	c->name = copy(o->name);
	c->url = copy(o->url);
	c->capabilities = copy(
	    o->capabilities == NULL ? "{}" : o->capabilities);
	c->handler = o->handler;
	c->trust = o->trust;
	mcp_client_set_timeout(c, o->timeout_ms);
	c->transport = &MCP_HTTP;
	c->view.transport = c->transport;
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
	c->view.transport->end(c);
	link_unref(c->link);
	for (i = 0; i < c->nheaders; i++) {
		sodium_memzero(c->headers[i], strlen(c->headers[i]));
		free(c->headers[i]);
	}
	free(c->headers);
	free(c->name);
	sodium_memzero(c->url, strlen(c->url)); /* it may hold a key */
	free(c->url);
	free(c->capabilities);
	pthread_cond_destroy(&c->settled);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

bool
mcp_client_is_same(const struct mcp_client *a, const struct mcp_client *b)
{
	size_t i;

	if (strcmp(a->url, b->url) != 0 || a->nheaders != b->nheaders
	    || strcmp(a->capabilities, b->capabilities) != 0
	    || a->handler != b->handler || a->trust != b->trust)
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
