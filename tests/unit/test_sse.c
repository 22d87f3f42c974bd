#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
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
	{ "a byte order mark",
	    "\xef\xbb\xbf"
	    "data: a\n\n",
	    "[message|a|]" },
	{ "a colon in the data", "data: a: b\n\n", "[message|a: b|]" },
	{ "an id is emptied", "id: 1\nid\ndata: a\n\n", "[message|a|]" },
	{ "a mark is one only at the beginning",
	    "data: a\n\n\xef\xbb\xbf"
	    "data: b\n\n",
	    "[message|a|]" },
	{ "a mark alone, then an event", "\xef\xbb\xbf\ndata: a\n\n",
	    "[message|a|]" },
	{ "two thirds of a mark",
	    "\xef\xbb"
	    "data: a\n\ndata: b\n\n",
	    "[message|b|]" },
	{ "a mark before a comment", "\xef\xbb\xbf: hi\ndata: a\n\n",
	    "[message|a|]" },
	{ "comments between the lines of an event",
	    "data: a\n: one\n:two\n:\ndata: b\n\n", "[message|a\nb|]" },
	{ "comments end no event", ": a\n\n: b\n\n", "" },
	{ "fields without a colon", "event\ndata\nid\nretry\nfoo\n\n",
	    "[message||]" },
	{ "one blank goes, no more", "data:  a \n\n", "[message| a |]" },
	{ "a tab is no blank", "data:\ta\n\n", "[message|\ta|]" },
	{ "names as they are written",
	    "Data: a\n data: b\ndata : c\n"
	    "data: d\n\n",
	    "[message|d|]" },
	{ "the last of two types", "event: x\nevent: y\ndata: a\n\n",
	    "[y|a|]" },
	{ "a type is emptied", "event: x\nevent\ndata: a\n\n", "[message|a|]" },
	{ "an id between the data", "data: a\nid: 7\ndata: b\n\n",
	    "[message|a\nb|7]" },
	{ "an id after an event is the next one's",
	    "data: a\n\nid: 7\n\n"
	    "data: b\n\n",
	    "[message|a|][message|b|7]" },
	{ "retry says nothing of the event",
	    "retry: 10\nretry: -1\n"
	    "retry: 1e3\nretry\ndata: a\n\n",
	    "[message|a|]" },
	{ "empty lines of data", "data\ndata:\ndata: \n\n", "[message|\n\n|]" },
	{ "all ends of lines in one",
	    "data: a\rdata: b\r\ndata: c\n\r\n"
	    "data: d\r\r",
	    "[message|a\nb\nc|][message|d|]" },
	{ "CR LF is one end, LF CR are two",
	    "data: a\r\ndata: b\n\rdata: c"
	    "\n\n",
	    "[message|a\nb|][message|c|]" },
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

/* Each end of a line, cut in two at each place. */
static void
reads_two_pieces(void **state)
{
	struct sse_reader r;
	size_t i, at, len;

	(void)state;
	for (i = 0; i < NELEM(CASES); i++)
		for (len = strlen(CASES[i].stream), at = 0; at <= len; at++) {
			got[0] = '\0';
			sse_reader_init(&r, 100);
			assert_int_equal(sse_reader_feed(&r, CASES[i].stream,
					     at, on_event, NULL),
			    0);
			assert_int_equal(sse_reader_feed(&r,
					     CASES[i].stream + at, len - at,
					     on_event, NULL),
			    0);
			sse_reader_fini(&r);
			if (strcmp(got, CASES[i].events) != 0)
				fail_msg("%s, cut at %zu: %s", CASES[i].what,
				    at, got);
		}
}

/* A NUL is a byte like another in data; an id or a type with one is not
 * there. */
static int
on_zero(void *ctx, const struct sse_event *ev)
{
	size_t *n = ctx;

	(*n)++;
	assert_int_equal(ev->len, 3);
	assert_memory_equal(ev->data, "a\0b", 3);
	assert_string_equal(ev->type, "message");
	assert_string_equal(ev->id, "7");
	return 0;
}

static void
takes_a_zero_for_a_byte(void **state)
{
	static const char text[] = "id: 7\nid: 8\0009\nevent: x\0y\n"
				   "\0: z\ndata: a\0b\n\n";
	struct sse_reader r;
	size_t step, at, n;

	(void)state;
	for (step = 1; step < sizeof(text); step++) {
		n = 0;
		sse_reader_init(&r, 100);
		for (at = 0; at < sizeof(text) - 1; at += step)
			assert_int_equal(sse_reader_feed(&r, text + at,
					     sizeof(text) - 1 - at < step
						 ? sizeof(text) - 1 - at
						 : step,
					     on_zero, &n),
			    0);
		assert_int_equal(n, 1);
		sse_reader_fini(&r);
	}
}

/* What is no stream by the rules, read by ${json}. */
static void
splits_what_is_glued(void **state)
{
	static const struct {
		const char *stream, *events;
	} cases[] = {
		{ "data: {\"a\":1}data: {\"b\":2}data: [DONE]\n\n",
		    "[message|{\"a\":1}|][message|{\"b\":2}|]"
		    "[message|[DONE]|]" },
		{ "event: x\ndata: {\"a\":1}event: y\ndata: {\"b\":2}\n\n",
		    "[x|{\"a\":1}|][y|{\"b\":2}|]" },
		{ "data: {\"a\":\"{}data: {\\\"\"}\n\n",
		    "[message|{\"a\":\"{}data: {\\\"\"}|]" },
		{ "data: {\"a\":\"}event: \"}data: {}\n\n",
		    "[message|{\"a\":\"}event: \"}|][message|{}|]" },
		{ "data: data:data: {}\n\n", "[message|{}|]" },
		{ "data: data: [DONE]\n\n", "[message|[DONE]|]" },
		{ "data: {}\ndata: {}\n\n", "[message|{}|][message|{}|]" },
		{ "data: {}}data: {}\n\n", "[message|{}}data: {}|]" },
		{ "data: {}data:\n\n", "[message|{}|][message||]" },
		{ "data: a}data: {}\n\n", "[message|a}data: {}|]" },
	};
	struct sse_reader r;
	size_t i, at, step;

	(void)state;
	for (i = 0; i < NELEM(cases); i++)
		for (step = 1; step <= 64; step = step * 4 - 1) {
			size_t len = strlen(cases[i].stream);

			got[0] = '\0';
			sse_reader_init(&r, 100);
			r.json = true;
			for (at = 0; at < len; at += step)
				assert_int_equal(
				    sse_reader_feed(&r, cases[i].stream + at,
					len - at < step ? len - at : step,
					on_event, NULL),
				    0);
			sse_reader_fini(&r);
			if (strcmp(got, cases[i].events) != 0)
				fail_msg("%s: %s", cases[i].stream, got);
		}
}

static int
on_huge(void *ctx, const struct sse_event *ev)
{
	*(size_t *)ctx += ev->len;
	return 0;
}

/* A line may be as long as an event, but for that of a stranger's field or a
 * comment, which may always have a megabyte. */
static void
huge_lines_are_bounded(void **state)
{
	static const struct {
		const char *begin;
		size_t len, taken; /* of the line; of the event */
		int rc;
	} cases[] = {
		{ "data: ", 3 * MIB, 3 * MIB - 6, 0 },
		{ "data: ", 4 * MIB, 4 * MIB - 6, 0 },
		{ "data: ", 4 * MIB + 1, 0, -1 },
		{ ":", 4 * MIB, 0, 0 },
		{ "foo: ", 4 * MIB, 0, 0 },
		{ "foo", 5 * MIB, 0, -1 },
	};
	char *line = malloc(5 * MIB);
	struct sse_reader r;
	size_t i, n;
	int rc;

	(void)state;
	assert_non_null(line);
	for (i = 0; i < NELEM(cases); i++) {
		n = 0;
		memset(line, 'x', cases[i].len);
		memcpy(line, cases[i].begin, strlen(cases[i].begin));
		sse_reader_init(&r, 4 * MIB);
		rc = sse_reader_feed(&r, line, cases[i].len, on_huge, &n);
		if (rc == 0)
			rc = sse_reader_feed(&r, "\n\n", 2, on_huge, &n);
		if (rc != cases[i].rc || n != cases[i].taken)
			fail_msg("%s, %zu bytes: %d, %zu taken", cases[i].begin,
			    cases[i].len, rc, n);
		sse_reader_fini(&r);
	}
	free(line);
}

/* What no blank line ends, sse_reader_end takes, and nothing twice. */
static void
the_end_takes_the_last_event(void **state)
{
	static const struct {
		const char *stream, *events;
	} cases[] = {
		{ "data: a\n\n", "[message|a|]" },
		{ "data: a\n", "[message|a|]" },
		{ "data: a\r", "[message|a|]" },
		{ "data: a", "[message|a|]" },
		{ "event: x\ndata: a\ndata: b", "[x|a\nb|]" },
		{ "data: a\n\nda", "[message|a|]" },
		{ "\xef\xbb\xbf"
		  "data: a",
		    "[message|a|]" },
		{ "event: x", "" },
		{ ": a", "" },
		{ "", "" },
	};
	struct sse_reader r;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		got[0] = '\0';
		sse_reader_init(&r, 100);
		assert_int_equal(sse_reader_feed(&r, cases[i].stream,
				     strlen(cases[i].stream), on_event, NULL),
		    0);
		assert_int_equal(sse_reader_end(&r, on_event, NULL), 0);
		assert_int_equal(sse_reader_end(&r, on_event, NULL), 0);
		assert_string_equal(got, cases[i].events);
		sse_reader_fini(&r);
	}
}

static void
keeps_to_its_limit(void **state)
{
	struct sse_reader r;

	(void)state;
	sse_reader_init(&r, 5);
	assert_int_equal(
	    sse_reader_feed(&r, "data: 12345\n\n", 13, on_event, NULL), 0);
	assert_int_equal(
	    sse_reader_feed(&r, "data: 123\ndata: 45\n\n", 20, on_event, NULL),
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
		    "id: i\nid: %0*d\nevent: %0*d\ndata: a\n\n", cases[i].id, 0,
		    cases[i].type, 0);
		got[0] = '\0';
		sse_reader_init(&r, 100);
		assert_int_equal(
		    sse_reader_feed(&r, text, strlen(text), on_event, NULL), 0);
		if (strncmp(got, cases[i].events, strlen(cases[i].events)) != 0)
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
	assert_int_equal(
	    sse_reader_feed(&r, text, strlen(text), on_event, NULL), 7);
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
		assert_int_equal(
		    sse_reader_feed(&r, b.data, b.len, on_event, NULL), 0);
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
		cmocka_unit_test(reads_two_pieces),
		cmocka_unit_test(takes_a_zero_for_a_byte),
		cmocka_unit_test(splits_what_is_glued),
		cmocka_unit_test(huge_lines_are_bounded),
		cmocka_unit_test(the_end_takes_the_last_event),
		cmocka_unit_test(keeps_to_its_limit),
		cmocka_unit_test(long_names_are_skipped),
		cmocka_unit_test(stops_and_says_when_to_retry),
		cmocka_unit_test(writes_what_it_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
