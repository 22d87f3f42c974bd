/*
 * kept: what a model said beside its words and calls, and wants to see again
 * with their results: thoughts, signatures (deepseek, Kimi:
 * anomalyco/opencode#24083; Gemini: langroid/langroid#985).
 *
 * A member goes back under the name it came in, within the turn only.
 */
#include <string.h>

#include "base/json.h"
#include "base/json_repair.h"
#include "llm/llm_priv.h"
#include "llm/quirks.h"

enum how {
	KEEP_JOINED,  /* pieces of a text */
	KEEP_LAST,    /* a value: the last one, objects merged */
	KEEP_DETAILS, /* a list of pieces, each with its index */
};

/* THE table of members for thoughts: kept, sent back, left out for backends
 * that take none back, and known in the words of their refusals. */
static const struct {
	const char *name;
	enum how how;
} MEMBERS[] = {
	{ LLM_THOUGHTS_MEMBER, KEEP_JOINED },  /* DeepSeek, Kimi, Qwen, vLLM */
	{ "reasoning", KEEP_JOINED },          /* OpenRouter, Groq, Ollama */
	{ "reasoning_text", KEEP_JOINED },     /* GitHub Copilot */
	{ "reasoning_opaque", KEEP_LAST },     /* the same, signed */
	{ "reasoning_details", KEEP_DETAILS }, /* OpenRouter, MiniMax */
	{ "thinking", KEEP_JOINED },
	{ "thinking_blocks", KEEP_DETAILS }, /* LiteLLM before Anthropic */
	{ "thought_signature", KEEP_LAST },
	{ "provider_specific_fields", KEEP_LAST }, /* LiteLLM */
	{ "extra_content", KEEP_LAST },            /* Gemini */
};

/* Of a call. */
static const char *const CALL_MEMBERS[] = { "extra_content",
	"thought_signature", "thoughtSignature", "signature",
	"provider_specific_fields" };

_Static_assert(NELEM(MEMBERS) <= LLM_KEPT_MAX, "a place for each member");

bool
llm_kept_room(struct llm_reading *r, size_t len)
{
	r->kept_bytes += len;
	if (r->kept_bytes <= LLM_EXTRA_MAX)
		return true;
	(void)llm_reading_fail(r, "its blocks passed their limit");
	return false;
}

/* Of memory, "{}" takes a hundred times what it is written in. */
#define VALUE_COST 64

static size_t
values_in(const json_t *value)
{
	const char *key;
	json_t *member;
	size_t n = 1, i;

	json_array_foreach(value, i, member)
		n += values_in(member);
	json_object_foreach((json_t *)(uintptr_t)value, key, member)
		n += values_in(member);
	return n;
}

size_t
llm_kept_size(const json_t *value)
{
	return json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY)
	    + VALUE_COST * values_in(value);
}

bool
llm_kept_put(struct llm_reading *r, json_t *object, const char *key,
    const json_t *value)
{
	const json_t *old = json_object_get(object, key);

	if (old != NULL) /* counted when it came */
		r->kept_bytes -= llm_kept_size(old) + strlen(key);
	if (!llm_kept_room(r, llm_kept_size(value) + strlen(key)))
		return false;
	json_object_set_new(object, key, json_deep_copy(value));
	return true;
}

void
llm_block_fini(struct llm_block *b)
{
	llm_detail_fini(b);
	buf_fini(&b->pieces);
	json_decref(b->doc);
	*b = (struct llm_block){ 0 };
}

bool
llm_block_keep(struct llm_reading *r, struct llm_block *b, const char *member,
    const char *piece, size_t len)
{
	size_t from = b->pieces.len;

	if (b->member == NULL)
		b->member = member;
	if (!llm_kept_room(r, len) || b->pieces.full
	    || buf_add(&b->pieces, piece, len) == -1)
		return !r->failed;
	r->content++;
	if (r->halves)
		(void)json_join_halves(&b->pieces, from, false);
	return true;
}

static void
keep_text(struct llm_reading *r, struct llm_kept *k, const json_t *value,
    bool repeats)
{
	size_t len = json_string_length(value), from;
	const char *s = json_string_value(value);

	if (!k->used)
		buf_init(&k->text, LLM_TEXT_MAX);
	k->used = true;
	from = k->text.len;
	if (len == 0
	    || (repeats && len == from && memcmp(s, k->text.data, len) == 0)
	    || !llm_kept_room(r, len))
		return;
	r->content++;
	if (!k->text.full && buf_add(&k->text, s, len) == 0 && r->halves)
		(void)json_join_halves(&k->text, from, false);
}

static void
keep_value(struct llm_reading *r, struct llm_kept *k, const json_t *value)
{
	const char *key;
	json_t *member;

	k->used = true;
	r->content++;
	if (!json_is_object(k->value) || !json_is_object(value)) {
		if (k->value != NULL) /* counted when it came */
			r->kept_bytes -= llm_kept_size(k->value);
		json_decref(k->value);
		k->value = NULL;
		if (llm_kept_room(r, llm_kept_size(value)))
			k->value = json_deep_copy(value);
		return;
	}
	json_object_foreach((json_t *)(uintptr_t)value, key, member)
		if (!llm_kept_put(r, k->value, key, member))
			return;
}

/* The row of ${name}; NELEM(MEMBERS): it is not kept. */
static size_t
row_of(const char *name)
{
	size_t i;

	for (i = 0; i < NELEM(MEMBERS); i++)
		if (MEMBERS[i].name[0] == name[0]
		    && strcmp(MEMBERS[i].name, name) == 0)
			break;
	return i;
}

void
llm_kept_message(struct llm_reading *r, const json_t *message, bool repeats)
{
	const char *key;
	json_t *value;
	size_t i, j;

	/* Deltas have few members: less work than to ask for each row. */
	json_object_foreach((json_t *)(uintptr_t)message, key, value) {
		i = row_of(key);
		if (i == NELEM(MEMBERS) || json_is_null(value))
			continue;
		if (MEMBERS[i].how == KEEP_DETAILS) {
			if (!repeats || !llm_details_any(r, i))
				for (j = 0; j < json_array_size(value); j++)
					llm_detail_add(r, i,
					    json_array_get(value, j), j);
		} else if (json_is_string(value)
		    && MEMBERS[i].how == KEEP_JOINED) {
			keep_text(r, &r->kept[i], value, repeats);
		} else {
			keep_value(r, &r->kept[i], value);
		}
	}
}

static void
keep_in_call(struct llm_reading *r, struct llm_partial_call *p,
    const json_t *object, bool in_function)
{
	const char *key;
	json_t *value, *into;
	size_t i;

	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		i = json_name_at(key, CALL_MEMBERS, NELEM(CALL_MEMBERS));
		if (i == NELEM(CALL_MEMBERS) || json_is_null(value))
			continue;
		if (p->extra == NULL)
			p->extra = json_object();
		into = p->extra;
		if (in_function) {
			into = json_object_get(p->extra, "function");
			if (into == NULL) {
				into = json_object();
				json_object_set_new(p->extra, "function", into);
			}
		}
		if (!llm_kept_put(r, into, CALL_MEMBERS[i], value))
			return;
	}
}

void
llm_kept_call(struct llm_reading *r, struct llm_partial_call *p,
    const json_t *call)
{
	keep_in_call(r, p, call, false);
	keep_in_call(r, p, json_object_get(call, "function"), true);
}

/* The part of content that goes on, or a new one; NULL: too many. */
static struct llm_block *
part_of(struct llm_reading *r, const char *type, const json_t *part)
{
	struct llm_block *b = r->nblocks == 0 ? NULL
					      : r->blocks[r->nblocks - 1];

	if (b != NULL && b->member != NULL
	    && strcmp(json_member_str(b->doc, "type"), type) == 0)
		return b;
	if (r->nblocks == NELEM(r->blocks)
	    || !llm_kept_room(r, part == NULL ? 0 : llm_kept_size(part)))
		return NULL;
	b = r->blocks[r->nblocks++] = arena_alloc(r->mem, sizeof(*b));
	b->doc = part == NULL ? json_pack("{s:s}", "type", type)
			      : json_deep_copy(part);
	buf_init(&b->pieces, LLM_TEXT_MAX);
	return b;
}

/* Only a list is kept so; words before it are its first part. */
void
llm_kept_words(struct llm_reading *r, const char *s, size_t len)
{
	struct llm_block *b;

	if (r->nblocks == 0 || len == 0)
		return;
	b = part_of(r, "text", NULL);
	if (b != NULL)
		(void)llm_block_keep(r, b, "text", s, len);
}

/* Mistral: {"type":"thinking","thinking":[{"type":"text","text":...}]}. */
void
llm_kept_part(struct llm_reading *r, const json_t *part)
{
	const char *type = json_member_str(part, "type"), *text;
	const json_t *list = json_object_get(part, "thinking");
	struct llm_block *b;
	size_t i;

	if (type == NULL)
		return;
	if (r->nblocks == 0 && r->text.len > 0) {
		b = part_of(r, "text", NULL);
		if (b != NULL)
			(void)llm_block_keep(r, b, "text", buf_str(&r->text),
			    r->text.len);
	}
	r->content++;
	if (strcmp(type, "text") == 0 && r->nblocks == 0)
		(void)part_of(r, type, part);
	if (strcmp(type, "text") == 0)
		return; /* its words come by llm_kept_words */
	b = part_of(r, type, part);
	for (i = 0; b != NULL && i < json_array_size(list); i++) {
		text = json_member_str(json_array_get(list, i), "text");
		if (text != NULL)
			(void)llm_block_keep(r, b, "thinking", text,
			    strlen(text));
	}
}

const char *
llm_block_settled(const struct llm_reading *r, struct llm_block *b)
{
	if (r->halves)
		(void)json_join_halves(&b->pieces, b->pieces.len, true);
	return buf_str(&b->pieces);
}

static json_t *
parts(struct llm_reading *r)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < r->nblocks; i++) {
		struct llm_block *b = r->blocks[i];
		const char *s = llm_block_settled(r, b);
		size_t len = b->pieces.len;

		if (b->member != NULL)
			json_object_set_new(b->doc, b->member,
			    strcmp(b->member, "text") == 0
				? json_stringn(s, len)
				: json_pack("[{s:s, s:s%}]", "type", "text",
				    "text", s, len));
		json_array_append(list, b->doc);
	}
	return list;
}

/* The content as it came, where its words alone are less. */
static json_t *
content(struct llm_reading *r)
{
	size_t i;

	for (i = 0; i < r->nblocks; i++)
		if (strcmp(json_member_str(r->blocks[i]->doc, "type"), "text")
		    != 0)
			return parts(r);
	return r->thoughts.seen ? json_stringn(buf_str(&r->text), r->text.len)
				: NULL;
}

static bool
has_call_extras(const struct llm_reading *r)
{
	size_t i;

	for (i = 0; i < json_array_size(r->call_extras); i++)
		if (!json_is_null(json_array_get(r->call_extras, i)))
			return true;
	return false;
}

static bool
is_any_used(const struct llm_reading *r)
{
	size_t i;

	for (i = 0; i < NELEM(MEMBERS); i++)
		if (r->kept[i].used)
			return true;
	return r->ndetails > 0;
}

void
llm_kept_build(struct llm_reading *r)
{
	json_t *whole = content(r), *message, *doc;
	size_t i;

	r->extra = NULL;
	if (whole == NULL && !is_any_used(r) && !has_call_extras(r))
		return; /* most answers keep nothing */
	message = json_object();
	doc = json_object();
	json_keep(r->mem, doc);
	if (whole != NULL)
		json_object_set_new(message, "content", whole);
	for (i = 0; i < NELEM(MEMBERS); i++) {
		struct llm_kept *k = &r->kept[i];

		if (llm_details_any(r, i))
			json_object_set_new(message, MEMBERS[i].name,
			    llm_details_build(r, i));
		else if (k->value != NULL)
			json_object_set(message, MEMBERS[i].name, k->value);
		else if (k->used) {
			(void)json_join_halves(&k->text, k->text.len, true);
			json_object_set_new(message, MEMBERS[i].name,
			    json_stringn(buf_str(&k->text), k->text.len));
		}
	}
	if (json_object_size(message) > 0)
		json_object_set_new(doc, "message", message);
	else
		json_decref(message);
	if (has_call_extras(r))
		json_object_set(doc, "calls", r->call_extras);
	r->extra = json_object_size(doc) > 0 ? json_text(r->mem, doc) : NULL;
}

void
llm_kept_fini(struct llm_reading *r)
{
	size_t i;

	for (i = 0; i < NELEM(r->kept); i++) {
		buf_fini(&r->kept[i].text);
		json_decref(r->kept[i].value);
		r->kept[i] = (struct llm_kept){ 0 };
	}
	for (i = 0; i < r->ndetails; i++)
		llm_block_fini(r->details[i]);
	for (i = 0; i < r->nblocks; i++)
		llm_block_fini(r->blocks[i]);
	for (i = 0; i < r->ncalls; i++) {
		buf_fini(&r->calls[i].arguments);
		json_decref(r->calls[i].extra);
		r->calls[i].extra = NULL;
	}
	r->ndetails = r->nblocks = r->ncalls = r->kept_bytes = 0;
}

/* What is left for a backend that takes no thoughts back: the calls, with
 * what belongs to them. */
static void
drop_thoughts(json_t *doc)
{
	json_t *message = json_object_get(doc, "message");
	const char *type;
	size_t i;

	for (i = 0; i < NELEM(MEMBERS); i++)
		json_object_del(message, MEMBERS[i].name);
	if (!json_is_string(json_object_get(message, "content")))
		json_object_del(message, "content"); /* parts: thoughts, too */
	for (i = json_array_size(doc); i-- > 0;) {
		type = json_member_str(json_array_get(doc, i), "type");
		if (type != NULL && strstr(type, "thinking") != NULL)
			json_array_remove(doc, i);
	}
}

const char *
llm_kept_member(size_t i)
{
	return i < NELEM(MEMBERS) ? MEMBERS[i].name : NULL;
}

const json_t *
llm_kept_of(const struct llm_backend *b, const struct llm_message *m,
    json_type type, struct arena *mem)
{
	json_t *doc;

	if (m->extra == NULL)
		return NULL;
	doc = json_keep(mem,
	    json_deep_copy(
		json_read(mem, m->extra, strlen(m->extra), NULL, NULL)));
	if (doc != NULL && llm_lacks(b->quirks, LLM_CAN_THOUGHTS))
		drop_thoughts(doc);
	return doc != NULL && json_typeof(doc) == type ? doc : NULL;
}

int
llm_kept_add(struct buf *out, const json_t *object, const char *but)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		if (strcmp(key, but) == 0)
			continue;
		if (buf_add_char(out, ',') == -1
		    || json_add_str(out, key, strlen(key)) == -1
		    || buf_add_char(out, ':') == -1
		    || json_add(out, value) == -1)
			return -1;
	}
	return 0;
}
