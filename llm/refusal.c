/*
 * refusal: what a server says in place of an answer, whatever its shape.
 *
 * What it means is refusal_kind.c's; what is done about it, ladder.c's.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/text.h"
#include "llm/llm_priv.h"

#define WORDS_MAX 4096         /* of a message: what matters stands in front */
#define DETAILS_MAX (64 * KIB) /* four lists of places with their words */
#define NESTED_MAX 3 /* an error that quotes an error that quotes one */

static const char *
str_of(struct arena *mem, const json_t *doc, const char *name)
{
	const json_t *v = json_object_get(doc, name);

	if (json_is_string(v))
		return text_cut(mem,
		    text_clean(mem, json_string_value(v),
			json_string_length(v)),
		    WORDS_MAX);
	if (json_is_integer(v))
		return arena_printf(mem, "%lld",
		    (long long)json_integer_value(v));
	return "";
}

/* The first of ${names} that ${doc} has as words. */
static const char *
first_of(struct arena *mem, const json_t *doc, const char *const *names,
    size_t n)
{
	const char *s = "";
	size_t i;

	for (i = 0; i < n && s[0] == '\0'; i++)
		s = str_of(mem, doc, names[i]);
	return s;
}

/* A part of FastAPI's `loc`: a member's name, or a place in a list. */
static int
add_place(struct buf *out, const json_t *part)
{
	if (json_is_string(part))
		return buf_printf(out, "%s.", json_string_value(part));
	if (json_is_integer(part))
		return buf_printf(out, "%lld.",
		    (long long)json_integer_value(part));
	return 0;
}

/* FastAPI's list of what is wrong (vLLM, Mistral): where and what, but not
 * `input`, which quotes the question. */
static const char *
details_of(struct arena *mem, const json_t *list)
{
	struct buf out = BUF_INIT(DETAILS_MAX);
	const char *msg, *words;
	const json_t *e, *part;
	size_t i, j;

	json_array_foreach(list, i, e) {
		const json_t *loc = json_object_get(e, "loc");

		if (i == 4)
			break; /* more say no more */
		json_array_foreach(loc, j, part)
			if (out.len >= WORDS_MAX || add_place(&out, part) == -1)
				break; /* full */
		msg = json_is_string(e)
		    ? text_cut(mem, json_string_value(e), WORDS_MAX)
		    : str_of(mem, e, "msg");
		(void)!buf_printf(&out, " %s; ", msg);
	}
	words = text_cut(mem, arena_strdup(mem, buf_str(&out)), WORDS_MAX);
	buf_fini(&out);
	return words;
}

/* Words that quote the question, in a message that is a program's print of an
 * object (vLLM: modelscope/ms-agent#489), are cut off with what follows. */
static const char *
without_input(struct arena *mem, const char *message)
{
	static const char *const MEMBERS[] = { "'input':", "\"input\":",
		"input_value=", "failed_generation" };
	const char *at;
	size_t i, len = strlen(message);

	for (i = 0; i < NELEM(MEMBERS); i++) {
		at = strstr(message, MEMBERS[i]);
		if (at != NULL && (size_t)(at - message) < len)
			len = (size_t)(at - message);
	}
	return message[len] == '\0'
	    ? message
	    : arena_printf(mem, "%.*s", (int)len, message);
}

static void read_any(struct llm_refusal *out, const json_t *doc,
    struct arena *mem, int depth);

/* The JSON that begins at ${at}, whatever follows it: more events of a stream,
 * or a gateway's own words. */
static const json_t *
json_at(struct arena *mem, const char *at)
{
	const char *line = strchr(at, '\n'), *brace = strrchr(at, '}');
	const json_t *doc = json_read_lenient(mem, at, strlen(at));

	if (doc == NULL && line != NULL)
		doc = json_read_lenient(mem, at, (size_t)(line - at));
	if (doc == NULL && brace != NULL)
		doc = json_read_lenient(mem, at, (size_t)(brace - at) + 1);
	return doc;
}

/* A gateway's message is often its upstream's whole JSON (OpenRouter's
 * metadata.raw, LiteLLM, one-api): what that says is what counts. */
static void
read_nested(struct llm_refusal *out, const char *text, struct arena *mem,
    int depth)
{
	const char *at = strchr(text, '{');
	struct llm_refusal inner = { .status = out->status,
		.code = "",
		.type = "",
		.param = "",
		.message = "" };

	if (at == NULL || depth >= NESTED_MAX)
		return;
	read_any(&inner, json_at(mem, at), mem, depth + 1);
	if (inner.message[0] == '\0')
		return;
	out->message = inner.message;
	if (inner.code[0] != '\0')
		out->code = inner.code;
	if (inner.type[0] != '\0')
		out->type = inner.type;
	if (inner.param[0] != '\0')
		out->param = inner.param;
}

/*
 * One object of an error.  Who names its members how: OpenAI {message, type,
 * param, code}; xAI {code, error: text} and Cloudflare's errors: [{message}]
 * (cline/cline#2764); Mistral {message: {detail: [...]}}; FastAPI {detail};
 * Gemini {code, message, status, details}; AWS {Message, __type}.
 */
static void
read_object(struct llm_refusal *out, const json_t *e, struct arena *mem,
    int depth)
{
	static const char *const MESSAGES[] = { "message", "error", "detail",
		"msg", "error_message", "errorMessage", "error_msg", "errmsg",
		"Message", "status_msg", "title" };
	static const char *const CODES[] = { "code", "error_code", "errorCode",
		"errcode", "Code", "status_code" };
	static const char *const TYPES[] = { "type", "status", "__type",
		"error_type", "object" };
	static const char *const NESTED[] = { "message", "detail", "errors",
		"error", "base_resp" };
	const json_t *details = json_object_get(e, "details"), *inner;
	const char *code = str_of(mem, details, "error_code"), *raw;
	size_t i;

	out->code = code[0] != '\0' ? code
				    : first_of(mem, e, CODES, NELEM(CODES));
	out->type = first_of(mem, e, TYPES, NELEM(TYPES));
	out->param = str_of(mem, e, "param");
	out->message = first_of(mem, e, MESSAGES, NELEM(MESSAGES));
	for (i = 0; i < NELEM(NESTED) && out->message[0] == '\0'; i++) {
		inner = json_object_get(e, NESTED[i]);
		if (json_is_array(inner)
		    && json_object_get(json_array_get(inner, 0), "msg") != NULL)
			out->message = details_of(mem, inner);
		else if (json_is_object(inner) || json_is_array(inner))
			read_any(out, inner, mem, depth + 1);
	}
	raw = str_of(mem, json_object_get(e, "metadata"), "raw");
	read_nested(out, raw[0] != '\0' ? raw : out->message, mem, depth);
	if (raw[0] != '\0' && strchr(raw, '{') == NULL)
		out->message = raw;
}

static void
read_any(struct llm_refusal *out, const json_t *doc, struct arena *mem,
    int depth)
{
	const json_t *e = doc;

	if (depth > NESTED_MAX)
		return;
	/* Gemini's OpenAI endpoint: n4ze3m/page-assist#406. */
	if (json_is_array(e))
		e = json_array_get(e, 0);
	if (json_is_object(json_object_get(e, "error"))
	    || json_is_array(json_object_get(e, "error")))
		e = json_object_get(e, "error");
	if (json_is_array(e))
		e = json_array_get(e, 0);
	if (json_is_string(e))
		out->message = text_cut(mem, json_string_value(e), WORDS_MAX);
	else if (json_is_object(e))
		read_object(out, e, mem, depth);
}

/* A page of a proxy: its title says most. */
static const char *
page_title(struct arena *mem, const char *body)
{
	const char *from = strcasestr(body, "<title>"), *to;

	if (from == NULL)
		return "an HTML page";
	from += strlen("<title>");
	to = strcasestr(from, "</title>");
	return arena_printf(mem, "an HTML page: %.*s",
	    to == NULL || to - from > 120 ? 120 : (int)(to - from), from);
}

static void
clean(struct llm_refusal *out, struct arena *mem)
{
	if (out->message[0] != '\0')
		out->message = without_input(mem, out->message);
	/* {"object": "error"} is no kind. */
	if (strcmp(out->type, "error") == 0)
		out->type = "";
}

void
llm_refusal_read(struct llm_refusal *out, int status, const char *body,
    size_t len, struct arena *mem)
{
	const json_t *doc = json_read_lenient(mem, body, len);
	const char *text;

	*out = (struct llm_refusal){ .status = status,
		.code = "",
		.type = "",
		.param = "",
		.message = "",
		.doc = doc };
	if (json_is_object(doc) || json_is_array(doc)) {
		read_any(out, doc, mem, 0);
	} else {
		text = text_strip(mem, text_clean(mem, body, len));
		/* A refusal written as a stream of one event. */
		if (strncmp(text, "data:", 5) == 0
		    || strncmp(text, "event:", 6) == 0)
			read_nested(out, text, mem, 0);
		else if (text[0] == '<')
			out->message = page_title(mem, text);
		else
			out->message = text_cut(mem, text, WORDS_MAX);
	}
	clean(out, mem);
}

void
llm_refusal_fill(struct llm_refusal *out, const json_t *e, struct arena *mem)
{
	out->code = out->type = out->param = out->message = "";
	out->doc = e;
	read_any(out, e, mem, 0);
	clean(out, mem);
}

bool
llm_text_says(const char *text, const char *const *words, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcasestr(text, words[i]) != NULL)
			return true;
	return false;
}
