/*
 * anthropic: Messages.
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "llm/llm_priv.h"

#define VERSION_HEADER "anthropic-version: 2023-06-01"
#define MAX_TOKENS 1024 /* required by the API; when nothing is set */

static size_t
headers(const struct llm_backend *b, struct arena *mem, const char **out,
    size_t max)
{
	size_t n = 0;

	if (max < 2)
		return 0;
	out[n++] = VERSION_HEADER;
	if (b->key != NULL && secret_is_set(b->key))
		out[n++] = arena_printf(mem, "x-api-key: %s", b->key->bytes);
	return n;
}

static int
add_str(struct buf *out, const char *s)
{
	return json_add_str(out, s, strlen(s));
}

static int
add_text_block(const char *text, struct buf *out)
{
	return buf_add_str(out, "{\"type\":\"text\",\"text\":") == -1
		|| add_str(out, text) == -1 || buf_add_char(out, '}') == -1
	    ? -1
	    : 0;
}

static int
add_user(const struct llm_message *m, struct buf *out)
{
	size_t i;

	for (i = 0; i < m->nimages; i++)
		if (buf_printf(out,
			"{\"type\":\"image\",\"source\":{\"type\":\"base64\","
			"\"media_type\":\"%s\",\"data\":\"%s\"}},",
			m->images[i].mime, m->images[i].base64)
		    == -1)
			return -1;
	return add_text_block(m->text[0] == '\0' ? "(empty)" : m->text, out);
}

/* The blocks that must come back unchanged stand first. */
static int
add_assistant(const struct llm_message *m, struct arena *mem, struct buf *out)
{
	const char *comma = "";
	size_t i, len;

	if (m->extra != NULL && (len = strlen(m->extra)) > 2) {
		if (buf_add(out, m->extra + 1, len - 2) == -1)
			return -1;
		comma = ",";
	}
	if (m->text[0] != '\0') {
		if (buf_add_str(out, comma) == -1
		    || add_text_block(m->text, out) == -1)
			return -1;
		comma = ",";
	}
	for (i = 0; i < m->ncalls; i++) {
		const struct tool_call *c = &m->calls[i];
		const json_t *input = json_read(mem, c->arguments,
		    strlen(c->arguments), NULL, NULL);

		/* The API takes objects only; what the model wrote wrongly was
		 * answered by an error result. */
		if (buf_add_str(out, comma) == -1
		    || buf_add_str(out, "{\"type\":\"tool_use\",\"id\":") == -1
		    || add_str(out, c->id) == -1
		    || buf_add_str(out, ",\"name\":") == -1
		    || add_str(out, c->name) == -1
		    || buf_add_str(out, ",\"input\":") == -1
		    || (json_is_object(input) ? json_add(out, input)
					      : buf_add_str(out, "{}"))
			== -1
		    || buf_add_char(out, '}') == -1)
			return -1;
		comma = ",";
	}
	return comma[0] == '\0' ? add_text_block("(empty)", out) : 0;
}

static int
add_result(const struct llm_message *m, struct buf *out)
{
	return buf_add_str(out, "{\"type\":\"tool_result\",\"tool_use_id\":")
		    == -1
		|| add_str(out, m->call_id) == -1
		|| buf_add_str(out, ",\"content\":") == -1
		|| add_str(out, m->text) == -1
		|| buf_add_str(out, m->is_error ? ",\"is_error\":true}" : "}")
		    == -1
	    ? -1
	    : 0;
}

/* Roles alternate: neighbours of one role become one message, in which the
 * results of tools stand before any text. */
static int
add_messages(const struct llm_question *q, struct arena *mem, struct buf *out)
{
	bool first = true;
	size_t i = 0;

	while (i < q->nmessages) {
		bool assistant, begun = false;

		if (q->messages[i].role == LLM_SYSTEM) {
			i++;
			continue;
		}
		assistant = q->messages[i].role == LLM_ASSISTANT;
		if (buf_printf(out, "%s{\"role\":\"%s\",\"content\":[",
			first ? "" : ",", assistant ? "assistant" : "user")
		    == -1)
			return -1;
		first = false;
		for (; i < q->nmessages
		     && q->messages[i].role != LLM_SYSTEM
		     && (q->messages[i].role == LLM_ASSISTANT) == assistant;
		     i++) {
			const struct llm_message *m = &q->messages[i];
			int rc;

			if (begun && buf_add_char(out, ',') == -1)
				return -1;
			begun = true;
			rc = assistant	       ? add_assistant(m, mem, out)
			    : m->role == LLM_TOOL ? add_result(m, out)
						  : add_user(m, out);
			if (rc == -1)
				return -1;
		}
		if (buf_add_str(out, "]}") == -1)
			return -1;
	}
	return 0;
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

		if (buf_add_str(out, i == 0 ? "{\"name\":" : ",{\"name\":")
			== -1
		    || add_str(out, t->name) == -1
		    || buf_add_str(out, ",\"description\":") == -1
		    || add_str(out, t->description) == -1
		    || buf_add_str(out, ",\"input_schema\":") == -1
		    || json_add(out, t->schema) == -1
		    || buf_add_char(out, '}') == -1)
			return -1;
	}
	return buf_add_char(out, ']');
}

/* Calls in the messages without their tools are refused by the API: the last
 * round has none to offer, so they are named but must not be used. */
static bool
has_calls(const struct llm_question *q)
{
	size_t i;

	for (i = 0; i < q->nmessages; i++)
		if (q->messages[i].ncalls > 0)
			return true;
	return false;
}

static int
add_used_tools(const struct llm_question *q, struct buf *out)
{
	size_t i, j, k, l;
	bool first = true;

	if (buf_add_str(out, ",\"tools\":[") == -1)
		return -1;
	for (i = 0; i < q->nmessages; i++)
		for (j = 0; j < q->messages[i].ncalls; j++) {
			const char *name = q->messages[i].calls[j].name;
			bool seen = false;

			for (k = 0; k <= i && !seen; k++)
				for (l = 0; l < q->messages[k].ncalls
				     && (k < i || l < j);
				     l++)
					if (strcmp(q->messages[k].calls[l].name,
						name)
					    == 0)
						seen = true;
			if (seen)
				continue;
			if (buf_add_str(out, first ? "{\"name\":"
						   : ",{\"name\":")
				== -1
			    || add_str(out, name) == -1
			    || buf_add_str(out,
				   ",\"input_schema\":{\"type\":\"object\"}}")
				== -1)
				return -1;
			first = false;
		}
	return buf_add_str(out, "],\"tool_choice\":{\"type\":\"none\"}");
}

static int
write_request(const struct llm_backend *b, const struct llm_question *q,
    struct arena *mem, struct buf *out)
{
	const char *system = NULL;
	size_t i;

	for (i = 0; i < q->nmessages && system == NULL; i++)
		if (q->messages[i].role == LLM_SYSTEM)
			system = q->messages[i].text;
	if (buf_add_str(out, "{\"model\":") == -1
	    || add_str(out, b->model) == -1
	    || buf_printf(out, ",\"max_tokens\":%lld,\"stream\":true",
		   (long long)(b->max_tokens > 0 ? b->max_tokens
						 : MAX_TOKENS))
		== -1)
		return -1;
	/* No temperature: the API takes none any more. */
	if (system != NULL
	    && (buf_add_str(out, ",\"system\":") == -1
		|| add_str(out, system) == -1))
		return -1;
	if ((q->ntools > 0 ? add_tools(q, out)
			   : has_calls(q) ? add_used_tools(q, out)
					  : 0)
		== -1
	    || buf_add_str(out, ",\"messages\":[") == -1
	    || add_messages(q, mem, out) == -1)
		return -1;
	return buf_add_str(out, "]}");
}

static void
read_usage(struct llm_reading *r, const json_t *usage)
{
	if (!json_is_object(usage))
		return;
	/* Cumulative: the last one counts.  Cached input is input too. */
	if (json_object_get(usage, "input_tokens") != NULL)
		r->usage.in = json_member_int(usage, "input_tokens", 0)
		    + json_member_int(usage, "cache_read_input_tokens", 0)
		    + json_member_int(usage, "cache_creation_input_tokens",
			0);
	if (json_object_get(usage, "output_tokens") != NULL)
		r->usage.out = json_member_int(usage, "output_tokens", 0);
	r->counted = true;
}

static void
read_stop(struct llm_reading *r, const char *why)
{
	if (why == NULL)
		return;
	if (strcmp(why, "max_tokens") == 0)
		r->cut = true;
	else if (strcmp(why, "refusal") == 0)
		r->refused = true;
	else if (strcmp(why, "pause_turn") == 0)
		r->paused = true;
	else if (strcmp(why, "model_context_window_exceeded") == 0)
		r->context = r->cut = true;
}

static void
keep_extra(struct llm_reading *r, json_t *block)
{
	if (r->extra == NULL)
		r->extra = json_keep(r->mem, json_array());
	if (block != NULL)
		json_array_append_new(r->extra, block);
}

static int
begin_call(struct llm_reading *r, const json_t *block, size_t index)
{
	struct llm_partial_call *p = llm_reading_call(r, r->ncalls);

	r->block_of[index] = -1;
	if (p == NULL)
		return 0;
	r->block_of[index] = (int)(p - r->calls) + 1;
	p->id = arena_strdup(r->mem, json_member_str(block, "id"));
	p->name = arena_strdup(r->mem, json_member_str(block, "name"));
	return 0;
}

static int
block_start(struct llm_reading *r, const json_t *doc)
{
	int64_t index = json_member_int(doc, "index", -1);
	const json_t *block = json_object_get(doc, "content_block");
	const char *type = json_member_str(block, "type");
	const char *text = json_member_str(block, "text");

	if (type == NULL || index < 0 || index >= LLM_BLOCKS_MAX)
		return 0;
	if (strcmp(type, "tool_use") == 0)
		return begin_call(r, block, (size_t)index);
	if (strcmp(type, "text") == 0 && text != NULL)
		return llm_reading_text(r, text, strlen(text));
	if (strcmp(type, "thinking") == 0
	    || strcmp(type, "redacted_thinking") == 0) {
		keep_extra(r, json_deep_copy(block));
		r->block_of[index] = -(int)json_array_size(r->extra) - 1;
		buf_init(&r->blocks[index], LLM_TEXT_MAX);
	}
	return 0;
}

static int
block_delta(struct llm_reading *r, const json_t *doc)
{
	int64_t index = json_member_int(doc, "index", -1);
	const json_t *delta = json_object_get(doc, "delta");
	const char *type = json_member_str(delta, "type");
	const char *s;
	int at;

	if (type == NULL || index < 0 || index >= LLM_BLOCKS_MAX)
		return 0;
	at = r->block_of[index];
	if (strcmp(type, "text_delta") == 0) {
		s = json_member_str(delta, "text");
		return s == NULL ? 0 : llm_reading_text(r, s, strlen(s));
	}
	if (strcmp(type, "input_json_delta") == 0 && at > 0) {
		s = json_member_str(delta, "partial_json");
		return s == NULL ? 0
				 : buf_add_str(&r->calls[at - 1].arguments, s);
	}
	if (at < -1) {
		json_t *block = json_array_get(r->extra, (size_t)(-at - 2));

		s = json_member_str(delta, "thinking");
		if (s != NULL && buf_add_str(&r->blocks[index], s) == 0)
			json_object_set_new(block, "thinking",
			    json_string(buf_str(&r->blocks[index])));
		s = json_member_str(delta, "signature");
		if (s != NULL)
			json_object_set_new(block, "signature",
			    json_string(s));
	}
	return 0;
}

static int
read_error(struct llm_reading *r, const json_t *error)
{
	static const struct {
		const char *type;
		int status;
	} TYPES[] = {
		{ "overloaded_error", 529 },
		{ "rate_limit_error", 429 },
		{ "api_error", 500 },
		{ "timeout_error", 504 },
		{ "invalid_request_error", 400 },
	};
	const char *type = json_member_str(error, "type");
	size_t i;

	r->failed = true;
	r->error_status = 500;
	for (i = 0; type != NULL && i < NELEM(TYPES); i++)
		if (strcmp(TYPES[i].type, type) == 0)
			r->error_status = TYPES[i].status;
	snprintf(r->error, sizeof(r->error), "%s",
	    type == NULL ? "error event" : type);
	return -1;
}

static int
feed(struct llm_reading *r, const char *type, const char *data, size_t len)
{
	const json_t *doc = json_read(r->mem, data, len, NULL, NULL);
	const char *kind = json_member_str(doc, "type");

	if (!json_is_object(doc)) {
		r->failed = true;
		snprintf(r->error, sizeof(r->error), "an event is not JSON");
		return -1;
	}
	if (kind == NULL)
		kind = type;
	if (strcmp(kind, "message_start") == 0) {
		r->started = true;
		read_usage(r, json_object_get(json_object_get(doc, "message"),
		    "usage"));
	} else if (strcmp(kind, "content_block_start") == 0) {
		return block_start(r, doc);
	} else if (strcmp(kind, "content_block_delta") == 0) {
		return block_delta(r, doc);
	} else if (strcmp(kind, "message_delta") == 0) {
		read_stop(r, json_member_str(json_object_get(doc, "delta"),
		    "stop_reason"));
		read_usage(r, json_object_get(doc, "usage"));
	} else if (strcmp(kind, "message_stop") == 0) {
		r->ended = true;
	} else if (strcmp(kind, "error") == 0) {
		return read_error(r, json_object_get(doc, "error"));
	}
	return 0; /* ping, and what we do not know */
}

static int
whole(struct llm_reading *r, const char *bytes, size_t len)
{
	const json_t *doc = json_read(r->mem, bytes, len, NULL, NULL);
	const json_t *content = json_object_get(doc, "content");
	size_t i;

	if (json_is_object(json_object_get(doc, "error")))
		return read_error(r, json_object_get(doc, "error"));
	if (!json_is_array(content))
		return -1;
	for (i = 0; i < json_array_size(content); i++) {
		const json_t *b = json_array_get(content, i);
		const char *type = json_member_str(b, "type");
		const char *text = json_member_str(b, "text");
		struct llm_partial_call *p;

		if (type == NULL)
			continue;
		if (strcmp(type, "text") == 0 && text != NULL) {
			if (llm_reading_text(r, text, strlen(text)) == -1)
				return -1;
		} else if (strcmp(type, "tool_use") == 0) {
			p = llm_reading_call(r, r->ncalls);
			if (p == NULL)
				continue;
			p->id = arena_strdup(r->mem,
			    json_member_str(b, "id"));
			p->name = arena_strdup(r->mem,
			    json_member_str(b, "name"));
			if (json_is_object(json_object_get(b, "input"))
			    && json_add(&p->arguments,
				   json_object_get(b, "input"))
				== -1)
				return -1;
		} else if (strcmp(type, "thinking") == 0
		    || strcmp(type, "redacted_thinking") == 0) {
			keep_extra(r, json_deep_copy(b));
		}
	}
	read_usage(r, json_object_get(doc, "usage"));
	read_stop(r, json_member_str(doc, "stop_reason"));
	r->started = r->ended = true;
	return 0;
}

static enum llm_rc
error(int status, const char *body, size_t len, struct arena *mem,
    struct llm_failure *f)
{
	const json_t *doc = json_read(mem, body, len, NULL, NULL);
	const json_t *e = json_object_get(doc, "error");
	const char *type = json_member_str(e, "type");
	const char *message = json_member_str(e, "message");
	const char *code = json_member_str(json_object_get(e, "details"),
	    "error_code");

	snprintf(f->why, sizeof(f->why), "status %d %s", status,
	    type == NULL ? "" : type);
	if ((type != NULL && strcmp(type, "billing_error") == 0)
	    || (code != NULL
		&& strcmp(code, "enforced_spend_limit_reached") == 0)
	    || status == 402) {
		f->counts = true;
		return LLM_QUOTA;
	}
	if (status == 413
	    || (status == 400 && message != NULL
		&& llm_says_too_long(message)))
		return LLM_CONTEXT;
	return LLM_RC_N;
}

const struct llm_provider LLM_ANTHROPIC = {
	.name = "anthropic",
	.base_url = "https://api.anthropic.com",
	.path = "/v1/messages",
	.headers = headers,
	.write = write_request,
	.feed = feed,
	.whole = whole,
	.error = error,
};
