/*
 * What is kept of an answer beside its words has an end: LLM_EXTRA_MAX of what
 * will be sent back; what was replaced takes no room.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "llm/quirks.h"
#include "tests/unit/answers.h"

#define FILL (512 * KIB)
#define FULL (LLM_EXTRA_MAX / FILL + 1) /* events: more than may be kept */
#define DELTA(d) "{\"choices\":[{\"delta\":" d "}]}"
#define CALL(more)                                                          \
	DELTA("{\"tool_calls\":[{\"index\":0,\"id\":\"c\","                 \
	      "\"function\":{\"name\":\"echo\"},\"extra_content\":{}," more \
	      "}]}")
#define END "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}"
#define BLOCK(b)                                         \
	"{\"type\":\"content_block_start\",\"index\":0," \
	"\"content_block\":" b "}"
#define BLOCK_DELTA(d)                                   \
	"{\"type\":\"content_block_delta\",\"index\":0," \
	"\"delta\":" d "}"
#define STOP                                                      \
	"{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":" \
	"\"end_turn\"}}"
#define START "{\"type\":\"message_start\",\"message\":{}}"

/* ${event} comes FULL times; in it # becomes FILL bytes, @ its number. */
static const struct {
	const char *what;
	const struct llm_provider *provider;
	const char *begin, *event, *end;
	bool fails;
} CASES[] = {
	{ "a text", &LLM_OPENAI, NULL, DELTA("{\"reasoning_content\":\"#\"}"),
	    END, true },
	{ "a value, each time a member more", &LLM_OPENAI, NULL,
	    DELTA("{\"provider_specific_fields\":{\"@\":\"#\"}}"), END, true },
	{ "a member of a value, replaced", &LLM_OPENAI, NULL,
	    DELTA("{\"content\":\"a\",\"extra_content\":{\"a\":\"#\"}}"), END,
	    false },
	{ "a value, replaced", &LLM_OPENAI, NULL,
	    DELTA("{\"content\":\"a\",\"thinking_blocks\":[\"#\"]}"), END,
	    false },
	{ "details of their own", &LLM_OPENAI, NULL,
	    DELTA("{\"reasoning_details\":[{\"index\":@,\"type\":\"x\","
		  "\"data\":\"#\"}]}"),
	    END, true },
	{ "members of one detail", &LLM_OPENAI, NULL,
	    DELTA("{\"reasoning_details\":[{\"index\":0,\"type\":\"x\","
		  "\"d@\":\"#\"}]}"),
	    END, true },
	{ "a member of one detail, replaced", &LLM_OPENAI, NULL,
	    DELTA("{\"content\":\"a\",\"reasoning_details\":[{\"index\":0,"
		  "\"type\":\"x\",\"d\":\"#\"}]}"),
	    END, false },
	{ "pieces of one detail", &LLM_OPENAI, NULL,
	    DELTA("{\"reasoning_details\":[{\"index\":0,\"type\":\"x\","
		  "\"text\":\"#\"}]}"),
	    END, true },
	{ "parts of content", &LLM_OPENAI, NULL,
	    DELTA("{\"content\":[{\"type\":\"t@\",\"x\":\"#\"}]}"), END, true },
	{ "a member of a call, replaced", &LLM_OPENAI, NULL,
	    CALL("\"signature\":\"#\""), END, false },
	{ "members of calls", &LLM_OPENAI, NULL,
	    DELTA("{\"tool_calls\":[{\"index\":@,\"id\":\"c@\",\"function\":{"
		  "\"name\":\"echo\",\"thought_signature\":\"#\"},"
		  "\"signature\":\"#\"}]}"),
	    END, true },
	{ "blocks", &LLM_ANTHROPIC, START,
	    BLOCK("{\"type\":\"thinking\",\"x\":\"#\"}"), STOP, true },
	{ "thoughts of one block", &LLM_ANTHROPIC, START,
	    BLOCK_DELTA("{\"type\":\"thinking_delta\",\"thinking\":"
			"\"#\"}"),
	    STOP, true },
	{ "citations", &LLM_ANTHROPIC, START,
	    BLOCK_DELTA("{\"text\":\"a\",\"citation\":{\"x\":\"#\"}}"), STOP,
	    true },
	{ "a signature, replaced", &LLM_ANTHROPIC, START,
	    BLOCK_DELTA("{\"text\":\"a\",\"signature\":\"#\"}"), STOP, false },
	{ "blocks, void each time", &LLM_ANTHROPIC, START,
	    "{\"type\":\"message_start\",\"message\":{\"content\":[{\"type\":"
	    "\"text\",\"text\":\"a\"},{\"type\":\"thinking\",\"x\":\"#\"}]}}",
	    STOP, false },
};

/* What jansson has, counted. */
static size_t used, most;

static void *
counted(size_t n)
{
	size_t *p = malloc(n + 16);

	if (p == NULL)
		return NULL;
	*p = n;
	used += n;
	if (used > most)
		most = used;
	return (char *)p + 16;
}

static void
uncounted(void *p)
{
	size_t *begin = (size_t *)(void *)((char *)p - 16);

	if (p == NULL)
		return;
	used -= *begin;
	free(begin);
}

static void
add_event(struct buf *out, const char *event, size_t n)
{
	static char fill[FILL];

	memset(fill, 'x', sizeof(fill));
	assert_int_equal(buf_add_str(out, "data: "), 0);
	for (; *event != '\0'; event++)
		assert_int_equal(*event == '#' ? buf_add(out, fill, FILL)
			: *event == '@'        ? buf_printf(out, "%zu", n)
					       : buf_add_char(out, *event),
		    0);
	assert_int_equal(buf_add_str(out, "\n\n"), 0);
}

static void
what_is_kept_has_an_end(void **state)
{
	struct answered a;
	size_t i, n;

	(void)state;
	for (i = 0; i < NELEM(CASES); i++) {
		struct buf bytes = BUF_INIT(64 * MIB);

		if (CASES[i].begin != NULL)
			add_event(&bytes, CASES[i].begin, 0);
		for (n = 0; n < FULL; n++)
			add_event(&bytes, CASES[i].event, n);
		add_event(&bytes, CASES[i].end, 0);
		most = used;
		answers_bytes(CASES[i].provider, NULL, buf_str(&bytes),
		    bytes.len, 64 * KIB, false, &a);
		if (a.failed != CASES[i].fails || (!CASES[i].fails && !a.ended)
		    || (a.extra != NULL
			&& strlen(a.extra) > LLM_EXTRA_MAX + KIB))
			fail_msg("%s: failed %d, ended %d", CASES[i].what,
			    a.failed, a.ended);
		/* Of what was replaced nothing stays. */
		if (!CASES[i].fails && most > 8 * FILL)
			fail_msg("%s: %zu bytes", CASES[i].what, most);
		answers_free(&a);
		buf_fini(&bytes);
	}
	assert_int_equal(used, 0);
}

/* "{}" is short, but not in memory. */
static void
values_count_for_their_memory(void **state)
{
	enum { EVENTS = 20, VALUES = 100000 };
	struct buf bytes = BUF_INIT(64 * MIB);
	struct answered a;
	size_t i, j;

	(void)state;
	for (i = 0; i < EVENTS; i++) {
		(void)!buf_printf(&bytes,
		    "data: {\"choices\":[{\"delta\":{\"extra_content\":{\"%zu\":[0",
		    i);
		for (j = 0; j < VALUES; j++)
			(void)!buf_add_str(&bytes, ",{}");
		(void)!buf_add_str(&bytes, "]}}}]}\n\n");
	}
	most = used;
	answers_bytes(&LLM_OPENAI, NULL, buf_str(&bytes), bytes.len, 64 * KIB,
	    false, &a);
	assert_true(a.failed);
	assert_true(most < 100 * MIB);
	answers_free(&a);
	buf_fini(&bytes);
}

/* Each member of the table is kept, goes back, and is left out for a backend
 * that takes no thoughts. */
static void
members_go_back_or_not(void **state)
{
	struct llm_quirks quirks = LLM_QUIRKS_INIT;
	struct llm_message m = { .role = LLM_ASSISTANT };
	struct llm_question q = { .messages = &m, .nmessages = 1 };
	struct llm_backend b = { .host = HOST_OPENAI,
		.model = "m",
		.base_url = "",
		.max_tokens_name = "",
		.temperature = -1 };
	const char *name;
	struct answered a;
	char event[512];
	size_t i;

	(void)state;
	for (i = 0; i < LLM_KEPT_MAX; i++) {
		name = LLM_KEPT_MEMBERS[i].name;
		snprintf(event, sizeof(event),
		    DELTA("{\"%s\":%s,\"tool_calls\":[{\"id\":\"c\","
			  "\"function\":{\"name\":\"echo\",\"arguments\":"
			  "\"{}\"}}]}") "\n" END "\n",
		    name,
		    strstr(name, "_details") != NULL
			    || strstr(name, "_blocks") != NULL
			? "[{\"type\":\"t\"}]"
			: "\"s\"");
		answers_stream(&LLM_OPENAI, event, 0, false, &a);
		assert_int_equal(a.rc, LLM_OK);
		assert_non_null(a.answer.extra);
		m.text = a.answer.text;
		m.calls = a.answer.calls;
		m.ncalls = a.answer.ncalls;
		m.extra = a.answer.extra;
		for (quirks.lacks = 0;; quirks.lacks = 1U << LLM_CAN_THOUGHTS) {
			const json_t *sent;

			b.quirks = &quirks;
			sent = json_array_get(
			    json_object_get(
				answers_request(&LLM_OPENAI, &b, &q, a.mem),
				"messages"),
			    0);
			if ((json_object_get(sent, name) != NULL)
			    == (quirks.lacks != 0))
				fail_msg("%s", name);
			if (quirks.lacks != 0)
				break;
		}
		answers_free(&a);
	}
	assert_true(i >= 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_count_for_their_memory),
		cmocka_unit_test(what_is_kept_has_an_end),
		cmocka_unit_test(members_go_back_or_not),
	};

	json_set_alloc_funcs(counted, uncounted);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
