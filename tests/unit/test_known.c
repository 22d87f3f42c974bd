/*
 * What a process knows of a backend: as Redis has it, read again when it is
 * old, and as it was while Redis does not answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "chat/known.h"
#include "chat/models.h"
#include "redis/learned.h"
#include "tests/unit/redis_fixture.h"
#include "work/worker.h"

#define UNTIL_MS 30000

static struct worker worker;
static struct models models = { .w = &worker, .mu = PTHREAD_MUTEX_INITIALIZER };
static const struct settings CONFIGURED = { .policy.host = HOST_OPENAI,
	.policy.model = "m",
	.llm_base_url = "",
	.chat_ollama_url = "",
	.llm_max_tokens_name = "" };
static const struct llm_backend BACKEND = { .host = HOST_OPENAI,
	.model = "m",
	.base_url = "" };

static const char *
name(void)
{
	static char text[LLM_BACKEND_NAME_MAX];

	llm_backend_name(&BACKEND, text);
	return text;
}

static bool
lacks(enum llm_feature f)
{
	struct llm_quirks q;

	known_quirks(&models, &CONFIGURED, &BACKEND, &q);
	return llm_lacks(&q, f);
}

static bool
becomes(enum llm_feature f, bool lacking)
{
	const struct timespec t = { .tv_nsec = 20 * 1000000L };
	int64_t until = clock_boot_ms() + UNTIL_MS;

	while (lacks(f) != lacking) {
		if (clock_boot_ms() > until)
			return false;
		nanosleep(&t, NULL);
	}
	return true;
}

static int
begin(void **state)
{
	struct redis_fixture *f = *state;

	worker.store = f->store;
	memset(models.known, 0, sizeof(models.known));
	return redis_fixture_flush(state);
}

/* What another process learns or forgets is noticed. */
static void
it_is_read_again(void **state)
{
	struct redis_fixture *f = *state;

	assert_false(lacks(LLM_CAN_TOOLS));
	assert_int_equal(learned_add(f->store, name(), "tools", "no"),
	    STORE_OK);
	assert_true(becomes(LLM_CAN_TOOLS, true));
	assert_int_equal(learned_forget(f->store, name()), STORE_OK);
	assert_true(becomes(LLM_CAN_TOOLS, false));
}

static void
what_is_learned_is_known_at_once(void **state)
{
	const struct llm_fact facts[] = { { "tools", "no" },
		{ "stream", "no" } };
	const struct llm_answer a = { .learned = facts, .nlearned = 2 };

	(void)state;
	assert_false(lacks(LLM_CAN_TOOLS));
	known_learn(&models, &BACKEND, &a);
	assert_true(lacks(LLM_CAN_TOOLS));
	/* By all others, too. */
	memset(models.known, 0, sizeof(models.known));
	assert_true(lacks(LLM_CAN_TOOLS));
	assert_true(lacks(LLM_CAN_STREAM));
}

/* Asked once a life, not for each question; what was known stands. */
static void
redis_may_be_away(void **state)
{
	struct redis_fixture *f = *state;
	struct model_known *k = &models.known[0];
	int64_t began;

	redis_fixture_kill(f);
	began = clock_boot_ms();
	assert_false(lacks(LLM_CAN_TOOLS));
	assert_true(k->read_ms >= began);
	redis_fixture_restart(f);
	assert_int_equal(learned_add(f->store, name(), "tools", "no"),
	    STORE_OK);
	assert_true(becomes(LLM_CAN_TOOLS, true));

	redis_fixture_kill(f);
	k->read_ms = 0; /* long ago */
	began = clock_boot_ms();
	assert_true(lacks(LLM_CAN_TOOLS));
	assert_true(k->read_ms >= began);
	redis_fixture_restart(f);
}

/* A key of another type is as if it were not there. */
static void
a_damaged_key_is_read_no_more_often(void **state)
{
	struct redis_fixture *f = *state;
	struct model_known *k = &models.known[0];
	int64_t began = clock_boot_ms();

	(void)redis_text(f, "SET {backend:%s}:quirks x", name());
	assert_false(lacks(LLM_CAN_TOOLS));
	assert_true(k->read_ms >= began);
}

static void
rows_of_other_backends_are_freed(void **state)
{
	struct settings other = CONFIGURED;
	struct model_known *k = &models.known[0];

	(void)state;
	assert_false(lacks(LLM_CAN_TOOLS));
	assert_string_equal(k->name, name());
	known_keep(&models, &CONFIGURED);
	assert_string_equal(k->name, name());
	other.policy.model = "n";
	known_keep(&models, &other);
	assert_string_equal(k->name, "");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, begin)
	const struct CMUnitTest tests[] = {
		TEST(it_is_read_again),
		TEST(what_is_learned_is_known_at_once),
		TEST(redis_may_be_away),
		TEST(a_damaged_key_is_read_no_more_often),
		TEST(rows_of_other_backends_are_freed),
	};

	return cmocka_run_group_tests_name("known", tests, redis_fixture_setup,
	    redis_fixture_teardown);
}
