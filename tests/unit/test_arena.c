#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/arena.h"

static void
gives_zeroed_aligned_bytes(void **state)
{
	static const size_t sizes[] = { 0, 1, 7, 16, 17, 2048, 2049, 8192, 8193,
		100000, 3 };
	struct arena *a = arena_new();
	int round;
	size_t i, j;

	(void)state;
	for (round = 0; round < 3; round++) {
		for (i = 0; i < NELEM(sizes); i++) {
			char *p = arena_alloc(a, sizes[i]);

			assert_int_equal((uintptr_t)p % sizeof(long double), 0);
			for (j = 0; j < sizes[i]; j++)
				assert_int_equal(p[j], 0);
			memset(p, 0xff, sizes[i]);
		}
		assert_true(arena_used(a) >= 120000);
		arena_reset(a);
		assert_int_equal(arena_used(a), 0);
	}
	arena_free(a);
	arena_free(NULL);
}

static void
keeps_what_was_given_before(void **state)
{
	struct arena *a = arena_new();
	char *kept[500];
	int i;

	(void)state;
	for (i = 0; i < 500; i++) {
		kept[i] = arena_printf(a, "string %d", i);
		if (i % 50 == 0) /* a block of its own in between */
			(void)arena_alloc(a, 5000);
	}
	for (i = 0; i < 500; i++)
		assert_string_equal(kept[i], arena_printf(a, "string %d", i));
	arena_free(a);
}

/* Some end where a block does, some one byte behind it. */
static void
prints_of_any_length(void **state)
{
	struct arena *a = arena_new();
	char *kept[700];
	int i;

	(void)state;
	for (i = 0; i < 700; i++)
		kept[i] = arena_printf(a, "%*d", i + 1, i % 10);
	for (i = 0; i < 700; i++) {
		assert_int_equal(strlen(kept[i]), i + 1);
		assert_int_equal(kept[i][i], '0' + i % 10);
		assert_true(i == 0 || kept[i][0] == ' ');
	}
	arena_free(a);
}

static void
copies(void **state)
{
	struct arena *a = arena_new();
	char big[20000];

	(void)state;
	assert_null(arena_strdup(a, NULL));
	assert_string_equal(arena_strdup(a, ""), "");
	assert_memory_equal(arena_memdup(a, "a\0b", 3), "a\0b", 4);
	assert_string_equal(arena_memdup(a, NULL, 0), "");
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_string_equal(arena_printf(a, "%s", big), big);
	arena_free(a);
}

static char order[8];

static void
note(void *ptr)
{
	strncat(order, ptr, sizeof(order) - strlen(order) - 1);
}

static void
releases_the_last_first_and_once(void **state)
{
	static char one[] = "1", two[] = "2", three[] = "3";
	struct arena *a = arena_new();

	(void)state;
	order[0] = '\0';
	arena_defer(a, note, one);
	arena_defer(a, note, two);
	arena_reset(a);
	assert_string_equal(order, "21");
	arena_defer(a, note, three);
	arena_free(a);
	assert_string_equal(order, "213");
}

/* The arena keeps its first block, so that what stood there can be seen. */
static void
secrets_are_zeroed(void **state)
{
	static const char none[sizeof("Bearer sk-1")];
	struct arena *a = arena_new();
	char *plain = arena_strdup(a, "plain"), *secret;

	(void)state;
	secret = arena_secret(a, arena_printf(a, "Bearer %s", "sk-1"));
	assert_string_equal(secret, "Bearer sk-1");
	arena_reset(a);
	assert_memory_equal(secret, none, sizeof(none));
	assert_string_equal(plain, "plain");
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_zeroed_aligned_bytes),
		cmocka_unit_test(keeps_what_was_given_before),
		cmocka_unit_test(prints_of_any_length),
		cmocka_unit_test(copies),
		cmocka_unit_test(releases_the_last_first_and_once),
		cmocka_unit_test(secrets_are_zeroed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
