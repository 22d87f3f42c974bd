/*
 * anthropic_read: Messages, as they are answered: whole, or block by block.
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "llm/llm_priv.h"

static void
read_usage(struct llm_reading *r, const json_t *usage)
{
	if (!json_is_object(usage))
		return;
	/* Cumulative: the last one counts.  Cached input is input too. */
	if (json_object_get(usage, "input_tokens") != NULL)
		r->usage.in = llm_usage_int(usage, "input_tokens")
		    + llm_usage_int(usage, "cache_read_input_tokens")
		    + llm_usage_int(usage, "cache_creation_input_tokens");
	if (json_object_get(usage, "output_tokens") != NULL)
		r->usage.out = llm_usage_int(usage, "output_tokens");
	r->counted = r->usage.in + r->usage.out > 0; /* else nobody counted */
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
begin_call(struct llm_reading *r, const json_t *block, size_t *call)
{
	struct llm_partial_call *p = llm_reading_call(r, r->ncalls);
	const json_t *input = json_object_get(block, "input");

	if (p == NULL)
		return; /* more than anyone may ask for at once */
	*call = (size_t)(p - r->calls) + 1;
	p->id = arena_strdup(r->mem, json_member_str(block, "id"));
	p->name = arena_strdup(r->mem, json_member_str(block, "name"));
	/* Mostly empty here, and follows in pieces. */
	if (json_object_size(input) > 0)
		(void)!json_add(&p->arguments, input);
}

static int
block_start(struct llm_reading *r, const json_t *doc)
{
	int64_t index = json_member_int(doc, "index", -1);
	const json_t *block = json_object_get(doc, "content_block");
	const char *type = json_member_str(block, "type");
	const char *text = json_member_str(block, "text");
	struct llm_block *b;

	if (type == NULL || index < 0 || index >= LLM_BLOCKS_MAX
	    || r->blocks[index].doc != NULL)
		return 0;
	b = &r->blocks[index];
	b->doc = json_keep(r->mem, json_deep_copy(block));
	if (b->doc == NULL)
		return 0;
	buf_init(&b->pieces, LLM_TEXT_MAX);
	b->from = b->until = r->text.len;
	if (strcmp(type, "tool_use") == 0)
		begin_call(r, block, &b->call);
	if (strcmp(type, "text") == 0 && text != NULL) {
		if (llm_reading_text(r, text, strlen(text)) == -1)
			return -1;
		b->until = r->text.len;
	}
	return 0;
}

/* A piece of what is only kept, not read: thinking, a server's own tools. */
static void
keep_piece(struct llm_block *b, const char *member, const char *piece)
{
	if (b->member == NULL)
		b->member = member;
	if (!b->pieces.full)
		(void)!buf_add_str(&b->pieces, piece);
}

static int
block_delta(struct llm_reading *r, const json_t *doc)
{
	int64_t index = json_member_int(doc, "index", -1);
	const json_t *delta = json_object_get(doc, "delta");
	const char *type = json_member_str(delta, "type");
	const char *text = json_member_str(delta, "text");
	const char *json = json_member_str(delta, "partial_json");
	const char *thought = json_member_str(delta, "thinking");
	const char *signature = json_member_str(delta, "signature");
	struct llm_block *b;

	if (type == NULL || index < 0 || index >= LLM_BLOCKS_MAX
	    || r->blocks[index].doc == NULL)
		return 0;
	b = &r->blocks[index];
	if (strcmp(type, "text_delta") == 0 && text != NULL) {
		if (llm_reading_text(r, text, strlen(text)) == -1)
			return -1;
		b->until = r->text.len;
	} else if (strcmp(type, "input_json_delta") == 0 && json != NULL) {
		if (b->call == 0)
			keep_piece(b, "input", json);
		else if (!r->calls[b->call - 1].arguments.full)
			(void)!buf_add_str(&r->calls[b->call - 1].arguments,
			    json);
	} else if (thought != NULL) {
		keep_piece(b, "thinking", thought);
	} else if (signature != NULL) {
		json_object_set_new(b->doc, "signature",
		    json_string(signature));
	}
	return 0;
}

/* A block as it would have come in one piece. */
static json_t *
whole_block(struct llm_reading *r, struct llm_block *b)
{
	const char *type = json_member_str(b->doc, "type");
	const struct buf *input = b->call == 0
	    ? &b->pieces
	    : &r->calls[b->call - 1].arguments;
	json_t *doc;

	if (strcmp(type, "text") == 0) {
		json_object_set_new(b->doc, "text",
		    json_stringn(buf_str(&r->text) + b->from,
			b->until - b->from));
	} else if (b->call != 0
	    || (b->member != NULL && strcmp(b->member, "input") == 0)) {
		doc = json_read(r->mem, buf_str(input), input->len, NULL,
		    NULL);
		json_object_set_new(b->doc, "input",
		    json_is_object(doc) ? json_incref(doc) : json_object());
	} else if (b->member != NULL) {
		json_object_set_new(b->doc, b->member,
		    json_stringn(buf_str(&b->pieces), b->pieces.len));
	}
	return b->doc;
}

/* True if the answer must go back as it came, and not as words and calls. */
static bool
is_to_keep(const json_t *block)
{
	const char *type = json_member_str(block, "type");

	return type != NULL && strcmp(type, "text") != 0
	    && strcmp(type, "tool_use") != 0;
}

static void
keep_content(struct llm_reading *r)
{
	json_t *content;
	bool needed = r->paused;
	size_t i;

	for (i = 0; i < LLM_BLOCKS_MAX; i++)
		needed |= r->blocks[i].doc != NULL
		    && is_to_keep(r->blocks[i].doc);
	if (!needed)
		return;
	content = json_keep(r->mem, json_array());
	for (i = 0; i < LLM_BLOCKS_MAX; i++)
		if (r->blocks[i].doc != NULL)
			json_array_append(content, whole_block(r,
						       &r->blocks[i]));
	r->extra = json_text(r->mem, content);
	if (r->extra != NULL && strlen(r->extra) > LLM_EXTRA_MAX)
		(void)llm_reading_fail(r, "its blocks passed their limit");
}

int
anthropic_feed(struct llm_reading *r, const char *type, const char *data, size_t len)
{
	const json_t *doc;
	const char *kind;

	if (r->done)
		return 0;
	arena_reset(r->event);
	doc = json_read_lenient(r->event, data, len);
	if (!json_is_object(doc))
		return llm_reading_fail(r, "an event is not JSON");
	kind = json_member_str(doc, "type");
	if (kind == NULL)
		kind = type;
	if (strcmp(kind, "message_start") == 0) {
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
		keep_content(r);
		r->ended = r->done = true;
	} else if (strcmp(kind, "error") == 0) {
		return llm_refusal_in(r, json_object_get(doc, "error"));
	}
	return 0; /* ping, and what we do not know */
}

int
anthropic_whole(struct llm_reading *r, const char *bytes, size_t len)
{
	const json_t *doc = json_read_lenient(r->mem, bytes, len);
	const json_t *content = json_object_get(doc, "content");
	bool keep = false;
	size_t i, call;

	if (json_is_object(json_object_get(doc, "error")))
		return llm_refusal_in(r, json_object_get(doc, "error"));
	if (!json_is_array(content))
		return -1;
	for (i = 0; i < json_array_size(content); i++) {
		const json_t *b = json_array_get(content, i);
		const char *type = json_member_str(b, "type");
		const char *text = json_member_str(b, "text");

		keep |= is_to_keep(b);
		if (type == NULL)
			continue;
		if (strcmp(type, "text") == 0 && text != NULL) {
			if (llm_reading_text(r, text, strlen(text)) == -1)
				return -1;
		} else if (strcmp(type, "tool_use") == 0) {
			begin_call(r, b, &call);
		}
	}
	read_usage(r, json_object_get(doc, "usage"));
	read_stop(r, json_member_str(doc, "stop_reason"));
	if (keep || r->paused)
		r->extra = json_text(r->mem, content);
	r->ended = true;
	return 0;
}
