/*
 * settings_served: who may use what is served at /mcp.
 */
#include <string.h>
#include <strings.h>

#include "nouns/settings_priv.h"

#define KEY_MIN 16 /* below it, guessing takes days over a network */
#define HOST_CHARS \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]"

/* Is it SCHEME://HOST[:PORT], as browsers write it? */
static bool
is_origin(const char *text)
{
	const char *host = strstr(text, "://");

	return host != NULL && host > text && host[3] != '\0'
	    && strspn(host + 3, HOST_CHARS) == strlen(host + 3);
}

static void
check_origins(struct findings *f, const struct settings *s)
{
	size_t i;

	for (i = 0; i < s->mcp_origins.n; i++)
		if (strcmp(s->mcp_origins.items[i], "loopback") != 0
		    && !is_origin(s->mcp_origins.items[i]))
			settings_error(f, s, "mcp.origins",
			    "expected loopback, or origins such as "
			    "https://app.example.org without a path, found "
			    "\"%s\"",
			    s->mcp_origins.items[i]);
	for (i = 0; i < s->server_hosts.n; i++)
		if (s->server_hosts.items[i][strspn(s->server_hosts.items[i],
			HOST_CHARS)]
			!= '\0'
		    || strchr(s->server_hosts.items[i], ':') != NULL)
			settings_error(f, s, "server.hosts",
			    "expected names without a port, such as "
			    "host.docker.internal, found \"%s\"",
			    s->server_hosts.items[i]);
}

/* Of a list of them, the shortest. */
static size_t
shortest(const char *list)
{
	size_t min = SIZE_MAX, len;

	for (; *list != '\0'; list += len, list += *list == ',') {
		list += strspn(list, " ");
		len = strcspn(list, ",");
		if (len > 0 && len < min)
			min = len;
	}
	return min;
}

static void
check_auth(struct findings *f, const struct settings *s)
{
	if (secret_is_set(&s->mcp_api_keys)
	    && shortest(s->mcp_api_keys.bytes) < KEY_MIN)
		settings_warn(f, s, "mcp_api_keys",
		    "one of them is shorter than %d characters: whoever "
		    "guesses it calls all tools. `openssl rand -hex 32` "
		    "prints a good one",
		    KEY_MIN);
	if (s->mcp_auth != MCP_AUTH_NONE)
		return;
	if (s->server_public_url[0] != '\0')
		settings_error(f, s, "mcp.auth",
		    "none is for this machine only, but server.public_url is "
		    "set: use keys");
	else
		settings_warn(f, s, "mcp.auth",
		    "anybody on this machine can call all tools without a "
		    "key");
}

/* A worker's own folder is nobody's to know. */
static void
check_folder(struct findings *f, const struct settings *s, const char *key,
    const char *path)
{
	if (path[0] != '\0' && path[0] != '/')
		settings_error(f, s, key,
		    "expected a whole path, such as /etc/dragoman/resources, "
		    "found \"%s\"",
		    path);
}

void
settings_served(struct findings *f, const struct settings *s)
{
	check_origins(f, s);
	check_folder(f, s, "mcp.resources_dir", s->mcp_resources_dir);
	check_folder(f, s, "mcp.prompts_dir", s->mcp_prompts_dir);
	check_auth(f, s);
}
