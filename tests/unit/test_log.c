#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/log_limit.h"

static struct arena *mem;
static char path[64], moved[80];

/* All that the file holds. */
static char *
text_of(const char *file)
{
	static char text[64 * 1024];
	int fd = open(file, O_RDONLY);
	ssize_t n;

	assert_int_not_equal(fd, -1);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
	return text;
}

/* The last line, which must be JSON. */
static const json_t *
last_line(void)
{
	char *text = text_of(path), *line;
	const json_t *doc;

	assert_int_equal(text[strlen(text) - 1], '\n');
	text[strlen(text) - 1] = '\0';
	line = strrchr(text, '\n');
	line = line == NULL ? text : line + 1;
	doc = json_read(mem, line, strlen(line), NULL, NULL);
	if (doc == NULL)
		fail_msg("not JSON: %s", line);
	return doc;
}

static void
a_line_has_its_fields(void **state)
{
	const json_t *doc;

	(void)state;
	log_set_id("r-1");
	assert_string_equal(log_id(), "r-1");
	log_event(LOG_WARN, "noun_verbed", F_STR("s", "x"), F_INT("i", -5),
	    F_REAL("d", 1.5), F_BOOL("b", true), F_STR("none", NULL));
	log_set_id(NULL);
	doc = last_line();
	assert_string_equal(json_member_str(doc, "level"), "warn");
	assert_string_equal(json_member_str(doc, "event"), "noun_verbed");
	assert_string_equal(json_member_str(doc, "worker"), "test");
	assert_int_equal(json_member_int(doc, "pid", 0), getpid());
	assert_string_equal(json_member_str(doc, "id"), "r-1");
	assert_string_equal(json_member_str(doc, "s"), "x");
	assert_int_equal(json_member_int(doc, "i", 0), -5);
	assert_true(json_member_bool(doc, "b", false));
	assert_null(json_object_get(doc, "none"));
	log_event(LOG_INFO, "again", F_INT("i", 1));
	assert_null(json_object_get(last_line(), "id"));
}

static void
a_line_is_json_whatever_it_is_given(void **state)
{
	static const struct {
		const char *what, *text, *read;
	} cases[] = {
		{ "quotes and a backslash", "a\"b\\c", "a\"b\\c" },
		{ "controls", "a\nb\x01\x7f", "a\nb\x01\x7f" },
		{ "UTF-8", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
		    "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "a byte that is not",
		    "a\xff"
		    "b",
		    "a\xef\xbf\xbd"
		    "b" },
		{ "a cut character", "\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "an overlong form", "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "a surrogate", "\xed\xa0\x80",
		    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		log_event(LOG_INFO, "said", F_STR("text", cases[i].text));
		if (strcmp(json_member_str(last_line(), "text"), cases[i].read)
		    != 0)
			fail_msg("%s", cases[i].what);
	}
}

/* What rules a terminal, or turns round what it shows, stands there escaped. */
static void
a_line_is_harmless_to_look_at(void **state)
{
	static const struct {
		const char *text, *written;
	} cases[] = {
		{ "a\x1b[2J", "\"a\\u001b[2J\"" },
		{ "\xc2\x9b"
		  "31m",
		    "\"\\u009b31m\"" },
		{ "\xc2\x80\xc2\xa0", "\"\\u0080\xc2\xa0\"" },
		{ "\xe2\x80\xae"
		  "gpj.exe",
		    "\"\\u202egpj.exe\"" },
		{ "\xe2\x81\xa6\xe2\x81\xa9", "\"\\u2066\\u2069\"" },
		{ "\xe2\x80\x8e\xd8\x9c", "\"\\u200e\\u061c\"" },
		{ "\xe2\x80\x8d\xe2\x80\xaf", "\"\xe2\x80\x8d\xe2\x80\xaf\"" },
	};
	char written[64];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		log_event(LOG_INFO, "said", F_STR("text", cases[i].text));
		snprintf(written, sizeof(written), "\"text\":%s}",
		    cases[i].written);
		if (strstr(text_of(path), written) == NULL)
			fail_msg("%s", written);
	}
}

static int
lines_of(const char *what)
{
	const char *at = text_of(path);
	int n = 0;

	while ((at = strstr(at, what)) != NULL) {
		at++;
		n++;
	}
	return n;
}

static void
a_stranger_fills_no_log(void **state)
{
	char name[32];
	int i;

	(void)state;
	assert_int_equal(truncate(path, 0), 0);
	for (i = 0; i < 1000; i++)
		log_event(LOG_WARN, "tool_lost", F_STR("source", "one"),
		    F_INT("n", i));
	assert_int_equal(lines_of("tool_lost"), LOG_SOURCE_MINUTE);
	/* Another's is not among them. */
	log_event(LOG_WARN, "tool_lost", F_STR("source", "two"));
	assert_int_equal(lines_of("\"two\""), 1);
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		log_event(LOG_WARN, "tool_lost", F_STR("source", name));
	}
	assert_int_equal(lines_of("tool_lost"), LOG_EVENT_MINUTE);
	/* What an auditor asks for is all there. */
	for (i = 0; i < 100; i++)
		log_event(LOG_INFO, "tool_found", F_STR("source", "one"));
	assert_int_equal(lines_of("tool_found"), 100);
}

static void
what_is_left_out_is_told(void **state)
{
	struct log_left left;
	int64_t now = clock_boot_ms() + 1000000;
	char name[32];
	int i, n = 0;

	(void)state;
	while (log_limit_left(now, &left))
		; /* other tests' */
	for (i = 0; i < LOG_SOURCE_MINUTE + 3; i++)
		assert_int_equal(log_limit_take("door_shut", "a", now),
		    i < LOG_SOURCE_MINUTE);
	assert_false(log_limit_left(now + 59999, &left));
	assert_true(log_limit_left(now + 60000, &left));
	assert_string_equal(left.event, "door_shut");
	assert_string_equal(left.source, "a");
	assert_int_equal(left.lines, 3);
	assert_true(log_limit_take("door_shut", "a", now + 60000));
	/* More sources than there is room for: the event's limit holds. */
	now += 200000;
	for (i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "%d", i);
		n += log_limit_take("door_open", name, now);
	}
	assert_int_equal(n, LOG_EVENT_MINUTE);
	for (n = 0; log_limit_left(now + 60000, &left);)
		n += strcmp(left.event, "door_open") == 0 ? (int)left.lines : 0;
	assert_int_equal(n, 2000 - LOG_EVENT_MINUTE);
}

static void
long_strings_are_cut_between_characters(void **state)
{
	char text[3 * LOG_STR_MAX + 1];
	const char *read;
	size_t i;

	(void)state;
	for (i = 0; i < LOG_STR_MAX; i++)
		memcpy(text + 3 * i, "\xe2\x82\xac", 4);
	log_event(LOG_INFO, "said", F_STR("text", text));
	read = json_member_str(last_line(), "text");
	assert_int_equal(strlen(read), LOG_STR_MAX / 3 * 3);
	memset(text, '\x01', LOG_STR_MAX);
	text[LOG_STR_MAX] = '\0';
	/* Escaped, a few of these are more than a line. */
	log_event(LOG_INFO, "said", F_STR("a", text), F_STR("b", text),
	    F_STR("c", text), F_STR("d", text), F_INT("e", 1));
	assert_int_equal(json_member_int(last_line(), "e", 0), 1);
	assert_string_equal(json_member_str(last_line(), "d"), "(cut)");
}

static void
less_than_the_level_is_left_out(void **state)
{
	static const struct {
		const char *name;
		enum log_level level;
		bool known;
	} cases[] = { { "debug", LOG_DEBUG, true }, { "INFO", LOG_INFO, true },
		{ "warn", LOG_WARN, true }, { "Warning", LOG_WARN, true },
		{ "error", LOG_ERROR, true }, { "critical", LOG_ERROR, true },
		{ "loud", LOG_INFO, false }, { "", LOG_INFO, false } };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		bool known;

		assert_int_equal(log_level_parse(cases[i].name, &known),
		    cases[i].level);
		assert_int_equal(known, cases[i].known);
	}
	assert_int_equal(log_open("test", LOG_ERROR, path), 0);
	log_event(LOG_ERROR, "loud", F_INT("n", 1));
	log_event(LOG_WARN, "quiet", F_INT("n", 2));
	assert_string_equal(json_member_str(last_line(), "event"), "loud");
	assert_int_equal(log_open("test", LOG_INFO, path), 0);
}

static void
the_file_is_opened_anew(void **state)
{
	(void)state;
	log_event(LOG_INFO, "before", F_INT("n", 1));
	assert_int_equal(rename(path, moved), 0);
	log_event(LOG_INFO, "still_there", F_INT("n", 1));
	log_reopen();
	log_event(LOG_INFO, "after", F_INT("n", 1));
	assert_non_null(strstr(text_of(moved), "still_there"));
	assert_null(strstr(text_of(moved), "after"));
	assert_string_equal(json_member_str(last_line(), "event"), "after");

	/* A file that cannot be opened: the old one goes on. */
	assert_int_equal(log_open("test", LOG_INFO, "/nowhere/log"), -1);
	log_event(LOG_INFO, "goes_on", F_INT("n", 1));
	assert_string_equal(json_member_str(last_line(), "event"), "goes_on");

	/* None any more. */
	assert_int_equal(log_open("test", LOG_INFO, NULL), 0);
	log_event(LOG_INFO, "elsewhere", F_INT("n", 1));
	assert_string_equal(json_member_str(last_line(), "event"), "goes_on");
}

/* What standard error gets while ${run} runs; ${journal}: as systemd's. */
static const char *
errors_of(void (*run)(void), bool journal)
{
	char file[] = "/tmp/dragoman-err-XXXXXX", stream[64];
	const char *text;
	struct stat st;
	int fd = mkstemp(file), before = dup(STDERR_FILENO);

	assert_true(fd != -1 && before != -1 && fstat(fd, &st) == 0);
	snprintf(stream, sizeof(stream), "%llu:%llu",
	    (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino + (journal ? 0 : 1));
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	assert_int_not_equal(dup2(fd, STDERR_FILENO), -1);
	run();
	assert_int_not_equal(dup2(before, STDERR_FILENO), -1);
	assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
	assert_int_equal(log_open("test", LOG_INFO, path), 0);
	close(before);
	close(fd);
	text = text_of(file);
	unlink(file);
	return text;
}

static void
say_each_level(void)
{
	assert_int_equal(log_open("test", LOG_DEBUG, path), 0);
	log_event(LOG_DEBUG, "at_debug", F_INT("i", 1));
	log_event(LOG_INFO, "at_info", F_INT("i", 1));
	log_event(LOG_WARN, "at_warn", F_INT("i", 1));
	log_event(LOG_ERROR, "at_error", F_INT("i", 1));
}

/* The lines of ${text} begin with these. */
static void
assert_begins(const char *text, const char *const begins[4])
{
	size_t i;

	for (i = 0; i < 4; i++) {
		if (strncmp(text, begins[i], strlen(begins[i])) != 0)
			fail_msg("%s: %.40s", begins[i], text);
		text = strchr(text, '\n') + 1;
	}
	assert_string_equal(text, "");
}

static void
the_journal_gets_priorities(void **state)
{
	static const char *const marked[] = { "<7>{\"time", "<6>{\"time",
		"<4>{\"time", "<3>{\"time" },
				 *const plain[] = { "{\"time", "{\"time",
					 "{\"time", "{\"time" };

	(void)state;
	assert_begins(errors_of(say_each_level, true), marked);
	assert_null(strstr(text_of(path), "<3>"));
	assert_string_equal(json_member_str(last_line(), "event"), "at_error");
	assert_begins(errors_of(say_each_level, false), plain);
}

static void
fill_the_disk(void)
{
	assert_int_equal(log_open("test", LOG_INFO, "/dev/full"), 0);
	log_event(LOG_INFO, "lost", F_INT("i", 1));
	log_event(LOG_INFO, "lost", F_INT("i", 2));
}

static void
a_full_disk_is_told_once(void **state)
{
	const char *text = errors_of(fill_the_disk, false), *told;

	(void)state;
	told = strstr(text, "\"event\":\"log_failed\"");
	assert_non_null(told);
	assert_non_null(strstr(told, "\"file\":\"/dev/full\""));
	assert_null(strstr(told + sizeof("\"event\":\"log_failed\"") - 1,
	    "log_failed"));
}

static int
begin(void **state)
{
	int fd;

	(void)state;
	mem = arena_new();
	snprintf(path, sizeof(path), "/tmp/dragoman-log-XXXXXX");
	fd = mkstemp(path);
	if (fd == -1)
		return -1;
	close(fd);
	snprintf(moved, sizeof(moved), "%s.moved", path);
	/* Standard error is the test's own. */
	fd = open("/dev/null", O_WRONLY);
	if (fd == -1 || dup2(fd, STDERR_FILENO) == -1)
		return -1;
	close(fd);
	return log_open("test", LOG_INFO, path);
}

static int
end(void **state)
{
	(void)state;
	arena_free(mem);
	unlink(path);
	unlink(moved);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_its_fields),
		cmocka_unit_test(a_line_is_json_whatever_it_is_given),
		cmocka_unit_test(a_line_is_harmless_to_look_at),
		cmocka_unit_test(a_stranger_fills_no_log),
		cmocka_unit_test(what_is_left_out_is_told),
		cmocka_unit_test(long_strings_are_cut_between_characters),
		cmocka_unit_test(less_than_the_level_is_left_out),
		cmocka_unit_test(the_journal_gets_priorities),
		cmocka_unit_test(a_full_disk_is_told_once),
		cmocka_unit_test(the_file_is_opened_anew),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
