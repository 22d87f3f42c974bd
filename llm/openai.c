/*
 * openai: Chat Completions; also groq, ollama, vLLM, OpenRouter and whoever
 * else speaks it.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "llm/llm_priv.h"
#include "llm/quirks.h"

static size_t
headers(const struct llm_backend *b, struct arena *mem, const char **out,
    size_t max)
{
	size_t n = 0;

	if (b->key != NULL && secret_is_set(b->key) && max > 0)
		out[n++] = arena_secret(mem,
		    arena_printf(mem, "Authorization: Bearer %s",
			b->key->bytes));
	return n;
}

/* A result without a word would be refused by some (vercel/ai#15378,
 * can1357/oh-my-pi#2250). */
static const char *
words_of(const struct llm_message *m)
{
	if (!llm_is_blank(m->text) || m->role != LLM_TOOL)
		return m->text;
	return m->is_error ? "(it failed without a word)" : "(no output)";
}

static int
add_content(const struct llm_message *m, struct buf *out)
{
	size_t i;

	/* null is what the API gives for calls without words; "" is refused
	 * by Bedrock behind it (vercel/ai#13505). */
	if (m->role == LLM_ASSISTANT && m->ncalls > 0 && m->text[0] == '\0')
		return buf_add_str(out, "null");
	if (m->nimages == 0)
		return llm_add_str(out, words_of(m));
	if (buf_add_str(out, "[{\"type\":\"text\",\"text\":") == -1
	    || llm_add_str(out, words_of(m)) == -1
	    || buf_add_char(out, '}') == -1)
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

/* ${kept}: of each call, what goes back with it. */
static int
add_calls(const struct llm_message *m, const json_t *kept, struct arena *mem,
    struct buf *out)
{
	size_t i;

	if (buf_add_str(out, ",\"tool_calls\":[") == -1)
		return -1;
	for (i = 0; i < m->ncalls; i++) {
		const struct tool_call *c = &m->calls[i];
		const json_t *more = json_array_get(kept, i);

		if (buf_add_str(out, i == 0 ? "{\"id\":" : ",{\"id\":") == -1
		    || llm_add_str(out, c->id) == -1
		    || buf_add_str(out,
			   ",\"type\":\"function\",\"function\":{\"name\":")
			== -1
		    || llm_add_name(out, c->name) == -1
		    || buf_add_str(out, ",\"arguments\":") == -1
		    || llm_add_str(out,
			   llm_arguments_to_send(mem, c->arguments))
			== -1
		    || llm_kept_add(out, json_object_get(more, "function"), "")
			== -1
		    || buf_add_char(out, '}') == -1
		    || llm_kept_add(out, more, "function") == -1
		    || buf_add_char(out, '}') == -1)
			return -1;
	}
	return buf_add_char(out, ']');
}

static int
add_message(const struct llm_backend *b, const struct llm_message *m,
    struct arena *mem, struct buf *out)
{
	/* Whole: a history is many of them. */
	static const char *const HEADS[] = {
		[LLM_SYSTEM] = "{\"role\":\"system\",\"content\":",
		[LLM_USER] = "{\"role\":\"user\",\"content\":",
		[LLM_ASSISTANT] = "{\"role\":\"assistant\",\"content\":",
		[LLM_TOOL] = "{\"role\":\"tool\",\"content\":",
	};

	const json_t *kept = llm_kept_of(b, m, JSON_OBJECT, mem);
	const json_t *message = json_object_get(kept, "message");
	const json_t *content = json_object_get(message, "content");

	if (buf_add_str(out, HEADS[m->role]) == -1
	    || (content != NULL ? json_add(out, content) : add_content(m, out))
		== -1
	    || llm_kept_add(out, message, "content") == -1)
		return -1;
	if (m->role == LLM_TOOL
	    && (buf_add_str(out, ",\"tool_call_id\":") == -1
		|| llm_add_str(out, m->call_id) == -1))
		return -1;
	if (m->ncalls > 0
	    && add_calls(m, json_object_get(kept, "calls"), mem, out) == -1)
		return -1;
	if (m->ncalls > 0 && llm_lacks(b->quirks, LLM_CAN_MISSING_THOUGHTS)
	    && json_object_get(message, LLM_THOUGHTS_MEMBER) == NULL
	    && buf_add_str(out, ",\"" LLM_THOUGHTS_MEMBER "\":\"\"") == -1)
		return -1;
	return buf_add_char(out, '}');
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
	if (llm_lacks(b->quirks, LLM_CAN_TOOL_CHOICE))
		return buf_add_char(out, ']');
	return buf_printf(out, "],\"tool_choice\":\"%s\"",
	    q->no_calls ? "none" : "auto");
}

static int
add_values(const struct llm_backend *b, const struct llm_question *q,
    struct buf *out)
{
	int64_t limit = llm_max_tokens(b, q);
	const char *name = llm_max_tokens_name(b);

	if (limit > 0 && name[0] != '\0'
	    && buf_printf(out, ",\"%s\":%lld", name, (long long)limit) == -1)
		return -1;
	if (q->ntools > 0 && llm_lacks(b->quirks, LLM_CAN_TOOLS_WITH_EFFORT)
	    && buf_add_str(out, ",\"reasoning_effort\":\"none\"") == -1)
		return -1;
	if (llm_sends_temperature(b)
	    && buf_printf(out, ",\"temperature\":%.3g", llm_temperature(b))
		== -1)
		return -1;
	return 0;
}

static int
write_request(const struct llm_backend *b, const struct llm_question *q,
    struct arena *mem, struct buf *out)
{
	size_t i;

	if (buf_add_str(out, "{\"model\":") == -1
	    || llm_add_str(out, b->model) == -1
	    || buf_add_str(out, ",\"messages\":[") == -1)
		return -1;
	for (i = 0; i < q->nmessages; i++)
		if ((i > 0 && buf_add_char(out, ',') == -1)
		    || add_message(b, &q->messages[i], mem, out) == -1)
			return -1;
	if (buf_add_char(out, ']') == -1 || add_tools(b, q, out) == -1
	    || add_values(b, q, out) == -1)
		return -1;
	if (llm_lacks(b->quirks, LLM_CAN_STREAM))
		return buf_add_str(out, ",\"stream\":false}");
	if (llm_lacks(b->quirks, LLM_CAN_STREAM_OPTIONS))
		return buf_add_str(out, ",\"stream\":true}");
	return buf_add_str(out,
	    ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
}

const struct llm_provider LLM_OPENAI = {
	.name = "openai",
	.base_url = "https://api.openai.com/v1",
	.path = "/chat/completions",
	.models = "/models",
	.headers = headers,
	.write = write_request,
	.feed = openai_feed,
	.whole = openai_whole,
};
