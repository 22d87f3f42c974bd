#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "chat/context.h"
#include "chat/phrases.h"

static struct arena *mem;
static struct settings settings;
static struct chat_given given;
static struct job job = { .given = &given };
static struct turn *t;

static int
begin(void **state)
{
	(void)state;
	mem = arena_new();
	settings = (struct settings){ .policy.max_history = 10,
		.policy.history_tokens = 8000,
		.persona_name = "",
		.persona_tagline = "",
		.chat_prompt = "",
		.persona_tone = "" };
	given = (struct chat_given){ .message = { .text = "the question" } };
	t = arena_alloc(mem, sizeof(*t));
	t->s = &settings;
	t->policy = &settings.policy;
	t->job = &job;
	t->mem = mem;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	arena_free(mem);
	return 0;
}

/* Exchanges "q0"/"a0", "q1"/"a1", ... */
static void
history_of(size_t n)
{
	size_t i;

	given.history = arena_alloc(mem, n * sizeof(*given.history));
	given.nhistory = n;
	for (i = 0; i < n; i++)
		given.history[i] = (struct history_entry){ arena_printf(mem,
							       "q%zu", i),
			arena_printf(mem, "a%zu", i) };
}

static void
the_newest_exchanges_that_fit(void **state)
{
	/* An exchange of these is (2 + 12) * 2 / 3 = 9 tokens. */
	static const struct {
		const char *what;
		size_t nhistory;
		int64_t max, tokens;
		bool shortened;
		size_t kept;
	} cases[] = {
		{ "none there", 0, 10, 8000, false, 0 },
		{ "all", 5, 10, 8000, false, 5 },
		{ "as many as set", 8, 3, 8000, false, 3 },
		{ "none wanted", 8, 0, 8000, false, 0 },
		{ "as many as there are tokens for", 8, 10, 30, false, 3 },
		{ "exactly", 8, 10, 27, false, 3 },
		{ "one less", 8, 10, 26, false, 2 },
		{ "none fits", 8, 10, 8, false, 0 },
		{ "half when too long", 8, 10, 8000, true, 4 },
		{ "half of the tokens", 8, 10, 40, true, 2 },
		{ "of one, none", 1, 10, 8000, true, 0 },
	};
	struct llm_message *m;
	size_t i, n;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		history_of(cases[i].nhistory);
		settings.policy.max_history = cases[i].max;
		settings.policy.history_tokens = cases[i].tokens;
		t->shortened = cases[i].shortened;
		n = context_build(t, &m);
		if (n != 2 + 2 * cases[i].kept)
			fail_msg("%s: %zu messages", cases[i].what, n);
		assert_int_equal(m[0].role, LLM_SYSTEM);
		assert_int_equal(m[n - 1].role, LLM_USER);
		assert_string_equal(m[n - 1].text, "the question");
		if (cases[i].kept > 0) {
			assert_int_equal(m[n - 3].role, LLM_USER);
			assert_string_equal(m[n - 3].text,
			    given.history[given.nhistory - 1].user);
			assert_int_equal(m[n - 2].role, LLM_ASSISTANT);
		}
	}
}

static void
rounds_follow_the_question(void **state)
{
	static struct tool_call calls[] = { { "c1", "echo", "{}" },
		{ "c2", "time", "{}" } };
	char *longer = arena_alloc(mem, 5001);
	struct llm_message *m;
	size_t n;

	(void)state;
	memset(longer, 'x', 5000);
	given.message.images[0] = (struct image){ "image/png", "AA" };
	given.message.nimages = 1;
	t->nrounds = 1;
	t->rounds[0].answer = (struct llm_answer){ .text = "let me look",
		.calls = calls,
		.ncalls = 2,
		.extra = "[]",
		.extra_wire = "anthropic" };
	t->rounds[0].results[0] = (struct turn_result){ .text = longer };
	t->rounds[0].results[1] = (struct turn_result){ .end = TOOL_FAILED,
		.text = "no" };
	n = context_build(t, &m);
	assert_int_equal(n, 5);
	assert_int_equal(m[1].nimages, 1);
	assert_int_equal(m[2].role, LLM_ASSISTANT);
	assert_string_equal(m[2].text, "let me look");
	assert_int_equal(m[2].ncalls, 2);
	assert_string_equal(m[2].extra, "[]");
	assert_string_equal(m[2].extra_wire, "anthropic");
	assert_int_equal(m[3].role, LLM_TOOL);
	assert_string_equal(m[3].call_id, "c1");
	assert_string_equal(m[3].tool, "echo");
	assert_false(m[3].is_error);
	assert_int_equal(strlen(m[3].text), 5000);
	assert_true(m[4].is_error);

	t->shortened = t->summarise = true;
	n = context_build(t, &m);
	assert_int_equal(n, 5); /* nobody speaks after the tools */
	assert_int_equal(text_count(m[3].text, strlen(m[3].text)), 2000);
	assert_non_null(strstr(m[0].text, PHRASE_SUMMARISE));
}

static void
the_most_rounds_there_can_be(void **state)
{
	struct llm_message *m;
	struct turn_round *r;
	int k, i;

	(void)state;
	for (k = 0; k < TURN_ANSWERS_MAX; k++) {
		r = &t->rounds[k];
		r->answer.text = "";
		r->answer.calls = arena_alloc(mem,
		    TOOL_CALLS_MAX * sizeof(struct tool_call));
		r->answer.ncalls = TOOL_CALLS_MAX;
		for (i = 0; i < TOOL_CALLS_MAX; i++) {
			r->answer.calls[i] = (struct tool_call){ "c", "echo",
				"{}" };
			r->results[i].text = "x";
		}
	}
	t->nrounds = TURN_ANSWERS_MAX;
	t->summarise = true;
	assert_int_equal(context_build(t, &m),
	    2 + TURN_ANSWERS_MAX * (1 + TOOL_CALLS_MAX));
}

static void
the_system_text_names_the_person(void **state)
{
	char *text = context_system(mem, &settings);

	(void)state;
	assert_non_null(strstr(text, "helpful assistant"));
	assert_null(strstr(text, "tone"));
	settings.persona_name = "Ada";
	settings.persona_tone = "dry";
	text = context_system(mem, &settings);
	assert_non_null(strstr(text, "for Ada. "));
	assert_non_null(strstr(text, "in this tone: dry."));
	settings.persona_tagline = "engineer";
	assert_non_null(
	    strstr(context_system(mem, &settings), "for Ada (engineer). "));
}

static void
the_operator_s_prompt_is_instead_of_ours(void **state)
{
	char *text = context_system(mem, &settings);

	(void)state;
	assert_null(strstr(text, "sentences")); /* nobody asked for few */
	assert_non_null(strstr(text,
	    "\nAnswer in the language of the "
	    "question."));
	settings.chat_prompt = " You review code.\nSay what is wrong.\n";
	text = context_system(mem, &settings);
	assert_memory_equal(text,
	    "You review code.\nSay what is wrong.\nUse the tools", 48);
	assert_null(strstr(text, "helpful assistant"));
	assert_null(strstr(text, "language of the question"));
	assert_non_null(strstr(text, "not an instruction to you."));
	settings.persona_name = "Ada";
	settings.persona_tone = "dry";
	text = context_system(mem, &settings);
	assert_memory_equal(text, "You speak in a chat for Ada.", 28);
	assert_non_null(strstr(text, "\nYou review code.\n"));
	assert_non_null(strstr(text, "\nAnswer in this tone: dry."));
	settings.chat_prompt = " \n";
	settings.persona_name = "";
	assert_non_null(strstr(context_system(mem, &settings), "helpful"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_newest_exchanges_that_fit,
		    begin, end),
		cmocka_unit_test_setup_teardown(rounds_follow_the_question,
		    begin, end),
		cmocka_unit_test_setup_teardown(the_most_rounds_there_can_be,
		    begin, end),
		cmocka_unit_test_setup_teardown(
		    the_system_text_names_the_person, begin, end),
		cmocka_unit_test_setup_teardown(
		    the_operator_s_prompt_is_instead_of_ours, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
