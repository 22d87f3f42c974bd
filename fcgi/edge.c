#include "fcgi/edge.h"

#include <unistd.h>

#include "redis/store.h"

struct settings *
edge_settings(struct edge *e)
{
	struct settings *s;

	while (atomic_flag_test_and_set_explicit(&e->settings_lock,
	    memory_order_acquire))
		;
	s = settings_ref(e->settings);
	atomic_flag_clear_explicit(&e->settings_lock, memory_order_release);
	return s;
}

void
edge_set_settings(struct edge *e, struct settings *s)
{
	struct settings *old;

	while (atomic_flag_test_and_set_explicit(&e->settings_lock,
	    memory_order_acquire))
		;
	old = e->settings;
	e->settings = s;
	atomic_flag_clear_explicit(&e->settings_lock, memory_order_release);
	settings_unref(old);
}

bool
edge_may_store(struct edge *e)
{
	if (atomic_load(&e->may_store))
		return true;
	switch (store_canary(e->store)) {
	case STORE_OK:
		atomic_store(&e->may_store, true);
		return true;
	case STORE_UNKNOWN_KEY:
		/* Rather no edge than messages that nobody can open. */
		store_log_other_key();
		_exit(2);
	default:
		return false;
	}
}
