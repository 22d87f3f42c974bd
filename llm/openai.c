/*
 * openai: Chat Completions; also groq, ollama, vLLM, OpenRouter and whoever
 * else speaks it.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "llm/llm_priv.h"

static size_t
headers(const struct llm_backend *b, struct arena *mem, const char **out,
    size_t max)
{
	size_t n = 0;

	if (b->key != NULL && secret_is_set(b->key) && max > 0)
		out[n++] = arena_printf(mem, "Authorization: Bearer %s",
		    b->key->bytes);
	return n;
}

/* Models that think before they speak take other parameters. */
static bool
is_reasoning(const struct llm_backend *b)
{
	const char *m = b->model;

	return b->host == HOST_OPENAI
	    && ((m[0] == 'o' && m[1] >= '1' && m[1] <= '9')
		|| strncmp(m, "gpt-5", 5) == 0
		|| strncmp(m, "gpt-6", 5) == 0);
}

static const char *
max_tokens_name(const struct llm_backend *b)
{
	if (b->max_tokens_name != NULL && b->max_tokens_name[0] != '\0')
		return b->max_tokens_name;
	return is_reasoning(b) ? "max_completion_tokens" : "max_tokens";
}

static int
add_content(const struct llm_message *m, struct buf *out)
{
	size_t i;

	if (m->nimages == 0)
		return llm_add_str(out, m->text);
	if (buf_add_str(out, "[{\"type\":\"text\",\"text\":") == -1
	    || llm_add_str(out, m->text) == -1 || buf_add_char(out, '}') == -1)
		return -1;
	for (i = 0; i < m->nimages; i++)
		if (buf_printf(out,
			",{\"type\":\"image_url\",\"image_url\":{\"url\":"
			"\"data:%s;base64,%s\"}}",
			m->images[i].mime, m->images[i].base64)
		    == -1)
			return -1;
	return buf_add_char(out, ']');
}

static int
add_calls(const struct llm_message *m, struct buf *out)
{
	size_t i;

	if (buf_add_str(out, ",\"tool_calls\":[") == -1)
		return -1;
	for (i = 0; i < m->ncalls; i++) {
		const struct tool_call *c = &m->calls[i];

		if (buf_add_str(out, i == 0 ? "{\"id\":" : ",{\"id\":") == -1
		    || llm_add_str(out, c->id) == -1
		    || buf_add_str(out,
			   ",\"type\":\"function\",\"function\":{\"name\":")
			== -1
		    || llm_add_name(out, c->name) == -1
		    || buf_add_str(out, ",\"arguments\":") == -1
		    || llm_add_str(out, c->arguments) == -1
		    || buf_add_str(out, "}}") == -1)
			return -1;
	}
	return buf_add_char(out, ']');
}

static int
add_message(const struct llm_message *m, struct buf *out)
{
	/* Whole: a history is many of them. */
	static const char *const HEADS[] = {
		[LLM_SYSTEM] = "{\"role\":\"system\",\"content\":",
		[LLM_USER] = "{\"role\":\"user\",\"content\":",
		[LLM_ASSISTANT] = "{\"role\":\"assistant\",\"content\":",
		[LLM_TOOL] = "{\"role\":\"tool\",\"content\":",
	};

	if (buf_add_str(out, HEADS[m->role]) == -1
	    || add_content(m, out) == -1)
		return -1;
	if (m->role == LLM_TOOL
	    && (buf_add_str(out, ",\"tool_call_id\":") == -1
		|| llm_add_str(out, m->call_id) == -1))
		return -1;
	if (m->ncalls > 0 && add_calls(m, out) == -1)
		return -1;
	return buf_add_char(out, '}');
}

static int
add_tools(const struct llm_question *q, struct buf *out)
{
	size_t i;

	if (q->ntools == 0)
		return 0;
	if (buf_add_str(out, ",\"tools\":[") == -1)
		return -1;
	for (i = 0; i < q->ntools; i++) {
		const struct tool_spec *t = &q->tools[i];

		if (buf_add_str(out, i == 0 ? "" : ",") == -1
		    || buf_add_str(out,
			   "{\"type\":\"function\",\"function\":{\"name\":")
			== -1
		    || llm_add_str(out, t->name) == -1
		    || buf_add_str(out, ",\"description\":") == -1
		    || llm_add_str(out, t->description) == -1
		    || buf_add_str(out, ",\"parameters\":") == -1
		    || llm_add_schema(out, t) == -1
		    || buf_add_str(out, "}}") == -1)
			return -1;
	}
	return buf_add_str(out, "],\"tool_choice\":\"auto\"");
}

static int
write_request(const struct llm_backend *b, const struct llm_question *q,
    struct arena *mem, struct buf *out)
{
	size_t i;

	(void)mem;
	if (buf_add_str(out, "{\"model\":") == -1
	    || llm_add_str(out, b->model) == -1
	    || buf_add_str(out, ",\"messages\":[") == -1)
		return -1;
	for (i = 0; i < q->nmessages; i++)
		if ((i > 0 && buf_add_char(out, ',') == -1)
		    || add_message(&q->messages[i], out) == -1)
			return -1;
	if (buf_add_char(out, ']') == -1 || add_tools(q, out) == -1)
		return -1;
	if (b->max_tokens > 0
	    && buf_printf(out, ",\"%s\":%lld", max_tokens_name(b),
		   (long long)b->max_tokens)
		== -1)
		return -1;
	if (b->temperature >= 0 && !is_reasoning(b)
	    && buf_printf(out, ",\"temperature\":%.3g", b->temperature) == -1)
		return -1;
	return buf_add_str(out,
	    ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
}

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

static bool
is_one_of(const char *s, const char *const *list, size_t n)
{
	size_t i;

	for (i = 0; s != NULL && i < n; i++)
		if (strcmp(s, list[i]) == 0)
			return true;
	return false;
}

static bool
ends_in(const char *s, const char *end)
{
	size_t n = s == NULL ? 0 : strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

/* What the "error" member ${e} of an answer or event means. */
static enum llm_rc
classify(int status, const json_t *e, struct llm_failure *f)
{
	static const char *const QUOTA[] = { "insufficient_quota",
		"credit_balance_exhausted", "organization_usage_limit_exceeded",
		"billing_hard_limit_reached", "billing_not_active" };
	const char *message = json_is_string(e) ? json_string_value(e)
						: json_member_str(e, "message");
	const char *code = json_member_str(e, "code");
	const char *type = json_member_str(e, "type");

	/* A code or type, not the message: it may quote what people wrote. */
	snprintf(f->why, sizeof(f->why), "status %d%s%.80s", status,
	    code != NULL || type != NULL ? " " : "",
	    code != NULL ? code : type != NULL ? type : "");
	if (status == 402 || is_one_of(code, QUOTA, NELEM(QUOTA))
	    || is_one_of(type, QUOTA, NELEM(QUOTA))
	    || ends_in(code, "_spend_limit_exceeded")) {
		f->counts = true;
		return LLM_QUOTA;
	}
	/* Groq: the model wrote a call that is none; once more. */
	if (code != NULL && strcmp(code, "tool_use_failed") == 0) {
		f->once = true;
		return LLM_RETRY;
	}
	if (status == 413
	    || (code != NULL && strcmp(code, "context_length_exceeded") == 0)
	    || ((status == 400 || status == 422 || status >= 500)
		&& message != NULL && llm_says_too_long(message)))
		return LLM_CONTEXT;
	return LLM_RC_N; /* the status decides */
}

/* An error that comes with a 200 says what status it would have had, or only
 * its kind. */
static int
error_status(const json_t *e)
{
	static const struct {
		const char *word;
		int status;
	} KINDS[] = {
		{ "invalid_request_error", 400 },
		{ "tool_use_failed", 400 },
		{ "context_length_exceeded", 400 },
		{ "authentication_error", 401 },
		{ "rate_limit_exceeded", 429 },
		{ "rate_limit_error", 429 },
	};
	int64_t n = json_member_int(e, "code", 0);
	const char *words[] = { json_member_str(e, "code"),
		json_member_str(e, "type") };
	size_t i, j;

	if (n < 400 || n > 599)
		n = json_member_int(e, "status_code", 0);
	if (n >= 400 && n <= 599)
		return (int)n;
	for (i = 0; i < NELEM(words); i++)
		for (j = 0; words[i] != NULL && j < NELEM(KINDS); j++)
			if (strcmp(words[i], KINDS[j].word) == 0)
				return KINDS[j].status;
	return 500;
}

static int
read_error(struct llm_reading *r, const json_t *e)
{
	if (r->ended)
		return 0;
	r->failed = true;
	r->failure.status = error_status(e);
	r->error_rc = classify(r->failure.status, e, &r->failure);
	return -1;
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

static int
feed(struct llm_reading *r, const char *type, const char *data, size_t len)
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
		return read_error(r, e);
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

static int
whole(struct llm_reading *r, const char *bytes, size_t len)
{
	const json_t *doc = json_read_lenient(r->mem, bytes, len);
	const json_t *choice, *e = json_object_get(doc, "error");

	if (e != NULL && !json_is_null(e))
		return read_error(r, e);
	choice = json_array_get(json_object_get(doc, "choices"), 0);
	if (!json_is_object(json_object_get(choice, "message")))
		return -1;
	read_usage(r, json_object_get(doc, "usage"));
	r->ended = true;
	read_finish(r, json_member_str(choice, "finish_reason"));
	return read_message(r, json_object_get(choice, "message"));
}

static enum llm_rc
error(int status, const char *body, size_t len, struct arena *mem,
    struct llm_failure *f)
{
	const json_t *doc = json_read_lenient(mem, body, len);
	const json_t *e = json_object_get(doc, "error");

	/* vLLM and others: the members without "error". */
	return classify(status, e == NULL ? doc : e, f);
}

const struct llm_provider LLM_OPENAI = {
	.name = "openai",
	.base_url = "https://api.openai.com/v1",
	.path = "/chat/completions",
	.models = "/models",
	.headers = headers,
	.write = write_request,
	.feed = feed,
	.whole = whole,
	.error = error,
};
