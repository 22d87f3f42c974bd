/*
 * settings_decide: what follows from what was set, where nobody said it.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "nouns/settings_priv.h"

#define PATH_BYTES 4096

/* Beside a meMCP on this port, ours is another one. */
#define MEMCP_PORT 8000
#define PORT_BESIDE_MEMCP "8001"

static bool
exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

/* Our own table is right, so this cannot fail but by our own mistake. */
static void
derive(struct findings *f, struct settings *s, const char *key,
    const char *text, const char *origin)
{
	if (config_is_default(s->config, key)
	    && config_set_derived(s->config, key, text, origin) == -1)
		settings_error(f, s, key, "cannot be \"%s\" (%s)", text,
		    origin);
}

struct key_of_host {
	int host;
	const char *variable;
	const struct secret *key;
	const char *const *models; /* parts of its models' names */
};

static bool
model_is_of(const char *model, const char *const *parts)
{
	for (; *parts != NULL; parts++)
		if (strcasestr(model, *parts) != NULL)
			return true;
	return false;
}

/*
 * Without chat.host: the one key that is set decides; of several the one that
 * the model's name belongs to; none means direct.
 */
static void
decide_host(struct findings *f, struct settings *s)
{
	static const char *const gpt[] = { "gpt", NULL };
	static const char *const llama[] = { "llama", NULL };
	static const char *const claude[] = { "claude", NULL };
	const struct key_of_host all[] = {
		{ HOST_OPENAI, "OPENAI_API_KEY", &s->openai_api_key, gpt },
		{ HOST_GROQ, "GROQ_API_KEY", &s->groq_api_key, llama },
		{ HOST_ANTHROPIC, "ANTHROPIC_API_KEY", &s->anthropic_api_key,
		    claude },
	};
	const struct key_of_host *set[NELEM(all)], *by_model = NULL;
	char origin[64], names[96] = "";
	size_t i, n = 0, matches = 0;

	if (!config_is_default(s->config, "chat.host")
	    || !settings_are_certain(s, "chat.host"))
		return;
	for (i = 0; i < NELEM(all); i++)
		if (secret_is_set(all[i].key))
			set[n++] = &all[i];
	if (n == 0 && s->llm_base_url[0] != '\0') {
		derive(f, s, "chat.host", "openai", "llm.base_url is set");
		return;
	}
	if (n == 0 && s->openai_base_url[0] != '\0') {
		derive(f, s, "chat.host", "openai", "openai_base_url is set");
		return;
	}
	if (n == 0 && s->anthropic_base_url[0] != '\0') {
		derive(f, s, "chat.host", "anthropic",
		    "anthropic_base_url is set");
		return;
	}
	if (n == 0) {
		derive(f, s, "chat.host", "direct", SETTINGS_NO_KEY);
		return;
	}
	if (n == 1) {
		snprintf(origin, sizeof(origin), "%s is set", set[0]->variable);
		derive(f, s, "chat.host", settings_host_name(set[0]->host),
		    origin);
		return;
	}
	for (i = 0; i < n; i++) {
		size_t at = strlen(names);

		snprintf(names + at, sizeof(names) - at, "%s%s",
		    i == 0           ? ""
			: i + 1 == n ? " and "
				     : ", ",
		    set[i]->variable);
		if (model_is_of(s->policy.model, set[i]->models)) {
			by_model = set[i];
			matches++;
		}
	}
	if (matches == 1) {
		derive(f, s, "chat.host", settings_host_name(by_model->host),
		    "the name of chat.model");
		return;
	}
	if (!settings_are_certain(s,
		"chat.model openai_api_key groq_api_key "
		"anthropic_api_key"))
		return;
	settings_error(f, s, "chat.host",
	    "is not set, %s are, and chat.model%s does not decide between "
	    "them: set chat.host (CHAT_HOST)",
	    names, s->policy.model[0] != '\0' ? "" : " (not set either)");
}

/* The address that other programs' names give is that of its host alone. */
static void
decide_address(struct findings *f, struct settings *s)
{
	const struct {
		int host;
		const char *key, *url;
	} all[] = {
		{ HOST_OPENAI, "openai_base_url", s->openai_base_url },
		{ HOST_ANTHROPIC, "anthropic_base_url", s->anthropic_base_url },
	};
	size_t i;

	for (i = 0; i < NELEM(all); i++) {
		if (all[i].url[0] == '\0' || all[i].host != s->policy.host)
			continue;
		if (s->llm_base_url[0] == '\0'
		    && settings_are_certain(s, "llm.base_url"))
			derive(f, s, "llm.base_url", all[i].url,
			    config_origin(s->config, all[i].key));
		else if (strcmp(s->llm_base_url, all[i].url) != 0)
			settings_warn(f, s, all[i].key,
			    "is not used for chat.host: llm.base_url "
			    "(LLM_BASE_URL) is set, too, and wins");
	}
}

/*
 * A server of one's own has other models than the host's usual one.  One of
 * the host itself, and Azure's (with a query), is no such server.
 */
static bool
is_own_server(const struct settings *s)
{
	return s->llm_base_url[0] != '\0'
	    && (s->policy.host == HOST_OPENAI || s->policy.host == HOST_OLLAMA)
	    && strchr(s->llm_base_url, '?') == NULL
	    && strcasestr(s->llm_base_url, "://api.openai.com") == NULL;
}

static void
decide_model(struct findings *f, struct settings *s,
    const struct settings_source *src)
{
	static const char *const models[] = {
		[HOST_DIRECT] = "",
		[HOST_OPENAI] = "gpt-4o-mini",
		[HOST_GROQ] = "llama-3.3-70b-versatile",
		[HOST_OLLAMA] = "llama3.2",
		[HOST_ANTHROPIC] = "claude-haiku-4-5",
	};

	if (!settings_lacks_model(s) || !settings_are_certain(s, "chat.model"))
		return;
	if (src->model != NULL)
		derive(f, s, "chat.model", src->model,
		    "the only one at llm.base_url");
	else if (!is_own_server(s))
		derive(f, s, "chat.model", models[s->policy.host],
		    "usual for chat.host");
}

/* meMCP's address, and what follows when there is one. */
static void
decide_memcp(struct findings *f, struct settings *s)
{
	char url[64], origin[64];

	if (s->chat_memcp_url[0] == '\0' && s->memcp_port != 0) {
		snprintf(url, sizeof(url), "http://localhost:%lld",
		    (long long)s->memcp_port);
		snprintf(origin, sizeof(origin),
		    "server.port %lld of meMCP's configuration",
		    (long long)s->memcp_port);
		derive(f, s, "chat.memcp_url", url, origin);
	}
	if (!settings_are_certain(s, "chat.memcp_url"))
		return;
	if (s->chat_memcp_url[0] == '\0') {
		derive(f, s, "chat.auth", "none", "there is no meMCP");
		return;
	}
	derive(f, s, "chat.auth", "memcp", "chat.memcp_url is set");
	if (s->server_port == MEMCP_PORT)
		derive(f, s, "server.port", PORT_BESIDE_MEMCP,
		    "meMCP has 8000");
}

/* A servers_config.json that lies beside the configuration is meant. */
static void
decide_mcp_config(struct findings *f, struct settings *s)
{
	const char *slash = strrchr(s->file, '/');
	char path[PATH_BYTES];

	if (s->mcp_config[0] != '\0' || s->file[0] == '\0')
		return;
	snprintf(path, sizeof(path), "%.*sservers_config.json",
	    slash == NULL ? 0 : (int)(slash - s->file + 1), s->file);
	if (exists(path))
		derive(f, s, "mcp.config", path, "beside the configuration");
}

/* One word for each level, whatever the user calls it. */
static void
decide_level(struct settings *s)
{
	static const struct {
		const char *name, *word;
	} levels[] = { { "debug", "debug" }, { "info", "info" },
		{ "warn", "warn" }, { "warning", "warn" }, { "error", "error" },
		{ "critical", "error" } };
	size_t i;

	for (i = 0; i < NELEM(levels); i++)
		if (strcasecmp(levels[i].name, s->log_level) == 0)
			s->log_level = levels[i].word;
}

void
settings_decide(struct findings *f, struct settings *s,
    const struct settings_source *src)
{
	decide_host(f, s);
	decide_address(f, s);
	decide_model(f, s, src);
	decide_memcp(f, s);
	decide_mcp_config(f, s);
	decide_level(s);
}
