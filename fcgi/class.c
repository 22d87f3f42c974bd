#include "fcgi/class.h"

#include <pthread.h>
#include <stdlib.h>

/* Of a class that is served where it is accepted. */
struct share {
	int max, running;
	struct pool_job *first, **last; /* those that wait */
	int waiting;
};

struct classes {
	pthread_mutex_t mu; /* of the shares, but for max */
	struct share shares[CLASS_CALL];
	struct pool *calls;
};

static bool
has_route(const struct route *routes, enum route_class class)
{
	for (; routes->pattern != NULL; routes++)
		if (routes->class == class)
			return true;
	return false;
}

struct classes *
classes_new(const struct route *routes, int threads)
{
	const int max[CLASS_CALL]
	    = { [CLASS_PROBE] = CLASS_PROBES, [CLASS_ACCEPT] = threads };
	struct classes *cs = calloc(1, sizeof(*cs));
	int i;

	if (cs == NULL)
		abort();
	pthread_mutex_init(&cs->mu, NULL);
	for (i = 0; i < CLASS_CALL; i++) {
		cs->shares[i].max = has_route(routes, i) ? max[i] : 0;
		cs->shares[i].last = &cs->shares[i].first;
	}
	/* A pool starts threads when there is something to do. */
	cs->calls = pool_new("call", threads);
	return cs;
}

int
classes_accepting(const struct classes *cs)
{
	int i, n = CLASS_READERS;

	for (i = 0; i < CLASS_CALL; i++)
		n += cs->shares[i].max;
	return n;
}

int
classes_threads(struct classes *cs)
{
	return pool_threads(cs->calls);
}

enum class_rc
class_enter(struct classes *cs, enum route_class class, struct pool_job *job)
{
	struct share *s;
	enum class_rc rc = CLASS_FULL;

	if (class == CLASS_CALL)
		return class_call(cs, job) == 0 ? CLASS_LATER : CLASS_FULL;
	s = &cs->shares[class];
	pthread_mutex_lock(&cs->mu);
	if (s->running < s->max) {
		s->running++;
		rc = CLASS_HERE;
	} else if (s->waiting < CLASS_WAITING) {
		s->waiting++;
		job->next = NULL;
		*s->last = job;
		s->last = &job->next;
		rc = CLASS_LATER;
	}
	pthread_mutex_unlock(&cs->mu);
	return rc;
}

void
class_leave(struct classes *cs, enum route_class class)
{
	struct share *s = &cs->shares[class];
	struct pool_job *job;

	for (;;) {
		pthread_mutex_lock(&cs->mu);
		job = s->first;
		if (job == NULL) {
			s->running--;
		} else {
			s->waiting--;
			s->first = job->next;
			if (s->first == NULL)
				s->last = &s->first;
		}
		pthread_mutex_unlock(&cs->mu);
		if (job == NULL)
			return;
		job->work(job->arg);
	}
}

int
class_call(struct classes *cs, struct pool_job *job)
{
	return pool_queue(cs->calls, job, CLASS_WAITING);
}

int
classes_drain(struct classes *cs, int wait_ms)
{
	return pool_drain(cs->calls, wait_ms);
}

void
classes_free(struct classes *cs)
{
	if (cs == NULL)
		return;
	pool_free(cs->calls);
	pthread_mutex_destroy(&cs->mu);
	free(cs);
}
