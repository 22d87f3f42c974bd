/*
 * What a question may cost: it is paid once, asked again so often and no more,
 * with no more tokens than the context leaves, and not before the server says.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/http.h"
#include "llm/ladder.h"
#include "llm/llm_priv.h"
#include "tests/unit/served.h"

static const struct llm_message HELLO = { .role = LLM_USER, .text = "Hello" };
static const struct tool_spec TOOLS[] = {
	{ .name = "echo", .description = "e", .schema_text = "{}" },
	{ .name = "time", .description = "t", .schema_text = "{}" },
};
static const struct llm_question QUESTION = { .messages = &HELLO,
	.nmessages = 1,
	.tools = TOOLS,
	.ntools = NELEM(TOOLS) };

static struct served srv;
static char url[64];
/* What is answered; NULL: the connection ends without an answer. */
static const char *answer, *headers;
static int status;

static int
serve(struct served *s, int fd, const struct served_request *req)
{
	(void)s;
	(void)req;
	return answer == NULL
	    ? -1
	    : served_answer(fd, status, "application/json", headers, answer);
}

static enum llm_rc
ask(struct llm_failure *f)
{
	const struct llm_backend b = { .host = HOST_OPENAI,
		.model = "m",
		.base_url = url,
		.max_tokens = 100,
		.max_tokens_name = "",
		.temperature = -1,
		.connect_ms = 20000,
		.first_byte_ms = 20000,
		.total_ms = 20000 };
	struct llm_answer a;
	struct arena *mem = arena_new();
	enum llm_rc rc;

	*f = (struct llm_failure){ .retry_after_ms = -1 };
	atomic_store(&srv.requests, 0);
	rc = llm_ask(&b, &QUESTION, mem, &a, f);
	arena_free(mem);
	return rc;
}

/* On a connection that served before, curl would send it again by itself. */
static void
a_question_is_sent_once(void **state)
{
	struct llm_failure f;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		status = 200;
		headers = "";
		answer = "{\"choices\":[{\"message\":{\"content\":\"Hi\"},"
			 "\"finish_reason\":\"stop\"}]}";
		assert_int_equal(ask(&f), LLM_OK);
		answer = NULL;
		assert_int_equal(ask(&f), LLM_RETRY);
		assert_int_equal(atomic_load(&srv.requests), 1);
	}
}

/* Each refusal teaches something new; that has an end all the same. */
static void
remedies_have_an_end(void **state)
{
	static const char *const REFUSALS[] = {
		"Unknown parameter: 'stream_options'",
		"Unknown parameter: 'temperature'",
		"Unsupported parameter: 'max_tokens' is not supported with "
		"this model. Use 'max_completion_tokens' instead.",
		"System role not supported",
		"This model does not support streaming.",
		"m does not support tools",
		"Conversation roles must alternate user/assistant",
	};
	static const struct llm_message messages[] = { { .role = LLM_SYSTEM,
							   .text = "Be kind." },
		{ .role = LLM_USER, .text = "a" },
		{ .role = LLM_USER, .text = "b" } };
	struct llm_question q = QUESTION;
	struct llm_backend b = { .host = HOST_OPENAI,
		.model = "m",
		.base_url = url,
		.max_tokens = 100,
		.max_tokens_name = "",
		.temperature = 0.5 };
	struct arena *mem = arena_new();
	struct llm_ladder l;
	size_t i, tried = 0;

	(void)state;
	_Static_assert(NELEM(REFUSALS) > LLM_REPEATS_MAX,
	    "more than are tried");
	q.messages = messages;
	q.nmessages = NELEM(messages);
	llm_ladder_init(&l, &b);
	b.quirks = &l.quirks;
	for (i = 0; i < NELEM(REFUSALS); i++) {
		const struct llm_refusal r = { .status = 400,
			.code = "",
			.type = "",
			.param = "",
			.message = REFUSALS[i] };
		bool again = llm_ladder_next(&l, &b, &q, &r, mem);

		if (again != (i < LLM_REPEATS_MAX))
			fail_msg("%zu: \"%s\": %d", i + 1, REFUSALS[i], again);
		tried += again;
	}
	assert_int_equal(tried, LLM_REPEATS_MAX);
	arena_free(mem);
}

/* Question and answer share it. */
static void
an_answer_has_what_the_context_leaves(void **state)
{
	struct llm_quirks k = LLM_QUIRKS_INIT;
	struct llm_backend b = { .max_tokens = 4096, .quirks = &k };
	int64_t question = llm_estimate(&HELLO, 1, TOOLS, NELEM(TOOLS));
	struct {
		int64_t context, answer;
	} const cases[] = {
		{ 0, 4096 }, /* not known */
		{ 1000000, 4096 },
		{ question + 4096, 4096 },
		{ question + 4095, 4095 },
		{ question + 1000, 1000 },
		{ question, 256 }, /* an estimate: the server counts better */
		{ 1, 256 },
	};
	size_t i;

	(void)state;
	assert_true(question > 0);
	for (i = 0; i < NELEM(cases); i++) {
		k.context = cases[i].context;
		assert_int_equal(llm_max_tokens(&b, &QUESTION),
		    cases[i].answer);
	}
	/* The least that a server takes is no answer's most. */
	k = LLM_QUIRKS_INIT;
	k.max_tokens_least = 5000;
	assert_int_equal(llm_max_tokens(&b, &QUESTION), 5000);
	k.max_tokens = 4500;
	assert_int_equal(llm_max_tokens(&b, &QUESTION), 4500);
}

/* Of limits that are used up the latest counts, in whatever order. */
static void
the_latest_of_several_resets(void **state)
{
	static const struct {
		const char *headers;
		int64_t ms;
	} cases[] = {
		{ "x-ratelimit-remaining-requests: 0\r\n"
		  "x-ratelimit-reset-requests: 20s\r\n"
		  "x-ratelimit-remaining-tokens: 0\r\n"
		  "x-ratelimit-reset-tokens: 3s\r\n",
		    20000 },
		{ "x-ratelimit-remaining-requests: 0\r\n"
		  "x-ratelimit-reset-requests: 3s\r\n"
		  "x-ratelimit-remaining-tokens: 0\r\n"
		  "x-ratelimit-reset-tokens: 20s\r\n",
		    20000 },
		{ "x-ratelimit-remaining-requests: 5\r\n"
		  "x-ratelimit-reset-requests: 20s\r\n"
		  "x-ratelimit-remaining-tokens: 0\r\n"
		  "x-ratelimit-reset-tokens: 3s\r\n",
		    3000 },
		{ "x-ratelimit-remaining-requests: 5\r\n"
		  "x-ratelimit-reset-requests: 20s\r\n",
		    -1 },
	};
	struct llm_failure f;
	size_t i;

	(void)state;
	status = 429;
	answer = "{}";
	for (i = 0; i < NELEM(cases); i++) {
		headers = cases[i].headers;
		assert_int_equal(ask(&f), LLM_RETRY);
		assert_int_equal(f.retry_after_ms, cases[i].ms);
	}
}

/* Statuses beyond HTTP's own. */
static void
other_statuses(void **state)
{
	static const struct {
		int status;
		enum llm_rc rc;
	} cases[] = {
		{ 498, LLM_RETRY }, /* Groq: its flex tier is full */
		{ 497, LLM_INVALID }, { 499, LLM_INVALID },
		{ 520, LLM_RETRY }, /* Cloudflare: it did not answer */
		{ 529, LLM_RETRY }, /* Anthropic: overloaded */
	};
	struct llm_failure f;
	size_t i;

	(void)state;
	answer = "{}";
	headers = "";
	for (i = 0; i < NELEM(cases); i++) {
		status = cases[i].status;
		if (ask(&f) != cases[i].rc)
			fail_msg("%d", status);
		assert_int_equal(atomic_load(&srv.requests), 1);
	}
}

/* What does not fit is told, not left out: it may be the key. */
static void
too_many_headers(void **state)
{
	static const size_t LEFT_OUT[] = { 0, 3 };
	const char *lines[HTTP_HEADERS_MAX + 1];
	struct secret key = { 0 };
	struct llm_backend b = { .host = HOST_OPENAI,
		.model = "m",
		.base_url = url,
		.max_tokens = 100,
		.max_tokens_name = "",
		.temperature = -1,
		.headers = lines,
		.key = &key,
		.connect_ms = 20000,
		.first_byte_ms = 20000,
		.total_ms = 20000 };
	struct arena *mem = arena_new();
	struct llm_answer a;
	struct llm_failure f;
	struct llm_look look;
	size_t i, n;

	(void)state;
	secret_set(&key, "sk-1", 4);
	status = 200;
	headers = "";
	answer = "{\"choices\":[{\"message\":{\"content\":\"Hi\"}}]}";
	for (i = 0; i < NELEM(LEFT_OUT); i++) {
		for (n = 0; n + LEFT_OUT[i] < HTTP_HEADERS_MAX - 2; n++)
			lines[n] = "A: b";
		lines[n] = NULL;
		f = (struct llm_failure){ .retry_after_ms = -1 };
		atomic_store(&srv.requests, 0);
		assert_int_equal(llm_ask(&b, &QUESTION, mem, &a, &f),
		    i == 0 ? LLM_INVALID : LLM_OK);
		assert_int_equal(atomic_load(&srv.requests), i);
		if (i == 0)
			assert_non_null(strstr(f.why, "too many headers"));
		llm_look(&b, NULL, mem, &look);
		assert_int_equal(look.rc, i == 0 ? LLM_INVALID : LLM_OK);
	}
	secret_clear(&key);
	arena_free(mem);
}

static int
start(void **state)
{
	(void)state;
	if (served_with_http(&srv, serve) == -1)
		return -1;
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/v1", srv.port);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	return served_without_http(&srv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_is_sent_once),
		cmocka_unit_test(remedies_have_an_end),
		cmocka_unit_test(an_answer_has_what_the_context_leaves),
		cmocka_unit_test(the_latest_of_several_resets),
		cmocka_unit_test(other_statuses),
		cmocka_unit_test(too_many_headers),
	};

	return cmocka_run_group_tests_name("llm_limits", tests, start, stop);
}
