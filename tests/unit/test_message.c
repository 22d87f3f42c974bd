#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "base/arena.h"
#include "nouns/history_entry.h"
#include "nouns/message.h"
#include "nouns/reply.h"
#include "nouns/turn_end.h"

static struct arena *mem;

static void
a_message_is_read_as_written(void **state)
{
	struct message m = { .update_id = "u-1",
		.text = "caf\xc3\xa9 \"x\"\n",
		.images = { { "image/png", "AAAA" }, { "image/jpeg", "BBBB" } },
		.nimages = 2,
		.address = "not kept here",
		.stream = true,
		.cut = true };
	struct message out;
	char *text = message_write(mem, &m);

	(void)state;
	assert_non_null(text);
	assert_int_equal(message_read(mem, text, strlen(text), &out), 0);
	assert_string_equal(out.text, m.text);
	assert_string_equal(out.update_id, "u-1");
	assert_true(out.stream);
	assert_true(out.cut);
	assert_int_equal(out.nimages, 2);
	assert_string_equal(out.images[1].mime, "image/jpeg");
	assert_string_equal(out.images[1].base64, "BBBB");
	assert_string_equal(out.address, "");

	m = (struct message){ .text = "" };
	text = message_write(mem, &m);
	assert_int_equal(message_read(mem, text, strlen(text), &out), 0);
	assert_null(out.update_id);
	assert_false(out.stream);
	assert_false(out.cut);
	m.text = "\xff";
	assert_null(message_write(mem, &m));
}

static void
a_damaged_message_is_refused(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} cases[] = {
		{ "{\"t\":\"x\"}", 0 },
		{ "{\"t\":\"x\",\"later\":1}", 0 },
		{ "{\"t\":\"x\",\"i\":[]}", 0 },
		{ "{\"t\":1}", -1 },
		{ "{\"u\":\"x\"}", -1 },
		{ "{\"t\":\"x\",\"i\":[[\"image/png\"]]}", -1 },
		{ "{\"t\":\"x\",\"i\":[1]}", -1 },
		{ "{\"t\":\"x\",\"s\":\"yes\"}", -1 },
		{ "[]", -1 },
		{ "{", -1 },
		{ "", -1 },
	};
	struct message m;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++)
		if (message_read(mem, cases[i].text, strlen(cases[i].text), &m)
		    != cases[i].rc)
			fail_msg("%s", cases[i].text);
}

static void
no_more_images_than_there_is_room_for(void **state)
{
	char text[1024] = "{\"t\":\"x\",\"i\":[[\"m\",\"b\"]";
	struct message m;
	size_t n = strlen(text);
	int i;

	(void)state;
	for (i = 0; i < 2 * MESSAGE_IMAGES_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    ",[\"m\",\"b\"]");
	n += (size_t)snprintf(text + n, sizeof(text) - n, "]}");
	assert_int_equal(message_read(mem, text, n, &m), 0);
	assert_int_equal(m.nimages, MESSAGE_IMAGES_MAX);
}

static void
a_reply_is_read_as_written(void **state)
{
	static const char *const starters[] = { "one", "two", NULL };
	struct reply r = { .text = "hi",
		.state = "active",
		.starters = starters,
		.end = "replied" };
	static const char *const wrong[] = { "{}", "{\"reply\":\"x\"}",
		"{\"reply\":\"x\",\"state\":\"active\",\"starters\":[1]}",
		"7" };
	struct reply out;
	char *text = reply_write(mem, &r);
	size_t i;

	(void)state;
	assert_string_equal(text,
	    "{\"reply\":\"hi\",\"state\":\"active\",\"starters\":"
	    "[\"one\",\"two\"],\"end\":\"replied\"}");
	assert_int_equal(reply_read(mem, text, strlen(text), &out), 0);
	assert_string_equal(out.starters[1], "two");
	assert_null(out.starters[2]);
	assert_string_equal(out.end, "replied");
	r.starters = NULL;
	r.end = NULL;
	text = reply_write(mem, &r);
	assert_int_equal(reply_read(mem, text, strlen(text), &out), 0);
	assert_null(out.starters[0]);
	assert_string_equal(out.end, "");
	for (i = 0; i < NELEM(wrong); i++)
		assert_int_equal(
		    reply_read(mem, wrong[i], strlen(wrong[i]), &out), -1);
	r.text = "\xff";
	assert_null(reply_write(mem, &r));
}

static void
history_is_read_as_written(void **state)
{
	const struct history_entry h = { "question", "answer" };
	struct history_entry out;
	char *text = history_entry_write(mem, &h);

	(void)state;
	assert_string_equal(text, "[\"question\",\"answer\"]");
	assert_int_equal(history_entry_read(mem, text, strlen(text), &out), 0);
	assert_string_equal(out.user, "question");
	assert_string_equal(out.assistant, "answer");
	assert_int_equal(history_entry_read(mem, "[\"a\"]", 5, &out), -1);
	assert_int_equal(history_entry_read(mem, "{}", 2, &out), -1);
	assert_int_equal(history_entry_read(mem, "x", 1, &out), -1);
}

static void
a_repeat_has_the_same_id(void **state)
{
	struct chat_name a, b;
	char id[3][MESSAGE_ID_MAX], long_id[2000];

	(void)state;
	assert_int_equal(chat_name_parse(&a, "t/c/x"), 0);
	assert_int_equal(chat_name_parse(&b, "t/c/xu"), 0);
	message_id_make(&a, "u1", id[0]);
	message_id_make(&a, "u1", id[1]);
	message_id_make(&b, "1", id[2]);
	assert_int_equal(strlen(id[0]), MESSAGE_ID_MAX - 1);
	assert_string_equal(id[0], id[1]);
	assert_string_not_equal(id[0], id[2]);
	memset(long_id, 'x', sizeof(long_id) - 1);
	long_id[sizeof(long_id) - 1] = '\0';
	message_id_make(&a, long_id, id[0]);
	assert_string_equal(turn_end_name(END_DEAD), "dead");
}

static int
begin(void **state)
{
	(void)state;
	mem = arena_new();
	return sodium_init() == -1 ? -1 : 0;
}

static int
end(void **state)
{
	(void)state;
	arena_free(mem);
	return 0;
}

static void
a_failure_is_known_by_its_end(void **state)
{
	static const struct {
		const char *end;
		bool fails;
	} cases[] = { { "replied", false }, { "unconfirmed", false },
		{ "refused", true }, { "expired", true }, { "dead", true },
		{ "", false }, { NULL, false } };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct reply r = { .end = cases[i].end };

		assert_int_equal(reply_is_failure(&r), cases[i].fails);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_is_known_by_its_end),
		cmocka_unit_test(a_message_is_read_as_written),
		cmocka_unit_test(a_damaged_message_is_refused),
		cmocka_unit_test(no_more_images_than_there_is_room_for),
		cmocka_unit_test(a_reply_is_read_as_written),
		cmocka_unit_test(history_is_read_as_written),
		cmocka_unit_test(a_repeat_has_the_same_id),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
