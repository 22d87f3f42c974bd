/*
 * kept_back: what was kept goes back to the model, in the next question.
 */
#include <string.h>

#include "base/json.h"
#include "llm/llm_priv.h"
#include "llm/quirks.h"

/* What is left for a backend that takes no thoughts back: the calls, with
 * what belongs to them. */
static void
drop_thoughts(json_t *doc)
{
	json_t *message = json_object_get(doc, "message");
	const char *type;
	size_t i;

	for (i = 0; i < LLM_KEPT_MAX; i++)
		json_object_del(message, LLM_KEPT_MEMBERS[i].name);
	if (!json_is_string(json_object_get(message, "content")))
		json_object_del(message, "content"); /* parts: thoughts, too */
	for (i = json_array_size(doc); i-- > 0;) {
		type = json_member_str(json_array_get(doc, i), "type");
		if (type != NULL && strstr(type, "thinking") != NULL)
			json_array_remove(doc, i);
	}
}

const json_t *
llm_kept_of(const struct llm_backend *b, const struct llm_message *m,
    json_type type, struct arena *mem)
{
	json_t *doc;

	if (m->extra == NULL)
		return NULL;
	doc = json_keep(mem,
	    json_deep_copy(
		json_read(mem, m->extra, strlen(m->extra), NULL, NULL)));
	if (doc != NULL && llm_lacks(b->quirks, LLM_CAN_THOUGHTS))
		drop_thoughts(doc);
	return doc != NULL && json_typeof(doc) == type ? doc : NULL;
}

int
llm_kept_add(struct buf *out, const json_t *object, const char *but)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		if (strcmp(key, but) == 0)
			continue;
		if (buf_add_char(out, ',') == -1
		    || json_add_str(out, key, strlen(key)) == -1
		    || buf_add_char(out, ':') == -1
		    || json_add(out, value) == -1)
			return -1;
	}
	return 0;
}
