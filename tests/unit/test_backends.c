/*
 * From settings to backends: addresses, keys, fallbacks; and the estimate.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "llm/llm.h"

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
	{ "openai", HOST_OPENAI, "", "", NULL, HOST_OPENAI, "", 0, NULL,
	    NULL },
	{ "openai at another address", HOST_OPENAI, "http://x/v1", "",
	    "small", HOST_OPENAI, "http://x/v1", HOST_OPENAI, "small",
	    "http://x/v1" },
	{ "groq", HOST_GROQ, "", "", "openai/gpt-4o", HOST_GROQ,
	    "https://api.groq.com/openai/v1", HOST_OPENAI, "gpt-4o", "" },
	{ "a base URL is the host's of chat.host", HOST_GROQ, "http://x/v1",
	    "", "anthropic/claude", HOST_GROQ, "http://x/v1", HOST_ANTHROPIC,
	    "claude", "" },
	{ "ollama", HOST_OLLAMA, "", "http://o:11434/", NULL, HOST_OLLAMA,
	    "http://o:11434/v1", 0, NULL, NULL },
	{ "a model whose name has a slash", HOST_GROQ, "", "",
	    "meta-llama/llama-4", HOST_GROQ, "https://api.groq.com/openai/v1",
	    HOST_GROQ, "meta-llama/llama-4",
	    "https://api.groq.com/openai/v1" },
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
		struct settings s = { .chat_host = CASES[i].host,
			.chat_model = "m",
			.llm_base_url = CASES[i].base_url,
			.chat_ollama_url = CASES[i].ollama,
			.llm_max_tokens_name = "" };

		s.llm_fallback.items = items;
		s.llm_fallback.n = CASES[i].fallback != NULL;
		n = llm_backends(&s, mem, &b);
		assert_int_equal(n, 1 + s.llm_fallback.n);
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

static void
direct_mode_has_none(void **state)
{
	struct settings s = { .chat_host = HOST_DIRECT };
	struct arena *mem = arena_new();
	struct llm_backend *b;

	(void)state;
	assert_int_equal(llm_backends(&s, mem, &b), 0);
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
		cmocka_unit_test(direct_mode_has_none),
		cmocka_unit_test(an_estimate_grows_with_all),
	};

	return cmocka_run_group_tests_name("backends", tests, NULL, NULL);
}
