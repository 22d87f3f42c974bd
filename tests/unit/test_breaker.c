/*
 * The rows of breakers: each backend has its own; those that no configuration
 * names any more are used again, but not under the hands of a turn.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "chat/breaker.h"
#include "work/worker.h"

static struct worker worker;
static struct models models = { .w = &worker, .mu = PTHREAD_MUTEX_INITIALIZER };

static const char *
name_of(const char *model)
{
	struct llm_backend b = { .host = HOST_OPENAI,
		.model = model,
		.base_url = "" };
	static char name[LLM_BREAKER_NAME_MAX];

	llm_breaker_name(&b, name);
	return name;
}

static void
keep(const char *model)
{
	struct settings s = { .policy.host = HOST_OPENAI,
		.policy.model = model,
		.llm_base_url = "",
		.chat_ollama_url = "",
		.llm_max_tokens_name = "" };

	model_breakers_keep(&models, &s);
}

static struct model_breaker *
row_of(const char *model)
{
	return model_breaker_hold(&models, name_of(model));
}

static void
a_backend_has_one_row(void **state)
{
	struct model_breaker *a = row_of("a"), *b = row_of("b");

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_ptr_not_equal(a, b);
	assert_ptr_equal(row_of("a"), a);
	model_breaker_drop(&models, a);
	model_breaker_drop(&models, a);
	model_breaker_drop(&models, b);
	keep("a");
	assert_ptr_equal(row_of("a"), a);
	model_breaker_drop(&models, a);
	assert_string_equal(b->name, "");
}

/* As often as an operator changes the model: there is a breaker for it. */
static void
rows_do_not_run_out(void **state)
{
	struct model_breaker *br;
	char model[32];
	int i;

	(void)state;
	for (i = 0; i < 5 * MODELS_MAX; i++) {
		snprintf(model, sizeof(model), "model-%d", i);
		keep(model);
		br = row_of(model);
		if (br == NULL)
			fail_msg("no row for the %dth model", i + 1);
		/* Nothing is left of whose row it was. */
		assert_int_equal(atomic_load(&br->last_rc), -1);
		assert_int_equal(model_breaker_open_ms(br), 0);
		atomic_store(&br->last_rc, LLM_RETRY);
		atomic_store(&br->open_until_ms, clock_wall_ms() + 15000);
		assert_true(model_breaker_open_ms(br) > 0);
		model_breaker_drop(&models, br);
	}
	keep("a");
}

static void
a_held_row_stays(void **state)
{
	struct model_breaker *held = row_of("old"), *br;
	char model[32];
	int i, n = 0;

	(void)state;
	keep("new");
	assert_string_equal(held->name, name_of("old"));
	assert_ptr_equal(row_of("old"), held); /* a turn begun before */
	model_breaker_drop(&models, held);
	keep("new");
	assert_string_equal(held->name, name_of("old"));
	/* All rows in use: none is taken from anybody. */
	for (i = 0; i < MODELS_MAX + 5; i++) {
		snprintf(model, sizeof(model), "more-%d", i);
		br = row_of(model);
		assert_ptr_not_equal(br, held);
		n += br != NULL;
	}
	assert_int_equal(n, MODELS_MAX - 1);
	model_breaker_drop(&models, held);
	keep("new");
	assert_string_equal(held->name, "");
	br = row_of("new");
	assert_ptr_equal(br, held);
	model_breaker_drop(&models, br);
}

/* A breaker that opens for longer than any does: the clock went back. */
static void
a_clock_that_went_back_opens_none(void **state)
{
	struct model_breaker br = { .name = "x" };

	(void)state;
	atomic_store(&br.open_until_ms, clock_wall_ms() + 3600 * 1000);
	assert_int_equal(model_breaker_open_ms(&br), 0);
	assert_int_equal(model_breaker_open_ms(NULL), 0);
	model_breaker_drop(&models, NULL);
	model_breaker_succeed(&models, NULL);
	model_breaker_fail(&models, NULL, LLM_RETRY, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_backend_has_one_row),
		cmocka_unit_test(rows_do_not_run_out),
		cmocka_unit_test(a_held_row_stays),
		cmocka_unit_test(a_clock_that_went_back_opens_none),
	};

	return cmocka_run_group_tests_name("breaker", tests, NULL, NULL);
}
