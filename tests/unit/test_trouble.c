/*
 * What stands between a worker and a model: what looks and questions found,
 * which of them knows more, and what others read of it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/http.h"
#include "base/json.h"
#include "base/pool.h"
#include "chat/breaker.h"
#include "chat/trouble.h"
#include "tests/unit/served.h"
#include "work/worker.h"

#define PATIENCE_MS 30000
#define LIST "{\"object\":\"list\",\"data\":[{\"id\":\"m\"}]}"
#define OTHERS "{\"object\":\"list\",\"data\":[{\"id\":\"other\"}]}"
#define PULLED \
	"{\"object\":\"list\",\"data\":[{\"id\":\"o\",\"owned_by\":\"library\"}]}"

static struct served srv;
static struct worker w = { .mu = PTHREAD_MUTEX_INITIALIZER };
static struct models models = { .w = &w, .mu = PTHREAD_MUTEX_INITIALIZER };
static struct settings settings;
static struct llm_backend *backend;
static struct model_breaker *br;
static struct arena *mem;
static char url[64];

static int status;
static const char *list;
static enum llm_rc meanwhile; /* of a question, while the list is asked for;
				 LLM_RC_N: there is none */

static void
asked(enum llm_rc rc)
{
	const struct llm_failure f = { .why = "of a question" };

	trouble_asked(&models, br, backend, rc, &f, mem);
}

static int
serve(struct served *s, int fd, const struct served_request *req)
{
	(void)s;
	(void)req;
	if (meanwhile != LLM_RC_N)
		asked(meanwhile);
	return served_answer(fd, status, "application/json", "", list);
}

/* A look, begun now and awaited. */
static void
look(int with_status, const char *with_list)
{
	const struct timespec t = { .tv_nsec = 5 * 1000000L };
	int64_t until = clock_boot_ms() + PATIENCE_MS;

	status = with_status;
	list = with_list;
	/* An answer of the same millisecond is not told from a later one. */
	while (clock_wall_ms() <= atomic_load(&br->answered_ms))
		nanosleep(&t, NULL);
	atomic_store(&models.look_ms, 0);
	trouble_look(&models);
	while (atomic_load(&models.looking)) {
		assert_true(clock_boot_ms() < until);
		nanosleep(&t, NULL);
	}
}

/* "KIND: WHY" of the record, or "". */
static const char *
found(void)
{
	json_t *record = json_keep(mem, json_object());
	const json_t *trouble;

	trouble_write(&models, br, record);
	trouble = json_object_get(record, "trouble");
	return trouble == NULL
	    ? ""
	    : arena_printf(mem, "%s: %s", json_member_str(trouble, "kind"),
		json_member_str(trouble, "why"));
}

static int
begin(void **state)
{
	char name[LLM_BREAKER_NAME_MAX];

	(void)state;
	meanwhile = LLM_RC_N;
	mem = arena_new();
	if (served_with_http(&srv, serve) == -1)
		return -1;
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/v1", srv.port);
	settings = (struct settings){ .policy.host = HOST_OPENAI,
		.policy.model = "m",
		.llm_base_url = url,
		.chat_ollama_url = "",
		.llm_max_tokens_name = "",
		.llm_connect_ms = 20000,
		.refs = 1 };
	w.settings = &settings;
	w.calls = pool_new("call", 2);
	memset(models.breakers, 0, sizeof(models.breakers));
	atomic_store(&models.looked, false);
	assert_int_equal(
	    llm_backends(&settings, &settings.policy, mem, &backend), 1);
	llm_breaker_name(backend, name);
	br = model_breaker_hold(&models, name);
	assert_non_null(br);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	assert_int_equal(pool_drain(w.calls, PATIENCE_MS), 0);
	pool_free(w.calls);
	assert_int_equal(settings.refs, 1);
	arena_free(mem);
	return served_without_http(&srv);
}

static void
a_look_finds_it_and_its_end(void **state)
{
	(void)state;
	look(401, "{}");
	assert_string_equal(found(), "denied: status 401");
	assert_true(
	    atomic_load(&models.look_ms) != MODELS_NO_LOOK); /* again soon */
	look(200, LIST);
	assert_string_equal(found(), "");
	assert_true(atomic_load(&models.look_ms) == MODELS_NO_LOOK);
}

/* A question that was refused knows more than a list: neither a list that
 * serves nor another fault of it says otherwise; an answer does. */
static void
a_question_knows_more_than_a_list(void **state)
{
	(void)state;
	asked(LLM_QUOTA);
	assert_string_equal(found(), "quota: of a question");
	look(200, LIST);
	assert_string_equal(found(), "quota: of a question");
	look(401, "{}");
	assert_string_equal(found(), "quota: of a question");
	asked(LLM_OK);
	assert_string_equal(found(), "");
}

/* It works, whatever its list says: who answers while it is looked at. */
static void
an_answer_meanwhile_knows_more(void **state)
{
	(void)state;
	meanwhile = LLM_OK;
	look(401, "{}");
	assert_string_equal(found(), "");
	meanwhile = LLM_RC_N;
	look(401, "{}");
	assert_string_equal(found(), "denied: status 401");
}

/* A name that is not listed is a hint; after a refusal for it, the finding. */
static void
a_name_that_is_not_listed(void **state)
{
	(void)state;
	look(200, OTHERS);
	assert_string_equal(found(), "");
	asked(LLM_MODEL);
	assert_string_equal(found(), "model: of a question");
	look(200, OTHERS);
	assert_string_equal(found(),
	    "model: the server does not list this model");
	look(200, LIST);
	assert_string_equal(found(), "");
	/* Of Ollama the list is all that there is. */
	look(200, PULLED);
	assert_string_equal(found(),
	    "model: the server does not have this model");
}

/* What passes, or is one question's alone, is no trouble of the model. */
static void
what_passes_is_none(void **state)
{
	static const enum llm_rc PASS[] = { LLM_RETRY, LLM_BROKEN, LLM_LOADING,
		LLM_INVALID, LLM_FILTERED, LLM_CONTEXT, LLM_EMPTY };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(PASS); i++) {
		asked(PASS[i]);
		if (found()[0] != '\0')
			fail_msg("%s: %s", llm_rc_name(PASS[i]), found());
	}
	/* Nor is a list that fails with a status: questions may be answered. */
	look(503, "{}");
	assert_string_equal(found(), "");
}

/* All that readers need stands in the record. */
static void
the_record_says_what_follows(void **state)
{
	int rc;

	(void)state;
	for (rc = LLM_OK; rc < LLM_RC_N; rc++) {
		json_t *record = json_keep(mem, json_object());
		const json_t *trouble;

		if (!llm_needs_operator((enum llm_rc)rc) || rc == LLM_INVALID)
			continue;
		asked(LLM_OK);
		asked((enum llm_rc)rc);
		trouble_write(&models, br, record);
		trouble = json_object_get(record, "trouble");
		assert_non_null(trouble);
		assert_string_equal(json_member_str(trouble, "kind"),
		    llm_rc_name((enum llm_rc)rc));
		assert_string_equal(json_member_str(trouble, "words"),
		    llm_rc_words((enum llm_rc)rc));
		assert_true(json_member_bool(trouble, "lasts", false));
		assert_int_equal(json_member_bool(trouble, "reloads", true),
		    rc != LLM_QUOTA);
		assert_true(json_member_int(record, "asked_ms", 0) > 0);
	}
	/* A server that is away passes by itself. */
	asked(LLM_OK);
	served_stop(&srv);
	look(0, "");
	assert_int_equal(strncmp(found(), "retry: ", 7), 0);
	served_start(&srv, serve, NULL);
}

/* Until a look has ended with the settings in force, nobody knows. */
static void
it_is_said_whether_it_was_looked(void **state)
{
	(void)state;
	assert_false(atomic_load(&models.looked));
	look(200, LIST);
	assert_true(atomic_load(&models.looked));
	asked(LLM_DENIED);
	trouble_forget(&models);
	assert_false(atomic_load(&models.looked));
	assert_string_equal(found(), "");
	look(401, "{}");
	assert_true(atomic_load(&models.looked));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_look_finds_it_and_its_end),
		TEST(a_question_knows_more_than_a_list),
		TEST(an_answer_meanwhile_knows_more),
		TEST(a_name_that_is_not_listed),
		TEST(what_passes_is_none),
		TEST(the_record_says_what_follows),
		TEST(it_is_said_whether_it_was_looked),
	};

	return cmocka_run_group_tests_name("trouble", tests, NULL, NULL);
}
