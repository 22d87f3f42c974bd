/*
 * settings_names: variables that nobody reads, which were meant for us.
 *
 * A name in an env file may be there for a ${NAME} in a value, and other
 * programs of ours read a few that are no settings.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "nouns/settings_priv.h"

#define NAME_SHOWN_MAX 64
#define JSON_FILE_MAX MIB /* a servers_config.json */
#define WHY_MAX 512

/* Read by the command, the quickstart or the system, and not settings; or
 * told of elsewhere (cli/config.c). */
static const char *const KNOWN[] = { "DRAGOMAN_URL", "DRAGOMAN_CONFIG",
	"DRAGOMAN_STATE", "DRAGOMAN_QUICKSTART", "DRAGOMAN_HISTORY",
	"DRAGOMAN_KEY", "CONFIG_PATH", "MCP_HOST", "QUICKSTART_WAIT",
	"CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "NO_COLOR", "HTTP_PROXY",
	"http_proxy", "HTTP_CA_FILE", "HTTP_NO_PROXY", "PATH", "HOME", "TZ",
	"LANG", "LC_ALL", "TERM" };

#define COMMON FOREIGN_COMMON

const struct settings_foreign SETTINGS_FOREIGN[] = {
	{ "OPENAI_API_HOST", "OPENAI_BASE_URL", 0 },
	{ "OPENAI_API_URL", "OPENAI_BASE_URL", 0 },
	{ "OPENAI_ENDPOINT", "OPENAI_BASE_URL", 0 },
	{ "OPENAI_HOST", "OPENAI_BASE_URL", 0 },
	{ "OPENAI_URL", "OPENAI_BASE_URL", 0 },
	{ "ANTHROPIC_API_BASE", "ANTHROPIC_BASE_URL", 0 },
	{ "ANTHROPIC_API_URL", "ANTHROPIC_BASE_URL", 0 },
	{ "ANTHROPIC_URL", "ANTHROPIC_BASE_URL", 0 },
	{ "AZURE_OPENAI_ENDPOINT", "LLM_BASE_URL", 0 },
	{ "GROQ_API_BASE", "LLM_BASE_URL", 0 },
	{ "GROQ_BASE_URL", "LLM_BASE_URL", 0 },
	{ "LLM_API_BASE", "LLM_BASE_URL", 0 },
	{ "LLM_API_URL", "LLM_BASE_URL", 0 },
	{ "LLM_ENDPOINT", "LLM_BASE_URL", 0 },
	{ "LLM_HOST", "LLM_BASE_URL", 0 },
	{ "LLM_URL", "LLM_BASE_URL", 0 },
	{ "BASE_URL", "LLM_BASE_URL", COMMON },
	{ "OLLAMA_API_BASE", "OLLAMA_URL", 0 },
	{ "OLLAMA_API_BASE_URL", "OLLAMA_URL", 0 },
	{ "OLLAMA_BASE_URL", "OLLAMA_URL", 0 },
	{ "OLLAMA_HOST", "OLLAMA_URL", COMMON }, /* where it listens */
	{ "OPENAI_API_TOKEN", "OPENAI_API_KEY", 0 },
	{ "OPENAI_KEY", "OPENAI_API_KEY", 0 },
	{ "OPENAI_TOKEN", "OPENAI_API_KEY", 0 },
	{ "LLM_API_KEY", "OPENAI_API_KEY", 0 },
	{ "LLM_KEY", "OPENAI_API_KEY", 0 },
	{ "API_KEY", "OPENAI_API_KEY", COMMON },
	{ "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY", 0 },
	{ "ANTHROPIC_KEY", "ANTHROPIC_API_KEY", 0 },
	{ "CLAUDE_API_KEY", "ANTHROPIC_API_KEY", 0 },
	{ "GROQ_KEY", "GROQ_API_KEY", 0 },
	{ "GROQ_TOKEN", "GROQ_API_KEY", 0 },
	{ "OPENAI_MODEL", "LLM_MODEL", 0 },
	{ "OPENAI_MODEL_NAME", "LLM_MODEL", 0 },
	{ "OPENAI_API_MODEL", "LLM_MODEL", 0 },
	{ "ANTHROPIC_MODEL", "LLM_MODEL", 0 },
	{ "CLAUDE_MODEL", "LLM_MODEL", 0 },
	{ "GROQ_MODEL", "LLM_MODEL", 0 },
	{ "OLLAMA_MODEL", "LLM_MODEL", 0 },
	{ "LLM_MODEL_NAME", "LLM_MODEL", 0 },
	{ "MODEL_NAME", "LLM_MODEL", 0 },
	{ "MODEL", "LLM_MODEL", 0 },
	{ "LLM_PROVIDER", "CHAT_HOST", 0 },
	{ "SYSTEM_PROMPT", "CHAT_PROMPT", 0 },
	{ "PORT", "SERVER_PORT", COMMON },
	{ NULL, NULL, 0 },
};

static bool
is_known(const char *name)
{
	size_t i;

	for (i = 0; i < NELEM(KNOWN); i++)
		if (strcmp(name, KNOWN[i]) == 0)
			return true;
	return false;
}

/* Looked for before any file is read, or by the command alone. */
static const char *const ENVIRONMENT_ONLY[] = { "DRAGOMAN_CONFIG",
	"CONFIG_PATH", "DRAGOMAN_URL" };

static bool
is_too_late(const struct config_stray *stray)
{
	size_t i;

	for (i = 0; i < NELEM(ENVIRONMENT_ONLY); i++)
		if (strcmp(stray->name, ENVIRONMENT_ONLY[i]) == 0)
			return strcmp(stray->where, "environment") != 0;
	return false;
}

static const struct settings_foreign *
called_elsewhere(const char *name)
{
	const struct settings_foreign *e = SETTINGS_FOREIGN;

	while (e->name != NULL && strcmp(name, e->name) != 0)
		e++;
	return e->name == NULL ? NULL : e;
}

/* Is a variable of the environment ${name}, and not empty? */
static bool
is_set(char *const *env, const char *name)
{
	size_t len = strlen(name);

	for (; env != NULL && *env != NULL; env++)
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '='
		    && (*env)[len + 1] != '\0')
			return true;
	return false;
}

/* The names of llm.base_url and its like: what is meant by one of another name
 * is where the key goes. */
static bool
is_address(const char *ours)
{
	static const char *const NAMES[] = { "LLM_BASE_URL", "OPENAI_BASE_URL",
		"OPENAI_API_BASE", "OPENAI_API_BASE_URL",
		"ANTHROPIC_BASE_URL" };
	size_t i;

	for (i = 0; i < NELEM(NAMES); i++)
		if (strcmp(ours, NAMES[i]) == 0)
			return true;
	return false;
}

/* Is a question asked of the provider of ${host} itself? */
static bool
asks_provider(const struct settings *s, int host)
{
	const char *name = settings_host_name(host);
	size_t i, len = strlen(name);

	if (s->policy.host == host && s->llm_base_url[0] == '\0')
		return true;
	for (i = 0; i < s->policy.fallback.n; i++)
		if (strncmp(s->policy.fallback.items[i], name, len) == 0
		    && s->policy.fallback.items[i][len] == '/')
			return true;
	for (i = 0; i < s->nbackends; i++)
		if (s->backends[i].host == host
		    && s->backends[i].base_url[0] == '\0'
		    && !secret_is_set(&s->backends[i].key))
			return true;
	return false;
}

/* ${name} is meant to be an address, and the key that belongs to that server
 * would go to its provider instead. */
static bool
misleads(const struct settings *s, const char *name, const char *ours)
{
	const struct {
		const char *prefix;
		int host;
		const struct secret *key;
		const char *known; /* "": the host's own address */
	} hosts[] = {
		{ "OPENAI", HOST_OPENAI, &s->openai_api_key,
		    s->openai_base_url },
		{ "ANTHROPIC", HOST_ANTHROPIC, &s->anthropic_api_key,
		    s->anthropic_base_url },
		{ "GROQ", HOST_GROQ, &s->groq_api_key, "" },
	};
	bool of_one = strncmp(name, "AZURE", 5) == 0; /* has its own key */
	size_t i;

	if (!is_address(ours) || !s->asks_models)
		return false;
	for (i = 0; i < NELEM(hosts); i++)
		of_one |= strncmp(name, hosts[i].prefix,
			      strlen(hosts[i].prefix))
		    == 0;
	for (i = 0; i < NELEM(hosts); i++)
		if (secret_is_set(hosts[i].key) && hosts[i].known[0] == '\0'
		    && asks_provider(s, hosts[i].host)
		    && (!of_one
			|| strncmp(name, hosts[i].prefix,
			       strlen(hosts[i].prefix))
			    == 0))
			return true;
	return false;
}

/* ${ours} NULL: no guess. */
static void
tell(struct findings *f, const struct settings *s, const char *where,
    const char *name, const char *ours)
{
	if (ours != NULL && misleads(s, name, ours)) {
		(void)!buf_printf(f->errors,
		    "%s: %s: is not a setting; did you mean %s? Without it "
		    "the API key would go to the provider's own server: "
		    "rename it, or remove it\n",
		    where, name, ours);
		f->nerrors++;
		return;
	}
	(void)!buf_printf(f->warnings, "%s: %s: is not a setting%s%s%s\n",
	    where, name, ours == NULL ? "" : "; did you mean ",
	    ours == NULL ? "" : ours, ours == NULL ? "" : "?");
}

/* What may hold a ${NAME}.  It has keys of models and servers in it, which an
 * edge must not keep: no copy of it is made. */
struct uses {
	json_t *trees[3];
	struct buf file; /* mcp.config */
};

static bool
tree_has(json_t *tree, const char *text)
{
	const char *name;
	json_t *v;
	size_t i;

	if (json_is_string(tree))
		return strstr(json_string_value(tree), text) != NULL;
	json_object_foreach(tree, name, v)
		if (tree_has(v, text))
			return true;
	json_array_foreach(tree, i, v)
		if (tree_has(v, text))
			return true;
	return false;
}

static bool
is_used(const struct uses *u, const char *name, struct arena *mem)
{
	const char *text = arena_printf(mem, "${%s}", name);
	size_t i;

	for (i = 0; i < NELEM(u->trees); i++)
		if (tree_has(u->trees[i], text))
			return true;
	return strstr(buf_str(&u->file), text) != NULL;
}

/* In the environment: only names that are meant for programs like this one,
 * and only where ours is not set, too. */
static void
tell_environment(struct findings *f, const struct settings *s,
    char *const *environ, const struct uses *uses, struct arena *mem)
{
	const struct settings_foreign *e;

	for (e = SETTINGS_FOREIGN; e->name != NULL; e++)
		if ((e->flags & FOREIGN_COMMON) == 0 && is_set(environ, e->name)
		    && !is_set(environ, e->ours)
		    && !is_used(uses, e->name, mem))
			tell(f, s, "environment", e->name, e->ours);
}

/* A line that is no NAME=value may hold a key: its text is not shown. */
static bool
may_be_shown(const char *name)
{
	size_t len = strlen(name);

	return len <= NAME_SHOWN_MAX && strchr(name, '_') != NULL
	    && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == len;
}

static void
read_uses(const struct settings *s, struct uses *u)
{
	char why[WHY_MAX];

	*u = (struct uses){ .trees = { s->llm_headers, s->llm_backends,
				s->mcp_servers },
		.file = BUF_INIT(JSON_FILE_MAX) };
	if (s->mcp_config[0] != '\0') /* who needs it, says what is wrong */
		(void)!config_read_value(s->mcp_config, &u->file, why,
		    sizeof(why));
}

void
settings_names(struct findings *f, const struct settings *s,
    char *const *environ)
{
	const struct settings_foreign *foreign;
	struct uses uses;
	struct arena *mem = arena_new();
	const struct config_stray *strays;
	const char *near, *shown;
	size_t i, n;

	strays = config_strays(s->config, &n);
	read_uses(s, &uses);
	tell_environment(f, s, environ, &uses, mem);
	for (i = 0; i < n; i++) {
		near = strays[i].near;
		if (is_too_late(&strays[i]))
			(void)!buf_printf(f->warnings,
			    "%s: %s: has no effect in an env file: set it in "
			    "the environment, or use --config or --url\n",
			    strays[i].where, strays[i].name);
		if (is_known(strays[i].name)
		    || is_used(&uses, strays[i].name, mem))
			continue;
		foreign = called_elsewhere(strays[i].name);
		if (foreign != NULL
		    && strcmp(strays[i].where, "environment") == 0)
			continue; /* told */
		if (foreign != NULL)
			near = foreign->ours;
		/* Who may not read all files cannot know what they use. */
		if (near == NULL
		    && (!s->asks_models || config_file_failed(s->config)))
			continue;
		shown = near != NULL || may_be_shown(strays[i].name)
		    ? strays[i].name
		    : "the name before =";
		tell(f, s, strays[i].where, shown, near);
	}
	arena_free(mem);
	buf_wipe(&uses.file);
}
