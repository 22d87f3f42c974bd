#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "chat/steps.h"
#include "redis/format.h"

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

static void
a_journal_is_read_as_written(void **state)
{
	static struct tool_call calls[] = {
		{ "c1", "echo", "{\"text\":\"x\"}" }, { "c2", "time", "{}" }
	};
	static const struct llm_answer answer = { .text = "let me look",
		.calls = calls,
		.ncalls = 2,
		.usage = { 10, 5 },
		.extra = "[1]",
		.extra_wire = "openai",
		.extra_backend = "openai/m/01234567" };
	static const struct llm_answer plain = { .text = "" };
	static const struct turn_result result = { .text = "x" };
	static const struct turn_result denied = { .end = TOOL_FAILED,
		.text = "no",
		.denied = true };
	struct journal_field f[5];
	struct turn before = { .retry_since_ms = 1234,
		.retry_n = 3,
		.shortened = true,
		.empties = 1,
		.guessed = true,
		.raised = true,
		.loading_since_ms = 5678,
		.declined = UINT64_C(1) << 63 | 2,
		.job = &job,
		.mem = mem };

	(void)state;
	/* A result may stand before its answer. */
	f[0] = step_result(t, 0, 1, &denied);
	f[1] = step_answer(t, 1, &plain);
	f[2] = step_answer(t, 0, &answer);
	f[3] = step_result(t, 0, 0, &result);
	f[4] = step_retry(&before);
	assert_string_equal(f[0].name, "result:0.1");
	assert_string_equal(f[2].name, "answer:0");
	job.journal = f;
	job.njournal = NELEM(f);
	assert_true(steps_read(t));

	assert_int_equal(t->nrounds, 2);
	assert_true(t->rounds[0].resumed);
	assert_string_equal(t->rounds[0].answer.text, "let me look");
	assert_string_equal(t->rounds[0].answer.extra, "[1]");
	assert_string_equal(t->rounds[0].answer.extra_wire, "openai");
	assert_string_equal(t->rounds[0].answer.extra_backend,
	    "openai/m/01234567");
	assert_int_equal(t->rounds[0].answer.ncalls, 2);
	assert_string_equal(t->rounds[0].answer.calls[0].arguments,
	    "{\"text\":\"x\"}");
	assert_true(t->rounds[0].done[0]);
	assert_int_equal(t->rounds[0].results[0].end, TOOL_DONE);
	assert_string_equal(t->rounds[0].results[1].text, "no");
	assert_int_equal(t->rounds[0].results[1].end, TOOL_FAILED);
	assert_true(t->denied);
	assert_int_equal(t->rounds[1].answer.ncalls, 0);
	assert_false(t->rounds[1].done[0]);
	assert_int_equal(t->usage.in, 10);
	assert_int_equal(t->usage.out, 5);
	assert_int_equal(t->retry_since_ms, 1234);
	assert_int_equal(t->retry_n, 3);
	assert_true(t->shortened);
	assert_int_equal(t->empties, 1);
	assert_true(t->guessed);
	assert_true(t->raised);
	assert_int_equal(t->loading_since_ms, 5678);
	assert_true(t->declined == (UINT64_C(1) << 63 | 2));
}

static void
kept_words_are_read_as_written(void **state)
{
	struct journal_field f[1];
	struct turn before = { .kept = "as far as it came",
		.kept_round = 2,
		.job = &job,
		.mem = mem };

	(void)state;
	f[0] = step_kept(&before);
	assert_string_equal(f[0].name, "kept");
	job.journal = f;
	job.njournal = NELEM(f);
	assert_true(steps_read(t));
	assert_string_equal(t->kept, "as far as it came");
	assert_int_equal(t->kept_round, 2);
	assert_false(t->kept_unwritten);
}

static void
what_is_not_understood_is_left_out(void **state)
{
	static const struct {
		const char *name, *text;
	} cases[] = {
		{ "answer:0", "{" },
		{ "answer:0", "{\"text\":1,\"calls\":[]}" },
		{ "answer:-1", "{\"text\":\"\",\"calls\":[]}" },
		{ "answer:16", "{\"text\":\"\",\"calls\":[]}" },
		{ "answer:99999999999", "{\"text\":\"\",\"calls\":[]}" },
		{ "answer:", "{\"text\":\"\",\"calls\":[]}" },
		{ "result:0.16", "{\"end\":0,\"text\":\"x\"}" },
		{ "result:16.0", "{\"end\":0,\"text\":\"x\"}" },
		{ "result:0.-1", "{\"end\":0,\"text\":\"x\"}" },
		{ "result:0", "{\"end\":0,\"text\":\"x\"}" },
		{ "result:0.0", "{\"end\":0}" },
		{ "retry", "7" },
		{ "part:0", "{}" },
		{ "", "{}" },
	};
	struct journal_field f[NELEM(cases)];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++)
		f[i] = (struct journal_field){ .name = cases[i].name,
			.text = cases[i].text,
			.len = strlen(cases[i].text) };
	job.journal = f;
	job.njournal = NELEM(f);
	assert_true(steps_read(t));
	assert_int_equal(t->nrounds, 0);
	assert_false(t->rounds[0].done[0]);
	assert_int_equal(t->retry_n, 0);
}

static void
steps_have_their_version(void **state)
{
	static const struct turn_result result = { .text = "x" };
	struct journal_field f;

	(void)state;
	for (int format = 0; format <= FORMAT_NEWEST; format++) {
		char v[16];
		int version = format == 0 ? FORMAT_FIRST : format;

		job.format = format;
		f = step_result(t, 0, 0, &result);
		assert_int_equal(f.version, version);
		snprintf(v, sizeof(v), "\"v\":%d", version);
		assert_non_null(strstr(f.text, v));
	}
}

static void
a_newer_step_is_left(void **state)
{
	struct journal_field f[2] = {
		{ .name = "answer:0", .text = "{\"text\":\"\",\"calls\":[]}" },
		{ .name = "thought:0", .text = "{\"v\":1000}" },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(f); i++)
		f[i].len = strlen(f[i].text);
	job.journal = f;
	job.njournal = NELEM(f);
	assert_false(steps_read(t));
}

/* What a release without wires journalled: only one of them had extras. */
static void
an_extra_of_before(void **state)
{
	static const char text[]
	    = "{\"text\":\"\",\"calls\":[],\"extra\":\"[1]\"}";
	struct journal_field f = { .name = "answer:0",
		.text = text,
		.len = sizeof(text) - 1 };

	(void)state;
	job.journal = &f;
	job.njournal = 1;
	assert_true(steps_read(t));
	assert_string_equal(t->rounds[0].answer.extra_wire, "anthropic");
	assert_null(t->rounds[0].answer.extra_backend);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_journal_is_read_as_written,
		    begin, end),
		cmocka_unit_test_setup_teardown(steps_have_their_version, begin,
		    end),
		cmocka_unit_test_setup_teardown(a_newer_step_is_left, begin,
		    end),
		cmocka_unit_test_setup_teardown(an_extra_of_before, begin, end),
		cmocka_unit_test_setup_teardown(kept_words_are_read_as_written,
		    begin, end),
		cmocka_unit_test_setup_teardown(
		    what_is_not_understood_is_left_out, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
