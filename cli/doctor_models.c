/*
 * doctor_models: does each model's server answer, take the key, have the
 * model?
 */
#include "cli/doctor.h"
#include "llm/llm.h"
#include "redis/learned.h"

static const char *
key_name(const struct llm_backend *b, struct arena *mem)
{
	if (b->name != NULL)
		return arena_printf(mem, "the API key of llm.backends.%s",
		    b->name);
	switch (b->host) {
	case HOST_GROQ:
		return "GROQ_API_KEY";
	case HOST_ANTHROPIC:
		return "ANTHROPIC_API_KEY";
	case HOST_OLLAMA:
		return "OLLAMA_API_KEY";
	default:
		return "OPENAI_API_KEY";
	}
}

static void
check(struct doctor *d, const struct llm_backend *b)
{
	struct llm_failure failure;
	bool listed;
	char label[LLM_BACKEND_NAME_MAX];
	bool has_key = b->key != NULL && secret_is_set(b->key);

	llm_backend_label(b, label);
	/* Perhaps only the turn workers are given the key. */
	if (!has_key && b->base_url[0] == '\0')
		return;
	switch (llm_check(b, d->cli->mem, &listed, &failure)) {
	case LLM_OK:
		if (failure.why[0] != '\0') {
			doctor_find(d, DOCTOR_WARN, "model",
			    "dragoman models --test asks it",
			    "%s: it cannot be seen whether it answers: %s",
			    label, failure.why);
			break;
		}
		doctor_find(d, listed ? DOCTOR_OK : DOCTOR_WARN, "model",
		    listed ? NULL
			   : b->name == NULL
			? "correct chat.model or llm.fallback"
			: arena_printf(d->cli->mem,
			    "correct the model of llm.backends.%s", b->name),
		    "%s answers%s %s%s%s", settings_host_name(b->host),
		    listed ? " for" : " and does not list", b->model,
		    b->name == NULL ? "" : "@",
		    b->name == NULL ? "" : b->name);
		break;
	case LLM_DENIED:
		if (!has_key)
			break;
		doctor_find(d, DOCTOR_ERROR, "model",
		    arena_printf(d->cli->mem, "correct %s",
			key_name(b, d->cli->mem)),
		    "%s: the key is refused: %s", label, failure.why);
		break;
	default:
		doctor_find(d, DOCTOR_ERROR, "model",
		    b->name != NULL
			? arena_printf(d->cli->mem,
			    "start it, or correct base_url of "
			    "llm.backends.%s", b->name)
			: b->host == HOST_OLLAMA
			? "start it, or correct chat.ollama_url"
			: "correct llm.base_url, or look at the way there",
		    "%s does not answer: %s", label, failure.why);
	}
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
		doctor_find(d, DOCTOR_OK, "model", NULL,
		    "%s: learned %s = %s", name, facts[i].name,
		    facts[i].value);
}

void
doctor_models(struct doctor *d)
{
	struct llm_backend *list;
	size_t i, n;

	if (d->s == NULL)
		return;
	n = llm_backends(d->s, d->cli->mem, &list);
	for (i = 0; i < n; i++) {
		check(d, &list[i]);
		learned(d, &list[i]);
	}
}
