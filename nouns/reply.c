#include "nouns/reply.h"

#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "nouns/turn_end.h"

char *
reply_write(struct arena *mem, const struct reply *r)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; r->starters != NULL && r->starters[i] != NULL; i++)
		json_array_append_new(list, json_string(r->starters[i]));
	return json_text(mem,
	    json_keep(mem,
		json_pack("{s:s, s:s, s:o, s:s*, s:o*}", "reply", r->text,
		    "state", r->state, "starters", list, "end", r->end,
		    "truncated", r->truncated ? json_true() : NULL)));
}

bool
reply_is_failure(const struct reply *r)
{
	const char *end = r->end == NULL ? "" : r->end;

	return strcmp(end, turn_end_name(END_REFUSED)) == 0
	    || strcmp(end, turn_end_name(END_EXPIRED)) == 0
	    || strcmp(end, turn_end_name(END_DEAD)) == 0;
}

int
reply_read(struct arena *mem, const char *text, size_t len, struct reply *out)
{
	json_t *doc = json_read(mem, text, len, NULL, NULL), *list = NULL;
	const char **starters;
	size_t i, n;

	*out = (struct reply){ .end = "",
		.truncated = json_member_bool(doc, "truncated", false) };
	if (json_unpack(doc, "{s:s, s:s, s?o, s?s}", "reply", &out->text,
		"state", &out->state, "starters", &list, "end", &out->end)
	    == -1)
		return -1;
	n = json_array_size(list);
	starters = arena_alloc(mem, (n + 1) * sizeof(*starters));
	for (i = 0; i < n; i++) {
		starters[i] = json_string_value(json_array_get(list, i));
		if (starters[i] == NULL)
			return -1;
	}
	out->starters = starters;
	return 0;
}
