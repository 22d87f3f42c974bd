/*
 * From settings to backends: addresses, keys, fallbacks; and the estimate.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "base/text.h"
#include "llm/llm.h"
#include "llm/quirks.h"

static const struct {
	const char *what;
	int host;
	const char *base_url, *ollama;
	const char *fallback; /* one, or NULL */
	int host0;
	const char *url0;
	int host1;
	const char *model1, *url1;
} CASES[] = {
	{ "openai", HOST_OPENAI, "", "", NULL, HOST_OPENAI, "", 0, NULL, NULL },
	{ "openai at another address", HOST_OPENAI, "http://x/v1", "", "small",
	    HOST_OPENAI, "http://x/v1", HOST_OPENAI, "small", "http://x/v1" },
	{ "groq", HOST_GROQ, "", "", "openai/gpt-4o", HOST_GROQ,
	    "https://api.groq.com/openai/v1", HOST_OPENAI, "gpt-4o", "" },
	{ "a base URL is the host's of chat.host", HOST_GROQ, "http://x/v1", "",
	    "anthropic/claude", HOST_GROQ, "http://x/v1", HOST_ANTHROPIC,
	    "claude", "" },
	{ "ollama", HOST_OLLAMA, "", "http://o:11434/", NULL, HOST_OLLAMA,
	    "http://o:11434/v1", 0, NULL, NULL },
	{ "a model whose name has a slash", HOST_GROQ, "", "",
	    "meta-llama/llama-4", HOST_GROQ, "https://api.groq.com/openai/v1",
	    HOST_GROQ, "meta-llama/llama-4", "https://api.groq.com/openai/v1" },
	{ "a host and such a model", HOST_OPENAI, "", "http://o",
	    "ollama/hf.co/a/b", HOST_OPENAI, "", HOST_OLLAMA, "hf.co/a/b",
	    "http://o/v1" },
};

static void
backends_come_from_settings(void **state)
{
	struct arena *mem = arena_new();
	struct llm_backend *b;
	size_t i, n;

	(void)state;
	for (i = 0; i < NELEM(CASES); i++) {
		const char *items[] = { CASES[i].fallback };
		struct settings s = { .policy.host = CASES[i].host,
			.policy.model = "m",
			.llm_base_url = CASES[i].base_url,
			.chat_ollama_url = CASES[i].ollama,
			.llm_max_tokens_name = "" };

		s.policy.fallback.items = items;
		s.policy.fallback.n = CASES[i].fallback != NULL;
		n = llm_backends(&s, &s.policy, mem, &b);
		assert_int_equal(n, 1 + s.policy.fallback.n);
		if (b[0].host != CASES[i].host0
		    || strcmp(b[0].base_url, CASES[i].url0) != 0)
			fail_msg("%s: %s", CASES[i].what, b[0].base_url);
		assert_string_equal(b[0].model, "m");
		if (n == 1)
			continue;
		if (b[1].host != CASES[i].host1
		    || strcmp(b[1].model, CASES[i].model1) != 0
		    || strcmp(b[1].base_url, CASES[i].url1) != 0)
			fail_msg("%s: %d %s %s", CASES[i].what, b[1].host,
			    b[1].model, b[1].base_url);
	}
	arena_free(mem);
}

/* Of which key is which address asked?  No key goes to another's server. */
static void
keys_stay_with_their_servers(void **state)
{
	static const struct {
		const char *what;
		int host;              /* chat.host */
		const char *moved;     /* llm.base_url */
		int of;                /* the row's host */
		const char *url, *own; /* its address and key */
		const char *sent_to, *key;
	} cases[] = {
		{ "its own address and key", HOST_OPENAI, "", HOST_OPENAI,
		    "http://b/v1", "own", "http://b/v1", "own" },
		{ "its own address, no key", HOST_OPENAI, "", HOST_OPENAI,
		    "http://b/v1", NULL, "http://b/v1", NULL },
		{ "the usual address, its own key", HOST_OPENAI, "",
		    HOST_OPENAI, "", "own", "", "own" },
		{ "the usual address, no key", HOST_OPENAI, "", HOST_OPENAI, "",
		    NULL, "", "openai" },
		{ "another host's usual address", HOST_OPENAI, "http://a/v1",
		    HOST_GROQ, "", NULL, "https://api.groq.com/openai/v1",
		    "groq" },
		{ "the host's key is that of llm.base_url", HOST_OPENAI,
		    "http://a/v1", HOST_OPENAI, "", NULL, "", NULL },
		{ "another wire", HOST_OPENAI, "http://a/v1", HOST_ANTHROPIC,
		    "http://b", NULL, "http://b", NULL },
		{ "ollama's address", HOST_OPENAI, "", HOST_OLLAMA, "", NULL,
		    "http://o/v1", NULL },
	};
	const char *items[] = { "b" };
	const char *none[] = { NULL }, *some[] = { "H: v", NULL };
	struct settings_backend row = { .name = "b", .model = "m2" };
	struct arena *mem = arena_new();
	struct llm_backend *b;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct settings s = { .policy.host = cases[i].host,
			.policy.model = "m",
			.llm_base_url = cases[i].moved,
			.chat_ollama_url = "http://o",
			.llm_max_tokens_name = "",
			.policy.fallback = { items, 1 },
			.llm_headers = json_pack("{s:s}", "P", "primary"),
			.backends = &row,
			.nbackends = 1 };

		secret_set(&s.openai_api_key, "openai", 6);
		secret_set(&s.groq_api_key, "groq", 4);
		row.host = cases[i].of;
		row.base_url = cases[i].url;
		row.headers = i % 2 == 0 ? none : some;
		if (cases[i].own != NULL)
			secret_set(&row.key, cases[i].own,
			    strlen(cases[i].own));
		assert_int_equal(llm_backends(&s, &s.policy, mem, &b), 2);
		assert_true(secret_equals(b[0].key, "openai"));
		assert_string_equal(b[0].headers[0], "P: primary");
		assert_string_equal(b[1].name, "b");
		assert_string_equal(b[1].model, "m2");
		assert_ptr_equal(b[1].headers, row.headers);
		if (strcmp(b[1].base_url, cases[i].sent_to) != 0)
			fail_msg("%s: %s", cases[i].what, b[1].base_url);
		if (cases[i].key == NULL
			? b[1].key != NULL && secret_is_set(b[1].key)
			: b[1].key == NULL
			    || !secret_equals(b[1].key, cases[i].key))
			fail_msg("%s: the key is another", cases[i].what);
		secret_clear(&s.openai_api_key);
		secret_clear(&s.groq_api_key);
		secret_clear(&row.key);
		json_decref(s.llm_headers);
	}
	arena_free(mem);
}

/* llm.headers may hold a key: they go to the server of chat.host alone. */
static void
headers_stay_with_their_server(void **state)
{
	const char *items[] = { "anthropic/claude", "small" };
	struct settings s = { .policy.host = HOST_OPENAI,
		.policy.model = "m",
		.llm_base_url = "",
		.chat_ollama_url = "",
		.llm_max_tokens_name = "",
		.policy.fallback = { items, 2 },
		.llm_headers = json_pack("{s:s, s:s}", "X-Key", "secret",
		    "X-Two", "a\r\nX-Three: b") };
	struct arena *mem = arena_new();
	struct llm_backend *b;

	(void)state;
	assert_int_equal(llm_backends(&s, &s.policy, mem, &b), 3);
	assert_non_null(b[0].headers);
	assert_string_equal(b[0].headers[0], "X-Key: secret");
	assert_null(b[0].headers[1]); /* a line end begins none */
	assert_null(b[1].headers);
	assert_non_null(b[2].headers); /* another model of chat.host */
	json_decref(s.llm_headers);
	arena_free(mem);
}

/* OPENAI_BASE_URL: wherever openai is asked, its key goes there. */
static void
a_host_that_was_moved_has_its_key(void **state)
{
	const char *items[] = { "openai/x", "plain" };
	struct settings_backend row = { .name = "plain",
		.host = HOST_OPENAI,
		.model = "y",
		.base_url = "" };
	struct settings s = { .policy.host = HOST_ANTHROPIC,
		.policy.model = "m",
		.llm_base_url = "",
		.openai_base_url = "http://gateway/v1",
		.anthropic_base_url = "",
		.chat_ollama_url = "",
		.llm_max_tokens_name = "",
		.policy.fallback = { items, 2 },
		.backends = &row,
		.nbackends = 1 };
	struct arena *mem = arena_new();
	struct llm_backend *b;
	size_t i;

	(void)state;
	secret_set(&s.openai_api_key, "k", 1);
	assert_int_equal(llm_backends(&s, &s.policy, mem, &b), 3);
	assert_string_equal(b[0].base_url, "");
	for (i = 1; i < 3; i++) {
		assert_string_equal(b[i].base_url, "http://gateway/v1");
		assert_ptr_equal(b[i].key, &s.openai_api_key);
	}
	/* As settings_load has it where chat.host is openai. */
	s.policy.host = HOST_OPENAI;
	s.llm_base_url = "http://gateway/v1";
	(void)llm_backends(&s, &s.policy, mem, &b);
	assert_string_equal(b[2].base_url, "http://gateway/v1");
	assert_ptr_equal(b[2].key, &s.openai_api_key);
	/* LLM_BASE_URL wins: the key is that server's. */
	s.llm_base_url = "http://other/v1";
	(void)llm_backends(&s, &s.policy, mem, &b);
	assert_string_equal(b[0].base_url, "http://other/v1");
	assert_string_equal(b[2].base_url, "http://gateway/v1");
	assert_null(b[2].key);
	secret_clear(&s.openai_api_key);
	arena_free(mem);
}

/* Rows that differ in address or key alone fail and learn for themselves. */
static void
rows_have_names_of_their_own(void **state)
{
	struct llm_backend b = { .host = HOST_OPENAI,
		.model = "m",
		.base_url = "http://a/v1" };
	struct llm_quirks quirks = LLM_QUIRKS_INIT;
	const char *items[] = { "eu:tools=no", "openai/m:temperature=no" };
	struct settings s = { .llm_quirks = { items, 2 } };
	char first[LLM_BREAKER_NAME_MAX], name[LLM_BREAKER_NAME_MAX],
	    learned[LLM_BACKEND_NAME_MAX], label[LLM_BACKEND_NAME_MAX],
	    model[400];

	(void)state;
	llm_breaker_name(&b, first);
	llm_backend_label(&b, label);
	assert_string_equal(label, "openai/m");
	b.base_url = "http://b/v1";
	llm_breaker_name(&b, name);
	assert_string_not_equal(first, name);
	b.base_url = "http://a/v1";
	b.name = "eu";
	llm_breaker_name(&b, name);
	assert_string_not_equal(first, name);
	llm_backend_label(&b, label);
	assert_string_equal(label, "openai/m@eu");
	/* What a server can't do, it can't with either key. */
	llm_backend_name(&b, learned);
	assert_string_equal(learned, first);

	llm_quirks_stated(&s, &b, &quirks);
	assert_true(llm_lacks(&quirks, LLM_CAN_TOOLS));
	assert_true(llm_lacks(&quirks, LLM_CAN_TEMPERATURE));
	quirks = LLM_QUIRKS_INIT;
	b.name = NULL;
	llm_quirks_stated(&s, &b, &quirks);
	assert_false(llm_lacks(&quirks, LLM_CAN_TOOLS));

	/* A long name is cut between characters, and the row's stays. */
	memset(model, 'x', sizeof(model));
	memcpy(model + 170, "\xc3\xa4\xc3\xa4\xc3\xa4", 6);
	model[399] = '\0';
	b.model = model;
	b.name
	    = "0123456789012345678901234567890123456789012345678901234567890123";
	llm_backend_label(&b, label);
	assert_true(text_is_utf8(label, strlen(label)));
	assert_non_null(strstr(label, b.name));
}

static void
direct_mode_has_none(void **state)
{
	struct settings s = { .policy.host = HOST_DIRECT };
	struct arena *mem = arena_new();
	struct llm_backend *b;

	(void)state;
	assert_int_equal(llm_backends(&s, &s.policy, mem, &b), 0);
	arena_free(mem);
}

static void
an_estimate_grows_with_all(void **state)
{
	struct image image = { "image/png", "x" };
	struct tool_call call = { "c", "echo", "{\"text\":\"0123456789\"}" };
	struct tool_spec tool = { .name = "echo", .description = "d" };
	struct llm_message m = { .role = LLM_USER, .text = "0123456789" };
	int64_t plain = llm_estimate(&m, 1, NULL, 0), more;

	(void)state;
	assert_true(plain > 2 && plain < 20);
	more = llm_estimate(&m, 1, &tool, 1);
	assert_true(more > plain);
	m.calls = &call;
	m.ncalls = 1;
	assert_true(llm_estimate(&m, 1, NULL, 0) > plain + 5);
	m.ncalls = 0;
	m.images = &image;
	m.nimages = 1;
	assert_int_equal(llm_estimate(&m, 1, NULL, 0), plain + 1000);
	assert_string_equal(llm_rc_name(LLM_CONTEXT), "context");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(backends_come_from_settings),
		cmocka_unit_test(keys_stay_with_their_servers),
		cmocka_unit_test(headers_stay_with_their_server),
		cmocka_unit_test(a_host_that_was_moved_has_its_key),
		cmocka_unit_test(rows_have_names_of_their_own),
		cmocka_unit_test(direct_mode_has_none),
		cmocka_unit_test(an_estimate_grows_with_all),
	};

	return cmocka_run_group_tests_name("backends", tests, NULL, NULL);
}
