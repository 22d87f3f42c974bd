/*
 * settings: what follows from what was set, what must hold between settings,
 * and that every one of them is documented.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "llm/quirks.h"
#include "nouns/caller.h"
#include "tests/unit/settings_fixture.h"

#define KEY_URL "ENCRYPTION_KEY=__________________________________________8"
#define VARIABLES_MAX 20
#define TEXT_MAX (256 * 1024)

/* ${variables}: separated by blanks; each with KEY unless it says none. */
static struct settings *
load_from(const char *file, const char *variables)
{
	char copy[1024], *env[VARIABLES_MAX + 1] = { NULL }, *p = copy;
	const struct settings_source src = { .file = file,
		.environ = env,
		.reads_servers = true,
		.asks_models = true };
	size_t n = 0;

	snprintf(copy, sizeof(copy), "%s%s%s", variables,
	    strstr(variables, "ENCRYPTION_KEY=") == NULL
		    && strstr(variables, "MASTER_PASSWORD=") == NULL
		? " "
		: "",
	    strstr(variables, "ENCRYPTION_KEY=") == NULL
		    && strstr(variables, "MASTER_PASSWORD=") == NULL
		? KEY
		: "");
	while ((env[n] = strsep(&p, " ")) != NULL)
		if (env[n][0] != '\0')
			assert_true(++n < VARIABLES_MAX);
	return load_source(&src);
}

static struct settings *
load(const char *variables)
{
	return load_from(NULL, variables);
}

static struct settings *
load_yaml(const char *yaml, const char *variables)
{
	return load_from(put("dragoman.yaml", yaml), variables);
}

/* llm.quirks takes what llm/quirks.c knows, and nothing else. */
static void
quirks(void **state)
{
	char text[128];
	struct settings *s;
	size_t i;

	(void)state;
	for (i = 0; i < LLM_FEATURES_N; i++) {
		snprintf(text, sizeof(text), "LLM_QUIRKS=%s=no",
		    LLM_FEATURES[i].name);
		s = load(text);
		if (s == NULL)
			fail_msg("%s: %s", text, buf_str(&errors));
		settings_unref(s);
		snprintf(text, sizeof(text), "LLM_QUIRKS=%s=perhaps",
		    LLM_FEATURES[i].name);
		assert_null(load(text));
	}
	assert_null(load("LLM_QUIRKS=telepathy=no"));
	for (i = 0; i < LLM_FEATURES_N; i++)
		assert_non_null(strstr(buf_str(&errors), LLM_FEATURES[i].name));
}

static void
hosts(void **state)
{
	static const struct {
		const char *variables;
		const char *backend; /* NULL: an error */
	} cases[] = {
		{ "", "direct" },
		{ "OPENAI_API_KEY=k", "openai/gpt-4o-mini" },
		{ "GROQ_API_KEY=k", "groq/llama-3.3-70b-versatile" },
		{ "ANTHROPIC_API_KEY=k", "anthropic/claude-haiku-4-5" },
		{ "ANTHROPIC_API_KEY=k LLM_MODEL=claude-x",
		    "anthropic/claude-x" },
		{ "OPENAI_API_KEY=k LLM_MODEL=llama-x", "openai/llama-x" },
		{ "OPENAI_API_KEY=k GROQ_API_KEY=k LLM_MODEL=Meta-Llama-4",
		    "groq/Meta-Llama-4" },
		{ "OPENAI_API_KEY=k GROQ_API_KEY=k CHAT_MODEL=gpt-5",
		    "openai/gpt-5" },
		{ "OPENAI_API_KEY=k ANTHROPIC_API_KEY=k GROQ_API_KEY=k "
		  "LLM_MODEL=claude-y",
		    "anthropic/claude-y" },
		{ "OPENAI_API_KEY=k GROQ_API_KEY=k", NULL },
		{ "OPENAI_API_KEY=k GROQ_API_KEY=k LLM_MODEL=mixtral", NULL },
		{ "OPENAI_API_KEY=k GROQ_API_KEY=k LLM_MODEL=claude", NULL },
		{ "OPENAI_API_KEY=k GROQ_API_KEY=k CHAT_HOST=groq",
		    "groq/llama-3.3-70b-versatile" },
		{ "OPENAI_API_KEY=k CHAT_HOST=direct", "direct" },
		{ "CHAT_HOST=ollama LLM_MODEL=qwen3", "ollama/qwen3" },
		{ "OPENAI_API_KEY= GROQ_API_KEY=k",
		    "groq/llama-3.3-70b-versatile" },
	};
	char backend[128];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct settings *s = load(cases[i].variables);

		if (cases[i].backend == NULL) {
			assert_null(s);
			assert_non_null(strstr(buf_str(&errors),
			    "chat.host: is not set, OPENAI_API_KEY and "
			    "GROQ_API_KEY are, and chat.model"));
			continue;
		}
		if (s == NULL)
			fail_msg("%s: %s", cases[i].variables,
			    buf_str(&errors));
		settings_backend(s, backend, sizeof(backend));
		assert_string_equal(backend, cases[i].backend);
		settings_unref(s);
	}
}

/* What is wrong is told, and not that it is not set. */
static void
a_wrong_host_is_one_error(void **state)
{
	(void)state;
	assert_null(load("CHAT_HOST=cohere OPENAI_API_KEY=k GROQ_API_KEY=k"));
	assert_non_null(strstr(buf_str(&errors), "chat.host: expected "));
	assert_null(strstr(buf_str(&errors), "is not set"));
}

/* A worker's heartbeat is JSON: half a character would silence it. */
static void
a_cut_backend_is_whole_characters(void **state)
{
	struct settings s = { .policy.host = HOST_OPENAI };
	char model[600] = "", backend[128];
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		memset(model, 'x', i);
		model[i] = '\0';
		while (strlen(model) + 3 < sizeof(model))
			memcpy(model + strlen(model), "\xc3\xa9", 3);
		s.policy.model = model;
		settings_backend(&s, backend, sizeof(backend));
		assert_true(text_is_utf8(backend, strlen(backend)));
		assert_true(strlen(backend) >= sizeof(backend) - 2);
	}
}

static void
memcp(void **state)
{
	struct settings *s = load("");

	(void)state;
	assert_int_equal(s->chat_auth, CHAT_AUTH_NONE);
	assert_int_equal(s->server_port, 8000);
	settings_unref(s);

	s = load("MEMCP_URL=http://localhost:8000");
	assert_int_equal(s->chat_auth, CHAT_AUTH_MEMCP);
	assert_int_equal(s->server_port, 8001);
	assert_string_equal(config_origin(s->config, "chat.auth"),
	    "chat.memcp_url is set");
	settings_unref(s);

	s = load("MEMCP_URL=http://localhost:8000 CHAT_AUTH=none MCP_PORT=80");
	assert_int_equal(s->chat_auth, CHAT_AUTH_NONE);
	assert_int_equal(s->server_port, 80);
	settings_unref(s);

	s = load_yaml("chat: {memcp_url: 'http://yaml:1'}\n",
	    "MEMCP_URL=http://env:2");
	assert_string_equal(s->chat_memcp_url, "http://env:2");
	settings_unref(s);

	assert_null(load("CHAT_AUTH=memcp"));
	assert_non_null(strstr(buf_str(&errors),
	    "environment CHAT_AUTH: chat.auth: memcp needs chat.memcp_url"));
}

static void
memcp_s_own_file(void **state)
{
	const char *file = put("config.tech.yaml",
	    "server: {host: 0.0.0.0, port: 8123}\n"
	    "content: {languages: [en, de]}\n"
	    "redis: {url: nonsense}\n"
	    "chat:\n"
	    "  host: groq\n  model: llama-x\n"
	    "  ollama_url: http://localhost:11434\n"
	    "  db_path: data/proxy.db\n"
	    "  rate_limit_per_minute: 30\n  max_history: 4\n"
	    "  max_input_chars: 100\n  max_output_chars: 200\n"
	    "  persona: {name: Ada, tagline: t, tone: dry}\n"
	    "  starters: [one?, 'two, three?']\n");
	struct settings *s = load_from(file, "GROQ_API_KEY=k");

	(void)state;
	assert_non_null(s);
	assert_string_equal(s->chat_memcp_url, "http://localhost:8123");
	assert_int_equal(s->chat_auth, CHAT_AUTH_MEMCP);
	assert_int_equal(s->server_port, 8001);
	assert_string_equal(s->redis_url, "redis://localhost:6379");
	assert_int_equal(s->policy.host, HOST_GROQ);
	assert_int_equal(s->policy.rate_limit, 30);
	assert_int_equal(s->policy.max_history, 4);
	assert_int_equal(s->policy.max_input_chars, 100);
	assert_int_equal(s->policy.max_output_chars, 200);
	assert_string_equal(s->persona_name, "Ada");
	assert_string_equal(s->persona_tone, "dry");
	assert_int_equal(s->chat_starters.n, 2);
	assert_string_equal(s->chat_starters.items[1], "two, three?");
	assert_non_null(strstr(buf_str(&warnings),
	    "config.tech.yaml:8: chat.db_path: is not used: Redis keeps the "
	    "state"));
	settings_unref(s);

	s = load_from(put("config.tech.yaml",
			  "server: {port: 8123}\n"
			  "chat: {memcp_url: 'http://localhost:9'}\n"),
	    "");
	assert_string_equal(s->chat_memcp_url, "http://localhost:9");
	settings_unref(s);
}

static void
where_it_is_searched(void **state)
{
	char variables[300];
	struct settings *s;

	(void)state;
	put("dragoman.yaml", "chat: {max_history: 3}\n");
	put("config.tech.yaml", "chat: {max_history: 4}\n");
	s = load_from(folder, "");
	assert_int_equal(s->policy.max_history, 3);
	settings_unref(s);

	snprintf(variables, sizeof(variables), "CONFIG_PATH=%s",
	    put("config.tech.yaml", "chat: {max_history: 5}\n"));
	s = load(variables);
	assert_int_equal(s->policy.max_history, 5);
	settings_unref(s);

	snprintf(variables, sizeof(variables),
	    "CONFIG_PATH=/nowhere DRAGOMAN_CONFIG=%s/dragoman.yaml", folder);
	s = load(variables);
	assert_int_equal(s->policy.max_history, 3);
	assert_string_equal(s->file + strlen(folder), "/dragoman.yaml");
	settings_unref(s);

	assert_null(load("DRAGOMAN_CONFIG=/nowhere/d.yaml"));
	assert_non_null(strstr(buf_str(&errors),
	    "/nowhere/d.yaml: file: cannot be read: No such file"));

	/* None at all: what is installed here is not searched for. */
	s = load("DRAGOMAN_CONFIG=/dev/null");
	assert_string_equal(s->file, "");
	settings_unref(s);
}

static void
keys(void **state)
{
	struct settings *s;

	(void)state;
	s = load(KEY_URL); /* URL-safe base64, no padding */
	assert_non_null(s);
	settings_unref(s);
	assert_null(load("ENCRYPTION_KEY=c2hvcnQ="));
	assert_non_null(strstr(buf_str(&errors),
	    "environment ENCRYPTION_KEY: encryption_key: "));
	assert_null(strstr(buf_str(&errors), "c2hvcnQ"));

	s = load("MASTER_PASSWORD=secret");
	assert_non_null(s);
	assert_non_null(strstr(buf_str(&warnings), "master_password: is weak"));
	assert_non_null(
	    strstr(buf_str(&warnings), "encryption_salt: is the default one"));
	assert_string_equal(s->encryption_salt, "mcp-slackbot-default-salt");
	settings_unref(s);

	s = load("MASTER_PASSWORD=correct-horse-battery-staple "
		 "ENCRYPTION_SALT=mine");
	assert_non_null(s);
	assert_null(strstr(buf_str(&warnings), "weak"));
	assert_null(strstr(buf_str(&warnings), "salt"));
	settings_unref(s);

	s = load(KEY " MASTER_PASSWORD=secret"); /* the key wins */
	assert_non_null(s);
	assert_null(strstr(buf_str(&warnings), "weak"));
	settings_unref(s);

	assert_null(load("ENCRYPTION_KEY= LOG_LEVEL=info"));
	assert_non_null(strstr(buf_str(&errors),
	    "encryption_key: is not set. `dragoman init` makes one"));
}

static void
weak_passwords(void **state)
{
	static const struct {
		const char *password;
		bool weak;
	} cases[] = {
		{ "short", true },
		{ "aaaaaaaaaaaaaaaaaaaa", true },
		{ "Password1234", true },
		{ "mysecret12345", true },
		{ "tr0ub4dor&3xyz", false },
		{ "correct-horse-battery-staple", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		char text[100];
		struct settings *s;

		snprintf(text, sizeof(text), "MASTER_PASSWORD=%s",
		    cases[i].password);
		s = load(text);
		assert_non_null(s);
		if ((strstr(buf_str(&warnings), "is weak") != NULL)
		    != cases[i].weak)
			fail_msg("%s", cases[i].password);
		settings_unref(s);
	}
}

static void
names_of_old(void **state)
{
	struct settings *s = load("DATABASE_URL=sqlite:///x SLACK_APP_TOKEN=x "
				  "RATE_LIMIT_PER_MINUTE=3 SQL_ECHO=true "
				  "LOG_LEVEL=WARNING "
				  "CHAT_RATE_LIMIT_PER_MINUTE=1000000000");

	(void)state;
	assert_non_null(s);
	assert_non_null(
	    strstr(buf_str(&warnings), "database_url: is not used"));
	assert_non_null(
	    strstr(buf_str(&warnings), "slack_app_token: is not used"));
	assert_null(strstr(buf_str(&warnings), "rate_limit"));
	assert_int_equal(s->policy.call_limit, 3);
	assert_int_equal(s->policy.tool_call_limit, 120);
	assert_int_equal(s->policy.rate_limit, 1000000000);
	assert_true(s->sql_echo);
	assert_string_equal(s->log_level, "warn");
	settings_unref(s);
}

static void
wrong_together(void **state)
{
	static const struct {
		const char *variables, *error;
	} cases[] = {
		{ "TURNS_LEASE=60s TURNS_MAX_TIME=90s",
		    "environment TURNS_MAX_TIME: turns.max_time: must be at "
		    "least twice turns.lease" },
		{ "LLM_CONNECT=30s LLM_TOTAL=20s LLM_FIRST_BYTE=10s",
		    "llm.connect: is longer than llm.total" },
		{ "LLM_TOTAL=20s LLM_FIRST_BYTE=30s",
		    "llm.first_byte: is longer than llm.total" },
		{ "MCP_READ_ONLY=fs__*,caf\xc3\xa9",
		    "mcp.read_only: \"caf\xc3\xa9\": expected a name" },
		{ "CHAT_OPEN=true SERVER_LISTEN=0.0.0.0:9000",
		    "chat.open: is for loopback only" },
		{ "MCP_AUTH=none SERVER_LISTEN=0.0.0.0:9000",
		    "mcp.auth: none is for this machine only" },
		{ "MCP_AUTH=none SERVER_PUBLIC_URL=https://chat.example.org",
		    "mcp.auth: none is for this machine only" },
		{ "MCP_ORIGINS=app.example.org",
		    "mcp.origins: expected loopback" },
		{ "MCP_ORIGINS=https://app.example.org/",
		    "mcp.origins: expected loopback" },
		{ "MCP_RESOURCES_DIR=files",
		    "mcp.resources_dir: expected a whole path" },
		{ "MCP_PROMPTS_DIR=./prompts",
		    "mcp.prompts_dir: expected a whole path" },
		{ "SERVER_HOSTS=a.example.org:80",
		    "server.hosts: expected names without a port" },
		{ "SERVER_LISTEN=somewhere", "server.listen: expected unix:" },
		{ "SERVER_LISTEN=unix:relative",
		    "server.listen: expected a whole path" },
		{ "SERVER_LISTEN=::1:9000", "server.listen: expected unix:" },
		{ "SERVER_LISTEN=localhost:99999",
		    "server.listen: expected unix:" },
		{ "SERVER_LISTEN=socket:a:b",
		    "server.listen: expected a name after socket:" },
		{ "SERVER_LISTEN=fd:x",
		    "server.listen: expected a descriptor" },
		{ "REDIS_URL=localhost:6379", "redis.url: expected redis://" },
		{ "REDIS_URL=redis://h:0", "redis.url: the port is a number" },
		{ "REDIS_URL=unix://relative", "redis.url: a unix socket is" },
		{ "REDIS_URL=unix:///r.sock?db=x", "redis.url: after the" },
		{ "REDIS_URL=rediss://h", "redis.url: rediss:// (TLS) is not" },
		{ "SERVER_METRICS_ALLOW=10.0.0.0/8,example.org",
		    "server.metrics_allow: expected addresses such as" },
		{ "SERVER_METRICS_ALLOW=10.0.0.0/33",
		    "server.metrics_allow: expected addresses such as" },
		{ "MCP_SERVERS=http://x",
		    "mcp.servers: expected a mapping {\"NAME\": {\"url\":" },
		{ "MCP_SERVERS={\"w\":{\"url\":\"ftp://x\"}}",
		    "environment MCP_SERVERS: mcp.servers: w: url: expected "
		    "a URL that begins with http:// or https://; write \"NAME\": " },
		{ "MCP_SERVERS={\"w\":3}", "mcp.servers: w: expected a" },
		{ "MCP_SERVERS={\"w\":{\"url\":\"http://x\",\"headers\":"
		  "{\"N\":3}}}",
		    "mcp.servers: w: headers.N: expected a text of one line" },
		{ "MCP_SERVERS={\"w\":{\"url\":\"http://${NO_SUCH_NAME}\"}}",
		    "mcp.servers: w: url: ${NO_SUCH_NAME} is not set" },
		{ "MCP_CONFIG=/nowhere.json",
		    "/nowhere.json: mcp.config: cannot be read: No such" },
		{ "CHAT_RATE_LIMIT_PER_MINUTE=1000000001",
		    "expected a whole number from 1 to 1000000000" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		assert_null(load(cases[i].variables));
		if (strstr(buf_str(&errors), cases[i].error) == NULL)
			fail_msg("%s gave %s", cases[i].variables,
			    buf_str(&errors));
	}
	assert_null(load("TURNS_LEASE=9h REDIS_URL=x CHAT_HOST=y"));
	assert_non_null(strstr(buf_str(&errors), "turns.lease"));
	assert_non_null(strstr(buf_str(&errors), "redis.url"));
	assert_non_null(strstr(buf_str(&errors), "chat.host"));
}

/* A variable of ${front} and ${n} bytes: NULL when it is right, else the
 * errors. */
static const char *
with_length(const char *front, size_t n, const char *end)
{
	char variable[256];
	size_t at = strlen(front);
	struct settings *s;

	assert_true(at + n + strlen(end) < sizeof(variable));
	memcpy(variable, front, at);
	memset(variable + at, 'x', n);
	memcpy(variable + at + n, end, strlen(end) + 1);
	s = load(variable);
	settings_unref(s);
	return s == NULL ? buf_str(&errors) : NULL;
}

static void
paths_of_sockets_and_the_prefix_of_keys(void **state)
{
	static const char *const wrong[] = { "a{b", "a*", "a b:", "a}", "a%",
		"[a]", "a?", "ü:", "budget:", "a:breaker:", "canary" };
	char variable[64];

	(void)state;
	/* 107 bytes for us, one less for a client of hiredis 1.2. */
	assert_null(with_length("SERVER_LISTEN=unix:/", 106, ""));
	assert_non_null(strstr(with_length("SERVER_LISTEN=unix:/", 107, ""),
	    "server.listen: is longer than a socket's path may be (107"));
	assert_null(with_length("REDIS_URL=unix:///", 105, ""));
	assert_null(with_length("REDIS_URL=unix:///", 105, "?db=3"));
	assert_null(with_length("REDIS_URL=unix://u:p@/", 105, ""));
	assert_null(with_length("REDIS_URL=unix:///%41", 104, ""));
	assert_null(with_length("REDIS_URL=unix:", 106, ""));
	assert_null(with_length("REDIS_URL=redis+unix:///", 105, ""));
	assert_non_null(strstr(with_length("REDIS_URL=redis+unix:///", 106, ""),
	    "redis.url: the path is longer"));
	assert_non_null(strstr(with_length("REDIS_URL=unix:///", 106, ""),
	    "redis.url: the path is longer than a Redis client takes (106"));
	assert_null(with_length("REDIS_URL=redis://", 120, ""));

	assert_null(with_length("REDIS_PREFIX=", 31, ":"));
	assert_non_null(strstr(with_length("REDIS_PREFIX=", 32, ":"),
	    "redis.prefix: expected at most 32 letters"));
	for (size_t i = 0; i < NELEM(wrong); i++) {
		(void)snprintf(variable, sizeof(variable), "REDIS_PREFIX='%s'",
		    wrong[i]);
		assert_non_null(with_length(variable, 0, ""));
	}
}

static void
names_that_nobody_has_are_told(void **state)
{
	static const struct {
		const char *env, *warning; /* NULL: none */
	} cases[] = {
		{ "LLM_FALLBACK=claude",
		    "llm.fallback: \"claude\" is no name "
		    "in llm.backends" },
		{ "LLM_FALLBACK=openai/gpt-x", NULL },
		{ "LLM_QUIRKS=nobody:tools=no",
		    "\"nobody:tools=no\" has no "
		    "effect" },
		{ "LLM_QUIRKS=tools=no", NULL },
		{ "LLM_QUIRKS=openai:tools=no", NULL },
		{ "LLM_QUIRKS=openai/gpt-4o-mini:tools=no", NULL },
		{ "LLM_QUIRKS=openai/gpt-4o:tools=no", "has no effect" },
		{ "LLM_FALLBACK=groq/a:b LLM_QUIRKS=groq/a:b:tools=no", NULL },
		{ "LLM_FALLBACK=groq/a:b LLM_QUIRKS=groq:tools=no", NULL },
		{ "LLM_FALLBACK=groq/a:b LLM_QUIRKS=groq/a:tools=no",
		    "has no effect" },
	};
	struct settings *s;
	char env[256];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		snprintf(env, sizeof(env),
		    "OPENAI_API_KEY=k GROQ_API_KEY=k "
		    "CHAT_HOST=openai %s",
		    cases[i].env);
		buf_reset(&warnings);
		s = load(env);
		if (s == NULL)
			fail_msg("%s: %s", env, buf_str(&errors));
		if (cases[i].warning == NULL
			? strstr(buf_str(&warnings), "llm.") != NULL
			: strstr(buf_str(&warnings), cases[i].warning) == NULL)
			fail_msg("%s: %s", env, buf_str(&warnings));
		settings_unref(s);
	}
	assert_null(load("OPENAI_API_KEY=k LLM_FALLBACK=openai/"));
	assert_non_null(strstr(buf_str(&errors), "names no model"));
	assert_null(load("OPENAI_API_KEY=k LLM_FALLBACK=groq"));
}

static void
right_together(void **state)
{
	static const char *const cases[] = {
		"SERVER_LISTEN=[::1]:9000 CHAT_OPEN=true",
		"SERVER_LISTEN=127.0.0.1:9000 CHAT_OPEN=true",
		"SERVER_LISTEN=localhost:9000 CHAT_OPEN=yes",
		"SERVER_LISTEN=0.0.0.0:9000",
		"SERVER_LISTEN=[::1]:9000 MCP_AUTH=none",
		"MCP_ORIGINS=loopback,https://app.example.org:8443",
		"SERVER_HOSTS=host.docker.internal",
		"SERVER_LISTEN=fd:3",
		"SERVER_LISTEN=socket:edge",
		"SERVER_METRICS_ALLOW=10.0.0.0/8,::1,fd00::/8",
		"REDIS_URL=unix:///run/r.sock",
		"LLM_BASE_URL=http://localhost:8000/v1 CHAT_HOST=openai",
		"TURNS_LEASE=1s TURNS_MAX_TIME=3s",
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct settings *s = load(cases[i]);

		if (s == NULL)
			fail_msg("%s: %s", cases[i], buf_str(&errors));
		settings_unref(s);
	}
}

#define ROW(members) \
	"llm:\n  backends:\n    b: {host: openai, model: m" members "}\n"

static void
backends_that_are_wrong(void **state)
{
	static const struct {
		const char *yaml, *error;
	} cases[] = {
		{ "llm: {backends: {b: 3}}\n",
		    "llm.backends: b: expected a mapping" },
		{ "llm: {backends: {\"b/c\": {host: openai, model: m}}}\n",
		    "llm.backends: b/c: a name is 1 to 64" },
		{ "llm: {backends: {b: {model: m}}}\n",
		    "dragoman.yaml:1: llm.backends: b: host: expected " },
		{ "llm: {backends: {b: {host: azure, model: m}}}\n",
		    "b: host: expected openai, groq, ollama or" },
		{ "llm: {backends: {b: {host: openai}}}\n",
		    "b: model: expected a text: the model's name" },
		{ ROW(", base_url: ftp://x"),
		    "b: base_url: expected a URL that begins" },
		{ ROW(", base_url: \"http://\""),
		    "b: base_url: expected a URL that begins" },
		{ ROW(", key: x"),
		    "b: key: is not a member; there are host, model, base_url, "
		    "api_key or api_key_file, headers" },
		{ ROW(", api_key: 3"), "b: api_key: expected a text" },
		{ ROW(", api_key: x, api_key_file: y"),
		    "b: api_key_file: is given twice" },
		{ ROW(", api_key: \"${NO_SUCH_NAME}\""),
		    "b: api_key: ${NO_SUCH_NAME} is not set" },
		{ ROW(", api_key: \"x\\ny\""), "b: api_key: has a line end" },
		{ ROW(", api_key_file: /nowhere"),
		    "b: api_key: /nowhere cannot be read: No such" },
		{ ROW(", api_key_file: /dev/null"), "/dev/null is empty" },
		{ ROW(", headers: x"), "b: headers: expected a mapping" },
		{ ROW(", headers: {A: 3}"),
		    "b: headers.A: expected a text of one line" },
		{ ROW(", headers: {\"A B\": x}"),
		    "b: headers.A: expected the name of a header" },
		{ ROW(", headers: {\"A\\tkey\": x}"),
		    "b: headers.A: expected the name of a header" },
		/* A line where a name belongs may hold a key. */
		{ ROW(", headers: {\"A: key\": x}"),
		    "b: headers.A: expected the name of a header" },
		{ ROW(", \"A: key\": x"), "b: A: is not a member; there are" },
		{ ROW(", api_key_file: sk-key"),
		    "b: api_key: the file that is named there cannot be read: "
		    "No such" },
		{ ROW(", headers: {A: \"${NO_SUCH_NAME}\"}"),
		    "b: headers.A: ${NO_SUCH_NAME} is not set" },
		{ "llm: {fallback: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]}\n",
		    "llm.fallback: expected at most 15 models" },
		{ "llm: {headers: {A: \"${NO_SUCH_NAME}\"}}\n",
		    "llm.headers: A: ${NO_SUCH_NAME} is not set" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		assert_null(load_yaml(cases[i].yaml, ""));
		if (strstr(buf_str(&errors), cases[i].error) == NULL)
			fail_msg("%s gave %s", cases[i].yaml, buf_str(&errors));
	}
}

static void
backends_are_read(void **state)
{
	const struct settings_backend *b;
	struct settings *s;
	struct buf shown = BUF_INIT(MIB);
	const char *key = put("other_key", "sk-of-a-file\n");

	(void)state;
	setenv("KEY_OF_B", "sk-of-b", 1);
	s = load_yaml("llm:\n"
		      "  headers: {api-key: literal-word}\n"
		      "  fallback: [b, c, openai/d]\n"
		      "  backends:\n"
		      "    b: {host: anthropic, model: m, base_url: "
		      "\"http://u:login-word@h/x?key=query-word\", api_key: "
		      "\"${KEY_OF_B}\", headers: {A: \"<${KEY_OF_B}>\"}}\n"
		      "    c: {host: openai, model: m2, api_key_file: "
		      "other_key}\n"
		      "    unused: {host: groq, model: m3, api_key: literal}\n",
	    "OPENAI_API_KEY=k");
	if (s == NULL)
		fail_msg("%s", buf_str(&errors));
	assert_int_equal(s->nbackends, 3);
	b = &s->backends[0];
	assert_string_equal(b->name, "b");
	assert_int_equal(b->host, HOST_ANTHROPIC);
	assert_string_equal(b->model, "m");
	assert_true(secret_equals(&b->key, "sk-of-b"));
	assert_string_equal(b->headers[0], "A: <sk-of-b>");
	assert_null(b->headers[1]);
	assert_true(secret_equals(&s->backends[1].key, "sk-of-a-file"));
	assert_string_equal(s->backends[1].base_url, "");
	assert_non_null(strstr(buf_str(&warnings),
	    "llm.backends: unused is not asked: name it in llm.fallback"));
	/* Nobody is shown a key. */
	assert_int_equal(config_value(s->config, "llm.headers", &shown), 0);
	assert_non_null(strstr(buf_str(&shown), "api-key"));
	assert_int_equal(config_value(s->config, "llm.backends", &shown), 0);
	assert_null(strstr(buf_str(&shown), "literal"));
	assert_null(strstr(buf_str(&shown), "sk-of"));
	assert_null(strstr(buf_str(&shown), "-word"));
	assert_non_null(strstr(buf_str(&shown), "anthropic"));
	buf_fini(&shown);
	settings_unref(s);
	unlink(key);
	unsetenv("KEY_OF_B");
}

/* The edge reads the same file; the keys are not for it. */
static void
who_asks_no_model_has_no_key(void **state)
{
	char key[] = KEY, *env[] = { key, NULL };
	struct settings_source src = { .environ = env,
		.file = put("dragoman.yaml",
		    "llm:\n"
		    "  headers: {A: \"${NO_SUCH_NAME}\"}\n"
		    "  backends:\n"
		    "    b: {host: openai, model: m, api_key: "
		    "\"${NO_SUCH_NAME}\", headers: {A: \"${NO_SUCH_NAME}\"}}\n"
		    "    c: {host: openai, model: m, api_key_file: "
		    "/nowhere}\n"
		    "    d: {host: openai, model: m, api_key: literal, "
		    "headers: {A: literal}, base_url: "
		    "\"http://u:literal@h\"}\n"
		    "mcp:\n"
		    "  servers:\n"
		    "    s: {url: \"http://h/?key=literal\", headers: {A: "
		    "literal}, env: {TOKEN: literal}, args: [literal]}\n") };
	struct settings *s;
	char *all;
	size_t i;

	(void)state;
	buf_fini(&errors);
	buf_init(&errors, MIB);
	s = settings_load(&src, &errors, &warnings);
	if (s == NULL)
		fail_msg("%s", buf_str(&errors));
	assert_int_equal(s->nbackends, 3);
	for (i = 0; i < s->nbackends; i++) {
		assert_false(secret_is_set(&s->backends[i].key));
		assert_null(s->backends[i].headers[0]);
	}
	all = json_dumps(s->llm_backends, 0);
	assert_null(strstr(all, "literal"));
	free(all);
	all = json_dumps(s->mcp_servers, 0);
	assert_null(strstr(all, "literal"));
	free(all);
	assert_string_equal(s->backends[2].name, "d");
	assert_string_equal(s->backends[2].model, "m");
	assert_string_equal(s->backends[2].base_url, "");
	settings_unref(s);

	/* Who calls tools has the keys of their servers, and still no model's. */
	src.calls_tools = true;
	s = settings_load(&src, &errors, &warnings);
	if (s == NULL)
		fail_msg("%s", buf_str(&errors));
	all = json_dumps(s->llm_backends, 0);
	assert_null(strstr(all, "literal"));
	free(all);
	all = json_dumps(s->mcp_servers, 0);
	assert_non_null(strstr(all, "literal"));
	free(all);
	settings_unref(s);
}

static void
servers_config(void **state)
{
	struct settings *s;
	const char *json = put("servers_config.json", "{\"mcpServers\": {}}\n");

	(void)state;
	s = load_yaml("chat: {}\n", "");
	assert_non_null(s);
	assert_string_equal(s->mcp_config, json);
	settings_unref(s);
	put("servers_config.json", "{\n \"mcpServers\": }\n");
	assert_null(load_yaml("", ""));
	assert_non_null(
	    strstr(buf_str(&errors), "servers_config.json: line 2: not JSON"));
	unlink(json);
}

static void
servers_are_read(void **state)
{
	static const struct {
		const char *text, *error; /* NULL: right */
	} cases[] = {
		{ "{\"mcpServers\":{}}", NULL },
		{ "{\"mcpServers\":{\"a\":{\"url\":\"http://x/mcp\","
		  "\"headers\":{\"Authorization\":\"Bearer ${TOKEN_OF_TEST}\""
		  "}}}}",
		    NULL },
		{ "{\"mcpServers\":{\"a\":{\"command\":\"npx\",\"args\":[]}}}",
		    NULL },
		{ "{\"mcpServers\":{\"a\":{\"url\":\"\",\"disabled\":true}}}",
		    NULL },
		{ "{\"mcpServers\":{\"a\":{\"disabled\":\"yes\"}}}", NULL },
		{ "{\"mcpServers\":{\"a\":{\"disabled\":1}}}", NULL },
		{ "{\"mcpServers\":{\"a\":{\"disabled\":\"no\"}}}",
		    "a: expected \"url\"" },
		{ "{\"mcpServers\":{\"a\":{\"url\":\"http://x\","
		  "\"disabled\":\"maybe\"}}}",
		    "a: disabled: expected" },
		{ "{\n\"mcpServers\":{\n,}}", "line 3: not JSON" },
		{ "{}", "mcpServers: expected a mapping" },
		{ "{\"mcpServers\":[]}", "mcpServers: expected a mapping" },
		{ "{\"mcpServers\":{\"a b\":{\"url\":\"http://x\"}}}",
		    "a b: a name is 1 to 64" },
		{ "{\"mcpServers\":{\"a\":7}}", "a: expected a mapping" },
		{ "{\"mcpServers\":{\"a\":{}}}",
		    "a: expected \"url\", an http(s) address; write \"NAME\"" },
		{ "{\"mcpServers\":{\"a\":{\"url\":12}}}",
		    "a: url: expected a text" },
		{ "{\"mcpServers\":{\"a\":{\"url\":\"http://x\"},"
		  "\"a\":{\"url\":\"http://y\"}}}",
		    "line 1: not JSON: dupl" },
		{ "{\"mcpServers\":{\"a\":{\"url\":\"ftp://x\"}}}",
		    "a: url: expected a URL that" },
		{ "{\"mcpServers\":{\"a\":{\"url\":\"http://${UNSET_HERE}\"}}}",
		    "a: url: ${UNSET_HERE} is not set" },
		{ "{\"mcpServers\":{\"a\":{\"url\":\"http://x\",\"headers\":"
		  "[]}}}",
		    "a: headers: expected a mapping" },
		{ "{\"mcpServers\":{\"a\":{\"url\":\"http://x\",\"headers\":"
		  "{\"X\":1}}}}",
		    "a: headers.X: expected a text of one line" },
		{ "{\"mcpServers\":{\"a\":{\"url\":\"http://x\",\"headers\":"
		  "{\"X\":\"a\\nb\"}}}}",
		    "a: headers.X: expected a text of one line" },
	};
	char path[] = "/tmp/test_servers.XXXXXX";
	struct settings s = { .refs = 1,
		.chat_memcp_url = "",
		.mcp_config = path,
		.file = "dragoman.yaml",
		.mcp_timeout_ms = 1000 };
	struct buf found = BUF_INIT(8192);
	struct settings_server *list;
	struct arena *mem = arena_new();
	size_t i;
	int fd = mkstemp(path);

	(void)state;
	setenv("TOKEN_OF_TEST", "t", 1);
	for (i = 0; i < NELEM(cases); i++) {
		buf_reset(&found);
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(
		    pwrite(fd, cases[i].text, strlen(cases[i].text), 0),
		    strlen(cases[i].text));
		if ((settings_servers(&s, mem, &list, &found) == -1)
		    != (cases[i].error != NULL))
			fail_msg("%s: %s", cases[i].text, buf_str(&found));
		if (cases[i].error != NULL
		    && (strstr(buf_str(&found), cases[i].error) == NULL
			|| strstr(buf_str(&found), path) == NULL))
			fail_msg("%s: %s", cases[i].text, buf_str(&found));
	}
	/* All at once, and the same name in both places. */
	s.mcp_servers = json_pack("{s:{s:s}, s:{s:s}, s:i}", "a", "url",
	    "http://x", "b", "url", "x", "c", 1);
	buf_reset(&found);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, cases[1].text, strlen(cases[1].text), 0),
	    strlen(cases[1].text));
	assert_int_equal(settings_servers(&s, mem, &list, &found), -1);
	assert_non_null(
	    strstr(buf_str(&found), "dragoman.yaml: mcp.servers: b: url"));
	assert_non_null(strstr(buf_str(&found), "mcp.servers: c: expected"));
	assert_non_null(strstr(buf_str(&found), "a: named twice"));
	json_decref(s.mcp_servers);
	s.mcp_servers = NULL;
	close(fd);
	unlink(path);
	buf_reset(&found);
	assert_int_equal(settings_servers(&s, mem, &list, &found), -1);
	assert_non_null(strstr(buf_str(&found), "No such file"));
	buf_fini(&found);
	arena_free(mem);
}

/* With one tenant all have the default, which is the settings'. */
static void
the_policy_is_the_settings(void **state)
{
	const struct caller who = { .tenant = "t", .key = "k" };
	struct settings *s = load(
	    "OPENAI_API_KEY=k GROQ_API_KEY=k CHAT_HOST=groq "
	    "LLM_MODEL=m LLM_FALLBACK=openai/x "
	    "CHAT_RATE_LIMIT_PER_MINUTE=7 CHAT_INBOX_MAX=3 "
	    "CHAT_INBOX_BYTES=64k CHAT_TOOLS=echo "
	    "CHAT_REPEATABLE=time LLM_ROUNDS=2 BUDGET_TURN=1 "
	    "BUDGET_CHAT=2 BUDGET_DAY=3");
	const struct policy *p;

	(void)state;
	if (s == NULL)
		fail_msg("%s", buf_str(&errors));
	p = policy_of(s, &who);
	assert_ptr_equal(policy_of(s, NULL), p);
	assert_int_equal(p->host, HOST_GROQ);
	assert_string_equal(p->model, "m");
	assert_string_equal(p->fallback.items[0], "openai/x");
	assert_int_equal(p->rate_limit, 7);
	assert_int_equal(p->inbox_max, 3);
	assert_int_equal(p->inbox_bytes, 64 * KIB);
	assert_string_equal(p->tools.items[0], "echo");
	assert_string_equal(p->repeatable.items[0], "time");
	assert_int_equal(p->rounds, 2);
	assert_int_equal(p->budget_turn, 1);
	assert_int_equal(p->budget_chat, 2);
	assert_int_equal(p->budget_day, 3);
	settings_unref(s);
}

static void
references(void **state)
{
	struct settings *s = load("");

	(void)state;
	assert_ptr_equal(settings_ref(s), s);
	settings_unref(s);
	assert_int_equal(s->refs, 1);
	settings_unref(s);
	settings_unref(NULL);
	assert_string_equal(settings_host_name(HOST_ANTHROPIC), "anthropic");
	assert_string_equal(settings_host_name(99), "direct");
}

/* No two rows may be set by one variable, nor by another one's _FILE. */
static void
names_are_distinct(void **state)
{
	char a[CONFIG_NAME_MAX], b[CONFIG_NAME_MAX + 8];
	size_t i, j, k, l;

	(void)state;
	for (i = 0; i < SETTINGS_N; i++)
		for (k = 0; config_env_name(&SETTINGS[i], k, a); k++)
			for (j = 0; j < SETTINGS_N; j++)
				for (l = 0; config_env_name(&SETTINGS[j], l, b);
				     l++) {
					if (i != j && strcmp(a, b) == 0)
						fail_msg("%s is two", a);
					snprintf(b + strlen(b), 6, "_FILE");
					if (strcmp(a, b) == 0)
						fail_msg("%s is two", a);
				}
}

static char *
source_file(const char *name)
{
	const char *dir = getenv("srcdir");
	char path[512];
	char *text = calloc(1, TEXT_MAX);
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir == NULL ? "." : dir, name);
	f = fopen(path, "r");
	if (f == NULL)
		fail_msg("%s is not there: run this by make check", path);
	assert_true(fread(text, 1, TEXT_MAX - 1, f) > 0);
	fclose(f);
	return text;
}

static void
all_are_documented(void **state)
{
	char *example = source_file("env.example");
	char *docs = source_file("docs/SETTINGS.md");
	char name[CONFIG_NAME_MAX], line[CONFIG_NAME_MAX + 260];
	size_t i, k;

	(void)state;
	for (i = 0; i < SETTINGS_N; i++) {
		const struct config_def *def = &SETTINGS[i];

		if ((def->flags & CONFIG_HIDDEN) != 0)
			continue;
		assert_non_null(def->help);
		snprintf(line, sizeof(line), "| `%s` |", def->key);
		if (strstr(docs, line) == NULL)
			fail_msg("docs/SETTINGS.md has no row %s", line);
		for (k = 0; config_env_name(def, k, name); k++) {
			snprintf(line, sizeof(line), "\n#%s=", name);
			if (strstr(example, line) == NULL)
				fail_msg("env.example has no line #%s=", name);
			snprintf(line, sizeof(line), "`%s`", name);
			if (strstr(docs, line) == NULL)
				fail_msg("docs/SETTINGS.md lacks %s", name);
		}
		if (def->fallback != NULL) {
			snprintf(line, sizeof(line), "| `%s` |", def->fallback);
			if (strstr(docs, line) == NULL)
				fail_msg("docs/SETTINGS.md lacks the default "
					 "%s of %s",
				    def->fallback, def->key);
		}
	}
	free(example);
	free(docs);
}

/* Of each row somebody has decided whether the edge keeps its keys. */
static void
secrets_are_somebody_s(void **state)
{
	static const char *const EDGE[] = { "proxy_secret", "mcp_api_keys",
		"encryption_key", "master_password" };
	size_t i, k;

	(void)state;
	for (i = 0; i < SETTINGS_N; i++) {
		const struct config_def *def = &SETTINGS[i];
		bool secret = def->type == CONFIG_SECRET
		    || def->type == CONFIG_MAP || def->type == CONFIG_RECORDS;

		for (k = 0; k < NELEM(EDGE); k++)
			if (strcmp(EDGE[k], def->key) == 0)
				secret = false;
		if (secret
		    != ((def->flags & (CONFIG_ASKER | CONFIG_CALLER)) != 0))
			fail_msg("%s: %s", def->key,
			    secret ? "has keys, so it is CONFIG_ASKER; or the "
				     "edge needs them: name it here"
				   : "is CONFIG_ASKER and has no keys");
	}
}

/* The quickstart's edge is not given what the edge would wipe. */
static void
the_quickstart_hides_them(void **state)
{
	char *text = source_file("deploy/quickstart.d/settings.sh");
	char *names = strstr(text, "\nhidden_names() {"), *end;
	char name[CONFIG_NAME_MAX];
	size_t i, k, len;

	(void)state;
	assert_non_null(names);
	end = strstr(names, "\n}");
	assert_non_null(end);
	*end = '\0';
	for (i = 0; i < SETTINGS_N; i++)
		for (k = 0; (SETTINGS[i].flags & CONFIG_ASKER) != 0
		     && config_env_name(&SETTINGS[i], k, name);
		     k++) {
			len = strlen(name);
			if (len > 8 && strcmp(name + len - 8, "_API_KEY") == 0)
				assert_non_null(strstr(names, "*_API_KEY,"));
			else if (strstr(names, name) == NULL)
				fail_msg("hidden_names() lacks %s", name);
		}
	free(text);
}

/* YAML has many words for it, and takes a text in quotes for a text. */
static void
servers_are_disabled(void **state)
{
	static const char *const WORDS[] = { "true", "yes", "True", "on", "1",
		"\"true\"", "'yes'" };
	struct arena *mem = arena_new();
	struct settings_server *list;
	char yaml[200];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(WORDS); i++) {
		struct settings *s;

		snprintf(yaml, sizeof(yaml),
		    "mcp:\n  servers:\n    a: {url: \"http://x\", disabled: "
		    "%s}\n    b: {url: \"http://y\", disabled: no}\n",
		    WORDS[i]);
		s = load_yaml(yaml, "");
		if (s == NULL)
			fail_msg("%s: %s", WORDS[i], buf_str(&errors));
		if (settings_servers(s, mem, &list, &errors) != 1)
			fail_msg("%s: is listed", WORDS[i]);
		assert_string_equal(list[0].name, "b");
		settings_unref(s);
	}
	arena_free(mem);
}

/* A model's name alone: what is missing is a key, not a host. */
static void
a_model_without_a_key(void **state)
{
	(void)state;
	settings_unref(load("LLM_MODEL=gpt-4o"));
	assert_non_null(strstr(buf_str(&warnings),
	    "no model is asked, although chat.model or llm.fallback is set: "
	    "set OPENAI_API_KEY, "));
	settings_unref(load("LLM_MODEL=gpt-4o CHAT_HOST=direct"));
	assert_non_null(strstr(buf_str(&warnings),
	    "chat.host: is direct, so no model is asked: "));
}

static void
prompts(void **state)
{
	static char yaml[80 * 1024];
	const char *file = put("prompt.txt", "You review.\nBriefly.\n");
	char variable[128];
	struct settings *s;

	(void)state;
	snprintf(variable, sizeof(variable), "CHAT_PROMPT_FILE=%s", file);
	s = load(variable);
	assert_non_null(s);
	assert_string_equal(s->chat_prompt, "You review.\nBriefly.");
	settings_unref(s);
	unlink(file);
	s = load_yaml("chat:\n  prompt: |\n    You review.\n    Briefly.\n",
	    "");
	assert_non_null(s);
	assert_string_equal(s->chat_prompt, "You review.\nBriefly.\n");
	settings_unref(s);
	snprintf(yaml, sizeof(yaml), "chat:\n  prompt: %065537d\n", 0);
	assert_null(load_yaml(yaml, ""));
	assert_non_null(strstr(buf_str(&errors),
	    "chat.prompt: expected a text in UTF-8 of at most 64 KiB"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_of_sockets_and_the_prefix_of_keys),
		cmocka_unit_test(names_that_nobody_has_are_told),
		cmocka_unit_test(quirks),
		cmocka_unit_test(a_wrong_host_is_one_error),
		cmocka_unit_test(hosts),
		cmocka_unit_test(a_cut_backend_is_whole_characters),
		cmocka_unit_test(memcp),
		cmocka_unit_test(memcp_s_own_file),
		cmocka_unit_test(where_it_is_searched),
		cmocka_unit_test(keys),
		cmocka_unit_test(weak_passwords),
		cmocka_unit_test(names_of_old),
		cmocka_unit_test(wrong_together),
		cmocka_unit_test(right_together),
		cmocka_unit_test(backends_that_are_wrong),
		cmocka_unit_test(backends_are_read),
		cmocka_unit_test(who_asks_no_model_has_no_key),
		cmocka_unit_test(servers_config),
		cmocka_unit_test(servers_are_read),
		cmocka_unit_test(servers_are_disabled),
		cmocka_unit_test(secrets_are_somebody_s),
		cmocka_unit_test(the_quickstart_hides_them),
		cmocka_unit_test(the_policy_is_the_settings),
		cmocka_unit_test(references),
		cmocka_unit_test(a_model_without_a_key),
		cmocka_unit_test(prompts),
		cmocka_unit_test(names_are_distinct),
		cmocka_unit_test(all_are_documented),
	};

	return cmocka_run_group_tests(tests, settings_fixture_begin,
	    settings_fixture_end);
}
