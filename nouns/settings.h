/*
 * settings: every setting there is.  THE table is settings.c.
 *
 * A loaded settings is immutable and counted: SIGHUP makes a new one, and who
 * runs with the old one keeps it until done.  Spans are in milliseconds.
 */
#ifndef NOUNS_SETTINGS_H
#define NOUNS_SETTINGS_H

#include <jansson.h>

#include "base/base.h"
#include "base/config.h"
#include "base/http.h"
#include "base/secret.h"
#include "nouns/policy.h"

/* The words stand in settings.c in this order. */
enum chat_host {
	HOST_DIRECT,
	HOST_OPENAI,
	HOST_GROQ,
	HOST_OLLAMA,
	HOST_ANTHROPIC
};
enum chat_auth { CHAT_AUTH_NONE, CHAT_AUTH_MEMCP };
enum mcp_auth { MCP_AUTH_KEYS, MCP_AUTH_NONE };
enum llm_tools { LLM_TOOLS_AUTO, LLM_TOOLS_NATIVE, LLM_TOOLS_TEXT };

#define LLM_HEADERS_MAX CONFIG_MAP_MAX
/* Each has rows in every worker and is asked in turn by who waits: enough. */
#define LLM_FALLBACKS_MAX 15
#define SETTINGS_BACKEND_NAME_MAX CONFIG_RECORD_NAME_MAX

/* Each is a connection and a list of tools, and one of the toolbox's sources
 * (tools/tools_priv.h) is meMCP. */
#define SETTINGS_SERVERS_MAX 63

/* A row of llm.backends: a model's server with an address and key of its own. */
struct settings_backend {
	const char *name;
	int host; /* enum chat_host, not HOST_DIRECT: what it speaks */
	const char *model;
	const char *base_url; /* "": the host's usual one */
	struct secret key;    /* its own; never set where no model is asked */
	const char **headers; /* "Name: value", NULL ends */
};

/* Their defaults are the table's; spans are _ms, sizes _bytes or _max. */
struct settings {
	struct policy policy; /* the default: policy_of() is who to ask */

	/* chat: */
	const char *chat_ollama_url;
	const char *chat_memcp_url; /* MEMCP_URL too; "" none */
	const char *chat_prompt; /* instead of our words on how to answer; "" */
	const char *persona_name, *persona_tagline, *persona_tone;
	struct config_list chat_starters;
	int chat_auth;  /* enum chat_auth, resolved */
	bool chat_open; /* no secret: loopback only */
	bool chat_paused;
	int64_t chat_reply_keep_ms;
	int64_t chat_wait_ms;

	/* llm: */
	const char *llm_base_url; /* LLM_BASE_URL; "" the provider's */
	/* OPENAI_BASE_URL, ANTHROPIC_BASE_URL: where those hosts are; "" the
	 * provider's own address.  llm_base_url is that of policy.host. */
	const char *openai_base_url, *anthropic_base_url;
	int llm_tools;        /* enum llm_tools */
	json_t *llm_backends; /* {name: {...}} or NULL, as it came */
	struct settings_backend *backends; /* the same, read */
	size_t nbackends;
	struct config_records records; /* what backends are in */
	int64_t llm_retry_for_ms;
	int64_t llm_connect_ms;
	int64_t llm_first_byte_ms;
	int64_t llm_idle_ms;
	int64_t llm_total_ms;
	double llm_temperature;          /* negative: not sent */
	const char *llm_max_tokens_name; /* "" automatic, else the field */
	struct config_list llm_quirks;   /* [BACKEND:]NAME=VALUE */
	json_t *llm_headers;             /* {name: text} or NULL */
	struct secret openai_api_key, groq_api_key, anthropic_api_key,
	    ollama_api_key;

	/* server: */
	const char *server_listen; /* "unix:/path", "127.0.0.1:9000",
				    "socket:edge", "fd:3" */
	int64_t server_port; /* what nginx listens on: links, quickstart */
	int64_t server_drain_ms;
	int64_t server_threads;
	int64_t server_parked; /* open waits of one process */
	int64_t server_parked_per_owner;
	int64_t server_body_max; /* of POST /chat */
	struct config_list
	    server_metrics_allow;        /* addresses besides loopback */
	const char *server_metrics_file; /* shared mapping; "" private */
	const char *server_public_url;
	struct config_list server_hosts; /* in Host, without their port */

	/* redis: */
	const char
	    *redis_url; /* redis://[user:pass@]host[:port][/db], unix:///path */
	const char *redis_prefix; /* of keys and channels */
	int64_t redis_timeout_ms;
	int redis_durability;  /* 0 aof, 1 replica */
	int64_t redis_wait_ms; /* WAIT of durability replica */

	/* secrets */
	struct secret proxy_secret;   /* one or two, comma separated */
	struct secret mcp_api_keys;   /* comma separated */
	struct secret encryption_key; /* list; first seals */
	struct secret master_password;
	const char *encryption_salt;

	/* turns: */
	int64_t turns_lease_ms;
	int64_t turns_max_time_ms;
	int64_t turns_max_age_ms;
	int64_t turns_slots; /* turns at once in one worker */

	/* mcp: */
	json_t *mcp_servers;    /* {name: {url, headers, ...}} or NULL */
	const char *mcp_config; /* servers_config.json; "" none */
	int64_t mcp_refresh_ms;
	int64_t mcp_timeout_ms;  /* of one tool call */
	int64_t mcp_task_max_ms; /* of one task */
	/* ... and what is served at /mcp */
	int mcp_auth;                   /* enum mcp_auth */
	struct config_list mcp_origins; /* "loopback", or an origin */
	int64_t mcp_body_max;
	bool mcp_coerce;
	int64_t mcp_session_max_ms;
	bool mcp_require_key; /* by GET /sse and /messages/, too */
	int64_t mcp_streams, mcp_streams_per_key, mcp_streams_per_address;
	const char *mcp_resources_dir; /* "" none */
	const char *mcp_prompts_dir;   /* the same */

	/* http: */
	const char *http_ca_file; /* "": the system's */
	const char *http_proxy;   /* "" none; may hold a password */
	struct config_list http_no_proxy;

	int64_t memcp_port; /* server.port of a config.tech.yaml; 0 none */

	/* log: */
	const char *log_level; /* as log_level_parse takes it */
	const char *log_file;
	bool sql_echo;

	bool asks_models;      /* of settings_source */
	const char *file;      /* that was read; "" none was found */
	struct config *config; /* owner of all the above */
	int refs;
};

struct settings_source {
	const char *file;     /* --config (a folder: the file in it), or NULL:
				 searched for */
	const char *env_file; /* --env-file, or NULL */
	char *const *environ;
	bool asks_models;  /* this program needs the LLM keys: warn without */
	const char *model; /* chat.model, where settings_lacks_model; or NULL */
	bool calls_tools;  /* ... and those of tools' servers; who asks models
			     has both */
	bool reads_servers; /* MCP servers are looked at, too.  Others may lack
			       the variables that those name */
};

/*
 * Find, read and check the configuration.  NULL: not valid; ${errors} holds
 * all of them, a line each.  ${warnings} is filled in each case.
 */
struct buf;
struct settings *settings_load(const struct settings_source *src,
    struct buf *errors, struct buf *warnings) WARN_UNUSED;

/* A server of mcp.servers or servers_config.json, with its ${NAME}s put in. */
struct settings_server {
	const char *name;
	const char *url;      /* "" by_command */
	const char **headers; /* "Name: value", NULL ends */
	const char *command;
	bool disabled;   /* never of one that is listed */
	bool by_command; /* it has a command and no url: not served yet */
};

/*
 * All that are not disabled, into ${out}; the list and what it points to are
 * in ${mem}.  Their number, -1: a line in ${errors} for each that is wrong.
 */
struct arena;
int settings_servers(const struct settings *s, struct arena *mem,
    struct settings_server **out, struct buf *errors) WARN_UNUSED;

struct settings *settings_ref(struct settings *s);
void settings_unref(struct settings *s); /* NULL is fine; atomic */

/* The rows, for config show, env.example and tests. */
extern const struct config_def SETTINGS[];
extern const size_t SETTINGS_N;
/* The members of a row of llm.backends, of mcp.servers. */
extern const struct config_members SETTINGS_BACKEND, SETTINGS_SERVER;

/* Names of other programs that are not read here, and ours (NULL ends). */
struct settings_foreign {
	const char *name, *ours;
	unsigned flags;
};
#define FOREIGN_COMMON 0x1 /* in an environment it may mean anything */
extern const struct settings_foreign SETTINGS_FOREIGN[];

/* What http_start takes; lives as long as ${s}. */
struct http_options settings_http(const struct settings *s);

const char *settings_host_name(int host); /* "openai", ... */
/* "HOST/MODEL" or "HOST": the host, whose name has ${len} bytes; -1 and 0: it
 * begins with no host's name. */
int settings_host_of(const char *word, size_t *len);
/* Where there is no model: what that means, and how to have one. */
#define SETTINGS_NO_MODEL "No language model is set, so a message is a command"
#define SETTINGS_TO_HAVE_MODEL                                                \
	"To have a model answer, the operator can " SETTINGS_HOW_TO_SET_MODEL \
	"."
#define SETTINGS_HOW_TO_SET_MODEL                                     \
	"set OPENAI_API_KEY, GROQ_API_KEY or ANTHROPIC_API_KEY, or "  \
	"LLM_BASE_URL=http://HOST:PORT/v1 for a server of your own, " \
	"then restart"

/* A model is asked at llm.base_url, and which one nobody has said: the only one
 * that the server lists is meant (llm_pick). */
bool settings_lacks_model(const struct settings *s);
/* "<host>/<model>", or "direct", as /health and /status show it. */
void settings_backend(const struct settings *s, char *out, size_t out_max);

#endif
