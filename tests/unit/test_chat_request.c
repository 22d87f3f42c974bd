/* The shape of POST /chat's body: each field by name, all findings at once. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "handlers/chat_priv.h"

static const struct {
	const char *what, *body;
	const char *found; /* "field:type field:type" */
} CASES[] = {
	{ "whole", "{\"chat_id\":\"a\",\"message\":\"b\"}", "" },
	{ "with an id",
	    "{\"chat_id\":\"a\",\"message\":\"b\",\"message_id\":\"x-1\"}",
	    "" },
	{ "id null is none",
	    "{\"chat_id\":\"a\",\"message\":\"b\",\"message_id\":null}", "" },
	{ "unknown fields are let be",
	    "{\"chat_id\":\"a\",\"message\":\"b\",\"x\":[1]}", "" },
	{ "empty strings are not a matter of shape",
	    "{\"chat_id\":\"\",\"message\":\"\"}", "" },
	{ "nothing", "{}", "chat_id:missing message:missing" },
	{ "one missing", "{\"chat_id\":\"a\"}", "message:missing" },
	{ "wrong types", "{\"chat_id\":7,\"message\":null}",
	    "chat_id:string_type message:string_type" },
	{ "id of a wrong type",
	    "{\"chat_id\":\"a\",\"message\":\"b\",\"message_id\":1}",
	    "message_id:string_type" },
	{ "empty id",
	    "{\"chat_id\":\"a\",\"message\":\"b\",\"message_id\":\"\"}",
	    "message_id:string_too_short" },
	{ "a blank in the id",
	    "{\"chat_id\":\"a\",\"message\":\"b\",\"message_id\":\"a b\"}",
	    "message_id:string_pattern_mismatch" },
	{ "an id that a URL cannot name",
	    "{\"chat_id\":\"a\",\"message\":\"b\",\"message_id\":\".\"}",
	    "message_id:string_pattern_mismatch" },
	{ "another",
	    "{\"chat_id\":\"a\",\"message\":\"b\",\"message_id\":\"..\"}",
	    "message_id:string_pattern_mismatch" },
	{ "three dots are a name",
	    "{\"chat_id\":\"a\",\"message\":\"b\",\"message_id\":\"...\"}",
	    "" },
	{ "an id beyond ASCII",
	    "{\"chat_id\":\"a\",\"message\":\"b\",\"message_id\":\"\\u00fc\"}",
	    "message_id:string_pattern_mismatch" },
};

static void
shapes(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < NELEM(CASES); i++) {
		struct arena *mem = arena_new();
		struct chat_body body = { 0 };
		const json_t *list = chat_body_read(mem,
		    json_read(mem, CASES[i].body, strlen(CASES[i].body), NULL,
			NULL),
		    &body);
		const char *found = "";

		for (j = 0; j < json_array_size(list); j++) {
			const json_t *f = json_array_get(list, j);

			assert_string_equal(json_string_value(json_array_get(
						json_object_get(f, "loc"), 0)),
			    "body");
			assert_non_null(json_object_get(f, "input"));
			assert_non_null(json_member_str(f, "msg"));
			found = arena_printf(mem, "%s%s%s:%s", found,
			    *found ? " " : "",
			    json_string_value(
				json_array_get(json_object_get(f, "loc"), 1)),
			    json_member_str(f, "type"));
		}
		if (strcmp(found, CASES[i].found) != 0)
			fail_msg("%s: found \"%s\"", CASES[i].what, found);
		arena_free(mem);
	}
}

static void
id_of_128_is_the_longest(void **state)
{
	size_t n;

	(void)state;
	for (n = CHAT_MESSAGE_ID_MAX; n <= CHAT_MESSAGE_ID_MAX + 1; n++) {
		struct arena *mem = arena_new();
		struct chat_body body = { 0 };
		char id[CHAT_MESSAGE_ID_MAX + 2];
		json_t *doc, *list;

		memset(id, 'x', n);
		id[n] = '\0';
		doc = json_keep(mem,
		    json_pack("{s:s, s:s, s:s}", "chat_id", "a", "message", "b",
			"message_id", id));
		list = chat_body_read(mem, doc, &body);
		assert_int_equal(json_array_size(list),
		    n > CHAT_MESSAGE_ID_MAX);
		arena_free(mem);
	}
}

/* Of each field that is wrong: the whole of a large body would be an answer
 * larger than the question. */
static void
long_input_is_left_out(void **state)
{
	size_t n;

	(void)state;
	for (n = 4 * KIB - 2; n <= 4 * KIB - 1; n++) {
		struct arena *mem = arena_new();
		struct chat_body body = { 0 };
		json_t *doc = json_keep(mem,
		    json_pack("{s:s, s:s, s:o}", "chat_id", "a", "message", "b",
			"message_id", json_sprintf("%*s", (int)n, "x")));
		const json_t *list = chat_body_read(mem, doc, &body);
		const json_t *found = json_array_get(list, 0);

		assert_int_equal(json_array_size(list), 1);
		assert_int_equal(json_object_get(found, "input") != NULL,
		    n == 4 * KIB - 2);
		assert_non_null(json_member_str(found, "msg"));
		arena_free(mem);
	}
}

static void
url_is_escaped(void **state)
{
	struct arena *mem = arena_new();
	struct chat_ask ask = { 0 };

	(void)state;
	assert_int_equal(chat_name_make(&ask.chat, "default", "http", "a/b ü?"),
	    0);
	memcpy(ask.update_id, "x#1", 4);
	assert_string_equal(chat_url(mem, &ask),
	    "/chat/a%2Fb%20%C3%BC%3F/messages/x%231");
	arena_free(mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(shapes),
		cmocka_unit_test(id_of_128_is_the_longest),
		cmocka_unit_test(long_input_is_left_out),
		cmocka_unit_test(url_is_escaped) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
