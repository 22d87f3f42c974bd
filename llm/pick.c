/*
 * pick: which model is meant when nobody has said: the only one that its
 * server lists.
 */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "llm/llm_priv.h"
#include "llm/look_priv.h"

#define PICK_MS 5000  /* a worker starts, or somebody waits */
#define MODEL_MAX 256 /* bytes of a name; the longest known have 100 */
#define NAMES_MAX 512 /* more are not somebody's own server */

static bool
can_chat(const json_t *model, const char *id)
{
	/* LM Studio's. */
	const char *type = json_member_str(model, "type");

	return (type == NULL || strncmp(type, "embedding", 9) != 0)
	    && llm_may_chat(id);
}

/* It goes into each question, log and page. */
static bool
is_name(const char *id, struct arena *mem)
{
	size_t len = strlen(id);

	return len > 0 && len <= MODEL_MAX
	    && strcmp(id, text_printable(mem, text_clean(mem, id, len))) == 0;
}

/* The names in ${doc}, each once; their number, at most NAMES_MAX. */
static size_t
names_in(const json_t *doc, struct arena *mem, const char **names)
{
	const json_t *all = llm_list_in(doc);
	const char *id;
	size_t i, k, n = 0;
	json_t *model;

	json_array_foreach((json_t *)all, i, model) {
		id = json_member_str(model, "id");
		if (id == NULL || !is_name(id, mem) || !can_chat(model, id))
			continue;
		for (k = 0; k < n && strcmp(names[k], id) != 0; k++)
			;
		if (k == n && n < NAMES_MAX)
			names[n++] = arena_strdup(mem, id);
	}
	return n;
}

/* One, none or several. */
static enum llm_rc
choose(struct arena *mem, const char *at, const json_t *doc,
    struct llm_pick *out)
{
	const char **names = arena_alloc(mem, NAMES_MAX * sizeof(*names));
	size_t n = names_in(doc, mem, names);

	if (n == 1) {
		out->model = names[0];
		return LLM_OK;
	}
	if (n == 0) {
		out->why = arena_printf(mem,
		    "no model is chosen, and the server at %s lists none", at);
		out->remedy = "set LLM_MODEL (chat.model) to the model's name";
		return LLM_UNCHOSEN;
	}
	out->why = arena_printf(mem,
	    "no model is chosen, and the server at %s has several: %s", at,
	    llm_names_shown(names, n, mem));
	out->remedy = arena_printf(mem, "choose one, for example LLM_MODEL=%s",
	    llm_name_shown(names[0], mem));
	return LLM_UNCHOSEN;
}

/* ${why} there is no list, at ${at}. */
static void
no_list(struct arena *mem, const char *at, const char *why,
    struct llm_pick *out)
{
	out->failed = why;
	out->why = arena_printf(mem,
	    "no model is chosen, and the server at %s gives no list of its "
	    "models: %s",
	    at, why);
	out->remedy = "start that server, correct llm.base_url, or set "
		      "LLM_MODEL (chat.model)";
}

enum llm_rc
llm_pick(const struct llm_backend *b, struct arena *mem, struct llm_pick *out)
{
	const char *at = text_address_shown(mem, b->base_url), *remedy = NULL;
	struct llm_failure f;
	const json_t *doc;
	enum llm_rc rc = llm_list_ask(b, PICK_MS, NULL, mem, &doc, &f);

	*out = (struct llm_pick){ 0 };
	if (rc == LLM_OK && doc != NULL)
		return choose(mem, at, doc, out);
	no_list(mem, at,
	    rc == LLM_OK ? arena_printf(mem, "status %d", f.status)
			 : arena_strdup(mem, f.why),
	    out);
	if (rc == LLM_RETRY)
		return rc;
	if (rc == LLM_OK || rc == LLM_ADDRESS)
		remedy = llm_elsewhere_remedy(b, NULL, mem);
	else
		remedy = llm_remedy(rc, &f, b, mem);
	if (remedy != NULL)
		out->remedy = remedy;
	if (rc == LLM_OK)
		rc = remedy != NULL ? LLM_ADDRESS : LLM_UNCHOSEN;
	return rc;
}
