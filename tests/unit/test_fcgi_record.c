#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "fcgi/fcgi_record.h"

static void
pads_to_eight(void **state)
{
	static const char want[] = "\1\6\1\2\0\3\5\0abc\0\0\0\0\0";
	struct buf b = BUF_INIT(KIB);

	(void)state;
	assert_int_equal(fcgi_record_stdout(&b, 0x102, "abc", 3), 0);
	assert_int_equal(b.len, 16);
	assert_memory_equal(b.data, want, 16);
	buf_fini(&b);
}

static void
splits_what_is_long(void **state)
{
	struct buf b = BUF_INIT(MIB);
	char *bytes = calloc(1, 2 * FCGI_RECORD_CONTENT_MAX + 1);

	(void)state;
	assert_int_equal(
	    fcgi_record_stdout(&b, 1, bytes, 2 * FCGI_RECORD_CONTENT_MAX + 1),
	    0);
	assert_int_equal(b.len, 2 * (8 + FCGI_RECORD_CONTENT_MAX) + 16);
	assert_int_equal((unsigned char)b.data[4],
	    FCGI_RECORD_CONTENT_MAX >> 8);
	buf_fini(&b);
	free(bytes);
}

static void
ends_stream_and_request(void **state)
{
	static const char want[24] = { 1, 6, 0, 1, 0, 0, 0, 0, 1, 3, 0, 1, 0,
		8 };
	struct buf b = BUF_INIT(24), full = BUF_INIT(23);

	(void)state;
	assert_int_equal(fcgi_record_end(&b, 1), 0);
	assert_int_equal(b.len, 24);
	assert_memory_equal(b.data, want, 24);
	assert_int_equal(fcgi_record_end(&full, 1), -1);
	buf_fini(&b);
	buf_fini(&full);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pads_to_eight),
		cmocka_unit_test(splits_what_is_long),
		cmocka_unit_test(ends_stream_and_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
