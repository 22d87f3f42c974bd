/*
 * list: what a server's list of models holds.
 */
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/text.h"
#include "llm/llm_priv.h"
#include "llm/look_priv.h"

#define SHOWN_MAX 8 /* what a person reads in one line */

static bool
is_model(const char *id, const char *model)
{
	size_t len = strlen(model);

	if (strncmp(id, "models/", 7) == 0) /* Gemini */
		id += 7;
	/* Ollama lists "llama3:latest" for what is asked as "llama3". */
	return strncmp(id, model, len) == 0
	    && (id[len] == '\0' || strcmp(id + len, ":latest") == 0);
}

/* Together's stands alone, without "data". */
const json_t *
llm_list_in(const json_t *doc)
{
	return json_is_array(doc) ? doc : json_object_get(doc, "data");
}

bool
llm_list_has(const json_t *doc, const char *model)
{
	const json_t *all = llm_list_in(doc);
	size_t i, known = 0;

	/* It comes in pages, and knows names that it does not list. */
	if (json_object_get(doc, "has_more") != NULL)
		return true;
	for (i = 0; i < json_array_size(all); i++) {
		const char *id = json_member_str(json_array_get(all, i), "id");

		if (id == NULL)
			continue;
		if (is_model(id, model))
			return true;
		known++;
	}
	return known == 0;
}

bool
llm_may_chat(const char *id)
{
	static const char *const OTHERS[] = { "embed", "rerank", "bge-", "e5-",
		"gte-", "minilm", "clip-", "whisper", "transcribe", "tts",
		"moderation", "dall-e", "stable-diffusion", "sora", "image" };
	size_t i;

	for (i = 0; i < NELEM(OTHERS); i++)
		if (strcasestr(id, OTHERS[i]) != NULL)
			return false;
	return true;
}

const char *
llm_name_shown(const char *id, struct arena *mem)
{
	return text_cut(mem,
	    text_printable(mem, text_clean(mem, id, strlen(id))),
	    LLM_NAME_SHOWN);
}

const char *
llm_names_shown(const char *const *ids, size_t n, struct arena *mem)
{
	const char *text = "";
	size_t i;

	for (i = 0; i < n && i < SHOWN_MAX; i++)
		text = arena_printf(mem, "%s%s%s", text, i == 0 ? "" : ", ",
		    llm_name_shown(ids[i], mem));
	return n <= SHOWN_MAX
	    ? text
	    : arena_printf(mem, "%s and %zu more", text, n - SHOWN_MAX);
}
