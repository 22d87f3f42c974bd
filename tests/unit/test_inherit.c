#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/inherit.h"

static void
finds_by_name(void **state)
{
	static const struct {
		const char *what, *fds, *names, *name;
		int fd;
	} cases[] = {
		{ "one", "1", "edge", "edge", 3 },
		{ "the second", "2", "edge:mcp", "mcp", 4 },
		{ "two of a name: the first", "3", "a:b:b", "b", 4 },
		{ "none of that name", "2", "edge:mcp", "edg", -1 },
		{ "a longer one", "1", "edges", "edge", -1 },
		{ "named, and not given", "1", "edge:mcp", "mcp", -1 },
		{ "given, and not named", "2", "edge", "mcp", -1 },
		{ "nobody said how many", NULL, "edge", "edge", -1 },
		{ "no number", "x", "edge", "edge", -1 },
		{ "below none", "-1", "edge", "edge", -1 },
		{ "far too many", "99999999", "edge", "edge", -1 },
		{ "no names", "1", NULL, "edge", -1 },
		{ "an empty one", "2", ":edge", "edge", 4 },
	};
	char pid[24];
	size_t i;

	(void)state;
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	for (i = 0; i < NELEM(cases); i++) {
		unsetenv("LISTEN_FDS");
		unsetenv("LISTEN_FDNAMES");
		if (cases[i].fds != NULL)
			setenv("LISTEN_FDS", cases[i].fds, 1);
		if (cases[i].names != NULL)
			setenv("LISTEN_FDNAMES", cases[i].names, 1);
		if (inherit_socket(cases[i].name) != cases[i].fd)
			fail_msg("%s", cases[i].what);
	}
}

static void
takes_only_its_own(void **state)
{
	(void)state;
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_FDNAMES", "edge", 1);
	setenv("LISTEN_PID", "1", 1);
	assert_int_equal(inherit_socket("edge"), -1);
	unsetenv("LISTEN_PID");
	assert_int_equal(inherit_socket("edge"), -1);
}

static void
knows_names(void **state)
{
	(void)state;
	assert_true(inherit_is_name("edge"));
	assert_true(inherit_is_name("dragoman-edge.socket_2"));
	assert_false(inherit_is_name(""));
	assert_false(inherit_is_name("a:b"));
	assert_false(inherit_is_name("a b"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_by_name),
		cmocka_unit_test(takes_only_its_own),
		cmocka_unit_test(knows_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
