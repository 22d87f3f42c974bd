/*
 * Chat Completions, as OpenAI, Groq, Ollama, vLLM and OpenRouter speak it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/http.h"
#include "base/json.h"
#include "llm/quirks.h"
#include "tests/unit/answers.h"
#include "tests/unit/cuts.h"

#define DELTA(d) \
	"{\"choices\":[{\"index\":0,\"delta\":" d ",\"finish_reason\":null}]}\n"
#define FINISH(why)                                \
	"{\"choices\":[{\"index\":0,\"delta\":{}," \
	"\"finish_reason\":\"" why "\"}]}\n"
#define USAGE                                             \
	"{\"choices\":[],\"usage\":{\"prompt_tokens\":7," \
	"\"completion_tokens\":3}}\n"
#define DONE "[DONE]\n"
#define CALL(index, id, name, arguments)                                       \
	DELTA("{\"tool_calls\":[{"                                             \
	      "\"index\":" index ",\"id\":\"" id "\",\"type\":\"function\","   \
	      "\"function\":{\"name\":\"" name "\",\"arguments\":\"" arguments \
	      "\"}}]}")
#define MORE(index, arguments)                     \
	DELTA("{\"tool_calls\":[{\"index\":" index \
	      ",\"function\":{\"arguments\":\"" arguments "\"}}]}")

static const struct {
	const char *what, *events;
	enum llm_rc rc; /* LLM_RC_N: no answer */
	const char *text;
	const char *calls; /* "id name arguments; ..." */
	bool cut, refused;
} STREAMS[] = {
	{ "words",
	    DELTA("{\"role\":\"assistant\",\"content\":\"\"}")
		DELTA("{\"content\":\"Good \"}") DELTA("{\"content\":\"day\"}")
		    FINISH("stop") USAGE DONE,
	    LLM_OK, "Good day", "", false, false },
	{ "no [DONE]", DELTA("{\"content\":\"a\"}") FINISH("stop"), LLM_OK, "a",
	    "", false, false },
	{ "no finish_reason", DELTA("{\"content\":\"a\"}") DONE, LLM_OK, "a",
	    "", false, false },
	{ "cut in the middle", DELTA("{\"content\":\"a\"}"), LLM_RC_N, "", "",
	    false, false },
	{ "nothing at all", "", LLM_RC_N, "", "", false, false },
	{ "half JSON", DELTA("{\"content\":\"a\"}") "{\"choices\":[{\n" DONE,
	    LLM_RC_N, "", "", false, false },
	{ "a NUL, half a character, a number too large, a key twice",
	    DELTA("{\"content\":\"a\\u0000b \\ud83d\"}")
		DELTA("{\"content\":\"c\xf0\x9f\",\"seed\":"
		      "18446744073709551615,\"p\":1e999}")
		    DELTA("{\"content\":\"x\",\"content\":\"d\"}")
			FINISH("stop") DONE,
	    LLM_OK,
	    "a\xef\xbf\xbd"
	    "b \xef\xbf\xbd"
	    "c\xef\xbf\xbd\xef\xbf\xbd"
	    "d",
	    "", false, false },
	{ "an empty finish_reason is none", FINISH(""), LLM_RC_N, "", "", false,
	    false },
	{ "[DONE] with blanks",
	    DELTA("{\"content\":\"a\"}") FINISH("stop") " [DONE] \t\n", LLM_OK,
	    "a", "", false, false },
	{ "[DONE] and more is no end",
	    DELTA("{\"content\":\"a\"}") "[DONE] x\n", LLM_RC_N, "", "", false,
	    false },
	{ "usage and noise after the end",
	    DELTA("{\"content\":\"a\"}")
		FINISH("stop") "bye\n"
			       "{\"error\":{\"code\":503}}\n" FINISH("error")
				   USAGE DONE,
	    LLM_OK, "a", "", false, false },
	{ "anything after [DONE]",
	    DELTA("{\"content\":\"a\"}") DONE
	    "bye\n"
	    "{\"error\":{\"code\":503}}\n" DELTA("{\"content\":\"b\"}"),
	    LLM_OK, "a", "", false, false },
	{ "a list for an event", "[]\n" DONE, LLM_EMPTY, "", "", false, false },
	{ "empty", DELTA("{\"content\":\"\"}") FINISH("stop") DONE, LLM_EMPTY,
	    "", "", false, false },
	{ "fields of a later time",
	    "{\"new\":{\"x\":[1]},\"choices\":[{\"delta\":{\"content\":\"a\","
	    "\"reasoning\":\"hm\",\"audio\":{}},\"logprobs\":null,"
	    "\"finish_reason\":\"stop\"}],\"obfuscation\":\"zz\"}\n" DONE,
	    LLM_OK, "a", "", false, false },
	{ "null content", DELTA("{\"content\":null}") FINISH("stop") DONE,
	    LLM_EMPTY, "", "", false, false },
	{ "content in parts",
	    DELTA("{\"content\":[{\"type\":\"thinking\",\"thinking\":[]},"
		  "{\"type\":\"text\",\"text\":\"a\"}]}") FINISH("stop"),
	    LLM_OK, "a", "", false, false },
	{ "max_tokens reached",
	    DELTA("{\"content\":\"a\"}") FINISH("length") DONE, LLM_OK, "a", "",
	    true, false },
	{ "blanks are no words",
	    DELTA("{\"content\":\"\\n\"}") DELTA("{\"content\":\" \\u200b\"}")
		FINISH("stop") DONE,
	    LLM_EMPTY, "", "", false, false },
	{ "blanks after thoughts are none",
	    DELTA("{\"content\":\"<think>a"
		  "</think>\\n\\ufeff\"}") FINISH("stop") DONE,
	    LLM_EMPTY, "", "", false, false },
	{ "blanks before words",
	    DELTA("{\"content\":\"\\n \"}") DELTA("{\"content\":\" a\"}")
		FINISH("stop") DONE,
	    LLM_OK, "\n  a", "", false, false },
	{ "the server broke",
	    DELTA("{\"content\":\"a\"}") FINISH("insufficient_system_resource")
		DONE,
	    LLM_RC_N, "", "", false, false },
	{ "the server's network broke",
	    DELTA("{\"content\":\"a\"}") FINISH("network_error") DONE, LLM_RC_N,
	    "", "", false, false },
	{ "aborted", DELTA("{\"content\":\"a\"}") FINISH("abort") DONE,
	    LLM_RC_N, "", "", false, false },
	{ "a reason of the server behind it",
	    DELTA(
		"{\"content\":\"a\"}") "{\"choices\":[{\"delta\":{},"
				       "\"finish_reason\":\"stop\",\"native_finish_reason\":"
				       "\"network_error\"}]}\n" DONE,
	    LLM_RC_N, "", "", false, false },
	{ "filtered after words",
	    DELTA("{\"content\":\"a\"}") FINISH("content_filter") DONE, LLM_OK,
	    "a", "", true, true },
	{ "filtered after a call",
	    CALL("0", "c", "echo", "{}") FINISH("content_filter") DONE,
	    LLM_EMPTY, "", "", false, true },
	{ "filtered", FINISH("content_filter") DONE, LLM_EMPTY, "", "", false,
	    true },
	{ "refusal",
	    DELTA("{\"refusal\":\"I will \"}") DELTA("{\"refusal\":\"not.\"}")
		FINISH("stop") DONE,
	    LLM_OK, "I will not.", "", false, true },
	{ "one call in pieces",
	    CALL("0", "c1", "echo", "") MORE("0", "{\\\"te")
		MORE("0", "xt\\\":\\\"hi\\\"}") FINISH("tool_calls") DONE,
	    LLM_OK, "", "c1 echo {\"text\":\"hi\"}; ", false, false },
	{ "two calls, pieces mixed",
	    CALL("0", "a", "one", "{\\\"x\\\"")
		CALL("1", "b", "two", "{\\\"y\\\"") MORE("0", ":1}")
		    MORE("1", ":2}") FINISH("tool_calls") DONE,
	    LLM_OK, "", "a one {\"x\":1}; b two {\"y\":2}; ", false, false },
	{ "calls from 1, the second first",
	    CALL("2", "b", "two", "{}") CALL("1", "a", "one", "{}")
		FINISH("tool_calls") DONE,
	    LLM_OK, "", "a one {}; b two {}; ", false, false },
	{ "stop although there is a call",
	    CALL("0", "c", "echo", "{}") FINISH("stop") DONE, LLM_OK, "",
	    "c echo {}; ", false, false },
	{ "name and id repeated",
	    CALL("0", "c", "echo", "{\\\"a\\\"") CALL("0", "d", "echo", ":1}")
		FINISH("tool_calls") DONE,
	    LLM_OK, "", "c echo {\"a\":1}; ", false, false },
	{ "empty ids",
	    CALL("0", "", "one", "{}") CALL("1", "", "two", "{}")
		FINISH("tool_calls") DONE,
	    LLM_OK, "", "call_0 one {}; call_1 two {}; ", false, false },
	{ "one id for all",
	    CALL("0", "x", "one", "{}") CALL("1", "x", "two", "{}")
		FINISH("tool_calls") DONE,
	    LLM_OK, "", "x one {}; x_2 two {}; ", false, false },
	{ "ids that look like ours",
	    CALL("0", "call_1", "one", "{}") CALL("1", "", "two", "{}")
		CALL("2", "call_1", "three", "{}") FINISH("tool_calls") DONE,
	    LLM_OK, "", "call_1 one {}; call_2 two {}; call_3 three {}; ",
	    false, false },
	{ "no index, whole calls in one event",
	    DELTA("{\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":"
		  "\"one\",\"arguments\":\"{}\"}},{\"id\":\"b\",\"function\":"
		  "{\"name\":\"two\",\"arguments\":\"{}\"}}]}") FINISH("stop"),
	    LLM_OK, "", "a one {}; b two {}; ", false, false },
	{ "no index, whole calls in two events",
	    DELTA("{\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":"
		  "\"one\",\"arguments\":\"{}\"}}]}")
		DELTA("{\"tool_calls\":[{\"id\":\"b\",\"function\":{\"name\":"
		      "\"two\",\"arguments\":\"{}\"}}]}") FINISH("stop"),
	    LLM_OK, "", "a one {}; b two {}; ", false, false },
	{ "no index, pieces",
	    DELTA("{\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":"
		  "\"one\",\"arguments\":\"{\"}}]}")
		DELTA("{\"tool_calls\":[{\"function\":{\"arguments\":\"}\"}}"
		      "]}") FINISH("stop"),
	    LLM_OK, "", "a one {}; ", false, false },
	{ "arguments as an object",
	    DELTA("{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":"
		  "{\"name\":\"one\",\"arguments\":{\"k\":[1]}}}]}")
		FINISH("stop"),
	    LLM_OK, "", "a one {\"k\":[1]}; ", false, false },
	{ "no arguments", CALL("0", "c", "time", "") FINISH("tool_calls") DONE,
	    LLM_OK, "", "c time {}; ", false, false },
	{ "broken arguments are handed on",
	    CALL("0", "c", "time", "{\\\"a") FINISH("length") DONE, LLM_OK, "",
	    "c time {\"a; ", true, false },
	{ "cut before the first argument",
	    CALL("0", "c", "delete_rows", "") FINISH("length") DONE, LLM_OK, "",
	    "c delete_rows ; ", true, false },
	{ "no name is no call", CALL("0", "c", "", "{}") FINISH("stop") DONE,
	    LLM_EMPTY, "", "", false, false },
	{ "an index of any measure",
	    CALL("99999999", "c", "x", "{}") DELTA("{\"content\":\"a\"}")
		FINISH("stop") DONE,
	    LLM_OK, "a", "c x {}; ", false, false },
	{ "an index below zero counts as none",
	    CALL("-1", "c", "x", "{}") FINISH("stop") DONE, LLM_OK, "",
	    "c x {}; ", false, false },
	{ "words and a call",
	    DELTA("{\"content\":\"I look.\"}") CALL("0", "c", "x", "{}")
		FINISH("tool_calls") DONE,
	    LLM_OK, "I look.", "c x {}; ", false, false },
	/* vllm, mlx: ollama/ollama#15457, ai-dynamo/dynamo#4723 */
	{ "two ids at one index",
	    CALL("0", "a", "echo", "{\\\"x\\\":1}")
		CALL("0", "b", "echo", "{\\\"x\\\":2}") FINISH("tool_calls"),
	    LLM_OK, "", "a echo {\"x\":1}; b echo {\"x\":2}; ", false, false },
	{ "two ids at one index, the second in pieces",
	    CALL("0", "a", "echo", "{}") CALL("0", "b", "time", "")
		MORE("0", "{\\\"x\\\"") MORE("0", ":2}") FINISH("tool_calls"),
	    LLM_OK, "", "a echo {}; b time {\"x\":2}; ", false, false },
	/* poolsideai/pool#9 */
	{ "an id of its own for each piece",
	    CALL("0", "a", "echo", "")
		DELTA("{\"tool_calls\":[{\"index\":0,\"id\":\"b\","
		      "\"function\":{\"arguments\":\"{\"}}]}")
		    DELTA("{\"tool_calls\":[{\"index\":0,\"id\":\"c\","
			  "\"function\":{\"arguments\":\"}\"}}]}")
			FINISH("tool_calls"),
	    LLM_OK, "", "a echo {}; ", false, false },
	/* pipecat-ai/pipecat#4987 */
	{ "the id after the name",
	    CALL("0", "", "echo", "")
		DELTA("{\"tool_calls\":[{\"index\":0,\"id\":\"b\"}]}")
		    MORE("0", "{}") FINISH("tool_calls"),
	    LLM_OK, "", "b echo {}; ", false, false },
	{ "the id before the name",
	    DELTA("{\"tool_calls\":[{\"index\":0,\"id\":\"b\"}]}")
		CALL("0", "", "echo", "") MORE("0", "{}") FINISH("tool_calls"),
	    LLM_OK, "", "b echo {}; ", false, false },
	/* sgl-project/sglang#4067 */
	{ "id repeated, no index",
	    DELTA("{\"tool_calls\":[{\"id\":\"a\","
		  "\"function\":{\"name\":\"echo\",\"arguments\":\"\"}}]}")
		DELTA("{\"tool_calls\":[{\"id\":\"a\",\"function\":{"
		      "\"name\":\"\",\"arguments\":\"{\"}}]}")
		    DELTA("{\"tool_calls\":[{\"id\":\"a\",\"function\":{"
			  "\"name\":\"\",\"arguments\":\"}\"}}]}")
			FINISH("tool_calls"),
	    LLM_OK, "", "a echo {}; ", false, false },
	{ "an index as text",
	    CALL("\"1\"", "b", "two", "{}") CALL("\"0\"", "a", "one", "")
		MORE("\"0\"", "{}") FINISH("stop"),
	    LLM_OK, "", "a one {}; b two {}; ", false, false },
	{ "{} before the real arguments",
	    CALL("0", "a", "echo", "{}") MORE("0", "{\\\"x\\\"")
		MORE("0", ":1}") FINISH("stop"),
	    LLM_OK, "", "a echo {\"x\":1}; ", false, false },
	{ "arguments encoded twice",
	    CALL("0", "a", "echo", "\\\"{\\\\\\\"x\\\\\\\":1}\\\"")
		FINISH("stop"),
	    LLM_OK, "", "a echo {\"x\":1}; ", false, false },
	{ "arguments null",
	    DELTA("{\"tool_calls\":[{\"index\":0,\"id\":"
		  "\"a\",\"function\":{\"name\":\"one\",\"arguments\":null"
		  "}}]}") FINISH("stop"),
	    LLM_OK, "", "a one {}; ", false, false },
	{ "all calls once more in the last event",
	    CALL("0", "a", "echo",
		"{\\\"x\\\":1}") "{\"choices\":[{\"message\":{\"tool_calls\":[{\"id\":\"a\","
				 "\"function\":{\"name\":\"echo\",\"arguments\":\"{\\\"x\\\":"
				 "1}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n",
	    LLM_OK, "", "a echo {\"x\":1}; ", false, false },
	{ "legacy function_call in pieces",
	    DELTA("{\"function_call\":{\"name\":\"echo\",\"arguments\":"
		  "\"\"}}") DELTA("{\"function_call\":{\"arguments\":\"{\"}}")
		DELTA("{\"function_call\":{\"arguments\":\"}\"}}")
		    FINISH("function_call"),
	    LLM_OK, "", "call_0 echo {}; ", false, false },
	/* elie222/rakazo#416, elizaOS/eliza#30904 */
	{ "half a pair in each of two events",
	    DELTA("{\"content\":\"a\\ud83d\"}")
		DELTA("{\"content\":\"\\ude00b\"}") FINISH("stop"),
	    LLM_OK,
	    "a\xf0\x9f\x98\x80"
	    "b",
	    "", false, false },
	{ "half a character in each of two events",
	    DELTA("{\"content\":\"a\xf0\x9f\"}") DELTA("{\"content\":\"\x98\x80"
						       "b\"}") FINISH("stop"),
	    LLM_OK,
	    "a\xf0\x9f\x98\x80"
	    "b",
	    "", false, false },
	{ "half a pair in arguments",
	    CALL("0", "c", "echo", "{\\\"x\\\":\\\"\\ud83d")
		MORE("0", "\\ude00\\\"}") FINISH("stop"),
	    LLM_OK, "", "c echo {\"x\":\"\xf0\x9f\x98\x80\"}; ", false, false },
	/* BerriAI/litellm#2195 */
	{ "a finish_reason in each event",
	    "{\"choices\":[{\"delta\":{\"content\":\"one \"},"
	    "\"finish_reason\":\"stop\"}]}\n"
	    "{\"choices\":[{\"delta\":{\"content\":\"two\"},"
	    "\"finish_reason\":\"stop\"}]}\n" USAGE DONE,
	    LLM_OK, "one two", "", false, false },
	{ "an event that is no JSON",
	    DELTA("{\"content\":\"a\"}") "keep-alive\n" DELTA(
		"{\"content\":\"b\"}") FINISH("stop"),
	    LLM_OK, "ab", "", false, false },
	{ "message in place of delta",
	    "{\"choices\":[{\"message\":{\"content\":\"Good \"}}]}\n"
	    "{\"choices\":[{\"message\":{\"content\":\"day\"}}]}\n" FINISH(
		"stop"),
	    LLM_OK, "Good day", "", false, false },
	{ "all words once more in the last event",
	    DELTA("{\"content\":\"Good \"}") DELTA(
		"{\"content\":\"day\"}") "{\"choices\":[{\"delta\":{\"content\":\"Good day\"},"
					 "\"finish_reason\":\"stop\"}]}\n" DONE,
	    LLM_OK, "Good day", "", false, false },
	{ "text completions",
	    "{\"choices\":[{\"text\":\"Good \",\"finish_reason\":null}]}\n"
	    "{\"choices\":[{\"text\":\"day\",\"finish_reason\":\"stop\"}"
	    "]}\n",
	    LLM_OK, "Good day", "", false, false },
	{ "the second of two answers",
	    DELTA(
		"{\"content\":\"a\"}") "{\"choices\":[{\"index\":1,"
				       "\"delta\":{\"content\":\"b\"},\"finish_reason\":\"stop\"}]}\n" FINISH(
					   "stop"),
	    LLM_OK, "a", "", false, false },
	{ "choices null",
	    "{\"choices\":null}\n" DELTA("{\"content\":\"a\"}") FINISH("stop"),
	    LLM_OK, "a", "", false, false },
	/* etkecc/baibot#30 */
	{ "thoughts in the words",
	    DELTA("{\"content\":\"<th\"}")
		DELTA("{\"content\":\"ink>hm </thi\"}")
		    DELTA("{\"content\":\"nk>\\n\\nyes\"}") FINISH("stop"),
	    LLM_OK, "yes", "", false, false },
	{ "thoughts without an end",
	    DELTA("{\"content\":\"<think>hm\"}") FINISH("stop"), LLM_EMPTY, "",
	    "", false, false },
	/* ollama/ollama#18044 */
	{ "thoughts without a beginning",
	    DELTA("{\"content\":\"hm.\\n</th\"}")
		DELTA("{\"content\":\"ink>yes\"}") FINISH("stop"),
	    LLM_OK, "yes", "", false, false },
	/* kekzl/imp#768 */
	{ "the channels of gpt-oss",
	    DELTA("{\"content\":\"<|channel|>analysis<|message|>hm<|en\"}")
		DELTA("{\"content\":\"d|><|start|>assistant<|channel|>final"
		      "<|message|>yes\"}") FINISH("stop"),
	    LLM_OK, "yes", "", false, false },
	{ "other marks",
	    DELTA("{\"content\":\"<Reasoning>h\"}")
		DELTA("{\"content\":\"m</reasoning>\\nyes<|im_\"}")
		    DELTA("{\"content\":\"end|>\"}") FINISH("stop"),
	    LLM_OK, "yes", "", false, false },
	{ "attributes of a tag",
	    DELTA("{\"content\":\"<think time=\"}")
		DELTA("{\"content\":\"'1'>hm</think>yes\"}") FINISH("stop"),
	    LLM_OK, "yes", "", false, false },
	{ "gpt-oss without its tokens",
	    DELTA("{\"content\":\"analysisWe "
		  "think.assistantfi\"}") DELTA("{\"content\":\"nalyes\"}")
		FINISH("stop"),
	    LLM_OK, "yes", "", false, false },
	{ "a word that begins so",
	    DELTA("{\"content\":\"analysis of x\"}") FINISH("stop"), LLM_OK,
	    "analysis of x", "", false, false },
	{ "a word that is glued, and no close",
	    DELTA("{\"content\":\"analysisX is y\"}") FINISH("stop"), LLM_OK,
	    "analysisX is y", "", false, false },
	{ "thoughts once more",
	    DELTA("{\"content\":\"<think>a</think>b <thi"
		  "\"}") DELTA("{\"content\":\"nk>c</think>d <think>e\"}")
		FINISH("stop"),
	    LLM_OK, "b d ", "", false, false },
	{ "words about tags after thoughts",
	    DELTA(
		"{\"content\":\"<think>a</think>Write <think> and "
		"`</think>`, `<think>x`, ```<think>\\nx</think>``` or <|im_end|>"
		" \"}") DELTA("{\"content\":\"here <|im_end|>.\"}")
		FINISH("stop"),
	    LLM_OK,
	    "Write <think> and `</think>`, `<think>x`, "
	    "```<think>\nx</think>``` or <|im_end|> here <|im_end|>.",
	    "", false, false },
	{ "a word about tags",
	    DELTA("{\"content\":\"Use `<think>` and `</think>`, or </think> "
		  "alone.\"}") FINISH("stop"),
	    LLM_OK, "Use `<think>` and `</think>`, or </think> alone.", "",
	    false, false },
	{ "reasoning of all kinds is no word",
	    DELTA("{\"reasoning_content\":\"a\",\"reasoning\":\"b\","
		  "\"reasoning_details\":[{\"text\":\"c\"}]}")
		DELTA("{\"content\":\"yes\"}") FINISH("stop"),
	    LLM_OK, "yes", "", false, false },
	{ "upstream broke", DELTA("{\"content\":\"a\"}") FINISH("error"),
	    LLM_RC_N, "", "", false, false },
};

static void
check(const char *what, const struct answered *a, size_t i)
{
	char calls[1024] = "";
	size_t j;

	if (a->rc != STREAMS[i].rc)
		fail_msg("%s: %s, expected %s", what, llm_rc_name(a->rc),
		    llm_rc_name(STREAMS[i].rc));
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
}

static void
streams_are_read(void **state)
{
	static const size_t STEPS[] = { 0, 1, 7 };
	struct answered a;
	size_t i, j;

	(void)state;
	for (i = 0; i < NELEM(STREAMS); i++)
		for (j = 0; j < NELEM(STEPS); j++) {
			answers_stream(&LLM_OPENAI, STREAMS[i].events, STEPS[j],
			    false, &a);
			check(STREAMS[i].what, &a, i);
			if (a.rc == LLM_OK && !a.answer.refused)
				assert_string_equal(a.shown, a.answer.text);
			answers_free(&a);
		}
}

static void
streams_may_end_anywhere(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(STREAMS); i++)
		/* Cut before the x, it is one. */
		if (strstr(STREAMS[i].events, "[DONE] x") == NULL)
			cuts_check_stream(STREAMS[i].what, &LLM_OPENAI,
			    STREAMS[i].events);
}

/* They go to the journal, to Redis and to logs. */
static void
names_and_ids_are_bounded(void **state)
{
	static const char HEAD[]
	    = "{\"choices\":[{\"message\":{\"tool_calls\""
	      ":[{\"id\":\"%s\",\"function\":{\"name\":\"%s\","
	      "\"arguments\":\"{}\"}}]}}]}";
	static char name[100001], body[300000];
	struct answered a;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	snprintf(body, sizeof(body), HEAD, name, name);
	answers_whole(&LLM_OPENAI, body, &a);
	assert_int_equal(a.answer.ncalls, 1);
	assert_true(strlen(a.answer.calls[0].name) < TOOL_NAME_MAX + 3);
	assert_string_equal(a.answer.calls[0].id, "call_0");
	answers_free(&a);
	/* With a signature in it, which the server wants back. */
	snprintf(body, sizeof(body), HEAD, name + sizeof(name) - 1 - 64 * KIB,
	    "x");
	answers_whole(&LLM_OPENAI, body, &a);
	assert_int_equal(strlen(a.answer.calls[0].id), 64 * KIB);
	answers_free(&a);
}

static double
cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A long body in small pieces costs as much as its bytes, and not as much as
 * their square (seconds, and more under the sanitizers). */
static void
a_long_body_is_looked_at_once(void **state)
{
	static const char *const BEGINS[] = {
		"{\"choices\":[{\"message\":{\"content\":\"", "{\n", "{\n {",
		" ", "{ }\n "
	};
	const size_t piece = 1400, len = 6 * MIB;
	char *bytes = malloc(len);
	struct llm_reading r;
	struct llm_body b;
	double began;
	size_t i, at;

	(void)state;
	assert_non_null(bytes);
	for (i = 0; i < NELEM(BEGINS); i++) {
		struct arena *mem = arena_new();

		memset(bytes, i == 0 ? 'a' : ' ', len);
		memcpy(bytes, BEGINS[i], strlen(BEGINS[i]));
		llm_reading_init(&r, NULL, mem, false);
		llm_body_init(&b, &LLM_OPENAI, &r, false);
		began = cpu_s();
		for (at = 0; at + piece <= len; at += piece)
			(void)!llm_body_feed(&b, bytes + at, piece);
		if (cpu_s() - began > 0.5)
			fail_msg("%s: %.2f s", BEGINS[i], cpu_s() - began);
		llm_body_fini(&b);
		llm_reading_fini(&r);
		arena_free(mem);
	}
	free(bytes);
}

/* What so few bytes cannot be is estimated; what is hidden may be much. */
static void
usage_is_within_reason(void **state)
{
	static const struct {
		const char *in, *out;
		bool likely;
	} cases[] = {
		{ "9223372036854775807", "-5", false },
		{ "9", "9223372036854775807", false },
		{ "9", "1749032296123", false },
		{ "250001", "9", false },
		{ "250000", "9", true },
		{ "200000", "128000", true },
		{ "-9223372036854775808", "9", true },
	};
	struct answered a;
	char events[400];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		snprintf(events, sizeof(events),
		    DELTA("{\"content\":\"a\"}") FINISH(
			"stop") "{\"choices\":[],\"usage\":{\"prompt_tokens\":%s,"
				"\"completion_tokens\":%s}}\n" DONE,
		    cases[i].in, cases[i].out);
		answers_stream(&LLM_OPENAI, events, 0, false, &a);
		if ((a.answer.unlikely.in + a.answer.unlikely.out == 0)
			!= cases[i].likely
		    || a.answer.usage.in + a.answer.usage.out
			> (cases[i].likely ? 400000 : 1000))
			fail_msg("%s, %s: %lld, %lld", cases[i].in,
			    cases[i].out, (long long)a.answer.usage.in,
			    (long long)a.answer.usage.out);
		answers_free(&a);
	}
}

static void
usage_is_counted_or_estimated(void **state)
{
	struct answered a;

	(void)state;
	answers_stream(&LLM_OPENAI,
	    DELTA("{\"content\":\"a\"}") FINISH("stop") USAGE DONE, 0, false,
	    &a);
	assert_int_equal(a.answer.usage.in, 7);
	assert_int_equal(a.answer.usage.out, 3);
	answers_free(&a);
	answers_stream(&LLM_OPENAI,
	    DELTA(
		"{\"content\":\"a\"}") "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],"
				       "\"x_groq\":{\"usage\":{\"prompt_tokens\":5,"
				       "\"completion_tokens\":2}}}\n" DONE,
	    0, false, &a);
	assert_int_equal(a.answer.usage.in, 5);
	answers_free(&a);
	answers_stream(&LLM_OPENAI,
	    DELTA("{\"content\":\"some words of an answer\"}") FINISH("stop")
		DONE,
	    0, false, &a);
	assert_true(a.answer.usage.out >= 5);
	answers_free(&a);
}

/* Budgets move by something, whatever a server leaves out. */
static void
usage_of_nothing_is_estimated(void **state)
{
	static const char *const USAGES[] = { "{}", "null", "[]",
		"{\"prompt_tokens\":0,\"completion_tokens\":0}",
		"{\"prompt_tokens\":-3}", "{\"prompt_tokens\":\"7\"}" };
	char events[1024];
	struct answered a;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(USAGES); i++) {
		snprintf(events, sizeof(events),
		    DELTA("{\"content\":\"some words of an answer\"}")
			FINISH("stop") "{\"choices\":[],\"usage\":%s}\n" DONE,
		    USAGES[i]);
		answers_stream(&LLM_OPENAI, events, 0, false, &a);
		if (a.answer.usage.out < 5)
			fail_msg("%s: %lld", USAGES[i],
			    (long long)a.answer.usage.out);
		answers_free(&a);
	}
	/* Zeros after a count do not undo it. */
	answers_stream(&LLM_OPENAI,
	    DELTA("{\"content\":\"a\"}") FINISH("stop") USAGE
	    "{\"choices\":[],\"usage\":{}}\n" DONE,
	    0, false, &a);
	assert_int_equal(a.answer.usage.in, 7);
	assert_int_equal(a.answer.usage.out, 3);
	answers_free(&a);
}

static void
errors_in_a_stream_are_told_apart(void **state)
{
	static const struct {
		const char *event;
		enum llm_rc rc; /* LLM_RC_N: by status */
		int status;
	} cases[] = {
		{ "{\"error\":{\"message\":\"x\",\"type\":\"server_error\","
		  "\"code\":null}}",
		    LLM_RETRY, 500 },
		{ "{\"error\":{\"message\":\"x\",\"code\":502}}", LLM_RETRY,
		    502 },
		{ "{\"error\":\"model runner stopped\"}", LLM_RETRY, 500 },
		{ "{\"error\":{\"code\":\"rate_limit_exceeded\"}}", LLM_RETRY,
		    429 },
		{ "{\"error\":{\"code\":\"tool_use_failed\","
		  "\"type\":\"invalid_request_error\"}}",
		    LLM_RETRY, 400 },
		{ "{\"error\":{\"code\":\"insufficient_quota\"}}", LLM_QUOTA,
		    429 },
		{ "{\"error\":{\"code\":\"context_length_exceeded\"}}",
		    LLM_CONTEXT, 400 },
	};
	struct answered a;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		answers_stream(&LLM_OPENAI, cases[i].event, 0, false, &a);
		if (!a.failed || a.error_rc != cases[i].rc
		    || a.failure.status != cases[i].status)
			fail_msg("%s: rc %s status %d", cases[i].event,
			    llm_rc_name(a.error_rc), a.failure.status);
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
		{ 400, "{\"error\":{\"code\":\"context_length_exceeded\"}}",
		    LLM_CONTEXT },
		{ 400,
		    "{\"error\":{\"message\":\"This model's maximum context"
		    " length is 8192 tokens.\"}}",
		    LLM_CONTEXT },
		{ 400,
		    "{\"object\":\"error\",\"message\":\"The decoder prompt"
		    " (length 9) is longer than the maximum model length"
		    " of 8.\",\"code\":400}",
		    LLM_CONTEXT },
		{ 400,
		    "{\"error\":{\"code\":400,\"message\":\"the request "
		    "exceeds the available context size\",\"type\":"
		    "\"exceed_context_size_error\"}}",
		    LLM_CONTEXT },
		{ 422,
		    "{\"error\":\"`inputs` tokens + `max_new_tokens` must "
		    "be <= 4096\"}",
		    LLM_CONTEXT },
		{ 500,
		    "{\"error\":\"input length exceeds the context "
		    "length\"}",
		    LLM_CONTEXT },
		{ 413,
		    "{\"error\":{\"code\":\"rate_limit_exceeded\","
		    "\"message\":\"Request too large\"}}",
		    LLM_CONTEXT },
		{ 429, "{\"error\":{\"code\":\"insufficient_quota\"}}",
		    LLM_QUOTA },
		{ 429,
		    "{\"error\":{\"type\":\"insufficient_quota\","
		    "\"code\":null}}",
		    LLM_QUOTA },
		{ 429, "{\"error\":{\"code\":\"team_spend_limit_exceeded\"}}",
		    LLM_QUOTA },
		{ 402,
		    "{\"error\":{\"message\":\"Insufficient credits\","
		    "\"code\":402}}",
		    LLM_QUOTA },
		{ 429, "{\"error\":{\"code\":\"rate_limit_exceeded\"}}",
		    LLM_RETRY },
		{ 400,
		    "{\"error\":{\"code\":\"tool_use_failed\","
		    "\"failed_generation\":\"<function=x>\"}}",
		    LLM_RETRY },
		{ 400, "{\"error\":{\"message\":\"no such field\"}}",
		    LLM_INVALID },
		{ 404, "", LLM_ADDRESS },
		{ 500, "<html>", LLM_RETRY },
		{ 500, "[1,2]", LLM_RETRY },
	};
	struct llm_failure f;
	struct arena *mem = arena_new();
	enum llm_rc rc;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		rc = answers_refusal(cases[i].status, cases[i].body, mem, &f);
		if (rc != cases[i].rc)
			fail_msg("%d %s: %s", cases[i].status, cases[i].body,
			    llm_rc_name(rc));
		assert_true(rc != LLM_QUOTA || f.counts);
		assert_null(strstr(f.why, "maximum"));
	}
	arena_free(mem);
}

static void
whole_answers_are_read(void **state)
{
	struct answered a;

	(void)state;
	answers_whole(&LLM_OPENAI,
	    "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":"
	    "\"hi\",\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\","
	    "\"function\":{\"name\":\"echo\",\"arguments\":{\"text\":\"x\"}}}"
	    "]},\"finish_reason\":\"tool_calls\"}],\"usage\":{"
	    "\"prompt_tokens\":1,\"completion_tokens\":2}}",
	    &a);
	assert_int_equal(a.rc, LLM_OK);
	assert_string_equal(a.answer.text, "hi");
	assert_string_equal(a.shown, "hi");
	assert_int_equal(a.answer.ncalls, 1);
	assert_string_equal(a.answer.calls[0].arguments, "{\"text\":\"x\"}");
	assert_int_equal(a.answer.usage.out, 2);
	answers_free(&a);

	answers_whole(&LLM_OPENAI, "{\"error\":{\"code\":503}}", &a);
	assert_true(a.failed);
	assert_int_equal(a.failure.status, 503);
	answers_free(&a);
	answers_whole(&LLM_OPENAI, "{\"choices\":[]}", &a);
	assert_true(a.failed);
	answers_free(&a);
	answers_whole(&LLM_OPENAI, "<html>", &a);
	assert_true(a.failed);
	answers_free(&a);
}

/* Of an answer that broke within a call in words, the words are kept that come
 * before it: they may be given to the person. */
static void
half_calls_in_words_are_dropped(void **state)
{
	static const struct {
		const char *what, *said, *kept;
		bool tools;
	} cases[] = {
		{ "half a call", "I look.\\n<tool_call>{\\\"name\\\": \\\"ec",
		    "I look.\n", true },
		{ "its mark alone", "I look.\\n<funct", "I look.\n", true },
		{ "in the midst of words", "It says <tool_call>{",
		    "It says <tool_call>{", true },
		{ "a whole one",
		    "Now\\n<tool_call>{\\\"name\\\":\\\"echo\\\","
		    "\\\"arguments\\\":{}}</tool_call>",
		    "Now\n", true },
		{ "nothing but a call", "[TOOL_CALLS]echo[ARGS]{", "", true },
		{ "no call", "a < b, [1] <x>", "a < b, [1] <x>", true },
		{ "no tools, no calls", "<tool_call>{", "<tool_call>{", false },
	};
	static struct asking a; /* large */
	struct tool_spec tool = { .name = "echo", .description = "" };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct arena *mem = arena_new();
		struct llm_question q = { .tools = &tool,
			.ntools = cases[i].tools ? 1 : 0 };
		struct http_response resp = { .rc = HTTP_OK };
		struct llm_failure f = { .retry_after_ms = -1 };
		struct llm_answer answer = { .text = "" };
		struct llm_body body;
		char bytes[512];

		snprintf(bytes, sizeof(bytes),
		    "data: {\"choices\":[{\"delta\":"
		    "{\"content\":\"%s\"}}]}\n\n",
		    cases[i].said);
		a = (struct asking){ .provider = &LLM_OPENAI, .q = &q };
		llm_reading_init(&a.reading, &q, mem, false);
		llm_body_init(&body, &LLM_OPENAI, &a.reading, true);
		assert_int_equal(llm_body_feed(&body, bytes, strlen(bytes)), 0);
		llm_body_end(&body, BODY_END_WHOLE);
		llm_body_fini(&body);
		assert_int_equal(llm_ending(&a, &resp, &answer, &f),
		    cases[i].kept[0] == '\0' ? LLM_RETRY : LLM_BROKEN);
		if (strcmp(answer.text, cases[i].kept) != 0)
			fail_msg("%s: \"%s\"", cases[i].what, answer.text);
		llm_reading_fini(&a.reading);
		arena_free(mem);
	}
}

static void
a_text_without_end_is_cut(void **state)
{
	struct llm_question q = { 0 };
	struct llm_answer answer;
	struct arena *mem = arena_new();
	struct llm_reading r;
	static char event[20000];
	char words[16384];
	size_t n = 0;

	(void)state;
	memset(words, 'x', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	snprintf(event, sizeof(event),
	    "{\"choices\":[{\"delta\":{\"content\":\"%s\"}}]}", words);
	llm_reading_init(&r, &q, mem, false);
	while (LLM_OPENAI.feed(&r, "message", event, strlen(event)) == 0)
		assert_true(++n < 1000);
	assert_true(r.full && r.ended && !r.failed);
	assert_int_equal(llm_reading_finish(&r, &answer), LLM_OK);
	assert_true(answer.cut);
	assert_true(strlen(answer.text) <= LLM_TEXT_MAX);
	llm_reading_fini(&r);
	/* What an event needed is given back before the next. */
	assert_true(arena_used(mem) < 2 * MIB);
	arena_free(mem);
}

static const struct image PICTURE = { "image/png", "aGk=" };
static const struct tool_call CALLS[] = {
	{ "c1", "echo", "{\"text\":\"hi\"}" },
	{ "c2", "what is this?", "{broken" },
};
static const struct llm_message MESSAGES[] = {
	{ .role = LLM_SYSTEM, .text = "Be \"kind\"." },
	{ .role = LLM_USER, .text = "Look", .images = &PICTURE, .nimages = 1 },
	{ .role = LLM_ASSISTANT, .text = "", .calls = CALLS, .ncalls = 2 },
	{ .role = LLM_TOOL, .text = "hi", .call_id = "c1", .tool = "echo" },
	{ .role = LLM_TOOL,
	    .text = "no",
	    .call_id = "c2",
	    .tool = "x",
	    .is_error = true },
};

static void
requests_are_written(void **state)
{
	struct arena *mem = arena_new();
	struct tool_spec tool = { .name = "echo",
		.description = "says \"it\"",
		.schema = answers_json(mem, "{\"type\":\"object\"}") };
	struct llm_question q = { .messages = MESSAGES,
		.nmessages = NELEM(MESSAGES),
		.tools = &tool,
		.ntools = 1 };
	struct llm_backend b = { .host = HOST_GROQ,
		.model = "llama",
		.base_url = "",
		.max_tokens = 50,
		.max_tokens_name = "",
		.temperature = 0.7 };
	const json_t *doc = answers_request(&LLM_OPENAI, &b, &q, mem);

	(void)state;
	answers_expect("messages", json_object_get(doc, "messages"),
	    "[{\"role\":\"system\",\"content\":\"Be \\\"kind\\\".\"},"
	    "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":"
	    "\"Look\"},{\"type\":\"image_url\",\"image_url\":{\"url\":"
	    "\"data:image/png;base64,aGk=\"}}]},"
	    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":["
	    "{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":"
	    "\"echo\",\"arguments\":\"{\\\"text\\\":\\\"hi\\\"}\"}},"
	    "{\"id\":\"c2\",\"type\":\"function\",\"function\":{\"name\":"
	    "\"what_is_this_\",\"arguments\":\"{}\"}}]},"
	    "{\"role\":\"tool\",\"content\":\"hi\",\"tool_call_id\":\"c1\"},"
	    "{\"role\":\"tool\",\"content\":\"no\",\"tool_call_id\":\"c2\"}"
	    "]");
	answers_expect("tools", json_object_get(doc, "tools"),
	    "[{\"type\":\"function\",\"function\":{\"name\":\"echo\","
	    "\"description\":\"says \\\"it\\\"\",\"parameters\":{\"type\":"
	    "\"object\"}}}]");
	answers_expect("max_tokens", json_object_get(doc, "max_tokens"), "50");
	answers_expect("temperature", json_object_get(doc, "temperature"),
	    "0.7");
	answers_expect("stream", json_object_get(doc, "stream"), "true");
	answers_expect("stream_options", json_object_get(doc, "stream_options"),
	    "{\"include_usage\":true}");

	q.ntools = 0;
	b.temperature = -1;
	doc = answers_request(&LLM_OPENAI, &b, &q, mem);
	assert_null(json_object_get(doc, "tools"));
	assert_null(json_object_get(doc, "tool_choice"));
	assert_null(json_object_get(doc, "temperature"));
	arena_free(mem);
}

static void
reasoning_models_take_other_fields(void **state)
{
	static const struct {
		int host;
		const char *model, *name;
		const char *field;
		bool temperature;
	} cases[] = {
		{ HOST_OPENAI, "gpt-4o", "", "max_tokens", true },
		{ HOST_OPENAI, "o3-mini", "", "max_completion_tokens", false },
		{ HOST_OPENAI, "o1", "", "max_completion_tokens", false },
		{ HOST_OPENAI, "gpt-5-nano", "", "max_completion_tokens",
		    false },
		{ HOST_OPENAI, "omni", "", "max_tokens", true },
		{ HOST_GROQ, "o3-mini", "", "max_tokens", true },
		{ HOST_OLLAMA, "gpt-5", "", "max_tokens", true },
		{ HOST_OPENAI, "gpt-4o", "max_completion_tokens",
		    "max_completion_tokens", true },
		{ HOST_OPENAI, "o3", "max_tokens", "max_tokens", false },
	};
	struct arena *mem = arena_new();
	struct llm_question q = { .messages = MESSAGES, .nmessages = 1 };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct llm_backend b = { .host = cases[i].host,
			.model = cases[i].model,
			.base_url = "",
			.max_tokens = 5,
			.max_tokens_name = cases[i].name,
			.temperature = 0.5 };
		const json_t *doc = answers_request(&LLM_OPENAI, &b, &q, mem);

		answers_expect(cases[i].model,
		    json_object_get(doc, cases[i].field), "5");
		assert_int_equal(json_object_get(doc, "temperature") != NULL,
		    cases[i].temperature);
		assert_int_equal(json_object_get(doc, "max_tokens") != NULL,
		    strcmp(cases[i].field, "max_tokens") == 0);
	}
	arena_free(mem);
}

/* DeepSeek, Kimi: anomalyco/opencode#24083, FellouAI/eko#281. */
static void
calls_without_thoughts_get_empty_ones(void **state)
{
	static const struct tool_call MADE[] = { { "c1", "echo", "{}" },
		{ "c2", "echo", "{}" } };
	static const struct llm_message TURN[] = {
		{ .role = LLM_USER, .text = "Hi" },
		{ .role = LLM_ASSISTANT,
		    .text = "",
		    .calls = &MADE[0],
		    .ncalls = 1 },
		{ .role = LLM_TOOL,
		    .text = "1",
		    .call_id = "c1",
		    .tool = "echo" },
		{ .role = LLM_ASSISTANT,
		    .text = "",
		    .calls = &MADE[1],
		    .ncalls = 1,
		    .extra = "{\"message\":{\"reasoning_content\":\"Hm.\"}}" },
		{ .role = LLM_TOOL,
		    .text = "2",
		    .call_id = "c2",
		    .tool = "echo" },
		{ .role = LLM_ASSISTANT, .text = "Words." },
	};
	/* By message; NULL: no such member. */
	static const char *const WANT[][NELEM(TURN)] = {
		{ [3] = "Hm." },
		{ [1] = "", [3] = "Hm." },
	};
	struct llm_quirks quirks[] = { LLM_QUIRKS_INIT, LLM_QUIRKS_INIT };
	struct llm_question q = { .messages = TURN, .nmessages = NELEM(TURN) };
	struct arena *mem = arena_new();
	size_t i, k;

	(void)state;
	assert_true(llm_quirks_set(&quirks[1], "missing_thoughts", "no"));
	for (k = 0; k < NELEM(quirks); k++) {
		struct llm_backend b = { .host = HOST_OPENAI,
			.model = "m",
			.base_url = "",
			.max_tokens_name = "",
			.quirks = &quirks[k] };
		const json_t *doc = answers_request(&LLM_OPENAI, &b, &q, mem);
		const json_t *list = json_object_get(doc, "messages");

		assert_int_equal(json_array_size(list), NELEM(TURN));
		for (i = 0; i < NELEM(TURN); i++) {
			const char *has = json_member_str(
			    json_array_get(list, i), "reasoning_content");

			if ((has == NULL) != (WANT[k][i] == NULL)
			    || (has != NULL && strcmp(has, WANT[k][i]) != 0))
				fail_msg("%zu, message %zu: %s", k, i,
				    has == NULL ? "none" : has);
		}
	}
	arena_free(mem);
}

static const struct {
	const char *what, *events, *extra; /* NULL: none */
} KEPT[] = {
	{ "nothing", CALL("0", "c", "echo", "{}") FINISH("stop"), NULL },
	/* anomalyco/opencode#24083 */
	{ "reasoning_content",
	    DELTA("{\"reasoning_content\":\"I \"}")
		DELTA("{\"reasoning_content\":\"look.\"}")
		    CALL("0", "c", "echo", "{}") FINISH("stop"),
	    "{\"message\":{\"reasoning_content\":\"I look.\"}}" },
	{ "reasoning_details",
	    DELTA("{\"reasoning_details\":[{\"type\":"
		  "\"reasoning.text\",\"text\":\"I \",\"index\":0}]}")
		DELTA(
		    "{\"reasoning_details\":[{\"type\":\"reasoning.text\","
		    "\"text\":\"see\",\"signature\":\"s\",\"index\":0},{\"type\":"
		    "\"reasoning.encrypted\",\"data\":\"d\",\"index\":1}]}")
		    CALL("0", "c", "echo", "{}") FINISH("stop"),
	    "{\"message\":{\"reasoning_details\":[{\"type\":"
	    "\"reasoning.text\",\"text\":\"I see\",\"signature\":\"s\","
	    "\"index\":0},{\"type\":\"reasoning.encrypted\",\"data\":\"d\","
	    "\"index\":1}]}}" },
	{ "details with words in two members",
	    DELTA("{\"reasoning_details\":["
		  "{\"type\":\"reasoning.text\",\"text\":\"I \",\"summary\":"
		  "\"a \",\"index\":0,\"signature\":null}]}")
		DELTA("{\"reasoning_details\":[{\"type\":\"reasoning.text\","
		      "\"text\":\"see\",\"summary\":\"look\",\"index\":0}]}")
		    DELTA(
			"{\"reasoning_details\":[{\"type\":\"reasoning.text\","
			"\"signature\":\"+/==\\u00e9\",\"index\":0}]}")
			CALL("0", "c", "echo", "{}") FINISH("stop"),
	    "{\"message\":{\"reasoning_details\":[{\"type\":"
	    "\"reasoning.text\",\"text\":\"I see\",\"summary\":\"a look\","
	    "\"index\":0,\"signature\":\"+/==\u00e9\"}]}}" },
	{ "a half whose other half never came",
	    DELTA("{\"reasoning_details\":[{\"type\":\"reasoning.text\","
		  "\"text\":\"a\\ud83d\",\"index\":0}],\"content\":[{\"type\":"
		  "\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":"
		  "\"b\\ud83d\"}]}]}") CALL("0", "c", "echo", "{}")
		FINISH("stop"),
	    "{\"message\":{\"content\":[{\"type\":\"thinking\",\"thinking\":[{"
	    "\"type\":\"text\",\"text\":\"b\xef\xbf\xbd\"}]}],"
	    "\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":"
	    "\"a\xef\xbf\xbd\",\"index\":0}]}}" },
	/* LiteLLM before Anthropic */
	{ "thinking_blocks in pieces",
	    DELTA("{\"thinking_blocks\":[{\"type\":"
		  "\"thinking\",\"thinking\":\"I \",\"signature\":null}]}")
		DELTA("{\"thinking_blocks\":[{\"type\":\"thinking\","
		      "\"thinking\":\"see \\ud83d\",\"signature\":\"\"}]}")
		    DELTA("{\"thinking_blocks\":[{\"type\":\"thinking\","
			  "\"thinking\":\"\\ude00\",\"signature\":\"\"}]}")
			DELTA("{\"thinking_blocks\":[{\"type\":\"thinking\","
			      "\"thinking\":\"\",\"signature\":\"s1\"}]}")
			    DELTA(
				"{\"thinking_blocks\":[{\"type\":\"redacted_thinking\","
				"\"data\":\"d\"}]}")
				DELTA(
				    "{\"thinking_blocks\":[{\"type\":\"thinking\","
				    "\"thinking\":\"more\",\"signature\":\"s2\"}]}")
				    CALL("0", "c", "echo", "{}") FINISH("stop"),
	    "{\"message\":{\"thinking_blocks\":[{\"type\":\"thinking\","
	    "\"thinking\":\"I see \xf0\x9f\x98\x80\",\"signature\":\"s1\"},"
	    "{\"type\":\"redacted_thinking\",\"data\":\"d\"},{\"type\":"
	    "\"thinking\",\"thinking\":\"more\",\"signature\":\"s2\"}]}}" },
	{ "thinking_blocks at once",
	    "{\"choices\":[{\"message\":{"
	    "\"thinking_blocks\":[{\"type\":\"thinking\",\"thinking\":"
	    "\"a\",\"signature\":\"s1\"},{\"type\":\"thinking\","
	    "\"thinking\":\"b\",\"signature\":\"s2\"},{\"type\":"
	    "\"thinking\",\"thinking\":\"c\"}],\"reasoning_details\":[{"
	    "\"type\":\"thinking\",\"text\":\"x\"}],\"tool_calls\":[{"
	    "\"id\":\"c\",\"function\":{\"name\":\"echo\"}}]},"
	    "\"finish_reason\":\"stop\"}]}\n",
	    "{\"message\":{\"thinking_blocks\":[{\"type\":\"thinking\","
	    "\"thinking\":\"a\",\"signature\":\"s1\"},{\"type\":\"thinking\","
	    "\"thinking\":\"b\",\"signature\":\"s2\"},{\"type\":\"thinking\","
	    "\"thinking\":\"c\"}],\"reasoning_details\":[{\"type\":"
	    "\"thinking\",\"text\":\"x\"}]}}" },
	{ "signatures of the message and of each of two calls",
	    DELTA("{\"extra_content\":{\"google\":{\"thought_signature\":"
		  "\"m+/=\"}}}")
		DELTA("{\"tool_calls\":[{\"id\":\"a\",\"index\":0,"
		      "\"extra_content\":{\"google\":{\"thought_signature\":"
		      "\"A\\u002f\\u002b==\"}},\"function\":{\"name\":\"one\","
		      "\"arguments\":\"\"}},{\"id\":\"b\",\"index\":1,"
		      "\"thought_signature\":\" b \\n\",\"function\":{\"name\":"
		      "\"two\",\"arguments\":\"{}\",\"thought_signature\":"
		      "\"f\"}}]}") MORE("0", "{}") FINISH("stop"),
	    "{\"message\":{\"extra_content\":{\"google\":{"
	    "\"thought_signature\":\"m+/=\"}}},\"calls\":[{"
	    "\"extra_content\":{\"google\":{\"thought_signature\":"
	    "\"A/+==\"}}},{\"thought_signature\":\" b \\n\",\"function\":{"
	    "\"thought_signature\":\"f\"}}]}" },
	/* langroid/langroid#985 */
	{ "a signature of a call",
	    CALL("0", "c", "echo", "{}") DELTA(
		"{\"tool_calls\":[{\"id\":\"d\",\"index\":1,"
		"\"extra_content\":{\"google\":{\"thought_signature\":\"s\"}},"
		"\"function\":{\"name\":\"echo\",\"arguments\":\"{}\"}}]}")
		FINISH("stop"),
	    "{\"calls\":[null,{\"extra_content\":{\"google\":"
	    "{\"thought_signature\":\"s\"}}}]}" },
	{ "parts of content",
	    DELTA("{\"content\":[{\"type\":\"thinking\","
		  "\"thinking\":[{\"type\":\"text\",\"text\":\"a\"}]}]}")
		DELTA("{\"content\":[{\"type\":\"thinking\",\"thinking\":[{"
		      "\"type\":\"text\",\"text\":\"b\"}]}]}")
		    DELTA("{\"content\":\"yes\"}") CALL("0", "c", "echo", "{}")
			FINISH("stop"),
	    "{\"message\":{\"content\":[{\"type\":\"thinking\",\"thinking\":"
	    "[{\"type\":\"text\",\"text\":\"ab\"}]},{\"type\":\"text\","
	    "\"text\":\"yes\"}]}}" },
	{ "thoughts in the words",
	    DELTA("{\"content\":\"<think>a</think>b\"}")
		CALL("0", "c", "echo", "{}") FINISH("stop"),
	    "{\"message\":{\"content\":\"<think>a</think>b\"}}" },
};

/* What was kept of an answer stands in the next request as it came. */
/* ${value}, or each of its members: a function has more. */
static void
stands_in(const json_t *value, const json_t *sent)
{
	const char *key;
	json_t *v;

	if (json_equal(value, sent))
		return;
	assert_true(json_is_object(value));
	json_object_foreach((json_t *)(uintptr_t)value, key, v)
		assert_true(json_equal(v, json_object_get(sent, key)));
}

static void
what_was_kept_goes_back(void **state)
{
	struct llm_backend b = { .host = HOST_OPENAI,
		.model = "m",
		.base_url = "",
		.max_tokens_name = "",
		.temperature = -1 };
	struct answered a;
	size_t i, j;

	(void)state;
	for (i = 0; i < NELEM(KEPT); i++) {
		struct llm_message m = { .role = LLM_ASSISTANT };
		struct llm_question q = { .messages = &m, .nmessages = 1 };
		const json_t *sent, *kept, *value;
		const char *key;

		cuts_check_stream(KEPT[i].what, &LLM_OPENAI, KEPT[i].events);
		answers_stream(&LLM_OPENAI, KEPT[i].events, 1, false, &a);
		assert_int_equal(a.rc, LLM_OK);
		if (KEPT[i].extra == NULL) {
			assert_null(a.answer.extra);
			answers_free(&a);
			continue;
		}
		answers_expect(KEPT[i].what,
		    answers_json(a.mem, a.answer.extra), KEPT[i].extra);
		m.text = a.answer.text;
		m.calls = a.answer.calls;
		m.ncalls = a.answer.ncalls;
		m.extra = a.answer.extra;
		sent = json_array_get(
		    json_object_get(answers_request(&LLM_OPENAI, &b, &q, a.mem),
			"messages"),
		    0);
		kept = answers_json(a.mem, KEPT[i].extra);
		json_object_foreach(json_object_get(kept, "message"), key,
		    value)
			assert_true(
			    json_equal(value, json_object_get(sent, key)));
		for (j = 0; j < json_array_size(json_object_get(kept, "calls"));
		     j++) {
			const json_t *call = json_array_get(
			    json_object_get(sent, "tool_calls"), j);

			json_object_foreach(
			    json_array_get(json_object_get(kept, "calls"), j),
			    key, value)
				stands_in(value, json_object_get(call, key));
		}
		answers_free(&a);
	}
}

/* Bodies that are not what their label says. */
static void
the_first_bytes_say_what_it_is(void **state)
{
	static const struct {
		const char *what, *bytes;
		enum llm_rc rc;
	} cases[] = {
		{ "no blank lines",
		    "data: " DELTA("{\"content\":\"a\"}") "data:" DELTA(
			"{\"content\":\"b\"}") "data: " FINISH("stop") "data: [DONE]\n",
		    LLM_OK },
		{ "the last blank line is missing",
		    ": hi\n\ndata: " DELTA(
			"{\"content\":\"ab\"}") "\ndata: {\"choices\":[{"
						"\"delta\":{},\"finish_reason\":\"stop\"}]}",
		    LLM_OK },
		{ "one event, and no end of its line",
		    "data: {\"choices\":"
		    "[{\"delta\":{\"content\":\"ab\"},\"finish_reason\":"
		    "\"stop\"}]}",
		    LLM_OK },
		{ "one refusal, and no end of its line",
		    "data: {\"error\":"
		    "{\"code\":503}}",
		    LLM_RETRY },
		{ "lines of JSON",
		    DELTA("{\"content\":\"a\"}") DELTA("{\"content\":\"b\"}")
			FINISH("stop"),
		    LLM_OK },
		{ "one line of them is half an answer",
		    DELTA("{\"content\":\"ab\"}"), LLM_RC_N },
		{ "one of Ollama's own",
		    "{\"message\":{\"content\":\"ab\"},"
		    "\"done\":false}\n",
		    LLM_RC_N },
		{ "a byte order mark",
		    "\xef\xbb\xbf"
		    "data: " DELTA("{\"content\":\"ab\"}") "\ndata: " FINISH(
			"stop") "\n",
		    LLM_OK },
		{ "a document over several lines",
		    "\n\n{\n\"choices\":[{\n"
		    "\"message\":{\"content\":\"ab\"}}]\n}\n",
		    LLM_OK },
		{ "a document in an event",
		    "data: {\"choices\":[{\"message\":"
		    "{\"content\":\"ab\"},\"finish_reason\":\"stop\"}]}\n\n",
		    LLM_OK },
		{ "events without data",
		    "data:\n\ndata: " DELTA(
			"{\"content\":\"ab\"}") "\nevent: keepalive\ndata:"
						"\n\ndata: " FINISH(
						    "stop") "\ndata: \n\n",
		    LLM_OK },
		{ "an error field",
		    "error: {\"code\":400,\"message\":\"the "
		    "request exceeds the available context size\"}\n\n"
		    "data: [DONE]\n\n",
		    LLM_CONTEXT },
		{ "a bare error", "{\"error\":{\"code\":503}}\n", LLM_RETRY },
		{ "an error in a list",
		    "[{\"error\":{\"code\":400,\"message\""
		    ":\"The input token count exceeds the maximum number of "
		    "tokens allowed\"}}]",
		    LLM_CONTEXT },
	};
	struct answered a;
	size_t i, step;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		cuts_check(cases[i].what, &LLM_OPENAI, NULL, cases[i].bytes,
		    strlen(cases[i].bytes));
		for (step = 0; step < 9; step++) {
			answers_bytes(&LLM_OPENAI, NULL, cases[i].bytes,
			    strlen(cases[i].bytes), step, false, &a);
			if ((cases[i].rc == LLM_OK ? a.rc : a.error_rc)
				!= cases[i].rc
			    || (a.rc == LLM_OK
				&& strcmp(a.answer.text, "ab") != 0))
				fail_msg("%s, by %zu: %s %s", cases[i].what,
				    step, llm_rc_name(a.rc),
				    llm_rc_name(a.error_rc));
			answers_free(&a);
		}
	}
}

/* Models' own forms of calls, left in the words by the server. */
static void
calls_in_words_are_calls(void **state)
{
	static const char *const SAID[] = {
		"<tool_call>{\"name\":\"echo\",\"arguments\":{\"x\":1}}"
		"</tool_call>",
		"<function=echo>{\"x\":1}</function>",
		"<tool_call>\n<function=echo>\n<parameter=x>\n1\n</parameter>\n"
		"</function>\n</tool_call>",
		"[TOOL_CALLS][{\"name\":\"echo\",\"arguments\":{\"x\":1}}]",
		"[TOOL_CALLS]echo[ARGS]{\"x\":1}",
		"<|python_tag|>{\"name\":\"echo\",\"parameters\":{\"x\":1}}",
	};
	struct tool_spec tool = { .name = "echo", .description = "" };
	struct llm_question q = { .tools = &tool, .ntools = 1 };
	struct answered a;
	char body[1024];
	size_t i, step;

	(void)state;
	for (i = 0; i < NELEM(SAID); i++)
		for (step = 0; step < 5; step++) {
			struct arena *mem = arena_new();
			json_t *text = json_keep(mem, json_string(SAID[i]));

			snprintf(body, sizeof(body),
			    "data: {\"choices\":[{"
			    "\"delta\":{\"content\":%s},\"finish_reason\":"
			    "\"stop\"}]}\n\n",
			    json_text(mem, text));
			tool.name = "echo";
			answers_bytes(&LLM_OPENAI, &q, body, strlen(body), step,
			    false, &a);
			if (a.answer.ncalls != 1 || a.shown[0] != '\0')
				fail_msg("%s: %zu calls, shown %s", SAID[i],
				    a.answer.ncalls, a.shown);
			answers_expect(SAID[i],
			    answers_json(a.mem, a.answer.calls[0].arguments),
			    "{\"x\":1}");
			answers_free(&a);
			tool.name = "other"; /* so these are words */
			answers_bytes(&LLM_OPENAI, &q, body, strlen(body), step,
			    false, &a);
			assert_int_equal(a.answer.ncalls, 0);
			assert_string_equal(a.answer.text, SAID[i]);
			assert_string_equal(a.shown, SAID[i]);
			answers_free(&a);
			arena_free(mem);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_are_read),
		cmocka_unit_test(streams_may_end_anywhere),
		cmocka_unit_test(names_and_ids_are_bounded),
		cmocka_unit_test(a_long_body_is_looked_at_once),
		cmocka_unit_test(usage_is_within_reason),
		cmocka_unit_test(usage_is_counted_or_estimated),
		cmocka_unit_test(usage_of_nothing_is_estimated),
		cmocka_unit_test(errors_in_a_stream_are_told_apart),
		cmocka_unit_test(refused_statuses_are_told_apart),
		cmocka_unit_test(whole_answers_are_read),
		cmocka_unit_test(what_was_kept_goes_back),
		cmocka_unit_test(the_first_bytes_say_what_it_is),
		cmocka_unit_test(calls_in_words_are_calls),
		cmocka_unit_test(half_calls_in_words_are_dropped),
		cmocka_unit_test(a_text_without_end_is_cut),
		cmocka_unit_test(requests_are_written),
		cmocka_unit_test(calls_without_thoughts_get_empty_ones),
		cmocka_unit_test(reasoning_models_take_other_fields),
	};

	return cmocka_run_group_tests_name("openai", tests, NULL, NULL);
}
