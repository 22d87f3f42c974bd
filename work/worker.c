#include "work/worker.h"

struct settings *
worker_settings(struct worker *w)
{
	struct settings *s;

	pthread_mutex_lock(&w->mu);
	s = settings_ref(w->settings);
	pthread_mutex_unlock(&w->mu);
	return s;
}

void
worker_set_settings(struct worker *w, struct settings *s)
{
	struct settings *old;
	size_t i;

	pthread_mutex_lock(&w->mu);
	old = w->settings;
	w->settings = s;
	pthread_mutex_unlock(&w->mu);
	settings_unref(old);
	for (i = 0; i < NELEM(w->kinds); i++) {
		const struct work_row *row = &w->kinds[i];

		if (row->kind != NULL && row->kind->obey != NULL)
			row->kind->obey(row->ctx, s);
	}
}

void
worker_stop(struct worker *w)
{
	int runs = WORKER_RUNS;

	if (!atomic_compare_exchange_strong(&w->stopping, &runs, WORKER_DRAINS))
		atomic_store(&w->stopping, WORKER_ENDS);
}

bool
worker_is_stopping(const struct worker *w)
{
	return atomic_load(&w->stopping) != WORKER_RUNS;
}

bool
worker_is_ending(const struct worker *w)
{
	return atomic_load(&w->stopping) == WORKER_ENDS;
}
