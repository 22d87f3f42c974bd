/*
 * settings: names that nobody reads, keys as they were pasted, and that one
 * error neither hides another nor makes one up.
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
#include "base/paste.h"
#include "llm/llm.h"
#include "tests/unit/settings_fixture.h"

/* Each may be NULL; ${variable} is one, and KEY comes with it. */
static struct settings *
load(const char *yaml, const char *env_file, const char *variable, bool asks)
{
	char copy[512] = "", key[] = KEY, *env[] = { key, copy, NULL };
	const struct settings_source src = { .file = yaml == NULL
		    ? NULL
		    : put("dragoman.yaml", yaml),
		.env_file = env_file == NULL ? NULL : put("e.env", env_file),
		.environ = env,
		.asks_models = asks };

	if (variable != NULL)
		snprintf(copy, sizeof(copy), "%s", variable);
	else
		env[1] = NULL;
	if (variable != NULL && strncmp(variable, "ENCRYPTION", 10) == 0)
		env[0] = copy, env[1] = NULL;
	return load_source(&src);
}

static void
misspelt_names(void **state)
{
	static const struct {
		const char *env_file, *variable;
		const char *warning; /* NULL: none at all */
	} cases[] = {
		/* In an env file, all that nobody reads. */
		{ "CHAT_HSOT=direct\n", NULL,
		    "e.env:1: CHAT_HSOT: is not a setting; did you mean "
		    "CHAT_HOST?" },
		{ "chat.host=direct\n", NULL, "did you mean CHAT_HOST?" },
		{ "DRAGOMAN_LOG_LEVEL=info\n", NULL, "mean LOG_LEVEL?" },
		{ "OPENAI_API_KEY_FLIE=x\n", NULL,
		    "mean OPENAI_API_KEY_FILE?" },
		{ "DRAGOMAN_OF_OTHERS=1\n", NULL,
		    "e.env:1: DRAGOMAN_OF_OTHERS: is not a setting\n" },
		{ "OPENAI_URL=x\n", NULL, "mean OPENAI_BASE_URL?" },
		{ "OPENAI_KEY=x\n", NULL, "mean OPENAI_API_KEY?" },
		{ "PORT=80\n", NULL, "mean SERVER_PORT?" },
		{ "SOME_THING=1\n", NULL,
		    "e.env:1: SOME_THING: is not a setting\n" },
		{ "Ab3dEf=\n", NULL, "e.env:1: the name before =: is not a" },
		{ "LOG_LEVEL=info\nQUICKSTART_WAIT=3\nMCP_HOST=::1\n", NULL,
		    NULL },
		{ "OPENAI_API_KEY_FILE=\n", NULL, NULL },
		{ "DRAGOMAN_CONFIG=/x\n", NULL,
		    "e.env:1: DRAGOMAN_CONFIG: has no effect in an env" },
		/* In the environment, two letters away. */
		{ NULL, "LLM_MODLE=x",
		    "environment: LLM_MODLE: is not a setting; did you mean "
		    "LLM_MODEL?" },
		{ NULL, "CHAT_HOSTS=x", "mean CHAT_HOST?" },
		/* Or another program's. */
		{ NULL, "OPENAI_MODEL=x",
		    "environment: OPENAI_MODEL: is not a setting; did you "
		    "mean LLM_MODEL?" },
		{ NULL, "CLAUDE_API_KEY=x", "mean ANTHROPIC_API_KEY?" },
		{ NULL, "LLM_API_KEY=x", "mean OPENAI_API_KEY?" },
		{ NULL, "MODEL=x", "mean LLM_MODEL?" },
		{ NULL, "PORT=80", NULL },
		{ NULL, "CHAT_HOSTNAME=x", NULL },
		{ NULL, "LLM_MOXXL=x", "mean LLM_MODEL?" },
		{ NULL, "LLM_MXXXL=x", NULL }, /* three are no slip */
		{ NULL, "DRAGOMAN_OF_OTHERS=1", NULL },
		{ NULL, "DRAGOMAN_LLM_MODEL=m", "mean LLM_MODEL?" },
		{ NULL, "SOME_THING=1", NULL },
		{ NULL, "CHAT_HOSTS=", NULL },
		{ NULL, "HTTP_PROXY=http://p:1", NULL },
		{ NULL, "CHAT_PORT=80", "mean CHAT_HOST?" },
		{ NULL, "CHAT_PORT=tcp://10.0.0.1:80", NULL },
		{ NULL, "CHAT_PORT=udp://10.0.0.1:80", NULL },
		{ NULL, "MCP_SERVICE_PORT=80", NULL },
		{ NULL, "CHAT_PORT_8000_TCP_PROTO=tcp", NULL },
		{ NULL, "REDIS_PORT_6379_TCP=tcp://10.0.0.1:6379", NULL },
	};
	struct settings *s;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		const char *what = cases[i].env_file != NULL
		    ? cases[i].env_file
		    : cases[i].variable;

		s = load(NULL, cases[i].env_file, cases[i].variable, true);
		if (s == NULL)
			fail_msg("%s: %s", what, buf_str(&errors));
		if (cases[i].warning == NULL
			? warnings.len > 0
			: strstr(buf_str(&warnings), cases[i].warning) == NULL)
			fail_msg("%s: %s", what, buf_str(&warnings));
		assert_null(strstr(buf_str(&warnings), "Ab3dEf"));
		settings_unref(s);
	}
	/* The edge may not read all that names it. */
	s = load(NULL, "SOME_THING=1\nCHAT_HSOT=x\n", NULL, false);
	assert_non_null(s);
	assert_null(strstr(buf_str(&warnings), "SOME_THING"));
	assert_non_null(strstr(buf_str(&warnings), "CHAT_HSOT"));
	settings_unref(s);
}

/* ${NAME} in a value: of the env file, too, which makes it a known one. */
static void
names_in_values(void **state)
{
	static const char YAML[]
	    = "chat: {host: openai, model: m}\n"
	      "llm:\n"
	      "  fallback: [b]\n"
	      "  backends:\n"
	      "    b: {host: openai, model: m, base_url: 'http://h/v1', "
	      "api_key: '${KEY_OF_B}'}\n"
	      "  base_url: http://a/v1\n"
	      "  headers: {X-One: 'is ${OF_A_HEADER}'}\n";
	struct arena *mem = arena_new();
	struct llm_backend *list;
	struct settings *s = load(YAML, "KEY_OF_B=secret\nOF_A_HEADER=it\n",
	    NULL, true);

	(void)state;
	if (s == NULL)
		fail_msg("%s", buf_str(&errors));
	assert_string_equal(buf_str(&warnings), "");
	assert_true(secret_equals(&s->backends[0].key, "secret"));
	assert_int_equal(llm_backends(s, policy_of(s, NULL), mem, &list), 2);
	assert_string_equal(list[0].headers[0], "X-One: is it");
	settings_unref(s);
	arena_free(mem);

	assert_null(load(YAML, "OF_A_HEADER=it\n", NULL, true));
	assert_non_null(strstr(buf_str(&errors),
	    "b: api_key: ${KEY_OF_B} is "
	    "not set, neither in the environment nor in an env file"));

	put("servers_config.json",
	    "{\"mcpServers\": {\"n\": {\"url\": "
	    "\"http://n/mcp\", \"headers\": {\"T\": \"${TOKEN_OF_N}\"}}}}");
	s = load("{}", "TOKEN_OF_N=t\n", NULL, true);
	assert_non_null(s);
	assert_string_equal(buf_str(&warnings), "");
	settings_unref(s);
	unlink(put("servers_config.json", ""));
}

static void
pasted_keys(void **state)
{
	static const struct {
		const char *variable, *key;
		const char *said; /* of warnings, or of errors */
	} cases[] = {
		{ "OPENAI_API_KEY=sk-1", "sk-1", NULL },
		{ "OPENAI_API_KEY= sk-1\r\n", "sk-1", NULL },
		{ "OPENAI_API_KEY=\"sk-1\"", "sk-1", "with quotes around it" },
		{ "OPENAI_API_KEY=Bearer sk-1", "sk-1",
		    "with \"Bearer\" before it" },
		{ "OPENAI_API_KEY='Bearer sk-1' ", "sk-1", "quotes" },
		{ "OPENAI_API_KEY=\xef\xbb\xbfsk-1\xe2\x80\x8b", "sk-1", NULL },
		{ "OPENAI_API_KEY=\xc2\xa0sk-1", "sk-1", NULL },
		{ "OPENAI_API_KEY=sk-\xe2\x80\x8b"
		  "1",
		    "sk-\xe2\x80\x8b"
		    "1",
		    "a character in it that no key has" },
		{ "OPENAI_API_KEY=\xe2\x80\x9csk-1\xe2\x80\x9d", "sk-1",
		    "quotes" },
		{ "OPENAI_API_KEY=OPENAI_API_KEY=sk-12345678", "sk-12345678",
		    "its variable's name before it" },
		{ "OPENAI_API_KEY=sk 1", "sk 1", "has a blank in it" },
		{ "OPENAI_API_KEY=sk-1\n2", NULL,
		    "openai_api_key: has a line end in it (6 characters): "
		    "give it as one line" },
		{ "ENCRYPTION_KEY=\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmN"
		  "kZWY=\"",
		    "", "encryption_key: was given with quotes" },
		{ "ENCRYPTION_KEY=c2hvcnQ=", NULL,
		    "it has 8 characters, a key has 43 or 44. `openssl rand "
		    "-base64 32` prints a new one, `dragoman init`" },
		{ "ENCRYPTION_KEY=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmN"
		  "kZWY=,short",
		    NULL, "number 2 has 5 characters" },
		{ "ENCRYPTION_KEY=000102030405060708090a0b0c0d0e0f000102030"
		  "405060708090a0b0c0d0e0f",
		    NULL, "64 hexadecimal digits are no base64" },
		{ "PROXY_SECRET=\"mine\"", "",
		    "proxy_secret: begins and ends with a quote" },
	};
	struct settings *s;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		const struct buf *said = cases[i].key == NULL ? &errors
							      : &warnings;

		s = load(NULL, NULL, cases[i].variable, true);
		if ((s == NULL) != (cases[i].key == NULL))
			fail_msg("%s: %s", cases[i].variable, buf_str(&errors));
		if (cases[i].said == NULL
			? said->len > 0
			: strstr(buf_str(said), cases[i].said) == NULL)
			fail_msg("%s: %s", cases[i].variable, buf_str(said));
		if (cases[i].key != NULL && cases[i].key[0] != '\0')
			assert_true(
			    secret_equals(&s->openai_api_key, cases[i].key));
		settings_unref(s);
	}
	s = load("llm: {fallback: [b], backends: {b: {host: openai, model: m, "
		 "base_url: 'http://b', api_key: 'Bearer k'}}}\n",
	    NULL, "OPENAI_API_KEY=k", true);
	assert_non_null(s);
	assert_true(secret_equals(&s->backends[0].key, "k"));
	assert_non_null(strstr(buf_str(&warnings),
	    "b: api_key: was given "
	    "with \"Bearer\""));
	settings_unref(s);
}

/* What is wrong is all said, and nothing that only follows from it. */
static void
one_error_makes_no_other(void **state)
{
	static const struct {
		const char *yaml, *variable;
		const char *said[2]; /* of two errors, or of one */
	} cases[] = {
		{ "chat: {host: groq\n",
		    "ENCRYPTION_KEY=", { "file: expected YAML" } },
		{ "chat: {host: groq\n", "ENCRYPTION_KEY=short",
		    { "file: expected YAML", "it has 5 characters" } },
		{ "chat: {host: groq\n", "LLM_ROUNDS=many",
		    { "file: expected YAML", "llm.rounds: expected" } },
		{ "chat: {host: groq\n", "CHAT_AUTH=memcp",
		    { "file: expected YAML" } },
		{ "chat: {host: groq\n", "TURNS_LEASE=6m",
		    { "file: expected YAML" } },
		{ "encryption_keys: x\n",
		    "ENCRYPTION_KEY=", { "did you mean encryption_key?" } },
		{ "encrypton_key_file: x\n", "ENCRYPTION_KEY=",
		    { "did you mean encryption_key_file?" } },
		{ "chat: {memcp_url: here, auth: memcp}\n", NULL,
		    { "chat.memcp_url: expected a URL" } },
		{ "llm: {total: x, connect: 30s}\n", NULL,
		    { "llm.total: expected a time" } },
		{ "openai_api_key: a\ngroq_api_key: b\nchat: {modle: gpt-x}\n",
		    NULL, { "did you mean chat.model?" } },
	};
	size_t i, lines, n;
	const char *p;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		assert_null(load(cases[i].yaml, NULL, cases[i].variable, true));
		for (lines = 0, p = buf_str(&errors); *p != '\0'; p++)
			lines += *p == '\n';
		n = cases[i].said[1] == NULL ? 1 : 2;
		if (lines != n
		    || strstr(buf_str(&errors), cases[i].said[0]) == NULL
		    || (n == 2
			&& strstr(buf_str(&errors), cases[i].said[1]) == NULL))
			fail_msg("%s, %s: %s", cases[i].yaml, cases[i].variable,
			    buf_str(&errors));
	}
}

/* LLM_BASE_URL alone is a server that speaks as OpenAI's. */
static void
base_url_alone(void **state)
{
	static const struct {
		const char *yaml, *backend;
		bool lacks;
	} cases[] = {
		{ "llm: {base_url: 'http://h:1/v1'}\n", "openai", true },
		{ "llm: {base_url: 'http://h:1/v1'}\nchat: {model: m}\n",
		    "openai/m", false },
		{ "llm: {base_url: 'http://h:1/v1'}\nopenai_api_key: k\n",
		    "openai", true },
		{ "llm: {base_url: 'http://h:1'}\nanthropic_api_key: k\n",
		    "anthropic/claude-haiku-4-5", false },
		{ "llm: {base_url: 'https://api.openai.com/v1'}\n"
		  "openai_api_key: k\n",
		    "openai/gpt-4o-mini", false },
		{ "llm: {base_url: 'https://API.openai.com/v1'}\n",
		    "openai/gpt-4o-mini", false },
		{ "llm: {base_url: 'http://h:1/v1'}\nchat: {host: ollama}\n",
		    "ollama", true },
		{ "chat: {host: ollama}\n", "ollama/llama3.2", false },
		{ "llm: {base_url: 'https://x/deployments/d?api-version=1'}\n",
		    "openai/gpt-4o-mini", false },
		{ "llm: {base_url: 'http://h:1/v1'}\nchat: {host: direct}\n",
		    "direct", false },
	};
	char backend[64];
	struct settings *s;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		s = load(cases[i].yaml, NULL, NULL, true);
		if (s == NULL)
			fail_msg("%s: %s", cases[i].yaml, buf_str(&errors));
		settings_backend(s, backend, sizeof(backend));
		assert_string_equal(backend, cases[i].backend);
		assert_int_equal(settings_lacks_model(s), cases[i].lacks);
		settings_unref(s);
	}
}

struct by_address {
	const char *variables[4];
	const char *host, *url; /* of chat.host */
	const char *warning, *error;
};

/* The names of the providers' SDKs; a key goes where its owner said. */
static const struct by_address BY_ADDRESS[] = {
	{ { "OPENAI_BASE_URL=http://a/v1", "OPENAI_API_KEY=k" }, "openai",
	    "http://a/v1", NULL, NULL },
	{ { "OPENAI_API_BASE=http://a/v1" }, "openai", "http://a/v1", NULL,
	    NULL },
	{ { "ANTHROPIC_BASE_URL=http://a" }, "anthropic", "http://a", NULL,
	    NULL },
	{ { "ANTHROPIC_BASE_URL=http://a", "ANTHROPIC_API_KEY=k" }, "anthropic",
	    "http://a", NULL, NULL },
	{ { "OPENAI_BASE_URL=http://a/v1", "LLM_BASE_URL=http://b/v1" },
	    "openai", "http://b/v1",
	    "openai_base_url: is not used for chat.host: llm.base_url", NULL },
	{ { "OPENAI_BASE_URL=http://a/v1", "ANTHROPIC_API_KEY=k" }, "anthropic",
	    "", NULL, NULL },
	{ { "OPENAI_BASE_URL=http://a/v1", "CHAT_HOST=groq", "GROQ_API_KEY=k" },
	    "groq", "", NULL, NULL },
	{ { "OPENAI_URL=http://a/v1", "OPENAI_API_KEY=k" }, NULL, NULL, NULL,
	    "environment: OPENAI_URL: is not a setting; did you mean "
	    "OPENAI_BASE_URL? Without it the API key would go to" },
	{ { "LLM_BASE_ULR=http://a/v1", "OPENAI_API_KEY=k" }, NULL, NULL, NULL,
	    "mean LLM_BASE_URL? Without it the API key" },
	{ { "OPENAI_URL=http://a/v1", "ANTHROPIC_API_KEY=k",
	      "LLM_FALLBACK=openai/x" },
	    "anthropic", "", "mean OPENAI_BASE_URL?", NULL },
	{ { "OPENAI_URL=http://a/v1", "OPENAI_API_KEY=k", "CHAT_HOST=ollama",
	      "LLM_FALLBACK=openai/x" },
	    NULL, NULL, NULL, "mean OPENAI_BASE_URL? Without it" },
	{ { "OPENAI_URL=http://a/v1", "OPENAI_API_KEY=k", "CHAT_HOST=ollama",
	      "LLM_BACKENDS={\"b\":{\"host\":\"openai\",\"model\":\"m\"}}" },
	    NULL, NULL, NULL, "mean OPENAI_BASE_URL? Without it" },
	{ { "OPENAI_URL=http://a/v1", "ANTHROPIC_API_KEY=k", "OPENAI_API_KEY=k",
	      "CHAT_HOST=anthropic" },
	    "anthropic", "", "mean OPENAI_BASE_URL?", NULL },
	{ { "LLM_URL=http://a/v1", "LLM_BASE_URL=http://b/v1",
	      "OPENAI_API_KEY=k" },
	    "openai", "http://b/v1", NULL, NULL },
	{ { "AZURE_OPENAI_ENDPOINT=http://a", "OPENAI_API_KEY=k" }, "openai",
	    "", "mean LLM_BASE_URL?", NULL },
};

static void
addresses_by_other_names(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < NELEM(BY_ADDRESS); i++) {
		const struct by_address *c = &BY_ADDRESS[i];
		char key[] = KEY, copies[4][128], *env[6] = { key };
		const struct settings_source src = { .environ = env,
			.asks_models = true };
		struct settings *s;

		for (j = 0; j < 4 && c->variables[j] != NULL; j++) {
			snprintf(copies[j], sizeof(copies[j]), "%s",
			    c->variables[j]);
			env[1 + j] = copies[j];
		}
		buf_fini(&errors);
		buf_fini(&warnings);
		buf_init(&errors, MIB);
		buf_init(&warnings, MIB);
		s = settings_load(&src, &errors, &warnings);
		if ((s == NULL) != (c->error != NULL)
		    || (c->error != NULL
			&& strstr(buf_str(&errors), c->error) == NULL))
			fail_msg("%zu: %s", i, buf_str(&errors));
		if (s == NULL)
			continue;
		if (c->warning == NULL
			? warnings.len > 0
			: strstr(buf_str(&warnings), c->warning) == NULL)
			fail_msg("%zu: %s", i, buf_str(&warnings));
		if (strcmp(settings_host_name(s->policy.host), c->host) != 0
		    || strcmp(s->llm_base_url, c->url) != 0)
			fail_msg("%zu: %s at %s", i,
			    settings_host_name(s->policy.host),
			    s->llm_base_url);
		settings_unref(s);
	}
}

/* The page lists each name beside ours. */
static void
names_of_others_are_documented(void **state)
{
	const struct settings_foreign *e;
	const char *dir = getenv("srcdir");
	static char text[256 * 1024];
	char path[512], name[64];
	const char *row, *end, *at;
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/docs/SETTINGS.md",
	    dir == NULL ? "." : dir);
	f = fopen(path, "r");
	if (f == NULL)
		fail_msg("%s is not there: run this by make check", path);
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	fclose(f);
	for (e = SETTINGS_FOREIGN; e->name != NULL; e++) {
		snprintf(name, sizeof(name), "\n| `%s` | `", e->ours);
		row = strstr(text, name);
		if (row == NULL)
			fail_msg("no row of %s", e->ours);
		end = strchr(row + 1, '\n');
		snprintf(name, sizeof(name), "`%s`", e->name);
		at = strstr(row, name);
		if (at == NULL || at > end)
			fail_msg("%s is not beside %s", e->name, e->ours);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_by_other_names),
		cmocka_unit_test(names_of_others_are_documented),
		cmocka_unit_test(misspelt_names),
		cmocka_unit_test(names_in_values),
		cmocka_unit_test(pasted_keys),
		cmocka_unit_test(one_error_makes_no_other),
		cmocka_unit_test(base_url_alone),
	};

	return cmocka_run_group_tests(tests, settings_fixture_begin,
	    settings_fixture_end);
}
