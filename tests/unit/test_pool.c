#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "base/pool.h"

#define WAIT_MS 30000

static atomic_int begun, ended;
static atomic_bool hold;

static void
pause_ms(int ms)
{
	struct timespec ts = { .tv_nsec = ms * 1000000L };

	nanosleep(&ts, NULL);
}

static void
wait_for(atomic_int *n, int want)
{
	int64_t until = clock_boot_ms() + WAIT_MS;

	while (atomic_load(n) < want && clock_boot_ms() < until)
		pause_ms(1);
	assert_int_equal(atomic_load(n), want);
}

static void
work(void *arg)
{
	(void)arg;
	atomic_fetch_add(&begun, 1);
	while (atomic_load(&hold))
		pause_ms(1);
	atomic_fetch_add(&ended, 1);
}

static void
reset(bool holding)
{
	atomic_store(&begun, 0);
	atomic_store(&ended, 0);
	atomic_store(&hold, holding);
}

static void
takes_no_more_than_it_has_threads_for(void **state)
{
	struct pool *p = pool_new("test", 3);
	int i;

	(void)state;
	reset(true);
	assert_int_equal(pool_free_slots(p), 3);
	for (i = 0; i < 3; i++)
		assert_int_equal(pool_run(p, work, NULL), 0);
	assert_int_equal(pool_run(p, work, NULL), -1);
	wait_for(&begun, 3);
	assert_int_equal(pool_busy(p), 3);
	assert_int_equal(pool_free_slots(p), 0);
	atomic_store(&hold, false);
	wait_for(&ended, 3);
	assert_int_equal(pool_drain(p, WAIT_MS), 0);
	assert_int_equal(pool_run(p, work, NULL), -1);
	assert_int_equal(pool_free_slots(p), 0);
	assert_int_equal(pool_threads(p), 0);
	pool_free(p);
}

static void
an_idle_thread_is_used_again(void **state)
{
	struct pool *p = pool_new("test", 8);
	int64_t until;
	int i;

	(void)state;
	reset(false);
	for (i = 1; i <= 50; i++) {
		assert_int_equal(pool_run(p, work, NULL), 0);
		wait_for(&ended, i);
		until = clock_boot_ms() + WAIT_MS;
		while (pool_busy(p) > 0 && clock_boot_ms() < until)
			pause_ms(1);
	}
	assert_true(pool_threads(p) <= 2);
	assert_int_equal(pool_drain(p, WAIT_MS), 0);
	pool_free(p);
}

static void *
run_many(void *arg)
{
	int i;

	for (i = 0; i < 500; i++)
		while (pool_run(arg, work, NULL) == -1)
			pause_ms(0);
	return NULL;
}

static void
nothing_is_lost_among_many_callers(void **state)
{
	struct pool *p = pool_new("test", 4);
	pthread_t callers[4];
	int i;

	(void)state;
	reset(false);
	for (i = 0; i < 4; i++)
		assert_int_equal(
		    thread_start(&callers[i], "caller", run_many, p), 0);
	for (i = 0; i < 4; i++)
		pthread_join(callers[i], NULL);
	assert_int_equal(pool_drain(p, WAIT_MS), 0);
	assert_int_equal(atomic_load(&ended), 2000);
	pool_free(p);
}

static void
work_waits_for_a_thread(void **state)
{
	struct pool *p = pool_new("test", 2);
	struct pool_job jobs[5];
	int i;

	(void)state;
	reset(true);
	for (i = 0; i < 5; i++)
		jobs[i] = (struct pool_job){ .work = work };
	for (i = 0; i < 4; i++)
		assert_int_equal(pool_queue(p, &jobs[i], 2), 0);
	assert_int_equal(pool_queue(p, &jobs[4], 2), -1); /* two wait */
	wait_for(&begun, 2);
	assert_int_equal(pool_threads(p), 2);
	assert_int_equal(pool_run(p, work, NULL), -1);
	atomic_store(&hold, false);
	/* What waits is done, also when nothing new is taken. */
	assert_int_equal(pool_drain(p, WAIT_MS), 0);
	assert_int_equal(atomic_load(&ended), 4);
	assert_int_equal(pool_queue(p, &jobs[4], 2), -1);
	pool_free(p);
}

static void
a_drain_says_that_something_still_runs(void **state)
{
	struct pool *p = pool_new("test", 1);

	(void)state;
	reset(true);
	assert_int_equal(pool_run(p, work, NULL), 0);
	wait_for(&begun, 1);
	assert_int_equal(pool_drain(p, 20), -1);
	atomic_store(&hold, false);
	assert_int_equal(pool_drain(p, WAIT_MS), 0);
	pool_free(p);
	pool_free(NULL);
}

static void *
look(void *arg)
{
	sigset_t *blocked = arg;

	pthread_sigmask(SIG_SETMASK, NULL, blocked);
	return NULL;
}

static void
a_thread_takes_no_signals(void **state)
{
	sigset_t theirs, ours;
	pthread_t t;

	(void)state;
	assert_int_equal(
	    thread_start(&t, "a name that is too long", look, &theirs), 0);
	pthread_join(t, NULL);
	assert_int_equal(sigismember(&theirs, SIGTERM), 1);
	assert_int_equal(sigismember(&theirs, SIGHUP), 1);
	/* but those of its own faults, which a handler may mend */
	assert_int_equal(sigismember(&theirs, SIGBUS), 0);
	assert_int_equal(sigismember(&theirs, SIGSEGV), 0);
	pthread_sigmask(SIG_SETMASK, NULL, &ours);
	assert_int_equal(sigismember(&ours, SIGTERM), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_no_more_than_it_has_threads_for),
		cmocka_unit_test(an_idle_thread_is_used_again),
		cmocka_unit_test(nothing_is_lost_among_many_callers),
		cmocka_unit_test(work_waits_for_a_thread),
		cmocka_unit_test(a_drain_says_that_something_still_runs),
		cmocka_unit_test(a_thread_takes_no_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
