#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/sse.h"

static char got[4096];

static int
on_event(void *ctx, const struct sse_event *ev)
{
	size_t at = strlen(got);

	(void)ctx;
	assert_int_equal(strlen(ev->data), ev->len);
	snprintf(got + at, sizeof(got) - at, "[%s|%s|%s]", ev->type, ev->data,
	    ev->id);
	return strcmp(ev->data, "stop") == 0 ? 7 : 0;
}

static const struct {
	const char *what, *stream, *events;
} CASES[] = {
	{ "one event", "data: a\n\n", "[message|a|]" },
	{ "a type and an id", "event: x\nid: 1\ndata:b\n\n", "[x|b|1]" },
	{ "an id stays", "id: 1\ndata: a\n\ndata: b\n\n",
	    "[message|a|1][message|b|1]" },
	{ "a type does not", "event: x\ndata: a\n\ndata: b\n\n",
	    "[x|a|][message|b|]" },
	{ "several lines", "data: a\ndata\ndata:  b\n\n",
	    "[message|a\n\n b|]" },
	{ "CR and CRLF", "data: a\r\rdata: b\r\n\r\n",
	    "[message|a|][message|b|]" },
	{ "comments and strangers", ": hi\nfoo: bar\ndata: a\n:\n\n",
	    "[message|a|]" },
	{ "no data, no event", "event: x\n\nid: 3\n\ndata: a\n\n",
	    "[message|a|3]" },
	{ "empty data is data", "data\n\n", "[message||]" },
	{ "no blank line, no event", "data: a\n", "" },
	{ "a byte order mark", "\xef\xbb\xbf" "data: a\n\n",
	    "[message|a|]" },
	{ "a colon in the data", "data: a: b\n\n", "[message|a: b|]" },
	{ "an id is emptied", "id: 1\nid\ndata: a\n\n", "[message|a|]" },
};

static void
reads_whole_and_byte_by_byte(void **state)
{
	struct sse_reader r;
	size_t i, j, step;

	(void)state;
	for (i = 0; i < NELEM(CASES); i++)
		for (step = 1; step <= 64; step = step * 4 - 1) {
			size_t len = strlen(CASES[i].stream);

			got[0] = '\0';
			sse_reader_init(&r, 100);
			for (j = 0; j < len; j += step)
				assert_int_equal(
				    sse_reader_feed(&r, CASES[i].stream + j,
					len - j < step ? len - j : step,
					on_event, NULL),
				    0);
			sse_reader_fini(&r);
			if (strcmp(got, CASES[i].events) != 0)
				fail_msg("%s: %s", CASES[i].what, got);
		}
}

static void
keeps_to_its_limit(void **state)
{
	struct sse_reader r;

	(void)state;
	sse_reader_init(&r, 5);
	assert_int_equal(sse_reader_feed(&r, "data: 12345\n\n", 13, on_event,
			     NULL),
	    0);
	assert_int_equal(sse_reader_feed(&r, "data: 123\ndata: 45\n\n", 20,
			     on_event, NULL),
	    -1);
	sse_reader_fini(&r);
}

/* An id or a type that is too long is not there; the event is. */
static void
long_names_are_skipped(void **state)
{
	static const struct {
		int id, type; /* their lengths */
		const char *events;
	} cases[] = {
		{ 256, 1, "[0|a|0" },
		{ 257, 1, "[0|a|i]" },
		{ 1, 257, "[message|a|0]" },
		{ 70000, 70000, "[message|a|i]" },
	};
	static char text[160 * KIB];
	struct sse_reader r;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		snprintf(text, sizeof(text),
		    "id: i\nid: %0*d\nevent: %0*d\ndata: a\n\n",
		    cases[i].id, 0, cases[i].type, 0);
		got[0] = '\0';
		sse_reader_init(&r, 100);
		assert_int_equal(sse_reader_feed(&r, text, strlen(text),
				     on_event, NULL),
		    0);
		if (strncmp(got, cases[i].events, strlen(cases[i].events))
		    != 0)
			fail_msg("%zu: %s", i, got);
		sse_reader_fini(&r);
	}
}

static void
stops_and_says_when_to_retry(void **state)
{
	static const char text[] = "retry: 30\nretry: x\ndata: stop\n\n"
				   "data: more\n\n";
	struct sse_reader r;

	(void)state;
	got[0] = '\0';
	sse_reader_init(&r, 100);
	assert_int_equal(r.retry_ms, -1);
	assert_int_equal(sse_reader_feed(&r, text, strlen(text), on_event,
			     NULL),
	    7);
	assert_int_equal(r.retry_ms, 30);
	assert_string_equal(got, "[message|stop|]");
	sse_reader_fini(&r);
}

static void
writes_what_it_reads(void **state)
{
	static const struct {
		const char *id, *type, *data, *written, *events;
	} cases[] = {
		{ NULL, NULL, "a", "data: a\n\n", "[message|a|]" },
		{ "1-2", "piece", "a\nb\n",
		    "id: 1-2\nevent: piece\ndata: a\ndata: b\ndata: \n\n",
		    "[piece|a\nb\n|1-2]" },
		{ NULL, "x", "", "event: x\ndata: \n\n", "[x||]" },
	};
	struct buf b = BUF_INIT(100), tiny = BUF_INIT(8);
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct sse_reader r;

		got[0] = '\0';
		buf_reset(&b);
		assert_int_equal(sse_add(&b, cases[i].id, cases[i].type,
				     cases[i].data, strlen(cases[i].data)),
		    0);
		assert_string_equal(buf_str(&b), cases[i].written);
		sse_reader_init(&r, 100);
		assert_int_equal(sse_reader_feed(&r, b.data, b.len, on_event,
				     NULL),
		    0);
		assert_string_equal(got, cases[i].events);
		sse_reader_fini(&r);
	}
	assert_int_equal(sse_add(&tiny, NULL, NULL, "abc", 3), -1);
	buf_fini(&b);
	buf_fini(&tiny);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_whole_and_byte_by_byte),
		cmocka_unit_test(keeps_to_its_limit),
		cmocka_unit_test(long_names_are_skipped),
		cmocka_unit_test(stops_and_says_when_to_retry),
		cmocka_unit_test(writes_what_it_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
