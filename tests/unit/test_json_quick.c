#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_quick.h"

#define MUTATIONS 100000

static json_t *
by_jansson(const char *text, size_t len)
{
	return json_loadb(text, len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES,
	    NULL);
}

/* What is read is what jansson reads; true: it was read. */
static bool
agrees(const char *text, size_t len)
{
	json_t *quick = json_quick(text, len), *doc = by_jansson(text, len);
	bool done = quick != NULL;

	if (done && !json_equal(quick, doc))
		fail_msg("differs: %.*s", (int)len, text);
	json_decref(quick);
	json_decref(doc);
	return done;
}

static const char *const PLAIN[] = {
	"{\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":"
	"\"The answer \"},\"finish_reason\":null}],\"created\":1732190000}",
	" \r\n\t{ \"a\" : [ ] , \"b\" : { } , \"\" : \"\" } \n",
	"[0, -1, 999999999999999999, -999999999999999999, true, false]",
	"\"na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80 \xed\x9f\xbf\"",
	"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC\\uffff\"",
	"{\"a\\u0062\\n\":\"\\u0063\",\"d\":\"e\"}",
	"{\"a\":{\"a\":{\"a\":[[[1]]]}},\"A\":null}",
	"-0",
	"null",
};

static const char *const LEFT[] = {
	"",
	" ",
	"{",
	"[",
	"\"",
	"[1,]",
	"[,1]",
	"[1 2]",
	"{\"a\":1,}",
	"{\"a\" 1}",
	"{a:1}",
	"{\"a\":}",
	"{\"a\"}",
	"{} {}",
	"]",
	"nul",
	"nullx",
	"tru",
	"+1",
	"01",
	"-01",
	"-",
	"1.5",
	"1e3",
	"0x1",
	"1000000000000000000",
	"\"\x01\"",
	"\"\xff\"",
	"\"\xc0\xaf\"",
	"\"\xed\xa0\x80\"",
	"\"\xe2\x82\"",
	"\"\\u0000\"",
	"\"\\ud83d\\ude00\"",
	"\"\\ud83d\"",
	"\"\\u12\"",
	"\"\\u12g4\"",
	"\"\\x\"",
	"\"\\\"",
	"\"a",
	"{\"a\":1,\"a\":2}",
	"{\"a\":1,\"\\u0061\":2}",
	"'a'",
	"[1}",
	"{1]",
};

static void
reads_what_is_plain(void **state)
{
	size_t i, len;

	(void)state;
	for (i = 0; i < NELEM(PLAIN); i++) {
		char *own = malloc(strlen(PLAIN[i]) + 1);

		/* Cut short it ends nowhere, and nothing behind is looked at. */
		for (len = 0; len <= strlen(PLAIN[i]); len++) {
			own = realloc(own, len + 1);
			memcpy(own, PLAIN[i], len);
			if (!agrees(own, len) && len == strlen(PLAIN[i]))
				fail_msg("not read: %s", PLAIN[i]);
		}
		free(own);
	}
}

static void
leaves_what_is_doubtful(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(LEFT); i++)
		if (agrees(LEFT[i], strlen(LEFT[i])))
			fail_msg("read: %s", LEFT[i]);
	assert_null(json_quick("1\0", 2));
	assert_null(json_quick("\"a\0b\"", 5));
}

/* Bytes that matter to JSON, put anywhere into documents. */
static void
agrees_with_jansson_whatever_comes(void **state)
{
	static const char BYTES[] = "{}[],:\"\\/ubn019-.eE tfl\x00\x1f\x7f"
				    "\x80\xbf\xc2\xe2\xed\xf0\xff";
	unsigned seed = 20261121;
	int i, read = 0;

	(void)state;
	print_message("seed %u\n", seed);
	for (i = 0; i < MUTATIONS; i++) {
		char text[256];
		const char *from = PLAIN[rand_r(&seed) % (int)NELEM(PLAIN)];
		size_t len = strlen(from);
		int n = rand_r(&seed) % 4;

		memcpy(text, from, len);
		while (n-- > 0)
			text[(size_t)rand_r(&seed) % len]
			    = BYTES[(size_t)rand_r(&seed)
				% (sizeof(BYTES) - 1)];
		read += agrees(text, len);
	}
	assert_in_range(read, MUTATIONS / 10, MUTATIONS);
}

static void
has_the_limits_of_all_json(void **state)
{
	char text[2 * JSON_DEPTH_MAX + 2];
	size_t n = JSON_DEPTH_MAX, i, len = (size_t)JSON_VALUES_MAX * 2 + 4;
	char *many = malloc(len);

	(void)state;
	memset(text, '[', n);
	memset(text + n, ']', n);
	assert_true(agrees(text, 2 * n));
	memset(text, '[', n + 1);
	memset(text + n + 1, ']', n + 1);
	assert_null(json_quick(text, 2 * n + 2));

	assert_non_null(many);
	for (i = 0; i < len; i += 2)
		memcpy(many + i, "0,", 2);
	many[0] = '[';
	many[1] = ' ';
	many[len - 1] = ']';
	assert_null(json_quick(many, len));
	free(many);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_plain),
		cmocka_unit_test(leaves_what_is_doubtful),
		cmocka_unit_test(agrees_with_jansson_whatever_comes),
		cmocka_unit_test(has_the_limits_of_all_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
