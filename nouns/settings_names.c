/*
 * settings_names: variables that nobody reads, which were meant for us.
 *
 * A name in an env file may be there for a ${NAME} in a value, and other
 * programs of ours read a few that are no settings.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sodium.h>

#include "base/arena.h"
#include "base/buf.h"
#include "nouns/settings_priv.h"

#define NAME_SHOWN_MAX 64
#define JSON_FILE_MAX MIB /* a servers_config.json */

/* Read by the command, the quickstart or the system, and not settings; or
 * told of elsewhere (cli/config.c). */
static const char *const KNOWN[] = { "DRAGOMAN_URL", "DRAGOMAN_CONFIG",
	"DRAGOMAN_STATE", "DRAGOMAN_QUICKSTART", "DRAGOMAN_HISTORY",
	"CONFIG_PATH", "MCP_HOST", "QUICKSTART_WAIT", "CREDENTIALS_DIRECTORY",
	"NOTIFY_SOCKET", "NO_COLOR", "HTTP_PROXY", "http_proxy", "HTTP_CA_FILE",
	"HTTP_NO_PROXY", "PATH", "HOME", "TZ", "LANG", "LC_ALL", "TERM" };

/* What other programs call ours. */
static const char *const ELSEWHERE[][2] = {
	{ "OPENAI_BASE_URL", "LLM_BASE_URL" },
	{ "OPENAI_API_BASE", "LLM_BASE_URL" },
	{ "OPENAI_MODEL", "LLM_MODEL" },
	{ "ANTHROPIC_BASE_URL", "LLM_BASE_URL" },
	{ "ANTHROPIC_MODEL", "LLM_MODEL" },
	{ "OLLAMA_HOST", "OLLAMA_URL" },
	{ "OLLAMA_MODEL", "LLM_MODEL" },
	{ "BASE_URL", "LLM_BASE_URL" },
	{ "MODEL", "LLM_MODEL" },
	{ "PORT", "SERVER_PORT" },
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

static const char *
called_elsewhere(const char *name)
{
	size_t i;

	for (i = 0; i < NELEM(ELSEWHERE); i++)
		if (strcmp(name, ELSEWHERE[i][0]) == 0)
			return ELSEWHERE[i][1];
	return NULL;
}

/* A line that is no NAME=value may hold a key: its text is not shown. */
static bool
may_be_shown(const char *name)
{
	size_t len = strlen(name);

	return len <= NAME_SHOWN_MAX && strchr(name, '_') != NULL
	    && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == len;
}

/* Appends what may hold a ${NAME}. */
static void
add_tree(struct buf *out, const json_t *tree)
{
	char *text = tree == NULL ? NULL : json_dumps(tree, 0);

	if (text == NULL)
		return;
	(void)!buf_add_str(out, text);
	sodium_memzero(text, strlen(text));
	free(text);
}

static void
add_file(struct buf *out, const char *path)
{
	json_t *doc = path[0] == '\0' ? NULL : json_load_file(path, 0, NULL);

	add_tree(out, doc);
	json_decref(doc);
}

void
settings_names(struct findings *f, const struct settings *s)
{
	struct buf uses = BUF_INIT(4 * JSON_FILE_MAX);
	struct arena *mem = arena_new();
	const struct config_stray *strays;
	const char *near, *shown;
	size_t i, n;

	strays = config_strays(s->config, &n);
	if (n > 0) {
		add_tree(&uses, s->llm_headers);
		add_tree(&uses, s->llm_backends);
		add_tree(&uses, s->mcp_servers);
		add_file(&uses, s->mcp_config);
	}
	for (i = 0; i < n; i++) {
		near = strays[i].near;
		if (is_too_late(&strays[i]))
			(void)!buf_printf(f->warnings,
			    "%s: %s: has no effect in an env file: set it in "
			    "the environment, or use --config or --url\n",
			    strays[i].where, strays[i].name);
		if (is_known(strays[i].name)
		    || strstr(buf_str(&uses),
			   arena_printf(mem, "${%s}", strays[i].name))
			!= NULL)
			continue;
		if (near == NULL)
			near = called_elsewhere(strays[i].name);
		/* Who may not read all files cannot know what they use. */
		if (near == NULL && (!s->asks_models
			|| config_file_failed(s->config)))
			continue;
		shown = near != NULL || may_be_shown(strays[i].name)
		    ? strays[i].name
		    : "the name before =";
		(void)!buf_printf(f->warnings, "%s: %s: is not a setting%s%s%s\n",
		    strays[i].where, shown,
		    near == NULL ? "" : "; did you mean ",
		    near == NULL ? "" : near, near == NULL ? "" : "?");
	}
	arena_free(mem);
	buf_wipe(&uses);
}
