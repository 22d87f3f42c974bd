/*
 * THE table of settings.  env.example and docs/SETTINGS.md list every row; a
 * unit test compares.
 */
#include "nouns/settings.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "nouns/settings_priv.h"

#define AT(member) offsetof(struct settings, member)
#define RATE_MAX 1e9    /* in effect: none */
#define TOKENS_MAX 1e15 /* of a budget */
#define MS 1.0
#define SECOND 1000.0
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* Columns: key, type, member, default, min, max, other environment names,
 * words, help, flags. */
const struct config_def SETTINGS[] = {
	{ "chat.host", CONFIG_ENUM, AT(policy.host), NULL, 0, 0, NULL,
	    "direct openai groq ollama anthropic",
	    "who answers; unset: decided by the API keys that are set, or "
	    "openai with llm.base_url",
	    0, NULL },
	{ "chat.model", CONFIG_STR, AT(policy.model), NULL, 0, 0, "LLM_MODEL",
	    NULL,
	    "the model's name; unset: the usual one of the host, or the only "
	    "one at llm.base_url",
	    0, NULL },
	{ "chat.ollama_url", CONFIG_URL, AT(chat_ollama_url),
	    "http://localhost:11434", 0, 0, "OLLAMA_URL", NULL,
	    "where ollama listens", 0, NULL },
	{ "chat.memcp_url", CONFIG_URL, AT(chat_memcp_url), NULL, 0, 0,
	    "MEMCP_URL", NULL, "a meMCP server: its tools, and its tokens", 0,
	    NULL },
	{ "chat.db_path", CONFIG_IGNORED, 0, NULL, 0, 0, "PROXY_DB_PATH", NULL,
	    "is not used: Redis keeps the state (redis.url)", 0, NULL },
	{ "chat.access", CONFIG_IGNORED, 0, NULL, 0, 0, NULL, NULL,
	    "is not used: whoever has the proxy secret may use /chat", 0,
	    NULL },
	{ "chat.rate_limit_per_minute", CONFIG_INT, AT(policy.rate_limit), "20",
	    1, RATE_MAX, NULL, NULL,
	    "messages of a chat in any 60 s; above 1000 not exact", 0, NULL },
	{ "chat.max_history", CONFIG_INT, AT(policy.max_history), "10", 0, 1000,
	    NULL, NULL, "exchanges that are kept and sent to the model", 0,
	    NULL },
	{ "chat.history_tokens", CONFIG_INT, AT(policy.history_tokens), "16000",
	    0, 10e6, NULL, NULL,
	    "tokens of history sent to the model (estimated)", 0, NULL },
	{ "chat.max_input_chars", CONFIG_INT, AT(policy.max_input_chars),
	    "40000", 1, 100e3, NULL, NULL,
	    "a longer message is cut; the default takes a change of about a "
	    "thousand lines",
	    0, NULL },
	{ "chat.max_output_chars", CONFIG_INT, AT(policy.max_output_chars),
	    "20000", 1, 100e3, NULL, NULL,
	    "a longer reply is cut; the default is more than llm.max_tokens "
	    "gives",
	    0, NULL },
	{ "chat.prompt", CONFIG_STR, AT(chat_prompt), NULL, 0, 0, NULL, NULL,
	    "what the model is told before each question: who it is and how "
	    "it answers; what it needs to know of tools is added",
	    0, NULL },
	{ "chat.persona.name", CONFIG_STR, AT(persona_name), NULL, 0, 0, NULL,
	    NULL, "whom the assistant represents", 0, NULL },
	{ "chat.persona.tagline", CONFIG_STR, AT(persona_tagline), NULL, 0, 0,
	    NULL, NULL, "what that person does, in a few words", 0, NULL },
	{ "chat.persona.tone", CONFIG_STR, AT(persona_tone), NULL, 0, 0, NULL,
	    NULL, "how the assistant speaks", 0, NULL },
	{ "chat.starters", CONFIG_LIST, AT(chat_starters), NULL, 0, 0, NULL,
	    NULL, "questions offered to a person who has just connected", 0,
	    NULL },
	{ "chat.auth", CONFIG_ENUM, AT(chat_auth), NULL, 0, 0, NULL,
	    "none memcp",
	    "whether people give a meMCP token first; unset: memcp when "
	    "chat.memcp_url is set, else none",
	    0, NULL },
	{ "chat.open", CONFIG_BOOL, AT(chat_open), "false", 0, 0, NULL, NULL,
	    "serve /chat without a proxy secret, to loopback only", 0, NULL },
	{ "chat.paused", CONFIG_BOOL, AT(chat_paused), "false", 0, 0, NULL,
	    NULL, "take no new turns; accepted messages wait", 0, NULL },
	{ "chat.reply_keep", CONFIG_SPAN, AT(chat_reply_keep_ms), "10m", SECOND,
	    7 * DAY, NULL, NULL, "how long a reply can be asked for again", 0,
	    NULL },
	{ "chat.wait", CONFIG_SPAN, AT(chat_wait_ms), "90s", 0, HOUR, NULL,
	    NULL, "how long POST /chat waits before it answers 202", 0, NULL },
	{ "chat.tools", CONFIG_LIST, AT(policy.tools), NULL, 0, 0, NULL, NULL,
	    "tools that chats may call; unset: built-in and configured ones", 0,
	    NULL },
	{ "chat.repeatable", CONFIG_LIST, AT(policy.repeatable),
	    "echo, time, health", 0, 0, NULL, NULL,
	    "tools that may be called again when an outcome is unknown", 0,
	    NULL },
	{ "chat.inbox_max", CONFIG_INT, AT(policy.inbox_max), "50", 1, 10000,
	    NULL, NULL, "messages of one chat that may wait", 0, NULL },
	{ "chat.inbox_bytes", CONFIG_SIZE, AT(policy.inbox_bytes), "1m",
	    64 * 1024, 64.0 * 1024 * 1024, NULL, NULL,
	    "bytes of one chat's messages that may wait", 0, NULL },

	{ "llm.base_url", CONFIG_URL, AT(llm_base_url), NULL, 0, 0, NULL, NULL,
	    "another address of the host's API, in the form that its own SDK "
	    "takes (OpenAI's ends in /v1, Anthropic's does not)",
	    0, NULL },
	{ "openai_base_url", CONFIG_URL, AT(openai_base_url), NULL, 0, 0,
	    "OPENAI_API_BASE OPENAI_API_BASE_URL", NULL,
	    "where openai is, in the form that OpenAI's SDK takes (it ends in "
	    "/v1); for chat.host, llm.base_url wins",
	    0, NULL },
	{ "anthropic_base_url", CONFIG_URL, AT(anthropic_base_url), NULL, 0, 0,
	    NULL, NULL,
	    "where anthropic is, in the form that Anthropic's SDK takes "
	    "(without /v1); for chat.host, llm.base_url wins",
	    0, NULL },
	{ "llm.tools", CONFIG_ENUM, AT(llm_tools), "auto", 0, 0, NULL,
	    "auto native text",
	    "how the model is offered tools; native: by the API only, so a "
	    "call written as words is none; text: by words only",
	    0, NULL },
	{ "llm.fallback", CONFIG_LIST, AT(policy.fallback), NULL, 0, 0, NULL,
	    NULL,
	    "models to try next, in order: MODEL or HOST/MODEL, or NAME of "
	    "llm.backends",
	    0, NULL },
	{ "llm.backends", CONFIG_RECORDS, AT(llm_backends), NULL, 0, 0, NULL,
	    "{\"NAME\": {\"host\": \"openai\", \"model\": \"MODEL\", "
	    "\"base_url\": \"https://HOST/v1\"}}",
	    "models with an address and a key of their own, for llm.fallback: "
	    "NAME: {host, model, base_url, api_key_file, headers}",
	    CONFIG_PRIVATE | CONFIG_ASKER, &SETTINGS_BACKEND },
	{ "llm.retry_for", CONFIG_SPAN, AT(llm_retry_for_ms), "20s", 0, HOUR,
	    NULL, NULL, "how long a turn tries to get an answer", 0, NULL },
	{ "llm.connect", CONFIG_SPAN, AT(llm_connect_ms), "5s", 100 * MS,
	    MINUTE, NULL, NULL, "time to connect to the model", 0, NULL },
	{ "llm.first_byte", CONFIG_SPAN, AT(llm_first_byte_ms), "5m", 100 * MS,
	    HOUR, NULL, NULL, "time to the answer's first content", 0, NULL },
	{ "llm.idle", CONFIG_SPAN, AT(llm_idle_ms), "60s", 100 * MS, HOUR, NULL,
	    NULL, "then the longest pause within the answer", 0, NULL },
	{ "llm.total", CONFIG_SPAN, AT(llm_total_ms), "5m", 100 * MS, HOUR,
	    NULL, NULL, "time for the whole answer", 0, NULL },
	{ "llm.max_tokens", CONFIG_INT, AT(policy.max_tokens), "1000", 1, 1e6,
	    NULL, NULL, "tokens of one answer", 0, NULL },
	{ "llm.temperature", CONFIG_REAL, AT(llm_temperature), "0.7", -1, 2,
	    NULL, NULL, "0 to 2; negative: left to the model", 0, NULL },
	{ "llm.max_tokens_name", CONFIG_STR, AT(llm_max_tokens_name), NULL, 0,
	    0, NULL, "max_tokens max_completion_tokens",
	    "the field that says llm.max_tokens; unset: chosen by the model", 0,
	    NULL },
	{ "llm.tools_max", CONFIG_INT, AT(policy.tools_max), "128", 1, 512,
	    NULL, NULL,
	    "tools that a model is offered at most; OpenAI refuses more than "
	    "128",
	    0, NULL },
	{ "llm.quirks", CONFIG_LIST, AT(llm_quirks), NULL, 0, 0, NULL, NULL,
	    "what a model's server can or can't do, instead of learning it: "
	    "[BACKEND:]NAME=yes, =no or =NUMBER, BACKEND being HOST, "
	    "HOST/MODEL or a name of llm.backends",
	    0, NULL },
	{ "llm.rounds", CONFIG_INT, AT(policy.rounds), "5", 0, 50, NULL, NULL,
	    "rounds of tool calls in one turn", 0, NULL },
	{ "llm.headers", CONFIG_MAP, AT(llm_headers), NULL, 0, 0, NULL,
	    "{\"NAME\": \"TEXT\"}",
	    "headers of requests to the server of chat.host: NAME: TEXT",
	    CONFIG_PRIVATE | CONFIG_ASKER, NULL },
	{ "openai_api_key", CONFIG_SECRET, AT(openai_api_key), NULL, 0, 0, NULL,
	    NULL, "key of OpenAI, or of the server at llm.base_url",
	    CONFIG_KEY | CONFIG_ASKER, NULL },
	{ "groq_api_key", CONFIG_SECRET, AT(groq_api_key), NULL, 0, 0, NULL,
	    NULL, "key of Groq", CONFIG_KEY | CONFIG_ASKER, NULL },
	{ "anthropic_api_key", CONFIG_SECRET, AT(anthropic_api_key), NULL, 0, 0,
	    NULL, NULL, "key of Anthropic", CONFIG_KEY | CONFIG_ASKER, NULL },
	{ "ollama_api_key", CONFIG_SECRET, AT(ollama_api_key), NULL, 0, 0, NULL,
	    NULL, "key of an ollama behind a gateway; usually none",
	    CONFIG_KEY | CONFIG_ASKER, NULL },

	{ "server.listen", CONFIG_STR, AT(server_listen),
	    "unix:/run/dragoman/edge.sock", 0, 0, NULL, NULL,
	    "the edge's FastCGI socket: unix:/PATH, HOST:PORT, socket:NAME or fd:N",
	    0, NULL },
	{ "server.port", CONFIG_INT, AT(server_port), "8000", 1, 65535,
	    "MCP_PORT", NULL, "the port nginx listens on", 0, NULL },
	{ "server.drain", CONFIG_SPAN, AT(server_drain_ms), "30s", 0, HOUR,
	    NULL, NULL, "how long a stopping worker finishes its work", 0,
	    NULL },
	{ "server.threads", CONFIG_INT, AT(server_threads), "64", 1, 1024, NULL,
	    NULL, "threads of one edge for each class of requests, at most", 0,
	    NULL },
	{ "server.parked", CONFIG_INT, AT(server_parked), "10000", 1, 1e6, NULL,
	    NULL, "requests of one edge that wait without a thread", 0, NULL },
	{ "server.parked_per_owner", CONFIG_INT, AT(server_parked_per_owner),
	    "1000", 1, 1e6, NULL, NULL, "how many of these may be of one chat",
	    0, NULL },
	{ "server.body_max", CONFIG_SIZE, AT(server_body_max), "256k", 1024,
	    64.0 * 1024 * 1024, NULL, NULL, "bytes of a request to /chat", 0,
	    NULL },
	{ "server.metrics_allow", CONFIG_LIST, AT(server_metrics_allow), NULL,
	    0, 0, NULL, NULL,
	    "addresses that may read /metrics besides loopback", 0, NULL },
	{ "server.metrics_file", CONFIG_STR, AT(server_metrics_file), NULL, 0,
	    0, NULL, NULL,
	    "file that this host's workers count in together; unset: each "
	    "counts for itself",
	    0, NULL },
	{ "server.public_url", CONFIG_URL, AT(server_public_url), NULL, 0, 0,
	    NULL, NULL,
	    "how clients reach this server; dragoman doctor and chat ask there",
	    0, NULL },

	{ "redis.url", CONFIG_STR, AT(redis_url), "redis://localhost:6379", 0,
	    0, NULL, NULL,
	    "redis://[USER:PASSWORD@]HOST[:PORT][/DB] or unix:///PATH",
	    CONFIG_PRIVATE, NULL },
	{ "redis.prefix", CONFIG_STR, AT(redis_prefix), NULL, 0, 0, NULL, NULL,
	    "what the names of all keys and channels begin with, so that "
	    "several installations can share a Redis; all processes of one "
	    "have the same",
	    0, NULL },
	{ "redis.timeout", CONFIG_SPAN, AT(redis_timeout_ms), "2s", 50 * MS,
	    MINUTE, NULL, NULL, "time for one command", 0, NULL },
	{ "redis.durability", CONFIG_ENUM, AT(redis_durability), "aof", 0, 0,
	    NULL, "aof replica",
	    "replica: wait for one replica before a message is accepted", 0,
	    NULL },
	{ "redis.wait", CONFIG_SPAN, AT(redis_wait_ms), "100ms", MS, MINUTE,
	    NULL, NULL, "how long to wait for that replica", 0, NULL },

	{ "proxy_secret", CONFIG_SECRET, AT(proxy_secret), NULL, 0, 0, NULL,
	    NULL, "what /chat's clients send as X-Proxy-Secret; one or two", 0,
	    NULL },
	{ "encryption_key", CONFIG_SECRET, AT(encryption_key), NULL, 0, 0, NULL,
	    NULL, "base64 of 32 random bytes; a list: the first one encrypts",
	    CONFIG_KEY, NULL },
	{ "master_password", CONFIG_SECRET, AT(master_password), NULL, 0, 0,
	    NULL, NULL, "instead of encryption_key: the key is made of it", 0,
	    NULL },
	{ "encryption_salt", CONFIG_STR, AT(encryption_salt),
	    "mcp-slackbot-default-salt", 0, 0, NULL, NULL,
	    "salt of master_password", 0, NULL },

	{ "turns.lease", CONFIG_SPAN, AT(turns_lease_ms), "15s", SECOND,
	    10 * MINUTE, NULL, NULL,
	    "how long a person waits at most when a worker dies", 0, NULL },
	{ "turns.max_time", CONFIG_SPAN, AT(turns_max_time_ms), "10m", SECOND,
	    DAY, NULL, NULL, "a turn that takes longer is taken away", 0,
	    NULL },
	{ "turns.max_age", CONFIG_SPAN, AT(turns_max_age_ms), "1h", SECOND,
	    30 * DAY, NULL, NULL, "an older message is not answered any more",
	    0, NULL },
	{ "turns.slots", CONFIG_INT, AT(turns_slots), "1024", 1, 4096, NULL,
	    NULL, "turns at once in one worker", 0, NULL },

	{ "budget.turn", CONFIG_INT, AT(policy.budget_turn), "0", 0, TOKENS_MAX,
	    NULL, NULL, "tokens that one turn may spend; 0: any", 0, NULL },
	{ "budget.chat", CONFIG_INT, AT(policy.budget_chat), "0", 0, TOKENS_MAX,
	    NULL, NULL, "tokens that one chat may spend a day; 0: any", 0,
	    NULL },
	{ "budget.day", CONFIG_INT, AT(policy.budget_day), "0", 0, TOKENS_MAX,
	    NULL, NULL, "tokens that all chats may spend a day; 0: any", 0,
	    NULL },

	{ "mcp.servers", CONFIG_RECORDS, AT(mcp_servers), NULL, 0, 0, NULL,
	    "{\"NAME\": {\"url\": \"https://HOST/mcp\", \"headers\": "
	    "{\"NAME\": \"TEXT\"}}}",
	    "MCP servers: NAME: {url, headers}", CONFIG_PRIVATE | CONFIG_ASKER,
	    &SETTINGS_SERVER },
	{ "mcp.config", CONFIG_STR, AT(mcp_config), NULL, 0, 0, NULL, NULL,
	    "a servers_config.json; unset: the one beside the configuration", 0,
	    NULL },
	{ "mcp.refresh", CONFIG_SPAN, AT(mcp_refresh_ms), "5m", SECOND, DAY,
	    NULL, NULL, "age at which a list of tools is asked for again", 0,
	    NULL },
	{ "mcp.timeout", CONFIG_SPAN, AT(mcp_timeout_ms), "30s", 100 * MS, HOUR,
	    NULL, NULL, "time for one tool call", 0, NULL },

	/* Not by HTTP_PROXY and the like: in plain CGI such names hold what a
	 * client's headers say. */
	{ "http.ca_file", CONFIG_STR, AT(http_ca_file), NULL, 0, 0,
	    "DRAGOMAN_CA_FILE", NULL,
	    "PEM file of the authorities that servers' certificates are "
	    "checked by; unset: the system's",
	    CONFIG_NO_ENV, NULL },
	{ "http.proxy", CONFIG_STR, AT(http_proxy), NULL, 0, 0,
	    "HTTPS_PROXY https_proxy", NULL,
	    "http://[USER:PASSWORD@]HOST:PORT on the way to https:// addresses "
	    "of this configuration",
	    CONFIG_NO_ENV | CONFIG_PRIVATE, NULL },
	{ "http.no_proxy", CONFIG_LIST, AT(http_no_proxy), NULL, 0, 0,
	    "NO_PROXY no_proxy", NULL,
	    "hosts, .domains and nets that are reached without http.proxy; "
	    "private addresses always are",
	    CONFIG_NO_ENV, NULL },

	{ "log.level", CONFIG_STR, AT(log_level), "info", 0, 0, NULL,
	    "debug info warn warning error critical",
	    "the least level that is logged", 0, NULL },
	{ "log.file", CONFIG_STR, AT(log_file), NULL, 0, 0, NULL, NULL,
	    "a file besides standard error; opened again on SIGHUP", 0, NULL },
	{ "sql_echo", CONFIG_BOOL, AT(sql_echo), "false", 0, 0, NULL, NULL,
	    "log each Redis command and key, no values", 0, NULL },

	{ "database_url", CONFIG_IGNORED, 0, NULL, 0, 0, NULL, NULL,
	    "is not used: Redis keeps the state (redis.url)", 0, NULL },
	{ "slack_app_token", CONFIG_IGNORED, 0, NULL, 0, 0, NULL, NULL,
	    "is not used: there is no socket mode here", 0, NULL },
	{ "rate_limit_per_minute", CONFIG_IGNORED, 0, NULL, 0, 0, NULL, NULL,
	    "is not used here: the limit of /chat is chat.rate_limit_per_minute",
	    CONFIG_QUIET, NULL },
	{ "memcp_port", CONFIG_INT, AT(memcp_port), NULL, 1, 65535, NULL, NULL,
	    "server.port of a config.tech.yaml", CONFIG_NO_ENV | CONFIG_HIDDEN,
	    NULL },
};
const size_t SETTINGS_N = NELEM(SETTINGS);

static const char *const HOSTS[] = {
	[HOST_DIRECT] = "direct",
	[HOST_OPENAI] = "openai",
	[HOST_GROQ] = "groq",
	[HOST_OLLAMA] = "ollama",
	[HOST_ANTHROPIC] = "anthropic",
};

const char *
settings_host_name(int host)
{
	return host >= 0 && host < (int)NELEM(HOSTS) ? HOSTS[host] : "direct";
}

bool
settings_lacks_model(const struct settings *s)
{
	return s->policy.host != HOST_DIRECT && s->policy.model[0] == '\0';
}

void
settings_backend(const struct settings *s, char *out, size_t out_max)
{
	size_t len;
	int all;

	if (s->policy.host == HOST_DIRECT) {
		snprintf(out, out_max, "direct");
		return;
	}
	all = snprintf(out, out_max, "%s%s%s",
	    settings_host_name(s->policy.host),
	    s->policy.model[0] == '\0' ? "" : "/", s->policy.model);
	if (all < 0 || (size_t)all < out_max)
		return;
	/* Not in the middle of a character: it goes into JSON. */
	for (len = strlen(out); len > 0 && !text_is_utf8(out, len); len--)
		out[len - 1] = '\0';
}

struct http_options
settings_http(const struct settings *s)
{
	return (struct http_options){ .ca_file = s->http_ca_file,
		.proxy = s->http_proxy,
		.no_proxy = s->http_no_proxy.items };
}

struct settings *
settings_ref(struct settings *s)
{
	__atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
	return s;
}

void
settings_unref(struct settings *s)
{
	if (s == NULL || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	config_records_fini(&s->records);
	arena_free(s->records.mem);
	config_free(s->config);
	free(s);
}
