/*
 * openai_read: Chat Completions, as they are answered: whole, or by deltas, by
 * OpenAI and by all who speak like it.
 */
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/text.h"
#include "llm/llm_priv.h"

#define REPEAT_MIN 8 /* bytes: a shorter piece may be said twice */

/* The index of legacy function_call, which is one of its own. */
#define LEGACY_INDEX INT32_MAX

static void
read_usage(struct llm_reading *r, const json_t *usage)
{
	/* Theirs, the Messages', Ollama's own. */
	static const char *const NAMES[][2] = {
		{ "prompt_tokens", "completion_tokens" },
		{ "input_tokens", "output_tokens" },
		{ "prompt_eval_count", "eval_count" },
	};
	size_t i;

	for (i = 0; usage != NULL && i < NELEM(NAMES); i++) {
		struct usage said = { llm_usage_int(usage, NAMES[i][0]),
			llm_usage_int(usage, NAMES[i][1]) };

		if (said.in + said.out == 0)
			continue; /* {} and zeros: nobody counted */
		r->usage = said;
		r->counted = true;
		return;
	}
}

/* Some write it as a text, or as 0.0. */
static int64_t
index_of(const json_t *call)
{
	const char *text = json_member_str(call, "index");
	int64_t index = json_member_int(call, "index", -1);
	double real = json_real_value(json_object_get(call, "index"));

	if (json_is_real(json_object_get(call, "index")) && real >= 0
	    && real < INT32_MAX)
		return (int64_t)real;
	if (text != NULL && text_int(text, &index) == -1)
		index = -1;
	return index;
}

/* "parameters" is what templates of Llama 3 call them. */
static const json_t *
arguments_in(const json_t *function)
{
	const json_t *arguments = json_object_get(function, "arguments");

	return arguments != NULL ? arguments
				 : json_object_get(function, "parameters");
}

/* Of several, or the only one, which some put in no list. */
static const json_t *
call_at(const json_t *calls, size_t i)
{
	if (json_is_object(calls))
		return i == 0 && json_object_size(calls) > 0 ? calls : NULL;
	return json_array_get(calls, i);
}

static void
read_call(struct llm_reading *r, const json_t *call, const json_t *function,
    int64_t index)
{
	const json_t *arguments = arguments_in(function);
	bool some = arguments != NULL && !json_is_null(arguments)
	    && !(json_is_string(arguments)
		&& json_string_length(arguments) == 0);
	struct llm_partial_call *p = llm_call_of(r, index,
	    json_member_str(call, "id"), json_member_str(function, "name"),
	    some);
	const char *text;

	if (p == NULL)
		return; /* more than anyone may ask for at once */
	llm_kept_call(r, p, call);
	if (!some)
		return;
	if (json_is_string(arguments)) {
		llm_call_add(r, p, json_string_value(arguments),
		    json_string_length(arguments));
		return;
	}
	text = json_text(r->event, arguments);
	if (text != NULL)
		llm_call_add(r, p, text, strlen(text));
}

/*
 * Words, unless they are all that was said before once more, which some send
 * in their last event.
 */
static int
read_words(struct llm_reading *r, const char *s, size_t len, bool last)
{
	size_t so_far = r->text.len;

	if (last && so_far > 0 && len >= so_far
	    && (r->text_pieces > 1 || so_far >= REPEAT_MIN)
	    && memcmp(s, r->text.data, so_far) == 0) {
		s += so_far;
		len -= so_far;
	}
	llm_kept_words(r, s, len);
	return llm_reading_text(r, s, len);
}

/* Words, or a list of parts of which some are words. */
static int
read_content(struct llm_reading *r, const json_t *content, bool last)
{
	const char *text;
	size_t i;

	if (json_is_string(content))
		return read_words(r, json_string_value(content),
		    json_string_length(content), last);
	if (json_is_number(content)) {
		text = json_text(r->event, content);
		return read_words(r, text, strlen(text), false);
	}
	for (i = 0; i < json_array_size(content); i++) {
		const json_t *part = json_array_get(content, i);
		const char *type = json_member_str(part, "type");

		text = json_is_string(part) ? json_string_value(part)
					    : json_member_str(part, "text");
		if (type != NULL && strcmp(type, "text") != 0) {
			llm_kept_part(r, part);
			continue;
		}
		if (text != NULL
		    && read_words(r, text, strlen(text), last) == -1)
			return -1;
	}
	return 0;
}

/* A message or a delta of one: they have the same members. */
static int
read_message(struct llm_reading *r, const json_t *m, bool last)
{
	enum { CONTENT, CALLS, LEGACY, REFUSAL, N };
	static const char *const NAMES[N] = { "content", "tool_calls",
		"function_call", "refusal" };
	const json_t *of[N], *call;
	const char *refusal;
	size_t i;

	json_members(m, NAMES, N, of);
	llm_kept_message(r, m, last);
	if (read_content(r, of[CONTENT], last) == -1)
		return -1;
	refusal = json_string_value(of[REFUSAL]);
	if (refusal != NULL && refusal[0] != '\0') {
		r->content++;
		(void)!buf_add_str(&r->refusal, refusal);
	}
	for (i = 0; (call = call_at(of[CALLS], i)) != NULL; i++) {
		const json_t *function = json_object_get(call, "function");

		/* Some leave the function's members in the call. */
		read_call(r, call, function == NULL ? call : function,
		    index_of(call));
	}
	if (json_is_object(of[LEGACY]) && i == 0)
		read_call(r, NULL, of[LEGACY], LEGACY_INDEX);
	return r->failed ? -1 : 0;
}

/* Some say "" until then (sgl-project/sglang#3387), or "null". */
static const char *
finish_of(const json_t *reason, const json_t *done_reason)
{
	const char *finish = json_string_value(reason);

	if (finish == NULL)
		finish = json_string_value(done_reason);
	return finish == NULL || finish[0] == '\0'
		|| strcasecmp(finish, "null") == 0
	    ? NULL
	    : finish;
}

/* True if a message was there, of whatever shape. */
static int
read_choice(struct llm_reading *r, const json_t *choice, bool *found)
{
	enum {
		OF_DELTA,
		OF_MESSAGE,
		OF_TEXT,
		OF_ERROR,
		OF_USAGE,
		OF_FINISH,
		OF_DONE,
		OF_NATIVE,
		OF_N
	};
	static const char *const NAMES[OF_N] = { "delta", "message", "text",
		"error", "usage", "finish_reason", "done_reason",
		"native_finish_reason" };
	const json_t *of[OF_N], *m, *text;
	const char *finish, *native;
	bool last;
	int rc;

	json_members(choice, NAMES, OF_N, of);
	finish = finish_of(of[OF_FINISH], of[OF_DONE]);
	text = of[OF_TEXT];
	last = finish != NULL || r->ended;
	if (llm_says_error(of[OF_ERROR])) { /* OpenRouter: of its upstream */
		*found = true;
		return llm_refusal_in(r, of[OF_ERROR]);
	}
	m = of[OF_DELTA];
	if (json_object_size(m) == 0 /* a "message" in its place */
	    && json_is_object(of[OF_MESSAGE]))
		m = of[OF_MESSAGE];
	*found |= json_is_object(m) || json_is_string(text);
	read_usage(r, of[OF_USAGE]); /* Moonshot */
	rc = read_message(r, m, last);
	if (rc == 0 && json_is_string(text)) /* of text completions */
		rc = read_words(r, json_string_value(text),
		    json_string_length(text), last);
	if (rc == -1 || finish == NULL)
		return rc;
	native = json_string_value(of[OF_NATIVE]);
	if (llm_stop_is_broken(native)) /* OpenRouter: of its upstream */
		finish = native;
	return llm_stop_read(r, finish); /* some never say [DONE] */
}

/* What is read of a document. */
enum {
	DOC_CHOICES,
	DOC_ERROR,
	DOC_GROQ,
	DOC_USAGE,
	DOC_DONE,
	DOC_MESSAGE,
	DOC_DELTA,
	DOC_BASE,
	DOC_N
};
static const char *const DOCUMENT[DOC_N] = { "choices", "error", "x_groq",
	"usage", "done", "message", "delta", "base_resp" };

/* The error that a document tells, or NULL: a member, or the document. */
static const json_t *
error_in(const json_t *doc, const char *type, const json_t *const *of)
{
	const json_t *e = of[DOC_ERROR];
	bool alone = of[DOC_CHOICES] == NULL;

	if (llm_says_error(e)
	    || (alone && (json_object_size(e) > 0 || json_is_integer(e))))
		return e;
	if (strcmp(type, "error") == 0 && alone)
		return doc;
	/* Where choices are, nothing else may say it. */
	return json_array_size(of[DOC_CHOICES]) > 0 && of[DOC_BASE] == NULL
	    ? NULL
	    : llm_refusal_of(doc);
}

/* True of the choice that is the answer: the first, which some call 1. */
static bool
is_chosen(struct llm_reading *r, const json_t *choice)
{
	int64_t index = json_member_int(choice, "index", 0);

	if (!r->chosen)
		r->choice = index;
	r->chosen = true;
	return index == r->choice || index == 0;
}

static int
read_document(struct llm_reading *r, const char *type, const json_t *doc,
    bool *found)
{
	const json_t *of[DOC_N], *choices, *choice, *e;
	size_t i;
	int rc = 0;

	json_members(doc, DOCUMENT, DOC_N, of);
	choices = of[DOC_CHOICES];
	e = error_in(doc, type, of);
	read_usage(r, json_object_get(of[DOC_GROQ], "usage"));
	read_usage(r, of[DOC_USAGE]);
	if (e != NULL)
		return llm_refusal_in(r, e);
	if (json_array_size(choices) == 0) {
		/* Ollama's own API, and relays that leave choices out. */
		if (json_is_true(of[DOC_DONE]))
			read_usage(r, doc);
		return of[DOC_MESSAGE] != NULL || of[DOC_DELTA] != NULL
		    ? read_choice(r, doc, found)
		    : 0; /* usage alone, or of a kind we do not know */
	}
	/* The first answer; one whose words and calls stand in two choices
	 * of it (GitHub Copilot) is one. */
	for (i = 0; rc == 0 && i < json_array_size(choices); i++) {
		choice = json_array_get(choices, i);
		if (is_chosen(r, choice))
			rc = read_choice(r, choice, found);
	}
	return rc;
}

/* Cline's gateway: {"data": {...}, "success": true}. */
static const json_t *
unwrapped(const json_t *doc)
{
	const json_t *data = json_object_get(doc, "data");

	return json_is_array(json_object_get(data, "choices"))
		&& json_object_get(doc, "choices") == NULL
	    ? data
	    : doc;
}

/* Some put blanks around it. */
static bool
is_done(const char *data)
{
	static const char DONE[] = "[DONE]", BLANKS[] = " \t\r\n";

	data += strspn(data, BLANKS);
	return strncmp(data, DONE, sizeof(DONE) - 1) == 0
	    && data[sizeof(DONE) - 1 + strspn(data + sizeof(DONE) - 1, BLANKS)]
	    == '\0';
}

int
openai_feed(struct llm_reading *r, const char *type, const char *data,
    size_t len)
{
	const json_t *doc;
	bool found = false;
	int rc;

	r->keep = llm_kept_build;
	if (r->done)
		return 0;
	if (is_done(data)) {
		r->ended = r->done = true;
		return 0;
	}
	doc = unwrapped(llm_event_read(r, data, len, &rc));
	return doc == NULL ? rc : read_document(r, type, doc, &found);
}

/* The first line of a stream in lines of JSON, which was cut behind it. */
static bool
is_piece(const json_t *doc)
{
	const json_t *choice = json_array_get(json_object_get(doc, "choices"),
	    0);

	return json_is_false(json_object_get(doc, "done")) /* Ollama's own */
	    || (json_is_object(json_object_get(choice, "delta"))
		&& !json_is_object(json_object_get(choice, "message")));
}

int
openai_whole(struct llm_reading *r, const char *bytes, size_t len)
{
	const json_t *doc;
	bool found = false;
	int rc;

	r->keep = llm_kept_build;
	r->ending = true;
	doc = unwrapped(llm_event_read(r, bytes, len, &rc));
	if (doc == NULL)
		return -1;
	rc = read_document(r, "message", doc, &found);
	if (rc == 0 && !found)
		return -1;
	if (rc == 0 && !is_piece(doc))
		r->ended = true;
	return rc;
}
