#include "chat/trouble.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/text.h"
#include "chat/breaker.h"
#include "work/worker.h"

/* Reported before the next second. */
static void
report_soon(struct models *m)
{
	atomic_store(&m->w->beat_now, true);
}

static void
look_soon(struct models *m)
{
	atomic_store(&m->look_ms, clock_boot_ms());
}

/* Which failure of a question is the operator's, whoever asks it: one that is
 * refused (LLM_INVALID) may be the only one. */
static bool
is_lasting(enum llm_rc rc)
{
	return llm_needs_operator(rc) && rc != LLM_INVALID;
}

/* True if it was not known. */
static bool
set(struct models *m, struct model_breaker *br, enum llm_rc rc, bool by_look,
    const char *why, const char *remedy)
{
	struct model_trouble *t = &br->trouble,
			     new = { .rc = rc,
				     .by_look = by_look,
				     .since_ms = clock_wall_ms() };
	bool is_new;

	text_format(new.why, sizeof(new.why), "%s", why);
	text_format(new.remedy, sizeof(new.remedy), "%s",
	    remedy == NULL ? "" : remedy);
	pthread_mutex_lock(&m->mu);
	is_new = t->rc != rc || strcmp(t->remedy, new.remedy) != 0;
	if (t->rc == rc)
		new.since_ms = t->since_ms;
	*t = new;
	atomic_store(&br->troubled, true);
	pthread_mutex_unlock(&m->mu);
	if (is_new)
		report_soon(m);
	return is_new;
}

static void
say_usable(const struct llm_backend *b)
{
	char name[LLM_BACKEND_NAME_MAX];

	llm_backend_label(b, name);
	log_event(LOG_INFO, "model_usable", F_STR("backend", name));
}

/* ${by_look}: only what a look had found. */
static void
clear(struct models *m, struct model_breaker *br, const struct llm_backend *b,
    bool by_look)
{
	bool was = false;

	pthread_mutex_lock(&m->mu);
	if (br->trouble.rc != LLM_OK && (!by_look || br->trouble.by_look)) {
		was = true;
		br->trouble = (struct model_trouble){ .rc = LLM_OK };
		atomic_store(&br->troubled, false);
	}
	pthread_mutex_unlock(&m->mu);
	if (was) {
		say_usable(b);
		report_soon(m);
	}
}

/* What is known of ${br}; ${by_look} may be NULL. */
static enum llm_rc
trouble_of(struct models *m, const struct model_breaker *br, bool *by_look)
{
	enum llm_rc rc;

	pthread_mutex_lock(&m->mu);
	rc = br->trouble.rc;
	if (by_look != NULL)
		*by_look = br->trouble.by_look;
	pthread_mutex_unlock(&m->mu);
	return rc;
}

void
trouble_asked(struct models *m, struct model_breaker *br,
    const struct llm_backend *b, enum llm_rc rc, const struct llm_failure *f,
    struct arena *mem)
{
	if (br == NULL)
		return;
	atomic_store(&br->asked_ms, clock_wall_ms());
	if (rc == LLM_OK || rc == LLM_EMPTY || rc == LLM_CONTEXT
	    || rc == LLM_FILTERED) {
		if (atomic_exchange(&br->answered_ms, clock_wall_ms()) == 0)
			report_soon(m);
		if (atomic_load(&br->troubled))
			clear(m, br, b, false);
		return;
	}
	if (rc == LLM_RETRY || rc == LLM_BROKEN)
		report_soon(m);
	/* What is known of it may say more. */
	if (!is_lasting(rc) || f->once || trouble_of(m, br, NULL) == rc)
		return;
	/* Said already, by model_failed.  A look may know more of it, and finds
	 * out when it is over; no look sees an account's balance. */
	if (set(m, br, rc, false, f->why, llm_remedy(rc, f, b, mem))
	    && rc != LLM_QUOTA)
		look_soon(m);
}

static void
say_unusable(const struct llm_backend *b, enum llm_rc kind,
    const struct llm_look *look, struct arena *mem)
{
	char name[LLM_BACKEND_NAME_MAX];

	llm_backend_label(b, name);
	log_event(llm_needs_operator(kind) ? LOG_ERROR : LOG_WARN,
	    "model_unusable", F_STR("backend", name),
	    F_STR("kind", llm_rc_name(kind)),
	    F_INT("status", look->failure.status),
	    F_STR("why", look->failure.why),
	    F_STR("url", text_address_shown(mem, llm_chat_url(b, mem))),
	    F_STR("remedy", look->remedy));
}

static void
say_unlisted(const struct llm_backend *b, const struct llm_look *look,
    struct arena *mem)
{
	char name[LLM_BACKEND_NAME_MAX];

	llm_backend_label(b, name);
	log_event(LOG_WARN, "model_unlisted", F_STR("backend", name),
	    F_STR("why", look->failure.why),
	    F_STR("url", text_address_shown(mem, llm_chat_url(b, mem))),
	    F_STR("remedy", look->remedy));
}

/* A server may answer questions though its list fails: with a status, only
 * what needs the operator counts. */
static bool
is_bad(const struct llm_look *look)
{
	return look->rc != LLM_OK
	    && (look->rc != LLM_RETRY || look->failure.status == 0);
}

/* It is found, or what a question found is known better. */
static void
found(struct models *m, struct model_breaker *br, const struct llm_backend *b,
    enum llm_rc rc, const struct llm_look *look, struct arena *mem)
{
	bool by_look;
	enum llm_rc before = trouble_of(m, br, &by_look);

	if (before != LLM_OK && before != rc && !by_look)
		return; /* a question knows more than a list */
	if (set(m, br, rc, true, look->failure.why, look->remedy))
		say_unusable(b, rc, look, mem);
}

/* What a look, begun at ${began_ms}, saw. */
static void
take(struct models *m, struct model_breaker *br, const struct llm_backend *b,
    const struct llm_look *look, int64_t began_ms, struct arena *mem)
{
	bool unlisted = look->rc == LLM_OK && !look->listed;

	if (atomic_load(&br->answered_ms) >= began_ms)
		return; /* it works, whatever its list says */
	if (is_bad(look)) {
		found(m, br, b, look->rc, look, mem);
		return;
	}
	if (unlisted && trouble_of(m, br, NULL) == LLM_MODEL) {
		found(m, br, b, LLM_MODEL, look, mem);
		return;
	}
	clear(m, br, b, true);
	if (unlisted && !atomic_exchange(&br->unlisted, true)
	    && atomic_load(&br->answered_ms) == 0)
		say_unlisted(b, look, mem);
}

/* Nobody has said which model; who starts the worker has logged it. */
static void
look_for_name(struct models *m, struct model_breaker *br,
    const struct llm_backend *b, struct arena *mem)
{
	struct llm_pick picked;
	enum llm_rc rc = llm_pick(b, mem, &picked);

	if (rc == LLM_OK)
		clear(m, br, b, true);
	else
		(void)set(m, br, rc, true, picked.why, picked.remedy);
}

static bool
any_by_look(struct models *m)
{
	bool any = false;
	size_t i;

	pthread_mutex_lock(&m->mu);
	for (i = 0; i < MODELS_MAX; i++)
		any |= m->breakers[i].name[0] != '\0'
		    && m->breakers[i].trouble.rc != LLM_OK
		    && m->breakers[i].trouble.by_look;
	pthread_mutex_unlock(&m->mu);
	return any;
}

static bool
is_cancelled(const struct models *m)
{
	return __atomic_load_n(&m->look_cancel, __ATOMIC_RELAXED) != 0;
}

/* A row may be for settings that were replaced meanwhile: then another look
 * is due, and this one is none. */
static void
end_look(struct models *m, const struct settings *s)
{
	struct settings *now = worker_settings(m->w);

	if (now == s && !is_cancelled(m) && !atomic_exchange(&m->looked, true))
		report_soon(m);
	settings_unref(now);
	atomic_store(&m->looking, false);
}

static void
look_all(void *arg)
{
	struct models *m = arg;
	struct settings *s = worker_settings(m->w);
	struct arena *mem = arena_new();
	struct llm_backend *list;
	size_t i, n = llm_backends_all(s, mem, &list);

	for (i = 0; i < n && !is_cancelled(m); i++) {
		char name[LLM_BREAKER_NAME_MAX];
		struct model_breaker *br;
		struct llm_look look;
		int64_t began_ms = clock_wall_ms();

		llm_breaker_name(&list[i], name);
		br = model_breaker_hold(m, name);
		if (br == NULL)
			continue;
		if (list[i].model[0] == '\0') {
			look_for_name(m, br, &list[i], mem);
		} else {
			llm_look(&list[i], &m->look_cancel, mem, &look);
			if (!is_cancelled(m))
				take(m, br, &list[i], &look, began_ms, mem);
		}
		model_breaker_drop(m, br);
	}
	if (any_by_look(m)) {
		int64_t none = MODELS_NO_LOOK;

		(void)atomic_compare_exchange_strong(&m->look_ms, &none,
		    clock_boot_ms() + TROUBLE_LOOK_MS);
	}
	end_look(m, s);
	arena_free(mem);
	settings_unref(s);
}

void
trouble_look(struct models *m)
{
	int64_t at = atomic_load(&m->look_ms);

	if (at == MODELS_NO_LOOK || clock_boot_ms() < at
	    || worker_is_stopping(m->w) || atomic_exchange(&m->looking, true))
		return;
	atomic_store(&m->look_ms, MODELS_NO_LOOK);
	if (pool_run(m->w->calls, look_all, m) == -1) {
		atomic_store(&m->looking, false);
		look_soon(m); /* the next second */
	}
}

void
trouble_forget(struct models *m)
{
	int64_t now = clock_wall_ms();
	size_t i;

	pthread_mutex_lock(&m->mu);
	for (i = 0; i < MODELS_MAX; i++) {
		struct model_breaker *br = &m->breakers[i];

		br->trouble = (struct model_trouble){ .rc = LLM_OK };
		atomic_store(&br->troubled, false);
		atomic_store(&br->unlisted, false);
		atomic_store(&br->last_rc, -1);
		atomic_store(&br->begun_ms, now);
	}
	atomic_store(&m->looked, false);
	pthread_mutex_unlock(&m->mu);
	look_soon(m);
	report_soon(m);
}

void
trouble_stop(struct models *m)
{
	__atomic_store_n(&m->look_cancel, 1, __ATOMIC_RELAXED);
}

void
trouble_write(struct models *m, struct model_breaker *br, json_t *record)
{
	struct model_trouble t;

	pthread_mutex_lock(&m->mu);
	t = br->trouble;
	pthread_mutex_unlock(&m->mu);
	json_object_set_new(record, "asked_ms",
	    json_integer((json_int_t)atomic_load(&br->asked_ms)));
	json_object_set_new(record, "answered_ms",
	    json_integer((json_int_t)atomic_load(&br->answered_ms)));
	if (t.rc != LLM_OK)
		json_object_set_new(record, "trouble",
		    json_pack("{s:s, s:s, s:b, s:b, s:s, s:s, s:I}", "kind",
			llm_rc_name(t.rc), "words", llm_rc_words(t.rc), "lasts",
			llm_needs_operator(t.rc), "reloads",
			llm_mend(t.rc) == LLM_MEND_HERE, "why", t.why, "remedy",
			t.remedy, "since_ms", (json_int_t)t.since_ms));
}
