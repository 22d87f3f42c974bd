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
#include "nouns/settings_priv.h"

#define FILE_MAX_BYTES (1 * MIB)

struct reading {
	const struct settings *s;
	struct config_record_source src;
	struct config_records list;
	size_t nerrors;
};

/* What is read of ${servers}, and of each whether it can be served. */
static void
read_servers(struct reading *r, const json_t *servers)
{
	static const char *const NO_HEADERS[] = { NULL };
	size_t i = r->list.n, nerrors;

	nerrors = config_records_read(&SETTINGS_SERVER, servers, &r->src,
	    &r->list);
	r->nerrors += nerrors;
	for (; i < r->list.n; i++) {
		struct settings_server *server = (struct settings_server *)
						     r->list.items
		    + i;

		if (server->headers == NULL)
			server->headers = (const char **)NO_HEADERS;
		server->by_command = server->url[0] == '\0'
		    && server->command[0] != '\0';
		if (nerrors > 0 || server->url[0] != '\0' || server->by_command)
			continue;
		(void)!buf_printf(r->src.errors,
		    "%s: %s%s%.100s: expected \"url\", an http(s) address; "
		    "write %s\n",
		    r->src.where, r->src.key, r->src.key[0] == '\0' ? "" : ": ",
		    server->name, SETTINGS_SERVER.form);
		r->nerrors++;
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
	r->nerrors++;
	(void)!buf_printf(r->src.errors, "%s: %s\n", r->s->mcp_config, text);
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
	doc = json_read(r->list.mem, buf_str(&text), text.len, &why, &at);
	servers = json_object_get(doc, "mcpServers");
	if (doc == NULL)
		file_error(r, "line %zu: not JSON: %s",
		    line_of(buf_str(&text), at), why == NULL ? "?" : why);
	else if (!json_is_object(servers))
		file_error(r,
		    "mcpServers: expected a mapping of servers: "
		    "{\"mcpServers\": {\"NAME\": {\"url\": "
		    "\"https://HOST/mcp\"}}}");
	else {
		r->src.where = path;
		r->src.key = "";
		read_servers(r, servers);
	}
out:
	buf_wipe(&text);
}

/* As settings_servers. */
static int
read_all(const struct settings *s, struct arena *mem,
    struct settings_server **out, struct buf *errors, struct buf *warnings)
{
	const char *origin = s->config == NULL
	    ? NULL
	    : config_origin(s->config, "mcp.servers");
	struct reading r = { .s = s,
		.list.mem = mem,
		.src = { .where = origin,
		    .key = "mcp.servers",
		    .file = s->file,
		    .config = s->config,
		    .reads_secrets = true,
		    .errors = errors,
		    .warnings = warnings } };

	if (origin == NULL)
		r.src.where = s->file == NULL ? "" : s->file;
	if (s->mcp_servers != NULL)
		read_servers(&r, s->mcp_servers);
	if (s->mcp_config[0] != '\0')
		read_file(&r);
	*out = r.list.items;
	return r.nerrors > 0 ? -1 : (int)r.list.n;
}

int
settings_servers(const struct settings *s, struct arena *mem,
    struct settings_server **out, struct buf *errors)
{
	return read_all(s, mem, out, errors, NULL);
}

void
settings_mcp(struct findings *f, const struct settings *s)
{
	struct arena *mem = arena_new();
	struct settings_server *list;
	int n = read_all(s, mem, &list, f->errors, f->warnings), i;

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
