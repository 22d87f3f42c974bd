/*
 * look: what stands in the way of a backend, and what to do about it.
 */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "llm/llm_priv.h"
#include "llm/look_priv.h"

/* Of Ollama's own making, wherever it is and whatever it is called here. */
static bool
is_ollama(const struct llm_backend *b, const json_t *doc)
{
	const json_t *all = llm_list_in(doc);
	const char *owner;
	size_t i;

	if (b->host == HOST_OLLAMA)
		return true;
	for (i = 0; i < json_array_size(all); i++) {
		owner = json_member_str(json_array_get(all, i), "owned_by");
		if (owner != NULL && strcmp(owner, "library") == 0)
			return true;
	}
	return false;
}

/* A provider that lists each name to which it answers. */
static bool
lists_all(const struct llm_backend *b)
{
	return (b->host == HOST_OPENAI && b->base_url[0] == '\0')
	    || (b->host == HOST_GROQ && !b->moved && b->name == NULL);
}

static void
not_listed(const struct llm_backend *b, const json_t *doc, struct arena *mem,
    struct llm_look *out)
{
	const char *setting = llm_model_setting(b, mem), *nearest, *names;
	bool ollama = is_ollama(b, doc);

	names = llm_nearest(doc, b->model, mem, &nearest);
	out->listed = false;
	if (ollama || lists_all(b))
		out->rc = LLM_MODEL;
	text_format(out->failure.why, sizeof(out->failure.why),
	    "the server does not %s this model",
	    out->rc == LLM_MODEL ? "have" : "list");
	if (ollama && names[0] == '\0')
		out->remedy = arena_printf(mem,
		    "run `ollama pull %s` on that server: it has no model yet",
		    b->model);
	else if (ollama)
		out->remedy = arena_printf(mem,
		    "%s%s%srun `ollama pull %s` on that server, or set %s to "
		    "a model that it has: %s",
		    nearest == NULL ? "" : "did you mean ",
		    nearest == NULL ? "" : nearest,
		    nearest == NULL ? "" : "? Else ", b->model, setting, names);
	else
		out->remedy = arena_printf(mem,
		    "%s%s%s %s to a model that the server has: %s",
		    nearest == NULL ? "" : "did you mean ",
		    nearest == NULL ? "" : nearest,
		    nearest == NULL ? "set" : "? Set", setting, names);
}

const char *
llm_elsewhere_remedy(const struct llm_backend *b, const volatile int *cancel,
    struct arena *mem)
{
	enum llm_rc rc = LLM_OK;
	char *url = llm_look_elsewhere(b, cancel, mem, &rc);
	const char *shown;
	size_t len;

	if (url == NULL)
		return NULL;
	shown = text_address_shown(mem, url);
	len = strlen(shown);
	/* It is written without. */
	if (b->host == HOST_OLLAMA && b->name == NULL && !b->moved && len > 3
	    && strcmp(shown + len - 3, "/v1") == 0)
		shown = arena_printf(mem, "%.*s", (int)len - 3, shown);
	return arena_printf(mem, "set %s to %s: tried, %s",
	    llm_place_setting(b, mem), shown,
	    rc == LLM_DENIED ? "an API answers there (and rejects the key)"
			     : "it answers there");
}

void
llm_look(const struct llm_backend *b, const volatile int *cancel,
    struct arena *mem, struct llm_look *out)
{
	struct llm_failure *f = &out->failure;
	const json_t *doc;

	*out = (struct llm_look){ .listed = true };
	out->rc = llm_list_ask(b, LLM_CHECK_MS, cancel, mem, &doc, f);
	if (out->rc == LLM_OK && doc != NULL) {
		/* Of Ollama an empty list is one, too. */
		if (!llm_list_has(doc, b->model)
		    || (b->host == HOST_OLLAMA
			&& json_array_size(llm_list_in(doc)) == 0))
			not_listed(b, doc, mem, out);
		return;
	}
	/* Servers and gateways without a list: nothing is wrong. */
	if (out->rc == LLM_OK && f->status >= 400
	    && llm_is_there(b, LLM_CHECK_MS, cancel, mem))
		return;
	if (out->rc == LLM_ADDRESS || (out->rc == LLM_OK && f->status >= 400))
		out->remedy = llm_elsewhere_remedy(b, cancel, mem);
	if (out->remedy != NULL)
		out->rc = LLM_ADDRESS;
	else if (out->rc != LLM_OK)
		out->remedy = llm_remedy(out->rc, f, b, mem);
}
