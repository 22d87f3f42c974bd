/*
 * write: what the writers of both wires share.
 */
#include <string.h>

#include "base/json.h"
#include "llm/llm_priv.h"

int
llm_add_str(struct buf *out, const char *s)
{
	return json_add_str(out, s, strlen(s));
}

void
llm_fold_name(const char *name, char out[TOOL_NAME_MAX])
{
	size_t i;

	for (i = 0; name[i] != '\0' && i < TOOL_NAME_MAX - 1; i++)
		out[i] = strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"abcdefghijklmnopqrstuvwxyz0123456789_-",
			     name[i])
			!= NULL
		    ? name[i]
		    : '_';
	if (i == 0)
		out[i++] = '_';
	out[i] = '\0';
}

int
llm_add_name(struct buf *out, const char *name)
{
	char text[TOOL_NAME_MAX];

	llm_fold_name(name, text);
	return llm_add_str(out, text);
}

int
llm_add_schema(struct buf *out, const struct tool_spec *t)
{
	return t->schema_text != NULL ? buf_add_str(out, t->schema_text)
				      : json_add(out, t->schema);
}

const char *
llm_arguments_to_send(struct arena *mem, const char *arguments)
{
	const json_t *doc = json_read(mem, arguments, strlen(arguments), NULL,
	    NULL);

	return json_is_object(doc) ? arguments : "{}";
}

bool
llm_is_blank(const char *s)
{
	return s[strspn(s, " \t\r\n\f\v")] == '\0';
}

bool
llm_has_calls(const struct llm_question *q)
{
	size_t i;

	for (i = 0; i < q->nmessages; i++)
		if (q->messages[i].ncalls > 0)
			return true;
	return false;
}
