#include "chat/known.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "chat/models.h"
#include "redis/learned.h"
#include "work/worker.h"

#define KNOWN_CACHE_MS 1000

/* The row of ${name}, made when there is room; NULL: no row.  Under m->mu, and
 * as long: known_keep frees rows. */
static struct model_known *
row(struct models *m, const char *name)
{
	struct model_known *unused = NULL;
	size_t i, len = strlen(name);

	if (len >= sizeof(m->known[0].name))
		return NULL;
	for (i = 0; i < MODELS_MAX; i++) {
		struct model_known *k = &m->known[i];

		if (strcmp(k->name, name) == 0)
			return k;
		if (k->name[0] == '\0' && unused == NULL)
			unused = k;
	}
	if (unused != NULL) {
		memcpy(unused->name, name, len + 1);
		unused->quirks = LLM_QUIRKS_INIT;
		unused->read_ms = -1;
	}
	return unused;
}

/* As Redis has it; false: it does not answer. */
static bool
read_learned(struct models *m, const char *name, struct llm_quirks *out)
{
	struct learned fields[LEARNED_FIELDS_MAX];
	size_t i, n;

	llm_quirks_clear(out);
	if (learned_read(m->w->store, name, fields, LEARNED_FIELDS_MAX, &n)
	    != STORE_OK)
		return false;
	for (i = 0; i < n; i++)
		(void)llm_quirks_set(out, fields[i].name, fields[i].value);
	return true;
}

void
known_quirks(struct models *m, const struct settings *s,
    const struct llm_backend *b, struct llm_quirks *out)
{
	char name[LLM_BACKEND_NAME_MAX];
	struct model_known *k;
	struct llm_quirks fresh;
	int64_t now = clock_boot_ms();
	bool old = true;

	llm_backend_name(b, name);
	llm_quirks_clear(out);
	pthread_mutex_lock(&m->mu);
	k = row(m, name);
	if (k != NULL) {
		old = k->read_ms < 0 || now - k->read_ms >= KNOWN_CACHE_MS;
		if (old && k->read_ms >= 0)
			k->read_ms = now; /* one thread reads it */
		llm_quirks_copy(out, &k->quirks);
	}
	pthread_mutex_unlock(&m->mu);
	if (old) {
		bool answered = read_learned(m, name, &fresh);

		if (answered)
			llm_quirks_copy(out, &fresh);
		pthread_mutex_lock(&m->mu);
		k = row(m, name);
		if (k != NULL) {
			/* Without an answer what was known stands as long. */
			if (answered)
				llm_quirks_copy(&k->quirks, &fresh);
			k->read_ms = now;
		}
		pthread_mutex_unlock(&m->mu);
	}
	llm_quirks_stated(s, b, out);
}

void
known_learn(struct models *m, const struct llm_backend *b,
    const struct llm_answer *a)
{
	char name[LLM_BACKEND_NAME_MAX];
	struct model_known *k;
	size_t i;

	if (a->nlearned == 0)
		return;
	llm_backend_name(b, name);
	pthread_mutex_lock(&m->mu);
	k = row(m, name);
	for (i = 0; k != NULL && i < a->nlearned; i++)
		(void)llm_quirks_set(&k->quirks, a->learned[i].name,
		    a->learned[i].value);
	pthread_mutex_unlock(&m->mu);
	for (i = 0; i < a->nlearned; i++) {
		const struct llm_fact *f = &a->learned[i];

		log_event(LOG_INFO, "model_learned", F_STR("backend", name),
		    F_STR("name", f->name), F_STR("value", f->value));
		/* Redis is down: it is learned again. */
		(void)!learned_add(m->w->store, name, f->name, f->value);
	}
}

void
known_keep(struct models *m, const struct settings *s)
{
	struct arena *mem = arena_new();
	struct llm_backend *list;
	size_t i, j, n = llm_backends_all(s, mem, &list);
	char name[LLM_BACKEND_NAME_MAX];

	pthread_mutex_lock(&m->mu);
	for (i = 0; i < MODELS_MAX; i++) {
		struct model_known *k = &m->known[i];

		for (j = 0; j < n; j++) {
			llm_backend_name(&list[j], name);
			if (strcmp(k->name, name) == 0)
				break;
		}
		if (j == n)
			k->name[0] = '\0';
	}
	pthread_mutex_unlock(&m->mu);
	arena_free(mem);
}
