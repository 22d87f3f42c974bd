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

	return b->host == HOST_OPENAI && b->base_url[0] == '\0'
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
add_str(struct buf *out, const char *s)
{
	return json_add_str(out, s, strlen(s));
}

static int
add_content(const struct llm_message *m, struct buf *out)
{
	size_t i;

	if (m->nimages == 0)
		return add_str(out, m->text);
	if (buf_add_str(out, "[{\"type\":\"text\",\"text\":") == -1
	    || add_str(out, m->text) == -1 || buf_add_char(out, '}') == -1)
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
		    || add_str(out, c->id) == -1
		    || buf_add_str(out,
			   ",\"type\":\"function\",\"function\":{\"name\":")
			== -1
		    || add_str(out, c->name) == -1
		    || buf_add_str(out, ",\"arguments\":") == -1
		    || add_str(out, c->arguments) == -1
		    || buf_add_str(out, "}}") == -1)
			return -1;
	}
	return buf_add_char(out, ']');
}

static int
add_message(const struct llm_message *m, struct buf *out)
{
	static const char *const ROLES[] = { "system", "user", "assistant",
		"tool" };

	if (buf_printf(out, "{\"role\":\"%s\",\"content\":", ROLES[m->role])
		== -1
	    || add_content(m, out) == -1)
		return -1;
	if (m->role == LLM_TOOL
	    && (buf_add_str(out, ",\"tool_call_id\":") == -1
		|| add_str(out, m->call_id) == -1))
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
		    || add_str(out, t->name) == -1
		    || buf_add_str(out, ",\"description\":") == -1
		    || add_str(out, t->description) == -1
		    || buf_add_str(out, ",\"parameters\":") == -1
		    || json_add(out, t->schema) == -1
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
	    || add_str(out, b->model) == -1
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
	if (!json_is_object(usage))
		return;
	r->usage.in = json_member_int(usage, "prompt_tokens", 0);
	r->usage.out = json_member_int(usage, "completion_tokens", 0);
	r->counted = true;
}

static int
read_call(struct llm_reading *r, const json_t *call, size_t index)
{
	const json_t *function = json_object_get(call, "function");
	const json_t *arguments = json_object_get(function, "arguments");
	const char *id = json_member_str(call, "id");
	const char *name = json_member_str(function, "name");
	struct llm_partial_call *p = llm_reading_call(r, index);

	if (p == NULL)
		return 0; /* more than anyone may ask for at once */
	if (p->id == NULL && id != NULL && id[0] != '\0')
		p->id = arena_strdup(r->mem, id);
	if (p->name == NULL && name != NULL && name[0] != '\0')
		p->name = arena_strdup(r->mem, name); /* some repeat it */
	if (json_is_string(arguments))
		return buf_add(&p->arguments, json_string_value(arguments),
		    json_string_length(arguments));
	if (json_is_object(arguments))
		return json_add(&p->arguments, arguments);
	return 0;
}

static void
read_finish(struct llm_reading *r, const char *why)
{
	if (why == NULL)
		return;
	r->started = true;
	if (strcmp(why, "length") == 0)
		r->cut = true;
	else if (strcmp(why, "content_filter") == 0)
		r->refused = true;
}

/* A message or a delta of one: they have the same members. */
static int
read_message(struct llm_reading *r, const json_t *m)
{
	const json_t *content = json_object_get(m, "content");
	const json_t *calls = json_object_get(m, "tool_calls");
	const char *refusal = json_member_str(m, "refusal");
	size_t i;

	if (json_is_string(content)
	    && llm_reading_text(r, json_string_value(content),
		   json_string_length(content))
		== -1)
		return -1;
	if (refusal != NULL)
		(void)!buf_add_str(&r->refusal, refusal);
	for (i = 0; i < json_array_size(calls); i++) {
		const json_t *c = json_array_get(calls, i);
		int64_t index = json_member_int(c, "index", (int64_t)i);

		if (index >= 0 && read_call(r, c, (size_t)index) == -1)
			return -1;
	}
	return 0;
}

static int
read_error(struct llm_reading *r, const json_t *error)
{
	const char *text = json_is_string(error)
	    ? json_string_value(error)
	    : json_member_str(error, "message");
	const json_t *code = json_object_get(error, "code");

	r->failed = true;
	r->error_status = json_is_integer(code)
	    ? (int)json_integer_value(code)
	    : 500;
	snprintf(r->error, sizeof(r->error), "%s",
	    text == NULL ? "error event" : text);
	return -1;
}

static int
feed(struct llm_reading *r, const char *type, const char *data, size_t len)
{
	struct arena *mem = r->mem;
	const json_t *doc, *choice, *error;

	(void)type;
	if (strcmp(data, "[DONE]") == 0) {
		r->ended = true;
		return 0;
	}
	doc = json_read(mem, data, len, NULL, NULL);
	if (!json_is_object(doc)) {
		r->failed = true;
		r->error_status = 0;
		snprintf(r->error, sizeof(r->error), "an event is not JSON");
		return -1;
	}
	error = json_object_get(doc, "error");
	if (error != NULL && !json_is_null(error))
		return read_error(r, error);
	read_usage(r, json_object_get(doc, "usage"));
	choice = json_array_get(json_object_get(doc, "choices"), 0);
	if (choice == NULL)
		return 0; /* usage alone, or of a kind we do not know */
	r->started = true;
	if (read_message(r, json_object_get(choice, "delta")) == -1)
		return -1;
	if (json_member_str(choice, "finish_reason") != NULL) {
		read_finish(r, json_member_str(choice, "finish_reason"));
		r->ended = true; /* some never say [DONE] */
	}
	return 0;
}

static int
whole(struct llm_reading *r, const char *bytes, size_t len)
{
	const json_t *doc = json_read(r->mem, bytes, len, NULL, NULL);
	const json_t *choice, *error = json_object_get(doc, "error");

	if (error != NULL && !json_is_null(error))
		return read_error(r, error);
	choice = json_array_get(json_object_get(doc, "choices"), 0);
	if (!json_is_object(json_object_get(choice, "message")))
		return -1;
	read_usage(r, json_object_get(doc, "usage"));
	r->started = r->ended = true;
	read_finish(r, json_member_str(choice, "finish_reason"));
	return read_message(r, json_object_get(choice, "message"));
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

static enum llm_rc
error(int status, const char *body, size_t len, struct arena *mem,
    struct llm_failure *f)
{
	static const char *const QUOTA[] = { "insufficient_quota",
		"credit_balance_exhausted", "organization_usage_limit_exceeded",
		"project_spend_limit_exceeded",
		"organization_spend_limit_exceeded",
		"billing_hard_limit_reached", "billing_not_active" };
	const json_t *doc = json_read(mem, body, len, NULL, NULL);
	const json_t *e = json_object_get(doc, "error");
	const char *message = json_is_string(e) ? json_string_value(e)
						: json_member_str(e, "message");
	const char *code = json_member_str(e, "code");
	const char *type = json_member_str(e, "type");

	/* A code or type, not the message: it may quote what people wrote. */
	snprintf(f->why, sizeof(f->why), "status %d %s", status,
	    code != NULL ? code : type != NULL ? type : "");
	if (is_one_of(code, QUOTA, NELEM(QUOTA))
	    || is_one_of(type, QUOTA, NELEM(QUOTA))) {
		f->counts = true;
		return LLM_QUOTA;
	}
	if (status == 400 || status == 413 || status == 422) {
		if ((code != NULL
			&& strcmp(code, "context_length_exceeded") == 0)
		    || (message != NULL && llm_says_too_long(message)))
			return LLM_CONTEXT;
		/* Groq: the model wrote a call that is none; once more. */
		if (code != NULL && strcmp(code, "tool_use_failed") == 0)
			return LLM_RETRY;
	}
	return LLM_RC_N; /* the status decides */
}

const struct llm_provider LLM_OPENAI = {
	.name = "openai",
	.base_url = "https://api.openai.com/v1",
	.path = "/chat/completions",
	.headers = headers,
	.write = write_request,
	.feed = feed,
	.whole = whole,
	.error = error,
};
