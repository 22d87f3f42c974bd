/*
 * A stream's events: whatever was lost, doubled or late on the way, what the
 * client puts together is the reply.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/sse.h"
#include "handlers/chat_priv.h"

/* What a client does with the events. */
struct client {
	struct arena *mem;
	int64_t id, attempt;
	char text[256];
	char kinds[256]; /* first letters, in order */
	const char *reply;
};

static int
on_event(void *ctx, const struct sse_event *ev)
{
	struct client *c = ctx;
	const json_t *doc = json_read(c->mem, ev->data, ev->len, NULL, NULL);
	char id[24];

	snprintf(id, sizeof(id), "%lld", (long long)++c->id);
	assert_string_equal(ev->id, id);
	assert_non_null(doc);
	snprintf(c->kinds + strlen(c->kinds), 2, "%c",
	    strcmp(ev->type, "restart") == 0 ? 'x' : ev->type[0]);
	if (strcmp(ev->type, "restart") == 0) {
		assert_true(json_member_int(doc, "attempt", 0) > c->attempt);
		c->attempt = json_member_int(doc, "attempt", 0);
		c->text[0] = '\0';
	} else if (strcmp(ev->type, "delta") == 0) {
		assert_int_equal(json_member_int(doc, "attempt", 0),
		    c->attempt);
		assert_int_equal(json_member_int(doc, "offset", -1),
		    strlen(c->text));
		strncat(c->text, json_member_str(doc, "text"),
		    sizeof(c->text) - strlen(c->text) - 1);
	} else if (strcmp(ev->type, "reply") == 0) {
		c->reply = json_member_str(doc, "reply");
		assert_string_equal(json_member_str(doc, "state"), "active");
		assert_true(json_is_array(json_object_get(doc, "starters")));
	}
	return 0;
}

#define PIECES 8
static const struct {
	const char *what;
	struct {
		const char *kind, *text;
	} pieces[PIECES];
	const char *reply;
	const char *kinds;
} CASES[] = {
	{ "no piece came", { { NULL, NULL } }, "hello", "sdr" },
	{ "an empty reply", { { NULL, NULL } }, "", "sdr" },
	{ "all pieces came",
	    { { "delta", "{\"attempt\":1,\"offset\":0,\"text\":\"he\"}" },
		{ "delta", "{\"attempt\":1,\"offset\":2,\"text\":\"llo\"}" } },
	    "hello", "sddr" },
	{ "the last piece is missing",
	    { { "delta", "{\"attempt\":1,\"offset\":0,\"text\":\"he\"}" } },
	    "hello", "sddr" },
	{ "a piece in between is missing",
	    { { "delta", "{\"attempt\":1,\"offset\":0,\"text\":\"h\"}" },
		{ "delta", "{\"attempt\":1,\"offset\":3,\"text\":\"lo\"}" } },
	    "hello", "sdxdr" },
	{ "the first piece is missing",
	    { { "delta", "{\"attempt\":1,\"offset\":2,\"text\":\"llo\"}" } },
	    "hello", "sxdr" },
	{ "a piece came twice",
	    { { "delta", "{\"attempt\":1,\"offset\":0,\"text\":\"hel\"}" },
		{ "delta", "{\"attempt\":1,\"offset\":0,\"text\":\"hel\"}" } },
	    "hello", "sdxdr" },
	{ "another text was said",
	    { { "delta", "{\"attempt\":1,\"offset\":0,\"text\":\"What\"}" } },
	    "hello", "sdxdr" },
	{ "more was shown than was said",
	    { { "delta", "{\"attempt\":1,\"offset\":0,\"text\":\"hello!\"}" } },
	    "hello", "sdxdr" },
	{ "another worker went on",
	    { { "delta", "{\"attempt\":1,\"offset\":0,\"text\":\"he\"}" },
		{ "restart", "{\"attempt\":2}" },
		{ "delta",
		    "{\"attempt\":2,\"offset\":0,\"text\":\"hello\"}" } },
	    "hello", "sdxdr" },
	{ "the first one was not yet dead",
	    { { "delta", "{\"attempt\":1,\"offset\":0,\"text\":\"he\"}" },
		{ "restart", "{\"attempt\":2}" },
		{ "delta", "{\"attempt\":1,\"offset\":2,\"text\":\"y!\"}" },
		{ "delta",
		    "{\"attempt\":2,\"offset\":0,\"text\":\"hello\"}" } },
	    "hello", "sdxdr" },
	{ "the restart was lost",
	    { { "delta", "{\"attempt\":1,\"offset\":0,\"text\":\"he\"}" },
		{ "delta",
		    "{\"attempt\":2,\"offset\":0,\"text\":\"hello\"}" } },
	    "hello", "sdxdr" },
	{ "both call theirs the second",
	    { { "restart", "{\"attempt\":2}" },
		{ "delta", "{\"attempt\":2,\"offset\":0,\"text\":\"he\"}" },
		{ "restart", "{\"attempt\":2}" },
		{ "delta",
		    "{\"attempt\":2,\"offset\":0,\"text\":\"hello\"}" } },
	    "hello", "sxdxdr" },
	{ "what else is said goes on",
	    { { "status", "{\"status\":\"thinking\"}" },
		{ "tool", "{\"name\":\"echo\",\"state\":\"done\"}" },
		{ "new", "{}" }, { "delta", "not JSON" } },
	    "hello", "sstdr" },
};

static void
streams(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < NELEM(CASES); i++) {
		struct client c = { .mem = arena_new(), .attempt = 1 };
		struct buf out = BUF_INIT(CHAT_ANSWER_MAX);
		struct chat_events ev;
		struct sse_reader reader;
		struct reply r = { .text = CASES[i].reply, .state = "active" };

		chat_events_init(&ev);
		assert_int_equal(
		    chat_events_begin(&ev, "m1", "/chat/a/messages/m1", &out),
		    0);
		for (j = 0; j < PIECES && CASES[i].pieces[j].kind; j++)
			assert_int_equal(chat_events_piece(&ev, c.mem,
					     CASES[i].pieces[j].kind,
					     CASES[i].pieces[j].text,
					     strlen(CASES[i].pieces[j].text),
					     &out),
			    0);
		assert_int_equal(chat_events_reply(&ev, &r, &out), 0);

		sse_reader_init(&reader, CHAT_ANSWER_MAX);
		assert_int_equal(sse_reader_feed(&reader, buf_str(&out),
				     out.len, on_event, &c),
		    0);
		sse_reader_fini(&reader);
		if (strcmp(c.kinds, CASES[i].kinds) != 0
		    || strcmp(c.text, CASES[i].reply) != 0)
			fail_msg("%s: %s \"%s\"", CASES[i].what, c.kinds,
			    c.text);
		assert_string_equal(c.reply, CASES[i].reply);
		buf_fini(&out);
		arena_free(c.mem);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(streams) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
