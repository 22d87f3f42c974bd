/*
 * What systemctl and journalctl print about workers that do not start.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "cli/output.h"
#include "cli/units.h"

#define START "0123456789abcdef0123456789abcdef"
#define HERE "/proc/self/status" /* a file that can be read */

/* What is printed; NULL: the program fails. */
static struct {
	const char *show;     /* systemctl show */
	const char *cat;      /* systemctl cat */
	const char *by_start; /* journalctl of one start */
	const char *by_unit;  /* journalctl -u */
} prints;

/* In place of cli/output.c. */
const char *
output_of(struct arena *mem, const char *const argv[])
{
	const char *text = prints.by_unit;
	size_t n = 0;

	while (argv[n + 1] != NULL)
		n++;
	if (strcmp(argv[0], "systemctl") == 0)
		text = strcmp(argv[1], "show") == 0 ? prints.show : prints.cat;
	else if (strcmp(argv[n], "_SYSTEMD_INVOCATION_ID=" START) == 0)
		text = prints.by_start;
	else if (strcmp(argv[n], "dragoman-turn@1.service") != 0)
		text = NULL; /* of another unit or start */
	return text == NULL ? NULL : arena_strdup(mem, text);
}

/* As systemctl orders them; what is asked for and not there is left out. */
#define UNIT(name, active, sub, status, restarts)                     \
	"NRestarts=" restarts "\nExecMainStatus=" status "\nId=" name \
	"\nActiveState=" active "\nSubState=" sub "\nInvocationID=" START "\n"
#define TURN "dragoman-turn@1.service"
#define WAITS(status) UNIT(TURN, "activating", "auto-restart", status, "3")

static const struct {
	const char *name;
	const char *show, *cat, *by_start, *by_unit;
	const char *why; /* of the only one; "": none is given; NULL: no unit */
} CASES[] = {
	{ "all is well",
	    UNIT(TURN, "active", "running", "0", "0") "\n" UNIT(
		"dragoman-edge@1.service", "inactive", "dead", "0", "0"),
	    NULL, NULL, NULL, NULL },
	{ "no systemd", NULL, NULL, NULL, NULL, NULL },
	{ "no units", "", NULL, NULL, NULL, NULL },
	{ "a name is cut off", "ActiveState=failed\nSubState=failed\n", NULL,
	    NULL, NULL, NULL },
	{ "it waits to be tried again", WAITS("1"), NULL,
	    "{\"event\":\"config_wrong\",\"what\":\"chat.model: too long\","
	    "\"remedy\":\"correct it\"}\n",
	    "never asked\n", "chat.model: too long; correct it" },
	{ "it failed for good, behind one that is well",
	    UNIT("dragoman-edge@1.service", "active", "running", "0",
		"0") "\n" UNIT(TURN, "failed", "failed", "2", "3"),
	    NULL,
	    "{\"event\":\"redis_failed\",\"why\":\"refused\"}\n"
	    "{\"event\":\"worker_ended\"}",
	    NULL, "refused; worker_ended" },
	{ "last words that are no JSON", WAITS("127"), NULL,
	    "dragoman-turn: cannot open libyaml\n", NULL,
	    "dragoman-turn: cannot open libyaml" },
	{ "JSON without words", WAITS("1"), NULL, "{}\n", NULL, "?" },
	{ "nothing of this start: of this boot", WAITS("1"), NULL, "",
	    "an older line\n", "an older line" },
	{ "the journal is closed to us", WAITS("1"), NULL, NULL, NULL, "" },
	{ "a credential is missing", WAITS("243"),
	    "# /usr/local/lib/systemd/system/dragoman-turn@.service\n"
	    "[Service]\n"
	    "LoadCredential=encryption_key:" HERE "\n"
	    "#LoadCredential=groq_api_key:/nowhere/groq_api_key\n"
	    "LoadCredential=inherited\n"
	    "LoadCredential=stored:by-name\n"
	    "\n"
	    "# /etc/systemd/system/dragoman-turn@.service.d/key.conf\n"
	    "[Service]\n"
	    "LoadCredential=openai_api_key:/nowhere/openai_api_key",
	    "never asked\n", NULL,
	    "the credential /nowhere/openai_api_key cannot be read: No such "
	    "file or directory" },
	{ "each credential is there", WAITS("243"),
	    "LoadCredential=encryption_key:" HERE "\n", "from the journal\n",
	    NULL, "from the journal" },
	{ "the unit's file is closed to us", WAITS("243"), NULL,
	    "from the journal\n", NULL, "from the journal" },
	{ "a missing credential is not why it ended", WAITS("1"),
	    "LoadCredential=openai_api_key:/nowhere/openai_api_key\n",
	    "from the journal\n", NULL, "from the journal" },
};

static void
why_it_does_not_start(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(CASES); i++) {
		struct arena *mem = arena_new();
		struct unit_failed *list;
		const char *why = CASES[i].why;
		size_t n;

		prints.show = CASES[i].show;
		prints.cat = CASES[i].cat;
		prints.by_start = CASES[i].by_start;
		prints.by_unit = CASES[i].by_unit;
		n = units_find_failed(mem, &list);
		if (n != (why != NULL))
			fail_msg("%s: %zu units", CASES[i].name, n);
		if (n == 1) {
			assert_string_equal(list[0].name, TURN);
			assert_int_equal(list[0].starts, 3);
			if (strcmp(list[0].why == NULL ? "" : list[0].why, why)
			    != 0)
				fail_msg("%s: %s", CASES[i].name, list[0].why);
		}
		arena_free(mem);
	}
}

static void
numbers_that_are_none(void **state)
{
	struct arena *mem = arena_new();
	struct unit_failed *list;

	(void)state;
	memset(&prints, 0, sizeof(prints));
	prints.show = "Id=" TURN "\nActiveState=failed\nSubState=failed\n";
	assert_int_equal(units_find_failed(mem, &list), 1);
	assert_int_equal(list[0].starts, 0);
	prints.show = UNIT(TURN, "failed", "failed", "[not set]", "many");
	assert_int_equal(units_find_failed(mem, &list), 1);
	assert_int_equal(list[0].starts, 0);
	assert_null(list[0].why);
	arena_free(mem);
}

static void
no_more_than_are_shown(void **state)
{
	struct arena *mem = arena_new();
	struct buf text = BUF_INIT(64 * KIB);
	struct unit_failed *list;
	int i;

	(void)state;
	memset(&prints, 0, sizeof(prints));
	for (i = 0; i < 100; i++)
		assert_int_not_equal(
		    buf_add_str(&text, i == 0 ? WAITS("1") : "\n" WAITS("1")),
		    -1);
	prints.show = buf_str(&text);
	assert_int_equal(units_find_failed(mem, &list), 64);
	buf_fini(&text);
	arena_free(mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(why_it_does_not_start),
		cmocka_unit_test(numbers_that_are_none),
		cmocka_unit_test(no_more_than_are_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
