/*
 * servers: the sources that the configuration names: meMCP, mcp.servers, and
 * servers_config.json.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/pool.h"
#include "base/text.h"
#include "mcp/client.h"
#include "tools/tools_priv.h"

#define FILE_MAX_BYTES (1 * MIB)
#define HEADERS_MAX 16
#define NAME_MAX_BYTES 64
#define BYES_WAIT_MS 3000 /* a good-bye may take 2 s (mcp/client), and a thread */
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

static bool
is_name(const char *s)
{
	size_t len = strlen(s);

	return len >= 1 && len <= NAME_MAX_BYTES
	    && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			 "0123456789_.-")
	    == len;
}

static int
fail(struct buf *errors, const char *origin, const char *name,
    const char *what)
{
	(void)!buf_printf(errors, "%s: %s: %s\n", origin, name, what);
	return -1;
}

/* ${NAME}s of ${text}. */
static const char *
expand(const struct settings *s, struct arena *mem, const char *text,
    struct buf *errors, const char *origin, const char *name)
{
	const char *unknown = NULL;
	char *out = text_expand(mem, text, config_variable, s->config,
	    &unknown);

	if (out == NULL)
		fail(errors, origin, name, arena_printf(mem,
		    "${%s} is not set, neither in the environment nor in an "
		    "env file",
		    unknown));
	return out;
}

static int
read_headers(const struct settings *s, const json_t *doc, struct arena *mem,
    const char **out, struct buf *errors, const char *origin, const char *name)
{
	const char *key, *text;
	size_t n = 0;
	json_t *v;

	json_object_foreach((json_t *)doc, key, v) {
		if (!json_is_string(v) || n == HEADERS_MAX || key[0] == '\0'
		    || strpbrk(key, "\r\n: ") != NULL)
			return fail(errors, origin, name, arena_printf(mem,
			    "headers.%s: expected a string (at most %d "
			    "headers)", key, HEADERS_MAX));
		text = expand(s, mem, json_string_value(v), errors, origin,
		    name);
		if (text == NULL)
			return -1;
		if (strpbrk(text, "\r\n") != NULL)
			return fail(errors, origin, name, arena_printf(mem,
			    "headers.%s: must not hold a line end", key));
		out[n++] = arena_printf(mem, "%s: %s", key, text);
	}
	out[n] = NULL;
	return 0;
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

/* One server; NULL with nothing in ${errors}: it is disabled. */
static struct source *
read_server(struct settings *s, const char *name, const json_t *doc,
    const char *origin, struct arena *mem, struct buf *errors)
{
	const char *headers[HEADERS_MAX + 1] = { NULL };
	const json_t *h = json_object_get(doc, "headers");
	const char *url = json_member_str(doc, "url");
	struct source *source;

	if (!is_name(name)) {
		fail(errors, origin, name, "a server's name is 1 to 64 of "
					   "letters, digits, _ . -");
		return NULL;
	}
	if (json_member_bool(doc, "disabled", false))
		return NULL;
	if (url == NULL && json_object_get(doc, "command") != NULL)
		return unserved(name);
	if (url == NULL) {
		fail(errors, origin, name, "expected \"url\", an http(s) "
					   "address");
		return NULL;
	}
	url = expand(s, mem, url, errors, origin, name);
	if (url == NULL)
		return NULL;
	if (strncmp(url, "http://", 7) != 0
	    && strncmp(url, "https://", 8) != 0) {
		fail(errors, origin, name, "url: expected http:// or https://");
		return NULL;
	}
	if (h != NULL && !json_is_object(h)) {
		fail(errors, origin, name, "headers: expected a mapping");
		return NULL;
	}
	if (read_headers(s, h, mem, headers, errors, origin, name) == -1)
		return NULL;
	source = source_new(SOURCE_MCP, name, url);
	source->client = mcp_client_new(name, url, headers,
	    (int)s->mcp_timeout_ms);
	return source;
}

struct reading {
	struct settings *s;
	struct arena *mem;
	struct source **out;
	size_t n, max;
	struct buf *errors;
	bool wrong;
};

static void
read_servers(struct reading *r, const json_t *servers, const char *origin)
{
	const char *name;
	json_t *doc;
	size_t i, before;

	json_object_foreach((json_t *)servers, name, doc) {
		struct source *source;

		before = r->errors->len;
		for (i = 0; i < r->n; i++)
			if (r->out[i]->kind == SOURCE_MCP
			    && strcmp(r->out[i]->name, name) == 0)
				break;
		if (i < r->n) {
			fail(r->errors, origin, name, "named twice");
		} else if (!json_is_object(doc)) {
			fail(r->errors, origin, name, "expected a mapping "
						      "with \"url\"");
		} else if (r->n == r->max) {
			fail(r->errors, origin, name, "too many servers");
		} else {
			source = read_server(r->s, name, doc, origin, r->mem,
			    r->errors);
			if (source != NULL)
				r->out[r->n++] = source;
		}
		if (r->errors->len != before)
			r->wrong = true;
	}
}

static size_t
line_of(const char *text, size_t at)
{
	size_t i, line = 1;

	for (i = 0; i < at && text[i] != '\0'; i++)
		line += text[i] == '\n';
	return line;
}

static void
read_file(struct reading *r, const char *path)
{
	struct buf text = BUF_INIT(FILE_MAX_BYTES);
	const char *why = NULL;
	const json_t *doc, *servers;
	char bytes[4096];
	size_t n, at = 0;
	FILE *f = fopen(path, "re");

	if (f == NULL) {
		r->wrong = true;
		fail(r->errors, path, "mcp.config", strerror_r(errno, bytes,
							sizeof(bytes)));
		return;
	}
	while ((n = fread(bytes, 1, sizeof(bytes), f)) > 0)
		if (buf_add(&text, bytes, n) == -1)
			break;
	fclose(f);
	doc = json_read(r->mem, buf_str(&text), text.len, &why, &at);
	servers = json_object_get(doc, "mcpServers");
	if (text.full || doc == NULL || !json_is_object(servers)) {
		r->wrong = true;
		fail(r->errors, path, "mcpServers",
		    text.full	  ? "larger than 1 MiB"
			: doc == NULL ? arena_printf(r->mem,
			      "line %zu: not JSON: %s",
			      line_of(buf_str(&text), at),
			      why == NULL ? "?" : why)
				      : "expected a mapping of servers");
	} else {
		read_servers(r, servers, path);
	}
	buf_fini(&text);
}

int
servers_read(struct settings *s, struct source **out, size_t max,
    struct buf *errors)
{
	struct reading r = { .s = s,
		.mem = arena_new(),
		.out = out,
		.max = max,
		.errors = errors };
	struct source *source;
	size_t i;

	if (s->chat_memcp_url[0] != '\0') {
		source = source_new(SOURCE_MEMCP, "memcp", s->chat_memcp_url);
		source->settings = settings_ref(s);
		source->memcp = (struct memcp){ .url = s->chat_memcp_url,
			.proxy_secret = &s->proxy_secret,
			.timeout_ms = (int)s->mcp_timeout_ms };
		out[r.n++] = source;
	}
	if (s->mcp_servers != NULL)
		read_servers(&r, s->mcp_servers,
		    s->file == NULL || s->file[0] == '\0'
			? "mcp.servers"
			: arena_printf(r.mem, "%s: mcp.servers", s->file));
	if (s->mcp_config[0] != '\0')
		read_file(&r, s->mcp_config);
	arena_free(r.mem);
	if (!r.wrong)
		return (int)r.n;
	for (i = 0; i < r.n; i++)
		source_unref(out[i]);
	return -1;
}
