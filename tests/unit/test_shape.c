/*
 * How a question goes to a server that is strict about messages: who speaks
 * when, how many calls at once, what an id looks like.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "llm/ladder.h"
#include "tests/unit/questions.h"

static const struct llm_question QUESTION = { .messages = MESSAGES,
	.nmessages = NELEM(MESSAGES) };
static const struct llm_backend BACKEND = { .host = HOST_OPENAI,
	.model = "m",
	.base_url = "http://h/v1",
	.max_tokens_name = "" };

/* ${q}'s messages: role, words, [id name] of calls, (id) of a result. */
static const char *
told(const struct llm_question *q, struct buf *out)
{
	static const char ROLES[] = { [LLM_SYSTEM] = 's',
		[LLM_USER] = 'u',
		[LLM_ASSISTANT] = 'a',
		[LLM_TOOL] = 't' };
	size_t i, j;

	buf_reset(out);
	for (i = 0; i < q->nmessages; i++) {
		const struct llm_message *m = &q->messages[i];

		assert_int_equal(buf_printf(out, "%s%c:%s", i == 0 ? "" : "|",
				     ROLES[m->role], m->text),
		    0);
		if (m->nimages > 0)
			assert_int_equal(buf_printf(out, "+%zu", m->nimages),
			    0);
		for (j = 0; j < m->ncalls; j++)
			assert_int_equal(buf_printf(out, "[%s %s]",
					     m->calls[j].id, m->calls[j].name),
			    0);
		if (m->role == LLM_TOOL)
			assert_int_equal(buf_printf(out, "(%s)", m->call_id),
			    0);
	}
	return buf_str(out);
}

/* How messages go to those that are strict about who speaks when. */
static void
messages_take_the_shape(void **state)
{
	static const struct {
		const char *lacks, *want;
	} cases[] = {
		{ "",
		    "s:Be kind.|u:Look+1|a:[call_1 echo][call_2 time]"
		    "|t:hi(call_1)|t:12:00(call_2)|u:Well?" },
		{ "system",
		    "u:Be kind.\n\nLook+1|a:[call_1 echo]"
		    "[call_2 time]|t:hi(call_1)|t:12:00(call_2)"
		    "|u:Well?" },
		{ "images",
		    "s:Be kind.|u:Look\n(1 image that this model "
		    "cannot see)|a:[call_1 echo][call_2 time]"
		    "|t:hi(call_1)|t:12:00(call_2)|u:Well?" },
		{ "parallel_calls",
		    "s:Be kind.|u:Look+1|a:[call_1 echo]"
		    "|t:hi(call_1)|a:[call_2 time]"
		    "|t:12:00(call_2)|u:Well?" },
		{ "empty_content",
		    "s:Be kind.|u:Look+1|a:(calls a tool)"
		    "[call_1 echo][call_2 time]|t:hi(call_1)"
		    "|t:12:00(call_2)|u:Well?" },
		{ "user_after_tool",
		    "s:Be kind.|u:Look+1|a:[call_1 echo]"
		    "[call_2 time]|t:hi(call_1)"
		    "|t:12:00(call_2)|a:Understood.|u:Well?" },
		{ "parallel_calls empty_content user_after_tool",
		    "s:Be kind.|u:Look+1|a:(calls a tool)[call_1 echo]"
		    "|t:hi(call_1)|a:(calls a tool)[call_2 time]"
		    "|t:12:00(call_2)|a:Understood.|u:Well?" },
	};
	struct arena *mem = arena_new();
	struct buf out = BUF_INIT(64 * KIB);
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct llm_quirks quirks = LLM_QUIRKS_INIT;
		const char *at = cases[i].lacks;
		struct llm_question q;
		char name[32];
		bool as_text;
		int n;

		for (; sscanf(at, "%31s%n", name, &n) == 1; at += n)
			assert_true(llm_quirks_set(&quirks, name, "no"));
		q = llm_shape(&BACKEND, &QUESTION, &quirks, mem, &as_text);
		assert_string_equal(told(&q, &out), cases[i].want);
	}
	buf_fini(&out);
	arena_free(mem);
}

/* One speaks after the other: neighbours are joined, with what they show. */
static void
roles_take_turns(void **state)
{
	static const struct llm_message messages[] = {
		{ .role = LLM_ASSISTANT, .text = "Hello" },
		{ .role = LLM_USER,
		    .text = "One",
		    .images = &PICTURE,
		    .nimages = 1 },
		{ .role = LLM_USER,
		    .text = "Two",
		    .images = &PICTURE,
		    .nimages = 1 },
		{ .role = LLM_USER, .text = "" },
		{ .role = LLM_ASSISTANT, .text = "Yes" },
		{ .role = LLM_ASSISTANT, .text = "And" },
	};
	struct llm_question q = { .messages = messages,
		.nmessages = NELEM(messages) };
	struct llm_quirks quirks = LLM_QUIRKS_INIT;
	struct arena *mem = arena_new();
	struct buf out = BUF_INIT(64 * KIB);
	bool as_text;

	(void)state;
	assert_true(llm_quirks_set(&quirks, "repeated_roles", "no"));
	assert_true(llm_quirks_set(&quirks, "empty_content", "no"));
	q = llm_shape(&BACKEND, &q, &quirks, mem, &as_text);
	assert_string_equal(told(&q, &out),
	    "u:(continued)|a:Hello"
	    "|u:One\n\nTwo\n\n(no words)+2|a:Yes\n\nAnd");
	buf_fini(&out);
	arena_free(mem);
}

/* Nine letters and digits, a result's as its call's; those that fit stay. */
static void
ids_of_calls_are_nine_long(void **state)
{
	struct llm_message messages[NELEM(MESSAGES)];
	struct tool_call calls[NELEM(CALLS)];
	struct llm_quirks quirks = LLM_QUIRKS_INIT;
	struct llm_question q = QUESTION;
	struct arena *mem = arena_new();
	const struct tool_call *c;
	bool as_text;

	(void)state;
	memcpy(messages, MESSAGES, sizeof(messages));
	memcpy(calls, CALLS, sizeof(calls));
	calls[1].id = messages[4].call_id = "abcDEF123";
	messages[2].calls = calls;
	q.messages = messages;
	assert_true(llm_quirks_set(&quirks, "any_call_id", "no"));
	q = llm_shape(&BACKEND, &q, &quirks, mem, &as_text);
	c = q.messages[2].calls;
	assert_int_equal(strlen(c[0].id), 9);
	assert_int_equal(strspn(c[0].id,
			     "abcdefghijklmnopqrstuvwxyz"
			     "0123456789"),
	    9);
	assert_string_equal(q.messages[3].call_id, c[0].id);
	assert_string_equal(c[1].id, "abcDEF123");
	assert_string_equal(q.messages[4].call_id, "abcDEF123");
	arena_free(mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_take_the_shape),
		cmocka_unit_test(roles_take_turns),
		cmocka_unit_test(ids_of_calls_are_nine_long),
	};

	return cmocka_run_group_tests_name("shape", tests, NULL, NULL);
}
