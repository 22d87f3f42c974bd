/*
 * doctor_models: does each model's server answer, take the key, have the
 * model?
 */
#include "cli/doctor.h"

#include <string.h>

#include "base/json.h"
#include "llm/llm.h"
#include "redis/fleet.h"
#include "redis/learned.h"

/* True if a turn worker's last question to ${b} was answered. */
static bool
has_answered(struct doctor *d, const struct llm_backend *b)
{
	char name[LLM_BREAKER_NAME_MAX];
	const char *breaker, *last;
	json_t *records, *record, *backend;
	bool found = false;
	size_t i, j;

	llm_breaker_name(b, name);
	if (d->store == NULL
	    || fleet_read(d->store, d->cli->mem, &records) != STORE_OK)
		return false;
	json_array_foreach(records, i, record)
	    json_array_foreach(json_object_get(record, "backends"), j, backend)
	{
		breaker = json_member_str(backend, "breaker");
		last = json_member_str(backend, "last");
		found |= breaker != NULL && last != NULL
		    && strcmp(breaker, name) == 0 && strcmp(last, "ok") == 0;
	}
	return found;
}

/* Azure has none, nor have some servers of one's own: no fault. */
static void
no_list(struct doctor *d, const struct llm_backend *b, const char *label,
    const char *why)
{
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

/* The server has no such name in its list. */
static void
not_listed(struct doctor *d, const struct llm_backend *b, const char *label,
    const struct llm_look *look)
{
	if (has_answered(d, b))
		doctor_find(d, DOCTOR_OK, "model", NULL,
		    "%s answers, though the server does not list it", label);
	else
		doctor_find(d,
		    look->rc == LLM_MODEL ? DOCTOR_ERROR : DOCTOR_WARN, "model",
		    look->remedy, "%s answers, and does not list %s%s%s",
		    settings_host_name(b->host), b->model,
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
	case LLM_DENIED:
		doctor_find(d, DOCTOR_ERROR, "model", look->remedy,
		    "%s: the API key is refused: %s", label, f->why);
		break;
	case LLM_ADDRESS:
		doctor_find(d, DOCTOR_ERROR, "model", look->remedy,
		    "%s: its address is wrong: %s", label, f->why);
		break;
	default:
		doctor_find(d, DOCTOR_ERROR, "model", look->remedy,
		    f->status == 0 ? "%s does not answer: %s"
				   : "%s: it answered with %s",
		    label, f->why);
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
	llm_look(b, d->cli->mem, &look);
	if (look.rc != LLM_DENIED || has_key)
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

	if (d->s->chat_host == HOST_DIRECT) {
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
	n = llm_backends(d->s, d->cli->mem, &list);
	for (i = 0; i < n; i++) {
		check(d, &list[i]);
		learned(d, &list[i]);
	}
}
