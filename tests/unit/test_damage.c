/*
 * What others wrote to Redis: one chat, one partition or one key of the fleet
 * is damaged in each way, under load, and all the others are answered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "redis/breaker.h"
#include "redis/budget.h"
#include "redis/damage.h"
#include "redis/due.h"
#include "redis/fleet.h"
#include "redis/format.h"
#include "redis/inbox.h"
#include "tests/unit/redis_fixture.h"

#define WORKERS 2
#define LEASE_MS 400
#define UNTIL_MS 30000 /* then something is stuck */

static void
moment(int ms)
{
	const struct timespec t = { .tv_nsec = ms * 1000000L };

	nanosleep(&t, NULL);
}

/* ---- load: a chat in each partition, one message after the other ---- */

struct load {
	struct redis_fixture *f;
	struct chat_name chats[CHAT_PARTITIONS];
	_Atomic int said[CHAT_PARTITIONS], answered[CHAT_PARTITIONS];
	_Atomic unsigned skip; /* partitions that need not be answered */
	_Atomic bool over;
	pthread_t edge, workers[WORKERS];
};

/* As chat/load and chat/finish would. */
static void
end_job(struct load *l, struct job *job)
{
	bool dead = job->rc == STORE_NONE || job->crashes >= 5;
	enum store_rc rc = fixture_finish(l->f->store, job,
	    dead ? END_DEAD : END_REPLIED, "{}");
	int p = job->chat.partition;

	if (rc == STORE_HEAD || rc == STORE_DAMAGED)
		(void)!journal_release(l->f->store, job, 50, false, NULL);
	if (rc == STORE_OK && strcmp(job->chat.text, l->chats[p].text) == 0)
		atomic_fetch_add(&l->answered[p], 1);
	job_free(job);
}

static void *
work(void *arg)
{
	struct load *l = arg;
	struct wake *wake = wake_new(l->f->store, "load", DUE_ALL);
	unsigned todo = 0, due;

	assert_non_null(wake);
	while (!atomic_load(&l->over)) {
		struct job *jobs[8];
		int64_t next;
		int n;

		(void)!wake_wait(wake, todo != 0 ? 0 : 20);
		todo |= wake_heard(wake);
		if (due_look(l->f->store, wake, &due, &next) == 0)
			todo |= due;
		n = due_take(l->f->store, wake, &todo, 8, LEASE_MS, 0, jobs,
		    NULL);
		for (int i = 0; i < n; i++)
			end_job(l, jobs[i]);
		due_requeue_healed(l->f->store);
	}
	wake_leave(wake);
	wake_free(wake);
	return NULL;
}

static void *
say(void *arg)
{
	struct load *l = arg;
	char update[24];

	while (!atomic_load(&l->over)) {
		for (int p = 0; p < CHAT_PARTITIONS; p++) {
			int said = atomic_load(&l->said[p]);

			if (said > atomic_load(&l->answered[p]))
				continue;
			snprintf(update, sizeof(update), "u%d", said);
			if (fixture_say(l->f->store, &l->chats[p], update, "hi",
				"")
			    == STORE_OK)
				atomic_fetch_add(&l->said[p], 1);
		}
		moment(1);
	}
	return NULL;
}

static struct load *
load_start(struct redis_fixture *f)
{
	struct load *l = calloc(1, sizeof(*l));
	char name[16];
	int left = CHAT_PARTITIONS;

	assert_non_null(l);
	l->f = f;
	for (int i = 0; left > 0; i++) {
		struct chat_name c;

		snprintf(name, sizeof(name), "load%d", i);
		c = fixture_chat(name);
		if (l->chats[c.partition].text[0] != '\0')
			continue;
		l->chats[c.partition] = c;
		left--;
	}
	for (int i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&l->workers[i], NULL, work, l),
		    0);
	assert_int_equal(pthread_create(&l->edge, NULL, say, l), 0);
	return l;
}

static void
load_stop(struct load *l)
{
	atomic_store(&l->over, true);
	pthread_join(l->edge, NULL);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(l->workers[i], NULL);
	free(l);
}

/* From now on each chat that is not in ${skip} is answered twice. */
static void
others_are_answered(struct load *l, unsigned skip, const char *what)
{
	int before[CHAT_PARTITIONS];
	int64_t until = clock_boot_ms() + UNTIL_MS;

	for (int p = 0; p < CHAT_PARTITIONS; p++)
		before[p] = atomic_load(&l->answered[p]);
	for (int p = 0; p < CHAT_PARTITIONS; p++)
		while ((skip & 1u << p) == 0
		    && atomic_load(&l->answered[p]) < before[p] + 2) {
			if (clock_boot_ms() > until)
				fail_msg("%s: partition %d is stuck", what, p);
			moment(2);
		}
}

/* ---- damage ---- */

/* Run Lua in which P is "{pN}:", N the chat and I its message's id. */
static void
damage(struct redis_fixture *f, const struct chat_name *chat, const char *id,
    const char *lua)
{
	char text[1024];
	const char *answer;

	snprintf(text, sizeof(text),
	    "local P, N, I, D, call = '{p%d}:', '%s', '%s', '%lld', "
	    "redis.call\n"
	    "local function head(entry) local k = P..'inbox:'..N\n"
	    "if call('LLEN', k) > 0 then call('LSET', k, 0, entry) end end\n"
	    "%s",
	    chat->partition, chat->text, id,
	    (long long)(clock_wall_ms() / 86400000), lua);
	answer = redis_text(f, "EVAL %s 0", text);
	if (answer != NULL && answer[0] == '!')
		fail_msg("%s: %s", lua, answer);
}

static void
accounted(struct redis_fixture *f, const struct chat_name *chat,
    const char *what)
{
	int64_t until = clock_boot_ms() + UNTIL_MS;
	struct fleet_counts counts = { 0 };
	int64_t score;

	for (;;) {
		score = redis_number(f, "ZSCORE {p%d}:due %s", chat->partition,
		    chat->text);
		if (score == -1 && fleet_count(f->store, &counts) == STORE_OK
		    && counts.damaged == 0 && counts.unaccounted == 0)
			return;
		if (clock_boot_ms() > until)
			fail_msg("%s: due %lld, %lld unaccounted", what,
			    (long long)score, (long long)counts.unaccounted);
		/* Whoever was put off is looked at now. */
		if (score > clock_wall_ms() + LEASE_MS)
			(void)redis_text(f, "ZADD {p%d}:due XX 1 %s",
			    chat->partition, chat->text);
		moment(5);
	}
}

static const char *const CHAT_DAMAGE[] = {
	"call('SET', P..'chat:'..N, 'x')",
	"call('DEL', P..'chat:'..N) call('SADD', P..'chat:'..N, 'x')",
	"call('SET', P..'inbox:'..N, 'x')",
	"call('DEL', P..'inbox:'..N) call('HSET', P..'inbox:'..N, 'a', 'b')",
	"call('SET', P..'history:'..N, 'x')",
	"call('SET', P..'turn:'..N, 'x')",
	"call('DEL', P..'turn:'..N) call('RPUSH', P..'turn:'..N, 'x')",
	"call('SET', P..'seen:'..N, 'x')",
	"call('DEL', P..'rate:'..N) call('RPUSH', P..'rate:'..N, 'x')",
	"call('SET', P..'rate:'..N, 'x')",
	"call('SET', P..'rate:'..N, '-1e308')",
	"call('SET', P..'window:'..N, 'x')",
	"call('DEL', P..'window:'..N) call('RPUSH', P..'window:'..N, 'x', 'x')",
	"call('DEL', P..'reply:'..I) call('RPUSH', P..'reply:'..I, 'x')",
	"call('SET', P..'reply:'..I, 'x')",
	"call('SET', P..'wait:'..I, 'x') call('HSET', P..'chat:'..N, 'waits', "
	"1)",
	"local k = P..'budget:'..D..':'..N call('DEL', k) call('RPUSH', k, "
	"'x')",
	"call('SET', P..'budget:'..D..':'..N, 'x')",
	"head('no header')",
	"head('')",
	"head('\\n')",
	"head(I..' 1 1 message -\\n')",
	"head(I..' x 1 message - 00\\nx')",
	"head(I..' 1 1 message - 00\\nx')",
	"head(string.rep('a', 33)..' 1 1 message - "
	"0\\n')",
	"head(I..' 99999999999999999999 1 message - "
	"0\\n')",
	"head(I..' 1 99999999999999999999 message - "
	"0\\n')",
	"head('\\255\\254\\0 1 1 message - 0\\nx')",
	"head(string.rep('x', 3000000))",
	"call('LPUSH', P..'inbox:'..N, 'foreign', 'another')",
	"call('RPUSH', P..'inbox:'..N, 'foreign')",
	"call('HSET', P..'turn:'..N, 'answer:0', 'x')",
	"call('HSET', P..'turn:'..N, string.rep('n', 300), 'x')",
	"call('HSET', P..'turn:'..N, '\\255\\0', '\\255\\0')",
	"call('RPUSH', P..'history:'..N, 'x', string.rep('x', 40))",
	"call('ZADD', P..'seen:'..N, 1e300, I)",
	"call('ZADD', P..'due', 'inf', N)",
	"call('ZADD', P..'due', '-inf', N)",
	"call('ZADD', P..'due', 1, 'x/y/\\1')",
	"call('ZADD', P..'due', 1, 'a/b/nobody')",
	"call('ZADD', P..'due', 1, string.rep('a', 300)..'/b/c')",
	"call('ZADD', P..'due', 1, 'a/b/'..string.rep('c', 900)) "
	"call('RPUSH', P..'inbox:a/b/'..string.rep('c', 900), 'x')",
};

static const char *const FIELDS[] = { "seq", "bytes", "hour", "turns", "tin",
	"tout", "attempt", "crashes", "failures", "started", "taken", "v",
	"token", "id", "state", "cred", "tools", "stop", "done", "waits",
	"ended" };
static const char *const VALUES[] = { "x", "", "-1", "1.5", "1e400", "nan",
	"99999999999999999999", "\\255\\0" };

/* Waiting, or held by somebody who goes on, who dies. */
enum held { WAITS, GOES_ON, DIES, HELD_N };

static int nvictims;
static const struct budget_limits VICTIM_LIMITS = { 1000, 0 };

/* A chat that is damaged by ${lua}. */
static struct chat_name
hurt(struct load *l, const char *lua, enum held held)
{
	struct redis_fixture *f = l->f;
	struct journal_field step = { .name = "answer:0",
		.text = "{}",
		.len = 2,
		.version = 1 };
	struct chat_name chat;
	struct job *job = NULL;
	char name[32], id[MESSAGE_ID_MAX];
	int64_t day;
	bool stopped;

	snprintf(name, sizeof(name), "victim%d", nvictims++);
	chat = fixture_chat(name);
	/* Nobody else takes it meanwhile. */
	(void)redis_text(f, "SET {p%d}:paused 1", chat.partition);
	assert_int_equal(fixture_say(f->store, &chat, "1", "one", "p.1"),
	    STORE_OK);
	assert_int_equal(fixture_say(f->store, &chat, "2", "two", ""),
	    STORE_OK);
	assert_int_equal(
	    budget_reserve(f->store, &chat, 10, &VICTIM_LIMITS, &day),
	    STORE_OK);
	message_id_make(&chat, "1", id);
	if (held != WAITS) {
		(void)redis_text(f, "ZADD {p%d}:due 1 %s", chat.partition,
		    chat.text);
		(void)redis_text(f, "DEL {p%d}:paused", chat.partition);
		/* One of the load's workers may be quicker. */
		job = fixture_take(f->store, &chat, LEASE_MS);
		if (job != NULL && strcmp(job->chat.text, chat.text) != 0) {
			end_job(l, job);
			job = NULL;
		}
		if (job != NULL)
			(void)!journal_write(f->store, job, &step, 1, LEASE_MS,
			    0, NULL, &stopped);
	}
	damage(f, &chat, id, lua);
	(void)redis_text(f, "DEL {p%d}:paused", chat.partition);
	if (held == GOES_ON && job != NULL) {
		(void)!journal_write(f->store, job, &step, 1, LEASE_MS, 0, NULL,
		    &stopped);
		end_job(l, job);
		job = NULL;
	}
	if (job != NULL)
		job_free(job);
	return chat;
}

/* It is answered, too, from the next message on. */
static void
goes_on(struct load *l, const struct chat_name *chat, const char *lua)
{
	static const enum command CONTROLS[] = { COMMAND_STATUS, COMMAND_STOP };
	int64_t until = clock_boot_ms() + UNTIL_MS, day, wait_ms;
	struct session session;
	struct arena *mem;
	enum store_rc rc;
	size_t i;

	do
		rc = fixture_say(l->f->store, chat, "3", "three", "");
	while (rc == STORE_DAMAGED && clock_boot_ms() < until);
	if (rc != STORE_OK && rc != STORE_EXISTS)
		fail_msg("%s: accept says %d", lua, rc);
	accounted(l->f, chat, lua);
	rc = budget_reserve(l->f->store, chat, 10, &VICTIM_LIMITS, &day);
	if (rc != STORE_OK)
		fail_msg("%s: budget says %d", lua, rc);
	for (i = 0; i < NELEM(CONTROLS); i++) {
		mem = arena_new();
		rc = inbox_control(l->f->store, chat, CONTROLS[i],
		    &FIXTURE_UNLIMITED, mem, &session, &wait_ms);
		arena_free(mem);
		if (rc != STORE_OK)
			fail_msg("%s: control says %d", lua, rc);
	}
}

/* One damage after the other, of a chat that waits, of one that is held, and of
 * one whose holder died; the others are waited for once. */
static void
one_chat_s_damage_is_its_own(void **state)
{
	struct load *l = load_start(*state);
	struct chat_name chats[HELD_N];
	int held;

	for (size_t i = 0; i < NELEM(CHAT_DAMAGE); i++) {
		for (held = WAITS; held < HELD_N; held++)
			chats[held] = hurt(l, CHAT_DAMAGE[i], (enum held)held);
		others_are_answered(l, 0, CHAT_DAMAGE[i]);
		for (held = WAITS; held < HELD_N; held++)
			goes_on(l, &chats[held], CHAT_DAMAGE[i]);
	}
	load_stop(l);
}

/* One field after the other; each of its values is in a chat of its own. */
static void
one_chat_s_fields(void **state)
{
	struct load *l = load_start(*state);
	struct chat_name chats[NELEM(VALUES)];
	char lua[NELEM(VALUES)][256];
	size_t i, k;

	for (i = 0; i < NELEM(FIELDS); i++) {
		for (k = 0; k < NELEM(VALUES); k++) {
			snprintf(lua[k], sizeof(lua[k]),
			    "call('HSET', P..'chat:'..N, '%s', '%s')",
			    FIELDS[i], VALUES[k]);
			chats[k] = hurt(l, lua[k],
			    (enum held)((i + k) % HELD_N));
		}
		others_are_answered(l, 0, FIELDS[i]);
		for (k = 0; k < NELEM(VALUES); k++)
			goes_on(l, &chats[k], lua[k]);
	}
	load_stop(l);
}

static bool
doctor_names(struct redis_fixture *f, const char *key)
{
	struct arena *mem = arena_new();
	json_t *list, *one;
	bool named = false;
	size_t i;

	assert_int_equal(damage_find(f->store, mem, &list), STORE_OK);
	json_array_foreach(list, i, one)
		if (strcmp(json_member_str(one, "key"), key) == 0)
			named = true;
	arena_free(mem);
	return named;
}

/* What take sets aside is dead with its reason, kept and named. */
static void
what_was_set_aside_is_named(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("aside");
	struct job *job;
	char key[CHAT_NAME_MAX + 64];
	int64_t dead;

	assert_int_equal(fixture_say(f->store, &chat, "1", "one", ""),
	    STORE_OK);
	assert_int_equal(fixture_say(f->store, &chat, "2", "two", ""),
	    STORE_OK);
	damage(f, &chat, "", "call('SET', P..'inbox:'..N, 'x')");
	assert_null(fixture_take(f->store, &chat, LEASE_MS));
	snprintf(key, sizeof(key), "{p%d}:damaged:inbox:%s", chat.partition,
	    chat.text);
	assert_string_equal(redis_text(f, "GET %s", key), "x");
	assert_true(doctor_names(f, key));
	assert_int_equal(
	    redis_number(f, "HGET {p%d}:counts dead", chat.partition), 2);
	assert_int_equal(
	    redis_number(f, "HGET {p%d}:counts damaged", chat.partition), 1);
	(void)redis_text(f, "DEL %s", key);
	assert_false(doctor_names(f, key));

	/* An entry of which nothing can be read. */
	assert_int_equal(fixture_say(f->store, &chat, "3", "three", ""),
	    STORE_OK);
	assert_int_equal(fixture_say(f->store, &chat, "4", "four", ""),
	    STORE_OK);
	damage(f, &chat, "", "head('no header')");
	assert_null(fixture_take(f->store, &chat, LEASE_MS));
	job = fixture_take(f->store, &chat, LEASE_MS);
	assert_non_null(job);
	assert_string_equal(job->given->message.text, "four");
	assert_int_equal(fixture_finish(f->store, job, END_REPLIED, "{}"),
	    STORE_OK);
	job_free(job);

	/* A number that is none: told to the person. */
	assert_int_equal(fixture_say(f->store, &chat, "5", "five", ""),
	    STORE_OK);
	damage(f, &chat, "", "call('HSET', P..'chat:'..N, 'crashes', 'x')");
	job = fixture_take(f->store, &chat, LEASE_MS);
	assert_non_null(job);
	assert_int_equal(job->rc, STORE_NONE);
	assert_string_equal(job->damaged, "crashes");
	dead = redis_number(f, "XLEN {p%d}:dead", chat.partition);
	assert_int_equal(fixture_finish(f->store, job, END_DEAD, "{}"),
	    STORE_OK);
	job_free(job);
	assert_int_equal(redis_number(f, "XLEN {p%d}:dead", chat.partition),
	    dead + 1);
	accounted(f, &chat, "set aside");
}

/* ---- of a partition, of the fleet ---- */

static void
one_partition_s_damage_is_its_own(void **state)
{
	static const struct {
		const char *noun, *lua;
		bool answers; /* all the same */
	} cases[] = {
		{ "due", "call('SET', P..'due', 'x')", false },
		{ "due", "call('DEL', P..'due') call('HSET', P..'due', 1, 2)",
		    false },
		{ "free", "call('SET', P..'free', 'x')", true },
		{ "counts", "call('SET', P..'counts', 'x')", true },
		{ "counts", "call('HSET', P..'counts', 'accepted', 'x')",
		    true },
		{ "counts", "call('HSET', P..'counts', 'replied', '1e99')",
		    true },
		{ "dead", "call('SET', P..'dead', 'x')", true },
		{ "damaged", "call('SET', P..'damaged', 'x')", true },
		{ "paused", "call('RPUSH', P..'paused', 'x')", false },
	};
	struct redis_fixture *f = *state;
	struct load *l = load_start(f);
	char key[32];

	for (size_t i = 0; i < NELEM(cases); i++) {
		const struct chat_name *chat
		    = &l->chats[(i * 5) % CHAT_PARTITIONS];

		others_are_answered(l, 0, "before");
		damage(f, chat, "", cases[i].lua);
		others_are_answered(l,
		    cases[i].answers ? 0 : 1u << chat->partition, cases[i].lua);
		snprintf(key, sizeof(key), "{p%d}:%s", chat->partition,
		    cases[i].noun);
		if (!doctor_names(f, key))
			fail_msg("%s is not named", key);
		(void)redis_text(f, "DEL %s", key);
		others_are_answered(l, 0, "after");
		if (doctor_names(f, key))
			fail_msg("%s is still named", key);
		accounted(f, chat, cases[i].lua);
	}
	load_stop(l);
}

/* A letter that cannot be kept: the message waits, and is one afterwards. */
static void
letters_that_cannot_be_kept(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("letters");
	struct job *job;

	assert_int_equal(fixture_say(f->store, &chat, "1", "one", ""),
	    STORE_OK);
	job = fixture_take(f->store, &chat, LEASE_MS);
	assert_non_null(job);
	damage(f, &chat, "", "call('SET', P..'dead', 'x')");
	assert_int_equal(fixture_finish(f->store, job, END_DEAD, "{}"),
	    STORE_DAMAGED);
	(void)redis_text(f, "DEL {p%d}:dead", chat.partition);
	assert_int_equal(fixture_finish(f->store, job, END_DEAD, "{}"),
	    STORE_OK);
	assert_int_equal(fixture_finish(f->store, job, END_DEAD, "{}"),
	    STORE_OK); /* its own repeat */
	assert_int_equal(redis_number(f, "XLEN {p%d}:dead", chat.partition), 1);
	job_free(job);
	accounted(f, &chat, "letters");
}

static void
the_fleet_s_damage_stops_nobody(void **state)
{
	static const struct {
		const char *key, *lua;
	} cases[] = {
		{ "{fleet}:workers", "call('SET', '{fleet}:workers', 'x')" },
		{ "{fleet}:stops",
		    "call('DEL', '{fleet}:stops') "
		    "call('RPUSH', '{fleet}:stops', 'x')" },
		{ "{fleet}:stops", "call('SET', '{fleet}:stops', 'x')" },
		{ "{fleet}:format",
		    "call('DEL', '{fleet}:format') "
		    "call('RPUSH', '{fleet}:format', 'x')" },
		{ "{fleet}:format", "call('SET', '{fleet}:format', 'x')" },
		{ "{fleet}:worker:w",
		    "call('DEL', '{fleet}:worker:w') "
		    "call('RPUSH', '{fleet}:worker:w', 'x')" },
		{ "breaker:b", "call('SET', 'breaker:b', 'x')" },
		{ "{backend:m}:quirks",
		    "call('SET', '{backend:m}:quirks', 'x')" },
		{ "canary", "call('SET', 'canary', 'x')" },
		{ "budget",
		    "call('DEL', 'budget:'..D) "
		    "call('RPUSH', 'budget:'..D, 'x')" },
		{ "budget", "call('SET', 'budget:'..D, 'x')" },
	};
	struct redis_fixture *f = *state;
	struct load *l = load_start(f);
	struct chat_name chat = fixture_chat("fleet");
	struct budget_limits limits = { 0, 1000 };
	json_t *record = json_pack("{s:s, s:[{s:s, s:s, s:s}]}", "id", "w",
	    "backends", "name", "m", "breaker", "b", "learned", "m");
	char key[64], kind[BREAKER_KIND_MAX];
	int64_t day, until;

	assert_non_null(record);
	for (size_t i = 0; i < NELEM(cases); i++) {
		struct arena *mem = arena_new();
		json_t *records;
		enum store_rc rc;

		assert_int_equal(fleet_beat(f->store, FLEET_TURN, "w", record),
		    STORE_OK);
		damage(f, &chat, "", cases[i].lua);
		others_are_answered(l, 0, cases[i].lua);
		/* Whoever asks gets an answer, and one that lets them go on. */
		rc = fleet_read(f->store, FLEET_TURN, mem, &records);
		if (rc != STORE_OK && rc != STORE_DAMAGED)
			fail_msg("%s: the fleet says %d", cases[i].lua, rc);
		rc = budget_reserve(f->store, &chat, 10, &limits, &day);
		if (rc != STORE_OK)
			fail_msg("%s: budget says %d", cases[i].lua, rc);
		(void)!breaker_read(f->store, "b", &until, kind);
		(void)!breaker_fail(f->store, "b", "k", 1, 1000, 1000, &until);
		(void)!journal_stops(f->store, &until);
		(void)!store_canary(f->store);
		if (strcmp(cases[i].key, "budget") == 0)
			snprintf(key, sizeof(key), "budget:%lld",
			    (long long)day);
		else
			snprintf(key, sizeof(key), "%s", cases[i].key);
		if (!doctor_names(f, key))
			fail_msg("%s is not named", key);
		(void)redis_text(f, "DEL %s", key);
		others_are_answered(l, 0, "after");
		assert_int_equal(fleet_beat(f->store, FLEET_TURN, "w", record),
		    STORE_OK);
		assert_int_equal(
		    fleet_read(f->store, FLEET_TURN, mem, &records), STORE_OK);
		assert_int_equal(json_array_size(records), 1);
		assert_int_equal(store_canary(f->store), STORE_OK);
		if (doctor_names(f, key))
			fail_msg("%s is still named", key);
		arena_free(mem);
	}
	json_decref(record);
	load_stop(l);
}

#define TEST(t) cmocka_unit_test_setup(t, redis_fixture_flush)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_chat_s_damage_is_its_own),
		TEST(one_chat_s_fields),
		TEST(what_was_set_aside_is_named),
		TEST(one_partition_s_damage_is_its_own),
		TEST(letters_that_cannot_be_kept),
		TEST(the_fleet_s_damage_stops_nobody),
	};

	return cmocka_run_group_tests(tests, redis_fixture_setup,
	    redis_fixture_teardown);
}
