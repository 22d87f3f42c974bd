/*
 * llm_ask against a server that answers as told: what a status, a header, a
 * broken stream, a pause and a cancel come to.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/http.h"
#include "base/json.h"
#include "llm/llm.h"
#include "tests/unit/served.h"

#define LONG_MS 60000
#define PROMPT_MS 20000
#define HUGE_BODY (9 * MIB) /* more than llm/ reads of an answer */

#define SAY(t) "data: {\"choices\":[{\"delta\":{\"content\":\"" t "\"}}]}\n\n"
#define DONE                                                              \
	"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}" \
	"\n\ndata: [DONE]\n\n"
#define STREAM "text/event-stream"

/* What the server does with the n-th request. */
struct step {
	int status;
	const char *type, *headers, *body;
	enum { END, STAY, CUT, RESET, SILENT } then;
	bool chunked; /* the length is not said */
};

static struct served srv;
static struct step steps[8];
static char seen[8][8192]; /* bodies of requests */
static char seen_path[512], seen_key[128], seen_head[4096];
static int cancel_flag;
static char shown[256];
static bool first_byte;

static int
serve(struct served *s, int fd, const struct served_request *req)
{
	int i = atomic_load(&s->requests) - 1;
	const struct step *st = &steps[i % (int)NELEM(steps)];

	snprintf(seen[i % (int)NELEM(seen)], sizeof(seen[0]), "%s", req->body);
	snprintf(seen_path, sizeof(seen_path), "%s", req->path);
	snprintf(seen_head, sizeof(seen_head), "%s", req->head);
	served_header(req, "authorization", seen_key, sizeof(seen_key));
	if (seen_key[0] == '\0')
		served_header(req, "x-api-key", seen_key, sizeof(seen_key));
	if (st->then == SILENT) {
		(void)served_pause(s, fd, LONG_MS);
		return -1;
	}
	if (st->then == END && !st->chunked)
		return served_answer(fd, st->status, st->type,
		    st->headers == NULL ? "" : st->headers, st->body);
	served_printf(fd, "HTTP/1.1 %d X\r\nContent-Type: %s\r\n%s\r\n",
	    st->status, st->type, st->headers == NULL ? "" : st->headers);
	(void)served_write(fd, st->body, strlen(st->body));
	if (st->then == STAY)
		(void)served_pause(s, fd, LONG_MS);
	if (st->then == RESET) {
		(void)served_pause(s, fd, 30);
		return served_reset(fd);
	}
	return -1;
}

static void
on_text(void *ctx, const char *piece, size_t len)
{
	(void)ctx;
	snprintf(shown + strlen(shown), sizeof(shown) - strlen(shown), "%.*s",
	    (int)len, piece);
	if (strstr(shown, "CANCEL") != NULL)
		__atomic_store_n(&cancel_flag, 1, __ATOMIC_SEQ_CST);
}

static void
on_first_byte(void *ctx)
{
	(void)ctx;
	first_byte = true;
}

static struct llm_message messages[] = {
	{ .role = LLM_SYSTEM, .text = "Be kind." },
	{ .role = LLM_USER, .text = "Hello" },
};

struct asked {
	struct arena *mem;
	struct llm_answer answer;
	struct llm_failure failure;
	enum llm_rc rc;
	int64_t ms;
};

static char base_url[64];

static struct llm_backend
backend(int host)
{
	snprintf(base_url, sizeof(base_url), "http://127.0.0.1:%d%s", srv.port,
	    host == HOST_ANTHROPIC ? "/" : "/v1");
	return (struct llm_backend){ .host = host,
		.model = "m",
		.base_url = base_url,
		.max_tokens = 100,
		.max_tokens_name = "",
		.temperature = 0.7,
		.connect_ms = PROMPT_MS,
		.first_byte_ms = PROMPT_MS,
		.total_ms = PROMPT_MS };
}

static void
ask(const struct llm_backend *b, const struct llm_question *with,
    struct asked *out)
{
	struct llm_question q = with != NULL ? *with
					     : (struct llm_question){ 0 };
	int64_t began = clock_boot_ms();

	if (q.messages == NULL) {
		q.messages = messages;
		q.nmessages = NELEM(messages);
	}
	q.cancel = &cancel_flag;
	q.on_text = on_text;
	q.on_first_byte = on_first_byte;
	shown[0] = '\0';
	first_byte = false;
	__atomic_store_n(&cancel_flag, 0, __ATOMIC_SEQ_CST);
	atomic_store(&srv.requests, 0);
	out->mem = arena_new();
	out->rc = llm_ask(b, &q, out->mem, &out->answer, &out->failure);
	out->ms = clock_boot_ms() - began;
}

static void
script(const struct step *s, size_t n)
{
	memset(steps, 0, sizeof(steps));
	memcpy(steps, s, n * sizeof(*s));
}

static const struct {
	const char *what;
	struct step step;
	enum llm_rc rc;
	const char *text; /* of the answer, or what was shown */
	int64_t retry_ms; /* -2: not looked at */
	bool counts;
} CASES[] = {
	{ "a stream",
	    { 200, STREAM, NULL, SAY("Good ") SAY("day") DONE, CUT, true },
	    LLM_OK, "Good day", -1, false },
	{ "a stream that says its character set",
	    { 200, STREAM "; charset=utf-8", NULL, SAY("a") DONE, CUT, true },
	    LLM_OK, "a", -1, false },
	{ "the end is not the body's end",
	    { 200, STREAM, NULL, SAY("a") DONE, STAY, true }, LLM_OK, "a", -1,
	    false },
	{ "finish_reason and no [DONE], open for ever",
	    { 200, STREAM, NULL,
		SAY("a") "data: {\"choices\":[{\"delta\":{},"
			 "\"finish_reason\":\"stop\"}]}\n\n",
		STAY, true },
	    LLM_OK, "a", -1, false },
	{ "comments and carriage returns",
	    { 200, STREAM, NULL,
		": OPENROUTER PROCESSING\r\n\r\n" SAY("a") DONE, CUT, true },
	    LLM_OK, "a", -1, false },
	{ "a whole answer to a streamed request",
	    { 200, "application/json", NULL,
		"{\"choices\":[{\"message\":{\"content\":\"whole\"},"
		"\"finish_reason\":\"stop\"}]}",
		END, false },
	    LLM_OK, "whole", -1, false },
	{ "cut before any text", { 200, STREAM, NULL, ": hm\n\n", CUT, true },
	    LLM_RETRY, "", -1, false },
	{ "cut after text", { 200, STREAM, NULL, SAY("Good "), CUT, true },
	    LLM_BROKEN, "Good ", -1, false },
	{ "cut within an event",
	    { 200, STREAM, NULL, SAY("Good ") "data: {\"choices", CUT, true },
	    LLM_BROKEN, "Good ", -1, false },
	{ "a whole answer, cut",
	    { 200, "application/json", NULL,
		"{\"choices\":[{\"message\":{\"content\":\"who", CUT, true },
	    LLM_RETRY, "", -1, false },
	{ "a whole answer, cut before its length",
	    { 200, "application/json", "Content-Length: 500\r\n",
		"{\"choices\":[{\"message\":{\"content\":\"who", CUT, false },
	    LLM_RETRY, "", -1, false },
	{ "half an answer that is said to be all",
	    { 200, "application/json", NULL,
		"{\"choices\":[{\"message\":{\"content\":\"who", END, false },
	    LLM_RETRY, "", -1, true },
	{ "another document, to the connection's end",
	    { 200, "application/json", NULL, "{\"hello\":1}", CUT, true },
	    LLM_RETRY, "", -1, true },
	{ "no document, to the connection's end",
	    { 200, "text/plain", NULL, "Internal Server Error", CUT, true },
	    LLM_RETRY, "", -1, true },
	{ "a page, to the connection's end",
	    { 200, "text/html", NULL, "<html>", CUT, true }, LLM_ADDRESS, "",
	    -1, false },
	{ "reset after text", { 200, STREAM, NULL, SAY("Good "), RESET, true },
	    LLM_BROKEN, "Good ", -1, false },
	{ "complete, then reset",
	    { 200, STREAM, NULL, SAY("a") DONE, RESET, true }, LLM_OK, "a", -1,
	    false },
	{ "complete, then nonsense",
	    { 200, STREAM, NULL,
		SAY("a") "data: {\"choices\":[{\"delta\":{},\"finish_reason\":"
			 "\"stop\"}]}\n\ndata: bye\n\n" DONE,
		CUT, true },
	    LLM_OK, "a", -1, false },
	/* "a" may begin a mark of thoughts ("analysis"): not shown at once. */
	{ "half JSON after text",
	    { 200, STREAM, NULL, SAY("b") "data: {\"choices\n\n" DONE, CUT,
		true },
	    LLM_BROKEN, "b", -1, true },
	{ "an error after text",
	    { 200, STREAM, NULL,
		SAY("b") "data: {\"error\":{\"code\":503}}\n\n", CUT, true },
	    LLM_BROKEN, "b", -1, true },
	{ "an error before text",
	    { 200, STREAM, NULL,
		"data: {\"error\":{\"code\":\"rate_limit_exceeded\"}}\n\n", CUT,
		true },
	    LLM_RETRY, "", -1, false },
	{ "nothing said", { 200, STREAM, NULL, DONE, CUT, true }, LLM_EMPTY, "",
	    -1, false },
	{ "no body", { 200, STREAM, NULL, "", END, false }, LLM_RETRY, "", -1,
	    true },
	{ "a page", { 200, "text/html", NULL, "<html>", END, false },
	    LLM_ADDRESS, "", -1, false },
	{ "http:// to a TLS port: nginx",
	    { 400, "text/html", NULL,
		"<html><head><title>400 The plain HTTP request was sent to "
		"HTTPS port</title></head></html>",
		END, false },
	    LLM_UNREACHABLE, "", -1, false },
	{ "http:// to a TLS port: Go",
	    { 400, "text/plain", NULL,
		"Client sent an HTTP request to an HTTPS server.\n", END,
		false },
	    LLM_UNREACHABLE, "", -1, false },
	{ "429", { 429, "application/json", NULL, "{}", END, false }, LLM_RETRY,
	    "", -1, false },
	{ "429, seconds",
	    { 429, "application/json", "Retry-After: 1.5\r\n", "{}", END,
		false },
	    LLM_RETRY, "", 1500, false },
	{ "429, milliseconds win",
	    { 429, "application/json",
		"Retry-After: 9\r\nRetry-After-Ms: 250\r\n", "{}", END, false },
	    LLM_RETRY, "", 250, false },
	{ "429, a time in the past",
	    { 429, "application/json",
		"Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n", "{}", END,
		false },
	    LLM_RETRY, "", 0, false },
	{ "429, a time far off",
	    { 429, "application/json",
		"Retry-After: Wed, 21 Oct 2099 07:28:00 GMT\r\n", "{}", END,
		false },
	    LLM_QUOTA, "", 60000, true },
	{ "429, nonsense",
	    { 429, "application/json",
		"Retry-After: nan\r\nRetry-After-Ms: -4\r\n", "{}", END,
		false },
	    LLM_RETRY, "", -1, false },
	{ "429 of an empty purse",
	    { 429, "application/json", NULL,
		"{\"error\":{\"code\":\"insufficient_quota\"}}", END, false },
	    LLM_QUOTA, "", -1, true },
	{ "429 that must not be repeated",
	    { 429, "application/json", "X-Should-Retry: false\r\n", "{}", END,
		false },
	    LLM_INVALID, "", -1, false },
	{ "400 that may be repeated",
	    { 400, "application/json", "X-Should-Retry: true\r\n", "{}", END,
		false },
	    LLM_RETRY, "", -1, false },
	{ "500", { 500, "text/plain", NULL, "oops", END, false }, LLM_RETRY, "",
	    -1, true },
	{ "529", { 529, "text/plain", NULL, "", END, false }, LLM_RETRY, "", -1,
	    true },
	{ "408", { 408, "text/plain", NULL, "", END, false }, LLM_RETRY, "", -1,
	    true },
	{ "409", { 409, "text/plain", NULL, "", END, false }, LLM_RETRY, "", -1,
	    false },
	{ "401", { 401, "text/plain", NULL, "", END, false }, LLM_DENIED, "",
	    -1, false },
	{ "403", { 403, "text/plain", NULL, "", END, false }, LLM_DENIED, "",
	    -1, false },
	{ "404", { 404, "text/plain", NULL, "", END, false }, LLM_ADDRESS, "",
	    -1, false },
	{ "too long",
	    { 400, "application/json", NULL,
		"{\"error\":{\"code\":"
		"\"context_length_exceeded\"}}",
		END, false },
	    LLM_CONTEXT, "", -1, false },
	{ "redirected",
	    { 302, "text/plain", "Location: /other\r\n", "", END, false },
	    LLM_ADDRESS, "", -1, false },
	{ "no first byte", { 0, "", NULL, "", SILENT, false }, LLM_RETRY, "",
	    -1, true },
};

/* Where it leads, without what may be secret. */
static void
a_redirection_is_named(void **state)
{
	static const struct {
		const char *header, *why;
	} cases[] = {
		{ "Location: https://m.example/v2/?key=SECRET\r\n",
		    "status 308: redirected to https://m.example/v2/" },
		{ "Location: https://me:SECRET@m.example/v2#x\r\n",
		    "status 308: redirected to https://m.example/v2" },
		{ "Location: /v2/chat?SECRET\r\n",
		    "status 308: redirected to /v2/chat" },
		{ "Location: //me:SECRET@m.example/v2\r\n", "status 308" },
		{ "X: y\r\n", "status 308" },
	};
	struct llm_backend b = backend(HOST_OPENAI);
	struct asked a;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct step step = { 308, "text/plain", cases[i].header, "",
			END, false };

		script(&step, 1);
		ask(&b, NULL, &a);
		assert_int_equal(a.rc, LLM_ADDRESS);
		assert_string_equal(a.failure.why, cases[i].why);
		arena_free(a.mem);
	}
}

static void
answers_are_told_apart(void **state)
{
	struct llm_backend b = backend(HOST_OPENAI);
	struct asked a;
	size_t i;

	(void)state;
	b.first_byte_ms = 2000; /* what is sent must come within it */
	for (i = 0; i < NELEM(CASES); i++) {
		script(&CASES[i].step, 1);
		ask(&b, NULL, &a);
		if (a.rc != CASES[i].rc || a.failure.counts != CASES[i].counts
		    || a.failure.retry_after_ms != CASES[i].retry_ms)
			fail_msg("%s: %s counts %d retry %lld (%s)",
			    CASES[i].what, llm_rc_name(a.rc), a.failure.counts,
			    (long long)a.failure.retry_after_ms, a.failure.why);
		if (strcmp(a.rc == LLM_OK ? a.answer.text : shown,
			CASES[i].text)
		    != 0)
			fail_msg("%s: \"%s\" shown \"%s\"", CASES[i].what,
			    a.answer.text, shown);
		if (a.rc == LLM_OK)
			assert_true(first_byte);
		else if (a.rc != LLM_EMPTY)
			assert_true(a.failure.why[0] != '\0');
		assert_true(a.ms < PROMPT_MS);
		assert_int_equal(atomic_load(&srv.requests), 1);
		arena_free(a.mem);
	}
}

/* A body without an end must not hold the turn until llm.total. */
static void
a_huge_body_is_given_up(void **state)
{
	static const struct {
		const char *what, *head;
		int status;
	} cases[] = {
		{ "a refusal", "oops", 500 },
		{ "a whole answer", "{\"choices\":[", 200 },
	};
	struct llm_backend b = backend(HOST_OPENAI);
	struct asked a;
	char *body = malloc(HUGE_BODY + 1);
	size_t i;

	(void)state;
	assert_non_null(body);
	b.total_ms = LONG_MS;
	for (i = 0; i < NELEM(cases); i++) {
		const struct step step = { cases[i].status, "application/json",
			NULL, body, STAY, true };

		memset(body, ' ', HUGE_BODY);
		body[HUGE_BODY] = '\0';
		memcpy(body, cases[i].head, strlen(cases[i].head));
		script(&step, 1);
		ask(&b, NULL, &a);
		if (a.rc != LLM_RETRY || a.ms >= PROMPT_MS)
			fail_msg("%s: %s after %lld ms", cases[i].what,
			    llm_rc_name(a.rc), (long long)a.ms);
		arena_free(a.mem);
	}
	free(body);
}

static void
addresses_are_the_sdk_s(void **state)
{
	struct secret key = { 0 };
	struct llm_backend b = backend(HOST_GROQ);
	struct asked a;

	(void)state;
	secret_set(&key, "sk-1", 4);
	b.key = &key;
	script(&CASES[0].step, 1);
	ask(&b, NULL, &a);
	assert_int_equal(a.rc, LLM_OK);
	assert_string_equal(seen_path, "/v1/chat/completions");
	assert_string_equal(seen_key, "Bearer sk-1");
	arena_free(a.mem);

	b = backend(HOST_ANTHROPIC);
	b.key = &key;
	ask(&b, NULL, &a);
	assert_string_equal(seen_path, "/v1/messages");
	assert_string_equal(seen_key, "sk-1");
	arena_free(a.mem);
	secret_clear(&key);
}

/* What the operator says of the server of chat.host: the path goes before an
 * address's query, and headers are sent on each question, to it alone. */
static void
addresses_with_a_query_and_headers(void **state)
{
	static const struct {
		int host;
		const char *base, *path, *list;
	} rows[] = {
		{ HOST_OPENAI, "/openai/deployments/d?api-version=2024-10-21",
		    "/openai/deployments/d/chat/completions"
		    "?api-version=2024-10-21",
		    "/openai/deployments/d/models?api-version=2024-10-21" },
		{ HOST_OPENAI, "/v1/?a=b/c&d=", "/v1/chat/completions?a=b/c&d=",
		    "/v1/models?a=b/c&d=" },
		{ HOST_ANTHROPIC, "?api-version=1",
		    "/v1/messages?api-version=1", "/v1/models?api-version=1" },
		{ HOST_ANTHROPIC, "/anthropic/?api-version=1",
		    "/anthropic/v1/messages?api-version=1",
		    "/anthropic/v1/models?api-version=1" },
	};
	char url[128], value[128];
	const char *fallback[] = { "groq/other" };
	struct settings s = { .policy.model = "m",
		.llm_base_url = url,
		.chat_ollama_url = "",
		.llm_max_tokens_name = "",
		.policy.fallback = { fallback, 1 },
		.policy.max_tokens = 9,
		.llm_connect_ms = 20000,
		.llm_first_byte_ms = 5000,
		.llm_idle_ms = 5000,
		.llm_total_ms = 9000 };
	struct served_request request = { .head = seen_head };
	struct arena *mem = arena_new();
	struct llm_backend *b;
	struct llm_look look;
	struct asked a;
	size_t i;

	(void)state;
	assert_int_equal(setenv("TEST_LLM_KEY", "azure-key", 1), 0);
	s.llm_headers = json_pack("{s:s, s:s}", "api-key", "${TEST_LLM_KEY}",
	    "X-Title", "a: b");
	for (i = 0; i < NELEM(rows); i++) {
		s.policy.host = rows[i].host;
		snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", srv.port,
		    rows[i].base);
		assert_int_equal(llm_backends(&s, &s.policy, mem, &b), 2);
		script(&CASES[0].step, 1);
		ask(&b[0], NULL, &a);
		assert_string_equal(seen_path, rows[i].path);
		assert_string_equal(
		    served_header(&request, "api-key", value, sizeof(value)),
		    "azure-key");
		assert_string_equal(
		    served_header(&request, "x-title", value, sizeof(value)),
		    "a: b");
		assert_string_equal(served_header(&request, "content-type",
					value, sizeof(value)),
		    "application/json");
		arena_free(a.mem);
		/* So is the list of models. */
		atomic_store(&srv.requests, 0);
		llm_look(&b[0], NULL, mem, &look);
		assert_string_equal(seen_path, rows[i].list);
		assert_string_equal(
		    served_header(&request, "api-key", value, sizeof(value)),
		    "azure-key");
		/* Another host's server gets neither. */
		assert_null(b[1].headers);
		assert_null(strstr(b[1].base_url, "127.0.0.1"));
	}
	json_decref(s.llm_headers);
	arena_free(mem);
}

static void
nobody_there_is_a_retry(void **state)
{
	struct llm_backend b = backend(HOST_OPENAI);
	struct asked a;

	(void)state;
	b.base_url = "http://127.0.0.1:1/v1";
	ask(&b, NULL, &a);
	assert_int_equal(a.rc, LLM_RETRY);
	assert_true(a.failure.counts);
	arena_free(a.mem);
}

static void
a_cancel_ends_it(void **state)
{
	static const struct step STEP = { 200, STREAM, NULL, SAY("CANCEL"),
		STAY, true };
	struct llm_backend b = backend(HOST_OPENAI);
	struct asked a;

	(void)state;
	script(&STEP, 1);
	ask(&b, NULL, &a);
	assert_int_equal(a.rc, LLM_CANCELLED);
	assert_true(a.ms < PROMPT_MS);
	arena_free(a.mem);
}

static void
connections_are_used_again(void **state)
{
	struct llm_backend b = backend(HOST_OPENAI);
	struct step s = CASES[0].step;
	struct asked a;
	int before, i;

	(void)state;
	s.then = END;
	s.chunked = false;
	before = atomic_load(&srv.connections);
	for (i = 0; i < 5; i++) {
		script(&s, 1);
		ask(&b, NULL, &a);
		assert_int_equal(a.rc, LLM_OK);
		arena_free(a.mem);
	}
	assert_true(atomic_load(&srv.connections) - before <= 1);
}

/* ---- several requests in one question ----------------------------------- */

#define MESSAGE(content, stop)                                           \
	"{\"type\":\"message\",\"content\":[" content                    \
	"],\"stop_reason\":\"" stop "\",\"usage\":{\"input_tokens\":10," \
	"\"output_tokens\":2}}"
#define WORDS(t) "{\"type\":\"text\",\"text\":\"" t "\"}"
#define JSON(status, body)                                         \
	{                                                          \
		status, "application/json", NULL, body, END, false \
	}

static void
a_pause_goes_on(void **state)
{
	static const struct step STEPS[] = {
		JSON(200,
		    MESSAGE(
			WORDS(
			    "One, ") ",{\"type\":"
				     "\"server_tool_use\",\"id\":\"s\",\"name\":\"search\","
				     "\"input\":{}}",
			"pause_turn")),
		JSON(200, MESSAGE(WORDS("two."), "end_turn")),
	};
	struct llm_backend b = backend(HOST_ANTHROPIC);
	struct asked a;

	(void)state;
	script(STEPS, 2);
	ask(&b, NULL, &a);
	assert_int_equal(a.rc, LLM_OK);
	assert_string_equal(a.answer.text, "One, two.");
	assert_string_equal(shown, "One, two.");
	assert_int_equal(a.answer.usage.in, 20);
	assert_int_equal(atomic_load(&srv.requests), 2);
	assert_non_null(strstr(seen[1], "server_tool_use"));
	assert_null(strstr(seen[0], "server_tool_use"));
	arena_free(a.mem);
}

static void
pauses_have_an_end(void **state)
{
	static const struct step PAUSE = JSON(200,
	    MESSAGE(WORDS("a"), "pause_turn"));
	const struct step all[] = { PAUSE, PAUSE, PAUSE, PAUSE, PAUSE };
	struct llm_backend b = backend(HOST_ANTHROPIC);
	struct asked a;

	(void)state;
	script(all, NELEM(all));
	ask(&b, NULL, &a);
	assert_int_equal(a.rc, LLM_OK);
	assert_string_equal(a.answer.text, "aaaa");
	assert_int_equal(atomic_load(&srv.requests), 4);
	arena_free(a.mem);
}

static void
a_failure_after_a_shown_pause_is_broken(void **state)
{
	static const struct step STEPS[] = {
		JSON(200, MESSAGE(WORDS("a"), "pause_turn")),
		JSON(529, "{}"),
	};
	struct llm_backend b = backend(HOST_ANTHROPIC);
	struct asked a;

	(void)state;
	script(STEPS, 2);
	ask(&b, NULL, &a);
	assert_int_equal(a.rc, LLM_BROKEN);
	assert_true(a.failure.counts);
	arena_free(a.mem);
}

static void
without_native_calls_it_is_asked_in_words(void **state)
{
	static const struct step STEPS[] = {
		JSON(400,
		    "{\"error\":{\"message\":\"registry.ollama.ai/x "
		    "does not support tools\"}}"),
		JSON(200,
		    "{\"choices\":[{\"message\":{\"content\":"
		    "\"<tool_call>{\\\"name\\\":\\\"echo\\\"}</tool_call>\"}"
		    "}]}"),
	};
	struct tool_spec tool = { .name = "echo",
		.description = "d",
		.schema_text = "{\"type\":\"object\"}" };
	struct llm_question q = { .tools = &tool, .ntools = 1 };
	struct llm_backend b = backend(HOST_OLLAMA);
	struct asked a;

	(void)state;
	script(STEPS, 2);
	ask(&b, &q, &a);
	assert_int_equal(a.rc, LLM_OK);
	assert_int_equal(a.answer.ncalls, 1);
	assert_string_equal(a.answer.calls[0].name, "echo");
	assert_string_equal(shown, "");
	assert_non_null(strstr(seen[0], "\"tools\""));
	assert_null(strstr(seen[1], "\"tools\""));
	assert_non_null(strstr(seen[1], "tool_call"));
	arena_free(a.mem);

	b.tools = LLM_TOOLS_NATIVE;
	script(STEPS, 2);
	ask(&b, &q, &a);
	assert_int_equal(a.rc, LLM_INVALID);
	assert_int_equal(atomic_load(&srv.requests), 1);
	arena_free(a.mem);
}

/* A fall-back in the middle of a turn: what one model's answer carries is never
 * sent to another one. */
static void
extras_go_to_no_other(void **state)
{
	static struct tool_call call = { "c1", "echo", "{}" };
	static const struct step STEP = { 200, "application/json", NULL,
		"{\"content\":[{\"type\":\"text\",\"text\":\"ok\"}],"
		"\"stop_reason\":\"end_turn\","
		"\"choices\":[{\"message\":{\"content\":\"ok\"},"
		"\"finish_reason\":\"stop\"}]}",
		END, false };
	static const struct {
		const char *wire;    /* NULL: nobody knows */
		const char *backend; /* NULL: nobody knows; "": this one */
		int host;
		bool sent;
	} cases[] = {
		{ "anthropic", "", HOST_ANTHROPIC, true },
		{ "anthropic", NULL, HOST_ANTHROPIC, true },
		{ "anthropic", "anthropic/another/01234567", HOST_ANTHROPIC,
		    false },
		{ "openai", NULL, HOST_ANTHROPIC, false },
		{ NULL, NULL, HOST_ANTHROPIC, false },
		{ "anthropic", NULL, HOST_OPENAI, false },
	};
	char name[LLM_BACKEND_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		struct llm_message m[] = {
			{ .role = LLM_USER, .text = "x" },
			{ .role = LLM_ASSISTANT,
			    .text = "",
			    .calls = &call,
			    .ncalls = 1,
			    .extra = "[{\"type\":\"thinking\",\"thinking\":"
				     "\"deep\",\"signature\":\"s\"},"
				     "{\"type\":\"tool_use\",\"id\":\"c1\","
				     "\"name\":\"echo\",\"input\":{}}]",
			    .extra_wire = cases[i].wire },
			{ .role = LLM_TOOL,
			    .text = "hi",
			    .call_id = "c1",
			    .tool = "echo" },
		};
		struct llm_question q = { .messages = m,
			.nmessages = NELEM(m) };
		struct llm_backend b = backend(cases[i].host);
		struct asked a;

		llm_backend_name(&b, name);
		m[1].extra_backend = cases[i].backend == NULL
			|| cases[i].backend[0] != '\0'
		    ? cases[i].backend
		    : name;
		script(&STEP, 1);
		ask(&b, &q, &a);
		assert_int_equal(a.rc, LLM_OK);
		assert_string_equal(a.answer.extra_backend, name);
		assert_string_equal(a.answer.extra_wire,
		    cases[i].host == HOST_ANTHROPIC ? "anthropic" : "openai");
		if ((strstr(seen[0], "deep") != NULL) != cases[i].sent)
			fail_msg("case %zu: %s", i, seen[0]);
		arena_free(a.mem);
	}
}

/* What the log, doctor and --test tell the operator to do. */
static void
each_failure_has_its_remedy(void **state)
{
	static const struct {
		enum llm_rc rc;
		struct llm_failure f;
		const char *base_url, *name, *remedy; /* is part of it */
	} rows[] = {
		{ LLM_DENIED, { 0 }, "", NULL,
		    "correct the API key (OPENAI_API_KEY)" },
		{ LLM_DENIED, { 0 }, "", "b", "the API key of llm.backends.b" },
		{ LLM_ADDRESS, { .status = 404 },
		    "http://h/v1/chat/completions/", NULL,
		    "leave /chat/completions off the end of llm.base_url" },
		{ LLM_ADDRESS, { .status = 404 }, "http://h/v1/messages?x=1",
		    "b",
		    "leave /messages off the end of base_url of "
		    "llm.backends.b" },
		{ LLM_ADDRESS, { .status = 404 }, "http://h", NULL,
		    "(LLM_BASE_URL): most end in /v1; dragoman doctor" },
		{ LLM_ADDRESS, { .status = 404 }, "http://h/v1", NULL,
		    "(LLM_BASE_URL); dragoman doctor" },
		{ LLM_ADDRESS, { .status = 302 }, "http://h/v1", NULL,
		    "that the server names" },
		{ LLM_MODEL, { .status = 404 }, "http://h/v1", NULL,
		    "correct chat.model (LLM_MODEL)" },
		{ LLM_MODEL, { .status = 404 }, "http://h/v1", "b",
		    "correct the model of llm.backends.b" },
		{ LLM_INVALID, { .status = 404 }, "http://h/v1", NULL,
		    "or the model's name" },
		{ LLM_RETRY, { .status = 429 }, "", NULL, "rate limit" },
		{ LLM_QUOTA, { .told_ms = 600000 }, "", NULL,
		    "wait about 10 minutes" },
		{ LLM_QUOTA, { .credit = true }, "", NULL, "add credit" },
		{ LLM_UNREACHABLE, { .cause = HTTP_CAUSE_AUTHORITY }, "", NULL,
		    "http.ca_file (DRAGOMAN_CA_FILE)" },
		{ LLM_UNREACHABLE, { .cause = HTTP_CAUSE_PROXYS_CERTIFICATE },
		    "", NULL, "the proxy's certificate" },
		{ LLM_UNREACHABLE, { .cause = HTTP_CAUSE_PROXY_LOGIN }, "",
		    NULL, "HTTPS_PROXY" },
		{ LLM_UNREACHABLE, { .cause = HTTP_CAUSE_NEEDS_HTTPS },
		    "http://h/v1", "b",
		    "write https:// in base_url of llm.backends.b" },
		{ LLM_ADDRESS, { .is_page = true }, "http://h/v1", NULL,
		    "a web site answers there" },
		{ LLM_RETRY, { .cause = HTTP_CAUSE_CONNECT }, "http://h/v1",
		    NULL, "start the server, or correct llm.base_url" },
		{ LLM_RETRY, { .cause = HTTP_CAUSE_CUT }, "http://h/v1", NULL,
		    "write https:// in llm.base_url" },
		{ LLM_RETRY, { .cause = HTTP_CAUSE_CUT }, "https://h/v1", NULL,
		    "look at the server" },
		{ LLM_UNCHOSEN, { 0 }, "http://h/v1", NULL, "set LLM_MODEL" },
	};
	struct arena *mem = arena_new();
	struct llm_backend b;
	const char *said;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		b = backend(HOST_OPENAI);
		b.base_url = rows[i].base_url;
		b.name = rows[i].name;
		said = llm_remedy(rows[i].rc, &rows[i].f, &b, mem);
		if (strstr(said, rows[i].remedy) == NULL)
			fail_msg("row %zu: %s", i, said);
	}
	arena_free(mem);
}

/* Anthropic's addresses have no /v1, and what is left off is all that is too
 * much: whoever does as told is not told more. */
static void
what_is_too_much_is_told_at_once(void **state)
{
	static const struct {
		int host;
		const char *base_url, *remedy;
	} rows[] = {
		{ HOST_ANTHROPIC, "https://h/v1", "leave /v1 off" },
		{ HOST_ANTHROPIC, "https://h/v1/messages",
		    "leave /v1/messages off" },
		{ HOST_ANTHROPIC, "https://h/v1/models/?a=b",
		    "leave /v1/models off" },
		{ HOST_ANTHROPIC, "https://h/x", "correct llm.base_url" },
		{ HOST_OPENAI, "https://h/v1/models", "leave /models off" },
		{ HOST_OPENAI, "https://h/api/v4", "(LLM_BASE_URL); dragoman" },
		{ HOST_OPENAI, "https://v1.h.test/x", "most end in /v1" },
		{ HOST_OPENAI, "https://h/v1beta/openai",
		    "(LLM_BASE_URL); dragoman" },
	};
	const struct llm_failure f = { .status = 404 };
	struct arena *mem = arena_new();
	struct llm_backend b;
	const char *said;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		b = backend(rows[i].host);
		b.base_url = rows[i].base_url;
		said = llm_remedy(LLM_ADDRESS, &f, &b, mem);
		if (strstr(said, rows[i].remedy) == NULL)
			fail_msg("%s: %s", rows[i].base_url, said);
	}
	arena_free(mem);
}

/* One for each cause; what some have in common is the server's to mend. */
static void
each_cause_has_its_remedy(void **state)
{
	struct arena *mem = arena_new();
	struct llm_backend b = backend(HOST_OPENAI);
	int cause;

	(void)state;
	for (cause = 0; cause < HTTP_CAUSE_N; cause++) {
		struct llm_failure f = { .cause = (enum http_cause)cause };
		const char *said = llm_remedy(LLM_UNREACHABLE, &f, &b, mem);

		assert_true(said != NULL && said[0] != '\0');
		if ((cause == HTTP_CAUSE_OTHER || cause == HTTP_CAUSE_CUT)
		    != (strncmp(said, "nothing if it passes", 20) == 0))
			fail_msg("%d: %s", cause, said);
	}
	arena_free(mem);
}

SERVED_WITH_HTTP(srv, serve)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_told_apart),
		cmocka_unit_test(a_redirection_is_named),
		cmocka_unit_test(each_failure_has_its_remedy),
		cmocka_unit_test(each_cause_has_its_remedy),
		cmocka_unit_test(what_is_too_much_is_told_at_once),
		cmocka_unit_test(a_huge_body_is_given_up),
		cmocka_unit_test(addresses_are_the_sdk_s),
		cmocka_unit_test(addresses_with_a_query_and_headers),
		cmocka_unit_test(nobody_there_is_a_retry),
		cmocka_unit_test(a_cancel_ends_it),
		cmocka_unit_test(connections_are_used_again),
		cmocka_unit_test(a_pause_goes_on),
		cmocka_unit_test(pauses_have_an_end),
		cmocka_unit_test(a_failure_after_a_shown_pause_is_broken),
		cmocka_unit_test(without_native_calls_it_is_asked_in_words),
		cmocka_unit_test(extras_go_to_no_other),
	};

	return cmocka_run_group_tests_name("llm", tests, start, stop);
}
