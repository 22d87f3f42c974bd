/*
 * Messages: alternating roles, blocks, and streams that end in many ways.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "tests/unit/answers.h"
#include "tests/unit/cuts.h"

#define START                                                           \
	"{\"type\":\"message_start\",\"message\":{\"id\":\"m\","        \
	"\"usage\":{\"input_tokens\":10,\"cache_read_input_tokens\":5," \
	"\"output_tokens\":1}}}\n"
#define BLOCK(i, b)                                      \
	"{\"type\":\"content_block_start\",\"index\":" i \
	",\"content_block\":" b "}\n"
#define DELTA(i, d) \
	"{\"type\":\"content_block_delta\",\"index\":" i ",\"delta\":" d "}\n"
#define END(i) "{\"type\":\"content_block_stop\",\"index\":" i "}\n"
#define STOP(why)                                                 \
	"{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":" \
	"\"" why "\"},\"usage\":{\"output_tokens\":9}}\n"         \
	"{\"type\":\"message_stop\"}\n"
#define TEXT(i, t)                                    \
	BLOCK(i, "{\"type\":\"text\",\"text\":\"\"}") \
	DELTA(i, "{\"type\":\"text_delta\",\"text\":\"" t "\"}") END(i)
#define JSON(i, j)                            \
	DELTA(i,                              \
	    "{\"type\":\"input_json_delta\"," \
	    "\"partial_json\":\"" j "\"}")
#define CALL(i, id, name)                                               \
	BLOCK(i,                                                        \
	    "{\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"" name \
	    "\",\"input\":{}}")
#define THINK(i)                                                         \
	BLOCK(i,                                                         \
	    "{\"type\":\"thinking\",\"thinking\":\"\","                  \
	    "\"signature\":\"\"}")                                       \
	DELTA(i, "{\"type\":\"thinking_delta\",\"thinking\":\"hm \"}")   \
	DELTA(i, "{\"type\":\"thinking_delta\",\"thinking\":\"so\"}")    \
	DELTA(i, "{\"type\":\"signature_delta\",\"signature\":\"SIG\"}") \
	END(i)

static const struct {
	const char *what, *events;
	enum llm_rc rc; /* LLM_RC_N: no answer */
	const char *text;
	const char *calls; /* "id name arguments; ..." */
	bool cut, refused;
	const char *extra; /* NULL: none */
} STREAMS[] = {
	{ "words", START TEXT("0", "Hi") STOP("end_turn"), LLM_OK, "Hi", "",
	    false, false, NULL },
	{ "ids that recur beside thoughts",
	    START THINK("0") CALL("1", "t", "echo") END("1")
		CALL("2", "t", "echo") END("2") CALL("3", "", "echo") END("3")
		    STOP("tool_use"),
	    LLM_OK, "", "t echo {}; t_2 echo {}; call_2 echo {}; ", false,
	    false,
	    "[{\"type\":\"thinking\",\"thinking\":\"hm so\",\"signature\":"
	    "\"SIG\"},{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"echo\","
	    "\"input\":{}},{\"type\":\"tool_use\",\"id\":\"t_2\",\"name\":"
	    "\"echo\",\"input\":{}},{\"type\":\"tool_use\",\"id\":\"call_2\","
	    "\"name\":\"echo\",\"input\":{}}]" },
	{ "pings and what is new",
	    "{\"type\":\"ping\"}\n" START
	    "{\"type\":\"later_kind\",\"x\":1}\n" TEXT("0", "Hi")
		BLOCK("1", "{\"type\":\"new_block\"}") DELTA("1",
		    "{\"type\":\"new_delta\"}") END("1") STOP("end_turn"),
	    LLM_OK, "Hi", "", false, false, NULL },
	{ "type by the event's name",
	    "event message_start {\"message\":{}}\n"
	    "event content_block_start {\"index\":0,\"content_block\":{"
	    "\"type\":\"text\",\"text\":\"a\"}}\n"
	    "event message_stop {}\n",
	    LLM_OK, "a", "", false, false, NULL },
	{ "no message_stop", START TEXT("0", "Hi"), LLM_RC_N, "", "", false,
	    false, NULL },
	{ "anything after message_stop",
	    START TEXT("0", "Hi")
		STOP("end_turn") "bye\n"
				 "{\"type\":\"error\",\"error\":{"
				 "\"type\":\"api_error\"}}\n" TEXT("1", "more"),
	    LLM_OK, "Hi", "", false, false, NULL },
	{ "a NUL, half a character, a number too large",
	    START TEXT("0", "a\\u0000b")
		TEXT("1", "c\\ud83d\xff") "{\"type\":\"ping\",\"n\":18446744073709551615}\n" STOP(
		    "end_turn"),
	    LLM_OK,
	    "a\xef\xbf\xbd"
	    "bc\xef\xbf\xbd\xef\xbf\xbd",
	    "", false, false, NULL },
	{ "half JSON", START "{\"type\":\n", LLM_RC_N, "", "", false, false,
	    NULL },
	{ "a call in pieces",
	    START CALL("0", "t1", "echo") JSON("0", "") JSON("0", "{\\\"te")
		JSON("0", "xt\\\":1}") END("0") STOP("tool_use"),
	    LLM_OK, "", "t1 echo {\"text\":1}; ", false, false, NULL },
	{ "nothing in pieces means {}",
	    START CALL("0", "t1", "time") END("0") STOP("tool_use"), LLM_OK, "",
	    "t1 time {}; ", false, false, NULL },
	{ "input at once",
	    START BLOCK("0",
		"{\"type\":\"tool_use\",\"id\":\"t\",\"name\":"
		"\"echo\",\"input\":{\"a\":1}}") END("0") STOP("tool_use"),
	    LLM_OK, "", "t echo {\"a\":1}; ", false, false, NULL },
	{ "words and two calls",
	    START TEXT("0", "I look.") CALL("1", "t1", "one") CALL("2", "t2",
		"two") JSON("2", "{\\\"y\\\":2}") JSON("1", "{\\\"x\\\":1}")
		END("1") END("2") STOP("tool_use"),
	    LLM_OK, "I look.", "t1 one {\"x\":1}; t2 two {\"y\":2}; ", false,
	    false, NULL },
	{ "thinking stays where it was",
	    START THINK("0") TEXT("1", "I look.") CALL("2", "t1", "one")
		JSON("2", "{\\\"x\\\":1}") END("2") BLOCK("3",
		    "{\"type\":\"redacted_thinking\",\"data\":\"ZZ\"}")
		    STOP("tool_use"),
	    LLM_OK, "I look.", "t1 one {\"x\":1}; ", false, false,
	    "[{\"type\":\"thinking\",\"thinking\":\"hm so\",\"signature\":"
	    "\"SIG\"},{\"type\":\"text\",\"text\":\"I look.\"},{\"type\":"
	    "\"tool_use\",\"id\":\"t1\",\"name\":\"one\",\"input\":{\"x\":1}},"
	    "{\"type\":\"redacted_thinking\",\"data\":\"ZZ\"}]" },
	{ "cut", START TEXT("0", "a") STOP("max_tokens"), LLM_OK, "a", "", true,
	    false, NULL },
	{ "cut before the first argument",
	    START CALL("0", "t1", "delete_rows") END("0") STOP("max_tokens"),
	    LLM_OK, "", "t1 delete_rows ; ", true, false, NULL },
	{ "the server broke", START TEXT("0", "Hi") STOP("error"), LLM_RC_N, "",
	    "", false, false, NULL },
	{ "refused after words", START TEXT("0", "Hi") STOP("refusal"), LLM_OK,
	    "Hi", "", true, true, NULL },
	{ "blanks are no words", START TEXT("0", "\\n\\n") STOP("end_turn"),
	    LLM_EMPTY, "", "", false, false, NULL },
	{ "refused", START STOP("refusal"), LLM_EMPTY, "", "", false, true,
	    NULL },
	{ "the window is full, nothing said",
	    START STOP("model_context_window_exceeded"), LLM_CONTEXT, "", "",
	    true, false, NULL },
	{ "the window is full, something said",
	    START TEXT("0", "a") STOP("model_context_window_exceeded"), LLM_OK,
	    "a", "", true, false, NULL },
	{ "blocks begun twice and from nowhere",
	    START TEXT("0", "a") BLOCK("0", "{\"type\":\"thinking\"}")
		DELTA("7", "{\"type\":\"text_delta\",\"text\":\"b\"}")
		    DELTA("-1", "{\"type\":\"text_delta\",\"text\":\"b\"}")
			BLOCK("9999", "{\"type\":\"text\",\"text\":\"b\"}")
			    STOP("end_turn"),
	    LLM_OK, "abbb", "", false, false, NULL },
	/* tombii/better-ccflare#307 */
	{ "a stop reason and no message_stop",
	    START TEXT("0",
		"Hi") "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
		      "\"end_turn\"}}\n",
	    LLM_OK, "Hi", "", false, false, NULL },
	{ "a second start",
	    START TEXT("0", "void") CALL("1", "v", "void") START TEXT("0", "Hi")
		STOP("end_turn"),
	    LLM_OK, "Hi", "", false, false, NULL },
	{ "content in the start",
	    "{\"type\":\"message_start\",\"message\":{"
	    "\"content\":[{\"type\":\"text\",\"text\":\"Hi\"},{\"type\":"
	    "\"tool_use\",\"id\":\"t\",\"name\":\"echo\",\"input\":{"
	    "\"x\":1}}],\"stop_reason\":\"tool_use\"}}\n"
	    "{\"type\":\"message_stop\"}\n",
	    LLM_OK, "Hi", "t echo {\"x\":1}; ", false, false, NULL },
	{ "an index used twice",
	    START CALL("0", "a", "one") JSON("0", "{\\\"x\\\":1}") END("0")
		CALL("0", "b", "two") JSON("0", "{\\\"x\\\":2}") END("0")
		    STOP("tool_use"),
	    LLM_OK, "", "a one {\"x\":1}; b two {\"x\":2}; ", false, false,
	    NULL },
	{ "input at once, and in pieces",
	    START BLOCK("0",
		"{\"type\":\"tool_use\",\"id\":\"t\",\"name\":"
		"\"echo\",\"input\":{\"a\":1}}") JSON("0", "{\\\"a\\\"")
		JSON("0", ":1}") END("0") STOP("tool_use"),
	    LLM_OK, "", "t echo {\"a\":1}; ", false, false, NULL },
	{ "half a pair in each of two events",
	    START BLOCK("0", "{\"type\":\"text\",\"text\":\"\"}")
		DELTA("0", "{\"type\":\"text_delta\",\"text\":\"a\\ud83d\"}")
		    DELTA("0", "{\"type\":\"text_delta\",\"text\":\"\\ude00\"}")
			STOP("end_turn"),
	    LLM_OK, "a\xf0\x9f\x98\x80", "", false, false, NULL },
	{ "thoughts in the words",
	    START TEXT("0", "<think>hm</think>yes") STOP("end_turn"), LLM_OK,
	    "yes", "", false, false, NULL },
};

static void
check(size_t i, const struct answered *a)
{
	const char *what = STREAMS[i].what;
	char calls[1024] = "";
	size_t j;

	if (a->rc != STREAMS[i].rc)
		fail_msg("%s: %s", what, llm_rc_name(a->rc));
	if (a->rc == LLM_RC_N)
		return;
	for (j = 0; j < a->answer.ncalls; j++)
		snprintf(calls + strlen(calls), sizeof(calls) - strlen(calls),
		    "%s %s %s; ", a->answer.calls[j].id,
		    a->answer.calls[j].name, a->answer.calls[j].arguments);
	if (strcmp(a->answer.text, STREAMS[i].text) != 0
	    || strcmp(calls, STREAMS[i].calls) != 0
	    || a->answer.cut != STREAMS[i].cut
	    || a->answer.refused != STREAMS[i].refused)
		fail_msg("%s: text \"%s\" calls \"%s\" cut %d refused %d", what,
		    a->answer.text, calls, a->answer.cut, a->answer.refused);
	if (STREAMS[i].extra == NULL)
		assert_null(a->answer.extra);
	else
		answers_expect(what, answers_json(a->mem, a->answer.extra),
		    STREAMS[i].extra);
}

static void
streams_are_read(void **state)
{
	static const size_t STEPS[] = { 0, 1, 13 };
	struct answered a;
	size_t i, j;

	(void)state;
	for (i = 0; i < NELEM(STREAMS); i++)
		for (j = 0; j < NELEM(STEPS); j++) {
			answers_stream(&LLM_ANTHROPIC, STREAMS[i].events,
			    STEPS[j], false, &a);
			check(i, &a);
			answers_free(&a);
		}
}

static void
streams_may_end_anywhere(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(STREAMS); i++)
		cuts_check_stream(STREAMS[i].what, &LLM_ANTHROPIC,
		    STREAMS[i].events);
}

static void
usage_is_cumulative(void **state)
{
	struct answered a;

	(void)state;
	answers_stream(&LLM_ANTHROPIC, START TEXT("0", "a") STOP("end_turn"), 0,
	    false, &a);
	assert_int_equal(a.answer.usage.in, 15);
	assert_int_equal(a.answer.usage.out, 9);
	answers_free(&a);
	/* Of nothing: estimated, so that budgets move. */
	answers_stream(&LLM_ANTHROPIC,
	    "{\"type\":\"message_start\","
	    "\"message\":{\"usage\":{}}}\n" TEXT("0",
		"some words of it") "{\"type\":\"message_delta\",\"delta\":{},\"usage\":{"
				    "\"input_tokens\":0,\"output_tokens\":0}}\n"
				    "{\"type\":\"message_stop\"}\n",
	    0, false, &a);
	assert_true(a.answer.usage.out >= 5);
	answers_free(&a);
}

static void
usage_is_within_reason(void **state)
{
	static const char MOST[] = "9223372036854775807";
	char events[512];
	struct answered a;

	(void)state;
	snprintf(events, sizeof(events),
	    "{\"type\":\"message_start\","
	    "\"message\":{\"usage\":{\"input_tokens\":%s,"
	    "\"cache_read_input_tokens\":%s}}}\n" TEXT("0", "a")
		STOP("end_turn"),
	    MOST, MOST);
	answers_stream(&LLM_ANTHROPIC, events, 0, false, &a);
	assert_int_equal(a.answer.unlikely.in, 2 * (int64_t)LLM_USAGE_MAX);
	assert_true(a.answer.usage.in < 1000);
	answers_free(&a);
}

/* A thought of many blocks is kept for the next request, within reason. */
static void
kept_blocks_are_bounded(void **state)
{
	struct buf b = BUF_INIT(64 * MIB);
	char *piece = malloc(MIB);
	struct answered a;
	int i;

	(void)state;
	assert_non_null(piece);
	memset(piece, 'x', MIB - 1);
	piece[MIB - 1] = '\0';
	for (i = 0; i < 9; i++)
		assert_int_equal(
		    buf_printf(&b,
			"{\"type\":"
			"\"content_block_start\",\"index\":%d,\"content_block\":"
			"{\"type\":\"thinking\",\"thinking\":\"%s\"}}\n",
			i, piece),
		    0);
	assert_int_equal(buf_add_str(&b, STOP("end_turn")), 0);
	answers_stream(&LLM_ANTHROPIC, buf_str(&b), 0, false, &a);
	assert_true(a.failed);
	answers_free(&a);
	free(piece);
	buf_fini(&b);
}

static void
a_pause_keeps_all_that_was_said(void **state)
{
	struct answered a;

	(void)state;
	answers_stream(&LLM_ANTHROPIC,
	    START TEXT("0", "I search.") BLOCK("1",
		"{\"type\":\"server_tool_use\",\"id\":\"s\",\"name\":"
		"\"web_search\",\"input\":{}}") JSON("1", "{\\\"q\\\":")
		JSON("1", "1}") END("1") STOP("pause_turn"),
	    0, false, &a);
	assert_true(a.paused);
	answers_expect("extra", answers_json(a.mem, a.extra),
	    "[{\"type\":\"text\",\"text\":\"I search.\"},{\"type\":"
	    "\"server_tool_use\",\"id\":\"s\",\"name\":\"web_search\","
	    "\"input\":{\"q\":1}}]");
	answers_free(&a);
}

static void
errors_in_a_stream_are_told_apart(void **state)
{
	static const struct {
		const char *type;
		int status;
		enum llm_rc rc;
	} cases[] = {
		{ "overloaded_error", 529, LLM_RETRY },
		{ "rate_limit_error", 429, LLM_RETRY },
		{ "api_error", 500, LLM_RETRY },
		{ "invalid_request_error", 400, LLM_INVALID },
		{ "billing_error", 402, LLM_QUOTA },
		{ "a_new_error", 500, LLM_RETRY },
	};
	struct answered a;
	char events[512];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		snprintf(events, sizeof(events),
		    "%s{\"type\":\"error\",\"error\":{\"type\":\"%s\","
		    "\"message\":\"Overloaded\"}}\n",
		    START, cases[i].type);
		answers_stream(&LLM_ANTHROPIC, events, 0, false, &a);
		if (!a.failed || a.failure.status != cases[i].status
		    || a.error_rc != cases[i].rc)
			fail_msg("%s: %d %s", cases[i].type, a.failure.status,
			    llm_rc_name(a.error_rc));
		assert_null(strstr(a.failure.why, "Overloaded"));
		answers_free(&a);
	}
}

static void
refused_statuses_are_told_apart(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum llm_rc rc;
	} cases[] = {
		{ 400,
		    "{\"type\":\"error\",\"error\":{\"type\":"
		    "\"invalid_request_error\",\"message\":\"prompt is too "
		    "long: 210000 tokens > 200000 maximum\"}}",
		    LLM_CONTEXT },
		{ 400,
		    "{\"error\":{\"type\":\"invalid_request_error\","
		    "\"message\":\"Your credit balance is too low\"}}",
		    LLM_QUOTA },
		{ 413, "{\"error\":{\"type\":\"request_too_large\"}}",
		    LLM_CONTEXT },
		{ 402, "", LLM_QUOTA },
		{ 429,
		    "{\"error\":{\"type\":\"rate_limit_error\",\"details\":"
		    "{\"error_code\":\"enforced_spend_limit_reached\"}}}",
		    LLM_QUOTA },
		{ 429, "{\"error\":{\"type\":\"rate_limit_error\"}}",
		    LLM_RETRY },
		{ 529, "{\"error\":{\"type\":\"overloaded_error\"}}",
		    LLM_RETRY },
		{ 400, "no JSON", LLM_INVALID },
	};
	struct llm_failure f;
	struct arena *mem = arena_new();
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		assert_int_equal(
		    answers_refusal(cases[i].status, cases[i].body, mem, &f),
		    cases[i].rc);
	}
	arena_free(mem);
}

static void
whole_answers_are_read(void **state)
{
	struct answered a;

	(void)state;
	answers_whole(&LLM_ANTHROPIC,
	    "{\"type\":\"message\",\"content\":[{\"type\":\"thinking\","
	    "\"thinking\":\"t\",\"signature\":\"s\"},{\"type\":\"text\","
	    "\"text\":\"hi\"},{\"type\":\"tool_use\",\"id\":\"t\",\"name\":"
	    "\"echo\",\"input\":{\"text\":\"x\"}}],\"stop_reason\":"
	    "\"tool_use\",\"usage\":{\"input_tokens\":3,\"output_tokens\":4}}",
	    &a);
	assert_int_equal(a.rc, LLM_OK);
	assert_string_equal(a.answer.text, "hi");
	assert_string_equal(a.answer.calls[0].arguments, "{\"text\":\"x\"}");
	assert_int_equal(a.answer.usage.in, 3);
	assert_non_null(strstr(a.answer.extra, "\"signature\":\"s\""));
	answers_free(&a);
	answers_whole(&LLM_ANTHROPIC,
	    "{\"type\":\"error\",\"error\":{"
	    "\"type\":\"overloaded_error\"}}",
	    &a);
	assert_int_equal(a.failure.status, 529);
	answers_free(&a);
	answers_whole(&LLM_ANTHROPIC, "{}", &a);
	assert_true(a.failed);
	answers_free(&a);
}

static const struct image PICTURE = { "image/jpeg", "aGk=" };
static const struct tool_call CALLS[] = {
	{ "c1", "echo", "{\"text\":\"hi\"}" },
	{ "functions.x:1", "x", "{broken" },
};
static const struct llm_message MESSAGES[] = {
	{ .role = LLM_SYSTEM, .text = "Be kind." },
	{ .role = LLM_USER, .text = "Look", .images = &PICTURE, .nimages = 1 },
	{ .role = LLM_USER, .text = " \n" },
	{ .role = LLM_ASSISTANT, .text = "", .calls = CALLS, .ncalls = 2 },
	{ .role = LLM_TOOL, .text = "hi", .call_id = "c1", .tool = "echo" },
	{ .role = LLM_TOOL,
	    .text = "no",
	    .call_id = "functions.x:1",
	    .tool = "x",
	    .is_error = true },
	{ .role = LLM_USER, .text = "And?" },
};

static void
requests_are_written(void **state)
{
	struct arena *mem = arena_new();
	struct tool_spec tool = { .name = "echo",
		.description = "it",
		.schema = answers_json(mem, "{\"type\":\"object\"}") };
	struct llm_question q = { .messages = MESSAGES,
		.nmessages = NELEM(MESSAGES),
		.tools = &tool,
		.ntools = 1 };
	struct llm_backend b = { .host = HOST_ANTHROPIC,
		.model = "claude",
		.base_url = "",
		.max_tokens_name = "",
		.temperature = 1.5 };
	const json_t *doc = answers_request(&LLM_ANTHROPIC, &b, &q, mem);

	(void)state;
	answers_expect("system", json_object_get(doc, "system"),
	    "\"Be kind.\"");
	answers_expect("messages", json_object_get(doc, "messages"),
	    "[{\"role\":\"user\",\"content\":[{\"type\":\"image\",\"source\":"
	    "{\"type\":\"base64\",\"media_type\":\"image/jpeg\",\"data\":"
	    "\"aGk=\"}},{\"type\":\"text\",\"text\":\"Look\"},"
	    "{\"type\":\"text\",\"text\":\"(empty)\"}]},"
	    "{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\","
	    "\"id\":\"c1\",\"name\":\"echo\",\"input\":{\"text\":\"hi\"}},"
	    "{\"type\":\"tool_use\",\"id\":\"functions_x_1_52ede134368c8e8e\",\"name\":\"x\","
	    "\"input\":{}}]},"
	    "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
	    "\"tool_use_id\":\"c1\",\"content\":\"hi\"},{\"type\":"
	    "\"tool_result\",\"tool_use_id\":\"functions_x_1_52ede134368c8e8e\",\"content\":"
	    "\"no\",\"is_error\":true},{\"type\":\"text\",\"text\":\"And?\"}"
	    "]}]");
	answers_expect("tools", json_object_get(doc, "tools"),
	    "[{\"name\":\"echo\",\"description\":\"it\",\"input_schema\":"
	    "{\"type\":\"object\"}}]");
	assert_non_null(json_object_get(doc, "max_tokens"));
	assert_null(json_object_get(doc, "temperature"));

	/* The last round offers none, but the API wants them named. */
	q.ntools = 0;
	doc = answers_request(&LLM_ANTHROPIC, &b, &q, mem);
	answers_expect("tool_choice", json_object_get(doc, "tool_choice"),
	    "{\"type\":\"none\"}");
	assert_int_equal(json_array_size(json_object_get(doc, "tools")), 2);
	arena_free(mem);
}

static void
kept_blocks_go_back_unchanged(void **state)
{
	static const char EXTRA[]
	    = "[{\"type\":\"thinking\",\"thinking\":\"t\",\"signature\":"
	      "\"s\"},{\"type\":\"text\",\"text\":\" \"},{\"type\":"
	      "\"tool_use\",\"id\":\"c1\",\"name\":\"echo\",\"input\":{}},"
	      "{\"type\":\"tool_use\",\"id\":\"dropped\",\"name\":\"echo\","
	      "\"input\":{}}]";
	struct llm_message m[] = {
		{ .role = LLM_ASSISTANT,
		    .text = " ",
		    .calls = CALLS,
		    .ncalls = 1,
		    .extra = EXTRA },
		{ .role = LLM_TOOL,
		    .text = "hi",
		    .call_id = "c1",
		    .tool = "echo" },
	};
	struct arena *mem = arena_new();
	struct llm_question q = { .messages = m, .nmessages = 2 };
	struct llm_backend b = { .host = HOST_ANTHROPIC,
		.model = "claude",
		.base_url = "",
		.max_tokens_name = "",
		.temperature = -1 };
	const json_t *doc = answers_request(&LLM_ANTHROPIC, &b, &q, mem);

	(void)state;
	answers_expect("messages", json_object_get(doc, "messages"),
	    "[{\"role\":\"user\",\"content\":\"(continued)\"},"
	    "{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\","
	    "\"thinking\":\"t\",\"signature\":\"s\"},{\"type\":\"tool_use\","
	    "\"id\":\"c1\",\"name\":\"echo\",\"input\":{}}]},"
	    "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
	    "\"tool_use_id\":\"c1\",\"content\":\"hi\"}]}]");
	assert_null(json_object_get(doc, "temperature"));
	arena_free(mem);
}

/* As a stream brings them: signatures and all, in their order. */
static void
signed_blocks_go_back_as_they_came(void **state)
{
	static const char EVENTS[] = START BLOCK("0",
	    "{\"type\":\"thinking\",\"thinking\":\"\","
	    "\"signature\":\"\"}") DELTA("0",
	    "{\"type\":\"thinking_delta\",\"thinking\":"
	    "\" I \\ud83d\"}") DELTA("0",
	    "{\"type\":\"thinking_delta\",\"thinking\":"
	    "\"\\ude00 see.\\n \"}") DELTA("0",
	    "{\"type\":\"signature_delta\",\"signature\":"
	    "\"Ab+\\u002f\\/ ==\"}") END("0") BLOCK("1",
	    "{\"type\":\"redacted_thinking\",\"data\":"
	    "\"Rd\\u00e9+/ =\"}") END("1")
	    /* shown to nobody, signed all the same */
	    BLOCK("2",
		"{\"type\":\"thinking\",\"thinking\":\"\","
		"\"signature\":\"\"}") DELTA("2",
		"{\"type\":\"signature_delta\",\"signature\":"
		"\"none\"}") END("2") TEXT("3", "Let me look.") BLOCK("4",
		"{\"type\":\"thinking\",\"thinking\":\"b\","
		"\"signature\":\"whole\",\"later\":[1]}") END("4")
		CALL("5", "c1", "echo") JSON("5", "{\\\"text\\\":\\\"hi\\\"}")
		    END("5") STOP("tool_use");
	struct arena *mem = arena_new();
	struct llm_backend b = { .host = HOST_ANTHROPIC,
		.model = "claude",
		.base_url = "",
		.max_tokens_name = "",
		.temperature = -1 };
	struct answered a;
	size_t step;

	(void)state;
	cuts_check_stream("signed blocks", &LLM_ANTHROPIC, EVENTS);
	for (step = 0; step < 9; step++) {
		struct llm_message m[3] = {
			{ .role = LLM_USER, .text = "x" },
			{ .role = LLM_ASSISTANT },
			{ .role = LLM_TOOL,
			    .text = "hi",
			    .call_id = "c1",
			    .tool = "echo" },
		};
		struct llm_question q = { .messages = m, .nmessages = 3 };

		answers_stream(&LLM_ANTHROPIC, EVENTS, step, false, &a);
		assert_int_equal(a.rc, LLM_OK);
		assert_string_equal(a.answer.text, "Let me look.");
		m[1].text = a.answer.text;
		m[1].calls = a.answer.calls;
		m[1].ncalls = a.answer.ncalls;
		m[1].extra = a.answer.extra;
		answers_expect("content",
		    json_object_get(
			json_array_get(
			    json_object_get(
				answers_request(&LLM_ANTHROPIC, &b, &q, mem),
				"messages"),
			    1),
			"content"),
		    "[{\"type\":\"thinking\",\"thinking\":"
		    "\" I \xf0\x9f\x98\x80 see.\\n \",\"signature\":"
		    "\"Ab+// ==\"},{\"type\":\"redacted_thinking\",\"data\":"
		    "\"Rd\u00e9+/ =\"},{\"type\":\"thinking\","
		    "\"thinking\":\"\",\"signature\":\"none\"},{\"type\":"
		    "\"text\",\"text\":\"Let me look.\"},{\"type\":"
		    "\"thinking\",\"thinking\":\"b\",\"signature\":"
		    "\"whole\",\"later\":[1]},{\"type\":\"tool_use\","
		    "\"id\":\"c1\",\"name\":\"echo\",\"input\":{\"text\":"
		    "\"hi\"}}]");
		answers_free(&a);
	}
	arena_free(mem);
}

/* Another server's form of ids: call and result go by one. */
static void
ids_of_kept_calls_match_their_results(void **state)
{
	static const char ID[] = "chatcmpl-tool:1.a";
	static const char EXTRA[]
	    = "[{\"type\":\"thinking\",\"thinking\":\"t\",\"signature\":"
	      "\"s\"},{\"type\":\"tool_use\",\"id\":\"chatcmpl-tool:1.a\","
	      "\"name\":\"echo\",\"input\":{}}]";
	struct tool_call call = { ID, "echo", "{}" };
	struct llm_message m[] = {
		{ .role = LLM_USER, .text = "x" },
		{ .role = LLM_ASSISTANT,
		    .text = "",
		    .calls = &call,
		    .ncalls = 1,
		    .extra = EXTRA },
		{ .role = LLM_TOOL,
		    .text = "hi",
		    .call_id = ID,
		    .tool = "echo" },
	};
	struct arena *mem = arena_new();
	struct llm_question q = { .messages = m, .nmessages = NELEM(m) };
	struct llm_backend b = { .host = HOST_ANTHROPIC,
		.model = "claude",
		.base_url = "",
		.max_tokens_name = "",
		.temperature = -1 };
	const json_t *doc = answers_request(&LLM_ANTHROPIC, &b, &q, mem);

	(void)state;
	answers_expect("messages", json_object_get(doc, "messages"),
	    "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":"
	    "\"x\"}]},{\"role\":\"assistant\",\"content\":[{\"type\":"
	    "\"thinking\",\"thinking\":\"t\",\"signature\":\"s\"},{\"type\":"
	    "\"tool_use\",\"id\":\"chatcmpl-tool_1_a_43e06dee6eaf086b\",\"name\":\"echo\","
	    "\"input\":{}}]},{\"role\":\"user\",\"content\":[{\"type\":"
	    "\"tool_result\",\"tool_use_id\":\"chatcmpl-tool_1_a_43e06dee6eaf086b\","
	    "\"content\":\"hi\"}]}]");
	arena_free(mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_are_read),
		cmocka_unit_test(streams_may_end_anywhere),
		cmocka_unit_test(usage_is_cumulative),
		cmocka_unit_test(usage_is_within_reason),
		cmocka_unit_test(kept_blocks_are_bounded),
		cmocka_unit_test(a_pause_keeps_all_that_was_said),
		cmocka_unit_test(errors_in_a_stream_are_told_apart),
		cmocka_unit_test(refused_statuses_are_told_apart),
		cmocka_unit_test(whole_answers_are_read),
		cmocka_unit_test(requests_are_written),
		cmocka_unit_test(kept_blocks_go_back_unchanged),
		cmocka_unit_test(signed_blocks_go_back_as_they_came),
		cmocka_unit_test(ids_of_kept_calls_match_their_results),
	};

	return cmocka_run_group_tests_name("anthropic", tests, NULL, NULL);
}
