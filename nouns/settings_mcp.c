/*
 * settings_mcp: the MCP servers of mcp.servers and servers_config.json.
 *
 * Who asks them and who checks the configuration read them by this one
 * function, so that what is right for the one is right for the other.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "nouns/settings_priv.h"

#define FILE_MAX_BYTES (1 * MIB)
#define NAME_MAX_BYTES 64

/* What every error ends with. */
#define FORM                                                                 \
	"; write \"NAME\": {\"url\": \"https://HOST/mcp\", \"headers\": "    \
	"{\"Authorization\": \"Bearer ${TOKEN}\"}}, headers only where the " \
	"server wants some"

struct reading {
	const struct settings *s;
	struct arena *mem;
	struct settings_server *out;
	size_t n;
	struct buf *errors;
	const char *origin; /* of the servers that are read now */
	const char *name;   /* of this one */
	bool wrong;
};

static void wrong(struct reading *r, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void
wrong(struct reading *r, const char *fmt, ...)
{
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r->wrong = true;
	(void)!buf_printf(r->errors, "%s: %.100s: %s" FORM "\n", r->origin,
	    r->name, text);
}

static bool
is_name(const char *s)
{
	size_t len = strlen(s);

	return len >= 1 && len <= NAME_MAX_BYTES
	    && strspn(s,
		   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		   "0123456789_.-")
	    == len;
}

/* ${NAME}s of ${text}; NULL: one is not set, and this was said. */
static const char *
expand(struct reading *r, const char *text)
{
	const char *unknown = NULL;
	const char *out = text_expand(r->mem, text, config_variable,
	    r->s->config, &unknown);

	if (out == NULL)
		wrong(r,
		    "${%s} is not set, neither in the environment nor in an "
		    "env file",
		    unknown);
	return out;
}

static void
read_headers(struct reading *r, const json_t *doc, const char **out)
{
	const char *key, *text;
	size_t n = 0;
	json_t *v;

	json_object_foreach((json_t *)doc, key, v) {
		if (n == SETTINGS_SERVER_HEADERS_MAX) {
			wrong(r, "headers: expected at most %d",
			    SETTINGS_SERVER_HEADERS_MAX);
			return;
		}
		if (!json_is_string(v) || key[0] == '\0'
		    || strpbrk(key, "\r\n: ") != NULL) {
			wrong(r,
			    "headers.%.64s: expected a name and a text, the "
			    "text in quotes",
			    key);
			continue;
		}
		text = expand(r, json_string_value(v));
		if (text == NULL)
			continue;
		if (strpbrk(text, "\r\n") != NULL)
			wrong(r, "headers.%.64s: must not hold a line end",
			    key);
		else
			out[n++] = arena_printf(r->mem, "%s: %s", key, text);
	}
}

/* False: it is disabled, or was refused. */
static bool
read_server(struct reading *r, const json_t *doc,
    struct settings_server *server)
{
	const json_t *headers = json_object_get(doc, "headers");
	const char *url = json_member_str(doc, "url");

	if (!is_name(r->name)) {
		wrong(r, "a server's name is 1 to %d of letters, digits, _ . -",
		    NAME_MAX_BYTES);
		return false;
	}
	if (json_member_bool(doc, "disabled", false))
		return false;
	server->name = arena_strdup(r->mem, r->name);
	server->by_command = url == NULL && json_object_get(doc, "url") == NULL
	    && json_object_get(doc, "command") != NULL;
	server->url = "";
	if (server->by_command)
		return true;
	if (url == NULL)
		wrong(r, "expected \"url\", an http(s) address");
	else {
		url = expand(r, url);
		if (url != NULL && strncmp(url, "http://", 7) != 0
		    && strncmp(url, "https://", 8) != 0)
			wrong(r, "url: expected http:// or https://");
		server->url = url;
	}
	if (headers != NULL && !json_is_object(headers)
	    && !json_is_null(headers))
		wrong(r, "headers: expected a mapping");
	else
		read_headers(r, headers, server->headers);
	return true;
}

static bool
is_known(const struct reading *r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (strcmp(r->out[i].name, r->name) == 0)
			return true;
	return false;
}

static void
read_servers(struct reading *r, const json_t *servers, const char *origin)
{
	json_t *doc;

	r->origin = origin;
	json_object_foreach((json_t *)servers, r->name, doc) {
		struct settings_server server = { 0 };

		server.headers = arena_alloc(r->mem,
		    (SETTINGS_SERVER_HEADERS_MAX + 1)
			* sizeof(*server.headers));
		memset(server.headers, 0,
		    (SETTINGS_SERVER_HEADERS_MAX + 1)
			* sizeof(*server.headers));
		if (is_known(r))
			wrong(r, "named twice");
		else if (!json_is_object(doc))
			wrong(r, "expected a mapping with \"url\"");
		else if (r->n == SETTINGS_SERVERS_MAX)
			wrong(r, "expected at most %d servers",
			    SETTINGS_SERVERS_MAX);
		else if (read_server(r, doc, &server))
			r->out[r->n++] = server;
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

/* -1: it cannot be read. */
static int
read_bytes(const char *path, struct buf *text)
{
	char bytes[4096];
	FILE *f = fopen(path, "re");
	size_t n;

	if (f == NULL)
		return -1;
	errno = 0;
	while ((n = fread(bytes, 1, sizeof(bytes), f)) > 0)
		if (buf_add(text, bytes, n) == -1)
			break;
	n = ferror(f) != 0;
	fclose(f);
	return n != 0 ? -1 : 0;
}

static void file_error(struct reading *r, const char *fmt, ...)
    PRINTF_LIKE(2, 3);

static void
file_error(struct reading *r, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r->wrong = true;
	(void)!buf_printf(r->errors, "%s: %s\n", r->s->mcp_config, text);
}

static void
read_file(struct reading *r)
{
	struct buf text = BUF_INIT(FILE_MAX_BYTES);
	const char *path = r->s->mcp_config, *why = NULL;
	const json_t *doc, *servers;
	char error[128];
	size_t at = 0;

	if (read_bytes(path, &text) == -1) {
		file_error(r, "mcp.config: cannot be read: %s",
		    strerror_r(errno, error, sizeof(error)));
		goto out;
	}
	if (text.full) {
		file_error(r, "mcp.config: is larger than 1 MiB");
		goto out;
	}
	doc = json_read(r->mem, buf_str(&text), text.len, &why, &at);
	servers = json_object_get(doc, "mcpServers");
	if (doc == NULL)
		file_error(r, "line %zu: not JSON: %s",
		    line_of(buf_str(&text), at), why == NULL ? "?" : why);
	else if (!json_is_object(servers))
		file_error(r,
		    "mcpServers: expected a mapping of servers: "
		    "{\"mcpServers\": {\"NAME\": {\"url\": "
		    "\"https://HOST/mcp\"}}}");
	else
		read_servers(r, servers, path);
out:
	buf_fini(&text);
}

int
settings_servers(const struct settings *s, struct arena *mem,
    struct settings_server **out, struct buf *errors)
{
	struct reading r = { .s = s, .mem = mem, .errors = errors };
	const char *origin = s->config == NULL
	    ? NULL
	    : config_origin(s->config, "mcp.servers");

	if (origin == NULL)
		origin = s->file;
	r.out = arena_alloc(mem, SETTINGS_SERVERS_MAX * sizeof(*r.out));
	if (s->mcp_servers != NULL)
		read_servers(&r, s->mcp_servers,
		    origin == NULL || origin[0] == '\0'
			? "mcp.servers"
			: arena_printf(mem, "%s: mcp.servers", origin));
	if (s->mcp_config[0] != '\0')
		read_file(&r);
	*out = r.out;
	return r.wrong ? -1 : (int)r.n;
}

void
settings_mcp(struct findings *f, const struct settings *s)
{
	struct arena *mem = arena_new();
	struct settings_server *list;
	int n = settings_servers(s, mem, &list, f->errors), i;

	if (n == -1)
		f->nerrors++;
	for (i = 0; i < n; i++)
		if (list[i].by_command)
			settings_warn(f, s, "mcp.servers",
			    "%s: is started by a command, which is not "
			    "supported: only servers with a url are used",
			    list[i].name);
	arena_free(mem);
}
