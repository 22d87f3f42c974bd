/*
 * How an installation was started decides what its operator is told to run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "cli/started.h"
#include "cli/units.h"
#include "cli/workers.h"

#define LINE "/opt/dragoman/deploy/quickstart --state /tmp/q"

static bool units;

/* In place of cli/units.c. */
bool
units_are_here(void)
{
	return units;
}

static void
begin(const char *state, const char *line, bool have_units)
{
	units = have_units;
	unsetenv("DRAGOMAN_STATE");
	unsetenv("DRAGOMAN_QUICKSTART");
	if (state != NULL)
		setenv("DRAGOMAN_STATE", state, 1);
	if (line != NULL)
		setenv("DRAGOMAN_QUICKSTART", line, 1);
}

static bool
has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

/* What is told of one way names no other. */
static void
one_way_only(void **state)
{
	struct arena *mem = arena_new();
	enum how how;

	(void)state;
	for (how = HOW_START_EDGE; how <= HOW_STOP_ALL; how++) {
		const char *line;

		begin(NULL, NULL, false);
		line = started_how(mem, how);
		if (has(line, "systemctl") || has(line, "quickstart"))
			fail_msg("by hand, %d: %s", how, line);
		begin(NULL, NULL, true);
		line = started_how(mem, how);
		if (!has(line, "systemctl") || has(line, "quickstart"))
			fail_msg("systemd, %d: %s", how, line);
		/* Also on a server that has units for another one. */
		begin("/tmp/q", LINE, true);
		line = started_how(mem, how);
		if (has(line, "systemctl")
		    || (strncmp(line, LINE " --", sizeof(LINE " --") - 1) != 0
			&& !has(line, "/tmp/q/supervisor.pid")))
			fail_msg("quickstart, %d: %s", how, line);
	}
	arena_free(mem);
}

static void
of_the_quickstart(void **state)
{
	struct arena *mem = arena_new();

	(void)state;
	begin("/tmp/q", LINE, false);
	assert_string_equal(started_state(), "/tmp/q");
	assert_string_equal(started_how(mem, HOW_RENEW), LINE " --upgrade");
	assert_string_equal(started_how(mem, HOW_START_TURN),
	    LINE " --restart; " LINE " --logs says why it ends");
	assert_string_equal(started_how(mem, HOW_RELOAD_KEYS),
	    "kill -HUP $(cat '/tmp/q/supervisor.pid')");
	/* The state names it too; without one no line is believed. */
	begin("/tmp/q", NULL, false);
	assert_string_equal(started_how(mem, HOW_START_REDIS),
	    "deploy/quickstart --state '/tmp/q' --restart");
	begin("", LINE, false);
	assert_null(started_state());
	assert_string_equal(started_how(mem, HOW_START_REDIS),
	    "start redis-server");
	arena_free(mem);
}

static void
of_one_process(void **state)
{
	const struct worker_process by_hand = { .pid = 7 };
	const struct worker_process unit = { .pid = 7,
		.unit = "dragoman-turn@1.service" };
	struct arena *mem = arena_new();

	(void)state;
	begin(NULL, NULL, true);
	assert_string_equal(started_how_reload(mem, &unit),
	    "systemctl reload dragoman-turn@1.service");
	assert_string_equal(started_how_restart(mem, &unit),
	    "systemctl restart dragoman-turn@1.service");
	assert_string_equal(started_how_reload(mem, &by_hand), "kill -HUP 7");
	assert_true(has(started_how_restart(mem, &by_hand), "process 7"));
	begin("/tmp/q", LINE, true);
	assert_string_equal(started_how_restart(mem, &by_hand),
	    LINE " --restart");
	arena_free(mem);
}

static void
pages(void **state)
{
	struct arena *mem = arena_new();

	(void)state;
	assert_string_equal(started_page(mem, "NO-SUCH-PAGE.md"),
	    "docs/NO-SUCH-PAGE.md of the source");
	arena_free(mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_way_only),
		cmocka_unit_test(of_the_quickstart),
		cmocka_unit_test(of_one_process),
		cmocka_unit_test(pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
