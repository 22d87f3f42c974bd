#include "work/lease.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/log.h"
#include "base/pool.h"
#include "redis/journal.h"
#include "work/worker.h"

#define TICK_MS 500    /* how late an unsure lease may be noticed */
#define RENEW_MAX 4096 /* jobs renewed in one round trip */

struct lease_book {
	struct worker *w;
	pthread_mutex_t mu;
	pthread_cond_t changed;
	struct lease *first;
	size_t n;
	pthread_t thread;
	bool started, stopping;
	int64_t renew_at_ms;
	int64_t reconnects; /* seen so far */
	int64_t stops;      /* seen so far */
	bool renew_now;
};

struct lease_book *
lease_book_new(struct worker *w)
{
	struct lease_book *b = calloc(1, sizeof(*b));

	if (b == NULL)
		abort();
	b->w = w;
	pthread_mutex_init(&b->mu, NULL);
	cond_init(&b->changed);
	return b;
}

/* A lease of ${lease_ms} stands until ${until_ms}. */
static void
set_until(struct lease *l, int64_t until_ms, int64_t lease_ms)
{
	atomic_store(&l->margin_ms,
	    lease_ms / 4 < LEASE_MARGIN_MS ? lease_ms / 4 : LEASE_MARGIN_MS);
	atomic_store(&l->until_ms, until_ms);
}

void
lease_init(struct lease *l, struct job *job, const struct work_kind *kind,
    int64_t lease_ms)
{
	l->job = job;
	l->kind = kind;
	__atomic_store_n(&l->why, job->stop ? LEASE_STOP : LEASE_HELD,
	    __ATOMIC_SEQ_CST);
	l->taken_back = 0;
	l->renewing = false;
	set_until(l, job->lease_until_ms, lease_ms);
}

void
lease_add(struct lease_book *b, struct lease *l)
{
	pthread_mutex_lock(&b->mu);
	l->next = b->first;
	l->link = &b->first;
	if (b->first != NULL)
		b->first->link = &l->next;
	b->first = l;
	b->n++;
	pthread_mutex_unlock(&b->mu);
}

void
lease_remove(struct lease_book *b, struct lease *l)
{
	pthread_mutex_lock(&b->mu);
	while (l->renewing)
		pthread_cond_wait(&b->changed, &b->mu);
	*l->link = l->next;
	if (l->next != NULL)
		l->next->link = l->link;
	b->n--;
	pthread_mutex_unlock(&b->mu);
}

void
lease_renewed(struct lease *l, int64_t asked_ms, int64_t lease_ms)
{
	int unsure = LEASE_UNSURE;

	set_until(l, asked_ms + lease_ms, lease_ms);
	/* Sure again: the next calls are not to be cancelled for it. */
	if (__atomic_compare_exchange_n(&l->why, &unsure, LEASE_HELD, false,
		__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		l->taken_back++;
}

void
lease_cancel(struct lease *l, enum lease_why why)
{
	int now = __atomic_load_n(&l->why, __ATOMIC_SEQ_CST);

	while (now < (int)why
	    && !__atomic_compare_exchange_n(&l->why, &now, (int)why, false,
		__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		continue;
}

enum lease_why
lease_why(const struct lease *l)
{
	return (enum lease_why)__atomic_load_n(&l->why, __ATOMIC_SEQ_CST);
}

bool
lease_is_sure(const struct lease *l)
{
	return clock_boot_ms()
	    <= atomic_load(&l->until_ms) - atomic_load(&l->margin_ms);
}

void
lease_cancel_all(struct lease_book *b, enum lease_why why)
{
	struct lease *l;

	pthread_mutex_lock(&b->mu);
	for (l = b->first; l != NULL; l = l->next)
		lease_cancel(l, why);
	pthread_mutex_unlock(&b->mu);
}

/* Those whose lease nobody could renew in time: stop their calls. */
static void
find_unsure(struct lease_book *b)
{
	struct lease *l;

	pthread_mutex_lock(&b->mu);
	for (l = b->first; l != NULL; l = l->next)
		if (!lease_is_sure(l))
			lease_cancel(l, LEASE_UNSURE);
	pthread_mutex_unlock(&b->mu);
}

static void
note_renewal(struct lease *l, enum store_rc rc, bool stopped, int64_t until,
    int64_t lease_ms)
{
	switch (rc) {
	case STORE_OK:
		set_until(l, until, lease_ms);
		break;
	case STORE_LOST:
		lease_cancel(l, LEASE_LOST);
		break;
	case STORE_LATE:
		lease_cancel(l, LEASE_LATE);
		break;
	default: /* Redis is away: the lease still stands */
		break;
	}
	if (stopped)
		lease_cancel(l, LEASE_STOP);
}

static void
renew(struct lease_book *b, const struct settings *s)
{
	struct lease **held = NULL;
	struct job **jobs = NULL;
	enum store_rc *rc = NULL;
	bool *stopped = NULL;
	int64_t *max_ms = NULL, until;
	struct lease *l;
	size_t n = 0, i;

	pthread_mutex_lock(&b->mu);
	if (b->n > 0) {
		held = calloc(b->n, sizeof(struct lease *));
		jobs = calloc(b->n, sizeof(struct job *));
		rc = calloc(b->n, sizeof(*rc));
		stopped = calloc(b->n, sizeof(*stopped));
		max_ms = calloc(b->n, sizeof(*max_ms));
		if (held == NULL || jobs == NULL || rc == NULL
		    || stopped == NULL || max_ms == NULL)
			abort();
		for (l = b->first; l != NULL && n < RENEW_MAX; l = l->next) {
			if (lease_why(l) == LEASE_LOST)
				continue;
			l->renewing = true;
			held[n] = l;
			max_ms[n] = l->kind->max_time_ms(s);
			jobs[n++] = l->job;
		}
	}
	pthread_mutex_unlock(&b->mu);
	if (n > 0) {
		until = clock_boot_ms() + s->turns_lease_ms;
		for (i = 0; i < n; i++)
			rc[i] = STORE_DOWN;
		/* Each result is looked at by itself. */
		(void)!journal_renew(b->w->store, jobs, n, s->turns_lease_ms,
		    max_ms, rc, stopped);
		pthread_mutex_lock(&b->mu);
		for (i = 0; i < n; i++) {
			note_renewal(held[i], rc[i], stopped[i], until,
			    s->turns_lease_ms);
			held[i]->renewing = false;
		}
		pthread_cond_broadcast(&b->changed);
		pthread_mutex_unlock(&b->mu);
	}
	free(held);
	free(jobs);
	free(rc);
	free(stopped);
	free(max_ms);
}

static void
tick_wait(struct lease_book *b)
{
	pthread_mutex_lock(&b->mu);
	if (!b->stopping && !b->renew_now)
		(void)cond_wait_ms(&b->changed, &b->mu, TICK_MS);
	pthread_mutex_unlock(&b->mu);
}

static bool
book_stopping(struct lease_book *b)
{
	bool stopping;

	pthread_mutex_lock(&b->mu);
	stopping = b->stopping;
	pthread_mutex_unlock(&b->mu);
	return stopping;
}

void
lease_look_for_stops(struct lease_book *b)
{
	int64_t stops;
	size_t n;

	pthread_mutex_lock(&b->mu);
	n = b->n;
	pthread_mutex_unlock(&b->mu);
	if (n == 0 || journal_stops(b->w->store, &stops) != STORE_OK)
		return;
	pthread_mutex_lock(&b->mu);
	if (stops != b->stops) {
		b->stops = stops;
		b->renew_now = true;
		pthread_cond_broadcast(&b->changed);
	}
	pthread_mutex_unlock(&b->mu);
}

/* True once after each stop that came. */
static bool
is_wanted_now(struct lease_book *b)
{
	bool now;

	pthread_mutex_lock(&b->mu);
	now = b->renew_now;
	b->renew_now = false;
	pthread_mutex_unlock(&b->mu);
	return now;
}

static void *
run(void *arg)
{
	struct lease_book *b = arg;

	while (!book_stopping(b)) {
		struct settings *s = worker_settings(b->w);
		int64_t now = clock_boot_ms();
		int64_t reconnects = store_reconnects(b->w->store);

		/* It may have become shorter. */
		if (b->renew_at_ms > now + s->turns_lease_ms / 3)
			b->renew_at_ms = now + s->turns_lease_ms / 3;
		/* After a reconnect at once: others wait for it before they
		 * take what looks abandoned (take.c). */
		if (now >= b->renew_at_ms || reconnects != b->reconnects
		    || is_wanted_now(b)) {
			b->reconnects = reconnects;
			b->renew_at_ms = now + s->turns_lease_ms / 3;
			renew(b, s);
		}
		find_unsure(b);
		settings_unref(s);
		tick_wait(b);
	}
	return NULL;
}

int
lease_book_start(struct lease_book *b)
{
	if (thread_start(&b->thread, "lease", run, b) == -1)
		return -1;
	b->started = true;
	return 0;
}

void
lease_book_stop(struct lease_book *b)
{
	if (!b->started)
		return;
	pthread_mutex_lock(&b->mu);
	b->stopping = true;
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->mu);
	pthread_join(b->thread, NULL);
	b->started = false;
}

void
lease_book_free(struct lease_book *b)
{
	if (b == NULL)
		return;
	pthread_cond_destroy(&b->changed);
	pthread_mutex_destroy(&b->mu);
	free(b);
}
