#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

#include "base/buf.h"
#include "base/seal.h"
#include "base/secret.h"

#define KEY_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY_B "//////////////////////////////////////////8="
#define KEY_B_URL "__________________________________________8"

static struct seal_ring *
ring(const char *keys)
{
	struct secret k = { 0 }, none = { 0 };
	const char *why = NULL;
	struct seal_ring *r;

	secret_set(&k, keys, strlen(keys));
	r = seal_ring_new(&k, &none, "salt", &why);
	if (r == NULL)
		fail_msg("%s: %s", keys, why);
	secret_clear(&k);
	return r;
}

static void
reads_lists_of_keys(void **state)
{
	static const struct {
		const char *what, *keys;
		bool valid;
	} cases[] = {
		{ "one without padding", KEY_A, true },
		{ "one with padding", KEY_A "=", true },
		{ "URL-safe", KEY_B_URL, true },
		{ "two with blanks", " " KEY_A " ,\n" KEY_B " ", true },
		{ "an empty place", KEY_A ",," KEY_B ",", true },
		{ "eight",
		    KEY_A "," KEY_A "," KEY_A "," KEY_A "," KEY_A "," KEY_A
			  "," KEY_A "," KEY_A,
		    true },
		{ "nine",
		    KEY_A "," KEY_A "," KEY_A "," KEY_A "," KEY_A "," KEY_A
			  "," KEY_A "," KEY_A "," KEY_A,
		    false },
		{ "31 bytes", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		    false },
		{ "33 bytes", KEY_A "AAAA", false },
		{ "no base64", "not a key at all", false },
		{ "hex of 32 bytes",
		    "00000000000000000000000000000000000000"
		    "00000000000000000000000000",
		    false },
		{ "commas", " , ", false },
	};
	struct secret none = { 0 };
	const char *why = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct secret k = { 0 };
		struct seal_ring *r;

		secret_set(&k, cases[i].keys, strlen(cases[i].keys));
		why = NULL;
		r = seal_ring_new(&k, &none, "", &why);
		if ((r != NULL) != cases[i].valid
		    || (r == NULL) != (why != NULL))
			fail_msg("%s", cases[i].what);
		seal_ring_free(r);
		secret_clear(&k);
	}
	assert_null(seal_ring_new(&none, &none, "", &why));
	assert_non_null(why);
	seal_ring_free(NULL);
}

static void
opens_what_was_closed(void **state)
{
	struct seal_ring *r = ring(KEY_A);
	struct buf sealed = BUF_INIT(1000), plain = BUF_INIT(1000);
	static const char *const texts[] = { "", "x", "a longer text" };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(texts); i++) {
		size_t len = strlen(texts[i]);

		buf_reset(&sealed);
		buf_reset(&plain);
		assert_int_equal(buf_add_str(&sealed, "before"), 0);
		assert_int_equal(buf_add_str(&plain, "before"), 0);
		assert_int_equal(
		    seal_close(r, "o", "n", "i", texts[i], len, &sealed), 0);
		assert_int_equal(sealed.len, 6 + len + SEAL_OVERHEAD);
		assert_memory_equal(sealed.data, "before", 6);
		if (len > 1)
			assert_null(
			    memmem(sealed.data, sealed.len, texts[i], len));
		assert_int_equal(seal_open(r, "o", "n", "i", sealed.data + 6,
				     sealed.len - 6, &plain),
		    SEAL_OK);
		assert_int_equal(plain.len, 6 + len);
		assert_string_equal(plain.data + 6, texts[i]);
	}
	buf_fini(&sealed);
	buf_fini(&plain);
	seal_ring_free(r);
}

static void
refuses_what_was_changed_or_moved(void **state)
{
	static const struct {
		const char *what, *owner, *noun, *item;
	} moved[] = {
		{ "another owner", "p", "n", "i" },
		{ "another noun", "o", "m", "i" },
		{ "another item", "o", "n", "j" },
		{ "shifted between parts", "on", "", "i" },
	};
	struct seal_ring *r = ring(KEY_A);
	struct buf sealed = BUF_INIT(1000), plain = BUF_INIT(1000);
	size_t i;

	(void)state;
	assert_int_equal(seal_close(r, "o", "n", "i", "text", 4, &sealed), 0);
	for (i = 0; i < NELEM(moved); i++)
		if (seal_open(r, moved[i].owner, moved[i].noun, moved[i].item,
			sealed.data, sealed.len, &plain)
		    != SEAL_BAD)
			fail_msg("%s", moved[i].what);
	for (i = 0; i < sealed.len; i++) {
		sealed.data[i] ^= 1;
		assert_int_equal(seal_open(r, "o", "n", "i", sealed.data,
				     sealed.len, &plain),
		    i >= 1 && i < 5 ? SEAL_UNKNOWN_KEY : SEAL_BAD);
		sealed.data[i] ^= 1;
		assert_int_equal(
		    seal_open(r, "o", "n", "i", sealed.data, i, &plain),
		    SEAL_BAD);
	}
	assert_int_equal(plain.len, 0);
	assert_int_equal(
	    seal_open(r, "o", "n", "i", sealed.data, sealed.len, &plain),
	    SEAL_OK);
	buf_fini(&sealed);
	buf_fini(&plain);
	seal_ring_free(r);
}

static void
keys_change(void **state)
{
	struct seal_ring *old = ring(KEY_A), *both = ring(KEY_B "," KEY_A),
			 *new = ring(KEY_B_URL);
	struct buf sealed = BUF_INIT(100), plain = BUF_INIT(100);
	char id[SEAL_ID_MAX], other[SEAL_ID_MAX], mac[SEAL_DIGEST_MAX];

	(void)state;
	assert_int_equal(seal_close(old, "o", "n", "i", "x", 1, &sealed), 0);
	assert_true(seal_is_current(old, sealed.data, sealed.len));
	assert_false(seal_is_current(both, sealed.data, sealed.len));
	assert_false(seal_is_current(old, sealed.data, 5));
	assert_int_equal(
	    seal_open(both, "o", "n", "i", sealed.data, sealed.len, &plain),
	    SEAL_OK);
	assert_int_equal(
	    seal_open(new, "o", "n", "i", sealed.data, sealed.len, &plain),
	    SEAL_UNKNOWN_KEY);
	assert_true(seal_ring_id(old, 0, id));
	assert_true(seal_ring_id(both, 1, other));
	assert_string_equal(id, other);
	assert_false(seal_ring_id(both, 2, other));

	seal_mac(old, "text", "hello", 5, mac);
	assert_true(seal_mac_matches(both, "text", "hello", 5, mac));
	assert_false(seal_mac_matches(new, "text", "hello", 5, mac));
	assert_false(seal_mac_matches(old, "other", "hello", 5, mac));
	assert_false(seal_mac_matches(old, "text", "hallo", 5, mac));
	assert_false(seal_mac_matches(old, "text", "hello", 5, ""));
	buf_fini(&sealed);
	buf_fini(&plain);
	seal_ring_free(old);
	seal_ring_free(both);
	seal_ring_free(new);
}

static void
a_ring_in_use_takes_other_keys(void **state)
{
	struct secret keys = { 0 }, none = { 0 };
	struct buf old = BUF_INIT(100), plain = BUF_INIT(100);
	struct seal_ring *r, *same, *other;
	char first[SEAL_ID_MAX], id[SEAL_ID_MAX];
	const char *why;

	(void)state;
	secret_set(&keys, KEY_A, strlen(KEY_A));
	r = seal_ring_new(&keys, &none, "", &why);
	same = seal_ring_new(&keys, &none, "", &why);
	secret_set(&keys, KEY_B "," KEY_A, strlen(KEY_B "," KEY_A));
	other = seal_ring_new(&keys, &none, "", &why);
	assert_true(seal_ring_same(r, same));
	assert_false(seal_ring_same(r, other));
	assert_false(seal_ring_same(other, r));
	assert_int_equal(seal_close(r, "o", "n", "i", "x", 1, &old), 0);
	assert_true(seal_ring_id(other, 0, first));

	seal_ring_swap(r, other);
	assert_true(seal_ring_same(other, same));
	assert_true(seal_ring_id(r, 0, id));
	assert_string_equal(id, first);
	assert_false(seal_is_current(r, old.data, old.len));
	assert_int_equal(seal_open(r, "o", "n", "i", old.data, old.len, &plain),
	    SEAL_OK);
	assert_string_equal(buf_str(&plain), "x");
	seal_ring_free(r);
	seal_ring_free(same);
	seal_ring_free(other);
	buf_fini(&old);
	buf_fini(&plain);
	secret_clear(&keys);
}

static void
a_full_buffer_takes_nothing(void **state)
{
	struct seal_ring *r = ring(KEY_A);
	struct buf sealed = BUF_INIT(SEAL_OVERHEAD + 3);

	(void)state;
	assert_int_equal(seal_close(r, "o", "n", "i", "1234", 4, &sealed), -1);
	assert_int_equal(sealed.len, 0);
	assert_true(sealed.full);
	assert_int_equal(seal_close(r, "o", "n", "i", "123", 3, &sealed), 0);
	buf_fini(&sealed);
	seal_ring_free(r);
}

static void
digests_are_separate_and_stay(void **state)
{
	char a[SEAL_DIGEST_MAX], b[SEAL_DIGEST_MAX];

	(void)state;
	seal_digest("message", "x", 1, a);
	assert_int_equal(strlen(a), SEAL_DIGEST_MAX - 1);
	seal_digest("message", "x", 1, b);
	assert_string_equal(a, b);
	seal_digest("messag", "ex", 2, b);
	assert_string_not_equal(a, b);
}

static void
a_password_makes_a_key(void **state)
{
	struct secret none = { 0 }, password = { 0 };
	struct buf sealed = BUF_INIT(100), plain = BUF_INIT(100);
	struct seal_ring *r[3];
	const char *why;

	(void)state;
	secret_set(&password, "correct horse", 13);
	r[0] = seal_ring_new(&none, &password, "salt", &why);
	r[1] = seal_ring_new(&none, &password, "salt", &why);
	r[2] = seal_ring_new(&none, &password, "pepper", &why);
	assert_int_equal(seal_close(r[0], "o", "n", "i", "x", 1, &sealed), 0);
	assert_int_equal(
	    seal_open(r[1], "o", "n", "i", sealed.data, sealed.len, &plain),
	    SEAL_OK);
	assert_int_equal(
	    seal_open(r[2], "o", "n", "i", sealed.data, sealed.len, &plain),
	    SEAL_UNKNOWN_KEY);
	buf_fini(&sealed);
	buf_fini(&plain);
	seal_ring_free(r[0]);
	seal_ring_free(r[1]);
	seal_ring_free(r[2]);
	secret_clear(&password);
}

static int
begin(void **state)
{
	(void)state;
	return sodium_init() == -1 ? -1 : 0;
}

/* The nonce of an item: after the version and the key's id. */
static void
seal_one(const struct seal_ring *r, unsigned char nonce[24])
{
	struct buf b = BUF_INIT(256);

	assert_int_equal(seal_close(r, "c", "n", "i", "x", 1, &b), 0);
	memcpy(nonce, b.data + 5, 24);
	buf_fini(&b);
}

static void
no_nonce_comes_twice(void **state)
{
	struct seal_ring *r = ring(KEY_A);
	unsigned char seen[200][24], childs[24];
	size_t i, k;
	int fds[2], status;
	pid_t child;

	(void)state;
	for (i = 0; i < 100; i++)
		seal_one(r, seen[i]);
	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (child == 0) {
		seal_one(r, childs);
		_exit(write(fds[1], childs, sizeof(childs)) != sizeof(childs));
	}
	assert_int_equal(read(fds[0], childs, sizeof(childs)), sizeof(childs));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	for (; i < 199; i++)
		seal_one(r, seen[i]);
	memcpy(seen[i], childs, sizeof(childs));
	for (i = 0; i < 200; i++)
		for (k = 0; k < i; k++)
			assert_memory_not_equal(seen[i], seen[k], 24);
	close(fds[0]);
	close(fds[1]);
	seal_ring_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_lists_of_keys),
		cmocka_unit_test(opens_what_was_closed),
		cmocka_unit_test(refuses_what_was_changed_or_moved),
		cmocka_unit_test(keys_change),
		cmocka_unit_test(a_ring_in_use_takes_other_keys),
		cmocka_unit_test(a_full_buffer_takes_nothing),
		cmocka_unit_test(no_nonce_comes_twice),
		cmocka_unit_test(digests_are_separate_and_stay),
		cmocka_unit_test(a_password_makes_a_key),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
