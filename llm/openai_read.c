/*
 * openai_read: Chat Completions, as they are answered: whole, or by deltas.
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "llm/llm_priv.h"

static void
read_usage(struct llm_reading *r, const json_t *usage)
{
	struct usage said = { llm_usage_int(usage, "prompt_tokens"),
		llm_usage_int(usage, "completion_tokens") };

	if (said.in + said.out == 0)
		return; /* {} and zeros: nobody counted */
	r->usage = said;
	r->counted = true;
}

/* Pieces are joined by index.  Where a server gives none, calls come whole: a
 * name begins the next one. */
static size_t
index_of(const struct llm_reading *r, const json_t *call)
{
	int64_t index = json_member_int(call, "index", -1);
	const char *name = json_member_str(json_object_get(call, "function"),
	    "name");

	if (index >= 0)
		return (size_t)index;
	if (r->ncalls == 0)
		return 0;
	return name != NULL && name[0] != '\0'
		&& r->calls[r->ncalls - 1].name != NULL
	    ? r->ncalls
	    : r->ncalls - 1;
}

static void
read_call(struct llm_reading *r, const json_t *call)
{
	const json_t *function = json_object_get(call, "function");
	const json_t *arguments = json_object_get(function, "arguments");
	const char *id = json_member_str(call, "id");
	const char *name = json_member_str(function, "name");
	struct llm_partial_call *p = llm_reading_call(r, index_of(r, call));

	if (p == NULL)
		return; /* more than anyone may ask for at once */
	if (p->id == NULL && id != NULL && id[0] != '\0')
		p->id = arena_strdup(r->mem, id);
	if (p->name == NULL && name != NULL && name[0] != '\0')
		p->name = arena_strdup(r->mem, name); /* some repeat it */
	/* Past the limit they are no JSON any more, and the model is told. */
	if (p->arguments.full)
		return;
	if (json_is_string(arguments))
		(void)!buf_add(&p->arguments, json_string_value(arguments),
		    json_string_length(arguments));
	else if (json_is_object(arguments))
		(void)!json_add(&p->arguments, arguments);
}

/* Words, or a list of parts of which some are words. */
static int
read_content(struct llm_reading *r, const json_t *content)
{
	const char *type, *text;
	size_t i;

	if (json_is_string(content))
		return llm_reading_text(r, json_string_value(content),
		    json_string_length(content));
	for (i = 0; i < json_array_size(content); i++) {
		const json_t *part = json_array_get(content, i);

		type = json_member_str(part, "type");
		text = json_member_str(part, "text");
		if (type != NULL && strcmp(type, "text") == 0 && text != NULL
		    && llm_reading_text(r, text, strlen(text)) == -1)
			return -1;
	}
	return 0;
}

static void
read_finish(struct llm_reading *r, const char *why)
{
	if (why == NULL)
		return;
	if (strcmp(why, "length") == 0)
		r->cut = true;
	else if (strcmp(why, "content_filter") == 0)
		r->refused = true;
}

/* A message or a delta of one: they have the same members. */
static int
read_message(struct llm_reading *r, const json_t *m)
{
	const json_t *calls = json_object_get(m, "tool_calls");
	const char *refusal = json_member_str(m, "refusal");
	size_t i;

	if (read_content(r, json_object_get(m, "content")) == -1)
		return -1;
	if (refusal != NULL)
		(void)!buf_add_str(&r->refusal, refusal);
	for (i = 0; i < json_array_size(calls); i++)
		read_call(r, json_array_get(calls, i));
	return 0;
}

/* Some put blanks around it. */
static bool
is_done(const char *data)
{
	static const char DONE[] = "[DONE]", BLANKS[] = " \t\r";

	data += strspn(data, BLANKS);
	return strncmp(data, DONE, sizeof(DONE) - 1) == 0
	    && data[sizeof(DONE) - 1 + strspn(data + sizeof(DONE) - 1, BLANKS)]
	    == '\0';
}

int
openai_feed(struct llm_reading *r, const char *type, const char *data, size_t len)
{
	const json_t *doc, *choice, *e, *groq;
	const char *finish;

	(void)type;
	if (r->done)
		return 0;
	if (is_done(data)) {
		r->ended = r->done = true;
		return 0;
	}
	arena_reset(r->event);
	doc = json_read_lenient(r->event, data, len);
	if (!json_is_object(doc))
		return llm_reading_fail(r, "an event is not JSON");
	groq = json_object_get(doc, "x_groq");
	e = json_object_get(doc, "error");
	if (e != NULL && !json_is_null(e))
		return llm_refusal_in(r, e);
	read_usage(r, json_object_get(groq, "usage"));
	read_usage(r, json_object_get(doc, "usage"));
	choice = json_array_get(json_object_get(doc, "choices"), 0);
	if (choice == NULL)
		return 0; /* usage alone, or of a kind we do not know */
	if (read_message(r, json_object_get(choice, "delta")) == -1)
		return -1;
	finish = json_member_str(choice, "finish_reason");
	if (finish == NULL || finish[0] == '\0') /* some say "" until then */
		return 0;
	if (strcmp(finish, "error") == 0) /* OpenRouter: its upstream broke */
		return llm_reading_fail(r, "finish_reason error");
	read_finish(r, finish);
	r->ended = true; /* some never say [DONE] */
	return 0;
}

int
openai_whole(struct llm_reading *r, const char *bytes, size_t len)
{
	const json_t *doc = json_read_lenient(r->mem, bytes, len);
	const json_t *choice, *e = json_object_get(doc, "error");

	if (e != NULL && !json_is_null(e))
		return llm_refusal_in(r, e);
	choice = json_array_get(json_object_get(doc, "choices"), 0);
	if (!json_is_object(json_object_get(choice, "message")))
		return -1;
	read_usage(r, json_object_get(doc, "usage"));
	r->ended = true;
	read_finish(r, json_member_str(choice, "finish_reason"));
	return read_message(r, json_object_get(choice, "message"));
}
