/*
 * API keys without Redis: how a client's text is read, what a role and globs
 * let through, which addresses a range holds, and how a key is kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/glob.h"
#include "base/secret.h"
#include "nouns/api_key.h"

#define S43 "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg"
#define T32 "abcdefghijklmnopqrstuvwxyz012345"

static void
what_a_client_shows(void **state)
{
	static const struct {
		const char *text;
		int rc;
		enum api_key_kind kind;
		const char *tenant;
	} cases[] = {
		{ "dm_default_" S43, 0, API_KEY_STORED, "default" },
		{ "dm_" T32 "_" S43, 0, API_KEY_STORED, T32 },
		{ "dm_a_" S43, 0, API_KEY_STORED, "a" },
		{ "one of the list", 0, API_KEY_CONFIGURED, "default" },
		{ "dm_default_" S43 "!", 0, API_KEY_CONFIGURED, "default" },
		{ "", -1, 0, NULL },
		{ "dm_", -1, 0, NULL },
		{ "dm_default", -1, 0, NULL },
		{ "dm_default_", -1, 0, NULL },
		{ "dm__" S43, -1, 0, NULL },
		{ "dm_default_" S43 "h", -1, 0, NULL },
		{ "dm_default_0123456789", -1, 0, NULL },
		{ "DM_default_" S43, -1, 0, NULL },
		{ "dm_Default_" S43, -1, 0, NULL },
		{ "dm_de_fault_" S43, -1, 0, NULL },
		{ "dm_de-fault_" S43, -1, 0, NULL },
		{ "dm_{default}_" S43, -1, 0, NULL },
		{ "dm_" T32 "6_" S43, -1, 0, NULL },
		{ " dm_default_" S43, -1, 0, NULL },
		{ "dm_default_" S43 " ", -1, 0, NULL },
		{ "dm_default_-123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg", -1,
		    0, NULL },
		{ "one of the lis", -1, 0, NULL },
		{ "one of the list ", -1, 0, NULL },
		{ "one of the list,dm_default_" S43 "!", -1, 0, NULL },
	};
	static const char LIST[] = " one of the list,, dm_default_" S43 "! ,";
	struct secret list = { 0 };
	char longest[API_KEY_GIVEN_MAX + 8];
	struct api_key_given given;
	size_t i;

	(void)state;
	secret_set(&list, LIST, strlen(LIST));
	for (i = 0; i < NELEM(cases); i++) {
		int rc = api_key_read(&given, cases[i].text, &list);

		if (rc != cases[i].rc
		    || (rc == 0
			&& (given.kind != cases[i].kind
			    || strcmp(given.tenant, cases[i].tenant) != 0)))
			fail_msg("\"%s\": %d %d %s", cases[i].text, rc,
			    given.kind, given.tenant);
	}
	secret_clear(&list);
	assert_int_equal(api_key_read(&given, "one of the list", &list), -1);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	secret_set(&list, longest, strlen(longest));
	assert_int_equal(api_key_read(&given, longest, &list), -1);
	secret_clear(&list);
}

static void
made_keys_are_read(void **state)
{
	const struct secret none = { 0 };
	char text[API_KEY_TEXT_MAX], id[API_KEY_ID_MAX];
	char other[API_KEY_TEXT_MAX], other_id[API_KEY_ID_MAX];
	struct api_key_given given;

	(void)state;
	api_key_make(API_KEY_TENANT, text, id);
	api_key_make(API_KEY_TENANT, other, other_id);
	assert_string_not_equal(text, other);
	assert_string_not_equal(id, other_id);
	assert_int_equal(strlen(text),
	    strlen("dm_default_") + API_KEY_SECRET_LEN);
	assert_int_equal(api_key_read(&given, text, &none), 0);
	assert_int_equal(given.kind, API_KEY_STORED);
	assert_string_equal(given.id, id);
	assert_null(strstr(text, id));
	/* One sign is another key. */
	text[20] = text[20] == 'a' ? 'b' : 'a';
	assert_int_equal(api_key_read(&given, text, &none), 0);
	assert_string_not_equal(given.id, id);
}

static void
globs(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool matches;
	} cases[] = {
		{ "echo", "echo", true },
		{ "echo", "echoes", false },
		{ "echo", "Echo", false },
		{ "*", "", true },
		{ "*", "anything", true },
		{ "fs__*", "fs__read", true },
		{ "fs__*", "fs_read", false },
		{ "*__read", "fs__read", true },
		{ "*__read*", "fs__read__read_all", true },
		{ "a?c", "abc", true },
		{ "a?c", "ac", false },
		{ "?*?", "a", false },
		{ "?*?", "ab", true },
		{ "**", "x", true },
		{ "a*b*c", "aXbYbZc", true },
		{ "a*b*c", "aXcYb", false },
		{ "[ab]", "a", false },
		{ "[ab]", "[ab]", true },
		{ "\\*", "*", false },
		{ "*a*a*a*a*a*a*a*a*b",
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		    false },
	};
	static const char *const bad[] = { "", "a b", "a,b", "caf\xc3\xa9",
		"a\n" };
	char longest[GLOB_MAX + 2];
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++)
		if (glob_matches(cases[i].pattern, cases[i].name)
		    != cases[i].matches)
			fail_msg("%s, %s", cases[i].pattern, cases[i].name);
	for (i = 0; i < NELEM(bad); i++)
		if (glob_is_valid(bad[i], &why)
		    || strstr(why, "expected a name") == NULL)
			fail_msg("\"%s\" is taken: %s", bad[i], why);
	memset(longest, 'a', sizeof(longest));
	longest[GLOB_MAX + 1] = '\0';
	assert_false(glob_is_valid(longest, &why));
	longest[GLOB_MAX] = '\0';
	assert_true(glob_is_valid(longest, &why));
}

static void
ranges(void **state)
{
	static const struct {
		const char *range, *text; /* as it is written back */
		const char *in, *out;     /* addresses; NULL: none */
	} cases[] = {
		{ "10.0.0.7", "10.0.0.7", "10.0.0.7", "10.0.0.8" },
		{ "10.0.0.0/8", "10.0.0.0/8", "10.255.1.2", "11.0.0.0" },
		{ "10.0.0.0/9", "10.0.0.0/9", "10.127.255.255", "10.128.0.0" },
		{ "192.168.4.0/22", "192.168.4.0/22", "192.168.7.255",
		    "192.168.8.0" },
		{ "0.0.0.0/0", "0.0.0.0/0", "203.0.113.9", "2001:db8::1" },
		{ "::/0", "::/0", "2001:db8::1", "unix" },
		{ "::/0", "::/0", "203.0.113.9", "" },
		{ "::1", "::1", "0:0::1", "127.0.0.1" },
		{ "2001:DB8::/32", "2001:db8::/32", "2001:db8:1::5",
		    "2001:db9::1" },
		{ "2001:db8::/33", "2001:db8::/33",
		    "2001:db8:7fff::", "2001:db8:8000::" },
		{ "::ffff:10.0.0.0/104", "10.0.0.0/8", "10.9.9.9", "::a00:0" },
		{ "10.0.0.0/8", "10.0.0.0/8", "::ffff:10.1.1.1",
		    "::ffff:11.1.1.1" },
		{ "10.0.0.7/32", "10.0.0.7", "::ffff:10.0.0.7", "10.0.0.6" },
	};
	static const char *const bad[] = { "", "/", "/8", "10.0.0.0/",
		"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.0/ 8",
		"10.0.0.0/+8", "::/129", "10.0.0/8", "010.0.0.1", "10.0.0.1/8",
		"2001:db8::1/64", "fe80::1%eth0", "host", "10.0.0.0 /8",
		"10.0.0.0/99999999999999999999", "1.2.3.4.5",
		"::ffff:10.0.0.1/104", "[::1]" };
	struct net net;
	unsigned char address[NET_BYTES];
	char text[NET_TEXT_MAX];
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		if (net_parse(&net, cases[i].range, &why) == -1)
			fail_msg("%s: %s", cases[i].range, why);
		net_text(&net, text);
		assert_string_equal(text, cases[i].text);
		assert_int_equal(net_address(address, cases[i].in), 0);
		if (!net_has(&net, address))
			fail_msg("%s lacks %s", cases[i].range, cases[i].in);
		if (net_address(address, cases[i].out) == 0
		    && net_has(&net, address))
			fail_msg("%s has %s", cases[i].range, cases[i].out);
	}
	for (i = 0; i < NELEM(bad); i++) {
		why = "";
		if (net_parse(&net, bad[i], &why) == 0 || why[0] == '\0')
			fail_msg("\"%s\" is taken", bad[i]);
	}
}

static void
what_a_key_may(void **state)
{
	static const char *FS[] = { "fs__*", "echo", NULL };
	static const struct {
		enum api_key_role role;
		size_t nglobs;
		const char *tool;
		bool read_only, may;
	} cases[] = {
		{ ROLE_READ, 0, "echo", true, true },
		{ ROLE_READ, 0, "echo", false, false },
		{ ROLE_READ, 2, "echo", true, true },
		{ ROLE_READ, 2, "time", true, false },
		{ ROLE_READ, 2, "fs__write", false, false },
		{ ROLE_WRITE, 0, "fs__write", false, true },
		{ ROLE_WRITE, 2, "fs__write", false, true },
		{ ROLE_WRITE, 2, "time", true, false },
		{ ROLE_ADMIN, 0, "fs__write", false, true },
		{ ROLE_ADMIN, 2, "time", false, false },
		{ ROLES, 0, "echo", true, false },
	};
	struct config_list list = { .items = FS, .n = 2 };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct api_key key = { .role = cases[i].role,
			.tools = { .items = FS, .n = cases[i].nglobs } };

		if (api_key_may(&key, cases[i].tool, cases[i].read_only)
		    != cases[i].may)
			fail_msg("case %zu", i);
	}
	assert_true(api_key_reads(&list, "fs__read"));
	assert_false(api_key_reads(&list, "time"));
	list.n = 0;
	assert_false(api_key_reads(&list, "echo"));
	for (i = 0; i < ROLES; i++)
		assert_int_equal(
		    api_key_role_parse(api_key_role_name((enum api_key_role)i)),
		    i);
	assert_int_equal(api_key_role_parse("owner"), -1);
	assert_int_equal(api_key_role_parse(""), -1);
}

static void
kept_as_json(void **state)
{
	static const char *FS[] = { "fs__*", NULL };
	static const char *const bad[] = { "", "[]", "{}", "not json",
		"{\"name\":\"a\",\"role\":\"owner\",\"tools\":[],\"allow\":[],"
		"\"created\":1,\"expires\":0,\"rate\":-1}",
		"{\"name\":\"a b\",\"role\":\"read\",\"tools\":[],\"allow\":[],"
		"\"created\":1,\"expires\":0,\"rate\":-1}",
		"{\"name\":\"a\",\"role\":\"read\",\"tools\":[\"\"],"
		"\"allow\":[],\"created\":1,\"expires\":0,\"rate\":-1}",
		"{\"name\":\"a\",\"role\":\"read\",\"allow\":[],"
		"\"created\":1,\"expires\":0,\"rate\":-1}",
		"{\"name\":\"a\",\"role\":\"read\",\"tools\":[],"
		"\"allow\":[\"10.0.0.1/8\"],\"created\":1,\"expires\":0,"
		"\"rate\":-1}",
		"{\"name\":\"a\",\"role\":\"read\",\"tools\":[],\"allow\":[],"
		"\"created\":1,\"rate\":-1}",
		"{\"name\":\"a\",\"role\":\"read\",\"tools\":[],\"allow\":[],"
		"\"created\":1,\"expires\":0,\"rate\":-2}" };
	struct arena *mem = arena_new();
	struct net net;
	const char *why;
	struct api_key key = { .name = "n8n",
		.role = ROLE_ADMIN,
		.tools = { .items = FS, .n = 1 },
		.allow = &net,
		.nallow = 1,
		.created_ms = 1700000000000,
		.expires_ms = 1800000000000,
		.rate = 0 };
	struct api_key got = { 0 };
	const char *text;
	size_t i;

	(void)state;
	assert_int_equal(net_parse(&net, "10.0.0.0/8", &why), 0);
	text = api_key_write(mem, &key);
	assert_int_equal(api_key_parse(mem, text, strlen(text), &got), 0);
	assert_string_equal(got.name, "n8n");
	assert_int_equal(got.role, ROLE_ADMIN);
	assert_int_equal(got.tools.n, 1);
	assert_string_equal(got.tools.items[0], "fs__*");
	assert_int_equal(got.created_ms, key.created_ms);
	assert_int_equal(got.expires_ms, key.expires_ms);
	assert_int_equal(got.rate, 0);
	assert_true(api_key_is_for(&got, "10.3.4.5"));
	assert_false(api_key_is_for(&got, "11.3.4.5"));
	assert_false(api_key_is_for(&got, "unix"));
	for (i = 0; i < NELEM(bad); i++)
		if (api_key_parse(mem, bad[i], strlen(bad[i]), &got) == 0)
			fail_msg("%s is taken", bad[i]);
	arena_free(mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_client_shows),
		cmocka_unit_test(made_keys_are_read),
		cmocka_unit_test(globs),
		cmocka_unit_test(ranges),
		cmocka_unit_test(what_a_key_may),
		cmocka_unit_test(kept_as_json),
	};

	if (sodium_init() == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
