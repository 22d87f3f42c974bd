/*
 * nearest: which of a server's models may be meant by a name that it does not
 * have.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/text.h"
#include "llm/llm_priv.h"
#include "llm/look_priv.h"

#define NAMES_MAX 2000 /* of a list: OpenRouter's has some 400 */
#define FAR 1000       /* no likeness at all */

struct name {
	const char *id;
	int far;
	bool talks; /* it may be a model for a chat */
};

/* Behind the last slash: what a gateway puts before it is not missed. */
static const char *
bare(const char *id)
{
	const char *slash = strrchr(id, '/');

	return slash == NULL || slash[1] == '\0' ? id : slash + 1;
}

static int
farness(const char *id, const char *model)
{
	const char *a = bare(id), *b = bare(model);
	size_t na = strlen(a), nb = strlen(b);
	int far;

	if (nb == 0)
		return FAR;
	if (na == nb && strcasecmp(a, b) == 0)
		return 0;
	far = (int)text_distance(a, b, true);
	if (far <= 2 || (size_t)far * 4 <= nb)
		return far;
	/* "llama3.2" for "llama3.2:3b", "sonnet" for "claude-sonnet-4". */
	if (nb >= 3 && strcasestr(a, b) != NULL)
		return 3 + (int)((na - nb) / 8);
	if (na >= 3 && strcasestr(b, a) != NULL)
		return 4 + (int)((nb - na) / 8);
	return FAR;
}

static int
compare(const void *x, const void *y)
{
	const struct name *a = x, *b = y;

	if (a->far != b->far)
		return a->far < b->far ? -1 : 1;
	if (a->talks != b->talks)
		return a->talks ? -1 : 1;
	return strcmp(a->id, b->id);
}

const char *
llm_nearest(const json_t *doc, const char *model, struct arena *mem,
    const char **nearest)
{
	const json_t *all = llm_list_in(doc);
	struct name *names = arena_alloc(mem, (NAMES_MAX + 1) * sizeof(*names));
	const char **ids = arena_alloc(mem, (NAMES_MAX + 1) * sizeof(*ids));
	size_t i, n = 0;

	*nearest = NULL;
	for (i = 0; i < json_array_size(all) && n < NAMES_MAX; i++) {
		const char *id = json_member_str(json_array_get(all, i), "id");

		if (id == NULL || id[0] == '\0')
			continue;
		id = llm_name_shown(id, mem);
		names[n++] = (struct name){ id, farness(id, model),
			llm_may_chat(id) };
	}
	qsort(names, n, sizeof(*names), compare);
	for (i = 0; i < n; i++)
		ids[i] = names[i].id;
	if (n > 0 && names[0].far < FAR)
		*nearest = names[0].id;
	return llm_names_shown(ids, n, mem);
}
