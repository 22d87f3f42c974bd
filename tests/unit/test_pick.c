/*
 * pick: the only model of a server that may be asked in a chat; else why not,
 * and what to set.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/http.h"
#include "llm/llm.h"
#include "tests/unit/served.h"

static struct served srv;

struct list {
	int status;
	const char *type, *body;
};
static const struct list *listed; /* what the server lists now */

static int
answer(struct served *s, int fd, const struct served_request *req)
{
	(void)s;
	if (strcmp(req->path, "/v1/models") != 0)
		return served_answer(fd, 404, "text/plain", "", "no");
	return served_answer(fd, listed->status, listed->type, "",
	    listed->body);
}

static struct llm_backend
backend(char url[64])
{
	snprintf(url, 64, "http://127.0.0.1:%d/v1", srv.port);
	return (struct llm_backend){ .host = HOST_OPENAI,
		.model = "",
		.base_url = url,
		.max_tokens = 100,
		.max_tokens_name = "",
		.connect_ms = 20000,
		.first_byte_ms = 20000,
		.total_ms = 20000 };
}

#define M(id) "{\"id\":\"" id "\"}"
#define LIST(models) "{\"object\":\"list\",\"data\":[" models "]}"

static void
one_is_picked(void **state)
{
	static const struct {
		int status;
		const char *body;
		const char *model; /* NULL: */
		const char *why, *remedy;
		enum llm_rc rc; /* LLM_RC_N: any but LLM_OK */
	} rows[] = {
		{ 200, LIST(M("qwen3-8b")), "qwen3-8b", NULL, NULL, LLM_OK },
		{ 200,
		    LIST(M("nomic-embed-text:latest") "," M("qwen3") "," M(
			"bge-m3") "," M("whisper-1")),
		    "qwen3", NULL, NULL, LLM_OK },
		{ 200,
		    LIST("{\"id\":\"x\",\"type\":\"embeddings\"},"
			 "{\"id\":\"y\",\"type\":\"llm\"}"),
		    "y", NULL, NULL, LLM_OK },
		{ 200, LIST(M("twice") "," M("twice")), "twice", NULL, NULL,
		    LLM_OK },
		{ 200, "[" M("alone") "]", "alone", NULL, NULL, LLM_OK },
		{ 200, LIST(M("a") "," M("b")), NULL, "has several: a, b",
		    "choose one, for example LLM_MODEL=a", LLM_UNCHOSEN },
		{ 200,
		    LIST(M("1") "," M("2") "," M("3") "," M("4") "," M(
			"5") "," M("6") "," M("7") "," M("8") "," M("9")),
		    NULL, "5, 6, 7, 8 and 1 more", "LLM_MODEL=1",
		    LLM_UNCHOSEN },
		{ 200, LIST(""), NULL, "lists none", "set LLM_MODEL",
		    LLM_UNCHOSEN },
		{ 200, LIST(M("text-embedding-3")), NULL, "lists none",
		    "set LLM_MODEL", LLM_UNCHOSEN },
		{ 200, "<html>", NULL, "gives no list of its models: no JSON",
		    "correct llm.base_url", LLM_ADDRESS },
		{ 200, "{\"data\":{\"id\":3}}", NULL,
		    "gives no list of its models: status 200", "set LLM_MODEL",
		    LLM_UNCHOSEN },
		/* What rules a terminal is nobody's name. */
		{ 200, LIST(M("a\\u001b[31m") "," M("b")), "b", NULL, NULL,
		    LLM_OK },
		{ 404, "{}", NULL, "gives no list of its models", "",
		    LLM_RC_N },
		{ 401, "{}", NULL, "status 401", "", LLM_DENIED },
		{ 503, "{}", NULL, "status 503", "start that server",
		    LLM_RETRY },
	};
	char url[64];
	struct llm_backend b;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct list l = { rows[i].status, "application/json",
			rows[i].body };
		struct arena *mem = arena_new();
		struct llm_pick picked;
		enum llm_rc rc;

		listed = &l;
		b = backend(url);
		rc = llm_pick(&b, mem, &picked);
		if (rows[i].rc == LLM_RC_N ? rc == LLM_OK : rc != rows[i].rc)
			fail_msg("%s: %s", rows[i].body, llm_rc_name(rc));
		if (rows[i].model != NULL) {
			assert_string_equal(picked.model, rows[i].model);
			assert_null(picked.why);
		} else if (strstr(picked.why, rows[i].why) == NULL
		    || strstr(picked.remedy, rows[i].remedy) == NULL
		    || strchr(picked.why, '\x1b') != NULL
		    || strchr(picked.remedy, '\x1b') != NULL)
			fail_msg("%s: %s; %s", rows[i].body, picked.why,
			    picked.remedy);
		arena_free(mem);
	}
}

/* Nobody is there: asked again when there is a question. */
static void
nobody_there(void **state)
{
	static const struct llm_message HELLO = { .role = LLM_USER,
		.text = "Hello" };
	const struct llm_question q = { .messages = &HELLO, .nmessages = 1 };
	struct list l = { 200, "application/json", LIST(M("a") "," M("b")) };
	struct arena *mem = arena_new();
	struct llm_answer said;
	struct llm_failure f;
	struct llm_pick picked;
	struct llm_backend b;
	char url[64];

	(void)state;
	listed = &l;
	b = backend(url);
	/* With several it is not guessed. */
	assert_int_equal(llm_ask(&b, &q, mem, &said, &f), LLM_UNCHOSEN);
	assert_string_equal(f.why, "no model is chosen");
	assert_non_null(strstr(f.message, "has several: a, b"));
	assert_non_null(
	    strstr(llm_remedy(LLM_UNCHOSEN, &f, &b, mem), "set LLM_MODEL"));
	served_stop(&srv);
	assert_int_equal(llm_pick(&b, mem, &picked), LLM_RETRY);
	assert_non_null(picked.failed);
	assert_int_equal(llm_ask(&b, &q, mem, &said, &f), LLM_RETRY);
	assert_true(f.counts);
	served_start(&srv, answer, NULL);
	arena_free(mem);
}

SERVED_WITH_HTTP(srv, answer)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_is_picked),
		cmocka_unit_test(nobody_there),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
