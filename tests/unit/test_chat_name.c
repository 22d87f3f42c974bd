#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "nouns/caller.h"
#include "nouns/chat_name.h"

#define WORD_64 \
	"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff-_.9"

static void
is_made_and_read(void **state)
{
	static const struct {
		const char *what, *text;
		bool valid;
	} cases[] = {
		{ "the usual", "default/http/alice", true },
		{ "a chat with slashes and blanks", "t/c/a b/c//d", true },
		{ "a chat of UTF-8", "t/c/\xc3\xa9", true },
		{ "long words", WORD_64 "/" WORD_64 "/x", true },
		{ "a tenant of 65", WORD_64 "a/c/x", false },
		{ "a connection of 65", "t/" WORD_64 "a/x", false },
		{ "no chat", "t/c/", false },
		{ "no second slash", "t/c", false },
		{ "no slash", "t", false },
		{ "nothing", "", false },
		{ "an empty tenant", "/c/x", false },
		{ "an empty connection", "t//x", false },
		{ "a brace in the tenant", "{p1}/c/x", false },
		{ "a blank in the connection", "t/a b/x", false },
		{ "a line end in the chat", "t/c/a\nb", false },
		{ "a delete in the chat", "t/c/\x7f", false },
		{ "a chat that is not UTF-8", "t/c/\xff", false },
	};
	struct chat_name a, b;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		if ((chat_name_parse(&a, cases[i].text) == 0) != cases[i].valid)
			fail_msg("%s", cases[i].what);
		if (cases[i].valid)
			assert_string_equal(a.text, cases[i].text);
	}
	assert_int_equal(chat_name_make(&a, "t", "c", "x/y"), 0);
	assert_int_equal(chat_name_parse(&b, "t/c/x/y"), 0);
	assert_string_equal(a.text, b.text);
	assert_int_equal(a.partition, b.partition);
	assert_string_equal(chat_name_chat(&a), "x/y");
	assert_int_equal(chat_name_make(&a, "t", "c", ""), -1);
	assert_int_equal(chat_name_make(&a, "t/u", "c", "x"), -1);
}

static void
the_longest_fits(void **state)
{
	char chat[CHAT_ID_MAX + 2];
	struct chat_name n;

	(void)state;
	memset(chat, 'x', sizeof(chat));
	chat[CHAT_ID_MAX + 1] = '\0';
	assert_int_equal(chat_name_make(&n, WORD_64, WORD_64, chat), -1);
	chat[CHAT_ID_MAX] = '\0';
	assert_int_equal(chat_name_make(&n, WORD_64, WORD_64, chat), 0);
	assert_string_equal(chat_name_chat(&n), chat);
}

static void
its_parts_name_a_caller(void **state)
{
	struct arena *mem = arena_new();
	struct caller caller;
	struct chat_name n;

	(void)state;
	assert_int_equal(chat_name_make(&n, "acme", "bot-1", "a/b"), 0);
	chat_name_caller(&n, mem, &caller);
	assert_string_equal(caller.tenant, "acme");
	assert_string_equal(caller.connection, "bot-1");
	assert_string_equal(caller.person, "a/b");
	assert_true(caller.key == NULL && caller.role == NULL);
	assert_string_equal(n.text, "acme/bot-1/a/b");
	arena_free(mem);
}

static void
partitions_are_those_of_redis_cluster(void **state)
{
	(void)state;
	/* CRC16 of "123456789" is 0x31C3, of "foo" slot 12182. */
	assert_int_equal(chat_name_partition("123456789"), 0x31C3 % 16);
	assert_int_equal(chat_name_partition("foo"), 12182 % 16);
	assert_int_equal(chat_name_partition("bar"), 5061 % 16);
	assert_int_equal(chat_name_partition(""), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_made_and_read),
		cmocka_unit_test(the_longest_fits),
		cmocka_unit_test(its_parts_name_a_caller),
		cmocka_unit_test(partitions_are_those_of_redis_cluster),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
