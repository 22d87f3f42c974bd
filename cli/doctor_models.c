/*
 * doctor_models: does each model's server answer, take the key, have the
 * model?
 */
#include "cli/doctor.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "cli/started.h"
#include "llm/llm.h"
#include "redis/fleet.h"
#include "redis/learned.h"

/* True if a turn worker's last question to ${b} was answered. */
static bool
has_answered(struct doctor *d, const struct llm_backend *b)
{
	char name[LLM_BREAKER_NAME_MAX];
	const char *breaker, *last;
	const json_t *record, *backend;
	bool found = false;
	size_t i, j;

	llm_breaker_name(b, name);
	json_array_foreach(d->records, i, record)
		json_array_foreach(json_object_get(record, "backends"), j,
		    backend) {
			breaker = json_member_str(backend, "breaker");
			last = json_member_str(backend, "last");
			found |= breaker != NULL && last != NULL
			    && strcmp(breaker, name) == 0
			    && strcmp(last, "ok") == 0;
		}
	return found;
}

/* What the turn workers met, and a look from here does not show: an account
 * without credit, a key that only its questions need, other settings. */
static void
troubles(struct doctor *d)
{
	const json_t *one;
	size_t i;

	json_array_foreach(d->troubles, i, one) {
		const char *name = json_member_str(one, "name");
		const char *words = json_member_str(one, "words");
		const char *why = json_member_str(one, "why");
		const char *remedy = json_member_str(one, "remedy");
		int64_t since = json_member_int(one, "since_ms", 0);
		bool lasts = json_member_bool(one, "lasts", false);

		if (json_object_get(d->failing, name) != NULL)
			continue; /* found from here, too */
		if (remedy[0] == '\0')
			remedy = "nothing if it passes; else read "
				 "model_failed in the workers' log";
		/* A setting or a key, of which we may have a newer one. */
		if (json_member_bool(one, "reloads", false))
			remedy = arena_printf(d->cli->mem, "%s. Then: %s",
			    remedy, started_how(d->cli->mem, HOW_RELOAD_TURN));
		doctor_find(d, lasts ? DOCTOR_ERROR : DOCTOR_WARN, "model",
		    remedy,
		    "%s: the turn workers get no answer: %s%s%s%s, for %s",
		    name, words, why[0] == '\0' ? "" : " (", why,
		    why[0] == '\0' ? "" : ")",
		    cli_ago(d->cli, clock_wall_ms() - since));
	}
}

/* True if the turn workers met it: a look from here, which is not sure, then
 * says no more. */
static bool
is_met(struct doctor *d, const char *label, const char *kind)
{
	const json_t *one;
	size_t i;

	json_array_foreach(d->troubles, i, one)
		if (strcmp(json_member_str(one, "name"), label) == 0
		    && strcmp(json_member_str(one, "kind"), kind) == 0)
			return true;
	return false;
}

/* Azure has none, nor have some servers of one's own: no fault. */
static void
no_list(struct doctor *d, const struct llm_backend *b, const char *label,
    const char *why)
{
	if (is_met(d, label, "address"))
		return;
	if (has_answered(d, b))
		doctor_find(d, DOCTOR_OK, "model", NULL,
		    "%s answers; it has no list of models", label);
	else if (strchr(b->base_url, '?') != NULL)
		doctor_find(d, DOCTOR_OK, "model", NULL,
		    "%s: not asked yet, and it has no list of models, as is "
		    "usual at an address with a query; dragoman models --test "
		    "asks it",
		    label);
	else
		doctor_find(d, DOCTOR_WARN, "model",
		    "dragoman models --test asks it",
		    "%s: it cannot be seen whether it answers: %s", label, why);
}

/* The server has no such name in its list: a guess, until a question was
 * refused for it. */
static void
not_listed(struct doctor *d, const struct llm_backend *b, const char *label,
    const struct llm_look *look)
{
	bool met = is_met(d, label, "model");

	if (has_answered(d, b)) {
		doctor_find(d, DOCTOR_OK, "model", NULL,
		    "%s answers, though the server does not list it", label);
		return;
	}
	if (met) /* this says more */
		json_object_set_new(d->failing, label, json_true());
	doctor_find(d,
	    met || look->rc == LLM_MODEL ? DOCTOR_ERROR : DOCTOR_WARN, "model",
	    look->remedy, "%s answers, and does not %s %s%s%s",
	    settings_host_name(b->host), met ? "have" : "list", b->model,
	    b->name == NULL ? "" : "@", b->name == NULL ? "" : b->name);
}

static void
found(struct doctor *d, const struct llm_backend *b, const char *label,
    const struct llm_look *look)
{
	const struct llm_failure *f = &look->failure;

	switch (look->rc) {
	case LLM_OK:
	case LLM_MODEL:
		if (f->why[0] != '\0' && look->listed)
			no_list(d, b, label, f->why);
		else if (!look->listed)
			not_listed(d, b, label, look);
		else
			doctor_find(d, DOCTOR_OK, "model", NULL,
			    "%s answers for %s%s%s",
			    settings_host_name(b->host), b->model,
			    b->name == NULL ? "" : "@",
			    b->name == NULL ? "" : b->name);
		break;
	default:
		doctor_find(d, DOCTOR_ERROR, "model", look->remedy,
		    "%s: %s: %s", label,
		    look->rc == LLM_RETRY && f->status != 0
			? "it answered with an error"
			: llm_rc_words(look->rc),
		    f->why);
	}
}

static void
check(struct doctor *d, const struct llm_backend *b)
{
	struct llm_look look;
	char label[LLM_BACKEND_NAME_MAX];
	bool has_key = b->key != NULL && secret_is_set(b->key);

	llm_backend_label(b, label);
	/* Perhaps only the turn workers are given the key. */
	if (!has_key && b->base_url[0] == '\0')
		return;
	llm_look(b, NULL, d->cli->mem, &look);
	if (look.rc == LLM_DENIED && !has_key)
		return;
	if (look.rc != LLM_OK && !(look.rc == LLM_MODEL && has_answered(d, b)))
		json_object_set_new(d->failing, label, json_true());
	found(d, b, label, &look);
}

/* What its refusals taught. */
static void
learned(struct doctor *d, const struct llm_backend *b)
{
	struct learned facts[LEARNED_FIELDS_MAX];
	char name[LLM_BACKEND_NAME_MAX];
	size_t i, n;

	llm_backend_name(b, name);
	if (d->store == NULL
	    || learned_read(d->store, name, facts, LEARNED_FIELDS_MAX, &n)
		!= STORE_OK)
		return;
	for (i = 0; i < n; i++)
		doctor_find(d, DOCTOR_OK, "model", NULL, "%s: learned %s = %s",
		    name, facts[i].name, facts[i].value);
}

/* False, said: there is none, or nobody has said which. */
static bool
has_model(struct doctor *d)
{
	struct llm_pick picked;

	if (policy_of(d->s, NULL)->host == HOST_DIRECT) {
		doctor_find(d, DOCTOR_OK, "model", SETTINGS_HOW_TO_SET_MODEL,
		    "no model is set: a message is a command");
		return false;
	}
	if (!settings_lacks_model(d->s))
		return true;
	if (!cli_pick_model(d->cli, &picked)) {
		doctor_find(d, DOCTOR_ERROR, "model", picked.remedy, "%s",
		    picked.why);
		return false;
	}
	d->s = d->cli->settings;
	return true;
}

void
doctor_models(struct doctor *d)
{
	struct llm_backend *list;
	size_t i, n;

	if (d->s == NULL || !has_model(d))
		return;
	d->failing = json_keep(d->cli->mem, json_object());
	d->troubles = fleet_troubles(d->records, d->cli->mem);
	n = llm_backends_all(d->s, d->cli->mem, &list);
	for (i = 0; i < n; i++) {
		check(d, &list[i]);
		learned(d, &list[i]);
	}
	troubles(d);
}
