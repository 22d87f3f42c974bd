/*
 * anthropic: Messages, as they are asked.
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "llm/llm_priv.h"
#include "llm/quirks.h"

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
		out[n++] = arena_secret(mem,
		    arena_printf(mem, "x-api-key: %s", b->key->bytes));
	return n;
}

static int
add_id(struct buf *out, const char *id)
{
	char folded[TOOL_NAME_MAX];

	llm_fold_id(id, folded);
	return llm_add_str(out, folded);
}

static int
add_text_block(const char *text, struct buf *out)
{
	return buf_add_str(out, "{\"type\":\"text\",\"text\":") == -1
		|| llm_add_str(out, text) == -1 || buf_add_char(out, '}') == -1
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
	return add_text_block(llm_is_blank(m->text) ? "(empty)" : m->text, out);
}

static int
add_call(const struct tool_call *c, struct arena *mem, struct buf *out)
{
	const json_t *input = json_read(mem, c->arguments, strlen(c->arguments),
	    NULL, NULL);

	/* The API takes objects only; what the model wrote wrongly was
	 * answered by an error result. */
	return buf_add_str(out, "{\"type\":\"tool_use\",\"id\":") == -1
		|| add_id(out, c->id) == -1
		|| buf_add_str(out, ",\"name\":") == -1
		|| llm_add_name(out, c->name) == -1
		|| buf_add_str(out, ",\"input\":") == -1
		|| (json_is_object(input) ? json_add(out, input)
					  : buf_add_str(out, "{}"))
		    == -1
		|| buf_add_char(out, '}') == -1
	    ? -1
	    : 0;
}

/* True if the kept block ${b} may be sent: each call needs a result, each
 * text a word. */
static bool
is_sendable(const json_t *b, const struct llm_message *m)
{
	const char *type = json_member_str(b, "type");
	const char *id = json_member_str(b, "id");
	const char *text = json_member_str(b, "text");
	size_t i;

	/* A block with nothing but a type of its own holds nothing. */
	if (type == NULL || json_object_size(b) < 2)
		return false;
	if (strcmp(type, "text") == 0)
		return text != NULL && !llm_is_blank(text);
	if (strcmp(type, "tool_use") != 0)
		return true;
	for (i = 0; id != NULL && i < m->ncalls; i++)
		if (strcmp(m->calls[i].id, id) == 0)
			return true;
	return false;
}

/* The kept block ${b}; the id of a call is written as that of its result. */
static const json_t *
to_send(json_t *b, struct arena *mem)
{
	const char *type = json_member_str(b, "type");
	const char *id = json_member_str(b, "id");
	char folded[TOOL_NAME_MAX];

	if (strcmp(type, "tool_use") != 0)
		return b;
	llm_fold_id(id, folded);
	b = json_keep(mem, json_copy(b));
	json_object_set_new(b, "id", json_string(folded));
	return b;
}

/* The answer as it came: signed blocks stay where they stood. */
static int
add_kept(const struct llm_message *m, const json_t *blocks, struct arena *mem,
    struct buf *out)
{
	bool first = true;
	size_t i;

	for (i = 0; i < json_array_size(blocks); i++) {
		json_t *b = json_array_get(blocks, i);

		if (!is_sendable(b, m))
			continue;
		if ((!first && buf_add_char(out, ',') == -1)
		    || json_add(out, to_send(b, mem)) == -1)
			return -1;
		first = false;
	}
	return first ? add_text_block("(empty)", out) : 0;
}

static int
add_assistant(const struct llm_backend *b, const struct llm_message *m,
    struct arena *mem, struct buf *out)
{
	const json_t *kept = llm_kept_of(b, m, JSON_ARRAY, mem);
	const char *comma = "";
	size_t i;

	if (kept != NULL)
		return add_kept(m, kept, mem, out);
	if (!llm_is_blank(m->text)) {
		if (add_text_block(m->text, out) == -1)
			return -1;
		comma = ",";
	}
	for (i = 0; i < m->ncalls; i++) {
		if (buf_add_str(out, comma) == -1
		    || add_call(&m->calls[i], mem, out) == -1)
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
		|| add_id(out, m->call_id) == -1
		|| buf_add_str(out, ",\"content\":") == -1
		|| llm_add_str(out,
		       !llm_is_blank(m->text) ? m->text
			   : m->is_error      ? "(it failed without a word)"
					      : "(no output)")
		    == -1
		|| buf_add_str(out, m->is_error ? ",\"is_error\":true}" : "}")
		    == -1
	    ? -1
	    : 0;
}

/* Roles alternate: neighbours of one role become one message, in which the
 * results of tools stand before any text. */
static int
add_messages(const struct llm_backend *b, const struct llm_question *q,
    struct arena *mem, struct buf *out)
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
		/* The first word is the person's; cutting may have taken it. */
		if (first && assistant) {
			if (buf_add_str(out,
				"{\"role\":\"user\",\"content\":"
				"\"(continued)\"}")
			    == -1)
				return -1;
			first = false;
		}
		if ((!first && buf_add_char(out, ',') == -1)
		    || buf_add_str(out,
			   assistant ? "{\"role\":\"assistant\",\"content\":["
				     : "{\"role\":\"user\",\"content\":[")
			== -1)
			return -1;
		first = false;
		for (; i < q->nmessages && q->messages[i].role != LLM_SYSTEM
		     && (q->messages[i].role == LLM_ASSISTANT) == assistant;
		     i++) {
			const struct llm_message *m = &q->messages[i];
			int rc;

			if (begun && buf_add_char(out, ',') == -1)
				return -1;
			begun = true;
			rc = assistant ? add_assistant(b, m, mem, out)
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
add_tools(const struct llm_backend *b, const struct llm_question *q,
    struct buf *out)
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
		    || llm_add_name(out, t->name) == -1
		    || buf_add_str(out, ",\"description\":") == -1
		    || llm_add_str(out, t->description) == -1
		    || buf_add_str(out, ",\"input_schema\":") == -1
		    || llm_add_schema(out, t) == -1
		    || buf_add_char(out, '}') == -1)
			return -1;
	}
	return buf_add_str(out,
	    q->no_calls && !llm_lacks(b->quirks, LLM_CAN_TOOL_CHOICE)
		? "],\"tool_choice\":{\"type\":\"none\"}"
		: "]");
}

/* Calls in the messages without their tools are refused by the API: the last
 * round has none to offer, so they are named but must not be used. */
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
			if (buf_add_str(out,
				first ? "{\"name\":" : ",{\"name\":")
				== -1
			    || llm_add_name(out, name) == -1
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
	int64_t limit = llm_max_tokens(b, q);
	size_t i;

	for (i = 0; i < q->nmessages && system == NULL; i++)
		if (q->messages[i].role == LLM_SYSTEM)
			system = q->messages[i].text;
	if (buf_add_str(out, "{\"model\":") == -1
	    || llm_add_str(out, b->model) == -1
	    || buf_printf(out, ",\"max_tokens\":%lld,\"stream\":%s",
		   (long long)(limit > 0 ? limit : MAX_TOKENS),
		   llm_lacks(b->quirks, LLM_CAN_STREAM) ? "false" : "true")
		== -1)
		return -1;
	/* No temperature: the API takes none any more. */
	if (system != NULL
	    && (buf_add_str(out, ",\"system\":") == -1
		|| llm_add_str(out, system) == -1))
		return -1;
	if ((q->ntools > 0             ? add_tools(b, q, out)
		    : llm_has_calls(q) ? add_used_tools(q, out)
				       : 0)
		== -1
	    || buf_add_str(out, ",\"messages\":[") == -1
	    || add_messages(b, q, mem, out) == -1)
		return -1;
	return buf_add_str(out, "]}");
}

const struct llm_provider LLM_ANTHROPIC = {
	.name = "anthropic",
	.base_url = "https://api.anthropic.com",
	.path = "/v1/messages",
	.models = "/v1/models",
	.headers = headers,
	.write = write_request,
	.feed = anthropic_feed,
	.whole = anthropic_whole,
};
