#include "chat/breaker.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "redis/breaker.h"
#include "redis/fleet.h"
#include "work/worker.h"

/* So many failures within the window open a backend's breaker. */
#define FAILURES 5
#define WINDOW_MS 30000
#define OPEN_MS 15000

static void
begin(struct model_breaker *br, const char *name, size_t len)
{
	memcpy(br->name, name, len + 1);
	atomic_store(&br->open_until_ms, 0);
	atomic_store(&br->failing, 0);
	atomic_store(&br->last_rc, -1);
	atomic_store(&br->open_rc, LLM_RETRY);
	atomic_store(&br->cut_told_ms, 0);
	atomic_store(&br->usage_told_ms, 0);
	atomic_store(&br->begun_ms, clock_wall_ms());
	atomic_store(&br->asked_ms, 0);
	atomic_store(&br->answered_ms, 0);
	atomic_store(&br->troubled, false);
	atomic_store(&br->unlisted, false);
	br->trouble = (struct model_trouble){ .rc = LLM_OK };
}

struct model_breaker *
model_breaker_hold(struct models *m, const char *name)
{
	struct model_breaker *found = NULL, *unused = NULL;
	size_t i, len = strlen(name);

	if (len == 0 || len >= sizeof(m->breakers[0].name))
		return NULL;
	pthread_mutex_lock(&m->mu);
	for (i = 0; i < MODELS_MAX && found == NULL; i++) {
		struct model_breaker *br = &m->breakers[i];

		if (br->name[0] == '\0')
			unused = unused == NULL ? br : unused;
		else if (strcmp(br->name, name) == 0)
			found = br;
	}
	if (found == NULL && unused != NULL) {
		begin(unused, name, len);
		found = unused;
	}
	if (found != NULL)
		found->holders++;
	pthread_mutex_unlock(&m->mu);
	return found;
}

void
model_breaker_drop(struct models *m, struct model_breaker *br)
{
	if (br == NULL)
		return;
	pthread_mutex_lock(&m->mu);
	br->holders--;
	pthread_mutex_unlock(&m->mu);
}

/* It opened before this process, or its configuration, began: what was wrong
 * may be mended, so one question finds out. */
static bool
is_old(struct model_breaker *br, int64_t until_ms)
{
	int64_t begun_ms = atomic_load(&br->begun_ms);

	return begun_ms > 0 && until_ms - OPEN_MS < begun_ms
	    && atomic_compare_exchange_strong(&br->begun_ms, &begun_ms, 0);
}

int64_t
model_breaker_open_ms(struct model_breaker *br)
{
	int64_t until_ms = br == NULL ? 0 : atomic_load(&br->open_until_ms),
		left = until_ms - clock_wall_ms();

	/* Longer than ever set: the clock went back. */
	if (left <= 0 || left > OPEN_MS || is_old(br, until_ms))
		return 0;
	return left;
}

enum llm_rc
model_breaker_rc(const struct model_breaker *br)
{
	return (enum llm_rc)atomic_load(&br->open_rc);
}

void
model_breaker_succeed(struct models *m, struct model_breaker *br)
{
	if (br == NULL)
		return;
	atomic_store(&br->last_rc, LLM_OK);
	if (atomic_exchange(&br->failing, 0) == 0)
		return;
	atomic_store(&br->open_until_ms, 0);
	(void)!breaker_succeed(m->w->store, br->name);
}

void
model_breaker_fail(struct models *m, struct model_breaker *br, enum llm_rc rc,
    const struct llm_failure *f)
{
	/* A limit of which the server named the end passes by itself. */
	enum llm_rc kind = rc == LLM_QUOTA && f->told_ms <= 0 ? LLM_QUOTA
							      : LLM_RETRY;
	int64_t until = 0;

	if (br == NULL)
		return;
	atomic_store(&br->last_rc, rc);
	if (!f->counts)
		return;
	atomic_store(&br->failing, 1);
	atomic_store(&br->open_rc, kind);
	if (breaker_fail(m->w->store, br->name, llm_rc_name(kind), FAILURES,
		WINDOW_MS, OPEN_MS, &until)
	    == STORE_OK)
		atomic_store(&br->open_until_ms, until);
}

void
model_breakers_read(struct models *m)
{
	size_t i;

	for (i = 0; i < MODELS_MAX; i++) {
		struct model_breaker *br = &m->breakers[i];
		char kind[BREAKER_KIND_MAX];
		int64_t until = 0;
		bool named;

		pthread_mutex_lock(&m->mu);
		named = br->name[0] != '\0';
		br->holders += named; /* so the name stays */
		pthread_mutex_unlock(&m->mu);
		if (!named)
			continue;
		if (breaker_read(m->w->store, br->name, &until, kind)
		    == STORE_OK) {
			if (until > 0) {
				atomic_store(&br->failing, 1);
				atomic_store(&br->open_rc,
				    strcmp(kind, llm_rc_name(LLM_QUOTA)) == 0
					? LLM_QUOTA
					: LLM_RETRY);
			}
			atomic_store(&br->open_until_ms, until);
		}
		model_breaker_drop(m, br);
	}
}

static bool
is_named(const struct llm_backend *list, size_t n, const char *breaker)
{
	char name[LLM_BREAKER_NAME_MAX];
	size_t i;

	for (i = 0; i < n; i++) {
		llm_breaker_name(&list[i], name);
		if (strcmp(name, breaker) == 0)
			return true;
	}
	return false;
}

void
model_breakers_keep(struct models *m, const struct settings *s)
{
	struct arena *mem = arena_new();
	struct llm_backend *list;
	size_t i, n = llm_backends_all(s, mem, &list);

	pthread_mutex_lock(&m->mu);
	for (i = 0; i < MODELS_MAX; i++) {
		struct model_breaker *br = &m->breakers[i];

		if (br->holders == 0 && br->name[0] != '\0'
		    && !is_named(list, n, br->name))
			br->name[0] = '\0';
	}
	pthread_mutex_unlock(&m->mu);
	arena_free(mem);
}
