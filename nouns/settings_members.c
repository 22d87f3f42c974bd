/*
 * settings_members: what a row of llm.backends and of mcp.servers holds.
 *
 * Columns are as in settings.c; a member's offset is into its record.
 */
#include <stddef.h>

#include "nouns/settings.h"

#define BACKENDS_MAX 64 /* as many rows as LLM_FALLBACKS_MAX asks, and more */

#define AT(member) offsetof(struct settings_backend, member)
static const struct config_def BACKEND_MEMBERS[] = {
	{ "host", CONFIG_ENUM, AT(host), NULL, 0, 0, NULL,
	    "openai groq ollama anthropic",
	    "what the server speaks; most speak openai", CONFIG_NEEDED, NULL },
	{ "model", CONFIG_STR, AT(model), NULL, 0, 0, NULL, NULL,
	    "the model's name", CONFIG_NEEDED, NULL },
	{ "base_url", CONFIG_URL, AT(base_url), NULL, 0, 0, NULL, NULL,
	    "where it is; unset: where its host usually is", CONFIG_WHOLE,
	    NULL },
	{ "api_key", CONFIG_SECRET, AT(key), NULL, 0, 0, NULL, NULL,
	    "its key; better api_key_file, a file that holds it",
	    CONFIG_KEY | CONFIG_EXPANDS, NULL },
	{ "headers", CONFIG_MAP, AT(headers), NULL, 0, 0, NULL, NULL,
	    "headers of requests to this server", CONFIG_EXPANDS, NULL },
};
#undef AT

const struct config_members SETTINGS_BACKEND = {
	.rows = BACKEND_MEMBERS,
	.n = NELEM(BACKEND_MEMBERS),
	.size = sizeof(struct settings_backend),
	.name = offsetof(struct settings_backend, name),
	.max = BACKENDS_MAX,
};

/* What every error ends with. */
#define FORM                                                                 \
	"\"NAME\": {\"url\": \"https://HOST/mcp\", \"headers\": "            \
	"{\"Authorization\": \"Bearer ${TOKEN}\"}}, headers only where the " \
	"server wants some"

#define AT(member) offsetof(struct settings_server, member)
static const struct config_def SERVER_MEMBERS[] = {
	{ "url", CONFIG_URL, AT(url), NULL, 0, 0, NULL, NULL,
	    "the server's address", CONFIG_WHOLE | CONFIG_EXPANDS, NULL },
	{ "headers", CONFIG_MAP, AT(headers), NULL, 0, 0, NULL, NULL,
	    "headers of requests to this server", CONFIG_EXPANDS, NULL },
	{ "command", CONFIG_STR, AT(command), NULL, 0, 0, NULL, NULL,
	    "a program that is the server; it is not started yet",
	    CONFIG_PRIVATE, NULL },
	{ "disabled", CONFIG_BOOL, AT(disabled), "false", 0, 0, NULL, NULL,
	    "true: the server is left out", 0, NULL },
};
#undef AT

const struct config_members SETTINGS_SERVER = {
	.rows = SERVER_MEMBERS,
	.n = NELEM(SERVER_MEMBERS),
	.size = sizeof(struct settings_server),
	.name = offsetof(struct settings_server, name),
	.max = SETTINGS_SERVERS_MAX,
	.form = FORM,
	.skip = "disabled",
	.is_foreign = true,
};
