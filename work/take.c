#include "work/take.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pool.h"
#include "nouns/metric.h"
#include "redis/journal.h"
#include "work/lease.h"
#include "work/worker.h"

/* Jobs taken in one script: more would starve the other workers. */
#define TAKE_MAX 32
/* All partitions are looked at so often: retries, leases that ran out. */
#define SCAN_MS 1000
#define WAIT_MIN_MS 20
/* After a reconnect jobs are renewed by their holders, who may be others than
 * us, before any is taken: they only look abandoned. */
#define RECONNECT_WAIT_MS 2000
#define DOWN_WAIT_MS 200
/* until another one, or this one, may have a thread */
#define NO_THREAD_MS 1000

/* A kind that this worker does not run: as long as take leaves such a job. */
#define OTHERS_MS 1000

/* A job and its thread. */
struct held {
	struct worker *w;
	const struct work_row *row;
	struct lease lease;
};

static void
count(struct worker *w, int change)
{
	metric_set(METRIC_RUNNING, 0,
	    atomic_fetch_add(&w->running, change) + change);
}

static void
held_run(void *arg)
{
	struct held *h = arg;
	struct worker *w = h->w;
	struct job *job = h->lease.job;

	lease_add(w->leases, &h->lease);
	h->row->kind->run(h->row->ctx, &h->lease);
	lease_remove(w->leases, &h->lease);
	job_free(job);
	free(h);
	count(w, -1);
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

	if (row->kind == NULL) {
		leave(w, job, OTHERS_MS);
		return;
	}
	h = calloc(1, sizeof(*h));
	if (h == NULL)
		abort();
	h->w = w;
	h->row = row;
	lease_init(&h->lease, job, row->kind, s->turns_lease_ms);
	count(w, 1);
	if (pool_run(w->turns, held_run, h) == 0)
		return;
	log_event(LOG_ERROR, "threads_failed",
	    F_STR("remedy", "raise the limit of processes (TasksMax)"));
	leave(w, job, NO_THREAD_MS);
	free(h);
	count(w, -1);
}

/* How many are taken now: as many as have a thread at once (more slots in a
 * configuration read again are for the next start), and not while paused. */
static int
wanted(struct worker *w, const struct settings *s)
{
	int free_slots = s->chat_paused ? 0 : pool_free_slots(w->turns);

	return free_slots < TAKE_MAX ? free_slots : TAKE_MAX;
}

struct taker {
	struct worker *w;
	int64_t scanned_ms;
	int64_t next_ms;    /* wall: the first job that is due later */
	bool more;          /* the last scan filled all slots */
	int64_t reconnects; /* seen so far */
	bool connected;     /* once at least: the first is no reconnect */
	int64_t not_before_ms;
};

static void
take(struct taker *tk, const struct settings *s, int partition, int n)
{
	struct job *jobs[TAKE_MAX];
	int64_t next = 0;
	int got, i;

	if (partition >= 0)
		got = due_take(tk->w->store, partition, n, s->turns_lease_ms,
		    s->turns_max_age_ms, jobs, &next);
	else {
		got = due_take_all(tk->w->store, n, s->turns_lease_ms,
		    s->turns_max_age_ms, jobs, &next);
		tk->scanned_ms = clock_boot_ms();
		tk->next_ms = next;
		tk->more = got == n;
	}
	for (i = 0; i < got; i++)
		start(tk->w, jobs[i], s);
}

/* Is it time to look at all partitions? */
static bool
scan_is_due(const struct taker *tk)
{
	return tk->more || clock_boot_ms() - tk->scanned_ms >= SCAN_MS
	    || (tk->next_ms > 0 && tk->next_ms <= clock_wall_ms());
}

/* Look at all partitions.  When nothing is expected, a glance comes first: it
 * is all that an idle worker asks of Redis. */
static void
scan(struct taker *tk, const struct settings *s, int n)
{
	bool expected = tk->more
	    || (tk->next_ms > 0 && tk->next_ms <= clock_wall_ms());
	int64_t next;

	if (expected || due_look(tk->w->store, &next) == 1) {
		take(tk, s, -1, n);
		return;
	}
	tk->scanned_ms = clock_boot_ms();
	tk->next_ms = next;
}

/* Until a token comes, a retry is due, or it is time for a scan. */
static int
wait_for_work(struct taker *tk)
{
	int64_t wait = tk->more ? 0
				: tk->scanned_ms + SCAN_MS - clock_boot_ms();

	if (tk->next_ms > 0 && tk->next_ms - clock_wall_ms() < wait)
		wait = tk->next_ms - clock_wall_ms();
	/* A job that is due may be one that another worker is just taking:
	 * never look again at once. */
	return due_wait(tk->w->store,
	    (int)(wait < WAIT_MIN_MS ? WAIT_MIN_MS : wait));
}

static void
take_once(struct taker *tk, const struct settings *s)
{
	int64_t reconnects = store_reconnects(tk->w->store);
	int n = wanted(tk->w, s), partition;

	if (reconnects != tk->reconnects) {
		tk->reconnects = reconnects;
		if (tk->connected)
			tk->not_before_ms = clock_boot_ms() + RECONNECT_WAIT_MS;
	}
	if (n == 0 || clock_boot_ms() < tk->not_before_ms) {
		usleep(5000);
		return;
	}
	partition = wait_for_work(tk);
	if (partition == -2) {
		usleep(DOWN_WAIT_MS * 1000);
		return;
	}
	/* Reconnected while it waited: those who hold turns come first. */
	if (worker_is_stopping(tk->w)
	    || (tk->connected
		&& store_reconnects(tk->w->store) != tk->reconnects)) {
		if (partition >= 0)
			due_poke(tk->w->store); /* the token was another's */
		return;
	}
	tk->connected = true;
	if (partition >= 0)
		take(tk, s, partition, n);
	n = wanted(tk->w, s);
	if (n > 0 && scan_is_due(tk))
		scan(tk, s, n);
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
	s = worker_settings(w);
	drain_ms = s->server_drain_ms;
	settings_unref(s);
	until = clock_boot_ms() + drain_ms;
	while (atomic_load(&w->running) > 0 && clock_boot_ms() < until
	    && !worker_is_ending(w))
		usleep(20000);
	/* Whatever still runs is cut short and handed back. */
	atomic_store(&w->stopping, WORKER_ENDS);
	lease_cancel_all(w->leases, LEASE_DRAIN);
	return pool_drain(w->turns, 5000);
}
