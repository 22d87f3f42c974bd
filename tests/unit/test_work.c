/*
 * A worker and a made-up kind of job: what is taken reaches its kind, leases
 * are renewed as long as it runs, and each reason to cancel reaches it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/pool.h"
#include "redis/fleet.h"
#include "redis/journal.h"
#include "redis/task.h"
#include "tests/unit/redis_fixture.h"
#include "work/heartbeat.h"
#include "work/lease.h"
#include "work/take.h"
#include "work/worker.h"

#define LEASE_MS 3000 /* a thread of a busy machine may be a second late */
#define TIME_MS 60000
#define PATIENCE_MS 30000
#define CHATS 12

/* What the made-up kind was told. */
struct made_up {
	struct worker *w;
	int64_t max_ms;
	bool waits; /* its jobs run until they are cancelled, or let go */
	_Atomic int begun, ended, obeyed, looked;
	_Atomic int why; /* enum lease_why, of the last one that waited */
	atomic_bool go;
	_Atomic int64_t until_ms;
};

static struct made_up made_up;
static struct worker w;
static struct settings settings;
static pthread_t taking;

static void
nap(void)
{
	const struct timespec t = { .tv_nsec = 5 * 1000000L };

	nanosleep(&t, NULL);
}

/* Until *${n} is at least ${least}. */
static void
await(_Atomic int *n, int least)
{
	int64_t until = clock_boot_ms() + PATIENCE_MS;

	while (atomic_load(n) < least) {
		if (clock_boot_ms() > until)
			fail_msg("%d of %d", atomic_load(n), least);
		nap();
	}
}

static int64_t
max_time_ms(const struct settings *s)
{
	(void)s;
	return made_up.max_ms;
}

static void
run(void *ctx, struct lease *l)
{
	struct made_up *m = ctx;
	int64_t until = clock_boot_ms() + PATIENCE_MS;

	assert_int_equal(l->job->kind, JOB_CHAT);
	atomic_fetch_add(&m->begun, 1);
	while (m->waits && lease_why(l) == LEASE_HELD && !atomic_load(&m->go)
	    && clock_boot_ms() < until) {
		atomic_store(&m->until_ms, atomic_load(&l->until_ms));
		nap();
	}
	atomic_store(&m->why, (int)lease_why(l));
	if (lease_why(l) == LEASE_HELD)
		(void)!fixture_finish(m->w->store, l->job, END_REPLIED, "ok");
	atomic_fetch_add(&m->ended, 1);
}

static void
obey(void *ctx, const struct settings *s)
{
	struct made_up *m = ctx;

	assert_ptr_equal(s, &settings);
	atomic_fetch_add(&m->obeyed, 1);
}

static void
look(void *ctx)
{
	struct made_up *m = ctx;

	atomic_fetch_add(&m->looked, 1);
}

static void
report(void *ctx, const struct settings *s, json_t *record)
{
	(void)ctx;
	(void)s;
	json_object_set_new(record, "made_up", json_true());
}

static const struct work_kind MADE_UP = { .max_time_ms = max_time_ms,
	.run = run,
	.obey = obey,
	.look = look,
	.report = report };
/* All that a kind must have. */
static const struct work_kind LEAST = { .max_time_ms = max_time_ms,
	.run = run };

static void *
take_thread(void *arg)
{
	(void)arg;
	return take_run(&w) == 0 ? NULL : &w;
}

/* A worker with ${kind}, that takes if ${takes}. */
static void
start(struct redis_fixture *f, const struct work_kind *kind, bool takes)
{
	settings = (struct settings){ .turns_lease_ms = LEASE_MS,
		.server_drain_ms = PATIENCE_MS,
		.refs = 1 };
	made_up = (struct made_up){ .w = &w, .max_ms = TIME_MS };
	w = (struct worker){ .id = "made-up",
		.store = f->store,
		.kinds[JOB_CHAT] = { kind, &made_up, NULL },
		.turns = pool_new("turn", CHATS),
		.calls = pool_new("call", 1),
		.mu = PTHREAD_MUTEX_INITIALIZER,
		.settings = &settings };
	if (kind != NULL)
		w.kinds[JOB_CHAT].pool = w.turns;
	w.leases = lease_book_new(&w);
	w.wake = wake_new(f->store, w.id,
	    kind == NULL ? DUE_OF(JOB_TASK) : DUE_ALL);
	assert_non_null(w.wake);
	assert_int_equal(lease_book_start(w.leases), 0);
	if (takes)
		assert_int_equal(
		    pthread_create(&taking, NULL, take_thread, NULL), 0);
}

static void
end(bool takes)
{
	void *left = NULL;

	atomic_store(&made_up.go, true);
	if (takes) {
		if (!worker_is_stopping(&w))
			worker_stop(&w);
		wake_rouse(w.wake);
		pthread_join(taking, &left);
		assert_null(left);
	}
	lease_book_stop(w.leases);
	lease_book_free(w.leases);
	wake_free(w.wake);
	pool_free(w.turns);
	pool_free(w.calls);
	assert_int_equal(settings.refs, 1);
}

static void
say(struct redis_fixture *f, int chat)
{
	struct chat_name name;
	char id[16];

	snprintf(id, sizeof(id), "c%d", chat);
	name = fixture_chat(id);
	assert_int_equal(fixture_say(f->store, &name, "1", "hi", ""), STORE_OK);
}

static void
jobs_reach_their_kind(void **state)
{
	struct redis_fixture *f = *state;
	struct fleet_counts counts;
	int i;

	start(f, &LEAST, true);
	for (i = 0; i < CHATS; i++)
		say(f, i);
	await(&made_up.ended, CHATS);
	end(true);
	assert_int_equal(atomic_load(&made_up.begun), CHATS);
	assert_int_equal(fleet_count(f->store, &counts), STORE_OK);
	assert_int_equal(counts.ended[END_REPLIED], CHATS);
	assert_int_equal(counts.unaccounted, 0);
	assert_int_equal(counts.due, 0);
}

/* Every slot is busy, and what it is woken for is its idle neighbour's, at once
 * and not when that one looks by itself. */
static void
a_full_worker_passes_it_on(void **state)
{
	struct redis_fixture *f = *state;
	struct wake *idle;
	int64_t until = clock_boot_ms() + PATIENCE_MS;
	int p;

	start(f, &LEAST, true);
	made_up.waits = true;
	for (int i = 0; i < CHATS; i++)
		say(f, i);
	await(&made_up.begun, CHATS);
	idle = fixture_ear(f->store, "idle");
	p = fixture_chat("c99").partition;
	/* It becomes due, and the full one is woken, as if by chance. */
	(void)redis_text(f, "DEL {p%d}:free", p);
	say(f, 99);
	(void)redis_text(f, "SADD {p%d}:free idle", p);
	while (redis_number(f, "SPUBLISH {p%d}:wake:%s x", p, w.id) != 1)
		assert_true(clock_boot_ms() < until);
	assert_int_equal(fixture_hear(idle, PATIENCE_MS), 1u << p);
	/* With room again it looks there by itself. */
	wake_free(idle);
	atomic_store(&made_up.go, true);
	await(&made_up.ended, CHATS + 1);
	end(true);
	/* Who ended is in no set. */
	for (p = 0; p < CHAT_PARTITIONS; p++)
		assert_int_equal(
		    redis_number(f, "SISMEMBER {p%d}:free %s", p, w.id), 0);
}

/* A worker without its kind does not look for it, and is not woken. */
static void
others_jobs_are_left_to_them(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("c0");
	struct wake *other = fixture_ear(f->store, "other");
	struct job *job = NULL;

	start(f, NULL, true);
	say(f, 0);
	assert_int_equal(fixture_hear(other, PATIENCE_MS),
	    1u << chat.partition);
	wake_free(other);
	end(true);
	assert_int_equal(redis_number(f, "HEXISTS {p%d}:chat:%s attempt",
			     chat.partition, chat.text),
	    0);
	assert_int_equal(atomic_load(&made_up.begun), 0);
	fixture_hurry(f);
	job = fixture_take(f->store, &chat, TIME_MS);
	assert_non_null(job);
	assert_int_equal(job->crashes + job->failures, 0);
	assert_string_equal(job->given->message.text, "hi");
	assert_int_equal(fixture_finish(f->store, job, END_REPLIED, "ok"),
	    STORE_OK);
	job_free(job);
}

static void
a_job_is_held_as_long_as_it_runs(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("c0");
	int64_t first, until = clock_boot_ms() + PATIENCE_MS;

	start(f, &LEAST, true);
	made_up.waits = true;
	say(f, 0);
	await(&made_up.begun, 1);
	while ((first = atomic_load(&made_up.until_ms)) == 0)
		nap();
	/* After the lease that it began with it is still the first attempt. */
	while (atomic_load(&made_up.until_ms) < first + 3 * LEASE_MS / 2) {
		assert_true(clock_boot_ms() < until);
		nap();
	}
	assert_int_equal(redis_number(f, "HGET {p%d}:chat:%s attempt",
			     chat.partition, chat.text),
	    1);
	atomic_store(&made_up.go, true);
	await(&made_up.ended, 1);
	assert_int_equal(atomic_load(&made_up.why), LEASE_HELD);
	end(true);
}

/* ---- two kinds beside each other ---- */

static _Atomic int tasks_run;

static void
run_task(void *ctx, struct lease *l)
{
	(void)ctx;
	assert_int_equal(l->job->kind, JOB_TASK);
	assert_int_equal(task_finish(w.store, l->job, TASK_COMPLETED, "{}", 2),
	    STORE_OK);
	atomic_fetch_add(&tasks_run, 1);
}

static const struct work_kind TASKS = { .goes_on = true,
	.max_time_ms = max_time_ms,
	.run = run_task };

static void
begin_task(struct redis_fixture *f)
{
	struct arena *mem = arena_new();
	const struct task_call call = { .tool = "t",
		.arguments = json_keep(mem, json_object()) };
	struct chat_name name;
	char id[TASK_ID_MAX];
	int64_t now_ms;

	task_id_new(id);
	assert_int_equal(task_name(&name, "", id), 0);
	assert_int_equal(task_put(f->store, &name, id, &call, "", &now_ms),
	    STORE_OK);
	arena_free(mem);
}

/* A worker of both; chats are paused, or are not. */
static void
start_both(struct redis_fixture *f, bool paused)
{
	start(f, &LEAST, false);
	settings.chat_paused = paused;
	made_up.waits = true;
	atomic_store(&tasks_run, 0);
	w.kinds[JOB_TASK] = (struct work_row){ &TASKS, NULL,
		pool_new("task", 2) };
	wake_free(w.wake);
	w.wake = wake_new(f->store, w.id, DUE_ALL | DUE_OF(JOB_TASK));
	assert_int_equal(pthread_create(&taking, NULL, take_thread, NULL), 0);
}

/* Chats that take all their threads hold up no task. */
static void
no_kind_waits_for_another(void **state)
{
	struct redis_fixture *f = *state;
	int i;

	start_both(f, false);
	for (i = 0; i < 2 * CHATS; i++)
		say(f, i);
	await(&made_up.begun, CHATS);
	for (i = 0; i < CHATS; i++)
		begin_task(f);
	await(&tasks_run, CHATS);
	assert_int_equal(atomic_load(&made_up.begun), CHATS);
	atomic_store(&made_up.go, true);
	await(&made_up.ended, 2 * CHATS);
	end(true);
	pool_free(w.kinds[JOB_TASK].pool);
}

static void
tasks_go_on_while_chats_are_paused(void **state)
{
	struct redis_fixture *f = *state;
	int i;

	start_both(f, true);
	say(f, 0);
	for (i = 0; i < CHATS; i++)
		begin_task(f);
	await(&tasks_run, CHATS);
	assert_int_equal(atomic_load(&made_up.begun), 0);
	end(true);
	pool_free(w.kinds[JOB_TASK].pool);
}

/* From where each comes, through the thread that renews. */
static void
each_reason_reaches_the_job(void **state)
{
	static const struct {
		const char *what;
		const char *field, *value; /* of the chat's record, or NULL */
		enum lease_why why;
	} cases[] = {
		{ "/stop", "stop", "1", LEASE_STOP },
		{ "another has it", "token", "other", LEASE_LOST },
		{ "its time is over", "taken", "1", LEASE_LATE },
		{ "the process ends", NULL, NULL, LEASE_DRAIN },
		{ "Redis is away", NULL, NULL, LEASE_UNSURE },
	};
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("c0");
	size_t i;

	for (i = 0; i < NELEM(cases); i++) {
		start(f, &LEAST, true);
		made_up.waits = true;
		say(f, 0);
		await(&made_up.begun, 1);
		if (cases[i].field != NULL)
			(void)redis_text(f, "HSET {p%d}:chat:%s %s %s",
			    chat.partition, chat.text, cases[i].field,
			    cases[i].value);
		else if (cases[i].why == LEASE_UNSURE)
			redis_fixture_kill(f);
		else {
			worker_stop(&w);
			assert_false(worker_is_ending(&w));
			worker_stop(&w);
			assert_true(worker_is_ending(&w));
			wake_rouse(w.wake);
		}
		await(&made_up.ended, 1);
		if (atomic_load(&made_up.why) != (int)cases[i].why)
			fail_msg("%s: %d", cases[i].what,
			    atomic_load(&made_up.why));
		if (cases[i].why == LEASE_UNSURE)
			redis_fixture_restart(f);
		end(true);
		redis_fixture_flush(state);
	}
}

/* The kind's own longest time, as it is while the job runs. */
static void
a_kind_has_its_longest_time(void **state)
{
	struct redis_fixture *f = *state;

	start(f, &LEAST, true);
	made_up.waits = true;
	made_up.max_ms = LEASE_MS / 2;
	say(f, 0);
	await(&made_up.ended, 1);
	assert_int_equal(atomic_load(&made_up.why), LEASE_LATE);
	end(true);
}

static void
a_kind_looks_reports_and_obeys(void **state)
{
	struct redis_fixture *f = *state;
	struct arena *mem = arena_new();
	struct heartbeat *h;
	json_t *records = NULL;
	const json_t *record;

	start(f, &MADE_UP, false);
	atomic_store(&w.beat_now, true);
	h = heartbeat_start(&w);
	assert_non_null(h);
	await(&made_up.looked, 2);
	assert_int_equal(fleet_read(f->store, FLEET_TURN, mem, &records),
	    STORE_OK);
	assert_int_equal(json_array_size(records), 1);
	record = json_array_get(records, 0);
	assert_string_equal(json_member_str(record, "id"), "made-up");
	assert_true(json_member_bool(record, "made_up", false));
	worker_set_settings(&w, settings_ref(&settings));
	assert_int_equal(atomic_load(&made_up.obeyed), 1);
	heartbeat_stop(h);
	assert_int_equal(fleet_read(f->store, FLEET_TURN, mem, &records),
	    STORE_OK);
	assert_int_equal(json_array_size(records), 0);
	end(false);
	arena_free(mem);
}

#define TEST(t) cmocka_unit_test_setup(t, redis_fixture_flush)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(jobs_reach_their_kind),
		TEST(a_full_worker_passes_it_on),
		TEST(others_jobs_are_left_to_them),
		TEST(a_job_is_held_as_long_as_it_runs),
		TEST(no_kind_waits_for_another),
		TEST(tasks_go_on_while_chats_are_paused),
		TEST(each_reason_reaches_the_job),
		TEST(a_kind_has_its_longest_time),
		TEST(a_kind_looks_reports_and_obeys),
	};

	return cmocka_run_group_tests_name("work", tests, redis_fixture_setup,
	    redis_fixture_teardown);
}
