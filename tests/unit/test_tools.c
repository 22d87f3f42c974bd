/*
 * Built-in tools, and what a call of any tool may come to.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "chat/told.h"
#include "tools/tools_priv.h"

static struct settings settings = { .refs = 1,
	.chat_memcp_url = "",
	.mcp_config = "",
	.mcp_refresh_ms = 60000,
	.mcp_timeout_ms = 5000 };
static struct toolbox *box;

static const struct {
	const char *name, *arguments;
	enum tool_end end;
	const char *text; /* a part of it */
} CALLS[] = {
	{ "echo", "{\"text\":\"gr\\u00fc\\u00df\"}", TOOL_DONE,
	    "gr\xc3\xbc\xc3\x9f" },
	{ "echo", "{}", TOOL_FAILED, "echo needs \"text\"" },
	{ "echo", "{\"text\":7}", TOOL_FAILED, "echo needs \"text\"" },
	{ "echo", "null", TOOL_FAILED, "echo needs \"text\"" },
	{ "echo", "{\"text\":", TOOL_FAILED, "must be a JSON object" },
	{ "echo", "", TOOL_FAILED, "must be a JSON object" },
	{ "echo", "[1]", TOOL_FAILED, "must be a JSON object" },
	{ "health", "null", TOOL_DONE, "\"status\":\"healthy\"" },
	{ "time", "{}", TOOL_DONE, "+00:00" },
	{ "time", "{\"zone\":\"UTC\"}", TOOL_DONE, "+00:00" },
	{ "time", "{\"zone\":\"\"}", TOOL_DONE, "+00:00" },
	{ "time", "{\"zone\":\"+05:30\"}", TOOL_DONE, "+05:30" },
	{ "time", "{\"zone\":\"-0930\"}", TOOL_DONE, "-09:30" },
	{ "time", "{\"zone\":\"+2\"}", TOOL_DONE, "+02:00" },
	{ "time", "{\"zone\":\"-00:30\"}", TOOL_DONE, "-00:30" },
	{ "time", "{\"zone\":\"+15:00\"}", TOOL_FAILED, "unknown zone" },
	{ "time", "{\"zone\":\"+05:99\"}", TOOL_FAILED, "unknown zone" },
	{ "time", "{\"zone\":\"../../etc/passwd\"}", TOOL_FAILED,
	    "unknown zone" },
	{ "time", "{\"zone\":\"/etc/localtime\"}", TOOL_FAILED,
	    "unknown zone" },
	{ "time", "{\"zone\":\"Nowhere/At_All\"}", TOOL_FAILED,
	    "unknown zone" },
	{ "nothing", "{}", TOOL_FAILED, "no tool of the name \"nothing\"" },
	{ "nothing", "{}", TOOL_FAILED, ". There are: echo, health, time." },
	{ "", "{}", TOOL_FAILED, "no tool of the name" },
};

static void
call(const char *name, const char *arguments, struct arena *mem,
    struct turn_result *r)
{
	struct tool_ctx ctx = { .deadline_ms = 1000 };
	struct tool_result result;
	struct tool_call c = { "c", name, arguments };
	const struct toolset *set = toolset_ref(box, NULL);

	tools_call(set, &ctx, &c, mem, &result);
	*r = told(mem, &result);
	toolset_unref(set);
}

static void
calls_never_fail_themselves(void **state)
{
	struct arena *mem = arena_new();
	struct turn_result r;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(CALLS); i++) {
		call(CALLS[i].name, CALLS[i].arguments, mem, &r);
		if (r.end != CALLS[i].end
		    || strstr(r.text, CALLS[i].text) == NULL)
			fail_msg("%s %s: %d %s", CALLS[i].name,
			    CALLS[i].arguments, r.end, r.text);
	}
	arena_free(mem);
}

static void
zones_are_those_of_the_system(void **state)
{
	static const char *const ZONES[] = { "Europe/Berlin",
		"America/New_York", "Asia/Kathmandu", "Pacific/Auckland" };
	struct arena *mem = arena_new();
	struct stat sb;
	struct turn_result r;
	char want[64];
	time_t now;
	struct tm tm;
	size_t i;

	(void)state;
	if (stat("/usr/share/zoneinfo/Europe/Berlin", &sb) == -1)
		skip();
	for (i = 0; i < NELEM(ZONES); i++) {
		setenv("TZ", ZONES[i], 1);
		tzset();
		now = time(NULL);
		localtime_r(&now, &tm);
		snprintf(want, sizeof(want), "%c%02ld:%02ld",
		    tm.tm_gmtoff < 0 ? '-' : '+', labs(tm.tm_gmtoff) / 3600,
		    labs(tm.tm_gmtoff) / 60 % 60);
		call("time", arena_printf(mem, "{\"zone\":\"%s\"}", ZONES[i]),
		    mem, &r);
		assert_int_equal(r.end, TOOL_DONE);
		if (strstr(r.text, want) == NULL)
			fail_msg("%s: %s, not %s", ZONES[i], r.text, want);
	}
	unsetenv("TZ");
	tzset();
	arena_free(mem);
}

static void
long_results_are_cut_between_characters(void **state)
{
	struct arena *mem = arena_new();
	struct buf arguments = BUF_INIT(1 * MIB);
	struct turn_result r;
	size_t pad, i;

	(void)state;
	for (pad = 0; pad < 4; pad++) {
		buf_reset(&arguments);
		assert_int_equal(
		    buf_printf(&arguments, "{\"text\":\"%.*s", (int)pad, "xxx"),
		    0);
		for (i = 0; i < 30000; i++)
			assert_int_equal(
			    buf_add_str(&arguments, "\xe2\x82\xac"), 0);
		assert_int_equal(buf_add_str(&arguments, "\"}"), 0);
		call("echo", buf_str(&arguments), mem, &r);
		assert_true(strlen(r.text) <= TOLD_MAX);
		assert_true(strlen(r.text) > TOLD_MAX - 64);
		assert_true(text_is_utf8(r.text, strlen(r.text)));
		assert_non_null(strstr(r.text, "[cut:"));
	}
	buf_fini(&arguments);
	arena_free(mem);
}

static void
what_fits_is_not_cut(void **state)
{
	struct arena *mem = arena_new();
	struct turn_result r;
	char *text = arena_alloc(mem, TOLD_MAX + 1);

	(void)state;
	memset(text, 'a', TOLD_MAX);
	call("echo", arena_printf(mem, "{\"text\":\"%s\"}", text), mem, &r);
	assert_string_equal(r.text, text);
	arena_free(mem);
}

static void
names_are_as_apis_take_them(void **state)
{
	static const struct {
		const char *server, *tool, *name; /* "#": ends in a hash */
	} cases[] = {
		{ NULL, "echo", "echo" },
		{ "files", "read", "files__read" },
		{ "my-files", "read_all", "my-files__read_all" },
		{ "a.b", "read", "a_b__read_#" },
		/* Gemini wants a letter or "_" first: cline/cline#7339 */
		{ "7z", "read", "_7z__read_#" },
		{ "-a", "read", "_-a__read_#" },
		{ "files", "read file", "files__read_file_#" },
		{ NULL, "gr\xc3\xbc\xc3\x9f", "gr_____#" },
		{ NULL, "", "_#" },
		{ "server",
		    "0123456789012345678901234567890123456789012345678"
		    "901234567890123456789",
		    "server__01234567890123456789012345678901234567890123456_#" },
	};
	struct arena *mem = arena_new();
	size_t i, len;
	char *name;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		name = offer_name(mem, cases[i].server, cases[i].tool);
		len = strlen(cases[i].name);
		assert_true(strlen(name) >= 1 && strlen(name) <= 64);
		assert_int_equal(strspn(name,
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno"
				     "pqrstuvwxyz0123456789_-"),
		    strlen(name));
		if (cases[i].name[len - 1] != '#') {
			assert_string_equal(name, cases[i].name);
			continue;
		}
		assert_int_equal(strlen(name), len - 1 + 8);
		assert_memory_equal(name, cases[i].name, len - 1);
	}
	/* Different ones stay different. */
	assert_string_not_equal(offer_name(mem, "a", "b.c"),
	    offer_name(mem, "a", "b c"));
	arena_free(mem);
}

static int
start(void **state)
{
	struct buf errors = BUF_INIT(4096);

	(void)state;
	return toolbox_start(&settings, &box, &errors);
}

static int
stop(void **state)
{
	(void)state;
	toolbox_stop(box);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_never_fail_themselves),
		cmocka_unit_test(zones_are_those_of_the_system),
		cmocka_unit_test(long_results_are_cut_between_characters),
		cmocka_unit_test(what_fits_is_not_cut),
		cmocka_unit_test(names_are_as_apis_take_them),
	};

	return cmocka_run_group_tests_name("tools", tests, start, stop);
}
