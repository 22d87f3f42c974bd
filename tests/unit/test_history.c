/*
 * The history of the terminal chat: what is kept, what is not, and its file.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/history.h"

static const char *const SECRETS[] = {
	"/connect meMCP s3cr3t",
	"  /CONNECT other word",
	"/token abc",
	"use sk-proj-abcdefghijkl",
	"sk-ant-api03-xxxxxxxxxxxx please",
	"xoxb-123456789012-abc",
	"my GitHub one: ghp_abcdefghijklmnop",
	"gsk_0123456789abcdef",
	"AKIAIOSFODNN7EXAMPLE",
	"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
	"Authorization: Bearer abcdefghijklmnopqrst",
	"bearer abcdefghijklmnopqrst",
	"my password is hunter2",
	"Password: correcthorse",
	"api_key=abcd",
	"the secret is \"x9-fk\"",
	"https://user:pass@host/path",
	"-----BEGIN PRIVATE KEY-----",
	"0123456789abcdef0123456789abcdef01234567",
	"123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc",
	"q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=",
	"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	"password hunter2",
	"pw: hunter2",
	"Kennwort: geheim1",
	"mot de passe: geheim1",
	"export DB_PASS=s3cretpass",
	"curl -u bob:hunter22 http://host",
	"mysql -phunter2 shop",
	"sshpass -p hunter2 ssh host",
	"credentials: bob:hunter2",
	"Cookie: session=abcdef",
	"secret=\"x y z w\"",
	"https://hooks.slack.com/services/T000/B000/XXXXXXXX",
	"https://ghtoken@github.com/somebody/x",
};

static const char *const HARMLESS[] = {
	"hello",
	"What is a token?",
	"Which key opens this door, and where is it?",
	"a monkey is an animal2",
	"the key is to wait 5 minutes",
	"basic understanding of TCP",
	"key features and token-based authentication",
	"compare claude-3-5-sonnet-20241022 with gpt-4o-mini",
	"look at /usr/lib/x86_64-linux-gnu/libcurl.so.4",
	"https://example.org/path?x=1#frag",
	"call 0800 1234567890",
	"Donaudampfschifffahrtsgesellschaft",
	"2026-11-30T11:07:20Z happened what?",
	"\xE6\xBC\xA2\xE5\xAD\x97\xE3\x81\x8B\xE3\x81\xAA\xE6\xBC\xA2\xE5\xAD"
	"\x97\xE3\x81\x8B\xE3\x81\xAA\xE6\xBC\xA2\xE5\xAD\x97\xE3\x81\x8B",
	"/help",
	"/connector is a word",
	"pass it on to the next one, please",
	"how does curl -u differ from -U?",
	"a password policy for 20 people",
	"src/Main/Java/org/example/Application2",
};

static void
secrets_are_seen(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(SECRETS); i++)
		if (!history_is_secret(SECRETS[i]))
			fail_msg("kept: %s", SECRETS[i]);
	for (i = 0; i < NELEM(HARMLESS); i++)
		if (history_is_secret(HARMLESS[i]))
			fail_msg("not kept: %s", HARMLESS[i]);
}

static char folder[64], path[128];

static int
setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test_history.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/dragoman/history", folder);
	return setenv("XDG_STATE_HOME", folder, 1);
}

static int
teardown(void **state)
{
	(void)state;
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	return rmdir(folder);
}

static int
mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(stat(name, &st), 0);
	return (int)st.st_mode & 0777;
}

static void
it_is_there_the_next_time(void **state)
{
	struct history_file h;

	(void)state;
	history_open(&h, true);
	assert_string_equal(h.why, "");
	assert_int_equal(h.n, 0);
	assert_true(history_add(&h, "one"));
	assert_false(history_add(&h, "one")); /* twice is once */
	assert_true(history_add(&h, "two\nlines \\n \xC3\xA9"));
	assert_false(history_add(&h, "/connect meMCP secret"));
	assert_false(history_add(&h, ""));
	history_close(&h);
	assert_int_equal(mode_of(path), 0600);

	chmod(path, 0644); /* by somebody: put right */
	history_open(&h, true);
	assert_int_equal(mode_of(path), 0600);
	assert_int_equal(h.n, 2);
	assert_string_equal(h.entries[0], "one");
	assert_string_equal(h.entries[1], "two\nlines \\n \xC3\xA9");
	history_close(&h);
}

static void
off_is_no_file(void **state)
{
	struct history_file h;

	(void)state;
	history_open(&h, false);
	assert_true(history_add(&h, "one"));
	assert_int_equal(h.n, 1); /* for the arrow keys */
	history_close(&h);
	assert_int_equal(access(path, F_OK), -1);
}

static void
it_is_bounded(void **state)
{
	struct history_file h, other;
	char text[32];
	int i, lines = 0, c;
	FILE *f;
	char *big;

	(void)state;
	history_open(&h, true);
	history_open(&other, true);
	for (i = 0; i < 2 * HISTORY_MAX + 10; i++) {
		snprintf(text, sizeof(text), "message %d", i);
		assert_true(history_add(i % 100 == 99 ? &other : &h, text));
	}
	big = malloc(HISTORY_ENTRY_MAX + 2);
	assert_non_null(big);
	memset(big, 'a', HISTORY_ENTRY_MAX + 1);
	big[HISTORY_ENTRY_MAX + 1] = '\0';
	assert_false(history_add(&h, big));
	free(big);
	history_close(&h);
	history_close(&other);
	history_open(&h, true);
	history_close(&h);
	f = fopen(path, "r");
	assert_non_null(f);
	while ((c = getc(f)) != EOF)
		lines += c == '\n';
	fclose(f);
	assert_in_range(lines, HISTORY_MAX, 2 * HISTORY_MAX + 1);
	history_open(&h, true);
	assert_int_equal(h.n, HISTORY_MAX);
	snprintf(text, sizeof(text), "message %d", 2 * HISTORY_MAX + 9);
	assert_string_equal(h.entries[h.n - 1], text);
	history_close(&h);
}

/* A link, or somebody's file, is not written to. */
static void
only_our_own_file(void **state)
{
	struct history_file h;
	char link[140];

	(void)state;
	history_open(&h, true);
	history_close(&h);
	unlink(path);
	snprintf(link, sizeof(link), "%s/elsewhere", folder);
	assert_int_equal(symlink(link, path), 0);
	history_open(&h, true);
	assert_string_not_equal(h.why, "");
	assert_true(history_add(&h, "one"));
	history_close(&h);
	assert_int_equal(access(link, F_OK), -1);
}

/* What is no history does no harm. */
static void
damaged(void **state)
{
	struct history_file h;
	FILE *f;

	(void)state;
	history_open(&h, true);
	history_close(&h);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("good\n\xFF\xFE broken\n\n\\\nlast, without its end", f);
	fclose(f);
	history_open(&h, true);
	assert_int_equal(h.n, 2);
	assert_string_equal(h.entries[0], "good");
	assert_string_equal(h.entries[1], "\\");
	history_close(&h);
}

/* A pipe of its name, or a lock that somebody keeps, stops nobody. */
static void
nobody_waits(void **state)
{
	struct history_file h;
	int fd;

	(void)state;
	history_open(&h, true);
	assert_true(history_add(&h, "one"));
	fd = open(path, O_RDONLY);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_true(history_add(&h, "two"));
	assert_string_not_equal(h.why, "");
	history_close(&h);
	close(fd);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	history_open(&h, true);
	assert_string_not_equal(h.why, "");
	history_close(&h);
}

/* A folder that is another's, or a link to one. */
static void
only_our_own_folder(void **state)
{
	struct history_file h;
	char to[140];

	(void)state;
	snprintf(to, sizeof(to), "%s/other", folder);
	assert_int_equal(mkdir(to, 0700), 0);
	*strrchr(path, '/') = '\0';
	assert_int_equal(symlink(to, path), 0);
	history_open(&h, true);
	assert_string_not_equal(h.why, "");
	history_close(&h);
	unlink(path);
	assert_int_equal(rmdir(to), 0); /* nothing was written there */
	snprintf(path, sizeof(path), "%s/dragoman/history", folder);
}

/* Of a file that is too long the end counts. */
static void
too_long(void **state)
{
	struct history_file h;
	struct stat st;
	FILE *f;
	int i;

	(void)state;
	history_open(&h, true);
	history_close(&h);
	f = fopen(path, "w");
	assert_non_null(f);
	for (i = 0; i < 800; i++)
		fprintf(f, "%d %012000d\n", i, 0);
	fclose(f);
	history_open(&h, true);
	assert_true(h.n > 1);
	assert_memory_equal(h.entries[h.n - 1], "799 ", 4);
	assert_true(history_add(&h, "newest"));
	history_close(&h);
	assert_int_equal(stat(path, &st), 0);
	assert_in_range(st.st_size, HISTORY_FILE_MAX / 4, HISTORY_FILE_MAX);
	history_open(&h, true);
	assert_string_equal(h.entries[h.n - 1], "newest");
	history_close(&h);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_are_seen),
		cmocka_unit_test_setup_teardown(it_is_there_the_next_time,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(off_is_no_file, setup, NULL),
		cmocka_unit_test_setup_teardown(it_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(only_our_own_file, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(only_our_own_folder, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(too_long, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
