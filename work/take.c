#include "work/take.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pool.h"
#include "nouns/metric.h"
#include "redis/journal.h"
#include "redis/wake.h"
#include "work/lease.h"
#include "work/worker.h"

/* Jobs taken in one script: more would starve the other workers. */
#define TAKE_MAX 32
/* All partitions are looked at so often: retries, leases that ran out, wakes
 * that nobody heard. */
#define LOOK_MS 1000
#define FULL_WAIT_MS 5 /* until there may be room again */
#define WAIT_MIN_MS 20
/* After a reconnect jobs are renewed by their holders, who may be others than
 * us, before any is taken: they only look abandoned. */
#define RECONNECT_WAIT_MS 2000
#define DOWN_WAIT_MS 200
#define DRAIN_MS 5000 /* what was cut short hands its job back */
/* until another one, or this one, may have a thread */
#define NO_THREAD_MS 1000

/* A job and its thread. */
struct held {
	struct worker *w;
	const struct work_row *row;
	struct lease lease;
};

static void
count(struct worker *w, enum job_kind kind, int change)
{
	int now = atomic_fetch_add(&w->running[kind], change) + change;

	if (kind == JOB_CHAT)
		metric_set(METRIC_RUNNING, 0, now);
}

static void
held_run(void *arg)
{
	struct held *h = arg;
	struct worker *w = h->w;
	struct job *job = h->lease.job;
	enum job_kind kind = job->kind;

	lease_add(w->leases, &h->lease);
	h->row->kind->run(h->row->ctx, &h->lease);
	lease_remove(w->leases, &h->lease);
	job_free(job);
	free(h);
	count(w, kind, -1);
}

/* Back at once: this thread is for all, and the next ones are leased. */
static void
leave(struct worker *w, struct job *job, int64_t delay_ms)
{
	(void)!journal_release(w->store, job, delay_ms, false, NULL);
	job_free(job);
}

static void
start(struct worker *w, struct job *job, const struct settings *s)
{
	const struct work_row *row = &w->kinds[job->kind];
	struct held *h;

	h = calloc(1, sizeof(*h));
	if (h == NULL)
		abort();
	h->w = w;
	h->row = row;
	lease_init(&h->lease, job, row->kind, s->turns_lease_ms);
	count(w, job->kind, 1);
	if (pool_run(row->pool, held_run, h) == 0)
		return;
	log_event(LOG_ERROR, "threads_failed",
	    F_STR("remedy", "raise the limit of processes (TasksMax)"));
	count(w, job->kind, -1);
	leave(w, job, NO_THREAD_MS);
	free(h);
}

/* How many of a kind are taken now: as many as have a thread at once (more slots
 * in a configuration read again are for the next start), and not while paused. */
static int
wanted(const struct worker *w, int kind, const struct settings *s)
{
	const struct work_row *row = &w->kinds[kind];
	bool goes_on = row->kind != NULL && row->kind->goes_on;
	int free_slots = row->pool == NULL || (s->chat_paused && !goes_on)
	    ? 0
	    : pool_free_slots(row->pool);

	return free_slots < TAKE_MAX ? free_slots : TAKE_MAX;
}

struct taker {
	struct worker *w;
	unsigned todo;      /* places where there may be jobs for us */
	int64_t looked_ms;  /* at all places, boot clock */
	int64_t next_ms;    /* wall: the first job that is due later */
	int64_t reconnects; /* seen so far */
	bool connected;     /* once at least: the first is no reconnect */
	int64_t not_before_ms;
};

/* Of the places ${of}, up to ${n}. */
static void
take(struct taker *tk, const struct settings *s, unsigned of, int n)
{
	struct job *jobs[TAKE_MAX];
	unsigned left = tk->todo & of;
	int got, i;

	got = due_take(tk->w->store, tk->w->wake, &left, n, s->turns_lease_ms,
	    s->turns_max_age_ms, jobs, &tk->next_ms);
	tk->todo = (tk->todo & ~of) | left;
	for (i = 0; i < got; i++)
		start(tk->w, jobs[i], s);
	if (got == -1)
		usleep(DOWN_WAIT_MS * 1000);
}

/* How long until it is time to look at all places; not above 0: it is. */
static int64_t
look_in_ms(const struct taker *tk)
{
	int64_t since = clock_boot_ms() - tk->looked_ms;
	int64_t wait = LOOK_MS - since, next;

	if (wake_is_out(tk->w->wake))
		return 0;
	next = tk->next_ms > 0 ? tk->next_ms - clock_wall_ms() : wait;
	/* A job that is due may be one that another worker is just taking:
	 * never look again at once. */
	if (next < WAIT_MIN_MS - since)
		next = WAIT_MIN_MS - since;
	return next < wait ? next : wait;
}

/* At all places: it is all that an idle worker asks of Redis. */
static void
look(struct taker *tk)
{
	unsigned due;

	if (due_look(tk->w->store, tk->w->wake, &due, &tk->next_ms) == 0)
		tk->todo |= due;
	else
		usleep(DOWN_WAIT_MS * 1000);
	tk->looked_ms = clock_boot_ms();
}

/* A reconnect: those who hold turns come first. */
static bool
has_reconnected(struct taker *tk)
{
	int64_t reconnects = store_reconnects(tk->w->store);
	bool again = reconnects != tk->reconnects && tk->connected;

	if (again)
		tk->not_before_ms = clock_boot_ms() + RECONNECT_WAIT_MS;
	tk->reconnects = reconnects;
	return again;
}

/* Those of the kinds for which there is room now: ${n} of each. */
static unsigned
rooms(struct worker *w, const struct settings *s, int n[JOB_KIND_N])
{
	unsigned places = 0;

	for (int k = 0; k < JOB_KIND_N; k++) {
		n[k] = wanted(w, k, s);
		if (n[k] > 0)
			places |= DUE_OF(k);
	}
	return places;
}

static void
take_once(struct taker *tk, const struct settings *s)
{
	struct wake *wake = tk->w->wake;
	int n[JOB_KIND_N];
	unsigned room = rooms(tk->w, s, n);
	int64_t wait;

	(void)has_reconnected(tk);
	if (clock_boot_ms() < tk->not_before_ms)
		room = 0;
	/* What it is woken for and has no room for is another's. */
	tk->todo |= wake_pass(wake, ~room);
	if (room == 0) {
		if (wake_wait(wake, FULL_WAIT_MS) == 0)
			tk->todo |= wake_pass(wake, ~room);
		return;
	}
	wait = (tk->todo & room) != 0 ? 0 : look_in_ms(tk);
	if ((tk->todo & ~room) != 0 && wait > FULL_WAIT_MS)
		wait = FULL_WAIT_MS; /* there may be room for those soon */
	if (wake_wait(wake, wait > 0 ? (int)wait : 0) == -1) {
		usleep(DOWN_WAIT_MS * 1000);
		return;
	}
	if (worker_is_stopping(tk->w) || has_reconnected(tk))
		return;
	tk->connected = true;
	tk->todo |= wake_pass(wake, ~room) | wake_heard(wake);
	if (look_in_ms(tk) <= 0)
		look(tk);
	for (int k = 0; k < JOB_KIND_N; k++)
		if ((tk->todo & room & DUE_OF(k)) != 0)
			take(tk, s, DUE_OF(k), n[k]);
}

static void *
take_thread(void *arg)
{
	struct taker *tk = arg;
	struct settings *s;

	while (!worker_is_stopping(tk->w)
	    && !atomic_exchange(&tk->w->trim, false)) {
		s = worker_settings(tk->w);
		take_once(tk, s);
		settings_unref(s);
	}
	return NULL;
}

static bool
runs(const struct worker *w)
{
	for (int k = 0; k < JOB_KIND_N; k++)
		if (atomic_load(&w->running[k]) > 0)
			return true;
	return false;
}

/* 0: all kinds' threads have handed back. */
static int
drain(struct worker *w)
{
	int rc = 0;

	for (int k = 0; k < JOB_KIND_N; k++)
		if (w->kinds[k].pool != NULL
		    && pool_drain(w->kinds[k].pool, DRAIN_MS) == -1)
			rc = -1;
	return rc;
}

int
take_run(struct worker *w)
{
	struct taker tk = { .w = w };
	struct settings *s;
	int64_t drain_ms, until;
	pthread_t taking;

	/* What malloc keeps for a thread goes with it. */
	while (!worker_is_stopping(w)) {
		if (thread_start(&taking, "take", take_thread, &tk) == -1)
			(void)take_thread(&tk);
		else
			pthread_join(taking, NULL);
	}
	wake_leave(w->wake);
	s = worker_settings(w);
	drain_ms = s->server_drain_ms;
	settings_unref(s);
	until = clock_boot_ms() + drain_ms;
	while (runs(w) && clock_boot_ms() < until && !worker_is_ending(w))
		usleep(20000);
	/* Whatever still runs is cut short and handed back. */
	atomic_store(&w->stopping, WORKER_ENDS);
	lease_cancel_all(w->leases, LEASE_DRAIN);
	return drain(w);
}
