/*
 * servers: the sources that the configuration names: meMCP, mcp.servers, and
 * servers_config.json.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/pool.h"
#include "mcp/client.h"
#include "tools/tools_priv.h"

/* a good-bye may take 2 s (mcp/client), and a thread */
#define BYES_WAIT_MS 3000
#define NOT_ASKED "not asked yet"

/* scheme://host:port without user, path and query. */
static void
host_of(const char *url, char *out, size_t max)
{
	const char *host = strstr(url, "://"), *at;
	size_t len;

	host = host == NULL ? url : host + 3;
	len = strcspn(host, "/?#");
	at = memchr(host, '@', len);
	if (at != NULL) {
		len -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	snprintf(out, max, "%.*s", (int)len, host);
}

static struct source *
source_new(enum source_kind kind, const char *name, const char *url)
{
	struct source *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	atomic_store(&s->refs, 1);
	s->kind = kind;
	snprintf(s->name, sizeof(s->name), "%s", name);
	host_of(url, s->host, sizeof(s->host));
	snprintf(s->why, sizeof(s->why), NOT_ASKED);
	snprintf(s->reason, sizeof(s->reason), NOT_ASKED);
	return s;
}

struct source *
source_ref(struct source *s)
{
	atomic_fetch_add(&s->refs, 1);
	return s;
}

static void
source_free(void *arg)
{
	struct source *s = arg;

	mcp_client_free(s->client);
	json_unshare(s->list);
	catalogue_unref(s->tools);
	settings_unref(s->settings);
	free(s);
}

void
source_unref(struct source *s)
{
	if (s != NULL && atomic_fetch_sub(&s->refs, 1) == 1)
		source_free(s);
}

void
sources_unref(struct source *const *sources, size_t n)
{
	struct pool *byes = NULL;
	size_t i;

	for (i = 0; i < n; i++) {
		if (atomic_fetch_sub(&sources[i]->refs, 1) != 1)
			continue;
		if (byes == NULL)
			byes = pool_new("goodbyes", SOURCES_MAX);
		if (pool_run(byes, source_free, sources[i]) == -1)
			source_free(sources[i]);
	}
	/* Else one is still at it: it ends by itself. */
	if (byes != NULL && pool_drain(byes, BYES_WAIT_MS) == 0)
		pool_free(byes);
}

/* Named in the configuration, but not served yet: seen where operators look. */
static struct source *
unserved(const char *name)
{
	struct source *s = source_new(SOURCE_MCP, name, "");

	s->unserved = s->asked = true;
	s->next_ms = INT64_MAX;
	snprintf(s->why, sizeof(s->why),
	    "it is started by a command; only servers with a url are served "
	    "yet");
	snprintf(s->reason, sizeof(s->reason), "it is started by a command");
	return s;
}

static struct source *
served(const struct settings *s, const struct settings_server *server)
{
	struct source *source = source_new(SOURCE_MCP, server->name,
	    server->url);

	source->client = mcp_client_new(server->name, server->url,
	    server->headers, (int)s->mcp_timeout_ms);
	return source;
}

static struct source *
memcp(struct settings *s)
{
	struct source *source = source_new(SOURCE_MEMCP, "memcp",
	    s->chat_memcp_url);

	source->settings = settings_ref(s);
	source->memcp = (struct memcp){ .url = s->chat_memcp_url,
		.proxy_secret = &s->proxy_secret,
		.timeout_ms = (int)s->mcp_timeout_ms };
	return source;
}

int
servers_read(struct settings *s, struct source **out, struct buf *errors)
{
	struct arena *mem = arena_new();
	struct settings_server *list;
	int n = settings_servers(s, mem, &list, errors), total = 0, i;

	if (n != -1 && s->chat_memcp_url[0] != '\0')
		out[total++] = memcp(s);
	for (i = 0; i < n; i++)
		out[total++] = list[i].by_command ? unserved(list[i].name)
						  : served(s, &list[i]);
	arena_free(mem);
	return n == -1 ? -1 : total;
}
