#include "base/pool.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/cond.h"

struct worker {
	struct pool *pool;
	pthread_cond_t wake;
	void (*work)(void *arg); /* NULL: nothing yet */
	void *arg;
	struct worker *next; /* of the idle ones, or of the ended ones */
};

struct pool {
	pthread_mutex_t mu;
	pthread_cond_t quiet; /* busy or threads went down */
	char name[16];
	int max;
	int threads, busy;
	struct pool_job *first, **last; /* those that wait */
	int waiting;
	struct worker
	    *idle; /* last one that became idle: its caches are warm */
	/* Their threads are gone; kept, because who called one may be about
	 * to signal it. */
	struct worker *ended;
	bool closing;
};

/* What a thread does itself.  Where one is blocked, the kernel ends the process
 * and asks no handler (base/metrics_map.c has one of SIGBUS). */
static const int OWN_FAULTS[] = { SIGBUS, SIGFPE, SIGILL, SIGSEGV };

int
thread_start(pthread_t *out, const char *name, void *(*run)(void *), void *arg)
{
	pthread_attr_t attr;
	sigset_t all, before;
	size_t i;
	int rc;

	sigfillset(&all);
	for (i = 0; i < NELEM(OWN_FAULTS); i++)
		sigdelset(&all, OWN_FAULTS[i]);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, POOL_STACK);
	rc = pthread_create(out, &attr, run, arg);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0)
		return -1;
	pthread_setname_np(*out, name);
	return 0;
}

struct pool *
pool_new(const char *name, int max)
{
	struct pool *p = calloc(1, sizeof(*p));

	if (p == NULL)
		abort();
	strncpy(p->name, name, sizeof(p->name) - 1);
	p->max = max;
	p->last = &p->first;
	pthread_mutex_init(&p->mu, NULL);
	cond_init(&p->quiet);
	return p;
}

static void
leave_idle(struct pool *p, struct worker *w)
{
	struct worker **at = &p->idle;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
}

/* Wait for work as an idle thread; false: end. */
static bool
wait_idle(struct pool *p, struct worker *w)
{
	struct timespec until = cond_after(POOL_IDLE_MS);

	w->next = p->idle;
	p->idle = w;
	while (w->work == NULL) {
		int rc = pthread_cond_timedwait(&w->wake, &p->mu, &until);

		if (w->work == NULL && (p->closing || rc == ETIMEDOUT)) {
			leave_idle(p, w);
			return false;
		}
	}
	return true;
}

/* Give ${w}, which has ended its work, the first that waits.  False: none. */
static bool
take_waiting(struct pool *p, struct worker *w)
{
	struct pool_job *job = p->first;

	if (job == NULL)
		return false;
	p->first = job->next;
	if (p->first == NULL)
		p->last = &p->first;
	p->waiting--;
	w->work = job->work;
	w->arg = job->arg;
	return true;
}

static void *
run(void *arg)
{
	struct worker *w = arg;
	struct pool *p = w->pool;

	pthread_mutex_lock(&p->mu);
	for (;;) {
		void (*work)(void *) = w->work;

		w->work = NULL;
		pthread_mutex_unlock(&p->mu);
		work(w->arg);
		pthread_mutex_lock(&p->mu);
		if (take_waiting(p, w))
			continue;
		p->busy--;
		if (p->closing) {
			pthread_cond_broadcast(&p->quiet);
			break;
		}
		if (!wait_idle(p, w))
			break;
	}
	p->threads--;
	w->next = p->ended;
	p->ended = w;
	pthread_cond_broadcast(&p->quiet);
	pthread_mutex_unlock(&p->mu);
	return NULL;
}

static int
grow(struct pool *p, void (*work)(void *arg), void *arg)
{
	struct worker *w = p->ended;
	pthread_t thread;

	if (w != NULL) {
		p->ended = w->next;
	} else {
		w = calloc(1, sizeof(*w));
		if (w == NULL)
			abort();
		w->pool = p;
		cond_init(&w->wake);
	}
	w->work = work;
	w->arg = arg;
	if (thread_start(&thread, p->name, run, w) == -1) {
		w->next = p->ended;
		p->ended = w;
		return -1;
	}
	pthread_detach(thread);
	p->threads++;
	p->busy++;
	return 0;
}

/* 0: a thread has it, ${called} to be woken without the lock; -1: none is free. */
static int
hand_out(struct pool *p, void (*work)(void *arg), void *arg,
    struct worker **called)
{
	if (p->closing)
		return -1;
	if (p->idle == NULL)
		return p->threads < p->max ? grow(p, work, arg) : -1;
	*called = p->idle;
	p->idle = (*called)->next;
	(*called)->work = work;
	(*called)->arg = arg;
	p->busy++;
	return 0;
}

int
pool_run(struct pool *p, void (*work)(void *arg), void *arg)
{
	struct worker *called = NULL;
	int rc;

	pthread_mutex_lock(&p->mu);
	rc = hand_out(p, work, arg, &called);
	pthread_mutex_unlock(&p->mu);
	/* Without the lock, which is the first thing that it takes. */
	if (called != NULL)
		pthread_cond_signal(&called->wake);
	return rc;
}

int
pool_queue(struct pool *p, struct pool_job *job, int waiting_max)
{
	struct worker *called = NULL;
	int rc;

	pthread_mutex_lock(&p->mu);
	rc = hand_out(p, job->work, job->arg, &called);
	/* Where not even one thread could be started nobody would take it. */
	if (rc == -1 && !p->closing && p->busy > 0
	    && p->waiting < waiting_max) {
		p->waiting++;
		job->next = NULL;
		*p->last = job;
		p->last = &job->next;
		rc = 0;
	}
	pthread_mutex_unlock(&p->mu);
	if (called != NULL)
		pthread_cond_signal(&called->wake);
	return rc;
}

int
pool_free_slots(struct pool *p)
{
	int n;

	pthread_mutex_lock(&p->mu);
	n = p->closing ? 0 : p->max - p->busy;
	pthread_mutex_unlock(&p->mu);
	return n;
}

int
pool_busy(struct pool *p)
{
	int n;

	pthread_mutex_lock(&p->mu);
	n = p->busy;
	pthread_mutex_unlock(&p->mu);
	return n;
}

int
pool_threads(struct pool *p)
{
	int n;

	pthread_mutex_lock(&p->mu);
	n = p->threads;
	pthread_mutex_unlock(&p->mu);
	return n;
}

int
pool_drain(struct pool *p, int wait_ms)
{
	struct timespec until = cond_after(wait_ms);
	struct worker *w;
	int rc = 0;

	pthread_mutex_lock(&p->mu);
	p->closing = true;
	for (w = p->idle; w != NULL; w = w->next)
		pthread_cond_signal(&w->wake);
	while (p->threads > 0 && rc == 0)
		rc = pthread_cond_timedwait(&p->quiet, &p->mu, &until);
	rc = p->threads > 0 ? -1 : 0;
	pthread_mutex_unlock(&p->mu);
	return rc;
}

void
pool_free(struct pool *p)
{
	struct worker *w;

	if (p == NULL)
		return;
	/* The last thread may still hold the mutex for a moment. */
	pthread_mutex_lock(&p->mu);
	pthread_mutex_unlock(&p->mu);
	while (p->ended != NULL) {
		w = p->ended;
		p->ended = w->next;
		pthread_cond_destroy(&w->wake);
		free(w);
	}
	pthread_cond_destroy(&p->quiet);
	pthread_mutex_destroy(&p->mu);
	free(p);
}
