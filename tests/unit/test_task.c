/*
 * Tasks in Redis: begun and queued at once, taken, held, cancelled and ended by
 * one, whoever died meanwhile; and only their own key's.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "redis/journal.h"
#include "redis/task.h"
#include "tests/unit/redis_fixture.h"

#define LEASE_MS 10000
#define KEY "0123456789abcdef"

/* A new task of ${key}: its name. */
static struct chat_name
put(struct redis_fixture *f, const char *key, char id[TASK_ID_MAX],
    const char *address, enum store_rc expected)
{
	struct arena *mem = arena_new();
	const struct task_call call = { .tool = "server__tool",
		.arguments = json_keep(mem, json_pack("{s:i}", "n", 1)),
		.caller = { .tenant = "default", .key = key },
		.state = "opaque",
		.trace = "00-a-b-01" };
	struct chat_name name;
	int64_t now_ms = 0;

	task_id_new(id);
	assert_int_equal(task_name(&name, key, id), 0);
	assert_int_equal(task_put(f->store, &name, id, &call, address, &now_ms),
	    expected);
	if (expected == STORE_OK)
		assert_true(now_ms > 0);
	/* Its answer was lost on the way. */
	if (expected == STORE_OK)
		assert_int_equal(
		    task_put(f->store, &name, id, &call, address, &now_ms),
		    STORE_OK);
	arena_free(mem);
	return name;
}

/* One that is due, of any key; NULL: none is. */
static struct job *
take(struct redis_fixture *f)
{
	struct job *j = NULL;

	for (int p = 0; p < CHAT_PARTITIONS && j == NULL; p++) {
		unsigned place = 1u << (JOB_TASK * CHAT_PARTITIONS + p);
		int n = due_take(f->store, NULL, &place, 1, LEASE_MS, 0, &j,
		    NULL);

		assert_true(n == 0 || n == 1);
	}
	return j;
}

/* The time of all has come: leases, and what was put off. */
static void
hurry(struct redis_fixture *f)
{
	for (int p = 0; p < CHAT_PARTITIONS; p++)
		(void)redis_text(f, "EVAL %s 1 {p%d}:due:task",
		    "for _, n in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) "
		    "do redis.call('ZADD', KEYS[1], 1, n) end",
		    p);
}

static struct task
find(struct redis_fixture *f, const struct chat_name *name, struct arena *mem)
{
	const char *names[] = { name->text };
	enum store_rc rc;
	struct task t;

	assert_int_equal(task_find_all(f->store, names, 1, true, mem, &t, &rc),
	    STORE_OK);
	assert_int_equal(rc, STORE_OK);
	return t;
}

static void
names_are_of_their_key(void **state)
{
	static const char *const WRONG[] = { "", "a", "a/b", "/", "a/b/c",
		"k-y/0123456789abcdef0123456789abcdef",
		"/0123456789abcdef0123456789abcdef",
		"key/0123456789ABCDEF0123456789abcdef",
		"key/0123456789abcdef0123456789abcde",
		"key/0123456789abcdef0123456789abcdef0",
		"default/http/0123456789abcdef0123456789abcdef" };
	struct chat_name a, b;
	char id[TASK_ID_MAX], again[TASK_ID_MAX];

	(void)state;
	task_id_new(id);
	task_id_new(again);
	assert_string_not_equal(id, again);
	assert_int_equal(task_name(&a, "key", id), 0);
	assert_int_equal(task_name(&b, "key", again), 0);
	assert_int_equal(a.partition, b.partition);
	assert_int_equal(task_name_parse(&b, a.text, again), 0);
	assert_string_equal(again, id);
	assert_string_equal(a.text, b.text);
	assert_int_equal(task_name(&a, "", id), 0);
	assert_int_equal(task_name(&b, TASK_NOBODY, id), 0);
	assert_string_equal(a.text, b.text);
	assert_int_equal(task_name(&a, "key", "../0"), -1);
	for (size_t i = 0; i < NELEM(WRONG); i++)
		if (task_name_parse(&a, WRONG[i], id) != -1)
			fail_msg("%s", WRONG[i]);
}

static void
states_have_their_names(void **state)
{
	(void)state;
	for (int i = 0; i < TASK_STATES; i++)
		assert_int_equal(
		    task_state_parse(task_state_name((enum task_state)i)), i);
	assert_int_equal(task_state_parse("done"), -1);
	assert_false(task_is_over(TASK_WORKING));
	assert_false(task_is_over(TASK_ASKS));
	assert_true(task_is_over(TASK_COMPLETED));
	assert_true(task_is_over(TASK_CANCELLED));
}

static void
a_task_is_begun_taken_and_ended(void **state)
{
	static const char RESULT[] = "{\"content\":[]}";
	struct redis_fixture *f = *state;
	struct arena *mem = arena_new();
	char id[TASK_ID_MAX];
	struct chat_name name = put(f, KEY, id, "p.1", STORE_OK);
	struct task t = find(f, &name, mem);
	const struct journal_field begun = { .name = TASK_STEP_BEGUN,
		.text = "{}",
		.len = 2 };
	const struct journal_field said = { .name = TASK_STEP_SAID,
		.text = "half",
		.len = 4 };
	bool stopped;
	struct job *j;

	assert_int_equal(t.state, TASK_WORKING);
	assert_true(t.ends_ms == t.created_ms + TASK_KEEP_MS);
	assert_null(t.result);
	j = take(f);
	assert_non_null(j);
	assert_null(take(f)); /* one holder */
	assert_int_equal(j->kind, JOB_TASK);
	assert_int_equal(j->rc, STORE_OK);
	assert_int_equal(j->attempt, 1);
	assert_string_equal(j->id, id);
	assert_string_equal(j->task->address, "p.1");
	assert_string_equal(j->task->call.tool, "server__tool");
	assert_string_equal(j->task->call.caller.key, KEY);
	assert_string_equal(j->task->call.state, "opaque");
	assert_int_equal(json_member_int(j->task->call.arguments, "n", 0), 1);
	assert_int_equal(j->njournal, 0);
	assert_int_equal(journal_write(f->store, j, &begun, 1, LEASE_MS, 60000,
			     NULL, &stopped),
	    STORE_OK);
	assert_int_equal(journal_write(f->store, j, &said, 1, LEASE_MS, 60000,
			     NULL, &stopped),
	    STORE_OK);
	assert_false(stopped);
	assert_string_equal(find(f, &name, mem).said, "half");
	assert_int_equal(
	    task_finish(f->store, j, TASK_COMPLETED, RESULT, strlen(RESULT)),
	    STORE_OK);
	assert_int_equal(task_finish(f->store, j, TASK_FAILED, NULL, 0),
	    STORE_OK); /* a repeat */
	t = find(f, &name, mem);
	assert_int_equal(t.state, TASK_COMPLETED);
	assert_string_equal(t.result, RESULT);
	assert_null(t.said);
	hurry(f);
	assert_null(take(f));
	assert_int_equal(
	    redis_number(f, "ZCARD {p%d}:tasks:" KEY, name.partition), 0);
	assert_int_equal(redis_number(f, "HEXISTS {p%d}:task:%s call",
			     name.partition, name.text),
	    0);
	assert_true(
	    redis_number(f, "PTTL {p%d}:task:%s", name.partition, name.text)
	    > TASK_KEEP_MS - 60000);
	job_free(j);
	arena_free(mem);
}

/* Who takes it from a holder that died sees what was begun. */
static void
a_dead_holder_is_followed(void **state)
{
	struct redis_fixture *f = *state;
	const struct journal_field begun = { .name = TASK_STEP_BEGUN,
		.text = "{}",
		.len = 2 };
	char id[TASK_ID_MAX];
	struct chat_name name = put(f, KEY, id, "", STORE_OK);
	struct job *dead = take(f), *j;
	bool stopped;

	assert_non_null(dead);
	assert_int_equal(journal_write(f->store, dead, &begun, 1, LEASE_MS,
			     60000, NULL, &stopped),
	    STORE_OK);
	hurry(f);
	j = take(f);
	assert_non_null(j);
	assert_int_equal(j->attempt, 2);
	assert_int_equal(j->crashes, 1);
	assert_int_equal(j->njournal, 1);
	assert_string_equal(j->journal[0].name, TASK_STEP_BEGUN);
	/* The one that only seemed dead can end nothing. */
	assert_int_equal(task_finish(f->store, dead, TASK_COMPLETED, "{}", 2),
	    STORE_LOST);
	assert_int_equal(journal_write(f->store, dead, NULL, 0, LEASE_MS, 60000,
			     NULL, &stopped),
	    STORE_LOST);
	job_free(dead);
	/* A second one waits longer each time. */
	hurry(f);
	assert_null(take(f));
	hurry(f);
	dead = j;
	j = take(f);
	assert_non_null(j);
	assert_int_equal(j->crashes, 2);
	assert_int_equal(journal_release(f->store, j, 0, false, NULL),
	    STORE_OK);
	job_free(j);
	j = take(f);
	assert_non_null(j);
	assert_int_equal(task_finish(f->store, j, TASK_FAILED, NULL, 0),
	    STORE_OK);
	job_free(j);
	job_free(dead);
	assert_int_equal(
	    redis_number(f, "ZCARD {p%d}:due:task", name.partition), 0);
}

static void
a_cancel_ends_or_is_felt(void **state)
{
	struct redis_fixture *f = *state;
	struct arena *mem = arena_new();
	char id[TASK_ID_MAX], other[TASK_ID_MAX];
	struct chat_name name = put(f, KEY, id, "", STORE_OK), held;
	int64_t before, after;
	bool ended, stopped = false;
	struct job *j;

	assert_int_equal(task_cancel(f->store, &name, id, &ended), STORE_OK);
	assert_true(ended);
	assert_int_equal(find(f, &name, mem).state, TASK_CANCELLED);
	assert_int_equal(task_cancel(f->store, &name, id, &ended), STORE_OK);
	assert_false(ended);
	assert_null(take(f));
	held = put(f, KEY, other, "", STORE_OK);
	j = take(f);
	assert_int_equal(journal_stops(f->store, &before), STORE_OK);
	assert_int_equal(task_cancel(f->store, &held, other, &ended), STORE_OK);
	assert_false(ended);
	assert_int_equal(journal_stops(f->store, &after), STORE_OK);
	assert_true(after > before);
	assert_int_equal(journal_write(f->store, j, NULL, 0, LEASE_MS, 60000,
			     NULL, &stopped),
	    STORE_OK);
	assert_true(stopped);
	/* Whoever takes it from a holder that died knows, too. */
	job_free(j);
	hurry(f);
	j = take(f);
	assert_true(j->stop);
	assert_int_equal(task_finish(f->store, j, TASK_CANCELLED, NULL, 0),
	    STORE_OK);
	job_free(j);
	task_id_new(id);
	assert_int_equal(task_name(&name, KEY, id), 0);
	assert_int_equal(task_cancel(f->store, &name, id, &ended), STORE_NONE);
	arena_free(mem);
}

/* Nobody holds it meanwhile; the last answer makes it due, once. */
static void
a_task_asks(void **state)
{
	static const char BOTH[] = "{\"open\":{\"a\":{},\"b\":{}}}";
	static const char LEFT[] = "{\"open\":{\"b\":{}}}";
	static const char NONE[] = "{\"open\":{}}";
	struct redis_fixture *f = *state;
	const struct journal_field begun = { .name = TASK_STEP_BEGUN,
		.text = "{}",
		.len = 2 };
	struct arena *mem = arena_new();
	char id[TASK_ID_MAX];
	struct chat_name name = put(f, KEY, id, "", STORE_OK);
	bool stopped, ended;
	struct job *j = take(f);
	struct task t;

	assert_int_equal(journal_write(f->store, j, &begun, 1, LEASE_MS, 60000,
			     NULL, &stopped),
	    STORE_OK);
	assert_int_equal(task_ask(f->store, j, BOTH, strlen(BOTH)), STORE_OK);
	assert_int_equal(task_ask(f->store, j, BOTH, strlen(BOTH)), STORE_OK);
	assert_int_equal(task_finish(f->store, j, TASK_FAILED, NULL, 0),
	    STORE_OK); /* taken for a repeat: it changes nothing */
	job_free(j);
	hurry(f);
	assert_null(take(f));
	t = find(f, &name, mem);
	assert_int_equal(t.state, TASK_ASKS);
	assert_string_equal(t.asks, BOTH);
	assert_null(t.answers);
	assert_int_equal(task_answer(f->store, &name, id, t.round, LEFT,
			     "{\"a\":{}}", false),
	    STORE_OK);
	/* Another one saw the same questions. */
	assert_int_equal(
	    task_answer(f->store, &name, id, t.round, NONE, "{}", true),
	    STORE_LOST);
	t = find(f, &name, mem);
	assert_int_equal(t.state, TASK_ASKS);
	assert_string_equal(t.asks, LEFT);
	assert_null(take(f));
	assert_int_equal(task_answer(f->store, &name, id, t.round, NONE,
			     "{\"a\":{},\"b\":{}}", true),
	    STORE_OK);
	assert_int_equal(find(f, &name, mem).state, TASK_WORKING);
	assert_int_equal(
	    task_answer(f->store, &name, id, t.round + 1, NONE, "{}", true),
	    STORE_NONE);
	j = take(f);
	assert_non_null(j);
	assert_int_equal(j->njournal, 2); /* nothing is begun */
	assert_int_equal(j->crashes, 0);
	/* A cancel came: it may not ask. */
	assert_int_equal(task_cancel(f->store, &name, id, &ended), STORE_OK);
	assert_false(ended);
	assert_int_equal(task_ask(f->store, j, BOTH, strlen(BOTH)),
	    STORE_STOPPED);
	assert_int_equal(task_finish(f->store, j, TASK_CANCELLED, NULL, 0),
	    STORE_OK);
	job_free(j);
	t = find(f, &name, mem);
	assert_int_equal(t.state, TASK_CANCELLED);
	assert_null(t.asks);
	/* Nor is one that asks held: it ends at once. */
	name = put(f, KEY, id, "", STORE_OK);
	j = take(f);
	assert_int_equal(task_ask(f->store, j, BOTH, strlen(BOTH)), STORE_OK);
	job_free(j);
	assert_int_equal(task_cancel(f->store, &name, id, &ended), STORE_OK);
	assert_true(ended);
	arena_free(mem);
}

static void
looks_are_counted(void **state)
{
	struct redis_fixture *f = *state;
	struct arena *mem = arena_new();
	char id[TASK_ID_MAX];
	struct chat_name name = put(f, KEY, id, "", STORE_OK), other;
	int64_t wait_ms = 0, begun = clock_boot_ms();
	enum store_rc rc = STORE_OK;
	struct task t;
	int n = 0;

	/* 20 at once, and those that become free meanwhile. */
	for (; rc == STORE_OK && n < 10000; n++)
		rc = task_find(f->store, &name, mem, &t, &wait_ms);
	assert_int_equal(rc, STORE_LIMITED);
	assert_true(n > TASK_LOOKS_A_SECOND);
	assert_true(n <= TASK_LOOKS_A_SECOND + 2
		+ (clock_boot_ms() - begun) * TASK_LOOKS_A_SECOND / 1000);
	assert_true(wait_ms > 0 && wait_ms <= 1000 / TASK_LOOKS_A_SECOND);
	/* Those who wait for it look as they must. */
	assert_int_equal(find(f, &name, mem).state, TASK_WORKING);
	/* A clock that went back locks nobody out. */
	(void)redis_text(f, "HSET {p%d}:task:%s looks 999999999999999",
	    name.partition, name.text);
	(void)!task_find(f->store, &name, mem, &t, &wait_ms);
	assert_true(wait_ms <= 1000 / TASK_LOOKS_A_SECOND);
	/* Another key's name of the same id is another task: none. */
	assert_int_equal(task_name(&other, "ffff", id), 0);
	assert_int_equal(task_find(f->store, &other, mem, &t, &wait_ms),
	    STORE_NONE);
	arena_free(mem);
}

static void
a_key_has_so_many_open(void **state)
{
	struct redis_fixture *f = *state;
	char id[TASK_ID_MAX];
	struct chat_name name = { .text = "" };
	struct job *j;

	for (int i = 0; i < TASKS_OPEN_MAX; i++)
		name = put(f, KEY, id, "", STORE_OK);
	(void)put(f, KEY, id, "", STORE_FULL);
	(void)put(f, "abc", id, "", STORE_OK);
	j = take(f);
	assert_int_equal(task_finish(f->store, j, TASK_FAILED, NULL, 0),
	    STORE_OK);
	if (strncmp(j->chat.text, KEY, strlen(KEY)) != 0) {
		job_free(j); /* it was the other key's */
		j = take(f);
		assert_int_equal(task_finish(f->store, j, TASK_FAILED, NULL, 0),
		    STORE_OK);
	}
	job_free(j);
	(void)put(f, KEY, id, "", STORE_OK);
	/* Those of which nothing is left are forgotten with their time. */
	(void)redis_text(f, "ZADD {p%d}:tasks:" KEY " 1 %s", name.partition,
	    "gone");
	(void)put(f, KEY, id, "", STORE_FULL);
	assert_int_equal(
	    redis_number(f, "ZSCORE {p%d}:tasks:" KEY " gone", name.partition),
	    -1);
}

/* Its value is another's, or was changed: it ends, and harms no other. */
static void
a_damaged_task_is_its_own_matter(void **state)
{
	struct redis_fixture *f = *state;
	char id[TASK_ID_MAX], whole[TASK_ID_MAX];
	struct chat_name name = put(f, KEY, id, "", STORE_OK), other;
	struct job *j;

	(void)redis_text(f, "HSET {p%d}:task:%s call x attempt -3 crashes y",
	    name.partition, name.text);
	j = take(f);
	assert_non_null(j);
	assert_int_equal(j->rc, STORE_NONE);
	assert_int_equal(task_finish(f->store, j, TASK_FAILED, NULL, 0),
	    STORE_OK);
	job_free(j);
	name = put(f, KEY, id, "", STORE_OK);
	other = put(f, KEY, whole, "", STORE_OK);
	(void)redis_text(f, "DEL {p%d}:task:%s", name.partition, name.text);
	(void)redis_text(f, "SET {p%d}:task:%s x", name.partition, name.text);
	(void)redis_text(f, "ZADD {p%d}:due:task 1 a/b", name.partition);
	(void)redis_text(f, "ZADD {p%d}:due:task 1 default/http/x",
	    name.partition);
	j = take(f);
	if (j == NULL)
		j = take(f);
	assert_non_null(j);
	assert_null(take(f));
	assert_string_equal(j->chat.text, other.text);
	assert_int_equal(
	    redis_number(f, "ZCARD {p%d}:due:task", name.partition), 1);
	assert_int_equal(redis_number(f, "EXISTS {p%d}:damaged:task:%s",
			     name.partition, name.text),
	    1);
	job_free(j);
}

/* Of a release that knows more. */
static void
a_newer_task_is_left_alone(void **state)
{
	struct redis_fixture *f = *state;
	char id[TASK_ID_MAX];
	struct chat_name name = put(f, KEY, id, "", STORE_OK);

	(void)redis_text(f, "HSET {p%d}:task:%s v 99", name.partition,
	    name.text);
	assert_null(take(f));
	assert_int_equal(redis_number(f, "HEXISTS {p%d}:task:%s token",
			     name.partition, name.text),
	    0);
	assert_int_equal(
	    redis_number(f, "ZCARD {p%d}:due:task", name.partition), 1);
}

/* All that listen are told of each change, the last of them; where their
 * addresses stand. */
static void
who_listens_is_told(void **state)
{
	struct redis_fixture *f = *state;
	char id[TASK_ID_MAX], address[32];
	struct chat_name name = put(f, KEY, id, "", STORE_OK), none;
	struct job *j;

	for (int i = 0; i < TASK_EARS_MAX + 2; i++) {
		(void)snprintf(address, sizeof(address), "p.%d", i);
		assert_int_equal(task_listen(f->store, &name, address),
		    STORE_OK);
		assert_int_equal(task_listen(f->store, &name, address),
		    STORE_OK);
	}
	assert_string_equal(
	    redis_text(f, "HGET {p%d}:task:%s ears", name.partition, name.text),
	    "p.17 p.16 p.15 p.14 p.13 p.12 p.11 p.10 p.9 p.8 p.7 p.6 p.5 p.4 "
	    "p.3 p.2");
	j = take(f);
	assert_int_equal(task_finish(f->store, j, TASK_FAILED, NULL, 0),
	    STORE_OK);
	job_free(j);
	/* There will be no change. */
	assert_int_equal(task_listen(f->store, &name, "p.1"), STORE_OK);
	assert_int_equal(redis_number(f, "HEXISTS {p%d}:task:%s ears",
			     name.partition, name.text),
	    0);
	assert_int_equal(task_name(&none, "ffff", id), 0);
	assert_int_equal(task_listen(f->store, &none, "p.1"), STORE_NONE);
}

/* Neither kind sees or is woken for the other one's. */
static void
kinds_keep_apart(void **state)
{
	struct redis_fixture *f = *state;
	struct wake *chats = fixture_ear(f->store, "chats");
	struct wake *both = fixture_ear_at(f->store, "both",
	    DUE_OF(JOB_CHAT) | DUE_OF(JOB_TASK));
	char id[TASK_ID_MAX];
	struct chat_name name = put(f, KEY, id, "", STORE_OK);
	unsigned bit = DUE_OF(JOB_TASK) & (0x10001u << name.partition), due;
	int64_t next;
	struct job *j;

	assert_int_equal(fixture_hear(both, 30000), bit);
	assert_int_equal(wake_heard(chats), 0);
	assert_int_equal(due_look(f->store, both, &due, &next), 0);
	assert_int_equal(due, bit);
	assert_int_equal(due_look(f->store, chats, &due, &next), 0);
	assert_int_equal(due, 0);
	due = DUE_ALL;
	assert_int_equal(
	    due_take(f->store, NULL, &due, 1, LEASE_MS, 0, &j, NULL), 0);
	wake_free(chats);
	wake_free(both);
}

#define TEST(t) cmocka_unit_test_setup(t, redis_fixture_flush)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_of_their_key),
		cmocka_unit_test(states_have_their_names),
		TEST(a_task_is_begun_taken_and_ended),
		TEST(a_dead_holder_is_followed),
		TEST(a_cancel_ends_or_is_felt),
		TEST(a_task_asks),
		TEST(looks_are_counted),
		TEST(a_key_has_so_many_open),
		TEST(a_damaged_task_is_its_own_matter),
		TEST(a_newer_task_is_left_alone),
		TEST(who_listens_is_told),
		TEST(kinds_keep_apart),
	};

	return cmocka_run_group_tests_name("task", tests, redis_fixture_setup,
	    redis_fixture_teardown);
}
