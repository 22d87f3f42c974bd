/*
 * anthropic_read: Messages, as they are answered: whole, or block by block.
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/json_repair.h"
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

static int
read_stop(struct llm_reading *r, const char *why)
{
	/* message_stop may never come (tombii/better-ccflare#307) */
	return why == NULL ? 0 : llm_stop_read(r, why);
}

static void
begin_call(struct llm_reading *r, const json_t *block, struct llm_block *b)
{
	const json_t *input = json_object_get(block, "input");
	struct llm_partial_call *p = llm_call_begin(r, -1,
	    json_member_str(block, "id"), json_member_str(block, "name"));
	const char *text;

	if (p == NULL)
		return; /* more than anyone may ask for at once */
	b->call = (size_t)(p - r->calls) + 1;
	/* Mostly empty here, and follows in pieces. */
	if (json_object_size(input) == 0)
		return;
	text = json_text(r->event, input);
	if (text != NULL)
		llm_call_add(r, p, text, strlen(text));
}

static int
add_words(struct llm_reading *r, struct llm_block *b, const char *text)
{
	if (llm_reading_text(r, text, strlen(text)) == -1)
		return -1;
	if (b != NULL)
		b->until = r->text.len;
	return 0;
}

static bool
is_of_type(const json_t *block, const char *type)
{
	const char *is = json_member_str(block, "type");

	return is != NULL && strcmp(is, type) == 0;
}

/* A block begins; ${out} (may be NULL) is it, NULL if there are too many. */
static int
begin_block(struct llm_reading *r, int64_t index, const json_t *block,
    struct llm_block **out)
{
	const char *text = json_member_str(block, "text");
	struct llm_block *b = NULL;
	char *kept = json_text(r->event, block);

	if (json_member_str(block, "type") == NULL)
		return 0;
	r->content++;
	llm_reading_settle(r);
	if (r->nblocks < LLM_BLOCKS_MAX && kept != NULL) {
		b = r->blocks[r->nblocks++] = arena_alloc(r->mem, sizeof(*b));
		*b = (struct llm_block){ .index = index,
			.doc = json_deep_copy(block) };
		buf_init(&b->pieces, LLM_TEXT_MAX);
		b->from = b->until = r->text.len;
		if (!llm_kept_room(r, llm_kept_size(block)))
			return -1;
	}
	if (out != NULL)
		*out = b;
	if (is_of_type(block, "tool_use") && b != NULL)
		begin_call(r, block, b);
	if (is_of_type(block, "text") && text != NULL)
		return add_words(r, b, text);
	return 0;
}

/* The block begun last at ${index} (of all, where none is said). */
static struct llm_block *
block_at(struct llm_reading *r, int64_t index)
{
	size_t i;

	for (i = r->nblocks; i > 0; i--)
		if (index < 0 || r->blocks[i - 1]->index == index)
			return r->blocks[i - 1];
	return NULL;
}

/* Members of deltas, and of the block that they become.  What begins none
 * alone is left out where its block never began. */
static const struct {
	const char *member, *of_block, *begins;
} DELTAS[] = {
	{ "text", "text", "text" },
	{ "partial_json", "input", NULL },
	{ "thinking", "thinking", "thinking" },
	{ "signature", "signature", "thinking" },
	{ "content", "content", NULL }, /* compaction */
	{ "data", "data", NULL },
};

/* A delta for a block that never began, or is over: what it would be of. */
static struct llm_block *
infer_block(struct llm_reading *r, int64_t index, size_t kind)
{
	struct llm_block *b = NULL;
	json_t *doc;

	if (DELTAS[kind].begins == NULL)
		return NULL;
	doc = json_pack("{s:s, s:s}", "type", DELTAS[kind].begins,
	    DELTAS[kind].of_block, "");
	(void)!begin_block(r, index, doc, &b);
	json_decref(doc);
	return b;
}

static int
add_delta(struct llm_reading *r, struct llm_block *b, size_t kind,
    const json_t *value)
{
	const char *s = json_string_value(value);
	size_t len = json_string_length(value);

	if (strcmp(DELTAS[kind].member, "text") == 0)
		return add_words(r, b, s);
	if (b == NULL)
		return 0;
	if (strcmp(DELTAS[kind].member, "signature") == 0) {
		r->content++;
		return llm_kept_put(r, b->doc, "signature", value) ? 0 : -1;
	}
	if (b->call != 0) {
		llm_call_add(r, &r->calls[b->call - 1], s, len);
		return 0;
	}
	return llm_block_keep(r, b, DELTAS[kind].of_block, s, len) ? 0 : -1;
}

static int
block_delta(struct llm_reading *r, const json_t *doc)
{
	int64_t index = json_member_int(doc, "index", -1);
	const json_t *delta = json_object_get(doc, "delta");
	json_t *citation = json_object_get(delta, "citation");
	struct llm_block *b = block_at(r, index);
	size_t i;
	int rc = 0;

	for (i = 0; i < NELEM(DELTAS) && rc == 0; i++) {
		const json_t *value = json_object_get(delta, DELTAS[i].member);

		if (!json_is_string(value))
			continue;
		if (b == NULL || (i == 0 && !is_of_type(b->doc, "text")))
			b = infer_block(r, index, i);
		rc = add_delta(r, b, i, value);
	}
	if (b != NULL && citation != NULL
	    && llm_kept_room(r, llm_kept_size(citation))) {
		if (!json_is_array(json_object_get(b->doc, "citations")))
			json_object_set_new(b->doc, "citations", json_array());
		json_array_append_new(json_object_get(b->doc, "citations"),
		    json_deep_copy(citation));
	}
	return r->failed ? -1 : rc;
}

/*
 * A second one: what came before it is void (a fallback model began anew).
 * Some bring their first blocks, or all.
 */
static int
message_start(struct llm_reading *r, const json_t *message)
{
	const json_t *content = json_object_get(message, "content");
	size_t i;
	int rc = 0;

	if (r->content > 0)
		llm_reading_void(r);
	r->thoughts.messages = true;
	read_usage(r, json_object_get(message, "usage"));
	if (json_is_string(content))
		rc = add_words(r, NULL, json_string_value(content));
	for (i = 0; rc == 0 && i < json_array_size(content); i++)
		rc = begin_block(r, (int64_t)i, json_array_get(content, i),
		    NULL);
	return rc != 0 ? rc
		       : read_stop(r, json_member_str(message, "stop_reason"));
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

	if (r->halves && b->call == 0)
		(void)json_join_halves(&b->pieces, b->pieces.len, true);
	if (strcmp(type, "text") == 0) {
		/* Calls that stood in the text are no part of it any more. */
		if (b->until > r->text.len)
			b->until = r->text.len;
		if (b->from > b->until)
			b->from = b->until;
		json_object_set_new(b->doc, "text",
		    json_stringn(buf_str(&r->text) + b->from,
			b->until - b->from));
	} else if (b->call != 0
	    || (b->member != NULL && strcmp(b->member, "input") == 0)) {
		doc = json_read(r->mem, buf_str(input), input->len, NULL, NULL);
		json_object_set_new(b->doc, "input",
		    json_is_object(doc) ? json_incref(doc) : json_object());
	} else if (b->member != NULL) {
		json_object_set_new(b->doc, b->member,
		    json_stringn(buf_str(&b->pieces), b->pieces.len));
	}
	if (b->call != 0 && r->calls[b->call - 1].name != NULL)
		json_object_set_new(b->doc, "name",
		    json_string(r->calls[b->call - 1].name));
	if (is_of_type(b->doc, "tool_use")) /* the id that its result has */
		json_object_set_new(b->doc, "id",
		    json_string(b->call == 0 || r->calls[b->call - 1].id == NULL
			    ? ""
			    : r->calls[b->call - 1].id));
	return b->doc;
}

/* True if the answer must go back as it came, and not as words and calls; a
 * call too, if there is more to it (its caller). */
static bool
is_to_keep(const json_t *block)
{
	const char *type = json_member_str(block, "type");

	if (is_of_type(block, "tool_use"))
		return json_object_size(block) > 4;

	return type != NULL && strcmp(type, "text") != 0;
}

/* A call that stood in the text, as a block. */
static json_t *
text_call_block(struct llm_reading *r, const struct tool_call *c)
{
	json_t *input = json_read(r->mem, c->arguments, strlen(c->arguments),
	    NULL, NULL);

	return json_pack("{s:s, s:s, s:s, s:o}", "type", "tool_use", "id",
	    c->id, "name", c->name, "input",
	    json_is_object(input) ? json_incref(input) : json_object());
}

static void
keep_content(struct llm_reading *r)
{
	json_t *content;
	bool needed = r->paused || r->thoughts.seen;
	size_t i;

	for (i = 0; i < r->nblocks; i++)
		needed |= is_to_keep(r->blocks[i]->doc);
	if (!needed)
		return;
	content = json_keep(r->mem, json_array());
	for (i = 0; i < r->nblocks; i++)
		json_array_append(content, whole_block(r, r->blocks[i]));
	for (i = 0; i < r->ntext_calls; i++)
		json_array_append_new(content,
		    text_call_block(r, &r->text_calls[i]));
	r->extra = json_text(r->mem, content);
}

static int
read_event(struct llm_reading *r, const char *kind, const json_t *doc)
{
	const json_t *e = json_object_get(doc, "error");

	if (strcmp(kind, "error") == 0 || llm_says_error(e))
		return llm_refusal_in(r, json_is_object(e) ? e : doc);
	e = llm_refusal_of(doc);
	if (e != NULL)
		return llm_refusal_in(r, e);
	if (strcmp(kind, "message_start") == 0)
		return message_start(r, json_object_get(doc, "message"));
	if (strcmp(kind, "content_block_start") == 0)
		return begin_block(r, json_member_int(doc, "index", -1),
		    json_object_get(doc, "content_block"), NULL);
	if (strcmp(kind, "content_block_delta") == 0)
		return block_delta(r, doc);
	if (strcmp(kind, "message_delta") == 0) {
		read_usage(r, json_object_get(doc, "usage"));
		return read_stop(r,
		    json_member_str(json_object_get(doc, "delta"),
			"stop_reason"));
	}
	if (strcmp(kind, "message_stop") == 0)
		r->ended = r->done = true;
	return 0; /* ping, and what we do not know */
}

int
anthropic_whole(struct llm_reading *r, const char *bytes, size_t len)
{
	const json_t *doc, *e, *content;
	int rc;

	r->keep = keep_content;
	r->thoughts.messages = true;
	r->ending = true;
	doc = llm_event_read(r, bytes, len, &rc);
	e = json_object_get(doc, "error");
	if (llm_says_error(e))
		return llm_refusal_in(r, e);
	e = llm_refusal_of(doc);
	if (e != NULL)
		return llm_refusal_in(r, e);
	content = json_object_get(doc, "content");
	if (!json_is_array(content) && !json_is_string(content))
		return -1;
	rc = message_start(r, doc);
	if (rc == 0)
		r->ended = true;
	return rc;
}

int
anthropic_feed(struct llm_reading *r, const char *type, const char *data,
    size_t len)
{
	const json_t *doc;
	const char *kind;
	int rc;

	r->keep = keep_content;
	r->thoughts.messages = true;
	if (r->done)
		return 0;
	if (strncmp(data, "[DONE]", 6) == 0) { /* of relays */
		r->done = r->ended;
		return 0;
	}
	doc = llm_event_read(r, data, len, &rc);
	if (doc == NULL)
		return rc;
	kind = json_member_str(doc, "type");
	if (kind != NULL && strcmp(kind, "message") == 0)
		return anthropic_whole(r, data, len);
	return read_event(r, kind == NULL ? type : kind, doc);
}
