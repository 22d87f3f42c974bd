/*
 * arguments: what a model wrote as the arguments of a call, as the JSON object
 * that it means.
 */
#include <string.h>

#include "base/json.h"
#include "base/json_loose.h"
#include "base/text.h"
#include "llm/llm_priv.h"

static const char BLANKS[] = " \t\r\n";

/* After the object: brackets too many, a fence, marks of the template
 * (vllm-project/vllm#34887). */
static bool
is_nothing(const char *s)
{
	for (s += strspn(s, " \t\r\n}]`"); *s == '<'; s += strspn(s, BLANKS)) {
		s = strchr(s, '>');
		if (s == NULL)
			return false;
		s++;
	}
	return *s == '\0';
}

/* Before it: a fence, the word "json". */
static const char *
begin(const char *s)
{
	s += strspn(s, " \t\r\n`");
	if (strncmp(s, "json", 4) == 0)
		s += 4;
	return s + strspn(s, BLANKS);
}

/* An object in ${text} that is nearly JSON; NULL: nobody can be sure. */
static const char *
mended(struct arena *mem, const char *text)
{
	struct buf b = BUF_INIT(2 * LLM_ARGUMENTS_MAX);
	const char *s = begin(text), *end;
	const json_t *doc = NULL;

	end = *s == '{' ? json_loose(&b, s) : NULL;
	if (end != NULL && is_nothing(end))
		doc = json_read_lenient(mem, buf_str(&b), b.len);
	buf_fini(&b);
	return json_is_object(doc) ? json_text(mem, doc) : NULL;
}

const char *
llm_arguments(struct arena *mem, const char *text)
{
	const json_t *doc;
	const char *better;

	text += strspn(text, BLANKS);
	doc = json_read(mem, text, strlen(text), NULL, NULL);
	if (json_is_object(doc))
		return text;
	/* "null", and PHP's empty object. */
	if (json_is_null(doc)
	    || (json_is_array(doc) && json_array_size(doc) == 0))
		return "{}";
	if (json_is_string(doc)) { /* encoded twice */
		if (json_string_length(doc) == 0)
			return "{}";
		better = json_string_value(doc);
		return json_is_object(
			   json_read(mem, better, strlen(better), NULL, NULL))
		    ? better
		    : text;
	}
	better = doc == NULL ? mended(mem, text) : NULL;
	return better == NULL ? text : better;
}
